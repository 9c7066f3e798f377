-- Fortnox's invoices, from lists and from single documents → fortnox.invoice and, for what only
-- the document (or an order that became an invoice) shows, fortnox.invoice_detail. Latest wins.
CREATE OR REPLACE TEMP TABLE staged_invoice AS
WITH listed AS (
    SELECT
        seq,
        noted_at,
        unnest(TRY(from_json(body, '{"Invoices": [{
            "DocumentNumber": "VARCHAR", "Balance": "DECIMAL(14,4)", "Booked": "BOOLEAN",
            "Cancelled": "BOOLEAN", "Currency": "VARCHAR", "CurrencyRate": "DECIMAL(18,8)",
            "CurrencyUnit": "DECIMAL(14,4)", "CustomerNumber": "VARCHAR", "CostCenter": "VARCHAR",
            "Project": "VARCHAR", "DueDate": "VARCHAR", "InvoiceDate": "VARCHAR",
            "FinalPayDate": "VARCHAR", "InvoiceType": "VARCHAR", "OCR": "VARCHAR",
            "ExternalInvoiceReference1": "VARCHAR", "ExternalInvoiceReference2": "VARCHAR",
            "TermsOfPayment": "VARCHAR", "Total": "DECIMAL(14,4)"
        }]}')).Invoices) AS i
    FROM fresh_list('invoices')
    UNION ALL
    SELECT
        seq,
        noted_at,
        TRY(from_json(body, '{"Invoice": {
            "DocumentNumber": "VARCHAR", "Balance": "DECIMAL(14,4)", "Booked": "BOOLEAN",
            "Cancelled": "BOOLEAN", "Currency": "VARCHAR", "CurrencyRate": "DECIMAL(18,8)",
            "CurrencyUnit": "DECIMAL(14,4)", "CustomerNumber": "VARCHAR", "CostCenter": "VARCHAR",
            "Project": "VARCHAR", "DueDate": "VARCHAR", "InvoiceDate": "VARCHAR",
            "FinalPayDate": "VARCHAR", "InvoiceType": "VARCHAR", "OCR": "VARCHAR",
            "ExternalInvoiceReference1": "VARCHAR", "ExternalInvoiceReference2": "VARCHAR",
            "TermsOfPayment": "VARCHAR", "Total": "DECIMAL(14,4)"
        }}')).Invoice
    FROM fresh_whole('invoice')
)
SELECT
    i.* REPLACE (
        stockholm_date(i.DueDate) AS DueDate,
        stockholm_date(i.InvoiceDate) AS InvoiceDate,
        stockholm_date(i.FinalPayDate) AS FinalPayDate
    ),
    seq AS raw_seq,
    noted_at AS as_of
FROM listed
WHERE i.DocumentNumber IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY i.DocumentNumber ORDER BY noted_at DESC, seq DESC) = 1;

DELETE FROM fortnox.invoice
WHERE DocumentNumber IN (SELECT DocumentNumber FROM staged_invoice);
INSERT INTO fortnox.invoice BY NAME SELECT * FROM staged_invoice;

