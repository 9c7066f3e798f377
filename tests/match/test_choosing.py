"""Choosing among candidates: what is taken of a balance, and who wins, whatever the order."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from engine.match.choice import Candidate, Choice, Demand, choose

TOLERANCE = Decimal("1.00")


def candidate(document: str, balance: str, *, step: int = 1, state: str = "ok") -> Candidate:
    """A document with this open balance; the older the smaller its number."""
    because = "" if state == "ok" else f"it is {state}"
    name = ("payout reference", "other reference")[step - 1]
    return Candidate(document, step, name, state, because, Decimal(balance), (int(document),))


def demand(line: str, amount: str, *candidates: Candidate) -> Demand:
    return Demand(line, Decimal(amount), (line,), candidates)


def chosen(*demands: Demand) -> dict[str, tuple[str, str | None]]:
    return {line: (one.outcome, one.document) for line, one in choose(demands, TOLERANCE).items()}


def test_no_candidate_is_none() -> None:
    assert chosen(demand("a", "10")) == {"a": ("none", None)}


def test_an_equal_balance_wins_over_an_older_document() -> None:
    one = demand("a", "250", candidate("1", "400"), candidate("2", "250"))
    assert chosen(one) == {"a": ("exact", "2")}


def test_equal_ones_pair_oldest_with_oldest() -> None:
    twins = candidate("2", "250"), candidate("1", "250")
    assert chosen(demand("b", "250", *twins), demand("a", "250", *twins)) == {
        "a": ("exact", "1"),
        "b": ("exact", "2"),
    }


def test_an_exact_line_comes_before_an_older_one_that_would_take_a_part() -> None:
    only = candidate("1", "250")
    assert chosen(demand("a", "100", only), demand("b", "250", only)) == {
        "a": ("spent", "1"),
        "b": ("exact", "1"),
    }


def test_several_captures_take_a_balance_in_turn() -> None:
    only = candidate("1", "1000")
    assert chosen(demand("a", "640", only), demand("b", "360", only)) == {
        "a": ("less", "1"),
        "b": ("exact", "1"),
    }


def test_what_is_left_open_takes_nothing_of_the_balance() -> None:
    only = candidate("1", "1000")
    demands = demand("a", "640", only), demand("b", "360", only)
    left = choose(demands, TOLERANCE, left_open=["less"])
    assert {line: one.outcome for line, one in left.items()} == {"a": "less", "b": "less"}


def test_two_that_could_take_it_and_neither_exactly_are_several() -> None:
    one = demand("a", "250", candidate("1", "300"), candidate("2", "400"))
    (choice,) = choose([one], TOLERANCE).values()
    assert choice.outcome == "several"
    assert {document for document, _, _ in choice.losers} == {"1", "2"}
    assert "1 (balance 300.00), 2 (balance 400.00)" in choice.reason


def test_of_several_of_which_one_is_open_the_open_one_is_taken() -> None:
    one = demand("a", "250", candidate("1", "0"), candidate("2", "400"))
    assert chosen(one) == {"a": ("less", "2")}


def test_the_first_step_that_finds_something_decides() -> None:
    one = demand("a", "250", candidate("1", "400"), candidate("2", "250", step=2))
    (choice,) = choose([one], TOLERANCE).values()
    assert (choice.outcome, choice.document) == ("less", "1")
    assert ("2", "other reference", "the step 'payout reference' comes first") in choice.losers


def test_what_is_out_of_the_question_does_not_decide() -> None:
    one = demand("a", "250", candidate("1", "250", state="skip"), candidate("2", "250", step=2))
    assert chosen(one) == {"a": ("exact", "2")}


def test_a_document_that_is_not_ready_makes_the_line_wait_unless_another_is() -> None:
    waits = candidate("1", "250", state="wait")
    assert chosen(demand("a", "250", waits)) == {"a": ("wait", "1")}
    assert chosen(demand("a", "250", waits, candidate("2", "250"))) == {"a": ("exact", "2")}


def test_a_document_found_by_two_steps_is_named_once_in_the_reason() -> None:
    skipped = [candidate("1", "250", step=step, state="skip") for step in (1, 2)]
    (choice,) = choose([demand("a", "250", *skipped)], TOLERANCE).values()
    assert choice.reason == "no document fits (document 1: it is skip)"


def test_the_tolerance_itself_is_near_and_one_oere_more_is_not() -> None:
    assert chosen(demand("a", "199", candidate("1", "200"))) == {"a": ("near", "1")}
    assert chosen(demand("a", "198.99", candidate("1", "200"))) == {"a": ("less", "1")}
    assert chosen(demand("a", "201", candidate("1", "200"))) == {"a": ("near", "1")}
    assert chosen(demand("a", "201.01", candidate("1", "200"))) == {"a": ("more", "1")}


def test_refunds_take_credit_invoices_by_the_same_rules() -> None:
    assert chosen(demand("a", "-200", candidate("1", "-200"))) == {"a": ("exact", "1")}
    assert chosen(demand("a", "-150", candidate("1", "-200"))) == {"a": ("less", "1")}
    assert chosen(demand("a", "-250", candidate("1", "-200"))) == {"a": ("more", "1")}


# -- what holds whatever the demands --------------------------------------------------------------

AMOUNTS = st.integers(1, 12).map(lambda number: Decimal(number) / 2)


@st.composite
def demands(draw: st.DrawFn) -> list[Demand]:
    """Up to six lines over up to five documents, all of one sign."""
    sign = draw(st.sampled_from([1, -1]))
    balances = draw(st.lists(AMOUNTS, max_size=5))
    documents = [candidate(str(n), str(sign * balance)) for n, balance in enumerate(balances, 1)]
    lines = draw(st.lists(AMOUNTS, min_size=1, max_size=6))
    given = []
    for number, amount in enumerate(lines):
        picked = draw(st.lists(st.sampled_from(documents), unique=True)) if documents else []
        given.append(demand(f"line {number}", str(sign * amount), *picked))
    return given


TOLERANCES = st.sampled_from([Decimal(0), Decimal("0.5"), Decimal(1)])


def taken(one: Demand, choice: Choice) -> Decimal:
    """What the line consumes of its document."""
    if choice.document is None or choice.outcome in ("spent", "wait", "park"):
        return Decimal(0)
    return one.amount - choice.rest + choice.difference


@given(demands(), TOLERANCES)
def test_no_balance_is_consumed_beyond_what_there_is(
    given_: list[Demand], tolerance: Decimal
) -> None:
    choices = choose(given_, tolerance)
    balances = {c.document: c.balance for one in given_ for c in one.candidates}
    for document, balance in balances.items():
        consumed = sum(
            (
                taken(one, choices[one.line])
                for one in given_
                if choices[one.line].document == document
            ),
            Decimal(0),
        )
        assert abs(consumed) <= abs(balance)


@given(demands(), TOLERANCES)
def test_every_line_gets_a_choice_and_a_reason(given_: list[Demand], tolerance: Decimal) -> None:
    choices = choose(given_, tolerance)
    assert choices.keys() == {one.line for one in given_}
    assert all(choice.reason for choice in choices.values())
    for one in given_:
        choice = choices[one.line]
        named = {document for document, _, _ in choice.losers} | {choice.document}
        assert {c.document for c in one.candidates} <= named


@given(st.data(), demands(), TOLERANCES)
def test_the_order_in_which_lines_and_candidates_come_does_not_matter(
    data: st.DataObject, given_: list[Demand], tolerance: Decimal
) -> None:
    def shuffled(one: Demand) -> Demand:
        order: Sequence[Candidate] = data.draw(st.permutations(list(one.candidates)))
        return Demand(one.line, one.amount, one.rank, order)

    other = [shuffled(one) for one in data.draw(st.permutations(given_))]
    first, second = choose(given_, tolerance), choose(other, tolerance)
    for line, choice in first.items():
        assert (choice.outcome, choice.document, choice.rest, choice.difference) == (
            second[line].outcome,
            second[line].document,
            second[line].rest,
            second[line].difference,
        )


@given(demands(), TOLERANCES)
def test_a_line_with_an_exactly_equal_balance_gets_one_or_it_went_to_an_equal_line(
    given_: list[Demand], tolerance: Decimal
) -> None:
    choices = choose(given_, tolerance)
    for one in given_:
        equal = [c.document for c in one.candidates if c.balance == one.amount]
        if not equal or choices[one.line].outcome == "exact":
            continue
        takers = [
            other.amount for other in given_ if choices[other.line].document in equal
            and choices[other.line].outcome == "exact"
        ]  # fmt: skip
        assert len(takers) >= len(equal)
        assert all(amount == one.amount for amount in takers)


@given(demands(), TOLERANCES)
def test_amounts_and_their_parts_add_up(given_: list[Demand], tolerance: Decimal) -> None:
    for one, choice in ((one, choose(given_, tolerance)[one.line]) for one in given_):
        if choice.outcome == "more":
            assert abs(choice.rest) > tolerance
            assert choice.rest * one.amount > 0
        else:
            assert choice.rest == 0
        assert abs(choice.difference) <= tolerance
        assert choice.difference == 0 or choice.outcome == "near"
