-- A portion of the answers, from first_seq to last_seq, in two parts (to middle_seq, and after) that
-- DuckDB reads with a thread each. Lines of new batches go straight into their table.
INSERT INTO qliro.settlement_line
SELECT * FROM lines_between(getvariable('first_seq'), getvariable('middle_seq'), false)
UNION ALL
SELECT * FROM lines_between(getvariable('middle_seq') + 1, getvariable('last_seq'), false);

INSERT INTO staged_answer
WITH tail AS MATERIALIZED (
    SELECT seq, Id, summaries('{"TotalSummary"' || split_part(body, '"TotalSummary"', 2)) AS s
    FROM fresh_lines()
    WHERE seq BETWEEN getvariable('first_seq') AND getvariable('last_seq')
      AND place = 0
      AND NOT list_contains(getvariable('again'), Id)
)
SELECT seq, Id, s
FROM tail
WHERE s.TotalSummary IS NOT NULL
  AND s.SettlementTransactionSummary IS NOT NULL
  AND s.PendingTransactionsSummary IS NOT NULL
  AND s.RejectedTransactionsSummary IS NOT NULL;

-- A join here would read every body before it; a list is compared first.
SET VARIABLE summed = (SELECT coalesce(list(seq), []) FROM staged_answer);
INSERT INTO staged_answer
SELECT seq, Id, summaries(body)
FROM fresh_lines()
WHERE seq BETWEEN getvariable('first_seq') AND getvariable('last_seq')
  AND place = 0  -- of a long answer, the part with all that stands beside its lines
  AND NOT list_contains(getvariable('summed'), seq);
