"""Closed payouts are held against their digest where something has come of them, and only there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from shop import OpenShop, Shop

from engine import json_text
from engine.extract.raw import cursor
from engine.plan.payout_rows import DIGESTS, open_payouts
from engine.plan.unchanged import STREAM
from engine.sandbox.history import new_sale, settle
from engine.session import sync

FIRST = {"payouts_from": "2026-01-01"}


def opened(one: Shop) -> tuple[list[str], list[str]]:
    """The payouts that are open after a sync: as a run sees it, and with all digests worked out."""
    with one.session() as session:
        sync(session)
        told = cursor(one.store, STREAM)
        rules = json_text.decode(told)["digest"] if told else ""
        first = session.settings["payouts_from"]
        of_run, of_all = (
            open_payouts(one.store, session.program, first, rules=each)[0] for each in (rules, "")
        )
    return list(of_run), list(of_all)


@pytest.fixture
def one(shop: OpenShop) -> Shop:
    """Three payouts, posted and closed."""
    made = shop(**FIRST)
    for _ in range(3):
        settle(made.world, [new_sale(made.world).line for _ in range(2)])
    made.run()
    made.run()
    assert opened(made) == ([], [])
    return made


def held_against(one: Shop, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The batches that are held against their digest from now on, as they come."""
    asked: list[int] = []
    rows = one.store.rows

    def noted(query: str, parameters: Any = ()) -> list[dict[str, Any]]:
        asked.extend(parameters[0] if query == DIGESTS else ())
        return rows(query, parameters)

    monkeypatch.setattr(one.store, "rows", noted)
    return asked


def test_a_new_payout_is_opened_and_no_closed_one_is_looked_at(
    one: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = {*one.world.batches}
    for _ in range(2):  # by the second Qliro is no longer asked about the old ones
        one.later(days=60)
        settle(one.world, [new_sale(one.world).line])
        one.run()
    one.later(days=1)
    batch = settle(one.world, [new_sale(one.world).line])
    asked = held_against(one, monkeypatch)
    one.run()
    assert batch.id in asked
    assert not old & {*asked}


@pytest.mark.parametrize("change", ["grows", "shrinks", "total", "empties"])
def test_a_closed_payout_that_changes_is_opened(one: Shop, change: str) -> None:
    number, batch = next(iter(one.world.batches.items()))
    one.later(days=1)
    match change:
        case "grows":
            settle(one.world, [new_sale(one.world).line], into=number)
        case "shrinks":
            one.world.batches[number] = replace(batch, lines=batch.lines[:1])
        case "empties":
            one.world.batches[number] = replace(batch, lines=())
        case "total":
            one.world.batches[number] = replace(batch, day=batch.day - timedelta(days=1))
    assert opened(one) == ([str(number)], [str(number)])
    one.run()
    of_run, of_all = opened(one)
    assert of_run == of_all


def test_what_a_person_decides_of_a_closed_line_opens_its_payout(one: Shop) -> None:
    line = one.lines()[0]
    one.store.execute(
        "INSERT INTO ledger.resolution VALUES (?, 'Anna', ?, 'ignore', NULL, 'not ours')",
        [one.clock.now(), line["line"]],
    )
    assert opened(one) == ([line["payout"]], [line["payout"]])


def test_other_settings_have_all_looked_at(one: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    one.settings({"alert_after_days": 3})
    asked = held_against(one, monkeypatch)
    one.run()
    assert {*one.world.batches} <= {*asked}


def test_a_staging_anew_has_all_looked_at(one: Shop) -> None:
    one.store.execute("INSERT INTO raw.made_by VALUES ('another version')")
    one.store.execute("UPDATE qliro.settlement_line SET vanished = true WHERE position = 1")
    of_run, of_all = opened(one)
    assert of_run == of_all
    assert len(of_all) == 3
