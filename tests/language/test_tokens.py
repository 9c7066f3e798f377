"""The quick way to cut an expression gives what Jinja2's own lexer gives, or leaves it to that."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import Environment, TemplateSyntaxError
from jinja2.lexer import Lexer

from engine.language.tokens import OffsetLexer, quick

from .kit import HOUSE

PLAIN = Environment(keep_trailing_newline=True)  # noqa: S701 — nothing is rendered with it
JINJA, OURS = Lexer(PLAIN), OffsetLexer(PLAIN)
PARTS = [
    "line", ".", "Amount", "|", "round", "(", ")", "[", "]", ",", "'a b'", '"å\n"', "1", "0.25",
    "007", "1_000", "1e3", "12.", "==", "!=", "<", ">=", "=", "!", "%", "**", "//", "-", "+", "~",
    "not", "is none", " ", "\n", "\t", "{", "}", "{{", "}}", "'it\\'s'", "x1", "1x", "å", "²", ":",
]  # fmt: skip


def cut(lexer: Lexer, text: str, state: str | None) -> list[tuple[str, Any]] | None:
    """Kinds and values; None where it can't be cut."""
    try:
        return [
            (token.type, token.value)
            for token in Lexer.wrap(lexer, Lexer.tokeniter(lexer, text, None, None, state))
        ]
    except TemplateSyntaxError:
        return None


def same(text: str, state: str | None) -> bool:
    """Whether it is cut alike, and each token stands where it is said to; or left alone."""
    found = quick(text, state)
    if found is None:
        return False
    assert [(one.type, one.value) for one in found] == cut(JINJA, text, state)
    assert all(
        text.startswith(one.value if isinstance(one.value, str) else text[one.lineno], one.lineno)
        or text[one.lineno] in "'\""
        for one in found
    )
    return True


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=9).map("".join))
@example("a.b.1")
@example("1.2.3")
@example("x -1")
@example("a[0]['b']")
def test_what_is_cut_quickly_is_cut_as_jinja_does(text: str) -> None:
    same(text, "variable")
    same(f"{{{{ {text} }}}}", None)
    same(f"{{{{{text}}}}}", None)


def test_nearly_all_of_the_set_is_cut_quickly() -> None:
    texts: list[str] = []
    for path in sorted((HOUSE / "mappings/qliro-fortnox").rglob("*.yaml")):
        texts += re.findall(r'"(\{\{[^{}]*\}\})"', path.read_text("utf-8"))
    assert sum(same(text, None) for text in texts) > 0.95 * len(texts) > 400


@pytest.mark.parametrize("text", ["{{- a }}", "{{ a -}}", "{{}}", "{{ a }} b", "a", "{{ {} }}"])
def test_what_is_not_plain_is_left_to_jinja(text: str) -> None:
    assert quick(text, None) is None
    assert OURS.tokenize(text, state=None)
