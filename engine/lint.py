"""Checks what people edit, without asking any server: merchant files, mappings, the catalogue.

Reads the files and gives all findings of all of them at once, warnings included. A merchant file
that is wrong does not hide what is wrong in the mappings that it names. Where orders were fetched,
what was sold is held against the OSS table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from engine.catalogue import FOLDER as ERRORS
from engine.catalogue import read_catalogue
from engine.errors import FileError, Finding
from engine.gaps import gaps_of, never_fitting
from engine.language.catalogue import catalogue_from_ddl
from engine.language.compile import compile_set
from engine.language.load import load_set
from engine.language.spec import MappingSet
from engine.merchant import load_merchant
from engine.merchant_rules import mapping_folder
from engine.plan.needed import refuse_unmet
from engine.settings import HOME, merchant_schema
from engine.store import sql
from engine.yamlfile import read


def lint_merchant(path: Path, environ: Mapping[str, str]) -> list[Finding]:
    """What is wrong with a merchant's file, its mappings and overlay; secrets may be absent."""
    try:
        merchant = load_merchant(path, environ, needs_secrets=False)
    except FileError as error:
        return [*error.findings, *_mappings_of(path)]
    findings = list(merchant.warnings)
    try:
        mapping_set = _load(merchant.mapping_folder, merchant.overlay_folder)
        findings += mapping_set.warnings
        program = compile_set(
            mapping_set, merchant.settings, lambda path: merchant.place(tuple(path))
        )
        findings += program.warnings
        findings += [*never_fitting(merchant, program), *gaps_of(merchant, program)]
    except FileError as error:
        findings += error.findings
    return without_repeats(findings)


def _mappings_of(path: Path) -> list[Finding]:
    """The findings of the mappings that a wrong merchant file names all the same."""
    try:
        value = read(path).value
    except FileError:
        return []
    given = value if isinstance(value, dict) else {}
    name, overlay = given.get("mapping_set", "qliro-fortnox"), given.get("overlay")
    folder = mapping_folder(path, str(name))
    over = path.parent / str(overlay) if overlay else None
    if not folder.is_dir() or (over is not None and not over.is_dir()):
        return []
    return _findings(folder, over)


def lint_installed() -> list[Finding]:
    """What is wrong with the mapping sets and the error catalogue that come with the program."""
    findings: list[Finding] = []
    try:
        read_catalogue()
    except FileError as error:
        findings += error.findings
    for folder in installed_sets():
        findings += _findings(folder, None)
    return findings


def installed_sets() -> list[Path]:
    """The folders of the mapping sets that come with the program."""
    return sorted(
        folder
        for folder in (HOME / "mappings").iterdir()
        if folder.is_dir() and folder != ERRORS and not folder.name.startswith(("_", "."))
    )


def without_repeats(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once: merchants share mapping sets."""
    return list(dict.fromkeys(findings))


def _findings(folder: Path, overlay: Path | None) -> list[Finding]:
    try:
        return list(_load(folder, overlay).warnings)
    except FileError as error:
        return list(error.findings)


def _load(folder: Path, overlay: Path | None) -> MappingSet:
    found = load_set(folder, overlay, catalogue_from_ddl(sql("schema")), merchant_schema())
    refuse_unmet(found)
    return found
