"""A shop for tests: a made world, a merchant file, and runs in process with one clock for all.

``Shop`` holds the sandbox's world and the merchant's database; each run opens a session of its own,
as the command line does. What it tells is what a user would notice: the states of lines, and on
the server's side the payments, vouchers, balances of invoices and accounts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import few_rows
import yaml

from engine import scope as scopes
from engine import session as sessions
from engine.clock import StoppedClock
from engine.merchant.load import Merchant, load_merchant
from engine.plan.model import Plan
from engine.report.resolve import resolve
from engine.sandbox.fortnox.company import empty_world
from engine.sandbox.transport import SandboxTransport
from engine.sandbox.trouble import Trouble
from engine.sandbox.troubles.by_name import TROUBLES
from engine.sandbox.world.world import Invoice, Payment, Voucher, World, account_balance
from engine.session import RunReport, Session
from engine.show.page import Page, Table, Text
from engine.store.database import Store

HOME = Path(__file__).resolve().parent.parent
DEMO = HOME / "merchants" / "demo.yaml"
INTERIM = (1580, 1581, 1582)
BOOKED = ("posted", "adopted")

Row = dict[str, Any]


class SharedClock(StoppedClock):
    """Stands still; waiting on it moves the world's clock too."""

    def __init__(self, world: World) -> None:
        super().__init__(world.now())
        self.world = world

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self.world.clock.advance(seconds)


@dataclass(frozen=True, slots=True)
class Posted:
    """What a run left behind, for a second look: documents counted on the server's side."""

    payments: int
    vouchers: int


