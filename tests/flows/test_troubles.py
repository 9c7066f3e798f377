"""Every seeded trouble by name: its lines end as it says, and a second run posts nothing more.

The troubles that stand each other live in one crowded world and one run; those that need settings
of their own, or spoil the whole company, have a world to themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from carried import assert_alike, assert_carried
from shop import OpenShop, Posted, Shop

from engine.errors import AccessError, UsageError
from engine.sandbox.trouble import Trouble
from engine.sandbox.troubles.by_name import TROUBLES
from engine.session import RunReport

# What a trouble needs of the merchant file.
SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "reference_with_prefix": {"payment_reference_prefix": "QLIRO-"},
    "reference_before_prefix": {"payment_reference_prefix": "QLIRO-"},
    "order_id_in_payout_field": {"use_merchant_reference": False},
    "reference_in_your_order_number": {"payout_reference_field": "YourOrderNumber"},
    "reference_in_our_reference": {"payout_reference_field": "OurReference"},
    "reference_in_your_reference": {"payout_reference_field": "YourReference"},
    "reference_in_second_external": {
        "payout_reference_field": "ExternalInvoiceReference2",
        "second_reference_field": "ExternalInvoiceReference1",
    },
    "reference_is_ocr": {"payout_reference_field": "OCR"},
    "reference_is_document_number": {"payout_reference_field": "DocumentNumber"},
    "reference_is_order_number": {"payout_reference_field": "OrderReference"},
    "missing_financial_year": {"payouts_from": "2024-12-01"},
    "invoice_in_closed_year": {"sync.invoice_lookback_days": 400},
    "payout_before_start": {"payouts_from": "2026-10-01"},
}
# What changes how all of Qliro speaks, or the books of the whole company.
ALONE: Final = {
    *SETTINGS,
    "locked_period",
    "enums_as_integers",
    "enums_mixed",
    "future_fields",
    "timestamps_with_and_without_zone",
    "signed_amounts",
    "gross_totals",
    "debit_is_refund",
    "cash_method_company",
    "interim_account_inactive",
    "interim_account_missing",
    "series_not_manual",
    "series_missing",
    "currency_missing",
    "licence_missing",
    "scope_missing",
    "qliro_secret_changed",
    "fortnox_secret_changed",
}
# Where the states of the lines are not simply the one that the trouble expects.
STATES: Final[Mapping[str, list[str]]] = {
    "duplicate_lines": ["posted", "parked"],
    "pending_lines": ["posted", "outside"],
    "rejected_lines": ["posted", "outside"],
    "pending_becomes_accepted": ["posted", "outside"],
    "payout_before_start": [],
    "empty_payout": [],
    # A list that nobody knows is kept raw and told as a finding; it has no lines.
    "unknown_status": ["posted"],
    # Found by the preflight; a run parks what the company cannot take and posts the rest.
    "interim_account_inactive": ["parked"],
    "interim_account_missing": ["parked"],
    "series_not_manual": ["posted"],
    "series_missing": ["posted"],
    "currency_missing": ["posted"],
}
# Nothing can be done at all: the run says so and ends.
REFUSED: Final = {
    "cash_method_company": (UsageError, "keeps its books by the cash method"),
    "licence_missing": (AccessError, "2001101"),
    "scope_missing": (AccessError, "lacks a right .scope."),
    "qliro_secret_changed": (AccessError, "qliro.api_key and qliro.api_secret is wrong"),
    "fortnox_secret_changed": (AccessError, "invalid_client"),
}


@dataclass(frozen=True)
class Crowd:
    """One shop with all troubles that stand each other, after its first run."""

    shop: Shop
    troubles: Mapping[str, Trouble]
    report: RunReport
    posted: Posted


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    shop = Shop(tmp_path_factory.mktemp("crowd"))
    troubles = {name: shop.trouble(name) for name in TROUBLES if name not in ALONE}
    report = shop.run()
    yield Crowd(shop, troubles, report, shop.posted)
    shop.store.connection.close()


def expected(trouble: Trouble, count: int) -> list[str]:
    state = {"payout parked": "parked"}.get(trouble.expect, trouble.expect)
    return STATES.get(trouble.name, [state] * count)


@pytest.mark.parametrize("name", [name for name in TROUBLES if name not in ALONE])
def test_its_lines_end_as_the_trouble_says(crowd: Crowd, name: str) -> None:
    trouble = crowd.troubles[name]
    lines = crowd.shop.lines(trouble)
    assert [line["state"] for line in lines] == expected(trouble, len(lines)), [
        line["reason"] for line in lines
    ]
    assert bool(lines) == (name != "empty_payout")
    assert all(line["reason"] for line in lines if line["state"] in ("parked", "waiting"))
    for payout in crowd.shop.payouts_of(trouble):
        parked_whole = trouble.expect == "payout parked" or name == "foreign_without_rate"
        carries = "posted" if payout["TotalAmount"] else "done"  # nothing has no voucher
        assert payout["transfer"] == ("parked" if parked_whole else carries), payout
        assert payout["closed"] == (
            {"outside", "posted", "adopted"} >= {line["state"] for line in lines}
        )


def test_the_crowd_leaves_exactly_its_open_lines_on_the_interim_accounts(crowd: Crowd) -> None:
    assert crowd.shop.interims() == crowd.shop.open_lines()
    assert crowd.shop.interims()


def test_a_second_run_over_all_troubles_posts_nothing_more(crowd: Crowd) -> None:
    before = crowd.shop.states()
    crowd.shop.run()
    assert crowd.shop.posted == crowd.posted
    assert crowd.shop.states() == before


def test_all_troubles_are_the_same_at_a_merchant_who_reads_their_export(
    crowd: Crowd, tmp_path: Path
) -> None:
    assert_carried(crowd.shop.store, tmp_path)


def test_pseudonymised_all_troubles_come_to_the_same(crowd: Crowd, tmp_path: Path) -> None:
    assert_alike(crowd.shop, tmp_path)


@pytest.mark.parametrize("name", [name for name in TROUBLES if name in ALONE - set(REFUSED)])
def test_a_trouble_with_a_world_to_itself_ends_as_it_says(name: str, shop: OpenShop) -> None:
    one = shop(**SETTINGS.get(name, {}))
    trouble = one.trouble(name)
    one.run()
    lines = one.lines(trouble)
    assert [line["state"] for line in lines] == expected(trouble, len(lines)), [
        line["reason"] for line in lines
    ]
    assert one.interims() == one.open_lines()
    posted = one.posted
    one.run()
    assert one.posted == posted


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_company_or_a_key_that_cannot_work_is_refused_in_a_sentence(
    name: str, shop: OpenShop
) -> None:
    one = shop()
    one.trouble(name)
    error, sentence = REFUSED[name]
    with pytest.raises(error, match=sentence):
        one.run()
    assert one.posted == Posted(0, 0)


def test_no_trouble_is_left_out() -> None:
    assert len(TROUBLES) == 98
    assert set(TROUBLES) >= ALONE
