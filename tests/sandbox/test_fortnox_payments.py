"""Invoice payments in the sandbox's Fortnox: what is refused, what is not, what booking changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import httpx
import pytest

from engine.sandbox.history import new_credit_invoice, new_invoice
from engine.sandbox.world.world import World, account_balance

Refused = Callable[..., str]
Pay = Callable[..., httpx.Response]


DAY = date(2026, 11, 11)


def balance(fortnox: httpx.Client, number: int) -> float:
    return float(fortnox.get(f"invoices/{number}").json()["Invoice"]["Balance"])


def test_payment_changes_the_balance_only_when_booked(
    world: World, fortnox: httpx.Client, pay: Pay
) -> None:
    invoice = new_invoice(world, Decimal("100.00"), day=DAY)
    made = pay(invoice.number, "100").json()["InvoicePayment"]
    assert (made["Booked"], made["VoucherNumber"]) == (False, None)
    assert balance(fortnox, invoice.number) == 100
    booked = fortnox.put(f"invoicepayments/{made['Number']}/bookkeep").json()["InvoicePayment"]
    assert (booked["Booked"], booked["VoucherSeries"], booked["VoucherNumber"]) == (True, "C", 1)
    held = fortnox.get(f"invoices/{invoice.number}").json()["Invoice"]
    assert (held["Balance"], held["FinalPayDate"]) == (0, "2026-11-13")


def test_payment_number_is_a_string_and_the_url_carries_it(world: World, pay: Pay) -> None:
    invoice = new_invoice(world, Decimal("100.00"), day=DAY)
    made = pay(invoice.number, "100").json()["InvoicePayment"]
    assert made["Number"] == "1"
    assert made["@url"].endswith("/invoicepayments/1")


def test_write_offs_count_towards_the_balance_and_are_booked_on_their_accounts(
    world: World, fortnox: httpx.Client, pay: Pay
) -> None:
    invoice = new_invoice(world, Decimal("100.00"), day=DAY)
    offs = [{"AccountNumber": 6570, "Amount": 4}, {"AccountNumber": 2641, "Amount": 1}]
    pay(invoice.number, "95", WriteOffs=offs)
    fortnox.put("invoicepayments/1/bookkeep")
    assert balance(fortnox, invoice.number) == 0
    accounts = (1581, 6570, 2641, 1510)
    assert [account_balance(world, a) for a in accounts] == [95, 4, 1, -100]


def test_the_same_payment_is_made_as_often_as_it_is_sent(
    world: World, fortnox: httpx.Client, pay: Pay
) -> None:
    invoice = new_invoice(world, Decimal("20.00"), day=DAY)
    assert [pay(invoice.number, "10.5").status_code for _ in range(5)] == [201] * 5
    listed = fortnox.get("invoicepayments", params={"invoicenumber": invoice.number}).json()
    assert listed["MetaInformation"]["@TotalResources"] == 5


def test_paying_more_than_the_balance_is_not_refused(
    world: World, fortnox: httpx.Client, pay: Pay
) -> None:
    invoice = new_invoice(world, Decimal("20.00"), day=DAY)
    assert pay(invoice.number, "25").status_code == 201
    fortnox.put("invoicepayments/1/bookkeep")
    assert balance(fortnox, invoice.number) == -5


def test_booking_twice_is_refused(
    world: World, fortnox: httpx.Client, pay: Pay, refused: Refused
) -> None:
    invoice = new_invoice(world, Decimal("20.00"), day=DAY)
    pay(invoice.number, "10")
    assert fortnox.put("invoicepayments/1/bookkeep").status_code == 200
    assert "redan bokförd" in refused(fortnox.put("invoicepayments/1/bookkeep"))
    assert balance(fortnox, invoice.number) == 10


def test_paid_invoice_takes_no_payment_and_no_booking_of_a_waiting_one(
    world: World, fortnox: httpx.Client, pay: Pay, refused: Refused
) -> None:
    invoice = new_invoice(world, Decimal("20.00"), day=DAY)
    pay(invoice.number, "20")
    pay(invoice.number, "20")
    fortnox.put("invoicepayments/1/bookkeep")
    refused(fortnox.put("invoicepayments/2/bookkeep"), 2003055)
    refused(pay(invoice.number, "20"), 2003055)


def test_negative_payment_brings_a_credit_invoice_to_zero(
    world: World, fortnox: httpx.Client, pay: Pay
) -> None:
    invoice = new_invoice(world, Decimal("200.00"), day=DAY)
    credit = new_credit_invoice(world, invoice, Decimal("-200.00"), day=DAY)
    offs = [{"AccountNumber": 6570, "Amount": 5}]
    pay(credit.number, "-205", WriteOffs=offs)
    fortnox.put("invoicepayments/1/bookkeep")
    held = fortnox.get(f"invoices/{credit.number}").json()["Invoice"]
    assert (held["Balance"], held["Credit"]) == (0, "true")
    assert held["CreditInvoiceReference"] == str(invoice.number)


def test_only_the_first_credit_invoice_is_linked(world: World, fortnox: httpx.Client) -> None:
    invoice = new_invoice(world, Decimal("200.00"), day=DAY)
    first = new_credit_invoice(world, invoice, Decimal("-50.00"), day=DAY)
    second = new_credit_invoice(world, world.invoices[invoice.number], Decimal("-20.00"), day=DAY)
    found = [
        fortnox.get(f"invoices/{number}").json()["Invoice"]["CreditInvoiceReference"]
        for number in (invoice.number, first.number, second.number)
    ]
    assert found == [str(first.number), str(invoice.number), "0"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"ModeOfPaymentAccount": 9999}, 2001304),
        ({"ModeOfPaymentAccount": 1599}, 2000550),
        ({"PaymentDate": "2026-11-10"}, 2001089),
        ({"WriteOffs": [{"AccountNumber": 9999, "Amount": 1}]}, 2001304),
        ({"WriteOffs": [{"AccountNumber": 6570, "Sum": 1}]}, 2001399),
        ({"Amount": "ten"}, 2000108),
        ({"Reference": "10001"}, 2001399),
        ({"Booked": True}, 2001399),
        ({"ModeOfPayment": "NONE"}, None),
        ({"Currency": "EUR"}, None),
        ({"Amount": None}, None),
    ],
)
def test_a_payment_that_is_not_right_is_refused_and_not_made(
    world: World, pay: Pay, fields: dict[str, object], code: int | None, refused: Refused
) -> None:
    invoice = new_invoice(world, Decimal("100.00"), day=DAY)
    refused(pay(invoice.number, "100", **fields), code)
    assert not world.payments


def test_unbooked_and_cancelled_invoices_take_no_payment(
    world: World, pay: Pay, refused: Refused
) -> None:
    unbooked = new_invoice(world, Decimal("100.00"), day=DAY, booked=False)
    cancelled = new_invoice(world, Decimal("100.00"), day=DAY, cancelled=True)
    assert "inte bokförd" in refused(pay(unbooked.number, "100"))
    assert "makulerad" in refused(pay(cancelled.number, "100"))


def test_locked_period_and_missing_year_are_refused(
    world: World, pay: Pay, refused: Refused
) -> None:
    invoice = new_invoice(world, Decimal("100.00"), day=DAY)
    world.locked_until = date(2026, 11, 13)
    refused(pay(invoice.number, "100"), 2000401)
    world.locked_until = None
    assert "räkenskapsår" in refused(pay(invoice.number, "100", PaymentDate="2027-01-02"))


def test_locking_between_creating_and_booking_refuses_the_booking(
    world: World, fortnox: httpx.Client, pay: Pay, refused: Refused
) -> None:
    invoice = new_invoice(world, Decimal("100.00"), day=DAY)
    pay(invoice.number, "100")
    world.locked_until = date(2026, 11, 30)
    refused(fortnox.put("invoicepayments/1/bookkeep"), 2000401)


def test_unknown_invoice_is_not_found_in_pascal_case(pay: Pay) -> None:
    response = pay(4711, "100")
    assert response.status_code == 404
    error = response.json()["ErrorInformation"]
    assert error == {"Error": 1, "Message": "Kan inte hitta fakturan.", "Code": 2000434}


def test_foreign_payment_needs_its_amount_in_the_invoices_currency(
    world: World, pay: Pay, refused: Refused
) -> None:
    invoice = new_invoice(world, Decimal("100.00"), day=DAY, currency="EUR")
    assert "AmountCurrency" in refused(pay(invoice.number, "1110"))


def test_foreign_payment_settles_in_its_currency_and_books_the_currency_loss(
    world: World, fortnox: httpx.Client, pay: Pay
) -> None:
    invoice = new_invoice(world, Decimal("100.00"), day=DAY, currency="EUR")
    offs = [{"AccountNumber": 6570, "Amount": 2, "Currency": "EUR"}]
    pay(invoice.number, "1087.80", AmountCurrency=98, WriteOffs=offs)
    fortnox.put("invoicepayments/1/bookkeep")
    assert balance(fortnox, invoice.number) == 0
    found = {a: account_balance(world, a) for a in (1581, 6570, 7960, 1510)}
    assert found == {
        1581: Decimal("1087.80"),
        6570: Decimal("22.20"),
        7960: Decimal("15.00"),
        1510: Decimal("-1125.00"),
    }


def test_unbooked_payment_can_be_deleted_a_booked_one_not(
    world: World, fortnox: httpx.Client, pay: Pay, refused: Refused
) -> None:
    invoice = new_invoice(world, Decimal("100.00"), day=DAY)
    pay(invoice.number, "10")
    pay(invoice.number, "20")
    fortnox.put("invoicepayments/2/bookkeep")
    assert fortnox.delete("invoicepayments/1").status_code == 204
    refused(fortnox.delete("invoicepayments/2"))
    assert fortnox.get("invoicepayments/1").status_code == 404


def test_payment_list_leaves_out_what_the_document_shows(
    world: World, fortnox: httpx.Client, pay: Pay
) -> None:
    invoice = new_invoice(world, Decimal("100.00"), day=DAY, reference="10001")
    pay(invoice.number, "95", WriteOffs=[{"AccountNumber": 6570, "Amount": 5}])
    (item,) = fortnox.get("invoicepayments").json()["InvoicePayments"]
    assert item["WriteOffExist"] is True
    assert {"ModeOfPaymentAccount", "WriteOffs", "ExternalInvoiceReference1"}.isdisjoint(item)
    document = fortnox.get("invoicepayments/1").json()["InvoicePayment"]
    assert document["ExternalInvoiceReference1"] == "10001"
    assert document["ModeOfPaymentAccount"] == 1581
    assert "WriteOffExist" not in document


def test_booking_marks_invoice_and_payment_as_modified(
    world: World, fortnox: httpx.Client, pay: Pay
) -> None:
    invoice = new_invoice(world, Decimal("100.00"), day=DAY)
    pay(invoice.number, "100")
    world.clock.advance(600)
    since = {"lastmodified": f"{world.now():%Y-%m-%d %H:%M}"}
    assert not fortnox.get("invoices", params=since).json()["Invoices"]
    assert not fortnox.get("invoicepayments", params=since).json()["InvoicePayments"]
    fortnox.put("invoicepayments/1/bookkeep")
    assert len(fortnox.get("invoices", params=since).json()["Invoices"]) == 1
    assert len(fortnox.get("invoicepayments", params=since).json()["InvoicePayments"]) == 1


def test_body_that_is_no_json_or_has_no_wrapper_is_refused(
    fortnox: httpx.Client, refused: Refused
) -> None:
    refused(fortnox.post("invoicepayments", content=b"{"), 2002115)
    refused(fortnox.post("invoicepayments", json={"InvoiceNumber": 1}), 2001392)


def test_invoice_of_a_later_date_takes_a_payment_on_its_own_date(world: World, pay: Pay) -> None:
    invoice = new_invoice(world, Decimal("100.00"), day=DAY + timedelta(days=2))
    assert pay(invoice.number, "100", PaymentDate=str(invoice.day)).status_code == 201
    world.invoices[invoice.number] = replace(invoice, day=DAY)
