-- Orders of Qliro, seen by its Admin or its Merchant API → qliro.order, and of what the answer says
-- of items and transactions → qliro.item_action, qliro.transaction. The latest answer wins; of one
-- that can't be read whole only that it can't (problem), where the order was read before.

CREATE OR REPLACE TEMP MACRO action_type(x) AS
    enum_name(x, ['Create', 'Reserve', 'Ship', 'Return', 'Release']);
CREATE OR REPLACE TEMP MACRO item_type(x) AS
    enum_name(x, ['Product', 'Discount', 'Fee', 'Shipping']);
CREATE OR REPLACE TEMP MACRO transaction_type(x) AS
    enum_name(x, [
        'Preauthorization', 'Debit', 'Credit', 'Capture', 'Reversal', 'Refund', 'UpdateInvoice',
        'Registration'
    ]);
CREATE OR REPLACE TEMP MACRO transaction_status(x) AS
    enum_name(x, [
        'Created', 'InProcess', 'UserInteractionRequired', 'OnHold', 'Success', 'Error', 'Cancelled'
    ]);
CREATE OR REPLACE TEMP MACRO juridical_type(x) AS enum_name(x, ['Physical', 'Company']);

-- Why an item or a transaction says nothing that can be acted upon, where its fields can be read.
CREATE OR REPLACE TEMP MACRO odd_item(i) AS
    action_type(i.ActionType) NOT IN ('Create', 'Reserve', 'Ship', 'Return', 'Release')
    OR item_type(i.Type) NOT IN ('Product', 'Discount', 'Fee', 'Shipping')
    OR abs(CAST(i.Quantity AS DOUBLE) * CAST(i.PricePerItemIncVat AS DOUBLE)) >= 1e10;
CREATE OR REPLACE TEMP MACRO odd_transaction(t) AS
    transaction_status(t.Status) NOT IN (
        'Created', 'InProcess', 'UserInteractionRequired', 'OnHold', 'Success', 'Error', 'Cancelled'
    )
    OR transaction_type(t.Type) NOT IN (
        'Preauthorization', 'Debit', 'Credit', 'Capture', 'Reversal', 'Refund', 'UpdateInvoice',
        'Registration'
    );
CREATE OR REPLACE TEMP MACRO told_item(i) AS concat(
    'item ', i.MerchantReference, ': ', CASE
        WHEN action_type(i.ActionType) NOT IN ('Create', 'Reserve', 'Ship', 'Return', 'Release')
        THEN 'no ActionType ' || i.ActionType || ' is known'
        WHEN item_type(i.Type) NOT IN ('Product', 'Discount', 'Fee', 'Shipping')
        THEN 'no Type ' || i.Type || ' is known'
        ELSE 'Quantity ' || i.Quantity || ' at PricePerItemIncVat ' || i.PricePerItemIncVat
            || ' is worth more than any order'
    END
);
CREATE OR REPLACE TEMP MACRO told_transaction(t) AS concat(
    'transaction ', t.PaymentTransactionId, ': no Type ', t.Type, ' with Status ', t.Status,
    ' is known'
);

-- Whether a number has the form of an organisation number of its country. A shop may call a person
-- a company: the third digit of a Swedish personal number is 0 or 1, of a company's it is not.
CREATE OR REPLACE TEMP MACRO is_organisation(number, country) AS
    CASE upper(country)
        WHEN 'SE' THEN regexp_full_match(
            regexp_replace(number, '[^0-9A-Za-z]', '', 'g'), '(16)?[0-9]{2}[2-9][0-9]{7}')
        WHEN 'NO' THEN regexp_full_match(
            regexp_replace(number, '[^0-9A-Za-z]', '', 'g'), '[0-9]{9}')
        WHEN 'FI' THEN regexp_full_match(
            regexp_replace(number, '[^0-9A-Za-z]', '', 'g'), '[0-9]{7,8}')
        WHEN 'DK' THEN regexp_full_match(
            regexp_replace(number, '[^0-9A-Za-z]', '', 'g'), '[0-9]{8}')
        ELSE number <> '' AND NOT starts_with(number, 'pn:')
    END;

-- A Swedish one without the century that some write before it: the same company, the same number.
CREATE OR REPLACE TEMP MACRO without_century(number, country) AS
    CASE upper(country)
        WHEN 'SE' THEN regexp_replace(number, '^16([0-9]{6}[^0-9]?[0-9]{4})$', '\1')
        ELSE number
    END;

