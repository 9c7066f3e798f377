"""What a mapping or an overlay names outright is held against Fortnox's registers too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from order_shop import OrderShop
from shop import OpenShop

from engine.doctor.result import Result
from engine.language.literals import named
from engine.language.load import load_set_from_texts
from engine.merchant.settings import merchant_schema

from .kit import every_flow, found, well

PAYMENT = "version: 2\nmapping: payment\n"
TRANSFER = "version: 2\nmapping: transfer\n"
INVOICE = "version: 2\nmapping: invoice\n"


def told(opened: OrderShop, check: str) -> list[Result]:
    return [one for one in found(opened, check) if one.severity == "error"]


@pytest.fixture
def over(tmp_path: Path) -> Callable[[str], str]:
    """Writes an overlay, and gives its folder."""

    def written(text: str) -> str:
        folder = tmp_path / "over"
        folder.mkdir()
        (folder / "changed.yaml").write_text(text, "utf-8")
        return str(folder)

    return written


@pytest.mark.parametrize(
    ("check", "text", "what", "place"),
    [
        ("accounts", TRANSFER + 'let:\n  bank_account: "{{ 1939 if bank > 0 else 1930 }}"\n',
         "Account 1939 (transfer: document.VoucherRows.bank.Account) is not in Fortnox's chart of "
         "accounts.", "4:17"),
        ("voucher_series", TRANSFER + "document:\n  VoucherSeries: ZZ\n",
         "The voucher series ZZ (transfer: document.VoucherSeries) is not in Fortnox.", "4:18"),
        ("modes_of_payment", PAYMENT + "document:\n  ModeOfPayment: KASSA\n",
         "The mode of payment KASSA is not in Fortnox.", "4:18"),
    ],
)  # fmt: skip
def test_what_an_overlay_names_of_payouts_is_looked_for(
    shop: OpenShop, over: Callable[[str], str], check: str, text: str, what: str, place: str
) -> None:
    (one,) = [o for o in found(shop(well(), overlay=over(text)), check) if o.severity == "error"]
    assert one.what == what
    assert one.where.endswith(f"over/changed.yaml:{place}")


@pytest.mark.parametrize(
    ("check", "text", "what"),
    [
        ("dimensions", INVOICE + "document:\n  CostCenter: NORGE\n",
         "The cost centre NORGE is not in Fortnox."),
        ("dimensions",
         INVOICE + "document:\n  Project: \"{{ '77' if capture.OrderId > 0 else '78' }}\"\n",
         "The project 77 is not in Fortnox."),
        ("terms_of_payment",
         INVOICE + "document:\n  TermsOfPayment: \"{{ capture.terms | default('90') }}\"\n",
         "The terms of payment 90 (invoice: document.TermsOfPayment) are not in Fortnox."),
    ],
)  # fmt: skip
def test_what_an_overlay_names_of_documents_is_looked_for(
    order_shop: Callable[..., OrderShop], over: Callable[[str], str], check: str, text: str,
    what: str,
) -> None:  # fmt: skip
    errors = told(every_flow(order_shop, overlay=over(text)), check)
    assert what in [one.what for one in errors]
    assert all("over/changed.yaml:4:" in one.where for one in errors)


def test_what_settings_and_columns_give_is_no_literal_of_a_mapping() -> None:
    text = """\
version: 2
mapping: own
source: {line: qliro.settlement_line}
target: fortnox.voucher
let:
  series: "{{ 'Q' if line.Amount > 0 else settings.voucher_series.fees }}"
document:
  Description: x
  TransactionDate: "{{ line.BatchDate }}"
  VoucherSeries: "{{ series }}"
  Year: "{{ books.financial_year(line.BatchDate) }}"
  VoucherRows:
    - {id: a, Account: "{{ settings.accounts.fee }}", Debit: 1, Credit: 0}
    - {id: b, Account: 1930, Debit: 0, Credit: 1, CostCenter: WEB}
    - {id: c, Account: "{{ tables.own(a=line.Type).account }}", Debit: 0, Credit: 1}
identity:
  ask: {series: "{{ document.VoucherSeries }}", year: "{{ document.Year }}"}
  agree: [Description]
"""
    table = """\
version: 2
table: own
inputs: {a: text}
outputs: {account: account}
hit: first
rows: [{id: Fee, when: {a: Fee}, then: {account: 6570}}]
otherwise: {account: "{{ settings.accounts.fee }}"}
"""
    from language.kit import CATALOGUE  # noqa: PLC0415  of the tests beside

    loaded = load_set_from_texts({"a.yaml": text, "t.yaml": table}, CATALOGUE, merchant_schema())
    assert [(one.register, one.value, one.place.line) for one in named(loaded)] == [
        ("voucher_series", "Q", 6),
        ("accounts", "1930", 14),
        ("cost_centers", "WEB", 14),
        ("accounts", "6570", 6),
    ]
