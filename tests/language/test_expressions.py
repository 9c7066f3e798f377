"""What expressions mean, and what is refused with its place when a mapping is loaded."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from .kit import PAYMENT, failure, findings, render, value


def mapping(**fields: str) -> str:
    """The payment with other fields, in place of those of the same name."""
    text = PAYMENT
    for name, written in fields.items():
        lines = [
            f"  {name}: {written}" if line.startswith(f"  {name}:") else line
            for line in text.splitlines()
        ]
        text = "\n".join(lines) + "\n"
    return text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.10 + 2", Decimal("3.1")),
        ("0.1 + 0.2 == 0.3", True),
        ("1 / 4", Decimal("0.25")),
        ("-5 | positive", 0),
        ("5 - 7 | positive", -2),
        ("(5 - 7) | positive", 0),
        ("-5 | abs", 5),
        ("2.345 | round(2)", Decimal("2.35")),
        ("-2.345 | round(2)", Decimal("-2.35")),
        ("2.5 | round", Decimal("3")),
        ("[1, 3, 2] | max", 3),
        ("[] | max", None),
        ("[] | sum", 0),
        ("none | default(4)", 4),
        ("'' | default('x')", ""),
        ("'a' ~ 1 ~ 2.50", "a12.5"),
        ("1 if none else 2", 2),
        ("'b' in ['a', 'b']", True),
        ("none not in ['a', none]", False),
        ("none == none", True),
        ("1 < 2 < 3", True),
        ("['a', 'b'] | join('-')", "a-b"),
        ("'2026-11-02' | date", date(2026, 11, 2)),
        ("'Hö <x>\"' | fortnox_text", "Hö _x__"),
        ("'aXb' | replace('X', '-') | upper", "A-B"),
        ("' a ' | trim | length", 1),
        ("-0.5 | sign", -1),
    ],
)
def test_expression_gives(text: str, expected: object) -> None:
    assert value(text) == expected
    assert type(value(text)) is type(expected)


def test_a_key_wins_over_a_method_of_the_same_name() -> None:
    assert value("order.items", {"order": {"items": 3}}) == 3


def test_rows_are_summed_filtered_and_listed() -> None:
    rows = [{"Type": "Fee", "v": Decimal("1.50")}, {"Type": "Sale", "v": Decimal("2.00")}]
    assert value("rows | sum('v')", {"rows": rows}) == Decimal("3.50")
    assert value("rows | where('Type', 'Fee') | values('v')", {"rows": rows}) == [Decimal("1.50")]
    assert value("(rows | last).v", {"rows": rows}) == Decimal("2.00")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a % 2", "the operator % is not part of the language. Use let or a table."),
        ("2 ** 9", "the operator ** is not part of the language. Use let or a table."),
        ("line.Type[1:2]", "a slice is not part of the language. Use let or a table."),
        ("line.Amount if foreign", "an inline if needs an else. Add: else none."),
        ("line.Amount is defined", "the test 'is defined' is not part of the language. "
         "Use is none."),
        ("range(9)", "only tables and books can be called. Write tables.name(input=…)."),
        ("line.__class__", "'__class__' is not a name of the language."),
        ("line.Type.upper()", "only tables and books can be called. Write tables.name(input=…)."),
        ("{'a': 1}", "a {…} literal is not part of the language. Use let or a table."),
        ("1.1234567890123456", "the number 1.1234567890123456 has over 15 digits."),
    ],
)  # fmt: skip
def test_what_the_language_does_not_have_is_refused_when_loaded(text: str, complaint: str) -> None:
    assert findings(mapping(Amount=f'"{{{{ {text} }}}}"')) == [
        f"a.yaml:9:11: unsupported-syntax: document.Amount: {complaint}"
    ]


def test_statements_are_refused() -> None:
    assert findings(mapping(Amount='"{% if x %}1{% endif %}"')) == [
        "a.yaml:9:11: unsupported-syntax: document.Amount: statements and comments ({% %}, {# #}) "
        "are not part of the language. Use let, when, each or a table."
    ]


def test_an_unknown_filter_names_the_nearest() -> None:
    assert findings(mapping(Amount='"{{ line.Amount | rond(2) }}"')) == [
        "a.yaml:9:11: unknown-filter: document.Amount: there is no filter 'rond'. "
        "Did you mean 'round'?"
    ]


def test_an_unknown_column_names_the_nearest() -> None:
    assert findings(mapping(Amount='"{{ line.Amout }}"')) == [
        "a.yaml:9:11: unknown-key: document.Amount: qliro.settlement_line has no 'Amout'. "
        "Did you mean 'Amount'?"
    ]


def test_an_unknown_name_names_the_nearest() -> None:
    assert findings(mapping(Amount='"{{ lin.Amount }}"')) == [
        "a.yaml:9:11: unknown-name: document.Amount: there is no 'lin' here. Did you mean 'line'?"
    ]


def test_broken_syntax_is_told_with_its_place() -> None:
    assert findings(mapping(Amount='"{{ line. }}"')) == [
        "a.yaml:9:11: syntax: document.Amount: expected name or number."
    ]


def test_a_number_never_equals_a_text_and_that_is_found() -> None:
    assert findings(mapping(Amount="\"{{ 1 if line.OrderId == '12' else 2 }}\"")) == [
        "a.yaml:9:11: type: document.Amount: line.OrderId is a whole number and never equals '12', "
        "a text. Write | text after the number."
    ]


def test_texts_are_not_added() -> None:
    assert findings(mapping(Amount='"{{ line.Type + line.Status }}"'))[0] == (
        "a.yaml:9:11: type: document.Amount: + needs a number; line.Type is a text. "
        "Use ~ to put texts together."
    )


def test_a_setting_is_never_a_word_that_it_cannot_be() -> None:
    schema = {"properties": {"mode": {"enum": ["write_off", "none"]}}}
    assert findings(
        mapping(Amount="\"{{ 1 if settings.mode == 'writeoff' else 2 }}\""), schema
    ) == [
        "a.yaml:9:11: never-equal: document.Amount: settings.mode is never 'writeoff'. "
        "Did you mean 'write_off'?"
    ]


def test_null_in_a_text_names_the_null_and_never_writes_a_word_for_it() -> None:
    text = mapping(InvoiceNumber="\"{{ '1' ~ line.MerchantOrderReference }}\"")
    assert failure(text) == (
        "a.yaml:6:18: payment, document.InvoiceNumber: line.MerchantOrderReference is null "
        "(line L1)."
    )


def test_null_in_arithmetic_names_the_null() -> None:
    text = mapping(Amount='"{{ line.Amount * line.VatRate }}"')
    assert failure(text) == (
        "a.yaml:9:11: payment, document.Amount: line.VatRate is null (line L1)."
    )


def test_null_has_no_order() -> None:
    text = mapping(Amount='"{{ 1 if line.VatRate > 3 else 2 }}"')
    assert failure(text) == (
        "a.yaml:9:11: payment, document.Amount: line.VatRate is null (line L1)."
    )


def test_null_in_a_sum_names_the_column_and_the_rows() -> None:
    related = "related: {fees: {from: qliro.settlement_line, on: {settles: line.line}}}\ndocument:"
    text = mapping(Amount="\"{{ fees | sum('VatRate') }}\"").replace("document:", related, 1)
    fees = [{"VatRate": Decimal(1)}, {"VatRate": None}]
    assert failure(text, fees=fees) == (
        "a.yaml:10:11: payment, document.Amount: VatRate of one of fees is null (line L1)."
    )


def test_a_row_without_the_column_is_told() -> None:
    row = {"line": "L1", "BatchDate": date(2026, 11, 2)}
    assert failure(PAYMENT, line=row) == (
        "a.yaml:9:11: payment, document.Amount: line has no 'Amount' (line L1). "
        "Known: BatchDate, line."
    )


def test_division_by_zero_is_told() -> None:
    text = mapping(Amount='"{{ line.Amount / (line.OrderId - 12) }}"')
    assert failure(text) == ("a.yaml:9:11: payment, document.Amount: a division by zero (line L1).")


def test_expressions_cannot_burn_the_processor() -> None:
    long = " + ".join(["1"] * 700)
    assert findings(mapping(Amount=f'"{{{{ {long} }}}}"')) == [
        "a.yaml:9:11: too-large: document.Amount: an expression has at most 2000 characters, "
        "300 parts and 25 levels. Split it with let."
    ]
    lets = "let:\n" + "".join(f'  v{i + 1}: "{{{{ v{i} * v{i} }}}}"\n' for i in range(40))
    lets += '  v0: "{{ line.OrderId * 10 }}"\n'
    text = mapping(Amount='"{{ v29 }}"').replace("document:", lets + "document:", 1)
    assert "an integer of over 30 digits" in failure(text)


def test_texts_cannot_grow_without_end() -> None:
    lets = "let:\n" + "".join(f'  t{i + 1}: "{{{{ t{i} ~ t{i} }}}}"\n' for i in range(25))
    lets += '  t0: "{{ line.Type }}"\n'
    text = mapping(InvoiceNumber='"{{ t25 }}"').replace("document:", lets + "document:", 1)
    assert "a text of over 100000 characters" in failure(text)


def test_several_parts_make_a_text_and_a_single_one_keeps_its_type() -> None:
    lets = (
        'let: {a: "{{ line.OrderId }}", b: "no {{ line.OrderId }}!"}\nchecks:\n'
        "  - {id: a, that: a == 12, because: x}\n"
        "  - {id: b, that: b == 'no 12!', because: x}\ndocument:"
    )
    assert render(PAYMENT.replace("document:", lets, 1)).failures == ()


def test_braces_where_a_bare_expression_stands_are_told() -> None:
    text = PAYMENT.replace("document:", 'when: "{{ line.Amount }}"\ndocument:', 1)
    assert findings(text) == [
        "a.yaml:5:7: braces: when: takes a bare expression. Write it without {{ and }}."
    ]
