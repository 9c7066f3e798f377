"""Brings mapping sets and overlays of version 1 of the language over to version 2.

Reads a folder, and of an overlay the set that it lies over; gives the new text of each file, made
of the old one by edits at the marks of its values: comments and every other byte stay. What it
means is held against what version 1 made of it, item for item; what can't be said the same way is
refused with its file and line. Nothing is written here.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from ...errors import FileError, Finding
from ...merchant.settings import merchant_schema
from ...store.statements import sql
from ...yamlfile import Path_, parse
from ..catalogue import catalogue_from_ddl
from ..declared import VERSION
from ..load import load_set, load_set_from_texts
from ..same import differences, meaning
from ..spec import MappingSet
from ..structure import KINDS
from ..texts import OVERLAY, is_of_cases
from ..tree import Node, identifier, of_file
from ..uses import is_list
from .ids import id_of
from .lists import divided
from .older import laid, meant
from .text import Entry, Text

ABOUT = "set.yaml"
_WITHOUT_IDS = ("then",)  # lists whose items are known by their words


@dataclass(frozen=True, slots=True)
class Moved:
    """A file of the folder: its name there, its text before (empty of a new one) and after."""

    name: str
    before: str
    after: str

    def diff(self) -> str:
        """The change as a unified diff."""
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            f"{self.name} (before)",
            f"{self.name} (after)",
        )
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


@dataclass(slots=True)
class _File:
    """Held open over a file while it is brought over; ``what`` it declares: ``mapping payment``."""

    name: str
    text: Text
    root: Node
    what: str = ""
    base: Node | None = None
    findings: list[Finding] = field(default_factory=list)


def migrated(folder: Path, base: Path | None) -> list[Moved]:
    """The files of a folder that change: of a set, or of an overlay over the set in ``base``.

    Raises FileError with all that can't be brought over; then nothing changes.
    """
    texts = _texts(folder)
    files = [one for name, text in texts.items() if (one := _old(folder, name, text)) is not None]
    if not files:
        return []
    if base is None:
        return _set(folder, texts, files)
    known = load_set(base, None, catalogue_from_ddl(sql("schema")), merchant_schema())
    return _overlay(folder, texts, files, known, base)


def looks_whole(folder: Path) -> bool:
    """Whether the files of a folder stand for themselves, as a set's do; an overlay's hold what
    differs."""
    roots = [
        one.root
        for name, text in _texts(folder).items()
        if (one := _old(folder, name, text)) is not None
    ]
    return all(
        any(root.text(kind) and needed in root.value for kind, needed in _WHOLE.items())
        for root in roots
    )


_WHOLE = {"mapping": "identity", "entity": "as", "table": "hit"}


def _texts(folder: Path) -> dict[str, str]:
    """The texts of a folder's files, every byte of them. Raises FileError."""
    found: dict[str, str] = {}
    for path in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
        if is_of_cases(path.relative_to(folder)):
            continue
        if not path.resolve().is_relative_to(folder.resolve()):
            raise FileError.at(path, 0, 0, "outside", "this link leads out of the folder.")
        try:
            found[path.relative_to(folder).as_posix()] = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            raise FileError.at(path, 1, 1, "not-utf-8", "the file is not UTF-8 text.") from None
    return found


def _old(folder: Path, name: str, text: str) -> _File | None:
    """A file of version 1; None of one that has no need to be brought over."""
    path = str(folder / name)
    root = of_file(parse(text, path))
    if not isinstance(root.value, dict):
        if root.value is None:
            return None
        raise FileError([root.finding("wrong-type", "a mapping file holds keys with values.")])
    said = root.value.get("version")
    if said is not None and said.value not in (1, VERSION):
        what = f"there is no version {said.value!r} of the mapping language."
        raise FileError([said.finding("version", what, "Write version: 1 or 2.")])
    return (
        None if said is not None and said.value == VERSION else _File(name, Text(text, path), root)
    )


# A set ------------------------------------------------------------------------------------------


def _set(folder: Path, texts: Mapping[str, str], files: list[_File]) -> list[Moved]:
    for one in files:
        kind = next((kind for kind in KINDS if one.root.text(kind)), "")
        one.what = f"{kind} {one.root.text(kind)}"
        _head(one, {})
        _with_ids(one, one.root, one.text.root, ())
    moved = _moved(files)
    if files and not any("set:" in text for text in texts.values()):
        told = f"version: {VERSION}\nset: {folder.name}\nrelease: 1\n"
        moved.append(Moved(ABOUT, "", told))
    whole = {**texts, **{one.name: one.after for one in moved}}
    result = _loaded(whole, folder, None)
    _hold_against(files, result, {one.what: one.root for one in files})
    return moved


