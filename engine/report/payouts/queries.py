"""What the payout report asks of the database. ``$payouts`` are the keys of those that it is of."""

from __future__ import annotations

from ...ordering import sql_order

PAYOUTS = f"""
-- Every payout, the oldest first.
SELECT p.*
FROM ledger.payout_state AS p
WHERE ($named IS NULL OR list_contains($named, p.payout))
  AND ($first IS NULL OR p.BatchDate >= $first)
  AND ($last IS NULL OR p.BatchDate <= $last)
ORDER BY p.BatchDate, {sql_order('p.payout')}
"""
FIGURES = """
-- The last comparison of each payout with Qliro's own figures.
SELECT payout, detail
FROM ledger.proof
WHERE payout IN (SELECT unnest($payouts))
QUALIFY row_number() OVER (PARTITION BY payout ORDER BY noted_at DESC, rowid DESC) = 1
"""

_JOINED = """
chosen AS (SELECT unnest($payouts) AS payout),
stood AS (
    -- The lines of these payouts, as Qliro tells them and as the last run left them. What is VAT of
    -- a fee is what its amount without VAT leaves of it.
    SELECT
        l.payout, l.line, l.state, l.code, l.reason, l.source, l.delivery, l.document,
        l.OrderId, l.PaymentTransactionId, l.reference, l.Type, l.Status, l.CurrencyCode,
        l.interim, l.value, l.vanished,
        coalesce(l.gross, 0) AS gross,
        CASE
            WHEN l.Type = 'Fee' AND s.AmountExcludingVat IS NOT NULL
            THEN l.gross - sign(l.gross) * round(abs(s.AmountExcludingVat), 2)
            ELSE 0
        END::DECIMAL(18, 4) AS vat,
        s.Id, s.position, s.MerchantOrderReference, s.PaymentMethodType,
        coalesce(s.TransactionCompletedDate, s.PspSettlementDate) AS day
    FROM ledger.line_state AS l
    LEFT JOIN qliro.settlement_line AS s ON s.line = l.line
    WHERE l.payout IN (SELECT payout FROM chosen)
),
firsts AS (
    -- The line that fees of the same batch, transaction and currency belong to.
    SELECT Id, PaymentTransactionId, CurrencyCode, arg_min(line, (vanished, position)) AS line
    FROM stood
    WHERE Status = 'Accepted' AND Type = 'Transaction' AND PaymentTransactionId <> 0
    GROUP BY Id, PaymentTransactionId, CurrencyCode
),
carried AS (
    -- Fees that are told with their line: those that stand as it does.
    SELECT f.line AS fee_line, m.line, f.gross AS fee, f.vat, f.delivery
    FROM stood AS f
    JOIN firsts ON firsts.Id = f.Id
        AND firsts.PaymentTransactionId = f.PaymentTransactionId
        AND firsts.CurrencyCode = f.CurrencyCode
    JOIN stood AS m ON m.line = firsts.line
    WHERE f.Type = 'Fee' AND f.Status = 'Accepted'
      AND f.state = m.state AND f.vanished = m.vanished
)
"""
LINES = f"""
-- Each line in a row, its fee with it, in the order of Qliro's answers.
WITH {_JOINED},
fees AS (
    SELECT line, sum(fee) AS fee, sum(vat) AS vat, list(DISTINCT delivery) AS deliveries
    FROM carried
    GROUP BY line
)
SELECT
    s.payout, s.line, s.day, s.Type, s.OrderId, s.MerchantOrderReference, s.reference,
    s.PaymentMethodType, s.document, s.state, s.code, s.reason, s.vanished,
    CASE WHEN s.Type = 'Fee' THEN 0 ELSE s.gross END::DECIMAL(18, 4)            AS gross,
    CASE WHEN s.Type = 'Fee' THEN s.gross ELSE coalesce(f.fee, 0) END::DECIMAL(18, 4) AS fee,
    CASE WHEN s.Type = 'Fee' THEN s.vat ELSE coalesce(f.vat, 0) END::DECIMAL(18, 4)   AS vat,
    s.delivery, f.deliveries,
    CASE WHEN s.state = 'ignored' THEN r.reason END AS said,
    CASE WHEN s.state = 'ignored' THEN r.who END    AS who,
    coalesce(s.CurrencyCode, p.CurrencyCode, '')    AS currency
FROM stood AS s
LEFT JOIN fees AS f ON f.line = s.line
LEFT JOIN ledger.payout_state AS p ON p.payout = s.payout
LEFT JOIN ledger.resolved AS r ON r.line = coalesce(nullif(s.source, ''), s.line)
WHERE s.line NOT IN (SELECT fee_line FROM carried)
ORDER BY p.BatchDate, {sql_order('s.payout')}, s.Id, s.position
"""
SUMS = f"""
-- What the lines of each payout come to, and in how many rows they are told.
WITH {_JOINED}
SELECT
    payout,
    coalesce(sum(gross) FILTER (WHERE inside AND Type = 'Transaction' AND gross > 0), 0) AS sold,
    coalesce(sum(gross) FILTER (WHERE inside AND Type = 'Transaction' AND gross < 0), 0)
        AS given_back,
    coalesce(sum(gross) FILTER (WHERE inside AND Type = 'Fee'), 0) AS fees,
    coalesce(sum(vat) FILTER (WHERE inside), 0) AS vat,
    coalesce(sum(gross) FILTER (WHERE inside AND Type NOT IN ('Transaction', 'Fee')), 0) AS other,
    count(*) FILTER (WHERE inside) AS lines,
    count(*) - count(*) FILTER (WHERE line IN (SELECT fee_line FROM carried)) AS rows
FROM (SELECT *, Status = 'Accepted' AND NOT vanished AS inside FROM stood)
GROUP BY payout
"""
STATES = """
-- How many lines of each payout are in each state.
SELECT payout, state, count(*) AS lines
FROM ledger.line_state
WHERE payout IN (SELECT unnest($payouts))
GROUP BY payout, state
"""

