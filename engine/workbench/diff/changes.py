"""What of two versions reads otherwise: rules, rows of tables, settings, each with both places.

Reads the trees of both sets and the merchant's settings, gives ``Change``: what it is, how it read
and reads, and the values of the graph (``engine.language.reach``) that it makes otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ... import json_text
from ...errors import Place
from ...language.reach import ROWS, Value
from ...language.same import Changed, changes, meaning, named
from ...language.source import Source
from ...language.tree import Node, plain
from ..versions import Version
from .aligned import aligned

LONGEST = 160  # characters of a rule in a line; JSON has it whole
_OF_ROWS = ("each", "group", "when", "id")
Hit = tuple[str, str]  # a table and the number of a row, as traces have it


@dataclass(frozen=True, slots=True)
class Change:
    """A rule that reads otherwise. ``before`` and ``after`` are empty where there is none.

    ``row`` is the row of a table, by its number before and after; ``gives`` are its outputs.
    """

    what: str
    where: str
    before: str
    after: str
    before_place: Place | None
    place: Place | None
    values: frozenset[Value]
    rows: tuple[Hit | None, Hit | None] | None = None
    gives: tuple[Mapping[str, Any], Mapping[str, Any]] = field(default=({}, {}), compare=False)
    when: tuple[Mapping[str, Any], ...] = field(default=(), compare=False)

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others: where it stands, or stood."""
        return spot(self.before_place), spot(self.place)

    @property
    def name(self) -> str:
        """What it is, for people: ``table sales_accounts, row 3``."""
        return f"{self.what}, {self.where}" if self.where else self.what


def spot(place: Place | None) -> str:
    """``file:line``, or nothing."""
    return f"{place.path}:{place.line}" if place else ""


def between(before: Version, after: Version) -> list[Change]:
    """What reads otherwise in ``after``; what stands once and is used in many places is one."""
    found: dict[tuple[Any, ...], Change] = {}
    for one in _all(before, after):
        key = (*one.key, one.before, one.after, one.what if one.rows else "")
        known = found.get(key)
        found[key] = one if known is None else _joined(known, one)
    return list(found.values())


def _joined(one: Change, other: Change) -> Change:
    """The same rule in another mapping that uses it."""
    what = one.what if other.what in one.what.split(", ") else f"{one.what}, {other.what}"
    return replace(one, what=what, values=one.values | other.values)


def _all(before: Version, after: Version) -> Iterator[Change]:
    old, new = before.mapping_set, after.mapping_set
    names = [*old.sources, *(name for name in new.sources if name not in old.sources)]
    for what in names:
        ours = old.sources.get(what), new.sources.get(what)
        if ours[0] is None or ours[1] is None:
            yield _whole(what, before, after, ours)
        elif what.startswith("table "):
            yield from _table(what, before, after, ours[0], ours[1])
        else:
            for one in changes(ours[0].root, ours[1].root):
                yield _rule(what, one, before, after)
    yield from _settings(before, after)


def _whole(
    what: str, before: Version, after: Version, ours: tuple[Source | None, Source | None]
) -> Change:
    """A file that only one of them has."""
    old, new = ours
    return Change(
        what, "", "" if old is None else "declared", "" if new is None else "declared",
        before.shown(old.place()) if old else None, after.shown(new.place()) if new else None,
        frozenset({(what,)}),
    )  # fmt: skip


def _rule(what: str, one: Changed, before: Version, after: Version) -> Change:
    old, new = one.before, one.after
    place, before_place = _place(new, after), _place(old, before)
    texts = _text(old), _text(new)
    if texts[0] == texts[1]:  # the part reads as it did, and is given something else
        place, before_place = _given(new, after) or place, _given(old, before) or before_place
    return Change(what, ".".join(one.path), *texts, before_place, place,
                  frozenset({_value(what, one.path)}))  # fmt: skip


def _place(node: Node | None, version: Version) -> Place | None:
    return None if node is None else version.shown(node.place(key=True))


def _given(node: Node | None, version: Version) -> Place | None:
    given = node.frame.given if node is not None else None
    return version.shown(given.place) if given else None


def _text(node: Node | None) -> str:
    return "" if node is None else written(plain(node))


