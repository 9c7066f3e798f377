"""Where a character of a YAML value stands in its file, also in folded, quoted and indented text.

Reads the text of a file and the place where one of its values begins; gives line and column.
"""

from __future__ import annotations

import re

import yaml

from ..errors import Place

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML without libyaml: the same marks, only slower
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

Spot = tuple[int, int]
_ESCAPES = {"x": 4, "u": 6, "U": 10}  # characters of an escape by its letter
_BLANKS = " \t\n"


def spot(text: str, place: Place, at: int) -> Spot:
    """Line and column, from 1, of the character ``at`` of the value that begins at ``place``.

    Of the value itself where the character, or a value at that place, is not there.
    """
    node = _scalar(text, place.line, place.column)
    if node is None or at < 0:
        return place.line, place.column
    raw = text[node.start_mark.index : node.end_mark.index]
    index = node.start_mark.index + _index(raw, str(node.value), node.style or "", at)
    before = text[:index]
    return before.count("\n") + 1, index - before.rfind("\n")


def _scalar(text: str, line: int, column: int) -> yaml.ScalarNode | None:
    """The value that begins there; None where none does, or the file can't be read."""
    try:
        waiting = [yaml.compose(text, Loader=_Loader)]
    except yaml.YAMLError:
        return None
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.MappingNode):
            waiting += [child for pair in node.value for child in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.ScalarNode) and (
            node.start_mark.line + 1,
            node.start_mark.column + 1,
        ) == (line, column):
            return node
    return None


def _index(raw: str, value: str, style: str, at: int) -> int:
    """The index in ``raw``, as it is written, of the character ``at`` of ``value``."""
    i = raw.find("\n") + 1 if style in ("|", ">") else 1 if style else 0
    for j, character in enumerate(value):
        i, width = _next(raw, i, character, style)
        if j == at or i >= len(raw):
            return min(i, len(raw))
        i += width
    return min(i, len(raw))


def _next(raw: str, i: int, character: str, style: str) -> tuple[int, int]:
    """Where a character of the value is written from ``i`` on, and in how many characters."""
    while i < len(raw):
        if style == '"' and raw[i] == "\\":
            width = _ESCAPES.get(raw[i + 1 : i + 2], 2)
            if raw[i + 1 : i + 2] != "\n":
                return i, width
            i += 2  # the line goes on
        elif style == "'" and raw.startswith("''", i):
            return i, 2
        elif raw[i] == character:
            return i, 1
        elif raw[i] == "\n" and character == " ":  # folded: one blank for all that is between
            blanks = re.compile(r"\s*").match(raw, i)
            return i, len(blanks[0]) if blanks else 1
        elif raw[i] in _BLANKS:
            i += 1
        else:  # not as it was thought: what comes next is near enough
            return i, 1
    return i, 0
