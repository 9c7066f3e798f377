"""Cases of flows: given what Qliro and Fortnox hold, what a run would make; without any server."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.commands.main import commands
from engine.doctor.lint import whole_set
from engine.errors import FileError
from engine.home import HOME
from engine.language.counts import counting
from engine.show.output import Output
from engine.workbench.cases.case import Verdict
from engine.workbench.cases.suite import suite
from engine.workbench.coverage.asserted import Reach
from engine.workbench.coverage.points import points_of

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
  a captured order:
    is: qliro.orders
    like: an order
    OrderItemActions: [{like: a hat}, {like: a hat, ActionType: Ship, PaymentTransactionId: 5502}]
    PaymentTransactions:
      - like: a reservation
      - {like: a reservation, PaymentTransactionId: 5502, Type: Capture,
         Timestamp: 2026-10-12T09:00:00, OriginalPaymentTransactionId: 5501}
  a refunded order:
    is: qliro.orders
    like: a captured order
    OrderItemActions:
      - like: a hat
      - {like: a hat, ActionType: Ship, PaymentTransactionId: 5502}
      - {like: a hat, ActionType: Return, PaymentTransactionId: 5503}
    PaymentTransactions:
      - like: a reservation
      - {like: a reservation, PaymentTransactionId: 5502, Type: Capture,
         Timestamp: 2026-10-12T09:00:00, OriginalPaymentTransactionId: 5501}
      - {like: a reservation, PaymentTransactionId: 5503, Type: Refund,
         Timestamp: 2026-10-15T09:00:00, OriginalPaymentTransactionId: 5502}
  a sale:
    is: qliro.batches.Settlements
    Type: Transaction
    Action: Debit
    Amount: 250.00
    CurrencyCode: SEK
    PaymentMethodType: QLIRO_INVOICE
    OrderId: 6001
    MerchantOrderReference: "10001"
    PaymentTransactionId: 5502
  a batch:
    is: qliro.batches
    Id: 9
    AcquirerName: Qliro
    BatchDate: 2026-10-20
    CurrencyCode: SEK
    TotalAmount: 242.00
    TotalFeeAmount: 8.00
    Settlements: [{like: a sale}, {like: a sale, Type: Fee, Action: Credit, Amount: 8.00}]
  an invoice:
    is: fortnox.invoices
    DocumentNumber: "2001"
    CustomerNumber: "7"
    InvoiceDate: 2026-10-12
    Currency: SEK
    Total: 250.00
    Balance: 250.00
    Booked: true
    ExternalInvoiceReference1: "10001"
  an invoice with rows:
    is: fortnox.invoices
    like: an invoice
    ExternalInvoiceReference2: 6001/5502
    VATIncluded: true
    InvoiceRows:
      - {ArticleNumber: HAT-1, AccountNumber: 3001, DeliveredQuantity: 1, Price: 250.00, VAT: 25}
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


def test_a_capture_and_a_refund_become_an_invoice_and_a_credit_invoice_of_what_is_made_first(
    overlay: Path,
) -> None:
    (verdict,) = verdicts(overlay, """\
  - case: all of an order
    flow: [orders, invoices, refunds]
    given:
      today: 2026-10-16
      qliro.orders: {like: a refunded order}
      fortnox.customers: {like: anna's card}
    expect:
      outcomes:
        - {mapping: new_order, document: {CustomerNumber: 7}}
        - mapping: invoice_of_order
          document: {OrderNumber: the new order of 6001, InvoiceDate: 2026-10-12}
          then: [confirm, bookkeep]
        - {mapping: invoice, outcome: none}
        - mapping: credit_invoice
          of: 6001/5503
          document:
            InvoiceNumber: the invoice of order of 6001/5502
            InvoiceRows: [{DeliveredQuantity: "-1", Price: 250.00}]
      nothing_else: true
""")
    assert verdict.differences == ()


def test_what_was_made_before_is_not_made_again_and_is_what_others_need(overlay: Path) -> None:
    (verdict,) = verdicts(overlay, """\
  - case: refunded after the invoice
    flow: [orders, invoices, refunds]
    given:
      qliro.orders: {like: a refunded order}
      fortnox.customers: {like: anna's card}
      fortnox.invoices: {like: an invoice with rows}
      made:
        - {mapping: new_order, of: 6001, number: "501"}
        - {mapping: invoice, of: 6001/5502, number: "2001"}
    expect:
      outcomes:
        - {mapping: invoice, outcome: posted, because: posted as invoice 2001}
        - mapping: credit_invoice
          document: {InvoiceNumber: "2001", InvoiceDate: 2026-10-15}
      nothing_else: true
""")
    assert verdict.differences == ()


PAYOUT = """\
  - case: a payout
    flow: payouts
    given:
      qliro.batches: {like: a batch}
      fortnox.invoices:
        - {like: an invoice, DocumentNumber: "2002", Balance: 0}
        - {like: an invoice, DocumentNumber: "2003", Total: 99, Balance: 99}
        - like: an invoice
    expect:
      outcomes:
        - mapping: payment
          of: 9/1
          document: {InvoiceNumber: 2001, Amount: 242.00, WriteOffs: [{Amount: 8.00}]}
          covers: [9/1, 9/2]
          match:
            document: 2001
            outcome: exact
            because: its balance is exactly 250.00
            losers:
              2002: its balance is 0.00, the line is 250.00
              2003: its balance is 99.00…
        - mapping: transfer
          of: 9
          document:
            VoucherRows: [{Account: 1930, Debit: 242.00}, {Account: 1581, Credit: 242.00}]
          moves: [9/1, 9/2]
      nothing_else: true
      warnings: []
"""


def test_a_payout_is_matched_with_its_losers_and_transferred(overlay: Path) -> None:
    (verdict,) = verdicts(overlay, PAYOUT)
    assert verdict.differences == ()
    wrong = PAYOUT.replace("              2003: its balance is 99.00…\n", "")
    wrong = wrong.replace("document: 2001\n", "document: 2003\n")
    (verdict,) = verdicts(overlay, wrong)
    told = {one.path: (one.expected, one.actual) for one in verdict.differences}
    assert told.keys() == {"payment of 9/1.match.document", "payment of 9/1.match.losers.2003"}
    assert told["payment of 9/1.match.document"] == (2003, "2001")


def test_a_payout_that_does_not_add_up_is_parked_line_by_line(overlay: Path) -> None:
    cases = """\
  - case: a payout that does not add up
    flow: payouts
    given: {qliro.batches: {like: a batch, TotalAmount: 250.00}}
    expect:
      outcomes:
        - {mapping: house, of: 9/1, outcome: parked, because: …242.00…}
        - {of: 9/2, outcome: parked, because: …250.00…}
      nothing_else: true
"""
    (verdict,) = verdicts(overlay, cases)
    assert verdict.differences == ()
    (other,) = verdicts(overlay, cases.replace(
        "{mapping: house, of: 9/1, outcome: parked, because: …242.00…}",
        "{mapping: payment, of: 9/1}\n        - {mapping: payment, of: 9/1, covers: [9/1]}",
    ))  # fmt: skip
    told = [(one.path, str(one.actual)) for one in other.differences]
    assert [path for path, _ in told] == ["payment of 9/1"] * 2 + ["house of 9/1.because"]
    assert "242.00" in told[2][1]


def test_a_line_pays_the_invoice_that_the_same_run_makes_of_its_capture(overlay: Path) -> None:
    (verdict,) = verdicts(overlay, """\
  - case: paid before it is invoiced
    flow: [payouts, orders, invoices]
    given:
      today: 2026-10-20
      qliro.batches: {like: a batch}
      qliro.orders: {like: a captured order}
    expect:
      outcomes:
        - mapping: payment
          document: {InvoiceNumber: the invoice of order of 6001/5502, Amount: 242.00}
          match: {document: the invoice of order of 6001/5502, step: written by us}
""")
    assert verdict.differences == ()


def test_a_payment_that_was_made_before_is_told_and_what_is_left_is_done(overlay: Path) -> None:
    cases = """\
  - case: the transfer alone is left
    flow: payouts
    given:
      qliro.batches: {like: a batch}
      fortnox.invoices: {like: an invoice, Balance: 0}
      made: [{mapping: payment, of: 9/1, number: "31", covers: [9/1, 9/2]}]
    expect:
      outcomes:
        - {mapping: payment, outcome: posted, because: posted as payment 31}
        - {mapping: transfer, moves: [9/1, 9/2], document: {VoucherSeries: T}}
      nothing_else: true
"""
    (verdict,) = verdicts(overlay, cases)
    assert verdict.differences == ()
    (other,) = verdicts(overlay, cases.replace("9/2]}]", "9/3]}]"))
    assert other.differences[0].path == "made.9/3"
    assert other.differences[0].actual == "no line of a batch that is given"
    (other,) = verdicts(overlay, cases.replace("mapping: transfer", "mapping: transfer, of: 8"))
    assert [(one.path, one.expected, one.actual) for one in other.differences] == [
        ("transfer of 8", "planned", "none"),
        ("transfer of 9", "no document", "planned"),
    ]


def test_what_a_person_has_decided_is_carried_out_and_the_last_decision_counts(
    overlay: Path,
) -> None:
    cases = """\
  - case: the invoice that a person named
    flow: payouts
    given:
      qliro.batches: {like: a batch}
      fortnox.invoices:
        - {like: an invoice}
        - {like: an invoice, DocumentNumber: "2002", ExternalInvoiceReference1: "10002"}
      resolved: [{of: 9/1, kind: ignore}, {of: 9/1, kind: invoice, number: 2002}]
    expect:
      outcomes: [{mapping: payment, match: {document: 2002, step: chosen by a person}}]
"""
    (verdict,) = verdicts(overlay, cases)
    assert verdict.differences == ()
    (other,) = verdicts(overlay, cases.replace("}, {of: 9/1, kind: invoice, number: 2002", ""))
    assert [(one.path, one.actual) for one in other.differences] == [("payment", "none")]
    with pytest.raises(FileError) as raised:
        verdicts(overlay, cases.replace(", number: 2002", ""))
    assert "resolved[1].number is missing" in str(raised.value)
    (other,) = verdicts(overlay, cases.replace("of: 9/1, kind: inv", "of: 9/7, kind: inv"))
    assert (other.differences[0].path, other.differences[0].actual) == (
        "resolved.9/7", "nothing that is given",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("qliro.orders: {like: an order}", "qliro.orders: {like: an order, Curency: SEK}",
         "qliro.orders has no field 'Curency'. Did you mean 'Currency'?"),
        ("qliro.orders: {like: an order}", "qliro.orders: {like: an order, OrderId: many}",
         "OrderId can't be 'many'. Write it like 1."),
        ("qliro.orders: {like: an order}",
         "qliro.orders: {like: an order, PaymentTransactions: "
         "[{PaymentTransactionId: 1, Timestamp: soon}]}",
         "Timestamp can't be 'soon'. Write it like '2026-10-31'."),
        ("qliro.orders: {like: an order}", "qliro.orders: {OrderItemActions: [{Quantity: 1}]}",
         "qliro.orders always has OrderId."),
        ("qliro.orders: {like: an order}", "qliro.order: {like: an order}",
         "Did you mean 'qliro.orders'?"),
        ("qliro.orders: {like: an order}",
         "qliro.orders: {like: an order, OrderItemActions: [{like: a hat, Type: Produkt}]}",
         "Type is one of Product, Discount, Fee, Shipping, not 'Produkt'. Did you mean 'Product'?"),
        ("like: an order", "like: a hat", "the sample 'a hat' is of qliro.orders.OrderItemActions"),
        ("flow: orders", "flow: oders",
         "'oders' is not one of payouts, orders, invoices, refunds, order_status. Did you mean"),
        ("flow: orders", "flow: []", "flow: has too few items."),
        ("flow: orders", "flow: [orders, orders]", "flow: has something twice."),
        ("flow: orders", "flow: {orders: true}",
         "flow: names a flow, or a list of them: orders, or [orders, invoices]."),
        ("    expect:", "    today: 2026-02-03\n    expect:",
         "'today' is not a key of cases[0]. It belongs in given: {today: …}."),
        ("    expect:", "      today: 2026-02-31\n    expect:",
         "today is a date, written as 2026-11-30, not '2026-02-31'."),
        ("    expect:", "      today: soon\n    expect:", "'soon' is not a date"),
        ("    expect:", "      books: {locked_until: 2026-02-31}\n    expect:",
         "locked_until is a date, written as 2026-11-30, not '2026-02-31'."),
        ("    expect:", "      made: [{mapping: house, of: 9/1, number: 1}]\n    expect:",
         "the set has no mapping 'house'"),
        ("mapping: new_order", "mapping: new_oder", "Did you mean 'new_order'?"),
        ("    expect:",
         "      made: [{mapping: payment, of: 9/1, number: 1, facts: {rset: 5}}]\n    expect:",
         "a mapping gives no 'rset'. Did you mean 'rest'?"),
        ("document: {CustomerNumber", "document: {CostCentre: null, CustomerNumber",
         "fortnox.order has no field 'CostCentre'. Did you mean 'CostCenter'?"),
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
    line = int(str(raised.value).partition("tests/flows.yaml:")[2].partition(":")[0])
    assert line > SAMPLES.count("\n")


@pytest.mark.parametrize("given", ["{}", "{qliro.orders: []}", "{qliro.batches: []}"])
def test_where_the_servers_hold_nothing_nothing_is_made(overlay: Path, given: str) -> None:
    (verdict,) = verdicts(overlay, f"""\
  - case: nothing
    flow: [orders, payouts]
    given: {given}
    expect: {{nothing_else: true, warnings: []}}
""")
    assert (verdict.made["outcomes"], verdict.differences) == ([], ())


def test_what_was_made_before_may_be_all_that_is_known(overlay: Path) -> None:
    (verdict,) = verdicts(overlay, """\
  - case: nothing but an order of ours
    flow: orders
    given: {made: [{mapping: new_order, of: 6001, number: 31}]}
    expect: {nothing_else: true}
""")
    assert verdict.differences == ()


def test_steps_of_a_match_count_and_one_that_is_gone_makes_the_case_fail(overlay: Path) -> None:
    (overlay / "tests" / "flows.yaml").write_text(SAMPLES + PAYOUT, "utf-8")
    found = suite(whole_set(SET, overlay), SET, overlay)
    reach = Reach(found)
    reach.run()
    of_match = {
        one.label.removeprefix("match.invoice."): one
        for one in points_of(found.programs.mapping_set)
        if one.of == "mapping payment" and one.label.startswith("match.invoice.")
    }
    step = next(one for one in points_of(found.programs.mapping_set)
                if one.label == "match.invoice.steps.payout-reference")  # fmt: skip
    booked = of_match["require.booked.that"]
    assert reach.hits[step.key] == reach.hits[booked.key] == 3, "as many invoices carry it"
    assert of_match["steps.chosen"].key not in reach.hits
    assert reach.notices(step)
    assert not reach.notices(booked), "all of these are booked"


def test_a_document_after_the_proof_of_another_payout_waits(overlay: Path) -> None:
    (overlay / "tests" / "flows.yaml").write_text(SAMPLES + PAYOUT, "utf-8")
    found = suite(whole_set(SET, overlay), SET, overlay)
    reach = Reach(found)
    reach.run()
    (proof,) = (one for one in points_of(found.programs.mapping_set)
                if one.of == "mapping transfer" and one.label.startswith("after."))  # fmt: skip
    with counting(reach.mutations), reach.mutations.changed(proof.key):
        (verdict,) = found.verdicts()
    told = [one for one in verdict.made["outcomes"] if one["mapping"] == "transfer"]
    assert [(one["outcome"], one["because"]) for one in told] == [
        ("waiting", "payout 9 changed is not proved to balance"),
    ]  # fmt: skip
    assert reach.notices(proof)


def test_a_case_that_can_not_be_run_to_its_end_with_a_change_shows_it(
    overlay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (overlay / "tests" / "flows.yaml").write_text(SAMPLES + PAYOUT, "utf-8")
    found = suite(whole_set(SET, overlay), SET, overlay)
    reach = Reach(found)
    reach.run()
    booked = next(one for one in points_of(found.programs.mapping_set)
                  if one.label == "match.invoice.require.booked.that")  # fmt: skip
    assert not reach.notices(booked)

    def broken(*_: object) -> Verdict:
        raise KeyError("a value that no rule gives")

    monkeypatch.setattr("engine.workbench.cases.suite.run", broken)
    assert reach.notices(booked)
