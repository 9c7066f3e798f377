"""Named values that are lists of rows: put together, worked out row by row, grouped."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from .kit import LINE, PAYMENT, failure, findings, render

FEES = [
    {"line": f"F{n}", "CountryCode": country, "Amount": Decimal(amount), "VatRate": None}
    for n, (country, amount) in enumerate([("SE", "1.05"), ("NO", "2.05"), ("SE", "3.15")])
]


def mapping(lets: str, amount: str = "{{ line.Amount }}", checks: str = "[]") -> str:
    """A payment with these named values, of a line that has fees."""
    return PAYMENT.replace(
        "source: {line: qliro.settlement_line}\n",
        "source: {line: qliro.settlement_line}\n"
        "related: {fees: {from: qliro.settlement_line, on: {settles: line.line}}}\n"
        f"checks: {checks}\nlet:\n{lets}",
    ).replace('\n  Amount: "{{ line.Amount }}"', f'\n  Amount: "{amount}"')


def amount(text: str, fees: Any = FEES, **changes: Any) -> Decimal:
    document = render(text, line={**LINE, **changes}, fees=fees).document
    assert document is not None
    result: Decimal = document["Amount"]
    return result


ROWS = """\
  sent:
    - id: fees
      each: {fee: fees}
      country: "{{ fee.CountryCode }}"
      net: "{{ -fee.Amount }}"
    - id: rest
      when: line.Amount > 50
      country: DK
      net: "{{ line.Amount }}"
"""
BY_COUNTRY = """\
  by_country:
    - id: sent
      each: {one: sent}
      group: one.country
      country: "{{ group }}"
      vat: "{{ (rows | sum('net') / 10) | round(2) }}"
"""


def test_a_named_list_puts_the_rows_of_several_lists_together() -> None:
    assert amount(mapping(ROWS, "{{ sent | sum('net') }}")) == Decimal("93.75")
    assert amount(mapping(ROWS, "{{ sent | sum('net') }}"), Amount=Decimal(50)) == Decimal("-6.25")
    assert amount(mapping(ROWS, "{{ (sent | last).net }}"), fees=[]) == Decimal("100.00")


def test_its_rows_are_worked_out_one_by_one_and_by_group() -> None:
    """0.42, 0.21 (half up) and 10.00, not a tenth of 93.75."""
    text = mapping(BY_COUNTRY + ROWS, "{{ by_country | sum('vat') }}")
    assert amount(text) == Decimal("9.37")
    second = "{{ by_country | where('country', 'NO') | sum('vat') }}"
    assert amount(mapping(ROWS + BY_COUNTRY, second)) == Decimal("-0.21")


def test_a_field_that_is_left_out_is_null() -> None:
    text = mapping(
        "  sent:\n    - id: fees\n      each: {fee: fees}\n"
        "      net: {when: fee.CountryCode == 'SE', "
        'value: "{{ fee.Amount }}"}\n',
        "{{ (sent | first).net + (1 if (sent | where('net', none) | length) == 1 else 0) }}",
    )
    assert amount(text) == Decimal("2.05")


def test_a_named_list_is_made_only_where_it_is_needed_also_inside_another() -> None:
    """``vats`` is first met for one row of ``sent``, and never when there is none."""
    text = mapping(
        "  sent:\n    - id: fees\n      each: {fee: fees}\n"
        "      net: \"{{ fee.Amount + vats | sum('vat') if fee.CountryCode == 'NO' else 0 }}\"\n"
        "  vats:\n    - id: fees\n      each: {fee: fees}\n      when: fee.Amount > 2\n"
        '      vat: "{{ fee.Amount }}"\n',
        "{{ sent | sum('net') + vats | sum('vat') if line.Amount > 0 else 5 }}",
    )
    assert amount(text) == Decimal("12.45")  # 2.05 + 5.20, and 5.20
    spoiled = [{**fee, "Amount": None} for fee in FEES]
    assert amount(text, fees=spoiled, Amount=Decimal(-1)) == Decimal("5.00")


def test_what_a_field_that_is_left_out_needs_is_there_for_the_next_one() -> None:
    """``first_fee`` is met first in a field that no row has."""
    text = mapping(
        "  sent:\n    - id: fees\n      each: {fee: fees}\n"
        '      net: {when: fee.Amount > 9, value: "{{ first_fee.Amount }}"}\n'
        '      gross: "{{ first_fee.Amount + fee.Amount }}"\n'
        '  first_fee: "{{ fees | first }}"\n',
        "{{ sent | sum('gross') }}",
    )
    assert amount(text) == Decimal("9.40")  # 6.25, and 1.05 three times


def test_what_is_wrong_in_a_row_is_told_with_its_place() -> None:
    text = mapping(ROWS, "{{ sent | sum('net') }}")
    spoiled = [*FEES, {**FEES[0], "Amount": None}]
    assert failure(text, fees=spoiled) == (
        "a.yaml:11:12: payment, let.sent.fees.net: fee.Amount is null (line L1)."
    )


def test_a_check_that_spoke_is_not_hidden_by_a_row_that_fails() -> None:
    checks = (
        '[{id: less, that: line.Amount < 0, because: "not so"}, '
        '{id: many, that: "(sent | length) > 9", because: x}]'
    )
    spoiled = [{**FEES[0], "Amount": None}]
    rendered = render(mapping(ROWS, checks=checks), fees=spoiled)
    assert [one.because for one in rendered.failures] == ["not so"]


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("    - {id: r1, each: {fee: fees}, net: 1}\n    - {id: r2, gross: 1}\n",
         "a.yaml:9:7: fields-differ: the rows of sent have not the same fields: gross, net."),
        ("    - {id: r3, each: {fee: line}, net: 1}\n",
         "a.yaml:8:28: type: let.sent.r3.each.fee: each needs a list, not a record."),
        ("    - {id: r4, each: {line: fees}, net: 1}\n",
         "a.yaml:8:29: twice: let.sent.r4.each.line: 'line' is taken. Take another name."),
        ('    - {id: r5, each: {fee: fees}, net: "{{ fee.Amout }}"}\n',
         "a.yaml:8:40: unknown-key: let.sent.r5.net: qliro.settlement_line has no 'Amout'. "
         "Did you mean 'Amount'?"),
        ('    - {id: r6, net: "{{ fees }}"}\n',
         "a.yaml:8:21: type: let.sent.r6.net: a row holds no lists."),
        ('    - {id: r7, each: {one: sent}, net: "{{ one.net }}"}\n',
         "a.yaml:8:28: cycle: let.sent.r7.each.one: 'sent' needs itself: sent → sent."),
    ],
)  # fmt: skip
def test_a_slip_in_a_named_list_is_found_when_it_is_loaded(rows: str, complaint: str) -> None:
    assert complaint in findings(mapping(f"  sent:\n{rows}", "{{ sent | length }}"))


def test_lists_that_double_are_stopped() -> None:
    lets = "  a0:\n    - {id: r8, each: {fee: fees}, n: 1}\n" + "".join(
        f"  a{n}:\n"
        + "".join(f"    - {{id: {i}, each: {{row{n}: a{n - 1}}}, n: 1}}\n" for i in ("a", "b"))
        for n in range(1, 20)
    )
    assert "a list of over 100000 rows" in failure(mapping(lets, "{{ a19 | length }}"), fees=FEES)
