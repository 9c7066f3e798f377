-- The same portion: lines of batches that were answered again gather in staged_line first.
INSERT INTO staged_line
SELECT * FROM lines_between(getvariable('first_seq'), getvariable('middle_seq'), true)
UNION ALL
SELECT * FROM lines_between(getvariable('middle_seq') + 1, getvariable('last_seq'), true);