DELIVERED = """
-- How far each action has come. What Fortnox answered when it booked a payment names its voucher.
WITH steps AS (
    SELECT
        action,
        step,
        arg_max(event, seq) AS event,
        arg_max(number, seq) FILTER (WHERE number IS NOT NULL) AS number,
        arg_max(voucher, seq) FILTER (WHERE voucher IS NOT NULL) AS voucher
    FROM (
        SELECT
            e.action, e.step, e.event, e.number, e.seq,
            CASE
                WHEN e.step = 'bookkeep' AND e.event = 'done'
                THEN nullif(trim(concat_ws(
                    ' ', e.answer ->> '$.InvoicePayment.VoucherSeries',
                    e.answer ->> '$.InvoicePayment.VoucherNumber')), '')
            END AS voucher
        FROM ledger.event AS e
    )
    GROUP BY action, step
)
SELECT
    i.action, i.target, c.number, coalesce(b.voucher, '') AS voucher,
    c.event = 'adopted' AS adopted
FROM ledger.intent AS i
JOIN steps AS c ON c.action = i.action AND c.step = 'create'
LEFT JOIN steps AS b ON b.action = i.action AND b.step = 'bookkeep'
WHERE i.payout IN (SELECT unnest($payouts))
  AND list_contains(['fortnox.voucher', 'fortnox.invoice_payment'], i.target)
  AND list_contains($finished, c.event)
"""
BOOKED = """
-- The documents of these payouts that stand finished in Fortnox's books, as they were intended.
WITH steps AS (
    SELECT action, step, arg_max(event, seq) AS event, min(seq) AS seq
    FROM ledger.event
    GROUP BY action, step
)
SELECT i.payout, i.target, i.action, len(i.moves) > 0 AS moves, i.document,
    c.event = 'adopted' AS adopted
FROM ledger.intent AS i
JOIN steps AS c ON c.action = i.action AND c.step = 'create'
LEFT JOIN steps AS b ON b.action = i.action AND b.step = 'bookkeep'
WHERE i.payout IN (SELECT unnest($payouts))
  AND list_contains(['fortnox.voucher', 'fortnox.invoice_payment'], i.target)
  AND list_contains($finished, c.event)
  AND (c.event = 'adopted' OR NOT list_contains(i.follow, 'bookkeep')
       OR list_contains($finished, b.event))
ORDER BY c.seq
"""
INTERIM = """
SELECT account, sum(held) AS held, sum(must) AS must
FROM ledger.interim_state
GROUP BY account
ORDER BY account
"""
NAMES = "SELECT Number, any_value(Description) AS name FROM fortnox.account GROUP BY Number"
LAST_BOOKED = """
-- When the last document of these payouts was booked.
SELECT max(e.noted_at)
FROM ledger.event AS e
JOIN ledger.action AS a ON a.action = e.action
WHERE a.payout IN (SELECT unnest($payouts)) AND list_contains($finished, e.event)
"""

OPEN_LINES = f"""
-- Lines that are parked or wait, by the end of the period; a fee that shares its line's fate is
-- told with it.
SELECT l.*, p.BatchDate,
    coalesce(nullif(trim(s.MerchantOrderReference), ''), '') AS MerchantOrderReference
FROM ledger.line_state AS l
JOIN ledger.payout_state AS p ON p.payout = l.payout
LEFT JOIN qliro.settlement_line AS s ON s.line = l.line
WHERE l.state IN ('parked', 'waiting', 'planned')
  AND ($named IS NULL OR list_contains($named, l.payout))
  AND ($last IS NULL OR p.BatchDate <= $last)
  AND NOT (l.Type = 'Fee' AND l.source <> l.line AND l.source IN (
      SELECT line FROM ledger.line_state WHERE Type <> 'Fee'
  ))
ORDER BY list_position(['parked', 'waiting', 'planned'], l.state), p.BatchDate,
    {sql_order('l.payout')}, l.line
"""
OPEN_TRANSFERS = f"""
SELECT * FROM ledger.payout_state AS p
WHERE p.holds AND p.transfer IN ('parked', 'waiting')
  AND ($named IS NULL OR list_contains($named, p.payout))
  AND ($last IS NULL OR p.BatchDate <= $last)
ORDER BY p.BatchDate, {sql_order('p.payout')}
"""
OPEN_ITEMS = f"""
-- What of orders is parked or waits.
SELECT i.*, s.OrderDate, o.MerchantReference
FROM ledger.order_item AS i
JOIN ledger.order_state AS s ON s.OrderId = i.OrderId
LEFT JOIN qliro."order" AS o ON o.OrderId::VARCHAR = i.OrderId
WHERE i.state IN ('parked', 'waiting') AND ($last IS NULL OR s.OrderDate <= $last)
ORDER BY i.state, i.mapping, s.OrderDate, {sql_order('i.source')}
"""
LOSERS = """
-- The candidates of what is open, from the last outcome of each.
SELECT source, arg_max(trace, rowid) AS trace
FROM ledger.outcome
WHERE source IN (SELECT unnest($sources)) AND contains(trace, '"match"')
GROUP BY source
"""
