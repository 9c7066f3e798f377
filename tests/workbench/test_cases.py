"""`test`: cases beside the mappings, given this and expecting that; without database or server."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.commands.main import commands
from engine.doctor.lint import whole_set
from engine.errors import FileError
from engine.home import HOME
from engine.show import tested
from engine.show.output import Output
from engine.workbench.cases.case import Difference
from engine.workbench.cases.suite import Suite, suite

SET = HOME / "mappings" / "qliro-fortnox"
SAMPLES = """\
version: 2
samples:
  a sale:
    is: qliro.settlement_line
    line: "9/1"
    Id: 9
    Status: Accepted
    Type: Transaction
    Action: Debit
    Amount: 250.00
    CurrencyCode: SEK
    PaymentMethodType: QLIRO_INVOICE
    OrderId: 6001
    BatchDate: 2026-10-12
    payout: "9"
  an invoice:
    is: fortnox.invoice
    DocumentNumber: "2001"
    CustomerNumber: "7"
    InvoiceDate: 2026-10-10
cases:
"""
PAYS = """\
  - case: a sale pays its invoice
    mapping: payment
    given: {line: {like: a sale}, invoice: {like: an invoice}}
    expect: {document: {InvoiceNumber: 2001, Amount: 250.00, WriteOffs: []}}
"""


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    (tmp_path / "ours" / "tests").mkdir(parents=True)
    return tmp_path / "ours"


def written(overlay: Path, cases: str, samples: str = SAMPLES) -> Path:
    file = overlay / "tests" / "payment.yaml"
    file.write_text(samples + cases, "utf-8")
    return file


def of(overlay: Path) -> Suite:
    return suite(whole_set(SET, overlay), SET, overlay)


def refused(overlay: Path, cases: str) -> str:
    written(overlay, cases)
    with pytest.raises(FileError) as raised:
        list(of(overlay).verdicts())
    return str(raised.value)


def called(*arguments: str | Path) -> Result:
    return CliRunner().invoke(
        commands, [str(one) for one in arguments], obj=Output(), standalone_mode=False
    )


def test_a_case_of_an_overlay_is_run_with_the_set_below_it(overlay: Path) -> None:
    written(overlay, PAYS)
    assert [one.holds for one in of(overlay).verdicts()] == [True]


def test_a_failure_shows_what_differs_side_by_side_and_the_rule_that_made_it(
    overlay: Path,
) -> None:
    written(overlay, PAYS.replace("250.00, W", "249.00, W"))
    told = called("test", "--overlay", overlay)
    assert told.return_value == 1
    (line,) = (one for one in told.stdout.splitlines() if "document." in one)
    rule = (SET / "payouts" / "payment.yaml").read_text("utf-8").splitlines()
    at = next(n for n, one in enumerate(rule, 1) if one.startswith("  Amount: "))
    assert line.split()[:4] == ["document.Amount", "249.00", "250.00",
                                f"qliro-fortnox/payouts/payment.yaml:{at}"]  # fmt: skip
    assert "InvoiceNumber" not in told.stdout
    assert told.stdout.endswith("0 cases hold, 1 does not.\n")


SIGNS = """\
  - case: a sign
    table: signs
    given: {amounts: positive, debit: sale, fee: negative, Type: Transaction, Action: Credit}
    expect: {gives: {sign: -1}}
"""
COLUMNS = """\
  - case: columns
    entity: qliro.settlement_line
    given: {line: {like: a sale}}
    expect: {columns: {gross: 250.00}}
