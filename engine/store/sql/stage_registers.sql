-- Fortnox's registers → fortnox.*. The answer of a key that was given last wins; of the locked
-- period and the company there is one row.
CREATE OR REPLACE TEMP TABLE staged_account AS
WITH listed AS (
    SELECT
        seq,
        noted_at,
        unnest(TRY(from_json(body, '{"Accounts": [{
            "Number": "INTEGER", "Description": "VARCHAR", "Active": "BOOLEAN", "Year": "INTEGER",
            "CostCenterSettings": "VARCHAR", "ProjectSettings": "VARCHAR", "VATCode": "VARCHAR"
        }]}')).Accounts) AS a
    FROM fresh_list('accounts')
)
SELECT a.*, seq AS raw_seq
FROM listed
WHERE a.Number IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY a.Number, a.Year ORDER BY noted_at DESC, seq DESC) = 1;
DELETE FROM fortnox.account AS old
USING staged_account AS new
WHERE old.Number = new.Number AND old.Year IS NOT DISTINCT FROM new.Year;
INSERT INTO fortnox.account BY NAME SELECT * FROM staged_account;

CREATE OR REPLACE TEMP TABLE staged_series AS
WITH listed AS (
    SELECT
        seq,
        noted_at,
        unnest(TRY(from_json(body, '{"VoucherSeriesCollection": [{
            "Code": "VARCHAR", "Description": "VARCHAR", "Manual": "BOOLEAN", "Year": "INTEGER"
        }]}')).VoucherSeriesCollection) AS s
    FROM fresh_list('voucher_series')
)
SELECT s.*, seq AS raw_seq
FROM listed
WHERE s.Code IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY s.Code, s.Year ORDER BY noted_at DESC, seq DESC) = 1;
DELETE FROM fortnox.voucher_series AS old
USING staged_series AS new
WHERE old.Code = new.Code AND old.Year IS NOT DISTINCT FROM new.Year;
INSERT INTO fortnox.voucher_series BY NAME SELECT * FROM staged_series;

CREATE OR REPLACE TEMP TABLE staged_year AS
WITH listed AS (
    SELECT
        seq,
        noted_at,
        unnest(TRY(from_json(body, '{"FinancialYears": [{
            "Id": "INTEGER", "FromDate": "VARCHAR", "ToDate": "VARCHAR",
            "AccountingMethod": "VARCHAR"
        }]}')).FinancialYears) AS y
    FROM fresh_list('financial_years')
)
SELECT
    y.* REPLACE (
        stockholm_date(y.FromDate) AS FromDate,
        stockholm_date(y.ToDate) AS ToDate
    ),
    seq AS raw_seq
FROM listed
WHERE y.Id IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY y.Id ORDER BY noted_at DESC, seq DESC) = 1;
DELETE FROM fortnox.financial_year WHERE Id IN (SELECT Id FROM staged_year);
INSERT INTO fortnox.financial_year BY NAME SELECT * FROM staged_year;

CREATE OR REPLACE TEMP TABLE staged_currency AS
WITH listed AS (
    SELECT
        seq,
        noted_at,
        unnest(TRY(from_json(body, '{"Currencies": [{
            "Code": "VARCHAR", "BuyRate": "DECIMAL(18,8)", "SellRate": "DECIMAL(18,8)",
            "Unit": "DECIMAL(14,4)", "Date": "VARCHAR"
        }]}')).Currencies) AS c
    FROM fresh_list('currencies')
)
SELECT c.* REPLACE (stockholm_date(c.Date) AS Date), seq AS raw_seq
FROM listed
WHERE c.Code IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY c.Code ORDER BY noted_at DESC, seq DESC) = 1;
DELETE FROM fortnox.currency WHERE Code IN (SELECT Code FROM staged_currency);
INSERT INTO fortnox.currency BY NAME SELECT * FROM staged_currency;

CREATE OR REPLACE TEMP TABLE staged_mode AS
WITH listed AS (
    SELECT
        seq,
        noted_at,
        unnest(TRY(from_json(body, '{"ModesOfPayments": [{
            "Code": "VARCHAR", "Description": "VARCHAR", "AccountNumber": "INTEGER"
        }]}')).ModesOfPayments) AS m
    FROM fresh_list('modes_of_payment')
)
SELECT m.*, seq AS raw_seq
FROM listed
WHERE m.Code IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY m.Code ORDER BY noted_at DESC, seq DESC) = 1;
DELETE FROM fortnox.mode_of_payment WHERE Code IN (SELECT Code FROM staged_mode);
INSERT INTO fortnox.mode_of_payment BY NAME SELECT * FROM staged_mode;

CREATE OR REPLACE TEMP TABLE staged_terms AS
WITH listed AS (
    SELECT
        seq,
        noted_at,
        unnest(TRY(from_json(body, '{"TermsOfPayments": [{
            "Code": "VARCHAR", "Description": "VARCHAR"
        }]}')).TermsOfPayments) AS x
    FROM fresh_list('terms_of_payment')
)
SELECT x.*, seq AS raw_seq
FROM listed
WHERE x.Code IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY x.Code ORDER BY noted_at DESC, seq DESC) = 1;
DELETE FROM fortnox.terms_of_payment WHERE Code IN (SELECT Code FROM staged_terms);
INSERT INTO fortnox.terms_of_payment BY NAME SELECT * FROM staged_terms;

