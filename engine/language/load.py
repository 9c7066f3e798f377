"""Loads a mapping set: a folder of YAML and, over it, a merchant's overlay.

Reads files (or the texts that were kept of them), gives a ``MappingSet`` whose every expression
has been parsed and checked, or raises one ``FileError`` with all findings of all files.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import FileError, Finding
from ..home import HOME
from ..yamlfile import parse
from . import check, check_policies, declared, kinds, parts, structure
from .catalogue import Catalogue
from .expressions import Report, collect
from .kept import Kept, World, again
from .source import Source
from .spec import EntitySpec, MappingSet, MappingSpec, PolicySpec, TableSpec
from .texts import OVERLAY, is_of_cases, texts_of
from .tree import Node, of_file

# Texts and paths of files by name, to the files as trees. Raises FileError.
Trees = Callable[[Mapping[str, str], Mapping[str, str]], Mapping[str, Node]]


def load_set(
    folder: Path,
    overlay: Path | None,
    catalogue: Catalogue,
    settings: Mapping[str, Any] | None = None,
    flows: Collection[str] | None = None,
    kept: Kept | None = None,
    *,
    known_right: bool = False,
    trees: Trees | None = None,
) -> MappingSet:
    """The set in ``folder`` with ``overlay`` laid over it; ``settings`` is their JSON Schema.

    With ``flows`` only the mappings of those flows, and what they need, are read and checked;
    what is ``kept`` of earlier loads is not worked out again. What is ``known_right``, for the same
    texts were loaded by the same program before, is read and not checked: it has no warnings then.
    With ``trees`` the files are not parsed here, but by it.
    Raises FileError with every finding of every file. Findings of severity warning do not stop
    it; they are the set's ``warnings``.
    """
    texts = texts_of(folder, overlay)
    paths = {
        name: str((overlay or folder) / name.removeprefix(OVERLAY))
        if name.startswith(OVERLAY)
        else str(folder / name)
        for name in texts
    }
    return _load(texts, paths, catalogue, settings, flows, folder, kept, known_right, trees)


def stands_alone(folder: Path) -> bool:
    """Whether the files of a folder are a set of their own, and no overlay: one of them says what
    the set is called, or they declare entities and mappings that are whole.

    Raises FileError with all that can't be read.
    """
    roots = [parse(text, name).value for name, text in texts_of(folder, None).items()]
    declared = [one for one in roots if isinstance(one, dict)]
    mappings = [one for one in declared if "mapping" in one]
    whole = mappings and all("identity" in one or "extends" in one for one in mappings)
    entities = any("entity" in one and "as" in one for one in declared)
    return any("set" in one for one in declared) or bool(whole and entities)


def load_set_from_texts(
    texts: Mapping[str, str],
    catalogue: Catalogue,
    settings: Mapping[str, Any] | None = None,
    paths: Mapping[str, str] | None = None,
    flows: Collection[str] | None = None,
) -> MappingSet:
    """The set that these texts (the ``files`` of an earlier set) declare; ``paths`` are what the
    files are called in findings, ``flows`` as in ``load_set``."""
    texts = {
        name: text for name, text in texts.items()
        if not is_of_cases(Path(name.removeprefix(OVERLAY)))
    }  # fmt: skip
    return _load(texts, paths or {name: name for name in texts}, catalogue, settings, flows)


def targets() -> dict[str, dict[str, Any]]:
    """The JSON Schemas of the documents, by name: ``fortnox.voucher``."""
    folder = HOME / "schemas" / "documents"
    return {
        file.name.removesuffix(".json"): json.loads(file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".json")
    }


def _load(
    texts: dict[str, str],
    paths: Mapping[str, str],
    catalogue: Catalogue,
    settings: Mapping[str, Any] | None,
    flows: Collection[str] | None = None,
    folder: Path | None = None,
    kept: Kept | None = None,
    known_right: bool = False,
    trees: Trees | None = None,
) -> MappingSet:
    findings: list[Finding] = []
    report = collect(findings)
    parsed = (trees or partial(_parsed, report, kept))(texts, paths)
    lost = [text for name, text in texts.items() if name not in parsed]
    found, uses = declared.read(parsed, check.lenient(report, complete=not lost))
    if folder and not findings and not any(w.startswith("mapping ") for w in found.sources):
        text = "no file of this folder declares a mapping, so nothing would ever be booked."
        findings += FileError.at(
            folder, 0, 0, "no-mappings", text, "Name the folder of a set."
        ).findings
    sources = found.sources if flows is None else _of_flows(found.sources, flows)
    if findings:
        kept = None  # what a broken file leaves out is no change of anything else
    if kept is not None:
        sources = kept.sources(sources)
    of_specs = check.lenient(report, complete=not lost, unread=_lost(lost))
    mappings, entities, tables, policies = _specs(sources, of_specs, kept, known_right)
    columns = {name: dict(one) for name, one in catalogue.items()}
    result = MappingSet(
        mappings=mappings,
        entities=entities,
        tables=tables,
        policies=policies,
        files=texts,
        digest=hashlib.sha256(
            json.dumps(sorted(texts.items()), ensure_ascii=False).encode()
        ).hexdigest(),
        warnings=[],
        settings_type=kinds.of_schema(settings, "settings") if settings else kinds.ANY,
        columns=columns,
        targets=targets(),
        sources=sources,
        about=found.about,
        changes=found.changes,
    )
    if known_right and not findings:
        check.add_derived(result, columns, report)
        return result
    broken = bool(findings)
    unread = _unread(found.sources, entities) | _lost(lost) if broken else ()
    check.check(
        result, columns, report, complete=not broken, whole=flows is None,
        kept=None if broken else kept, unread=unread,
    )  # fmt: skip
    lenient = check.lenient(report, complete=not broken, unread=unread)
    check_policies.check(result, lenient, whole=flows is None and not broken)
    if any(f.severity == "error" for f in findings):
        raise FileError(findings)
    if flows is None:
        theirs = {change.place.path for change in found.changes}
        findings += (  # of a set's own part an overlay may replace the last use
            one for one in uses.unused() if not found.changes or one.place.path in theirs
        )
    result.warnings.extend(findings)  # type: ignore[attr-defined]
    return result


def _unread(sources: Iterable[str], entities: Collection[str]) -> frozenset[str]:
    """The entities that are declared and not as they must be."""
    named = {name.removeprefix(ENTITY) for name in sources if name.startswith(ENTITY)}
    return frozenset(named - set(entities))


def _lost(texts: Iterable[str]) -> frozenset[str]:
    """The entities that texts which can't be parsed would declare; and that they declare a part."""
    return frozenset(
        check.PART if kind == check.PART else name
        for text in texts for kind, name in _DECLARED.findall(text)
    )  # fmt: skip


