"""The proof of a payout: figures side by side, and what explains a disagreement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.plan.proof import Proof, interim_balance, prove

Row = dict[str, Any]
CONVENTIONS = {"total": "net", "debit": "sale", "total_summary": "all"}
CHOICES = {
    "total": ["net", "gross"],
    "debit": ["sale", "refund"],
    "total_summary": ["all", "accepted"],
}
KINDS = ("Debit", "Credit", "Fee")


def line(type_: str, action: str, amount: str, *, status: str = "Accepted", id_: int = 1) -> Row:
    return {"Id": id_, "CurrencyCode": "SEK", "line": f"{type_}{amount}", "Type": type_,
            "Action": action, "Amount": Decimal(amount), "Status": status,
            "gross": gross(type_, action, amount, CONVENTIONS)}  # fmt: skip


def gross(
    type_: str, action: str, amount: str | Decimal, conventions: Mapping[str, Any]
) -> Decimal:
    plus = type_ != "Fee" and (action == "Debit") == (conventions["debit"] == "sale")
    return Decimal(amount) if plus else -Decimal(amount)


def gross_under(
    conventions: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]
) -> list[Decimal | None]:
    return [gross(one["Type"], one["Action"], one["Amount"], conventions) for one in lines]


def batch(total: str, fees: str, id_: int = 1) -> Row:
    return {
        "Id": id_,
        "CurrencyCode": "SEK",
        "TotalAmount": Decimal(total),
        "TotalFeeAmount": Decimal(fees),
    }


def summary(part: str, lines: Sequence[Row], id_: int = 1) -> Row:
    """Qliro's own sums, counted by hand."""
    row: Row = {"Id": id_, "part": part}
    for kind in KINDS:
        mine = [
            one["Amount"]
            for one in lines
            if (one["Type"] == "Fee") == (kind == "Fee") and kind in ("Fee", one["Action"])
        ]
        row[f"{kind}TransactionsTotalSum"] = sum(mine, Decimal(0))
        row[f"{kind}TransactionsCount"] = len(mine)
    return row


SALE, REFUND = line("Transaction", "Debit", "500"), line("Transaction", "Credit", "120")
FEE = line("Fee", "Credit", "12.50")
LINES = [SALE, REFUND, FEE]


def proved(
    batches: Sequence[Row], summaries: Sequence[Row], lines: Sequence[Row], **changes: str
) -> Proof:
    return prove("7", batches, summaries, lines, {**CONVENTIONS, **changes}, CHOICES, gross_under)


def test_a_payout_whose_lines_make_its_totals_and_summaries_holds() -> None:
    proof = proved([batch("367.50", "12.50")], [summary("accepted", LINES)], LINES)
    assert proof.holds
    assert proof.sentence() == "The lines add up to Qliro's own totals."


def test_one_oere_is_enough_to_disagree() -> None:
    proof = proved([batch("367.51", "12.50")], [summary("accepted", LINES)], LINES)
    assert not proof.holds
    assert proof.sentence() == (
        "Qliro states TotalAmount 367.51, the lines give 367.50. "
        "No convention that can be declared makes it agree."
    )


def test_a_total_before_fees_is_explained_by_the_convention_and_by_nothing_needless() -> None:
    proof = proved([batch("380.00", "12.50")], [], LINES)
    assert proof.alternatives == ("{total: gross}",)
    assert proof.sentence().endswith("It would agree with conventions {total: gross}.")


def test_two_conventions_that_are_wrong_together_are_named_together() -> None:
    proof = proved([batch("-380.00", "12.50")], [], LINES)
    assert proof.alternatives == ("{debit: refund, total: gross}",)


def test_only_the_declared_convention_decides() -> None:
    assert not proved([batch("380.00", "12.50")], [], LINES).holds
    assert proved([batch("380.00", "12.50")], [], LINES, total="gross").holds


def test_a_figure_that_qliro_leaves_out_proves_nothing_and_fails_nothing() -> None:
    assert proved([batch("367.50", "12.50") | {"TotalFeeAmount": None}], [], LINES).holds


def test_fees_may_be_stated_with_a_minus() -> None:
    assert proved([batch("367.50", "-12.50")], [], LINES).holds


def test_summaries_are_compared_part_by_part() -> None:
    pending = line("Transaction", "Debit", "99", status="Pending")
    lines = [*LINES, pending]
    parts = [
        summary("accepted", LINES),
        summary("pending", [pending]),
        summary("rejected", []),
        summary("total", lines),
    ]
    assert proved([batch("367.50", "12.50")], parts, lines).holds
    parts[1]["DebitTransactionsCount"] = 2
    assert proved([batch("367.50", "12.50")], parts, lines).sentence().startswith(
        "Qliro states pending DebitTransactionsCount 2, the lines give 1."
    )  # fmt: skip


def test_each_batch_of_a_payout_is_proved_for_itself() -> None:
    other = line("Transaction", "Debit", "10", id_=2)
    wrong = proved([batch("367.50", "12.50"), batch("11", "0", 2)], [], [*LINES, other])
    assert "TotalAmount of batch 2 11.00, the lines give 10.00" in wrong.sentence()
    # Off by as much in the other direction is no proof.
    both = proved([batch("366.50", "12.50"), batch("11", "0", 2)], [], [*LINES, other])
    assert not both.holds


def test_a_line_without_an_amount_that_can_be_read_fails_the_proof_by_name() -> None:
    odd = SALE | {"line": "abc", "gross": None}
    proof = proved([batch("0", "0")], [], [odd])
    assert "line abc has no amount that can be read" in proof.sentence()


def test_a_batch_whose_lines_were_not_fetched_fails_the_proof() -> None:
    proof = proved([batch("367.50", "12.50"), batch("5", "0", 2)], [], LINES)
    assert "the lines of batch 2 have not been fetched" in proof.sentence()


AMOUNTS = st.decimals("0.01", "9999.99", places=2)
SETTLED = st.lists(
    st.tuples(st.sampled_from(["Transaction", "Fee", "Chargeback"]),
              st.sampled_from(["Debit", "Credit"]), AMOUNTS),
    max_size=12,
)  # fmt: skip


@given(SETTLED, st.decimals("-5", "5", places=2))
def test_a_proof_holds_exactly_when_the_total_is_the_signed_sum(
    settled: list[tuple[str, str, Decimal]], off: Decimal
) -> None:
    lines = [line(type_, action, str(amount)) for type_, action, amount in settled]
    total = sum((one["gross"] for one in lines), Decimal(0))
    fees = sum((one["Amount"] for one in lines if one["Type"] == "Fee"), Decimal(0))
    parts = [summary("accepted", lines)]
    assert proved([batch(str(total + off), str(fees))], parts, lines).holds == (off == 0)


ROWS = st.lists(
    st.tuples(st.sampled_from([1580, 1581]), st.decimals("-99", "99", places=2)), max_size=8
)


@given(ROWS, ROWS)
def test_the_interim_accounts_are_told_by_what_was_posted_and_what_is_open(
    posted: list[tuple[int, Decimal]], open_: list[tuple[int, Decimal]]
) -> None:
    told = interim_balance(posted, open_)
    for account in (1580, 1581):
        held, must = told.get(account, (Decimal(0), Decimal(0)))
        assert held == sum((amount for number, amount in posted if number == account), Decimal(0))
        assert must == -sum((amount for number, amount in open_ if number == account), Decimal(0))
