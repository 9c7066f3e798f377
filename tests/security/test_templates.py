"""A mapping set is declarations: its expressions reach nothing of Python and burn no processor."""

from __future__ import annotations

import time

import pytest
from language.kit import PAYMENT, render

from engine.errors import FileError, ItemError

ESCAPES = (
    "line.__class__",
    "line['__class__']",
    "line._fields",
    "line | attr('__class__')",
    "''.__class__.__mro__",
    "'{0.__class__}'.format(line)",
    "'%s' % line",
    "line.keys()",
    "[].append(1)",
    "cycler.__init__.__globals__",
    "self._TemplateReference__context",
    "lipsum.__globals__",
    "range(9)",
    "joiner()",
    "settings.__dict__",
    "books.__class__",
    "books.is_open.__globals__",
    "tables.__class__",
    "('a' | upper).__class__",
    "([1] | first).__class__",
    "f_round",
    "__import__('os')",
    "__builtins__",
    "U",
    "NULL",
    "line.Amount | map('abs')",
    "line.Amount | format('{0.__class__}')",
    "line.Amount | tojson",
)


def lets(*values: str, amount: str = "1") -> str:
    """The payment with the named values a0, a1 …, and an amount made of them."""
    named = "".join(f'  a{n}: "{{{{ {one} }}}}"\n' for n, one in enumerate(values))
    text = PAYMENT.replace("target:", f"let:\n{named}target:")
    return text.replace("{{ line.Amount }}", f"{{{{ {amount} }}}}")


def doubled(first: str, by: str, times: int = 40) -> list[str]:
    """Named values of which each is made of the one before, twice."""
    return [first, *(by.replace("x", f"a{n}") for n in range(times))]


@pytest.mark.parametrize("text", ESCAPES)
def test_an_escape_is_refused_before_anything_is_rendered(text: str) -> None:
    with pytest.raises(FileError):
        render(lets(text, amount="a0"))


@pytest.mark.parametrize(
    "text", ["{% for i in [1] %}{% endfor %}", "{% import 'os' as os %}", "{# x #}1"]
)
def test_a_statement_is_refused(text: str) -> None:
    with pytest.raises(FileError, match="unsupported-syntax"):
        render(PAYMENT.replace("{{ line.Amount }}", text))


BURNS = {
    "a power": lets("9 ** 9 ** 9", amount="a0"),
    "a literal of many digits": lets("9" * 5_000, amount="a0"),
    "integers multiplied": lets(*doubled("line.OrderId * 1000000", "x * x", 9), amount="a9"),
    "constants multiplied": lets(*doubled("1000000", "x * x"), amount="a40"),
    "numbers multiplied": lets(*doubled("1e300", "x * x", 11), amount="a11 | plain"),
    "a column multiplied": lets(*doubled("line.Amount + 1", "x * x", 20), amount="a20 | plain"),
    "texts put together": lets(*doubled("'x' ~ line.Type", "x ~ x", 30), amount="a30 | length"),
    "constant texts put together": lets(*doubled("'x' ~ 'y'", "x ~ x", 30), amount="a30 | length"),
    "texts joined": lets("['x'] * 1000000000", amount="a0 | join"),
    "a text replaced": lets(
        *doubled("'yy'", "x | replace('y', 'yyyyyyyyyy')", 19), amount="a19 | length"
    ),
    "lists in lists": lets(*doubled("[1]", "[x, x]"), amount="1 if a40 == a39 else 2"),
    "lists of a column": lets(*doubled("[line.Type]", "[x, x]"), amount="1 if a9 in a9 else 2"),
    "lists under a condition": lets(
        *doubled("[line.Type] if line.OrderId else 1", "[x, x] if line.OrderId else 1", 9),
        amount="1 if a9 == a8 else 2",
    ),
    "a deep expression": lets("(" * 900 + "1" + ")" * 900, amount="a0"),
    "a wide expression": lets(" + ".join(["1"] * 400), amount="a0"),
    "a long text": lets("'" + "x" * 9_000 + "'", amount="a0"),
    "a value of itself": lets("a0 + 1", amount="a0"),
    "many decimals": lets("line.Amount | round(999999999)", amount="a0"),
}


@pytest.mark.parametrize("name", BURNS)
def test_what_would_burn_the_processor_is_refused_at_once(name: str) -> None:
    began = time.process_time()
    with pytest.raises((FileError, ItemError)) as caught:
        render(BURNS[name])
    assert time.process_time() - began < 1
    assert len(str(caught.value)) < 10_000
