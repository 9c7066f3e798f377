-- Fortnox's customers and articles → fortnox.customer, fortnox.article. The latest answer wins; what
-- only a customer's own page shows stays when the customer is listed again.
CREATE OR REPLACE TEMP TABLE staged_customer AS
WITH answers AS (
    SELECT
        seq,
        noted_at,
        false AS whole,
        -- The list asks in Swedish time for what has changed since.
        timezone('Europe/Stockholm', TRY_CAST(
            regexp_extract(query, '(?:^|&)lastmodified=([0-9: -]+)', 1) AS TIMESTAMP
        )) AS listed_from,
        unnest(TRY(from_json(body, '{"Customers": [{
            "CustomerNumber": "VARCHAR", "Name": "VARCHAR", "OrganisationNumber": "VARCHAR",
            "Email": "VARCHAR", "City": "VARCHAR", "ZipCode": "VARCHAR", "Type": "VARCHAR",
            "VATType": "VARCHAR", "TermsOfPayment": "VARCHAR", "Active": "BOOLEAN"
        }]}')).Customers) AS c
    FROM fresh_list('customers')
    UNION ALL
    SELECT
        seq,
        noted_at,
        true,
        NULL,
        TRY(from_json(body, '{"Customer": {
            "CustomerNumber": "VARCHAR", "Name": "VARCHAR", "OrganisationNumber": "VARCHAR",
            "Email": "VARCHAR", "City": "VARCHAR", "ZipCode": "VARCHAR", "Type": "VARCHAR",
            "VATType": "VARCHAR", "TermsOfPayment": "VARCHAR", "Active": "BOOLEAN"
        }}')).Customer
    FROM fresh_whole('customer')
),
facts AS (
    SELECT
        c.*, noted_at, seq AS raw_seq, CASE WHEN whole THEN seq END AS card_seq, listed_from
    FROM answers
    WHERE c.CustomerNumber IS NOT NULL
    UNION ALL BY NAME
    SELECT *, NULL AS noted_at
    FROM fortnox.customer
    WHERE CustomerNumber IN (SELECT c.CustomerNumber FROM answers)
)
SELECT
    last.* REPLACE (
        coalesce(last.Type, earlier.Type) AS Type,
        coalesce(last.VATType, earlier.VATType) AS VATType,
        coalesce(last.TermsOfPayment, earlier.TermsOfPayment) AS TermsOfPayment,
        coalesce(last.Active, earlier.Active) AS Active,
        coalesce(last.card_seq, earlier.card_seq) AS card_seq
    )
FROM (
    SELECT * EXCLUDE (noted_at)
    FROM facts
    QUALIFY row_number() OVER (
        PARTITION BY CustomerNumber ORDER BY noted_at DESC NULLS LAST, raw_seq DESC
    ) = 1
) AS last
JOIN (
    SELECT
        CustomerNumber,
        arg_max(Type, turn(noted_at, raw_seq)) AS Type,
        arg_max(VATType, turn(noted_at, raw_seq)) AS VATType,
        arg_max(TermsOfPayment, turn(noted_at, raw_seq)) AS TermsOfPayment,
        arg_max(Active, turn(noted_at, raw_seq)) AS Active,
        max(card_seq) AS card_seq
    FROM facts
    GROUP BY CustomerNumber
) AS earlier ON earlier.CustomerNumber = last.CustomerNumber;
DELETE FROM fortnox.customer
WHERE CustomerNumber IN (SELECT CustomerNumber FROM staged_customer);
INSERT INTO fortnox.customer BY NAME SELECT * FROM staged_customer;

CREATE OR REPLACE TEMP TABLE staged_article AS
WITH answers AS (
    SELECT
        seq,
        noted_at,
        unnest(TRY(from_json(body, '{"Articles": [{
            "ArticleNumber": "VARCHAR", "Description": "VARCHAR", "Active": "BOOLEAN"
        }]}')).Articles) AS a
    FROM fresh_list('articles')
    UNION ALL
    SELECT
        seq,
        noted_at,
        TRY(from_json(body, '{"Article": {
            "ArticleNumber": "VARCHAR", "Description": "VARCHAR", "Active": "BOOLEAN"
        }}')).Article
    FROM fresh_whole('article')
)
SELECT a.*, seq AS raw_seq
FROM answers
WHERE a.ArticleNumber IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY a.ArticleNumber ORDER BY noted_at DESC, seq DESC) = 1;
DELETE FROM fortnox.article WHERE ArticleNumber IN (SELECT ArticleNumber FROM staged_article);
INSERT INTO fortnox.article BY NAME SELECT * FROM staged_article;
