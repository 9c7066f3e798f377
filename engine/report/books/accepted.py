"""What a person answers for: a voucher that was corrected, taken back or booked by hand on purpose.

Reads and writes ``ledger.books_accepted``, append-only, and marks the items and changes of a proof.
Accepted is the very difference, account, day and amount: where it changes it is unexplained again.
Nothing is ever booked of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from ... import json_text
from ...errors import UsageError
from ...store.database import Store
from .files import name_of
from .kept import keep, last_proofs
from .model import Account, Books, Change, Item

COLUMNS = ("noted_at", "what", "who", "reason")
ACCEPTED = "SELECT what, who, reason FROM ledger.books_accepted ORDER BY rowid"


def accept(
    store: Store, now: datetime, who: str, name: str, reason: str, year: str | None = None
) -> Books:
    """Take down that a person answers for what is unexplained of a voucher; the proof that has it.

    ``name`` is what ``books`` calls it: the voucher, or our document; ``year`` is the financial
    year, for vouchers of two have the same numbers. Raises UsageError without a name or reason,
    where the last proofs have nothing unexplained of it, and where those of several years have.
    """
    wanted = name.removeprefix("voucher ").strip()
    if not wanted:
        raise UsageError("Which voucher?", 'Name it as `books` does: --accept "A 1".')
    if not who.strip():
        raise UsageError("Who answers for it?", "Give a name: --by NAME. It is kept.")
    if not reason.strip():
        raise UsageError("Why?", "Give a reason: --reason TEXT. It is kept.")
    proofs = [
        one.books
        for one in last_proofs(store)
        if year in (None, name_of((0, one.books.first, one.books.last)))
    ]
    if not proofs:
        of = f" of {year}" if year else ""
        raise UsageError(f"The books{of} are not proved yet.", "Run `books` first: it proves them.")
    have = [(one, found) for one in proofs if (found := _of(wanted, _unexplained(one)))]
    if not have:
        raise UsageError(*_nothing_of(wanted, proofs))
    if len(have) > 1:
        years = " and ".join(name_of((0, one.first, one.last)) for one, _ in have)
        raise UsageError(
            f"Voucher {wanted} is unexplained in {years}.", "Say which is meant: --year YEAR."
        )
    [(proof, found)] = have
    rows = [(now, what, who.strip(), reason.strip()) for what in found]
    store.append("ledger.books_accepted", rows, COLUMNS)
    renewed = with_accepted(store, proof)
    keep(store, now, renewed)
    return renewed


def _nothing_of(wanted: str, proofs: Iterable[Books]) -> tuple[str, str]:
    """Why nobody can answer for this voucher, and what there is."""
    for books in proofs:
        for said, names in _answered_for(books):
            if wanted in names:
                return (
                    f"Voucher {wanted} is answered for already. {said}",
                    "It stays explained as long as account, day and amount are the same.",
                )
    known = sorted({one for books in proofs for _, names in _unexplained(books) for one in names})
    return (
        f"The last proof of the books has nothing unexplained of voucher {wanted}.",
        f"It has: {', '.join(known)}." if known else "Nothing in it can be answered for.",
    )


def with_accepted(store: Store, books: Books) -> Books:
    """The proof with what persons answer for marked, by whom and why."""
    said = {row["what"]: f"{row['who']}: {row['reason']}" for row in store.rows(ACCEPTED)}
    return replace(
        books,
        accounts=tuple(_account(one, said) for one in books.accounts),
        changes=tuple(_change(one, said) for one in books.changes),
    )


def _account(account: Account, said: Mapping[str, str]) -> Account:
    items = tuple(
        replace(one, accepted=said.get(_of_item(account, one), "")) for one in account.items
    )
    return replace(account, items=items)


def _change(change: Change, said: Mapping[str, str]) -> Change:
    accepted = said.get(_of_change(change), "")
    return replace(change, accepted=accepted, matters=False) if accepted else change


def _of(wanted: str, unexplained: Iterable[tuple[str, frozenset[str]]]) -> list[str]:
    return list(dict.fromkeys(what for what, names in unexplained if wanted in names))


def _unexplained(books: Books) -> Iterator[tuple[str, frozenset[str]]]:
    """Each difference that a person may answer for, with the names of its vouchers."""
    for account in books.accounts:
        for item in account.unexplained:
            if names := _names(item.voucher, item.document):
                yield _of_item(account, item), names
    for change in books.changes:
        if change.matters:
            yield _of_change(change), _names(change.voucher, change.document, change.reversed_by)


def _answered_for(books: Books) -> Iterator[tuple[str, frozenset[str]]]:
    """What persons said of differences, with the names of its vouchers."""
    for account in books.accounts:
        for item in account.items:
            if item.accepted:
                yield item.accepted, _names(item.voucher, item.document)
    for change in books.changes:
        if change.accepted:
            yield change.accepted, _names(change.voucher, change.document, change.reversed_by)


def _names(*called: str) -> frozenset[str]:
    return frozenset(one.removeprefix("voucher ") for one in called if one)


def _of_item(account: Account, one: Item) -> str:
    return json_text.canonical(
        [account.number, one.kind, one.document, one.voucher, one.day, one.amount]
    )


def _of_change(one: Change) -> str:
    return json_text.canonical(
        [one.kind, one.document, one.voucher, one.day, one.found_day, one.accounts, one.reversed_by]
    )
