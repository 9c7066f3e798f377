"""What a version-1 overlay's bare list does to the set's: which items it adds, replaces, drops.

Reads both lists, gives a ``Division``. Items are matched by what they say, then by what names them,
then by likeness; what stands in another order than in the set goes and comes anew.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from ...yamlfile import Path_
from ..same import meaning
from ..tree import Node, identifier
from .ids import id_of

ALIKE = 0.6  # from here on two items are one that was changed
REASON = "version 1 of this overlay left it out"
REASONED = ("checks", "warnings", "require")


@dataclass(frozen=True, slots=True)
class Said:
    """What an item of the overlay's list is: ``""`` as the set has it, else replace or add.

    ``id`` is its own, ``beside`` an anchor for one that is added (``after``, id).
    """

    operation: str
    id: str
    beside: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Division:
    """Each item of the overlay's list, and the ids of the set's items that it drops."""

    said: tuple[Said, ...]
    removed: tuple[str, ...]

    def removals(self, path: Path_, base: Sequence[Node]) -> list[str]:
        """The dropped items as they are named under ``remove``."""
        whole = {identifier(one): isinstance(one.value, dict) for one in base}
        because = f', because: "{REASON}"' if path[-1] in REASONED else ""
        return [
            f"{{id: {one}{because}}}" if whole[one] and path[-1] != "then" else one
            for one in self.removed
        ]


def divided(base: Sequence[Node], over: Sequence[Node], path: Path_) -> Division:
    """How ``over`` is made of ``base``."""
    matched = _matched(base, over, path)
    pairs = _in_order(matched)
    known = [identifier(one) for one in base]
    kept = {known[old] for old in pairs.values()}
    removed = [name for name in known if name not in kept]
    used = set(known)
    ids: list[str] = []
    for number, item in enumerate(over):
        if number in matched:  # one that moves goes and comes anew, and is called as before
            ids.append(known[matched[number]])
            continue
        own = identifier(item) if not isinstance(item.value, dict) or path[-1] == "then" else ""
        ids.append(own or id_of(item, path, used, number + 1))
        used.add(ids[-1])
    said = []
    for number, item in enumerate(over):
        if number in pairs:
            same = meaning(base[pairs[number]]) == meaning(item)
            said.append(Said("" if same else "replace", ids[number]))
        else:
            said.append(Said("add", ids[number], _beside(number, ids, pairs)))
    plain = any(one.beside and not isinstance(item.value, dict)
                for one, item in zip(said, over, strict=True))  # fmt: skip
    if plain:  # a word can't say where it goes: the list is said anew
        return Division(tuple(Said("add", one.id) for one in said), tuple(known))
    return Division(tuple(said), tuple(removed))


def _beside(number: int, ids: list[str], pairs: dict[int, int]) -> tuple[str, str] | None:
    """Where an added item goes: after the one above it, before the first that stays; at the end
    by itself."""
    if not any(later > number for later in pairs):
        return None
    if number:
        return "after", ids[number - 1]
    return "before", ids[min(pairs)]


def _matched(base: Sequence[Node], over: Sequence[Node], path: Path_) -> dict[int, int]:
    """Items of ``over`` and what they are of ``base``."""
    pairs: dict[int, int] = {}
    for same in (meaning, lambda one: _name(one, path)):
        _pair(base, over, pairs, same)
    for number, item in enumerate(over):
        if number in pairs or not isinstance(item.value, dict) or path == ("rows",):
            continue
        free = [i for i in range(len(base)) if i not in pairs.values()]
        near = [(_likeness(base[i], item), -i) for i in free if isinstance(base[i].value, dict)]
        if near and max(near)[0] >= ALIKE:
            pairs[number] = -max(near)[1]
    return pairs


def _pair(
    base: Sequence[Node], over: Sequence[Node], pairs: dict[int, int], key: Callable[[Node], Any]
) -> None:
    """Pair what has the same key and is alone with it, or is alike in everything."""
    for number, item in enumerate(over):
        name = key(item)
        if number in pairs or name is None:
            continue
        taken = set(pairs.values())
        found = [i for i, one in enumerate(base) if i not in taken and key(one) == name]
        twins = [i for i in range(len(over)) if i not in pairs and key(over[i]) == name]
        if found and (key is meaning or (len(found) == 1 and len(twins) == 1)):
            pairs[number] = found[0]


def _name(item: Node, path: Path_) -> Any:
    """What names an item among the others of its list; None where nothing does."""
    if not isinstance(item.value, dict):
        return identifier(item) or None
    keys: Iterable[str]
    if path == ("rows",):
        keys = ("when",)
    elif path[-1] == "steps":
        keys = ("name",)
    elif path[-1] == "then":
        keys = ("do",)
    elif path[-1] in REASONED:
        return _first(item, "that") or _first(item, "because")
    else:
        keys = ("each", "group", "when")
    return [meaning(item.value[key]) if key in item.value else None for key in keys]


def _first(item: Node, key: str) -> Any:
    return (key, meaning(item.value[key])) if key in item.value else None


def _likeness(one: Node, other: Node) -> float:
    first, second = _words(one), _words(other)
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def _words(node: Node) -> list[str]:
    if isinstance(node.value, dict):
        return [word for key, one in node.value.items() if key != "id"
                for word in (key, *_words(one))]  # fmt: skip
    if isinstance(node.value, list):
        return [word for one in node.value for word in _words(one)]
    return str(node.value).split()


def _in_order(pairs: dict[int, int]) -> dict[int, int]:
    """As many of the pairs as stand in the set's order: the longest rising row of them."""
    rows = sorted(pairs)
    tails: list[int] = []  # the least end of a rising row of each length
    last: list[int] = []  # the row of over that ends so
    before: dict[int, int | None] = {}
    for row in rows:
        at = bisect_left(tails, pairs[row])
        before[row] = last[at - 1] if at else None
        tails[at : at + 1], last[at : at + 1] = [pairs[row]], [row]
    kept: dict[int, int] = {}
    here = last[-1] if last else None
    while here is not None:
        kept[here] = pairs[here]
        here = before[here]
    return dict(sorted(kept.items()))
