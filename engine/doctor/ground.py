"""What checks may ask: the merchant, the two APIs by GET, mappings, and what runs left behind.

Every answer is asked for once and kept in a database in memory, so that checks can share it and
nothing of it stays. A server that does not answer is not asked again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from engine import session as sessions
from engine import store as stores
from engine.books import Books
from engine.clock import Clock, today
from engine.errors import FileError, Place, QliroFortnoxError, UnavailableError
from engine.extract import fortnox
from engine.extract.ask import Extraction, ask
from engine.extract.dates import stockholm_date
from engine.extract.raw import Call, Kept, Report
from engine.language.program import Program
from engine.language.spec import MappingSet
from engine.merchant import Merchant
from engine.store import Store
from engine.sync import open_fortnox, open_qliro
from engine.transport.http import Api

OnProgress = Callable[[str, int, int | None], None]
Row = dict[str, Any]


def silent(_what: str, _done: int, _total: int | None) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Ground:
    """Held open for one examination. ``store`` is in memory; ``state`` is the merchant's, if any.

    Whatever asks raises QliroFortnoxError when there is no answer, each time the same.
    """

    merchant: Merchant
    clock: Clock
    store: Store
    state: Store | None
    transport: httpx.BaseTransport | None
    free: Callable[[Path], int]
    held: ExitStack
    remembered: dict[Any, Any] = field(default_factory=dict)
    failed: dict[Any, QliroFortnoxError] = field(default_factory=dict)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The merchant's settings, defaults filled in."""
        return self.merchant.settings

    @property
    def today(self) -> date:
        """The date in Stockholm."""
        return today(self.clock)

    def on(self, *flows: str) -> bool:
        """Whether one of the flows is switched on, with or without what it needs."""
        return any(self.settings["flows"][name] for name in flows)

    def place(self, *path: str | int) -> Place:
        """Where a setting stands: in the merchant's file, or its default."""
        return self.merchant.place(tuple(path))

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """What ``make`` gives or raises, the first time and ever after."""
        if key in self.failed:
            raise self.failed[key]
        if key not in self.remembered:
            try:
                self.remembered[key] = make()
            except QliroFortnoxError as error:
                self.failed[key] = error
                raise
        return self.remembered[key]

    # -- the APIs --------------------------------------------------------------------------------

    @property
    def to_qliro(self) -> Extraction:
        """Qliro, with a place for its answers. Raises FileError when a secret is missing."""
        made: Extraction = self.once("qliro", lambda: self._extraction(open_qliro))
        return made

    @property
    def to_fortnox(self) -> Extraction:
        """Fortnox; likewise."""
        made: Extraction = self.once("fortnox", lambda: self._extraction(open_fortnox))
        return made

    def _extraction(
        self, opener: Callable[[Merchant, Clock, httpx.BaseTransport | None], Api]
    ) -> Extraction:
        api = self.held.enter_context(opener(self.merchant, self.clock, self.transport))
        workers = int(self.settings["delivery"]["parallel"])
        return Extraction(api, self.store, secrets.token_bytes(32), workers=workers)

    def qliro(self, path: str, *query: tuple[str, str]) -> Kept:
        """Qliro's answer to a GET."""
        return self._asked("qliro", path, query)

    def fortnox(self, path: str, *query: tuple[str, str]) -> Kept:
        """Fortnox's answer to a GET."""
        return self._asked("fortnox", path, query)

    def listed(self, path: str) -> list[Row]:
        """All entries of one of Fortnox's registers, as it has them.

        Raises UnavailableError too when a page of it can't be read.
        """
        rows: list[Row] = self.once(("listed", path), lambda: self._listed(path))
        return rows

    def _asked(self, source: str, path: str, query: tuple[tuple[str, str], ...]) -> Kept:
        def asked() -> Kept:
            extraction = self.to_qliro if source == "qliro" else self.to_fortnox
            kept: Kept = self._up(source, lambda: ask(extraction, Call(path, query)))
            return kept

        answer: Kept = self.once((source, path, query), asked)
        return answer

    def _listed(self, path: str) -> list[Row]:
        report = Report()
        pages = self._up("fortnox", lambda: fortnox.pages(self.to_fortnox, report, path))
        if report.findings:
            raise UnavailableError(
                f"Fortnox's answer to {path} can't be read: {report.findings[0].message}",
                "Run doctor again later.",
            )
        return [item for page in pages for item in page.items() if isinstance(item, dict)]

    def _up(self, source: str, asked: Callable[[], Any]) -> Any:
        """What ``asked`` gives. A server that did not answer, however often, is left alone."""
        if down := self.failed.get((source, "down")):
            raise down
        try:
            return asked()
        except UnavailableError as error:
            self.failed[source, "down"] = error
            raise

    @property
    def books(self) -> Books:
        """Fortnox's financial years, as its register has them."""
        made: Books = self.once("books", self._books)
        return made

    def _books(self) -> Books:
        spans = []
        method = None
        for row in self.listed("/3/financialyears"):
            first, last = stockholm_date(row.get("FromDate")), stockholm_date(row.get("ToDate"))
            if first and last and str(row.get("Id")).isdecimal():
                spans.append((int(row["Id"]), first, last))
                if first <= self.today <= last or method is None:
                    method = row.get("AccountingMethod")
        locked = self.fortnox("/3/settings/lockedperiod").document() or {}
        return Books(
            tuple(sorted(spans, key=lambda span: span[1])),
            stockholm_date(locked.get("EndDate")),
            method,
        )

    # -- mappings --------------------------------------------------------------------------------

    @property
    def mappings(self) -> tuple[MappingSet, Program]:
        """The mappings of the flows that are on, compiled. Raises FileError with all findings."""
        made: tuple[MappingSet, Program] = self.once(
            "mappings", lambda: sessions.load_mappings(self.merchant)
        )
        return made


@contextmanager
def opened(
    merchant: Merchant,
    clock: Clock,
    transport: httpx.BaseTransport | None,
    state: Store | None,
    free: Callable[[Path], int],
) -> Iterator[Ground]:
    """The ground of one examination; its connections are given back at the end."""
    with ExitStack() as held:
        store = stores.in_memory()
        held.callback(store.connection.close)
        yield Ground(merchant, clock, store, state or _state(merchant, held), transport, free, held)


def _state(merchant: Merchant, held: ExitStack) -> Store | None:
    """What the last run left, if there was one and it can be read."""
    try:
        return held.enter_context(stores.reading(merchant.database.parent, merchant.name))
    except (QliroFortnoxError, OSError):
        return None


def missing_secrets(error: FileError) -> str:
    """The findings of a file in one text."""
    return "; ".join(finding.message.rstrip(".") for finding in error.findings)
