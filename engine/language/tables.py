"""Decision tables: what is wrong with one, and the function that looks a row up.

Reads a ``TableSpec`` and, for tables whose rows are the merchant's, the settings. Gives a lookup
that remembers its answers, and for each the row that decided with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import Struct

from ..errors import Finding, Place
from ..yamlfile import nearest
from . import words
from .declared_filters import Null, Refused
from .kinds import a, shown
from .spec import TableSpec

MOST_REMEMBERED = 10_000

Key = tuple[Any, ...]
Outputs = Callable[[Key], dict[str, Any]]


class Hit(Struct, frozen=True):
    """Which row of a table decided: its number from 1, or "otherwise", and where it stands."""

    table: str
    row: int | str
    place: Place


class Line(Struct, frozen=True):
    """A row ready to be tried: conditions by the input's position, what it gives, its place."""

    number: int
    conditions: Mapping[int, Any]
    outputs: Outputs
    place: Place


class Lookup(Struct, frozen=True):
    """A compiled table: ``remembered`` by inputs, ``find`` for the rest, ``hit`` for the trace,
    ``lines`` its rows as they are tried."""

    name: str
    remembered: dict[Key, dict[str, Any]]
    find: Callable[[Key], dict[str, Any]]
    hit: Callable[[Key], tuple[dict[str, Any], Hit]]
    lines: Sequence[Line]


class Miss(Refused):
    """No row holds and the table declares that an error, or several do and one may."""


def lookup(
    spec: TableSpec, lines: Sequence[Line], otherwise: Outputs | None, error: Callable[[Key], str]
) -> Lookup:
    """The table as a function of its inputs in their declared order."""
    remembered: dict[Key, dict[str, Any]] = {}
    decided: dict[Key, tuple[dict[str, Any], Hit]] = {}

    def decide(key: Key) -> tuple[dict[str, Any], Hit]:
        outputs, hit = deciding(spec, lines, otherwise, error, key)
        return outputs(key), hit

    def find(key: Key) -> dict[str, Any]:
        outputs, _hit = decide(key)
        if len(remembered) >= MOST_REMEMBERED:
            remembered.clear()
        remembered[key] = outputs
        return outputs

    def hit(key: Key) -> tuple[dict[str, Any], Hit]:
        known = decided.get(key)
        if known is None:
            if len(decided) >= MOST_REMEMBERED:
                decided.clear()
            known = decided[key] = decide(key)
        return known

    return Lookup(spec.name, remembered, find, hit, tuple(lines))


def deciding(
    spec: TableSpec,
    lines: Sequence[Line],
    otherwise: Outputs | None,
    error: Callable[[Key], str],
    key: Key,
) -> tuple[Outputs, Hit]:
    """The row that decides for these inputs, and what it gives. Raises Miss where none does, or
    several and one may."""
    found = [line for line in lines if holds(line.conditions, key)]
    if len(found) > 1 and spec.hit == "unique":
        numbers = " and ".join(str(line.place) for line in found[:2])
        raise Miss(f"tables.{spec.name}: two rows hold where one may: {numbers}")
    if found:
        line = found[0]
        return line.outputs, Hit(spec.name, line.number, line.place)
    if otherwise is None:
        raise Miss(f"tables.{spec.name}: {error(key)}")
    return otherwise, Hit(spec.name, "otherwise", otherwise_place(spec))


def otherwise_place(spec: TableSpec) -> Place:
    """Where it stands what decides where no row does."""
    return spec.source.place(("otherwise",))


def holds(conditions: Mapping[int, Any], key: Key) -> bool:
    """Whether every condition holds; one on an input that is null holds only for null."""
    return all(_fits(condition, key[index]) for index, condition in conditions.items())


def _fits(condition: Any, value: Any) -> bool:
    if isinstance(condition, list):
        return value in condition
    if not isinstance(condition, dict):
        return bool(value == condition)
    if value is None:
        return False
    if "prefix" in condition:
        return isinstance(value, str) and value.startswith(condition["prefix"])
    try:
        above = "min" not in condition or condition["min"] <= value
        return bool(above and ("max" not in condition or value <= condition["max"]))
    except TypeError:
        raise Refused(f"{shown(value)} cannot be compared with a range") from None


