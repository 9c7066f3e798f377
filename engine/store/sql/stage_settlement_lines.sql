-- GetSettlementsByBatchId → each line of the answers from first to last, of batches that are
-- answered for the first time, or again.
--
-- The id of a line is made of what does not change while the line lives: batch, transaction,
-- action, type, amount, currency. Its status is no part of it (Pending becomes Accepted), nor is
-- anything that pending and rejected rows lack. A row without a transaction (a lump fee) is told
-- from others by its reference. Identical rows are numbered later, in stage_settlement_merge.sql.
CREATE OR REPLACE TEMP MACRO line_id(batch, transaction, reference, action, type, amount, currency) AS
    left(md5(
        batch || '|' || coalesce('' || transaction, 'ref ' || reference, '')
        || '|' || coalesce(action, '')
        || '|' || coalesce(type, '')
        || '|' || coalesce('' || amount, '')
        || '|' || coalesce(currency, '')
    ), 16);
CREATE OR REPLACE TEMP MACRO lines_between(first, last, answered_again) AS TABLE
WITH answers AS (
    SELECT
        seq,
        Id,
        place,
        TRY(from_json(body, '{
            "Settlements": [{
                "PaymentTransactionId": "BIGINT", "OrderId": "BIGINT",
                "MerchantOrderReference": "VARCHAR", "BatchId": "VARCHAR", "Action": "VARCHAR",
                "Type": "VARCHAR", "CurrencyCode": "VARCHAR", "Amount": "DECIMAL(14,4)",
                "AmountExcludingVat": "DECIMAL(14,4)", "VatRate": "DECIMAL(14,4)",
                "CountryCode": "VARCHAR", "AcquirerName": "VARCHAR",
                "PaymentMethodType": "VARCHAR", "PaymentMethodSubType": "VARCHAR",
                "PspSettlementDate": "VARCHAR", "ImportSettlementDate": "VARCHAR",
                "TransactionCompletedDate": "VARCHAR", "FxRate": "DECIMAL(18,8)",
                "FxCurrencyCode": "VARCHAR", "FxTotal": "DECIMAL(14,4)"}],
            "PendingSettlements": [{
                "PaymentTransactionId": "BIGINT", "OrderId": "BIGINT",
                "MerchantOrderReference": "VARCHAR", "BatchId": "VARCHAR", "Action": "VARCHAR",
                "Type": "VARCHAR", "CurrencyCode": "VARCHAR", "Amount": "DECIMAL(14,4)",
                "AmountExcludingVat": "DECIMAL(14,4)", "VatRate": "DECIMAL(14,4)",
                "CountryCode": "VARCHAR", "AcquirerName": "VARCHAR",
                "PaymentMethodType": "VARCHAR", "PaymentMethodSubType": "VARCHAR",
                "PspSettlementDate": "VARCHAR", "ImportSettlementDate": "VARCHAR",
                "TransactionCompletedDate": "VARCHAR", "FxRate": "DECIMAL(18,8)",
                "FxCurrencyCode": "VARCHAR", "FxTotal": "DECIMAL(14,4)"}],
            "RejectedSettlements": [{
                "PaymentTransactionId": "BIGINT", "OrderId": "BIGINT",
                "MerchantOrderReference": "VARCHAR", "BatchId": "VARCHAR", "Action": "VARCHAR",
                "Type": "VARCHAR", "CurrencyCode": "VARCHAR", "Amount": "DECIMAL(14,4)",
                "AmountExcludingVat": "DECIMAL(14,4)", "VatRate": "DECIMAL(14,4)",
                "CountryCode": "VARCHAR", "AcquirerName": "VARCHAR",
                "PaymentMethodType": "VARCHAR", "PaymentMethodSubType": "VARCHAR",
                "PspSettlementDate": "VARCHAR", "ImportSettlementDate": "VARCHAR",
                "TransactionCompletedDate": "VARCHAR", "FxRate": "DECIMAL(18,8)",
                "FxCurrencyCode": "VARCHAR", "FxTotal": "DECIMAL(14,4)"}]
        }')) AS a
    FROM fresh_lines()
    WHERE seq BETWEEN first AND last
      AND Id IS NOT NULL
      AND list_contains(getvariable('again'), Id) = answered_again
),
lists AS (
    SELECT
        seq,
        Id,
        unnest([
            {'Status': 'Accepted', 'before': place, 'rows': a.Settlements},
            {'Status': 'Pending', 'before': place + coalesce(len(a.Settlements), 0),
             'rows': a.PendingSettlements},
            {'Status': 'Rejected',
             'before': place + coalesce(len(a.Settlements), 0)
                + coalesce(len(a.PendingSettlements), 0),
             'rows': a.RejectedSettlements}
        ]) AS list
    FROM answers
),
lines AS (
    SELECT
        seq,
        Id,
        list.Status AS Status,
        list.before + generate_subscripts(list.rows, 1) AS position,
        unnest(list.rows) AS l
    FROM lists
)
SELECT
    line_id(
        Id, l.PaymentTransactionId, l.MerchantOrderReference, settlement_action(l.Action),
        settlement_type(l.Type), l.Amount, l.CurrencyCode
    ) AS line,
    Id,
    CAST(position AS INTEGER) AS position,
    Status,
    l.PaymentTransactionId,
    l.OrderId,
    l.MerchantOrderReference,
    l.BatchId,
    settlement_action(l.Action) AS Action,
    settlement_type(l.Type) AS Type,
    l.CurrencyCode,
    l.Amount,
    l.AmountExcludingVat,
    l.VatRate,
    l.CountryCode,
    l.AcquirerName,
    l.PaymentMethodType,
    l.PaymentMethodSubType,
    stockholm_date(l.PspSettlementDate) AS PspSettlementDate,
    stockholm_date(l.ImportSettlementDate) AS ImportSettlementDate,
    stockholm_date(l.TransactionCompletedDate) AS TransactionCompletedDate,
    l.FxRate,
    l.FxCurrencyCode,
    l.FxTotal,
    false AS vanished,
    seq AS raw_seq
FROM lines;
