"""The mappings of a merchant as they are now: loaded, checked and compiled for its settings.

Reads the set and the overlay that the merchant's file names; gives the set and the program of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from .errors import FileError, UsageError
from .language.catalogue import catalogue_from_ddl
from .language.compile import compile_set
from .language.kept import Kept
from .language.load import load_set, load_set_from_texts, texts_of
from .language.program import Program
from .language.required_columns import refuse_unmet
from .language.spec import MappingSet
from .merchant.load import Merchant
from .merchant.settings import merchant_schema
from .store.statements import sql


def load_mappings(merchant: Merchant, kept: Kept | None = None) -> tuple[MappingSet, Program]:
    """The mappings of the merchant's flows, checked and compiled; what is ``kept`` of earlier
    times is not worked out again. Raises FileError with all findings; ``lint`` looks at the whole
    set."""
    mapping_set = load_set(
        merchant.mapping_folder,
        merchant.overlay_folder,
        catalogue_from_ddl(sql("schema")),
        merchant_schema(),
        _flows(merchant),
        kept,
    )
    return _compiled(merchant, mapping_set, kept)


def mappings_of(
    merchant: Merchant, texts: Mapping[str, str], paths: Mapping[str, str]
) -> tuple[MappingSet, Program]:
    """The same of the texts of a set and its overlay as they were; ``paths`` are what these files
    are called in findings."""
    catalogue = catalogue_from_ddl(sql("schema"))
    found = load_set_from_texts(texts, catalogue, merchant_schema(), paths, _flows(merchant))
    return _compiled(merchant, found)


def _flows(merchant: Merchant) -> frozenset[str]:
    return frozenset(name for name, is_on in merchant.settings["flows"].items() if is_on)


def _compiled(
    merchant: Merchant, mapping_set: MappingSet, kept: Kept | None = None
) -> tuple[MappingSet, Program]:
    refuse_unmet(mapping_set)
    program = compile_set(
        mapping_set, merchant.settings, lambda path: merchant.place(tuple(path)), kept
    )
    return mapping_set, program


def present_texts(merchant: Merchant) -> dict[str, str] | None:
    """The texts of the merchant's mappings as they are now; None where they can't be read."""
    try:
        return texts_of(merchant.mapping_folder, merchant.overlay_folder)
    except (FileError, UsageError):
        return None
