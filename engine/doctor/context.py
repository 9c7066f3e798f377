"""What checks may ask: the merchant, the two APIs by GET, mappings, and what runs left behind.

Every answer is asked for once and kept in a database in memory, so that checks can share it and
nothing of it stays. A server that does not answer is not asked again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from ..access.apis import open_fortnox, open_qliro
from ..access.authentication import authentication
from ..access.company import booked_company
from ..clock import Clock, today
from ..errors import AccessError, FileError, Place, QliroFortnoxError, UnavailableError
from ..extract import fortnox
from ..extract.ask import Extraction, ask
from ..extract.dates import stockholm_date
from ..extract.qliro import LONGEST_WINDOW, sync_settlements
from ..extract.raw import Call, Kept, Report
from ..language.literals import Named, named
from ..language.program import Program
from ..language.spec import MappingSet
from ..mappings import load_mappings
from ..merchant.load import Merchant
from ..plan.model import Payout
from ..plan.payout_rows import open_payouts
from ..stage.staging import stage
from ..store import database as stores
from ..store.books import Books
from ..store.database import Store
from ..transport.endpoints import ORDER, SETTLEMENT_BATCHES
from ..transport.http import Api

OnProgress = Callable[[str, int, int | None], None]
Row = dict[str, Any]
# A person waits, and nothing is lost.
ATTEMPTS = 3
# So many of the newest documents are looked at, and so many batches.
RECENT, NEWEST = 100, 10


def silent(_what: str, _done: int, _total: int | None) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Context:
    """Held open for one examination. ``store`` is in memory; ``database`` is the merchant's.

    Whatever asks raises QliroFortnoxError when there is no answer, each time the same.
    """

    merchant: Merchant
    clock: Clock
    store: Store
    database: Store | None
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
        """Where a setting stands in the merchant's file, or would if it were there."""
        at = tuple(path)
        while at and self.merchant.is_default(at):
            at = at[:-1]
        return self.merchant.place(at) if at else Place(self.merchant.file.path)

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

    @property
    def state(self) -> Store | None:
        """What runs left behind; None before the first. Raises BusyError and UsageError when it is
        there and cannot be read."""
        if "state" in self.failed:
            raise self.failed["state"]
        return self.database

    # -- the APIs --------------------------------------------------------------------------------

    @property
    def to_qliro(self) -> Extraction:
        """Qliro, with a place for its answers. Raises FileError when a secret is missing."""
        made: Extraction = self.once("qliro", lambda: self._extraction(self._open_qliro()))
        return made

    @property
    def to_fortnox(self) -> Extraction:
        """Fortnox; likewise."""
        made: Extraction = self.once("fortnox", lambda: self._extraction(self._open_fortnox()))
        return made

    def _open_qliro(self) -> Api:
        return open_qliro(self.merchant, self.clock, self.transport, attempts=ATTEMPTS)

    def _open_fortnox(self) -> Api:
        """By the merchant's way in, which must lead to the company whose books are kept."""
        booked = booked_company(self.database) if self.database else None
        auth = authentication(self.merchant, self.clock, booked)
        return open_fortnox(self.merchant, self.clock, self.transport, auth, attempts=ATTEMPTS)

    def _extraction(self, opened: Api) -> Extraction:
        api = self.held.enter_context(opened)
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

    @property
    def accounts(self) -> dict[int, Row]:
        """Fortnox's chart of accounts, by number."""
        rows = self.listed("/3/accounts")
        return {int(row["Number"]): row for row in rows if str(row.get("Number")).isdecimal()}

    @property
    def skews(self) -> dict[str, timedelta]:
        """How far our clock is ahead of that of each server that told its time."""
        found = {}
        for name in ("fortnox", "qliro"):
            with suppress(QliroFortnoxError):
                if name == "fortnox":
                    self.fortnox("/3/companyinformation")
                else:
                    _ = self.batches
            with suppress(QliroFortnoxError):
                api = (self.to_fortnox if name == "fortnox" else self.to_qliro).api
                if api.ahead is not None:
                    found[name.capitalize()] = api.ahead
        return found

    # -- recent documents ------------------------------------------------------------------------

    def recent(self, path: str) -> list[Row]:
        """The newest of Fortnox's orders or invoices of the last two months, as listed; the
        cancelled ones left out."""
        first = str(self.today - LONGEST_WINDOW)
        kept = self.fortnox(
            path,
            ("fromdate", first),
            ("limit", str(RECENT)),
            ("sortby", "documentnumber"),
            ("sortorder", "descending"),
        )
        return [row for row in kept.items() if isinstance(row, dict) and not row.get("Cancelled")]

    def invoices_since(self, first: date) -> None:
        """Stages Fortnox's invoices of that day and after, as listed."""
        report, query = Report(), (("fromdate", str(first)),)
        self._up("fortnox", lambda: fortnox.pages(self.to_fortnox, report, "/3/invoices", query))
        stage(self.store)

    def document(self, path: str, number: object) -> Row:
        """One of Fortnox's documents or cards with all its fields; empty where there is none.

        Raises UnavailableError too when it, or a part of it, can't be read.
        """
        kept = self.fortnox(f"{path}/{quote(str(number), safe='')}")
        if kept.status == HTTPStatus.OK and kept.problem:
            raise UnavailableError(
                f"Fortnox's answer to {path}/{number} can't be read: {kept.problem}",
                "Run doctor again later.",
            )
        return kept.document() or {}

    def references(self, document: Row) -> list[str]:
        """What the two reference fields of a document hold, without the merchant's prefix."""
        prefix = self.settings["payment_reference_prefix"]
        fields = (self.settings["payout_reference_field"], self.settings["second_reference_field"])
        found = [str(document.get(name) or "").removeprefix(prefix).strip() for name in fields]
        return [text for text in found if text and "/" not in text]

    def qliro_order(self, document: Row) -> Row | None:
        """The order at Qliro that a document of Fortnox's names in a reference field, if any."""
        for reference in self.references(document):
            try:
                kept = self.qliro(ORDER.format(id=quote(reference, safe="")))
            except AccessError:  # one of another merchant's
                continue
            if isinstance(kept.content, dict) and kept.problem is None:
                return kept.content
        return None

    # -- payouts ---------------------------------------------------------------------------------

    @property
    def batches(self) -> list[Row]:
        """Qliro's settlement batches of the last two months, the newest first, ``BatchDate`` as a
        day."""
        made: list[Row] = self.once("batches", self._batches)
        return made

    def _batches(self) -> list[Row]:
        first = str(self.today - LONGEST_WINDOW)
        for ago in (1, 2):  # Qliro's yesterday may not be settled yet
            last = str(self.today - timedelta(days=ago))
            kept = self.qliro(SETTLEMENT_BATCHES, ("FromBatchDate", first), ("ToBatchDate", last))
            if kept.status == 200:
                break
        rows = [
            {**row, "BatchDate": stockholm_date(row.get("BatchDate"))}
            for row in kept.items()
            if isinstance(row, dict)
        ]
        dated = [row for row in rows if row["BatchDate"] is not None]
        return sorted(dated, key=lambda row: (row["BatchDate"], row.get("Id")), reverse=True)

    @property
    def payouts(self) -> dict[str, Payout]:
        """Qliro's newest payouts, with all of their lines, derived.

        Raises FileError where the mappings are invalid.
        """
        made: dict[str, Payout] = self.once("payouts", self._payouts)
        return made

    def _payouts(self) -> dict[str, Payout]:
        newest = self.batches[:NEWEST]
        if not newest:
            return {}
        _, program = self.mappings
        first: date = newest[-1]["BatchDate"]
        to_qliro = self.to_qliro
        self._up("qliro", lambda: sync_settlements(to_qliro, payouts_from=first, overlap_days=0))
        stage(self.store)
        found, _ = open_payouts(self.store, program, first)
        return found

    # -- mappings --------------------------------------------------------------------------------

    def literals(self, register: str) -> list[Named]:
        """What the mappings name outright of one of Fortnox's registers (``voucher_series``).

        Raises FileError where the mappings are invalid.
        """
        mapping_set, program = self.mappings
        on = program.mappings.keys()
        found: list[Named] = self.once("literals", lambda: named(mapping_set))
        return [one for one in found if one.register == register and one.mapping in on]

    @property
    def mappings(self) -> tuple[MappingSet, Program]:
        """The mappings of the flows that are on, compiled. Raises FileError with all findings."""
        made: tuple[MappingSet, Program] = self.once(
            "mappings", lambda: load_mappings(self.merchant)
        )
        return made


@contextmanager
def opened(
    merchant: Merchant,
    clock: Clock,
    transport: httpx.BaseTransport | None,
    state: Store | None,
    free: Callable[[Path], int],
) -> Iterator[Context]:
    """The context of one examination; its connections are given back at the end."""
    with ExitStack() as held:
        store = stores.in_memory()
        held.callback(store.connection.close)
        context = Context(merchant, clock, store, state, transport, free, held)
        if state is None and merchant.database.exists():
            try:
                left = stores.reading(merchant.database.parent, merchant.name)
                context.database = held.enter_context(left)
            except QliroFortnoxError as error:
                context.failed["state"] = error
        yield context


def missing_secrets(error: FileError) -> str:
    """The findings of a file in one text."""
    return "; ".join(finding.message.rstrip(".") for finding in error.findings)
