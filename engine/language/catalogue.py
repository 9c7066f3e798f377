"""The entities that a mapping may name and their columns, read from the tables' own DDL.

``VIEW_COLUMNS`` are the columns that the views over those tables add; a test holds the two
against each other. ``ADDED`` has what each of them holds, for docs/columns.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import ddl, known
from .kinds import BOOLEAN, DATE, DECIMAL, INTEGER, SCALARS, TEXT, TIMESTAMP, Type

Catalogue = Mapping[str, Mapping[str, Type]]

# Columns that the views of the stages add to the stored ones, by entity, and what each holds; one
# without a word holds what the API calls so.
ADDED: Mapping[str, Mapping[str, tuple[Type, str]]] = {
    "qliro.settlement_line": {
        "payout": (TEXT, "of its batch"),
        "BatchDate": (DATE, "of its batch"),
        "BatchFxRate": (DECIMAL, "of its batch"),
        "BatchFxCurrencyCode": (TEXT, "of its batch"),
        "settles": (TEXT, "id of the line that a fee belongs to"),
        "settled_method": (TEXT, "that line's payment method"),
        "resolution": (TEXT, "what a person decided: suspense, ignore, …"),
        "decided": (TEXT, "the same of this very line, not of the one that a fee belongs to"),
        "chosen_invoice": (TEXT, "the invoice that a person chose"),
        "FortnoxRate": (DECIMAL, "Fortnox's rate of the day"),
        "own_source": (TEXT, "the capture or refund that it settles"),
        "own_document": (TEXT, "the document of that, made or taken over, which stands"),
        "settled_before": (INTEGER, "the earlier batch that settled the same transaction"),
        "opposite": (TEXT, "the line of the same transaction and amount that goes the other way"),
        "opposite_action": (TEXT, "of that line"),
        "opposite_amount": (DECIMAL, "of that line"),
        "opposite_batch": (INTEGER, "of that line"),
        "opposite_document": (TEXT, "what that line was booked as, where it was"),
        "paid_before": (TEXT, "the line that this one pays again, after it was taken back"),
        "paid_before_document": (TEXT, "what that line was booked as, where it was"),
        "given_back": (TEXT, "the line that took it back"),
        "given_back_batch": (INTEGER, "of that line"),
        "paid_again": (TEXT, "the line that pays again what this one took back"),
        "paid_again_batch": (INTEGER, "of that line"),
    },
    "qliro.payout": {
        "payout": (TEXT, "what it is told by, as settings.payouts says"),
        "BatchDate": (DATE, ""),
        "CurrencyCode": (TEXT, ""),
        "AcquirerName": (TEXT, ""),
        "batches": (TEXT, "the ids of its batches"),
        "lines": (INTEGER, "how many"),
        "TotalAmount": (DECIMAL, ""),
        "TotalFeeAmount": (DECIMAL, ""),
        "FxTotalAmount": (DECIMAL, ""),
        "FxCurrencyCode": (TEXT, ""),
    },
    "fortnox.invoice": {
        "open_balance": (DECIMAL, "the balance less what is planned and not yet in Fortnox"),
        "YourOrderNumber": (TEXT, ""),
        "OurReference": (TEXT, ""),
        "YourReference": (TEXT, ""),
        "OrderReference": (TEXT, ""),
        "CreditInvoiceReference": (TEXT, ""),
        "Credit": (BOOLEAN, ""),
        "VATIncluded": (BOOLEAN, ""),
        "unread": (BOOLEAN, "its page was not read since it was listed"),
        "label": (TEXT, "the capture or refund whose identity it carries"),
        "credited": (BOOLEAN, "it has a credit invoice"),
    },
    "qliro.order": {
        "payment": (TEXT, "secured, cancelled, waiting, refused"),
        "DeliveryCountry": (TEXT, ""),
        "OrderDate": (DATE, ""),
        "SecuredAt": (TIMESTAMP, ""),
        "authorised": (DECIMAL, "what is reserved or taken now, without what was replaced"),
        "captured": (DECIMAL, "what was taken"),
        "refunded": (DECIMAL, "what was given back"),
        "reversed": (DECIMAL, "what was let go of what was reserved"),
        "remaining": (DECIMAL, "authorised and neither captured nor reversed"),
        "total": (DECIMAL, "of its lines"),
        "lines": (INTEGER, "how many"),
        "captures": (INTEGER, "how many"),
        "refunds": (INTEGER, "how many"),
        "unread": (BOOLEAN, "this program has changed it since it was read"),
        "twins": (INTEGER, "other paid orders with the same reference"),
        "placed_customer": (TEXT, "of the Fortnox order that somebody else made of it"),
        "retried": (BOOLEAN, "a person said that it is to be tried again"),
    },
    "qliro.capture": {
        "problem": (TEXT, "why its order can't be read"),
        "ours": (BOOLEAN, "this program asked for it"),
        "invoiced_as": (TEXT, "the mapping under which its invoice was made or begun last"),
        "invoice_number": (TEXT, "of that invoice, once it stands"),
        "let_go": (BOOLEAN, "a person cancelled that invoice, and wants a new one"),
        "placed_customer": (TEXT, "of the Fortnox order that somebody else made of its order"),
        "chosen_invoice": (TEXT, "the invoice that a person chose"),
        "ignored": (BOOLEAN, "a person set it aside"),
    },
    "qliro.refund": {
        "problem": (TEXT, "why its order can't be read"),
        "chosen_invoice": (TEXT, "the credit invoice that a person chose"),
        "ignored": (BOOLEAN, "a person set it aside"),
        "let_go": (BOOLEAN, "a person cancelled its credit invoice, and wants a new one"),
    },
    "fortnox.order": {
        "InvoiceReference": (TEXT, ""),
        "TermsOfPayment": (TEXT, ""),
        "YourOrderNumber": (TEXT, ""),
        "OurReference": (TEXT, ""),
        "YourReference": (TEXT, ""),
        "DeliveryState": (TEXT, ""),
        "OrderId": (INTEGER, "Qliro's, of an order that this program made"),
        "made_for": (TEXT, "the same, to look it up by"),
        "unread": (BOOLEAN, "its page was not read since it was listed"),
        "gone": (BOOLEAN, "its page was not there when it was asked for last"),
        "invoice_booked": (BOOLEAN, "its invoice is booked"),
    },
    "fortnox.sent_row": {
        "row": (TEXT, "its id"),
        "OrderId": (INTEGER, "Qliro's"),
        "position": (INTEGER, "from 1"),
        "ArticleNumber": (TEXT, ""),
        "Description": (TEXT, ""),
        "OrderedQuantity": (TEXT, "as it was written"),
        "Quantity": (DECIMAL, "the same as a number"),
        "Price": (DECIMAL, ""),
        "AccountNumber": (INTEGER, ""),
        "VAT": (DECIMAL, "percent; null where a code was sent"),
        "VATCode": (TEXT, ""),
    },
    "fortnox.customer": {
        "organisation": (TEXT, "OrganisationNumber without blanks and hyphens"),
        "email_address": (TEXT, "Email in small letters"),
        "unread": (BOOLEAN, "its page was not read since it was listed"),
    },
    "fortnox.order_row": {
        "OrderId": (INTEGER, "Qliro's, of an order that this program made"),
        "undelivered": (BOOLEAN, "less of it was delivered than ordered"),
    },
}


VIEW_COLUMNS: Catalogue = {
    entity: {name: type_ for name, (type_, _) in columns.items()}
    for entity, columns in ADDED.items()
}

# The column that names a row: what a document covers and moves is told by it.
ID_COLUMNS: Mapping[str, str] = {
    "qliro.settlement_line": "line",
    "qliro.payout": "payout",
    "qliro.settlement_batch": "Id",
    "qliro.order": "OrderId",
    "qliro.order_line": "line",
    "qliro.capture": "capture",
    "qliro.capture_line": "line",
    "qliro.refund": "refund",
    "qliro.refund_line": "line",
    "qliro.reversal": "reversal",
    "fortnox.invoice": "DocumentNumber",
    "fortnox.invoice_payment": "Number",
    "fortnox.order": "DocumentNumber",
    "fortnox.order_row": "position",
    "fortnox.sent_row": "row",
    "fortnox.customer": "CustomerNumber",
    "fortnox.article": "ArticleNumber",
}

_TYPES = {
    "VARCHAR": "text",
    "BIGINT": "integer",
    "INTEGER": "integer",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMPTZ": "timestamp",
}

def catalogue_from_ddl(sql: str, more: Catalogue = VIEW_COLUMNS) -> Catalogue:
    """Entity → column → type of the tables that ``sql`` creates, and the columns of ``more``."""
    result: dict[str, dict[str, Type]] = {}
    for entity, declared in sorted(ddl.tables(sql).items()):
        if entity.startswith(("qliro.", "fortnox.")):
            result[entity] = {
                name: known.typed(entity, name, _type_of(one.type), optional=one.optional)
                for name, one in sorted(declared.items())
            }
    for entity, columns in more.items():
        added = {name: known.typed(entity, name, type_) for name, type_ in columns.items()}
        result.setdefault(entity, {}).update(added)
    return result


def _type_of(data_type: str) -> Type:
    if data_type.endswith("[]"):
        return SCALARS["list"]
    if data_type.startswith("DECIMAL"):
        return DECIMAL
    return SCALARS[_TYPES.get(data_type, "any")]
