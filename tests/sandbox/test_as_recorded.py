"""What recorded answers of the real Fortnox show where the sandbox once answered otherwise."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from engine.sandbox.history import new_sale
from engine.sandbox.world.world import Customer, World

Refused = Callable[..., str]


def made(response: httpx.Response) -> Any:
    assert response.status_code in (200, 201), response.text
    return next(value for key, value in response.json().items() if key != "MetaInformation")


def order(fortnox: httpx.Client, *rows: dict[str, object]) -> Any:
    return made(fortnox.post("orders", json={"Order": {"CustomerNumber": "7", "OrderRows": rows}}))


ROW = {"Description": "Vas", "OrderedQuantity": "2", "Price": 100, "VAT": 25, "AccountNumber": 3001}


@pytest.fixture(autouse=True)
def buyer(world: World) -> None:
    world.customers["7"] = Customer("7", "Webbkund", world.now(), fields={"Currency": "SEK"})


def test_a_slash_at_the_end_of_any_path_changes_nothing(fortnox: httpx.Client) -> None:
    day = {"date": "2026-11-16"}
    for path in ("financialyears", "orders", "customers", "articles", "accounts"):
        plain, slashed = (fortnox.get(one, params=day if "years" in path else {})
                          for one in (path, f"{path}/"))  # fmt: skip
        assert (plain.status_code, slashed.json()) == (200, plain.json())
    posted = {"Order": {"CustomerNumber": "7", "OrderRows": [ROW]}}
    assert fortnox.post("orders/", json=posted).status_code == 201
    assert made(fortnox.get("orders/501/"))["DocumentNumber"] == "501"
    assert fortnox.get("orders//").status_code == 404


@pytest.mark.parametrize("name", ["Norway", "United Kingdom", "Virgin Islands, U.S.", "Norge"])
def test_a_country_is_taken_by_its_english_name_and_answered_as_sent(
    world: World, fortnox: httpx.Client, refused: Refused, name: str
) -> None:
    head = {"CustomerNumber": "7", "OrderRows": [ROW], "Country": name, "DeliveryCountry": name}
    shown = made(fortnox.post("orders", json={"Order": head}))
    assert (shown["Country"], shown["DeliveryCountry"]) == (name, name)
    world.company.english_countries = False
    answer = fortnox.post("orders", json={"Order": head})
    assert answer.status_code == (201 if name == "Norge" else 400)


def test_what_a_card_does_not_hold_is_null_in_documents_and_blank_in_the_list(
    fortnox: httpx.Client,
) -> None:
    card = made(fortnox.post("customers", json={"Customer": {"Name": "Bo Ek"}}))
    again = made(fortnox.get(f"customers/{card['CustomerNumber']}"))
    for shown in (card, again):
        for name in ("Address2", "City", "ZipCode", "Phone1", "DeliveryCity", "DeliveryName",
                     "VisitingAddress", "ExternalReference"):  # fmt: skip
            assert shown[name] is None, name
    listed = next(one for one in made(fortnox.get("customers")) if one["Name"] == "Bo Ek")
    assert (listed["City"], listed["ZipCode"], listed["Phone"]) == ("", "", "")


def test_rows_say_percent_and_quantities_without_zeros_and_their_cost(
    fortnox: httpx.Client,
) -> None:
    half = {**ROW, "OrderedQuantity": "0.5", "DeliveredQuantity": "0"}
    shown = order(fortnox, ROW, half)
    assert [(r["OrderedQuantity"], r["DeliveredQuantity"]) for r in shown["OrderRows"]] == [
        ("2", "2"), ("0.5", "0"),
    ]  # fmt: skip
    assert {(r["DiscountType"], r["Cost"]) for r in shown["OrderRows"]} == {("PERCENT", 0)}
    assert (shown["PrintTemplate"], shown["StockPointCode"], shown["StockPointId"]) == (
        "oc", None, None,
    )  # fmt: skip


def test_a_company_may_have_delivered_nothing_of_what_an_order_is_silent_on(
    world: World, fortnox: httpx.Client
) -> None:
    assert order(fortnox, ROW)["Total"] == 250
    world.company.delivers = False
    shown = order(fortnox, ROW)
    assert (shown["Total"], shown["OrderRows"][0]["DeliveredQuantity"]) == (0, "0")
    assert shown["DeliveryState"] == "delivery"


def test_a_new_article_has_the_companys_accounts_and_the_list_no_prices(
    fortnox: httpx.Client,
) -> None:
    shown = made(fortnox.post("articles", json={"Article": {"Description": "Vas"}}))
    accounts = ("SalesAccount", "EUAccount", "EUVATAccount", "ExportAccount", "PurchaseAccount")
    assert all(shown[name] >= 3000 for name in accounts)
    assert shown["ConstructionAccount"] == 0
    assert len(shown) == 45  # all of the official document
    (listed,) = made(fortnox.get("articles"))
    assert (listed["VAT"], listed["SalesPrice"], listed["QuantityInStock"]) == (None, None, "0")


def test_an_unbooked_payment_is_changed_and_a_booked_one_is_not(
    world: World, fortnox: httpx.Client, pay: Callable[..., httpx.Response], refused: Refused
) -> None:
    invoice = new_sale(world, Decimal(100), day=world.today()).invoice.number
    paid = made(pay(invoice, "90.00", PaymentDate="2026-11-16"))
    path = f"invoicepayments/{paid['Number']}"
    changed = made(fortnox.put(path, json={"InvoicePayment": {"Amount": 100}}))
    assert (changed["Amount"], changed["ModeOfPaymentAccount"]) == (100, 1581)
    assert len(made(fortnox.get("invoicepayments"))) == 1
    assert fortnox.put(f"{path}/bookkeep").status_code == 200
    refused(fortnox.put(path, json={"InvoicePayment": {"Amount": 1}}))
    assert fortnox.put("invoicepayments/4711", json={"InvoicePayment": {}}).status_code == 404


@pytest.mark.parametrize(
    ("path", "wrapper", "entry"),
    [("projects", "Project", {"ProjectNumber": "42", "Description": "Mässa"}),
     ("units", "Unit", {"Code": "kolli", "Description": "kolli"}),
     ("costcenters", "CostCenter", {"Code": "WEB", "Description": "Webben"}),
     ("termsofpayments", "TermsOfPayment", {"Code": "45", "Description": "45 dagar"})],
)  # fmt: skip
def test_an_entry_of_a_register_is_made_and_shown_alone(
    fortnox: httpx.Client, refused: Refused, path: str, wrapper: str, entry: dict[str, str]
) -> None:
    key = next(iter(entry))
    assert made(fortnox.post(path, json={wrapper: entry}))[key] == entry[key]
    assert made(fortnox.get(f"{path}/{entry[key]}"))["Description"] == entry["Description"]
    refused(fortnox.post(path, json={wrapper: entry}))


def test_a_project_that_is_not_there_says_so(fortnox: httpx.Client) -> None:
    answer = fortnox.get("projects/4711")
    assert (answer.status_code, answer.json()["ErrorInformation"]["Code"]) == (404, 2001161)


def test_a_document_that_is_mailed_is_sent(world: World, fortnox: httpx.Client) -> None:
    assert not order(fortnox, ROW)["Sent"]
    assert made(fortnox.get("orders/501/email"))["Sent"] is True
    invoice = new_sale(world, Decimal(100), day=world.today()).invoice.number
    assert made(fortnox.get(f"invoices/{invoice}/email"))["Sent"] is True
