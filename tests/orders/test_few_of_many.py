"""What is said of a few documents of this program's own is what the views say of them among all."""

from __future__ import annotations

from collections.abc import Iterator

from engine.store.database import Store
from engine.store.narrow import invoices, may_own, own_documents, owners

from .kit import Lived

OF = "SELECT unnest($of::VARCHAR[])"


def each(store: Store, view: str, key: str) -> Iterator[tuple[list[str], list[tuple[object, ...]]]]:
    """Each key that a view has, and all of them, with the rows that it has of these."""
    keys = [row[0] for row in store.tuples(f"SELECT DISTINCT {key} FROM {view} ORDER BY ALL")]
    assert len(keys) > 5, view
    for of in [[one] for one in keys] + [keys]:
        yield of, store.tuples(f"FROM {view} WHERE {key} IN ({OF}) ORDER BY ALL", {"of": of})


def test_documents_of_its_own(lived: Lived) -> None:
    store = lived.shop.store
    for view, few in (("ledger.own_document", own_documents()), ("ledger.owner", owners())):
        every = store.tuples(f"FROM {view} ORDER BY ALL")
        assert len(every) > 5
        assert store.tuples(f"FROM {few} ORDER BY ALL") == every


def test_what_is_sought_of_them(lived: Lived) -> None:
    """By what they are of, the whole or a part of its name."""
    store = lived.shop.store
    mine = f"FROM {own_documents([OF])} WHERE source IN ({OF}) ORDER BY ALL"
    for of, wanted in each(store, "ledger.own_document", "source"):
        assert store.tuples(mine, {"of": of}) == wanted
    whole = store.tuples("SELECT 1 FROM ledger.own_document WHERE contains(source, '/')")
    assert 0 < len(whole) < len(store.tuples("FROM ledger.own_document"))


def test_whose_a_document_is(lived: Lived) -> None:
    store = lived.shop.store
    mine = f"FROM {owners(OF)} WHERE DocumentNumber IN ({OF}) ORDER BY ALL"
    for of, wanted in each(store, "ledger.owner", "DocumentNumber"):
        assert store.tuples(mine, {"of": of}) == wanted


def test_what_may_own(lived: Lived) -> None:
    """Whatever is told of as an owner is among what may own."""
    store = lived.shop.store
    for entity in ("fortnox.invoice", "fortnox.order"):
        own = store.tuples("SELECT source FROM ledger.owner WHERE entity = ?", [entity])
        actions = f"SELECT source FROM ledger.action WHERE action IN ({may_own(entity)})"
        assert own
        assert {*own} <= {*store.tuples(actions)}
    assert not store.tuples(may_own("fortnox.customer"))


def test_what_an_invoice_takes_from_the_ledger(lived: Lived) -> None:
    """What credits it stands in its view; where that is not asked for, the rest is the same."""
    store, numbers = lived.shop.store, "SELECT DocumentNumber FROM fortnox.invoice"
    columns = "* EXCLUDE (open_balance, credited)"
    for view in ("fortnox.invoice_view", invoices(numbers), invoices(numbers, ())):
        assert store.tuples(f"SELECT {columns} FROM {view} ORDER BY ALL") == store.tuples(
            f"SELECT {columns} FROM fortnox.invoice_view ORDER BY ALL"
        )
    assert store.tuples(f"FROM {invoices(numbers)} ORDER BY ALL") == store.tuples(
        "FROM fortnox.invoice_view ORDER BY ALL"
    )
