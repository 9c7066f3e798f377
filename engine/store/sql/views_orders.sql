-- What mappings see of orders beside what is staged of them: what depends on other orders and on what
-- this program has done. Run after views.sql.

-- The customer of each Fortnox order that somebody else made and this program has taken over, by the
-- Qliro order, while it stands.
CREATE OR REPLACE VIEW ledger.placed_customer AS
SELECT TRY_CAST(a.source AS BIGINT) AS OrderId, max(nullif(p.CustomerNumber, '')) AS customer
FROM ledger.step AS s
JOIN ledger.action AS a ON a.action = s.action AND a.target = 'fortnox.order'
JOIN fortnox."order" AS p ON p.DocumentNumber = s.number
WHERE s.step = 'create' AND s.event = 'adopted' AND NOT coalesce(p.Cancelled, false)
GROUP BY a.source;

-- Documents of this program that stand cancelled in Fortnox, and whether a person has said since the
-- last that was done about one that it is to be made again: it is let go then.
CREATE OR REPLACE VIEW ledger.cancelled AS
SELECT
    a.action,
    a.mapping,
    a.source,
    s.number,
    c.staged,
    coalesce(r.kind = 'retry' AND r.noted_at >= (
        -- But that it was found cancelled.
        SELECT max(e.noted_at)
        FROM ledger.event AS e
        WHERE e.action = a.action AND NOT (e.step = 'confirm' AND e.event = 'refused')
    ), false) AS let_go
FROM (
    SELECT DocumentNumber, 'fortnox.invoice' AS staged FROM fortnox.invoice WHERE Cancelled
    UNION ALL
    SELECT DocumentNumber, 'fortnox.order' FROM fortnox."order" WHERE Cancelled
) AS c
JOIN ledger.step AS s
    ON s.number = c.DocumentNumber AND s.step = 'create' AND s.event IN ('done', 'found', 'adopted')
JOIN ledger.intent AS a
    ON a.action = s.action
    AND CASE c.staged
        WHEN 'fortnox.order' THEN a.target = 'fortnox.order'
        ELSE ends_with(a.target, 'invoice')
    END
LEFT JOIN ledger.resolved AS r ON r.line = a.source;

-- A capture, whether this program asked for it, under which mapping its invoice was made or begun
-- last, whether that was let go, which invoice a person said is its, and whether one set it aside.
CREATE OR REPLACE VIEW qliro.capture_view AS
SELECT
    c.*,
    unread.problem,
    CASE WHEN r.kind = 'invoice' THEN r.detail END AS chosen_invoice,
    coalesce(r.kind = 'ignore', false) AS ignored,
    CAST(c.PaymentTransactionId AS VARCHAR) IN (
        SELECT s.number
        FROM ledger.step AS s
        JOIN ledger.action AS a ON a.action = s.action
        WHERE a.target = 'qliro.shipment' AND s.number IS NOT NULL
    ) AS ours,
    taken.customer AS placed_customer,
    begun.mapping AS invoiced_as,
    begun.number AS invoice_number,
    coalesce(begun.action IN (SELECT action FROM ledger.cancelled WHERE let_go), false) AS let_go
FROM qliro.capture AS c
LEFT JOIN (
    SELECT
        a.source,
        arg_max(a.mapping, s.seq) AS mapping,
        arg_max(a.action, s.seq) AS action,
        arg_max_null(
            CASE WHEN s.event IN ('done', 'found', 'adopted') THEN s.number END, s.seq
        ) AS number
    FROM ledger.action AS a
    JOIN ledger.step AS s ON s.action = a.action AND s.step = 'create'
    WHERE a.target IN ('fortnox.invoice', 'fortnox.order_invoice')
      AND s.event NOT IN ('refused', 'not-sent', 'absent')
    GROUP BY a.source
) AS begun ON begun.source = c.capture
LEFT JOIN (SELECT OrderId, problem FROM qliro."order" WHERE problem IS NOT NULL) AS unread
    ON unread.OrderId = c.OrderId
