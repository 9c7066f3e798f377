"""Each check of `doctor` beside the worlds that provoke it, and one world in which all is well."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from order_shop import OrderShop
from shop import OpenShop, Shop

from engine.clock import STOCKHOLM, StoppedClock
from engine.doctor import CHECKS, Result, examine
from engine.doctor.checks import clock
from engine.sandbox.company import empty_world
from engine.sandbox.lives import LIVES
from engine.sandbox.lives import shop as shop_of_lives
from engine.sandbox.transport import SandboxTransport
from engine.sandbox.troubles import TROUBLES
from engine.sandbox.world import Article, FinancialYear, Order, World
from engine.webhooks.desk import Desk
from engine.webhooks.doors import Door
from engine.webhooks.receiver import receiver
from engine.webhooks.tally import Tally

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOKEN = "shop-" + "a" * 40
PLENTY = 100 * 1024**3
Change = Callable[[World], object]


@pytest.fixture(autouse=True)
def _secrets(tmp_path: Path) -> None:
    """Beside the shop's file: the token of its receiver."""
    path = tmp_path / "secrets.yaml"
    path.write_text(f"push: {TOKEN}\n")
    path.chmod(0o600)


def well(world: World | None = None) -> World:
    """A company in which nothing is wrong for a shop that has its payouts booked."""
    world = world or empty_world()
    world.years[3] = FinancialYear(3, date(2027, 1, 1), date(2027, 12, 31))
    return world


def found(shop: Shop, check: str | None = None, **how: Any) -> list[Result]:
    """What the examination of a shop finds: all of it, or what one check does."""
    given = {"free": lambda folder: PLENTY, "state": shop.store, **how}
    street = given.pop("transport", None) or SandboxTransport(shop.world)
    checks = [one for one in CHECKS if check in (None, one.name)]
    return examine(shop.merchant, shop.clock, street, checks=checks, **given)


@dataclass(frozen=True)
class Case:
    """A world that provokes a check: what is changed, and words of what a person then reads."""

    check: str
    name: str
    change: Change
    severity: str
    words: tuple[str, ...]
    settings: dict[str, Any] = field(default_factory=dict)


def trouble(name: str) -> Change:
    return TROUBLES[name]


def many(name: str) -> Change:
    """Three payouts of a trouble."""

    def changed(world: World) -> None:
        for _ in range(3):
            TROUBLES[name](world)

    return changed


def account(number: int, **change: Any) -> Change:
    def changed(world: World) -> None:
        world.accounts[number] = replace(world.accounts[number], **change)

    return changed


def without_account(number: int) -> Change:
    return lambda world: world.accounts.pop(number)


def locked(day: date) -> Change:
    return lambda world: setattr(world, "locked_until", day)


def fast(minutes: float) -> Change:
    """The servers' clock is so far behind ours."""
    return lambda world: world.clock.advance(-60 * minutes)


REFUNDS = {
    "flows.refunds": True,
    "orders_from": "2026-09-01",
    "qliro.plus_api_key": {"env": "QLIRO_PLUS_API_KEY"},
    "qliro.plus_api_secret": {"env": "QLIRO_PLUS_API_SECRET"},
}


def year(id: int) -> Change:
    return lambda world: world.years.pop(id)


