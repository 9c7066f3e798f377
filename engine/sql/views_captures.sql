-- What mappings see of Qliro's captures, refunds and reversals, and the orders summed up from all of
-- it. Run after views_orders.sql.

-- Every time that money was taken. A capture of what a Debit took already takes nothing.
CREATE OR REPLACE VIEW qliro.taking AS
SELECT
    s.*,
    row_number() OVER (
        PARTITION BY s.OrderId ORDER BY s."Timestamp" NULLS LAST, s.PaymentTransactionId
    ) AS ordinal,
    count(*) FILTER (WHERE s.Type <> 'UpdateInvoice') OVER (PARTITION BY s.OrderId) AS takings
FROM qliro.success AS s
LEFT JOIN qliro.success AS debit
    ON s.Type = 'Capture'
    AND debit.OrderId = s.OrderId
    AND debit.Type = 'Debit'
    AND debit.PaymentTransactionId = s.OriginalPaymentTransactionId
WHERE (s.Type IN ('Capture', 'Debit') AND debit.id IS NULL)
   OR (s.Type = 'UpdateInvoice' AND s.Amount > 0);

-- Every time that the buyer got money back, and the capture that it goes back to. One that names no
-- capture is of the only one.
CREATE OR REPLACE VIEW qliro.giving AS
SELECT
    g.*,
    coalesce(captures.n, 0) AS captures,
    coalesce(t.id, CASE WHEN captures.n = 1 THEN captures.only_one END) AS capture
FROM qliro.success AS g
LEFT JOIN qliro.taking AS t
    ON t.OrderId = g.OrderId AND t.PaymentTransactionId = g.OriginalPaymentTransactionId
LEFT JOIN (
    SELECT OrderId, count(*) AS n, any_value(id) AS only_one
    FROM qliro.taking
    GROUP BY OrderId
) AS captures ON captures.OrderId = g.OrderId
WHERE g.Type IN ('Refund', 'Credit') OR (g.Type = 'UpdateInvoice' AND g.Amount < 0);

-- What came back of each capture, by item.
CREATE OR REPLACE VIEW qliro.come_back AS
SELECT g.capture, i.signature, sum(i.Quantity) AS Quantity
FROM qliro.giving AS g
JOIN qliro.item AS i
    ON i.OrderId = g.OrderId AND i.PaymentTransactionId = g.PaymentTransactionId
WHERE i.ActionType = 'Return'
GROUP BY g.capture, i.signature;

-- What was taken, item by item: what the transaction shipped. A Debit ships nothing by itself: it is
-- of what it reserved, else of what was bought. So is what somebody captured whole, without a word
-- of items. kept is what it is worth less what came back of it.
CREATE OR REPLACE VIEW qliro.capture_line AS
WITH told AS (
    SELECT
        t.id AS capture,
        coalesce(
            list_position(['Ship', 'Reserve', 'Create', 'Return', 'Release'], i.ActionType), 6
        ) AS choice,
        i.OrderId, i.row, i.position, i.MerchantReference, i.Description, i.Quantity,
        i.PricePerItemIncVat, i.PricePerItemExVat, i.VatRate, i.Type, i.signature
    FROM qliro.taking AS t
    JOIN qliro.item AS i
        ON i.OrderId = t.OrderId AND i.PaymentTransactionId = t.PaymentTransactionId
    WHERE t.Type <> 'Capture' OR i.ActionType = 'Ship'
    UNION ALL
    SELECT
        t.id, 7, l.OrderId, split_part(l.line, '/', 3), l.position, l.MerchantReference,
        l.Description, l.Quantity, l.PricePerItemIncVat, l.PricePerItemExVat, l.VatRate, l.Type,
        l.signature
    FROM qliro.taking AS t
    JOIN (
        SELECT
            *,
            coalesce(MerchantReference, '') || ' '
                || coalesce(CAST(PricePerItemIncVat AS VARCHAR), '') AS signature,
            sum(Quantity * PricePerItemIncVat) OVER (PARTITION BY OrderId) AS total
        FROM qliro.order_line
    ) AS l ON l.OrderId = t.OrderId
    WHERE t.takings = 1 AND (t.Type = 'Debit' OR (t.Type = 'Capture' AND t.Amount = l.total))
),
chosen AS (
    SELECT *, row_number() OVER (PARTITION BY capture, signature ORDER BY position) AS twin
    FROM (SELECT * FROM told QUALIFY choice = min(choice) OVER (PARTITION BY capture))
)
SELECT
    c.capture || '/' || c.row AS line,
    c.capture,
    c.OrderId,
    CAST(row_number() OVER (PARTITION BY c.capture ORDER BY c.position) AS INTEGER) AS position,
    c.MerchantReference,
    c.Description,
    c.Quantity,
    c.PricePerItemIncVat,
    c.PricePerItemExVat,
    c.VatRate,
    c.Type,
    CAST((c.Quantity - CASE c.twin WHEN 1 THEN coalesce(b.Quantity, 0) ELSE 0 END)
        * c.PricePerItemIncVat AS DECIMAL(18, 4)) AS kept,
    h.* EXCLUDE (OrderId)
