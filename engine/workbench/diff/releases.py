"""Releases of a mapping set: the one that is installed, and those that posted, of which the
merchant's database keeps the texts.

Reads installed sets, ``ledger.made_under`` and ``ledger.mapping_set``. The merchant's settings and
overlay are those of now: a release is of the set alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from ...errors import FileError, UsageError
from ...language.texts import OVERLAY, texts_of
from ...mappings import present_texts
from ...merchant.load import Merchant
from ...merchant.mapping_sets import folder_of
from ...plan.made_under import TABLE, Rules, rules_of
from ...store.database import Store
from ..kept import kept_texts
from ..versions import Version, as_kept, working

# set@release; git's own @{…} is none.
OF_A_SET = re.compile(r"(?P<set>[^@]+)@(?P<release>[^@{]+)")


def release(name: str, merchant: Merchant, store: Store | None) -> Version | None:
    """The version that a release is, ``SET@RELEASE`` or a release of the merchant's own set; None
    where nothing known is called so.

    Raises UsageError where the set is known and that release of it can't be had, or can't be read
    any more.
    """
    own = _rules(merchant)
    told = OF_A_SET.fullmatch(name)
    of = told["set"] if told else own.mapping_set if own else None
    if of is None:
        return None
    wanted = told["release"] if told else name
    for folder in _folders(of, merchant):
        if rules_of(texts_of(folder, None)).release == wanted:
            settings = {**merchant.settings, "mapping_set": str(folder)}
            return working(replace(merchant, settings=settings), name)
    digest = store.value(KEPT, [of, wanted]) if store is not None and store.has(TABLE) else None
    texts = kept_texts(store, digest) if store is not None and digest else None
    if texts is not None:
        return _as_it_was(merchant, texts, name)
    known = set(_posted_under(store, of))
    if told and (known or any(_folders(of, merchant))):
        raise UsageError(
            f"Release {wanted} of {of} can't be had.{releases_told(merchant, store, of)}",
            "Name a folder that holds it or a git revision of it, or install the package.",
        )
    return None


# The set's texts as they posted last under that release.
KEPT = f"""
SELECT digest FROM {TABLE} WHERE mapping_set = ? AND release = ? ORDER BY noted_at DESC LIMIT 1
"""
RELEASES = f"SELECT DISTINCT release FROM {TABLE} WHERE mapping_set = ? ORDER BY release"


def releases_told(merchant: Merchant, store: Store | None, of: str | None = None) -> str:
    """Which releases can be had, as a sentence behind another; empty of a set that says none."""
    own = _rules(merchant)
    of = of or (own.mapping_set if own else None)
    if of is None:
        return ""
    installed = [rules_of(texts_of(one, None)).release for one in _folders(of, merchant)]
    there = ", ".join(dict.fromkeys(filter(None, installed))) or "none"
    posted = ", ".join(_posted_under(store, of)) or "none"
    return f" Of {of}'s releases there is {there} here, and posted here was {posted}."


def _posted_under(store: Store | None, of: str) -> list[str]:
    if store is None or not store.has(TABLE):
        return []
    return [str(row["release"]) for row in store.rows(RELEASES, [of]) if row["release"]]


def _rules(merchant: Merchant) -> Rules | None:
    texts = present_texts(merchant)
    return rules_of(texts) if texts is not None else None


def _folders(of: str, merchant: Merchant) -> Iterator[Path]:
    """Where the set of that name lies: the merchant's own folder, and what is installed."""
    own = _rules(merchant)
    if own is not None and own.mapping_set == of:
        yield merchant.mapping_folder
    try:
        folder = folder_of(of, Path())
    except UsageError:
        return
    if folder.is_dir() and not (own is not None and folder == merchant.mapping_folder):
        yield folder


def _as_it_was(merchant: Merchant, kept: Mapping[str, str], name: str) -> Version:
    """The kept texts of a set with the overlay of now over them."""
    now = present_texts(merchant) or {}
    texts = {file: text for file, text in kept.items() if not file.startswith(OVERLAY)}
    over = {file: text for file, text in now.items() if file.startswith(OVERLAY)}
    paths = {file: f"{name}/{file}" for file in texts}
    folder = merchant.overlay_folder
    paths |= {file: str((folder or Path()) / file.removeprefix(OVERLAY)) for file in over}
    try:
        return as_kept(merchant, {**texts, **over}, paths, name)
    except FileError as error:
        raise UsageError(
            f"{name} as it was kept doesn't go with the settings and the language of now: "
            f"{error.findings[0]}",
            "Name a folder that holds it, migrated, or a git revision with its settings.",
        ) from None
