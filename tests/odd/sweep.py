"""Every field that the stage reads, odd in every way: made from the shapes in its own SQL, so that
a column that is added there is swept as well.

``oddities`` gives, for an endpoint, good entries in which one field is odd, and whether that has to
be told; ``answers`` puts entries into answers as the API gives them.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from engine.extract.raw import Call
from engine.extract.readable import IDS, NEEDED, shapes
from engine.transport.endpoints import Endpoint, by_name
from engine.transport.http import Answer

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
MISSING = "<missing>"  # the field is not there at all
LINES = "settlements_by_batch"

# What may stand in a field of a type, and whether it has to be told: nobody can read it as that.
NOTHING = [(None, False), (MISSING, False)]
NO_FIGURE = [
    ("many", True), ([1], True), ({"a": 1}, True), (True, True), (10**25, True), (1e30, True),
    ("NaN", True),
]  # fmt: skip
BY_KIND: dict[str, list[tuple[Any, bool]]] = {
    "DECIMAL": [*NO_FIGURE, *NOTHING, (-7, False), (0.5, False), ("12.50", False)],
    "BIGINT": [*NO_FIGURE, *NOTHING, (1.6, True), (2**70, True), (-7, False)],
    "INTEGER": [*NO_FIGURE, *NOTHING, (1.6, True), (2**31, True), (-7, False)],
    "BOOLEAN": [
        *NOTHING, ("maybe", True), (2, True), (-1, True), (0.5, True), ([], True), ({}, True),
    ],
    "VARCHAR": [*NOTHING, (["x"], True), ({"a": 1}, True), (True, True), ("", False)],
    "day": [
        *NOTHING, ("soon", True), (20261101, True), (["2026-11-01"], True), ("", False),
        ("0001-01-01T00:00:00", False), ("9999-12-31", True), ("2026-02-30", True),
        ("+250000-01-01T00:00:00Z", True),
    ],
}  # fmt: skip
# Names of which only some are known; any other stays as it came, and is told of orders.
WORDS = {
    ("OrderItemActions", "ActionType"): "Reserve",
    ("OrderItemActions", "Type"): "Product",
    ("PaymentTransactions", "Type"): "Preauthorization",
    ("PaymentTransactions", "Status"): "Success",
}
UNKNOWN = [(-1, True), (0.4, True), (2147483647, True), ("sucess", True), (" Success", True)]
WORTH = ("Quantity", "PricePerItemIncVat")  # no order is worth so much
REPLACED = ("PersonalNumber",)  # by a hash, before anything reads it
# What makes a line the line that it is: another value is another line.
OF_A_LINE = (
    "PaymentTransactionId", "Action", "Type", "Amount", "CurrencyCode", "MerchantOrderReference",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Odd:
    """An entry of which one field is odd; ``good`` is the same as it should have come."""

    number: int
    where: str
    entry: dict[str, Any]
    good: dict[str, Any]
    told: bool
    another: bool  # it can be read, and is another entry than the one that should have come


def kind_of(name: str, type: str) -> str:
    """The key of BY_KIND for a field of a shape."""
    if type == "VARCHAR" and (name.endswith("Date") or name == "Timestamp"):
        return "day"
    return type.partition("(")[0]


def good(shape: dict[str, Any], number: int, of: str = "") -> dict[str, Any]:
    """An entry with all fields of a shape, as one would come."""
    made: dict[str, Any] = {}
    for name, type in shape.items():
        if isinstance(type, dict):
            made[name] = good(type, number, name)
        elif isinstance(type, list):
            made[name] = [good(type[0], 10 * number + n, name) for n in (1, 2)]
        elif (of, name) in WORDS:
            made[name] = WORDS[of, name]
        elif name in (*IDS, "OrderId", "PaymentTransactionId", "RowId"):
            made[name] = number if type != "VARCHAR" else str(number)
        else:
            made[name] = {
                "DECIMAL": 100.5, "BIGINT": 1, "INTEGER": 1, "BOOLEAN": False, "VARCHAR": "word",
                "day": "2026-11-01",
            }[kind_of(name, type)]  # fmt: skip
    return made


def entry_shape(endpoint: Endpoint) -> dict[str, Any]:
    """What an entry of the endpoint's list is, its document, or the whole answer."""
    shape = shapes()[endpoint.name]
    inner = shape.get(endpoint.key or "")
    if endpoint.name == LINES or isinstance(inner, str) or inner is None:
        return shape
    return inner[0] if isinstance(inner, list) else inner


