"""The SQL of an expression means what its Python means, and nothing in it can break out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.language.blame import is_null
from engine.language.sql import literal, to_sql, to_sql_condition

from .kit import PAYMENT, Grammar, findings, fits, grown, parsed, value

MONEY = st.none() | st.decimals(min_value=-999, max_value=999, places=4)
TEXTS = st.none() | st.text(alphabet="aA'\";-ö\\ %", max_size=5)
SETTINGS = {
    "word": "a'; DROP TABLE t; --",
    "rate": Decimal("-1.25"),
    "on": True,
    "list": ["a", "A"],
}

GRAMMAR: Grammar = {
    "number": (
        ["r.x", "r.y", "r.n", "settings.rate", "2", "0.50"],
        ["({number} + {number})", "({number} - {number})", "(r.x * 2)", "(r.x * r.n)",
         "(r.y * settings.rate)", "(-{number})", "({number} | abs)", "({number} | sign)",
         "({number} | default({number}))", "({number} if {condition} else {number})"],
    ),
    "text": (
        ["r.s", "r['we\"ird']", "settings.word", "'it''s'", "'\"'", "(r.n | text)"],
        ["({text} ~ {text})", "({text} ~ r.n)", "({text} ~ r.x)", "({text} | default({text}))",
         "({text} if {condition} else {text})"],
    ),
    "condition": (
        ["r.b", "settings.on", "r.s is none", "r.x is not none", "r.n == 2", "r.x > 0"],
        ["({number} == {number})", "({number} != {number})", "({number} < {number})",
         "({number} <= {number})", "({number} > {number})", "({number} >= {number})",
         "({text} == {text})", "({text} != {text})", "({text} < {text})",
         "({text} in [{text}, {text}])", "({text} not in settings.list)", "({text} is none)",
         "({condition} and {condition})", "({condition} or {condition})", "(not {condition})"],
    ),
}  # fmt: skip


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    text=grown(GRAMMAR),
    x=MONEY,
    y=MONEY,
    n=st.none() | st.integers(-99, 99),
    s=TEXTS,
    w=TEXTS,
    b=st.none() | st.booleans(),
)
def test_sql_and_python_give_the_same_value(
    text: str, x: Any, y: Any, n: Any, s: Any, w: Any, b: Any
) -> None:
    if not fits(text):
        return
    row = {"x": x, "y": y, "n": n, "s": s, 'we"ird': w, "b": b}
    try:
        expected = value(text, {"r": row, "settings": SETTINGS}, blind=True)
    except TypeError as error:
        if is_null(error):  # Python stops where SQL goes on with the null
            return
        raise
    sql = to_sql(parsed(text), {"r": "t"}, SETTINGS)
    got = _asked(sql, row)
    if isinstance(expected, bool) or got is None:
        assert bool(got) == bool(expected)
    else:
        assert got == expected


_CONNECTION: dict[str, duckdb.DuckDBPyConnection] = {}


def _asked(sql: str, row: dict[str, Any]) -> Any:
    connection = _CONNECTION.setdefault("one", duckdb.connect(":memory:"))
    return connection.execute(
        f"""SELECT {sql} FROM (SELECT $1::DECIMAL(18, 4) AS x, $2::DECIMAL(18, 4) AS y,
            $3::BIGINT AS n, $4::VARCHAR AS s, $5::VARCHAR AS "we""ird", $6::BOOLEAN AS b) AS t""",
        list(row.values()),
    ).fetchone()[0]  # type: ignore[index]


def test_a_condition_on_a_null_does_not_hold() -> None:
    row = {"x": None, "y": None, "n": None, "s": None, 'we"ird': None, "b": None}
    for text in ("r.x > 3", "r.b", "r.b and true", "not (r.x == none)"):
        assert _asked(to_sql_condition(parsed(text), {"r": "t"}, {}), row) is False


def test_null_in_a_text_is_null_in_sql() -> None:
    row = {"x": None, "y": None, "n": 1, "s": None, 'we"ird': None, "b": None}
    assert _asked(to_sql(parsed("'Q' ~ r.s"), {"r": "t"}, {}), row) is None


@pytest.mark.parametrize("text", ["'", "''", "'; DROP TABLE t; --", "\x00'\x00", "\\'", "$$"])
def test_a_literal_stays_a_literal(text: str) -> None:
    assert _asked(literal(text), dict.fromkeys("abcdef")) == text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("line.Amount / 2", "(line.Amount / 2) cannot be asked of the database."),
        ("line.Type | upper", "(line.Type | upper) cannot be asked of the database."),
        ("line.Amount and line.Type", "line.Amount is a number and no condition."),
    ],
)
def test_what_has_no_sql_is_refused_when_loaded(text: str, complaint: str) -> None:
    match = f"""\
match:
  invoice:
    from: fortnox.invoice
    steps:
      - {{id: x, name: x, field: OCR, keys: ["{{{{ {text} }}}}"]}}
document:"""
    assert findings(PAYMENT.replace("document:", match, 1)) == [
        f"a.yaml:9:45: no-sql: match.invoice.steps.x.keys[1]: {complaint} "
        "Derive a column of the entity, and name that."
    ]
