"""A row that takes everything is one mistake, and one finding, however many rows it hides."""

from __future__ import annotations

from engine.language.load import load_set_from_texts
from engine.merchant.settings import filled, merchant_schema
from engine.merchant.tables import decided_rows
from engine.yamlfile import parse


def told(text: str) -> list[str]:
    """What is said of the rows of a merchant's file."""
    schema, file = merchant_schema(), parse(text, "shop.yaml")
    tree = filled(file.value, schema, schema, None)
    return [str(one) for one in decided_rows(file, tree, schema)]


def test_a_catch_all_above_all_methods_is_told_once_where_it_stands() -> None:
    methods = "".join(f"  - {{method: {m}, account: 158{i}}}\n" for i, m in enumerate("ABCD"))
    assert told(f"interim_accounts:\n  - {{account: 1580}}\n{methods}") == [
        "shop.yaml:2:5: duplicate-row: interim_accounts[0] takes any method, any currency, so "
        "interim_accounts[1], interim_accounts[2], interim_accounts[3], interim_accounts[4] never "
        "decide. Put it last, or delete them."
    ]


def test_at_the_end_it_takes_the_rest_and_is_right() -> None:
    assert told("interim_accounts:\n  - {method: A, account: 1581}\n  - {account: 1580}\n") == []


def test_a_single_row_that_never_decides_is_told_where_it_stands() -> None:
    rows = "  - {method: A, account: 1581}\n  - {method: A, currency: SEK, account: 1582}\n"
    assert told(f"interim_accounts:\n{rows}") == [
        "shop.yaml:3:5: duplicate-row: interim_accounts[1]: A, SEK is decided by the row in line "
        "2. Delete one, or put the narrower first."
    ]


def test_a_table_of_a_set_tells_it_once_too() -> None:
    table = """\
version: 2
table: t
inputs: {a: text}
outputs: {b: text}
hit: first
rows:
  - {id: all, then: {b: x}}
  - {id: one, when: {a: A}, then: {b: y}}
  - {id: two, when: {a: B}, then: {b: z}}
otherwise: {b: null}
"""
    loaded = load_set_from_texts({"t.yaml": table}, {})
    assert [str(one) for one in loaded.warnings] == [
        "t.yaml:7:5: unreachable-row: row 1 covers the rows 2, 3, which are never reached. "
        "Put it behind them."
    ]
