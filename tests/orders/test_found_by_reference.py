"""Documents are looked up by one reference among all there are, and none of them is missed."""

from __future__ import annotations

import re

import pytest

from engine.match.sought import VIEW, WORKED_OUT, keyed, referred
from engine.store.statements import sql

from .kit import Lived


@pytest.mark.parametrize(
    "field", ["label", "ExternalInvoiceReference1", "ExternalInvoiceReference2"]
)
def test_what_a_reference_finds_is_among_what_is_looked_at(lived: Lived, field: str) -> None:
    store = lived.shop.store
    wanted = f"SELECT DocumentNumber, {field} AS held FROM {VIEW} WHERE {field} <> ''"
    by_held: dict[str, set[str]] = {}
    for row in store.rows(wanted):
        by_held.setdefault(row["held"], set()).add(row["DocumentNumber"])
    assert len(by_held) > 1
    for held, documents in by_held.items():
        store.execute("CREATE OR REPLACE TEMP TABLE demand AS SELECT $held AS held", {"held": held})
        looked_at = keyed(store, VIEW, [(field, "l.held")], [])
        assert looked_at is not None
        found = {number for (number,) in store.tuples(looked_at)}
        assert documents <= found < {row["DocumentNumber"] for row in store.rows(wanted)}


def test_a_label_is_sought_in_every_reference_that_the_view_takes_it_from() -> None:
    taken = re.search(r"CASE\n((?:\s+WHEN [^\n]*\n)+)\s+END AS label", sql("views"))
    assert taken is not None
    assert [*WORKED_OUT] == ["label"]
    assert {*WORKED_OUT["label"]} == {*re.findall(r"THEN [id]\.(\w+)", taken[1])}


def test_where_a_field_stands_in_no_table_all_are_looked_at(lived: Lived) -> None:
    assert keyed(lived.shop.store, VIEW, [("open_balance", "l.held")], []) is None


@pytest.mark.parametrize("fields", [["label", "YourOrderNumber"], ["ExternalInvoiceReference1"]])
def test_what_is_nearly_a_reference_is_sought_in_all_documents(
    lived: Lived, fields: list[str]
) -> None:
    store = lived.shop.store
    among = referred(store, VIEW, fields)
    shown = ", ".join(f"nullif({field}, '') AS \"find {field}\"" for field in fields)
    wanted = store.rows(f"SELECT DocumentNumber, {shown} FROM {VIEW} ORDER BY ALL")
    assert store.rows(f"SELECT * FROM {among} ORDER BY ALL") == wanted != []
