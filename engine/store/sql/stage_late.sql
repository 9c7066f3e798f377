-- What was read late, after something newer: a page that was given before its document was listed last
-- counts as not read since. (A page is held against its list by the numbers of their answers.)
CREATE OR REPLACE TEMP TABLE late_page AS
WITH given AS (
    SELECT seq, noted_at
    FROM raw.answer
    WHERE seq > getvariable('staged_to') AND seq <= getvariable('newest')
)
SELECT 'invoice' AS of, d.DocumentNumber AS number
FROM fortnox.invoice_detail AS d
JOIN given ON given.seq = d.raw_seq
JOIN fortnox.invoice AS i ON i.DocumentNumber = d.DocumentNumber AND i.raw_seq < d.raw_seq
WHERE given.noted_at < i.as_of
UNION ALL
SELECT 'order', d.DocumentNumber
FROM fortnox.order_detail AS d
JOIN given ON given.seq = d.raw_seq
JOIN fortnox."order" AS o ON o.DocumentNumber = d.DocumentNumber AND o.raw_seq < d.raw_seq
WHERE given.noted_at < o.as_of
UNION ALL
SELECT 'payment', d.Number
FROM fortnox.invoice_payment_detail AS d
JOIN given ON given.seq = d.raw_seq
JOIN fortnox.invoice_payment AS p ON p.Number = d.Number AND p.raw_seq < d.raw_seq
WHERE given.noted_at < p.as_of
UNION ALL
SELECT 'customer', c.CustomerNumber
FROM fortnox.customer AS c
JOIN given ON given.seq = c.card_seq
JOIN raw.answer AS listed ON listed.seq = c.raw_seq
WHERE given.noted_at < listed.noted_at;
UPDATE fortnox.invoice_detail SET raw_seq = 0
WHERE DocumentNumber IN (SELECT number FROM late_page WHERE of = 'invoice');
UPDATE fortnox.order_detail SET raw_seq = 0
WHERE DocumentNumber IN (SELECT number FROM late_page WHERE of = 'order');
UPDATE fortnox.invoice_payment_detail SET raw_seq = 0
WHERE Number IN (SELECT number FROM late_page WHERE of = 'payment');
UPDATE fortnox.customer SET card_seq = 0
WHERE CustomerNumber IN (SELECT number FROM late_page WHERE of = 'customer');
DROP TABLE late_page;
