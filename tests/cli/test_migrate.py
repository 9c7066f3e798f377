"""`migrate` shows what becomes of files of version 1, and writes it when told to."""

from __future__ import annotations

from pathlib import Path

import pytest
from shopkit import Cli, write_shop

OVERLAY = """\
# Kronor in Norway are booked on an account of their own.
version: 1
mapping: payment
let:
  wanted_date: "{{ line.BatchDate }}"  # the day of the batch
then: []
"""


@pytest.fixture
def over(tmp_path: Path) -> Path:
    shop = write_shop(tmp_path, "http://127.0.0.1:1", more="overlay: over\n")
    path = shop.parent / "over" / "payment.yaml"
    path.parent.mkdir()
    path.write_text(OVERLAY)
    return path


def test_an_overlay_of_version_1_is_refused_with_the_command_that_brings_it_over(
    cli: Cli, over: Path
) -> None:
    for command in (("lint", "shop"), ("run", "shop")):
        told = cli(*command)
        assert told.code == 2
        assert "merchants/over/payment.yaml:2:10: version:" in told.err
        assert "Bring it over: qliro-fortnox migrate merchants/over\n" in told.err


def test_one_that_does_not_say_what_it_changes_is_too(cli: Cli, over: Path) -> None:
    """In version 1 the name of its file said so."""
    over.write_text("let:\n  wanted_date: null\n")
    told = cli("lint", "shop").err
    assert "merchants/over/payment.yaml:1:1: version:" in told
    assert "Bring it over: qliro-fortnox migrate merchants/over\n" in told


def test_it_is_shown_then_written_and_then_there_is_nothing_to_do(cli: Cli, over: Path) -> None:
    told = cli("migrate", str(over.parent))
    assert told.code == 0
    assert "-version: 1\n+version: 2\n" in told.out
    assert "-then: []\n+then: {remove: [bookkeep]}\n" in told.out
    assert "Nothing is written; to write it: qliro-fortnox migrate" in told.out
    assert over.read_text() == OVERLAY
    over.chmod(0o640)
    assert "written in version 2." in cli("migrate", str(over.parent), "--write").out
    expected = OVERLAY.replace("version: 1", "version: 2")
    assert over.read_text() == expected.replace("then: []", "then: {remove: [bookkeep]}")
    assert over.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in over.parent.iterdir()] == ["payment.yaml"]
    assert cli("lint", "shop").out.endswith("\nNo findings.\n")
    assert cli("migrate", str(over.parent)).out.endswith("is in version 2.\n")


def test_what_can_not_be_said_the_same_way_is_refused_and_nothing_is_written(
    cli: Cli, over: Path
) -> None:
    over.write_text(f"{OVERLAY}match: {{invoice: null}}\n")
    before = over.read_text()
    told = cli("migrate", str(over.parent), "--write")
    assert told.code == 2
    assert "merchants/over/payment.yaml:7:" in told.err
    assert over.read_text() == before


def test_json_has_the_files_and_what_changes(cli: Cli, over: Path) -> None:
    told = cli("migrate", str(over.parent), "--json").json
    assert told["overlay_of"] == "qliro-fortnox"
    assert not told["written"]
    assert [Path(one["file"]).name for one in told["files"]] == ["payment.yaml"]
    assert "+version: 2" in told["files"][0]["diff"]
