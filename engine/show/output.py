"""Puts pages, JSON and notes out: results on stdout, everything else on stderr, secrets nowhere.

Reads whether a terminal is there and whether colours are wanted; writes the two streams. Each text
passes the redactor of the merchant at hand first.
"""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from ..errors import QliroFortnoxError
from . import plain
from .page import Cell, Page, Table, Text

WIDEST = 132
# A last column of texts is not made narrower than this.
LEAST_TEXT = 30


def _unchanged(text: str) -> str:
    return text


def from_here(text: str) -> str:
    """``text`` with the paths in it as they are from the working directory."""
    try:
        here = os.getcwd()
    except OSError:  # it has gone meanwhile
        return text
    return re.sub(rf"(?<![\w/.-]){re.escape(here)}/", "", text) if len(here) > 1 else text


@dataclass(slots=True)
class Output:
    """The two streams of a command. ``state`` is the merchant's state folder once it is known, and
    ``merchant`` its name; ``has_told`` is whether JSON was written to stdout.

    ``redact`` takes secrets out of messages; ``redact_results`` out of results, which are data.
    With ``log`` a message is an object of JSON on a line of its own, for which it tells the time.
    """

    json: bool = False
    log: Callable[[], datetime] | None = field(default=None, repr=False)
    quiet: bool = False
    verbose: bool = False
    redact: Callable[[str], str] = field(default=_unchanged, repr=False)
    redact_results: Callable[[str], str] | None = field(default=None, repr=False)
    state: Path | None = None
    merchant: str | None = None
    has_told: bool = False
    _holds: bool = field(default=False, repr=False)
    _held: str | None = field(default=None, repr=False)

    @property
    def is_terminal(self) -> bool:
        """Whether a person sees stdout as it comes."""
        return sys.stdout.isatty()

    def page(self, page: Page) -> None:
        """The parts of a page on stdout; nothing where JSON is wanted instead."""
        if not self.json:
            _put(sys.stdout, "".join(self._laid_out(part) for part in page))

    def data(self, value: Any) -> None:
        """A result as JSON on stdout, where that is wanted."""
        if self.json:
            from .. import json_text  # noqa: PLC0415  only where it is wanted

            text = self._shown(json_text.encode(_speakable(value)))
            if self._holds:
                self._held = text
            else:
                self.line(text)

    @contextmanager
    def held(self) -> Iterator[None]:
        """A result that is told meanwhile comes at the end of this; where that end fails, with the
        error (``failed``): what a program reads is one object."""
        self._holds = True
        try:
            yield
        finally:
            self._holds = False
        if self._held is not None:
            self.line(self._held)
            self._held = None

    def failed(self, code: int, told: Mapping[str, Any]) -> None:
        """How a command ended after all, as JSON, beside the result that it had told before."""
        if not self.json:
            return
        if self._held is not None:
            from .. import json_text  # noqa: PLC0415  only where it is wanted

            result = json_text.decode(self._held)
            ends = {"exit_code": code} if "exit_code" in result else {}
            told, self._held = {**result, **told, **ends}, None
        self.data(told)

    def line(self, text: str) -> None:
        """A line of JSON for a program, on stdout, as it is."""
        self.has_told = True
        _put(sys.stdout, f"{_in_ascii(text, sys.stdout)}\n")

    def note(self, text: str) -> None:
        """A word on what is going on, on stderr; none when quiet."""
        if not self.quiet:
            self._log("info", text)

    def complain(self, text: str) -> None:
        """What went wrong, on stderr, quiet or not."""
        self._log("error", text)

    def tell_of(self, merchant: str, text: str, *, wrong: bool = False) -> None:
        """How the process of a merchant comes on, a line for each of ``text``, on stderr; what went
        wrong, quiet or not."""
        if self.quiet and not wrong:
            return
        for line in text.splitlines():
            if self.log is None:
                self._log("error" if wrong else "info", f"{merchant}: {line}")
            else:
                self._logged("error" if wrong else "info", line, merchant)

    def relay(self, merchant: str, line: str) -> None:
        """A line that the process of a merchant wrote to its stderr; it is as quiet as this one."""
        told = _object(line) if self.log is not None else None
        if told is None:
            self.tell_of(merchant, line, wrong=self.quiet)
        else:
            self._logged(f"{told['level']}", f"{told['message']}", merchant)

    def _log(self, level: str, text: str) -> None:
        if self.log is None:
            _put(sys.stderr, f"{self.redact(from_here(text))}\n")
        else:
            self._logged(level, text, self.merchant)

    def _logged(self, level: str, text: str, merchant: str | None) -> None:
        from .. import json_text  # noqa: PLC0415  only where it is wanted

        assert self.log is not None  # noqa: S101  asked before
        whose = {} if merchant is None else {"merchant": merchant}
        told = {"time": self.log().isoformat(timespec="milliseconds"), "level": level, **whose,
                "message": self.redact(from_here(text))}  # fmt: skip
        _put(sys.stderr, f"{_in_ascii(json_text.encode(told), sys.stderr)}\n")

    def _shown(self, text: str) -> str:
        return (self.redact_results or self.redact)(text)

    def _clean(self, text: str) -> str:
        """Of a page: no secrets, and paths from here."""
        return self._shown(from_here(text))

    def _laid_out(self, part: Table | Text) -> str:
        """What a terminal or a pipe gets; cleaned before wrapping could cut a secret in two."""
        if isinstance(part, Table):
            rows = [[self._cleaned(cell) for cell in row] for row in part.rows]
            return self._table(replace(part, rows=rows))
        width = _width() if self.is_terminal else 0
        text = _wrapped(self._clean(part.text), part.indent, width, part.hang)
        if part.style and self.is_terminal:
            return _drawn(text.rstrip("\n"), part.style) + "\n"
        return text

    def _cleaned(self, cell: Cell) -> Cell:
        return self._clean(cell) if isinstance(cell, str) else (self._clean(cell[0]), cell[1])

    def _table(self, table: Table) -> str:
        lines = None if self.is_terminal else plain.lines(table)
        if lines is None:
            lines = self._drawn(table).splitlines()
        return "".join(f"{' ' * table.indent}{line.rstrip()}".rstrip() + "\n" for line in lines)

    def _drawn(self, table: Table) -> str:
        """The table as Rich draws it."""
        from rich.table import Table as RichTable  # noqa: PLC0415  slow to load, not always needed
        from rich.text import Text as RichText  # noqa: PLC0415

        drawn = RichTable(
            box=None,
            show_header=table.titles,
            header_style="bold",
            pad_edge=False,
            padding=(0, 2, 0, 0),
        )
        for index, column in enumerate(table.columns):
            last = index == len(table.columns) - 1
            drawn.add_column(
                RichText(column.title),
                justify="right" if column.right else "left",
                no_wrap=not last,
                overflow="fold",
            )
        for row in table.rows:
            drawn.add_row(*(RichText(*_cell(cell)) for cell in row))
        return self._rendered(drawn, table)

    def _rendered(self, drawn: Any, table: Table) -> str:
        from rich.console import Console  # noqa: PLC0415  as above

        indent = table.indent
        console = Console(
            file=io.StringIO(),
            force_terminal=self.is_terminal,
            no_color=bool(os.environ.get("NO_COLOR")),
            color_system="auto" if self.is_terminal else None,
            width=max(_width() - indent, _least(table)) if self.is_terminal else 10_000,
            legacy_windows=False,
        )
        with console.capture() as captured:
            console.print(drawn)
        return captured.get()


