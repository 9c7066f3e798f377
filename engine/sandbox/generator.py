"""A seeded shop's history: orders, captures, refunds, chargebacks, fees, payouts.

It reads settings and a seed and writes a ``World``; the same seed makes the same world to the
last digit. ``month`` is the demo: one shop, one month, mostly clean; ``clean`` is one spotless
payout of any size, for benchmarks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from .fortnox.company import empty_world
from .history import (
    fee_line,
    new_credit_invoice,
    new_invoice,
    new_order,
    price,
    rounded,
    settle,
    transaction_line,
)
from .qliro.api import totals
from .trouble import Trouble
from .troubles.amounts import in_kronor
from .troubles.by_name import TROUBLES
from .world.world import DEFAULT_START, Line, QliroOrder, World


@dataclass(frozen=True, slots=True)
class Shop:
    """What kind of shop: markets, methods and how often what happens, shares out of 100 sales.

    A market is (country, currency); a payout is in one currency. ``fee_percent`` and
    ``fee_fixed`` make each sale's fee, with ``fee_vat`` percent VAT in it or, if None, no VAT.
    """

    markets: Sequence[tuple[str, str]] = (("SE", "SEK"),)
    methods: Sequence[str] = (
        "QLIRO_INVOICE",
        "QLIRO_INVOICE",
        "QLIROPAYLATER_BNPL",
        "CREDITCARDS",
        "CREDITCARDS",
        "SWISH",
        "TRUSTLY",
    )
    payouts: int = 8
    sales_per_payout: int = 12
    days_between: int = 4
    refunds: int = 10
    partial_captures: int = 8
    chargebacks: int = 1
    fee_percent: Decimal = Decimal("1.9")
    fee_fixed: Decimal = Decimal("1.50")
    fee_vat: Decimal | None = Decimal(25)
    rates: Sequence[tuple[str, Decimal]] = (
        ("EUR", Decimal("11.10")),
        ("NOK", Decimal("0.96")),
        ("DKK", Decimal("1.49")),
    )


MONTH_TROUBLES: Final = (
    "invoice_missing",
    "ambiguous_same_reference",
    "chargeback",
    "two_captures_one_invoice",
    "part_payment",
    "rounding_within_tolerance",
    "lump_fee_without_order",
    "already_paid_on_interim_account",
    "already_paid_elsewhere",
    "unknown_payment_method",
    "order_id_in_second_field",
    "pending_lines",
)


@dataclass(frozen=True, slots=True)
class Month:
    """The demo's world and the troubles in it, in the order in which they were made."""

    world: World
    troubles: tuple[Trouble, ...]


def clean(n_lines: int, seed: int = 0, *, now: datetime = DEFAULT_START) -> World:
    """One payout of ``n_lines`` sales, each with a booked invoice of exactly its amount.

    References stand in ``ExternalInvoiceReference1``, Qliro's order ids in the second field; there
    are no fees.
    """
    world = empty_world(now, seed=seed)
    captured = world.today() - timedelta(days=5)
    lines: list[Line] = []
    for _ in range(n_lines):
        amount = price(world)
        order = new_order(world, amount, day=captured)
        lines.append(transaction_line(world, order, amount, day=captured))
        new_invoice(world, amount, day=captured, reference=order.reference, second=str(order.id))
    settle(world, lines)
    return world


def generate(
    seed: int, shop: Shop | None = None, *, now: datetime = DEFAULT_START, runs: bool = False
) -> World:
    """A shop's recent history, all of it clean: every line has its invoice or credit invoice.

    The payouts end yesterday at the latest and go back ``days_between`` days each, the markets in
    turn. Refunds and chargebacks are of sales of earlier payouts in the same currency.
    """
    shop = shop or Shop()
    world = empty_world(now, seed=seed, runs=runs)
    sold: dict[str, list[tuple[QliroOrder, Decimal, int]]] = {}
    for ordinal in range(shop.payouts):
        back = 1 + shop.days_between * (shop.payouts - 1 - ordinal)
        day = world.today() - timedelta(days=back)
        market = shop.markets[ordinal % len(shop.markets)]
        currency = market[1]
        earlier = sold.setdefault(currency, [])
        lines = _returned(world, shop, earlier, day)
        for _ in range(shop.sales_per_payout):
            lines += _sold(world, shop, earlier, day, market)
        _paid_out(world, shop, lines, day, currency)
    return world


