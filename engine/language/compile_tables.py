"""Compiles a decision table for one merchant: conditions by position, outputs as records.

Reads a ``TableSpec`` and the settings, gives a ``Lookup``; rows of the merchant that do not fit
are findings in the merchant's own file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from ..errors import Finding, Place
from ..yamlfile import Path_, nearest
from . import blame, counts, tables
from .assemble import Body, Built, build
from .check_document import refusal
from .code import Code
from .emit import Emitter
from .expressions import Expression, Report
from .spec import TableSpec
from .tables import Hit, Line, Lookup, Outputs

SettingsPlace = Callable[[Sequence[str | int]], Place]


def table(
    spec: TableSpec,
    settings: Mapping[str, Any],
    code: Code,
    place: SettingsPlace,
    report: Report,
) -> Lookup:
    """The lookup of a table, its rows from the table's file and from the settings."""
    order = {name: i for i, name in enumerate(spec.inputs)}

    def conditions(when: Mapping[str, Any]) -> dict[int, Any]:
        return {order[k]: tables.typed(c, spec.inputs[k].kind) for k, c in when.items()}

    added = spec.rows_add if spec.rows_from else {}
    lines = []
    for row in spec.rows:
        then = _outputs(spec, {**added, **row.then}, {}, code, report)
        lines.append(Line(row.number, conditions(row.when), then, row.place))
    placed: list[tables.Placed] = [(r.number, r.when, r.place) for r in spec.rows]
    for number, (given, path) in enumerate(_merchant_rows(spec, settings), len(spec.rows) + 1):
        where = place(path)
        when = {k: v for k, v in given.items() if k in order and v is not None}
        fixed = {k: v for k, v in given.items() if k in spec.outputs}
        if not _is_right(spec, given, path, place, report):
            continue
        missing = {k: None for k in spec.outputs if k not in fixed and k not in added}
        then = _outputs(spec, added, {**missing, **fixed}, code, report)
        lines.append(Line(number, conditions(when), then, where))
        placed.append((number, when, where))
    if spec.rows_from:
        for finding in tables.lint(spec, placed):
            report(finding)
    otherwise = None if spec.error else _outputs(spec, spec.otherwise, {}, code, report)
    error = _error(spec, code, report)
    if (kept := counts.now()) is not None:
        return _counted(spec, lines, otherwise, error, kept)
    return tables.lookup(spec, lines, otherwise, error)


def _counted(
    spec: TableSpec,
    lines: Sequence[Line],
    otherwise: Outputs | None,
    error: Callable[[tables.Key], str],
    kept: counts.Counts,
) -> Lookup:
    """The lookup, counting which row decides, each time it is asked; a row may be gone, or give
    something else. What it gives is worked out anew, for that counts too."""
    points: dict[int | str, counts.Key] = {
        row.number: counts.key_at(row.place, "row") for row in spec.rows
    }
    at_end = counts.key_at(tables.otherwise_place(spec), "otherwise")
    others = count(1)  # of the merchant's own rows, which are no points of the set
    known: dict[tables.Key, tuple[counts.Key | None, Iterator[int], Outputs, Hit]] = {}

    def look(key: tables.Key) -> tuple[counts.Key | None, Iterator[int], Outputs, Hit]:
        outputs, hit = tables.deciding(spec, lines, otherwise, error, key)
        point = at_end if hit.row == "otherwise" else points.get(hit.row)
        if len(known) >= tables.MOST_REMEMBERED:
            known.clear()
        known[key] = point, kept.steps(point) if point else others, outputs, hit
        return known[key]

    def hit(key: tables.Key) -> tuple[dict[str, Any], Hit]:
        point, steps, outputs, decided = known.get(key) or look(key)
        next(steps)
        if kept.active is None or kept.active != point:
            return outputs(key), decided
        if not kept.is_gone(point):
            return kept.outputs(point, outputs(key)), decided
        if point == at_end:
            raise tables.Miss(f"tables.{spec.name}: no row holds")
        left = [line for line in lines if line.number != decided.row]
        outputs, decided = tables.deciding(spec, left, otherwise, error, key)
        return outputs(key), decided

    def find(key: tables.Key) -> dict[str, Any]:
        found = known.get(key) or look(key)
        next(found[1])
        return found[2](key)

    if kept.changes:
        return Lookup(spec.name, {}, lambda key: hit(key)[0], hit, tuple(lines))
    return Lookup(spec.name, {}, find, hit, tuple(lines))


