-- Fortnox's vouchers, from lists and from single documents → fortnox.voucher; the rows, which only
-- single documents show → fortnox.voucher_row. The latest wins.
CREATE OR REPLACE TEMP TABLE staged_voucher AS
WITH listed AS (
    SELECT
        seq,
        noted_at,
        unnest(TRY(from_json(body, '{"Vouchers": [{
            "VoucherSeries": "VARCHAR", "VoucherNumber": "INTEGER", "Year": "INTEGER",
            "Description": "VARCHAR", "TransactionDate": "VARCHAR"
        }]}')).Vouchers) AS v
    FROM fresh_list('vouchers')
    UNION ALL
    SELECT
        seq,
        noted_at,
        TRY(from_json(body, '{"Voucher": {
            "VoucherSeries": "VARCHAR", "VoucherNumber": "INTEGER", "Year": "INTEGER",
            "Description": "VARCHAR", "TransactionDate": "VARCHAR"
        }}')).Voucher
    FROM fresh_whole('voucher')
)
SELECT v.* REPLACE (stockholm_date(v.TransactionDate) AS TransactionDate), seq AS raw_seq
FROM listed
WHERE v.VoucherSeries IS NOT NULL AND v.VoucherNumber IS NOT NULL AND v.Year IS NOT NULL
QUALIFY row_number() OVER (
    PARTITION BY v.VoucherSeries, v.VoucherNumber, v.Year ORDER BY noted_at DESC, seq DESC
) = 1;
DELETE FROM fortnox.voucher
WHERE (VoucherSeries, VoucherNumber, Year) IN (
    SELECT (VoucherSeries, VoucherNumber, Year) FROM staged_voucher
);
INSERT INTO fortnox.voucher BY NAME SELECT * FROM staged_voucher;

CREATE OR REPLACE TEMP TABLE staged_voucher_rows AS
WITH documents AS (
    SELECT
        seq,
        noted_at,
        TRY(from_json(body, '{"Voucher": {
            "VoucherSeries": "VARCHAR", "VoucherNumber": "INTEGER", "Year": "INTEGER",
            "VoucherRows": [{
                "Account": "INTEGER", "Debit": "DECIMAL(14,4)", "Credit": "DECIMAL(14,4)",
                "Removed": "BOOLEAN"
            }]
        }}')).Voucher AS v
    FROM fresh_whole('voucher')
)
SELECT v.VoucherSeries, v.VoucherNumber, v.Year, v.VoucherRows, seq AS raw_seq
FROM documents
WHERE v.VoucherSeries IS NOT NULL AND v.VoucherNumber IS NOT NULL AND v.Year IS NOT NULL
QUALIFY row_number() OVER (
    PARTITION BY v.VoucherSeries, v.VoucherNumber, v.Year ORDER BY noted_at DESC, seq DESC
) = 1;
DELETE FROM fortnox.voucher_row
WHERE (VoucherSeries, VoucherNumber, Year) IN (
    SELECT (VoucherSeries, VoucherNumber, Year) FROM staged_voucher_rows
);
INSERT INTO fortnox.voucher_row BY NAME
SELECT * EXCLUDE (VoucherRows, r), r.*
FROM (SELECT *, unnest(VoucherRows) AS r FROM staged_voucher_rows);
