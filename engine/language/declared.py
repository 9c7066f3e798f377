"""What the files of a set and of an overlay declare, by kind and name, as one tree each.

Reads parsed files, gives a ``Source`` for each mapping, entity, table and policy: parts put in,
mappings with what they extend, the overlay laid over. Files are known by what they declare,
wherever they lie; a file of an older version of the language is refused with the command that
brings it over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, field

from ..errors import Finding
from ..yamlfile import nearest
from . import structure
from .expressions import Report
from .laid import Change, Laying
from .source import Source, of_tree
from .texts import OVERLAY
from .tree import Node
from .uses import Uses, unsound

VERSION = 2


class Declared(Struct):
    """``sources`` by kind and name (``mapping payment``), the set's own file, all changes to it."""

    sources: dict[str, Source] = field(default_factory=dict)
    about: Source | None = None
    changes: list[Change] = field(default_factory=list)


class _File(Struct, frozen=True):
    name: str
    kind: str
    root: Node

    def __str__(self) -> str:
        return f"{self.kind} {self.root.text(self.kind)}"


class _Reader(Struct):
    """Held open over the files of a set and its overlay."""

    report: Report
    declared: Declared
    base: dict[tuple[str, str], _File] = field(default_factory=dict)
    over: dict[tuple[str, str], _File] = field(default_factory=dict)

    def take(self, name: str, root: Node) -> None:
        """Puts a file where its kind and name belong; one that has neither is reported."""
        is_over = name.startswith(OVERLAY)
        short, into = name.removeprefix(OVERLAY), self.over if is_over else self.base
        kind, wrong = structure.kind_of(root)
        if isinstance(root.value, dict):  # of version 1 a file need not say what it changes
            wrong = _of_another_version(root, short) or wrong
        if wrong is None and kind == "set" and is_over:
            text = "an overlay is no set: it holds what differs from one."
            wrong = root.value["set"].finding("unknown-kind", text, "Delete this file.", key=True)
        if wrong is not None:
            self.report(wrong)
            self.declared.sources[name] = of_tree(short, root)
            return
        for one in _split(kind, root):
            file_ = _File(short, kind, one)
            key = (kind, one.text(kind) if kind != "set" else "")
            first = into.setdefault(key, file_)
            if first is not file_:
                where = first.root.value[kind].place()
                text = f"the {file_} stands already in {where}."
                self.report(one.value[kind].finding("twice", text, "Take another name."))

    def lay(self) -> Uses:
        """Puts parts in, then what mappings extend, then lays the overlay over it all."""
        parts = {name: one for (kind, name), one in self.base.items() if kind == "part"}
        own = {name: one for (kind, name), one in self.over.items() if kind == "part"}
        roots = {name: self._over(one, own.pop(name, None)) for name, one in parts.items()}
        roots |= {name: self._new(one) for name, one in own.items()}
        for name, root in roots.items():
            source = of_tree((parts.get(name) or own[name]).name, root)
            for finding in (*structure.findings_of("part", source), *unsound(root)):
                self.report(finding)
        uses = Uses({k: r for k, r in roots.items() if isinstance(r.value, dict)}, self.report)
        whole: dict[tuple[str, str], _File] = {}
        for key, one in self.base.items():
            if key[0] == "set":
                self.declared.about = of_tree(one.name, one.root)
            elif key[0] != "part":
                whole[key] = _File(one.name, one.kind, uses.put_in(one.root))
        whole = self._extended(whole, whole)
        fresh: dict[tuple[str, str], _File] = {}
        for key, one in self.over.items():
            if key[0] == "part":
                continue
            used = _File(one.name, one.kind, uses.put_in(one.root))
            if key in whole:
                whole[key] = _File(whole[key].name, one.kind, self._over(whole[key], used))
            elif self._is_whole(used, whole):
                fresh[key] = _File(one.name, one.kind, self._new(used))
        whole |= self._extended(fresh, {**whole, **fresh})
        for one in whole.values():
            self.declared.sources[str(one)] = of_tree(one.name, one.root)
        return uses

    def _over(self, base: _File, over: _File | None) -> Node:
        """A file of the set with the overlay's laid over it."""
        if over is None:
            return base.root
        if "extends" in base.root.value:  # what it is like is not known, and that was told
            return base.root
        if "extends" in over.root.value:
            text = f"{base} is the set's, and stays what it is; an overlay says what differs."
            said = over.root.value["extends"]
            self.report(said.finding("extends", text, "Leave extends out.", key=True))
        laying = Laying(str(base), frozenset({"version", base.kind, "extends"}), self.report)
        root = laying.lay(base.root, over.root)
        self.declared.changes += laying.changes
        return root

    def _new(self, one: _File) -> Node:
        """A file that the overlay brings along."""
        self.declared.changes.append(Change("added", str(one), "", one.root.place()))
        return one.root

    def _is_whole(self, one: _File, known: Iterable[tuple[str, str]]) -> bool:
        """Whether a file of the overlay can stand for itself; else its name is a slip."""
        own = [one.root.value[key] for key in _OWN[one.kind] if key in one.root.value]
        # Of a policy the list itself: what is added to one, or taken from it, is not its own.
        if own and (one.kind != "policy" or isinstance(own[0].value, list)):
            return True
        names = [name for kind, name in known if kind == one.kind]
        text = f"the set has no {one}."
        node = one.root.value[one.kind]
        self.report(node.finding(f"unknown-{one.kind}", text, nearest(str(node.value), names)))
        return False

    def _extended(
        self, some: Mapping[tuple[str, str], _File], known: Mapping[tuple[str, str], _File]
    ) -> dict[tuple[str, str], _File]:
        """The files of ``some``, mappings that extend another with what they extend under them."""
        done: dict[str, Node] = {}

        def root_of(name: str, stack: tuple[str, ...]) -> Node:
            root = known["mapping", name].root
            if "extends" not in root.value or ("mapping", name) not in some:
                return root
            if name not in done:
                done[name] = self._extending(root, name, stack, root_of, known)
            return done[name]

        result = {}
        for key, one in some.items():
            is_mapping = key[0] == "mapping" and "extends" in one.root.value
            root = root_of(key[1], ()) if is_mapping else one.root
            result[key] = _File(one.name, one.kind, root)
        return result

    def _extending(
        self,
        root: Node,
        name: str,
        stack: tuple[str, ...],
        root_of: Callable[[str, tuple[str, ...]], Node],
        known: Mapping[tuple[str, str], _File],
    ) -> Node:
        said = root.value["extends"]
        alone = Node({k: v for k, v in root.value.items() if k != "extends"}, root.frame, root.spot)
        names = [other for kind, other in known if kind == "mapping" and other != name]
        wanted = str(said.value)
        if wanted in (name, *stack):
            circle = " → ".join([*stack, name, wanted])
            self.report(said.finding("cycle", f"{name} extends itself: {circle}."))
            return root
        if ("mapping", wanted) not in known:
            text = f"there is no mapping {wanted!r}."
            self.report(said.finding("unknown-mapping", text, nearest(wanted, names)))
            return root
        laying = Laying(f"mapping {wanted}", frozenset({"version"}), self.report)
        laid = laying.lay(root_of(wanted, (*stack, name)), alone)
        return Node(laid.value, root.frame, root.spot, gone=laid.gone)