FROM chosen AS c
LEFT JOIN qliro.come_back AS b ON b.capture = c.capture AND b.signature = c.signature
LEFT JOIN qliro.order_head AS h ON h.OrderId = c.OrderId;

CREATE OR REPLACE VIEW qliro.capture AS
WITH line AS MATERIALIZED (
    SELECT capture, MerchantReference, PricePerItemIncVat, Quantity FROM qliro.capture_line
),
lines AS (
    SELECT capture, count(*) AS n, sum(Quantity * PricePerItemIncVat) AS total
    FROM line
    GROUP BY capture
),
-- Every item with its quantity, to see whether two lists are of the same.
taken AS (
    SELECT capture, list(item ORDER BY item) AS items
    FROM (
        SELECT capture, (MerchantReference, PricePerItemIncVat, sum(Quantity)) AS item
        FROM line
        GROUP BY capture, MerchantReference, PricePerItemIncVat
    )
    GROUP BY capture
),
bought AS (
    SELECT OrderId, list(item ORDER BY item) AS items, sum(total) AS total
    FROM (
        SELECT
            OrderId,
            (MerchantReference, PricePerItemIncVat, sum(Quantity)) AS item,
            sum(Quantity * PricePerItemIncVat) AS total
        FROM qliro.order_line
        GROUP BY OrderId, MerchantReference, PricePerItemIncVat
    )
    GROUP BY OrderId
)
SELECT
    t.id AS capture,
    t.OrderId,
    t.PaymentTransactionId,
    t.Type,
    CAST(abs(t.Amount) AS DECIMAL(18, 4)) AS Amount,
    t.day AS CaptureDate,
    t."Timestamp" AS CapturedAt,
    CAST(t.ordinal AS INTEGER) AS ordinal,
    coalesce(
        t.ordinal = 1 AND t.Type <> 'UpdateInvoice' AND abs(t.Amount) = bought.total
        AND taken.items = bought.items,
        false
    ) AS takes_all,
    CAST(t.PaymentTransactionId AS VARCHAR) IN (
        SELECT s.number
        FROM ledger.step AS s
        JOIN ledger.action AS a ON a.action = s.action
        WHERE a.target = 'qliro.shipment' AND s.number IS NOT NULL
    ) AS ours,
    o.MerchantReference,
    o.Currency,
    o.Country,
    o.PaymentMethodName,
    o.PaymentTypeCode,
    o.JuridicalType,
    CAST(coalesce(lines.n, 0) AS INTEGER) AS lines,
    CAST(coalesce(lines.total, 0) AS DECIMAL(18, 4)) AS line_total
FROM qliro.taking AS t
JOIN qliro."order" AS o ON o.OrderId = t.OrderId
LEFT JOIN lines ON lines.capture = t.id
LEFT JOIN taken ON taken.capture = t.id
LEFT JOIN bought ON bought.OrderId = t.OrderId;

