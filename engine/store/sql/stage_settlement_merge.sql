-- What was unfolded → qliro.settlement_summary and qliro.settlement_line: identical rows get ids of
-- their own; of batches that were answered again the latest answer wins, and a line that it no
-- longer has stays, marked as vanished.

DELETE FROM staged_answer WHERE s IS NULL OR Id IS NULL;

DELETE FROM qliro.settlement_summary WHERE Id IN (SELECT Id FROM staged_answer);
INSERT INTO qliro.settlement_summary BY NAME
WITH latest AS (
    SELECT seq, Id, s
    FROM staged_answer
    QUALIFY row_number() OVER (PARTITION BY Id ORDER BY seq DESC) = 1
),
parts AS (
    SELECT seq, Id, 'total' AS part, s.TotalSummary AS p FROM latest
    UNION ALL
    SELECT seq, Id, 'accepted', s.SettlementTransactionSummary FROM latest
    UNION ALL
    SELECT seq, Id, 'pending', s.PendingTransactionsSummary FROM latest
    UNION ALL
    SELECT seq, Id, 'rejected', s.RejectedTransactionsSummary FROM latest
)
SELECT Id, part, p.*, seq AS raw_seq
FROM parts
WHERE p IS NOT NULL;

-- Rows of one answer that are alike in all that makes a line's id. They are numbered by what else
-- they say, so that the order of rows in an answer does not matter; the first keeps its id.
CREATE OR REPLACE TEMP TABLE twin AS
SELECT raw_seq, line
FROM qliro.settlement_line
WHERE raw_seq > getvariable('staged_to') AND raw_seq <= getvariable('newest')
GROUP BY raw_seq, line
HAVING count(*) > 1
UNION ALL
SELECT raw_seq, line
FROM staged_line
GROUP BY raw_seq, line
HAVING count(*) > 1;

CREATE OR REPLACE TEMP TABLE later_twin AS
SELECT
    *,
    row_number() OVER (
        PARTITION BY raw_seq, line
        ORDER BY
            Status, MerchantOrderReference, OrderId, PaymentMethodType, PaymentMethodSubType,
            AmountExcludingVat, TransactionCompletedDate, FxTotal, position
    ) AS ordinal
FROM (
    SELECT *, false AS answered_again FROM qliro.settlement_line
    WHERE raw_seq > getvariable('staged_to') AND raw_seq <= getvariable('newest')
    UNION ALL
    SELECT *, true FROM staged_line
)
SEMI JOIN twin USING (raw_seq, line)
QUALIFY ordinal > 1;

DELETE FROM qliro.settlement_line
WHERE (raw_seq, position) IN (SELECT (raw_seq, position) FROM later_twin);
DELETE FROM staged_line
WHERE (raw_seq, position) IN (SELECT (raw_seq, position) FROM later_twin);

CREATE OR REPLACE TEMP TABLE numbered AS
SELECT
    * EXCLUDE (ordinal) REPLACE (left(md5(line || '|' || ordinal), 16) AS line)
FROM later_twin;
INSERT INTO qliro.settlement_line BY NAME
SELECT * EXCLUDE (answered_again) FROM numbered WHERE NOT answered_again;
INSERT INTO staged_line BY NAME
SELECT * EXCLUDE (answered_again) FROM numbered WHERE answered_again;

-- Batches that were answered again, by their last answer that could be read. Lines of an answer of
-- which something could not be read go when a whole one has come: nothing is booked of them.
CREATE OR REPLACE TEMP TABLE compared AS
WITH last_answer AS (
    SELECT Id, max(seq) AS last_seq
    FROM staged_answer
    WHERE list_contains(getvariable('again'), Id)
    GROUP BY Id
)
SELECT every.* REPLACE (every.raw_seq < last_answer.last_seq AS vanished)
FROM (
    SELECT * FROM staged_line
    UNION ALL BY NAME
    SELECT * FROM qliro.settlement_line
) AS every
JOIN last_answer USING (Id)
WHERE every.raw_seq = last_answer.last_seq
   OR every.raw_seq NOT IN (
       SELECT seq FROM raw.answer
       WHERE endpoint = 'settlements_by_batch' AND problem IS NOT NULL
   )
   OR every.line IN (SELECT unnest(covers) FROM ledger.action)
QUALIFY row_number() OVER (PARTITION BY Id, line ORDER BY every.raw_seq DESC) = 1;

DELETE FROM qliro.settlement_line WHERE Id IN (SELECT Id FROM compared);
INSERT INTO qliro.settlement_line BY NAME SELECT * FROM compared;
