"""What people do to a company's books, for the proof to find: seeded troubles of vouchers.

Each changes the world's vouchers as a person at Fortnox's screen would, and gives the voucher that
it made or changed. They are told after a run, for they need vouchers that the program has posted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from ..world.world import ZERO, Voucher, VoucherKey, VoucherRow, World, next_voucher, year_of


def by_hand(
    world: World,
    rows: Mapping[int, Decimal],
    text: str,
    *,
    day: date | None = None,
    series: str = "A",
) -> Voucher:
    """A person books a voucher: account → amount, debit above zero."""
    day = day or world.today()
    year = year_of(world, day)
    key = next_voucher(world, series, year.id if year else 0)
    booked = tuple(VoucherRow(n, max(v, ZERO), max(-v, ZERO)) for n, v in rows.items())
    world.vouchers[key] = Voucher(key, text, day, booked, world.now())
    return world.vouchers[key]


def corrected(world: World, key: VoucherKey, rows: Mapping[int, Decimal]) -> Voucher:
    """A person corrects a voucher: what these accounts have is struck and booked anew so."""
    held = world.vouchers[key]
    struck = tuple(row for row in held.rows if row.account in rows)
    added = tuple(
        VoucherRow(number, max(value, ZERO), max(-value, ZERO), "Rättat")
        for number, value in rows.items()
        if value
    )
    kept = tuple(row for row in held.rows if row not in struck)
    world.vouchers[key] = replace(
        held, rows=(*kept, *added), struck=struck, added=added, modified=world.now()
    )
    return world.vouchers[key]


def taken_back(world: World, key: VoucherKey, text: str = "") -> Voucher:
    """A person reverses a voucher with another (vändning)."""
    held = world.vouchers[key]
    rows: dict[int, Decimal] = {}
    for row in held.rows:
        rows[row.account] = rows.get(row.account, ZERO) + row.credit - row.debit
    return by_hand(world, rows, text or f"Vändning av {key.series} {key.number}")


def removed(world: World, key: VoucherKey) -> Voucher:
    """The voucher is not in the books any more, as after a restored copy of them."""
    return world.vouchers.pop(key)


def on_another_day(world: World, key: VoucherKey, day: date) -> Voucher:
    """The voucher has another day."""
    world.vouchers[key] = replace(world.vouchers[key], day=day, modified=world.now())
    return world.vouchers[key]


def lay_there(world: World, account: int, amount: Decimal, against: int = 2999) -> None:
    """What lay on an account before the first financial year that Fortnox has."""
    world.opening[account] = world.opening.get(account, ZERO) + amount
    world.opening[against] = world.opening.get(against, ZERO) - amount