def typed(condition: Any, kind: str) -> Any:
    """A condition with its values as the input's type has them: dates from ISO text."""
    if kind != "date":
        return condition
    if isinstance(condition, list):
        return [typed(c, kind) for c in condition]
    if isinstance(condition, dict):
        return {k: typed(c, kind) for k, c in condition.items()}
    return date.fromisoformat(condition) if isinstance(condition, str) else condition


def wrong_condition(spec: TableSpec, name: str, condition: Any) -> tuple[str, str]:
    """What is wrong with a condition on the input ``name``, and the remedy; or nothing."""
    if name not in spec.inputs:
        return f"the table has no input {name!r}.", nearest(name, spec.inputs)
    type_ = spec.inputs[name]
    values = condition if isinstance(condition, list) else [condition]
    if isinstance(condition, dict):
        if "prefix" in condition and type_.kind != "text":
            return f"{name} is {a(type_.kind)}; prefix is for texts.", ""
        if "prefix" not in condition and type_.kind in ("text", "boolean"):
            return f"{name} is {a(type_.kind)}; min and max are for numbers and dates.", ""
        values = [v for k, v in condition.items() if k != "prefix"]
    for value in values:
        if type_.values and value not in type_.values:
            return f"{name} is never {shown(value)}.", words.near(str(value), type_)
        if not _is(value, type_.kind, account=name in spec.accounts):
            what = "an account number" if name in spec.accounts else f"{a(type_.kind)}"
            return f"{name} is {what}, not {shown(value)}.", ""
    bounds = condition if isinstance(condition, dict) else {}
    low, high = bounds.get("min"), bounds.get("max")
    if low is not None and high is not None and low > high:
        return f"min {low} is above max {high}, so no {name} fits.", "Exchange them."
    return "", ""


def _is(value: Any, kind: str, *, account: bool = False) -> bool:
    if value is None:
        return True
    if kind == "text":
        return isinstance(value, str)
    if kind == "boolean":
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if kind == "integer":
        return isinstance(value, int) and (not account or 1000 <= value <= 9999)
    if kind == "decimal":
        return isinstance(value, int | Decimal)
    if isinstance(value, str):
        try:
            date.fromisoformat(value)
        except ValueError:
            return False
        return True
    return isinstance(value, date)


def wrong_output(spec: TableSpec, name: str, value: Any) -> tuple[str, str]:
    """What is wrong with a known value of the output ``name``, and the remedy; or nothing."""
    if name not in spec.outputs:
        return f"the table has no output {name!r}.", nearest(name, spec.outputs)
    type_ = spec.outputs[name]
    if type_.values and value is not None and value not in type_.values:
        return f"{name} cannot be {shown(value)}.", words.near(str(value), type_)
    if not _is(value, type_.kind, account=name in spec.accounts):
        what = "an account number" if name in spec.accounts else f"{a(type_.kind)}"
        return f"{name} is {what}, not {shown(value)}.", ""
    return "", ""


# Lint ---------------------------------------------------------------------------------------------
Placed = tuple[int, Mapping[str, Any], Place]  # of a row: its number, its conditions, its place


def lint(spec: TableSpec, rows: Sequence[Placed]) -> list[Finding]:
    """Rows that can never decide, and rows that overlap under ``unique``.

    Only rows whose conditions are right: those of two kinds can't be held against each other.
    """
    findings = []
    hidden: dict[tuple[int, Place], list[tuple[int, Place]]] = {}
    apart: dict[Any, list[Placed]] = {}
    key = _told_apart(spec, rows)
    for row in rows:
        number, when, place = row
        above = apart.setdefault(when[key] if key else None, [])
        above.append(row)
        for before, earlier, where in above[:-1]:
            if when == earlier:
                text = f"row {number} has the conditions of row {before} ({where})."
                kind = "error" if spec.hit == "unique" else "warning"
                findings.append(Finding(place, "duplicate-row", text, severity=kind))
                break
            if spec.hit == "first" and _covers(earlier, when):
                hidden.setdefault((before, where), []).append((number, place))
                break
            if spec.hit == "unique" and _meet(earlier, when):
                text = f"rows {before} ({where}) and {number} can hold at once."
                remedy = "Make them exclude each other, or declare hit: first."
                findings.append(Finding(place, "overlap", text, remedy))
                break
    return [*findings, *_unreachable(hidden)]


