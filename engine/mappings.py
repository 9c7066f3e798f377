"""The mappings of a merchant as they are now: loaded, checked and compiled for its settings.

Reads the set and the overlay that the merchant's file names; gives the set and the program of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from .errors import FileError, UsageError
from .garbage import without_garbage_collection
from .language.catalogue import catalogue_from_ddl
from .language.compile import compile_set
from .language.kept import Kept
from .language.load import Trees, load_set, load_set_from_texts
from .language.program import Program
from .language.required_columns import refuse_unmet
from .language.spec import MappingSet
from .language.texts import texts_of
from .merchant.load import Merchant
from .merchant.settings import merchant_schema
from .store.statements import sql


def load_mappings(
    merchant: Merchant,
    kept: Kept | None = None,
    *,
    known_right: bool = False,
    trees: Trees | None = None,
) -> tuple[MappingSet, Program]:
    """The mappings of the merchant's flows, checked and compiled; what is ``kept`` of earlier
    times is not worked out again, and what is ``known_right`` (``engine.checked``) not checked
    again, nor parsed where ``trees`` gives it. Raises FileError with all findings; ``lint`` looks
    at the whole set."""
    with without_garbage_collection():
        mapping_set = load_set(
            merchant.mapping_folder,
            merchant.overlay_folder,
            catalogue_from_ddl(sql("schema")),
            merchant_schema(),
            _flows(merchant),
            kept,
            known_right=known_right,
            trees=trees,
        )
        return compiled(merchant, mapping_set, kept, known_right=known_right)


def mappings_of(
    merchant: Merchant, texts: Mapping[str, str], paths: Mapping[str, str]
) -> tuple[MappingSet, Program]:
    """The same of the texts of a set and its overlay as they were; ``paths`` are what these files
    are called in findings."""
    catalogue = catalogue_from_ddl(sql("schema"))
    found = load_set_from_texts(texts, catalogue, merchant_schema(), paths, _flows(merchant))
    return compiled(merchant, found)


def _flows(merchant: Merchant) -> frozenset[str]:
    return frozenset(name for name, is_on in merchant.settings["flows"].items() if is_on)


def compiled(
    merchant: Merchant,
    mapping_set: MappingSet,
    kept: Kept | None = None,
    *,
    known_right: bool = False,
) -> tuple[MappingSet, Program]:
    """A set that is loaded, compiled for the merchant's settings; what is ``known_right`` where it
    is first asked for. Raises FileError."""
    refuse_unmet(mapping_set)
    program = compile_set(
        mapping_set, merchant.settings, lambda path: merchant.place(tuple(path)), kept,
        known_right=known_right,
    )  # fmt: skip
    return mapping_set, program


def present_texts(merchant: Merchant) -> dict[str, str] | None:
    """The texts of the merchant's mappings as they are now; None where they can't be read."""
    try:
        return texts_of(merchant.mapping_folder, merchant.overlay_folder)
    except (FileError, UsageError):
        return None
