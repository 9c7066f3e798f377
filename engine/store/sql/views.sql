-- The views that mappings, matching and reports read: stored tables joined with what a person
-- resolved and what this program has delivered. Run after schema.sql, at start.

-- Each answer as it came, whichever table its body's length puts it in.
CREATE OR REPLACE VIEW raw.answer AS
SELECT * FROM raw.answer_short
UNION ALL
SELECT * FROM raw.answer_long;

-- The state of each action's step: the last event that says something about it.
CREATE OR REPLACE VIEW ledger.step AS
SELECT
    action,
    step,
    arg_max(event, seq)                                        AS event,
    arg_max(number, seq) FILTER (WHERE number IS NOT NULL)     AS number,
    min(noted_at) FILTER (WHERE event IN ('done', 'found', 'adopted')) AS done_at,
    max(noted_at) FILTER (WHERE event = 'sending')             AS sent_at,
    arg_max(status, seq)                                       AS status,
    arg_max(answer, seq)                                       AS answer,
    arg_max(note, seq)                                         AS note,
    max(seq)                                                   AS seq
FROM ledger.event
GROUP BY action, step;

-- What an action intends, as last written down: a refused document may have been mended since.
-- The tables of the ledger are append-only, so the row id is the order of writing; several rows may
-- have been written at the same moment.
CREATE OR REPLACE VIEW ledger.intent AS
SELECT a.*
FROM ledger.action AS a
JOIN (SELECT max(rowid) AS last FROM ledger.action GROUP BY action) AS l ON l.last = a.rowid;

-- What a person said last of each line.
CREATE OR REPLACE VIEW ledger.resolved AS
SELECT r.line, r.kind, r.detail, r.reason, r.who, r.noted_at
FROM ledger.resolution AS r
JOIN (SELECT max(rowid) AS last FROM ledger.resolution GROUP BY line) AS l ON l.last = r.rowid;

-- What each action takes of an invoice's balance that Fortnox's figure does not show yet: payments
-- on their way, and payments booked after the invoice was read.
CREATE OR REPLACE VIEW ledger.consumption AS
SELECT
    a.action,
    a.consumed_of AS DocumentNumber,
    a.consumed,
    b.done_at     AS booked_at
FROM ledger.intent AS a
JOIN ledger.step AS c
    ON c.action = a.action AND c.step = 'create' AND c.event IN ('sending', 'unknown', 'done', 'found', 'adopted', 'undecided')
LEFT JOIN ledger.step AS b
    ON b.action = a.action AND b.step = 'bookkeep' AND b.event IN ('done', 'found')
WHERE a.consumed_of IS NOT NULL;

-- Payments of others that are registered but not booked: they will take of the balance.
CREATE OR REPLACE VIEW fortnox.pending_payment AS
SELECT
    p.InvoiceNumber                       AS DocumentNumber,
    coalesce(d.AmountCurrency, p.Amount) + coalesce(d.WriteOffs, 0) AS consumed
FROM fortnox.invoice_payment AS p
LEFT JOIN fortnox.invoice_payment_detail AS d ON d.Number = p.Number
WHERE NOT p.Booked
  AND p.Number NOT IN (SELECT number FROM ledger.step WHERE number IS NOT NULL);