"""


@pytest.mark.parametrize(
    ("cases", "was", "becomes", "told"),
    [
        (PAYS, "{InvoiceNumber", "{WriteOfs: null, InvoiceNumber",
         "fortnox.invoice_payment has no field 'WriteOfs'. Did you mean 'WriteOffs'?"),
        (PAYS, "WriteOffs: []", "WriteOffs: [{Amont: null}]", "Did you mean 'Amount'?"),
        (PAYS, "given: {", "given: {match: {invoice: {rst: 5.00}}, ",
         "a match gives no 'rst'. Did you mean 'rest'?"),
        (PAYS, "given: {", "given: {match: {invoce: {rest: 5.00}}, ",
         "the mapping payment has no match 'invoce'. Did you mean 'invoice'?"),
        (SIGNS, "{sign", "{sgn: null, sign",
         "the table signs gives no 'sgn'. Did you mean 'sign'?"),
        (COLUMNS, "{gross", "{grss: null, gross", "Did you mean 'gross'?"),
    ],
)  # fmt: skip
def test_a_misspelt_name_does_not_hold_because_nothing_is_expected_of_it(
    overlay: Path, cases: str, was: str, becomes: str, told: str
) -> None:
    assert was in cases
    assert told in refused(overlay, cases.replace(was, becomes))


def test_what_is_wrong_in_a_sample_is_told_once_however_many_are_like_it(overlay: Path) -> None:
    twice = PAYS + PAYS.replace("- case: ", "- case: again, ")
    assert len(refused(overlay, twice.replace("like: a sale}", "like: a sael}")).splitlines()) == 2
    written(overlay, twice)
    file = overlay / "tests" / "payment.yaml"
    file.write_text(
        file.read_text("utf-8").replace("Amount: 250.00\n", "Amount: lots\n", 1), "utf-8"
    )
    with pytest.raises(FileError) as raised:
        list(of(overlay).verdicts())
    assert str(raised.value).count("Amount is a number, not 'lots'") == 1


def test_a_text_that_reads_like_the_number_beside_it_is_in_quotes() -> None:
    assert tested.beside(Difference("Amount", "250.00", Decimal("250.00"))) == (
        "'250.00'", "250.00",
    )  # fmt: skip
    assert tested.beside(Difference("Name", "Anna", "Eva")) == ("Anna", "Eva")


def test_a_row_of_a_document_names_the_rule_of_its_field(overlay: Path) -> None:
    written(overlay, """\
  - case: its fee is written off
    mapping: payment
    given:
      line: {like: a sale}
      fees: [{like: a sale, line: "9/2", Type: Fee, Action: Credit, Amount: 8.00, settles: "9/1"}]
      invoice: {like: an invoice}
    expect: {document: {WriteOffs: [{AccountNumber: 1111, Amount: 8.00}]}}
""")  # fmt: skip
    ((difference,),) = (one.differences for one in of(overlay).verdicts())
    assert difference.path == "document.WriteOffs[0].AccountNumber"
    assert (difference.expected, difference.actual) == (1111, 6570)
    assert difference.expression == "{{ settings.accounts.fee }}"


def test_a_case_that_fails_because_nothing_is_made_says_why(overlay: Path) -> None:
    written(overlay, PAYS.replace("like: a sale}", "like: a sale, settled_before: 8}"))
    ((first, second),) = (one.differences for one in of(overlay).verdicts())
    assert (first.path, first.expected, first.actual) == ("outcome", "planned", "parked")
    assert "batch 8" in second.actual


def test_an_outcome_is_expected_with_its_reason(overlay: Path) -> None:
    written(overlay, """\
  - case: a locked year
    mapping: payment
    given:
      books: {closed_years: [2026]}
      line: {like: a sale}
      invoice: {like: an invoice}
    expect: {outcome: parked, because: "…invoice 2001 of 2026-10-10 lies in a closed year…"}
  - case: a pending line
    mapping: payment
    given: {line: {like: a sale, Status: Pending}, invoice: {like: an invoice}}
    expect: {outcome: none}
""")  # fmt: skip
    assert [one.differences for one in of(overlay).verdicts()] == [(), ()]


def test_a_row_of_a_table_and_derived_columns_are_expected(overlay: Path) -> None:
    written(overlay, """\
  - case: money from the merchant
    table: signs
    given: {amounts: positive, debit: sale, fee: negative, Type: Transaction, Action: Credit}
    expect: {gives: {sign: -1}}
  - case: a refund is negative
    entity: qliro.settlement_line
    given: {line: {like: a sale, Action: Credit}}
    expect: {columns: {gross: -250.00, cost: 0}}