@cache
def oddities(name: str) -> list[Odd]:
    """Every field of an endpoint, odd in every way, one at a time."""
    endpoint, found = by_name(name), list[Odd]()
    shape = entry_shape(endpoint)
    of = "" if shape is shapes()[name] else endpoint.key or ""
    for path, value, told, another in _spoiled(shape, name, of):
        number = 1000 + len(found)
        right = good(shape, number, of)
        entry = copy.deepcopy(right)
        inner: Any = entry
        for step in path[:-1]:
            inner = inner[step]
        if value == MISSING:
            del inner[path[-1]]
        else:
            inner[path[-1]] = value
        where = f"{name} {'.'.join(map(str, path))} = {str(value)[:30]}"
        found.append(Odd(number, where, entry, right, told, another))
    return found


def _values(name: str, type: str, of: str) -> Iterator[tuple[Any, bool]]:
    """What is put into a field, and whether nobody could read it as that."""
    kind = kind_of(name, type)
    yield from (one for one in BY_KIND[kind] if not (name in REPLACED and one[0] is True))
    if (of, name) in WORDS:
        yield from UNKNOWN
    if kind == "DECIMAL":
        digits, places = map(int, type[8:-1].split(","))
        most = 10 ** (digits - places) - 1
        yield from [(most, name in WORTH), (-most, name in WORTH), (most + 1, True)]
    elif kind in ("INTEGER", "BIGINT"):
        most = 2 ** (31 if kind == "INTEGER" else 63) - 1
        yield from [(most, False), (-most, False), (most + 1, True)]


def _spoiled(
    shape: dict[str, Any], endpoint: str, of: str
) -> Iterator[tuple[tuple[str | int, ...], Any, bool, bool]]:
    """Paths to fields with what they are set to, whether that is told, and whether it makes another
    entry."""
    for name, type in shape.items():
        if isinstance(type, str):
            for value, unreadable in _values(name, type, of):
                told = unreadable or _must_be_told(endpoint, of, name, value)
                yield (name,), value, told, not told and _another(endpoint, of, name)
            continue
        for value in (None, MISSING):
            yield (name,), value, name == by_name(endpoint).key, False
        for value in ("x", 7, True, [7] if isinstance(type, list) else [{}]):
            yield (name,), value, True, False
        inner = type[0] if isinstance(type, list) else type
        at: tuple[str | int, ...] = (name, 1) if isinstance(type, list) else (name,)
        for path, value, told, another in _spoiled(inner, endpoint, name):
            yield (*at, *path), value, told, another


def _must_be_told(endpoint: str, of: str, name: str, value: Any) -> bool:
    """Whether an entry is of no use with a value that can be read, or with none."""
    if (endpoint, name) == ("order", "OrderId"):
        return True  # it is about another order than was asked for
    if (of, name) in WORDS and value == "":
        return True
    if endpoint == LINES and name == "Amount" and value in (None, "", MISSING):
        return True
    if name not in NEEDED.get(endpoint, {}).get(of, ()):
        return False
    if value == MISSING:
        return name in IDS
    if name.endswith("Date") or name == "Timestamp":
        return value in (None, "", "0001-01-01T00:00:00")
    return value is None or value == ""


def _another(endpoint: str, of: str, name: str) -> bool:
    """Whether a readable value of the field makes another entry of it."""
    if endpoint == LINES:
        return name in OF_A_LINE
    return (of == by_name(endpoint).key and name in IDS) or (of, name) == ("", "OrderId")


def answers(
    name: str, entries: list[tuple[int, Any]], *, one_by_one: bool = False, hours: int = 0
) -> list[tuple[Call, Answer]]:
    """Calls with what is answered: a list with all entries, or with each; a document each."""
    endpoint, at = by_name(name), NOW + timedelta(hours=hours)
    home = "/checkout/adminapi" if endpoint.path.startswith("/v2/") else ""

    def answer(number: int, body: Any) -> tuple[Call, Answer]:
        path = home + endpoint.path
        if "{" in path:
            head, _, _ = path.partition("{")
            path = f"{head}{'A/' if name == 'voucher' else ''}{number}"
        id = "Id" if name == LINES else "page"
        return Call(path, ((id, str(number)),)), Answer(200, json.dumps(body), at)

    if name == LINES or entry_shape(endpoint) is shapes()[name]:
        return [answer(number, entry) for number, entry in entries]
    is_list = isinstance(shapes()[name][endpoint.key or ""], list)
    if one_by_one or not is_list:
        return [
            answer(number, {endpoint.key: [entry] if is_list else entry})
            for number, entry in entries
        ]
    return [answer(1, {endpoint.key: [entry for _, entry in entries]})]
