"""Opens the two APIs for a merchant and fetches what is new from both.

Reads the merchant's addresses, secrets and cursors; writes raw answers through ``engine.extract``.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Collection, Mapping
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx

from engine.clock import Clock
from engine.connection import Company
from engine.errors import UsageError
from engine.extract import fortnox, others, qliro
from engine.extract import orders as order_extraction
from engine.extract.ask import Extraction
from engine.extract.endpoints import ORDER
from engine.extract.pushes import drain
from engine.extract.raw import Report
from engine.merchant import Merchant
from engine.stage import stage
from engine.store import Store
from engine.transport.http import ATTEMPTS, Api
from engine.transport.limiter import Limiter
from engine.transport.qliro import QliroAuth, with_key
from engine.way_in import way_in

OnProgress = Callable[[str, int, int | None], None]
# The flows that begin with an order of Qliro's, and those that need one and what stands in Fortnox.
ORDER_FLOWS = ("orders", "invoices", "refunds")
DOCUMENT_FLOWS = (*ORDER_FLOWS, "order_status")
# The second pair of credentials, and which paths each word of qliro.plus_for opens with it.
PLUS = ("qliro.plus_api_key", "qliro.plus_api_secret")
OPENED = {"orders": ORDER.partition("{")[0], "settlements": "/adminapi/v2/settlements/"}
# A page in Fortnox that was read so lately is not read again because somebody names it.
LOOKED_AT = timedelta(days=1)
KEY_BYTES = 32  # of the key for personal numbers


def flows_on(merchant: Merchant) -> set[str]:
    """The flows that are on; refunds only with the credentials that they need."""
    on = {name for name, is_on in merchant.settings["flows"].items() if is_on}
    return on - {"refunds"} if lacks_plus(merchant) else on


def lacks_plus(merchant: Merchant) -> bool:
    """Whether refunds are on and the credentials that they need are not there."""
    return merchant.settings["flows"]["refunds"] and not set(PLUS) <= set(merchant.secrets)


def open_apis(
    merchant: Merchant,
    clock: Clock,
    transport: httpx.BaseTransport | None = None,
    booked: Company | None = None,
) -> tuple[Api, Api]:
    """Qliro and Fortnox as the merchant declares them; ``transport`` stands in for the network.

    ``booked`` is the company that the database holds the books of. Raises FileError when a secret
    is not there, AccessError when the way in leads to another company.
    """
    auth = way_in(merchant, clock, booked)
    return (
        open_qliro(merchant, clock, transport),
        open_fortnox(merchant, clock, transport, auth),
    )


def open_qliro(
    merchant: Merchant,
    clock: Clock,
    transport: httpx.BaseTransport | None = None,
    *,
    attempts: int = ATTEMPTS,
) -> Api:
    """Qliro alone; likewise. ``attempts`` is how often a read is tried."""
    return Api(
        "qliro",
        merchant.settings["qliro"]["base_url"],
        auth=_signature(merchant),
        complete=lambda body: with_key(body, merchant.secret("qliro.api_key")),
        clock=clock,
        transport=transport,
        random=_jitter(merchant),
        secrets=merchant.secrets.values(),
        attempts=attempts,
    )


def open_fortnox(
    merchant: Merchant,
    clock: Clock,
    transport: httpx.BaseTransport | None = None,
    auth: httpx.Auth | None = None,
    *,
    attempts: int = ATTEMPTS,
) -> Api:
    """Fortnox alone; likewise. ``auth`` is another way in than the merchant's."""
    settings = merchant.settings["fortnox"]
    pace = settings["pace"]
    return Api(
        "fortnox",
        settings["base_url"],
        auth=auth or way_in(merchant, clock),
        clock=clock,
        limiter=Limiter(clock, int(pace["requests"]), float(pace["seconds"])),
        transport=transport,
        random=_jitter(merchant),
        secrets=merchant.secrets.values(),
        attempts=attempts,
    )


def _jitter(merchant: Merchant) -> Random:
    return Random(merchant.name)  # noqa: S311 jitter, and the same in every run


def _signature(merchant: Merchant) -> QliroAuth:
    """Signed with the merchant's secret, and what refunds ask for with that of the second pair."""
    secret = merchant.secret("qliro.api_secret")
    if "refunds" not in flows_on(merchant):
        return QliroAuth(secret)
    opened = tuple(OPENED[word] for word in merchant.settings["qliro"]["plus_for"])
    return QliroAuth(secret, merchant.secret(PLUS[1]), opened)


def personal_key(merchant: Merchant) -> bytes:
    """The key that personal numbers are hashed with: made once, kept beside the database (0600).

    It is there whole or not at all: half a key would hash everybody anew in the next run. Raises
    UsageError where the file that is there holds none.
    """
    path: Path = merchant.database.with_suffix(".key")
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _no_key(f"{path} can't be read ({error.strerror})") from None
    else:
        if len(key) >= KEY_BYTES:
            return key
        held = f"holds {len(key)} of the {KEY_BYTES} bytes" if key else "is empty"
        raise _no_key(f"{path} {held}")
    key = secrets.token_bytes(KEY_BYTES)
    half = path.with_suffix(".key.half")
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
    return key


def _no_key(told: str) -> UsageError:
    return UsageError(
        f"{told}: it is the key that buyers' personal numbers are hashed with, and nothing is "
        "read or sent without it.",
        "Restore it from a backup. Where there is none, delete it and a new one is made: buyers "
        "are then known by what is read of them from that day on, so look out for customers that "
        "are made twice.",
    )


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
    report.findings += stage(store).problems  # which orders lines name shows only now
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
    if others.wanted(on):
        report.add(others.sync_others(to_fortnox, to_qliro, settings, on))
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
    report = Report()
    if settings["use_merchant_reference"]:
        report.add(
            order_extraction.fetch_orders(to_qliro, order_extraction.orders_needed(to_qliro))
        )
    scope = order_extraction.OrderScope(
        first=settings["orders_from"],
        refresh_hours=settings["sync"]["order_refresh_hours"],
        settled=not set(ORDER_FLOWS).isdisjoint(on),
        refreshed=not set(DOCUMENT_FLOWS).isdisjoint(on),
        pushed=not set(DOCUMENT_FLOWS).isdisjoint(on),
        since=since,
        until=until,
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
