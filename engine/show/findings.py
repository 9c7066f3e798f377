"""What is wrong in files, with its line and a caret, for people and for the programs that read it.

Reads the files that findings stand in; gives text, JSON, GitHub's annotations and SARIF 2.1.0. What
may hold a secret is not quoted.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from ..errors import FileError, Finding, Place
from ..language.laid import Change
from ..yamlfile import read_text
from . import changes
from .failure import counted, finding_data, finding_line
from .output import Output
from .page import Text

WIDEST = 96  # characters of a quoted line
Quotes = Callable[[Finding, int], bool]
_PART = re.compile(r"\w+|'[^']*'|\"[^\"]*\"|[=!<>]=|\S")  # of an expression
_VALUE = re.compile(r"[^\s:#,\[\]{}\"'&*!|>%@`]+|\S")  # of YAML


class Shown(Struct, frozen=True):
    """A finding, the very spot that it is about, and the line there; empty when it isn't quoted."""

    finding: Finding
    line: int
    column: int
    source: str
    width: int

    @property
    def place(self) -> str:
        """``file:line:column``, as far as they are known."""
        at = self.finding.place
        return str(Place(at.path, self.line, self.column if self.line else 0, at.via))


def shown(
    findings: Iterable[Finding], quotes: Quotes = lambda _finding, _line: True
) -> list[Shown]:
    """Each finding with its line; ``quotes`` tells whether the line may be shown."""
    text_of = cache(_text_of)
    return [_shown(finding, text_of, quotes) for finding in findings]


def _text_of(path: str) -> str:
    """The text of a file; empty where it can't be read: the finding says why."""
    try:
        return read_text(Path(path))
    except (FileError, OSError, ValueError):
        return ""


def _shown(finding: Finding, text_of: Callable[[str], str], quotes: Quotes) -> Shown:
    place = finding.place
    text = text_of(place.path) if place.line else ""
    line, column = place.line, place.column
    if text and finding.at >= 0:
        from .yamlspot import spot  # noqa: PLC0415  only where there is such a finding

        line, column = spot(text, place, finding.at)
    lines = text.split("\n")
    if not 0 < line <= len(lines) or not quotes(finding, line):
        return Shown(finding, line, column, "", 0)
    source = lines[line - 1].rstrip()
    found = (_PART if finding.at >= 0 else _VALUE).match(source, max(column - 1, 0))
    return Shown(finding, line, column, source, len(found[0]) if found else 1)


def put(
    out: Output,
    form: str,
    found: Sequence[Shown],
    laid: Sequence[Change],
    *,
    ok: bool,
    version: str,
) -> None:
    """Findings in the form that was asked for: text (what is wrong goes to stderr), json, github
    or sarif. Text and JSON tell also what overlays change."""
    out.json = out.json or form == "json"
    if out.json:
        out.data({"findings": data(found), "changes": changes.data(laid), "ok": ok})
    elif form == "sarif":
        from .. import json_text  # noqa: PLC0415  only here
        from ..language.rules.explained import explained  # noqa: PLC0415  likewise

        out.line(json_text.encode(sarif(found, explained(), version)))
    elif form == "github":
        out.page([Text(line) for line in github(found)])
    else:
        said = [*changes.lines(laid), ""] if laid else []
        told = "\n".join([*said, text(found)])
        if ok:
            out.page([Text(told)])
        else:
            out.complain(told)


# Text ---------------------------------------------------------------------------------------------
def text(found: Sequence[Shown]) -> str:
    """Findings for people: what is wrong, the line and a caret; their number at the end."""
    lines = [line for one in found for line in _lines(one)]
    return "\n".join([*lines, counted([one.finding for one in found])])


def _lines(one: Shown) -> Iterator[str]:
    yield finding_line(one.finding).replace(str(one.finding.place), one.place, 1)
    if one.source:
        source, column = _cut(one.source.replace("\t", " "), one.column, one.width)
        number = str(one.line)
        yield f"  {number} | {source}"
        yield f"  {' ' * len(number)} | {' ' * (column - 1)}{'^' * one.width}"


