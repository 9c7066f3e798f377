"""`doctor` as a person and a program read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from shopkit import Cli, shop_world

from engine.sandbox.server import Running, serve
from engine.sandbox.world.world import World


@pytest.fixture
def world() -> World:
    return shop_world("series_not_manual")


@pytest.fixture
def running(world: World) -> Iterator[Running]:
    with serve(world) as running:
        yield running


def test_it_is_a_list_to_work_through_errors_first(cli: Cli, shop: Path) -> None:
    told = cli("doctor", "shop", "--quiet")
    assert told.code == 3
    lines = told.out.splitlines()
    assert lines[:2] == [
        "1 error:",
        "1. The voucher series T (transfer) is not open for manual vouchers. [voucher_series]",
    ]
    assert [line.strip().split(":")[0] for line in lines[2:5]] == ["Why", "Do", "Where"]
    assert lines[4].endswith("Verifikationsserier; merchants/shop.yaml:24:37")
    assert lines[6] == "1 warning:"
    assert lines[7].startswith("2. The financial year ends on 2026-12-31")
    assert lines[-2].startswith("Ok: mapping_set, state_folder, qliro_credentials")
    assert lines[-1] == "Work through it, then again: qliro-fortnox doctor shop"


def test_verbose_tells_each_thing_that_is_well(cli: Cli, shop: Path) -> None:
    told = cli("doctor", "shop", "-v")
    assert "   Fortnox lets us in, to Exempelbutiken AB (DatabaseNumber 1234567)." in told.out


def test_a_program_gets_the_same_as_json(cli: Cli, shop: Path) -> None:
    told = cli("doctor", "shop", "--json")
    assert (told.code, told.json["ok"], told.json["errors"]) == (3, False, 1)
    (wrong,) = [one for one in told.json["results"] if one["severity"] == "error"]
    assert wrong["check"] == "voucher_series"
    assert wrong["remedy"].startswith("Tick Manuell kontering on the series T")
    assert "sandbox-client-secret" not in told.out + told.err


def test_a_secret_that_is_not_set_does_not_stop_it(
    cli: Cli, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORTNOX_CLIENT_SECRET")
    told = cli("doctor", "shop")
    assert told.code == 3
    assert "There is no way into Fortnox: the secret fortnox.client_secret" in told.out
    assert "Traceback" not in told.err


def test_a_file_that_is_invalid_is_refused_as_ever(cli: Cli, shop: Path) -> None:
    shop.write_text(shop.read_text().replace("bank_accounts", "bank_acounts"))
    assert cli("doctor", "shop").code == 2
