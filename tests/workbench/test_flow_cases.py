"""Cases of flows: given what Qliro and Fortnox hold, what a run would make; without any server."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.commands.main import commands
from engine.doctor.lint import whole_set
from engine.errors import FileError
from engine.home import HOME
from engine.show.output import Output
from engine.workbench.cases.case import Verdict
from engine.workbench.cases.suite import suite

SET = HOME / "mappings" / "qliro-fortnox"
SAMPLES = """\
version: 2
samples:
  a hat:
    is: qliro.orders.OrderItemActions
    MerchantReference: HAT-1
    Description: Hat
    Type: Product
    ActionType: Reserve
    Quantity: 1
    PricePerItemIncVat: 250.00
    PricePerItemExVat: 200.00
    VatRate: 25
    PaymentTransactionId: 5501
  a reservation:
    is: qliro.orders.PaymentTransactions
    PaymentTransactionId: 5501
    Type: Preauthorization
    Status: Success
    Amount: 250.00
    Currency: SEK
    Timestamp: 2026-10-10T10:00:00
    PaymentMethodName: QLIRO_INVOICE
  an order:
    is: qliro.orders
    OrderId: 6001
    MerchantReference: "10001"
    Currency: SEK
    Country: SE
    Customer: {FirstName: Anna, LastName: Ek, Email: anna@example.com, JuridicalType: Physical}
    BillingAddress: {Street: Storgatan 1, PostalCode: "11122", City: Stockholm, CountryCode: SE}
    ShippingAddress: {Street: Storgatan 1, PostalCode: "11122", City: Stockholm, CountryCode: SE}
    OrderItemActions: [{like: a hat}]
    PaymentTransactions: [{like: a reservation}]
  anna's card: {is: fortnox.customers, CustomerNumber: "7", Name: Anna Ek, Email: anna@example.com}
cases:
"""
ORDERED = """\
  - case: an order
    flow: orders
    given:
      qliro.orders: {like: an order}
      fortnox.customers: {like: anna's card}
    expect:
      outcomes:
        - mapping: new_order
          document: {CustomerNumber: 7, OrderRows: [{ArticleNumber: HAT-1, Price: 250.00}]}
      nothing_else: true
"""


CARD = "      fortnox.customers: {like: anna's card}\n"


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    (tmp_path / "ours" / "tests").mkdir(parents=True)
    return tmp_path / "ours"


def verdicts(overlay: Path, cases: str) -> list[Verdict]:
    file = overlay / "tests" / "flows.yaml"
    file.write_text(SAMPLES + cases, "utf-8")
    return list(suite(whole_set(SET, overlay), SET, overlay).verdicts())


def called(*arguments: str | Path) -> Result:
    return CliRunner().invoke(
        commands, [str(one) for one in arguments], obj=Output(), standalone_mode=False
    )


def test_a_whole_order_becomes_the_documents_of_several_mappings_and_no_others(
    overlay: Path,
) -> None:
    (verdict,) = verdicts(overlay, ORDERED)
    assert verdict.differences == ()
    (other,) = verdicts(overlay, ORDERED.replace(CARD, ""))
    told = {one.path: (one.expected, one.actual) for one in other.differences}
    assert told == {
        "new_order of 6001.document.CustomerNumber": (7, "the customer of anna@example.com"),
        "customer of anna@example.com": ("no document", "planned"),
    }


def test_a_failure_names_the_rule_of_the_row_that_made_it(overlay: Path) -> None:
    verdicts(overlay, ORDERED.replace("Price: 250.00", "AccountNumber: 3002"))
    told = called("test", "--overlay", overlay)
    assert told.return_value == 1
    (line,) = (one for one in told.stdout.splitlines() if "new_order of 6001" in one)
    path, expected, made, rule = line.split()[2:6]
    assert path == "6001.document.OrderRows[0].AccountNumber"
    assert (expected, made) == ("3002", "3001")
    assert rule.startswith("qliro-fortnox/shared/row_begins.yaml:")


def test_cases_know_nothing_of_those_before_them(overlay: Path) -> None:
    again = ORDERED.replace("case: an order", "case: again")
    without = again.replace("again", "without").replace(CARD, "")
    found = verdicts(overlay, ORDERED + without + again)
    assert [one.holds for one in found] == [True, False, True]


def test_settings_that_differ_and_books_are_as_in_other_cases(overlay: Path) -> None:
    given = "    given:\n      settings: {use_merchant_reference: false}\n"
    case = ORDERED.replace("    given:\n", given)
    case = case.replace("CustomerNumber: 7,", "ExternalInvoiceReference1: 6001,")
    (verdict,) = verdicts(overlay, case)
    assert verdict.differences == ()


def test_a_snapshot_has_every_outcome(overlay: Path) -> None:
    cases = ORDERED.partition("    expect:")[0] + "    expect: {snapshot: true}\n"
    verdicts(overlay, cases)
    told = called("test", "--overlay", overlay, "--update")
    assert told.return_value == 0
    kept = (overlay / "tests" / "snapshots" / "flows.yaml").read_text("utf-8")
    assert "because: found in Fortnox as customer 7" in kept
    assert "ArticleNumber: HAT-1" in kept
    assert called("test", "--overlay", overlay).return_value == 0


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("qliro.orders: {like: an order}", "qliro.orders: {like: an order, Curency: SEK}",
         "qliro.orders has no field 'Curency'. Did you mean 'Currency'?"),
        ("qliro.orders: {like: an order}", "qliro.orders: {like: an order, OrderId: many}",
         "OrderId can't be 'many'."),
        ("qliro.orders: {like: an order}", "qliro.orders: {OrderItemActions: [{Quantity: 1}]}",
         "qliro.orders always has OrderId."),
        ("qliro.orders: {like: an order}", "qliro.order: {like: an order}",
         "Did you mean 'qliro.orders'?"),
        ("qliro.orders: {like: an order}",
         "qliro.orders: {like: an order, OrderItemActions: [{like: a hat, Type: Produkt}]}",
         "Type is one of Product, Discount, Fee, Shipping, not 'Produkt'. Did you mean 'Product'?"),
        ("like: an order", "like: a hat", "the sample 'a hat' is of qliro.orders.OrderItemActions"),
        ("flow: orders", "flow: oders", "oders"),
        ("mapping: new_order", "mapping: new_oder", "Did you mean 'new_order'?"),
        ("          document: {CustomerNumber", "          outcome: parked\n          document: {C",
         "that it is parked is expected, and not why"),
    ],
)  # fmt: skip
def test_what_is_given_is_checked_with_file_and_line(
    overlay: Path, was: str, becomes: str, told: str
) -> None:
    assert was in ORDERED
    with pytest.raises(FileError) as raised:
        verdicts(overlay, ORDERED.replace(was, becomes))
    assert told in str(raised.value)
    assert "tests/flows.yaml:3" in str(raised.value) or "tests/flows.yaml:4" in str(raised.value)
