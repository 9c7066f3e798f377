"""Credentials, registers and payouts: each check beside the worlds that provoke it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from order_shop import OrderShop
from shop import OpenShop

from engine.sandbox.troubles.by_name import TROUBLES
from engine.sandbox.world.world import World

from .kit import (
    LIVE,
    READY,
    REFUNDS,
    TOKEN,
    Case,
    Change,
    account,
    expect,
    found,
    many,
    trouble,
    well,
)


def without_account(number: int) -> Change:
    return lambda world: world.accounts.pop(number)


def ready(world: World) -> None:
    """A ready token opens the world's company."""
    world.access.tokens[TOKEN] = world.now() + timedelta(hours=1)


def locked(day: date) -> Change:
    return lambda world: setattr(world, "locked_until", day)


def fast(minutes: float) -> Change:
    """The servers' clock is so far behind ours."""
    return lambda world: world.clock.advance(-60 * minutes)


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
    Case("fortnox_credentials", "no company is connected", lambda world: None,
         "error", ("There is no way into Fortnox: shop is not connected to a company",
                   "qliro-fortnox connect shop", "shop.yaml:"), {"fortnox.tenant_id": None}),
    Case("fortnox_credentials", "the token is another company's", ready,
         "error", ("leads to Exempelbutiken AB (DatabaseNumber 1234567), and 7654321",
                   "posted to another company"), {**READY, "fortnox.tenant_id": "7654321"}),
    Case("fortnox_credentials", "a live merchant has a ready token", ready,
         "warning", ("A live merchant uses a ready access token", "lasts an hour"),
         {**READY, **LIVE}),
    Case("fortnox_credentials", "something else answers", lambda world: None,
         "error", ("What answers at fortnox.base_url is not Fortnox",),
         {"fortnox.base_url": "http://127.0.0.1/elsewhere"}),
    Case("qliro_credentials", "something else answers", lambda world: None,
         "error", ("What answers at qliro.base_url is not Qliro's Admin API",),
         {"qliro.base_url": "http://127.0.0.1/elsewhere"}),
    Case("bookkeeping_method", "it is not told",
         lambda world: world.years.update({2: replace(world.years[2], method="")}),
         "warning", ("Fortnox does not tell the bookkeeping method",)),
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
    Case("clock", "it stands in another year", fast(400 * 24 * 60), "error", ("400 days ahead",)),
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
        "version: 2\ntable: interim_accounts\notherwise: {account: 1777, known: false}\n"
    )
    (told,) = found(shop(well(), overlay=str(overlay.parent)), "accounts")
    assert "Account 1777 (tables.interim_accounts[otherwise])" in told.what
    assert "interim_accounts.yaml:3:" in told.where


def test_refunds_with_their_credentials_are_well(order_shop: Callable[..., OrderShop]) -> None:
    told = found(order_shop(), "plus_credentials")
    assert [(one.severity, one.what) for one in told] == [
        ("ok", "Qliro accepts the API Plus secret for what refunds read.")
    ]
