"""What a mapping's documents reached is counted: values, branches of inline ifs, rows of tables."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.language.compile import compile_set
from engine.language.counts import Counts, counting
from engine.language.load import load_set_from_texts
from engine.language.program import Program
from engine.workbench.coverage.points import points_of

from .kit import BOOKS, CATALOGUE, LINE, PAYMENT

CHECKED = PAYMENT.replace(
    '"{{ line.Amount }}"', '"{{ -line.Amount if line.Amount < 0 else line.Amount }}"'
).replace(
    "identity:",
    "checks:\n  - {id: paid, that: line.Amount != 0, because: nothing was paid}\nidentity:",
)


def counted(text: str) -> tuple[Program, Counts, dict[str, tuple[str, int, int, int, str]]]:
    """The mapping compiled to count, and its points by ``label what``."""
    made, counts = load_set_from_texts({"one.yaml": text}, CATALOGUE), Counts()
    with counting(counts):
        program = compile_set(made, {})
    points = {f"{point.label} {point.what}": point.key for point in points_of(made)}
    return program, counts, points


def given(amount: str) -> dict[str, Any]:
    """What the mapping is given of a line of this amount."""
    return {"line": {**LINE, "Amount": Decimal(amount)}, "books": BOOKS, "earlier": 0}


def hits(amounts: list[str]) -> dict[str, int]:
    """How often each point is reached by lines of these amounts."""
    program, counts, points = counted(CHECKED)
    for amount in amounts:
        program.mappings["payment"].render(given(amount))
    return {label: counts.hits(key) for label, key in points.items()}


def test_the_branch_of_a_payment_and_the_one_of_a_repayment_are_counted_apart() -> None:
    found = hits(["100.00", "200.00", "-5.00"])
    assert found["document.Amount value"] == 3
    assert found["document.Amount if"] == 1
    assert found["document.Amount else"] == 2


def test_a_check_is_asked_for_each_line_and_its_reason_told_where_it_fails() -> None:
    found = hits(["100.00", "0.00"])
    assert found["checks.paid.that value"] == 2
    assert found["checks.paid.because value"] == 1
    assert found["document.Amount value"] == 1, "a line that parks has no document"
    assert found["document.InvoiceNumber value"] == 1, "nor the fields that are the same in each"


def test_what_no_line_reached_stands_at_nought() -> None:
    found = hits(["100.00"])
    assert found["document.Amount if"] == 0
    assert found["checks.paid.because value"] == 0


def test_looking_does_not_count() -> None:
    program, counts, points = counted(CHECKED)
    program.mappings["payment"].render(given("100.00"))
    key = points["document.Amount value"]
    assert [counts.hits(key) for _ in range(3)] == [1, 1, 1]


def test_counting_changes_no_document_and_costs_nothing_where_nobody_counts() -> None:
    program, _counts, _points = counted(CHECKED)
    plain = compile_set(load_set_from_texts({"one.yaml": CHECKED}, CATALOGUE), {})
    inputs = given("100.00")
    assert program.mappings["payment"].render(inputs) == plain.mappings["payment"].render(inputs)
    assert "next(" not in plain.mappings["payment"].source
    assert "next(" in program.mappings["payment"].source
