"""A run keeps its connections: one to each server for each request that may be under way."""

from __future__ import annotations

from pathlib import Path

import few_rows
import pytest
from faults.shop import merchant, new_world, payout_of, session

from engine import session as sessions
from engine.sandbox import server
from engine.store.database import Store


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Connections that the server has accepted."""
    accepted: list[str] = []
    handle = server._Connection.handle

    def counted(connection: server._Connection) -> None:
        accepted.append(str(connection.client_address))
        handle(connection)

    monkeypatch.setattr(server._Connection, "handle", counted)
    return accepted


def test_a_run_opens_one_connection_to_each_server_for_all_that_it_asks(
    tmp_path: Path, opened: list[str]
) -> None:
    world = new_world()
    payout_of(world, "clean_sale", "fee_with_vat", "two_captures_one_invoice")
    store: Store = few_rows.plainly(few_rows.in_memory())
    with server.serve(world) as running:
        shop = merchant(tmp_path, running.url, delivery={"parallel": 1, "settle_delay_seconds": 2})
        with session(shop, store, world, socket=True) as one:
            sessions.run(one)
    assert len(world.journal) > 20
    assert len(opened) == 2, "one to Qliro, one to Fortnox and where its tokens are"
