"""Checks what people edit, without asking any server: merchant files, mappings, the catalogue.

Reads the files and gives all findings of all of them at once, warnings included. A merchant file
that is wrong does not hide what is wrong in the mappings that it names. Where orders were fetched,
what was sold is held against the OSS table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import partial
from pathlib import Path

from ..errors import FileError, Finding, UsageError
from ..garbage import without_garbage_collection
from ..language.catalogue import catalogue_from_ddl
from ..language.code import Code
from ..language.laid import Change
from ..language.load import load_set
from ..language.required_columns import refuse_unmet
from ..language.spec import MappingSet, MappingSpec
from ..merchant.mapping_sets import DEFAULT, folder_of, installed_sets
from ..merchant.settings import merchant_schema, settings_of
from ..store.statements import sql
from ..yamlfile import read, read_text

# How a file of a mapping set, or of an overlay, says that it is one.
_VERSION = re.compile(r"(?m)^version: *([0-9]+) *(?:#.*)?$")


def lint_merchant(
    path: Path, environ: Mapping[str, str], changed: Callable[[Change], None] = lambda _change: None
) -> list[Finding]:
    """What is wrong with a merchant's file, its mappings and overlay; secrets may be absent.

    ``changed`` is told what the overlay changes.
    """
    from ..language.compile import compile_set, settings_code  # noqa: PLC0415  sets alone do without
    from ..merchant.load import load_merchant  # noqa: PLC0415  likewise
    from .oss_gaps import gaps_of, never_fitting  # noqa: PLC0415  likewise

    try:
        merchant = load_merchant(path, environ, needs_secrets=False)
    except FileError as error:
        return [*error.findings, *_mappings_of(path, changed)]
    findings = list(merchant.warnings)
    try:
        mapping_set = whole_set(merchant.mapping_folder, merchant.overlay_folder)
        findings += mapping_set.warnings
        for one in mapping_set.changes:
            changed(one)
        program = compile_set(
            mapping_set, merchant.settings, lambda path: merchant.place(tuple(path))
        )
        findings += program.warnings
        mappings = (one.spec for one in program.mappings.values())
        findings += by_policies(mapping_set, mappings, settings_code(mapping_set, program.settings))
        findings += [*never_fitting(merchant, program), *gaps_of(merchant, program)]
    except FileError as error:
        findings += error.findings
    return without_repeats(findings)


def _mappings_of(path: Path, changed: Callable[[Change], None]) -> list[Finding]:
    """The findings of the mappings that a wrong merchant file names all the same."""
    try:
        value = read(path).value
    except FileError:
        return []
    given = value if isinstance(value, dict) else {}
    name, overlay = given.get("mapping_set", DEFAULT), given.get("overlay")
    over = path.parent / str(overlay) if overlay else None
    try:
        folder = folder_of(str(name), path.parent)
    except UsageError:
        return []  # it is among what is wrong in the file
    return lint_set(folder, over, changed) if over is None or over.is_dir() else []


def lint_set(
    folder: Path,
    overlay: Path | None,
    changed: Callable[[Change], None] = lambda _change: None,
) -> list[Finding]:
    """What is wrong with a mapping set, and an overlay over it, whoever may use them.

    ``changed`` is told what the overlay changes.
    """
    try:
        found = whole_set(folder, overlay)
    except FileError as error:
        return list(error.findings)
    for one in found.changes:
        changed(one)
    settings = Code("K_settings", found.settings_type)
    return [*found.warnings, *by_policies(found, found.mappings.values(), settings)]


def by_policies(
    mapping_set: MappingSet, mappings: Iterable[MappingSpec], settings: Code
) -> list[Finding]:
    """What a set's policies say of its mappings, where their constants decide it."""
    if not mapping_set.policies:
        return []
    from ..language.policies_decided import decided  # noqa: PLC0415  most sets have none

    return list(decided(mapping_set, mappings, settings))


def whole_set(folder: Path, overlay: Path | None) -> MappingSet:
    """A set with an overlay over it, whatever its flows. Raises FileError with all findings."""
    with without_garbage_collection():
        found = load_set(folder, overlay, catalogue_from_ddl(sql("schema")), merchant_schema())
    refuse_unmet(found)
    return found


def lint_installed() -> list[Finding]:
    """What is wrong with the mapping sets and the error catalogue that come with the program."""
    from ..error_catalogue import read_catalogue  # noqa: PLC0415  likewise

    findings: list[Finding] = []
    try:
        read_catalogue()
    except FileError as error:
        findings += error.findings
    for folder in installed_sets():
        findings += lint_set(folder, None)
    return findings


def without_repeats(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once: merchants share mapping sets."""
    return list(dict.fromkeys(findings))


def quotable(merchant_files: Sequence[Path]) -> Callable[[Finding, int], bool]:
    """Tells whether a line of the file that a finding is in may be shown.

    Of a merchant's file only what stands under keys that are known and hold no secrets: a secret
    may stand where it must not, and behind a misspelt key. Of others only where the file says that
    it is of a mapping set: a folder of secrets may be named as one.
    """
    if not merchant_files:
        return _is_of_a_set
    schema = merchant_schema()
    groups = {setting.path[0] for setting in settings_of(schema) if setting.is_secret}
    sound = schema["properties"].keys() - groups
    lines = {str(path): partial(_lines_under, path, sound) for path in merchant_files}
    known: dict[str, Set[int]] = {}

    def may_be(finding: Finding, line: int) -> bool:
        path = finding.place.path
        if path not in lines:
            return _is_of_a_set(finding, line)
        if path not in known:
            known[path] = lines[path]()
        return line in known[path]

    return may_be


def _is_of_a_set(finding: Finding, line: int) -> bool:
    """Whether the file says in which version of the mapping language it is written; of one that is
    not in this one, that line alone."""
    try:
        text = read_text(Path(finding.place.path))
    except (FileError, OSError, ValueError):
        return False
    said = _VERSION.search(text)
    return said is not None and (said[1] == "2" or text.count("\n", 0, said.start()) + 1 == line)


def _lines_under(path: Path, sound: Set[str]) -> Set[int]:
    """The lines of a file that belong to these of its top keys alone."""
    try:
        file = read(path)
    except FileError:
        return frozenset()
    begins = sorted((spot[0], str(at[0])) for at, spot in file.keys.items() if len(at) == 1)
    if not begins:  # a list, or a single word: no line is under a key that is known
        return frozenset()
    ends = [line for line, _ in begins[1:]] + [
        max((s[0] for s in file.values.values()), default=0) + 1
    ]
    found: dict[bool, set[int]] = {True: set(), False: set()}
    for (line, key), end in zip(begins, ends, strict=True):
        found[key in sound].update(range(line, max(end, line + 1)))
    return found[True] - found[False]
