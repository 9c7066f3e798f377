"""Two documents held against each other, field by field; and what a document comes to by account.

Reads documents as they are sent, and of their target which of its fields are accounts and amounts
(``x-target.amounts``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from ... import json_text
from ...language.reach import ROWS
from ...language.targets import target
from .aligned import aligned

ZERO = Decimal(0)
# An account, a cost centre, a month (2026-09) and a currency; empty where the document names none.
Bucket = tuple[str, str, str, str]
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A field that differs: ``OrderRows[1].AccountNumber``; None where it is not there.

    ``name`` and ``column`` are the field of the document and of its row, ``*`` where a whole row
    came or went.
    """

    path: str
    name: str
    column: str
    before: Any
    after: Any


def differing(before: Document, after: Document) -> tuple[Field, ...]:
    """The fields that differ, in the documents' order."""
    if before == after:
        return ()
    found: list[Field] = []
    for name, was in before.items():
        now = after.get(name)
        if was is not now and was != now:
            found += _of(name, was, now)
    for name, now in after.items():
        if name not in before:
            found += _of(name, None, now)
    return tuple(found)


def _of(name: str, before: Any, after: Any) -> Iterator[Field]:
    if before == after:
        return
    if isinstance(before, list) or isinstance(after, list):
        yield from _rows(name, before or [], after or [])
    else:
        yield Field(name, name, "", before, after)


def _rows(name: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[Field]:
    """Rows in their places where there are as many; else those that came and went among equals."""
    if len(before) == len(after):
        pairs: list[tuple[int | None, int | None]] = [(i, i) for i in range(len(before))]
    else:
        pairs = list(_paired(before, after))
    for i, j in pairs:
        ours = before[i] if i is not None else None
        theirs = after[j] if j is not None else None
        at = f"{name}[{i if j is None else j}]"
        if not isinstance(ours, Mapping) or not isinstance(theirs, Mapping):
            if ours != theirs:
                yield Field(at, name, ROWS, ours, theirs)
            continue
        for column in [*ours, *(one for one in theirs if one not in ours)]:
            if ours.get(column) != theirs.get(column):
                told = ours.get(column), theirs.get(column)
                yield Field(f"{at}.{column}", name, column, *told)


def _paired(
    before: Sequence[Any], after: Sequence[Any]
) -> Iterator[tuple[int | None, int | None]]:
    old, new = ([json_text.canonical(row) for row in side] for side in (before, after))
    yield from aligned(old, new)


# What a document comes to ------------------------------------------------------------------------
def amounts(name: str, document: Document | None) -> dict[Bucket, Decimal]:
    """What a document of the target ``name`` comes to by account, cost centre and month, debit
    positive, in its own currency; prices as it has them, with VAT or without."""
    declared = _declared(name)
    if document is None or not declared:
        return {}
    month = str(document.get(declared.get("day", ""), ""))[:7]
    currency = str(document.get(declared.get("currency", "")) or "")
    centre = document.get(declared.get("cost_center", "")) or ""
    found: dict[Bucket, Decimal] = {}
    for part in declared["rows"]:
        rows = document.get(part["list"]) or () if "list" in part else (document,)
        for row in rows:
            amount = _amount(row, part["of"])
            if amount:
                key = (
                    str(row.get(part["account"]) or ""), str(row.get("CostCenter") or centre),
                    month, currency,
                )  # fmt: skip
                signed = -amount if part.get("credit") else amount
                found[key] = found.get(key, ZERO) + signed
    return found


@cache
def _declared(name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = target(name).calls.get("amounts", {})
    return found


def _amount(row: Mapping[str, Any], factors: Sequence[str]) -> Decimal:
    product = Decimal(1)
    for factor in factors:
        value = row.get(factor)
        if value is None:
            return ZERO
        product *= Decimal(str(value))
    return product


def moved(
    name: str, before: Document | None, after: Document | None, fields: Sequence[Field] = ()
) -> dict[Bucket, Decimal]:
    """By how much each account is changed, where it is; ``fields`` are those that differ, if both
    documents are there."""
    counted = _counted(name)
    if fields and not any(one.name in counted for one in fields):
        return {}
    old, new = amounts(name, before), amounts(name, after)
    changed = {key: new.get(key, ZERO) - old.get(key, ZERO) for key in [*old, *new]}
    return {key: value for key, value in changed.items() if value}


@cache
def _counted(name: str) -> frozenset[str]:
    """The fields of a document that what it comes to is made of."""
    declared = _declared(name)
    found: set[str] = {declared.get(key, "") for key in ("day", "currency", "cost_center")}
    for part in declared.get("rows", ()):
        own = {part["list"]} if "list" in part else {part["account"], "CostCenter", *part["of"]}
        found |= own
    return frozenset(found)


def size(changed: Mapping[Bucket, Decimal]) -> Decimal:
    """How large a change is: what leaves accounts or comes to them, whichever is more."""
    up = sum((one for one in changed.values() if one > 0), ZERO)
    down = -sum((one for one in changed.values() if one < 0), ZERO)
    return max(up, down)