# An overlay -------------------------------------------------------------------------------------


def _overlay(
    folder: Path, texts: Mapping[str, str], files: list[_File], base: MappingSet, home: Path
) -> list[Moved]:
    names = {what: source.name for what, source in base.sources.items()}
    expected: dict[str, Node] = {}
    for one in files:
        one.what = meant(one.name, one.root, base.sources, names)
        if not one.what:
            raise FileError([one.root.finding(
                "migrate", "it can't be told what of the set this file changes.",
                "Say so in it: mapping: NAME, entity: NAME or table: NAME.",
            )])  # fmt: skip
        source = base.sources.get(one.what)
        one.base = source.root if source else None
        kind, _, name = one.what.partition(" ")
        _head(one, {} if one.root.text(kind) else {kind: name})
        if one.base is None:
            _with_ids(one, one.root, one.text.root, ())
            expected[one.what] = one.root
        else:
            _lay(one, one.base, one.root, one.text.root, ())
            expected[one.what] = laid(one.base, one.root)
    if found := [finding for one in files for finding in one.findings]:
        raise FileError(found)
    moved = _moved(files)
    over = {**texts, **{one.name: one.after for one in moved}}
    whole = {**base.files, **{f"{OVERLAY}{name}": text for name, text in over.items()}}
    result = _loaded(whole, folder, home)
    _hold_against(files, result, expected)
    _refuse_unused(files, base, result)
    return moved


def _lay(one: _File, base: Node, over: Node, node: yaml.Node | None, path: Path_) -> None:
    """Say what a value of the overlay does to the set's in the words of version 2."""
    if not isinstance(over.value, dict) or not isinstance(node, yaml.MappingNode):
        return
    for key_node, value_node in node.value:
        key, new = key_node.value, over.value[key_node.value]
        here = (*path, key)
        old = base.value.get(key) if isinstance(base.value, dict) else None
        if old is None:
            _with_ids(one, new, value_node, here)
        elif isinstance(old.value, list) and (new.value is None or isinstance(new.value, list)):
            _list(one, old, new, key_node, value_node, here)
        elif isinstance(old.value, dict):
            _lay(one, old, new, value_node, here)


def _list(
    one: _File, old: Node, new: Node, key_node: yaml.Node, node: yaml.Node, path: Path_
) -> None:
    items = new.value or []
    whole = any(isinstance(item.value, dict) for item in (*old.value, *items))
    same = [meaning(item) for item in old.value] == [meaning(item) for item in items]
    if not (whole or same) and path[-1] not in _WITHOUT_IDS and isinstance(node, yaml.SequenceNode):
        if node.value:
            one.text.wrap(key_node, node)
        else:
            one.text.replace(node, "{replace: []}")
        return
    division = divided(old.value, items, path)
    _refuse_essential(one, old, new, division.removed, division.said, path)
    removed = division.removals(path, old.value)
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        said = f"{{remove: [{', '.join(removed)}]}}" if removed else "{}"
        blank = "" if node.start_mark.index != node.end_mark.index else " "
        one.text.replace(node, blank + said)
        return
    entries = []
    for item, said_ in zip(node.value, division.said, strict=True):
        lead = []
        if isinstance(item, yaml.MappingNode) and path[-1] not in _WITHOUT_IDS:
            lead.append(("id", said_.id))
        if said_.beside is not None and isinstance(item, yaml.MappingNode):
            lead.append(said_.beside)
        entries.append(Entry(item, said_.operation, tuple(lead)))
    one.text.operations(key_node, node, removed, entries)


def _refuse_essential(
    one: _File, old: Node, new: Node, removed: Collection[str], said: object, path: Path_
) -> None:
    """Note what of the set's essential items the overlay's list leaves out or says otherwise."""
    for item in old.value:
        name = identifier(item)
        essential = isinstance(item.value, dict) and item.value.get("essential")
        if not essential or essential.value is not True:
            continue
        changed = any(s.id == name and s.operation == "replace" for s in said)  # type: ignore[attr-defined]
        if name in removed or changed:
            what = "leaves out" if name in removed else "changes"
            text = (
                f"{'.'.join(map(str, path))} of the {one.what} {what} {name!r}, which is essential "
                f"({item.place().path}:{item.place().line})."
            )
            remedy = "Take it over from the set as it is, then migrate."
            one.findings.append(new.finding("essential", text, remedy, key=True))