""")  # fmt: skip
    assert [one.differences for one in of(overlay).verdicts()] == [(), ()]


def test_settings_that_differ_are_checked_where_they_stand(overlay: Path) -> None:
    case = PAYS.replace("given: {", "given: {settings: {fees: {mod: none}}, ")
    told = refused(overlay, case)
    assert "payment.yaml:" in told
    assert "Did you mean 'mode'?" in told


def test_what_is_confirmed_before_a_document_is_booked_is_expected(overlay: Path) -> None:
    written(overlay, """\
  - case: its total is what was captured, to the krona
    mapping: invoice
    given:
      customer: {number: "7"}
      capture:
        capture: 4711/1
        OrderId: 4711
        Amount: 125.00
        CaptureDate: 2026-10-10
        Currency: SEK
        MerchantReference: R1
        takes_all: true
        lines: 1
        line_total: 125.00
      orders: [{like: an order}]
      lines:
        - OrderId: 4711
          Type: Product
          MerchantReference: HAT
          Quantity: 1
          PricePerItemIncVat: 125.00
          PricePerItemExVat: 100.00
          Currency: SEK
          DeliveryCountry: SE
          OrderDate: 2026-10-09
    expect: {confirm: {Total: {is: 124.00, within: 1.00}, TotalVAT: {is: 25.00}}}
""")
    ((wrong,),) = (one.differences for one in of(overlay).verdicts())
    assert (wrong.path, wrong.expected, wrong.actual) == ("confirm.Total.is", 124, 125)
    assert wrong.expression == "{{ due }}"


def test_a_row_is_there_as_often_as_it_says(overlay: Path) -> None:
    fee = "like: a sale, Type: Fee, Action: Credit, Amount: 8.00, settles: 9/1"
    case = PAYS.replace("invoice: {", f"fees: {{{fee}, times: 3}}, invoice: {{")
    written(overlay, case.replace("250.00, WriteOffs: []", "226.00"))
    assert [one.holds for one in of(overlay).verdicts()] == [True]
    told = refused(overlay, case.replace("times: 3", "times: 0"))
    assert "times is a whole number from 1 to 1000." in told


def test_a_setting_is_taken_away_with_null(overlay: Path) -> None:
    written(overlay, """\
  - case: without a default account an unknown method has none
    entity: qliro.settlement_line
    given:
      settings: {default_interim_account: null, unknown_payment_method: park}
      line: {like: a sale, PaymentMethodType: CHEQUE}
    expect: {columns: {interim: null}}
""")
    assert [one.holds for one in of(overlay).verdicts()] == [True]


def test_what_is_always_sent_may_be_said_to_be_missing(overlay: Path) -> None:
    written(overlay, """\
  - case: a line without a method lies on the default account
    entity: qliro.settlement_line
    given: {line: {like: a sale, PaymentMethodType: null}}
    expect: {columns: {method: null, interim: 1580, method_is_known: false}}
