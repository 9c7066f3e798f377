"""Customers and articles in the sandbox's Fortnox: found, made, changed, refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from engine.sandbox.world.world import World

Refused = Callable[..., str]


def post(fortnox: httpx.Client, **fields: object) -> httpx.Response:
    return fortnox.post("customers", json={"Customer": fields})


def made(response: httpx.Response) -> Any:
    assert response.status_code in (200, 201), response.text
    return next(iter(response.json().values()))


def test_a_customer_gets_the_next_number_unless_it_has_one(fortnox: httpx.Client) -> None:
    numbers = [made(post(fortnox, Name="x"))["CustomerNumber"] for _ in range(2)]
    assert numbers == ["101", "102"]
    assert made(post(fortnox, Name="x", CustomerNumber="Q-4900001"))["CustomerNumber"] == (
        "Q-4900001"
    )


def test_a_used_number_is_refused_even_after_its_customer_is_deleted(
    fortnox: httpx.Client, refused: Refused
) -> None:
    post(fortnox, Name="x", CustomerNumber="A1")
    assert "används redan" in refused(post(fortnox, Name="y", CustomerNumber="A1"), 2000637)
    assert fortnox.delete("customers/A1").status_code == 204
    refused(post(fortnox, Name="y", CustomerNumber="A1"), 2000637)


def test_a_card_is_kept_as_it_was_sent(fortnox: httpx.Client) -> None:
    card = {
        "Name": "Färg & Form i Norr AB",
        "Type": "COMPANY",
        "VATType": "SEVAT",
        "CountryCode": "SE",
        "Currency": "SEK",
        "TermsOfPayment": "30",
        "Email": "inkop@example.com",
        "OrganisationNumber": "556001-1982",
        "VATNumber": "SE556001198201",
        "ZipCode": "903 25",
        "DeliveryCity": "Umeå",
    }
    shown = made(post(fortnox, **card))
    assert {name: shown[name] for name in card} == card
    assert shown["Country"] == "Sverige"
    assert made(fortnox.get("customers/101")) == shown


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Name": ""}, 2000637),
        ({"Name": None}, 2000637),
        ({"ZipCode": "12345678901"}, 2000107),
        ({"Currency": "GBP"}, 2000427),
        ({"TermsOfPayment": "QLIRO"}, 2000429),
        ({"WayOfDelivery": "BÅT"}, None),
        ({"Type": "PERSON"}, 2001392),
        ({"VATType": "OSS"}, 2001392),
        ({"CountryCode": "XX"}, None),
        ({"OrganisationNumber": "556001-1983"}, None),
        ({"CustomerNumber": "A 1"}, None),
        ({"Name": "Zoë {Zo}"}, 2000359),
        ({"PersonalNumber": "790625-5307"}, 2001399),
    ],
)
def test_a_card_that_is_not_right_is_refused_and_not_made(
    world: World, fortnox: httpx.Client, refused: Refused, fields: dict[str, object], code: int
) -> None:
    refused(post(fortnox, **({"Name": "x"} | fields)), code)
    assert not world.customers


def test_a_foreign_number_is_not_checked_as_a_swedish_one(fortnox: httpx.Client) -> None:
    assert made(post(fortnox, Name="x", CountryCode="FI", OrganisationNumber="2678277-6"))


def test_a_put_changes_what_it_names_null_clears_and_nothing_else(fortnox: httpx.Client) -> None:
    post(fortnox, Name="x", Email="a@example.com", City="Luleå", Phone1="1")
    body = {"Name": "y", "City": None, "Phone1": ""}
    shown = made(fortnox.put("customers/101", json={"Customer": body}))
    names = ("Name", "Email", "City", "Phone1")
    assert [shown[name] for name in names] == ["y", "a@example.com", None, "1"]


def test_customers_are_found_by_one_field_in_any_case_of_letters(
    fortnox: httpx.Client, refused: Refused
) -> None:
    post(fortnox, Name="Anna Åström", Email="Anna@Example.com")
    post(fortnox, Name="Bo Ek", Email="bo@example.com", OrganisationNumber="5560011982")

    def found(**query: str) -> list[str]:
        items = fortnox.get("customers", params=query).json()["Customers"]
        return [item["CustomerNumber"] for item in items]

    assert found(email="anna@") == ["101"]
    assert found(name="åSTRÖM") == ["101"]
    assert found(organisationnumber="5560011982") == ["102"]
    assert found(customernumber="10", lastmodified="2026-11-16 09:00") == ["101", "102"]
    assert found(filter="inactive") == []
    assert found(email="bo@", name="ek") == ["102"]  # two at once are answered (recorded)
    assert found(email="bo@", name="åström") == []
    refused(fortnox.get("customers", params={"email": "a", "filter": "active"}), 2000588)


def test_a_customer_is_not_found_in_pascal_case(fortnox: httpx.Client) -> None:
    response = fortnox.get("customers/4711")
    assert (response.status_code, response.json()["ErrorInformation"]["Code"]) == (404, 2000433)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Description": ""}, None),
        ({"ArticleNumber": "a b"}, 2000359),
        ({"ArticleNumber": "x" * 51}, 2000107),
        ({"ArticleNumber": "A1"}, 2000013),
        ({"SalesAccount": 3999}, 2001304),
        ({"Unit": "tunna"}, 2000432),
        ({"Type": "VARA"}, 2001392),
    ],
)
def test_an_article_that_is_not_right_is_refused(
    fortnox: httpx.Client, refused: Refused, fields: dict[str, object], code: int | None
) -> None:
    article = {"ArticleNumber": "A1", "Description": "Mugg"}
    assert fortnox.post("articles", json={"Article": article}).status_code == 201
    new = {"ArticleNumber": "A2", "Description": "Mugg"} | fields
    refused(fortnox.post("articles", json={"Article": new}), code)


def test_an_article_is_found_changed_and_numbered(fortnox: httpx.Client) -> None:
    assert (
        made(fortnox.post("articles", json={"Article": {"Description": "Mugg"}}))["ArticleNumber"]
        == "1"
    )
    body = {"Article": {"Description": "Kopp", "SalesAccount": 3001, "Type": "SERVICE"}}
    shown = made(fortnox.put("articles/1", json=body))
    assert (shown["Description"], shown["SalesAccount"], shown["Type"]) == ("Kopp", 3001, "SERVICE")
    items = fortnox.get("articles", params={"description": "KOPP"}).json()["Articles"]
    assert [item["ArticleNumber"] for item in items] == ["1"]


def test_a_scope_that_was_not_granted_opens_no_register(
    world: World, fortnox: httpx.Client, refused: Refused
) -> None:
    world.access.scopes.discard("customer")
    refused(fortnox.get("customers"), 2000663)
