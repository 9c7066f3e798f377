-- What was bought, of the orders that were read anew: derived from the transactions that succeeded
-- and from the items that carry their ids → qliro.order_line, and what stage_captures.sql goes on with.

CREATE OR REPLACE TEMP TABLE portion AS
SELECT *
FROM qliro."order"
WHERE is_new(raw_seq);
CREATE OR REPLACE TEMP MACRO of_portion(id) AS id IN (SELECT OrderId FROM portion);
CREATE OR REPLACE TEMP MACRO signature(reference, price) AS
    coalesce(reference, '') || ' ' || coalesce(CAST(price AS VARCHAR), '');

-- What so many of a thing are worth; null where no order is worth as much.
CREATE OR REPLACE TEMP MACRO worth(quantity, price) AS TRY(quantity * price);

-- Only these transactions count.
CREATE OR REPLACE TEMP TABLE success AS
SELECT
    OrderId || '/' || coalesce(CAST(PaymentTransactionId AS VARCHAR), '#' || position) AS id,
    * EXCLUDE (Status, position, raw_seq),
    CAST(timezone('Europe/Stockholm', "Timestamp") AS DATE) AS day
FROM qliro.transaction
WHERE Status = 'Success' AND of_portion(OrderId);

-- What was tried, whether it succeeded or not.
CREATE OR REPLACE TEMP TABLE tried AS
SELECT
    OrderId,
    count(*) FILTER (
        WHERE Status IN ('OnHold', 'Created', 'InProcess', 'UserInteractionRequired')
    ) AS waiting,
    min("Timestamp") FILTER (WHERE Status = 'Success' AND Type IN ('Preauthorization', 'Debit'))
        AS SecuredAt,
    bool_or(Status = 'Success' AND Type IN ('Preauthorization', 'Debit')) AS paid,
    CAST(timezone('Europe/Stockholm', coalesce(
        min("Timestamp") FILTER (WHERE Status = 'Success'), min("Timestamp")
    )) AS DATE) AS OrderDate
FROM qliro.transaction
WHERE of_portion(OrderId)
GROUP BY OrderId;

-- The postcode that says whether goods leave the VAT area: told of the countries alone of which some
-- places lie outside it (parts in tables/countries.yaml of the mapping set), so that lines that are
-- alike elsewhere stay alike.
CREATE OR REPLACE TEMP MACRO outside_postcode(country, postcode) AS
    CASE WHEN upper(country) IN ('AX', 'DE', 'ES', 'FI', 'FR', 'GR', 'IT')
        THEN regexp_replace(upper(postcode), '[^0-9A-Z]', '', 'g') END;

