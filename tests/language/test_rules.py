"""What passed lint and went wrong in production: each is told now, with what to write, and what is
right is left alone."""

from __future__ import annotations

import pytest

from engine.errors import FileError
from engine.language.load import load_set_from_texts
from engine.merchant.settings import merchant_schema

from .kit import CATALOGUE, PAYMENT

SCHEMA = merchant_schema()
INVOICE = """\
version: 2
mapping: own_invoice
flow: invoices
source: {order: qliro.order}
target: fortnox.invoice
related:
  lines: {from: qliro.order_line, on: {OrderId: order.OrderId}}
document:
  CustomerNumber: "1"
  InvoiceDate: "{{ order.OrderDate }}"
  CustomerName: "{{ order.MerchantReference }}"
  InvoiceRows:
    - id: goods
      each: {line: lines}
      AccountNumber: 3001
      Description: "{{ line.MerchantReference }}"
      DeliveredQuantity: "{{ line.Quantity }}"
      Price: "{{ line.PricePerItemIncVat | round(2) }}"
identity:
  ask: {reference: "{{ order.MerchantReference }}"}
  agree: [CustomerNumber]
"""
NAME = 'CustomerName: "{{ order.MerchantReference }}"'
PRICE = 'Price: "{{ line.PricePerItemIncVat | round(2) }}"'


def found(text: str, more: dict[str, str] | None = None) -> list[str]:
    """What loading the set tells, warnings too, without places."""
    try:
        loaded = load_set_from_texts({"a.yaml": text, **(more or {})}, CATALOGUE, SCHEMA)
    except FileError as error:
        listed = error.findings
    else:
        listed = tuple(loaded.warnings)
    return [f"{one.severity}: {one.code}: {one.message} {one.remedy}".strip() for one in listed]


def invoice(old: str, new: str) -> list[str]:
    """What is told of the invoice with a part of it written otherwise."""
    assert old in INVOICE
    return found(INVOICE.replace(old, new, 1))


def test_the_invoice_as_it_stands_is_right() -> None:
    assert found(INVOICE) == []


# Braces -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("order.MerchantReference", 'Write "{{ order.MerchantReference }}".'),
        ("order.Nmae", 'Write "{{ order.Nmae }}".'),
        ("settings.accounts.fee", 'Write "{{ settings.accounts.fee }}".'),
        ("order.Email | default('')", "Write \"{{ order.Email | default('') }}\"."),
        ("order.FirstName ~ order.LastName", 'Write "{{ order.FirstName ~ order.LastName }}".'),
        ('"Qliro {order.OrderId}"', "Write {{ order.OrderId }}."),
        ('"Qliro ${order.OrderId}"', "Write {{ order.OrderId }}."),
        ('"{ order.MerchantReference }"', "Write {{ order.MerchantReference }}."),
    ],
)
def test_a_text_that_lacks_its_braces_is_refused(name: str, told: str) -> None:
    (one,) = invoice(NAME, f"CustomerName: {name}")
    assert one.startswith("error: missing-braces: document.CustomerName: ")
    assert one.endswith(told)


@pytest.mark.parametrize(
    "name",
    [
        "Anders Andersson", "Kund nr. 5", "order no. 5", "www.example.org", "post@exempel.se",
        "lines.", "order", "\"{{ 'order.name' }}\"", '"Order (1)"', "orders.total",
    ],
)  # fmt: skip
def test_a_text_that_only_has_a_point_in_it_is_a_text(name: str) -> None:
    assert invoice(NAME, f"CustomerName: {name}") == []


def test_a_key_of_a_match_a_named_value_and_a_row_of_a_table_need_their_braces_too() -> None:
    match = "match:\n  it_:\n    from: fortnox.invoice\n    steps: [{id: x, name: x, field: OCR, " \
        "keys: [order.MerchantReference]}]\n    outcome: {none: go}\ndocument:"  # fmt: skip
    (one,) = invoice("document:", match)
    assert "match.it_.steps.x.keys[1]: 'order.MerchantReference' looks like" in one
    told = invoice("document:", "let: {name: order.Email}\ndocument:")
    assert told[0].startswith("error: missing-braces: let.name: ")
    table = "version: 2\ntable: t\ninputs: {a: text}\noutputs: {b: text}\nhit: first\n" \
        "rows: [{id: A, then: {b: settings.home_country}}]\notherwise: {b: null}\n"  # fmt: skip
    told = found(INVOICE, {"t.yaml": table})
    assert told[0].startswith("error: missing-braces: rows.A.then.b: ")


# Null ---------------------------------------------------------------------------------------------
def test_a_column_that_may_be_null_in_a_field_is_a_warning() -> None:
    assert invoice(NAME, 'CustomerName: "{{ order.BillingCompanyName }}"') == [
        "warning: may-be-null: document.CustomerName: BillingCompanyName of qliro.order may be "
        "null, and this field needs a value. Write {when: order.BillingCompanyName is not none, "
        "value: …}, | default(…), or a check."
    ]


