"""The words that a value can be, and what to write in place of one that it can't.

Countries are the codes that the merchant file's schema declares, for all that names a country.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from ..merchant.settings import merchant_schema
from ..yamlfile import nearest
from .kinds import Type

COUNTRY = "country"  # the name of their type


@cache
def _declared() -> Mapping[str, Any]:
    declared: Mapping[str, Any] = merchant_schema()["$defs"]["country"]
    return declared


@cache
def countries() -> Type:
    """The type of a text that is a country: its words are all the codes that an order can have."""
    codes = tuple(code for line in _declared()["x-codes"] for code in line.split())
    return Type("text", values=codes, name=COUNTRY)


def near(value: str, type_: Type) -> str:
    """What to write in place of a word that a value of this type never is."""
    if type_.name != COUNTRY:
        return nearest(value, type_.values or type_.usual)
    other = _declared()["x-instead"].get(value.upper())
    if value.upper() in type_.values:
        other = value.upper()
    return f"Write {other}." if other else "A country is a code of two capitals (ISO 3166-1): SE."
