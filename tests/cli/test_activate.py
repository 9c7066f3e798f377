"""``activate`` and ``deactivate`` as people call them, and what runs and ``status`` say before."""

from __future__ import annotations

from pathlib import Path

import pytest
from shopkit import Cli, write_shop

from engine.sandbox.world.world import World
from engine.store.database import writing


@pytest.fixture
def live(shop: Path) -> Path:
    """A shop whose file says live; the sandbox stands in for its systems."""
    shop.write_text(shop.read_text().replace("environment: sandbox", "environment: live"))
    return shop


def test_the_way_to_a_live_merchant_and_back(cli: Cli, live: Path, world: World) -> None:
    told = cli("run", "shop", "--quiet")
    assert (told.code, told.out) == (2, "")
    assert told.err == (
        "shop is live and has not been activated: nothing was posted. `plan` shows what would be; "
        "to go live: qliro-fortnox activate shop\n"
    )
    asked = cli("activate", "shop", "--quiet", "--by", "Anna")
    assert asked.code == 3
    assert (
        "What the first run would post to Exempelbutiken AB, 556001-1982 (DatabaseNumber 1234567):"
        in asked.out
    )
    assert asked.out.endswith(" to post.\n")
    assert asked.err == ("shop was not activated. To do it: qliro-fortnox activate shop --yes\n")
    told = cli("activate", "shop", "--yes", "--by", "Anna", "--json")
    assert (told.code, told.json["live"], told.json["errors"]) == (0, True, 0)
    assert world.made_payments == []
    assert cli("run", "shop", "--quiet").code == 3
    assert len(world.made_payments) == 1
    status = cli("status", "shop")
    assert status.out.splitlines()[1] == "Live since 2026-11-16 09:00, activated by Anna."
    told = cli("deactivate", "shop", "--by", "Bo", "--reason", "the audit")
    assert (told.code, told.out) == (0, "shop is stopped, by Bo: nothing is posted any more.\n")
    assert cli("status", "shop").out.splitlines()[1] == (
        "shop was deactivated by Bo on 2026-11-16 09:00, the audit: nothing is posted."
    )
    again = cli("deactivate", "shop", "--by", "Bo")
    assert (again.code, again.err) == (2, "shop is not active: there is nothing to stop.\n")


def test_a_run_that_is_under_way_is_not_stopped_and_that_is_said(
    cli: Cli, live: Path, tmp_path: Path
) -> None:
    with writing(tmp_path / "state", "shop"):
        told = cli("deactivate", "shop", "--by", "Bo")
    assert (told.code, told.out) == (75, "")
    assert told.err.startswith("Another run of shop is under way (process ")
    assert told.err.endswith(
        "; nothing was done. A run may go on posting: end it by SIGTERM, which lets its request in "
        "flight be answered, then deactivate again.\n"
    )


def test_who_decides_is_asked_before_anything_else_where_the_user_has_no_name(
    cli: Cli, live: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)  # as in a container
    for command in (["activate", "shop", "--yes"], ["deactivate", "shop"], ["connect", "shop"]):
        told = cli(*command)
        assert (told.code, told.out) == (2, "")
        assert told.err == "Who decides? The user of this machine has no name. Say it: --by NAME\n"
    assert world.journal == []


def test_without_any_input_nobody_is_asked(
    cli: Cli, live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", None)  # as Python has it when it is closed: <&-
    told = cli("activate", "shop", "--quiet", "--by", "Anna")
    assert told.code == 3
    assert told.err == "shop was not activated. To do it: qliro-fortnox activate shop --yes\n"


def test_errors_of_the_preflight_are_shown_and_stop_it(cli: Cli, live: Path, world: World) -> None:
    world.series.clear()
    told = cli("activate", "shop", "--yes", "--by", "Anna", "--quiet")
    assert told.code == 3
    assert "series Q (fees) is not in Fortnox" in told.out
    assert "to post." not in told.out
    assert told.err == "shop was not activated: mend 3 errors first.\n"
    assert cli("status", "shop").code == 0


def test_what_is_not_live_needs_no_activation(cli: Cli, tmp_path: Path) -> None:
    write_shop(tmp_path, "http://127.0.0.1:9")
    told = cli("activate", "shop", "--yes")
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith("shop is sandbox, which needs no activation: it posts already.")