CASES = [
    Case("qliro_credentials", "the secret was changed", trouble("qliro_secret_changed"),
         "error", ("Qliro refuses the credentials of environment sandbox", "integration@qliro.com",
                   "shop.yaml:")),
    Case("fortnox_credentials", "the secret was changed", trouble("fortnox_secret_changed"),
         "error", ("Fortnox does not let us in", "client id and secret", "shop.yaml:")),
    Case("fortnox_credentials", "it is another company",
         lambda world: setattr(world.access, "tenant_id", "7654321"),
         "error", ("no access token for the company", "Check fortnox.tenant_id")),
    Case("financial_years", "the next one is not there", year(3),
         "warning", ("ends on 2026-12-31", "from 2027-01-01", "Räkenskapsår")),
    Case("financial_years", "this one is not there", year(2),
         "error", ("no financial year for 2026-11-16", "Fortnox: Inställningar")),
    Case("financial_years", "that of the first payout is not there", year(1),
         "error", ("for 2025-12-01 (payouts_from)", "choose a later payouts_from"),
         {"payouts_from": "2025-12-01"}),
    Case("voucher_series", "it is not open", trouble("series_not_manual"),
         "error", ("series T (transfer) is not open", "Manuell kontering", "Verifikationsserier")),
    Case("voucher_series", "it is not there", trouble("series_missing"),
         "error", ("series Q (fees) is not in Fortnox", "shop.yaml:")),
    Case("plus_credentials", "they are not there", lambda world: None,
         "error", ("refunds is on, and qliro.plus_api_key and qliro.plus_api_secret are not",
                   "Ask your Qliro account manager", "shop.yaml:"),
         {"flows.refunds": True, "orders_from": "2026-09-01"}),
    Case("plus_credentials", "the secret was changed",
         lambda world: setattr(world.access, "plus_api_secret", "another"),
         "error", ("Qliro does not accept the API Plus credentials", "account manager"), REFUNDS),
    Case("plus_credentials", "they are the first pair again", lambda world: None,
         "warning", ("the same as the first pair",),
         {**REFUNDS, "qliro.plus_api_secret": {"env": "QLIRO_API_SECRET"}}),
    Case("fortnox_scopes", "there is no licence", trouble("licence_missing"),
         "error", ("refuses the scope payment (/3/invoicepayments)", "no licence")),
    Case("fortnox_scopes", "a scope was not approved", trouble("scope_missing"),
         "error", ("refuses the scope bookkeeping", "developer portal")),
    Case("fortnox_scopes", "a scope of documents was not approved",
         lambda world: world.access.scopes.discard("costcenter"),
         "error", ("refuses the scope costcenter",), REFUNDS),
    Case("clock", "it is far ahead", fast(25),
         "error", ("25 minutes ahead of that of Fortnox", "NTP")),
    Case("clock", "it is a little behind", fast(-3), "warning", ("3 minutes behind",)),
    Case("bookkeeping_method", "it is the cash method", trouble("cash_method_company"),
         "error", ("kontantmetoden", "fakturametoden")),
    Case("locked_period", "today is locked", locked(date(2026, 11, 30)),
         "error", ("locked to 2026-11-30, which is not over yet", "Låst period")),
    Case("locked_period", "last week is locked", locked(date(2026, 11, 12)),
         "warning", ("locked to 2026-11-12, a few days ago", "next_open_day")),
    Case("accounts", "one is not active", trouble("interim_account_inactive"),
         "error", ("Account 1581 (interim_accounts[0]) is not active", "Fortnox: Register",
                   "shop.yaml:")),
    Case("accounts", "one is not there", without_account(6570),
         "error", ("Account 6570 (accounts.fee) is not in Fortnox's", "correct accounts.fee")),
    Case("accounts", "one of the OSS table is not there", without_account(3002),
         "error", ("Account 3002 (sales_accounts[1])",), {**REFUNDS}),
    Case("dimensions", "an account demands a cost centre", account(1930, cost_centers="MANDATORY"),
         "error", ("Account 1930 (bank_accounts[0]) demands a cost centre",
                   "Set Kostnadsställe to Tillåtet on account 1930, or use another account")),
    Case("dimensions", "an account demands a project", account(6570, projects="MANDATORY"),
         "error", ("Account 6570 (accounts.fee) demands a project", "Set Projekt to Tillåtet")),
    Case("dimensions", "an account demands what only some rows send",
         lambda world: (account(6570, cost_centers="MANDATORY")(world),
                        world.cost_centers.update(WEB="Webb")),
         "warning", ("not for every method and country",),
         {"dimensions": [{"method": "SWISH", "cost_center": "WEB"}]}),
    Case("dimensions", "an account allows none",
         lambda world: (account(6570, cost_centers="NOTALLOWED")(world),
                        world.cost_centers.update(WEB="Webb")),
         "error", ("Account 6570 (accounts.fee) allows no cost centre",),
         {"dimensions": [{"cost_center": "WEB"}]}),
    Case("dimensions", "a cost centre is not there", lambda world: None,
         "error", ("The cost centre WEB is not in Fortnox", "dimensions[0]"),
         {"dimensions": [{"cost_center": "WEB"}]}),
    Case("conventions", "amounts carry their sign", many("signed_amounts"),
         "error", ("Of the 3 newest payouts 3 would not add up by the declared",
                   "Set conventions to {amounts: signed}: 3 of them",
                   "shop.yaml")),
    Case("conventions", "one payout is odd",
         lambda world: (TROUBLES["payout_total_disagrees"](world), many("clean_sale")(world)),
         "warning", ("Of the 4 newest payouts 1 would not add up", "Ask Qliro about it")),
    Case("reference_field", "the reference is in another field",
         many("reference_in_second_external"),
         "error", ("ExternalInvoiceReference2 with the MerchantReference would match 100 %",
                   "Set payout_reference_field: ExternalInvoiceReference2")),
    Case("reference_field", "the reference is in a field that no list shows",
         many("reference_in_our_reference"),
         "error", ("Set payout_reference_field: OurReference",)),
    Case("reference_field", "there are no invoices", many("invoice_missing"),
         "warning", ("would match 0 % of the newest lines, and no other field more",)),
    Case("currencies", "one is not there", trouble("currency_missing"),
         "error", ("The currency EUR is not in Fortnox", "Fortnox: Register, Valutor"),
         {"bank_accounts": [{"currency": "SEK", "account": 1930},
                            {"currency": "EUR", "account": 1930}]}),
    Case("currencies", "payouts come in one that has no bank account",
         trouble("foreign_currency_payout"),
         "error", ("Qliro pays out in EUR", "Add a row with currency EUR to bank_accounts")),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check}: {case.name}")
