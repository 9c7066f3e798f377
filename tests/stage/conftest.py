"""What the tests of orders share: an empty database, and an order as a mapping sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

import pytest
from orderkit import NOW, Row

from engine.extract.raw import Call, keep
from engine.stage.staging import stage
from engine.store.database import Store, in_memory
from engine.transport.http import Answer


@pytest.fixture
def store() -> Store:
    return in_memory()


@pytest.fixture
def seen(store: Store) -> Callable[..., Row]:
    """Stages an answer about order 9 and gives the order as a mapping sees it."""

    def see(body: Row, at: datetime = NOW, path: str = "/v2/orders/9", told: str = "") -> Row:
        answer = Answer(200, json.dumps(body), at)
        keep(store, [(Call(path), answer)], origin="test", key=b"key")
        assert "".join(one.message for one in stage(store).problems) == told
        return store.rows("SELECT * FROM qliro.order_view")[0]

    return see
