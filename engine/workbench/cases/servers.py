"""What the servers hold in a case, as if it had just been asked for: kept and staged as ever.

Reads the answers that a case gives, writes ``raw.answer`` and the staged tables of a database in
memory; no server is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from ... import json_text
from ...clock import STOCKHOLM
from ...errors import Finding
from ...extract.raw import Call, keep
from ...stage.staging import stage
from ...store.database import Store, in_memory
from ...store.supposed import Step, Supposed, restart
from ...transport.endpoints import ORDER, SETTLEMENTS_BY_BATCH, by_name
from ...transport.http import Answer
from .answered import Answered
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


@dataclass(slots=True)
class Servers:
    """What the servers hold, in the database of one case after the other. ``where`` has it with all
    that follows; what was asked of the same before is not asked again, nor written for that.
    ``problems`` is by what is held what could not be read of it; ``kept`` are answers of earlier
    times."""

    where: Supposed
    problems: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    kept: Answered | None = None

    def hold(
        self, given: Mapping[str, Sequence[Document]], today: str | None = None
    ) -> Sequence[Finding]:
        """From now on all that is given is staged as of a day (``2026-10-20``), and nothing else;
        what could not be read of it."""
        at = read_at(today)
        digest = json_text.digest([given, at])
        self.where.forget()
        self.where.suppose(Step(digest, lambda: self._stage(digest, given, at)))
        if self.kept is not None and (found := self.kept.problems(digest)) is not None:
            self.problems[digest] = found
        if digest not in self.problems:
            self.where.carry_out()
            if self.kept is not None:
                self.kept.note(digest, self.problems[digest])
        return self.problems[digest]

    def _stage(
        self, digest: str, given: Mapping[str, Sequence[Document]], at: datetime
    ) -> None:
        answers = ((call, Answer(200, text, at)) for call, text in _answers(given))
        keep(self.where.added, answers, origin=ORIGIN, key=ORIGIN.encode())
        self.problems[digest] = stage(self.where.added).problems


def opened(kept: Answered | None = None) -> Servers:
    """Servers that hold nothing: for cases of a few rows each, in one thread."""
    store = in_memory()
    store.execute("SET threads = 1")
    store.execute("PRAGMA disable_optimizer")
    of = kept.of if kept is not None else None
    where = Supposed(store, store, lambda: _empty(store), remembers=True, kept=of)
    where.empty()
    return Servers(where, kept=kept)


def _empty(store: Store) -> None:
    """Rows go one by one: row ids within a transaction of DuckDB's are out of all bounds."""
    for row in store.rows(TABLES):
        store.execute(f'DELETE FROM {row["schema_name"]}."{row["table_name"]}"')
    restart(store, dict.fromkeys(SEQUENCES, 0))


SEQUENCES = ("raw.answer_seq", "ledger.event_seq")
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