CREATE OR REPLACE TEMP TABLE answered_order AS
WITH answers AS (
    SELECT seq, noted_at, path, problem, body, true AS admin
    FROM fresh('order')
    WHERE starts_with(problem, 'the answer is about another order') IS NOT true
    UNION ALL
    SELECT seq, noted_at, path, problem, body, false FROM fresh('merchant_order')
)
SELECT
    seq,
    noted_at,
    admin,
    problem,
    CASE WHEN problem IS NOT NULL
        THEN TRY_CAST(regexp_extract(path, '/([0-9]+)/?$', 1) AS BIGINT) END AS asked,
    TRY(from_json(body, '{
        "OrderId": "BIGINT", "MerchantReference": "VARCHAR", "Currency": "VARCHAR",
        "Country": "VARCHAR",
        "PaymentMethod": {"PaymentMethodName": "VARCHAR", "PaymentTypeCode": "VARCHAR"},
        "Upsell": {"IsUpsellOrder": "BOOLEAN"},
        "Customer": {
            "FirstName": "VARCHAR", "LastName": "VARCHAR", "Email": "VARCHAR",
            "MobileNumber": "VARCHAR", "PersonalNumber": "VARCHAR", "VatNumber": "VARCHAR",
            "JuridicalType": "VARCHAR"},
        "BillingAddress": {
            "FirstName": "VARCHAR", "LastName": "VARCHAR", "CompanyName": "VARCHAR",
            "CareOf": "VARCHAR", "Street": "VARCHAR", "Street2": "VARCHAR",
            "PostalCode": "VARCHAR", "City": "VARCHAR", "CountryCode": "VARCHAR",
            "Area": "VARCHAR"},
        "ShippingAddress": {
            "FirstName": "VARCHAR", "LastName": "VARCHAR", "CompanyName": "VARCHAR",
            "CareOf": "VARCHAR", "Street": "VARCHAR", "Street2": "VARCHAR",
            "PostalCode": "VARCHAR", "City": "VARCHAR", "CountryCode": "VARCHAR",
            "Area": "VARCHAR"},
        "OrderItemActions": [{
            "Id": "BIGINT", "MerchantReference": "VARCHAR", "Description": "VARCHAR",
            "Quantity": "DECIMAL(14,4)", "PricePerItemIncVat": "DECIMAL(14,4)",
            "PricePerItemExVat": "DECIMAL(14,4)", "VatRate": "DECIMAL(9,4)",
            "ActionType": "VARCHAR", "PaymentTransactionId": "BIGINT", "Type": "VARCHAR"}],
        "PaymentTransactions": [{
            "PaymentTransactionId": "BIGINT", "OriginalPaymentTransactionId": "BIGINT",
            "Type": "VARCHAR", "Amount": "DECIMAL(14,4)", "Currency": "VARCHAR",
            "Status": "VARCHAR", "Timestamp": "VARCHAR", "PaymentMethodName": "VARCHAR",
            "PaymentMethodSubtypeCode": "VARCHAR"}]
    }')) AS o
FROM answers;
-- An odd id is not another order's; an answer of the Admin API was held against what was asked.
DELETE FROM answered_order
WHERE (o.OrderId IS NULL AND asked IS NULL)
   OR (NOT admin AND problem IS NOT NULL AND o.OrderId IS DISTINCT FROM asked);
-- Answers that tell of no items, or of no transactions, where some were told before.
CREATE OR REPLACE TEMP TABLE tells_none AS
WITH none AS (
    SELECT
        seq,
        o.OrderId AS OrderId,
        turn(noted_at, seq) AS turn,
        o.OrderItemActions IS NULL AS no_items,
        o.PaymentTransactions IS NULL AS no_transactions
    FROM answered_order
    WHERE problem IS NULL AND admin
      AND (o.OrderItemActions IS NULL OR o.PaymentTransactions IS NULL)
),
before AS (
    SELECT
        o.OrderId AS OrderId,
        turn(noted_at, seq) AS turn,
        admin AND len(o.OrderItemActions) > 0 AS items,
        len(o.PaymentTransactions) > 0 AS transactions
    FROM answered_order
    WHERE problem IS NULL AND o.OrderId IN (SELECT OrderId FROM none)
    UNION ALL
    SELECT OrderId, 0, true, false FROM qliro.item_action
    WHERE OrderId IN (SELECT OrderId FROM none)
    UNION ALL
    SELECT OrderId, 0, false, true FROM qliro.transaction
    WHERE OrderId IN (SELECT OrderId FROM none)
)
SELECT DISTINCT none.seq
FROM none
JOIN before ON before.OrderId = none.OrderId AND before.turn < none.turn
WHERE (no_items AND items) OR (no_transactions AND transactions);
UPDATE answered_order
SET problem = CASE
    WHEN len(list_filter(o.OrderItemActions, LAMBDA i: odd_item(i))) > 0
    THEN told_item(list_filter(o.OrderItemActions, LAMBDA i: odd_item(i))[1])
    WHEN len(list_filter(o.PaymentTransactions, LAMBDA t: odd_transaction(t))) > 0
    THEN told_transaction(list_filter(o.PaymentTransactions, LAMBDA t: odd_transaction(t))[1])
    ELSE 'it had items and transactions, and tells of none'
END
WHERE problem IS NULL AND (
    seq IN (SELECT seq FROM tells_none) OR
    len(list_filter(o.OrderItemActions, LAMBDA i: odd_item(i))) > 0
    OR len(list_filter(o.PaymentTransactions, LAMBDA t: odd_transaction(t))) > 0
);

-- What can't be read, or not whole, of each order: its last answer, unless a good one came later. An
-- order that was never read is what can be read of the first of them.
CREATE OR REPLACE TEMP TABLE unread_order AS
SELECT
    coalesce(o.OrderId, asked) AS OrderId,
    seq,
    noted_at,
    problem
FROM answered_order
QUALIFY row_number() OVER (
    PARTITION BY coalesce(o.OrderId, asked) ORDER BY noted_at DESC, seq DESC
) = 1;
DELETE FROM unread_order WHERE problem IS NULL;
DELETE FROM answered_order
WHERE problem IS NOT NULL AND (
    o.OrderId IS NULL
    OR o.OrderId IN (SELECT OrderId FROM qliro."order")
    OR o.OrderId IN (SELECT o.OrderId FROM answered_order WHERE problem IS NULL)
    OR seq NOT IN (SELECT arg_min(seq, turn(noted_at, seq)) FROM answered_order GROUP BY o.OrderId)
);

-- The latest answer about each order, the latest that tells its items and the latest that tells its
-- transactions: the Admin API tells all items and transactions, the Merchant API none, or transactions
-- only, and takes nothing away.
CREATE OR REPLACE TEMP TABLE latest AS
SELECT
    arg_max(seq, (noted_at, seq)) AS told,
    arg_max(seq, (noted_at, seq)) FILTER (WHERE admin) AS told_items,
    arg_max(seq, (noted_at, seq)) FILTER (WHERE admin OR tells) AS told_transactions
FROM (
    SELECT seq, noted_at, admin, o.OrderId AS OrderId, o.PaymentTransactions IS NOT NULL AS tells
    FROM answered_order
)
GROUP BY OrderId;

-- The method of the order itself counts, else that of a successful transaction (Qliro's module).
CREATE OR REPLACE TEMP TABLE staged_order AS
WITH answer AS (
    SELECT
        *,
        list_filter(
            o.PaymentTransactions, LAMBDA t: transaction_status(t.Status) = 'Success'
        )[-1] AS paid
    FROM answered_order
    WHERE seq IN (SELECT told FROM latest)
)
SELECT
    o.OrderId,
    nullif(o.MerchantReference, '') AS MerchantReference,
    o.Currency,
    o.Country,
    coalesce(o.PaymentMethod.PaymentMethodName, paid.PaymentMethodName) AS PaymentMethodName,
    coalesce(o.PaymentMethod.PaymentTypeCode, paid.PaymentMethodSubtypeCode) AS PaymentTypeCode,
    coalesce(o.Upsell.IsUpsellOrder, false) AS IsUpsellOrder,
    juridical_type(o.Customer.JuridicalType) AS JuridicalType,
    o.Customer.FirstName AS FirstName,
    o.Customer.LastName AS LastName,
    o.Customer.Email AS Email,
    o.Customer.MobileNumber AS MobileNumber,
    CASE
        WHEN juridical_type(o.Customer.JuridicalType) = 'Company'
         AND is_organisation(
             o.Customer.PersonalNumber,
             coalesce(nullif(o.BillingAddress.CountryCode, ''), o.Country)
         )
        THEN without_century(
            o.Customer.PersonalNumber,
            coalesce(nullif(o.BillingAddress.CountryCode, ''), o.Country)
        )
    END AS OrganisationNumber,
    CASE WHEN starts_with(o.Customer.PersonalNumber, 'pn:') THEN o.Customer.PersonalNumber END
        AS PersonHash,
    CASE WHEN NOT starts_with(o.Customer.VatNumber, 'pn:') THEN o.Customer.VatNumber END
        AS VatNumber,
    o.BillingAddress.FirstName AS BillingFirstName,
    o.BillingAddress.LastName AS BillingLastName,
    o.BillingAddress.CompanyName AS BillingCompanyName,
    o.BillingAddress.CareOf AS BillingCareOf,
    o.BillingAddress.Street AS BillingStreet,
    o.BillingAddress.Street2 AS BillingStreet2,
    o.BillingAddress.PostalCode AS BillingPostalCode,
    o.BillingAddress.City AS BillingCity,
    o.BillingAddress.CountryCode AS BillingCountryCode,
    o.BillingAddress.Area AS BillingArea,
    o.ShippingAddress.FirstName AS ShippingFirstName,
    o.ShippingAddress.LastName AS ShippingLastName,
    o.ShippingAddress.CompanyName AS ShippingCompanyName,
    o.ShippingAddress.CareOf AS ShippingCareOf,
    o.ShippingAddress.Street AS ShippingStreet,
    o.ShippingAddress.Street2 AS ShippingStreet2,
    o.ShippingAddress.PostalCode AS ShippingPostalCode,
    o.ShippingAddress.City AS ShippingCity,
    o.ShippingAddress.CountryCode AS ShippingCountryCode,
    o.ShippingAddress.Area AS ShippingArea,
    problem,
    seq AS raw_seq,
    noted_at AS as_of
FROM answer;

DELETE FROM qliro."order" WHERE OrderId IN (SELECT OrderId FROM staged_order);
INSERT INTO qliro."order" BY NAME SELECT * FROM staged_order;
UPDATE qliro."order" AS o
SET problem = u.problem, raw_seq = u.seq, as_of = u.noted_at
FROM unread_order AS u
WHERE o.OrderId = u.OrderId;

-- An answer that came again unchanged has no body: the order is as new as that.
UPDATE qliro."order" AS o
SET as_of = again.noted_at
FROM (
    SELECT before.seq, max(now.noted_at) AS noted_at
    FROM fresh('order') AS now
    JOIN raw.answer AS before
        ON before.endpoint = 'order'
        AND before.path = now.path
        AND before.digest = now.digest
        AND before.seq < now.seq
    GROUP BY before.seq
) AS again
WHERE o.raw_seq = again.seq AND o.as_of < again.noted_at;

CREATE OR REPLACE TEMP MACRO told_order() AS TABLE
    SELECT * FROM answered_order WHERE seq IN (SELECT told_transactions FROM latest);
CREATE OR REPLACE TEMP MACRO order_with_items() AS TABLE
    SELECT * FROM answered_order WHERE seq IN (SELECT told_items FROM latest);

DELETE FROM qliro.item_action WHERE OrderId IN (SELECT o.OrderId FROM order_with_items());
INSERT INTO qliro.item_action BY NAME
SELECT
    OrderId,
    i.Id,
    CAST(position AS INTEGER) AS position,
    action_type(i.ActionType) AS ActionType,
    i.PaymentTransactionId,
    i.MerchantReference,
    i.Description,
    i.Quantity,
    i.PricePerItemIncVat,
    i.PricePerItemExVat,
    i.VatRate,
    item_type(i.Type) AS Type,
    raw_seq
FROM (
    SELECT
        o.OrderId AS OrderId,
        unnest(o.OrderItemActions) AS i,
        generate_subscripts(o.OrderItemActions, 1) AS position,
        seq AS raw_seq
    FROM order_with_items()
)
WHERE i IS NOT NULL;

DELETE FROM qliro.transaction WHERE OrderId IN (SELECT o.OrderId FROM told_order());
INSERT INTO qliro.transaction BY NAME
SELECT
    t.PaymentTransactionId,
    OrderId,
    nullif(t.OriginalPaymentTransactionId, 0) AS OriginalPaymentTransactionId,
    transaction_type(t.Type) AS Type,
    t.Amount,
    t.Currency,
    transaction_status(t.Status) AS Status,
    moment(t.Timestamp) AS "Timestamp",
    t.PaymentMethodName,
    CAST(position AS INTEGER) AS position,
    raw_seq
FROM (
    SELECT
        o.OrderId AS OrderId,
        unnest(o.PaymentTransactions) AS t,
        generate_subscripts(o.PaymentTransactions, 1) AS position,
        seq AS raw_seq
    FROM told_order()
)
WHERE t IS NOT NULL
-- What is told twice of a transaction is true once.
QUALIFY t.PaymentTransactionId IS NULL
    OR row_number() OVER (PARTITION BY OrderId, t.PaymentTransactionId ORDER BY position DESC) = 1;
DROP TABLE answered_order;
DROP TABLE unread_order;
DROP TABLE staged_order;
DROP TABLE latest;
DROP TABLE tells_none;
