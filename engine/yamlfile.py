"""Reads the YAML that people edit: 1.2 core rules, no duplicate keys, a place for every node.

Reads a file or a text, gives plain values (``str``, ``int``, ``Decimal``, ``bool``, ``None``,
``list``, ``dict``) and beside them the line and column of each key and value. YAML 1.1 would
read the country ``NO`` as false, ``12:30`` as a number, and let a duplicate key win in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from .errors import FileError, Finding, Place

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML without libyaml: the same rules, only slower
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

Path_ = tuple[str | int, ...]

# What a plain scalar begins with that is a number, null, true or false.
_NO_TEXT = frozenset("-+.0123456789~nNtTfF")
_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_TRUE = re.compile(r"(?:true|True|TRUE)\Z")
_FALSE = re.compile(r"(?:false|False|FALSE)\Z")
_INT = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]+\Z")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")

# A file that unfolds to more than this is an attack or a mistake (aliases of aliases).
MOST_NODES = 200_000
MOST_CHARACTERS = 10_000_000
DEEPEST = 60
NEAR = 0.6  # how alike a name is to one that was meant, of 1
LARGEST_FILE = 20_000_000
MOST_DIGITS = 40


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A parsed file. ``values`` and ``keys`` hold (line, column), from 1, by path of keys; ``text``
    is what was parsed, empty of what was put together here."""

    path: str
    value: Any
    values: dict[Path_, tuple[int, int]] = field(repr=False)
    keys: dict[Path_, tuple[int, int]] = field(repr=False)
    text: str = field(default="", repr=False)

    def place(self, path: Iterable[str | int] = (), *, key: bool = False) -> Place:
        """Where the value (or, with ``key``, its key) at ``path`` stands.

        A path that the file does not hold gives the place of its nearest ancestor.
        """
        steps = tuple(path)
        while True:
            if key and steps in self.keys:
                return Place(self.path, *self.keys[steps])
            if steps in self.values:
                return Place(self.path, *self.values[steps])
            if not steps:
                return Place(self.path)
            steps = steps[:-1]

    def finding(
        self,
        path: Iterable[str | int],
        code: str,
        message: str,
        remedy: str = "",
        *,
        key: bool = False,
        severity: str = "error",
    ) -> Finding:
        """A finding at the place of ``path``."""
        return Finding(self.place(path, key=key), code, message, remedy, severity)


def read(path: Path) -> YamlFile:
    """The file at ``path``. Raises FileError: missing, not UTF-8, not YAML, duplicate keys."""
    return parse(read_text(path), str(path))


def read_text(path: Path) -> str:
    """The text of the file at ``path``. Raises FileError: missing, too large, not UTF-8."""
    try:
        with path.open("rb") as file:  # no more than that is read of a file that has no end
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            most = f"the file is larger than {LARGEST_FILE // 1_000_000} MB."
            raise FileError.at(path, 0, 0, "too-large", most)
        return content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except FileNotFoundError:
        raise FileError.at(path, 0, 0, "no-such-file", "there is no such file.") from None
    except IsADirectoryError:
        raise FileError.at(path, 0, 0, "not-a-file", "this is a folder.") from None
    except PermissionError:
        raise FileError.at(path, 0, 0, "not-readable", "this file may not be read.") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise FileError.at(path, line, 1, "not-utf-8", "the file is not UTF-8 text.") from None


def parse(text: str, path: str = "<text>") -> YamlFile:
    """The same of a text; ``path`` is the name that findings carry."""
    try:
        builder = _Builder(path, _events(text, path))
        value = builder.document()
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(path, error) from None
    except yaml.YAMLError as error:  # a control character, say: no mark but a text
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        what = f"{str(error).splitlines()[0]}."
        raise FileError.at(path, line, 1, "not-yaml", what) from None
    if builder.findings:
        raise FileError(builder.findings)
    return YamlFile(path, value, builder.values, builder.keys, text)


