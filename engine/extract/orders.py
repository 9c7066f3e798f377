"""Asks Qliro for orders, one by one: those that lines, pushes or a person name, that may change.

Qliro has no call that lists orders. Reads the staged orders and lines, pushes and what was asked
before, writes ``raw.answer``; an answer that repeats the last one is kept without its body.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import quote

from ..store.database import Store
from ..transport.endpoints import ORDER
from .ask import Extraction, ask_all
from .distances import ORDER_AT, RESERVED, YOUNG
from .raw import OTHER_ORDER, Call, Kept, Report, why

# A pushed order that Qliro did not find is asked for again after so long.
NOT_FOUND_FOR = timedelta(days=1)
# Only so long: a push may come before its order can be read, and Qliro sends one for three days.
PUSHED_FOR = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class OrderScope:
    """Which orders the merchant's flows want.

    ``first`` is the first day of orders that they handle (None: no bound); ``refresh_hours`` how
    old the last answer of an open order may be (None: the growing distances); with ``settled``,
    orders that settlement lines name are asked for too, with ``refreshed`` those that are known and
    open, with ``pushed`` those that Qliro has pushed. ``since`` and ``until`` (days in
    Europe/Stockholm, both included) add every known order with activity between them.
    """

    first: date | None = None
    refresh_hours: int | None = None
    settled: bool = True
    refreshed: bool = True
    pushed: bool = True
    since: date | None = None
    until: date | None = None
    ages: Sequence[timedelta] = ORDER_AT


def orders_to_ask(store: Store, now: datetime, scope: OrderScope) -> list[int]:
    """OrderIds that should be asked for now, in their order.

    Those are: named by a line or a push and not read since, or with a transaction of theirs that
    the last answer did not have; known and still open (an amount is reserved, or they are young);
    not found by Qliro; last answered so that it can't be read; active between ``since`` and
    ``until``. What nothing new tells of is asked for at growing distances.
    """
    between = scope.since is not None or scope.until is not None
    if not (scope.settled or scope.refreshed or scope.pushed or between):
        return []
    rows = store.rows(
        TO_ASK,
        {
            "settled": scope.settled,
            "refreshed": scope.refreshed,
            "pushed": scope.pushed,
            "pushed_after": now - PUSHED_FOR,
            "first": scope.first or date.min,
            "not_found_before": now - NOT_FOUND_FOR,
            "old_before": now - timedelta(hours=scope.refresh_hours)
            if scope.refresh_hours is not None
            else None,
            "reserved_before": now - RESERVED,
            "now": now,
            "ages": [int(age.total_seconds()) for age in scope.ages],
            "young_from": (now - YOUNG).date(),
            "between": between,
            "since": scope.since or date.min,
            "until": scope.until or date.max,
        },
    )
    return [row["OrderId"] for row in rows]


# Whether one of the ages since something was reached after the last answer: the greatest that was.
CAME = """{since} + to_seconds(list_max(list_filter(
            $ages, lambda age: epoch_us($now) - epoch_us({since}) >= age::BIGINT * 1000000
        ))) > asked_at"""
TO_ASK = f"""
-- What the staged tables and the earlier questions say of every order that anything names.
WITH asked AS (
    SELECT
        TRY_CAST(regexp_extract(path, '([0-9]+)/?$', 1) AS BIGINT) AS OrderId,
        min(noted_at) AS first_at,
        max(noted_at) AS last_at,
        max(seq)      AS last_seq,
        max(seq) FILTER (status = 200 AND problem IS NULL) AS read_seq,
        arg_max(
            status = 200 AND coalesce(
                NOT starts_with(problem, '{OTHER_ORDER}'), false
            ),
            seq
        ) AS is_unread,
        -- An answer too, of no use; after others (no access, too many, a server's own, or one that
        -- can't be read) Qliro is asked again at once.
        max(seq) FILTER (status = 200
                            AND starts_with(problem, '{OTHER_ORDER}')
                         OR status BETWEEN 400 AND 499
                            AND status NOT IN (401, 403, 408, 429)) AS refused_seq
    FROM raw.answer
    WHERE endpoint = 'order'
    GROUP BY ALL
),
pushed AS (
    SELECT
        push.OrderId,
        max(push.seq)         AS seq,
        max(push.received_at) AS received_at,
        max(push.received_at) FILTER (
            known.PaymentTransactionId IS NULL AND push.PaymentTransactionId > 0
        )                     AS news_at,
        -- Before that an order has nothing that could be handled, or never will.
        bool_or(push.kind <> 'checkout-status'
                OR coalesce(push.Status, '') NOT IN ('InProcess', 'Refused')) AS is_secured
    FROM raw.push AS push
    LEFT JOIN qliro.transaction AS known
        ON known.OrderId = push.OrderId
        AND known.PaymentTransactionId = push.PaymentTransactionId
    GROUP BY push.OrderId
),
settled AS (
    SELECT
        line.OrderId,
        max(line.raw_seq)                       AS raw_seq,
        max(line.day)                           AS day,
        max(line.raw_seq) FILTER (
            known.PaymentTransactionId IS NULL AND line.PaymentTransactionId > 0
        )                                       AS news_seq,
        bool_or(line.day BETWEEN $since AND $until) AS is_between
    FROM (
        SELECT
            *,
            coalesce(TransactionCompletedDate, PspSettlementDate, ImportSettlementDate) AS day
        FROM qliro.settlement_line
        WHERE OrderId > 0
    ) AS line
    LEFT JOIN qliro.transaction AS known
        ON known.OrderId = line.OrderId
        AND known.PaymentTransactionId = line.PaymentTransactionId
    GROUP BY line.OrderId
),
active AS (
    SELECT DISTINCT OrderId
    FROM qliro.transaction
    WHERE CAST("Timestamp" AS DATE) BETWEEN $since AND $until
),
-- A transaction that the order's last answer does not have: since when it is known of.
news AS (
    SELECT
        coalesce(settled.OrderId, pushed.OrderId)  AS OrderId,
        greatest(told.noted_at, pushed.news_at)    AS told_at
    FROM settled
    JOIN raw.answer AS told ON told.seq = settled.news_seq
    FULL JOIN pushed ON pushed.OrderId = settled.OrderId
    WHERE settled.OrderId IS NOT NULL OR pushed.news_at IS NOT NULL
),
facts AS (
    SELECT
        coalesce(o.OrderId, settled.OrderId, pushed.OrderId)  AS OrderId,
        o.OrderId IS NOT NULL                                 AS is_known,
        coalesce(o.OrderDate, settled.day, $first) >= $first  AS is_ours,
        coalesce(o.remaining > 0, false)                      AS is_reserved,
        o.problem IS NOT NULL OR coalesce(asked.is_unread, false) AS is_unread,
        coalesce(o.OrderDate, CAST(asked.first_at AS DATE), CAST(o.as_of AS DATE)) AS made,
        coalesce(CASE WHEN o.SecuredAt <= $now THEN o.SecuredAt END, asked.first_at, o.as_of)
                                                              AS begun_at,
        news.told_at,
        greatest(o.as_of, asked.last_at)                      AS asked_at,
        greatest(o.raw_seq, asked.last_seq)                   AS asked_seq,
        settled.OrderId IS NOT NULL                           AS is_settled,
        settled.raw_seq                                       AS settled_seq,
        settled.news_seq IS NOT NULL                          AS has_news,
        coalesce(settled.is_between, false) OR active.OrderId IS NOT NULL AS is_between,
        pushed.seq > greatest(o.raw_seq, asked.read_seq, asked.refused_seq, 0) AS is_pushed,
        pushed.seq > greatest(o.raw_seq, asked.read_seq, 0)
            AND pushed.received_at > $pushed_after            AS is_missed,
        coalesce(pushed.is_secured, false)                    AS is_secured
    FROM qliro.order_view AS o
    FULL JOIN settled ON settled.OrderId = o.OrderId
    FULL JOIN pushed ON pushed.OrderId = coalesce(o.OrderId, settled.OrderId)
    LEFT JOIN asked ON asked.OrderId = coalesce(o.OrderId, settled.OrderId, pushed.OrderId)
    LEFT JOIN active ON active.OrderId = coalesce(o.OrderId, settled.OrderId)
    LEFT JOIN news ON news.OrderId = o.OrderId
)
SELECT OrderId
FROM facts
WHERE ($between AND is_between)
   OR (is_ours AND is_unread)
   OR (is_ours AND $settled AND is_settled AND NOT is_known
       AND (asked_at IS NULL OR {CAME.format(since="begun_at")}))
   OR (is_ours AND $settled AND is_known AND has_news
       AND (settled_seq > asked_seq OR {CAME.format(since="told_at")}))
   OR (is_ours AND $pushed AND is_known AND {CAME.format(since="told_at")})
   OR (is_ours AND $refreshed AND is_known
       AND (made >= $young_from AND {CAME.format(since="begun_at")}
            OR is_reserved AND asked_at <= $reserved_before
            OR (is_reserved OR made >= $young_from) AND asked_at <= $old_before))
   OR (is_ours AND $pushed AND (is_known OR is_secured)
       AND (is_pushed OR is_missed AND asked_at < $not_found_before))
ORDER BY OrderId
"""


def orders_named(store: Store, name: str) -> list[int]:
    """The OrderIds that a name stands for, as far as is known: the id, or a shop's own reference.

    A reference of digits alone would be read as an OrderId by Qliro; who knows its order asks by
    id.
    """
    rows = store.rows(NAMED, {"name": name.strip()})
    return [row["OrderId"] for row in rows]


NAMED = """
SELECT OrderId FROM qliro."order"
WHERE CAST(OrderId AS VARCHAR) = $name OR trim(MerchantReference) = $name
UNION
SELECT OrderId FROM qliro.settlement_line
WHERE OrderId > 0
  AND (CAST(OrderId AS VARCHAR) = $name OR trim(MerchantOrderReference) = $name)
ORDER BY OrderId
"""


def sync_orders(extraction: Extraction, scope: OrderScope, named: Collection[str] = ()) -> Report:
    """Ask for the orders of ``scope``, and for those that a person names by id or by reference.

    Raises UnavailableError and AccessError; what came before is kept, and the next sync goes on.
    """
    store, now = extraction.store, extraction.api.clock.now()
    wanted: dict[int | str, None] = {}
    for name in (name.strip() for name in named if name.strip()):
        known: list[int | str] = [*orders_named(store, name)]
        wanted.update(dict.fromkeys(known or [name]))
    wanted.update(dict.fromkeys(orders_to_ask(store, now, scope)))
    return fetch_orders(extraction, wanted)


def orders_needed(extraction: Extraction, ages: Sequence[timedelta] = ORDER_AT) -> list[int]:
    """OrderIds of staged lines that have no merchant reference and whose order is not known yet.

    An order that Qliro did not find is asked for again at these ages.
    """
    told = {"now": extraction.api.clock.now(), "ages": [int(age.total_seconds()) for age in ages]}
    rows = extraction.store.rows(ORDERS_NEEDED, told)
    return [row["OrderId"] for row in rows]


ORDERS_NEEDED = f"""
-- Accepted lines without a reference, whose order was neither staged nor asked for lately. An
-- answer that can't be read tells nothing. What sorts before a sign or behind all of ASCII may be
-- blank: DuckDB passes over all parts of the table where no reference does.
WITH asked AS (
    SELECT
        TRY_CAST(regexp_extract(path, '([0-9]+)$', 1) AS BIGINT) AS OrderId,
        min(noted_at) AS first_at,
        max(noted_at) AS asked_at
    FROM raw.answer
    WHERE endpoint = 'order'
      AND (status <> 200 OR problem IS NULL
           OR starts_with(problem, '{OTHER_ORDER}'))
    GROUP BY ALL
)
SELECT DISTINCT line.OrderId
FROM qliro.settlement_line AS line
LEFT JOIN qliro."order" AS known ON known.OrderId = line.OrderId
LEFT JOIN asked ON asked.OrderId = line.OrderId
WHERE line.Status = 'Accepted'
  AND (line.MerchantOrderReference IS NULL OR line.MerchantOrderReference < '!'
       OR line.MerchantOrderReference > '~')
  AND coalesce(trim(line.MerchantOrderReference), '') = ''
  AND line.OrderId > 0
  AND (known.problem IS NOT NULL
       OR known.OrderId IS NULL AND (asked.OrderId IS NULL OR {CAME.format(since="first_at")}))
ORDER BY line.OrderId
"""


# What an order is called.
NAMES = "An order is named by Qliro's OrderId or the shop's own order number."


def fetch_orders(extraction: Extraction, names: Iterable[int | str]) -> Report:
    """Orders by ``OrderId`` (a number) or by the shop's reference (a text), all at once.

    Qliro reads the same path as an id or as a reference: an answer about another order than the
    one asked for is reported, kept, and not staged.
    """
    report = Report()
    wanted = list(dict.fromkeys(names))
    calls = (Call(ORDER.format(id=quote(str(name), safe=""))) for name in wanted)
    for done, (name, kept) in enumerate(
        zip(wanted, ask_all(extraction, calls), strict=True), start=1
    ):
        report.answers += 1
        extraction.on_progress("orders", done, len(wanted))
        _check(report, name, kept)
    return report


def _check(report: Report, name: int | str, kept: Kept) -> None:
    where = f"Qliro order {name}"
    if kept.problem and kept.problem.startswith(OTHER_ORDER):
        other = kept.content.get("OrderId") if isinstance(kept.content, dict) else None
        report.find(where, "other-order", f"Qliro answered with order {other} instead.")
    elif kept.status != 200 or kept.problem:
        again = "It is asked for again, less and less often." if isinstance(name, int) else NAMES
        if kept.status == 200:
            again = "The next run asks again."
        report.find(where, "order-not-read", why(kept), again)
    elif isinstance(name, int) and str(kept.content.get("OrderId")) != str(name):
        other = kept.content.get("OrderId")
        said = f"Qliro answered with order {other}, whose reference is {name}."
        report.find(where, "other-order", said)