ENTITY = "entity "
_DECLARED = re.compile(r"(?m)^(entity|part):[ ]*([\w.]+)")


def _parsed(
    report: Report, kept: Kept | None, texts: Mapping[str, str], paths: Mapping[str, str]
) -> dict[str, Node]:
    """The files as trees; those that can't be parsed are reported."""
    result = {}
    for name, text in texts.items():
        try:
            result[name] = of_file((kept.file if kept else parse)(text, paths[name]))
        except FileError as error:
            for finding in error.findings:
                report(finding)
    return result


def _of_flows(sources: dict[str, Source], flows: Collection[str]) -> dict[str, Source]:
    """The files without the mappings of other flows that nothing needs."""
    mappings = {
        str(one.value["mapping"]): one.value
        for one in sources.values()
        if isinstance(one.value, dict) and "mapping" in one.value
    }
    wanted: set[str] = set()
    queue = [name for name, value in mappings.items() if parts.flows_of(value) & set(flows)]
    while queue:
        name = queue.pop()
        if name in mappings and name not in wanted:
            wanted.add(name)
            needs = mappings[name].get("needs")
            queue += map(str, needs if isinstance(needs, list) else ())
    left_out = mappings.keys() - wanted
    return {
        file: one
        for file, one in sources.items()
        if not isinstance(one.value, dict) or one.value.get("mapping") not in left_out
    }


def _specs(
    sources: Mapping[str, Source], report: Report, kept: Kept | None, known_right: bool
) -> tuple[
    dict[str, MappingSpec], dict[str, EntitySpec], dict[str, TableSpec], dict[str, PolicySpec]
]:
    mappings: dict[str, MappingSpec] = {}
    entities: dict[str, EntitySpec] = {}
    tables: dict[str, TableSpec] = {}
    policies: dict[str, PolicySpec] = {}
    for name in sources:

        def work(world: World, report: Report, name: str = name) -> _Spec | None:
            return _spec(world["sources"][name], report, known_right)

        spec = again(kept, f"spec {name}", {"sources": sources}, work, report)
        if isinstance(spec, MappingSpec):
            mappings[spec.name] = spec
        elif isinstance(spec, EntitySpec):
            entities[spec.entity] = spec
        elif isinstance(spec, PolicySpec):
            policies[spec.name] = spec
        elif spec is not None:
            tables[spec.name] = spec
    # By their names, wherever their files lie: in this order they are looked at.
    return dict(sorted(mappings.items())), entities, tables, dict(sorted(policies.items()))


_Spec = MappingSpec | EntitySpec | TableSpec | PolicySpec


def _spec(source: Source, report: Report, known_right: bool) -> _Spec | None:
    """What a source declares; None where its keys are not as they must be."""
    kind, unclear = structure.kind_of(source.root)
    if unclear or kind not in ("mapping", "entity", "table", "policy"):
        return None  # told when it was read
    if kind == "mapping" and "extends" in source.root.value:
        return None  # there is nothing that it is like, which was told too
    wrong = [] if known_right else list(structure.findings_of(kind, source))
    for finding in wrong:
        report(finding)
    if wrong:
        return None
    if kind == "mapping":
        return parts.mapping(source, report)
    if kind == "entity":
        return parts.entity(source, report)
    return parts.policy(source, report) if kind == "policy" else parts.table(source, report)