def test_a_field_that_the_target_needs_cannot_be_left_out() -> None:
    (one,) = invoice('CustomerNumber: "1"', 'CustomerNumber: "{{ order.Email }}"')
    assert one.endswith("Write | default(…), or a check that says what is missing.")


@pytest.mark.parametrize(
    "value",
    [
        '"{{ order.Email | lower }}"',
        "\"{{ 'Till ' ~ order.Email }}\"",
        "Till {{ order.Email }}",
        '"{{ order.Email if settings.vat_included else order.MerchantReference }}"',
        "\"{{ order.Email if order.JuridicalType == 'Company' else 'privat' }}\"",
        '"{{ mail }}"',
        "{when: order.FirstName is not none, value: '{{ order.Email }}'}",
        "{when: order.Email is none, value: '{{ order.Email }}'}",
    ],
)
def test_it_is_followed_through_filters_branches_and_names(value: str) -> None:
    text = INVOICE.replace("document:", 'let: {mail: "{{ order.Email | trim }}"}\ndocument:', 1)
    told = found(text.replace(NAME, f"CustomerName: {value}", 1))
    assert next(one for one in told if "may-be-null" in one).startswith(
        "warning: may-be-null: document.CustomerName: Email of qliro.order may be null"
    )


@pytest.mark.parametrize(
    "value",
    [
        "\"{{ order.Email | default('') }}\"",
        "\"{{ order.Email if order.Email is not none else 'x' }}\"",
        "\"{{ 'x' if order.Email is none else order.Email | lower }}\"",
        "{when: order.Email is not none, value: '{{ order.Email }}'}",
        "{when: order.Email, value: '{{ order.Email }}'}",
        "{when: order.Email != none and order.OrderId > 1, value: '{{ order.Email }}'}",
        "{when: order.Email == 'a@b.se', value: '{{ order.Email }}'}",
        "{when: 'order.Email in [\"a@b.se\"]', value: '{{ order.Email }}'}",
        "{when: not (order.Email is none or order.OrderId == 1), value: '{{ order.Email }}'}",
        "{when: (order.Email | length) > 0, value: '{{ order.Email }}'}",
        '"{{ [order.Email, order.MobileNumber] | first_text }}"',
    ],
)
def test_what_is_asked_before_is_no_finding(value: str) -> None:
    assert invoice(NAME, f"CustomerName: {value}") == []


@pytest.mark.parametrize(
    "more",
    [
        "checks: [{id: a, that: order.Email is not none, because: no address}]\ndocument:",
        "when: order.Email is not none and order.OrderId > 0\ndocument:",
        "checks: [{id: a, that: not (order.Email is none), because: no address}]\ndocument:",
    ],
)
def test_a_condition_of_the_mapping_or_a_check_answers_for_all_fields(more: str) -> None:
    text = INVOICE.replace(NAME, 'CustomerName: "{{ order.Email }}"', 1)
    assert found(text.replace("document:", more, 1)) == []


def test_a_check_of_the_finished_document_comes_too_late() -> None:
    text = INVOICE.replace(NAME, 'CustomerName: "{{ order.Email }}"', 1)
    late = "checks: [{id: a, that: order.Email is not none and document.CustomerNumber == '1', " \
        "because: no}]\ndocument:"  # fmt: skip
    (one,) = found(text.replace("document:", late, 1))
    assert "may-be-null" in one


def test_what_a_match_requires_of_a_candidate_is_known_of_it() -> None:
    match = """\
match:
  paid:
    from: fortnox.invoice
    steps: [{id: x, name: x, field: OCR, keys: ["{{ order.MerchantReference }}"]}]
    REQUIRE
    outcome: {none: park}
document:"""
    text = INVOICE.replace(NAME, 'CustomerName: "{{ paid.OCR }}"', 1)
    require = "require: [{id: a, that: it.OCR is not none, or: park, because: no OCR}]"
    assert found(text.replace("document:", match.replace("REQUIRE", require), 1)) == []
    (one,) = found(text.replace("document:", match.replace("    REQUIRE\n", ""), 1))
    assert "OCR of fortnox.invoice may be null" in one


DERIVED = """\
version: 2
entity: qliro.order
as: order
derive:
  name: "{{ order.BillingFirstName ~ ' ' ~ order.BillingLastName }}"
  kind: "{{ 'company' if order.JuridicalType == 'Company' else none }}"
  shown: "{{ order.BillingFirstName | default('') ~ order.MerchantReference }}"
"""


@pytest.mark.parametrize(("column", "wrong"), [("name", True), ("kind", True), ("shown", False)])
def test_a_derived_column_is_null_where_what_it_is_made_of_is(column: str, wrong: bool) -> None:
    text = INVOICE.replace(NAME, f'CustomerName: "{{{{ order.{column} }}}}"', 1)
    told = found(text, {"b.yaml": DERIVED})
    assert len(told) == wrong
    assert all(f"{column} of qliro.order may be null" in one for one in told)