def test_a_check_finds_what_is_wrong_and_says_what_to_do(case: Case, shop: OpenShop) -> None:
    opened = shop(well(), **case.settings)
    case.change(opened.world)
    expect(case, opened)


def expect(case: Case, opened: Shop, **how: Any) -> None:
    """What a person reads of it: what, why, what to do, where."""
    told = [one for one in found(opened, case.check, **how) if one.severity != "ok"]
    assert [one.severity for one in told][:1] == [case.severity]
    assert told[0].why
    assert told[0].remedy
    assert told[0].where
    text = f"{told[0].what}\n{told[0].why}\n{told[0].remedy}\n{told[0].where}"
    for words in case.words:
        assert words in text


def every_flow(order_shop: Callable[..., OrderShop], **settings: Any) -> OrderShop:
    """A shop with every flow on in which all is well."""
    world = well(shop_of_lives())
    world.access.scopes.add("warehouse")
    for number in ("refund_fee", "refund_discrepancy"):
        world.articles[number] = Article(number, number, world.now(), fields={"Type": "SERVICE"})
    return order_shop(world, **{"flows.order_status": True, **settings})


class Street(SandboxTransport):
    """The sandbox, and at another address whatever answers GETs there."""

    def __init__(self, world: World, status: int = 405, body: str = '{"refused":"wrong-method"}'):
        super().__init__(world)
        self.status, self.body, self.asked = status, body, list[str]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != "push.example.se":
            return super().handle_request(request)
        self.asked.append(f"{request.method} {request.url.path}")
        return httpx.Response(self.status, text=self.body, request=request)


RECEIVER = {
    "webhooks.public_url": "https://push.example.se/qliro",
    "webhooks.token": {"file": "secrets.yaml", "key": "push"},
}


def an_order(terms: str = "QLIRO") -> Change:
    """An order of Qliro's stands in Fortnox with these terms of payment."""

    def changed(world: World) -> None:
        bought = world.qliro_orders[LIVES["private"](world).orders[0]]
        world.terms[terms] = terms
        world.orders[101] = Order(
            101, world.today(), Decimal(199), world.now(), external1=bought.reference, terms=terms
        )

    return changed


