-- staged_line → qliro.settlement_line: identical rows get ordinals, the latest answer of a batch
-- wins, and a line that it no longer has stays, marked as vanished.

-- Rows of one answer that are alike in all that makes a line's id. They are numbered by what else
-- they say, so that the order of rows in an answer does not matter; the first keeps its id.
CREATE OR REPLACE TEMP TABLE twin AS
SELECT raw_seq, line
FROM staged_line
GROUP BY raw_seq, line
HAVING count(*) > 1;

CREATE OR REPLACE TEMP TABLE later_twin AS
SELECT
    raw_seq,
    position,
    row_number() OVER (
        PARTITION BY raw_seq, line
        ORDER BY
            Status, MerchantOrderReference, OrderId, PaymentMethodType, PaymentMethodSubType,
            AmountExcludingVat, TransactionCompletedDate, FxTotal, position
    ) AS ordinal
FROM staged_line
SEMI JOIN twin USING (raw_seq, line)
QUALIFY ordinal > 1;

UPDATE staged_line
SET line = left(md5(staged_line.line || '|' || later_twin.ordinal), 16)
FROM later_twin
WHERE staged_line.raw_seq = later_twin.raw_seq
  AND staged_line.position = later_twin.position;

-- Batches that were answered more than once, now or before: only these need comparing.
CREATE OR REPLACE TEMP TABLE again AS
SELECT Id, max(seq) AS last_seq
FROM staged_answer
GROUP BY Id
HAVING count(*) > 1 OR Id IN (SELECT Id FROM qliro.settlement_line);

CREATE OR REPLACE TEMP TABLE compared AS
SELECT every.* REPLACE (every.raw_seq < again.last_seq AS vanished)
FROM (
    SELECT * FROM staged_line
    UNION ALL BY NAME
    SELECT * FROM qliro.settlement_line
) AS every
JOIN again USING (Id)
QUALIFY row_number() OVER (PARTITION BY Id, line ORDER BY every.raw_seq DESC) = 1;

DELETE FROM qliro.settlement_line WHERE Id IN (SELECT Id FROM again);
INSERT INTO qliro.settlement_line BY NAME SELECT * FROM compared;
INSERT INTO qliro.settlement_line BY NAME
SELECT * FROM staged_line WHERE Id NOT IN (SELECT Id FROM again);
