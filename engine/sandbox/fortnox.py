"""Fortnox's API as far as payouts use it: paths, lists, searches, tokens and the rate limit.

It reads a request and the world and answers as the real API does, quirks included; what changes
the books is in ``fortnox_writes``. Lists are cut into pages before anything is rendered.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import unquote

from engine.sandbox import fortnox_shapes as shapes
from engine.sandbox import fortnox_writes as writes
from engine.sandbox.exchange import Request, Response, answered, encoded, parameters
from engine.sandbox.fortnox_writes import RefusedError, refusal
from engine.sandbox.world import STOCKHOLM, Invoice, Order, Voucher, VoucherKey, World, year_of

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
_SCOPES: Final = {
    "invoices": "invoice",
    "invoicepayments": "payment",
    "orders": "order",
    "vouchers": "bookkeeping",
    "accounts": "bookkeeping",
    "voucherseries": "bookkeeping",
    "financialyears": "bookkeeping",
    "settings": "settings",
    "modesofpayments": "settings",
    "predefinedaccounts": "settings",
    "companyinformation": "companyinformation",
    "currencies": "currency",
}


class Modified(Protocol):
    """What a list can filter by change."""

    @property
    def modified(self) -> datetime: ...


M = TypeVar("M", bound=Modified)
T = TypeVar("T")


def answer(world: World, request: Request) -> Response:
    """Fortnox's answer to a request under ``/3`` or to its token endpoint."""
    if request.path == "/oauth-v1/token":
        return _token(world, request)
    if world.access.required and not _let_in(world, request):
        return Response(401, b'{"message":"unauthorized"}')
    if rate_exceeded(world):
        return Response(429)
    parts = [unquote(part) for part in request.path.split("/")[2:]]
    try:
        _may(world, parts[0])
        return _routed(world, request, parts)
    except RefusedError as refused:
        return refusal(refused)


def _let_in(world: World, request: Request) -> bool:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    expires = world.access.tokens.get(token)
    return scheme == "Bearer" and expires is not None and world.now() < expires


def _may(world: World, resource: str) -> None:
    scope = _SCOPES.get(resource)
    if scope in world.access.unlicensed:
        raise RefusedError(2001101, "Det finns ingen aktiv licens för önskat scope")
    if scope is not None and scope not in world.access.scopes:
        raise RefusedError(2000663, "Har inte behörighet för scope")


def rate_exceeded(world: World) -> bool:
    """Whether the sliding window is full; if not, this request is counted in it."""
    limits, window = world.limits, world.window
    if limits.rate_limit is None:
        return False
    now = time.monotonic() if limits.rate_clock == "real" else world.now().timestamp()
    while window and window[0] <= now - limits.rate_window_seconds:
        window.popleft()
    if len(window) >= limits.rate_limit:
        return True
    window.append(now)
    return False


# -- tokens ---------------------------------------------------------------------------------------


def issue_token(world: World) -> str:
    """A new access token, good for an hour of the world's time; its claims name the tenant."""
    access = world.access
    access.issued += 1
    claims = {"tenantId": int(access.tenant_id), "jti": access.issued}
    token = ".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=").decode()
        for part in (b'{"alg":"none"}', encoded(claims), b"sandbox")
    )
    access.tokens[token] = world.now() + timedelta(seconds=3600)
    return token


def _oauth_error(status: int, error: str, description: str) -> Response:
    return answered({"error": error, "error_description": description}, status)


def _token(world: World, request: Request) -> Response:
    access = world.access
    try:
        pair = base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic "))
    except binascii.Error:
        pair = b""
    if pair != f"{access.client_id}:{access.client_secret}".encode():
        return _oauth_error(401, "invalid_client", "Client credentials are invalid")
    form = {k: v[0] for k, v in parameters(request.body.decode("utf-8", "replace")).items()}
    rotated: dict[str, object] = {}
    match form.get("grant_type"):
        case "client_credentials":
            if request.headers.get("tenantid") != access.tenant_id:
                return _oauth_error(400, "invalid_grant", "No consent for this tenant")
        case "refresh_token" | "authorization_code" as grant:
            if grant == "refresh_token" and form.get("refresh_token") != access.refresh_token:
                return _oauth_error(400, "invalid_grant", "Invalid refresh token")
            if grant == "authorization_code" and form.get("code") not in access.codes:
                return _oauth_error(400, "invalid_grant", "Invalid authorization code")
            access.codes.discard(form.get("code", ""))
            access.refresh_token = f"sandbox-refresh-{access.issued + 2}"
            rotated = {"refresh_token": access.refresh_token}
        case _:
            return _oauth_error(400, "unsupported_grant_type", "Unsupported grant type")
    content = {
        "access_token": issue_token(world),
        **rotated,
        "scope": " ".join(sorted(access.scopes)),
        "expires_in": 3600,
        "token_type": "bearer",
    }
    return answered(content, effect="token issued")


