"""What the tests of the command line share: a shop, its sandbox on a real socket, commands to call.

``cli`` calls commands in this process under a stopped clock, so that outputs are exact; ``shopkit``
starts them as processes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import few_rows
import pytest
from shopkit import SECRETS, Cli, Ended, shop_world, write_shop

from engine.clock import StoppedClock
from engine.commands import activate, books, command, connect, opening, resolve
from engine.commands import main as command_line
from engine.sandbox.server import Running, serve
from engine.sandbox.world.world import DEFAULT_START, World
from engine.store import database as stores


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder to work in, the sandbox's secrets in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def world() -> World:
    return shop_world("fee_with_vat", "invoice_missing", "ambiguous_same_reference")


@pytest.fixture
def running(world: World) -> Iterator[Running]:
    with serve(world) as running:
        yield running


@pytest.fixture
def shop(running: Running, tmp_path: Path) -> Path:
    """The merchant file of a shop whose Qliro and Fortnox are the sandbox."""
    return write_shop(tmp_path, running.url)


@pytest.fixture
def cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], read_mappings_once: None
) -> Cli:
    """Call a command in this process, the clock stopped where the sandbox's world begins."""
    clock = StoppedClock(DEFAULT_START)
    few_rows.ready()
    monkeypatch.setattr(stores, "_configure", few_rows.in_one_thread_and_plainly)
    monkeypatch.setattr(stores, "connect_to_write", few_rows.connect)
    for module in (command_line, activate, books, command, connect, opening, resolve):
        monkeypatch.setattr(module, "SystemClock", lambda: clock)

    def call(*arguments: str) -> Ended:
        capsys.readouterr()
        code = command.ended(command_line.commands, arguments, "qliro-fortnox")
        told = capsys.readouterr()
        return Ended(code, told.out, told.err)

    return call
