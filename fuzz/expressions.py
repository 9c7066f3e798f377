"""Expressions, grown from the tests' grammar: Jinja2 itself is the oracle of their values, and with
odd inputs they give a value or one of the language's own refusals."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from jinja2.exceptions import UndefinedError
from language.kit import fits, value
from language.test_oracle import GRAMMAR, jinja

from engine.errors import Place
from engine.language import expressions
from engine.language.declared_filters import Refused
from engine.language.filters import FILTERS

# What cannot be worked out ends so; ``blame`` makes the sentence of it.
REFUSED = (Refused, TypeError, ArithmeticError, KeyError, IndexError)
NEVER = ("never-equal",)  # grown texts are held against words that they can't be: said, and right
ODD = (None, True, "x", "", "12", 0, -7, Decimal("0.005"), Decimal("1E+20"), [], [1, None], {})
SIGNS = (
    *"()[]|+-*/~.,'", "{{", "}}", "{%", "**", "==", "in", "not", "if", "else", "none", "x", "rows",
    "1", "2.50", "9" * 20, "é", "\u0000", "__class__",
)  # fmt: skip


def grown(chance: Random) -> str:
    """An expression up to three levels deep."""

    def grow(kind: str, depth: int) -> str:
        leaves, branches = GRAMMAR[kind]
        text = chance.choice([*leaves, *branches] if depth else leaves)
        return re.sub(r"\{(\w+)\}", lambda found: grow(found[1], depth - 1), text)

    return grow(chance.choice(sorted(GRAMMAR)), chance.randint(1, 3))


def _names(chance: Random) -> dict[str, Any]:
    def money() -> Decimal:
        return Decimal(chance.randint(-99_900, 99_900)).scaleb(-2)

    text = "".join(chance.choice("abcåÅ ß1-") for _ in range(chance.randint(0, 6)))
    x, rows = money(), [{"v": money(), "t": "ab"[i % 2]} for i in range(chance.randint(1, 3))]
    return {
        "x": x, "y": money(), "n": chance.randint(-50, 50), "s": text, "nothing": None,
        "row": {"Amount": x, "Type": text}, "rows": rows,
    }  # fmt: skip


def play(chance: Random, _folder: Path) -> str:
    """An expression against Jinja2, one with odd inputs, or no expression at all."""
    kind = chance.random()
    if kind < 0.2:
        text = " ".join(chance.choice((*SIGNS, *FILTERS)) for _ in range(chance.randint(1, 12)))
        found: list[Any] = []
        expressions.bare(text, Place("x.yaml", 1, 1), "value", found.append)
        expressions.template(f"{{{{ {text} }}}}", Place("x.yaml", 1, 1), "value", found.append)
        return "no expression: refused" if found else "no expression: read"
    text, names = grown(chance), _names(chance)
    if not fits(text):
        return "too large"
    if kind < 0.6:
        expected = jinja(text, names)
        for blind in (False, True):
            found_value = value(text, names, blind=blind, may=NEVER)
            assert found_value == expected, f"{text}: {found_value!r}, Jinja2 {expected!r}"
        return "as Jinja2"
    odd = names | {name: chance.choice(ODD) for name in chance.sample(sorted(names), 2)}
    try:
        value(text, odd, blind=True)
    except REFUSED:
        return "odd inputs: refused"
    except UndefinedError:
        raise AssertionError(text) from None
    return "odd inputs: a value"
