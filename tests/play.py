"""Plays a situation in the tests' shops, under names that stay wherever their modules move.

A case is a mapping: ``kind`` (orders or payouts), ``settings`` by dotted key, ``orders`` (what
buyers bought) and ``steps``, each a list of a name and what it needs. ``play`` lives it in the
sandbox, in process and with a clock that stands still; ``told`` puts into words what became of it.
From the command line: ``python tests/play.py CASE.json …``, which prints beside it what a case
``expect``s.

Steps of orders: ``order N`` · ``capture N [{reference: quantity}]`` · ``refund N {Amount, items}``
· ``deliver N [rows]`` · ``customer {fields}`` · ``cancel invoice|order`` · ``retry N [capture]`` ·
``run``. Orders are counted from 0 in the order in which they were made, rows likewise.

Steps of payouts: ``sale {name, amount, days_before, reference, invoiced}`` · ``invoice {of, total,
reference, second}`` · ``credit NAME total`` · ``payment NAME amount days_before`` (somebody
else's) · ``batch [[NAME, sale | another sale | refund | refund taken back | fee, …amounts]]`` ·
``later days`` · ``run``.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import few_rows
from order_shop import OrderShop
from orders.kit import chart
from orders.kit import told as rows_told
from shop import Shop, rows_of, write_offs

from engine.sandbox import history
from engine.sandbox.lives import lifecycle
from engine.sandbox.qliro import operations
from engine.sandbox.world.world import Address, Buyer, Item, Line, interim_account
from engine.store import database as stores

Case = Mapping[str, Any]
# What a run tells of these is what every order has; a case is about the others.
USUAL = ("article", "changed_order")


@dataclass(slots=True)
class Played:
    """A case under way: its shop, the orders or sales by which steps name them, what runs told."""

    shop: Any
    orders: list[int] = field(default_factory=list)
    sales: dict[str, history.Sale] = field(default_factory=dict)
    refunds: dict[str, Line] = field(default_factory=dict)
    runs: list[list[str]] = field(default_factory=list)


Step = Callable[..., None]


def play(case: Case, folder: Path | None = None) -> Played:
    """Live every step of a case; the shop is left open to be looked at."""
    where = folder or Path(tempfile.mkdtemp())
    settings = dict(case.get("settings", {}))
    if case["kind"] == "payouts":
        played, steps = Played(Shop(where, changes=settings)), PAYOUTS
    else:
        played, steps = Played(OrderShop(where, changes=settings)), ORDERS
        chart(played.shop.world)
    for name, *words in case["steps"]:
        given = [case["orders"][words[0]]] if name == "order" else words
        steps[name](played, *given)
    return played


# -- steps of orders -----------------------------------------------------------------------------


def _order(played: Played, given: Case) -> None:
    names = ("reference", "method", "currency", "country")
    more: dict[str, Any] = {name: given[name] for name in names if name in given}
    for name, kind in (("billing", Address), ("shipping", Address), ("buyer", Buyer)):
        if name in given:
            more[name] = kind(**given[name])
    made = lifecycle.secure(played.shop.world, [_item(one) for one in given["items"]], **more)
    played.orders.append(made.id)
    played.shop.known.append(str(made.id))


def _item(given: Case, action: str = "Reserve") -> Item:
    rate = given.get("VatRate")
    reference = given["MerchantReference"]
    return Item(
        0, reference, given.get("Description", reference), int(given.get("Quantity", 1)),
        _money(given["PricePerItemIncVat"]), _money(given["PricePerItemExVat"]), action,
        given.get("Type", "Product"), 0, None if rate is None else _money(rate),
    )  # fmt: skip


def _money(given: object) -> Decimal:
    return Decimal(str(given))


def _capture(played: Played, which: int, quantities: Mapping[str, int] | None = None) -> None:
    lifecycle.capture(played.shop.world, played.orders[which], quantities)


def _refund(played: Played, which: int, given: Case) -> None:
    world, order = played.shop.world, played.orders[which]
    captured = lifecycle.captures(world, order)[0]
    back = [_item(one, "Return") for one in given["items"]]
    operations.begin(
        world, world.qliro_orders[order], "Refund", _money(given["Amount"]), back,
        original=captured.id, done=True,
    )  # fmt: skip


def _deliver(played: Played, which: int, delivered: Sequence[int]) -> None:
    world = played.shop.world
    number = sorted(world.orders)[which]
    order = world.orders[number]
    rows = tuple(
        replace(row, quantity=row.ordered if place in delivered else Decimal(0))
        for place, row in enumerate(order.rows)
    )
    total = sum((row.price * row.quantity for row in rows), Decimal(0))
    world.orders[number] = replace(order, rows=rows, modified=world.now(), total=total)


def _customer(played: Played, fields: Mapping[str, Any]) -> None:
    """Somebody changes the youngest customer's card."""
    world = played.shop.world
    number = max(world.customers, key=lambda one: (len(one), one))
    card = world.customers[number]
    changed = replace(card, fields={**card.fields, **fields}, modified=world.now())
    world.customers[number] = changed


def _cancel(played: Played, what: str) -> None:
    """Somebody cancels the youngest invoice or order in Fortnox."""
    world = played.shop.world
    documents = world.invoices if what == "invoice" else world.orders
    youngest = max(documents)
    documents[youngest] = replace(documents[youngest], cancelled=True, modified=world.now())


def _retry(played: Played, which: int, of: str = "") -> None:
    """A person wants it tried again: the order, or its last capture."""
    order = played.orders[which]
    last = lifecycle.captures(played.shop.world, order)[-1].id if of else None
    played.shop.resolve(f"{order}/{last}" if of else order, "retry")


