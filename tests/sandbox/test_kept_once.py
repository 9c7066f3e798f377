"""A served sandbox keeps what was posted to it, and never over what another has kept since."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.demo import serve as serving
from engine.sandbox.answer import answer
from engine.sandbox.world.exchange import Request
from engine.sandbox.world.world import World
from engine.show.output import Output


def serve(
    monkeypatch: pytest.MonkeyPatch, journal: Path, meanwhile: Callable[[], object]
) -> None:
    def run(world: World, port: int, ready: Any) -> None:
        world.access.required = False
        body = b'{"Customer": {"Name": "Anna"}}'
        assert answer(world, Request("POST", "/3/customers", "", {}, body))
        meanwhile()

    monkeypatch.setattr(serving, "run_forever", run)
    serving.serve(Output(), 0, 1, ["clean_sale"], None, 5.0, journal)


def test_what_was_posted_is_kept_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = tmp_path / "demo.jsonl"
    for writes in (1, 2):
        serve(monkeypatch, journal, lambda: None)
        assert len(journal.read_bytes().splitlines()) == writes


def test_a_demo_that_was_made_anew_meanwhile_keeps_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "demo.jsonl"
    journal.write_bytes(b"")

    def replaced() -> None:
        (tmp_path / "new").write_bytes(b"the new demo's\n")
        (tmp_path / "new").replace(journal)

    serve(monkeypatch, journal, replaced)
    assert journal.read_bytes() == b"the new demo's\n"
    assert "was replaced meanwhile: what was posted here is not kept." in capsys.readouterr().err


def test_a_folder_that_was_taken_away_meanwhile_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    serve(monkeypatch, folder / "demo.jsonl", lambda: shutil.rmtree(folder))
    assert not folder.exists()
    assert "was replaced meanwhile" in capsys.readouterr().err