def _not_yaml(path: str, error: yaml.MarkedYAMLError) -> FileError:
    """What the reader says, at the line to look at, with what is commonly meant by it."""
    mark, began = error.problem_mark, error.context_mark
    meant = ((told, start) for sign, told, start in _MEANT if sign in str(error.problem))
    remedy, at_start = next(meant, ("", False))
    if began and (at_start or not mark):
        mark = began
    context = error.context
    if context and began and mark and began.line != mark.line:
        context = f"{context} that begins in line {began.line + 1}"
    message = " ".join(part for part in (context, error.problem) if part)
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return FileError.at(path, line, column, "not-yaml", f"{message}.", remedy)


# What a person did where the reader says so, and whether it was where the reader began.
_MEANT: tuple[tuple[str, str, bool], ...] = (
    ("could not find expected ':'", "Write key: value, with a space after the colon.", True),
    ("found unexpected end of stream", "A quote is not closed.", True),
    ("mapping values are not allowed",
     "Check the indentation here and above; a text with ': ' in it stands in quotes.", False),
    ("found character '\\t'", "Indent with spaces.", False),
    ("tab character", "Indent with spaces.", False),
    ("character that cannot start any token",
     "Indent with spaces, not with tabs; a text that begins with %, @ or ` stands in quotes.",
     False),
)  # fmt: skip


def _events(text: str, path: str) -> list[Any]:
    """What the reader meets: scalars, aliases, and where lists and mappings begin and end.

    Raises FileError where a text nests so deeply that building it would overflow the stack.
    """
    loader, depth, events = _Loader(text), 0, []
    try:
        while (event := loader.get_event()) is not None:
            kind = type(event)
            if kind is MappingStartEvent or kind is SequenceStartEvent:
                depth += 1
                if depth > DEEPEST + 1:
                    raise _too_deep(path, event.start_mark)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                depth -= 1
            events.append(event)
            if kind is StreamEndEvent:
                break
    finally:
        loader.dispose()
    return events


def _too_deep(path: str, mark: Any) -> FileError:
    message = f"nested over {DEEPEST} levels."
    return FileError.at(path, mark.line + 1, mark.column + 1, "too-deep", message)


def nearest(name: str, known: Iterable[str], used: Container[str] = ()) -> str:
    """A remedy naming the nearest known name, or the known ones when none is near. How it is
    written, large or small, counts least.

    One that is ``used`` already is named only where it is nearer than all others.
    """
    import difflib  # noqa: PLC0415  only what is wrong needs it

    def alike(one: str) -> tuple[float, bool, float]:
        as_meant = difflib.SequenceMatcher(None, name.casefold(), one.casefold()).ratio()
        return as_meant, one not in used, difflib.SequenceMatcher(None, name, one).ratio()

    names = sorted(known)
    best = max(names, key=alike, default=None)
    if best is not None and alike(best)[0] >= NEAR:
        return f"Did you mean {best!r}?"
    left = [one for one in names if one not in used] or names
    return f"Known: {', '.join(one or repr(one) for one in left)}." if left else ""


