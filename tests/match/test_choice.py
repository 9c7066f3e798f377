"""Which document a line takes: exact balances first, oldest with oldest, never more than left."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.match.choice import Candidate, Choice, Demand, choose

ONE = Decimal("1.00")


def invoice(number: str, balance: str, age: int = 0, **options: Any) -> Candidate:
    """A candidate that may be taken; ``age`` 0 is the oldest."""
    fields = {"step": 1, "step_name": "reference", "state": "ok", "because": ""}
    return Candidate(number, balance=Decimal(balance), rank=(age,), **{**fields, **options})


def line(name: str, amount: str, *candidates: Candidate, age: int = 0) -> Demand:
    return Demand(name, Decimal(amount), (age,), candidates)


def chosen(*demands: Demand) -> dict[str, tuple[str, str | None]]:
    return {key: (one.outcome, one.document) for key, one in choose(demands, ONE).items()}


def test_an_exactly_equal_balance_wins_of_several_with_the_same_reference() -> None:
    both = invoice("1001", "300"), invoice("1002", "250", age=1)
    assert chosen(line("a", "250", *both)) == {"a": ("exact", "1002")}


def test_equal_twins_pair_the_oldest_line_with_the_oldest_invoice() -> None:
    both = invoice("1001", "100"), invoice("1002", "100", age=1)
    result = chosen(line("young", "100", *both, age=2), line("old", "100", *both, age=1))
    assert result == {"old": ("exact", "1001"), "young": ("exact", "1002")}


def test_anything_else_among_several_is_left_to_a_person() -> None:
    both = invoice("1001", "300"), invoice("1002", "400", age=1)
    result = choose([line("a", "250", *both)], ONE)["a"]
    assert result.outcome == "several"
    assert "1001 (balance 300.00), 1002 (balance 400.00)" in result.reason


def test_several_captures_pay_one_invoice_until_its_balance_is_used_up() -> None:
    one = invoice("1001", "100")
    result = choose([line("a", "60", one, age=1), line("b", "40", one, age=2)], ONE)
    assert (result["a"].outcome, result["b"].outcome) == ("less", "exact")


def test_what_is_left_for_a_third_capture_is_nothing_and_the_reason_names_the_taker() -> None:
    one = invoice("1001", "100")
    result = choose([line("a", "100", one, age=1), line("b", "40", one, age=2)], ONE)
    assert result["b"].outcome == "spent"
    assert "line a" in result["b"].reason


def test_an_exact_line_goes_before_an_older_one_that_would_only_pay_a_part() -> None:
    one = invoice("1001", "100")
    result = chosen(line("part", "60", one, age=1), line("whole", "100", one, age=2))
    assert result == {"part": ("spent", "1001"), "whole": ("exact", "1001")}


def test_the_tolerance_counts_in_both_directions_and_for_refunds_too() -> None:
    for amount, balance, difference in (("100", "100.40", "0.40"), ("100.40", "100", "-0.40"),
                                        ("-100", "-101", "-1")):  # fmt: skip
        result = choose([line("a", amount, invoice("1", balance))], ONE)["a"]
        assert (result.outcome, result.difference) == ("near", Decimal(difference))


def test_beyond_the_tolerance_a_line_pays_a_part_or_too_much() -> None:
    less = choose([line("a", "100", invoice("1", "101.01"))], ONE)["a"]
    more = choose([line("a", "101.01", invoice("1", "100"))], ONE)["a"]
    assert (less.outcome, less.rest) == ("less", 0)
    assert (more.outcome, more.rest) == ("more", Decimal("1.01"))


def test_the_first_step_that_finds_something_decides_and_later_ones_lose() -> None:
    first = invoice("1001", "300")
    later = invoice("1002", "250", step=2, step_name="other reference")
    result = choose([line("a", "250", first, later)], ONE)["a"]
    assert (result.outcome, result.document) == ("less", "1001")
    assert ("1002", "other reference", "the step 'reference' comes first") in result.losers


def test_an_invoice_that_may_become_right_is_waited_for_rather_than_passed_over() -> None:
    unbooked = invoice("1001", "250", state="wait", because="it is not booked yet")
    later = invoice("1002", "250", step=2, step_name="other reference")
    result = choose([line("a", "250", unbooked, later)], ONE)["a"]
    assert (result.outcome, result.reason) == ("wait", "document 1001: it is not booked yet")


def test_what_is_out_of_the_question_decides_nothing_but_is_told() -> None:
    cancelled = invoice("1001", "250", state="skip", because="it is cancelled")
    alone = choose([line("a", "250", cancelled)], ONE)["a"]
    assert alone.outcome == "none"
    assert "1001: it is cancelled" in alone.reason
    beside = choose([line("a", "250", cancelled, invoice("1002", "250"))], ONE)["a"]
    assert beside.document == "1002"
    assert ("1001", "reference", "it is cancelled") in beside.losers


AMOUNTS = st.integers(1, 6).map(lambda n: Decimal(n) * 50)


@st.composite
def shops(draw: st.DrawFn) -> list[Demand]:
    """A few invoices and lines that carry the references of some of them."""
    invoices = [
        invoice(f"10{n}", str(draw(AMOUNTS)), age=n) for n in range(draw(st.integers(1, 4)))
    ]
    some = st.lists(st.sampled_from(invoices), unique_by=lambda one: one.document)
    return [
        Demand(f"line {n}", draw(AMOUNTS), (n,), draw(some)) for n in range(draw(st.integers(1, 5)))
    ]


def taken(choice: Choice, demand: Demand) -> Decimal:
    if choice.outcome not in ("exact", "near", "less", "more"):
        return Decimal(0)
    return demand.amount - choice.rest + choice.difference


@given(shops())
@settings(max_examples=150, deadline=None)
def test_no_invoice_gives_more_than_its_balance(demands: list[Demand]) -> None:
    choices = choose(demands, ONE)
    assert set(choices) == {demand.line for demand in demands}
    given_: dict[str, Decimal] = {}
    balances = {one.document: one.balance for demand in demands for one in demand.candidates}
    for demand in demands:
        choice = choices[demand.line]
        if choice.document is not None:
            given_[choice.document] = given_.get(choice.document, Decimal(0)) + taken(
                choice, demand
            )
    assert all(amount <= balances[document] for document, amount in given_.items())


@given(shops(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_in_which_lines_are_given_decides_nothing(
    demands: list[Demand], random: Any
) -> None:
    shuffled = [
        Demand(
            one.line, one.amount, one.rank, random.sample(list(one.candidates), len(one.candidates))
        )
        for one in random.sample(demands, len(demands))
    ]
    before, after = choose(demands, ONE), choose(shuffled, ONE)
    assert {k: (v.outcome, v.document) for k, v in before.items()} == {
        k: (v.outcome, v.document) for k, v in after.items()
    }
