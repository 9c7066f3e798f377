-- Fortnox's invoice payments, from lists and from single documents → fortnox.invoice_payment, and
-- what only the document shows → fortnox.invoice_payment_detail. The latest answer wins.
CREATE OR REPLACE TEMP TABLE staged_payment AS
WITH listed AS (
    SELECT
        seq,
        noted_at,
        unnest(TRY(from_json(body, '{"InvoicePayments": [{
            "Number": "VARCHAR", "InvoiceNumber": "VARCHAR", "Amount": "DECIMAL(14,4)",
            "Booked": "BOOLEAN", "Currency": "VARCHAR", "CurrencyRate": "DECIMAL(18,8)",
            "PaymentDate": "VARCHAR", "Source": "VARCHAR", "WriteOffExist": "BOOLEAN",
            "WriteOffs": [{"Amount": "DECIMAL(14,4)"}]
        }]}')).InvoicePayments) AS p
    FROM fresh_list('invoice_payments')
    UNION ALL
    SELECT
        seq,
        noted_at,
        TRY(from_json(body, '{"InvoicePayment": {
            "Number": "VARCHAR", "InvoiceNumber": "VARCHAR", "Amount": "DECIMAL(14,4)",
            "Booked": "BOOLEAN", "Currency": "VARCHAR", "CurrencyRate": "DECIMAL(18,8)",
            "PaymentDate": "VARCHAR", "Source": "VARCHAR", "WriteOffExist": "BOOLEAN",
            "WriteOffs": [{"Amount": "DECIMAL(14,4)"}]
        }}')).InvoicePayment
    FROM fresh_whole('invoice_payment')
)
SELECT
    p.Number,
    p.InvoiceNumber,
    p.Amount,
    p.Booked,
    p.Currency,
    p.CurrencyRate,
    stockholm_date(p.PaymentDate) AS PaymentDate,
    p.Source,
    coalesce(p.WriteOffExist, len(p.WriteOffs) > 0) AS WriteOffExist,
    seq AS raw_seq,
    noted_at AS as_of
FROM listed
WHERE p.Number IS NOT NULL AND p.InvoiceNumber IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY p.Number ORDER BY noted_at DESC, seq DESC) = 1;

DELETE FROM fortnox.invoice_payment WHERE Number IN (SELECT Number FROM staged_payment);
INSERT INTO fortnox.invoice_payment BY NAME SELECT * FROM staged_payment;

CREATE OR REPLACE TEMP TABLE staged_payment_detail AS
WITH documents AS (
    SELECT
        seq,
        noted_at,
        TRY(from_json(body, '{"InvoicePayment": {
            "Number": "VARCHAR", "AmountCurrency": "DECIMAL(14,4)", "ModeOfPayment": "VARCHAR",
            "ModeOfPaymentAccount": "INTEGER", "WriteOffs": [{"Amount": "DECIMAL(14,4)"}]
        }}')).InvoicePayment AS p
    FROM fresh_whole('invoice_payment')
)
SELECT
    p.Number,
    p.AmountCurrency,
    p.ModeOfPayment,
    p.ModeOfPaymentAccount,
    TRY_CAST(
        coalesce(list_sum(list_transform(p.WriteOffs, LAMBDA w: w.Amount)), 0) AS DECIMAL(18, 4)
    ) AS WriteOffs,
    seq AS raw_seq
FROM documents
WHERE p.Number IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY p.Number ORDER BY noted_at DESC, seq DESC) = 1;

DELETE FROM fortnox.invoice_payment_detail
WHERE Number IN (SELECT Number FROM staged_payment_detail);
INSERT INTO fortnox.invoice_payment_detail BY NAME SELECT * FROM staged_payment_detail;
