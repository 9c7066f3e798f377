"""A desk to deliver from: a sandbox, a store, and actions made by hand instead of by a plan."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import few_rows
import httpx

from engine.access.tokens import ClientCredentials, GivenToken
from engine.deliver.delivery import deliver
from engine.deliver.queue import Delivery
from engine.error_catalogue import installed
from engine.merchant.secrets import Secret
from engine.sandbox.fortnox.api import issue_token
from engine.sandbox.fortnox.company import empty_world
from engine.sandbox.history import new_invoice, pay
from engine.sandbox.transport import SandboxTransport
from engine.sandbox.world.world import World
from engine.store.database import Store
from engine.store.ledger import Action, begun, read_actions, read_progress, record_actions
from engine.transport.http import Api
from engine.transport.limiter import Limiter

DAY = "2026-11-13"
DELAY = 120.0


class WorldClock:
    """The world's time as the program's clock: it moves when somebody sleeps."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._start = world.now()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self.world.now().astimezone(UTC)

    def monotonic(self) -> float:
        return (self.world.now() - self._start).total_seconds()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.world.clock.advance(max(seconds, 0.0))


class Desk:
    """Everything a delivery needs, and what stands in the books afterwards."""

    def __init__(self, *, parallel: int = 1, token: bool = True) -> None:
        self.world = empty_world()
        self.world.limits.rate_limit = None
        self.store: Store = few_rows.plainly(few_rows.in_memory())
        self.clock = WorldClock(self.world)
        self.parallel = parallel
        self.token = token
        self.transport: httpx.BaseTransport = SandboxTransport(self.world)
        self.limiter: Limiter | None = None
        self.stop = threading.Event()
        self.actions: list[Action] = []
        self.run = 0
        self.locked_at: datetime | None = None

    # -- what is to be delivered ------------------------------------------------------------------

    def invoice(self, total: str = "100.00") -> int:
        """A new invoice; gives its number."""
        return new_invoice(self.world, Decimal(total), day=date(2026, 11, 11)).number

    def payment(self, invoice: int, amount: str = "100.00", **changed: Any) -> Action:
        """A payment to be made, and booked."""
        document = {
            "InvoiceNumber": invoice,
            "Amount": Decimal(amount),
            "PaymentDate": DAY,
            "ModeOfPaymentAccount": 1581,
        }
        return self._add(
            Action(
                f"payment-{len(self.actions) + 1}", "payment", "fortnox.invoice_payment",
                f"line-{len(self.actions) + 1}", "70001", (f"line-{len(self.actions) + 1}",),
                document, {"ask": {"invoicenumber": str(invoice)}, "agree": dict(document)},
                ("bookkeep",), str(invoice), Decimal(amount),
            ),
            changed,
        )  # fmt: skip

    def voucher(self, text: str = "Qliro utbetalning", **changed: Any) -> Action:
        """A voucher to be made."""
        document = {
            "Description": f"{text} {len(self.actions) + 1}",
            "TransactionDate": DAY,
            "VoucherSeries": "T",
            "Year": 2,
            "VoucherRows": [
                {"Account": 1930, "Debit": Decimal("10.00"), "Credit": Decimal(0)},
                {"Account": 1581, "Debit": Decimal(0), "Credit": Decimal("10.00")},
            ],
        }
        agree = {key: document[key] for key in ("Description", "TransactionDate", "VoucherSeries")}
        return self._add(
            Action(
                f"transfer-{len(self.actions) + 1}", "transfer", "fortnox.voucher", "70001",
                "70001", (), document, {"ask": {"series": "T", "year": 2}, "agree": agree},
            ),
            changed,
        )  # fmt: skip

    def _add(self, action: Action, changed: dict[str, Any]) -> Action:
        action = replace(action, **changed)
        self.actions.append(action)
        return action

    def foreign(self, invoice: int, amount: str = "100.00", *, booked: bool = False) -> int:
        """Somebody else enters a payment that looks like one of ours; gives its number."""
        day = datetime.fromisoformat(DAY).date()
        made = pay(
            self.world, self.world.invoices[invoice], Decimal(amount), 1581, day=day, booked=booked
        )
        return made.number

    # -- runs -------------------------------------------------------------------------------------

    def deliver(self, actions: Sequence[Action] | None = None, *, create: bool = True) -> Delivery:
        """One delivery: of all actions that are not finished, unless some are given."""
        self.run += 1
        if actions is None:
            actions = self.open()
        if create:
            record_actions(self.store, f"run-{self.run}", self.clock.now(), actions)
        with self.api() as api:
            return deliver(
                self.store, f"run-{self.run}", actions, {"fortnox": api}, self.clock, installed(),
                settle_delay=DELAY, parallel=self.parallel, stop=self.stop, create=create,
                locked_at=self.locked_at,
            )  # fmt: skip

    def go_on(self) -> Delivery:
        """What the next run does: recover what was begun, then deliver what is not finished."""
        left = begun(self.store)
        if left:
            self.deliver(left, create=False)
        return self.deliver()

    def open(self) -> list[Action]:
        """The actions that are neither finished nor left to a person."""
        progress = read_progress(self.store)
        return [
            action
            for action in self.actions
            if action.action not in progress
            or not all(
                progress[action.action].finished(step)
                or progress[action.action].events.get(step) == "undecided"
                for step in action.steps
            )
        ]

    def api(self) -> Api:
        auth: httpx.Auth = GivenToken(Secret("token", issue_token(self.world)))
        if not self.token:
            access = self.world.access
            auth = ClientCredentials(
                "https://fortnox.example/oauth-v1", Secret("id", access.client_id),
                Secret("secret", access.client_secret), access.tenant_id, self.clock,
            )  # fmt: skip
        return Api("fortnox", "https://fortnox.example", auth=auth, clock=self.clock,
                   limiter=self.limiter, transport=self.transport)  # fmt: skip

    # -- what became of it ------------------------------------------------------------------------

    def events(self, action: Action, step: str = "create") -> list[str]:
        rows = self.store.rows(
            "SELECT event FROM ledger.event WHERE action = ? AND step = ? ORDER BY seq",
            [action.action, step],
        )
        return [row["event"] for row in rows]

    def number(self, action: Action) -> str | None:
        return read_progress(self.store)[action.action].number

    def requests(self) -> list[str]:
        return [f"{entry.method} {entry.path}" for entry in self.world.journal]

    def settled_in_time(self) -> bool:
        """Whether no write was repeated, or looked for, before the settle delay had passed."""
        lost: dict[tuple[str, str, str], datetime] = {}
        for entry in self.world.journal:
            key = (entry.method, entry.path, entry.body)
            due = lost.pop(key, None)
            if due is not None and (entry.at - due).total_seconds() < DELAY:
                return False
            if entry.method != "GET" and entry.fault not in (None, "429"):
                lost[key] = entry.at
        return True

    def exactly_once(self, actions: Iterable[Action] | None = None) -> None:
        """Each action has one document of its own in the books, booked once, counted there."""
        actions = self.actions if actions is None else actions
        progress = read_progress(self.store)
        numbers = [progress[action.action].number for action in actions]
        assert None not in numbers
        assert len(set(numbers)) == len(numbers), numbers
        payments: Counter[Any] = Counter()
        texts: Counter[str] = Counter()
        for action in actions:
            document = action.document
            if action.target == "fortnox.voucher":
                texts[document["Description"]] += 1
            else:
                payments[document["InvoiceNumber"], document["Amount"]] += 1
        stand = Counter((one.invoice, one.amount) for one in self.world.payments.values())
        assert stand == payments
        assert Counter(one.description for one in self.world.vouchers.values()
                       if one.reference_type == "MANUAL") == texts  # fmt: skip
        assert all(one.booked for one in self.world.payments.values())
        booked = Counter(
            entry.effect
            for entry in self.world.journal
            if entry.effect and "booked" in entry.effect
        )
        assert set(booked.values()) <= {1}
        kept = read_actions(self.store)
        assert all(
            progress[action.action].finished(step)
            for action in actions
            for step in kept[action.action].steps
        )