# What a file of an overlay has that is not meant for one of the set's.
_OWN: Mapping[str, tuple[str, ...]] = {
    "mapping": ("source", "extends", "identity"), "entity": ("as",), "table": ("inputs", "hit"),
    "policy": ("checks",),
}  # fmt: skip


def read(files: Mapping[str, Node], report: Report) -> tuple[Declared, Uses]:
    """What the files, each as a tree, declare; names of an overlay's begin with ``overlay:``."""
    reader = _Reader(report, Declared())
    for name, root in sorted(files.items(), key=lambda i: (i[0].startswith(OVERLAY), i[0])):
        reader.take(name, root)
    uses = reader.lay()
    return reader.declared, uses


def _of_another_version(root: Node, name: str) -> Finding | None:
    said: Node | None = root.value.get("version")
    if said is not None and said.value == VERSION:
        return None
    if said is not None and said.value != 1:
        text = f"there is no version {said.value} of the mapping language here."
        return said.finding("version", text, f"Write version: {VERSION}.")
    text = (
        "this file is written in version 1 of the mapping language." if said is not None
        else f"this file does not say version: {VERSION}, so it is taken for one of version 1."
    )  # fmt: skip
    folder = root.frame.path.removesuffix(name).rstrip("/") or "FOLDER"
    remedy = f"Bring it over: qliro-fortnox migrate {folder}"
    return (said or root).finding("version", text, remedy)


def _split(kind: str, root: Node) -> list[Node]:
    """One tree for each entity that a file names."""
    named = root.value[kind]
    if kind != "entity" or not isinstance(named.value, list):
        return [root]
    return [
        Node({**root.value, "entity": Node(one.value, one.frame, one.spot, named.key)},
             root.frame, root.spot)
        for one in named.value
    ]  # fmt: skip
