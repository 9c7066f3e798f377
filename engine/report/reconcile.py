"""Reconciles: the state of every line after a plan or delivery, and what interim accounts hold.

Reads a plan, what delivery reported and the ledger; writes ``ledger.line_state``,
``ledger.payout_state``, ``ledger.interim_state`` and ``ledger.proof``: what people read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any

from .. import json_text
from ..deliver.queue import Delivery
from ..personal import called
from ..plan.model import Outcome, Payout, Plan
from ..plan.orders import after_orders
from ..plan.proof import interim_balance
from ..plan.states import CLOSED, STATES
from ..store.database import Store
from ..store.ledger import Action, Progress, each_begun

BOOKED = ("posted", "adopted", "done")
MOST_NAMED = 5  # sources that a warning names


def after_delivery(plan: Plan, delivery: Delivery) -> Plan:
    """The plan with what delivery found out: refused and undecided are parked, unknown waits."""
    if not (delivery.refused or delivery.undecided or delivery.unknown or delivery.later):
        return plan
    outcomes = type(plan.outcomes)()
    outcomes.extend(_delivered(one, delivery) for one in plan.outcomes)
    return replace(plan, outcomes=outcomes)


def spared(plan: Plan, delivery: Delivery) -> Iterator[str]:
    """What documents were sent without, because the target refused it; one sentence for each
    refusal, with the first sources."""
    by_refusal: dict[str, list[str]] = {}
    for one in plan.outcomes:
        if one.action in delivery.spared and one.action not in delivery.refused:
            told = called(one.mapping, one.source)
            by_refusal.setdefault(delivery.spared[one.action], []).append(told)
    for refusal, sources in by_refusal.items():
        more = f" and {len(sources) - MOST_NAMED} more" if len(sources) > MOST_NAMED else ""
        yield (
            f"sent without {refusal}, which Fortnox refused: "
            f"{', '.join(dict.fromkeys(sources[:MOST_NAMED]))}{more}. Fill it in there by hand"
        )


def _delivered(outcome: Outcome, delivery: Delivery) -> Outcome:
    action = outcome.action or ""
    if action in delivery.refused:
        why = delivery.refused[action]
        return replace(outcome, state="parked", code="refused", reason=why)
    if action in delivery.undecided:
        why = delivery.undecided[action]
        return replace(outcome, state="parked", code="undecided", reason=why)
    if action in delivery.unknown:
        why = "its answer was lost; it is looked for before it is sent again"
        if action in delivery.unclear:
            why += f" ({delivery.unclear[action]})"
        return replace(outcome, state="waiting", code="unknown", reason=why)
    if action in delivery.later:
        return replace(outcome, state="waiting", code="later", reason=delivery.later[action])
    return outcome


def record_states(store: Store, run: str, now: datetime, plan: Plan) -> None:
    """Replace what is told of the plan's payouts and orders; the others stay as they are told."""
    keys = list(plan.payouts)
    told = {line["line"]: payout.key for payout in plan.payouts.values() for line in payout.lines}
    by_payout = {key: Delivered() for key in keys}
    begun: dict[str, Begun] = {}
    for action, progress in each_begun(store, keys, told, documented=True):
        for key in {told[line] for line in (*action.covers, *action.moves) if line in told}:
            by_payout[key].add(action, progress)
        begun[action.action] = progress.number, action.facts.get("document")
    lines: list[Iterable[tuple[Any, ...]]] = []
    payouts: list[tuple[Any, ...]] = []
    interims: list[tuple[Any, ...]] = []
    proofs: list[tuple[Any, ...]] = []
    states = plan.line_states()
    for payout in plan.payouts.values():
        lines.append(_line_rows(plan, payout, states, begun))
        transfer = _transfer(plan, payout)
        held = interim_of(payout, by_payout[payout.key])
        even = all(has == must for has, must in held.values())
        closed = (
            transfer[0] in BOOKED
            and even
            and all(states[line["line"]].state in CLOSED for line in payout.each_accepted())
            and all(one.state in CLOSED for one in plan.outcomes if one.payout == payout.key)
        )
        proof = plan.proofs[payout.key]
        payouts.append(
            (
                payout.key, payout.date, payout.row["batches"], payout.row["AcquirerName"],
                payout.row["CurrencyCode"], payout.row["TotalAmount"], proof.holds,
                proof.sentence(), *transfer, closed, now,
            )
        )  # fmt: skip
        interims += [(payout.key, account, has, must) for account, (has, must) in held.items()]
        figures = [[one.name, one.stated, one.counted] for one in proof.figures]
        detail = {
            "figures": figures,
            "problems": proof.problems,
            "alternatives": proof.alternatives,
        }
        proofs.append((now, run, payout.key, proof.holds, closed, payout.digest,
                       json_text.encode(detail)))  # fmt: skip
    finished = after_orders(plan)
    orders = [
        (one.key, one.day, finished[one.key], one.digest, now) for one in plan.orders.values()
    ]
    items = list(_order_items(store, plan))
    with store.transaction():
        store.execute(
            "DELETE FROM ledger.order_state WHERE OrderId IN (SELECT unnest(?::VARCHAR[]))",
            [list(plan.orders)],
        )
        store.append("ledger.order_state", orders, ORDER_COLUMNS)
        store.execute(
            "DELETE FROM ledger.order_item WHERE list_contains(?, OrderId)", [list(plan.orders)]
        )
        store.append("ledger.order_item", items, ITEM_COLUMNS)
        for table in ("line_state", "payout_state", "interim_state"):
            store.execute(
                f"DELETE FROM ledger.{table} WHERE payout IN (SELECT unnest(?::VARCHAR[]))", [keys]
            )
        store.append("ledger.line_state", chain.from_iterable(lines), LINE_COLUMNS)
        store.append("ledger.payout_state", payouts, PAYOUT_COLUMNS)
        store.append("ledger.interim_state", interims, ("payout", "account", "held", "must"))
        store.append("ledger.proof", proofs, PROOF_COLUMNS)


