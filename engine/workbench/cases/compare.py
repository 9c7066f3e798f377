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
    if case.kind == "mapping":
        yield from of_outcome(expect, made, rules, snapshot)
    else:
        yield from _of_values(expect, made, rules, snapshot)


def of_outcome(
    expect: Mapping[str, Any],
    made: Mapping[str, Any],
    rules: Rules,
    snapshot: Mapping[str, Any] | None = None,
) -> Iterator[Difference]:
    """The same of what became of one source under a mapping."""
    wanted = expect.get("outcome")
    if wanted is None and not {"because", "snapshot"} & expect.keys():
        wanted = "planned"  # what is said of a document means that there is one
    if wanted is not None and made["outcome"] != wanted:
        yield _difference(["outcome"], wanted, made["outcome"], rules)
        if "because" in made:  # why there is none of what is expected
            yield _difference(["because"], expect.get("because", ABSENT), made["because"], rules)
        return
    yield from _of_values(expect, made, rules, snapshot)


def of_snapshot(
    snapshot: Mapping[str, Any] | None, made: Mapping[str, Any], rules: Rules
) -> Iterator[Difference]:
    """All that came out, held against what is kept of it."""
    kept: Any = ABSENT if snapshot is None else snapshot
    yield from _compared(kept, written(made), [], rules, whole=True)


def of_list(name: str, wanted: Any, made: Any) -> Iterator[Difference]:
    """A list of sentences that is expected whole."""
    yield from _compared(wanted, made, [name], Rules(), whole=True)


def _of_values(
    expect: Mapping[str, Any],
    made: Mapping[str, Any],
    rules: Rules,
    snapshot: Mapping[str, Any] | None,
) -> Iterator[Difference]:
    if "snapshot" in expect:
        yield from of_snapshot(snapshot, made, rules)
    for key in ("because", "row", "covers", "moves", "then", "warnings"):
        if key in expect and not _same(expect[key], _row(made, expect, key)):
            yield _difference([key], expect[key], _row(made, expect, key), rules)
    for key in ("document", "confirm", "gives", "columns"):
        if key in expect:
            yield from _compared(expect[key], made.get(key, ABSENT), [key], rules, whole=False)
    if "match" in expect:
        yield from _matched(expect["match"], made.get("match", ABSENT), rules)
    if "whole_document" in expect:
        document = made.get("document", ABSENT)
        yield from _compared(expect["whole_document"], document, ["document"], rules, whole=True)


def _matched(wanted: Mapping[str, Any], made: Any, rules: Rules) -> Iterator[Difference]:
    """What was chosen, in part; of those that were not, all."""
    yield from _compared({k: v for k, v in wanted.items() if k != "losers"}, made, ["match"], rules,
                         whole=False)  # fmt: skip
    if "losers" in wanted and made is not ABSENT:
        losers = {str(name): why for name, why in wanted["losers"].items()}
        yield from _compared(losers, made["losers"], ["match", "losers"], rules, whole=True)


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
