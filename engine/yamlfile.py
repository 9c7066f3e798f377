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

from .errors import FileError, Finding, Place

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML without libyaml: the same rules, only slower
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

Path_ = tuple[str | int, ...]

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
LARGEST_FILE = 20_000_000
MOST_DIGITS = 40


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A parsed file. ``values`` and ``keys`` hold (line, column), from 1, by path of keys."""

    path: str
    value: Any
    values: dict[Path_, tuple[int, int]] = field(repr=False)
    keys: dict[Path_, tuple[int, int]] = field(repr=False)

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
    loader = _Loader(text)
    try:
        _not_too_deep(text, path)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(path, error) from None
    except yaml.YAMLError as error:  # a control character, say: no mark but a text
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        what = f"{str(error).splitlines()[0]}."
        raise FileError.at(path, line, 1, "not-yaml", what) from None
    finally:
        loader.dispose()
    builder = _Builder(path)
    value = None if node is None else builder.build(node, ())
    if builder.findings:
        raise FileError(builder.findings)
    return YamlFile(path, value, builder.values, builder.keys)


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
)  # fmt: skip


def _not_too_deep(text: str, path: str) -> None:
    """Raises FileError where a text nests too deeply: composing it would overflow the stack."""
    loader, depth = _Loader(text), 0
    try:
        while (event := loader.get_event()) is not None:
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > DEEPEST + 1:
                    raise _too_deep(path, event.start_mark)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            elif isinstance(event, yaml.StreamEndEvent):
                return
    finally:
        loader.dispose()


def _too_deep(path: str, mark: Any) -> FileError:
    message = f"nested over {DEEPEST} levels."
    return FileError.at(path, mark.line + 1, mark.column + 1, "too-deep", message)


def nearest(name: str, known: Iterable[str], used: Container[str] = ()) -> str:
    """A remedy naming the nearest known name, or the known ones when none is near.

    One that is ``used`` already is named only where it is the one that is near.
    """
    import difflib  # noqa: PLC0415  only what is wrong needs it

    names = sorted(known)
    left = [one for one in names if one not in used] or names
    for some in (left, names):
        if close := difflib.get_close_matches(name, some, n=1, cutoff=0.6):
            return f"Did you mean {close[0]!r}?"
    return f"Known: {', '.join(left)}." if left else ""


class _Builder:
    """Turns nodes into values; held open because findings and places gather on the way."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.values: dict[Path_, tuple[int, int]] = {}
        self.keys: dict[Path_, tuple[int, int]] = {}
        self.findings: list[Finding] = []
        self.nodes = self.characters = 0

    def build(self, node: yaml.Node, path: Path_) -> Any:
        self.nodes += 1
        spot = (node.start_mark.line + 1, node.start_mark.column + 1)
        if self.nodes > MOST_NODES:
            raise FileError.at(self.path, *spot, "too-large", f"more than {MOST_NODES} nodes.")
        if len(path) > DEEPEST:  # an alias inside its own anchor has no end
            raise _too_deep(self.path, node.start_mark)
        self.values[path] = spot
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(child, (*path, i)) for i, child in enumerate(node.value)]
        return self._scalar(node, spot) if isinstance(node, yaml.ScalarNode) else None

    def _scalar(self, node: yaml.ScalarNode, spot: tuple[int, int]) -> Any:
        self.characters += len(node.value)
        if self.characters > MOST_CHARACTERS:
            many = f"more than {MOST_CHARACTERS} characters."
            raise FileError.at(self.path, *spot, "too-large", many)
        try:
            return _scalar(node)
        except ArithmeticError:
            self._refuse(spot, "number", f"a number has at most {MOST_DIGITS} digits.")
            return None

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            spot = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if not isinstance(key_node, yaml.ScalarNode):
                remedy = 'An expression stands in quotes: "{{ … }}".'
                self._refuse(spot, "key-not-text", "a key must be a plain text.", remedy)
                continue
            key = key_node.value
            if key in result:
                first = self.keys[(*path, key)]
                self._refuse(spot, "duplicate-key", f"{key!r} stands already in line {first[0]}.")
                continue
            self.keys[(*path, key)] = spot
            result[key] = self.build(value_node, (*path, key))
        return result

    def _refuse(self, spot: tuple[int, int], code: str, message: str, remedy: str = "") -> None:
        self.findings.append(Finding(Place(self.path, *spot), code, message, remedy))


def _scalar(node: yaml.ScalarNode) -> str | int | Decimal | bool | None:
    text: str = node.value
    if node.style:  # quoted or a block: text, whatever it looks like
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