-- An invoice as a mapping sees it: with the fields that only its own page shows, where it was
-- read, and with the balance that is still open.
CREATE OR REPLACE VIEW fortnox.invoice_view AS
SELECT
    i.*,
    d.YourOrderNumber,
    d.OurReference,
    d.YourReference,
    d.OrderReference,
    d.CreditInvoiceReference,
    d.Credit,
    d.VATIncluded,
    (i.Balance - coalesce(t.consumed, 0))::DECIMAL(18, 4) AS open_balance,
    coalesce(d.raw_seq < i.raw_seq, true) AS unread,
    -- The capture or refund whose identity it carries in a reference field.
    CASE
        WHEN regexp_full_match(i.ExternalInvoiceReference2, '[0-9]+/[0-9]+') THEN i.ExternalInvoiceReference2
        WHEN regexp_full_match(i.ExternalInvoiceReference1, '[0-9]+/[0-9]+') THEN i.ExternalInvoiceReference1
        WHEN regexp_full_match(d.YourReference, '[0-9]+/[0-9]+') THEN d.YourReference
        WHEN regexp_full_match(d.OurReference, '[0-9]+/[0-9]+') THEN d.OurReference
        WHEN regexp_full_match(d.YourOrderNumber, '[0-9]+/[0-9]+') THEN d.YourOrderNumber
    END AS label,
    coalesce(d.CreditInvoiceReference, '') <> '' OR i.DocumentNumber IN (
        SELECT a.document ->> 'InvoiceNumber'
        FROM ledger.intent AS a
        JOIN ledger.step AS s ON s.action = a.action AND s.step = 'create' AND s.number IS NOT NULL
        WHERE a.target = 'fortnox.credit_invoice'
    ) AS credited
FROM fortnox.invoice AS i
LEFT JOIN fortnox.invoice_detail AS d ON d.DocumentNumber = i.DocumentNumber
LEFT JOIN (
    SELECT DocumentNumber, sum(consumed) AS consumed
    FROM (
        SELECT c.DocumentNumber, c.consumed
        FROM ledger.consumption AS c
        JOIN fortnox.invoice AS i2 ON i2.DocumentNumber = c.DocumentNumber
        WHERE c.booked_at IS NULL OR c.booked_at >= i2.as_of
        UNION ALL
        SELECT DocumentNumber, consumed FROM fortnox.pending_payment
    )
    GROUP BY DocumentNumber
) AS t ON t.DocumentNumber = i.DocumentNumber;

-- Invoices that are this program's, made or taken over, by what each is the document of: a capture or
-- refund, whose id is OrderId/PaymentTransactionId, or another source.
CREATE OR REPLACE VIEW ledger.document_of AS
SELECT a.source, s.number AS DocumentNumber, max(s.seq) AS seq
FROM ledger.action AS a
JOIN ledger.step AS s ON s.action = a.action AND s.step = 'create' AND s.event IN ('done', 'found', 'adopted')
WHERE starts_with(a.target, 'fortnox.') AND ends_with(a.target, 'invoice')
GROUP BY a.source, s.number;

-- Orders and invoices that are this program's, and whose they are; none that several have.
CREATE OR REPLACE VIEW ledger.owner AS
SELECT 'fortnox.invoice' AS entity, DocumentNumber, min(source) AS source
FROM ledger.document_of
GROUP BY DocumentNumber
HAVING min(source) = max(source)
UNION ALL
SELECT 'fortnox.order', s.number, min(a.source)
FROM ledger.action AS a
JOIN ledger.step AS s ON s.action = a.action AND s.step = 'create' AND s.event IN ('done', 'found', 'adopted')
WHERE a.target = 'fortnox.order'
GROUP BY s.number
HAVING min(a.source) = max(a.source);

-- The same; that of a capture or refund is found by its order and by its transaction too.
CREATE OR REPLACE VIEW ledger.own_document AS
SELECT DISTINCT
    unnest(
        CASE
            WHEN regexp_full_match(source, '[0-9]+/[0-9]+')
            THEN [source, split_part(source, '/', 1), split_part(source, '/', 2)]
            ELSE [source]
        END
    ) AS source,
    DocumentNumber
FROM ledger.document_of;

-- The capture or refund that a transaction is, or tells of once more: a capture of what a Debit took
-- already, a reversal of the same money as a refund.
CREATE OR REPLACE VIEW qliro.documented AS
SELECT
    OrderId,
    PaymentTransactionId,
    min(entity) AS entity,
    arg_min(source, number) AS source,
    count(*) OVER (PARTITION BY PaymentTransactionId) = 1 AS is_alone
