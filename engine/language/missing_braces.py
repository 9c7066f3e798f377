"""A text that looks like an expression and lacks its braces: it would be sent as it stands.

Where a value may be a text, `{{ }}` makes an expression of it; without them the text itself is
meant. What names something that is known where it stands is taken for a slip. (`when`, `that` and
their like take bare expressions, and no braces.)

**Anti-pattern**

    CustomerName: order.name
    Description: "Qliro { payout.payout }"

Fortnox gets a customer called "order.name".

**Best practice**

    CustomerName: "{{ order.name }}"
    Description: "Qliro {{ payout.payout }}"

A text that is to look so is written as one: `"{{ 'order.name' }}"`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jinja2 import nodes

from ..errors import Finding, Place
from . import expressions
from .expressions import Expression, walk

if TYPE_CHECKING:  # the emitter calls this module
    from .emit import Emitter

CODE, SEVERITY = "missing-braces", "error"
_PATH = re.compile(r"\s*(?:not )?\(*\s*[A-Za-z_]\w*\.[A-Za-z_]\w*")
_SINGLE = re.compile(r"\$?\{\s*([A-Za-z_]\w*\.[A-Za-z_][^{}]*?)\s*\}")


def check(emitter: Emitter, expression: Expression, text: str) -> Iterator[Finding]:
    """``text`` is a plain value that stands where ``emitter`` knows the names."""
    found = _SINGLE.search(text)
    if found is None and not _PATH.match(text):
        return
    inside, at = (found[1], found.start()) if found else (text.strip(), 0)
    if not _is_expression(emitter, inside):
        return
    told = f"{expression.field}: {found[0] if found else inside!r} looks like an expression."
    written = f'"{{{{ {inside} }}}}"' if found is None else f"{{{{ {inside} }}}}"
    remedy = f"Write {written}."
    yield Finding(expression.place, CODE, told, remedy, SEVERITY, at)


def _is_expression(emitter: Emitter, text: str) -> bool:
    """Whether it can be read as one and every name in it is known here."""
    wrong: list[Finding] = []
    parsed = expressions.bare(text, _NOWHERE, "", wrong.append)
    if parsed is None or wrong:
        return False
    known = {*emitter.names, *emitter.lets, *(["tables"] if emitter.tables else [])}
    return all(node.name in known for node in walk(parsed.node) if isinstance(node, nodes.Name))


_NOWHERE = Place("")