-- What was given back, item by item: what the transaction returned, else whatever it carries. A
-- discount by which a refund is given counts upwards: the lines add up to what the buyer got. A fee
-- that it carries beside what was returned is charged for the return. over: more of it came back
-- than its capture took.
CREATE OR REPLACE VIEW qliro.refund_line AS
WITH carried AS (
    SELECT
        g.id AS refund,
        g.capture,
        i.*,
        coalesce(
            list_position(['Return', 'Ship', 'Reserve', 'Create', 'Release'], i.ActionType), 6
        ) AS choice
    FROM qliro.giving AS g
    JOIN qliro.item AS i
        ON i.OrderId = g.OrderId AND i.PaymentTransactionId = g.PaymentTransactionId
),
chosen AS (
    SELECT *, choice > min(choice) OVER (PARTITION BY refund) AS charged
    FROM carried
    QUALIFY choice = min(choice) OVER (PARTITION BY refund)
        OR (min(choice) OVER (PARTITION BY refund) = 1 AND ActionType = 'Ship' AND Type = 'Fee')
),
taken AS (
    SELECT
        capture,
        coalesce(MerchantReference, '') || ' ' || coalesce(CAST(PricePerItemIncVat AS VARCHAR), '')
            AS signature,
        sum(Quantity) AS Quantity
    FROM qliro.capture_line
    GROUP BY ALL
),
upwards AS (
    SELECT
        *, CASE WHEN sum(gross) OVER (PARTITION BY refund) < 0 THEN -1 ELSE 1 END AS sign
    FROM chosen
)
SELECT
    u.refund || '/' || u.row AS line,
    u.refund,
    u.OrderId,
    CAST(row_number() OVER (PARTITION BY u.refund ORDER BY u.position) AS INTEGER) AS position,
    u.MerchantReference,
    u.Description,
    u.Quantity,
    CAST(u.PricePerItemIncVat * u.sign AS DECIMAL(18, 4)) AS PricePerItemIncVat,
    CAST(u.PricePerItemExVat * u.sign AS DECIMAL(18, 4)) AS PricePerItemExVat,
    u.VatRate,
    u.Type,
    u.charged,
    coalesce(
        u.ActionType = 'Return'
        AND u.Type IN ('Product', 'Shipping')
        AND u.capture IN (SELECT capture FROM taken)
        AND b.Quantity > coalesce(t.Quantity, 0),
        false
    ) AS over,
    h.* EXCLUDE (OrderId)
FROM upwards AS u
LEFT JOIN taken AS t ON t.capture = u.capture AND t.signature = u.signature
LEFT JOIN qliro.come_back AS b ON b.capture = u.capture AND b.signature = u.signature
LEFT JOIN qliro.order_head AS h ON h.OrderId = u.OrderId;

CREATE OR REPLACE VIEW qliro.refund AS
WITH lines AS (
    SELECT
        refund,
        count(*) AS n,
        sum(Quantity * PricePerItemIncVat * CASE WHEN charged THEN -1 ELSE 1 END) AS total
    FROM qliro.refund_line
    GROUP BY refund
)
SELECT
    p.id AS refund,
    p.OrderId,
    p.PaymentTransactionId,
    p.OriginalPaymentTransactionId,
    p.capture,
    p.Type,
    CAST(abs(p.Amount) AS DECIMAL(18, 4)) AS Amount,
    p.day AS RefundDate,
    p."Timestamp" AS RefundedAt,
    CAST(row_number() OVER (
        PARTITION BY p.OrderId, p.capture ORDER BY p."Timestamp" NULLS LAST, p.PaymentTransactionId
    ) AS INTEGER) AS ordinal,
    o.MerchantReference,
    o.Currency,
    o.Country,
    o.PaymentMethodName,
    o.JuridicalType,
    CAST(coalesce(lines.n, 0) AS INTEGER) AS lines,
    CAST(coalesce(lines.total, 0) AS DECIMAL(18, 4)) AS line_total,
    CAST(p.captures AS INTEGER) AS captures