ITEM_COLUMNS = (
    "OrderId", "mapping", "source", "state", "code", "reason", "delivery", "number",
)  # fmt: skip
ORDER_COLUMNS = ("OrderId", "OrderDate", "closed", "digest", "noted_at")
LINE_COLUMNS = (
    "payout", "line", "state", "code", "reason", "mapping", "source", "delivery", "number",
    "document", "OrderId", "PaymentTransactionId", "reference", "Type", "Action", "Status",
    "CurrencyCode", "gross", "value", "interim", "vanished",
)  # fmt: skip
PROOF_COLUMNS = ("noted_at", "run", "payout", "holds", "closed", "digest", "detail")
PAYOUT_COLUMNS = (
    "payout", "BatchDate", "batches", "AcquirerName", "CurrencyCode", "TotalAmount", "holds",
    "proof", "transfer", "transfer_reason", "closed", "noted_at",
)  # fmt: skip


def _order_items(store: Store, plan: Plan) -> Iterable[tuple[Any, ...]]:
    """What became of each order, one row for each source of each mapping."""
    cases = {case.case: key for key, case in plan.orders.items()}
    numbers = {
        row["action"]: row["number"]
        for row in store.rows(
            "SELECT s.action, s.number FROM ledger.step AS s "
            "WHERE s.number IS NOT NULL AND list_contains(?, s.action)",
            [sorted({one.action for one in plan.outcomes if one.action and one.payout in cases})],
        )
    }
    for one in plan.outcomes:
        if one.payout in cases:
            yield (
                cases[one.payout], one.mapping, one.source, one.state, one.code, one.reason,
                one.action, numbers.get(one.action or ""),
            )  # fmt: skip


def _booked(plan: Plan, lines: Container[str]) -> dict[str, str]:
    """The action by which each of these lines is booked."""
    return {
        line: one.action
        for one in plan.outcomes if one.action and one.state in BOOKED
        for line in one.covers if line in lines
    }  # fmt: skip


# Of an action that was begun: the number of its document, and which it was matched with.
Begun = tuple[str | None, str | None]