class _Builder:
    """Builds values of what the reader met; held open because findings and places gather on the
    way. What an alias names is built again, where it stands."""

    def __init__(self, path: str, events: list[Any]) -> None:
        self.path = path
        self.events = events
        self.at = 0
        self.anchors: dict[str, int] = {}  # where among the events they begin
        self.values: dict[Path_, tuple[int, int]] = {}
        self.keys: dict[Path_, tuple[int, int]] = {}
        self.findings: list[Finding] = []
        self.nodes = self.characters = 0

    def document(self) -> Any:
        """The value of the only document; None where there is none."""
        if type(self.events[1]) is StreamEndEvent:
            return None
        self.at = 2
        value = self._build(())
        after = self.events[self.at + 1]
        if type(after) is not StreamEndEvent:
            raise ComposerError(
                "expected a single document in the stream", self.events[2].start_mark,
                "but found another document", after.start_mark,
            )  # fmt: skip
        return value

    def _build(self, path: Path_) -> Any:
        event = self._next()
        if type(event) is AliasEvent:
            after, self.at = self.at, self._named(event)
            value = self._build(path)
            self.at = after
            return value
        mark = event.start_mark
        spot = (mark.line + 1, mark.column + 1)
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise FileError.at(self.path, *spot, "too-large", f"more than {MOST_NODES} nodes.")
        if len(path) > DEEPEST:  # an alias inside its own anchor has no end
            raise _too_deep(self.path, mark)
        self.values[path] = spot
        if type(event) is ScalarEvent:
            return self._scalar(event, spot)
        return self._mapping(path) if type(event) is MappingStartEvent else self._list(path)

    def _next(self) -> Any:
        """The next event, with its anchor noted."""
        event = self.events[self.at]
        anchor = event.anchor
        if anchor is not None and type(event) is not AliasEvent:
            first = self.anchors.setdefault(anchor, self.at)
            if first != self.at:
                raise ComposerError(
                    "found duplicate anchor; first occurrence", self.events[first].start_mark,
                    "second occurrence", event.start_mark,
                )  # fmt: skip
        self.at += 1
        return event

    def _named(self, alias: Any) -> int:
        """Where among the events what an alias names begins."""
        if alias.anchor not in self.anchors:
            raise ComposerError(None, None, "found undefined alias", alias.start_mark)
        return self.anchors[alias.anchor]

    def _passed(self, event: Any) -> None:
        """Goes behind the value that ``event`` begins; nothing is built of it."""
        depth = 0
        while True:
            kind = type(event)
            if kind is AliasEvent:
                self._named(event)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                depth += 1
            while depth and type(self.events[self.at]) in (MappingEndEvent, SequenceEndEvent):
                depth -= 1
                self.at += 1
            if not depth:
                return
            event = self._next()

    def _scalar(self, event: Any, spot: tuple[int, int]) -> Any:
        self.characters += len(event.value)
        if self.characters > MOST_CHARACTERS:
            many = f"more than {MOST_CHARACTERS} characters."
            raise FileError.at(self.path, *spot, "too-large", many)
        try:
            return _scalar(event.value, event.style)
        except ArithmeticError:
            self._refuse(spot, "number", f"a number has at most {MOST_DIGITS} digits.")
            return None

    def _list(self, path: Path_) -> list[Any]:
        result: list[Any] = []
        while type(self.events[self.at]) is not SequenceEndEvent:
            result.append(self._build((*path, len(result))))
        self.at += 1
        return result

    def _mapping(self, path: Path_) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while type(self.events[self.at]) is not MappingEndEvent:
            begins = self._next()
            named = type(begins) is AliasEvent
            event = self.events[self._named(begins)] if named else begins
            spot = (event.start_mark.line + 1, event.start_mark.column + 1)
            if type(event) is not ScalarEvent:
                self._passed(begins)
                remedy = 'An expression stands in quotes: "{{ … }}".'
                self._refuse(spot, "key-not-text", "a key must be a plain text.", remedy)
                self._passed(self._next())
                continue
            key = event.value
            if key in result:
                first = self.keys[(*path, key)]
                self._refuse(spot, "duplicate-key", f"{key!r} stands already in line {first[0]}.")
                self._passed(self._next())
                continue
            inner = (*path, key)
            self.keys[inner] = spot
            result[key] = self._build(inner)
        self.at += 1
        return result

    def _refuse(self, spot: tuple[int, int], code: str, message: str, remedy: str = "") -> None:
        self.findings.append(Finding(Place(self.path, *spot), code, message, remedy))


def _scalar(text: str, style: str | None) -> str | int | Decimal | bool | None:
    if style:  # quoted or a block: text, whatever it looks like
        return text
    if text and text[0] not in _NO_TEXT:
        return text
    if _NULL.match(text):
        return None
    if _TRUE.match(text):
        return True
    if _FALSE.match(text):
        return False
    for pattern, number in _NUMBERS:
        if pattern.match(text):
            if len(text) > MOST_DIGITS:
                raise OverflowError
            return number(text)
    return text


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > MOST_DIGITS:  # written out it would fill the memory
        raise OverflowError
    return number


_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], int | Decimal]], ...] = (
    (_INT, int),
    (_OCTAL, lambda text: int(text[2:], 8)),
    (_HEX, lambda text: int(text[2:], 16)),
    (_NUMBER, _decimal),
)
