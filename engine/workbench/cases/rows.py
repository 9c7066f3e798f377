"""A row of a case: checked against the columns of its entity, typed, and made whole.

What the program itself gives out (ids, places in an answer) need not be given; what Qliro or
Fortnox always send must be, by the row or its sample; null says that it was not sent this time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ...clock import STOCKHOLM
from ...errors import Finding
from ...language import known
from ...language.catalogue import ID_COLUMNS
from ...language.kinds import Type, a, shown
from ...yamlfile import Path_, YamlFile, nearest

Part = tuple[YamlFile, Path_, Mapping[str, Any]]
TIMES = "times"  # how many of a row there are
BESIDE = ("like", "is", TIMES)
# What every staged row has of this program itself.
OURS: Mapping[str, Any] = {"raw_seq": 0, "as_of": None, "vanished": False, "problem": None}


class _WrongError(Exception):
    """What a value should be, in words."""


def row(
    entity: str,
    columns: Mapping[str, Type],
    derived: Collection[str],
    parts: Sequence[Part],
    index: int,
    filled: Collection[str] = (),
) -> tuple[dict[str, Any], list[Finding]]:
    """A row of ``parts``, the nearest first (what is given, then its samples), with every column of
    its entity, and what is wrong with it. ``index`` is its place among those it is given with,
    ``filled`` are columns that the row has from the source that it belongs to."""
    findings: list[Finding] = []
    staged = [name for name in columns if name not in derived]
    made: dict[str, Any] = {}
    for file, path, value in parts:
        for name, one in value.items():
            if name in BESIDE or name in made:
                continue
            at = (*path, name)
            if one is None and name in known.ALWAYS.get(entity, ()):
                made[name] = None  # said in so many words: an answer without it
                continue
            if name not in columns or name in derived:
                ours = f"{name} is worked out by the entity's file, and is not given."
                text = ours if name in derived else f"{entity} has no column {name!r}."
                remedy = "" if name in derived else nearest(name, staged, value)
                findings.append(file.finding(at, "unknown-key", text, remedy, key=True))
                continue
            try:
                made[name] = typed(one, columns[name])
            except _WrongError as wrong:
                text = f"{name} is {wrong}, not {shown(one)}."
                findings.append(file.finding(at, "wrong-type", text, _remedy(one, columns[name])))
                made[name] = None
    defaults = {**OURS, "position": index + 1, "ordinal": index + 1}
    named = ID_COLUMNS.get(entity, "")
    if named in columns and columns[named].kind == "text":
        defaults[named] = f"{entity.partition('.')[2]} {index + 1}"
    for name in staged:
        if name in made:
            continue
        if columns[name].optional or name in filled or name in defaults:
            made[name] = None if columns[name].optional or name in filled else defaults.get(name)
        else:
            file, path, _value = parts[0]
            text = f"a row of {entity} always has {name}."
            findings.append(
                file.finding(
                    path, "missing-key", text, "Give it, or a sample that has it.", key=True
                )
            )
    return made, findings


def typed(value: Any, type_: Type) -> Any:
    """A value as the staged column has it. Raises _WrongError."""
    kind = type_.kind
    if value is None:
        if not type_.optional:
            raise _WrongError(f"{a(kind)} and always there")
        return None
    if type_.values and value not in type_.values and len(type_.values) < 50:
        raise _WrongError(f"one of {', '.join(map(str, type_.values))}")
    match kind:
        case "text":
            good = isinstance(value, str)
        case "boolean":
            good = isinstance(value, bool)
        case "integer":
            good = isinstance(value, int) and not isinstance(value, bool)
        case "decimal" | "number":
            if isinstance(value, int | Decimal) and not isinstance(value, bool):
                return _money(Decimal(value))
            good = False
        case "date" | "timestamp":
            return _moment(value, kind)
        case _:
            good = True
    if not good:
        raise _WrongError(a(kind))
    return value


def _money(value: Decimal) -> Decimal:
    """With two decimals where it has no more, as staged amounts are."""
    short = value.quantize(Decimal("0.01"))
    return short if short == value else value


def _moment(value: Any, kind: str) -> date | datetime:
    try:
        if kind == "date":
            return date.fromisoformat(value)
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        like = "2026-11-30" if kind == "date" else "2026-11-30T12:00:00+01:00"
        raise _WrongError(f"{a(kind)}, written as {like}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=STOCKHOLM)


def _remedy(value: Any, type_: Type) -> str:
    if type_.kind == "text" and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return f'Put it in quotes: "{value}".'
    if type_.values and isinstance(value, str):
        return nearest(value, map(str, type_.values))
    return ""


def typed_input(value: Any, type_: Type) -> Any:
    """An input of a table as mappings give it."""
    if type_.kind == "date" and isinstance(value, str):
        return date.fromisoformat(value)
    return value