# -- lists ----------------------------------------------------------------------------------------


def _query(request: Request, own: Iterable[str] = ()) -> dict[str, str]:
    """The query's parameters, each once and known, at most one of the resource's own."""
    found = {name: values[0] for name, values in parameters(request.query).items()}
    specific = [name for name in found if name not in _GLOBAL]
    if len(specific) > 1 or not set(specific) <= set(own):
        raise RefusedError(2000588, "Ogiltig parameter i anropet.")
    return found


def _whole(query: dict[str, str], name: str, default: int) -> int:
    value = query.get(name)
    if value is None:
        return default
    if not value.isdecimal():
        raise RefusedError(2000588, "Ogiltig parameter i anropet.")
    return int(value)


def _day(query: dict[str, str], name: str) -> date | None:
    try:
        return date.fromisoformat(query[name]) if query.get(name) else None
    except ValueError:
        raise RefusedError(2000588, "Ogiltig parameter i anropet.") from None


def _changed(items: Iterable[M], query: dict[str, str]) -> Iterable[M]:
    """Those changed in or after the minute of ``lastmodified``, Swedish local time."""
    since = query.get("lastmodified")
    if not since:
        return items
    try:
        moment = datetime.strptime(since, "%Y-%m-%d %H:%M").replace(tzinfo=STOCKHOLM)
    except ValueError:
        raise RefusedError(2000588, "Ogiltig parameter i anropet.") from None
    return (item for item in items if item.modified >= moment)


def _page(
    key: str, items: Iterable[T], query: dict[str, str], render: Callable[[T], dict[str, Any]]
) -> Response:
    everything = items if isinstance(items, list) else list(items)
    if query.get("sortorder") == "descending":
        everything = everything[::-1]
    limit = min(max(_whole(query, "limit", 100), 1), 500)
    page = max(_whole(query, "page", 1), 1)
    start = (page - 1) * limit + _whole(query, "offset", 0)
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


def _invoices(world: World, request: Request) -> Response:
    query = _query(request, [*_INVOICE_TEXTS, "filter"])
    found: Iterable[Invoice] = _changed(world.invoices.values(), query)
    first, last = _day(query, "fromdate"), _day(query, "todate")
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
    return _page("Invoices", found, query, shapes.invoice_item)


def _orders(world: World, request: Request) -> Response:
    query = _query(request, [*_ORDER_TEXTS, "filter"])
    found: Iterable[Order] = _changed(world.orders.values(), query)
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
    return _page("Orders", found, query, shapes.order_item)


def _payments(world: World, request: Request) -> Response:
    query = _query(request, ["invoicenumber"])
    if "invoicenumber" in query:
        numbers = world.payments_of.get(_whole(query, "invoicenumber", 0), [])
        found = _changed([world.payments[number] for number in numbers], query)
    else:
        found = _changed(world.payments.values(), query)
    return _page("InvoicePayments", found, query, shapes.payment_item)


def _vouchers(world: World, request: Request, series: str | None, current: bool) -> Response:
    """Vouchers of a series (None: all), of one financial year, or of the current one only."""
    query = _query(request, ["voucherseries", "costcenter"])
    series = series or query.get("voucherseries")
    year = _whole(query, "financialyear", 0)
    if current and not year:
        preselected = year_of(world, world.today())
        year = preselected.id if preselected else 0
    first, last = _day(query, "fromdate"), _day(query, "todate")
    found: Iterable[Voucher] = _changed(world.vouchers.values(), query)
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
    return _page("Vouchers", found, query, shapes.voucher_item)


def _voucher(world: World, request: Request, series: str, number: str) -> Response:
    query = _query(request)
    current = year_of(world, world.today())
    year = _whole(query, "financialyear", current.id if current else 0)
    key = VoucherKey(series, int(number) if number.isdecimal() else 0, year)
    if key in world.vouchers:
        return answered({"Voucher": shapes.voucher_document(world.vouchers[key])})
    raise RefusedError(writes.SERIES, "Kan inte hitta verifikatet.", 404)


def _years(world: World, request: Request) -> Response:
    query = {name.lower(): values[0] for name, values in parameters(request.query).items()}
    day = _day(query, "date")
    found = [y for y in world.years.values() if day is None or y.first <= day <= y.last]
    return _page("FinancialYears", found, query, shapes.year_item)


