-- The views that mappings, matching and reports read: stored tables joined with what a person
-- resolved and what this program has delivered. Run after schema.sql, at start.

-- The state of each action's step: the last event that says something about it.
CREATE OR REPLACE VIEW ledger.step AS
SELECT
    action,
    step,
    arg_max(event, seq)                                        AS event,
    arg_max(number, seq) FILTER (WHERE number IS NOT NULL)     AS number,
    min(noted_at) FILTER (WHERE event IN ('done', 'found'))    AS done_at,
    max(noted_at) FILTER (WHERE event = 'sending')             AS sent_at,
    arg_max(status, seq)                                       AS status,
    arg_max(answer, seq)                                       AS answer,
    arg_max(note, seq)                                         AS note,
    max(seq)                                                   AS seq
FROM ledger.event
GROUP BY action, step;

-- What a person said last of each line.
CREATE OR REPLACE VIEW ledger.resolved AS
SELECT
    line,
    arg_max(kind, noted_at)              AS kind,
    arg_max(detail, noted_at)            AS detail,
    arg_max(reason, noted_at)            AS reason,
    arg_max(who, noted_at)               AS who,
    max(noted_at)                        AS noted_at
FROM ledger.resolution
GROUP BY line;