def _object(line: str) -> dict[str, Any] | None:
    """A line of a log that is JSON; None for what something else has written."""
    from .. import json_text  # noqa: PLC0415  only where it is wanted

    try:
        told = json_text.decode(line)
    except ValueError:
        return None
    return told if isinstance(told, dict) and {"level", "message"} <= set(told) else None


class UnwrittenError(QliroFortnoxError):
    """A result can't be written to stdout; what was done is done."""


def _put(stream: TextIO, text: str) -> None:
    """Write it at once, signs that the terminal does not have as question marks. When nobody reads
    any more (`| head`, a log that has gone), what is being done goes on, and its exit code is the
    word that is left.

    Raises UnwrittenError, once, when a result can't be written for another reason.
    """
    try:
        stream.write(_writable(text, stream))
        stream.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if stream is sys.stdout and not isinstance(error, BrokenPipeError):
            raise unwritten(error) from None


def unwritten(error: OSError) -> UnwrittenError:
    """The sentence for a stream or a file that takes nothing more."""
    if error.errno in FULL:
        return UnwrittenError(
            "The disk of the file to be written is full.",
            "Free space and run again; what is written down is whole.",
        )
    return UnwrittenError(
        f"What was to be told can't be written ({error.strerror or error}).",
        "Look at where the output goes; what is written down is whole.",
    )


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _writable(text: str, stream: TextIO) -> str:
    """The text as the stream's encoding has it."""
    encoding = stream.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        how = "replace" if stream is sys.stdout else "backslashreplace"
        return text.encode(encoding, how).decode(encoding)
    return text


