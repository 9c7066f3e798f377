"""Any history of payouts, runs, crashes, faults and strangers: what must hold after each of it.

A state machine of Hypothesis makes the histories; a failing one is printed as a test to be run.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from engine.errors import QliroFortnoxError
from engine.sandbox.history import pay, payout_day
from engine.sandbox.transport import Killed
from engine.sandbox.world.faults import KINDS, Fault, clear, plan
from engine.sandbox.world.world import VoucherKey
from engine.store.ledger import FINISHED, owned_numbers, read_actions, read_progress
from faults.shop import Shop, new_world, payout_of

TROUBLES = (
    "clean_sale",
    "clean_refund_with_credit_invoice",
    "fee_with_vat",
    "two_captures_one_invoice",
    "lump_fee_without_order",
    "chargeback",
    "part_payment",
    "invoice_missing",
    "already_paid_on_interim_account",
)
FAULTS = sorted(KINDS)
# After which events another may come, of one step; a person's word ends with found or absent.
AFTER = {
    None: {"sending", "adopted"},
    "sending": {"done", "refused", "not-sent", "unknown", "found", "absent", "undecided"},
    "unknown": {"found", "absent", "undecided"},
    "refused": {"sending", "adopted", "found"},
    "not-sent": {"sending", "adopted"},
    "absent": {"sending", "adopted"},
    "undecided": {"found", "absent"},
}


class Histories(RuleBasedStateMachine):
    """A shop's life with this program; the sandbox's own counts are the judge."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.shop = Shop(new_world(), Path(self.folder.name), delivery={"parallel": 2})
        self.strangers = 0

    def teardown(self) -> None:
        if hasattr(self, "shop"):
            with self.folder:
                self.in_the_end()

    def in_the_end(self) -> None:
        """With nothing in the way, every line that can be posted is."""
        clear(self.shop.world)
        self.shop.later()
        self.shop.run()
        self.every_payment_is_owned_by_one()
        states = self.shop.states()
        assert not {code for _, code in states} & {"unknown", "to-finish", "to-post", "unsettled"}
        rows = self.shop.store.rows("SELECT * FROM ledger.interim_state WHERE held <> must")
        assert rows == []
        self.books_agree_with_the_ledger()

    @rule(kinds=st.lists(st.sampled_from(TROUBLES), min_size=1, max_size=3))
    def new_payout(self, kinds: list[str]) -> None:
        payout_of(self.shop.world, *kinds)

    @rule()
    def run_undisturbed(self) -> None:
        clear(self.shop.world)
        self.go()

    @rule(kind=st.sampled_from(FAULTS), nth=st.integers(1, 12), times=st.integers(1, 2))
    def run_with_a_fault_at_a_write(self, kind: str, nth: int, times: int) -> None:
        clear(self.shop.world)
        path = "/3/(invoicepayments|vouchers)"
        for method in ("POST", "PUT"):
            plan(self.shop.world, Fault(kind, nth, times, method, path, seconds=100.0))
        self.go()

    @rule(kind=st.sampled_from(FAULTS), nth=st.integers(1, 25))
    def run_with_a_fault_anywhere(self, kind: str, nth: int) -> None:
        clear(self.shop.world)
        plan(self.shop.world, Fault(kind, nth, seconds=100.0))
        self.go()

    @rule(seconds=st.sampled_from([1, 60, 119, 121, 3600, 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.shop.later(seconds)

    @precondition(lambda self: self.shop.world.invoices and self.strangers < 2)
    @rule(which=st.integers(0, 50), booked=st.booleans())
    def a_stranger_pays_elsewhere(self, which: int, booked: bool) -> None:
        """On the bank account: it can't be taken for ours, and takes of the balance if booked."""
        world = self.shop.world
        still_open = [one for one in world.invoices.values() if one.balance > 0]
        if still_open:
            invoice = still_open[which % len(still_open)]
            made = pay(world, invoice, Decimal(1), 1930, day=payout_day(world), booked=booked)
            world.payments[made.number] = replace(world.payments[made.number], modified=world.now())
            self.strangers += 1

    def go(self) -> None:
        with suppress(Killed, QliroFortnoxError):
            self.shop.run()

    # -- what must always hold ------------------------------------------------------------------

    @invariant()
    def every_payment_is_owned_by_one(self) -> None:
        if not hasattr(self, "shop"):
            return
        owners: Counter[tuple[str, str]] = Counter()
        actions = read_actions(self.shop.store)
        for name, progress in read_progress(self.shop.store).items():
            if progress.number is not None:
                owners[actions[name].target, progress.number] += 1
        assert set(owners.values()) <= {1}, owners

    @invariant()
    def nothing_stands_twice_on_the_server(self) -> None:
        if not hasattr(self, "shop"):
            return
        world = self.shop.world
        made = Counter(
            (payment.invoice, payment.amount, payment.day)
            for payment in (world.payments[number] for number in world.made_payments)
        )
        assert set(made.values()) <= {1}, made
        texts = Counter(world.vouchers[key].description for key in world.made_vouchers)
        assert set(texts.values()) <= {1}, texts
        booked = Counter(
            entry.effect for entry in world.journal if entry.effect and "booked" in entry.effect
        )
        assert set(booked.values()) <= {1}, booked

    @invariant()
    def the_ledger_is_well_formed(self) -> None:
        if not hasattr(self, "shop"):
            return
        last: dict[tuple[str, str], str] = {}
        for row in self.shop.store.rows("SELECT * FROM ledger.event ORDER BY seq"):
            key = (row["action"], row["step"])
            allowed = AFTER.get(last.get(key), set())
            assert row["event"] in allowed, (key, last.get(key), row["event"])
            if row["step"] != "create" and row["event"] == "sending":
                assert last[row["action"], "create"] in FINISHED
            if row["event"] == "sending":
                assert row["method"]
                assert row["path"]
            last[key] = row["event"]

    @invariant()
    def no_write_is_repeated_before_the_settle_delay(self) -> None:
        if not hasattr(self, "shop"):
            return
        sure = {"429", None}
        lost: dict[tuple[str, str, str], datetime] = {}
        for entry in self.shop.world.journal:
            if entry.method == "GET" or "oauth" in entry.path:
                continue
            key = (entry.method, entry.path, entry.body)
            before = lost.pop(key, None)
            assert before is None or entry.at - before >= timedelta(seconds=120), key
            if entry.fault not in sure:
                lost[key] = entry.at

    def books_agree_with_the_ledger(self) -> None:
        """What the documents that we own leave on the interim accounts, by the server itself."""
        world, store = self.shop.world, self.shop.store
        on: Counter[int] = Counter()
        for number in owned_numbers(store, "fortnox.invoice_payment"):
            payment = world.payments[int(number)]
            assert payment.booked
            on[payment.account] += payment.amount  # type: ignore[assignment]
        for number in owned_numbers(store, "fortnox.voucher"):
            series, ordinal, year = number.split("/")
            for row in world.vouchers[VoucherKey(series, int(ordinal), int(year))].rows:
                on[row.account] += row.debit - row.credit  # type: ignore[assignment]
        rows = store.rows(
            "SELECT account, sum(held) AS held FROM ledger.interim_state GROUP BY account"
        )
        for row in rows:
            assert on[row["account"]] == row["held"], row


Histories.TestCase.settings = settings(
    max_examples=5,
    stateful_step_count=7,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)
TestHistories = Histories.TestCase