FROM (
    SELECT
        OrderId, PaymentTransactionId, 'qliro.capture' AS entity, capture AS source,
        PaymentTransactionId AS number
    FROM qliro.capture
    UNION ALL
    SELECT OrderId, PaymentTransactionId, 'qliro.refund', refund, PaymentTransactionId
    FROM qliro.refund
    UNION ALL
    SELECT
        t.OrderId, t.PaymentTransactionId, 'qliro.capture', c.capture, c.PaymentTransactionId
    FROM qliro.transaction AS t
    JOIN qliro.capture AS c
        ON c.OrderId = t.OrderId
        AND c.PaymentTransactionId = t.OriginalPaymentTransactionId
        AND c.Type = 'Debit'
    WHERE t.Type = 'Capture'
    UNION ALL
    SELECT t.OrderId, t.PaymentTransactionId, 'qliro.refund', f.refund, f.PaymentTransactionId
    FROM qliro.transaction AS t
    JOIN qliro.refund AS f
        ON f.OrderId = t.OrderId
        AND f.OriginalPaymentTransactionId = t.OriginalPaymentTransactionId
        AND f.PaymentTransactionId <> t.PaymentTransactionId
        AND f.Amount = abs(t.Amount)
        AND f.Type = 'Refund'
    WHERE t.Type = 'Reversal'
      AND t.PaymentTransactionId NOT IN (SELECT PaymentTransactionId FROM qliro.refund)
)
GROUP BY OrderId, PaymentTransactionId;

-- Lines that a document accounts for or transfers, if only perhaps.
CREATE OR REPLACE VIEW ledger.delivered_line AS
SELECT DISTINCT unnest(list_concat(a.covers, a.moves)) AS line
FROM ledger.action AS a
WHERE a.action IN (
    SELECT action FROM ledger.step WHERE event NOT IN ('refused', 'not-sent', 'absent')
);

