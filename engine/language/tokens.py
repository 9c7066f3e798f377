"""Jinja2's lexer with the place where each token begins.

Jinja2's own tells lines; here a token's "line" is its offset in the text, so that each node knows
where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import TemplateSyntaxError
from jinja2.lexer import Lexer


class OffsetLexer(Lexer):
    """Jinja2's lexer with offsets in place of line numbers."""

    def tokeniter(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> Iterator[tuple[int, str, str]]:
        at = 0
        try:
            for _line, kind, text in super().tokeniter(source, name, filename, state):
                at = max(at, source.find(text, at))  # blanks before a {{- are left out
                yield at, kind, text
                at += len(text)
        except TemplateSyntaxError as error:
            error.lineno = at
            raise
