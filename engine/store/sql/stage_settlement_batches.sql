-- GetSettlementBatches → qliro.settlement_batch. The row of an Id that was given last wins.
CREATE OR REPLACE TEMP TABLE staged_batch AS
WITH listed AS (
    SELECT
        seq,
        noted_at,
        unnest(TRY(from_json(body, '{"SettlementBatches": [{
            "Id": "BIGINT", "BatchId": "VARCHAR", "AcquirerName": "VARCHAR",
            "BatchDate": "VARCHAR", "CurrencyCode": "VARCHAR",
            "TotalAmount": "DECIMAL(14,4)", "TotalFeeAmount": "DECIMAL(14,4)",
            "FxTotalAmount": "DECIMAL(14,4)", "FxCurrencyCode": "VARCHAR",
            "FxRate": "DECIMAL(18,8)"
        }]}')).SettlementBatches) AS b
    FROM fresh_list('settlement_batches')
)
SELECT
    b.Id, b.BatchId, b.AcquirerName, stockholm_date(b.BatchDate) AS BatchDate, b.CurrencyCode,
    b.TotalAmount, b.TotalFeeAmount, b.FxTotalAmount, b.FxCurrencyCode, b.FxRate,
    seq AS raw_seq
FROM listed
WHERE b.Id IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY b.Id ORDER BY noted_at DESC, seq DESC) = 1;

DELETE FROM qliro.settlement_batch WHERE Id IN (SELECT Id FROM staged_batch);
INSERT INTO qliro.settlement_batch BY NAME SELECT * FROM staged_batch;