def rounded_invoice(world: World) -> None:
    number = TROUBLES["clean_sale"](world).invoices[0]
    world.invoices[number] = replace(world.invoices[number], round_off=Decimal("0.40"))


def without_article(number: str) -> Change:
    return lambda world: world.articles.pop(number)


def oss(**row: Any) -> dict[str, Any]:
    domestic = [{"region": "domestic", "rate": rate, "account": 3001} for rate in (25, 12, 6, 0)]
    return {"sales_accounts": [*domestic, row]}


ORDER_CASES = [
    Case("terms_of_payment", "they are not there", lambda world: world.terms.pop("QLIRO"),
         "error", ("The terms of payment QLIRO (default_terms_of_payment) are not in Fortnox",
                   "Betalningsvillkor")),
    Case("modes_of_payment", "one is not there", lambda world: None,
         "error", ("The mode of payment SWISH is not in Fortnox", "Betalningssätt"),
         {"payment_methods": [{"terms_of_payment": "QLIRO", "mode_of_payment": "SWISH"}]}),
    Case("modes_of_payment", "one is on another account", lambda world: None,
         "warning", ("The mode of payment BG books on account 1930", "no interim account"),
         {"payment_methods": [{"terms_of_payment": "QLIRO", "mode_of_payment": "BG"}]}),
    Case("qliro_method", "it is not there", lambda world: world.terms.pop("QLIRO"),
         "error", ("no terms of payment QLIRO, which qliro_methods names", "Ej skickad")),
    Case("qliro_method", "orders are given a general one", lambda world: None,
         "error", ("payment_methods gives Qliro's orders the terms of payment 30",),
         {"payment_methods": [{"method": "SWISH", "terms_of_payment": "30"}]}),
    Case("qliro_method", "an order carries FAK", an_order("FAK"),
         "error", ("carry other terms of payment than QLIRO: 101 (FAK, Qliro's", "Ej skickad",
                   "run with --order")),
    Case("articles", "that of return fees is not there", without_article("refund_fee"),
         "error", ("refund_fee (refunds.fee_article), for a return fee", "Artiklar", "Add the")),
    Case("articles", "that of refunds by amount is not active",
         lambda world: world.articles.update(refund_discrepancy=replace(
             world.articles["refund_discrepancy"], active=False)),
         "error", ("refund_discrepancy (refunds.discrepancy_article)", "is not active")),
    Case("articles", "that of shipping is not there", lambda world: None,
         "error", ("The article FRAKT (articles.fixed[0]), for a line of kind shipping",),
         {"articles.create": False, "articles.fixed": [{"kind": "shipping", "article": "FRAKT"}]}),
    Case("other_connector", "it wrote an order today", an_order(),
         "error", ("Something else writes Qliro's orders into Fortnox: order 101 (2026-11-16",
                   "one order becomes two invoices", "shop.yaml:")),
    Case("other_connector", "it wrote an invoice", trouble("clean_sale"),
         "error", ("into Fortnox: invoice ",)),
    Case("webhook", "there is none", lambda world: None,
         "warning", ("webhooks.public_url is not set", "docs/webhooks.md")),
    Case("webhook", "something else answers", lambda world: None,
         "warning", ("is not the receiver (status 404)", "passes /push/ on"), RECEIVER),
    Case("webhook", "its token is easy to guess", lambda world: None,
         "error", ("webhooks.token must be 32 to 200", "openssl rand -hex 32"),
         {**RECEIVER, "webhooks.token": {"env": "QLIRO_API_KEY"}}),
    Case("webhook", "it is not https", lambda world: None,
         "warning", ("webhooks.public_url is not https",),
         {**RECEIVER, "webhooks.public_url": "http://push.example.se"}),
    Case("warehouse", "it is activated", lambda world: setattr(world.company, "warehouse", True),
         "warning", ("The warehouse module (Lager) is activated", "Lagervara")),
    Case("rounding", "invoices are rounded", rounded_invoice,
         "warning", ("Fortnox rounds invoices to kronor: 1", "öresavrundning")),
    Case("rounding", "invoices are rounded and the difference is parked", rounded_invoice,
         "warning", ("rounding.policy park every such line is parked",),
         {"rounding.policy": "park"}),
    Case("vat_rates", "a rate is not in force", lambda world: None,
         "warning", ("sales_accounts[4] has 20 % for DE", "in force today (19, 7)"),
         oss(region="oss", country="DE", rate=20, account=3002)),
    Case("vat_rates", "a rate does not fit a row", lambda world: None,
         "warning", ("has 25.5 % VAT, which a row of an invoice", "vat_code", "Moms"),
         oss(region="oss", country="FI", rate=25.5, account=3002)),
    Case("vat_rates", "an account has no VAT code", lambda world: None,
         "warning", ("Account 3002 (sales_accounts[4]) has no VAT code", "declared"),
         oss(region="oss", country="DE", rate=19, account=3002)),
    Case("vat_rates", "an account takes two countries", account(3002, vat_code="OSS"),
         "warning", ("Account 3002 takes the sales of DE 19 %, NL 21 %",),
         {"sales_accounts": [{"region": "oss", "country": "DE", "rate": 19, "account": 3002},
                             {"region": "oss", "country": "NL", "rate": 21, "account": 3002}]}),
]  # fmt: skip


