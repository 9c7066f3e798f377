"""Lives of two merchants, told so that the build that stored them and this one live the same.

A scene is a world and what happens in it before each run: nothing of it depends on the program. The
last run is cut off: what it sent last was carried out, and its answer never came. Only names of the
sandbox that both builds have are used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from engine.sandbox.fortnox.company import empty_world
from engine.sandbox.history import new_sale, payout_day, settle
from engine.sandbox.lives import lifecycle
from engine.sandbox.lives.by_name import LIVES
from engine.sandbox.lives.by_name import shop as shop_of_lives
from engine.sandbox.troubles.by_name import TROUBLES
from engine.sandbox.world.faults import Fault, plan
from engine.sandbox.world.world import Account, Buyer, Customer, World

Happens = Callable[[World], None]


@dataclass(frozen=True, slots=True)
class Scene:
    """``happens`` are called before one run each, ``hours`` apart; ``known`` tells the orders."""

    name: str
    settings: Mapping[str, Any]
    world: Callable[[], World]
    happens: Sequence[Happens]
    orders: bool = False
    hours: float = 6

    def known(self, world: World) -> list[str]:
        """The orders that each run is told of."""
        return [str(order) for order in world.qliro_orders] if self.orders else []


# -- a merchant whose invoices another connector makes -------------------------------------------

KINDS = (
    "clean_sale", "clean_refund_with_credit_invoice", "fee_with_vat", "two_captures_one_invoice",
    "lump_fee_without_order", "chargeback", "rounding_within_tolerance", "part_payment",
    "already_paid_on_interim_account", "already_paid_elsewhere", "invoice_missing",
    "invoice_unbooked",
)  # fmt: skip


def _troubles(world: World) -> None:
    for kind in KINDS:
        TROUBLES[kind](world)


def _a_payout_cut_off(world: World) -> None:
    """Three sales are paid out; the second payment's answer is lost."""
    day = payout_day(world)
    sales = [new_sale(world, Decimal(amount), day=day) for amount in ("311.00", "322.00", "333.00")]
    for number in [sale.invoice.number for sale in sales if sale.invoice]:
        world.invoices[number] = replace(world.invoices[number], modified=world.now())
    settle(world, [sale.line for sale in sales])
    plan(world, Fault("kill_after", nth=2, method="POST", path="/3/invoicepayments"))


# -- a merchant for whom this program makes orders, invoices and credit invoices -----------------

LIVED = (
    "private", "company", "several_rows", "discounted", "mixed_rate_discount", "on_hold", "danish",
    "captured", "captured_in_parts", "refunded_rows", "refunded_twice", "refunded_amount",
    "refunded_with_discount", "paid_at_once", "cancelled_before_capture",
)  # fmt: skip


def _lives(world: World) -> None:
    for number in (3105, 3106, 3107, 3108):
        world.accounts.setdefault(number, Account(number, f"Konto {number}"))
    for name in LIVED:
        LIVES[name](world)


def _delivered(world: World) -> None:
    """The first order is packed whole, of the third one row."""
    for place, rows in ((0, None), (2, 1)):
        number = sorted(world.orders)[place]
        order = world.orders[number]
        packed = tuple(
            replace(row, quantity=row.ordered if rows is None or at < rows else Decimal(0))
            for at, row in enumerate(order.rows)
        )
        total = sum((row.price * row.quantity for row in packed), Decimal(0))
        world.orders[number] = replace(order, rows=packed, total=total, modified=world.now())


def _a_card_without_vat(world: World) -> None:
    """A buyer whose card says export: the invoice is made, and is not what was captured."""
    lot = lifecycle.lot
    buyer = Buyer(email="export@example.com", number=None)
    order = lifecycle.secure(world, [lot("MUGG", "500")], reference="EXPORT-1", buyer=buyer)
    world.customers["K77"] = Customer(
        "K77", order.billing.first or "", world.now(),
        fields={"Type": "PRIVATE", "VATType": "EXPORT", "Currency": "SEK", "CountryCode": "SE",
                "Email": buyer.email or ""},
    )  # fmt: skip
    lifecycle.capture(world, order)


def _refunded_and_paid_out(world: World) -> None:
    """One of the captured orders comes back in part; what was captured and refunded is paid out."""
    ids = list(world.qliro_orders)
    captured = [id for id in ids if lifecycle.captures(world, id)]
    lifecycle.refund(world, captured[0])
    lifecycle.pay_out(world, captured)


def _an_invoice_cut_off(world: World) -> None:
    """A capture whose invoice is made, and the answer is lost."""
    order = lifecycle.secure(world, [lifecycle.lot("VAS", "250")], reference="CUT-1")
    lifecycle.capture(world, order)
    plan(world, Fault("kill_after", nth=1, method="POST", path="/3/invoices"))


def _a_credit_cut_off(world: World) -> None:
    """A captured order comes back whole; the credit invoice is made, and the answer is lost."""
    order = list(world.qliro_orders)[LIVED.index("captured")]
    lifecycle.refund(world, order)
    lifecycle.pay_out(world, [order])
    plan(world, Fault("kill_after", nth=1, method="PUT", path="/3/invoices/[0-9]+/credit"))


def _nothing(world: World) -> None:
    """Time passes."""


PLUS = {
    "qliro.plus_api_key": {"env": "QLIRO_PLUS_API_KEY"},
    "qliro.plus_api_secret": {"env": "QLIRO_PLUS_API_SECRET"},
}
WHOLE = {
    "flows.orders": True, "flows.invoices": True, "flows.refunds": True,
    "flows.order_status": True, "order_status.when": "delivered",
    "qliro_methods": ["QLIRO"], "orders_from": "2026-01-01", "articles.create": True, **PLUS,
}  # fmt: skip
INVOICES = {
    "flows.invoices": True, "flows.refunds": True, "orders_from": "2026-01-01",
    "fees.mode": "voucher", "use_merchant_reference": False, **PLUS,
}  # fmt: skip

SCENES = (
    Scene("payouts", {}, empty_world, (_troubles, _a_payout_cut_off)),
    Scene(
        "orders",
        WHOLE,
        shop_of_lives,
        (_lives, _delivered, _nothing, _a_card_without_vat, _refunded_and_paid_out,
         _an_invoice_cut_off),
        orders=True,
    ),
    Scene("invoices", INVOICES, shop_of_lives, (_lives, _nothing, _a_credit_cut_off), orders=True),
)  # fmt: skip