@dataclass(slots=True)
class Shop:
    """One merchant with its world. ``settings`` are those of the demo, changed by what is given."""

    folder: Path
    world: World = field(default_factory=empty_world)
    changes: dict[str, Any] = field(default_factory=dict)
    store: Store = field(init=False)
    before: dict[int, Decimal] = field(default_factory=dict)
    clock: SharedClock = field(init=False)
    read: dict[str, Merchant] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store = self.empty_store()
        self.world.limits.rate_limit = None
        self.clock = SharedClock(self.world)

    def empty_store(self) -> Store:
        """A new database."""
        return few_rows.plainly(few_rows.in_memory())

    # -- what there is ---------------------------------------------------------------------------

    def trouble(self, name: str, **options: Any) -> Trouble:
        """Adds a seeded trouble to the world."""
        return TROUBLES[name](self.world, **options)

    def later(self, days: float = 0, seconds: float = 0) -> None:
        """Time passes."""
        self.clock.advance(timedelta(days=days, seconds=seconds).total_seconds())

    def settings(self, changes: Mapping[str, Any]) -> None:
        """The merchant changes settings, by dotted key."""
        self.changes.update(changes)

    @property
    def merchant(self) -> Merchant:
        """The merchant as read from its file, anew when the settings have changed."""
        given = repr(self.changes)
        if given not in self.read:
            self.read[given] = self._written()
        return self.read[given]

    def _written(self) -> Merchant:
        data = yaml.safe_load(DEMO.read_text("utf-8"))
        data["payouts_from"] = str(data["payouts_from"])
        data["state"] = str(self.folder / "state")
        for key, value in {"delivery.parallel": 1, **self.changes}.items():
            *groups, name = key.split(".")
            inner = data
            for group in groups:
                inner = inner.setdefault(group, {})
            if value is None:
                inner.pop(name, None)
            else:
                inner[name] = value
        path = self.folder / "shop.yaml"
        path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), "utf-8")
        environ = {
            "QLIRO_API_KEY": "SANDBOX",
            "QLIRO_API_SECRET": "sandbox-secret",
            "QLIRO_PLUS_API_KEY": "SANDBOX-PLUS",
            "QLIRO_PLUS_API_SECRET": "sandbox-plus-secret",
            "FORTNOX_CLIENT_ID": "sandbox-client",
            "FORTNOX_CLIENT_SECRET": "sandbox-client-secret",
        }
        return load_merchant(path, environ)

    # -- what is done ----------------------------------------------------------------------------

    def session(self) -> Any:
        """A session of its own; a context manager."""
        return sessions.open_session(
            self.merchant, self.store, self.clock, SandboxTransport(self.world)
        )

    def run(self, *named: str) -> RunReport:
        """Sync, plan, deliver, reconcile."""
        self._remember()
        opened: Session
        with self.session() as opened:
            return sessions.run(opened, scopes.named(named))

    def plan(self, *named: str) -> Plan:
        """Sync and plan; nothing is written to Fortnox."""
        self._remember()
        opened: Session
        with self.session() as opened:
            scope = scopes.named(named)
            return sessions.plan(opened, sessions.sync(opened, scope), scope)

    def lose_the_database(self) -> None:
        """Everything that the program knew is gone; the world is as it was."""
        self.store.connection.close()
        self.store = self.empty_store()

    def resolve(self, ref: object, kind: str, detail: object = "", reason: str = "") -> Row:
        """A person decides."""
        return resolve(
            self.store, self.clock.now(), "Anna", str(ref), kind, str(detail or ""), reason
        )

    def _remember(self) -> None:
        if not self.before:
            self.before = {number: self.account(number) for number in self.world.accounts}

    # -- what a user notices ---------------------------------------------------------------------

    def lines(self, of: Trouble | None = None, **fields: Any) -> list[Row]:
        """The lines as they are told, in the order of their payout; of one trouble, or all."""
        rows = self.store.rows(
            "SELECT s.*, l.Amount FROM ledger.line_state AS s "
            "JOIN qliro.settlement_line AS l ON l.line = s.line "
            "ORDER BY s.payout, l.position, s.line"
        )
        payouts = {one["payout"] for one in (self.payouts_of(of) if of else self.payouts())}
        return [
            row
            for row in rows
            if row["payout"] in payouts
            and all(row[name] == value for name, value in fields.items())
        ]

    def states(self, of: Trouble | None = None, **fields: Any) -> list[str]:
        """The states of the lines."""
        return [row["state"] for row in self.lines(of, **fields)]

    def reasons(self, of: Trouble | None = None, **fields: Any) -> list[str]:
        """Why the lines are in their states."""
        return [row["reason"] for row in self.lines(of, **fields)]

    def payouts(self) -> list[Row]:
        """The payouts as they are told."""
        return self.store.rows("SELECT * FROM ledger.payout_state ORDER BY BatchDate, payout")

    def payouts_of(self, trouble: Trouble) -> list[Row]:
        """The payouts that a trouble's batches are in."""
        batches = {str(batch) for batch in trouble.batches}
        return [one for one in self.payouts() if batches & set(one["batches"].split(", "))]

    def payments(self, invoice: Invoice | int | None = None) -> list[Payment]:
        """The payments that this program made in Fortnox, the oldest first."""
        number = invoice.number if isinstance(invoice, Invoice) else invoice
        made = (self.world.payments[one] for one in self.world.made_payments)
        return [one for one in made if number is None or one.invoice == number]

    def vouchers(self, series: str | None = None) -> list[Voucher]:
        """The vouchers that this program made in Fortnox, the oldest first."""
        made = (self.world.vouchers[key] for key in self.world.made_vouchers)
        return [one for one in made if series is None or one.key.series == series]

    def account(self, number: int) -> Decimal:
        """Debit less credit on an account in Fortnox."""
        return account_balance(self.world, number)

    def change(self, number: int) -> Decimal:
        """What the account has moved since the first run."""
        return self.account(number) - self.before.get(number, Decimal(0))

    def balance(self, invoice: Invoice | int) -> Decimal:
        """What is left to pay of an invoice."""
        number = invoice.number if isinstance(invoice, Invoice) else invoice
        return self.world.invoices[number].balance

    @property
    def posted(self) -> Posted:
        """How many documents this program has made."""
        return Posted(len(self.world.made_payments), len(self.world.made_vouchers))

    def requests(self, method: str, path: str) -> list[str]:
        """The paths with query that were asked of the servers."""
        return [
            f"{entry.path}?{entry.query}" if entry.query else entry.path
            for entry in self.world.journal
            if entry.method == method and path in entry.path
        ]

    def interims(self) -> dict[int, Decimal]:
        """What is on the interim accounts, less what lay there before the first run."""
        return {number: self.change(number) for number in INTERIM if self.change(number)}

    def open_lines(self) -> dict[int, Decimal]:
        """What the interim accounts must hold, told from the lines: what is booked less what has
        been transferred. With the payout transferred that is its open lines, with the opposite
        sign. (What was adopted stood there before.)"""
        held: dict[int, Decimal] = {}
        transferred = {
            row["payout"]
            for row in self.payouts()
            if row["transfer"] in BOOKED and " as " in row["transfer_reason"]
        }
        ours = {str(number) for number in self.world.made_payments}
        for line in self.lines(Status="Accepted", vanished=False):
            amount = Decimal(0)
            if line["state"] in BOOKED and (line["mapping"] != "payment" or line["number"] in ours):
                amount += line["value"]
            if line["payout"] in transferred:
                amount -= line["value"]
            held[line["interim"]] = held.get(line["interim"], Decimal(0)) + amount
        return {number: amount for number, amount in held.items() if amount}


def rows_of(voucher: Voucher) -> dict[int, Decimal]:
    """A voucher as an accountant reads it: what it adds to each account."""
    sums: dict[int, Decimal] = {}
    for row in voucher.rows:
        sums[row.account] = sums.get(row.account, Decimal(0)) + row.debit - row.credit
    return sums


def write_offs(payment: Payment) -> list[tuple[int, Decimal]]:
    """Account and amount of a payment's write-offs."""
    return [(off.account, off.amount) for off in payment.write_offs]


def money(*amounts: str) -> list[Decimal]:
    """Amounts from texts."""
    return [Decimal(amount) for amount in amounts]


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Their sum."""
    return sum(amounts, Decimal(0))



def texts(page: Page) -> str:
    """A page as a reader sees it, without colours."""
    told = []
    for part in page:
        if isinstance(part, Text):
            told.append(part.text)
        elif isinstance(part, Table):
            rows = [[one.title for one in part.columns], *part.rows]
            told += [" | ".join(c if isinstance(c, str) else c[0] for c in row) for row in rows]
    return "\n".join(told)


OpenShop = Callable[..., Shop]
