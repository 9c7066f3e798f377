"""What a run is limited to: some payouts, some orders, a period of orders, or all that is open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Scope:
    """``None`` stands for all that are open; an empty tuple for none at all.

    Payouts are named by key, ``Id`` or ``BatchId``; orders by ``OrderId`` or
    ``MerchantReference``, or with ``ids`` by the first alone. ``since`` and ``until`` are days
    (Europe/Stockholm, both included): the orders dated so.
    """

    payouts: tuple[str, ...] | None = None
    orders: tuple[str, ...] | None = None
    since: date | None = None
    until: date | None = None
    ids: tuple[int, ...] | None = None

    @property
    def is_all(self) -> bool:
        """Whether it is not limited."""
        return self == ALL

    @property
    def is_period(self) -> bool:
        """Whether orders are asked for by day."""
        return self.since is not None or self.until is not None


ALL = Scope()


def named(
    payouts: Iterable[str] = (),
    orders: Iterable[str] = (),
    since: date | None = None,
    until: date | None = None,
) -> Scope:
    """The scope of what a person named: nothing named is all that is open."""
    some_payouts, some_orders = tuple(payouts), tuple(orders)
    period = since is not None or until is not None
    if not (some_payouts or some_orders or period):
        return ALL
    return Scope(some_payouts, None if period and not some_orders else some_orders, since, until)
