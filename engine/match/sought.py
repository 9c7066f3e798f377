"""Which documents a match looks at: those that hold a key that is sought, out of all there are.

Reads the temp table ``demand`` and the staged tables that a view of documents is made of; writes
nothing. What a view adds to a document (what is open of it, whose it is) is worked out of the whole
ledger: of years of invoices only those of the day are asked for it.
"""

from __future__ import annotations

from collections.abc import Collection

from ..store.database import Store
from ..store.narrow import OF_LEDGER, invoices, own_documents

# The view of documents that can be asked for few, and the tables that have its references.
VIEW, ID = "fortnox.invoice_view", "DocumentNumber"
TABLES = ("fortnox.invoice", "fortnox.invoice_detail")
# What the view works out, and which references one of has it.
WORKED_OUT = {
    "label": ("ExternalInvoiceReference2", "ExternalInvoiceReference1", "YourReference",
              "OurReference", "YourOrderNumber"),
}  # fmt: skip


def keyed(store: Store, view: str, steps: list[tuple[str, str]], own: list[str]) -> str | None:
    """A query of the ids of all documents of a view that a match may find: of ``steps``, each a
    field and the SQL of a key over ``l``, and of the keys of ``own`` documents. None where that
    can't be told without the view."""
    places = [
        (_place(store, view, one), one, key)
        for field, key in steps
        for one in WORKED_OUT.get(field, (field,))
    ]
    if view != VIEW or not (places or own) or not all(place for place, _, _ in places):
        return None
    parts = [
        f'SELECT "{ID}" FROM {table} WHERE "{field}" <> \'\' '
        f'AND "{field}" IN (SELECT {key} FROM demand AS l)'
        for table, field, key in places
    ]
    for keys in [f"SELECT {key} FROM demand AS l" for key in own]:
        parts.append(f'SELECT "{ID}" FROM {own_documents([keys])} WHERE source IN ({keys})')
    return "\nUNION\n".join(dict.fromkeys(parts))


def among(view: str, key: str, of: str, columns: Collection[str] = OF_LEDGER) -> str:
    """The documents of a view of which the query gives the ids; what is not among the ``columns``
    may hold nothing."""
    if view == VIEW:
        return invoices(of, columns)
    return f'(SELECT * FROM {view} WHERE "{key}" IN ({of}))'


def referred(store: Store, view: str, fields: list[str]) -> str | None:
    """All documents of a view with these fields, each as ``find FIELD`` without its blanks; None
    where a match looks at all of them anyway."""
    if view != VIEW:
        return None
    places = [(_place(store, view, field), field) for field in fields]
    if not all(place for place, _ in places):  # something is worked out
        shown = "".join(f', nullif("{f}", \'\') AS "find {f}"' for f in fields)
        return f'(SELECT "{ID}"{shown} FROM {VIEW})'
    shown = "".join(f', nullif({t}."{f}", \'\') AS "find {f}"' for t, f in places)
    return (
        f'(SELECT {TABLES[0]}."{ID}"{shown} FROM {TABLES[0]} LEFT JOIN {TABLES[1]} '
        f'ON {TABLES[1]}."{ID}" = {TABLES[0]}."{ID}")'
    )


def _place(store: Store, view: str, field: str) -> str | None:
    """The table that has a field of the view as it is."""
    if view != VIEW:
        return None
    return next((table for table in TABLES if field in store.types(table)), None)
