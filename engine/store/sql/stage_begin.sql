-- What every stage_*.sql uses. Variables say which answers are new: seq > staged_to, seq <= newest.
-- To run a file by hand: SET VARIABLE staged_to = 0; SET VARIABLE newest = 1000000; then paste this.

-- The order of rows is in their columns; without this, DuckDB reads the parts of a union in turn.
SET preserve_insertion_order = false;

-- A day or moment of the years that documents are of; others are no dates (0001-01-01 stands for
-- none), and what reads these tables can't tell them.
CREATE OR REPLACE TEMP MACRO of_our_time(x) AS CASE WHEN year(x) BETWEEN 1900 AND 2199 THEN x END;

-- A day in Stockholm: '2021/01/15', '2021-01-15', a time without zone (Stockholm's own) or with one,
-- blanks around it. The same rule as in engine/extract/dates.py; a test holds the two together.
CREATE OR REPLACE TEMP MACRO stockholm_date(x) AS
    of_our_time(CASE
        WHEN right(trim(x), 1) IN ('Z', 'z') OR contains(substr(trim(x), 11), '+')
            OR contains(substr(trim(x), 11), '-')
        THEN CAST(timezone('Europe/Stockholm', TRY_CAST(replace(regexp_extract(
            trim(x),
            '^[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])$'
        ), '/', '-') AS TIMESTAMPTZ)) AS DATE)
        WHEN substr(trim(x), 11, 1) IN ('', 'T', ' ')
        THEN TRY_CAST(replace(left(trim(x), 10), '/', '-') AS DATE)
    END);

-- A moment likewise.
CREATE OR REPLACE TEMP MACRO moment(x) AS of_our_time(TRY_CAST(x AS TIMESTAMPTZ));

-- Qliro's enums come as names or as their places in x-enumNames (numbers without sign, point or
-- blank); what is neither stays as it came.
CREATE OR REPLACE TEMP MACRO enum_name(x, names) AS
    coalesce(names[list_position(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'], x)], x);
CREATE OR REPLACE TEMP MACRO settlement_action(x) AS enum_name(x, ['Debit', 'Credit']);
CREATE OR REPLACE TEMP MACRO settlement_type(x) AS
    enum_name(x, ['Transaction', 'Fee', 'Chargeback']);

-- Fortnox writes an empty reference as the text "0" (recorded), and blanks as "" or null.
CREATE OR REPLACE TEMP MACRO reference_or_blank(x) AS
    CASE WHEN x IS NULL OR x = '0' THEN '' ELSE x END;

-- Which answers are looked at: the new ones. Where one of them was given before others that are staged
-- already, those are looked at again, so that the latest wins (engine/stage/staging.py says so otherwise then).
CREATE OR REPLACE TEMP MACRO is_fresh(seq, noted_at) AS seq > getvariable('staged_to');
CREATE OR REPLACE TEMP MACRO is_new(raw_seq) AS
    raw_seq > getvariable('staged_to') AND raw_seq <= getvariable('newest');

-- The place of an answer among all others, by when it was given. What a table holds already comes
-- before all that are looked at.
CREATE OR REPLACE TEMP MACRO turn(noted_at, seq) AS
    coalesce(CAST(epoch_us(CAST(noted_at AS TIMESTAMPTZ)) AS HUGEINT) * 1099511627776, 0) + seq;

-- The new answers of an endpoint. What can't be read, or has no body because it repeats the one
-- before it, becomes null in TRY(from_json(…)); a condition on body here would read every body.
CREATE OR REPLACE TEMP MACRO fresh(name) AS TABLE
    SELECT seq, noted_at, path, query, body, digest, problem
    FROM raw.answer
    WHERE endpoint = name
      AND status = 200
      AND is_fresh(seq, noted_at)
      AND seq <= getvariable('newest');

-- Those with a list: of one that could not be read whole, what is left of it (engine/stage/staging.py).
CREATE OR REPLACE TEMP TABLE left_of AS
    SELECT endpoint, seq, noted_at, path, query, body, digest, problem FROM raw.answer LIMIT 0;
SET VARIABLE left_seqs = []::BIGINT[];
CREATE OR REPLACE TEMP MACRO fresh_list(name) AS TABLE
    SELECT * FROM fresh(name) WHERE NOT list_contains(getvariable('left_seqs'), seq)
    UNION ALL
    SELECT * EXCLUDE (endpoint) FROM left_of WHERE endpoint = name;

-- Those of which everything could be read: a document is read whole, or asked for again.
CREATE OR REPLACE TEMP MACRO fresh_whole(name) AS TABLE
    SELECT * FROM fresh(name) WHERE problem IS NULL;

-- The new answers about the lines of a batch, with the batch's Id out of the query; in place of a long
-- one, which is parted, a part of it, with how many of its lines stand before (engine/stage/parts.py).
CREATE OR REPLACE TEMP TABLE answer_part (seq BIGINT, Id BIGINT, place INTEGER, body VARCHAR);
SET VARIABLE parted = 0::BIGINT;
CREATE OR REPLACE TEMP MACRO fresh_lines() AS TABLE
    SELECT
        seq,
        TRY_CAST(regexp_extract(query, '(?i)(?:^|&)id=([0-9]+)', 1) AS BIGINT) AS Id,
        0 AS place,
        body
    FROM fresh('settlements_by_batch')
    WHERE seq > getvariable('staged_to')
      AND seq <> getvariable('parted')
      AND NOT list_contains(getvariable('half_read'), seq)
    UNION ALL
    SELECT seq, Id, place, body FROM answer_part;
