-- What was taken and given back, of the orders that were read anew → qliro.capture, qliro.capture_line,
-- qliro.refund, qliro.refund_line, qliro.reversal, and what all of it adds up to → qliro.order_sum.
-- Goes on where stage_order_lines.sql ended.

-- Every time that money was taken. A capture of what a Debit took already takes nothing; one of 0.00
-- comes after the others and is not counted among them.
CREATE OR REPLACE TEMP TABLE taking AS
SELECT
    s.*,
    row_number() OVER (
        PARTITION BY s.OrderId
        ORDER BY s.Amount IS NOT DISTINCT FROM 0, s."Timestamp" NULLS LAST, s.PaymentTransactionId
    ) AS ordinal,
    count(*) FILTER (WHERE s.Type <> 'UpdateInvoice' AND s.Amount IS DISTINCT FROM 0)
        OVER (PARTITION BY s.OrderId) AS takings
FROM success AS s
LEFT JOIN success AS debit
    ON s.Type = 'Capture'
    AND debit.OrderId = s.OrderId
    AND debit.Type = 'Debit'
    AND debit.PaymentTransactionId = s.OriginalPaymentTransactionId
WHERE (s.Type IN ('Capture', 'Debit') AND debit.id IS NULL)
   OR (s.Type = 'UpdateInvoice' AND s.Amount > 0);

-- Every time that the buyer got money back, and the capture that it goes back to. One that names no
-- capture is of the only one that took something. What a Debit took and was not shipped goes back by a Reversal, beside
-- which a Refund may tell of the same money (Trustly): of more than was taken, it is the same.
CREATE OR REPLACE TEMP TABLE giving AS
SELECT
    g.*,
    coalesce(captures.n, 0) AS captures,
    coalesce(t.id, CASE WHEN captures.n = 1 THEN captures.only_one END) AS capture
FROM success AS g
LEFT JOIN taking AS t
    ON t.OrderId = g.OrderId AND t.PaymentTransactionId = g.OriginalPaymentTransactionId
LEFT JOIN (
    SELECT OrderId, count(*) AS n, any_value(id) AS only_one
    FROM (SELECT * FROM taking QUALIFY Amount <> 0 OR max(abs(Amount)) OVER (PARTITION BY OrderId) = 0)
    GROUP BY OrderId
) AS captures ON captures.OrderId = g.OrderId
WHERE g.Type IN ('Refund', 'Credit')
   OR (g.Type = 'UpdateInvoice' AND g.Amount < 0)
   OR (g.Type = 'Reversal' AND t.Type = 'Debit' AND NOT EXISTS (
       SELECT 1 FROM success AS same
       WHERE same.OrderId = g.OrderId
         AND same.Type = 'Refund'
         AND same.OriginalPaymentTransactionId = g.OriginalPaymentTransactionId
         AND abs(same.Amount) = abs(g.Amount)
         AND 2 * abs(g.Amount) > t.Amount
   ));

-- What came back of each capture, by item and by reference.
CREATE OR REPLACE TEMP TABLE come_back AS
SELECT g.capture, i.signature, coalesce(i.MerchantReference, '') AS reference, i.Quantity, i.gross
FROM giving AS g
JOIN item AS i
    ON i.OrderId = g.OrderId AND i.PaymentTransactionId = g.PaymentTransactionId
WHERE i.ActionType IN ('Return', 'Release') AND i.Type IS DISTINCT FROM 'Discount';

