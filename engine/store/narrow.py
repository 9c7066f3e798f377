"""What the views of the store say of few things: out of the rows of these alone.

SQL in parentheses, to stand where a view's name would. ``of`` is a query of one column, the ids of
what is asked for; it is put wherever it is needed, so a longer one stands in a WITH and is named.
The tables of a shop grow for years, and what is asked for stays as much as a day brings.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .statements import narrowed

INVOICING = (
    "SELECT action FROM ledger.action "
    "WHERE starts_with(target, 'fortnox.') AND ends_with(target, 'invoice')"
)
ORDERING = "SELECT action FROM ledger.action WHERE target = 'fortnox.order'"
MAKING = {"fortnox.invoice": INVOICING, "fortnox.order": ORDERING}
CREDIT_INVOICES = "SELECT action FROM ledger.action WHERE target = 'fortnox.credit_invoice'"

# What an invoice view works out of the ledger, and what stands for that where nobody asks for it.
OF_LEDGER = ("open_balance", "credited")
NOT_TAKEN = """
SELECT NULL::VARCHAR AS DocumentNumber, NULL::DECIMAL AS consumed, NULL::TIMESTAMPTZ AS booked_at
WHERE false"""
NOT_CREDITED = """
SELECT
    NULL::VARCHAR AS action, NULL::VARCHAR AS target, NULL::JSON AS document,
    NULL::VARCHAR AS step, NULL::VARCHAR AS number
WHERE false"""


def steps(of: str) -> str:
    """``ledger.step`` of these actions."""
    return narrowed("ledger.step", {"ledger.event": _among("ledger.event", "action", of)})


def intents(of: str) -> str:
    """``ledger.intent`` of these actions."""
    rows = f"SELECT rowid, * FROM ledger.action WHERE action IN ({of})"
    return narrowed("ledger.intent", {"ledger.action": rows})


def may_own(entity: str) -> str:
    """The actions that may have made a document of this kind that ``ledger.owner`` tells of."""
    return MAKING.get(entity, "SELECT action FROM ledger.action WHERE false")


def own_documents(keys: Sequence[str] = ()) -> str:
    """``ledger.own_document``, without the steps of what is no invoice; of these sources alone,
    each a query of one column, where there are any."""
    if not keys:
        return _own_documents(INVOICING)
    sought = "\nUNION ALL\n".join(keys)
    return _own_documents(f"""
SELECT action FROM (
    SELECT action, unnest([source, split_part(source, '/', 1), split_part(source, '/', 2)]) AS key
    FROM ledger.action
    WHERE action IN ({INVOICING})
)
WHERE key IN ({sought})""")


def _own_documents(of: str) -> str:
    documents = narrowed("ledger.document_of", {
        "ledger.action": _among("ledger.action", "action", of), "ledger.step": steps(of),
    })  # fmt: skip
    return narrowed("ledger.own_document", {"ledger.document_of": documents})


def owners(of: str = "") -> str:
    """``ledger.owner``, without the steps of what is neither invoice nor order; of the documents of
    these numbers alone, where there is a query of them."""
    named = f" AND action IN (SELECT action FROM ledger.event WHERE number IN ({of}))" if of else ""
    documents = narrowed("ledger.document_of", {"ledger.step": steps(f"{INVOICING}{named}")})
    return narrowed("ledger.owner", {
        "ledger.document_of": documents, "ledger.step": steps(f"{ORDERING}{named}"),
    })  # fmt: skip


def invoices(of: str, columns: Collection[str] = OF_LEDGER) -> str:
    """``fortnox.invoice_view`` of the invoices of these numbers. What it works out of the ledger
    holds nothing where it is not among the ``columns`` that are asked for."""
    taken, credited = (one in columns for one in OF_LEDGER)
    return narrowed("fortnox.invoice_view", {
        "fortnox.invoice": _among("fortnox.invoice", "DocumentNumber", of),
        "fortnox.invoice_detail": _among("fortnox.invoice_detail", "DocumentNumber", of),
        "ledger.consumption": _consumption(of) if taken else NOT_TAKEN,
        "fortnox.pending_payment": _pending(of) if taken else NOT_TAKEN,
        "ledger.intent": intents(CREDIT_INVOICES) if credited else NOT_CREDITED,
        "ledger.step": steps(CREDIT_INVOICES) if credited else NOT_CREDITED,
    })  # fmt: skip


def _consumption(of: str) -> str:
    """``ledger.consumption`` of these invoices; the events are looked up once for both steps."""
    steps_of_taken = narrowed("ledger.step", {"ledger.event": "SELECT * FROM taken"})
    consumption = narrowed("ledger.consumption", {
        "ledger.intent": intents("SELECT action FROM taking"), "ledger.step": steps_of_taken,
    })  # fmt: skip
    return f"""
