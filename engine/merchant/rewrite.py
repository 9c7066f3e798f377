"""Replaces one key of a merchant's file and leaves the rest of it as it stands, comments and all.

Reads the file's text, gives the new text; writes it at once, or not at all.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import FileError
from ..yamlfile import YamlFile, parse
from .first_file import flow


def with_rows(text: str, path: Path, key: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """``text`` with ``rows`` under its top key ``key``, each on a line of its own.

    What stood under the key is replaced whole; a key that is not there yet comes last. Raises
    FileError when the file is not written key by key in lines.
    """
    file = parse(text, str(path))
    ending = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    begin, end = _extent(file, lines, key)
    part = [f"{key}:"] + [f"  - {flow(dict(row))}" for row in rows] if rows else [f"{key}: []"]
    if begin == end:  # a new key
        lines = _ended(lines, ending)
        begin = end = len(lines)
        part.insert(0, "")
    before, after = lines[:begin], lines[end:]
    made = "".join([*before, *(line + ending for line in part), *after])
    if parse(made, str(path)).value != {**file.value, key: [dict(row) for row in rows]}:
        raise _refused(file, path)
    return made


def _extent(file: YamlFile, lines: Sequence[str], key: str) -> tuple[int, int]:
    """The first line of the key and the line after its last, from 0; twice the same without it."""
    tops = {at[0]: spot for at, spot in file.keys.items() if len(at) == 1}
    if not isinstance(file.value, dict) or any(column != 1 for _, column in tops.values()):
        raise _refused(file, Path(file.path))
    if key not in tops:
        return 0, 0
    begin = tops[key][0] - 1
    end = min((line - 1 for line, _ in tops.values() if line - 1 > begin), default=len(lines))
    while end > begin + 1 and (not lines[end - 1].strip() or lines[end - 1][0] in "#."):
        end -= 1  # blank lines and comments at the margin belong to what follows
    return begin, end


def _ended(lines: Sequence[str], ending: str) -> list[str]:
    if lines and not lines[-1].endswith(("\n", "\r")):
        return [*lines[:-1], lines[-1] + ending]
    return list(lines)


def _refused(file: YamlFile, path: Path) -> FileError:
    return FileError.at(
        path, *file.values.get((), (1, 1)), "not-in-lines",
        "the file is not written key by key in lines, so that no part of it can be replaced.",
        "Write each key on a line of its own, or change it by hand.",
    )  # fmt: skip


def write(path: Path, text: str) -> None:
    """The text in place of the file's, at once; the file keeps its mode, and a link its target."""
    real = path.resolve()
    handle, name = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
    half = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        half.chmod(real.stat().st_mode & 0o777)
        half.replace(real)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