-- What was taken, item by item: what the transaction shipped. A Debit ships nothing by itself: it is
-- of what it reserved, else of what was bought. So is what somebody captured whole, without a word
-- of items.
INSERT INTO qliro.capture_line BY NAME
WITH told AS (
    SELECT
        t.id AS capture,
        t.ordinal,
        coalesce(
            list_position(['Ship', 'Reserve', 'Create', 'Return', 'Release'], i.ActionType), 6
        ) AS choice,
        i.OrderId, i.row, i.position, i.MerchantReference, i.Description, i.Quantity,
        i.PricePerItemIncVat, i.PricePerItemExVat, i.VatRate, i.Type, i.signature
    FROM taking AS t
    JOIN item AS i
        ON i.OrderId = t.OrderId AND i.PaymentTransactionId = t.PaymentTransactionId
    WHERE t.Type <> 'Capture' OR i.ActionType = 'Ship'
    UNION ALL
    SELECT
        t.id, t.ordinal, 7, l.OrderId, split_part(l.line, '/', 3), l.position, l.MerchantReference,
        l.Description, l.Quantity, l.PricePerItemIncVat, l.PricePerItemExVat, l.VatRate, l.Type,
        l.signature
    FROM taking AS t
    JOIN (
        SELECT
            *,
            signature(MerchantReference, PricePerItemIncVat) AS signature,
            sum(worth(Quantity, PricePerItemIncVat)) OVER (PARTITION BY OrderId) AS total
        FROM qliro.order_line
        WHERE of_portion(OrderId)
    ) AS l ON l.OrderId = t.OrderId
    WHERE t.takings = 1 AND (t.Type = 'Debit' OR (t.Type = 'Capture' AND t.Amount = l.total))
),
chosen AS (
    SELECT * FROM told QUALIFY choice = min(choice) OVER (PARTITION BY capture)
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
    CAST(c.ordinal AS INTEGER) AS ordinal,
    c.signature AS item,
    h.* EXCLUDE (OrderId)
FROM chosen AS c
LEFT JOIN head AS h ON h.OrderId = c.OrderId;

INSERT INTO qliro.capture BY NAME
WITH line AS (
    SELECT capture, MerchantReference, PricePerItemIncVat, Quantity
    FROM qliro.capture_line
    WHERE of_portion(OrderId)
),
lines AS (
    SELECT capture, count(*) AS n, sum(worth(Quantity, PricePerItemIncVat)) AS total
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
            sum(worth(Quantity, PricePerItemIncVat)) AS total
        FROM qliro.order_line
        WHERE OrderId IN (SELECT OrderId FROM taking)
        GROUP BY OrderId, MerchantReference, PricePerItemIncVat
    )
    GROUP BY OrderId
)
SELECT
    t.id AS capture,
    t.OrderId,
    t.PaymentTransactionId,
    t.Type,
    TRY_CAST(abs(t.Amount) AS DECIMAL(18, 4)) AS Amount,
    t.day AS CaptureDate,
    t."Timestamp" AS CapturedAt,
    CAST(t.ordinal AS INTEGER) AS ordinal,
    coalesce(
        t.ordinal = 1 AND t.Type <> 'UpdateInvoice' AND abs(t.Amount) = bought.total
        AND taken.items = bought.items,
        false
    ) AS takes_all,
    o.MerchantReference,
    o.Currency,
    o.Country,
    o.PaymentMethodName,
    o.PaymentTypeCode,
    o.JuridicalType,
    CAST(coalesce(lines.n, 0) AS INTEGER) AS lines,
    TRY_CAST(coalesce(lines.total, 0) AS DECIMAL(18, 4)) AS line_total
FROM taking AS t
JOIN portion AS o ON o.OrderId = t.OrderId
LEFT JOIN lines ON lines.capture = t.id
LEFT JOIN taken ON taken.capture = t.id
LEFT JOIN bought ON bought.OrderId = t.OrderId;

