"""Vouchers in the sandbox's Fortnox: series, balance, characters, years and their lists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import httpx
import pytest

from engine.sandbox.world.world import World

Refused = Callable[..., str]


def voucher(**fields: Any) -> dict[str, Any]:
    rows = [{"Account": 1930, "Debit": 95.5}, {"Account": 1581, "Credit": 95.5}]
    given = {
        "Description": "Qliro utbetalning 20261113001",
        "TransactionDate": "2026-11-13",
        "VoucherSeries": "T",
        "Year": 2,
        "VoucherRows": rows,
    }
    return {"Voucher": given | fields}


def test_vouchers_are_numbered_within_series_and_year(fortnox: httpx.Client) -> None:
    made = [
        fortnox.post("vouchers", json=voucher(VoucherSeries=series)).json()["Voucher"]
        for series in ("T", "T", "Q")
    ]
    assert [(v["VoucherSeries"], v["VoucherNumber"], v["Year"]) for v in made] == [
        ("T", 1, 2),
        ("T", 2, 2),
        ("Q", 1, 2),
    ]


def test_voucher_is_read_back_by_series_number_and_year(fortnox: httpx.Client) -> None:
    fortnox.post("vouchers", params={"financialyear": 2}, json=voucher())
    held = fortnox.get("vouchers/T/1", params={"financialyear": 2}).json()["Voucher"]
    assert [(r["Account"], r["Debit"], r["Credit"]) for r in held["VoucherRows"]] == [
        (1930, 95.5, 0),
        (1581, 0, 95.5),
    ]
    assert fortnox.get("vouchers/T/1", params={"financialyear": 1}).status_code == 404


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"VoucherRows": [{"Account": 1930, "Debit": 1}]}, "balanserar inte"),
        ({"VoucherRows": []}, "balanserar inte"),
        ({"VoucherSeries": "A"}, "inte öppen för manuell kontering"),
        ({"VoucherSeries": "Z"}, "Kan inte hitta verifikationsserien"),
        ({"TransactionDate": "2027-01-01"}, "räkenskapsår"),
        ({"TransactionDate": "2025-12-31"}, "räkenskapsår"),
        ({"Description": ""}, "Description krävs"),
    ],
)
def test_voucher_that_is_not_right_is_refused_in_swedish(
    world: World, fortnox: httpx.Client, fields: dict[str, Any], said: str, refused: Refused
) -> None:
    assert said in refused(fortnox.post("vouchers", json=voucher(**fields)))
    assert not world.vouchers


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Description": "x" * 201}, 2001896),
        ({"Comments": "x" * 1001}, 2001896),
        ({"Description": 'Qliro "utbetalning"'}, 2000359),
        ({"Description": "Qliro | utbetalning"}, 2000359),
        ({"Reference": "x"}, 2001399),
        ({"VoucherRows": [{"Account": 1930, "Amount": 1}]}, 2001399),
        ({"VoucherRows": [{"Account": 4711, "Debit": 1}]}, 2001304),
        ({"VoucherRows": [{"Account": 1599, "Debit": 1}]}, 2000550),
    ],
)
def test_voucher_is_refused_with_the_known_code(
    fortnox: httpx.Client, fields: dict[str, Any], code: int, refused: Refused
) -> None:
    refused(fortnox.post("vouchers", json=voucher(**fields)), code)


def test_swedish_texts_of_200_characters_are_taken(fortnox: httpx.Client) -> None:
    text = "Qliro utbetalning (åäö) 5 % – 20261113/001: "
    response = fortnox.post("vouchers", json=voucher(Description=text.ljust(200, "é")))
    assert response.status_code == 201


def test_locked_period_takes_no_voucher(
    world: World, fortnox: httpx.Client, refused: Refused
) -> None:
    world.locked_until = date(2026, 11, 13)
    refused(fortnox.post("vouchers", json=voucher()), 2002141)
    response = fortnox.get("settings/lockedperiod").json()
    assert response == {"LockedPeriod": {"EndDate": "2026-11-13"}}


def test_year_by_query_wins_and_without_any_it_is_the_present_one(
    fortnox: httpx.Client, refused: Refused
) -> None:
    body = voucher(TransactionDate="2025-12-30", Year=1)
    assert fortnox.post("vouchers", json=body).status_code == 201
    del body["Voucher"]["Year"]
    query = {"financialyear": 1}
    assert fortnox.post("vouchers", params=query, json=body).status_code == 201
    assert "valt räkenskapsår" in refused(fortnox.post("vouchers", json=body))


def test_voucher_lists_by_series_year_date_and_change(world: World, fortnox: httpx.Client) -> None:
    fortnox.post("vouchers", json=voucher(TransactionDate="2025-12-30", Year=1))
    fortnox.post("vouchers", json=voucher(TransactionDate="2026-11-01"))
    world.clock.advance(120)
    fortnox.post("vouchers", json=voucher(VoucherSeries="Q"))

    def found(path: str, **query: str) -> list[tuple[str, int, int]]:
        vouchers = fortnox.get(path, params=query).json()["Vouchers"]
        return [(v["VoucherSeries"], v["VoucherNumber"], v["Year"]) for v in vouchers]

    old, first, second = ("T", 1, 1), ("T", 1, 2), ("Q", 1, 2)
    assert found("vouchers") == [old, first, second]
    assert found("vouchers", financialyear="1") == [old]
    assert found("vouchers/sublist") == [first, second]
    assert found("vouchers/sublist/T") == [first]
    assert found("vouchers/sublist/T", financialyear="1") == [old]
    assert found("vouchers", fromdate="2026-11-02", todate="2026-11-30") == [second]
    since = f"{world.now():%Y-%m-%d %H:%M}"
    assert found("vouchers", lastmodified=since) == [second]


def test_list_items_carry_the_text_but_no_rows(fortnox: httpx.Client) -> None:
    fortnox.post("vouchers", json=voucher())
    (item,) = fortnox.get("vouchers/sublist/T").json()["Vouchers"]
    assert item["Description"] == "Qliro utbetalning 20261113001"
    assert "VoucherRows" not in item
