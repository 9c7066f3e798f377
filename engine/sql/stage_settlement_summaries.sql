-- GetSettlementsByBatchId → qliro.settlement_summary: Qliro's own sums. The latest answer wins.
-- staged_answer says which answers could be read at all: one without lines still counts.
CREATE OR REPLACE TEMP TABLE staged_answer AS
WITH shape AS (
    SELECT
        seq,
        Id,
        TRY(from_json(body, '{
            "TotalSummary": {
                "DebitTransactionsTotalSum": "DECIMAL(18,4)", "DebitTransactionsCount": "BIGINT",
                "CreditTransactionsTotalSum": "DECIMAL(18,4)", "CreditTransactionsCount": "BIGINT",
                "FeeTransactionsTotalSum": "DECIMAL(18,4)", "FeeTransactionsCount": "BIGINT"},
            "SettlementTransactionSummary": {
                "DebitTransactionsTotalSum": "DECIMAL(18,4)", "DebitTransactionsCount": "BIGINT",
                "CreditTransactionsTotalSum": "DECIMAL(18,4)", "CreditTransactionsCount": "BIGINT",
                "FeeTransactionsTotalSum": "DECIMAL(18,4)", "FeeTransactionsCount": "BIGINT"},
            "PendingTransactionsSummary": {
                "DebitTransactionsTotalSum": "DECIMAL(18,4)", "DebitTransactionsCount": "BIGINT",
                "CreditTransactionsTotalSum": "DECIMAL(18,4)", "CreditTransactionsCount": "BIGINT",
                "FeeTransactionsTotalSum": "DECIMAL(18,4)", "FeeTransactionsCount": "BIGINT"},
            "RejectedTransactionsSummary": {
                "DebitTransactionsTotalSum": "DECIMAL(18,4)", "DebitTransactionsCount": "BIGINT",
                "CreditTransactionsTotalSum": "DECIMAL(18,4)", "CreditTransactionsCount": "BIGINT",
                "FeeTransactionsTotalSum": "DECIMAL(18,4)", "FeeTransactionsCount": "BIGINT"}
        }')) AS s
    FROM fresh_lines()
)
SELECT seq, Id, s
FROM shape
WHERE s IS NOT NULL AND Id IS NOT NULL;

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
