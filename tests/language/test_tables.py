"""Decision tables: which row decides, what a table refuses, what the lint finds."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.errors import FileError, ItemError, Place
from engine.language.compile import compile_set
from engine.language.load import load_set_from_texts
from engine.language.program import Program

from .kit import CATALOGUE, PAYMENT, failure, findings, program, render

HEAD = """\
version: 2
table: accounts
inputs: {method: text, amount: decimal, kind: {enum: [sale, refund]}}
outputs: {account: account}
"""
CALL = PAYMENT.replace(
    "  ModeOfPaymentAccount: 1684",
    '  ModeOfPaymentAccount: "{{ tables.accounts(method=line.PaymentMethodType, '
    "amount=line.Amount, kind='sale').account }}\"",
)


def account(rows: str, tail: str = "otherwise: {account: 1999}\n", hit: str = "first") -> object:
    table = f"{HEAD}hit: {hit}\nrows:\n{rows}{tail}"
    document = render({"t.yaml": table, "a.yaml": CALL}).document  # type: ignore[arg-type]
    assert document is not None
    return document["ModeOfPaymentAccount"]


def lint(rows: str, hit: str, tail: str = "otherwise: {account: 1999}\n") -> list[str]:
    text = f"{HEAD}hit: {hit}\nrows:\n{rows}{tail}"
    try:
        loaded = load_set_from_texts({"t.yaml": text}, CATALOGUE)
    except FileError as error:
        return [str(finding) for finding in error.findings]
    return [str(finding) for finding in loaded.warnings]


def test_the_first_row_that_holds_decides() -> None:
    rows = (
        "  - {id: r1, when: {method: [INVOICE, PART]}, then: {account: 1001}}\n"
        "  - {id: r2, when: {method: {prefix: CA}, amount: {min: 50, max: 100}},"
        " then: {account: 1002}}\n"
        "  - {id: r3, then: {account: 1003}}\n"
    )
    assert account(rows) == 1002


def test_otherwise_holds_when_no_row_does() -> None:
    assert account("  - {id: r4, when: {amount: {max: 99.99}}, then: {account: 1001}}\n") == 1999


def test_otherwise_can_be_an_error_that_names_the_inputs() -> None:
    table = (
        f"{HEAD}hit: first\nrows:\n  - {{id: X, when: {{method: X}}, then: {{account: 1001}}}}\n"
        'otherwise: {error: "no account for {{ method }}"}\n'
    )
    text = failure({"t.yaml": table, "a.yaml": CALL})  # type: ignore[arg-type]
    assert text == (
        "a.yaml:8:25: payment, document.ModeOfPaymentAccount: tables.accounts: "
        "no account for CARD (line L1)."
    )


def test_a_row_that_an_earlier_one_covers_is_found() -> None:
    rows = (
        "  - {id: r5, when: {amount: {min: 0}}, then: {account: 1001}}\n"
        "  - {id: r6, when: {amount: {min: 5, max: 9}, method: A}, then: {account: 1002}}\n"
    )
    assert lint(rows, "first") == [
        "t.yaml:8:5: unreachable-row: row 2 is never reached: row 1 (t.yaml:7:5) covers it. "
        "Put it before that row."
    ]


def test_rows_that_can_hold_at_once_are_found_under_unique() -> None:
    rows = (
        "  - {id: r7, when: {method: {prefix: IN}}, then: {account: 1001}}\n"
        "  - {id: r8, when: {amount: 5}, then: {account: 1002}}\n"
    )
    assert lint(rows, "unique") == [
        "t.yaml:8:5: overlap: rows 1 (t.yaml:7:5) and 2 can hold at once. "
        "Make them exclude each other, or declare hit: first."
    ]


def test_rows_that_exclude_each_other_are_fine_under_unique() -> None:
    rows = (
        "  - {id: r9, when: {amount: {max: 4.99}}, then: {account: 1001}}\n"
        "  - {id: r10, when: {amount: {min: 5}}, then: {account: 1002}}\n"
    )
    assert lint(rows, "unique") == []


def test_a_row_that_stands_twice_is_found() -> None:
    row = "when: {method: A}, then: {account: 1001}"
    rows = f"  - {{id: one, {row}}}\n  - {{id: two, {row}}}\n"
    assert lint(rows, "first") == [
        "t.yaml:8:5: duplicate-row: row 2 has the conditions of row 1 (t.yaml:7:5)."
    ]


def test_words_that_no_row_covers_are_found_where_that_is_an_error() -> None:
    rows = "  - {id: r12, when: {kind: sale}, then: {account: 1001}}\n"
    assert lint(rows, "first", "otherwise: {error: nothing}\n") == [
        "t.yaml:1:1: uncovered: no row of accounts holds for kind: refund. "
        "Add a row, or outputs as otherwise."
    ]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("{when: {metod: A}, then: {account: 1001}}",
         "t.yaml:7:20: unknown-input: the table has no input 'metod'. Did you mean 'method'?"),
        ("{when: {kind: sales}, then: {account: 1001}}",
         "t.yaml:7:26: wrong-type: kind is never 'sales'. Did you mean 'sale'?"),
        ("{when: {amount: much}, then: {account: 1001}}",
         "t.yaml:7:28: wrong-type: amount is a number, not 'much'."),
        ("{when: {amount: {min: 9, max: 1}}, then: {account: 1001}}",
         "t.yaml:7:28: wrong-type: min 9 is above max 1, so no amount fits. Exchange them."),
        ("{when: {method: A}, then: {account: 19}}",
         "t.yaml:7:48: wrong-type: account is an account number, not 19."),
        ("{when: {method: A}, then: {acount: 1001}}",
         "t.yaml:7:39: unknown-output: the table has no output 'acount'. Did you mean 'account'?"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_found(row: str, complaint: str) -> None:
    assert complaint in lint(f"  - {row.replace('{', '{id: a, ', 1)}\n", "first")


def test_a_call_without_an_input_is_found() -> None:
    table = f"{HEAD}hit: first\nrows: [{{id: all, then: {{account: 1001}}}}]\n"
    table += "otherwise: {account: 1999}\n"
    call = CALL.replace(", kind='sale'", "")
    assert findings({"t.yaml": table, "a.yaml": call}) == [
        "a.yaml:8:25: missing-input: document.ModeOfPaymentAccount: "
        "the table accounts needs also kind."
    ]


MERCHANTS = """\
version: 2
table: accounts
inputs: {method: text, currency: text}
outputs: {account: account, known: boolean}
hit: first
rows_from: interim_accounts
rows_add: {known: true}
otherwise: {account: "{{ settings.fallback }}", known: false}
"""
LOOKUP = PAYMENT.replace(
    "  ModeOfPaymentAccount: 1684",
    '  ModeOfPaymentAccount: "{{ tables.accounts(method=line.PaymentMethodType, '
    'currency=line.CurrencyCode).account }}"',
)
ROWS = [
    {"method": "INVOICE", "account": 1001},
    {"method": None, "currency": "SEK", "account": 1002},
]


def test_rows_come_from_the_merchants_settings_and_are_traced_to_its_file() -> None:
    settings = {"interim_accounts": ROWS, "fallback": 1999}
    loaded = load_set_from_texts({"t.yaml": MERCHANTS, "a.yaml": LOOKUP}, CATALOGUE)
    compiled = compile_set(loaded, settings, lambda path: Place("hats.yaml", 10 + int(path[1]), 3))
    line = {"line": "L1", "PaymentMethodType": "CARD", "CurrencyCode": "SEK"}
    assert _account(compiled, line) == (1002, "hats.yaml:11:3")
    assert _account(compiled, {**line, "PaymentMethodType": "INVOICE"}) == (1001, "hats.yaml:10:3")
    assert _account(compiled, {**line, "CurrencyCode": "EUR"}) == (1999, "t.yaml:8:12")


def _account(compiled: Program, line: dict[str, str]) -> tuple[int, str]:
    from datetime import date  # noqa: PLC0415 — only here

    row = {**line, "BatchDate": date(2026, 11, 2), "Amount": Decimal(1)}
    rendered = compiled.mappings["payment"].render({"line": row}, traced=True)
    assert rendered.document is not None
    assert rendered.trace is not None
    return rendered.document["ModeOfPaymentAccount"], str(rendered.trace.tables[0].place)


def test_a_merchants_row_that_does_not_fit_is_found_in_its_file() -> None:
    loaded = load_set_from_texts({"t.yaml": MERCHANTS, "a.yaml": LOOKUP}, CATALOGUE)
    settings = {"interim_accounts": [{"metod": "INVOICE", "account": 12}], "fallback": 1999}
    with pytest.raises(FileError) as caught:
        compile_set(loaded, settings, lambda path: Place("hats.yaml", 10, 3))
    assert [str(f) for f in caught.value.findings] == [
        "hats.yaml:10:3: table-row: 'metod' is neither an input nor an output of the table "
        "accounts. Did you mean 'method'?",
        "hats.yaml:10:3: table-row: account is an account number, not 12.",
    ]


def test_a_table_that_refuses_a_row_stops_that_row_and_no_other() -> None:
    entity = (
        "version: 2\nentity: qliro.settlement_line\nas: line\nderive:\n"
        '  interim: "{{ tables.accounts(method=line.PaymentMethodType, '
        'currency=line.CurrencyCode).account }}"\n'
    )
    table = MERCHANTS.replace(
        'otherwise: {account: "{{ settings.fallback }}", known: false}',
        'otherwise: {error: "nothing for {{ currency }}"}',
    )
    compiled = program({"t.yaml": table, "e.yaml": entity}, {"interim_accounts": ROWS})
    known = {"line": "L1", "PaymentMethodType": "CARD", "CurrencyCode": "SEK"}
    good, bad = compiled.derive_rows(
        "qliro.settlement_line", [known, {**known, "line": "L2", "CurrencyCode": None}]
    )
    assert good == {"interim": 1002}
    assert isinstance(bad, ItemError)
    assert str(bad) == (
        "e.yaml:5:12: qliro.settlement_line, derive.interim: tables.accounts: "
        "nothing for (null) (line L2)."
    )
