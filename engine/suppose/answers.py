"""What Fortnox would show of a document that is to be made, changed or booked.

Pure: reads an action and what is known of the documents that it is about; gives pages as Fortnox
answers with them, as far as staging reads them. What Fortnox fills in by itself and nobody can know
beforehand is null, as in an answer that does not say it; a total that can't be foreseen is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ..language.foreseen import foreseen
from ..store.ledger import Action
from ..transport.answers import differences
from .standing import Page

# Types of customers from whose rows Fortnox takes the VAT off (schemas/documents/fortnox.customer).
WITHOUT_VAT = ("SEREVERSEDVAT", "EUREVERSEDVAT", "EXPORT")
# References that an invoice has from the order that it was made of.
OF_ORDER = ("CustomerNumber", "Currency", "TermsOfPayment", "ExternalInvoiceReference1",
            "ExternalInvoiceReference2", "OurReference", "YourReference",
            "YourOrderNumber", "VATIncluded")  # fmt: skip
ROW = ("RowId", "ArticleNumber", "AccountNumber", "Description", "DeliveredQuantity", "Price",
       "Discount", "DiscountType", "VAT", "Unit")  # fmt: skip
NONE = Decimal(0)


class UnforeseenError(Exception):
    """What Fortnox would make of a document can't be known; the text says why."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: the endpoint that it comes from, its path, and what stands in it."""

    endpoint: str
    path: str
    wrapper: str
    page: Page


@dataclass(slots=True)
class Known:
    """What is known of what stands: customers' VAT types, orders and invoices by number, and in
    which currencies totals are rounded to whole kronor. ``own`` is the books' currency, ``today``
    the day that Fortnox dates what it makes by itself."""

    own: str
    today: str
    whole: Callable[[str | None], bool]
    vat_types: dict[str, str | None] = field(default_factory=dict)
    orders: dict[str, Page] = field(default_factory=dict)
    invoices: dict[str, Page] = field(default_factory=dict)


def shown(action: Action, number: str, known: Known) -> list[Shown]:
    """The pages that change by an action whose document gets or has that number; none of a document
    that is known by the ledger alone. Raises UnforeseenError."""
    made = MAKERS.get(action.target)
    if made is None or (action.adopted and not action.document):  # it is shown as it stands
        return []
    return made(action, number, known)


def _customer(action: Action, number: str, known: Known) -> list[Shown]:
    page = {"VATType": "SEVAT", **action.document, "CustomerNumber": number, "Active": True}
    known.vat_types[number] = page["VATType"]
    return [Shown("customer", f"/3/customers/{number}", "Customer", page)]


def _article(action: Action, number: str, _known: Known) -> list[Shown]:
    page = {**action.document, "ArticleNumber": number, "Active": True}
    return [Shown("article", f"/3/articles/{number}", "Article", page)]


def _order(action: Action, number: str, known: Known) -> list[Shown]:
    page = {
        "OrderType": "Order", "DeliveryState": "registration", **action.document,
        "DocumentNumber": number, "Cancelled": False, "Sent": False, "InvoiceReference": "0",
    }  # fmt: skip
    if action.adopted:  # what stands is left as it is but for what is still to be done
        page = known.orders.get(number, page)
    return [_summed_order(action, page, known)]


def _summed_order(action: Action, page: Page, known: Known) -> Shown:
    number = page["DocumentNumber"]
    _sum(action, page, page["OrderRows"], known)
    known.orders[number] = page
    return Shown("fortnox_order", f"/3/orders/{number}", "Order", page)


def _changed_order(action: Action, number: str, known: Known) -> list[Shown]:
    page = _of(known.orders, number, "order")
    rows = [{"ArticleNumber": None, **row} for row in action.document["OrderRows"]]
    return [_summed_order(action, {**page, "OrderRows": rows}, known)]


def _cancelled_order(_action: Action, number: str, known: Known) -> list[Shown]:
    page = {**_of(known.orders, number, "order"), "Cancelled": True}
    known.orders[number] = page
    return [Shown("fortnox_order", f"/3/orders/{number}", "Order", page)]


def _invoice(action: Action, number: str, known: Known) -> list[Shown]:
    if action.adopted and number in known.invoices:
        return [_finished(action, known.invoices[number], known)]
    page = {**BLANK, **action.document, "DocumentNumber": number}
    _sum(action, page, page["InvoiceRows"], known)
    if page["Total"] < NONE:
        page["Credit"] = "true"
    return [_finished(action, page, known)]


