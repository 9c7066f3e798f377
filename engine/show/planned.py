"""Shows a plan before it is carried out: a table of its documents, and each as a diff.

Reads a plan, gives a page: by payout what would be posted, what waits and what is parked; then for
each document what Fortnox has now and what it will have. What follows from it is marked as such.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from .. import json_text
from ..language.targets import target
from ..personal import called
from ..plan.model import OrderCase, Outcome, Payout, Plan
from ..scope import ALL
from ..store.ledger import Action
from ..suppose.rounds import Followed
from .followed import Following
from .page import (
    SHOWN_STATES,
    STYLES,
    Column,
    Page,
    Table,
    Text,
    amount,
    blank,
    count,
    day,
    heading,
    listed,
    mapping_name,
    of_day,
    state_name,
)

OPEN = ("waiting", "parked")


def page(made: Plan, followed: Followed | None = None, *, diff: bool = True) -> Page:
    """The plan, with what follows from it. ``diff`` adds, for each document, what Fortnox has now
    and what it will have."""
    if not made.payouts and not made.orders and not made.problems:
        what = "no payout or order is open" if made.scope == ALL else "nothing of it is open here"
        return [Text(f"Nothing to plan: {what}, as of what was fetched last.")]
    outcomes = {one.action: one for one in made.outcomes if one.action}
    balances = _balances(made.actions, outcomes)
    following = Following(followed or Followed())
    parts: Page = []
    for payout in made.payouts.values():
        parts += [*_payout(made, payout, outcomes, balances, following, diff=diff), blank()]
    for case in made.orders.values():
        parts += _order(made, case, following, diff=diff)
    parts += [Text(one, style=STYLES["parked"]) for one in made.problems]
    parts += [Text(f"Warning: {one}", style="yellow") for one in made.warnings]
    standing = sum(action.adopted is not None for action in made.actions)
    total = len(made.actions) - standing
    told = f"{count(total, 'document') if total else 'Nothing'} to post"
    if standing:
        told += f"; {count(standing, 'document')} there already, to be taken over"
    if followed and followed.actions:
        told += f"; {len(followed.actions)} more follow, and are planned again once those stand"
    parts.append(heading(f"{told}."))
    return parts


def _payout(
    made: Plan,
    payout: Payout,
    outcomes: Mapping[str, Outcome],
    balances: Mapping[str, tuple[Decimal, Decimal]],
    following: Following,
    *,
    diff: bool,
) -> Page:
    proof = made.proofs[payout.key]
    states = made.line_states()
    counts = Counter(states[one["line"]].state for one in payout.accepted if one["line"] in states)
    told = [f"{counts[state]} {state_name(state)}" for state in SHOWN_STATES if counts[state]]
    paid = f"{amount(payout.row['TotalAmount'])} {payout.row['CurrencyCode']}"
    lines = count(len(payout.accepted), "line")
    parts: Page = [
        heading(f"Payout {payout.key} of {day(payout.date)}: {paid}"),
        Text(f"{lines}: {listed(told) or 'none'}. {proof.sentence()}", indent=2),
    ]
    actions = [one for one in made.actions if one.payout == payout.key]
    if actions:
        parts += [blank(), _table(actions, outcomes, balances)]
    if diff:
        for action in actions:
            parts += [blank(), *_diff(action, balances)]
    later = following.of(payout.key)
    if later:
        of_later = _balances(later, following.outcomes)
        parts += [blank(), Text("Follows once what is planned stands:", indent=2)]
        parts += [_table(later, following.outcomes, of_later)]
    for action in later if diff else ():
        parts += [blank(), *following.diff(action, lambda one: _diff(one, of_later))]
    parts += following.unknown(payout.key, actions)
    open_ones = [one for one in made.outcomes if one.payout == payout.key and one.state in OPEN]
    open_ones = following.left_open(payout.key, open_ones)
    if open_ones:
        parts.append(blank())
    rows = {line["line"]: line for line in payout.lines}
    for one in open_ones:
        text = f"{one.state}: {_source(one, rows)}: {one.reason}"
        parts.append(Text(text, indent=2, style=STYLES[one.state]))
    return parts


def _order(made: Plan, case: OrderCase, following: Following, *, diff: bool) -> Page:
    """What would become of an order; one of which nothing is to be done is left out."""
    mine = [one for one in made.outcomes if one.payout == case.case]
    actions = [one for one in made.actions if one.payout == case.case]
    later = following.of(case.case)
    left_open = following.left_open(case.case, [one for one in mine if one.state in OPEN])
    if not actions and not left_open and not later:
        return []
    parts: Page = [heading(f"Order {case.key}{of_day(case.day)}")]
    for action in actions:
        if diff:
            parts += [*_diff(action, {}), blank()]
        else:
            name = called(action.mapping, action.source)
            parts.append(Text(f"{name}: {action.target}", indent=2))
    for action in later:
        if diff:
            parts += following.diff(action, lambda one: _diff(one, {}))
        else:
            name, why = called(action.mapping, action.source), following.why(action)
            told = f"follows{f', {why}' if why else ''}: {name}: {action.target}"
            parts.append(Text(told, indent=2, style="yellow"))
    parts += following.unknown(case.case, [*actions, *later])
    for one in left_open:
        text = f"{one.state}: {called(one.mapping, one.source)}: {one.reason}"
        parts.append(Text(text, indent=2, style=STYLES[one.state]))
    return [*parts, blank()]


def _source(outcome: Outcome, lines: Mapping[str, Mapping[str, Any]]) -> str:
    """The line that it is about, by amount and reference; of the payout, the mapping."""
    line = lines.get(outcome.source)
    if line is None:
        return mapping_name(outcome.mapping)
    return f"{amount(line['gross'])} reference {line['reference'] or '–'}, line {outcome.source}"


def _balances(
    actions: Sequence[Action], outcomes: Mapping[str, Outcome]
) -> dict[str, tuple[Decimal, Decimal]]:
    """By action: the balance of its invoice before it and after, the earlier actions considered."""
    left: dict[str, Decimal] = {}
    result = {}
    for action in actions:
        if action.consumed_of is None or action.consumed is None:
            continue
        inputs = (
            outcomes[action.action].trace.get("inputs", {}) if action.action in outcomes else {}
        )
        found = next(
            (row for row in inputs.values() if isinstance(row, dict) and "open_balance" in row),
            None,
        )
        if found is None and action.consumed_of not in left:
            continue
        before = left.get(action.consumed_of)
        if before is None and found is not None:
            before = Decimal(str(found["open_balance"]))
        if before is not None:
            left[action.consumed_of] = before - action.consumed
            result[action.action] = (before, before - action.consumed)
    return result


def _table(
    actions: list[Action],
    outcomes: Mapping[str, Outcome],
    balances: Mapping[str, tuple[Decimal, Decimal]],
) -> Table:
    rows = []
    for action in actions:
        document = action.document
        account = document.get("ModeOfPaymentAccount") or f"series {document.get('VoucherSeries')}"
        moved = balances.get(action.action)
        stands = target(action.target).told(action.adopted)
        rows.append(
            [
                mapping_name(action.mapping),
                _reference(outcomes.get(action.action)),
                str(action.consumed_of or document.get("InvoiceNumber") or "–"),
                str(document.get("PaymentDate") or document.get("TransactionDate") or ""),
                str(account),
                amount(_total(document)),
                f"{amount(moved[0])} → {amount(moved[1])}" if moved else "–",
                f"already there as {stands}" if action.adopted else "new",
            ]
        )
    columns = [
        *(Column(name) for name in ("Mapping", "Reference", "Invoice", "Date", "Account")),
        Column("Amount", right=True),
        Column("Balance now → then", right=True),
        Column("Document"),
    ]
    return Table(columns, rows, indent=2)


def _reference(outcome: Outcome | None) -> str:
    inputs = outcome.trace.get("inputs", {}) if outcome else {}
    return next(
        (str(row["reference"]) for row in inputs.values()
         if isinstance(row, dict) and row.get("reference")), "–",
    )  # fmt: skip


def _total(document: Mapping[str, Any]) -> Decimal | None:
    """The document's amount; of a voucher the sum of its debits."""
    if "Amount" in document:
        return Decimal(str(document["Amount"]))
    rows = document.get("VoucherRows")
    return sum((Decimal(str(row["Debit"])) for row in rows), Decimal(0)) if rows else None


def _diff(action: Action, balances: Mapping[str, tuple[Decimal, Decimal]]) -> Page:
    """What is (`` ``), what changes (``~``), what comes (``+``)."""
    parts: Page = [Text(f"{action.target}  {action.action}", indent=2, style="bold")]
    if action.action in balances:
        before, after = balances[action.action]
        parts.append(
            Text(f"~ invoice {action.consumed_of}  Balance: {amount(before)} → {amount(after)}", 4)
        )
    if action.adopted:
        aim = target(action.target)
        return [*parts, Text(f"  stands {aim.place} already as {aim.told(action.adopted)}", 4)]
    for name, value in action.document.items():
        if isinstance(value, list):
            for row in value:
                told = ", ".join(f"{key}: {_value(one)}" for key, one in row.items() if one != 0)
                parts.append(Text(f"+ {name}  {told}", 4, "green"))
        else:
            parts.append(Text(f"+ {name}: {_value(value)}", 4, "green"))
    parts += [Text(f"+ then {step}", 4, "green") for step in action.then]
    return parts


def _value(value: Any) -> str:
    if isinstance(value, Decimal):
        return amount(value)
    plain = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value) if plain else json_text.encode(value)
