"""The names in a case that nothing else looks up: of fields, columns and outputs that are expected,
of matches, and of what they gave. A misspelt one would hold for ever where null is expected of it.

Reads a case as its file has it and the mapping set, gives findings.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ...errors import Finding
from ...language.spec import MappingSet
from ...plan.evaluation import NOTHING
from ...yamlfile import Path_, YamlFile, nearest
from .made_before import WHOLE

# What a match, or a mapping that is needed, may have given beside its document.
FACTS = (*NOTHING, *(name for name in WHOLE if name not in NOTHING))
NO_FACT = "a mapping gives no"


def unknown(
    mapping_set: MappingSet, file: YamlFile, path: Path_, kind: str, case: Mapping[str, Any]
) -> Iterator[Finding]:
    """What a case names and the set does not have; ``path`` is the case's, ``kind`` what it is
    of."""
    given, expect = (_part(case, name) for name in ("given", "expect"))
    at, wanted = (*path, "given"), (*path, "expect")
    if kind == "mapping":
        yield from _of_mapping(mapping_set, file, at, case[kind], given)
        yield from _of_document(mapping_set, file, wanted, case[kind], expect)
    elif kind == "table":
        outputs = mapping_set.tables[case[kind]].outputs
        no = f"the table {case[kind]} gives no"
        yield from _keys(file, (*wanted, "gives"), no, expect, outputs)
    elif kind == "entity":
        derived = mapping_set.entities[case[kind]].derive
        no = f"the file of {case[kind]} derives no"
        yield from _keys(file, (*wanted, "columns"), no, expect, derived)
    for n, one in enumerate(given.get("made", ()) if kind == "flow" else ()):
        yield from _keys(file, (*at, "made", n, "facts"), NO_FACT, one, FACTS)
    for n, one in enumerate(expect.get("outcomes", ())):
        here = (*wanted, "outcomes", n)
        yield from _of_document(mapping_set, file, here, one.get("mapping"), one)


def _of_mapping(
    mapping_set: MappingSet, file: YamlFile, at: Path_, name: str, given: Mapping[str, Any]
) -> Iterator[Finding]:
    """Matches that the mapping has, and what they and the mappings that it needs may have given."""
    spec = mapping_set.mappings[name]
    yield from _keys(file, (*at, "match"), f"the mapping {name} has no match", given, spec.match)
    for alias in spec.match:
        within = (*at, "match", alias)
        yield from _keys(file, within, "a match gives no", _part(given, "match"), FACTS)
    for alias in spec.needs:
        yield from _keys(file, (*at, alias), NO_FACT, given, FACTS)


def _of_document(
    mapping_set: MappingSet, file: YamlFile, at: Path_, name: str | None, expect: Mapping[str, Any]
) -> Iterator[Finding]:
    """Fields that the mapping's target has. (What no mapping of the set is said to make, and what
    it is said to make where that is misspelt, is looked at elsewhere.)"""
    if name is None or name not in mapping_set.mappings:
        return
    target = mapping_set.mappings[name].target
    for key in ("document", "whole_document"):
        whole = mapping_set.targets.get(target, {})
        yield from _fields(file, (*at, key), target, _part(expect, key), whole)


def _fields(
    file: YamlFile, at: Path_, target: str, value: Any, schema: Mapping[str, Any]
) -> Iterator[Finding]:
    if isinstance(value, list):
        for n, one in enumerate(value):
            yield from _fields(file, (*at, n), target, one, schema.get("items", {}))
    known = schema.get("properties")
    if isinstance(value, Mapping) and known:
        yield from _keys(file, at, f"{target} has no field", {at[-1]: value}, known)
        for name, one in value.items():
            yield from _fields(file, (*at, name), target, one, known.get(name, {}))


def _keys(
    file: YamlFile, at: Path_, none: str, holder: Mapping[Any, Any], known: Collection[str]
) -> Iterator[Finding]:
    """The keys of what ``holder`` has at the end of ``at`` that are not known."""
    for key in _part(holder, at[-1]):
        if key not in known:
            remedy = nearest(str(key), known)
            yield file.finding((*at, key), "unknown-key", f"{none} {key!r}.", remedy, key=True)


def _part(holder: Mapping[Any, Any], name: Any) -> Mapping[str, Any]:
    """What stands there, where it is keys with values: what it is else is told elsewhere."""
    value = holder.get(name)
    return value if isinstance(value, Mapping) else {}
