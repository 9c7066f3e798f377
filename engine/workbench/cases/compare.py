"""Holds what came out of a case against what is expected, and names each value that differs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from .case import Case, Difference
from .rules import Rules

# What stands for any text in an expected one.
ANY = "…"
ABSENT: Any = type("Absent", (), {"__repr__": lambda _: "not there"})()
Steps = list[str | int]


def differences(
    case: Case, made: Mapping[str, Any], rules: Rules, snapshot: Mapping[str, Any] | None
) -> Iterator[Difference]:
    """Each value that is not as expected, with the rule that made it."""
    expect = case.expect
    wanted = expect.get("outcome")
    if wanted is None and case.kind == "mapping" and not {"because", "snapshot"} & expect.keys():
        wanted = "planned"  # what is said of a document means that there is one
    if wanted is not None and made["outcome"] != wanted:
        yield _difference(["outcome"], wanted, made["outcome"], rules)
        if "because" in made:  # why there is none of what is expected
            yield _difference(["because"], expect.get("because", ABSENT), made["because"], rules)
        return
    if "snapshot" in expect:
        kept: Any = ABSENT if snapshot is None else snapshot
        yield from _compared(kept, written(made), [], rules, whole=True)
    for key in ("because", "row", "covers", "moves", "then", "warnings"):
        if key in expect and not _same(expect[key], _row(made, expect, key)):
            yield _difference([key], expect[key], _row(made, expect, key), rules)
    for key in ("document", "confirm", "gives", "columns"):
        if key in expect:
            yield from _compared(expect[key], made.get(key, ABSENT), [key], rules, whole=False)
    if "whole_document" in expect:
        document = made.get("document", ABSENT)
        yield from _compared(expect["whole_document"], document, ["document"], rules, whole=True)


def _row(made: Mapping[str, Any], expect: Mapping[str, Any], key: str) -> Any:
    """A row of a table is told by its id or its number."""
    return (
        made["number"]
        if key == "row" and made.get("number") == expect[key]
        else made.get(key, ABSENT)
    )


def _compared(
    wanted: Any, made: Any, at: Steps, rules: Rules, *, whole: bool
) -> Iterator[Difference]:
    """What is named is so; the rest may be anything, with ``whole`` there is nothing else. A list
    has all its rows either way."""
    if isinstance(wanted, Mapping) and isinstance(made, Mapping):
        for name in dict.fromkeys([*wanted, *(made if whole else ())]):
            its = made.get(name, ABSENT)
            yield from _compared(wanted.get(name, ABSENT), its, [*at, name], rules, whole=whole)
    elif isinstance(wanted, list) and isinstance(made, list | tuple):
        for index in range(max(len(wanted), len(made))):
            one = wanted[index] if index < len(wanted) else ABSENT
            its = made[index] if index < len(made) else ABSENT
            yield from _compared(one, its, [*at, index], rules, whole=whole)
    elif not _same(wanted, made):
        yield _difference(at, wanted, made, rules)


def _difference(at: Steps, wanted: Any, made: Any, rules: Rules) -> Difference:
    place, expression = rules.of(at)
    return Difference(told(at), wanted, made, place, expression)


def told(steps: Sequence[str | int]) -> str:
    """A path in words: ``document.InvoiceRows[0].Price``."""
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "snapshot"


def _same(wanted: Any, made: Any) -> bool:
    """Whether a value is the expected one: amounts as numbers, days as they are written, a text
    with what stands for any other."""
    if made is ABSENT or wanted is ABSENT:
        return wanted is None and made is ABSENT
    if isinstance(made, date):
        return bool(wanted == made.isoformat())
    if isinstance(wanted, bool) or isinstance(made, bool):
        return wanted is made
    if isinstance(made, int | Decimal) and isinstance(wanted, int | Decimal):
        return Decimal(wanted) == Decimal(made)
    if isinstance(made, str):
        if isinstance(wanted, int):  # the number of a document
            return str(wanted) == made
        return isinstance(wanted, str) and _fits(wanted, made)
    if isinstance(wanted, list) and isinstance(made, list | tuple):
        return len(wanted) == len(made) and all(map(_same, wanted, made))
    return bool(wanted == made)


def _fits(wanted: str, made: str) -> bool:
    if ANY not in wanted:
        return wanted == made
    return re.fullmatch(".*".join(map(re.escape, wanted.split(ANY))), made, re.DOTALL) is not None


def written(value: Any) -> Any:
    """What came out as YAML holds it, without what is empty."""
    if isinstance(value, Mapping):
        made = {str(name): written(one) for name, one in value.items()}
        return {name: one for name, one in made.items() if one not in ([], {})}
    if isinstance(value, list | tuple):
        return [written(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value
