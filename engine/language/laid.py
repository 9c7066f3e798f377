"""Lays one file over another by keys and ids: an overlay over its set, a mapping over another.

Reads two trees, gives the one that they make and what was changed. What is not named stays as it
is. A list is never replaced by silence: what is added, replaced or removed is said, each by id.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from ..errors import Finding, Place
from ..yamlfile import Path_, nearest
from .expressions import Report
from .tree import Node, identifier, plain
from .uses import OPERATIONS, USE, is_list

# Lists of which nothing goes without a reason.
ACKNOWLEDGED = ("checks", "warnings", "require")
# What of an essential item stays as it is.
HELD = ("id", "for", "each", "when", "that", "or", "until", "severity", "essential")
# What a document waits for, and what Fortnox's own must say before it is booked: kept as well.
KEPT = ("after", "confirm")
# What may be said of the same: removed here and added there, a list said anew with more added.
IN_TURN = (("removed", "added"), ("replaced", "added"))
SHORT = 100  # characters of an item that is shown in a sentence


class Change(Struct, frozen=True):
    """What an overlay does to one value of its set: ``added``, ``replaced`` or ``removed``.

    ``what`` is the file as it is known (``mapping payment``), ``path`` the value in it
    (``checks.locked-period``; empty for a file of the overlay's own). ``before`` and ``after`` are
    the plain values, null where there is none.
    """

    operation: str
    what: str
    path: str
    place: Place
    before: Any = None
    before_place: Place | None = None
    after: Any = None
    because: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.path}" if self.path else self.what


class Laying(Struct):
    """Held open over two files: ``what`` they are, ``skipped`` keys of the upper one, changes."""

    what: str
    skipped: frozenset[str]
    report: Report
    changes: list[Change] = field(default_factory=list)
    changed: dict[Path_, Change] = field(default_factory=dict)
    within: dict[Path_, Change] = field(default_factory=dict)  # a change below each path

    def lay(self, base: Node, over: Node) -> Node:
        """``base`` with what ``over`` says of it; what can't be done is reported and left."""
        return self._keys(base, over, ())

    # Keys --------------------------------------------------------------------------------------
    def _lay(self, base: Node, over: Node, path: Path_, *, held: bool = False) -> Node:
        if isinstance(base.value, list) and isinstance(over.value, dict):
            return self._operations(base, over, path)
        if isinstance(base.value, list) and isinstance(over.value, list):
            self.report(self._bare(base, over, path))
            return base
        if isinstance(base.value, dict) and isinstance(over.value, dict):
            return self._keys(base, over, path, held=held)
        return self._replaced(base, over, path)

    def _keys(self, base: Node, over: Node, path: Path_, *, held: bool = False) -> Node:
        result: dict[str, Node] = dict(base.value)
        gone = dict(base.gone or {})
        for key, new in over.value.items():
            if not path and key in self.skipped:
                continue
            head, _, rest = key.partition(".")
            if rest and key not in result and path[-1:] != ("awaits",):
                if head not in result:
                    text = f"{self._called(path)} has no {head!r}."
                    self._wrong(new, "unknown-path", text, nearest(head, result))
                    continue
                key, new = head, _below(rest, new)  # noqa: PLW2901 — as if written one in another
            here = (*path, key)
            old = result.get(key)
            if old is not None and _is_kept(here, new):
                self._held(new, here, "it can't be removed or changed")
            elif held and key in HELD:
                self._held(new, path, f"its {key!r} can't be changed")
            elif old is not None and key == "id" and path and isinstance(path[-1], str):
                self._wrong(new, "id", f"the id of {self._called(path)} stays as it is.")
            elif old is None:
                result[key] = self._added(new, here)
            elif new.value is None:
                if self._may_go(old, new, here):
                    del result[key]
                    gone[key] = new
                    self._change("removed", here, new, before=old)
            else:
                result[key] = self._lay(old, new, here)
        return Node(result, base.frame, base.spot, base.key, gone or None)

    def _added(self, new: Node, path: Path_) -> Node:
        """A value where the base has none; a list is said with ``add`` or bare."""
        says = isinstance(new.value, dict) and new.value and is_list(path)
        if says and all(key in OPERATIONS for key in new.value):
            return self._operations(Node([], new.frame, new.spot, new.key), new, path)
        self._change("added", path, new, after=new)
        return new

    def _replaced(self, base: Node, over: Node, path: Path_) -> Node:
        if not self._may_go(base, over, path):
            return base
        if plain(base) != plain(over):
            self._change("replaced", path, over, before=base, after=over)
        return over

    def _may_go(self, base: Node, over: Node, path: Path_) -> bool:
        """Whether a value may be lost whole: not where items with ids would go unnamed."""
        lost = list(_items(base))
        if not lost:
            return True
        names = ", ".join(dict.fromkeys(lost))
        text = f"{self._called(path)} holds {names} ({_spot(base)}), which would go unnamed."
        remedy = "Remove what is to go by its id: remove: [{id: …, because: …}]."
        self._wrong(over, "unnamed", text, remedy)
        return False

    # Lists -------------------------------------------------------------------------------------
    def _operations(self, base: Node, over: Node, path: Path_) -> Node:
        items: list[Node] = list(base.value)
        for key, new in over.value.items():
            if key not in OPERATIONS:
                self._at_id(items, key, new, path)
        for key, work in (
            ("remove", self._remove), ("replace", self._replace), ("add", self._add),
        ):  # fmt: skip
            said = over.value.get(key)
            if said is None:
                continue
            if not isinstance(said.value, list):
                text, remedy = f"{key} takes a list of items.", f"Write {key}: [ … ]."
                self._wrong(said, "wrong-type", text, remedy, at_value=True)
                continue
            work(items, said, path)
        return Node(items, base.frame, base.spot, base.key)

    def _at_id(self, items: list[Node], key: str, new: Node, path: Path_) -> None:
        """What a path says of one item: ``goods.CostCenter``."""
        head, _, rest = key.partition(".")
        index = self._index(items, head, new, path, at_key=True)
        if index is None:
            return
        if rest:
            new = _below(rest, new)
        item, here = items[index], (*path, head)
        if not isinstance(new.value, dict) or not isinstance(item.value, dict):
            text = f"{self._called(here)} is an item of a list: say a key of it."
            remedy = f"Or replace it whole, or remove it: {path[-1]}: {{replace: [{head} …]}}."
            self._wrong(new, "wrong-type", text, remedy)
            return
        items[index] = self._keys(item, new, here, held=_is_essential(item))

    def _remove(self, items: list[Node], said: Node, path: Path_) -> None:
        for entry in said.value:
            name, because = identifier(entry), entry.text("because")
            extra = set(entry.value) - {"id", "because"} if isinstance(entry.value, dict) else set()
            if not name or extra:
                text = "an item that goes is named by its id, and why."
                self._wrong(entry, "wrong-type", text, "Write {id: …, because: …}.", at_value=True)
                continue
            index = self._index(items, name, entry, path)
            if index is None:
                continue
            here = (*path, name)
            if _is_essential(items[index]):
                self._held(entry, here, "it can't be removed")
            elif path[-1] in ACKNOWLEDGED and not because.strip():
                text = f"{self._called(here)} is removed without a reason."
                remedy = f"Write {{id: {name}, because: …}}."
                self._wrong(entry, "because", text, remedy, at_value=True)
            else:
                self._change("removed", here, entry, before=items.pop(index), because=because)

    def _replace(self, items: list[Node], said: Node, path: Path_) -> None:
        whole = [one for one in (*items, *said.value) if isinstance(one.value, dict)]
        if not whole and path[-1] != "then":
            before = Node(list(items), items[0].frame, items[0].spot) if items else None
            if [one.value for one in items] != [one.value for one in said.value]:
                self._change("replaced", path, said, before=before, after=said)
            items[:] = said.value
            return
        for new in said.value:
            name = identifier(new)
            index = self._index(items, name, new, path)
            if index is None:
                continue
            here = (*path, name)
            if _is_essential(items[index]):
                self._held(new, here, "it can't be replaced")
                continue
            self._change("replaced", here, new, before=items[index], after=new)
            items[index] = new

    def _add(self, items: list[Node], said: Node, path: Path_) -> None:
        last: dict[str, str] = {}  # of each item that others come after, the last of those
        for given in said.value:
            new, beside = _without_beside(given)
            name = identifier(new)
            if not name and any(isinstance(one.value, dict) for one in (*items, new)):
                text, remedy = "an added item has an id.", "Write {id: …, …}."
                self._wrong(given, "missing-id", text, remedy, at_value=True)
                continue
            known = [identifier(one) for one in items]
            if name in known:
                there = _spot(items[known.index(name)])
                text = f"{self._called(path)} has {name!r} already ({there})."
                remedy = "Take another id, or say replace."
                self._wrong(given, "twice", text, remedy, at_value=True)
                continue
            if len(beside) > 1:
                text = "an item is added before another or after one, not both."
                self._wrong(given, "before-and-after", text, at_value=True)
                continue
            where = len(items)
            for word, anchor in beside.items():
                other = identifier(anchor)
                index = self._index(items, last.get(other, other) if word == "after" else other,
                                    anchor, path)  # fmt: skip
                if index is None:
                    break
                where = index + 1 if word == "after" else index
                if word == "after":
                    last[other] = name
            else:
                items.insert(where, new)
                self._change("added", (*path, name), given, after=new)

    def _index(
        self, items: list[Node], name: str, at: Node, path: Path_, *, at_key: bool = False
    ) -> int | None:
        known = [identifier(one) for one in items]
        if name and name in known:
            return known.index(name)
        text = f"{self._called(path)} has no {name!r}."
        remedy = nearest(name, [*(one for one in known if one), *(OPERATIONS if at_key else ())])
        self._wrong(at, "unknown-id", text, remedy, at_value=not at_key)
        return None

    # Told --------------------------------------------------------------------------------------
    def _called(self, path: Path_) -> str:
        inside = ".".join(map(str, path))
        return f"{inside} of the {self.what}" if inside else f"the {self.what}"

    def _change(
        self, operation: str, path: Path_, at: Node, *, before: Node | None = None,
        after: Node | None = None, because: str = "",
    ) -> None:  # fmt: skip
        change = Change(
            operation,
            self.what,
            ".".join(map(str, path)),
            at.place(key=True),
            plain(before) if before else None,
            before.place(key=True) if before else None,
            plain(after) if after else None,
            because,
        )
        above = [path[:length] for length in range(1, len(path))]
        other = next(filter(None, map(self.changed.get, (path, *above))), self.within.get(path))
        if other is not None and (other.operation, operation) not in IN_TURN:
            text = f"{self._called(path)} is {operation} here, and {other.path} is "
            text += f"{other.operation} in line {other.place.line}: one of them would be lost."
            self._wrong(at, "changed-twice", text, "Say it in one place.")
        self.changes.append(change)
        self.changed[path] = change
        self.within |= dict.fromkeys(above, change)

    def _wrong(
        self, at: Node, code: str, text: str, remedy: str = "", *, at_value: bool = False
    ) -> None:
        self.report(at.finding(code, text, remedy, key=not at_value))

    def _held(self, at: Node, path: Path_, what: str) -> None:
        text = f"{self._called(path)} is essential: {what}."
        remedy = "It keeps money from being booked twice or wrongly."
        if path[0] not in KEPT:
            remedy += " Its `because` may be changed."
        self._wrong(at, "essential", text, remedy)

    def _bare(self, base: Node, over: Node, path: Path_) -> Finding:
        """The refusal of a list that says neither what it adds nor what it replaces."""
        known = {identifier(one) for one in base.value}
        key, many = path[-1], len(base.value)
        has = f"{self._called(path)} has {many} item{'' if many == 1 else 's'} ({_spot(base)})"
        text = f"{has}, and a list here would throw them away."
        if not any(isinstance(one.value, dict) for one in (*base.value, *over.value)):
            fresh = [one for one in over.value if identifier(one) not in known]
            added = f"{key}: {{add: {_flow(fresh)}}}, or, to say it anew, " if fresh else ""
            remedy = f"Write {added}{key}: {{replace: {_flow(over.value)}}}."
            return over.finding("bare-list", text, remedy)
        same = [one for one in over.value if identifier(one) in known]
        fresh = [one for one in over.value if one not in same]
        parts = [
            f"{word}: {_flow(some)}" for word, some in (("add", fresh), ("replace", same)) if some
        ]
        remedy = f"Write {key}: {{{', '.join(parts)}}}; "
        gone = "what is to go: remove: [{id: …, because: …}]."
        return over.finding("bare-list", text, remedy + gone)


def _below(rest: str, new: Node) -> Node:
    """A value at the rest of its path: ``{CostCenter: …}``."""
    spot = new.key or new.spot
    return Node({rest: new}, new.frame, spot, spot)


def _without_beside(given: Node) -> tuple[Node, dict[str, Node]]:
    if not isinstance(given.value, dict):
        return given, {}
    beside = {key: given.value[key] for key in ("before", "after") if key in given.value}
    rest = {key: one for key, one in given.value.items() if key not in beside}
    return Node(rest, given.frame, given.spot, given.key), beside


def _is_kept(path: Path_, new: Node) -> bool:
    """Whether a value would take away a proof that is waited for, or a figure that is confirmed."""
    if path[0] not in KEPT or isinstance(new.value, dict):
        return False  # the keys in it are looked at one by one
    return path[0] == "after" or path[-1] != "within"


def _is_essential(item: Node) -> bool:
    said = item.value.get("essential") if isinstance(item.value, dict) else None
    return said is not None and said.value is True


def _items(node: Node) -> Iterator[str]:
    """The ids of all items of lists in a value; of a part's also what it uses."""
    if isinstance(node.value, dict):
        yield from (key for key in node.value if key.startswith(USE))
    if isinstance(node.value, list):
        yield from (one.text("id") for one in node.value if one.text("id"))
    inner = node.value.values() if isinstance(node.value, dict) else node.value
    for one in inner if isinstance(inner, list) or isinstance(node.value, dict) else ():
        yield from _items(one)


def _spot(node: Node) -> str:
    place = node.place(key=True)
    return f"{place.path}:{place.line}"


def _flow(items: list[Node]) -> str:
    return f"[{', '.join(_item(one) for one in items)}]"


def _item(node: Node) -> str:
    """An item as YAML in one line, cut where it is long; one without an id with a place for it."""
    text = _yaml(node)
    if isinstance(node.value, dict) and not identifier(node):
        text = "{id: …, " + text[1:]
    return text if len(text) <= SHORT else text[: SHORT - 2].rstrip(" ,") + " …}"


def _yaml(node: Node) -> str:
    value = node.value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = str(value)
    quoted = isinstance(value, str) and any(sign in text for sign in "{}[]:,#&*!|>'\"%@`")
    return f'"{text}"' if quoted else text