-- What was given back, item by item: what the transaction returned, else whatever it carries. A
-- discount by which a refund is given counts upwards: the lines add up to what the buyer got. A fee
-- that it carries beside what was returned is charged for the return. over: more of it came back
-- than its capture took; of an item at another price than it was sold at, more money.
INSERT INTO qliro.refund_line BY NAME
WITH carried AS (
    SELECT
        g.id AS refund,
        g.capture,
        i.*,
        coalesce(
            list_position(['Return', 'Ship', 'Reserve', 'Create', 'Release'], i.ActionType), 6
        ) AS choice
    FROM giving AS g
    JOIN item AS i
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
        item AS signature,
        coalesce(MerchantReference, '') AS reference,
        Quantity,
        worth(Quantity, PricePerItemIncVat) AS gross
    FROM qliro.capture_line
    WHERE of_portion(OrderId) AND Type IS DISTINCT FROM 'Discount'
),
items AS (
    SELECT capture, signature, sum(Quantity) AS Quantity FROM taken GROUP BY ALL
),
items_back AS (
    SELECT capture, signature, sum(Quantity) AS Quantity FROM come_back GROUP BY ALL
),
money AS (
    SELECT capture, reference, sum(gross) AS gross FROM taken GROUP BY ALL
),
money_back AS (
    SELECT capture, reference, sum(gross) AS gross FROM come_back GROUP BY ALL
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
    TRY_CAST(u.PricePerItemIncVat * u.sign AS DECIMAL(18, 4)) AS PricePerItemIncVat,
    TRY_CAST(u.PricePerItemExVat * u.sign AS DECIMAL(18, 4)) AS PricePerItemExVat,
    u.VatRate,
    u.Type,
    u.charged,
    coalesce(
        u.ActionType = 'Return'
        AND u.Type IN ('Product', 'Shipping')
        AND u.capture IN (SELECT capture FROM taken)
        AND (coalesce(b.Quantity > t.Quantity, false) OR coalesce(back.gross > was.gross, true)),
        false
    ) AS over,
    u.signature AS item,
    h.* EXCLUDE (OrderId)
FROM upwards AS u
LEFT JOIN items AS t ON t.capture = u.capture AND t.signature = u.signature
LEFT JOIN items_back AS b ON b.capture = u.capture AND b.signature = u.signature
LEFT JOIN money AS was
    ON was.capture = u.capture AND was.reference = coalesce(u.MerchantReference, '')
LEFT JOIN money_back AS back
    ON back.capture = u.capture AND back.reference = coalesce(u.MerchantReference, '')
LEFT JOIN head AS h ON h.OrderId = u.OrderId;

INSERT INTO qliro.refund BY NAME
WITH lines AS (
    SELECT
        refund,
        count(*) AS n,
        sum(worth(Quantity, PricePerItemIncVat) * CASE WHEN charged THEN -1 ELSE 1 END) AS total
    FROM qliro.refund_line
    WHERE of_portion(OrderId)
    GROUP BY refund
)
SELECT
    p.id AS refund,
    p.OrderId,
    p.PaymentTransactionId,
    p.OriginalPaymentTransactionId,
    p.capture,
    p.Type,
    TRY_CAST(abs(p.Amount) AS DECIMAL(18, 4)) AS Amount,
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
    TRY_CAST(coalesce(lines.total, 0) AS DECIMAL(18, 4)) AS line_total,
    CAST(p.captures AS INTEGER) AS captures
FROM giving AS p
JOIN portion AS o ON o.OrderId = p.OrderId
LEFT JOIN lines ON lines.refund = p.id;

INSERT INTO qliro.reversal BY NAME
SELECT
    id AS reversal,
    OrderId,
    PaymentTransactionId,
    OriginalPaymentTransactionId,
    TRY_CAST(abs(Amount) AS DECIMAL(18, 4)) AS Amount,
    day AS ReversalDate,
    "Timestamp" AS ReversedAt
FROM success
WHERE Type = 'Reversal';

-- What the transactions and lines of an order add up to.
INSERT INTO qliro.order_sum BY NAME
WITH reserved AS (
    SELECT OrderId, sum(Amount) AS authorised FROM reservation GROUP BY OrderId
),
moved AS (
    -- Of what is reserved now: what a later reservation replaced counts no more.
    SELECT
        OrderId,
        sum(abs(Amount)) FILTER (WHERE Type = 'Reversal' AND of_now) AS reversed,
        count(*) FILTER (WHERE Type = 'Reversal' AND of_now) AS reversals,
        sum(abs(Amount)) FILTER (WHERE Type IN ('Capture', 'Debit') AND of_now) AS used
    FROM success_of_now
    GROUP BY OrderId
),
taken AS (
    SELECT OrderId, sum(abs(Amount)) AS captured, count(*) AS captures
    FROM taking
    GROUP BY OrderId
),
given AS (
    SELECT OrderId, sum(abs(Amount)) AS refunded, count(*) AS refunds
    FROM giving
    GROUP BY OrderId
),
bought AS (
    SELECT OrderId, count(*) AS lines, sum(worth(Quantity, PricePerItemIncVat)) AS total
    FROM qliro.order_line
    WHERE of_portion(OrderId)
    GROUP BY OrderId
),
summed AS (
    SELECT
        o.OrderId,
        o.PaymentMethodName,
        h.DeliveryCountry,
        h.OrderDate,
        tried.SecuredAt,
        coalesce(tried.paid, false) AS paid,
        tried.OrderId IS NOT NULL AS was_tried,
        coalesce(tried.waiting, 0) > 0 AS is_waiting,
        reserved.OrderId IS NOT NULL AS is_reserved,
        coalesce(moved.reversals, 0) AS reversals,
        coalesce(reserved.authorised, 0) AS authorised,
        coalesce(taken.captured, 0) AS captured,
        coalesce(given.refunded, 0) AS refunded,
        coalesce(moved.reversed, 0) AS reversed,
        coalesce(reserved.authorised, 0) - coalesce(moved.used, 0) - coalesce(moved.reversed, 0)
            AS remaining,
        coalesce(bought.total, 0) AS total,
        coalesce(bought.lines, 0) AS lines,
        coalesce(taken.captures, 0) AS captures,
        coalesce(given.refunds, 0) AS refunds
    FROM portion AS o
    JOIN head AS h ON h.OrderId = o.OrderId
    LEFT JOIN reserved ON reserved.OrderId = o.OrderId
    LEFT JOIN moved ON moved.OrderId = o.OrderId
    LEFT JOIN taken ON taken.OrderId = o.OrderId
    LEFT JOIN given ON given.OrderId = o.OrderId
    LEFT JOIN bought ON bought.OrderId = o.OrderId
    LEFT JOIN tried ON tried.OrderId = o.OrderId
)
SELECT
    * EXCLUDE (PaymentMethodName, was_tried, is_waiting, is_reserved, reversals),
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

DROP TABLE portion;
DROP TABLE success;
DROP TABLE tried;
DROP TABLE head;
DROP TABLE item;
DROP TABLE reservation;
DROP TABLE success_of_now;
DROP TABLE bought;
DROP TABLE taking;
DROP TABLE giving;
DROP TABLE come_back;
