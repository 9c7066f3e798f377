"""What the bank and the books last said of a merchant, for ``status``.

Reads what is kept of both. Most merchants hold their payouts against neither, and for them none of
the modules that know how is loaded.
"""

# ruff: noqa: PLC0415  loaded where there is something to be read

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..store.database import Store

if TYPE_CHECKING:
    from .bank.model import Bank
    from .books.kept import Kept


def bank_of(store: Store, settings: Mapping[str, Any]) -> Bank | None:
    """The payouts at the bank; None before any statement was read."""
    if not _any(store, "ledger.bank_statement"):
        return None
    from .bank.match import read_bank

    return read_bank(store, settings)


def proofs_of(store: Store) -> Sequence[Kept]:
    """The last proof of the books of each financial year, the newest year first."""
    if not _any(store, "ledger.books"):
        return ()
    from .books.kept import last_proofs

    return last_proofs(store)


def _any(store: Store, table: str) -> bool:
    """Whether the table has a row; a database of an earlier version may lack it."""
    return store.has(table) and store.value(f"SELECT 1 FROM {table} LIMIT 1") is not None
