"""Shows the proof of the books: a table of accounts, a sentence for each, the balance by item.

Reads what ``engine.report.books`` found, gives a page and the sentences for JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import Any

from ..report.books.model import Account, Books, Change, Item, Settled, Suggestion
from .page import (
    OERE,
    Cell,
    Column,
    Page,
    Table,
    Text,
    amount,
    blank,
    count,
    day,
    heading,
    listed,
    moment,
)

MOST_NAMED = 5  # items that a sentence names
ACCEPTED = "accepted"  # what a person answers for, whatever it is
MOST_SHOWN = 25  # items of a kind, unless all are wanted


def page(merchant: str, name: str, books: Books, *, whole: bool) -> Page:
    """The whole proof. ``merchant`` is what commands call it, ``name`` what people do."""
    told_of = moment(books.asked_at) or day(books.made)
    source = "Fortnox's SIE file" if books.source == "Fortnox" else books.source
    used = [one for one in books.accounts if one.is_used]
    parts: Page = [
        heading(f"{name}, the books of {year_name(books)} as of {told_of or 'an unknown day'}"),
        Text(f"{source}: {count(books.vouchers_of_ours, 'voucher')} of ours in it."),
        blank(),
    ]
    if used:
        parts += [_accounts(used), blank(), *(_sentence(one) for one in used)]
    idle = [one.number for one in books.accounts if not one.is_used]
    if idle:
        parts.append(Text(f"Nothing stands on {listed(idle)}, and nothing is open there."))
    for one in used:
        parts += _items(merchant, one, whole=whole)
        parts += _settled(one.settled)
    parts += _changes(books.changes)
    if books.odd:
        parts += [blank(), Text("What in the file does not read or add up", style="bold red")]
        parts += [Text(f"{one}.", indent=2) for one in books.odd]
    if books.later:
        later = count(books.later, "document")
        parts += [blank(), Text(f"{later} of ours came after the file was made.")]
    if books.attention:
        way = f"qliro-fortnox books {merchant} --accept VOUCHER --reason TEXT --by NAME"
        parts += [blank(), Text(f"What is so on purpose, answer for: {way}")]
    parts += [blank(), _verdict(books)]
    return parts


def data(merchant: str, books: Books) -> dict[str, Any]:
    """The same for programs: all fields, with the sentence of each account."""
    told = asdict(books)
    for fields, one in zip(told["accounts"], books.accounts, strict=True):
        fields["difference"] = oere(one.difference)
        fields["holds"] = one.holds
        fields["proof"] = sentence(one)
        for part, item in zip(fields["items"], one.items, strict=True):
            part["explained"] = item.explained
    return {"merchant": merchant, "attention": books.attention, **told}


def year_name(books: Books) -> str:
    """2026, or 2025/2026 where it is no calendar year."""
    first, last = books.first.year, books.last.year
    return f"{last}" if first == last else f"{first}/{last}"


def oere(value: Decimal) -> Decimal:
    """An amount of the books in whole öre; a third decimal is let stand, to be seen."""
    short = value.quantize(OERE, ROUND_HALF_UP)
    return short if short == value else value


def _accounts(accounts: Sequence[Account]) -> Table:
    columns = [
        Column("Account"), Column(""), Column("Opening", right=True), Column("Ours", right=True),
        Column("Others", right=True), Column("Closing", right=True),
        Column("Unexplained", right=True),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [
            one.number, one.name, amount(one.opening), amount(one.ours), amount(one.others),
            amount(one.closing), "–" if one.holds else (amount(one.difference), "red"),
        ]
        for one in accounts
    ]  # fmt: skip
    return Table(columns, rows)


def _sentence(account: Account) -> Text:
    return Text(sentence(account), style="" if account.holds else "red", hang=2)


def sentence(account: Account) -> str:
    """The proof of an account in one sentence."""
    holds = f"{account.number} holds {amount(account.closing)}"
    known = [one for one in account.items if one.explained]
    parts = [
        f"{_told(kind, mine, account)} ({amount(_sum(mine))})"
        for kind, mine in _by_kind(known)
    ]
    if not account.unexplained:
        if not parts:
            return f"{account.number} is even: nothing is open on it, and nothing is unexplained."
        return f"{holds}: {listed(parts)}; nothing is unexplained."
    shortest = shortest_list(account.unexplained)
    named = [_odd_item(one) for one in shortest[:MOST_NAMED]]
    if len(shortest) > MOST_NAMED:
        named.append(f"{len(shortest) - MOST_NAMED} more")
    known_part = f"{listed(parts)}; " if parts else ""
    if not account.difference:
        return f"{holds}: {known_part}and what is unexplained adds up to nothing: {listed(named)}."
    return (
        f"{holds}: {known_part}{amount(account.difference)} of it is unexplained: {listed(named)}."
    )


def shortest_list(items: Sequence[Item]) -> list[Item]:
    """The items that make up a difference, without pairs that cancel each other; all where
    nothing else is left."""
    left: list[Item] = []
    for one in items:
        opposite = next((other for other in left if other.amount == -one.amount), None)
        if opposite is not None:
            left.remove(opposite)
        else:
            left.append(one)
    return sorted(left or items, key=lambda one: -abs(one.amount))


def _sum(items: Iterable[Item]) -> Decimal:
    return sum((one.amount for one in items), Decimal(0))


def _by_kind(items: Sequence[Item]) -> Iterator[tuple[str, list[Item]]]:
    kinds = ("open", "ignored", "ahead", "held", "before", ACCEPTED)
    for kind in kinds:
        mine = [one for one in items if (ACCEPTED if one.accepted else one.kind) == kind]
        if mine:
            yield kind, mine


def _told(kind: str, items: Sequence[Item], account: Account) -> str:
    """What items of a kind are, in words."""
    number = len(items)
    are = "is" if number == 1 else "are"
    have = "has" if number == 1 else "have"
    lines = count(number, "line")
    match kind:
        case "open":
            return f"{lines} that Qliro has paid out and that {are} not booked yet"
        case "ignored":
            return f"{lines} that {have} been set aside by a person and not booked here by hand"
        case "ahead":
            return f"{lines} booked whose payout is not transferred yet"
        case "accepted":
            return f"{count(number, 'difference')} that a person answers for"
        case "before":
            return f"what was there before this program took over on {day(items[0].day)}"
    match account.role:
        case "dispute":
            return f"{count(number, 'disputed payment')} that nobody has decided yet"
        case "suspense":
            return f"{count(number, 'amount')} that nobody recognises"
        case "fees_pending":
            return f"the fees of {count(number, 'payout')} until Qliro's invoice comes"
        case "fees_owed":
            return f"the fees of {count(number, 'payout')} that are owed to Qliro"
        case "debt":
            return f"the debt of {count(number, 'negative payout')}"
    return f"{count(number, 'difference')} of our own documents"


def _odd_item(item: Item) -> str:
    """An unexplained item in a sentence: what it is, and how much."""
    worth = amount(item.amount)
    text = f" “{item.text}”" if item.text else ""
    match item.kind:
        case "others":
            back = f", which takes back {item.document}" if item.document else ""
            return f"voucher {item.voucher} of {day(item.day)}{text}{back} ({worth})"
        case "missing":
            return f"{item.document}, which we booked and the file lacks ({worth})"
        case "otherwise":
            ours = amount(item.ours)
            return f"voucher {item.voucher}, which we booked here with {ours} ({worth} more)"
        case "earlier":
            return f"what others booked before {day(item.day)}, a year not looked at ({worth})"
        case "carried":
            return (
                f"the opening balance of {day(item.day)}, for the year before closed with "
                f"{amount(item.ours)} ({worth})"
            )
    return f"the file's closing balance, which is not what its vouchers give ({worth})"


def _items(merchant: str, account: Account, *, whole: bool) -> Page:
    if not account.items:
        return []
    parts: Page = [blank(), heading(f"{account.number}, item by item")]
    unexplained = list(account.unexplained)
    if unexplained:
        parts.append(Text("Unexplained", indent=2, style="bold red"))
        for one in unexplained:
            parts += _unexplained(merchant, one)
    for kind, mine in _by_kind(account.items):
        told = _told(kind, mine, account)
        parts.append(Text(f"{told[:1].upper()}{told[1:]}", indent=2, style="bold"))
        if kind == ACCEPTED:
            parts += _answered_for(mine)
            continue
        shown = mine if whole else mine[:MOST_SHOWN]
        for why, group in groupby(shown, key=lambda one: one.why):
            parts.append(_known(list(group)))
            if why:
                parts.append(Text(f"{why[:1].upper()}{why[1:]}".rstrip(".") + ".", indent=8))
        if len(mine) > len(shown):
            rest = mine[len(shown) :]
            more = f"and {len(rest)} more ({amount(_sum(rest))}): --verbose shows them"
            parts.append(Text(more, indent=4))
    return parts


def _answered_for(items: Sequence[Item]) -> Iterator[Text]:
    for one in items:
        told = _odd_item(one)
        yield Text(f"{told[:1].upper()}{told[1:]}. {one.accepted}.", indent=4, hang=2)


def _known(items: Sequence[Item]) -> Table:
    columns = [Column("", right=True)] + [Column("")] * 4
    rows = [
        [
            amount(one.amount),
            f"order {one.order}" if one.order else "",
            f"reference {one.reference}" if one.reference else "",
            f"payout {one.payout} of {day(one.day)}" if one.payout else day(one.day),
            one.document,
        ]
        for one in items
    ]
    return Table(columns, rows, indent=4, titles=False)


def _unexplained(merchant: str, item: Item) -> Page:
    told = _odd_item(item)
    parts: Page = [Text(f"{told[:1].upper()}{told[1:]}.", indent=4, hang=2)]
    parts += [Text(suggestion(one), indent=8, hang=2) for one in item.suggestions]
    for one in item.suggestions[:1]:
        if one.of == "line" and not any("already" in said for said in one.evidence):
            reason = f"booked by hand as {item.voucher}"
            way = f"resolve {merchant} {one.line} --ignore --reason '{reason}' --by NAME"
            parts.append(Text(f"If so: qliro-fortnox {way}", indent=8))
    return parts


def suggestion(one: Suggestion) -> str:
    """What a voucher of others may belong to, with the evidence."""
    evidence = listed(one.evidence)
    if one.of == "payout":
        return f"It may be of payout {one.payout}: {evidence}."
    named = f"order {one.order}" if one.order else f"line {one.line}"
    reference = f", reference {one.reference}" if one.reference else ""
    return f"It may belong to {named}{reference}, payout {one.payout}: {evidence}."


def _settled(settled: Sequence[Settled]) -> Page:
    parts: Page = []
    if settled:
        parts.append(Text("Booked by hand, and even with what it is for", indent=2, style="bold"))
    for one in settled:
        what = listed(
            f"order {item.order}" if item.order else item.document or f"payout {item.payout}"
            for item in one.items[:MOST_NAMED]
        )
        text = f" “{one.text}”" if one.text else ""
        told = (
            f"Voucher {one.voucher} of {day(one.day)}{text} ({amount(one.amount)}) for {what}: "
            f"{listed(one.evidence)}."
        )
        parts.append(Text(told, indent=4, hang=2))
    return parts


def _changes(changes: Sequence[Change]) -> Page:
    if not changes:
        return []
    parts: Page = [blank(), heading("Our documents that the file lacks or has otherwise")]
    for one in changes:
        said = f" Accepted by {one.accepted}." if one.accepted else ""
        style = "red" if one.matters else ""
        parts.append(Text(f"{change(one)}{said}", indent=2, hang=2, style=style))
    return parts


def change(one: Change) -> str:
    """What became of a document of ours, in one sentence."""
    by = f" by {one.by}" if one.by else ""
    of = f"{one.document} of {day(one.day)} (payout {one.payout})"
    of = f"{of[:1].upper()}{of[1:]}"
    rows = listed(
        f"{number} has {amount(has)}, we booked {amount(ours)}"
        for number, ours, has in one.accounts
    )
    found = f"Voucher {one.voucher}: " if one.document.startswith("payment") else ""
    match one.kind:
        case "missing":
            there = listed(f"{number} {amount(ours)}" for number, ours, _ in one.accounts)
            return f"{of} is not in the file; we booked {there}."
        case "reversed":
            mended = f", and booked again as voucher {one.mended}" if one.mended else ""
            return f"{of} was reversed{by} with voucher {one.reversed_by}{mended}."
        case "corrected":
            return f"{found}{of} was corrected{by}, and adds up to the same on every account."
    otherwise = [rows] if rows else []
    if one.found_day is not None and one.found_day != one.day:
        otherwise.append(f"it is booked on {day(one.found_day)}")
    return f"{found}{of} stands otherwise{by}: {'; '.join(otherwise)}."


def _verdict(books: Books) -> Text:
    if books.attention:
        needs = "needs" if books.attention == 1 else "need"
        return Text(f"{count(books.attention, 'item')} {needs} a person.", style="bold")
    return Text("Nothing is unexplained.", style="green")