def _run_orders(played: Played) -> None:
    played.runs.append([
        f"{one.mapping:22} {one.source!s:16} {one.state:8} {one.reason}"
        for one in played.shop.run().plan.outcomes
        if one.mapping not in USUAL
    ])  # fmt: skip


ORDERS: Mapping[str, Step] = {
    "order": _order, "capture": _capture, "refund": _refund, "deliver": _deliver,
    "customer": _customer, "cancel": _cancel, "retry": _retry, "run": _run_orders,
}  # fmt: skip


# -- steps of payouts ----------------------------------------------------------------------------


def _day(played: Played) -> date:
    """The day of what a batch settles: two before its payout."""
    return history.payout_day(played.shop.world) - timedelta(days=2)


def _sale(played: Played, given: Case) -> None:
    played.sales[given["name"]] = history.new_sale(
        played.shop.world,
        _money(given["amount"]),
        day=_day(played) - timedelta(days=given.get("days_before", 0)),
        reference=given.get("reference"),
        invoiced=given.get("invoiced", True),
    )


def _invoice(played: Played, given: Case) -> None:
    order = played.sales[given["of"]].order
    history.new_invoice(
        played.shop.world,
        _money(given["total"]),
        day=_day(played),
        reference=given.get("reference", order.reference),
        second=str(order.id) if given.get("second") else "",
    )


def _credit(played: Played, name: str, total: str) -> None:
    world, invoice = played.shop.world, _invoice_of(played, name)
    history.new_credit_invoice(world, world.invoices[invoice], _money(total), day=_day(played))


def _payment(played: Played, name: str, amount: str, days_before: int) -> None:
    """Somebody else's, on the interim account of the sale."""
    world, order = played.shop.world, played.sales[name].order
    history.pay(
        world, world.invoices[_invoice_of(played, name)], _money(amount),
        interim_account(world, order.method), day=_day(played) - timedelta(days=days_before),
    )  # fmt: skip


def _invoice_of(played: Played, name: str) -> int:
    invoice = played.sales[name].invoice
    assert invoice is not None, f"the sale {name} has no invoice"
    return invoice.number


def _batch(played: Played, lines: Sequence[Sequence[str]]) -> None:
    history.settle(played.shop.world, [_line(played, *words) for words in lines])


def _line(played: Played, name: str, what: str, *amounts: str) -> Line:
    sale, world = played.sales[name], played.shop.world
    if what == "sale":
        return sale.line
    if what == "fee":
        fee = history.fee_line(sale.line, _money(amounts[0]))
        return replace(fee, excluding_vat=_money(amounts[1]))
    if what == "refund taken back":
        return replace(played.refunds[name], action="Debit")
    back = what == "refund"
    line = history.transaction_line(
        world, sale.order, _money(amounts[0]), day=_day(played), refund=back
    )
    if back:
        played.refunds[name] = line
    return line


def _later(played: Played, days: float) -> None:
    played.shop.later(days=days)


def _run_payouts(played: Played) -> None:
    played.shop.run()
    played.runs.append([
        f"line {one['payout']} {one['line']} {one['Amount']} {one['state']} | {one['reason']}"
        for one in played.shop.lines()
    ])  # fmt: skip


PAYOUTS: Mapping[str, Step] = {
    "sale": _sale, "invoice": _invoice, "credit": _credit, "payment": _payment, "batch": _batch,
    "later": _later, "run": _run_payouts,
}  # fmt: skip


# -- what became of it ---------------------------------------------------------------------------


def told(played: Played) -> list[str]:
    """What every run told, then what stands in Fortnox and at Qliro, a line each."""
    runs = [line for run in played.runs for line in ("run:", *(f"  {one}" for one in run))]
    return runs + (_books(played) if played.sales else _documents(played))


def _documents(played: Played) -> list[str]:
    world = played.shop.world
    lines = [
        " | ".join([f"Fortnox order {one.number} total {one.total}", *rows_told(one.rows)])
        for one in world.orders.values()
    ]
    lines += [
        " | ".join([
            f"Fortnox invoice {one.number} total {one.total} VAT {one.vat} "
            + ("booked" if one.booked else "not booked"),
            *rows_told(one.rows),
        ])
        for one in world.invoices.values()
    ]  # fmt: skip
    for order in played.orders:
        at_qliro = world.qliro_orders[order]
        shipped = [(one.reference, one.quantity) for one in at_qliro.items if one.action == "Ship"]
        taken = [str(one.amount) for one in at_qliro.transactions if one.type == "Capture"]
        lines.append(f"Qliro {order} shipped {shipped} captured {taken}")
    return lines


def _books(played: Played) -> list[str]:
    shop = played.shop
    lines = [
        f"payment {one.number} of invoice {one.invoice} {one.amount} {one.day} {write_offs(one)}"
        for one in shop.payments()
    ]
    lines += [
        f"voucher {one.key.series} {one.key.number} "
        + str({account: str(change) for account, change in rows_of(one).items()})
        for one in shop.vouchers()
    ]
    lines += [
        f"invoice {one.number} {one.external1} {one.external2} {one.total} balance {one.balance}"
        for one in shop.world.invoices.values()
    ]
    left = {account: str(change) for account, change in shop.interims().items()}
    return [*lines, f"left on the interim accounts: {left}"]


def main(names: Sequence[str]) -> None:
    """Play the cases in these files, and print what became of each beside what it expects."""
    stores._configure, stores.in_memory = few_rows.in_one_thread, few_rows.in_memory
    for name in names:
        case = json.loads(Path(name).read_text("utf-8"))
        print(f"== {case.get('case', name)}")
        for line in told(play(case)):
            print(f"  {line}")
        print(f"  EXPECTED: {case.get('expect', 'nothing said')}")


if __name__ == "__main__":
    main(sys.argv[1:])
