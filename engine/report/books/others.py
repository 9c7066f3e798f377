"""What others booked on the proved accounts: what cancels itself, settles something, or is odd.

Reads the vouchers of a file that are not ours and the open items; suggests what each may belong to,
with its evidence. It decides nothing and books nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from ...sie.file import Voucher
from .booked import SHORTEST, Booked, Document, Line
from .model import ZERO, Change, Item, Role, Settled, Suggestion

PaidOut = Mapping[str, tuple[Decimal, date]]
MOST_SUGGESTED = 3
FOR_IT = ("the same amount", "its text names")
NEAR_DAYS = 10  # a payout of the same amount further away is no suggestion


def without_pairs(vouchers: Sequence[Voucher], accounts: Collection[str]) -> list[Voucher]:
    """The vouchers that touch the accounts, without pairs that take each other back on all of
    them: a voucher and its reversal."""
    open_: dict[tuple[tuple[str, Decimal], ...], list[Voucher]] = {}
    left: dict[int, Voucher] = {}
    for voucher in vouchers:
        sums = sorted((k, v) for k, v in voucher.by_account().items() if k in accounts and v)
        if not sums:
            continue
        opposite = open_.get(tuple((k, -v) for k, v in sums))
        if opposite:
            del left[id(opposite.pop())]
            continue
        open_.setdefault(tuple(sums), []).append(voucher)
        left[id(voucher)] = voucher
    return list(left.values())


def reversals(
    ours: Iterable[tuple[Document, Voucher]], others: Sequence[Voucher]
) -> Iterator[tuple[Change, Voucher]]:
    """Vouchers of ours that one of others takes back row by row, with that one; and where a third
    puts it back, that third."""
    by_rows: dict[frozenset[tuple[str, Decimal]], list[Voucher]] = {}
    for voucher in others:
        by_rows.setdefault(_rows(voucher), []).append(voucher)
    for document, voucher in ours:
        rows = _rows(voucher)
        back = by_rows.get(frozenset((number, -amount) for number, amount in rows), [])
        later = [one for one in back if one.day >= voucher.day]
        named = [one for one in later if _names(one, voucher.number)]
        chosen = next(iter(named or later), None)
        if chosen is None or not rows:
            continue
        back.remove(chosen)
        again = next((one for one in by_rows.get(rows, []) if one.day >= chosen.day), None)
        if again is not None:
            by_rows[rows].remove(again)
        yield (
            Change(
                "reversed", document.name, voucher.name, document.payout, document.day,
                voucher.day, reversed_by=chosen.name, mended=again.name if again else "",
                by=chosen.sign, matters=again is None,
            ),
            chosen,
        )  # fmt: skip


def _rows(voucher: Voucher) -> frozenset[tuple[str, Decimal]]:
    return frozenset((number, amount) for number, amount in voucher.by_account().items() if amount)


@dataclass(frozen=True, slots=True)
class OnAccount:
    """What is open on an account, by item key, and what others booked there."""

    number: str
    role: Role
    items: Mapping[str, Item]
    vouchers: Sequence[Voucher]


def settle(one: OnAccount, booked: Booked) -> tuple[list[Item], list[Settled]]:
    """The account's items as they are left, vouchers of others among them, and what these settle.

    A voucher settles a line that a person set aside when it books exactly its amount, and names it
    or is the only such; on the other accounts what is held, by its exact amount, or the oldest of
    it up to its amount.
    """
    items, settled = dict(one.items), []
    amounts = [voucher.on(one.number) for voucher in one.vouchers]
    for voucher, amount in zip(one.vouchers, amounts, strict=True):
        if not amount:
            continue
        if one.role == "interim":
            found = _set_aside(items, voucher, amount, booked, only=amounts.count(amount) == 1)
        else:
            found = _held(items, amount)
        if found is None:
            # Two years' files may have a voucher of one name on the same line.
            key = f"voucher {voucher.day} {voucher.line} {voucher.name}"
            items[key] = Item("others", amount, voucher.day, voucher=voucher.name,
                              text=voucher.text)  # fmt: skip
            continue
        keys, evidence = found
        parts = tuple(items.pop(key) for key in keys)
        settled.append(Settled(voucher.name, voucher.day, voucher.text, amount, parts, evidence))
    return list(items.values()), settled


def _set_aside(
    items: Mapping[str, Item], voucher: Voucher, amount: Decimal, booked: Booked, *, only: bool
) -> tuple[list[str], tuple[str, ...]] | None:
    fitting = {
        key: one for key, one in items.items() if one.kind == "ignored" and one.amount == -amount
    }
    for key, one in fitting.items():
        if named := _named(voucher, booked.lines.get(one.line), booked):
            return [key], ("the same amount", named)
    if len(fitting) == 1 and only:
        return list(fitting), ("the same amount, and the only such line and voucher",)
    return None


def _held(
    items: Mapping[str, Item], amount: Decimal
) -> tuple[list[str], tuple[str, ...]] | None:
    held = {key: one for key, one in items.items() if one.kind == "held"}
    alone = [key for key, one in held.items() if one.amount == -amount]
    if alone:
        return alone[:1], ("the same amount",)
    total, taken = ZERO, []
    for key, one in sorted(held.items(), key=lambda pair: (pair[1].day or date.min, pair[0])):
        total += one.amount
        taken.append(key)
        if total == -amount:
            return taken, (f"the oldest {len(taken)} together",)
    return None


def suggested(
    item: Item, voucher: Voucher, account: str, booked: Booked, paid_out: PaidOut
) -> Item:
    """The item of a voucher of others, with what it may belong to, the best evidence first.
    ``paid_out`` is what the transfer of each payout brought to the bank, and its day."""
    found = [
        *_lines(voucher, item.amount, account, booked),
        *_payouts(voucher, item.amount, booked, paid_out),
    ]
    weight = {id(one): sum(said.startswith(FOR_IT) for said in one.evidence) for one in found}
    heaviest = max(weight.values(), default=0)
    best = [one for one in found if weight[id(one)] == heaviest]
    return replace(item, suggestions=tuple(best[:MOST_SUGGESTED]))


def _lines(voucher: Voucher, amount: Decimal, account: str, booked: Booked) -> Iterator[Suggestion]:
    found: dict[str, list[str]] = {
        line.line: ["the same amount"] for line in booked.by_value.get(amount, ())
    }
    for word in _words(voucher):
        for what, line in booked.named.get(word, ()):
            evidence = found.setdefault(line.line, [])
            if not any(said.startswith("its text") for said in evidence):
                evidence.append(f"its text names {what} {word}")
    for key, evidence in found.items():
        line = booked.lines[key]
        if line.state in ("posted", "adopted"):
            evidence.append(f"it is {line.reason} already")
        elif line.interim != account:
            evidence.append(f"it belongs on {line.interim}")
        yield Suggestion(
            "line", line.line, line.payout, line.order, line.reference, line.document,
            line.interim, tuple(evidence),
        )  # fmt: skip


def _payouts(
    voucher: Voucher, amount: Decimal, booked: Booked, paid_out: PaidOut
) -> Iterator[Suggestion]:
    for payout, (total, day) in paid_out.items():
        evidence = []
        if total and total == -amount and abs((voucher.day - day).days) <= NEAR_DAYS:
            apart = abs((voucher.day - day).days)
            evidence.append("the same amount with the opposite sign")
            evidence.append("the same day" if not apart else f"{apart} days apart")
        if len(payout) >= SHORTEST and _names(voucher, payout):
            evidence.append(f"its text names payout {payout}")
        if evidence:
            yield Suggestion("payout", payout=payout, evidence=tuple(evidence))


def _named(voucher: Voucher, line: Line | None, booked: Booked) -> str:
    """What of a line a voucher's texts name, in words; empty when nothing."""
    for word in _words(voucher):
        for what, one in booked.named.get(word, ()):
            if line is not None and one.line == line.line:
                return f"its text names {what} {word}"
    return ""


def _words(voucher: Voucher) -> Iterator[str]:
    """The words of its texts, each once, without the signs around them."""
    told = " ".join([voucher.text, *(row.text for row in voucher.booked)])
    return iter(dict.fromkeys(re.findall(r"\w[\w/-]*\w|\w", told)))


def _names(voucher: Voucher, identifier: str) -> bool:
    return identifier in _words(voucher)
