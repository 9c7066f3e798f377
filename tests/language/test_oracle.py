"""Jinja2 itself as the oracle: the same expression and inputs give the same value."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, nodes
from jinja2.visitor import NodeTransformer

from engine.language.filters import FILTERS
from engine.language.written import constant

from .kit import Grammar, fits, grown, parsed, value

MONEY = st.decimals(min_value=-999, max_value=999, places=2).map(lambda d: d + Decimal("0.00"))
TEXTS = st.text(alphabet="abcåÅ ß1-", max_size=6)


class _DecimalLiterals(NodeTransformer):
    """Literals with a point become Decimal, as the language has them."""

    def visit_Const(self, node: nodes.Const) -> nodes.Expr:  # noqa: N802 — Jinja2's name
        if not isinstance(node.value, float):
            return node
        text = nodes.Const(str(constant(node)))
        return nodes.Call(nodes.Name("decimal", "load"), [text], [], None, None)


_JINJA = Environment(autoescape=False)  # noqa: S701 — values, not pages
_JINJA.globals["decimal"] = Decimal
# Those of Jinja2's own filters that differ by design, or that it has not, are ours.
for _name in ("round", "sign", "positive", "values", "where", "text", "default", "fortnox_text"):
    _JINJA.filters[_name] = FILTERS[_name].run


def jinja(text: str, names: dict[str, Any]) -> Any:
    """What Jinja2 makes of the expression."""
    template = _JINJA.parse("{% set result = " + text + " %}")
    template = _DecimalLiterals().visit(template)
    template.set_environment(_JINJA)
    return _JINJA.from_string(template).make_module(names).result  # type: ignore[arg-type]


GRAMMAR: Grammar = {
    "number": (
        ["x", "y", "n", "row.Amount", "row['Amount']", "rows[0].v", "1", "2.50",
         "(rows | sum('v'))", "(rows | length)", "(rows | values('v') | max)",
         "(rows | where('t', 'a', 'b') | sum('v'))"],
        ["({number} + {number})", "({number} - {number})", "({number} * {number})",
         "(-{number})", "-{number} | abs", "({number} | abs)", "({number} | sign)",
         "({number} | positive)", "({number} | round)", "({number} | round(2))",
         "({number} | default(3))", "({number} if {condition} else {number})",
         "([{number}, {number}] | max)", "([{number}, {number}] | min)",
         "([{number}, {number}] | sum)", "([{number}, {number}] | first)",
         "([{number}, {number}] | last)"],
    ),
    "text": (
        ["s", "row.Type", "'a-b'", "''"],
        ["({text} ~ {text})", "({text} ~ n)", "({text} | upper)", "({text} | lower)",
         "({text} | trim)", "({text} | replace('a', 'xy'))", "({text} | default('d'))",
         "({text} | fortnox_text)", "([{text}, {text}] | join('/'))",
         "({text} if {condition} else {text})"],
    ),
    "condition": (
        ["nothing is none", "row.Type is not none", "(nothing == none)", "x < y", "s == ''"],
        ["({number} == {number})", "({number} != {number})", "({number} < {number})",
         "({number} >= {number})", "({text} == {text})", "({text} < {text})",
         "({text} in {text})", "({text} not in {text})", "({text} in [{text}, {text}])",
         "({number} < {number} <= {number})", "({condition} and {condition})",
         "({condition} or {condition})", "(not {condition})"],
    ),
}  # fmt: skip


@settings(max_examples=500, deadline=None, derandomize=True)
@given(
    text=grown(GRAMMAR),
    x=MONEY,
    y=MONEY,
    n=st.integers(-50, 50),
    s=TEXTS,
    amounts=st.lists(MONEY, min_size=1, max_size=3),
)
def test_jinja2_gives_the_same_value(
    text: str, x: Decimal, y: Decimal, n: int, s: str, amounts: list[Decimal]
) -> None:
    names = {
        "x": x,
        "y": y,
        "n": n,
        "s": s,
        "nothing": None,
        "row": {"Amount": x, "Type": s},
        "rows": [{"v": a, "t": "ab"[i % 2]} for i, a in enumerate(amounts)],
    }
    if not fits(text):
        return
    expected = jinja(text, names)
    assert value(text, names) == expected
    assert value(text, names, blind=True) == expected


def test_the_oracle_reads_the_precedence_of_filters_as_the_language_does() -> None:
    names = {"x": Decimal("5.00"), "y": Decimal("-3.00")}
    for text in ("-x | positive", "x - y | abs", "-y | positive ~ 'a'", "x * -y | abs"):
        assert value(text, names) == jinja(text, names)
    assert parsed("-x | positive").text == "-x | positive"
