"""Tells what the rows of a Fortnox order say is delivered of each line of its Qliro order.

Works on rows that were read: the lines as they would be written, Fortnox's rows, and the rows that
this program sent. A row is known by article, text and price; what several lines share is told apart
by the order of the rows, as long as they are those that were sent, or not at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from msgspec import Struct, field

Row = Mapping[str, Any]
Known = tuple[str, str, Decimal]  # what a row is known by: article, text and price
NOTHING = Decimal(0)


def of_lines(
    lines: Sequence[Row], rows: Sequence[Row], sent: Sequence[Row]
) -> list[dict[str, Any]]:
    """The lines, each with ``delivered`` (of its quantity), ``due`` (what of that is not shipped),
    ``undelivered`` (less than its quantity is) and ``unclear``: the rows that can't be told apart,
    in words, the same for all lines; empty when there are none.

    ``lines`` are those of which Qliro holds an item, in their order; ``rows`` Fortnox's, in theirs;
    ``sent`` those that this program wrote last, none when somebody else made the order.
    """
    if _all_of_it(rows, sent):
        return [_told(line, line["Quantity"], line["remaining"], "") for line in lines]
    joined = _joined(lines, rows, sent)
    taken, due = _allotted(lines, joined.delivered)
    # A row that is like none of the items stands in the way of what would be captured beside it.
    rows_ = joined.alike or (any(due) and joined.strange)
    unclear = ", ".join(dict.fromkeys(_in_words(row) for row in rows_ or ()))
    return [_told(*of_it, unclear) for of_it in zip(lines, taken, due, strict=True)]


def _told(line: Row, delivered: Decimal, due: Decimal, unclear: str) -> dict[str, Any]:
    return {
        **line, "delivered": delivered, "due": due, "unclear": unclear,
        "undelivered": delivered < line["Quantity"],
    }  # fmt: skip


def _all_of_it(rows: Sequence[Row], sent: Sequence[Row]) -> bool:
    """Whether every row is delivered and they come to what was sent, whatever a person changed in
    them: a row that was deleted, or ordered less of, is not delivered."""
    if not rows or any(row["undelivered"] for row in rows):
        return False
    wanted = sum(Decimal(row["OrderedQuantity"] or 0) * (row["Price"] or 0) for row in sent)
    return not sent or wanted == sum(row["DeliveredQuantity"] * (row["Price"] or 0) for row in rows)


class _Joined(Struct):
    """What is delivered by the items that Qliro knows, and of which rows it can't be told: those
    that may be of several items, and those that are like none, while an item has no row."""

    delivered: dict[Any, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    alike: list[Row] = field(default_factory=list)
    strange: list[Row] = field(default_factory=list)


def _joined(lines: Sequence[Row], rows: Sequence[Row], sent: Sequence[Row]) -> _Joined:
    by_known: dict[Known, list[Row]] = defaultdict(list)  # lines
    alike: dict[tuple[str, Decimal], set[Any]] = defaultdict(set)  # items by article and price
    for line in lines:
        known = _line(line)
        by_known[known].append(line)
        alike[known[0], known[2]].add(_item(line))
    of_ours = [_row(row) for row in sent]
    # What was sent and is no line, such as rounding, counts nowhere; unless lines were not sent.
    no_items = set(of_ours) - by_known.keys() if by_known.keys() <= set(of_ours) else set()

    result = _Joined()
    found: dict[Known, list[Row]] = defaultdict(list)
    ordered: dict[Any, Decimal] = defaultdict(Decimal)  # by item, of the rows that are its own
    for row in rows:
        known = _row(row)
        items = alike.get((known[0], known[2]), set())
        if known in by_known:
            found[known].append(row)
        elif known in no_items:
            continue
        elif len(items) == 1:  # its text was changed
            (item,) = items
            result.delivered[item] += _delivered(row)
            ordered[item] += row["OrderedQuantity"] or 0
        elif _delivered(row):
            (result.alike if items else result.strange).append(row)
    for known, of_it in found.items():
        _count(by_known[known], of_it, ordered)
    wanted: dict[Any, Decimal] = defaultdict(Decimal)
    for line in lines:
        wanted[_item(line)] += line["Quantity"]
    complete = all(ordered[item] >= amount for item, amount in wanted.items())
    if complete:
        result.alike, result.strange = [], []  # what was added is no item
    for known, of_it in found.items():
        # More than there is of one may be of another, whose row was made to look like it.
        if not complete and _too_much(by_known[known], of_it):
            result.alike += of_it
        before = [row for row, one in zip(sent, of_ours, strict=True) if one == known]
        if not _share(by_known[known], of_it, before, result.delivered):
            result.alike += of_it
    result.alike += _moved(lines, rows, alike, result.delivered)
    return result


def _moved(
    lines: Sequence[Row],
    rows: Sequence[Row],
    alike: Mapping[tuple[str, Decimal], set[Any]],
    delivered: Mapping[Any, Decimal],
) -> list[Row]:
    """Delivered rows that look alike and have changed places since some of it was shipped: of one
    of their items less is delivered than was shipped."""
    shipped: dict[Any, Decimal] = defaultdict(Decimal)
    for line in lines:
        shipped[_item(line)] += line["shipped"]
    over = {item for item, amount in shipped.items() if amount > delivered.get(item, NOTHING)}
    places = {place for place, items in alike.items() if len(items) > 1 and items & over}
    return [row for row in rows if _row(row)[::2] in places and _delivered(row)]


def _count(lines: Sequence[Row], rows: Sequence[Row], ordered: dict[Any, Decimal]) -> None:
    """What is ordered in the rows of lines that look the same; of several items, all or nothing."""
    whole = sum((Decimal(row["OrderedQuantity"] or 0) for row in rows), NOTHING)
    items = {_item(line) for line in lines}
    if len(items) == 1:
        ordered[items.pop()] += whole
    elif whole >= sum((line["Quantity"] for line in lines), NOTHING):
        for line in lines:
            ordered[_item(line)] += line["Quantity"]


def _too_much(lines: Sequence[Row], rows: Sequence[Row]) -> bool:
    wanted = sum((line["Quantity"] for line in lines), NOTHING)
    return sum((_delivered(row) for row in rows), NOTHING) > wanted


def _in_words(row: Row) -> str:
    """A row as it stands in Fortnox: its article, text and price."""
    parts = (row["ArticleNumber"], row["Description"], f"{row['Price'] or 0:.2f}")
    return " ".join(part for part in parts if part)


def _share(
    lines: Sequence[Row], rows: Sequence[Row], sent: Sequence[Row], delivered: dict[Any, Decimal]
) -> bool:
    """What is delivered of lines that look the same, added to their items; whether it was told."""
    items = [_item(line) for line in lines]
    whole = sum((_delivered(row) for row in rows), NOTHING)
    wanted = sum((line["Quantity"] for line in lines), NOTHING)
    in_order = len(lines) == len(rows) == len(sent) and all(
        Decimal(one["OrderedQuantity"] or 0) == (row["OrderedQuantity"] or 0)
        for one, row in zip(sent, rows, strict=True)
    )
    if len(set(items)) == 1:
        delivered[items[0]] += whole
    elif in_order:
        for line, row in zip(lines, rows, strict=True):
            delivered[_item(line)] += min(_delivered(row), line["Quantity"])
    elif whole >= wanted:
        for line in lines:
            delivered[_item(line)] += line["Quantity"]
    else:
        return not whole
    return True


def _allotted(
    lines: Sequence[Row], delivered: Mapping[Any, Decimal]
) -> tuple[list[Decimal], list[Decimal]]:
    """Of each line what is delivered, and what of that is due: the first line of an item comes
    first. Qliro ships whole pieces."""
    left = {item: amount.to_integral_value(ROUND_FLOOR) for item, amount in delivered.items()}
    due = dict(left)
    for line in lines:
        due[_item(line)] = due.get(_item(line), NOTHING) - line["shipped"]
    taken: tuple[list[Decimal], list[Decimal]] = ([], [])
    for line in lines:
        item = _item(line)
        for amounts, most, to in ((left, line["Quantity"], 0), (due, line["remaining"], 1)):
            part = max(NOTHING, min(amounts.get(item, NOTHING), most))
            amounts[item] = amounts.get(item, NOTHING) - part
            taken[to].append(part)
    return taken


def _line(line: Row) -> Known:
    return _known(line["article"], line["text"], line["price"])


def _row(row: Row) -> Known:
    return _known(row["ArticleNumber"], row["Description"], row["Price"])


def _known(article: str | None, text: str | None, price: Decimal | None) -> Known:
    """Spaces at the ends of a text, or several in a row, are not always kept by Fortnox."""
    return article or "", " ".join((text or "").split()), Decimal(price or 0)


def _item(line: Row) -> tuple[Any, ...]:
    """What Qliro tells items apart by."""
    return line["MerchantReference"], line["PricePerItemIncVat"]


def _delivered(row: Row) -> Decimal:
    return max(NOTHING, Decimal(row["DeliveredQuantity"] or 0))
