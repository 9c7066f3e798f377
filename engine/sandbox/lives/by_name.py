"""All lives of Qliro orders by name, and a seeded mixture of them.

``LIVES[name](world)`` adds one order, sometimes two, and tells what is to become of it; the
docstring of each is its documentation. Orders were secured six days ago, captured and refunded four
days ago, before the recent payout. The names say what happened until now; ``lifecycle`` takes
an order on from there, and ``lifecycle.pay_out`` settles what was captured and refunded.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import wraps
from types import MappingProxyType
from typing import Final, Protocol, cast

from ..fortnox.company import empty_world, enable_terms, enable_vat
from ..world.world import DEFAULT_START, Customer, World
from . import abroad, orders, refunds
from .lifecycle import Life, pay_out


class Maker(Protocol):
    """A life: adds an order to a world and tells what it made."""

    __name__: str

    def __call__(self, world: World) -> Life: ...


_ALL: Final[tuple[Maker, ...]] = (
    orders.private,
    orders.several_rows,
    orders.company,
    orders.company_that_is_a_person,
    orders.delivered_elsewhere,
    orders.discounted,
    orders.discount_above_zero,
    orders.mixed_rates,
    orders.mixed_rate_discount,
    orders.invoice_fee,
    orders.rounding_line,
    orders.without_vat_rate,
    orders.vat_rate_of_zero,
    orders.long_texts,
    orders.bare_buyer,
    orders.on_hold,
    orders.refused,
    orders.unfinished,
    orders.paid_at_the_second_try,
    orders.card_registered,
    orders.cancelled_before_capture,
    orders.updated,
    orders.upsold,
    orders.zero_sum,
    orders.paid_at_once,
    orders.temporary_reference,
    orders.long_reference,
    orders.reference_is_another_order,
    orders.reference_used_twice,
    orders.captured,
    orders.captured_in_parts,
    orders.part_captured_rest_cancelled,
    orders.captured_after_update,
    orders.capture_failed,
    orders.capture_under_way,
    abroad.finnish,
    abroad.norwegian,
    abroad.danish,
    abroad.german,
    abroad.eu_company,
    abroad.eu_company_without_number,
    abroad.export,
    abroad.delivered_abroad,
    abroad.currency_unknown,
    refunds.refunded_whole,
    refunds.refunded_rows,
    refunds.refunded_twice,
    refunds.refunded_same_twice,
    refunds.refunded_amount,
    refunds.refunded_amount_by_update,
    refunds.refunded_amount_without_vat,
    refunds.refunded_less_fee,
    refunds.refunded_across_captures,
    refunds.refunded_one_capture,
    refunds.refunded_with_discount,
    refunds.refunded_with_invoice_fee,
    refunds.refund_of_direct_payment,
    refunds.refund_failed,
    refunds.refund_under_way,
    refunds.refund_without_original,
    refunds.trustly_cancelled,
    refunds.added_to_invoice,
)


def _days_ago(make: Maker) -> Maker:
    """The maker with the world's clock four days back, so that what it did lies before a payout."""

    @wraps(make)
    def maker(world: World) -> Life:
        now = world.now()
        world.clock.set(now - timedelta(days=4))
        try:
            return make(world)
        finally:
            world.clock.set(now)

    return cast(Maker, maker)


LIVES: Final[Mapping[str, Maker]] = MappingProxyType(
    {make.__name__: _days_ago(make) for make in _ALL}
)
# What a Swedish shop has every day; the others are rare.
COMMON: Final = (
    "private",
    "several_rows",
    "company",
    "discounted",
    "invoice_fee",
    "captured",
    "captured",
    "captured_in_parts",
    "paid_at_once",
    "cancelled_before_capture",
    "refunded_whole",
    "refunded_rows",
)


def shop(now: datetime = DEFAULT_START, *, seed: int = 0, runs: bool = False) -> World:
    """A company that is ready for orders: the term of payment QLIRO, the VAT rates of OSS, and a
    customer, K1, for those who book all sales on one."""
    world = empty_world(now, seed=seed, runs=runs)
    enable_terms(world)
    enable_vat(world, "25.5", "19")
    card = {"Type": "PRIVATE", "VATType": "SEVAT", "Currency": "SEK", "CountryCode": "SE"}
    world.customers["K1"] = Customer("K1", "Webbkund", world.now(), fields=card)
    return world


# What the demo's shop lives: an order to be followed to its end, one that nobody has delivered, one
# whose payment is being assessed, one to a country that has no sales account.
SHOWN: Final = ("several_rows", "company", "on_hold", "finnish")


def shown(now: datetime = DEFAULT_START, *, seed: int = 0) -> World:
    """The shop of the demo that has no other connector; its orders are known by their numbers."""
    world = shop(now, seed=seed)
    world.handling.seconds = 0.5
    for name in SHOWN:
        LIVES[name](world)
    return world


def lives(
    world: World,
    n: int,
    seed: int = 0,
    *,
    names: Sequence[str] = COMMON,
    settled: bool = False,
) -> tuple[Life, ...]:
    """Adds ``n`` lives drawn from ``names`` by the seed, in the order in which they were made.

    The draw has dice of its own, so it moves no other history. ``settled`` pays them out.
    """
    dice = random.Random(seed)  # noqa: S311  repeatable, not secret
    made = tuple(LIVES[dice.choice(names)](world) for _ in range(n))
    if settled:
        pay_out(world, [id for life in made for id in life.orders])
    return made