@pytest.mark.parametrize("case", ORDER_CASES, ids=lambda case: f"{case.check}: {case.name}")
def test_a_check_of_documents_finds_what_is_wrong(
    case: Case, order_shop: Callable[..., OrderShop]
) -> None:
    opened = every_flow(order_shop, **case.settings)
    case.change(opened.world)
    street = Street(opened.world, 404) if case.name == "something else answers" else None
    expect(case, opened, transport=street)


def test_with_every_flow_on_every_check_says_that_all_is_well(
    order_shop: Callable[..., OrderShop],
) -> None:
    opened = every_flow(order_shop, **RECEIVER)
    for life in ("captured", "refunded_rows"):
        opened.life(life)
    opened.run()
    assert opened.fortnox_orders
    assert len(opened.fortnox_invoices) == 2
    results = found(opened, transport=Street(opened.world))
    assert [one for one in results if one.severity != "ok"] == []
    assert [one.check for one in results] == [check.name for check in CHECKS]


def test_shipping_that_was_sold_and_has_no_article_is_told_of(
    order_shop: Callable[..., OrderShop],
) -> None:
    opened = every_flow(order_shop, **{"articles.create": False})
    opened.life("several_rows")
    opened.run()
    (told,) = [one for one in found(opened, "articles") if one.severity != "ok"]
    assert "Lines of shipping in earlier orders" in told.what
    assert "dhl-hem" in told.what


def test_what_was_sold_and_no_row_takes_is_told_of(order_shop: Callable[..., OrderShop]) -> None:
    opened = every_flow(order_shop)
    opened.life("german")
    opened.run()
    told = [one for one in found(opened, "vat_rates") if one.severity != "ok"]
    assert told[0].what.startswith("No row of sales_accounts fits DE with 19 % VAT")


def test_an_order_of_somebody_else_may_have_any_terms(order_shop: Callable[..., OrderShop]) -> None:
    opened = every_flow(order_shop)
    an_order("FAK")(opened.world)
    opened.world.orders[101] = replace(opened.world.orders[101], external1="by telephone")
    (told,) = found(opened, "qliro_method")
    assert told.severity == "ok"


def test_a_receiver_that_is_not_there_is_told_without_the_token(
    order_shop: Callable[..., OrderShop],
) -> None:
    class Nobody(Street):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.host == "push.example.se":
                raise httpx.ConnectError("Connection refused", request=request)
            return super().handle_request(request)

    opened = every_flow(order_shop, **RECEIVER)
    (told,) = found(opened, "webhook", transport=Nobody(opened.world))
    assert "Nobody answers at webhooks.public_url" in told.what
    assert "Connection refused" in told.what
    assert TOKEN not in repr(told)
    street = Street(opened.world)
    (told,) = found(opened, "webhook", transport=street)
    assert told.severity == "ok"
    assert street.asked == ["GET /qliro/push/shop/doctor/order-management"]