def written(value: Any) -> str:
    """A rule or a row in a line, as YAML in one line has it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, str):
        return " ".join(value.split()) or "''"
    return json_text.encode(value)


def _value(what: str, path: Sequence[str]) -> Value:
    """The value of the graph that a path of keys is about."""
    kind = what.partition(" ")[0]
    if not path:
        return (what,)
    if kind == "entity":
        if len(path) > 1 and path[0] in ("derive", "let"):
            return what, f"{path[0]}.{path[1]}"
        return (what, *path[:2]) if path[0] == "related" else (what,)
    if path[0] in ("let", "document") and len(path) > 1:
        under = (what, f"let.{path[1]}") if path[0] == "let" else (what, "document", path[1])
        if len(path) > 3:
            return (*under, ROWS if path[3] in _OF_ROWS else path[3])
        return under
    if path[0] in ("checks", "warnings", "match", "related"):
        return (what, *path[:2])
    return what, path[0]


# Tables and settings ------------------------------------------------------------------------------
def _table(
    what: str, before: Version, after: Version, old: Source, new: Source
) -> Iterator[Change]:
    name = what.partition(" ")[2]
    for one in changes(old.root, new.root):
        if one.path[:1] != ("rows",):
            yield _rule(what, one, before, after)
    rows = [one.root.value.get("rows") for one in (old, new)]
    if all(rows) and meaning(rows[0]) == meaning(rows[1]):
        return
    items = [list(named(one).values()) if one is not None else [] for one in rows]
    spec = new.value if "inputs" in new.value else old.value
    for i, j in aligned(*[[repr(meaning(one)) for one in side] for side in items]):
        nodes = (items[0][i] if i is not None else None, items[1][j] if j is not None else None)
        yield _row(
            what, name, (i, j), tuple([None if one is None else plain(one) for one in nodes]),
            (_place(nodes[0], before), _place(nodes[1], after)), spec,
        )  # fmt: skip


def _row(
    what: str,
    name: str,
    at: tuple[int | None, int | None],
    rows: Sequence[Mapping[str, Any] | None],
    places: tuple[Place | None, Place | None],
    spec: Mapping[str, Any],
) -> Change:
    gives = tuple([{k: v for k, v in _flat(row).items() if k in spec["outputs"]} for row in rows])
    when = tuple([{k: v for k, v in _flat(row).items() if k in spec["inputs"]}
                  for row in rows if row is not None])  # fmt: skip
    hits = tuple([None if one is None else (name, str(one + 1)) for one in at])
    old, new = ("" if row is None else written(_bare(row)) for row in rows)
    number = (at[1] if at[1] is not None else at[0]) or 0
    return Change(
        what, f"row {number + 1}", old, new, *places, frozenset({(what,)}),
        hits, gives, when,  # type: ignore[arg-type]
    )  # fmt: skip


def _flat(row: Mapping[str, Any] | None) -> dict[str, Any]:
    """A row's conditions and outputs beside each other, whichever way it is written."""
    flat: dict[str, Any] = {}
    for name, value in (row or {}).items():
        if name in ("when", "then") and isinstance(value, Mapping):
            flat |= value
        elif value is not None:
            flat[name] = value
    return flat


def _bare(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def _settings(before: Version, after: Version) -> Iterator[Change]:
    old, new = before.merchant.settings, after.merchant.settings
    tables = {
        spec.rows_from: (name, spec)
        for side in (before.mapping_set, after.mapping_set)
        for name, spec in side.tables.items()
        if spec.rows_from
    }
    for path, ours, theirs in _leaves(old, new, ()):
        dotted = ".".join(path)
        if dotted in UNDECIDING:
            continue
        rows = all(isinstance(one, list) or one is None for one in (ours, theirs))
        if rows and dotted in tables:
            yield from _merchant_rows(before, after, path, tables[dotted], (ours, theirs))
            continue
        yield Change(
            f"setting {dotted}", "", _setting_text(ours), _setting_text(theirs),
            before.shown(before.merchant.place(path)), after.shown(after.merchant.place(path)),
            frozenset({("settings", dotted)}),
        )  # fmt: skip


# Settings that no document is made of.
UNDECIDING = ("state", "name", "mapping_set", "overlay", "version")


def _setting_text(value: Any) -> str:
    return "" if value is None else written(value)


def _leaves(
    old: Any, new: Any, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in [*old, *(name for name in new if name not in old)]:
            yield from _leaves(old.get(name), new.get(name), (*path, name))
        return
    yield path, old, new


def _merchant_rows(
    before: Version,
    after: Version,
    path: tuple[str, ...],
    table: tuple[str, Any],
    rows: tuple[Any, Any],
) -> Iterator[Change]:
    name, spec = table
    sides = before, after
    own = [len(one.mapping_set.tables[name].rows) if name in one.mapping_set.tables else 0
           for one in sides]  # fmt: skip
    texts = [[json_text.canonical(_bare(row)) for row in side or ()] for side in rows]
    declared = {"inputs": spec.inputs, "outputs": spec.outputs}
    for at in aligned(*texts):
        chosen = [None if one is None else rows[side][one] for side, one in enumerate(at)]
        places = tuple([None if one is None else sides[side].shown(
            sides[side].merchant.place((*path, one))) for side, one in enumerate(at)])  # fmt: skip
        numbers = tuple([None if one is None else own[side] + one for side, one in enumerate(at)])
        change = _row(f"table {name}", name, numbers, chosen, places, declared)  # type: ignore[arg-type]
        where = f"row {(at[1] if at[1] is not None else at[0]) + 1} of {'.'.join(path)}"  # type: ignore[operator]
        yield replace(change, where=where, values=change.values | {("settings", ".".join(path))})
