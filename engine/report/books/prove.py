"""Proves the books: each watched account's balance in Fortnox's SIE file, item by item.

Reads the files of one or more consecutive years, what this program booked, and the settings; gives
``Books`` for the last of the years. What is not known is an item like any other, so an account's
items always add up to its closing balance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from ...sie.file import Voucher
from .booked import Booked, Document
from .model import ZERO, Account, Books, Change, Item, ItemKind, Role
from .others import OnAccount, reversals, settle, suggested, without_pairs
from .ours import Found, Given, changes, find_ours
from .watched import watched

# A line's state → what its part of the balance is called.
OF_STATE: Mapping[str, ItemKind] = {"ignored": "ignored"}


def prove(files: Sequence[Given], booked: Booked, settings: Mapping[str, Any]) -> Books:
    """The proof of the last file's year. The files are of consecutive years, the oldest first; each
    names its year (#RAR 0)."""
    roles = watched(settings, booked)
    found = find_ours(files, booked.documents)
    proof = _Proof(files, booked, roles, settings["payouts_from"], found)
    asked = files[-1]
    year = asked.file.year()
    if year is None:
        raise ValueError("the file names no year")
    banks = {str(row["account"]) for row in settings["bank_accounts"]}
    told = changes(found, booked.documents, frozenset({*roles, *banks}))
    accounts = tuple(_account(proof, number, role) for number, role in roles.items())
    reversed_ = [change for change, _ in proof.reversed]
    return Books(
        year.first, year.last, asked.source, asked.asked_at, asked.file.made, accounts,
        (*told, *reversed_), tuple(_odd(files)), len(found.voucher), len(found.later), len(files),
    )  # fmt: skip


@dataclass(slots=True)
class _Proof:
    """What all accounts are proved from."""

    files: Sequence[Given]
    booked: Booked
    roles: Mapping[str, Role]
    payouts_from: date
    found: Found
    # By account and item key: what our documents leave there.
    left: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)  # lines whose money was transferred
    documents_of: dict[str, list[Document]] = field(default_factory=dict)  # by item key
    reversed: list[tuple[Change, Voucher]] = field(default_factory=list)
    others: list[Voucher] = field(default_factory=list)
    paid_out: dict[str, tuple[Decimal, date]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for document in self.counted():
            self.moved.update(document.moves)
            for account, item, amount in self.booked.effects(document):
                on = self.left.setdefault(account, {})
                on[item] = on.get(item, ZERO) + amount
                self.documents_of.setdefault(item, []).append(document)
            if document.moves:
                total = sum((v for k, v in document.rows.items() if k not in self.roles), ZERO)
                before, _ = self.paid_out.get(document.payout, (ZERO, document.day))
                self.paid_out[document.payout] = before + total, document.day
        self.others = [one for given in self.files for one in self.found.others(given)]
        ours = [
            (one, self.found.voucher[one.action])
            for one in self.booked.documents
            if one.action in self.found.voucher
        ]
        self.reversed = list(reversals(ours, self.others))

    def counted(self) -> list[Document]:
        """Our documents that the files must show: those found, those missing, and those of earlier
        years, which the first opening balance holds."""
        there = {*self.found.voucher, *(one.action for one in self.found.missing)}
        there.update(one.action for one in self.found.earlier)
        return [one for one in self.booked.documents if one.action in there]


def _account(proof: _Proof, number: str, role: Role) -> Account:
    asked = proof.files[-1].file
    opening, closing = asked.balance("IB", number), asked.balance("UB", number)
    not_ours = {id(one) for one in proof.found.others(proof.files[-1])}
    ours = sum((one.on(number) for one in asked.vouchers if id(one) not in not_ours), ZERO)
    others = sum((one.on(number) for one in asked.vouchers if id(one) in not_ours), ZERO)
    name = next((one.name for one in asked.accounts if one.number == number), "")

    items = _cancelled(_own_items(proof, number, role), proof, role)
    later = [one for one in proof.others if one.day >= proof.payouts_from and one.on(number)]
    vouchers = without_pairs(later, {*proof.roles})
    left, settled = settle(OnAccount(number, role, items, vouchers), proof.booked)
    by_name = {(one.name, one.day): one for one in vouchers}
    left = [_with_suggestions(proof, number, one, by_name) for one in left]
    left += _differences(proof, number)
    left += _before(proof, number)
    left += _breaks(proof, number)
    left.sort(key=lambda one: (one.explained, one.day or date.min, one.payout, one.line))
    return Account(number, name, role, opening, ours, others, closing, tuple(left), tuple(settled))


def _own_items(proof: _Proof, number: str, role: Role) -> dict[str, Item]:
    """What our documents leave on the account, by line or payout."""
    return {
        key: _own_item(proof, key, amount, role)
        for key, amount in proof.left.get(number, {}).items()
        if amount
    }


def _own_item(proof: _Proof, key: str, amount: Decimal, role: Role) -> Item:
    line = proof.booked.lines.get(key)
    names = ", ".join(dict.fromkeys(one.name for one in proof.documents_of[key]))
    if line is None:
        document = proof.documents_of[key][0]
        return Item(_kind_of_payout(proof, key, role), amount, document.day, document.payout,
                    document=names)  # fmt: skip
    kind: ItemKind = "held"
    if role == "interim":
        moved = line.line in proof.moved
        booked = any(not one.moves for one in proof.documents_of[key])
        if moved and not booked:
            kind = OF_STATE.get(line.state, "open")
        elif booked and not moved:
            kind = "ahead"
    said = f"{line.who}: {line.said}" if line.who else line.reason
    return Item(
        kind, amount, line.day, line.payout, line.line, line.order, line.reference, line.state,
        said, names,
    )  # fmt: skip


def _kind_of_payout(proof: _Proof, key: str, role: Role) -> ItemKind:
    """Fees of a payout that a voucher of fees books, before or after its transfer."""
    if role != "interim":
        return "held"
    moves = [bool(one.moves) for one in proof.documents_of[key]]
    return "open" if all(moves) else "held" if any(moves) else "ahead"


def _cancelled(items: dict[str, Item], proof: _Proof, role: Role) -> dict[str, Item]:
    """Without what takes itself back: of an order a dispute that was won, of a payout that comes to
    nothing and so has no transfer what its lines booked."""
    together: dict[str, list[str]] = {}
    for key, one in items.items():
        if role == "interim" and one.kind == "ahead":
            together.setdefault(one.payout, []).append(key)
        elif role in ("dispute", "suspense") and one.order:
            together.setdefault(one.order, []).append(key)
    for keys in together.values():
        if len(keys) > 1 and sum((items[key].amount for key in keys), ZERO) == 0:
            for key in keys:
                del items[key]
    return items


def _with_suggestions(
    proof: _Proof, number: str, item: Item, vouchers: Mapping[tuple[str, date], Voucher]
) -> Item:
    if item.kind != "others" or item.day is None:
        return item
    called = item.voucher, item.day
    back = next((c for c, one in proof.reversed if (one.name, one.day) == called), None)
    if back is not None:
        return replace(item, document=back.document, why="takes it back")
    voucher = vouchers[item.voucher, item.day]
    return suggested(item, voucher, number, proof.booked, proof.paid_out)


def _differences(proof: _Proof, number: str) -> Iterable[Item]:
    """What the files' vouchers of ours have here otherwise than we booked."""
    missing = {one.action for one in proof.found.missing}
    for document in proof.booked.documents:
        ours = document.rows.get(number, ZERO)
        if document.action in missing and ours:
            yield Item("missing", -ours, document.day, document.payout, document=document.name,
                       ours=ours)  # fmt: skip
        voucher = proof.found.voucher.get(document.action)
        if voucher is not None and (has := voucher.on(number)) != ours:
            yield Item(
                "otherwise", has - ours, document.day, document.payout, document=document.name,
                voucher=voucher.name, text=voucher.text, ours=ours,
            )  # fmt: skip


def _before(proof: _Proof, number: str) -> Iterable[Item]:
    """What was there before: of the first opening balance what we did not book, and what others
    booked before this program took over."""
    first = proof.files[0].file
    year = first.year()
    earlier = {one.action for one in proof.found.earlier}
    ours = sum(
        (one.rows.get(number, ZERO) for one in proof.booked.documents if one.action in earlier),
        ZERO,
    )
    opened = first.balance("IB", number) - ours
    booked = sum((one.on(number) for one in proof.others if one.day < proof.payouts_from), ZERO)
    if year is None or proof.payouts_from >= year.first:
        if opened + booked:
            yield Item("before", opened + booked, proof.payouts_from)
        return
    if booked:
        yield Item("before", booked, proof.payouts_from)
    if opened:
        yield Item("earlier", opened, year.first)


def _breaks(proof: _Proof, number: str) -> Iterable[Item]:
    """Where a file's balances do not follow from one another."""
    closed: Decimal | None = None
    for given in proof.files:
        file, year = given.file, given.file.year()
        opening, closing = file.balance("IB", number), file.balance("UB", number)
        day = year.first if year else None
        if closed is not None and opening != closed:
            yield Item("carried", opening - closed, day, ours=closed)
        rows = sum((one.on(number) for one in file.vouchers), ZERO)
        if closing != opening + rows:
            yield Item("file", closing - opening - rows, year.last if year else None, ours=rows)
        closed = closing


def _odd(files: Sequence[Given]) -> Iterable[str]:
    for given in files:
        for problem in given.file.problems:
            yield f"{given.source}, line {problem.line}: {problem.text}"
