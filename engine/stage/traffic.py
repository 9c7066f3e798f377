"""Saved traffic in place of the network, and the same written out again.

Reads JSON lines of request, status and body into a merchant's database and stages them; gives what
is stored as such lines, pseudonymised where that is wanted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from ..clock import Clock
from ..extract.export import export
from ..extract.personal_key import personal_key
from ..extract.raw import Report
from ..extract.replay import UNREADABLE, ingest
from ..language.spec import MappingSet
from ..merchant.load import Merchant
from ..store.database import Store
from .staging import stage

# Where mappings write texts of their own; their words name nobody.
TEXTS = ("Description", "TransactionInformation", "Comments")


def sync_from(
    merchant: Merchant,
    store: Store,
    clock: Clock,
    file: Path,
    on_progress: Callable[[str, int, int | None], None],
) -> Report:
    """Take in a file of saved traffic and stage it. Raises UsageError when it can't be read."""
    report = ingest(store, file, clock, key=personal_key(merchant), on_progress=on_progress)
    told = [one.message for one in report.findings if one.code == UNREADABLE]
    report.findings += [
        one
        for one in stage(store).problems
        if one.code != UNREADABLE or not any(text.endswith(one.message) for text in told)
    ]
    return report


def exported(
    merchant: Merchant, store: Store, mapping_set: MappingSet, *, pseudonymise: bool
) -> Iterator[str]:
    """All that was fetched, as lines that ``sync_from`` takes in."""
    yield from export(
        store,
        pseudonymise=pseudonymise,
        key=personal_key(merchant) if pseudonymise else b"",
        prefix=merchant.settings["payment_reference_prefix"] or "",
        words=sorted(own_words(mapping_set)),
        postcodes=sorted(territories(mapping_set)),
    )


def write(path: Path, lines: Iterable[str]) -> int:
    """Write lines to a file that only its owner may read; how many there were."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as target:
        return sum(bool(target.write(f"{line}\n")) for line in lines)


def own_words(mapping_set: MappingSet) -> set[str]:
    """The words that the mappings write into texts of documents."""
    words: set[str] = set()
    for source in mapping_set.sources.values():
        for text in _texts(source.value):
            words.update(re.findall(r"[^\W\d_]+", text))
    return words


def territories(mapping_set: MappingSet) -> set[str]:
    """What the postcodes of territories of their own begin with, by the set's tables."""
    return {
        prefix
        for source in mapping_set.sources.values()
        for row in (source.value.get("rows") if isinstance(source.value, dict) else None) or ()
        if isinstance(row, dict) and isinstance(when := row.get("when"), dict)
        for told in [when.get("postcode")]
        if (prefix := told.get("prefix") if isinstance(told, dict) else told)
    }


def _texts(value: Any, wanted: bool = False) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, wanted or key in TEXTS)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, wanted)
    elif isinstance(value, str) and wanted:
        yield value
