"""Finds our documents in the file: each beside its voucher, what differs, what is missing.

Reads what was booked and the files' vouchers, gives pairs; what others booked is the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from ...clock import STOCKHOLM
from ...sie.file import SieFile, Voucher
from .booked import Document
from .model import ZERO, Change

Key = tuple[int, int]  # the financial year's id, the voucher's place in its file


@dataclass(frozen=True, slots=True)
class Given:
    """A file of a financial year; ``asked_at`` is when Fortnox was asked for it, None of a file
    that somebody exported, whose own day counts then."""

    file: SieFile
    year_id: int
    source: str
    asked_at: datetime | None = None

    def knows(self, document: Document) -> bool:
        """Whether the file was made after the document was booked. Of a file's own day nobody can
        tell: it is believed to be older."""
        if document.done_at is None:
            return True
        if self.asked_at is not None:
            return document.done_at <= self.asked_at
        made = self.file.made
        return made is None or document.done_at.astimezone(STOCKHOLM).date() < made


@dataclass(slots=True)
class Found:
    """Our documents in the files: by action its voucher, and those that have none."""

    voucher: dict[str, Voucher] = field(default_factory=dict)
    missing: list[Document] = field(default_factory=list)
    later: list[Document] = field(default_factory=list)
    earlier: list[Document] = field(default_factory=list)  # of years that were not given
    owned: set[Key] = field(default_factory=set)

    def others(self, given: Given) -> list[Voucher]:
        """The vouchers of a file that are not ours."""
        return [
            one
            for index, one in enumerate(given.file.vouchers)
            if (given.year_id, index) not in self.owned
        ]


def find_ours(files: Sequence[Given], documents: Iterable[Document]) -> Found:
    """Each of our documents beside its voucher. A payment whose voucher Fortnox did not tell is
    looked for by account, amount, day and the number of its invoice."""
    found = Found()
    by_number = {
        (given.year_id, one.series, one.number): (index, one)
        for given in files
        for index, one in enumerate(given.file.vouchers)
    }
    untold: list[tuple[Given, Document]] = []
    for document in documents:
        place = _given_of(files, document)
        if place is None:
            first = files[0].file.year()
            if first is not None and document.day < first.first:
                found.earlier.append(document)
            continue
        if document.voucher is None:
            untold.append((place, document))
            continue
        series, number, _ = document.voucher
        held = by_number.get((place.year_id, series, number))
        if held is None:
            (found.missing if place.knows(document) else found.later).append(document)
            continue
        found.voucher[document.action] = held[1]
        found.owned.add((place.year_id, held[0]))
    _look_for(found, untold)
    return found


def _given_of(files: Sequence[Given], document: Document) -> Given | None:
    """The file of the year that Fortnox told, by its id; where that is none of theirs (or is not
    told), the file of the document's day."""
    told = document.voucher[2] if document.voucher else None
    by_id = next((given for given in files if given.year_id == told), None)
    if by_id is not None:
        return by_id
    for given in files:
        year = given.file.year()
        if year and year.first <= document.day <= year.last:
            return given
    return None


def _look_for(found: Found, untold: Iterable[tuple[Given, Document]]) -> None:
    """Payments whose voucher is not known: the first that is one of this account, amount, day and
    invoice; those that are alike in all of it are the same to the books."""
    index: dict[tuple[int, str, Decimal, object], list[tuple[int, Voucher]]] = {}
    for given in {id(one): one for one, _ in untold}.values():
        for place, voucher in enumerate(given.file.vouchers):
            if (given.year_id, place) not in found.owned:
                for account, amount in voucher.by_account().items():
                    key = (given.year_id, account, amount, voucher.day)
                    index.setdefault(key, []).append((place, voucher))
    for given, document in untold:
        account, amount = next(iter(document.rows.items()))
        alike = [
            (place, voucher)
            for place, voucher in index.get((given.year_id, account, amount, document.day), [])
            if (given.year_id, place) not in found.owned
        ]
        named = [one for one in alike if document.invoice in _words(one[1])]
        chosen = next(iter(named or (alike if len(alike) == 1 else [])), None)
        if chosen is None:
            (found.missing if given.knows(document) else found.later).append(document)
            continue
        found.voucher[document.action] = chosen[1]
        found.owned.add((given.year_id, chosen[0]))


def _words(voucher: Voucher) -> set[str]:
    texts = [voucher.text, *(row.text for row in voucher.rows)]
    return {word.strip(".,:;()#") for text in texts for word in text.split()}


def changes(
    found: Found, documents: Iterable[Document], matter: frozenset[str]
) -> list[Change]:
    """What the file lacks or has otherwise, and what a person corrected. ``matter`` are the
    accounts of which a difference needs a person."""
    told = []
    missing = {one.action for one in found.missing}
    for document in documents:
        if document.action in missing:
            accounts = tuple((number, amount, ZERO) for number, amount in document.rows.items())
            told.append(_change("missing", document, None, accounts, matters=True))
            continue
        voucher = found.voucher.get(document.action)
        if voucher is None:
            continue
        accounts = tuple(_differences(document, voucher))
        other_day = voucher.day != document.day and not document.adopted
        corrected = bool(voucher.struck or voucher.added)
        if accounts or other_day or corrected:
            matters = other_day or any(number in matter for number, _, _ in accounts)
            kind = "otherwise" if accounts or other_day else "corrected"
            told.append(_change(kind, document, voucher, accounts, matters=matters))
    return told


def _differences(
    document: Document, voucher: Voucher
) -> Iterable[tuple[str, Decimal, Decimal]]:
    """(account, what we booked, what the file has). Of a payment only the accounts that it names
    are known."""
    sums: Mapping[str, Decimal] = voucher.by_account()
    accounts = [*document.rows]
    if document.target_is_voucher:
        accounts += [number for number in sums if number not in document.rows]
    for number in accounts:
        ours, has = document.rows.get(number, ZERO), sums.get(number, ZERO)
        if ours != has:
            yield number, ours, has


def _change(
    kind: str,
    document: Document,
    voucher: Voucher | None,
    accounts: tuple[tuple[str, Decimal, Decimal], ...],
    *,
    matters: bool,
) -> Change:
    signs = [row.sign for row in (*voucher.added, *voucher.struck)] if voucher else []
    return Change(
        kind,  # type: ignore[arg-type]
        document.name,
        voucher.name if voucher else "",
        document.payout,
        document.day,
        voucher.day if voucher else None,
        accounts,
        by=next((sign for sign in signs if sign), ""),
        matters=matters,
    )
