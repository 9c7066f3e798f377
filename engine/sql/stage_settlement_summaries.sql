-- staged_answer → qliro.settlement_summary. The latest answer of a batch wins; what could not be
-- read is no answer.
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
