"""What the servers hold in a case, as if it had just been asked for: kept and staged as ever.

Reads the answers that a case gives, writes ``raw.answer`` and the staged tables of a database in
memory; no server is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import quote

from ... import json_text
from ...clock import STOCKHOLM
from ...errors import Finding
from ...extract.raw import Call, keep
from ...stage.staging import stage
from ...store.database import Store, in_memory
from ...transport.endpoints import ORDER, SETTLEMENTS_BY_BATCH, by_name
from ...transport.http import Answer
from .answers import KINDS, Kind

Document = Mapping[str, Any]
# The day on which all of it is answered, where a case says none: no clock is asked.
TODAY = "2026-12-31"
# What of a batch the list of batches shows; the rest is told with its lines.
OF_BATCH = (
    "Id", "BatchId", "AcquirerName", "BatchDate", "CurrencyCode", "TotalAmount", "TotalFeeAmount",
    "FxTotalAmount", "FxCurrencyCode", "FxRate",
)  # fmt: skip
ORIGIN = "case"


def read_at(today: str | None) -> datetime:
    """The moment at which all of it is answered: noon of a day (``2026-10-20``) in Stockholm."""
    return datetime.fromisoformat(f"{today or TODAY}T12:00:00").replace(tzinfo=STOCKHOLM)


def opened() -> Store:
    """An empty database, for one case after the other: of a few rows each, in one thread."""
    store = in_memory()
    store.execute("SET threads = 1")
    store.execute("PRAGMA disable_optimizer")
    return store


@contextmanager
def holding(
    store: Store, given: Mapping[str, Sequence[Document]], today: str | None = None
) -> Iterator[list[Finding]]:
    """The database with all that is given staged as of a day (``2026-10-20``), and what could not
    be read of it; empty again when the block ends. (Row ids within a transaction of DuckDB's are
    out of all bounds.)"""
    at = read_at(today)
    answers = ((call, Answer(200, text, at)) for call, text in _answers(given))
    try:
        keep(store, answers, origin=ORIGIN, key=ORIGIN.encode())
        yield list(stage(store).problems)
    finally:
        for row in store.rows(TABLES):
            store.execute(f'DELETE FROM {row["schema_name"]}."{row["table_name"]}"')


TABLES = """
SELECT schema_name, table_name
FROM duckdb_tables()
WHERE schema_name IN ('raw', 'qliro', 'fortnox', 'ledger') AND estimated_size > 0
"""


def _answers(given: Mapping[str, Sequence[Document]]) -> Iterator[tuple[Call, str]]:
    """The answers that show it: each list whole, then the page of each of its entries."""
    for name, documents in given.items():
        kind = KINDS[name]
        if name == "qliro.batches":
            yield from _batches(documents)
            continue
        if kind.lists:
            listed = by_name(kind.lists)
            yield _answer(listed.path, {listed.key or "": list(documents)})
        for document in documents if kind.page else ():
            yield _page(kind, document)


def _page(kind: Kind, document: Document) -> tuple[Call, str]:
    """The answer that shows one document whole."""
    ids = [quote(str(document.get(name)), safe="") for name in kind.id]
    if kind.page == "order":
        return _answer(ORDER.format(id=ids[0]), document)
    page = by_name(kind.page)
    path = "/".join([page.path.partition("/{")[0], *ids])
    return _answer(path, {page.key or "": document})


def _batches(documents: Sequence[Document]) -> Iterator[tuple[Call, str]]:
    listed = by_name("settlement_batches")
    rows = [{name: one for name, one in row.items() if name in OF_BATCH} for row in documents]
    yield _answer(listed.path, {listed.key or "": rows})
    for row in documents:
        told = {name: one for name, one in row.items() if name not in OF_BATCH}
        lines = {"Settlements": [], **told}
        yield _answer(SETTLEMENTS_BY_BATCH, lines, (("Id", str(row.get("Id"))),))


def _answer(
    path: str, content: Document, query: tuple[tuple[str, str], ...] = ()
) -> tuple[Call, str]:
    return Call(path, query), json_text.encode(content)
