"""Pseudonymised traffic names nobody, in any script, and is the same shop all the same."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from carried import read, tables
from hypothesis import given
from hypothesis import strategies as st
from sales.kit import mappings
from stdnum import luhn
from stdnum.eu import vat as eu_vat
from stdnum.fi import ytunnus
from stdnum.no import mva, orgnr

from engine.extract import pseudonym
from engine.extract.export import export
from engine.extract.pseudonym import Pseudonyms
from engine.extract.readable import shapes
from engine.extract.redact import hashed
from engine.stage.traffic import own_words
from engine.store.database import Store

KEY = b"key"
AT = datetime(2026, 11, 20, 10, tzinfo=UTC)


def order(number: int, **customer: Any) -> dict[str, Any]:
    """An order of a buyer who lives in Umeå."""
    address = {"Street": "Storgatan 14", "PostalCode": "90326", "City": "Umeå", "CountryCode": "SE"}
    names = {key: customer[key] for key in ("FirstName", "LastName") if key in customer}
    return {
        "OrderId": number, "MerchantReference": f"S-{number}", "Currency": "SEK", "Country": "SE",
        "Customer": {"JuridicalType": "Physical", **customer},
        "BillingAddress": {**address, **names},
        "OrderItemActions": [{
            "Id": 1, "MerchantReference": "TROJA-XL", "Description": "Tröja", "Quantity": 1,
            "PricePerItemIncVat": 100, "PricePerItemExVat": 80, "VatRate": 25,
            "ActionType": "Reserve", "PaymentTransactionId": 7, "Type": "Product"}],
        "PaymentTransactions": [{
            "PaymentTransactionId": 7, "Type": "Preauthorization", "Amount": 100,
            "Status": "Success", "Timestamp": "2026-11-20T09:00:00"}],
    }  # fmt: skip


Carry = Callable[..., tuple[Store, Store, str]]


@pytest.fixture
def carry(tmp_path: Path) -> Carry:
    """Reads answers (paths with bodies), and their pseudonymised export; gives both merchants and
    the text of the export."""

    def carrying(*answers: tuple[str, Any], **more: Any) -> tuple[Store, Store, str]:
        lines = (
            json.dumps({"request": {"path": path}, "at": AT.isoformat(), "body": body})
            for path, body in answers
        )
        source, _ = read(tmp_path, lines)
        told = list(export(source, pseudonymise=True, key=KEY, **more))
        return source, read(tmp_path, told)[0], "\n".join(told)

    return carrying


BUYERS = [
    {"FirstName": "Иван", "LastName": "Петров"},
    {"FirstName": "Łukasz", "LastName": "Żółć"},
    {"FirstName": "Þórður", "LastName": "Ægisson"},
    {"FirstName": "José", "LastName": unicodedata.normalize("NFD", "Muñoz")},
    {"FirstName": "Ελένη", "LastName": "Παπαδοπούλου"},
    {"FirstName": "小林", "LastName": "さくら"},
    {"FirstName": "محمد", "LastName": "علي"},
    {"FirstName": "Anna-Karin", "LastName": "von Ström"},
    {"FirstName": "Bo", "LastName": "Li"},
]


def test_no_name_is_left_in_any_script(carry: Carry) -> None:
    answers = [(f"/v2/orders/{n}", order(n, **buyer)) for n, buyer in enumerate(BUYERS, start=1)]
    _, other, text = carry(*answers)
    words = {
        word
        for buyer in BUYERS
        for name in buyer.values()
        for word in name.replace("-", " ").split()
    }
    told = other.tuples('SELECT FirstName, LastName, BillingFirstName FROM qliro."order"')
    left = {word for row in told for name in row for word in name.replace("-", " ").split()}
    assert left & words == set()
    assert not [word for word in words if len(word) > 2 and word in text]
    assert len(left) == len(words)


def test_a_name_an_email_and_a_phone_go_wherever_they_stand(carry: Carry) -> None:
    buyer = {"FirstName": "Sture", "LastName": "Öman", "Email": "sture.oman@example.com",
             "MobileNumber": "+46701112233"}  # fmt: skip
    invoice = {
        "DocumentNumber": "7", "CustomerNumber": "STURE-1", "CustomerName": "Sture Öman",
        "YourReference": "sture.oman@example.com", "OurReference": "070-1112233",
        "Remarks": "Ring STURE på +46 70 111 22 33", "ExternalInvoiceReference1": "Öman-S-1",
        "InvoiceRows": [{"ArticleNumber": "TROJA-XL", "Description": "Tröja med tryck: sture"}],
    }  # fmt: skip
    asked = "/3/invoices?externalinvoicereference1=%C3%96man-S-1"
    _, other, text = carry(
        ("/v2/orders/1", order(1, **buyer)), ("/3/invoices/7", {"Invoice": invoice}),
        (asked, {"Invoices": []}), ("/3/customers/STURE-1", {"Customer": {
            "CustomerNumber": "STURE-1", "@url": "https://api.fortnox.se/3/customers/STURE-1"}}),
    )  # fmt: skip
    assert not [one for one in ("sture", "öman", "oman") if one in text.lower()]
    assert not [one for one in ("1112233", "111 22 33") if one in text]
    ((number, reference),) = other.tuples(
        "SELECT CustomerNumber, ExternalInvoiceReference1 FROM fortnox.invoice"
    )
    assert number.endswith("-1")
    assert f"/3/customers/{number}" in text
    assert f'"externalinvoicereference1":"{reference}"' in text
    assert "TROJA-XL" in text
    assert "Tröja med tryck: " in text


def test_a_personal_number_as_customer_number_goes_alike_everywhere(carry: Carry) -> None:
    number = "19790625-5307"
    _, other, text = carry(
        (f"/3/customers/{number}", {"Customer": {
            "@url": f"https://api.fortnox.se/3/customers/{number}", "CustomerNumber": number,
            "OrganisationNumber": "790625-5307"}}),
        ("/3/invoices", {"Invoices": [{"DocumentNumber": "1", "CustomerNumber": number}]}),
        (f"/3/invoices?customernumber={number}", {"Invoices": []}),
    )  # fmt: skip
    assert not [one for one in ("790625", "5307") if one in text]
    new = other.value("SELECT CustomerNumber FROM fortnox.customer")
    assert other.value("SELECT CustomerNumber FROM fortnox.invoice") == new
    assert f"/3/customers/{new}" in text
    assert f'"customernumber":"{new}"' in text


def test_the_buyers_hash_and_both_references_stay(carry: Carry) -> None:
    buyer = {"FirstName": "Eva", "PersonalNumber": "197906255307"}
    invoice = {"DocumentNumber": "7", "ExternalInvoiceReference1": "S-1", "OCR": "100700",
               "ExternalInvoiceReference2": "1/7", "YourOrderNumber": "S-1"}  # fmt: skip
    source, other, _ = carry(
        ("/v2/orders/1", order(1, **buyer)), ("/3/invoices", {"Invoices": [invoice]})
    )
    assert other.value('SELECT PersonHash FROM qliro."order"') == hashed("197906255307", b"key")
    for table in ('fortnox."invoice"', 'qliro."order_line"', 'qliro."transaction"'):
        assert tables(other)[table] == tables(source)[table]


def test_an_id_that_looks_like_a_number_of_somebody_stays_in_references_of_several_parts() -> None:
    names = Pseudonyms(KEY, {"7906255307", "0701112233"})
    names.know({"Phone": "070-111 22 33"})
    for reference in ("7906255307/12", "0701112233/12", "7906255307"):
        assert names.field("externalinvoicereference2", reference) == reference


def test_a_company_stays_a_company_with_a_valid_number(carry: Carry) -> None:
    numbers = [f"55600110{check}" for check in ("08", "16", "24", "32", "40", "57", "65", "73")]
    answers = [
        (f"/v2/orders/{n}", order(n, JuridicalType="Company", PersonalNumber=number,
                                  VatNumber=f"SE{number}01"))
        for n, number in enumerate(numbers, start=1)
    ]  # fmt: skip
    customer = {"CustomerNumber": "4", "OrganisationNumber": "556001-1008"}
    _, other, text = carry(*answers, ("/3/customers/4", {"Customer": customer}))
    told = other.tuples('SELECT OrganisationNumber, VatNumber, PersonHash FROM qliro."order" '
                        "ORDER BY OrderId")  # fmt: skip
    assert len({number for number, _, _ in told}) == len(numbers)
    for number, vat, person in told:
        assert person is None
        assert vat == f"SE{number}01"
        assert number[0] == "5"
        assert number[2] >= "2"
        assert luhn.is_valid(number)
    found = other.value("SELECT OrganisationNumber FROM fortnox.customer")
    assert found == f"{told[0][0][:6]}-{told[0][0][6:]}"
    assert not [number for number in numbers if number in text]


@pytest.mark.parametrize(
    ("number", "begins", "is_valid"),
    [
        ("923609016", "", orgnr.is_valid), ("NO 923 609 016 MVA", "NO ", mva.is_valid),
        ("2678277-6", "", ytunnus.is_valid), ("FI26782776", "FI", eu_vat.is_valid),
        ("DK35168184", "DK", eu_vat.is_valid), ("DE136695976", "DE", eu_vat.is_valid),
        ("ATU13585627", "ATU", eu_vat.is_valid), ("EL094259216", "EL", eu_vat.is_valid),
        ("PL8567346215", "PL", eu_vat.is_valid), ("NL004495445B01", "NL", eu_vat.is_valid),
        ("165560011008", "16", lambda text: luhn.is_valid(text[2:])),
    ],
)  # fmt: skip
def test_numbers_of_businesses_keep_their_form_and_check_digits(
    number: str, begins: str, is_valid: Callable[[str], bool]
) -> None:
    assert is_valid(number)
    new = Pseudonyms(KEY).field("vatnumber", number)
    assert new != number
    assert is_valid(new), new
    assert re.sub(r"\d", "9", new) == re.sub(r"\d", "9", number)
    assert new.startswith(begins)


def test_a_vat_number_that_is_none_becomes_none() -> None:
    new = Pseudonyms(KEY).field("vatnumber", "ATU13585620")
    assert (new[:3], eu_vat.is_valid(new)) == ("ATU", False)


@pytest.mark.parametrize(
    ("postcode", "begins"),
    [("22100", "22"), ("AX-22100", "AX-22"), ("35 001", "35"), ("78266", "78266"), ("111 22", "11"),
     ("97110", "97"), ("27498", "27498")],
)  # fmt: skip
def test_a_postcode_stays_in_its_territory(postcode: str, begins: str) -> None:
    places = ("22", "AX22", "FI22", "35", "38", "51", "52", "97", "27498", "78266", "23041")
    new = Pseudonyms(KEY, postcodes=places).field("postalcode", postcode)
    assert new.startswith(begins)
    assert len(new) == len(postcode)


def test_no_postcode_comes_into_a_territory_of_its_own() -> None:
    names = Pseudonyms(KEY, postcodes=("78266", "78267", "7827"))
    told = {names.field("zipcode", f"78{n:03}") for n in range(0, 200, 3)}
    assert not [one for one in told if one.startswith(("78266", "78267", "7827"))]


def test_texts_of_vouchers_keep_references_numbers_and_the_merchants_own_words() -> None:
    names = Pseudonyms(KEY, {"1"}, "QL-", {"Qliro", "utbetalning"}, {"10 001 B", "<1001>"})
    text = "Qliro utbetalning 2026-11-01 QL-70001 a1b2c3d4e5f60718 10 001 B _1001_ Anna"
    told = json.loads(names.body(json.dumps({"Description": text})))["Description"]
    assert told.startswith(text.removesuffix("Anna"))
    assert not told.endswith("Anna")


def test_the_words_that_mappings_write_are_known_by_whatever_name_a_text_is_put_together() -> None:
    """``tvist`` and ``tillägg`` are named values, ``Öresavrundning`` stands in a part."""
    words = {"utbetalning", "tillägg", "tvist", "vunnen", "rad", "rader", "utan", "referens"}
    assert {*words, "avgifter", "överbetalning", "Öresavrundning"} <= own_words(mappings())


def test_a_body_that_is_no_json_is_replaced_whole() -> None:
    assert "Anna" not in Pseudonyms(KEY).body("<html>Anna</html>")


def test_a_text_under_an_unknown_key_is_replaced() -> None:
    told = json.loads(Pseudonyms(KEY).body('{"Nickname": "Lillan", "Amount": 12.50}'))
    assert told["Nickname"] != "Lillan"
    assert told["Amount"] == 12.5


def test_every_text_that_is_staged_has_its_rule() -> None:
    """A column that is added has to be put among what stays or what goes."""
    known = (
        *pseudonym.HARMLESS, *pseudonym.REFERENCES, *pseudonym.WRITTEN, *pseudonym.NAMES,
        *pseudonym.NUMBERS, *pseudonym.POSTCODES, "email", "city", "area", "street", "street2",
    )  # fmt: skip
    told = {name for shape in shapes().values() for name in _texts(shape)}
    ruled = {
        name for name in told if name.lower() in known or pseudonym.PHONES.fullmatch(name.lower())
    }
    assert told - ruled == set()


def _texts(shape: Any) -> list[str]:
    found: list[str] = []
    for name, kind in shape.items():
        if kind == "VARCHAR":
            found.append(name)
        elif not isinstance(kind, str):
            found += _texts(kind[0] if isinstance(kind, list) else kind)
    return found


def test_another_key_gives_other_pseudonyms() -> None:
    one, other = Pseudonyms(b"1"), Pseudonyms(b"2")
    assert one.field("name", "Anna Svensson") != other.field("name", "Anna Svensson")
    assert one.field("name", "Anna") == one.field("name", "Anna")


NAME = st.text("aBåÖéЖłab", min_size=2, max_size=8).filter(lambda one: one.lower() != "ab")


@given(NAME, NAME)
def test_names_stay_apart_and_are_alike_in_any_case(one: str, other: str) -> None:
    names = Pseudonyms(KEY)
    new = names.field("name", one)
    assert new.casefold() != one.casefold()
    assert len(new) == len(one)
    assert (new.casefold() == names.field("name", other).casefold()) == (
        one.lower() == other.lower()
    )
    assert [sign.isupper() for sign in new] == [sign.isupper() for sign in one]
    assert names.field("name", one.upper()) == new.upper()


@given(st.integers(0, 99), st.integers(0, 99))
def test_numbers_of_houses_stay_apart(one: int, other: int) -> None:
    names = Pseudonyms(KEY)
    told = [names.field("street", f"Storgatan {number}") for number in (one, other)]
    assert (told[0] == told[1]) == (one == other)
