"""How Qliro is read: each declared convention, rightly and wrongly declared."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from shop import OpenShop, Posted

BANK = 1930
# How this Qliro speaks (a trouble), the declaration that fits it, and how far off the usual one is.
SPOKEN = [
    ("signed_amounts", {"conventions.amounts": "signed"}, "{amounts: signed}"),
    ("gross_totals", {"conventions.total": "gross"}, "{total: gross}"),
    ("debit_is_refund", {"conventions.debit": "refund"}, "{debit: refund}"),
]


@pytest.mark.parametrize(("name", "declared", "_said"), SPOKEN)
def test_rightly_declared_it_is_posted(
    shop: OpenShop, name: str, declared: dict[str, Any], _said: str
) -> None:
    one = shop(**declared)
    trouble = one.trouble(name)
    one.run()
    assert set(one.states()) == {"posted"}
    assert sorted(payment.amount for payment in one.payments()) == [
        Decimal("-120.00"),
        Decimal("487.50"),
    ]
    assert [one.balance(number) for number in trouble.invoices] == [0, 0]
    gross = Decimal("380.00") if name == "gross_totals" else Decimal("367.50")
    assert one.change(BANK) == gross
    assert one.interims() == {}


@pytest.mark.parametrize(("name", "_declared", "said"), SPOKEN)
def test_wrongly_declared_it_is_parked_whole_and_the_convention_that_fits_is_named(
    shop: OpenShop, name: str, _declared: dict[str, Any], said: str
) -> None:
    one = shop()
    one.trouble(name)
    report = one.run()
    assert set(one.states()) == {"parked"}
    assert {line["code"] for line in one.lines()} == {"payout-disagrees"}
    for reason in one.reasons():
        assert "Qliro states TotalAmount 3" in reason
        assert "the lines give" in reason
        assert reason.endswith(f"It would agree with conventions {said}.")
    assert one.posted == Posted(0, 0)
    assert report.exit_code == 3


@pytest.mark.parametrize(
    ("key", "value"), [("amounts", "signed"), ("total", "gross"), ("debit", "refund"),
                       ("fee", "plus")]
)  # fmt: skip
def test_a_convention_that_this_qliro_does_not_speak_parks_the_payout_and_names_the_usual_one(
    shop: OpenShop, key: str, value: str
) -> None:
    one = shop(**{f"conventions.{key}": value})
    one.trouble("future_fields")
    one.run()
    usual = {"amounts": "positive", "total": "net", "debit": "sale", "fee": "minus"}[key]
    assert set(one.states()) == {"parked"}
    assert f"{{{key}: {usual}}}" in one.reasons()[0]
    assert one.posted == Posted(0, 0)


def test_a_total_summary_of_accepted_lines_alone_is_a_convention_too(shop: OpenShop) -> None:
    one = shop(**{"conventions.total_summary": "accepted"})
    one.trouble("pending_lines")
    one.run()
    assert one.states() == ["parked", "outside"]
    assert "total DebitTransactionsCount 2, the lines give 1" in one.reasons()[0]
    assert one.reasons()[0].endswith("It would agree with conventions {total_summary: all}.")


def test_once_the_convention_is_corrected_the_parked_payout_is_posted(shop: OpenShop) -> None:
    one = shop()
    one.trouble("signed_amounts")
    one.run()
    one.settings({"conventions.amounts": "signed"})
    one.run()
    assert set(one.states()) == {"posted"}


@pytest.mark.parametrize("name", ["payout_total_disagrees", "payout_summary_disagrees"])
def test_a_payout_that_no_convention_explains_is_parked_with_the_numbers_side_by_side(
    shop: OpenShop, name: str
) -> None:
    one = shop()
    one.trouble(name)
    one.run()
    assert set(one.states()) == {"parked"}
    assert "Qliro states" in one.reasons()[0]
    assert one.reasons()[0].endswith("No convention that can be declared makes it agree.")
    assert one.payouts()[0]["transfer"] == "parked"
    assert one.posted == Posted(0, 0)


def test_a_payout_that_disagrees_does_not_hold_up_the_others(shop: OpenShop) -> None:
    one = shop()
    good, bad = one.trouble("clean_sale"), one.trouble("payout_total_disagrees")
    one.run()
    assert one.states(good) == ["posted"]
    assert one.states(bad) == ["parked", "parked"]


def test_a_payout_whose_total_is_corrected_is_posted(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("payout_total_disagrees")
    one.run()
    batch = one.world.batches[trouble.batches[0]]
    one.world.batches[batch.id] = replace(batch, total_off_by=Decimal(0))
    one.run()
    assert one.states() == ["posted", "posted"]
    assert one.interims() == {}


def test_an_action_that_nobody_knows_parks_the_payout_whole_in_plain_words(shop: OpenShop) -> None:
    one = shop()
    one.trouble("unknown_action")
    one.run()
    (line,) = one.lines()
    assert line["state"] == "parked"
    assert line["reason"].startswith(
        "tables.signs: the action Reserve of a Transaction is not known (qliro.settlement_line, "
        f"derive.sign of line {line['line']}; qliro-fortnox/entities/settlement_line.yaml:"
    )
    assert one.posted == Posted(0, 0)


def test_a_type_that_nobody_knows_is_parked_alone_and_stays_on_the_interim_account(
    shop: OpenShop,
) -> None:
    one = shop()
    trouble = one.trouble("unknown_line_type")
    one.run()
    (line,) = one.lines()
    assert line["state"] == "parked"
    assert line["reason"] == (
        "no mapping covers a line of Type Kickback (Action Debit) of "
        f"{trouble.lines[0].amount:.2f} SEK"
    )
    assert one.interims() == one.open_lines() != {}
