-- GetSettlementsByBatchId → staged_answer: Qliro's own sums in the answers from first_seq to
-- last_seq. An answer that can't be read has none; one without lines still has them.
CREATE OR REPLACE TEMP MACRO answers_between(first, last) AS TABLE
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
WHERE seq BETWEEN first AND last;

INSERT INTO staged_answer
SELECT * FROM answers_between(getvariable('first_seq'), getvariable('middle_seq'))
UNION ALL
SELECT * FROM answers_between(getvariable('middle_seq') + 1, getvariable('last_seq'));