def _unreachable(hidden: Mapping[tuple[int, Place], list[tuple[int, Place]]]) -> Iterator[Finding]:
    """Rows that are never reached, by the row that covers them; of several it is told once."""
    for (before, where), rows in hidden.items():
        if len(rows) == 1:
            ((number, place),) = rows
            text = f"row {number} is never reached: row {before} ({where}) covers it."
            yield Finding(place, "unreachable-row", text, "Put it before that row.", "warning")
            continue
        numbers = ", ".join(str(number) for number, _ in rows)
        text = f"row {before} covers the rows {numbers}, which are never reached."
        yield Finding(where, "unreachable-row", text, "Put it behind them.", "warning")


def _told_apart(spec: TableSpec, rows: Sequence[Placed]) -> str:
    """An input of which every row names one value: rows of two values never meet."""
    for name in spec.inputs:
        if all(isinstance(when.get(name), str | int) for _, when, _ in rows):
            return name
    return ""


def uncovered(spec: TableSpec, rows: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """A warning for combinations of words that no row can hold for, where that is an error."""
    known: dict[str, Sequence[Any]] = {
        name: t.values or (True, False)
        for name, t in spec.inputs.items()
        if (t.values and t.name != words.COUNTRY) or t.kind == "boolean"
    }
    combinations: list[dict[str, Any]] = [{}]
    for name, choices in known.items():
        combinations = [{**c, name: choice} for c in combinations for choice in choices]
        if len(combinations) > 1_000:
            return []
    missing = [c for c in combinations if known and not any(_meet(row, c) for row in rows)]
    if not missing:
        return []
    example = ", ".join(f"{k}: {v}" for k, v in missing[0].items())
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return [
        Finding(
            spec.place, "uncovered", f"no row of {spec.name} holds for {example}{more}.",
            "Add a row, or outputs as otherwise.", "warning",
        )
    ]  # fmt: skip


def _covers(wide: Mapping[str, Any], narrow: Mapping[str, Any]) -> bool:
    return all(name in narrow and _within(narrow[name], wide[name]) for name in wide)


def _within(narrow: Any, wide: Any) -> bool:
    """Whether all that ``narrow`` holds for, ``wide`` does too."""
    if isinstance(narrow, list):
        return all(_within(one, wide) for one in narrow)
    if not isinstance(narrow, dict):
        return _quietly(wide, narrow)
    if not isinstance(wide, dict):
        return False
    if "prefix" in narrow or "prefix" in wide:
        both = "prefix" in narrow and "prefix" in wide
        return both and str(narrow["prefix"]).startswith(str(wide["prefix"]))
    low = "min" not in wide or ("min" in narrow and narrow["min"] >= wide["min"])
    return low and ("max" not in wide or ("max" in narrow and narrow["max"] <= wide["max"]))


def _meet(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(_share(one[name], other[name]) for name in one if name in other)


def _share(one: Any, other: Any) -> bool:
    """Whether some value fits both conditions."""
    if isinstance(one, list):
        return any(_share(part, other) for part in one)
    if isinstance(other, list) or not isinstance(other, dict):
        return _share(other, one) if isinstance(other, list) else _quietly(one, other)
    if not isinstance(one, dict):
        return _quietly(other, one)
    if "prefix" in one or "prefix" in other:
        left, right = str(one.get("prefix", "")), str(other.get("prefix", ""))
        return left.startswith(right) or right.startswith(left)
    low = [c["min"] for c in (one, other) if "min" in c]
    high = [c["max"] for c in (one, other) if "max" in c]
    return not low or not high or max(low) <= min(high)


def _quietly(condition: Any, value: Any) -> bool:
    try:
        return _fits(condition, value)
    except (Refused, Null):
        return False
