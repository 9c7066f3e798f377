"""A payout balances or it is not posted: what is compared, and what explains a disagreement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from engine.plan.proof import Proof, interim_balance, prove

CONVENTIONS = {
    "amounts": "positive", "debit": "sale", "fee": "minus", "total": "net", "total_summary": "all",
}  # fmt: skip
CHOICES = {
    "amounts": ["positive"], "debit": ["sale", "refund"], "fee": ["minus"],
    "total": ["net", "gross"], "total_summary": ["all"],
}  # fmt: skip
Row = Mapping[str, Any]


def line(
    action: str, amount: str, type_: str = "Transaction", status: str = "Accepted"
) -> dict[str, Any]:
    number = Decimal(amount)
    sign = -1 if type_ == "Fee" or action == "Credit" else 1
    return {"line": f"{type_}{amount}", "Id": 1, "Status": status, "Type": type_, "Action": action,
            "Amount": number, "gross": number * sign, "CurrencyCode": "SEK"}  # fmt: skip


def summary(
    part: str, debit: str, debits: int, credit: str, credits: int, fee: str, fees: int
) -> Row:
    return {
        "Id": 1, "part": part,
        "DebitTransactionsTotalSum": Decimal(debit), "DebitTransactionsCount": debits,
        "CreditTransactionsTotalSum": Decimal(credit), "CreditTransactionsCount": credits,
        "FeeTransactionsTotalSum": Decimal(fee), "FeeTransactionsCount": fees,
    }  # fmt: skip


def gross_under(conventions: Row, lines: Sequence[Row]) -> list[Decimal | None]:
    flip = -1 if conventions["debit"] == "refund" else 1
    return [one["gross"] if one["Type"] == "Fee" else one["gross"] * flip for one in lines]


LINES = [line("Debit", "500.00"), line("Credit", "200.00"), line("Credit", "10.00", "Fee")]


def proved(total: str, fee: str | None = "10.00", lines: Sequence[Row] = LINES,
           summaries: Sequence[Row] = ()) -> Proof:  # fmt: skip
    batch = {
        "Id": 1,
        "TotalAmount": Decimal(total),
        "TotalFeeAmount": Decimal(fee) if fee else None,
        "CurrencyCode": "SEK",
    }
    return prove("1", [batch], summaries, lines, CONVENTIONS, CHOICES, gross_under)


def test_a_payout_whose_lines_add_up_holds() -> None:
    good = summary("accepted", "500.00", 1, "200.00", 1, "10.00", 1)
    assert proved("290.00", summaries=[good]).holds


def test_an_ore_too_much_is_enough_to_fail_and_both_numbers_are_told() -> None:
    proof = proved("290.01")
    assert not proof.holds
    assert "Qliro states TotalAmount 290.01, the lines give 290.00" in proof.sentence()


def test_a_total_without_the_fees_names_the_convention_that_would_agree() -> None:
    assert "total: gross" in proved("300.00").sentence()


def test_a_total_with_the_opposite_signs_names_the_convention_that_would_agree() -> None:
    assert "debit: refund" in proved("-310.00").sentence()


def test_a_total_that_no_convention_explains_says_so() -> None:
    assert "No convention that can be declared makes it agree" in proved("123.45").sentence()


def test_the_fee_total_is_compared_too_unless_qliro_leaves_it_out() -> None:
    assert not proved("290.00", fee="11.00").holds
    assert proved("290.00", fee=None).holds


def test_a_count_in_a_summary_that_differs_fails() -> None:
    wrong = summary("accepted", "500.00", 2, "200.00", 1, "10.00", 1)
    proof = proved("290.00", summaries=[wrong])
    assert "accepted DebitTransactionsCount 2, the lines give 1" in proof.sentence()


def test_pending_lines_stand_outside_of_the_total_and_in_the_summary_of_all() -> None:
    lines = [*LINES, line("Debit", "99.00", status="Pending")]
    everything = summary("total", "599.00", 2, "200.00", 1, "10.00", 1)
    assert proved("290.00", lines=lines, summaries=[everything]).holds


def test_a_line_without_a_readable_amount_fails_the_payout() -> None:
    broken = {**line("Debit", "1.00"), "Amount": None, "gross": None}
    proof = proved("290.00", lines=[*LINES, broken])
    assert not proof.holds
    assert "has no amount that can be read" in proof.sentence()


def test_a_batch_whose_lines_were_not_fetched_fails_the_payout() -> None:
    proof = proved("0.00", fee=None, lines=[])
    assert not proof.holds
    assert "the lines of batch 1 have not been fetched" in proof.sentence()


def test_a_total_that_cannot_be_read_proves_nothing() -> None:
    batch = {"Id": 1, "TotalAmount": None, "TotalFeeAmount": None, "CurrencyCode": "SEK"}
    proof = prove("1", [batch], [], LINES, CONVENTIONS, CHOICES, gross_under)
    assert not proof.holds
    assert "Qliro gives no total of batch 1 that can be read" in proof.sentence()


def test_an_amount_finer_than_an_ore_is_refused_not_rounded() -> None:
    proof = proved("290.005", lines=[*LINES, line("Debit", "0.005")])
    assert "has an amount finer than an öre, 0.005" in proof.sentence()


def test_a_line_in_another_currency_than_its_batch_fails_the_payout() -> None:
    foreign = {**line("Debit", "100.00"), "CurrencyCode": "EUR"}
    proof = proved("390.00", lines=[*LINES, foreign])
    assert "is in EUR, its batch in SEK" in proof.sentence()


def test_the_interim_account_must_hold_what_is_transferred_and_not_booked() -> None:
    paid, transferred = (1580, Decimal(60)), (1580, Decimal(-100))
    demanded = [(1580, Decimal(-60)), (1580, Decimal(100))]
    assert interim_balance([paid, transferred], demanded) == {1580: (Decimal(-40), Decimal(-40))}


def test_a_payment_on_another_account_than_its_line_shows_on_both() -> None:
    held = interim_balance([(1581, Decimal(60))], [(1580, Decimal(-60))])
    assert held == {1580: (Decimal(0), Decimal(60)), 1581: (Decimal(60), Decimal(0))}
