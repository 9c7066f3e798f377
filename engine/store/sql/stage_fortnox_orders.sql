-- Fortnox's orders, from lists and from single documents → fortnox.order, and what only the document
-- shows → fortnox.order_detail, fortnox.order_row. The latest answer wins.
CREATE OR REPLACE TEMP TABLE answered_orders AS
SELECT
    seq,
    noted_at,
    false AS whole,
    unnest(TRY(from_json(body, '{"Orders": [{
        "DocumentNumber": "VARCHAR", "CustomerNumber": "VARCHAR", "Currency": "VARCHAR",
        "OrderDate": "VARCHAR", "DeliveryDate": "VARCHAR",
        "ExternalInvoiceReference1": "VARCHAR", "ExternalInvoiceReference2": "VARCHAR",
        "Cancelled": "BOOLEAN", "Sent": "BOOLEAN", "OrderType": "VARCHAR",
        "Total": "DECIMAL(14,4)", "InvoiceReference": "VARCHAR", "TermsOfPayment": "VARCHAR",
        "YourOrderNumber": "VARCHAR", "OurReference": "VARCHAR", "YourReference": "VARCHAR",
        "DeliveryState": "VARCHAR", "RoundOff": "DECIMAL(14,4)",
        "OrderRows": [{
            "RowId": "BIGINT", "ArticleNumber": "VARCHAR", "Description": "VARCHAR",
            "OrderedQuantity": "DECIMAL(14,4)", "DeliveredQuantity": "DECIMAL(14,4)",
            "Price": "DECIMAL(14,4)", "VAT": "DECIMAL(9,4)", "Total": "DECIMAL(14,4)"
        }]
    }]}')).Orders) AS o
FROM fresh_list('orders')
UNION ALL
SELECT
    seq,
    noted_at,
    true,
    TRY(from_json(body, '{"Order": {
        "DocumentNumber": "VARCHAR", "CustomerNumber": "VARCHAR", "Currency": "VARCHAR",
        "OrderDate": "VARCHAR", "DeliveryDate": "VARCHAR",
        "ExternalInvoiceReference1": "VARCHAR", "ExternalInvoiceReference2": "VARCHAR",
        "Cancelled": "BOOLEAN", "Sent": "BOOLEAN", "OrderType": "VARCHAR",
        "Total": "DECIMAL(14,4)", "InvoiceReference": "VARCHAR", "TermsOfPayment": "VARCHAR",
        "YourOrderNumber": "VARCHAR", "OurReference": "VARCHAR", "YourReference": "VARCHAR",
        "DeliveryState": "VARCHAR", "RoundOff": "DECIMAL(14,4)",
        "OrderRows": [{
            "RowId": "BIGINT", "ArticleNumber": "VARCHAR", "Description": "VARCHAR",
            "OrderedQuantity": "DECIMAL(14,4)", "DeliveredQuantity": "DECIMAL(14,4)",
            "Price": "DECIMAL(14,4)", "VAT": "DECIMAL(9,4)", "Total": "DECIMAL(14,4)"
        }]
    }}')).Order
FROM fresh_whole('fortnox_order');
DELETE FROM answered_orders WHERE o.DocumentNumber IS NULL;

CREATE OR REPLACE TEMP TABLE staged_fortnox_order AS
SELECT
    o.DocumentNumber,
    o.CustomerNumber,
    o.Currency,
    stockholm_date(o.OrderDate) AS OrderDate,
    stockholm_date(o.DeliveryDate) AS DeliveryDate,
    coalesce(o.ExternalInvoiceReference1, '') AS ExternalInvoiceReference1,
    coalesce(o.ExternalInvoiceReference2, '') AS ExternalInvoiceReference2,
    o.Cancelled,
    o.Sent,
    o.OrderType,
    o.Total,
    seq AS raw_seq,
    noted_at AS as_of
FROM answered_orders
QUALIFY row_number() OVER (PARTITION BY o.DocumentNumber ORDER BY noted_at DESC, seq DESC) = 1;
DELETE FROM fortnox."order"
WHERE DocumentNumber IN (SELECT DocumentNumber FROM staged_fortnox_order);
INSERT INTO fortnox."order" BY NAME SELECT * FROM staged_fortnox_order;

CREATE OR REPLACE TEMP TABLE whole_order AS
SELECT o, seq AS raw_seq
FROM answered_orders
WHERE whole
QUALIFY row_number() OVER (PARTITION BY o.DocumentNumber ORDER BY noted_at DESC, seq DESC) = 1;
DELETE FROM fortnox.order_detail
WHERE DocumentNumber IN (SELECT o.DocumentNumber FROM whole_order);
INSERT INTO fortnox.order_detail BY NAME
SELECT
    o.DocumentNumber,
    reference_or_blank(o.InvoiceReference) AS InvoiceReference,
    o.TermsOfPayment,
    coalesce(o.YourOrderNumber, '') AS YourOrderNumber,
    coalesce(o.OurReference, '') AS OurReference,
    coalesce(o.YourReference, '') AS YourReference,
    o.DeliveryState,
    o.RoundOff,
    raw_seq
FROM whole_order;

DELETE FROM fortnox.order_row WHERE DocumentNumber IN (SELECT o.DocumentNumber FROM whole_order);
INSERT INTO fortnox.order_row BY NAME
SELECT DocumentNumber, CAST(position AS INTEGER) AS position, r.*, raw_seq
FROM (
    SELECT
        o.DocumentNumber AS DocumentNumber,
        unnest(o.OrderRows) AS r,
        generate_subscripts(o.OrderRows, 1) AS position,
        raw_seq
    FROM whole_order
)
WHERE r IS NOT NULL;
DROP TABLE answered_orders;