# -- paths ----------------------------------------------------------------------------------------


def _routed(world: World, request: Request, parts: list[str]) -> Response:
    match request.method, *parts:
        case "GET", *rest:
            return _got(world, request, rest)
        case "POST", "invoicepayments":
            return writes.create_payment(world, request)
        case "PUT", "invoicepayments", number, "bookkeep":
            return writes.bookkeep_payment(world, number)
        case "DELETE", "invoicepayments", number:
            return writes.delete_payment(world, number)
        case "POST", "vouchers":
            return writes.create_voucher(world, request)
    raise RefusedError(2000729, "A valid identifier was not provided.", 404)


def _got(world: World, request: Request, parts: list[str]) -> Response:
    match parts:
        case ["invoices"]:
            return _invoices(world, request)
        case ["invoices", number]:
            invoice = _found(world.invoices, number, 2000434, "Kan inte hitta fakturan.")
            return answered({"Invoice": shapes.invoice_document(invoice)})
        case ["orders"]:
            return _orders(world, request)
        case ["orders", number]:
            order = _found(world.orders, number, 2000439, "Kan inte hitta ordern.")
            return answered({"Order": shapes.order_document(order)})
        case ["invoicepayments"]:
            return _payments(world, request)
        case ["invoicepayments", number]:
            payment = writes.payment_of(world, number)
            return answered({"InvoicePayment": shapes.payment_document(world, payment)})
        case ["vouchers"]:
            return _vouchers(world, request, None, current=False)
        case ["vouchers", "sublist"]:
            return _vouchers(world, request, None, current=True)
        case ["vouchers", "sublist", series]:
            return _vouchers(world, request, series, current=True)
        case ["vouchers", series, number]:
            return _voucher(world, request, series, number)
        case ["financialyears"]:
            return _years(world, request)
    return _register(world, request, parts)


def _found(register: dict[int, T], number: str, code: int, message: str) -> T:
    item = register.get(int(number)) if number.isdecimal() else None
    if item is None:
        raise RefusedError(code, message, 404)
    return item


def _register(  # noqa: PLR0912  a table of paths
    world: World, request: Request, parts: list[str]
) -> Response:
    query = {name: values[0] for name, values in parameters(request.query).items()}
    match parts:
        case ["accounts"]:
            items = list(world.accounts.values())
            return _page("Accounts", items, query, lambda a: shapes.account_item(world, a))
        case ["accounts", number]:
            account = _found(world.accounts, number, 2000423, "Kan inte hitta kontot.")
            return answered({"Account": shapes.account_item(world, account)})
        case ["voucherseries"]:
            series = list(world.series.values())
            render = "VoucherSeriesCollection"
            return _page(render, series, query, lambda s: shapes.series_item(world, s))
        case ["voucherseries", code] if code in world.series:
            item = shapes.series_item(world, world.series[code])
            return answered({"VoucherSeries": item})
        case ["financialyears", number]:
            year = _found(world.years, number, writes.NO_YEAR, "Kan inte hitta räkenskapsåret.")
            return answered({"FinancialYear": shapes.year_item(year)})
        case ["currencies"]:
            codes = list(world.currencies.values())
            return _page("Currencies", codes, query, lambda c: shapes.currency_item(world, c))
        case ["currencies", code] if code in world.currencies:
            return answered({"Currency": shapes.currency_item(world, world.currencies[code])})
        case ["modesofpayments"]:
            return _page("ModesOfPayments", list(world.modes.values()), query, shapes.mode_item)
        case ["modesofpayments", code] if code in world.modes:
            return answered({"ModeOfPayment": shapes.mode_item(world.modes[code])})
        case ["predefinedaccounts"]:
            pairs = list(world.predefined.items())
            return _page("PreDefinedAccounts", pairs, query, lambda p: shapes.predefined_item(*p))
        case ["predefinedaccounts", name] if name in world.predefined:
            item = shapes.predefined_item(name, world.predefined[name])
            return answered({"PreDefinedAccount": item})
        case ["settings", "lockedperiod"]:
            locked = world.locked_until
            period = {"EndDate": locked.isoformat() if locked else None}
            return answered({"LockedPeriod": period})
        case ["settings", "company"]:
            return answered({"CompanySettings": shapes.company_settings(world)})
        case ["companyinformation"]:
            return answered({"CompanyInformation": shapes.company_information(world)})
    raise RefusedError(2000729, "A valid identifier was not provided.", 404)
