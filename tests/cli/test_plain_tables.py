"""A pipe's tables are laid out without Rich, and look as Rich would lay them out."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.show import plain
from engine.show.output import Output
from engine.show.page import Column, Table

SIGNS = "ab12 ÅäØ.,·–≠\u00a0\u00ad\u200b\u0301\t\n漢é[]\\✓€"
TEXTS = st.text(SIGNS, max_size=8)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    columns = draw(st.lists(st.tuples(TEXTS, st.booleans()), min_size=1, max_size=4))
    row = st.lists(st.one_of(TEXTS, st.tuples(TEXTS, st.just("red"))),
                   min_size=len(columns), max_size=len(columns))  # fmt: skip
    return Table([Column(title, right=right) for title, right in columns],
                 draw(st.lists(row, max_size=4)), titles=draw(st.booleans()))  # fmt: skip


def by_rich(table: Table) -> list[str]:
    return [line.rstrip() for line in Output()._drawn(table).splitlines()]


@settings(max_examples=150, deadline=None)
@given(tables())
def test_a_table_is_laid_out_as_rich_would_or_left_to_it(table: Table) -> None:
    lines = plain.lines(table)
    assert lines is None or [line.rstrip() for line in lines] == by_rich(table)


def test_what_takes_two_places_or_none_is_left_to_rich() -> None:
    for text in ("漢", "e\u0301", "two\nlines", "a\tb", " indented"):
        assert plain.lines(Table([Column("")], [[text]])) is None


def test_figures_dates_and_swedish_words_are_plain() -> None:
    table = Table([Column("Läge"), Column("Kronor", right=True)],
                  [["bokförd", "1 234.50"], [("väntar – ännu", "yellow"), "2 · 5.00"]])  # fmt: skip
    assert plain.lines(table) == [
        "Läge             Kronor",
        "bokförd        1 234.50",
        "väntar – ännu  2 · 5.00",
    ] == by_rich(table)  # fmt: skip
