"""A small shop for the fault tests: one payout with every kind of line, and a run of it.

Everything is passed in: the world, the clock that the world and the runs share, the transport.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import threading
import weakref
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import few_rows
import httpx
import yaml

from engine import scope as scopes
from engine import session as sessions
from engine.language.program import Program
from engine.language.spec import MappingSet
from engine.merchant.load import Merchant, load_merchant
from engine.sandbox.control import effects
from engine.sandbox.fortnox.company import empty_world
from engine.sandbox.history import at, new_invoice, new_sale, pay, payout_day, settle
from engine.sandbox.transport import SandboxTransport
from engine.sandbox.troubles.by_name import TROUBLES
from engine.sandbox.world.world import STOCKHOLM, World, interim_account
from engine.session import RunReport, Session
from engine.store.database import Store

ROOT = Path(__file__).parents[2]
SECRETS = {
    "QLIRO_API_KEY": "SANDBOX",
    "QLIRO_API_SECRET": "sandbox-secret",
    "QLIRO_PLUS_API_KEY": "SANDBOX-PLUS",
    "QLIRO_PLUS_API_SECRET": "sandbox-plus-secret",
    "FORTNOX_CLIENT_ID": "sandbox-client",
    "FORTNOX_CLIENT_SECRET": "sandbox-client-secret",
}
# What the payout of every kind holds, in order; what is to become of each stands in its docstring.
KINDS = (
    "clean_sale",
    "clean_refund_with_credit_invoice",
    "fee_with_vat",
    "two_captures_one_invoice",
    "lump_fee_without_order",
    "chargeback",
    "rounding_within_tolerance",
    "part_payment",
    "already_paid_on_interim_account",
    "already_paid_elsewhere",
    "invoice_missing",
    "invoice_unbooked",
)


class SharedClock:
    """One time for the sandbox and every run, also for those in other processes: it lies in memory
    that forks share, and moves a little whenever somebody looks, else when it is moved. It moves
    under a lock that the system takes back from a process that is killed: without one an hour that
    one process passed is lost to another's thousandth of a second."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._threads = threading.Lock()
        self._processes = os.memfd_create("clock")
        weakref.finalize(self, os.close, self._processes)
        os.truncate(self._processes, 8)
        self._memory = mmap.mmap(self._processes, 8)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._threads:
            fcntl.lockf(self._processes, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._processes, fcntl.LOCK_UN)

    def _seconds(self) -> float:
        return float(struct.unpack("d", self._memory[:8])[0])

    # as the program's clock
    def now(self) -> datetime:
        self.advance(0.001)  # nothing happens at once: a list is older than what is made after it
        return (self._start + timedelta(seconds=self._seconds())).astimezone(STOCKHOLM)

    def monotonic(self) -> float:
        return self._seconds()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.advance(seconds)

    # as the world's clock
    def advance(self, seconds: float) -> None:
        with self._alone():
            self._memory[:8] = struct.pack("d", self._seconds() + seconds)

    def set(self, moment: datetime) -> None:
        with self._alone():
            self._memory[:8] = struct.pack("d", (moment - self._start).total_seconds())


class RunClock:
    """The same time as the program wants it: in UTC."""

    def __init__(self, shared: SharedClock) -> None:
        self.shared = shared

    def now(self) -> datetime:
        return self.shared.now().astimezone(UTC)

    def monotonic(self) -> float:
        return self.shared.monotonic()

    def sleep(self, seconds: float) -> None:
        self.shared.sleep(seconds)


def new_world(seed: int = 1) -> World:
    """An empty company whose clock can be shared, its rate limit off."""
    world = empty_world(seed=seed)
    world.clock = SharedClock(world.now())  # type: ignore[assignment]
    world.limits.rate_limit = None
    return world


def clock_of(world: World) -> RunClock:
    return RunClock(world.clock)  # type: ignore[arg-type]


def payout_of(world: World, *kinds: str) -> int:
    """One payout with these seeded troubles in it; gives its batch id."""
    batch = settle(world, []).id
    for name in kinds:
        TROUBLES[name](world, into=batch)
    return batch


def every_kind() -> World:
    """The payout of every kind of line, with an unbooked foreign payment that is adopted."""
    world = new_world()
    batch = payout_of(world, *KINDS)
    day = payout_day(world)
    sale = new_sale(world, Decimal("150.00"))
    settle(world, [sale.line], into=batch)
    assert sale.invoice is not None
    pay(world, sale.invoice, Decimal("150.00"), interim_account(world, "QLIRO_INVOICE"), day=day,
        booked=False)  # fmt: skip
    return world


