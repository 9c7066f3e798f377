-- Orders of Qliro, seen by its Admin or its Merchant API → qliro.order. The latest answer wins.
-- The method of the order itself counts, else that of a successful transaction (Qliro's module).
CREATE OR REPLACE TEMP TABLE staged_order AS
WITH answers AS (
    SELECT seq, body FROM fresh('order')
    UNION ALL
    SELECT seq, body FROM fresh('merchant_order')
),
orders AS (
    SELECT
        seq,
        TRY(from_json(body, '{
            "OrderId": "BIGINT", "MerchantReference": "VARCHAR", "Currency": "VARCHAR",
            "Country": "VARCHAR", "PaymentMethod": {"PaymentMethodName": "VARCHAR"},
            "PaymentTransactions": [{"Status": "VARCHAR", "PaymentMethodName": "VARCHAR"}]
        }')) AS o
    FROM answers
)
SELECT
    o.OrderId,
    o.MerchantReference,
    o.Currency,
    o.Country,
    coalesce(
        o.PaymentMethod.PaymentMethodName,
        list_filter(o.PaymentTransactions, LAMBDA t: t.Status IN ('Success', '4'))[-1].PaymentMethodName
    ) AS PaymentMethodName,
    seq AS raw_seq
FROM orders
WHERE o.OrderId IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY o.OrderId ORDER BY seq DESC) = 1;

DELETE FROM qliro."order" WHERE OrderId IN (SELECT OrderId FROM staged_order);
INSERT INTO qliro."order" BY NAME SELECT * FROM staged_order;
