"""Ids for items that have none, made of their own words: ``locked-period``, ``FI``, ``rounding``.

Reads an item of a version-1 file, gives a word that no other item of its list has.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

from ...yamlfile import Path_
from ..tree import Node

_WORDS = 4
_SMALL = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "at",
        "be",
        "by",
        "can",
        "cannot",
        "for",
        "has",
        "have",
        "in",
        "is",
        "it",
        "its",
        "no",
        "not",
        "of",
        "on",
        "or",
        "that",
        "the",
        "this",
        "to",
        "was",
        "were",
        "which",
        "with",
    ]
)


def id_of(item: Node, path: Path_, used: Container[str], number: int) -> str:
    """An id for the item of the list at ``path``; ``number`` is its place there, from 1."""
    said = _said(item, path) or f"{_noun(path)}-{number}"
    made, again = said, 2
    while made in used:
        made, again = f"{said}-{again}", again + 1
    return made


def _said(item: Node, path: Path_) -> str:
    value = item.value
    if path == ("rows",):
        return _of_conditions(value.get("when"))
    if path[-1] in ("checks", "warnings", "require"):
        return _slug(item.text("because")) or _slug(item.text("that"))
    if path[-1] == "steps":
        return _slug(item.text("name"))
    return _of_row(item)


def _of_row(item: Node) -> str:
    """What a row is of: the list that it comes from, the setting of its account, its text."""
    each = item.value.get("each")
    if each is not None and isinstance(each.value, dict):
        lists = [str(one.value) for one in each.value.values()]
        if lists and (name := _slug(lists[0])):
            return name
    for key in ("Account", "AccountNumber"):
        if found := re.search(r"settings\.accounts\.(\w+)", item.text(key)):
            return _slug(found[1].replace("_", " "))
    return _slug(item.text("Description")) or _slug(item.text("when"))


def _of_conditions(when: Node | None) -> str:
    if when is None or not isinstance(when.value, dict):
        return ""
    parts = [_of_condition(one) for one in when.value.values()]
    return _clean("-".join(filter(None, parts)))


def _of_condition(node: Node) -> str:
    value = node.value
    if isinstance(value, list):
        return "-".join(_of_condition(one) for one in value[:2])
    if isinstance(value, dict):
        return "-".join(_of_condition(one) for one in value.values())
    return {None: "none", True: "yes", False: "no"}.get(value, str(value))


def _slug(text: str) -> str:
    """The first telling words of a text, without what stands in braces."""
    text = re.sub(r"\{\{.*?\}\}", " ", text, flags=re.DOTALL).replace("_", " ")
    words = [_clean(one) for one in re.findall(r"\w+", text)]
    telling = [one.lower() for one in words if one and one.lower() not in _SMALL]
    return "-".join(telling[:_WORDS])


def _clean(text: str) -> str:
    """The text in letters, digits, ``_`` and ``-``, without accents, beginning with one of the
    first two."""
    plain = unicodedata.normalize("NFKD", text.replace("ø", "o").replace("æ", "ae"))
    ascii_ = plain.encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_]+", "-", ascii_).strip("-_")


def _noun(path: Path_) -> str:
    return {"checks": "check", "warnings": "warning", "steps": "step", "require": "require"}.get(
        str(path[-1]), "row"
    )
