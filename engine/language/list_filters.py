"""The filters of lists: sums, shares, the rows that fit, what refunds give back.

Each is declared with what it takes and gives; its docstring is its entry in docs/language.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from . import giving_back
from .declared_filters import Null, Refused, declared
from .deliveries import of_lines
from .foreseen import COLUMNS, MADE, foreseen
from .kinds import ANY, BOOLEAN, DECIMAL, INTEGER, LIST, NUMBER, TEXT, Type, record, rows


def _item(value: Type, _args: Sequence[Type]) -> Type:
    return value.item or ANY


def _extreme(items: Any, choose: Callable[[Any], Any]) -> Any:
    if not items:
        if items is None:
            raise Null
        return None
    found = choose(items)
    if found is None:
        raise Null
    return found


@declared("list", _item, name="min")
def min_(items: Any) -> Any:
    """The least of the list; null when the list is empty, an error when a null is in it."""
    return _extreme(items, min)


@declared("list", _item, name="max")
def max_(items: Any) -> Any:
    """The greatest of the list; null when the list is empty, an error when a null is in it."""
    return _extreme(items, max)


@declared("list", NUMBER, (0, 1), name="sum", attribute=True)
def sum_(items: Any, attribute: str | None = None) -> Any:
    """The sum of the numbers, or of the column `attribute` of the rows; 0 for an empty list, an
    error when a null is in it."""
    if attribute is None:
        return sum(items)
    return sum([row[attribute] for row in items])


def _by_group(name: str, items: Any, groups: Any) -> dict[Any, Any]:
    """The sum of the numbers of each group, in the order of the first of each."""
    if items is None or groups is None:
        raise Null
    if len(items) != len(groups):
        raise Refused(f"{name} has {len(items)} numbers and {len(groups)} groups for them")
    result: dict[Any, Any] = {}
    for number, group in zip(items, groups, strict=True):
        result[group] = result.get(group, 0) + number
    return result


@declared("list", lambda value, _args: value, (1, 1))
def sums(items: Any, groups: Any) -> list[Any]:
    """The sums of the numbers by group, where the list `groups` says at the same place which; an
    error when a null is among the numbers."""
    return list(_by_group("sums", items, groups).values())


def _shares(_value: Type, args: Sequence[Type]) -> Type:
    group = args[1].item if len(args) > 1 else None
    return rows(record({"group": group or ANY, "share": DECIMAL}, "a share"))


@declared("list", _shares, (2, 2))
def spread(items: Any, total: Any, groups: Any) -> list[dict[str, Any]]:
    """The number `total` spread over the groups by the sums of the numbers, to the öre and without
    a rest: rows with `group` and `share`. The list `groups` says at the same place which group; an
    error when the numbers sum to 0."""
    weights = _by_group("spread", items, groups)
    if sum(weights.values()) == 0:
        raise Refused("spread needs numbers whose sum is not 0")
    shares = giving_back.shares(total, weights)
    return [{"group": group, "share": share} for group, share in shares.items()]


def _given_back(value: Type, args: Sequence[Type]) -> Type:
    lines = (args[0].item or ANY).fields if args and args[0].item else None
    line = lines.get("returned", LIST).item if lines else None
    part = {
        "refund": TEXT, "rule": TEXT, "line": line or ANY, "like": value.item or ANY, "kind": TEXT,
        "rate": NUMBER, "quantity": DECIMAL, "price": DECIMAL, "amount": DECIMAL,
    }  # fmt: skip
    return rows(record(part, "a part given back"))


@declared("list", _given_back, (2, 2))
def given_back(items: Any, refunds: Any, split: Any) -> list[dict[str, Any]]:
    """What each of the `refunds` of a capture gives back of its lines, by VAT rate; `split` is how
    its discount over several rates was split. See *What refunds give back*."""
    return giving_back.given_back(items, refunds, split)


@declared("list text", INTEGER)
def length(items: Any) -> int:
    """How many items the list, or characters the text, has."""
    return len(items)


@declared("list", _item)
def first(items: Any) -> Any:
    """The first item; null when the list is empty."""
    if items is None:
        raise Null
    return items[0] if items else None


@declared("list", _item)
def last(items: Any) -> Any:
    """The last item; null when the list is empty."""
    if items is None:
        raise Null
    return items[-1] if items else None


def _column(value: Type, args: Sequence[Type]) -> Type:
    return rows(args[0]) if args else LIST


@declared("list", _column, (1, 1), attribute=True)
def values(items: Any, attribute: str) -> list[Any]:
    """The list of the column `attribute` of the rows, nulls included."""
    return [row[attribute] for row in items]


@declared("list", lambda value, _args: value, (2, 20), attribute=True)
def where(items: Any, attribute: str, *wanted: Any) -> list[Any]:
    """The rows whose column `attribute` equals one of the values after it."""
    return [row for row in items if row[attribute] in wanted]


_OF_LINES = {"delivered": DECIMAL, "due": DECIMAL, "undelivered": BOOLEAN, "unclear": TEXT}


def _delivered_of(value: Type, _args: Sequence[Type]) -> Type:
    line = value.item or ANY
    return rows(record({**line.fields, **_OF_LINES}, line.name)) if line.fields else LIST


@declared("list", _delivered_of, (2, 2))
def delivered(items: Any, order_rows: Any, sent: Any) -> list[dict[str, Any]]:
    """The order lines, with what the rows of their Fortnox order say is `delivered` of each, what
    of that is `due` to be shipped, whether it is `undelivered` in part, and in `unclear` the rows
    that can't be told apart. Rows are known by article, text and price; alike ones by their order,
    while they are those in `sent`."""
    return of_lines(items, order_rows, sent)


@declared("list", lambda value, _args: value)
def distinct(items: Any) -> list[Any]:
    """The items of the list, each once, in the order of their first; nulls are passed over."""
    found: list[Any] = []
    for item in items:
        if item is not None and item not in found:
            found.append(item)
    return found


@declared("list", rows(NUMBER), (3, 3))
def fitting(items: Any, including: Any, excluding: Any, unit: Any) -> list[Any]:
    """Of the rates (percent), those by which a price including and one excluding VAT can have come
    about that were both rounded to multiples of `unit`; 0 only where they are equal. Nulls are
    passed over, each rate comes once."""
    if including is None or excluding is None or unit is None:
        raise Null
    found: list[Any] = []
    for rate in items:
        if rate is None or rate in found:
            continue
        # 200 times abs(including - excluding * f) <= unit / 2 * (1 + f), where f = 1 + rate / 100
        off = abs(200 * including - 2 * excluding * (100 + rate))
        if off <= unit * (200 + rate) if rate else including == excluding:
            found.append(rate)
    return found


@declared("list", DECIMAL)
def without_vat(items: Any) -> Decimal:
    """The sum of shares (rows with `group` and `share`, as `spread` gives them) less the VAT in
    each, whose group is its rate in percent."""
    return sum((row["share"] * 100 / (100 + row["group"]) for row in items), Decimal(0))


declared("list", MADE, (3, 3), columns=COLUMNS)(foreseen)