-- An invoice's own document says all; an order says which invoice it became, nothing more.
CREATE OR REPLACE TEMP TABLE staged_detail AS
WITH documents AS (
    SELECT
        seq,
        noted_at,
        TRY(from_json(body, '{"Invoice": {
            "DocumentNumber": "VARCHAR", "YourOrderNumber": "VARCHAR", "OurReference": "VARCHAR",
            "YourReference": "VARCHAR", "OrderReference": "VARCHAR",
            "CreditInvoiceReference": "VARCHAR", "Credit": "BOOLEAN",
            "TotalToPay": "DECIMAL(14,4)", "VATIncluded": "BOOLEAN",
            "RoundOff": "DECIMAL(14,4)"
        }}')).Invoice AS d
    FROM fresh_whole('invoice')
),
orders AS (
    SELECT
        seq,
        noted_at,
        TRY(from_json(body, '{"Order": {
            "DocumentNumber": "VARCHAR", "InvoiceReference": "VARCHAR"
        }}')).Order AS o
    FROM fresh_whole('fortnox_order')
),
new_facts AS (
    SELECT
        d.DocumentNumber AS DocumentNumber,
        coalesce(d.YourOrderNumber, '') AS YourOrderNumber,
        coalesce(d.OurReference, '') AS OurReference,
        coalesce(d.YourReference, '') AS YourReference,
        reference_or_blank(d.OrderReference) AS OrderReference,
        reference_or_blank(d.CreditInvoiceReference) AS CreditInvoiceReference,
        d.Credit,
        d.TotalToPay,
        d.VATIncluded,
        d.RoundOff,
        seq AS raw_seq,
        turn(noted_at, seq) AS turn
    FROM documents
    WHERE d.DocumentNumber IS NOT NULL
    UNION ALL
    SELECT
        o.InvoiceReference, NULL, NULL, NULL, o.DocumentNumber, NULL, NULL, NULL, NULL, NULL, seq,
        turn(noted_at, seq)
    FROM orders
    WHERE reference_or_blank(o.InvoiceReference) <> ''
),
facts AS (
    SELECT * FROM new_facts
    UNION ALL BY NAME
    SELECT *, turn(NULL, raw_seq) AS turn FROM fortnox.invoice_detail
    WHERE DocumentNumber IN (SELECT DocumentNumber FROM new_facts)
)
SELECT
    DocumentNumber,
    arg_max(YourOrderNumber, turn) AS YourOrderNumber,
    arg_max(OurReference, turn) AS OurReference,
    arg_max(YourReference, turn) AS YourReference,
    arg_max(OrderReference, turn) AS OrderReference,
    arg_max(CreditInvoiceReference, turn) AS CreditInvoiceReference,
    arg_max(Credit, turn) AS Credit,
    arg_max(TotalToPay, turn) AS TotalToPay,
    arg_max(VATIncluded, turn) AS VATIncluded,
    arg_max(RoundOff, turn) AS RoundOff,
    max(raw_seq) AS raw_seq
FROM facts
GROUP BY DocumentNumber;

DELETE FROM fortnox.invoice_detail
WHERE DocumentNumber IN (SELECT DocumentNumber FROM staged_detail);
INSERT INTO fortnox.invoice_detail BY NAME SELECT * FROM staged_detail;

-- The rows of an invoice are those that its own document showed last.
CREATE OR REPLACE TEMP TABLE staged_rows AS
WITH documents AS (
    SELECT
        seq,
        noted_at,
        TRY(from_json(body, '{"Invoice": {
            "DocumentNumber": "VARCHAR",
            "InvoiceRows": [{
                "RowId": "BIGINT", "ArticleNumber": "VARCHAR", "AccountNumber": "INTEGER",
                "Description": "VARCHAR", "DeliveredQuantity": "DECIMAL(14,4)",
                "Price": "DECIMAL(14,4)", "Discount": "DECIMAL(14,4)",
                "DiscountType": "VARCHAR", "VAT": "DECIMAL(9,4)", "Unit": "VARCHAR",
                "Total": "DECIMAL(14,4)", "TotalExcludingVAT": "DECIMAL(14,4)"
            }]
        }}')).Invoice AS d
    FROM fresh_whole('invoice')
)
SELECT d.DocumentNumber AS DocumentNumber, d.InvoiceRows AS rows, seq AS raw_seq
FROM documents
WHERE d.DocumentNumber IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY d.DocumentNumber ORDER BY noted_at DESC, seq DESC) = 1;

DELETE FROM fortnox.invoice_row WHERE DocumentNumber IN (SELECT DocumentNumber FROM staged_rows);
INSERT INTO fortnox.invoice_row BY NAME
SELECT DocumentNumber, CAST(position AS INTEGER) AS position, r.*, raw_seq
FROM (
    SELECT
        DocumentNumber, unnest(rows) AS r, generate_subscripts(rows, 1) AS position, raw_seq
    FROM staged_rows
)
WHERE r IS NOT NULL;