FROM qliro.giving AS p
JOIN qliro."order" AS o ON o.OrderId = p.OrderId
LEFT JOIN lines ON lines.refund = p.id;

CREATE OR REPLACE VIEW qliro.reversal AS
SELECT
    id AS reversal,
    OrderId,
    PaymentTransactionId,
    OriginalPaymentTransactionId,
    CAST(abs(Amount) AS DECIMAL(18, 4)) AS Amount,
    day AS ReversalDate,
    "Timestamp" AS ReversedAt
FROM qliro.success
WHERE Type = 'Reversal';

-- An order as a mapping sees it: with what its transactions and items add up to.
CREATE OR REPLACE VIEW qliro.order_view AS
WITH reserved AS (
    SELECT OrderId, sum(Amount) AS authorised FROM qliro.reservation GROUP BY OrderId
),
moved AS (
    -- Of what is reserved now: what a later reservation replaced counts no more.
    SELECT
        OrderId,
        sum(abs(Amount)) FILTER (WHERE Type = 'Reversal' AND of_now) AS reversed,
        count(*) FILTER (WHERE Type = 'Reversal' AND of_now) AS reversals,
        sum(abs(Amount)) FILTER (WHERE Type IN ('Capture', 'Debit') AND of_now) AS used
    FROM qliro.success_of_now
    GROUP BY OrderId
),
taken AS (
    SELECT OrderId, sum(abs(Amount)) AS captured, count(*) AS captures
    FROM qliro.taking
    GROUP BY OrderId
),
given AS (
    SELECT OrderId, sum(abs(Amount)) AS refunded, count(*) AS refunds
    FROM qliro.giving
    GROUP BY OrderId
),
bought AS (
    SELECT OrderId, count(*) AS lines, sum(Quantity * PricePerItemIncVat) AS total
    FROM qliro.order_line
    GROUP BY OrderId
),
tried AS (
    SELECT
        OrderId,
        count(*) FILTER (
            WHERE Status IN ('OnHold', 'Created', 'InProcess', 'UserInteractionRequired')
        ) AS waiting,
        min("Timestamp") FILTER (
            WHERE Status = 'Success' AND Type IN ('Preauthorization', 'Debit')
        ) AS SecuredAt
    FROM qliro.transaction
    WHERE qliro.is_in_view(OrderId)
    GROUP BY OrderId
),
-- Orders that were paid, by what they carry as their reference.
paid AS (
    SELECT o.MerchantReference, list(o.OrderId) AS ids
    FROM qliro."order" AS o
    WHERE o.MerchantReference IN (
        SELECT MerchantReference FROM qliro."order" WHERE qliro.is_in_view(OrderId)
    )
      AND o.OrderId IN (
          SELECT OrderId
          FROM qliro.transaction
          WHERE Status = 'Success' AND Type IN ('Preauthorization', 'Debit')
      )
    GROUP BY o.MerchantReference
),
-- When this program last asked Qliro to do something with an order.
asked AS (
    SELECT a.payout, max(s.sent_at) AS sent_at
    FROM ledger.step AS s
    JOIN ledger.action AS a ON a.action = s.action
    WHERE starts_with(a.target, 'qliro.')
    GROUP BY a.payout
),
summed AS (
    SELECT
        o.*,
        h.DeliveryCountry,
        h.OrderDate,
        tried.SecuredAt,
        tried.OrderId IS NOT NULL AS was_tried,
        coalesce(tried.waiting, 0) > 0 AS is_waiting,
        reserved.OrderId IS NOT NULL AS is_reserved,
        coalesce(moved.reversals, 0) AS reversals,
        CAST(coalesce(reserved.authorised, 0) AS DECIMAL(18, 4)) AS authorised,
        CAST(coalesce(taken.captured, 0) AS DECIMAL(18, 4)) AS captured,
        CAST(coalesce(given.refunded, 0) AS DECIMAL(18, 4)) AS refunded,
        CAST(coalesce(moved.reversed, 0) AS DECIMAL(18, 4)) AS reversed,
        CAST(coalesce(reserved.authorised, 0) - coalesce(moved.used, 0)
            - coalesce(moved.reversed, 0) AS DECIMAL(18, 4)) AS remaining,
        CAST(coalesce(bought.total, 0) AS DECIMAL(18, 4)) AS total,
        CAST(coalesce(bought.lines, 0) AS INTEGER) AS lines,
        CAST(coalesce(taken.captures, 0) AS INTEGER) AS captures,
        CAST(coalesce(given.refunds, 0) AS INTEGER) AS refunds,
        -- Other orders that were paid and carry the same reference.
        coalesce(len(list_filter(paid.ids, LAMBDA id: id <> o.OrderId)), 0) AS twins,
        -- What this program asked Qliro to do since it was read has changed it.
        coalesce(o.as_of <= asked.sent_at, false) AS unread
    FROM qliro."order" AS o
    JOIN qliro.order_head AS h ON h.OrderId = o.OrderId
    LEFT JOIN reserved ON reserved.OrderId = o.OrderId
    LEFT JOIN moved ON moved.OrderId = o.OrderId
    LEFT JOIN taken ON taken.OrderId = o.OrderId
    LEFT JOIN given ON given.OrderId = o.OrderId
    LEFT JOIN bought ON bought.OrderId = o.OrderId
    LEFT JOIN tried ON tried.OrderId = o.OrderId
    LEFT JOIN paid ON paid.MerchantReference = o.MerchantReference
    LEFT JOIN asked ON asked.payout = 'order ' || o.OrderId
)
SELECT
    * EXCLUDE (was_tried, is_waiting, is_reserved, reversals),
    CASE
        WHEN captures > 0 THEN 'secured'
        WHEN is_reserved AND reversals > 0 AND remaining <= 0 THEN 'cancelled'
        WHEN is_reserved THEN 'secured'
        WHEN is_waiting THEN 'waiting'
        WHEN was_tried THEN 'refused'
        WHEN lines > 0 AND (PaymentMethodName = 'FREE' OR total = 0) THEN 'secured'
        ELSE 'waiting'  -- the buyer has not paid yet
    END AS payment