def _merchant_rows(
    spec: TableSpec, settings: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], Path_]]:
    value: Any = settings if spec.rows_from else None
    path: Path_ = tuple(spec.rows_from.split(".")) if spec.rows_from else ()
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    for i, row in enumerate(value or ()):
        if isinstance(row, Mapping):
            yield dict(row), (*path, i)


def _is_right(
    spec: TableSpec, row: Mapping[str, Any], path: Path_, place: SettingsPlace, report: Report
) -> bool:
    """Whether a merchant's row fits the table; reports what does not."""
    right = True
    for name, value in row.items():
        if name in spec.inputs:
            message, remedy = tables.wrong_condition(spec, name, value)
        elif name in spec.outputs:
            message, remedy = tables.wrong_output(spec, name, value)
        else:
            known = [*spec.inputs, *spec.outputs]
            message = f"{name!r} is neither an input nor an output of the table {spec.name}."
            remedy = nearest(name, known)
        if message:
            right = False
            report(Finding(place((*path, name)), "table-row", message, remedy))
    return right


def _outputs(
    spec: TableSpec,
    given: Mapping[str, Expression],
    fixed: Mapping[str, Any],
    code: Code,
    report: Report,
) -> Outputs:
    """What a row gives: the same record each time when nothing in it depends on the inputs."""
    names = {"settings": code, **_input_names(spec)}
    emitter = Emitter(report, names)
    codes = {name: emitter.emit(expression) for name, expression in given.items()}
    for name, one in codes.items():
        message, remedy = tables.wrong_output(spec, name, one.value) if one.known else ("", "")
        if message:
            report(given[name].finding("wrong-type", message, remedy))
    if all(c.known for c in codes.values()):
        record = {**fixed, **{name: c.value for name, c in codes.items()}}
        return lambda _key: record
    built = _of_key(
        spec, "{" + ", ".join(f"{n!r}: {c.text}" for n, c in codes.items()) + "}", emitter
    )

    def outputs(key: tuple[Any, ...]) -> dict[str, Any]:
        try:
            found = {**fixed, **built.function(key)}
        except Exception as error:
            place = blame.place_of(error, built)
            raise tables.Miss(f"tables.{spec.name}: {refusal(error)} ({place})") from None
        for name, value in found.items():
            message, _remedy = tables.wrong_output(spec, name, value)
            if message:
                raise tables.Miss(f"tables.{spec.name}: {message}")
        return found

    return outputs


def _error(spec: TableSpec, code: Code, report: Report) -> Callable[[tuple[Any, ...]], str]:
    if spec.error is None:
        return lambda _key: ""
    emitter = Emitter(report, {"settings": code, **_input_names(spec)}, kind="because")
    function = _of_key(spec, emitter.emit(spec.error).text, emitter).function
    return lambda key: str(function(key))


def _input_names(spec: TableSpec) -> dict[str, Code]:
    return {name: Code(f"v_{name}", t) for name, t in spec.inputs.items()}


def _of_key(spec: TableSpec, text: str, emitter: Emitter) -> Built:
    body = Body()
    body.add("def find(key):")
    body.depth += 1
    body.add(f"{''.join(f'v_{name}, ' for name in spec.inputs)} = key")
    body.add(f"return {text}")
    return build(f"tables.{spec.name}", body, emitter, {})


def space(found: Mapping[str, Lookup]) -> dict[str, Any]:
    """What generated code calls of the tables."""
    space: dict[str, Any] = {}
    for name, table in found.items():
        space[f"M_{name}"] = table.remembered
        space[f"S_{name}"] = table.find
        space[f"H_{name}"] = _recording(table)
    return space


def _recording(table: Lookup) -> Callable[[list[Hit], tuple[Any, ...]], dict[str, Any]]:
    def find(hits: list[Hit], key: tuple[Any, ...]) -> dict[str, Any]:
        outputs, hit = table.hit(key)
        if hit not in hits:
            hits.append(hit)
        return outputs

    return find
