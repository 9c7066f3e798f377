"""Loads a mapping set: a folder of YAML and, over it, a merchant's overlay.

Reads files (or the texts that were kept of them), gives a ``MappingSet`` whose every expression
has been parsed and checked, or raises one ``FileError`` with all findings of all files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from ..errors import FileError, Finding
from ..home import HOME
from ..yamlfile import YamlFile, parse, read_text
from . import check, check_policies, declared, kinds, parts, structure
from .catalogue import Catalogue
from .declared import OVERLAY
from .expressions import Report, collect
from .kept import Kept, World, again
from .source import Source
from .spec import EntitySpec, MappingSet, MappingSpec, PolicySpec, TableSpec

# The folder whose files are cases of a set or overlay: no rules, so nothing here reads them.
CASES = "tests"


def load_set(
    folder: Path,
    overlay: Path | None,
    catalogue: Catalogue,
    settings: Mapping[str, Any] | None = None,
    flows: Collection[str] | None = None,
    kept: Kept | None = None,
) -> MappingSet:
    """The set in ``folder`` with ``overlay`` laid over it; ``settings`` is their JSON Schema.

    With ``flows`` only the mappings of those flows, and what they need, are read and checked;
    what is ``kept`` of earlier loads is not worked out again.
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
    return _load(texts, paths, catalogue, settings, flows, folder, kept)


def texts_of(folder: Path, overlay: Path | None) -> dict[str, str]:
    """The texts of a set and its overlay by name (``overlay:NAME`` for the latter's). Raises
    FileError with all that can't be read."""
    findings: list[Finding] = []
    texts = _texts(folder, "", findings)
    if overlay is not None:
        texts |= _texts(overlay, OVERLAY, findings)
    if findings:
        raise FileError(findings)
    return texts


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


def is_of_cases(path: Path) -> bool:
    """Whether a file of a set or overlay, as it is called from there, holds cases."""
    return CASES in path.parts[:-1]


def _texts(folder: Path, prefix: str, findings: list[Finding]) -> dict[str, str]:
    if not folder.is_dir():
        missing = FileError.at(folder, 0, 0, "no-such-folder", "there is no such folder.")
        findings += missing.findings
        return {}
    result = {}
    for path in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
        if is_of_cases(path.relative_to(folder)):
            continue
        if not path.resolve().is_relative_to(folder.resolve()):
            what = "this link leads out of the folder, and its file is not read."
            findings += FileError.at(path, 0, 0, "outside", what).findings
            continue
        try:
            result[prefix + path.relative_to(folder).as_posix()] = read_text(path)
        except FileError as error:
            findings += error.findings
        except OSError as error:
            findings += FileError.at(path, 0, 0, "not-readable", str(error)).findings
    return result


def _load(
    texts: dict[str, str],
    paths: Mapping[str, str],
    catalogue: Catalogue,
    settings: Mapping[str, Any] | None,
    flows: Collection[str] | None = None,
    folder: Path | None = None,
    kept: Kept | None = None,
) -> MappingSet:
    findings: list[Finding] = []
    report = collect(findings)
    parsed: dict[str, YamlFile] = {}
    for name, text in texts.items():
        try:
            parsed[name] = (kept.file if kept else parse)(text, paths[name])
        except FileError as error:
            findings += error.findings
    found, uses = declared.read(parsed, report)
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
    mappings, entities, tables, policies = _specs(sources, report, kept)
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
    broken = bool(findings)
    check.check(
        result, columns, report, complete=not broken, whole=flows is None,
        kept=None if broken else kept,
    )  # fmt: skip
    lenient = check.lenient(report, complete=not broken)
    check_policies.check(result, lenient, whole=flows is None and not broken)
    if any(f.severity == "error" for f in findings):
        raise FileError(findings)
    if flows is None and not found.changes:  # what an overlay replaces may have been the last use
        findings += uses.unused()
    result.warnings.extend(findings)  # type: ignore[attr-defined]
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
    sources: Mapping[str, Source], report: Report, kept: Kept | None
) -> tuple[
    dict[str, MappingSpec], dict[str, EntitySpec], dict[str, TableSpec], dict[str, PolicySpec]
]:
    mappings: dict[str, MappingSpec] = {}
    entities: dict[str, EntitySpec] = {}
    tables: dict[str, TableSpec] = {}
    policies: dict[str, PolicySpec] = {}
    for name in sources:

        def work(world: World, report: Report, name: str = name) -> _Spec | None:
            return _spec(world["sources"][name], report)

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


def _spec(source: Source, report: Report) -> _Spec | None:
    """What a source declares; None where its keys are not as they must be."""
    kind, unclear = structure.kind_of(source.root)
    if unclear or kind not in ("mapping", "entity", "table", "policy"):
        return None  # told when it was read
    wrong = list(structure.findings_of(kind, source))
    for finding in wrong:
        report(finding)
    if wrong:
        return None
    if kind == "mapping":
        return parts.mapping(source, report)
    if kind == "entity":
        return parts.entity(source, report)
    return parts.policy(source, report) if kind == "policy" else parts.table(source, report)
