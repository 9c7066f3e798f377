"""The language server, started once for all tests of the editor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from language_server import MISSING, Server, is_installed, running

from engine.home import HOME


@pytest.fixture(scope="session")
def editor() -> Iterator[Server]:
    if not is_installed():
        pytest.skip(MISSING)
    with running(HOME) as server:
        yield server