def _with_ids(one: _File, new: Node, node: yaml.Node | None, path: Path_) -> None:
    """Give an id to every item of the lists of a value that the set does not have."""
    if isinstance(new.value, dict) and isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            _with_ids(one, new.value[key_node.value], value_node, (*path, key_node.value))
    elif isinstance(new.value, list) and isinstance(node, yaml.SequenceNode):
        if not is_list(path) or path[-1] in _WITHOUT_IDS:
            return
        used: set[str] = set()
        for number, (item, item_node) in enumerate(zip(new.value, node.value, strict=True), 1):
            if isinstance(item_node, yaml.MappingNode) and item_node.value:
                name = item.text("id") or id_of(item, path, used, number)
                used.add(name)
                if not item.text("id"):
                    one.text.before_keys(item_node, [("id", name)])


# Both -------------------------------------------------------------------------------------------


def _head(one: _File, more: Mapping[str, str]) -> None:
    """The version, and what the file changes where it does not say so itself."""
    root = one.text.root
    if not isinstance(root, yaml.MappingNode):
        return
    lines = [f"{key}: {value}" for key, value in more.items()]
    for key_node, value_node in root.value:
        if key_node.value == "version":
            one.text.replace(value_node, str(VERSION))
            if lines:
                one.text.after(value_node, lines[0])
            return
    pairs = [("version", str(VERSION)), *more.items()]
    one.text.before_keys(root, pairs)


def _moved(files: list[_File]) -> list[Moved]:
    return [Moved(one.name, one.text.text, one.text.edited()) for one in files]


def _loaded(texts: Mapping[str, str], folder: Path, base: Path | None) -> MappingSet:
    """What the new texts declare. Raises FileError with what the language has against them."""
    paths = {
        name: str(folder / name.removeprefix(OVERLAY))
        if base is None or name.startswith(OVERLAY)
        else str(base / name)
        for name in texts
    }
    catalogue = catalogue_from_ddl(sql("schema"))
    return load_set_from_texts(texts, catalogue, merchant_schema(), paths)


def _refuse_unused(files: list[_File], base: MappingSet, result: MappingSet) -> None:
    """Raise FileError for named values that the set does not have and nothing uses: they changed
    something of the version-1 set that is called otherwise now."""
    texts = [json.dumps(one.value, default=str) for one in result.sources.values()]
    found = []
    for one in files:
        if one.what not in base.sources:
            continue
        for group in ("let", "derive", "related", "match"):
            given = one.root.value.get(group)
            known = base.sources[one.what].value.get(group) or {}
            for name, new in (
                given.value if given and isinstance(given.value, dict) else {}
            ).items():
                uses = sum(len(re.findall(rf"\b{re.escape(name)}\b", text)) for text in texts)
                if name not in known and new.value is not None and uses < 2:  # itself is one
                    found.append(new.finding(
                        "migrate",
                        f"{group}.{name} is not in the {one.what} of the set, and nothing uses it.",
                        "If it was of the set before, see what it is called there now; else take "
                        "it out.",
                        key=True,
                    ))  # fmt: skip
    if found:
        raise FileError(found)


def _hold_against(files: list[_File], result: MappingSet, expected: Mapping[str, Node]) -> None:
    """Raise FileError where the new files say something else than the old ones did."""
    found = []
    for one in files:
        source = result.sources.get(one.what)
        if source is None:
            found.append(one.root.finding("migrate", f"the {one.what} would be lost."))
            continue
        for path in differences(expected[one.what], source.root):
            text = f"{path} of the {one.what} can't be said the same way in version {VERSION}."
            place = _nearest(one.root, path)
            found.append(place.finding("migrate", text, "Bring this part over by hand.", key=True))
    if found:
        raise FileError(found)


def _nearest(root: Node, path: str) -> Node:
    """What of a file comes nearest to a path of keys and ids."""
    node = root
    for step in path.split("."):
        if not isinstance(node.value, dict) or step not in node.value:
            break
        node = node.value[step]
    return node