def _in_ascii(text: str, stream: TextIO) -> str:
    """JSON in the stream's encoding: where that lacks a sign, all are written as JSON may."""
    try:
        text.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        units = text.encode("utf-16-be", "surrogatepass")
        pairs = (units[i] << 8 | units[i + 1] for i in range(0, len(units), 2))
        return "".join(chr(one) if one < 128 else f"\\u{one:04x}" for one in pairs)
    return text


def _speakable(value: Any) -> Any:
    """The value without halves of signs, which stand for what is not UTF-8 in names of files."""
    if isinstance(value, str):
        return text_as_it_is(value) or value
    if isinstance(value, dict):
        return {_speakable(name): _speakable(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_speakable(one) for one in value]
    return value


def text_as_it_is(text: str) -> str | None:
    """A text that came from outside and is not UTF-8, its odd bytes as ``\\xe9``; None where it is
    UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return None


def _least(table: Table) -> int:
    """The width under which figures would be cut off: only the last column may be wrapped."""
    width = 0
    for index, column in enumerate(table.columns):
        cells = [_cell(row[index])[0] for row in table.rows]
        if index == len(table.columns) - 1:
            return width + min(max(map(len, [column.title, *cells])), LEAST_TEXT)
        width += max(map(len, [column.title, *cells])) + 2
    return width


def _cell(cell: Cell) -> tuple[str, str]:
    return (cell, "") if isinstance(cell, str) else cell


def _width() -> int:
    return min(shutil.get_terminal_size().columns, WIDEST)


# The space at the thousands of an amount, where no line ends, and a sign of no text to hold it.
THOUSANDS, HELD = re.compile(r"(?<=[0-9]) (?=[0-9]{3}(?![0-9]))"), "\ue000"


def _wrapped(text: str, indent: int, width: int, hang: int) -> str:
    """The text, each of its lines indented; wrapped to ``width`` unless that is 0."""
    margin = " " * indent
    lines = []
    for line in text.split("\n"):
        own = len(line) - len(line.lstrip(" "))
        if width and len(margin + line) > width:
            wrapped = textwrap.wrap(
                THOUSANDS.sub(HELD, line.strip()),
                width,
                initial_indent=margin + " " * own,
                subsequent_indent=margin + " " * (own + hang),
                break_long_words=False,
                break_on_hyphens=False,
            )
            lines += [one.replace(HELD, " ") for one in wrapped]
        else:
            lines.append((margin + line).rstrip())
    return "\n".join(lines) + "\n"


def _drawn(text: str, style: str) -> str:
    from rich.style import Style  # noqa: PLC0415  as above

    if os.environ.get("NO_COLOR"):
        return text
    return "\n".join(Style.parse(style).render(line) for line in text.split("\n"))