WITH taking AS MATERIALIZED (
    SELECT DISTINCT action FROM ledger.action WHERE consumed_of IN ({of})
),
taken AS MATERIALIZED (  -- what else an event says is not asked for
    SELECT
        action, step, event, number, noted_at, seq,
        NULL AS status, NULL AS answer, NULL AS note
    FROM ledger.event
    WHERE action IN (SELECT action FROM taking)
)
SELECT * FROM {consumption}
"""


def _pending(of: str) -> str:
    """``fortnox.pending_payment`` of these invoices."""
    unbooked = f"{_among('fortnox.invoice_payment', 'InvoiceNumber', of)} AND NOT Booked"
    numbers = f"SELECT Number FROM ({unbooked})"
    return narrowed("fortnox.pending_payment", {
        "fortnox.invoice_payment": unbooked,
        "fortnox.invoice_payment_detail":
            _among("fortnox.invoice_payment_detail", "Number", numbers),
        "ledger.step": steps(f"SELECT action FROM ledger.event WHERE number IN ({numbers})"),
    })  # fmt: skip


# What ``line_view`` reads: the lines of the batches and what others have of the same transactions;
# of these those of transactions in several batches, and those whose money may have gone both ways;
# the actions that deliver the former, what each line may settle, and the actions for that.
LINES_WITH = """
settled AS MATERIALIZED (
    SELECT DISTINCT PaymentTransactionId FROM qliro.settlement_line
    WHERE Id IN (SELECT Id FROM asked)
),
other AS MATERIALIZED (  -- few, and told by two columns: their lines are not looked for among all
    SELECT DISTINCT Id FROM qliro.settlement_line
    WHERE PaymentTransactionId IN (SELECT PaymentTransactionId FROM settled)
      AND Id NOT IN (SELECT Id FROM asked)
),
near_line AS MATERIALIZED (
    SELECT * FROM qliro.settlement_line WHERE Id IN (SELECT Id FROM asked)
    UNION ALL
    SELECT * FROM qliro.settlement_line
    WHERE Id IN (SELECT Id FROM other)
      AND PaymentTransactionId IN (SELECT PaymentTransactionId FROM settled)
),
repeated_line AS MATERIALIZED (
    SELECT line FROM near_line
    WHERE PaymentTransactionId IN (
        SELECT PaymentTransactionId FROM near_line
        GROUP BY PaymentTransactionId
        HAVING min(Id) <> max(Id)
    )
),
turned_line AS MATERIALIZED (
    SELECT line FROM near_line
    WHERE PaymentTransactionId IN (
        SELECT PaymentTransactionId FROM near_line
        GROUP BY PaymentTransactionId
        HAVING min(Action) <> max(Action) OR min(Amount) < 0 AND max(Amount) > 0
    )
),
delivering AS MATERIALIZED (
    SELECT action
    FROM (SELECT action, unnest(list_concat(covers, moves)) AS line FROM ledger.action)
    WHERE line IN (SELECT line FROM repeated_line)
),
own_source AS MATERIALIZED (
    SELECT nullif(OrderId, 0) || '/' || nullif(PaymentTransactionId, 0) AS source FROM near_line
    UNION
    SELECT source FROM qliro.documented
    WHERE PaymentTransactionId IN (SELECT PaymentTransactionId FROM near_line)
),
documenting AS MATERIALIZED (
    SELECT action FROM ledger.action WHERE source IN (SELECT source FROM own_source)
)"""


def line_view() -> str:
    """``qliro.line_view`` of batches and of what others have of their transactions, which decides
    with them; their ids stand in ``asked``, and ``LINES_WITH`` before it."""
    documents = narrowed("ledger.document_of", {
        "ledger.action": _among("ledger.action", "action", "SELECT action FROM documenting"),
        "ledger.step": steps("SELECT action FROM documenting"),
    })  # fmt: skip
    return narrowed("qliro.line_view", {
        "qliro.settlement_line": "SELECT * FROM near_line",
        "ledger.delivered_line": narrowed("ledger.delivered_line", {
            "ledger.action": _among("ledger.action", "action", "SELECT action FROM delivering"),
            "ledger.step": steps("SELECT action FROM delivering"),
        }),
        "ledger.line_state": _among("ledger.line_state", "line", "SELECT line FROM turned_line"),
        "ledger.document_of": documents,
        "fortnox.invoice": _among(
            "fortnox.invoice", "DocumentNumber", f"SELECT DocumentNumber FROM {documents}"
        ),
    })  # fmt: skip


def _among(table: str, column: str, of: str) -> str:
    return f"SELECT * FROM {table} WHERE {column} IN ({of})"
