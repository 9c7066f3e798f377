"""``--log json``: what goes to stderr as lines of JSON, for whatever collects logs."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from shopkit import SECRETS, Cli

from engine.sandbox.world.world import DEFAULT_START


def logged(err: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in err.splitlines()]


def test_each_line_is_an_object_with_its_time_level_and_merchant(cli: Cli, shop: Path) -> None:
    as_text = cli("sync", "shop", "--verbose").err.splitlines()
    told = cli("sync", "shop", "--verbose", "--log", "json")
    lines = logged(told.err)
    assert as_text
    assert lines
    for one in lines:
        assert list(one) == ["time", "level", "merchant", "message"]
        assert (one["level"], one["merchant"]) == ("info", "shop")
        assert datetime.fromisoformat(one["time"]) == DEFAULT_START
        assert datetime.fromisoformat(one["time"]).tzinfo is not None
    assert told.out == cli("sync", "shop").out


def test_quiet_leaves_the_errors(cli: Cli, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORTNOX_CLIENT_SECRET")
    told = cli("run", "shop", "--quiet", "--log", "json")
    [one] = logged(told.err)
    assert (told.code, one["level"]) == (2, "error")
    assert "the environment variable FORTNOX_CLIENT_SECRET is not set" in one["message"]


@pytest.mark.parametrize("how", [["--log", "json"], ["--log=json"], []])
def test_wrong_usage_is_told_so_too(
    cli: Cli, how: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not how:
        monkeypatch.setenv("QLIRO_FORTNOX_LOG", "json")
    told = cli("run", "--no-such-option", *how)
    assert told.code == 2
    assert {one["level"] for one in logged(told.err)} == {"error"}


def test_of_all_merchants_each_line_says_whose_it_is(cli: Cli, shop: Path) -> None:
    shop.with_name("broken.yaml").write_text("version: 1\nname: [\n")
    told = cli("status", "--all", "--log", "json")
    assert told.code == 2
    lines = logged(told.err)
    assert {one.get("merchant") for one in lines} == {"broken", "shop"}
    assert any(one["merchant"] == "shop" and one["message"].startswith("ok") for one in lines)
    assert all(one["level"] in ("info", "error") for one in lines)


def test_a_secret_with_signs_that_json_escapes_is_in_no_line(
    cli: Cli, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = 'se"cr\\et-of-this-shop'
    monkeypatch.setenv("FORTNOX_CLIENT_SECRET", odd)
    told = cli("run", "shop", "--log", "json", "--verbose")
    assert told.code == 1
    assert logged(told.err)
    for form in (odd, json.dumps(odd)[1:-1], SECRETS["QLIRO_API_SECRET"]):
        assert form not in told.err
