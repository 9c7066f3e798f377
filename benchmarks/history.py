"""Years of a shop behind a merchant: the rows of its one payout, many times over, by SQL.

Reads and writes a merchant's database that nobody has open. What was posted stands there once for
each copy, under ids of its own: batch, lines, invoices, payments, actions with their events,
outcomes, proof and states, the answers that told of them, and those of quiet runs, which say
nothing.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

# Quiet runs between two payouts leave three answers each.
QUIET = 96
# Columns that name a thing of the payout, and how a copy calls it.
NUMBERS = {"Id": 1_000, "OrderId": 100_000, "PaymentTransactionId": 100_000}
TEXTS = {
    "payout": "(payout::BIGINT + i * 1000)::VARCHAR",
    "batches": "(batches::BIGINT + i * 1000)::VARCHAR",
    **{
        name: f'"{name}" || \'-\' || i'
        for name in (
            "line", "source", "action", "delivery", "document", "number", "DocumentNumber",
            "InvoiceNumber", "Number", "BatchId", "reference", "MerchantOrderReference",
            "consumed_of",
        )
    },
}  # fmt: skip
LISTS = ("covers", "moves")
TABLES = (
    "qliro.settlement_batch", "qliro.settlement_line", "qliro.settlement_summary",
    "fortnox.invoice", "fortnox.invoice_payment", "ledger.outcome", "ledger.action",
    "ledger.event", "ledger.line_state", "ledger.payout_state", "ledger.interim_state",
    "ledger.proof",
)  # fmt: skip
# Copies lie so many days before the payout, and over so many: none in the overlap, nor where lines
# may be pending.
LATEST, DAYS = 90, 600


# What Fortnox's list says of the merchant's invoices once it has booked their payments.
SETTLED = """
UPDATE fortnox.invoice SET Balance = 0
WHERE DocumentNumber IN (SELECT document FROM ledger.line_state WHERE state = 'posted')
"""


def grow(database: Path, copies: int) -> None:
    """Put so many copies of what the merchant has had behind it."""
    with duckdb.connect(str(database)) as connection:
        connection.execute("SET TimeZone = 'Europe/Stockholm'")
        connection.execute("BEGIN")
        connection.execute(
            f"CREATE TEMP TABLE copy AS SELECT range AS i FROM range(1, {copies} + 1)"
        )
        connection.execute(SETTLED)
        for table in TABLES:
            columns = [row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()]
            values = ", ".join(_value(table, name) for name in columns)
            names = ", ".join(f'"{name}"' for name in columns)
            connection.execute(
                f"INSERT INTO {table} ({names}) SELECT {values} "
                f"FROM (SELECT *, rowid AS place FROM {table}), copy ORDER BY i, place"
            )
        connection.execute(CURSORS)
        connection.execute(DIGESTS)
        for table in ("raw.answer_short", "raw.answer_long"):
            connection.execute(ANSWERS.format(table=table))
        connection.execute(QUIET_ANSWERS)
        connection.execute("INSERT INTO raw.staged (seq) SELECT max(seq) FROM raw.answer")
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT")


def _value(table: str, name: str) -> str:
    if table == "ledger.event" and name == "seq":
        return "nextval('ledger.event_seq')"
    if name == "BatchDate":
        return f"BatchDate - ({LATEST} + i % {DAYS})::INTEGER"
    if name == "noted_at":
        return f"noted_at - to_days(({LATEST} + i % {DAYS})::INTEGER)"
    if name in NUMBERS:
        return f'"{name}" + i * {NUMBERS[name]}'
    if name in LISTS:
        return f"list_transform({name}, lambda x: x || '-' || i)"
    if name == "source" and table in ("ledger.action", "ledger.outcome"):
        return f"CASE WHEN source = payout THEN {TEXTS['payout']} ELSE {TEXTS['source']} END"
    if table == "ledger.action" and name == "document":  # what was sent, and no number
        return name
    return TEXTS.get(name, f'"{name}"')


# What the sync remembers of each batch.
CURSORS = f"""
INSERT INTO raw.cursor
SELECT
    'qliro.batch.' || (split_part(stream, '.', 3)::BIGINT + i * 1000),
    regexp_replace(
        value, '[0-9-]{{10}}', (current_date - ({LATEST} + i % {DAYS})::INTEGER)::VARCHAR
    ),
    noted_at
FROM raw.cursor, copy
WHERE starts_with(stream, 'qliro.batch.')
"""
# A payout is closed as it looks: engine/plan/payout_rows.py.
DIGESTS = """
UPDATE ledger.proof SET digest = d.digest
FROM (
    SELECT
        b.Id::VARCHAR AS payout,
        md5(concat_ws('|', b.TotalAmount, b.TotalFeeAmount, b.BatchDate,
            string_agg(
                concat(l.line, l.Status, l.vanished, r.kind, r.noted_at), ',' ORDER BY l.line
            )
        )) AS digest
    FROM qliro.settlement_batch AS b
    LEFT JOIN qliro.settlement_line AS l ON l.Id = b.Id
    LEFT JOIN ledger.resolved AS r ON r.line = l.line
    GROUP BY b.Id, b.TotalAmount, b.TotalFeeAmount, b.BatchDate
) AS d
WHERE d.payout = proof.payout
"""
# What told of a payout: its lines, and a page or two of the lists of what changed in Fortnox.
ANSWERS = """
INSERT INTO {table}
SELECT
    nextval('raw.answer_seq'), noted_at - INTERVAL '1' DAY, origin, source, endpoint, method, path,
    query || '&copy=' || i, status, body, digest, problem
FROM (
    SELECT * FROM {table}
    WHERE endpoint = 'settlements_by_batch'
       OR seq IN (SELECT min(seq) FROM {table} WHERE endpoint IN ('invoices', 'invoice_payments')
                  AND strlen(body) > 1000 GROUP BY endpoint)
), copy
"""
QUIET_ANSWERS = f"""
INSERT INTO raw.answer_short
SELECT
    nextval('raw.answer_seq'), noted_at - INTERVAL '1' DAY, origin, source, endpoint, method, path,
    query || '&copy=' || i || '-' || n, status, '', digest, problem
FROM (SELECT * FROM raw.answer_short WHERE endpoint = 'settlement_batches' LIMIT 1), copy,
    range(1, {QUIET} + 1) AS quiet(n)
"""