def test_the_receiver_answers_what_doctor_knows_it_by(tmp_path: Path) -> None:
    door = Door("shop", tmp_path / "inbox", (b"1" * 32, b"2" * 32))
    desk = Desk({"shop": door.inbox})
    application = receiver({"shop": door}, desk, Tally({"shop"}, print), StoppedClock(NOW))

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://qf") as client:
            return await client.get("/push/shop/doctor/order-management")

    answer = asyncio.run(asked())
    desk.close()
    assert (answer.status_code, '"refused"' in answer.text) == (405, True)


def test_where_the_warehouse_may_not_be_asked_for_that_is_said(
    order_shop: Callable[..., OrderShop],
) -> None:
    opened = every_flow(order_shop)
    opened.world.access.scopes.discard("warehouse")
    (told,) = found(opened, "warehouse")
    assert (told.severity, "(scope warehouse)" in told.what) == ("ok", True)


def test_each_check_has_a_world_that_provokes_it() -> None:
    of_this_machine = {"mapping_set", "state_folder"}  # tests of their own, below
    provoked = {case.check for case in (*CASES, *ORDER_CASES)} | of_this_machine
    assert provoked == {check.name for check in CHECKS}
    assert all(check.about.endswith(".") for check in CHECKS)


def test_where_all_is_well_every_check_says_so(shop: OpenShop) -> None:
    opened = shop(well())
    many("clean_sale")(opened.world)
    results = found(opened)
    assert [one for one in results if one.severity != "ok"] == []
    assert [one.check for one in results] == [check.name for check in CHECKS]
    assert all(one.what.endswith(".") for one in results)


def test_nothing_is_written_to_either_api_and_nothing_is_kept(shop: OpenShop) -> None:
    opened = shop(well())
    found(opened)
    asked = {(entry.method, entry.path) for entry in opened.world.journal}
    assert {path for method, path in asked if method != "GET"} == {"/oauth-v1/token"}
    assert opened.store.value("SELECT count(*) FROM raw.answer") == 0


def test_a_missing_secret_is_a_result_and_the_other_api_is_asked(
    shop: OpenShop, tmp_path: Path
) -> None:
    opened = shop(well())
    merchant = opened.merchant
    kept = {name: one for name, one in merchant.secrets.items() if name != "qliro.api_secret"}
    opened.read[repr(opened.changes)] = replace(merchant, secrets=kept)
    results = {one.check: one for one in found(opened)}
    assert "secret qliro.api_secret is not there" in results["qliro_credentials"].what
    assert results["fortnox_credentials"].severity == "ok"


def test_a_server_that_is_down_is_asked_once_and_the_rest_goes_on(shop: OpenShop) -> None:
    class Down(SandboxTransport):
        def handle_request(self, request: Any) -> Any:
            if request.url.path.startswith("/3/"):
                raise_down(request)
            return super().handle_request(request)

    opened = shop(well())
    results = examine(
        opened.merchant, opened.clock, Down(opened.world), state=opened.store,
        free=lambda folder: PLENTY,
    )  # fmt: skip
    by_name = {one.check: one for one in results}
    assert "Fortnox cannot be reached" in by_name["fortnox_credentials"].what
    assert "could not be checked" in by_name["voucher_series"].what
    assert by_name["qliro_credentials"].severity == "ok"
    assert DOWN.count("/3/companyinformation") == len(DOWN)


