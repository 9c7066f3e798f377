"""Fortnox's lists: searches, filters, changes since, pages; and its small registers.

It reads a request's query and the world and writes nothing. Lists are cut into pages before
anything is rendered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any, Final, Protocol, TypeVar

from ..world.exchange import Request, Response, answered, parameters
from ..world.world import STOCKHOLM, Invoice, Order, Voucher, VoucherKey, World, year_of
from . import shapes
from .fields import SERIES, RefusedError
from .register_shapes import year_item

_GLOBAL: Final = frozenset(
    [
        "page",
        "limit",
        "offset",
        "sortby",
        "sortorder",
        "lastmodified",
        "fromdate",
        "todate",
        "financialyear",
    ]
)
_INVOICE_TEXTS: Final[dict[str, Callable[[Invoice], str]]] = {
    "yourordernumber": lambda i: i.your_order_number,
    "ourreference": lambda i: i.our_reference,
    "yourreference": lambda i: i.your_reference,
    "externalinvoicereference1": lambda i: i.external1,
    "externalinvoicereference2": lambda i: i.external2,
    "ocr": lambda i: i.ocr,
    "documentnumber": lambda i: str(i.number),
    "customername": lambda i: i.customer_name,
    "customernumber": lambda i: i.customer_number,
    "currency": lambda i: i.currency,
    "credit": lambda i: "true" if i.credit else "false",
}
_INVOICE_FILTERS: Final[dict[str, Callable[[Invoice, date], bool]]] = {
    "cancelled": lambda i, today: i.cancelled,
    "fullypaid": lambda i, today: i.booked and i.balance == 0,
    "unpaid": lambda i, today: i.booked and i.balance != 0,
    "unpaidoverdue": lambda i, today: i.booked and i.balance != 0 and i.due < today,
    "unbooked": lambda i, today: not i.booked and not i.cancelled,
}
_ORDER_TEXTS: Final[dict[str, Callable[[Order], str]]] = {
    "documentnumber": lambda o: str(o.number),
    "externalinvoicereference1": lambda o: o.external1,
    "externalinvoicereference2": lambda o: o.external2,
    "ourreference": lambda o: o.our_reference,
    "yourreference": lambda o: o.your_reference,
    "customername": lambda o: o.customer_name,
    "customernumber": lambda o: o.customer_number,
}
_ORDER_FILTERS: Final[dict[str, Callable[[Order, date], bool]]] = {
    "cancelled": lambda o, today: o.cancelled,
    "expired": lambda o, today: False,
    "invoicecreated": lambda o, today: o.invoice != 0,
    "invoicenotcreated": lambda o, today: o.invoice == 0,
}


class Modified(Protocol):
    """What a list can filter by change."""

    @property
    def modified(self) -> datetime: ...


M = TypeVar("M", bound=Modified)
T = TypeVar("T")


def query_of(request: Request, own: Iterable[str] = ()) -> dict[str, str]:
    """The query's parameters, each once and known, a filter by itself. Several search fields must
    all fit: the official page speaks of one at a time, and two are answered (recorded, 2023)."""
    found = {name: values[0] for name, values in parameters(request.query).items()}
    specific = {name for name in found if name not in _GLOBAL}
    if not specific <= set(own) or ("filter" in specific and len(specific) > 1):
        raise RefusedError(2000588, "Ogiltig parameter i anropet.")
    return found


def whole(query: dict[str, str], name: str, default: int) -> int:
    """A whole number of the query."""
    value = query.get(name)
    if value is None:
        return default
    if not value.isdecimal():
        raise RefusedError(2000588, "Ogiltig parameter i anropet.")
    return int(value)


def day(query: dict[str, str], name: str) -> date | None:
    """A date of the query."""
    try:
        return date.fromisoformat(query[name]) if query.get(name) else None
    except ValueError:
        raise RefusedError(2000588, "Ogiltig parameter i anropet.") from None


def changed(items: Iterable[M], query: dict[str, str]) -> Iterable[M]:
    """Those changed in or after the minute of ``lastmodified``, Swedish local time."""
    since = query.get("lastmodified")
    if not since:
        return items
    try:
        moment = datetime.strptime(since, "%Y-%m-%d %H:%M").replace(tzinfo=STOCKHOLM)
    except ValueError:
        raise RefusedError(2000588, "Ogiltig parameter i anropet.") from None
    return (item for item in items if item.modified >= moment)


def page(
    key: str, items: Iterable[T], query: dict[str, str], render: Callable[[T], dict[str, Any]]
) -> Response:
    """One page of a list, with how much there is in all."""
    everything = items if isinstance(items, list) else list(items)
    if query.get("sortorder") == "descending":
        everything = everything[::-1]
    limit = min(max(whole(query, "limit", 100), 1), 500)
    page = max(whole(query, "page", 1), 1)
    start = (page - 1) * limit + whole(query, "offset", 0)
    total = len(everything)
    content = {
        "MetaInformation": {
            "@TotalResources": total,
            "@TotalPages": -(-total // limit),
            "@CurrentPage": page,
        },
        key: [render(item) for item in everything[start : start + limit]],
    }
    return answered(content)


def invoices(world: World, request: Request) -> Response:
    """``GET /3/invoices``."""
    query = query_of(request, [*_INVOICE_TEXTS, "filter"])
    found: Iterable[Invoice] = changed(world.invoices.values(), query)
    first, last = day(query, "fromdate"), day(query, "todate")
    if first or last:
        found = (i for i in found if (first or i.day) <= i.day <= (last or i.day))
    if "filter" in query:
        wanted = _INVOICE_FILTERS.get(query["filter"])
        if wanted is None:
            raise RefusedError(2000587, "Ett ogiltigt filter har använts.")
        today = world.today()
        found = (i for i in found if wanted(i, today))
    for name, text in _INVOICE_TEXTS.items():
        if query.get(name):
            needle = query[name].casefold()
            found = [i for i in found if needle in text(i).casefold()]
    return page("Invoices", found, query, shapes.invoice_item)


def orders(world: World, request: Request) -> Response:
    """``GET /3/orders``."""
    query = query_of(request, [*_ORDER_TEXTS, "filter"])
    found: Iterable[Order] = changed(world.orders.values(), query)
    first, last = day(query, "fromdate"), day(query, "todate")
    if first or last:
        found = (o for o in found if (first or o.day) <= o.day <= (last or o.day))
    if "filter" in query:
        wanted = _ORDER_FILTERS.get(query["filter"])
        if wanted is None:
            raise RefusedError(2000587, "Ett ogiltigt filter har använts.")
        today = world.today()
        found = (o for o in found if wanted(o, today))
    for name, text in _ORDER_TEXTS.items():
        if query.get(name):
            needle = query[name].casefold()
            found = [o for o in found if needle in text(o).casefold()]
    return page("Orders", found, query, shapes.order_item)


def payments(world: World, request: Request) -> Response:
    """``GET /3/invoicepayments``."""
    query = query_of(request, ["invoicenumber"])
    if "invoicenumber" in query:
        numbers = world.payments_of.get(whole(query, "invoicenumber", 0), [])
        found = changed([world.payments[number] for number in numbers], query)
    else:
        found = changed(world.payments.values(), query)
    return page("InvoicePayments", found, query, shapes.payment_item)


def vouchers(world: World, request: Request, series: str | None, current: bool) -> Response:
    """Vouchers of a series (None: all), of one financial year, or of the current one only."""
    query = query_of(request, ["voucherseries", "costcenter"])
    series = series or query.get("voucherseries")
    year = whole(query, "financialyear", 0)
    if current and not year:
        preselected = year_of(world, world.today())
        year = preselected.id if preselected else 0
    first, last = day(query, "fromdate"), day(query, "todate")
    found: Iterable[Voucher] = changed(world.vouchers.values(), query)
    if "costcenter" in query:
        centre = query["costcenter"]
        found = (v for v in found if any(row.cost_center == centre for row in v.rows))
    found = [
        v
        for v in found
        if (not series or v.key.series == series)
        and (not year or v.key.year == year)
        and (first or v.day) <= v.day <= (last or v.day)
    ]
    return page("Vouchers", found, query, shapes.voucher_item)


def voucher(world: World, request: Request, series: str, number: str) -> Response:
    """``GET /3/vouchers/{series}/{number}``, of the current year unless it says which."""
    query = query_of(request)
    current = year_of(world, world.today())
    year = whole(query, "financialyear", current.id if current else 0)
    key = VoucherKey(series, int(number) if number.isdecimal() else 0, year)
    if key in world.vouchers:
        return answered({"Voucher": shapes.voucher_document(world.vouchers[key])})
    raise RefusedError(SERIES, "Kan inte hitta verifikatet.", 404)


def years(world: World, request: Request) -> Response:
    """``GET /3/financialyears``."""
    query = {name.lower(): values[0] for name, values in parameters(request.query).items()}
    wanted = day(query, "date")
    found = [y for y in world.years.values() if wanted is None or y.first <= wanted <= y.last]
    return page("FinancialYears", found, query, year_item)


def found_in(register: dict[int, T], number: str, code: int, message: str) -> T:
    """What a register holds under a number; 404 with this code where it holds nothing."""
    item = register.get(int(number)) if number.isdecimal() else None
    if item is None:
        raise RefusedError(code, message, 404)
    return item