-- What a mapping reads of a settlement line beside its own columns: its batch, what a person
-- resolved, Fortnox's rate of the day, the line that a fee settles with, the batch that settled the
-- same before, the line that cancels it, the reference that Qliro's order has where the line came
-- without one, the document of its own transaction.
CREATE OR REPLACE VIEW qliro.line_view AS
WITH first_line AS (
    -- The line that fees of the same batch, transaction and currency belong to.
    SELECT
        Id,
        PaymentTransactionId,
        CurrencyCode,
        arg_min(line, (vanished, position))              AS line,
        arg_min(PaymentMethodType, (vanished, position)) AS PaymentMethodType
    FROM qliro.settlement_line
    WHERE Status = 'Accepted' AND Type = 'Transaction' AND PaymentTransactionId <> 0
    GROUP BY Id, PaymentTransactionId, CurrencyCode
),
again AS (
    -- Transactions that several batches settle with the same amount, and which of those counts: the
    -- one that was delivered, else the first. A batch that is listed again under another Id brings
    -- its lines a second time.
    SELECT
        l.PaymentTransactionId,
        l.Type,
        l.Action,
        l.Amount,
        l.CurrencyCode,
        arg_min(l.Id, (d.line IS NULL, b.BatchDate, l.Id)) AS Id
    FROM qliro.settlement_line AS l
    JOIN qliro.settlement_batch AS b ON b.Id = l.Id
    LEFT JOIN ledger.delivered_line AS d ON d.line = l.line
    WHERE l.Status = 'Accepted' AND l.PaymentTransactionId IS NOT NULL
    GROUP BY l.PaymentTransactionId, l.Type, l.Action, l.Amount, l.CurrencyCode
    HAVING min(l.Id) <> max(l.Id)
),
repeated AS (
    SELECT l.line, l.Id, again.Id AS before
    FROM qliro.settlement_line AS l
    JOIN again
        ON again.PaymentTransactionId = l.PaymentTransactionId
        AND again.Type = l.Type
        AND again.Action = l.Action
        AND again.Amount = l.Amount
        AND again.CurrencyCode = l.CurrencyCode
    WHERE l.Status = 'Accepted' AND again.Id <> l.Id
),
relisted AS (
    -- Batches of which every line was settled before: their lump fees were too.
    SELECT l.Id, min(repeated.before) AS before
    FROM qliro.settlement_line AS l
    LEFT JOIN repeated ON repeated.line = l.line
    WHERE l.Status = 'Accepted' AND l.Type <> 'Fee' AND l.Id IN (SELECT Id FROM repeated)
    GROUP BY l.Id
    HAVING bool_and(repeated.before IS NOT NULL)
),
both_ways AS (
    -- Transactions whose money went both ways: a refund that failed and was taken back.
    SELECT PaymentTransactionId, min(Amount) < 0 AS signed
    FROM qliro.settlement_line
    WHERE Status = 'Accepted' AND Type = 'Transaction' AND PaymentTransactionId <> 0 AND NOT vanished
    GROUP BY PaymentTransactionId
    HAVING min(Action) <> max(Action) OR min(Amount) < 0 AND max(Amount) > 0
),
sided AS (
    -- Their lines of one amount, on each side the oldest first.
    SELECT
        l.*,
        CASE WHEN t.signed THEN l.Amount < 0 ELSE l.Action = 'Credit' END AS side,
        row_number() OVER (
            PARTITION BY l.PaymentTransactionId, l.CurrencyCode, abs(l.Amount), side
            ORDER BY b.BatchDate, l.Id, l.position
        ) AS place
    FROM qliro.settlement_line AS l
    JOIN both_ways AS t ON t.PaymentTransactionId = l.PaymentTransactionId
    JOIN qliro.settlement_batch AS b ON b.Id = l.Id
    WHERE l.Status = 'Accepted' AND l.Type = 'Transaction' AND NOT l.vanished
),
opposite AS (
    SELECT
        one.line,
        other.line    AS opposite,
        other.Action,
        other.Amount,
        other.Id,
        state.mapping || ' ' || state.number AS document
    FROM sided AS one
    JOIN sided AS other
        ON other.PaymentTransactionId = one.PaymentTransactionId
        AND other.CurrencyCode = one.CurrencyCode
        AND abs(other.Amount) = abs(one.Amount)
        AND other.place = one.place
        AND other.side <> one.side
    LEFT JOIN ledger.line_state AS state
        ON state.line = other.line AND state.state IN ('posted', 'adopted')
),
paid_again AS (
    -- Lines that pay once more what was taken back before them, and that nothing takes back: what they
    -- pay again, and what took that back.
    SELECT
        one.line,
        one.Id,
        first.line    AS first,
        back.line     AS back,
        back.Id       AS back_batch,
        state.mapping || ' ' || state.number AS first_document
    FROM sided AS one
    JOIN sided AS first
        ON first.PaymentTransactionId = one.PaymentTransactionId
        AND first.CurrencyCode = one.CurrencyCode
        AND abs(first.Amount) = abs(one.Amount)
        AND first.side = one.side
        AND first.place = one.place - 1
    JOIN opposite AS pair ON pair.line = first.line
    JOIN sided AS back ON back.line = pair.opposite
    LEFT JOIN opposite AS own_pair ON own_pair.line = one.line
    LEFT JOIN ledger.line_state AS state
        ON state.line = first.line AND state.state IN ('posted', 'adopted')
    WHERE own_pair.line IS NULL
),
own AS (
    -- The document of a capture or refund: of several the last, and none that was cancelled.
    SELECT d.source, arg_max(d.DocumentNumber, d.seq) AS DocumentNumber
    FROM ledger.document_of AS d
    LEFT JOIN fortnox.invoice AS i ON i.DocumentNumber = d.DocumentNumber
    WHERE NOT coalesce(i.Cancelled, false)
    GROUP BY d.source
)
SELECT
    line.* REPLACE (
        nullif(line.OrderId, 0)                          AS OrderId,
        nullif(line.PaymentTransactionId, 0)             AS PaymentTransactionId,
        coalesce(nullif(trim(line.MerchantOrderReference), ''), known.MerchantReference)
            AS MerchantOrderReference
    ),
    batch.BatchDate,
    batch.FxRate                                         AS BatchFxRate,
    batch.FxCurrencyCode                                 AS BatchFxCurrencyCode,
    -- What a person decides of a line holds for its fees too.
    coalesce(resolved.kind, owner.kind)                  AS resolution,
    coalesce(resolved.reason, owner.reason)              AS resolution_reason,
    resolved.kind                                        AS decided,
    CASE WHEN resolved.kind = 'invoice' THEN resolved.detail END AS chosen_invoice,
    -- What one unit is worth in kronor, exact: rates are per Unit, a power of ten.
    CASE currency.Unit
        WHEN 1 THEN TRY(currency.BuyRate * 1.000)
        WHEN 10 THEN TRY(currency.BuyRate * 0.100)
        WHEN 100 THEN TRY(currency.BuyRate * 0.010)
        WHEN 1000 THEN TRY(currency.BuyRate * 0.001)
    END                                                  AS FortnoxRate,
    first_line.line                                      AS settles,
    first_line.PaymentMethodType                         AS settled_method,
    -- The capture or refund that it settles, as far as is known, and the document of that which stands.
    coalesce(
        documented.source,
        nullif(line.OrderId, 0) || '/' || nullif(line.PaymentTransactionId, 0)
    )                                                    AS own_source,
    own.DocumentNumber                                   AS own_document,
    -- A fee repeats along with its line; one that comes alone may be another of the same amount.
    CASE WHEN line.Type = 'Fee' AND first_line.line IS NULL THEN relisted.before
        ELSE repeated.before END                         AS settled_before,
    opposite.opposite,
    opposite.Action                                      AS opposite_action,
    opposite.Amount                                      AS opposite_amount,
    opposite.Id                                          AS opposite_batch,
    opposite.document                                    AS opposite_document,
    paid_again.first                                     AS paid_before,
    paid_again.first_document                            AS paid_before_document,
    paid_again.back                                      AS given_back,
    paid_again.back_batch                                AS given_back_batch,
    pays_again.line                                      AS paid_again,
    pays_again.Id                                        AS paid_again_batch