def merchant(folder: Path, server: str | None = None, **changed: Any) -> Merchant:
    """The demo's merchant with its state in ``folder`` and some settings changed."""
    content = yaml.safe_load((ROOT / "merchants" / "demo.yaml").read_text("utf-8"))
    if server:
        content["qliro"]["base_url"] = content["fortnox"]["base_url"] = server
        content["fortnox"]["auth_url"] = f"{server}/oauth-v1"
    for name in ("plus_api_key", "plus_api_secret"):  # of no use while refunds are off
        content["qliro"][name] = {"env": f"QLIRO_{name.upper()}"}
    content |= {"state": "state", **changed}
    path = folder / "shop.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    return load_merchant(path, SECRETS)


_load = sessions.load_mappings
_compiled: dict[str, tuple[MappingSet, Program]] = {}


def compiled(of: Merchant, *, known_right: bool = False) -> tuple[MappingSet, Program]:
    """The merchant's mappings, compiled once for a test process: they are not what is tested."""
    where = ("state", "qliro", "fortnox")  # not what a mapping is made of
    key = repr(sorted((k, repr(v)) for k, v in of.settings.items() if k not in where))
    if key not in _compiled:
        _compiled[key] = _load(of)
    return _compiled[key]


@contextmanager
def session(
    of: Merchant,
    store: Store,
    world: World,
    transport: httpx.BaseTransport | None = None,
    *,
    socket: bool = False,
) -> Iterator[Session]:
    """A session over the world; in process unless another ``transport`` or ``socket`` is given."""
    kept = sessions.load_mappings
    sessions.load_mappings = compiled
    try:
        with sessions.open_session(
            of, store, clock_of(world), None if socket else transport or SandboxTransport(world)
        ) as opened:
            yield opened
    finally:
        sessions.load_mappings = kept


class Shop:
    """A world, a merchant and a store in memory: what most fault tests begin with."""

    def __init__(self, world: World, folder: Path, **changed: Any) -> None:
        self.world = world
        self.merchant = merchant(folder, **changed)
        self.store = few_rows.plainly(few_rows.in_memory())

    def run(self, named: tuple[str, ...] = ()) -> RunReport:
        """One run from sync to posted payments."""
        with session(self.merchant, self.store, self.world) as opened:
            return sessions.run(opened, scopes.named(named))

    def later(self, seconds: float = 300.0) -> None:
        """Let time pass."""
        self.world.clock.advance(seconds)

    def states(self) -> Counter[tuple[str, str]]:
        """How many lines are in which state, and why."""
        rows = self.store.rows("SELECT state, code FROM ledger.line_state")
        return Counter((row["state"], row["code"]) for row in rows)

    def events(self, step: str = "%") -> list[tuple[str, str]]:
        """All events of steps, in order: (step, event)."""
        rows = self.store.rows(
            "SELECT step, event FROM ledger.event WHERE step LIKE ? ORDER BY seq", [step]
        )
        return [(row["step"], row["event"]) for row in rows]


def posted(world: World) -> dict[str, Any]:
    """What the program made, counted on the server's side, in a form that can be compared.

    Payments as (invoice, amount, account, write-offs, booked) with how often each stands there;
    vouchers as (series, text, rows) likewise; and how often each document was booked.
    """
    payments: Counter[Any] = Counter()
    for payment in world.payments.values():
        offs = tuple(sorted((off.account, off.amount) for off in payment.write_offs))
        payments[payment.invoice, payment.amount, payment.account, offs, payment.booked] += 1
    vouchers: Counter[Any] = Counter()
    for voucher in world.vouchers.values():
        if voucher.reference_type != "MANUAL":
            continue
        rows = tuple(sorted((row.account, row.debit, row.credit) for row in voucher.rows))
        vouchers[voucher.key.series, voucher.description, rows] += 1
    booked = Counter(
        entry.effect.partition(" ")[2]
        for entry in world.journal
        if entry.effect and entry.effect.endswith(" booked")
    )
    balances = {number: one.balance for number, one in world.invoices.items()}
    return {
        "payments": dict(payments),
        "vouchers": dict(vouchers),
        "booked twice": {key: n for key, n in booked.items() if n > 1},
        "balances": balances,
        "made": {key: value for key, value in effects(world).items() if key.endswith("created")},
    }


def requests(world: World, first: int = 0) -> list[tuple[str, str]]:
    """Method and path of what was asked, from the journal."""
    return [(entry.method, entry.path) for entry in world.journal[first:]]


def foreign_payment(world: World, invoice: int, like: Mapping[str, Any]) -> int:
    """Somebody enters a payment that looks exactly like one of ours; gives its number."""
    payment = pay(
        world, world.invoices[invoice], Decimal(like["Amount"]), int(like["ModeOfPaymentAccount"]),
        day=datetime.fromisoformat(str(like["PaymentDate"])).date(), booked=False,
    )  # fmt: skip
    world.payments[payment.number] = replace(payment, modified=world.now())
    return payment.number


__all__ = [
    "KINDS", "ROOT", "RunClock", "SharedClock", "Shop", "at", "clock_of", "every_kind",
    "foreign_payment", "merchant", "new_invoice", "new_sale", "new_world", "payout_of", "posted",
    "requests", "session",
]  # fmt: skip
