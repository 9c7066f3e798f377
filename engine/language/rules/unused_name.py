"""A named value, related rows or a table that nothing uses: mostly the name of another was meant.

**Anti-pattern**

    let:
      fee: "{{ own_fees | sum('cost') }}"
    document:
      Amount: "{{ line.gross }}"

**Best practice**

    document:
      Amount: "{{ line.gross - fee }}"

Use it, or delete it. What the set has and an overlay took the last use of is taken out in the
overlay: `let: {fee: null}`. A name that a shared part brings counts as used where any of its users
does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from ...errors import Finding, Place
from ...yamlfile import Path_
from ..expressions import names
from ..source import Source
from ..spec import EntitySpec, MappingSet, MappingSpec, expressions_in

CODE, SEVERITY = "unused-name", "warning"
Spot = tuple[str, int, int]


def check(mapping_set: MappingSet) -> Iterator[Finding]:
    used: set[Spot] = set()
    unused: dict[Spot, Finding] = {}
    called: set[str] = set()
    specs: list[MappingSpec | EntitySpec] = [*mapping_set.mappings.values()]
    theirs = {change.place.path for change in mapping_set.changes}
    for spec in (*specs, *mapping_set.entities.values()):
        named = _named(spec, called)
        if isinstance(spec, MappingSpec):
            named |= {*spec.covers, *spec.moves}
        for path, what in _declared(spec):
            finding = _finding(spec.source, path, what, theirs)
            spot = _spot(finding.place)
            if path[1] in named:
                used.add(spot)
            else:
                unused.setdefault(spot, finding)
    for policy in mapping_set.policies.values():
        _named(policy.checks, called)
    for table in mapping_set.tables.values():
        _named((table.rows, table.rows_add, table.otherwise, table.error), called)
    for name, table in mapping_set.tables.items():
        if name not in called and (specs or mapping_set.entities):
            finding = _finding(table.source, ("table",), f"the table {name}", theirs)
            unused[_spot(finding.place)] = finding
    yield from (finding for spot, finding in unused.items() if spot not in used)


def _declared(spec: MappingSpec | EntitySpec) -> Iterator[tuple[Path_, str]]:
    yield from ((("let", name), f"the named value {name}") for name in spec.lets)
    yield from ((("related", name), f"the related rows {name}") for name in spec.related)


def _finding(source: Source, path: Path_, what: str, theirs: Collection[str]) -> Finding:
    """``theirs`` are the files of an overlay; what stands elsewhere is the set's, and stays."""
    text, remedy = f"nothing uses {what}.", "Use it or delete it."
    found = source.finding(path, CODE, text, remedy, key=True, severity=SEVERITY)
    if not theirs or found.place.path in theirs:
        return found
    out = f"Take it out there, {path[0]}: {{{path[1]}: null}}, or use it." if path[1:] else ""
    return replace(found, remedy=f"The overlay took its last use. {out}".rstrip())


def _spot(place: Place) -> Spot:
    return place.path, place.line, place.column


def _named(parts: Any, called: set[str]) -> set[str]:
    """The names in all expressions of a spec; ``called`` gets the tables."""
    found: set[str] = set()
    for expression in expressions_in(parts):
        found |= names(expression.node)
    called |= {name.removeprefix("tables.") for name in found if name.startswith("tables.")}
    return found
