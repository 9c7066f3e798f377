"""A word that a value can never be: the condition never holds, and nobody is told.

Known are the words of settings, of a table's inputs and outputs, of derived columns, and of columns
that this program fills itself. Of what Qliro and Fortnox send only documented words are known: one
that is not among them is a warning (`unknown-word`), for tomorrow they may send it.

**Anti-pattern**

    when: line.Status == 'accepted'

Qliro's word is `Accepted`: the mapping never applies, no payment is made, and nothing is parked.

**Best practice**

    when: line.Status == 'Accepted'

Let the editor complete it: it knows the words of every column and setting.
"""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes

from ..errors import Finding
from . import words
from .expressions import Expression
from .kinds import Type
from .written import written

CODE, SEVERITY = "never-equal", "error"
DOUBTED = "unknown-word"


def check(
    type_: Type, value: str, node: nodes.Node, word: nodes.Node, expression: Expression
) -> Iterator[Finding]:
    """``word`` is where ``value`` stands, ``node`` what it is held against, of ``type_``."""
    if type_.values and value not in type_.values:
        text = f"{written(node)} is never {value!r}."
        yield expression.finding(CODE, text, words.near(value, type_), word, SEVERITY)
    elif type_.usual and value not in type_.usual:
        text = f"{written(node)}: {value!r} is none of the words that are known of it."
        yield expression.finding(DOUBTED, text, words.near(value, type_), word, "warning")
