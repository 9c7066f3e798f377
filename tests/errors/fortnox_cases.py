"""What the sandbox's Fortnox refuses: what it means, its code, and the request that provokes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import httpx

from engine.sandbox.fortnox.rows import MOST_ROWS
from engine.sandbox.world.faults import KINDS, LOST, Fault, plan
from engine.sandbox.world.world import STOCKHOLM, Article, Order
from errors.stage import Case, Stage

# The troubles of the wire that are answered with a status of failure.
REFUSING = KINDS.keys() - LOST - {"truncated", "html", "empty"}


def _without_token(s: Stage) -> httpx.Response:
    return s.fortnox.get("invoices", headers={"Authorization": "Bearer expired"})


def _code_of_another_address(s: Stage) -> httpx.Response:
    code = s.consent().text
    return s.sign_in(grant_type="authorization_code", code=code, redirect_uri="https://b.example")


def _no_service_accounts(s: Stage) -> httpx.Response:
    s.world.access.service_accounts = False
    return s.consent(account_type="service")


def _unlicensed(s: Stage) -> httpx.Response:
    s.world.access.unlicensed.add("payment")
    return s.pay()


def _unscoped(s: Stage) -> httpx.Response:
    s.world.access.scopes.discard("bookkeeping")
    return s.voucher()


def _too_often(s: Stage) -> httpx.Response:
    s.world.limits.rate_limit = 0
    return s.fortnox.get("invoices")


def _struck(kind: str) -> Case:
    def provoked(s: Stage) -> httpx.Response:
        plan(s.world, Fault(kind))
        return s.fortnox.get("invoices")

    means = {"429": "asked too often", "not_json_error": "server refused the request"}
    return Case(means.get(kind, "server failed"), "", provoked)


def _locked(s: Stage) -> Stage:
    s.world.locked_until = date(2026, 11, 14)
    return s


def _no_year(s: Stage) -> Stage:
    s.world.clock.set(datetime(2031, 1, 7, 9, tzinfo=STOCKHOLM))
    return Stage(s.world)  # whose token is of that day


def _order_without_rows(s: Stage) -> httpx.Response:
    s.world.orders[1] = Order(1, s.world.today(), Decimal(0), s.world.now())
    return s.fortnox.put("orders/1/createinvoice")


def _order_of(s: Stage, then: str) -> httpx.Response:
    path = s.ordered()
    assert s.fortnox.put(f"{path}/{then}").status_code == 200
    return s.fortnox.put(f"{path}/cancel")


def _unfinished(s: Stage) -> httpx.Response:
    return s.fortnox.put(s.billed(NotCompleted=True) + "/bookkeep")


def _wordless_row(s: Stage) -> httpx.Response:
    return s.fortnox.put(s.billed({"Description": ""}) + "/bookkeep")


def _cancelled(s: Stage, then: str) -> httpx.Response:
    path = s.billed()
    s.fortnox.put(f"{path}/cancel")
    return s.fortnox.put(f"{path}/{then}")


def _credited(s: Stage) -> httpx.Response:
    path = s.booked()
    s.fortnox.put(f"{path}/credit")
    return s.fortnox.put(f"{path}/credit")


def _pay_cancelled(s: Stage) -> httpx.Response:
    path = s.billed()
    s.fortnox.put(f"{path}/cancel")
    return s.pay(int(path.split("/")[1]))


def _paid_before(s: Stage) -> httpx.Response:
    number = s.invoice()
    s.world.invoices[number] = replace(s.world.invoices[number], balance=Decimal(0))
    return s.pay(number)


def _unsold_article(s: Stage) -> httpx.Response:
    s.world.articles["A"] = Article("A", "T-shirt", s.world.now())
    s.world.predefined = {"CUSTCLAIM": 1510}
    return s.bill({"ArticleNumber": "A", "AccountNumber": None})


FORTNOX = (
    # Getting in
    Case("access token", "", _without_token),
    Case("asked too often", "", _too_often),
    *(_struck(kind) for kind in sorted(REFUSING)),
    Case("does not have what was asked for", "", lambda s: s.fortnox.get("https://fortnox.example/x")),
    Case("no licence for what this request", "2001101", _unlicensed),
    Case("lacks a right (scope)", "2000663", _unscoped),
    Case("does not know the integration", "invalid_client", lambda s: s.sign_in("wrong")),
    Case("has not let this integration in", "invalid_grant",
         lambda s: s.sign_in(grant_type="client_credentials")),
    Case("no longer accepts the refresh token", "invalid_grant",
         lambda s: s.sign_in(grant_type="refresh_token", refresh_token="used")),
    Case("or the authorisation code", "invalid_grant",
         lambda s: s.sign_in(grant_type="authorization_code", code="used")),
    Case("does not support", "unsupported_grant_type", lambda s: s.sign_in(grant_type="password")),

    Case("address of the answer is another", "invalid_grant", _code_of_another_address),
    Case("does not know the integration", "invalid_client", lambda s: s.consent(client_id="X")),
    Case("sign-in was asked for wrongly", "invalid_request", lambda s: s.consent(access_type="x")),
    Case("right that is not registered", "invalid_scope", lambda s: s.consent(scope="salary")),
    Case("may not sign in in this way", "unauthorized_client", _no_service_accounts),
    # Paying an invoice
    Case("before the invoice date", "2001089", lambda s: s.pay(PaymentDate="2026-11-10")),
    Case("already fully paid", "2003055", _paid_before),
    Case("invoice is not booked", "2999001",
         lambda s: s.pay(int(s.billed().split("/")[1]))),
    Case("is cancelled", "2999001", _pay_cancelled),
    Case("invoice does not exist", "2000434", lambda s: s.pay(4711)),
    Case("does not have this mode of payment", "2999007", lambda s: s.pay(ModeOfPayment="X")),
    Case("currency is not the invoice's", "2999004", lambda s: s.pay(Currency="EUR")),
    Case("currency is not the invoice's", "2999004",
         lambda s: s.pay(WriteOffs=[{"AccountNumber": 6570, "Amount": 1, "Currency": "EUR"}])),
    Case("needs is missing", "2999008",
         lambda s: s.post("invoicepayments", "InvoicePayment", {"Amount": 1})),
    Case("needs is missing", "2999008", lambda s: s.pay(Amount=None)),
    Case("needs is missing", "2999008", lambda s: s.pay(s.invoice(currency="EUR"))),
    Case("payment does not exist", "2999002",
         lambda s: s.fortnox.put("invoicepayments/4711/bookkeep")),
    Case("already booked", "2999002", lambda s: s.fortnox.put(s.paid() + "/bookkeep")),
    Case("already booked", "2999002", lambda s: s.fortnox.delete(s.paid())),

    # Dates, years, periods
    Case("locked period", "2000401", lambda s: _locked(s).pay()),
    Case("voucher's date lies in a locked period", "2002141", lambda s: _locked(s).voucher()),
    Case("no financial year", "2999003", lambda s: s.pay(PaymentDate="2031-01-01")),
    Case("no financial year", "2999003", lambda s: s.bill(InvoiceDate="2031-01-01")),
    Case("no financial year", "2999003",
         lambda s: _no_year(s).fortnox.put(Stage(s.world).ordered() + "/createinvoice")),
    Case("no financial year", "2999003", lambda s: s.fortnox.get("financialyears/4711")),
    Case("does not lie in the financial year", "2999003",
         lambda s: s.voucher(TransactionDate="2025-12-30", Year=2)),

    # Accounts, series, dimensions
    Case("account that the request uses was not found", "2001304",
         lambda s: s.pay(ModeOfPaymentAccount=9999)),
    Case("account that the request uses was not found", "2001304",
         lambda s: s.bill({"AccountNumber": None})),
    Case("account that the request uses was not found", "2001304", _unsold_article),
    Case("account is not active", "2000550",
         lambda s: s.pay(ModeOfPaymentAccount=s.world.chart.inactive)),
    Case("account does not exist", "2000423", lambda s: s.fortnox.get("accounts/9999")),
    Case("does not have this voucher series", "2999006", lambda s: s.voucher(VoucherSeries="X")),
    Case("not open for manual", "2999006",
         lambda s: s.voucher(VoucherSeries=s.world.chart.series_closed)),
    Case("voucher does not exist", "2999006", lambda s: s.fortnox.get("vouchers/A/4711")),
    Case("Debit and credit of the voucher differ", "2999005",
         lambda s: s.voucher(VoucherRows=[{"Account": 1930, "Debit": 100}])),
    Case("needs is missing", "2999008", lambda s: s.voucher(Description=None)),
    Case("accept the cost centre", "2999010", lambda s: s.bill(CostCenter="X")),
    Case("accept the cost centre", "2999010", lambda s: s.bill({"CostCenter": "X"})),
    Case("accept the cost centre", "2999010", lambda s: s.fortnox.get("costcenters/X")),
    Case("project does not exist", "2999010", lambda s: s.bill(Project="X")),
    Case("project does not exist", "2001161", lambda s: s.fortnox.get("projects/4711")),
    Case("project does not exist", "2999010", lambda s: s.bill({"Project": "X"})),

    # Customers and articles
    Case("customer does not exist", "2000433", lambda s: s.fortnox.get("customers/X")),
    Case("customer that the request names", "2000204", lambda s: s.bill(CustomerNumber="X")),
    Case("customer has no name", "2000637", lambda s: s.customer(Name="")),
    Case("customer has no name", "2000637",
         lambda s: s.fortnox.put("customers/" + s.customer().json()["Customer"]["CustomerNumber"],
                                 json={"Customer": {"Name": ""}})),
    Case("customer number is taken", "2000637",
         lambda s: [s.customer(CustomerNumber="A") for _ in range(2)][1]),
    Case("customer number is not valid", "2999013", lambda s: s.customer(CustomerNumber="A B")),
    Case("customer number cannot be changed", "2999013",
         lambda s: s.fortnox.put("customers/" + s.customer().json()["Customer"]["CustomerNumber"],
                                 json={"Customer": {"CustomerNumber": "OTHER"}})),
    Case("organisation or personal number is not valid", "2999013",
         lambda s: s.customer(OrganisationNumber="556001-1983")),
    Case("does not know this country", "2999010", lambda s: s.customer(CountryCode="XX")),
    Case("does not know this country", "2999010", lambda s: s.bill(Country="Utopia")),
    Case("way of delivery does not exist", "2999010", lambda s: s.customer(WayOfDelivery="X")),
    Case("way of delivery does not exist", "2999010", lambda s: s.bill(WayOfDelivery="X")),
    Case("way of delivery does not exist", "2999010",
         lambda s: s.fortnox.get("wayofdeliveries/X")),
    Case("terms of payment do not exist", "2000429", lambda s: s.customer(TermsOfPayment="X")),
    Case("terms of payment do not exist", "2000429", lambda s: s.bill(TermsOfPayment="X")),
    Case("terms of payment do not exist", "2000429",
         lambda s: s.fortnox.get("termsofpayments/X")),
    Case("kind that Fortnox expects", "2001392", lambda s: s.customer(VATType="X")),
    Case("article does not exist", "2000428", lambda s: s.fortnox.get("articles/X")),
    Case("row names an article that does not exist", "2001302",
         lambda s: s.bill({"ArticleNumber": "X"})),
    Case("article number is taken", "2000013",
         lambda s: [s.article(ArticleNumber="A") for _ in range(2)][1]),
    Case("needs is missing", "2999010", lambda s: s.article(Description=None)),
    Case("character that Fortnox refuses", "2000359", lambda s: s.article(ArticleNumber="A B")),
    Case("kind that Fortnox expects", "2001392", lambda s: s.article(Type="X")),
    Case("unit does not exist", "2000432", lambda s: s.article(Unit="X")),
    Case("unit does not exist", "2000432", lambda s: s.fortnox.get("units/X")),

    # Invoices and orders
    Case("needs is missing", "2999008", lambda s: s.bill(CustomerNumber=None)),
    Case("currency is not set up", "2000427", lambda s: s.bill(Currency="GBP")),
    Case("currency is not set up", "2000427", lambda s: s.customer(Currency="GBP")),
    Case("VAT rate is not set up", "2999009", lambda s: s.bill({"VAT": 19})),
    Case("kind that Fortnox expects", "2001392", lambda s: s.bill({"VAT": 25.5})),
    Case("unit does not exist", "2999010", lambda s: s.bill({"Unit": "X"})),
    Case("may not be emptied", "2000699",
         lambda s: s.fortnox.put(s.billed(), json={"Invoice": {"InvoiceRows": [{"Unit": None}]}})),
    Case("does not have this row", "2999010",
         lambda s: s.fortnox.put(s.billed(), json={"Invoice": {"InvoiceRows": [{"RowId": 1}]}})),
    Case("discount is more than the whole", "2999010",
         lambda s: s.bill({"DiscountType": "PERCENT", "Discount": 101})),
    Case("kind that Fortnox expects", "2001392", lambda s: s.bill({"DiscountType": "X"})),
    Case("more rows than Fortnox takes", "2999012",
         lambda s: s.bill(InvoiceRows=[{}] * (MOST_ROWS + 1))),
    Case("kind that Fortnox expects", "2001392", lambda s: s.bill(Language="FI")),
    Case("kind that Fortnox expects", "2001392", lambda s: s.bill(InvoiceType="X")),
    Case("must be a number", "2000108", lambda s: s.bill(DocumentNumber="X")),
    Case("document number is taken", "2000861",
         lambda s: s.bill(DocumentNumber=s.billed().split("/")[1])),
    Case("must be finalised", "2003498", _unfinished),
    Case("neither text nor article", "2003977", _wordless_row),
    Case("already booked", "2999011", lambda s: s.fortnox.put(s.booked() + "/bookkeep")),
    Case("already booked", "2999011", lambda s: s.fortnox.put(s.booked() + "/cancel")),
    Case("is cancelled", "2999011", lambda s: _cancelled(s, "bookkeep")),
    Case("invoice is not booked", "2999011", lambda s: s.fortnox.put(s.billed() + "/credit")),
    Case("has its credit invoice already", "2999011", _credited),
    Case("invoice does not exist", "2000434", lambda s: s.fortnox.get("invoices/4711")),
    Case("order does not exist", "2000439", lambda s: s.fortnox.get("orders/4711")),
    Case("kind that Fortnox expects", "2001392",
         lambda s: s.fortnox.put(s.ordered(), json={"Order": {"OrderRows": []}})),
    Case("kind that Fortnox expects", "2001392", lambda s: s.order(DeliveryState="X")),
    Case("must be a number", "2000108", lambda s: s.order(DocumentNumber="X")),
    Case("document number is taken", "2000861",
         lambda s: s.order(DocumentNumber=s.ordered().split("/")[1])),
    Case("is cancelled", "2999011", lambda s: _order_of(s, "cancel")),
    Case("has its invoice already", "2999011", lambda s: _order_of(s, "createinvoice")),
    Case("order has no rows", "2999011", _order_without_rows),

    # How the request was written
    Case("letters and digits only", "2000106", lambda s: s.pay(ModeOfPayment=1)),
    Case("too long for its field", "2000107", lambda s: s.customer(ZipCode="1" * 11)),
    Case("too long for its field", "2001600", lambda s: s.bill(YourReference="x" * 51)),
    Case("too long for its field", "2001896", lambda s: s.voucher(Description="x" * 201)),
    Case("must be a number", "2000108", lambda s: s.pay(Amount="mycket")),
    Case("not a date", "2000108", lambda s: s.pay(PaymentDate="i går")),
    Case("true or false", "2000134", lambda s: s.bill(VATIncluded="ja")),
    Case("character that Fortnox refuses", "2000359", lambda s: s.voucher(Description="<b>")),
    Case("must hold text", "2005095",
         lambda s: s.fortnox.put(s.ordered(), json={"Order": {"OrganisationNumber": None}})),
    Case("could not read the request as JSON", "2002115",
         lambda s: s.fortnox.post("vouchers", content=b'{"Voucher": ')),
    Case("kind that Fortnox expects", "2001392", lambda s: s.fortnox.post("vouchers", json={})),
    Case("no field of this name", "2001399", lambda s: s.voucher(Descripton="x")),
    Case("does not know this filter", "2000587", lambda s: s.fortnox.get("invoices?filter=x")),
    Case("does not know a parameter", "2000588", lambda s: s.fortnox.get("invoices?colour=red")),
    Case("names nothing that Fortnox could look up", "2000729", lambda s: s.fortnox.get("x")),
)  # fmt: skip
