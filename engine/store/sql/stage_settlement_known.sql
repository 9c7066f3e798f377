-- Lines of batches that were answered again → staged_line: one whose transaction was not told at
-- first is the line that it was. It keeps its id, where only one line can be it.
CREATE OR REPLACE TEMP TABLE known_since AS
WITH stored AS (
    SELECT Id, line, PaymentTransactionId, raw_seq
    FROM qliro.settlement_line
    WHERE list_contains(getvariable('again'), Id)
),
earlier AS (
    SELECT * FROM stored
    UNION ALL
    SELECT Id, line, PaymentTransactionId, raw_seq FROM staged_line
),
candidate AS (
    SELECT DISTINCT new.raw_seq, new.position, new.PaymentTransactionId, old.line
    FROM staged_line AS new
    JOIN earlier AS old
        ON old.Id = new.Id
        AND old.raw_seq < new.raw_seq
        AND old.line = line_id(
            new.Id, NULL, new.MerchantOrderReference, new.Action, new.Type, new.Amount,
            new.CurrencyCode
        )
        AND coalesce(old.PaymentTransactionId, new.PaymentTransactionId) = new.PaymentTransactionId
    ANTI JOIN staged_line AS beside ON beside.raw_seq = new.raw_seq AND beside.line = old.line
    ANTI JOIN stored AS own ON own.Id = new.Id AND own.line = new.line
),
first_told AS (
    SELECT line, any_value(PaymentTransactionId) AS PaymentTransactionId
    FROM (SELECT * FROM candidate QUALIFY raw_seq = min(raw_seq) OVER (PARTITION BY line))
    GROUP BY line
    HAVING count(*) = 1
)
SELECT candidate.raw_seq, candidate.position, candidate.line
FROM candidate
JOIN first_told USING (line, PaymentTransactionId);
UPDATE staged_line AS new
SET line = k.line
FROM known_since AS k
WHERE new.raw_seq = k.raw_seq AND new.position = k.position;
