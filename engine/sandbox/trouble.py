"""A seeded trouble: what was made, in which payout, and what is to become of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from .history import payout_day, settle
from .world.world import Invoice, Line, World


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a seeded case made, and what is to become of its lines under the default settings.

    ``expect`` is ``posted``, ``adopted``, ``waiting``, ``parked`` or ``payout parked`` (whole),
    ``outside`` (shown, not counted) or ``refused`` (by the preflight); where a setting decides,
    ``note`` says which.
    """

    name: str
    expect: str
    lines: tuple[Line, ...]
    batches: tuple[int, ...]
    invoices: tuple[int, ...]
    note: str = ""

    @property
    def references(self) -> tuple[str, ...]:
        """The merchant references of its lines, each once."""
        return tuple(dict.fromkeys(i.reference for i in self.lines if i.reference))

    @property
    def orders(self) -> tuple[int, ...]:
        """Qliro's order ids of its lines, each once."""
        return tuple(dict.fromkeys(i.order for i in self.lines if i.order))

    @property
    def transactions(self) -> tuple[int, ...]:
        """The payment transaction ids of its lines, each once."""
        return tuple(dict.fromkeys(i.transaction for i in self.lines if i.transaction))

    @property
    def amounts(self) -> tuple[Decimal, ...]:
        """The amounts of its lines, fees included, as Qliro gives them."""
        return tuple(line.amount for line in self.lines)


def captured(world: World, into: int | None = None) -> date:
    """The day of the sales of a payout: two days before it, the recent one by default."""
    paid = payout_day(world) if into is None else world.batches[into].day
    return paid - timedelta(days=2)


def made(
    world: World,
    name: str,
    lines: Sequence[Line],
    invoices: Sequence[Invoice] = (),
    into: int | None = None,
    *,
    expect: str = "posted",
    note: str = "",
    **fields: Any,
) -> Trouble:
    """Settles the lines in a payout of their own, or ``into`` one, and tells what was made."""
    batch = settle(world, lines, into=into, **fields)
    stamped = batch.lines[len(batch.lines) - len(lines) :]
    numbers = tuple(invoice.number for invoice in invoices)
    return Trouble(name, expect, stamped, (batch.id,), numbers, note)