def test_a_field_of_a_row_is_looked_at_with_what_the_row_asks_for() -> None:
    assert "Description of qliro.order_line may be null" in str(
        invoice(
            'Description: "{{ line.MerchantReference }}"', 'Description: "{{ line.Description }}"'
        )
    )
    text = INVOICE.replace("line.MerchantReference }}", "line.Description }}", 1)
    asked = "each: {line: lines}\n      when: line.Description is not none"
    assert found(text.replace("each: {line: lines}", asked, 1)) == []


# Types --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("AccountNumber: 3001", 'AccountNumber: "{{ line.MerchantReference }}"',
         "MerchantReference of qliro.order_line is a text, and the field takes a whole number."),
        ("AccountNumber: 3001", 'AccountNumber: "{{ line.MerchantReference | trim }}"',
         "MerchantReference of qliro.order_line is a text, and the field takes a whole number."),
        ("AccountNumber: 3001",
         'AccountNumber: "{{ line.MerchantReference if line.over else 3001 }}"',
         "MerchantReference of qliro.order_line is a text, and the field takes a whole number."),
        ("AccountNumber: 3001", "AccountNumber: \"{{ 3001 if line.over else 'none' }}\"",
         "it may be 'none', and the field takes a whole number."),
        ("AccountNumber: 3001", 'AccountNumber: "{{ settings.home_country }}"',
         "home_country of settings is a text, and the field takes a whole number."),
        ("order.OrderDate", "order.MerchantReference",
         "MerchantReference of qliro.order is a text, and the field takes a date."),
    ],
)  # fmt: skip
def test_a_text_in_a_field_of_numbers_or_dates_is_refused(old: str, new: str, told: str) -> None:
    (one,) = invoice(old, new)
    assert one.startswith("error: text-column: ")
    assert one.endswith(told)


def test_a_number_of_fortnox_is_a_text_of_digits_and_fits() -> None:
    match = "match:\n  invoice:\n    from: fortnox.invoice\n    steps: [{id: x, name: x, " \
        "field: OCR, keys: ['1']}]\n    outcome: {none: park}\ndocument:"  # fmt: skip
    number = '  InvoiceNumber: "{{ invoice.DocumentNumber }}"'
    text = PAYMENT.replace("document:", match, 1).replace("  InvoiceNumber: 5", number, 1)
    assert found(text) == []


# Money --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("price", "many"),
    [
        ("line.PricePerItemIncVat * 0.8", "3"),
        ("line.PricePerItemIncVat * line.VatRate", "6"),
        ("line.PricePerItemIncVat / 3", "any number of"),
        ("-line.PricePerItemIncVat * 100 / 125", "any number of"),
        ("(line.PricePerItemIncVat / 3) | round(4)", "4"),
        ("line.PricePerItemIncVat if line.over else line.PricePerItemExVat / 2", "any number of"),
        ("share", "any number of"),
    ],
)
def test_money_that_can_get_more_than_two_decimals_is_a_warning(price: str, many: str) -> None:
    text = INVOICE.replace(PRICE, f'Price: "{{{{ {price} }}}}"', 1)
    if price == "share":
        text = text.replace("document:", 'let: {share: "{{ order.OrderId / 3 }}"}\ndocument:', 1)
    told = [one for one in found(text) if "may-be-null" not in one]
    assert told == [
        f"warning: unrounded-money: document.InvoiceRows.goods.Price: it may have {many} decimals, "
        "and an amount has two. Write | round(2)."
    ]


@pytest.mark.parametrize(
    "price",
    [
        "line.PricePerItemIncVat",
        "line.Quantity * line.PricePerItemIncVat",
        "(line.PricePerItemIncVat / 3) | round(2)",
        "(line.PricePerItemIncVat * 1.25) | round",
        "line.PricePerItemIncVat + 0.50 - line.PricePerItemExVat | abs",
        "lines | sum('PricePerItemIncVat')",
    ],
)
def test_money_of_two_decimals_is_left_alone(price: str) -> None:
    assert invoice(PRICE, f'Price: "{{{{ {price} }}}}"') == []


# Names --------------------------------------------------------------------------------------------
def test_a_named_value_and_related_rows_that_nothing_uses_are_warnings() -> None:
    assert invoice("document:", 'let: {fee: "{{ 1 }}", b: "{{ fee }}"}\ndocument:') == [
        "warning: unused-name: nothing uses the named value b. Use it or delete it."
    ]
    more = "  gone: {from: qliro.refund, on: {OrderId: order.OrderId}}\ndocument:"
    assert invoice("document:", more) == [
        "warning: unused-name: nothing uses the related rows gone. Use it or delete it."
    ]


def test_what_a_document_covers_or_moves_is_used() -> None:
    more = "  gone: {from: qliro.refund, on: {OrderId: order.OrderId}}\ncovers: [gone]\ndocument:"
    assert invoice("document:", more) == []


def test_a_table_that_is_never_asked_is_a_warning() -> None:
    table = "version: 2\ntable: own_accounts\ninputs: {a: text}\noutputs: {b: account}\n" \
        "hit: first\nrows: [{id: A, then: {b: 3001}}]\notherwise: {b: null}\n"  # fmt: skip
    assert found(INVOICE, {"t.yaml": table}) == [
        "warning: unused-name: nothing uses the table own_accounts. Use it or delete it."
    ]
