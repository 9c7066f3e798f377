"""What lint looks for beyond what can't be read at all: one rule, one module.

A rule's docstring is its entry in docs/lint.md: what it finds, *anti-pattern*, *best practice*.
Those that look at one value of a document are called where that is checked, the others once all of
a set has been read.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import Finding
from ..spec import MappingSet
from . import may_be_null, text_column, unrounded_money, unused_name
from .subject import Value

__all__ = ["OF_SETS", "OF_VALUES", "Value", "of_set", "of_value"]

OF_VALUES = (text_column, may_be_null, unrounded_money)
OF_SETS = (unused_name,)


def of_value(value: Value) -> Iterator[Finding]:
    """What is wrong with one value of a document."""
    for rule in OF_VALUES:
        yield from rule.check(value)


def of_set(mapping_set: MappingSet) -> Iterator[Finding]:
    """What is wrong with a set as a whole."""
    for rule in OF_SETS:
        yield from rule.check(mapping_set)