FROM summed;

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
    SELECT s.number, max(TRY_CAST(a.source AS BIGINT)) AS OrderId
    FROM ledger.action AS a
    JOIN ledger.step AS s
        ON s.action = a.action AND s.step = 'create' AND s.event IN ('done', 'found', 'adopted')
    WHERE a.target = 'fortnox.order'
    GROUP BY s.number
) AS own ON own.number = o.DocumentNumber;

-- Its rows, by the Qliro order; a row is undelivered while less of it was delivered than ordered.
CREATE OR REPLACE VIEW fortnox.order_row_view AS
SELECT
    r.*,
    o.OrderId,
    coalesce(r.DeliveredQuantity < r.OrderedQuantity, true) AS undelivered
FROM fortnox.order_row AS r
JOIN fortnox.order_view AS o ON o.DocumentNumber = r.DocumentNumber;

-- The rows of a Fortnox order as this program last wrote them, by the Qliro order.
CREATE OR REPLACE VIEW fortnox.sent_row AS
WITH written AS (
    SELECT
        TRY_CAST(a.source AS BIGINT) AS OrderId,
        unnest(from_json(a.document -> 'OrderRows', '[{
            "ArticleNumber": "VARCHAR", "OrderedQuantity": "VARCHAR",
            "Price": "DECIMAL(18, 4)"
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
    r.*
FROM written
ORDER BY OrderId, position;

-- A customer with its organisation number and e-mail address as they are compared: without blanks,
-- hyphens and the century that some write before an organisation number, and in small letters.
CREATE OR REPLACE VIEW fortnox.customer_view AS
SELECT
    *,
    regexp_replace(
        regexp_replace(OrganisationNumber, '[- ]', '', 'g'), '^16([0-9]{10})$', '\1'
    ) AS organisation,
    lower(trim(Email)) AS email_address
FROM fortnox.customer;