CREATE OR REPLACE TEMP TABLE staged_center AS
WITH listed AS (
    SELECT
        seq,
        noted_at,
        unnest(TRY(from_json(body, '{"CostCenters": [{
            "Code": "VARCHAR", "Description": "VARCHAR", "Active": "BOOLEAN"
        }]}')).CostCenters) AS x
    FROM fresh_list('cost_centers')
)
SELECT x.*, seq AS raw_seq
FROM listed
WHERE x.Code IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY x.Code ORDER BY noted_at DESC, seq DESC) = 1;
DELETE FROM fortnox.cost_center WHERE Code IN (SELECT Code FROM staged_center);
INSERT INTO fortnox.cost_center BY NAME SELECT * FROM staged_center;

CREATE OR REPLACE TEMP TABLE staged_project AS
WITH listed AS (
    SELECT
        seq,
        noted_at,
        unnest(TRY(from_json(body, '{"Projects": [{
            "ProjectNumber": "VARCHAR", "Description": "VARCHAR", "Status": "VARCHAR"
        }]}')).Projects) AS x
    FROM fresh_list('projects')
)
SELECT x.*, seq AS raw_seq
FROM listed
WHERE x.ProjectNumber IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY x.ProjectNumber ORDER BY noted_at DESC, seq DESC) = 1;
DELETE FROM fortnox.project WHERE ProjectNumber IN (SELECT ProjectNumber FROM staged_project);
INSERT INTO fortnox.project BY NAME SELECT * FROM staged_project;

CREATE OR REPLACE TEMP TABLE staged_lock AS
SELECT
    stockholm_date(TRY(from_json(body, '{"LockedPeriod": {"EndDate": "VARCHAR"}}'))
        .LockedPeriod.EndDate) AS EndDate,
    seq AS raw_seq
FROM fresh_whole('locked_period')
WHERE TRY(from_json(body, '{"LockedPeriod": {"EndDate": "VARCHAR"}}')).LockedPeriod IS NOT NULL
ORDER BY noted_at DESC, seq DESC
LIMIT 1;
DELETE FROM fortnox.locked_period WHERE EXISTS (SELECT 1 FROM staged_lock);
INSERT INTO fortnox.locked_period BY NAME SELECT * FROM staged_lock;

CREATE OR REPLACE TEMP TABLE staged_company AS
WITH answers AS (
    SELECT
        seq,
        noted_at,
        TRY(from_json(body, '{"CompanyInformation": {
            "CompanyName": "VARCHAR", "OrganizationNumber": "VARCHAR", "DatabaseNumber": "VARCHAR"
        }}')).CompanyInformation AS c
    FROM fresh_whole('company')
)
SELECT c.*, seq AS raw_seq
FROM answers
WHERE c IS NOT NULL
ORDER BY noted_at DESC, seq DESC
LIMIT 1;
DELETE FROM fortnox.company WHERE EXISTS (SELECT 1 FROM staged_company);
INSERT INTO fortnox.company BY NAME SELECT * FROM staged_company;

-- What a register no longer lists has gone from it: what was not in the last answer to any of its
-- calls (by when it was given), where all of these could be read. Fortnox lists accounts and series of
-- one year at a time. An answer that repeats an earlier one has no body, and its entries are staged from
-- that: what says the same is the last answer too.
CREATE OR REPLACE TEMP TABLE last_listed AS
WITH told AS (
    SELECT
        endpoint, path, query, digest, seq, turn(noted_at, seq) AS turn, problem IS NULL AS whole
    FROM raw.answer
    WHERE status = 200 AND endpoint IN (
        'accounts', 'voucher_series', 'modes_of_payment', 'terms_of_payment', 'currencies'
    )
),
last AS (
    SELECT
        endpoint, path, query,
        arg_max(digest, turn) FILTER (WHERE whole) AS digest,
        arg_max(whole, turn) AS whole
    FROM told
    GROUP BY endpoint, path, query
)
SELECT told.endpoint, told.seq
FROM told
JOIN last USING (endpoint, path, query, digest)
WHERE endpoint NOT IN (SELECT endpoint FROM last WHERE NOT whole);

DELETE FROM fortnox.account
WHERE EXISTS (SELECT 1 FROM last_listed WHERE endpoint = 'accounts')
  AND raw_seq NOT IN (SELECT seq FROM last_listed)
  AND coalesce(Year, 0) IN (
      SELECT coalesce(now.Year, 0) FROM fortnox.account AS now
      WHERE now.raw_seq IN (SELECT seq FROM last_listed)
  );
DELETE FROM fortnox.voucher_series
WHERE EXISTS (SELECT 1 FROM last_listed WHERE endpoint = 'voucher_series')
  AND raw_seq NOT IN (SELECT seq FROM last_listed)
  AND coalesce(Year, 0) IN (
      SELECT coalesce(now.Year, 0) FROM fortnox.voucher_series AS now
      WHERE now.raw_seq IN (SELECT seq FROM last_listed)
  );
DELETE FROM fortnox.mode_of_payment
WHERE EXISTS (SELECT 1 FROM last_listed WHERE endpoint = 'modes_of_payment')
  AND raw_seq NOT IN (SELECT seq FROM last_listed);
DELETE FROM fortnox.terms_of_payment
WHERE EXISTS (SELECT 1 FROM last_listed WHERE endpoint = 'terms_of_payment')
  AND raw_seq NOT IN (SELECT seq FROM last_listed);
DELETE FROM fortnox.currency
WHERE EXISTS (SELECT 1 FROM last_listed WHERE endpoint = 'currencies')
  AND raw_seq NOT IN (SELECT seq FROM last_listed);
