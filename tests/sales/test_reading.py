"""How orders and their lines are read: who buys, how it is taxed, accounts, articles, addresses."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ItemError
from engine.language import filters
from engine.language.fortnox_signs import as_article, forbidden

from .kit import LINES, line, mappings, order, plain, program

COMPANY = {"JuridicalType": "Company", "OrganisationNumber": "5560360793"}
GERMAN = {"DeliveryCountry": "DE", "JuridicalType": "Company", "OrganisationNumber": "HRB 1"}
CASES: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "a person at home": ({}, "private", "domestic", "SEVAT"),
    "a company at home": (COMPANY, "company", "domestic", "SEVAT"),
    "a company at home, with its VAT number": (
        {**COMPANY, "VatNumber": "SE556036079301"}, "company", "domestic", "SEVAT",
    ),
    "a person in Germany": ({"DeliveryCountry": "DE"}, "private", "oss", "SEVAT"),
    "a company in Germany, with its VAT number": (
        {**GERMAN, "VatNumber": " de136695976"}, "company", "reverse", "EUREVERSEDVAT",
    ),
    "a company in Germany without one": (GERMAN, "company", "oss", "SEVAT"),
    "a company in Germany that is known by its VAT number alone": (
        {**GERMAN, "OrganisationNumber": None, "VatNumber": "DE136695976"},
        "company", "reverse", "EUREVERSEDVAT",
    ),
    "a Greek company, which writes EL": (
        {**GERMAN, "DeliveryCountry": "GR", "VatNumber": "EL094014201"},
        "company", "reverse", "EUREVERSEDVAT",
    ),
    "a company whose goods go to Germany under its Swedish VAT number": (
        {**GERMAN, "VatNumber": "SE556036079301"}, "company", "oss", "SEVAT",
    ),
    "a person who wrote a VAT number": (
        {"DeliveryCountry": "DE", "VatNumber": "DE136695976"}, "private", "oss", "SEVAT",
    ),
    "a number of no EU country": (
        {**GERMAN, "VatNumber": "CHE123456788"}, "company", "oss", "SEVAT",
    ),
    "a person in Norway": ({"DeliveryCountry": "NO"}, "private", "export", "EXPORT"),
    "a company in Norway": (
        {"DeliveryCountry": "NO", **COMPANY}, "company", "export", "EXPORT",
    ),
    "a person on Åland, by its own code": (
        {"DeliveryCountry": "AX"}, "private", "export", "EXPORT",
    ),
    "a person whom the shop calls a company: the number is a personal one": (
        {"JuridicalType": "Company", "PersonHash": "pn:1", "BillingCompanyName": "Eks firma"},
        "private", "domestic", "SEVAT",
    ),
    "a country in small letters": ({"DeliveryCountry": "de"}, "private", "oss", "SEVAT"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_who_buys_and_how_it_is_taxed(case: str) -> None:
    columns, buyer, region, vat_type = CASES[case]
    found = order(**columns)
    assert (found["buyer_kind"], found["region"], found["vat_type"]) == (buyer, region, vat_type)
    known = {k: v for k, v in columns.items() if k not in ("PersonHash", "BillingCompanyName")}
    for entity in LINES:
        of_line = line(entity=entity, **known)
        assert (of_line["buyer_kind"], of_line["region"]) == (buyer, region)


@pytest.mark.parametrize(
    ("country", "postcode", "name"),
    [
        ("FI", "22100", "Åland"), ("FI", "AX-22 100", "Åland"), ("AX", None, "Åland"),
        ("ES", "35001", "the Canary Islands"), ("FI", "00100", None), ("FI", None, None),
        ("ES", "28001", None), ("SE", "22100", None),
    ],
)  # fmt: skip
def test_places_outside_the_vat_area_are_known_by_country_and_postcode(
    country: str, postcode: str | None, name: str | None
) -> None:
    found = order(DeliveryCountry=country, ShippingPostalCode=postcode)
    region = "export" if name else "domestic" if country == "SE" else "oss"
    assert (found["outside"], found["region"]) == (name, region)


def test_below_the_threshold_a_buyer_in_the_eu_pays_swedish_vat() -> None:
    found = order(program(oss=False), DeliveryCountry="DE")
    assert (found["region"], found["vat_type"]) == ("eu", "EUVAT")


def test_an_order_of_which_nobody_knows_where_it_goes_is_left_to_a_person() -> None:
    with pytest.raises(ItemError, match="it is not known where the goods go"):
        order(DeliveryCountry=None)


def test_the_lines_of_orders_captures_and_refunds_are_read_alike() -> None:
    first, *others = [mappings().entities[one].source.value["derive"] for one in LINES]
    assert others == [first, first]


def test_the_first_and_the_later_credit_of_an_invoice_come_to_the_same() -> None:
    one, other = (
        mappings().mappings[name].source.value
        for name in ("credit_invoice", "further_credit_invoice")
    )
    assert one["let"] == other["let"]
    assert one["document"]["InvoiceRows"] == other["document"]["InvoiceRows"]
    assert one["confirm"] == other["confirm"]


# Accounts ----------------------------------------------------------------------------------------
OSS = [
    {"country": ["DE", "FR"], "rate": [19, 20], "region": "oss", "account": 3106},
    {"country": "FI", "rate": Decimal("25.5"), "region": "oss", "account": 3107, "vat_code": "OFI"},
    {"kind": "shipping", "region": "domestic", "buyer": "private", "account": 3520},
    {"region": "domestic", "rate": 25, "account": 3001},
    {"region": "reverse", "account": 3108},
    {"region": "export", "rate": 0, "account": 3105},
]


@pytest.mark.parametrize(
    ("columns", "account", "vat_code"),
    [
        ({}, 3001, None),
        ({"Type": "Shipping"}, 3520, None),
        ({"Type": "Shipping", **COMPANY}, 3001, None),
        ({"DeliveryCountry": "DE", "VatRate": Decimal("19.0000"),
          "PricePerItemIncVat": Decimal(119)}, 3106, None),
        ({"DeliveryCountry": "FI", "VatRate": Decimal("25.5000"),
          "PricePerItemIncVat": Decimal("125.50")}, 3107, "OFI"),
        ({"DeliveryCountry": "NO", "VatRate": Decimal(0), "PricePerItemExVat": Decimal(125)},
         3105, None),
        ({**GERMAN, "VatNumber": "DE1", "VatRate": Decimal(0), "PricePerItemExVat": Decimal(125)},
         3108, None),
    ],
)  # fmt: skip
def test_the_account_comes_from_the_oss_table(
    columns: dict[str, Any], account: int, vat_code: str | None
) -> None:
    found = line(program(sales_accounts=OSS), **columns)
    assert (found["account"], found["vat_code"], found["no_account"]) == (account, vat_code, "")


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"DeliveryCountry": "DE", "VatRate": Decimal("7.0000"),
          "PricePerItemIncVat": Decimal(107)},
         "no row of sales_accounts fits DE with 7 % VAT (goods, private, oss)"),
        ({"DeliveryCountry": "FI", "VatRate": Decimal("13.5000"), "Type": "Fee",
          "PricePerItemIncVat": Decimal("113.50")},
         "no row of sales_accounts fits FI with 13.5 % VAT (fee, private, oss)"),
        ({"PricePerItemIncVat": Decimal("130.0000"), "VatRate": Decimal(30)},
         "HAT: no VAT rate in force in SE on 2026-11-02 fits its prices 130.0000 with and 100.0000"
         " without VAT (told: 30; tried: 25, 12, 6, 0; both rounded to 0.01)"),
        ({"PricePerItemIncVat": Decimal("0.01"), "PricePerItemExVat": Decimal("0.01")},
         "HAT: more than one VAT rate in force in SE on 2026-11-02 fits its prices 0.01 with and"
         " 0.01 without VAT (told: nothing; tried: 25, 12, 6, 0; both rounded to 0.01)"),
        ({"PricePerItemExVat": None},
         "HAT: no VAT rate in force in SE on 2026-11-02 fits its prices 125.0000 with and (none)"
         " without VAT (told: nothing; tried: 25, 12, 6, 0; both rounded to 0.01)"),
    ],
)  # fmt: skip
def test_without_a_row_the_sentence_names_country_and_rate(
    columns: dict[str, Any], sentence: str
) -> None:
    found = line(program(sales_accounts=OSS), **columns)
    assert (found["account"], found["no_account"]) == (None, sentence)


def test_a_row_for_any_rate_is_no_reason_to_guess_one() -> None:
    found = line(program(sales_accounts=[{"account": 3000}]), PricePerItemIncVat=Decimal(130))
    assert found["account"] is None
    assert "no VAT rate" in found["no_account"]


# Kinds and articles ------------------------------------------------------------------------------
def test_what_a_line_is_by_its_type_or_by_the_merchants_rows() -> None:
    kinds = [line(Type=one)["kind"] for one in ("Product", "Shipping", "Fee", "Discount", "New")]
    assert kinds == ["goods", "shipping", "fee", "discount", "goods"]
    cards = [{"type": "Discount", "reference": {"prefix": "giftcard"}, "kind": "credit_voucher"}]
    compiled = program(line_kinds=cards)
    assert line(compiled, Type="Discount", MerchantReference="GiftCard-9")["kind"] == (
        "credit_voucher"
    )


def test_oere_that_a_shop_adds_go_to_the_rounding_account() -> None:
    added = {
        "Type": "Fee", "MerchantReference": "Rounding-Adjustment",
        "PricePerItemIncVat": Decimal("0.01"), "PricePerItemExVat": Decimal("0.01"),
    }  # fmt: skip
    found = line(**added)
    assert [found[name] for name in ("kind", "rate", "account", "no_account")] == [
        "rounding", 0, 3740, "",
    ]  # fmt: skip
    missing = line(program(accounts={}), **added)["no_account"]
    assert missing == "accounts.rounding is missing for the rounding Rounding-Adjustment"


@pytest.mark.parametrize(
    ("reference", "article"),
    [
        ("HAT-12/b", "HAT-12/b"),
        (" Röd hatt (stor) ", "Röd_hatt__stor_"),
        ("a.b:c", "a_b_c"),
        ("", "goods"),
        (None, "goods"),
    ],
)
def test_an_article_number_is_the_reference_as_fortnox_takes_it(
    reference: str | None, article: str
) -> None:
    assert line(MerchantReference=reference)["article"] == article


def test_a_kind_may_have_an_article_of_its_own() -> None:
    compiled = program(articles={"fixed": [{"kind": ["shipping", "fee"], "article": "FRAKT"}]})
    found = line(compiled, Type="Shipping", MerchantReference=None)
    assert found["article"] == "FRAKT"
    assert line(compiled)["article"] == "HAT"


@given(st.text(min_size=1, max_size=200))
def test_every_article_number_is_allowed_and_stays_itself(text: str) -> None:
    found = as_article(text)
    assert len(found) <= 50
    assert all(sign.isalpha() or sign in "0123456789_-/\\+$" for sign in found)
    assert as_article(found) == found


def test_two_long_references_that_begin_alike_stay_two() -> None:
    one, other = ("X" * 60 + end for end in "ab")
    assert as_article(one) != as_article(other)
    assert as_article(one) == as_article(one)


# Rows --------------------------------------------------------------------------------------------
def test_a_rows_text_is_one_line_of_allowed_signs_and_a_cut_shows() -> None:
    found = line(Description='A "hat"\nwith <b>brim</b> ' + "x" * 300)
    assert found["text"].startswith("A _hat_ with _b_brim_/b_ xxx")
    assert len(found["text"]) == 255
    assert found["text"].endswith("xx...")
    assert not forbidden(found["text"])
    assert line(Description=" ")["text"] == "HAT"


def test_prices_are_sent_with_vat_or_without() -> None:
    assert line()["price"] == Decimal("125.00")
    assert line(program(vat_included=False))["price"] == Decimal("100.00")
    found = line()
    assert (found["quantity"], found["gross"], found["net"]) == (2, 250, 200)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [("25.0000", 25), ("25.50", Decimal("25.5")), ("0", 0), ("-2.0", -2), ("100", 100)],
)
def test_a_plain_number_has_no_zeros_behind(value: str, wanted: Any) -> None:
    found = filters.FILTERS["plain"].run(Decimal(value))
    assert (found, type(found), str(found)) == (wanted, type(wanted), str(wanted))


# Methods -----------------------------------------------------------------------------------------
METHODS = [
    {"method": "SWISH", "terms_of_payment": "FAK", "book": False},
    {"method": ["CREDITCARDS"], "type": ["VISA", "704"], "terms_of_payment": "QLIROKORT"},
]


def test_a_payment_method_has_its_terms_and_an_unknown_one_the_declared_default() -> None:
    compiled = program(payment_methods=METHODS, qliro_methods=["QLIRO", "QLIROKORT"])
    read = [
        order(compiled, PaymentMethodName=name, PaymentTypeCode=kind)
        for name, kind in (("SWISH", None), ("CREDITCARDS", "704"), ("VIPPS", "704"), (None, None))
    ]
    names = ("terms", "method_is_known", "book", "is_qliro_method")
    assert [[one[name] for name in names] for one in read] == [
        ["FAK", True, False, False],
        ["QLIROKORT", True, True, True],
        ["QLIRO", False, True, True],
        ["QLIRO", False, True, True],
    ]


# Buyers ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("columns", "buyer"),
    [
        ({**COMPANY, "Email": "a@b.se"}, "5560360793"),
        ({**COMPANY, "OrganisationNumber": "556036-0793"}, "5560360793"),
        ({"PersonHash": "pn:12", "Email": "a@b.se"}, "pn:12"),
        ({"Email": " Anna@B.se "}, "anna@b.se"),
        ({"Email": " "}, "order 4711"),
        ({}, "order 4711"),
    ],
)
def test_what_makes_two_orders_one_buyer(columns: dict[str, Any], buyer: str) -> None:
    assert order(**columns)["buyer"] == buyer


def test_what_the_merchant_leaves_out_finds_nobody() -> None:
    compiled = program(customers={"find_by": ["email"]})
    found = order(compiled, PersonHash="pn:12", Email="a@b.se")
    assert [found[name] for name in ("by_organisation", "by_person", "by_email", "buyer")] == [
        None, None, "a@b.se", "a@b.se",
    ]  # fmt: skip


def test_with_collective_customers_the_country_of_delivery_is_the_buyer() -> None:
    rows = [{"country": "SE", "customer": "1001"}, {"country": ["DE", "FI"], "customer": "1002"}]
    compiled = program(customers={"by": "collective", "collective": rows})
    found = [order(compiled, DeliveryCountry=one, Email="a@b.se") for one in ("SE", "FI", "NO")]
    assert [(one["buyer"], one["collective"]) for one in found] == [
        ("collective SE", "1001"), ("collective FI", "1002"), ("collective NO", None),
    ]  # fmt: skip


# Names and addresses -----------------------------------------------------------------------------
BILLING = {
    "BillingFirstName": "Anna", "BillingLastName": "Ek", "BillingStreet": "Gatan 1",
    "BillingPostalCode": "01234", "BillingCity": "Ort", "BillingCountryCode": "SE",
}  # fmt: skip


def test_a_name_falls_back_from_company_to_person_to_the_declared_one() -> None:
    company = {**COMPANY, "BillingCompanyName": "Hattar | Mössor AB"}
    assert order(**BILLING, **company)["name"] == "Hattar _ Mössor AB"
    assert order(**BILLING, **COMPANY)["name"] == "Anna Ek"
    assert order(**{**BILLING, "BillingCompanyName": "Anna AB"})["name"] == "Anna Ek"
    assert order(FirstName="Bo", LastName="")["name"] == "Bo"
    assert order()["name"] == "Qliro-kund"


def test_an_address_that_is_not_told_is_the_other_one() -> None:
    found = order(**BILLING)
    names = ("name", "address1", "address2", "zip", "city", "country_name")
    assert [found[f"delivery_{name}"] for name in names] == [
        "Anna Ek", "Gatan 1", None, "01234", "Ort", "Sverige",
    ]  # fmt: skip
    shipping = {key.replace("Billing", "Shipping"): value for key, value in BILLING.items()}
    found = order(**shipping)
    assert (found["address1"], found["zip"], found["city"]) == ("Gatan 1", "01234", "Ort")


def test_a_delivery_elsewhere_keeps_to_itself() -> None:
    found = order(
        **BILLING, DeliveryCountry="NO", ShippingFirstName="Bo", ShippingLastName="By",
        ShippingStreet="Vei 2", ShippingCity="Oslo",
    )  # fmt: skip
    assert found["delivery_name"] == "Bo By"
    assert found["delivery_address1"] == "Vei 2"
    assert found["delivery_zip"] is None  # not that of the other address
    assert found["delivery_country_name"] == "Norge"
    assert found["country_name"] == "Sverige"


@pytest.mark.parametrize(
    ("care", "street", "street2", "lines"),
    [
        ("Bo By", "Gatan 1", "", ["Gatan 1", "c/o Bo By"]),
        ("C/O Bo By", "Gatan 1", "Port 2", ["Gatan 1", "C/O Bo By, Port 2"]),
        ("", "Gatan 1", "Port 2", ["Gatan 1", "Port 2"]),
        ("", "", "Port 2", ["Port 2", None]),
    ],
)
def test_the_lines_of_an_address(
    care: str, street: str, street2: str, lines: list[str | None]
) -> None:
    address = {"CareOf": care, "Street": street, "Street2": street2, "City": "Ort"}
    found = order(**{f"Shipping{k}": v for k, v in address.items()})
    assert [found["delivery_address1"], found["delivery_address2"]] == lines
    found = order(**{f"Billing{k}": v for k, v in address.items()})
    assert [found["address1"], found["address2"]] == lines


def test_no_field_is_longer_than_fortnox_takes_and_a_cut_shows() -> None:
    found = order(ShippingStreet="Gatan " + "x" * 80, ShippingPostalCode="1234567890123")
    assert len(found["delivery_address1"]) == 60
    assert found["delivery_address1"].endswith("x...")
    assert found["delivery_zip"] == "1234567..."


def test_every_country_of_the_eu_has_its_name_in_fortnox() -> None:
    rows = mappings().tables["countries"].rows
    names = {row.when["country"]: plain().tables["countries"].find((row.when["country"],))["name"]
             for row in rows}  # fmt: skip
    assert names["FI"] == "Finland"
    assert all(names.values())
