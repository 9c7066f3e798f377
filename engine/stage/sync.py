"""Fetches what is new from both APIs, and stages it in turn.

Reads the merchant's settings and cursors; writes raw answers through ``engine.extract``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, timedelta
from typing import Any

from ..extract import fortnox, qliro
from ..extract import orders as order_extraction
from ..extract.ask import Extraction
from ..extract.distances import order_ages
from ..extract.personal_key import personal_key
from ..extract.pushes import drain
from ..extract.raw import Report
from ..merchant.flows import DOCUMENT_FLOWS, ORDER_FLOWS, flows_on
from ..merchant.load import Merchant
from ..store.database import Store
from ..transport.http import Api
from . import orders_of_others
from .staging import stage

OnProgress = Callable[[str, int, int | None], None]
# A page in Fortnox that was read so lately is not read again because somebody names it.
LOOKED_AT = timedelta(days=1)


def extractions(
    merchant: Merchant,
    store: Store,
    apis: tuple[Api, Api],
    on_progress: OnProgress,
    fresh: set[str] | None = None,
) -> tuple[Extraction, Extraction]:
    """Qliro's and Fortnox's, with a place to keep what they answer; ``fresh`` are the registers of
    Fortnox that this run has read, where it has begun."""
    key = personal_key(merchant)
    workers = int(merchant.settings["delivery"]["parallel"])
    to_qliro = Extraction(apis[0], store, key, on_progress, workers)
    read = set() if fresh is None else fresh
    to_fortnox = Extraction(apis[1], store, key, on_progress, workers, read)
    return to_qliro, to_fortnox


def sync_all(
    merchant: Merchant,
    store: Store,
    apis: tuple[Api, Api],
    on_progress: OnProgress,
    named: Collection[str] = (),
    orders: Collection[str] = (),
    since: date | None = None,
    until: date | None = None,
    fresh: set[str] | None = None,
) -> Report:
    """What is new at both, staged, pushes first; ``named`` adds payouts before ``payouts_from``.

    ``orders`` adds single orders by OrderId or reference, ``since`` and ``until`` (days in
    Europe/Stockholm) those that are known and were active between.

    Raises UnavailableError and AccessError; what came before is kept, and the next sync goes on.
    """
    settings, on = merchant.settings, flows_on(merchant)
    to_qliro, to_fortnox = extractions(merchant, store, apis, on_progress, fresh)
    report = drain(store, merchant.inbox, on_progress)
    report.add(
        qliro.sync_settlements(
            to_qliro,
            payouts_from=settings["payouts_from"],
            overlap_days=int(settings["sync"]["overlap_days"]),
            named=named,
        )
    )
    staged = stage(store)  # which orders lines name shows only now
    report.findings += staged.problems
    report.told += staged.answers
    report.add(_sync_orders(settings, on, to_qliro, orders, since, until))
    report.add(
        fortnox.sync_fortnox(
            to_fortnox,
            payouts_from=_oldest(store, settings["payouts_from"], named),
            invoice_lookback_days=int(settings["sync"]["invoice_lookback_days"]),
            series=sorted(set(settings["voucher_series"].values())),
            orders_from=settings["orders_from"],
            documents=bool(on & set(DOCUMENT_FLOWS)),
        )
    )
    if orders_of_others.wanted(on):
        report.add(orders_of_others.sync_others(to_fortnox, to_qliro, settings, on))
    _look_again(store, to_fortnox, orders)
    return report


def _look_again(store: Store, to_fortnox: Extraction, named: Collection[str]) -> None:
    """The pages in Fortnox of orders that a person names: no list tells that one has gone."""
    wanted = [id for name in named for id in order_extraction.orders_named(store, name)]
    if wanted:
        rows = store.rows(PAGES, [wanted, to_fortnox.api.clock.now() - LOOKED_AT])
        fortnox.fetch_orders(to_fortnox, [row["DocumentNumber"] for row in rows])


PAGES = """
SELECT DocumentNumber FROM fortnox.order_view
WHERE list_contains(?, OrderId) AND as_of < ? AND NOT unread AND NOT gone
"""


def _sync_orders(
    settings: Mapping[str, Any],
    on: Collection[str],
    to_qliro: Extraction,
    named: Collection[str],
    since: date | None,
    until: date | None,
) -> Report:
    """Orders that a line lacks the reference of; those that the flows want; those asked for."""
    report, ages = Report(), order_ages(settings["sync"]["recheck"])
    if settings["use_merchant_reference"]:
        needed = order_extraction.orders_needed(to_qliro, ages)
        report.add(order_extraction.fetch_orders(to_qliro, needed))
    scope = order_extraction.OrderScope(
        first=settings["orders_from"],
        refresh_hours=settings["sync"]["order_refresh_hours"],
        settled=not set(ORDER_FLOWS).isdisjoint(on),
        refreshed=not set(DOCUMENT_FLOWS).isdisjoint(on),
        pushed=not set(DOCUMENT_FLOWS).isdisjoint(on),
        since=since,
        until=until,
        ages=ages,
    )
    report.add(order_extraction.sync_orders(to_qliro, scope, named))
    return report


# The oldest of the batches that are named, by Id, BatchId or AcquirerName/BatchId/CurrencyCode.
OLDEST = """
SELECT min(BatchDate)
FROM qliro.settlement_batch
WHERE list_contains(?, Id::VARCHAR)
   OR list_contains(?, BatchId)
   OR list_contains(?, concat_ws('/', AcquirerName, BatchId, CurrencyCode))
"""


def _oldest(store: Store, payouts_from: date, named: Collection[str]) -> date:
    """From when on the books are read: what an earlier payout may have been booked by, too."""
    names = list(named)
    oldest: date | None = store.value(OLDEST, [names, names, names]) if names else None
    return min(payouts_from, oldest) if oldest else payouts_from
