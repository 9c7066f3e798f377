"""Saved traffic in place of the network, and the same written out again.

Reads JSON lines of request, status and body into a merchant's database and stages them; gives what
is stored as such lines, pseudonymised where that is wanted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from jinja2 import nodes

from ..clock import Clock
from ..extract.export import export
from ..extract.personal_key import personal_key
from ..extract.raw import Report
from ..extract.replay import UNREADABLE, ingest
from ..language.expressions import Expression, walk
from ..language.spec import Field, MappingSet, Row
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
    """The words that the mappings write into texts of documents, by themselves or by a name."""
    return {
        word
        for spec in mapping_set.mappings.values()
        for expression in _texts(spec.document)
        for text in _spoken(expression, spec.lets, set())
        for word in re.findall(r"[^\W\d_]+", text)
    }


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


def _texts(fields: Iterable[Field]) -> Iterator[Expression]:
    """What stands in texts, and what the rows come of that hold texts."""
    for field in fields:
        if field.name in TEXTS and field.value is not None:
            yield field.value
        for row in field.rows:
            texts = list(_texts(row.fields))
            yield from texts
            if texts and row.each is not None:
                yield row.each


def _spoken(
    expression: Expression, lets: Mapping[str, Expression | tuple[Row, ...]], seen: set[str]
) -> Iterator[str]:
    """The texts in an expression, and in the named values that it comes of."""
    for node in walk(expression.node):
        if isinstance(node, nodes.Const) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, nodes.Name) and node.name in lets and node.name not in seen:
            seen.add(node.name)
            named = lets[node.name]
            rows = () if isinstance(named, Expression) else named
            inner = [named] if isinstance(named, Expression) else []
            inner += [one.value for row in rows for one in row.fields if one.value is not None]
            for one in inner:
                yield from _spoken(one, lets, seen)
