"""Checks a mapping set when it is loaded: every name, column, field and type, all findings at once.

Reads the parsed set, reports findings. It runs the emitter that the compiler runs, with settings
of which only the types are known.
"""

from __future__ import annotations

from collections.abc import Collection

from ..errors import Finding
from ..yamlfile import nearest
from . import check_entities, check_mapping, check_tables, rules
from .code import Code
from .expressions import Report
from .kept import Kept, World, again, in_set, of_set
from .kinds import Type
from .one_mapping import OneMapping
from .spec import MappingSet


def check(
    mapping_set: MappingSet,
    columns: dict[str, dict[str, Type]],
    report: Report,
    *,
    complete: bool,
    whole: bool = True,
    kept: Kept | None = None,
    unread: Collection[str] = (),
) -> None:
    """Reports what is wrong. ``complete`` is false when some file could not be read at all (what
    ``unread`` says was in it), ``whole`` when the mappings of some flows were left out; ``kept`` is
    of earlier loads, where all files could be read."""
    report = lenient(report, complete=complete, unread=unread)
    settings = Code("K_settings", mapping_set.settings_type)
    for table in mapping_set.tables.values():
        check_tables.check(mapping_set, table, settings, report)
    check_entities.check(mapping_set, columns, settings, report)
    if kept is not None:
        columns |= kept.columns(columns)
    for name in mapping_set.mappings:
        _mapping(mapping_set, name, settings, report, kept)
    _needs(mapping_set, report)
    _made_for(mapping_set, report, whole)
    if complete and whole:
        for finding in rules.of_set(mapping_set):
            report(finding)


def add_derived(
    mapping_set: MappingSet, columns: dict[str, dict[str, Type]], report: Report
) -> None:
    """Adds the columns that entities derive to a set's own, and checks nothing else."""
    settings = Code("K_settings", mapping_set.settings_type)
    check_entities.check(mapping_set, columns, settings, report)


# What may stand in a file that could not be read, and what a part in such a file would have given.
ELSEWHERE = ("unknown-part", "unknown-table", "unknown-mapping", "may-be-null")
OF_A_PART = ("missing-field", "missing-key", "missing-identity", "unknown-name")
PART = "part"


def lenient(report: Report, *, complete: bool, unread: Collection[str] = ()) -> Report:
    """A report without what may stand in a file that could not be read. ``unread`` are the entities
    of such files, whose columns are not known then, and ``part`` where a part is among them."""
    left_out = (*ELSEWHERE, *OF_A_PART) if PART in unread else ELSEWHERE

    def filtered(finding: Finding) -> None:
        if finding.code in left_out:
            return
        columns = finding.code == "unknown-key"
        if not (columns and any(f"{one} has no " in finding.message for one in unread)):
            report(finding)

    return report if complete else filtered


def _mapping(
    mapping_set: MappingSet, name: str, settings: Code, report: Report, kept: Kept | None
) -> None:
    def work(world: World, report: Report) -> None:
        seen = in_set(mapping_set, world)
        check_mapping.check(OneMapping(seen, seen.mappings[name], settings, report))

    again(kept, f"check {name}", of_set(mapping_set), work, report)


# Mappings -----------------------------------------------------------------------------------------
def _needs(mapping_set: MappingSet, report: Report) -> None:
    for name, spec in mapping_set.mappings.items():
        for i, need in enumerate(spec.needs):
            where = ("needs", i)
            if need not in mapping_set.mappings:
                text, remedy = f"there is no mapping {need!r}.", nearest(need, mapping_set.mappings)
                report(spec.source.finding(where, "unknown-mapping", text, remedy))
            elif circle := _circle(mapping_set, name, need):
                text = f"{name} needs itself: {' → '.join([name, *circle])}."
                report(spec.source.finding(where, "cycle", text))


def _made_for(mapping_set: MappingSet, report: Report, whole: bool) -> None:
    """The mappings that a document is made for, and the checks that it is made in spite of."""
    known = mapping_set.mappings
    for name, spec in known.items():
        for i, other in enumerate(spec.made_for):
            if other not in known and whole:
                text, remedy = f"there is no mapping {other!r}.", nearest(other, known)
                report(spec.source.finding(("for", i), "unknown-mapping", text, remedy))
        for i, check_ in enumerate(spec.checks):
            maker = known.get(check_.until)
            if check_.until and (whole or maker) and (maker is None or name not in maker.made_for):
                text = f"{check_.until} is not made for {name}."
                remedy = f"Name {name} in its `for`."
                report(spec.source.finding(("checks", i, "until"), "unknown-mapping", text, remedy))


def _circle(mapping_set: MappingSet, wanted: str, start: str) -> list[str]:
    queue, seen = [[start]], {start}
    while queue:
        path = queue.pop(0)
        if path[-1] == wanted:
            return path
        spec = mapping_set.mappings.get(path[-1])
        for need in spec.needs if spec else ():
            if need not in seen:
                seen.add(need)
                queue.append([*path, need])
    return []
