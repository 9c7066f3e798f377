"""The text of a YAML file, edited at the marks of its values: all that is not edited stays.

Reads a text, gathers edits, gives the new text. PyYAML tells where each value begins and ends;
where a block ends is told by its last value, for the comments after it are not its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from ...errors import FileError

_BLOCK = ("|", ">")


@dataclass(frozen=True, slots=True)
class Entry:
    """An item under an operation of an overlay: the lines it stands in, or its text in a flow
    list; ``lead`` are keys and values that come before its own."""

    node: yaml.Node
    operation: str  # add, replace; empty of what the set has just so, which need not be said
    lead: tuple[tuple[str, str], ...] = ()


class Text:
    """Held open over one file while its edits are gathered."""

    def __init__(self, text: str, path: str) -> None:
        self.text = text
        self.path = path
        try:
            self.root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:  # PyYAML itself is stricter than libyaml about tabs
            mark = error.problem_mark
            spot = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            what = f"this can't be edited: {error.problem}."
            raise FileError.at(path, *spot, "migrate", what, "Write blanks, not tabs.") from None
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self.edits: list[tuple[int, int, str]] = []
        self._starts = [0, *(i + 1 for i, sign in enumerate(text) if sign == "\n")]
        self._scalars = sorted(self._spans(self.root)) if self.root is not None else []

    def edited(self) -> str:
        """The text with all edits."""
        text = self.text
        for start, end, new in sorted(self.edits, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    # Edits --------------------------------------------------------------------------------------
    def replace(self, node: yaml.Node, new: str) -> None:
        """Another text in place of a value."""
        self.edits.append((node.start_mark.index, self._end(node), new))

    def before_keys(self, node: yaml.MappingNode, pairs: Sequence[tuple[str, str]]) -> None:
        """Keys before the first key of a mapping."""
        first = node.value[0][0].start_mark
        self.edits.append((first.index, first.index, self._lead(node, pairs)))

    def after(self, node: yaml.Node, line: str) -> None:
        """A line of its own below the line that a value ends in."""
        at = self._line_end(self._line(self._end(node)))
        self.edits.append((at, at, f"{self.newline}{line}"))

    def wrap(self, key: yaml.Node, node: yaml.SequenceNode) -> None:
        """``key: [a]`` as ``key: {replace: [a]}``, in the list's own style."""
        if node.flow_style:
            start, end = node.start_mark.index, node.end_mark.index
            self.edits += [(start, start, "{replace: "), (end, end, "}")]
            return
        lines = self._lines(key, node)
        shift = max(0, key.start_mark.column + 4 - node.start_mark.column)
        indent = " " * (key.start_mark.column + 2)
        body = [f"{indent}replace:", *self._shifted(lines.start, lines.stop, shift)]
        self._put(lines, body)

    def operations(
        self, key: yaml.Node, node: yaml.SequenceNode, removed: Sequence[str],
        entries: Sequence[Entry],
    ) -> None:  # fmt: skip
        """A bare list as what it does to the list below: ``removed`` are items in flow style."""
        if node.flow_style:
            self._flow_operations(node, removed, entries)
        else:
            self._block_operations(key, node, removed, entries)

    def _flow_operations(
        self, node: yaml.SequenceNode, removed: Sequence[str], entries: Sequence[Entry]
    ) -> None:
        start, end = node.start_mark.index, node.end_mark.index
        if any(start < at < end for at in self._comments(start, end)):
            raise self.refused(node, "a list in brackets with comments in it can't be divided.")
        groups = {"remove": list(removed), "replace": [], "add": []}
        for entry in entries:
            if entry.operation:
                groups[entry.operation].append(self._flow_item(entry))
        said = ", ".join(f"{key}: [{', '.join(some)}]" for key, some in groups.items() if some)
        self.edits.append((start, end, f"{{{said}}}"))

    def _flow_item(self, entry: Entry) -> str:
        text = self.text[entry.node.start_mark.index : self._end(entry.node)]
        if not entry.lead or not isinstance(entry.node, yaml.MappingNode):
            return text
        first = entry.node.value[0][0].start_mark.index - entry.node.start_mark.index
        return f"{text[:first]}{self._lead(entry.node, entry.lead)}{text[first:]}"

    def _block_operations(
        self, key: yaml.Node, node: yaml.SequenceNode, removed: Sequence[str],
        entries: Sequence[Entry],
    ) -> None:  # fmt: skip
        lines, column = self._lines(key, node), node.start_mark.column
        indent = key.start_mark.column + 2
        groups: dict[str, list[str]] = {"remove": [], "replace": [], "add": []}
        groups["remove"] = [f"{' ' * (indent + 2)}- {one}" for one in removed]
        shift, at, kept = max(0, indent + 2 - column), lines.start, [""] * 0
        for entry in entries:
            dash = self._dash(entry.node, column)
            last = self._line(self._end(entry.node)) + 1
            kept += self._shifted(at, dash, shift)
            if entry.operation:
                groups[entry.operation] += [*kept, *self._entry(entry, dash, last, shift)]
                kept = []
            else:
                kept += [f"{' ' * (column + shift)}{one}" for one in self._notes(dash, last)]
            at = last
        body: list[str] = []
        for name, some in groups.items():
            body += [f"{' ' * indent}{name}:", *some] if some else []
        while kept and not kept[-1].strip():
            kept.pop()
        if not body:
            place = self._end(key) + self.text[self._end(key) :].index(":") + 1
            self.edits.append((place, place, " {}"))
        self._put(lines, [*body, *kept])

    def _entry(self, entry: Entry, dash: int, last: int, shift: int) -> list[str]:
        """The lines of an item, further to the right, with its lead before its own keys."""
        lines = self._shifted(dash, last, shift)
        if not entry.lead or not isinstance(entry.node, yaml.MappingNode):
            return lines
        mark = entry.node.value[0][0].start_mark
        line, column = mark.line - dash, mark.column + shift
        lead = self._lead(entry.node, entry.lead, shift)
        text = lines[line][:column] + lead + lines[line][column:]
        return [*lines[:line], *text.split(self.newline), *lines[line + 1 :]]

    def _lead(
        self, node: yaml.MappingNode, pairs: Sequence[tuple[str, str]], shift: int = 0
    ) -> str:
        between = ", "
        if not node.flow_style:
            between = self.newline + " " * (node.value[0][0].start_mark.column + shift)
        return "".join(f"{key}: {value}{between}" for key, value in pairs)

    # Where things are ---------------------------------------------------------------------------
    def refused(self, node: yaml.Node, what: str, remedy: str = "") -> FileError:
        """Why something can't be brought over, at its place."""
        mark = node.start_mark
        return FileError.at(self.path, mark.line + 1, mark.column + 1, "migrate", what, remedy)

    def _lines(self, key: yaml.Node, node: yaml.SequenceNode) -> range:
        """The lines of a block list, with what stands above its first item."""
        if self.text[node.start_mark.index] != "-":
            raise self.refused(node, "a list with an anchor or a tag can't be divided.")
        first = self._line(self._end(key)) + 1
        return range(first, self._line(self._end(node)) + 1)

    def _dash(self, node: yaml.Node, column: int) -> int:
        """The line of an item's dash."""
        line: int = node.start_mark.line
        while self._of_line(line)[: column + 1].strip() != "-":
            line -= 1
            if line < 0:  # an alias: what it stands for is elsewhere
                raise self.refused(node, "an item that is an alias can't be moved.")
        return line

    def _end(self, node: yaml.Node) -> int:
        """Where a value ends; of a block, where the last value in it does."""
        end: int = node.end_mark.index
        if isinstance(node, yaml.ScalarNode):
            if node.style in _BLOCK:
                end = node.start_mark.index + len(self.text[node.start_mark.index : end].rstrip())
            return end
        if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
            return end
        last = node.value[-1]
        return self._end(last[1] if isinstance(last, tuple) else last)

    def _line(self, index: int) -> int:
        return self.text.count("\n", 0, index)

    def _line_end(self, line: int) -> int:
        return self._starts[line] + len(self._of_line(line))

    def _of_line(self, line: int) -> str:
        end = self._starts[line + 1] if line + 1 < len(self._starts) else len(self.text)
        return self.text[self._starts[line] : end].rstrip("\r\n")

    def _shifted(self, first: int, last: int, shift: int) -> list[str]:
        lines = [self._of_line(line) for line in range(first, last)]
        return [f"{' ' * shift}{line}" if line.strip() else line for line in lines]

    def _put(self, lines: range, new: Sequence[str]) -> None:
        start, end = self._starts[lines.start], self._line_end(lines.stop - 1)
        if not new:  # with the line's end before them
            start = self._line_end(lines.start - 1)
        self.edits.append((start, end, self.newline.join(new)))

    def _notes(self, first: int, last: int) -> list[str]:
        """The comments in some lines."""
        start, end = self._starts[first], self._line_end(last - 1)
        return [self.text[at : self._line_end(self._line(at))] for at in self._comments(start, end)]

    def _comments(self, start: int, end: int) -> Iterator[int]:
        """Where comments begin: a # after white space, in no value."""
        at = self.text.find("#", start, end)
        while at >= 0:
            alone = at == 0 or self.text[at - 1].isspace()
            if alone and not any(first <= at < last for first, last in self._scalars):
                yield at
                at = self._line_end(self._line(at))
            at = self.text.find("#", at + 1, end)

    def _spans(self, node: yaml.Node) -> Iterator[tuple[int, int]]:
        if isinstance(node, yaml.ScalarNode):
            yield node.start_mark.index, self._end(node)
            return
        for one in node.value:
            for inner in one if isinstance(one, tuple) else (one,):
                yield from self._spans(inner)
