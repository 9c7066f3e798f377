"""Checks decision tables when a set is loaded: conditions, outputs, settings, reachability.

Reads a ``TableSpec``, reports findings; rows that stand in a merchant's file are checked when the
set is compiled for that merchant.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..yamlfile import Path_, nearest
from . import not_a_country, tables
from .code import Code
from .emit import Emitter
from .expressions import Expression, Report
from .kinds import a
from .spec import MappingSet, TableSpec


def check(mapping_set: MappingSet, spec: TableSpec, settings: Code, report: Report) -> None:
    """Reports what is wrong with a table: its rows, its outputs, where its rows come from."""
    source = spec.source
    for name in spec.inputs.keys() & spec.outputs.keys():
        report(source.finding(("outputs", name), "twice", f"{name} is an input too.", key=True))
    names = {"settings": settings}
    names |= {name: Code(f"v_{name}", t) for name, t in spec.inputs.items()}
    emitter = Emitter(report, names)
    placed: list[tables.Placed] = []
    for row in spec.rows:
        path: Path_ = ("rows", row.number - 1)
        wrong = False
        for name, condition in row.when.items():
            message, remedy = tables.wrong_condition(spec, name, condition)
            if message:
                wrong, known = True, name in spec.inputs
                code = not_a_country.code(spec, name)
                where = (*path, "when", name)
                report(source.finding(where, code, message, remedy, key=not known))
        if not wrong:
            placed.append((row.number, row.when, row.place))
        _outputs(spec, row.then, (*path, "then"), emitter, report)
        _complete(spec, {*row.then, *spec.rows_add}, path, report)
    _outputs(spec, spec.rows_add, ("rows_add",), emitter, report)
    if spec.error:
        emitter.kind = "because"
        emitter.emit(spec.error)
        emitter.kind = "value"
    else:
        _outputs(spec, spec.otherwise, ("otherwise",), emitter, report)
        _complete(spec, set(spec.otherwise), ("otherwise",), report)
    if not spec.rows and not spec.rows_from:
        report(source.finding((), "no-rows", "the table has neither rows nor rows_from."))
    if spec.rows_from:
        _rows_from(mapping_set, spec, report)
    for finding in tables.lint(spec, placed):
        report(finding)
    if spec.error and not spec.rows_from:
        for finding in tables.uncovered(spec, [when for _, when, _ in placed]):
            report(finding)


def _outputs(
    spec: TableSpec,
    outputs: Mapping[str, Expression],
    path: Path_,
    emitter: Emitter,
    report: Report,
) -> None:
    for name, expression in outputs.items():
        code = emitter.emit(expression)
        value = code.value if code.known else None
        message, remedy = tables.wrong_output(spec, name, value)
        if message:
            known = name in spec.outputs
            kind = "wrong-type" if known else "unknown-output"
            report(spec.source.finding((*path, name), kind, message, remedy, key=not known))


def _complete(spec: TableSpec, given: set[str], path: Path_, report: Report) -> None:
    for name in spec.outputs:
        if name not in given:
            text = f"the output {name} is missing."
            report(spec.source.finding(path, "missing-output", text, "null is a value, too."))


def _rows_from(mapping_set: MappingSet, spec: TableSpec, report: Report) -> None:
    type_ = mapping_set.settings_type
    for step in spec.rows_from.split("."):
        if type_.kind == "any" or type_.fields is None:
            return
        if step not in type_.fields:
            text = f"{type_} has no {step!r}."
            remedy = nearest(step, type_.fields)
            report(spec.source.finding(("rows_from",), "unknown-setting", text, remedy))
            return
        type_ = type_.fields[step]
    if type_.kind not in ("list", "any"):
        text = f"the setting {spec.rows_from} is {a(type_.kind)}, not a list of rows."
        report(spec.source.finding(("rows_from",), "wrong-type", text))