""")
    assert [one.holds for one in of(overlay).verdicts()] == [True]


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("like: a sale}", "like: a sale, Amuont: 1}",
         "qliro.settlement_line has no column 'Amuont'. Did you mean 'Amount'?"),
        ("like: a sale}", "like: a sale, Amount: many}", "Amount is a number, not 'many'."),
        ("like: a sale}", "like: a sale, MerchantOrderReference: 12}", 'Put it in quotes: "12".'),
        ("like: a sale}", "like: a sail}", "there is no sample 'a sail'. Did you mean 'a sale'?"),
        ("like: a sale}", "like: an invoice}", "is of fortnox.invoice"),
        ("like: a sale}", "like: a sale, gross: 1}", "gross is worked out by the entity's file"),
        ("{like: a sale}", "{Id: 9}", "a row of qliro.settlement_line always has Amount."),
        ("line: {", "lien: {", "payment has nothing that is called 'lien'. Did you mean 'line'?"),
        ("mapping: payment", "mapping: paymnet", "Did you mean 'payment'?"),
        ("document:", "docment:", "Did you mean 'document'?"),
    ],
)  # fmt: skip
def test_fixtures_are_checked_against_the_schema_of_the_source(
    overlay: Path, was: str, becomes: str, told: str
) -> None:
    assert was in PAYS
    text = refused(overlay, PAYS.replace(was, becomes))
    assert told in text
    assert "tests/payment.yaml:2" in text  # the file and the line, which is in the twenties


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ("{}", "expect"),
        ("{outcome: parked}", "that it is parked is expected, and not why"),
        ("{document: {}}", "document"),
        ("{columns: {gross: 1}}", "columns is nothing that a mapping gives"),
    ],
)
def test_a_case_that_asserts_nothing_is_an_error(overlay: Path, expect: str, told: str) -> None:
    case = PAYS.rpartition("expect: ")[0] + f"expect: {expect}\n"
    assert told in refused(overlay, case)


def test_a_snapshot_is_written_compared_and_what_changed_is_shown(overlay: Path) -> None:
    case = PAYS.rpartition("expect: ")[0] + "expect: {snapshot: true}\n"
    file = written(overlay, case)
    assert called("test", "--overlay", overlay).return_value == 1
    told = called("test", "--overlay", overlay, "--update")
    assert told.return_value == 0
    assert "snapshots/payment.yaml: new: a sale pays its invoice" in told.stdout
    kept = file.parent / "snapshots" / "payment.yaml"
    assert "Amount: 250.00" in kept.read_text("utf-8")
    assert called("test", file, "--overlay", overlay).return_value == 0
    kept.write_text(kept.read_text("utf-8").replace("250.00", "251.00"), "utf-8")
    assert "251.00" in called("test", "--overlay", overlay).stdout
    told = called("test", "--overlay", overlay, "--update")
    assert "changed: a sale pays its invoice" in told.stdout
    written(overlay, PAYS)
    assert "gone: a sale" in called("test", "--overlay", overlay, "--update").stdout
    assert not kept.exists()


def test_only_cases_with_a_name_are_run_and_none_is_told(overlay: Path) -> None:
    written(overlay, PAYS + PAYS.replace("its invoice", "it twice").replace("250.00, W", "1, W"))
    assert called("test", "--overlay", overlay, "-k", "ITS INVOICE").return_value == 0
    told = called("test", "--overlay", overlay, "-k", "nobody")
    assert "has 'nobody' in its name" in str(told.exception)


def test_cases_are_no_rules_and_do_not_change_what_a_set_is(tmp_path: Path) -> None:
    whole, bare = tmp_path / "whole", tmp_path / "bare"
    shutil.copytree(SET, whole)
    shutil.copytree(SET, bare, ignore=shutil.ignore_patterns("tests"))
    assert whole_set(whole, None).digest == whole_set(bare, None).digest
    assert called("migrate", whole).exit_code == 0


def test_json_has_every_case_with_what_came_of_it(overlay: Path) -> None:
    written(overlay, PAYS)
    out = json.loads(called("test", "--overlay", overlay, "--json").stdout)
    assert out["ok"] is True
    (case,) = out["cases"]
    assert (case["case"], case["holds"]) == ("a sale pays its invoice", True)
    assert case["made"]["document"]["InvoiceNumber"] == 2001


def test_the_cases_of_the_default_set_hold() -> None:
    told = suite(whole_set(SET, None), SET, None)
    assert [(one.case.id, one.differences) for one in told.verdicts() if not one.holds] == []


def test_the_cases_that_the_manual_shows_hold(overlay: Path) -> None:
    page = (HOME / "docs" / "testing.md").read_text("utf-8")
    for number, part in enumerate(page.split("```yaml\n")[1:]):
        shown = part.partition("```")[0]
        if "cases:" in shown:  # else it is of a mapping
            (overlay / "tests" / f"shown{number}.yaml").write_text(shown, "utf-8")
    called("test", "--overlay", overlay, "--update")
    told = called("test", "--overlay", overlay)
    assert told.stdout == "10 cases hold.\n"


def test_settings_of_a_case_lie_over_those_of_a_merchant_whose_overlay_is_beside_its_file(
    tmp_path: Path,
) -> None:
    example = tmp_path / "example"
    shutil.copytree(HOME / "docs" / "example", example)
    file = example / "ours" / "tests" / "orders.yaml"
    text = file.read_text("utf-8")
    given = "given:\n      settings: {home_country: SE}\n"
    file.write_text(text.replace("given:\n", given), "utf-8")
    told = called("test", "--merchant", example / "merchants" / "hats.yaml")
    assert (told.return_value, told.output) == (0, "2 cases hold.\n")