LEFT JOIN ledger.placed_customer AS taken ON taken.OrderId = c.OrderId
LEFT JOIN ledger.resolved AS r ON r.line = c.capture;

-- A refund, which credit invoice a person said is its, and whether one set it aside. First of its
-- capture is the one that has the credit invoice which Fortnox made, also when an earlier one has
-- succeeded since. One of 0.00 has no document, and comes after those that get one; it stays where it
-- was when a person has set it aside and a later one was made beside it.
CREATE OR REPLACE VIEW qliro.refund_view AS
SELECT
    f.* REPLACE (
        CAST(row_number() OVER (
            PARTITION BY f.OrderId, f.capture
            ORDER BY first.source IS NULL,
                f.Amount = 0 AND r.kind IS DISTINCT FROM 'ignore', f.ordinal
        ) AS INTEGER) AS ordinal
    ),
    unread.problem,
    CASE WHEN r.kind = 'invoice' THEN r.detail END AS chosen_invoice,
    coalesce(r.kind = 'ignore', false) AS ignored,
    -- The credit invoice that Fortnox made was let go, and Fortnox makes no second one.
    f.refund IN (
        SELECT source FROM ledger.cancelled WHERE let_go AND mapping = 'credit_invoice'
    ) AS let_go
FROM qliro.refund AS f
LEFT JOIN (SELECT OrderId, problem FROM qliro."order" WHERE problem IS NOT NULL) AS unread
    ON unread.OrderId = f.OrderId
LEFT JOIN ledger.resolved AS r ON r.line = f.refund
LEFT JOIN (
    SELECT DISTINCT a.source
    FROM ledger.action AS a
    JOIN ledger.step AS s ON s.action = a.action AND s.step = 'create'
    WHERE a.target = 'fortnox.credit_invoice' AND s.event NOT IN ('refused', 'not-sent', 'absent')
) AS first ON first.source = f.refund;

-- An order as a mapping sees it: with what its transactions and items add up to.
CREATE OR REPLACE VIEW qliro.order_view AS
WITH paid AS (
    SELECT o.MerchantReference, count(*) AS n
    FROM qliro."order" AS o
    JOIN qliro.order_sum AS s ON s.OrderId = o.OrderId AND s.paid
    GROUP BY o.MerchantReference
),
-- When this program last asked Qliro to do something with an order.
asked AS (
    SELECT a.payout, max(s.sent_at) AS sent_at
    FROM ledger.step AS s
    JOIN ledger.action AS a ON a.action = s.action
    WHERE starts_with(a.target, 'qliro.')
    GROUP BY a.payout
)
SELECT
    o.*,
    s.* EXCLUDE (OrderId, paid),
    -- Other orders that were paid and carry the same reference.
    coalesce(paid.n - CASE WHEN s.paid THEN 1 ELSE 0 END, 0) AS twins,
    -- What this program asked Qliro to do since it was read has changed it.
    coalesce(o.as_of <= asked.sent_at, false) AS unread,
    taken.customer AS placed_customer,
    coalesce(r.kind = 'retry', false) AS retried
FROM qliro."order" AS o
JOIN qliro.order_sum AS s ON s.OrderId = o.OrderId
LEFT JOIN paid ON paid.MerchantReference = o.MerchantReference
LEFT JOIN asked ON asked.payout = 'order ' || o.OrderId
LEFT JOIN ledger.placed_customer AS taken ON taken.OrderId = o.OrderId
LEFT JOIN ledger.resolved AS r ON r.line = o.OrderId::VARCHAR;

-- A Fortnox order with what only its own page shows, and the Qliro order that it was made of here.
-- gone: its page was asked for since, and is not there.
CREATE OR REPLACE VIEW fortnox.order_view AS
SELECT
    o.*,
    d.InvoiceReference,
    d.TermsOfPayment,
    d.YourOrderNumber,
    d.OurReference,
    d.YourReference,
    d.DeliveryState,
    coalesce(d.raw_seq < o.raw_seq, true) AND missed.seq IS NULL AS unread,
    missed.seq IS NOT NULL AS gone,
    coalesce(i.Booked, false) AS invoice_booked,
    CAST(own.OrderId AS VARCHAR) AS made_for,
    own.OrderId