def test_an_answer_that_nobody_could_foresee_stops_one_check_alone(shop: OpenShop) -> None:
    class Odd(SandboxTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = super().handle_request(request)
            text = answer.text.replace('"RoundOff":0', '"RoundOff":"none at all"')
            return httpx.Response(answer.status_code, text=text, request=request)

    opened = shop(well())
    trouble("clean_sale")(opened.world)
    wrong = [one for one in found(opened, transport=Odd(opened.world)) if one.severity != "ok"]
    assert [(one.check, "is not as it should be" in one.what) for one in wrong] == [
        ("rounding", True)
    ]


def test_a_database_that_cannot_be_read_stops_only_what_needs_it(
    order_shop: Callable[..., OrderShop],
) -> None:
    opened = every_flow(order_shop)
    opened.merchant.database.parent.mkdir(parents=True)
    opened.merchant.database.write_text("no database")
    (told,) = found(opened, "other_connector", state=None)
    assert "This could not be checked" in told.what
    (told,) = found(opened, "accounts", state=None)
    assert told.severity == "ok"


DOWN: list[str] = []


def raise_down(request: Any) -> None:
    DOWN.append(request.url.path)
    raise httpx.ConnectError("Connection refused", request=request)


def test_the_state_folder_is_writable_and_its_disk_not_full(
    shop: OpenShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = shop(well())
    (full,) = found(opened, "state_folder", free=lambda folder: 100 * 1024**2)
    assert (full.severity, full.what.endswith("has 100 MB left.")) == ("error", True)
    (low,) = found(opened, "state_folder", free=lambda folder: 900 * 1024**2)
    assert low.severity == "warning"
    (tmp_path / "file").write_text("")
    opened.settings({"state": str(tmp_path / "file" / "state")})
    (refused,) = found(opened, "state_folder")
    assert "Nothing can be written in" in refused.what
    assert "shop.yaml:" in refused.where


def test_a_database_that_others_may_read_is_told_of(shop: OpenShop) -> None:
    opened = shop(well())
    database = opened.merchant.database
    database.parent.mkdir(parents=True)
    database.write_bytes(b"")
    database.chmod(0o644)
    well_so_far, told = found(opened, "state_folder")
    assert well_so_far.severity == "ok"
    assert "chmod 600" in told.remedy


def test_an_invalid_mapping_is_a_result_with_its_place(shop: OpenShop, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    (overlay / "payment.yaml").write_text("mapping: payment\nlet: {gross: '{{ line.Amont }}'}\n")
    (told, *_) = found(shop(well(), overlay=str(overlay)), "mapping_set")
    assert told.severity == "error"
    assert "Amount" in told.what + told.remedy
    assert "payment.yaml:2:" in told.where


def test_a_cost_centre_that_every_row_sends_is_enough(shop: OpenShop) -> None:
    opened = shop(well(), dimensions=[{"cost_center": "WEB"}])
    account(6570, cost_centers="MANDATORY")(opened.world)
    opened.world.cost_centers["WEB"] = "Webb"
    (told,) = found(opened, "dimensions")
    assert told.severity == "ok"


def test_an_account_that_only_an_overlay_names_is_looked_at(shop: OpenShop, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay" / "tables"
    overlay.mkdir(parents=True)
    (overlay / "interim_accounts.yaml").write_text(
        "table: interim_accounts\notherwise: {account: 1777, known: false}\n"
    )
    (told,) = found(shop(well(), overlay=str(overlay.parent)), "accounts")
    assert "Account 1777 (tables.interim_accounts[otherwise])" in told.what
    assert "interim_accounts.yaml:2:" in told.where


def test_refunds_with_their_credentials_are_well(order_shop: Callable[..., OrderShop]) -> None:
    told = found(order_shop(), "plus_credentials")
    assert [(one.severity, one.what) for one in told] == [
        ("ok", "Qliro accepts the API Plus secret for what refunds read.")
    ]


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-29T00:59", 1), ("2026-03-29T01:00", 2), ("2026-10-25T01:00", 1)],
)
def test_stockholm_s_time_is_that_of_the_zone_database(day: str, hours: int) -> None:
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    assert clock.stockholm_offset(moment) == timedelta(hours=hours)
    assert clock.stockholm_offset(moment) == moment.astimezone(STOCKHOLM).utcoffset()
