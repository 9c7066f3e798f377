"""What the databases of cases of flows answered, kept from one ``test`` to the next.

Reads and writes one file in the user's cache folder: data, never code. It holds for the very files
of this program and for what was asked of the very same content; whatever is odd about it counts as
not there. What a case comes to is worked out anew each time: only the database is not asked again.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from ... import json_text
from ...clock import STOCKHOLM
from ...errors import Finding
from ...home import HOME
from ...store.driver import duckdb
from ...store.remembered import Answer, Kept

# What the answers were made by: its files are told by size and time.
OURS = ("engine/**/*.py", "engine/**/*.sql", "engine/**/*.yaml", "schemas/**/*.json")
# Read, written and searched by their owner alone.
OTHERS = 0o077
LARGEST = 50_000_000  # bytes, and as many at most of what is packed in them


def cache_file(names: Iterable[Path | None]) -> Path:
    """Where the answers of cases of these folders or files are kept."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    of = json_text.digest([str(name and name.resolve()) for name in names])
    return Path(home) / "qliro-fortnox" / f"{of}.cases"


class Answered:
    """Held open over the cases of a suite: by the digest of what is held, what was asked of it, and
    what of it could not be read. ``path`` is the file of earlier answers."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._made_by = _program()
        known = _read(path)
        if known.get("made_by") != self._made_by:
            known = {}
        self._known: dict[str, dict[str, Any]] = known.get("answers", {})
        self._problems: dict[str, list[Any]] = known.get("problems", {})
        self._asked: dict[str, dict[str, Any]] = {}
        self._told: dict[str, list[Any]] = {}
        self._is_new = False

    def of(self, held: str) -> Kept:
        """The answers of what is held."""
        return _Of(self, held)

    def problems(self, held: str) -> tuple[Finding, ...] | None:
        """What could not be read of it; None where that is not known."""
        found = self._problems.get(held)
        if found is None:
            return None
        self._told[held] = found
        return tuple(msgspec.convert(found, list[Finding]))

    def note(self, held: str, problems: Iterable[Finding]) -> None:
        """What could not be read."""
        self._told[held] = msgspec.to_builtins(list(problems))
        self._is_new = True

    def answer(self, held: str, asked: str) -> Answer | None:
        """An answer that is kept."""
        found = self._known.get(held, {}).get(asked)
        if found is None:
            return None
        self._asked.setdefault(held, {})[asked] = found
        names, rows = found
        return Answer(names, [tuple(map(_value, row)) for row in rows])

    def keep(self, held: str, asked: str, answer: Answer) -> None:
        """Keep one that was asked for now; what has a value of another type is not kept."""
        with suppress(TypeError):
            rows = [[_plain(value) for value in row] for row in answer.rows]
            self._asked.setdefault(held, {})[asked] = [answer.names, rows]
            self._is_new = True

    def save(self, *, whole: bool) -> None:
        """Write what was asked; unless that was the ``whole``, beside what is kept already. Where
        it can't be written it is not."""
        if not self._is_new:
            return
        answers, problems = self._asked, self._told
        if not whole:
            answers = {**self._known, **{held: {**self._known.get(held, {}), **of}
                       for held, of in self._asked.items()}}  # fmt: skip
            problems = {**self._problems, **self._told}
        _write(self._path, {"made_by": self._made_by, "answers": answers, "problems": problems})
        self._is_new = False


class _Of(Kept):
    """The answers of one state."""

    def __init__(self, answered: Answered, held: str) -> None:
        self._answered, self._held = answered, held

    def get(self, asked: Any) -> Answer | None:
        return self._answered.answer(self._held, _digest(asked))

    def keep(self, asked: Any, answer: Answer) -> None:
        self._answered.keep(self._held, _digest(asked), answer)


def _digest(asked: Any) -> str:
    return hashlib.sha256(repr(asked).encode()).hexdigest()[:32]


def _program() -> str:
    files = []
    for pattern in OURS:
        for path in HOME.glob(pattern):
            about = path.stat()
            files.append([path.relative_to(HOME).as_posix(), about.st_size, about.st_mtime_ns])
    return json_text.digest([sys.version, duckdb.__version__, str(HOME), sorted(files)])


# A value that JSON does not tell from others stands in a list after its type's sign.
def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        return ["d", str(value)]
    if isinstance(value, datetime):
        return ["t", value.isoformat()]
    if isinstance(value, date):
        return ["D", value.isoformat()]
    if isinstance(value, list):
        return ["l", *map(_plain, value)]
    if isinstance(value, Mapping):
        return ["o", *([name, _plain(one)] for name, one in value.items())]
    raise TypeError(type(value))


def _value(plain: Any) -> Any:
    if not isinstance(plain, list):
        return plain
    sign, *rest = plain
    if sign == "d":
        return Decimal(rest[0])
    if sign == "t":
        moment = datetime.fromisoformat(rest[0])
        return moment if moment.tzinfo is None else moment.astimezone(STOCKHOLM)
    if sign == "D":
        return date.fromisoformat(rest[0])
    if sign == "l":
        return [_value(one) for one in rest]
    return {name: _value(one) for name, one in rest}


def _read(path: Path) -> dict[str, Any]:
    """What the file holds; nothing where anybody else may have written it, or it is not whole."""
    try:
        if not _is_ours(path.parent.lstat()):
            return {}
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with open(handle, "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode) or not _is_ours(about) or about.st_size > LARGEST:
                return {}
            unpacked = zlib.decompressobj().decompress(file.read(), LARGEST)
        found = json_text.decode(unpacked)
    except (OSError, ValueError, zlib.error):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, value: Mapping[str, Any]) -> None:
    text = json_text.encode(value).encode()
    if len(text) > LARGEST:
        return  # nobody would read it
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(path.parent.lstat()):
            return
        handle, half = tempfile.mkstemp(dir=path.parent, prefix=".")  # read and written by us alone
        try:
            with open(handle, "wb") as file:
                file.write(zlib.compress(text, 1))
            os.replace(half, path)
        except OSError:
            os.unlink(half)
            raise


def _is_ours(about: os.stat_result) -> bool:
    return about.st_uid == os.geteuid() and not about.st_mode & OTHERS