def _invoice_of_order(action: Action, number: str, known: Known) -> list[Shown]:
    order = _of(known.orders, str(action.document["OrderNumber"]), "order")
    if order["VATIncluded"] is None:
        raise UnforeseenError(
            f"whether the prices of order {order['DocumentNumber']} hold VAT is not known: this "
            "program did not make it"
        )
    edit = action.document if "edit" in action.then else {}
    page = {
        **BLANK, "InvoiceDate": known.today, **{name: order.get(name) for name in OF_ORDER},
        **{name: value for name, value in edit.items() if name != "OrderNumber"},
        "DocumentNumber": number, "OrderReference": order["DocumentNumber"],
        "Total": order["Total"], "RoundOff": order["RoundOff"],
        "InvoiceRows": [{name: row.get(name) for name in ROW} for row in order["OrderRows"]],
    }  # fmt: skip
    _agreed(action, page)
    told = {**order, "InvoiceReference": number}
    known.orders[order["DocumentNumber"]] = told
    path = f"/3/orders/{order['DocumentNumber']}"
    return [Shown("fortnox_order", path, "Order", told), _finished(action, page, known)]


def _credit_invoice(action: Action, number: str, known: Known) -> list[Shown]:
    original = _of(known.invoices, str(action.document["InvoiceNumber"]), "invoice")
    page = {
        **original, **action.document, "DocumentNumber": number, "Credit": "true",
        "CreditInvoiceReference": original["DocumentNumber"], "Cancelled": False, "OCR": None,
        "FinalPayDate": None, "OrderReference": original.get("OrderReference"),
    }  # fmt: skip
    page.pop("InvoiceNumber", None)
    _sum(action, page, page["InvoiceRows"], known)
    named = {**original, "CreditInvoiceReference": number, "Credit": "false"}
    known.invoices[original["DocumentNumber"]] = named
    path = f"/3/invoices/{original['DocumentNumber']}"
    return [Shown("invoice", path, "Invoice", named), _finished(action, page, known)]


def _finished(action: Action, page: Page, known: Known) -> Shown:
    """An invoice after the steps that follow its creation."""
    number = page["DocumentNumber"]
    if page.get("Currency") == known.own:
        page = {"CurrencyRate": 1, "CurrencyUnit": 1, **page}
    page = {**page, "Booked": bool(page.get("Booked")) or "bookkeep" in action.then}
    page.setdefault("Balance", page["Total"])
    page.setdefault("TotalToPay", page["Total"])
    known.invoices[number] = page
    return Shown("invoice", f"/3/invoices/{number}", "Invoice", page)


BLANK = {
    "Cancelled": False, "Booked": False, "Credit": "false", "CreditInvoiceReference": "0",
    "OrderReference": "0", "InvoiceType": "INVOICE",
}  # fmt: skip


def _of(pages: Mapping[str, Page], number: str, called: str) -> Page:
    page = pages.get(number)
    if page is None:
        raise UnforeseenError(f"{called} {number} was not read yet")
    return page


def _sum(action: Action, page: Page, rows: Iterable[Mapping[str, Any]], known: Known) -> None:
    """Give a page the total that Fortnox makes of its rows. Raises UnforeseenError."""
    taxed = known.vat_types.get(str(page.get("CustomerNumber"))) not in WITHOUT_VAT
    given = [
        {
            "quantity": Decimal(str(row.get("DeliveredQuantity", 0))),
            "price": Decimal(str(row.get("Price", 0))),
            "vat": row.get("VAT"),
            "vat_code": row.get("VATCode"),
        }
        for row in rows
    ]
    included = page.get("VATIncluded")
    found = foreseen(given, included, taxed, known.whole(page.get("Currency")))
    if found["Total"] is None:
        raise UnforeseenError(f"its total can't be foreseen: {found['unknown']}")
    page |= {"Total": found["Total"], "TotalVAT": found["VAT"], "RoundOff": found["RoundOff"]}
    page |= {"Balance": found["Total"], "TotalToPay": found["Total"]}
    _agreed(action, page)


def _agreed(action: Action, page: Page) -> None:
    """Hold what is foreseen against what it must be before anything follows."""
    must = {name: wanted for name, wanted in (action.facts.get("confirm") or {}).items()
            if page.get(name) is not None}  # fmt: skip
    if wrong := differences(page, must, {}):
        raise UnforeseenError(f"it would be left to a person: {wrong}")


MAKERS: Mapping[str, Callable[[Action, str, Known], list[Shown]]] = {
    "fortnox.customer": _customer,
    "fortnox.article": _article,
    "fortnox.order": _order,
    "fortnox.order_change": _changed_order,
    "fortnox.order_cancellation": _cancelled_order,
    "fortnox.invoice": _invoice,
    "fortnox.order_invoice": _invoice_of_order,
    "fortnox.credit_invoice": _credit_invoice,
}
