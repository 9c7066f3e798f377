"""Parsing an expression quickly gives what Jinja2's own parser gives, or leaves it to that."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import TemplateSyntaxError, nodes
from jinja2.parser import Parser

from engine.language import expressions, quick_parse

from .kit import HOUSE

JINJA = expressions._ENVIRONMENT
PARTS = [
    "line", ".", "Amount", "|", "round", "(", ")", "[", "]", ",", "'a b'", '"å\n"', "1", "0.25",
    "007", "1_000", "1e3", "12.", "==", "!=", "<", ">=", "=", "!", "%", "**", "//", "-", "+", "~",
    "not", "is none", " ", "\n", "\t", "{", "}", "{{", "}}", "'it\\'s'", "x1", "1x", "å", "²", ":",
    " if ", " else ", " or ", " and ", " in ", " not in ", "true", "f(a=1)", "a", "b", "*", "/",
]  # fmt: skip


def bare(text: str) -> nodes.Expr:
    """What Jinja2 makes of an expression without braces."""
    parser = Parser(JINJA, text, state="variable")
    node: nodes.Expr = parser.parse_expression()
    if not parser.stream.eos:
        parser.fail("more than an expression")
    return node


def template(text: str) -> nodes.Expr:
    """What Jinja2 makes of a text with expressions in braces."""
    parts: list[nodes.Expr] = []
    for part in JINJA.parse(text).body:
        assert isinstance(part, nodes.Output)
        parts += [
            nodes.Const(one.data) if isinstance(one, nodes.TemplateData) else one
            for one in part.nodes
        ]
    return parts[0] if len(parts) == 1 else nodes.Concat(parts)


def told(node: Any) -> Any:
    """A tree in full: kinds, where each begins, what it holds."""
    if isinstance(node, nodes.Node):
        return type(node).__name__, node.lineno, [told(getattr(node, n)) for n in node.fields]
    if isinstance(node, list | tuple):
        return [told(one) for one in node]
    return type(node).__name__, node


def same(text: str, *, braces: bool) -> bool:
    """Whether it is parsed quickly, and then as Jinja2 does."""
    quick = quick_parse.template(text) if braces else quick_parse.bare(text)
    if quick is None:
        return False
    assert told(quick) == told(template(text) if braces else bare(text))
    return True


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=9).map("".join))
@example("a.b.1")
@example("x -1")
@example("a[0]['b']")
@example("a + b + c - -d.e | round(2) | abs(1)(2)")
@example("not a == b in c not in d and not not e or f is not none")
@example("1 if a else 2 if b if c else 3")
@example("f(a, b=c, d=e,)")
@example("(a, b,) ~ [a, b,] ~ ((a))")
@example("a is none if b else c")
@example("a.if.in ~ b.not")
def test_what_is_parsed_quickly_is_parsed_as_jinja_does(text: str) -> None:
    same(text, braces=False)
    same(f"{{{{ {text} }}}}", braces=True)
    same(f"of {{{{{text}}}}} and {{{{ a }}}}.", braces=True)


def test_nearly_all_of_the_set_is_parsed_quickly_and_alike() -> None:
    texts: list[str] = []
    for path in sorted((HOUSE / "mappings/qliro-fortnox").rglob("*.yaml")):
        texts += re.findall(r'"([^"{}]*\{\{[^{}]*\}\}[^"{}]*)"', path.read_text("utf-8"))
    assert sum(same(text, braces=True) for text in texts) > 0.97 * len(texts) > 400


@pytest.mark.parametrize("text", ["{{- a }}", "{{ a -}}", "{{}}", "{{ a }} {% b %}", "{{ {} }}"])
def test_what_is_not_plain_is_left_to_jinja(text: str) -> None:
    assert quick_parse.template(text) is None


@pytest.mark.parametrize(
    "text", ["", "a b", "a +", "(a", "a)", "a | ", "f(a=1, b)", "a[1", "a.'b'"]
)
def test_what_is_wrong_is_left_to_jinja_which_says_why(text: str) -> None:
    assert quick_parse.bare(text) is None
    with pytest.raises(TemplateSyntaxError):
        bare(text)


def test_brackets_in_brackets_are_left_to_jinja_before_they_overflow_anything() -> None:
    assert quick_parse.bare(f"{'(' * 12}a{')' * 12}") is not None
    for deep in ("(" * 900 + "a" + ")" * 900, "not " * 400 + "a", "-" * 900 + "a"):
        assert quick_parse.bare(deep) is None