def _cut(source: str, column: int, width: int) -> tuple[str, int]:
    """A long line around the spot, and the column of the spot in that."""
    bare = source.lstrip()
    indent = min(len(source) - len(bare), column - 1)
    source, column = source[indent:], column - indent
    if len(source) <= WIDEST:
        return source, column
    first = max(0, min(column - 1 - WIDEST // 2, len(source) - WIDEST))
    end = max(first + WIDEST, column - 1 + width)
    before, after = "… " if first else "", " …" if end < len(source) else ""
    return f"{before}{source[first:end]}{after}", column - first + len(before)


# Programs -----------------------------------------------------------------------------------------
def data(found: Iterable[Shown]) -> list[dict[str, Any]]:
    """Findings as JSON, each at the very spot."""
    return [{**finding_data(one.finding), "line": one.line, "column": one.column} for one in found]


def github(found: Iterable[Shown]) -> list[str]:
    """GitHub's workflow commands: an annotation for each finding, beside its line."""
    return [_annotation(one) for one in found]


def _annotation(one: Shown) -> str:
    finding = one.finding
    given: dict[str, Any] = {"file": _from_here(finding.place.path)}
    if one.line:
        given |= {"line": one.line, "col": one.column}
        if one.width:
            given["endColumn"] = one.column + one.width
    given["title"] = finding.code
    told = ",".join(f"{name}={_property(str(value))}" for name, value in given.items())
    return f"::{finding.severity} {told}::{_command(_sentence(finding))}"


def _command(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _command(text).replace(":", "%3A").replace(",", "%2C")


def _sentence(finding: Finding) -> str:
    return f"{finding.message} {finding.remedy}".strip()


def sarif(found: Sequence[Shown], rules: Mapping[str, str], version: str) -> dict[str, Any]:
    """Findings as SARIF 2.1.0; ``rules`` tells of each code in Markdown what it finds."""
    ids = sorted({*rules, *(one.finding.code for one in found)})
    seen: dict[str, int] = {}
    driver = {
        "name": "qliro-fortnox lint",
        "semanticVersion": version,
        "rules": [_rule(name, rules.get(name, "")) for name in ids],
    }
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(one, ids, seen) for one in found],
            }
        ],
    }


def _rule(name: str, what: str) -> dict[str, Any]:
    short = " ".join(what.split("\n\n", maxsplit=1)[0].split()) or name
    return {
        "id": name,
        "shortDescription": {"text": short},
        "help": {"text": what or name, "markdown": what or name},
    }


def _result(one: Shown, ids: Sequence[str], seen: dict[str, int]) -> dict[str, Any]:
    finding = one.finding
    path = _from_here(finding.place.path)
    is_outside = path.startswith("..") or os.path.isabs(path)
    uri = Path(path).resolve().as_uri() if is_outside else quote(path)
    location: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if not is_outside:
        location["artifactLocation"]["uriBaseId"] = "%SRCROOT%"
    if one.line:
        region = {"startLine": one.line, "startColumn": max(one.column, 1)}
        if one.source:
            region |= {"endColumn": region["startColumn"] + one.width}
        location["region"] = region
    return {
        "ruleId": finding.code,
        "ruleIndex": ids.index(finding.code),
        "level": finding.severity,
        "message": {"text": _sentence(finding)},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"primaryLocationLineHash": _fingerprint(one, path, seen)},
    }


def _fingerprint(one: Shown, path: str, seen: dict[str, int]) -> str:
    """Stays when lines are added above: of rule, file and what the line says, and which of them."""
    told = "\n".join((one.finding.code, path, one.source.strip() or one.finding.message))
    digest = hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    seen[digest] = seen.get(digest, 0) + 1
    return f"{digest}:{seen[digest]}"


def _from_here(path: str) -> str:
    """A path from the working directory, with slashes; as it is where that has gone."""
    try:
        near = os.path.relpath(path)
    except (OSError, ValueError):
        return path
    return Path(near).as_posix()