-- Items with the sign that they have: some shops send a discount as a positive number. An item is
-- the same when its reference and its price are (Qliro's document): signature. row names it.
CREATE OR REPLACE TEMP TABLE item AS
WITH signed AS (
    SELECT * EXCLUDE (raw_seq) REPLACE (
        CASE Type WHEN 'Discount' THEN -abs(PricePerItemIncVat) ELSE PricePerItemIncVat END
            AS PricePerItemIncVat,
        CASE Type WHEN 'Discount' THEN -abs(PricePerItemExVat) ELSE PricePerItemExVat END
            AS PricePerItemExVat
    )
    FROM qliro.item_action
    WHERE of_portion(OrderId)
),
-- Ids that name no single item of their transaction.
doubled AS (
    SELECT OrderId, PaymentTransactionId, Id FROM signed GROUP BY ALL HAVING count(*) > 1
)
SELECT
    s.*,
    CASE WHEN s.Id <> 0 AND d.Id IS NULL THEN CAST(s.Id AS VARCHAR) ELSE '#' || s.position END
        AS row,
    signature(s.MerchantReference, s.PricePerItemIncVat) AS signature,
    TRY_CAST(worth(s.Quantity, s.PricePerItemIncVat) AS DECIMAL(18, 4)) AS gross
FROM signed AS s
LEFT JOIN doubled AS d
    ON d.OrderId = s.OrderId
    AND d.Id = s.Id
    AND d.PaymentTransactionId IS NOT DISTINCT FROM s.PaymentTransactionId;

-- What every line tells of its order.
CREATE OR REPLACE TEMP TABLE head AS
SELECT
    o.OrderId,
    o.Currency,
    o.Country,
    coalesce(nullif(o.ShippingCountryCode, ''), nullif(o.BillingCountryCode, ''), o.Country)
        AS DeliveryCountry,
    outside_postcode(
        coalesce(nullif(o.ShippingCountryCode, ''), nullif(o.BillingCountryCode, ''), o.Country),
        coalesce(nullif(trim(o.ShippingPostalCode), ''), o.BillingPostalCode)
    ) AS DeliveryPostalCode,
    o.JuridicalType,
    o.OrganisationNumber,
    o.VatNumber,
    tried.OrderDate,
    coalesce(prices.whole, false) AS whole_prices
FROM portion AS o
LEFT JOIN tried ON tried.OrderId = o.OrderId
LEFT JOIN (
    -- Of every item, whatever was done with it; fees aside, for Qliro adds its own.
    SELECT OrderId, bool_and(PricePerItemIncVat % 1 = 0 AND PricePerItemExVat % 1 = 0) AS whole
    FROM item
    WHERE Type IS DISTINCT FROM 'Fee'
    GROUP BY OrderId
) AS prices ON prices.OrderId = o.OrderId;

-- The transactions that hold what the buyer owes now: the last that reserved or took, for every
-- change of an order may bring a new one; after an upsell also earlier ones that stand beside it.
CREATE OR REPLACE TEMP TABLE reservation AS
WITH listed AS (
    SELECT DISTINCT OrderId, PaymentTransactionId
    FROM item
    WHERE ActionType IN ('Reserve', 'Create', 'Ship')
),
held AS (
    SELECT
        s.OrderId,
        s.PaymentTransactionId,
        s.Amount,
        s."Timestamp",
        listed.OrderId IS NOT NULL AS has_items,
        row_number() OVER forth AS forth,
        count(*) OVER (PARTITION BY s.OrderId) AS held,
        -- A transaction that only renamed the order has no items: those of the one before hold.
        last_value(CASE WHEN listed.OrderId IS NOT NULL THEN s.PaymentTransactionId END IGNORE NULLS)
            OVER forth AS items_of
    FROM success AS s
    LEFT JOIN listed
        ON listed.OrderId = s.OrderId AND listed.PaymentTransactionId = s.PaymentTransactionId
    WHERE s.Type IN ('Preauthorization', 'Debit')
    WINDOW forth AS (
        PARTITION BY s.OrderId
        ORDER BY s."Timestamp" NULLS FIRST, s.PaymentTransactionId NULLS FIRST
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
),
-- The items of each, where several may stand side by side.
upsold AS (
    SELECT held.*, list(DISTINCT i.signature) AS items
    FROM held
    JOIN portion AS o ON o.OrderId = held.OrderId AND o.IsUpsellOrder
    LEFT JOIN item AS i
        ON i.OrderId = held.OrderId
        AND i.PaymentTransactionId = held.PaymentTransactionId
        AND i.ActionType IN ('Reserve', 'Create', 'Ship')
    WHERE held.held > 1
    GROUP BY ALL
),
reversed AS (
    SELECT OrderId, OriginalPaymentTransactionId, sum(abs(Amount)) AS Amount
    FROM success
    WHERE Type = 'Reversal'
    GROUP BY OrderId, OriginalPaymentTransactionId
),
-- Those that stand beside the last.
earlier AS (
    SELECT e.*
    FROM upsold AS e
    LEFT JOIN reversed AS r
        ON r.OrderId = e.OrderId AND r.OriginalPaymentTransactionId = e.PaymentTransactionId
    WHERE e.forth < e.held
      AND e.has_items
      AND coalesce(r.Amount < e.Amount, true)
      -- What reappears as a whole in a later one was replaced by it,
      AND NOT EXISTS (
          SELECT 1 FROM upsold AS l
          WHERE l.OrderId = e.OrderId AND l.forth > e.forth AND list_has_all(l.items, e.items)
      )
      -- and so was what a renaming reserves again: the same amount, without items.
      AND NOT EXISTS (
          SELECT 1 FROM upsold AS l
          WHERE l.OrderId = e.OrderId
            AND l.forth = l.held
            AND l.items_of = e.PaymentTransactionId
            AND l.Amount = e.Amount
      )
)
SELECT
    h.OrderId,
    h.PaymentTransactionId,
    -- What stands by itself has its items once.
    CASE WHEN e.OrderId IS NULL THEN h.items_of END AS items_of,
    h.Amount,
    h."Timestamp",
    true AS is_last
FROM held AS h
LEFT JOIN earlier AS e ON e.OrderId = h.OrderId AND e.PaymentTransactionId = h.items_of
WHERE h.forth = h.held
UNION ALL
SELECT OrderId, PaymentTransactionId, items_of, Amount, "Timestamp", false
FROM earlier;

-- The successful transactions, and whether each is, or is of, what is reserved now. One that does
-- not say what it is of counts when it came after the last reservation.
CREATE OR REPLACE TEMP TABLE success_of_now AS
SELECT
    s.*,
    CASE
        WHEN s.Type IN ('Preauthorization', 'Debit')
        THEN coalesce(list_contains(now.ids, s.PaymentTransactionId), false)
        WHEN s.OriginalPaymentTransactionId IS NULL
        THEN (s."Timestamp" >= now.last) IS NOT false
        ELSE coalesce(list_contains(now.ids, s.OriginalPaymentTransactionId), false)
    END AS of_now
FROM success AS s
LEFT JOIN (
    SELECT
        OrderId,
        list(PaymentTransactionId) AS ids,
        max("Timestamp") FILTER (WHERE is_last) AS last
    FROM reservation
    GROUP BY OrderId
) AS now ON now.OrderId = s.OrderId;

-- What was bought, as Qliro holds it now; some of it may have been released since.
CREATE OR REPLACE TEMP TABLE bought AS
WITH held AS MATERIALIZED (
    SELECT OrderId, items_of, "Timestamp" FROM reservation WHERE items_of IS NOT NULL
),
-- Of each transaction what it reserved, else what it created, else what it shipped.
chosen AS (
    SELECT
        OrderId,
        PaymentTransactionId,
        CASE
            WHEN bool_or(ActionType = 'Reserve') THEN 'Reserve'
            WHEN bool_or(ActionType = 'Create') THEN 'Create'
            ELSE 'Ship'
        END AS ActionType
    FROM item
    WHERE ActionType IN ('Reserve', 'Create', 'Ship')
    GROUP BY OrderId, PaymentTransactionId
)
SELECT i.*, h."Timestamp" AS reserved_at
FROM held AS h
JOIN chosen AS c ON c.OrderId = h.OrderId AND c.PaymentTransactionId = h.items_of
JOIN item AS i
    ON i.OrderId = c.OrderId
    AND i.PaymentTransactionId = c.PaymentTransactionId
    AND i.ActionType = c.ActionType
UNION ALL BY NAME
SELECT *, NULL AS reserved_at
FROM item
WHERE ActionType = 'Create' AND OrderId NOT IN (SELECT OrderId FROM held);

-- The lines of an order: what was bought, and what became of it. What was released is bought no
-- longer.
INSERT INTO qliro.order_line BY NAME
WITH moved AS (
    -- A release counts when it is of what is reserved now: what a later reservation replaced is
    -- released too, and is still bought.
    SELECT
        i.OrderId,
        i.signature,
        sum(i.Quantity) FILTER (WHERE i.ActionType = 'Ship') AS shipped,
        sum(i.Quantity) FILTER (WHERE i.ActionType = 'Return') AS returned,
        sum(i.Quantity) FILTER (WHERE i.ActionType = 'Release' AND s.of_now) AS released
    FROM item AS i
    JOIN success_of_now AS s
        ON s.OrderId = i.OrderId AND s.PaymentTransactionId = i.PaymentTransactionId
    WHERE i.ActionType IN ('Ship', 'Return', 'Release')
    GROUP BY i.OrderId, i.signature
),
-- What was moved, or stands in several rows. Of the others, as nearly all are, nothing is to be worked
-- out.
uneven AS (
    SELECT OrderId, signature FROM moved
    UNION
    SELECT OrderId, signature FROM bought GROUP BY ALL HAVING count(*) > 1
),
-- The same item may stand in several rows: the first of them is shipped first, and so on. The last
-- takes what is left.
ranked AS (
    SELECT
        b.*,
        coalesce(m.shipped, 0) AS all_shipped,
        coalesce(m.returned, 0) AS all_returned,
        coalesce(m.released, 0) AS all_released,
        row_number() OVER twins AS twin,
        count(*) OVER (PARTITION BY b.OrderId, b.signature) AS twins,
        sum(b.Quantity) OVER twins - b.Quantity AS before
    FROM bought AS b
    SEMI JOIN uneven AS u ON u.OrderId = b.OrderId AND u.signature = b.signature
    LEFT JOIN moved AS m ON m.OrderId = b.OrderId AND m.signature = b.signature
    WINDOW twins AS (
        PARTITION BY b.OrderId, b.signature
        ORDER BY b.reserved_at NULLS FIRST, b.PaymentTransactionId, b.position
    )
),
shipped AS (
    SELECT
        *,
        greatest(0, least(
            all_shipped - before, CASE WHEN twin < twins THEN Quantity ELSE all_shipped END
        )) AS shipped,
        greatest(0, least(
            all_returned - before, CASE WHEN twin < twins THEN Quantity ELSE all_returned END
        )) AS returned
    FROM ranked
),
released AS (
    SELECT
        *,
        greatest(0, least(
            all_released - coalesce(sum(greatest(0, Quantity - shipped)) OVER (
                PARTITION BY OrderId, signature ORDER BY twin
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), 0),
            CASE WHEN twin < twins THEN Quantity - shipped ELSE all_released END
        )) AS released
    FROM shipped
),
told AS (
    SELECT
        * EXCLUDE (twin, twins, all_shipped, all_returned, all_released, before),
        -- What is bought no longer stands before nothing.
        coalesce(sum(Quantity - released) OVER (
            PARTITION BY OrderId, signature ORDER BY twin
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS before
    FROM released
    WHERE released < Quantity OR Quantity = 0
    UNION ALL BY NAME
    SELECT b.*, 0 AS shipped, 0 AS returned, 0 AS released, 0 AS before
    FROM bought AS b
    ANTI JOIN uneven AS u ON u.OrderId = b.OrderId AND u.signature = b.signature
    WHERE Quantity >= 0
),
placed AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY OrderId
            ORDER BY reserved_at NULLS FIRST, PaymentTransactionId, position
        ) AS place
    FROM told
)
SELECT
    p.OrderId || '/' || coalesce(p.PaymentTransactionId, 0) || '/' || p.row AS line,
    p.OrderId,
    CAST(p.place AS INTEGER) AS position,
    p.MerchantReference,
    p.Description,
    TRY_CAST(p.Quantity - p.released AS DECIMAL(18, 4)) AS Quantity,
    p.PricePerItemIncVat,
    p.PricePerItemExVat,
    p.VatRate,
    p.Type,
    TRY_CAST(p.shipped AS DECIMAL(18, 4)) AS shipped,
    TRY_CAST(p.released AS DECIMAL(18, 4)) AS released,
    TRY_CAST(p.returned AS DECIMAL(18, 4)) AS returned,
    TRY_CAST(greatest(0, p.Quantity - p.shipped - p.released) AS DECIMAL(18, 4)) AS remaining,
    TRY_CAST(p.before AS DECIMAL(18, 4)) AS before,
    p.returned > p.Quantity AS over,
    h.* EXCLUDE (OrderId)
FROM placed AS p
LEFT JOIN head AS h ON h.OrderId = p.OrderId;
