"""Words that a value can't be, and countries that there aren't, are found when a set is loaded."""

from __future__ import annotations

import duckdb
import pytest

from engine.language import ddl
from engine.language.load import load_set_from_texts
from engine.merchant.settings import merchant_schema

from .kit import CATALOGUE, HOUSE, PAYMENT, findings

SETTINGS = merchant_schema()


def told(when: str, more: dict[str, str] | None = None) -> list[str]:
    """What is said of a payment that applies ``when``."""
    text = PAYMENT.replace("document:", f"when: >-\n  {when}\ndocument:", 1)
    loaded: list[str] = []
    try:
        found = load_set_from_texts({"a.yaml": text, **(more or {})}, CATALOGUE, SETTINGS)
        loaded = [f"{one.severity}: {one}" for one in found.warnings]
    except Exception:
        return findings({"a.yaml": text, **(more or {})}, SETTINGS)
    return loaded


@pytest.mark.parametrize(
    ("when", "complaint"),
    [
        ("line.Status == 'accepted'",
         "line.Status is never 'accepted'. Did you mean 'Accepted'?"),
        ("'accepted' != line.Status",
         "line.Status is never 'accepted'. Did you mean 'Accepted'?"),
        ("line.Status in ['Accepted', 'Pendng']",
         "line.Status is never 'Pendng'. Did you mean 'Pending'?"),
        ("line.Status not in ['pending']",
         "line.Status is never 'pending'. Did you mean 'Pending'?"),
        ("(line.Status | lower) == 'Accepted'",
         "(line.Status | lower) is never 'Accepted'. Did you mean 'accepted'?"),
        ("line.resolution == 'suspence'",
         "line.resolution is never 'suspence'. Did you mean 'suspense'?"),
        ("settings.fees.mode == 'writeoff'",
         "settings.fees.mode is never 'writeoff'. Did you mean 'write_off'?"),
        ("settings.home_country == 'UK'",
         "settings.home_country is never 'UK'. Write GB."),
        ("line.CountryCode == 'EL'", "line.CountryCode is never 'EL'. Write GR."),
        ("line.CountryCode == 'se'", "line.CountryCode is never 'se'. Write SE."),
        ("('sale' if line.Amount > 0 else 'refund') == 'refunds'",
         "is never 'refunds'. Did you mean 'refund'?"),
        ("('' if line.Amount > 0 else 'b') == 'refunds'", "is never 'refunds'. Known: '', b."),
    ],
)  # fmt: skip
def test_a_word_that_cannot_be_is_told_with_the_nearest(when: str, complaint: str) -> None:
    (one,) = told(when)
    assert ": never-equal: when: " in one
    assert one.endswith(complaint)


SEEN = "version: 2\nentity: qliro.settlement_line\nas: line\nderive:\n" \
    "  side: \"{{ 'in' if line.Action == 'Debit' else 'out' }}\"\n"  # fmt: skip
KINDS = """\
version: 2
table: kinds
inputs: {type: text}
outputs: {kind: {enum: [goods, fee]}}
hit: first
rows: [{id: fee, when: {type: Fee}, then: {kind: fee}}]
otherwise: {kind: goods}
"""


def test_a_word_of_a_derived_column_and_of_a_table_likewise() -> None:
    (one,) = told("line.side == 'inn'", {"b.yaml": SEEN})
    assert one.endswith("line.side is never 'inn'. Did you mean 'in'?")
    (one,) = told("tables.kinds(type=line.Type).kind == 'Fee'", {"b.yaml": KINDS})
    assert one.endswith("is never 'Fee'. Did you mean 'fee'?")


def test_a_word_of_rows_is_looked_at_where_rows_are_chosen() -> None:
    related = "related:\n  fees: {from: qliro.settlement_line, on: {settles: line.line}}\nwhen:"
    text = PAYMENT.replace("document:", "when: true\ndocument:", 1).replace("when:", related, 1)
    text = text.replace("true", "(fees | where('Status', 'accepted') | length) > 0")
    (one,) = findings(text)
    assert one.endswith("Status' is never 'accepted'. Did you mean 'Accepted'?")


def test_a_word_that_the_api_may_send_although_nobody_knows_it_is_a_warning() -> None:
    assert told("line.Type == 'Transactions'") == [
        "warning: a.yaml:5:7: unknown-word: when: line.Type: 'Transactions' is none of the words "
        "that are known of it. Did you mean 'Transaction'?"
    ]


@pytest.mark.parametrize(
    "when",
    [
        "line.Status == 'Accepted' and line.Type == 'Fee' and line.resolution != 'ignore'",
        "line.resolution == none or line.CountryCode in ['SE', 'GB', 'XK', none]",
        "settings.fees.mode == 'write_off' and settings.home_country == 'NO'",
        "line.CurrencyCode == 'xyz' and line.PaymentMethodType == 'ANY'",
        "(line.Status | default('')) == ''",
    ],
)
def test_words_that_can_be_are_left_alone(when: str) -> None:
    assert told(when) == []


def rates(condition: str, kind: str = "text") -> list[str]:
    text = f"version: 2\ntable: rates\ninputs: {{country: {kind}}}\noutputs: {{rate: decimal}}\n"
    row = f"{{id: a, when: {{country: {condition}}}, then: {{rate: 25}}}}"
    text += f"hit: first\nrows:\n  - {row}\n"
    return findings(text + "otherwise: {rate: null}\n")


def test_a_row_for_a_country_that_is_none_is_told_with_what_to_write() -> None:
    assert rates("UK") == [
        "a.yaml:7:29: not-a-country: country is never 'UK'. Write GB."
    ]  # fmt: skip
    assert rates("[SE, EL]", "country") == [
        "a.yaml:7:29: not-a-country: country is never 'EL'. Write GR."
    ]  # fmt: skip
    assert rates("sverige") == [
        "a.yaml:7:29: not-a-country: country is never 'sverige'. A country is a code of two "
        "capitals (ISO 3166-1): SE."
    ]


def test_the_columns_are_those_that_the_database_makes_of_the_same_statements() -> None:
    sql = (HOUSE / "engine/store/sql/schema.sql").read_text("utf-8")
    with duckdb.connect(":memory:") as connection:
        connection.execute(sql)
        made = connection.execute(
            "SELECT table_schema || '.' || table_name, column_name, data_type, "
            "is_nullable = 'YES' FROM information_schema.columns"
        ).fetchall()
    read = {
        (table, name): (one.type, one.optional)
        for table, columns in ddl.tables(sql).items()
        for name, one in columns.items()
    }
    short = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ"}
    assert read == {
        (table, name): (short.get(type_, type_.partition("(")[0]), optional)
        for table, name, type_, optional in made
    }