FROM qliro.settlement_line AS line
LEFT JOIN qliro.settlement_batch AS batch ON batch.Id = line.Id
LEFT JOIN qliro."order" AS known ON known.OrderId = line.OrderId
LEFT JOIN ledger.resolved AS resolved ON resolved.line = line.line
LEFT JOIN fortnox.currency AS currency ON currency.Code = line.CurrencyCode
LEFT JOIN first_line
    ON line.Type = 'Fee'
    AND first_line.Id = line.Id
    AND first_line.PaymentTransactionId = line.PaymentTransactionId
    AND first_line.CurrencyCode = line.CurrencyCode
LEFT JOIN ledger.resolved AS owner ON owner.line = first_line.line
LEFT JOIN repeated ON repeated.line = line.line
LEFT JOIN relisted ON relisted.Id = line.Id
LEFT JOIN opposite ON opposite.line = line.line
LEFT JOIN paid_again ON paid_again.line = line.line
LEFT JOIN paid_again AS pays_again ON pays_again.back = line.line
LEFT JOIN qliro.documented AS documented
    ON documented.PaymentTransactionId = line.PaymentTransactionId
    AND (documented.OrderId = line.OrderId OR coalesce(line.OrderId, 0) = 0 AND documented.is_alone)
LEFT JOIN own
    ON own.source = coalesce(
        documented.source,
        nullif(line.OrderId, 0) || '/' || nullif(line.PaymentTransactionId, 0)
    );