FROM fortnox."order" AS o
LEFT JOIN fortnox.order_detail AS d ON d.DocumentNumber = o.DocumentNumber
LEFT JOIN fortnox.invoice AS i ON i.DocumentNumber = d.InvoiceReference
LEFT JOIN (
    -- Fortnox has no such order any more.
    SELECT regexp_extract(path, '([^/]+)$', 1) AS number, max(seq) AS seq
    FROM raw.answer
    WHERE endpoint = 'fortnox_order' AND status = 404
    GROUP BY ALL
) AS missed ON missed.number = o.DocumentNumber AND missed.seq > o.raw_seq
LEFT JOIN (
    -- The last that was made of an order: one that a person cancelled may have been made again.
    SELECT number, max(OrderId) AS OrderId
    FROM (
        SELECT TRY_CAST(a.source AS BIGINT) AS OrderId, arg_max(s.number, s.seq) AS number
        FROM ledger.action AS a
        JOIN ledger.step AS s
            ON s.action = a.action AND s.step = 'create' AND s.event IN ('done', 'found', 'adopted')
        WHERE a.target = 'fortnox.order'
        GROUP BY a.source
    )
    GROUP BY number
) AS own ON own.number = o.DocumentNumber;

-- Its rows, by the Qliro order; a row is undelivered while less of it was delivered than ordered. A
-- row of text alone has no quantities.
CREATE OR REPLACE VIEW fortnox.order_row_view AS
SELECT
    r.* REPLACE (coalesce(r.DeliveredQuantity, 0) AS DeliveredQuantity),
    o.OrderId,
    coalesce(r.DeliveredQuantity, 0) < coalesce(r.OrderedQuantity, 0) AS undelivered
FROM fortnox.order_row AS r
JOIN fortnox.order_view AS o ON o.DocumentNumber = r.DocumentNumber;

-- The rows of a Fortnox order as this program last wrote them, by the Qliro order.
CREATE OR REPLACE VIEW fortnox.sent_row AS
WITH written AS (
    SELECT
        TRY_CAST(a.source AS BIGINT) AS OrderId,
        unnest(from_json(a.document -> 'OrderRows', '[{
            "ArticleNumber": "VARCHAR", "Description": "VARCHAR",
            "OrderedQuantity": "VARCHAR", "Price": "DECIMAL(18, 4)", "AccountNumber": "INTEGER",
            "VAT": "DECIMAL(9, 4)", "VATCode": "VARCHAR"
        }]')) AS r,
        generate_subscripts(from_json(a.document -> 'OrderRows', '["JSON"]'), 1) AS position
    FROM ledger.intent AS a
    JOIN (
        SELECT i.source, arg_max(i.action, s.seq) AS action
        FROM ledger.intent AS i
        JOIN ledger.step AS s
            ON s.action = i.action AND s.step = 'create' AND s.event IN ('done', 'found')
        WHERE i.target IN ('fortnox.order', 'fortnox.order_change')
        GROUP BY i.source
    ) AS last ON last.action = a.action
)
SELECT
    OrderId || '/' || position AS row,
    OrderId,
    CAST(position AS INTEGER) AS position,
    TRY_CAST(r.OrderedQuantity AS DECIMAL(18, 4)) AS Quantity,
    r.*
FROM written
ORDER BY OrderId, position;

-- A customer with its organisation number and e-mail address as they are compared: without blanks,
-- hyphens and the century that some write before an organisation number, and in small letters.
-- unread: its own page was not read since it was listed.
CREATE OR REPLACE VIEW fortnox.customer_view AS
SELECT
    *,
    regexp_replace(
        regexp_replace(OrganisationNumber, '[- ]', '', 'g'), '^16([0-9]{10})$', '\1'
    ) AS organisation,
    lower(trim(Email)) AS email_address,
    coalesce(card_seq < raw_seq, true) AS unread
FROM fortnox.customer;