def _line_rows(
    plan: Plan, payout: Payout, states: Mapping[str, Outcome], begun: Mapping[str, Begun]
) -> Iterable[tuple[Any, ...]]:
    booked = _booked(plan, {line["line"] for line in payout.lines if line["vanished"]})
    for line in payout.lines:
        outcome = states.get(line["line"])
        if line["Status"] != "Accepted":
            outcome = Outcome("", "", payout.key, "outside", line["Status"].lower(), "")
        elif line["vanished"] and outcome is not None:  # told with the document that is left of it
            outcome = replace(outcome, action=booked.get(line["line"]))
        if outcome is None:
            continue
        number, document = begun.get(outcome.action or "", (None, None))
        match = outcome.trace.get("match", {}) if outcome.trace else {}
        document = document or match.get("document")
        yield (
            payout.key, line["line"], outcome.state, outcome.code, outcome.reason,
            outcome.mapping, outcome.source, outcome.action, number, document, line["OrderId"],
            line["PaymentTransactionId"], line["reference"], line["Type"], line["Action"],
            line["Status"], line["CurrencyCode"], line["gross"], line["value"], line["interim"],
            line["vanished"],
        )  # fmt: skip


def _transfer(plan: Plan, payout: Payout) -> tuple[str, str]:
    """State and reason of the payout's transfers: of the least finished one."""
    moving = [
        one for one in plan.outcomes if one.payout == payout.key and one.mapping in plan.movers
    ]  # fmt: skip
    if not plan.proofs[payout.key].holds and not moving:
        return "parked", "the payout does not balance"
    if not moving and plan.movers:
        return "done", "there is nothing to transfer"
    if not moving:
        return "waiting", "no transfer is declared for it"
    worst = min(moving, key=lambda one: STATES.index(one.state))
    if worst.state not in ("posted", "adopted"):
        return worst.state, worst.reason
    # What came later has a voucher of its own.
    reasons = dict.fromkeys(one.reason for one in moving if one.state in ("posted", "adopted"))
    return worst.state, "; ".join(reasons)


class Delivered:
    """What the actions of a payout come to, which are added one after the other."""

    def __init__(self) -> None:
        self.effects: dict[Any, Decimal] = {}  # by account, debit − credit of what is finished
        self.paid_on: set[Any] = set()  # the accounts of payments
        self.booked: set[str] = set()  # lines
        self.moved: Counter[str] = Counter()  # how often each line's money
        self.passed_by: set[str] = set()  # accounted for by the transfer, and moving no money

    def add(self, action: Action, progress: Progress) -> None:
        """Count an action in."""
        self.paid_on.add(action.document.get("ModeOfPaymentAccount"))
        if not all(progress.finished(step) for step in action.steps):
            return
        for account, amount in _effects(action):
            self.effects[account] = self.effects.get(account, Decimal(0)) + amount
        self.moved.update(action.moves)
        (self.passed_by if action.moves else self.booked).update(action.covers)


def interim_of(payout: Payout, delivered: Delivered) -> dict[Any, tuple[Decimal, Decimal]]:
    """By interim account: what the delivered documents leave on it, and what the lines demand.

    The lines demand the value of what is booked less the value of what has been transferred, so
    that after the transfer exactly the open lines are left, with the opposite sign.
    """
    # A payment's account is an interim account, whatever the table says of its line by now.
    accounts = set(delivered.paid_on)
    demanded: dict[Any, Decimal] = {}
    for line in payout.lines:
        one, interim, value = line["line"], line["interim"], line["value"]
        accounts.add(interim)
        if value is None:
            continue
        times = 0 if one in delivered.passed_by else delivered.moved[one]
        if one in delivered.booked or times:
            booked = value if one in delivered.booked else Decimal(0)
            demanded[interim] = demanded.get(interim, Decimal(0)) + times * value - booked
    effects = [pair for pair in delivered.effects.items() if pair[0] in accounts]
    return interim_balance(effects, demanded.items())


def _effects(action: Action) -> Iterable[tuple[Any, Decimal]]:
    document = action.document
    if "ModeOfPaymentAccount" in document:
        yield document["ModeOfPaymentAccount"], Decimal(document["Amount"])
    for row in document.get("VoucherRows", ()):
        yield row["Account"], Decimal(row["Debit"]) - Decimal(row["Credit"])