def _chance(world: World, percent: int) -> bool:
    return world.random.randrange(100) < percent


def _fee(shop: Shop, line: Line) -> Line:
    amount = rounded(line.amount * shop.fee_percent / 100 + shop.fee_fixed)
    return fee_line(line, amount, vat_rate=shop.fee_vat)


def _sold(
    world: World,
    shop: Shop,
    earlier: list[tuple[QliroOrder, Decimal, int]],
    day: date,
    market: tuple[str, str],
) -> list[Line]:
    """One order of the days before a payout, captured at once or in two parts, with its fees."""
    amount, (country, currency) = price(world), market
    captured = day - timedelta(days=world.random.randint(1, 3))
    method = world.random.choice(shop.methods)
    order = new_order(
        world, amount, day=captured, method=method, country=country, currency=currency
    )
    parts = [amount]
    if _chance(world, shop.partial_captures):
        first = rounded(amount * world.random.randint(20, 80) / 100)
        parts = [first, amount - first]
    lines = [transaction_line(world, order, part, day=captured) for part in parts]
    invoice = new_invoice(
        world,
        amount,
        day=captured,
        reference=order.reference,
        second=str(order.id),
        currency=currency,
    )
    earlier.append((order, amount, invoice.number))
    return [item for line in lines for item in (line, _fee(shop, line))]


def _returned(
    world: World, shop: Shop, earlier: list[tuple[QliroOrder, Decimal, int]], day: date
) -> list[Line]:
    """Refunds, whole or partial, and chargebacks of sales that earlier payouts held."""
    lines: list[Line] = []
    for order, amount, number in earlier[:]:
        captured = day - timedelta(days=1)
        if _chance(world, shop.refunds):
            part = rounded(amount * world.random.choice((25, 50, 100)) / 100)
            if part:
                original = world.invoices[number]
                new_credit_invoice(world, original, -part, day=captured)
                lines.append(transaction_line(world, order, part, day=captured, refund=True))
        elif order.method == "CREDITCARDS" and _chance(world, shop.chargebacks):
            lines.append(
                transaction_line(world, order, amount, day=captured, refund=True, type="Chargeback")
            )
        else:
            continue
        earlier.remove((order, amount, number))
    return lines


def _paid_out(world: World, shop: Shop, lines: list[Line], day: date, currency: str) -> None:
    if currency == "SEK":
        settle(world, lines, day=day)
        return
    rate = dict(shop.rates)[currency]
    converted = in_kronor(lines, rate)
    batch = settle(world, converted, day=day, currency=currency)
    total, _ = totals(lines)
    settle(
        world,
        [],
        into=batch.id,
        fx_rate=converted[0].fx_rate if converted else None,
        fx_currency="SEK",
        fx_total=rounded(total * rate),
    )


def month(seed: int = 1, *, now: datetime = DEFAULT_START, runs: bool = False) -> Month:
    """The demo: one Swedish shop's month before ``now``, eight payouts and a ninth that disagrees.

    Some 150 lines, nearly all clean, with the troubles of ``MONTH_TROUBLES`` strewn over the
    payouts in turn.
    """
    shop = Shop(sales_per_payout=8, refunds=4, partial_captures=4, chargebacks=0)
    world = generate(seed, shop, now=now, runs=runs)
    batches = list(world.batches)
    troubles = [
        TROUBLES[name](world, into=batches[ordinal % len(batches)])
        for ordinal, name in enumerate(MONTH_TROUBLES)
    ]
    troubles.append(TROUBLES["payout_total_disagrees"](world))
    return Month(world, tuple(troubles))
