-- GetSettlementsByBatchId → staged_answer: Qliro's own sums in each new answer, null where it can't
-- be read. Qliro writes the sums after the lines, so what stands behind the first of them is enough
-- for a batch that is new: a tenth of the work. Where that is not all, the whole body is read.
CREATE OR REPLACE TEMP MACRO summaries(text) AS
    TRY(from_json(text, '{
        "TotalSummary": {
            "DebitTransactionsTotalSum": "DECIMAL(14,4)", "DebitTransactionsCount": "BIGINT",
            "CreditTransactionsTotalSum": "DECIMAL(14,4)", "CreditTransactionsCount": "BIGINT",
            "FeeTransactionsTotalSum": "DECIMAL(14,4)", "FeeTransactionsCount": "BIGINT"},
        "SettlementTransactionSummary": {
            "DebitTransactionsTotalSum": "DECIMAL(14,4)", "DebitTransactionsCount": "BIGINT",
            "CreditTransactionsTotalSum": "DECIMAL(14,4)", "CreditTransactionsCount": "BIGINT",
            "FeeTransactionsTotalSum": "DECIMAL(14,4)", "FeeTransactionsCount": "BIGINT"},
        "PendingTransactionsSummary": {
            "DebitTransactionsTotalSum": "DECIMAL(14,4)", "DebitTransactionsCount": "BIGINT",
            "CreditTransactionsTotalSum": "DECIMAL(14,4)", "CreditTransactionsCount": "BIGINT",
            "FeeTransactionsTotalSum": "DECIMAL(14,4)", "FeeTransactionsCount": "BIGINT"},
        "RejectedTransactionsSummary": {
            "DebitTransactionsTotalSum": "DECIMAL(14,4)", "DebitTransactionsCount": "BIGINT",
            "CreditTransactionsTotalSum": "DECIMAL(14,4)", "CreditTransactionsCount": "BIGINT",
            "FeeTransactionsTotalSum": "DECIMAL(14,4)", "FeeTransactionsCount": "BIGINT"}
    }'));

CREATE OR REPLACE TEMP TABLE staged_answer AS
SELECT CAST(0 AS BIGINT) AS seq, CAST(0 AS BIGINT) AS Id, summaries('{}') AS s
LIMIT 0;
