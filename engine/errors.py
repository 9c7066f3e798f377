"""Every error this program raises on purpose, grouped by who must act.

    QliroFortnoxError
    ├── FileError           a person mends a file; all findings at once          exit 2
    ├── UsageError          a person calls the command differently               exit 2
    ├── AccessError         a person mends credentials, rights or licences       exit 1
    ├── StalePlanError      a person looks at what moved and plans again         exit 1
    ├── BusyError           another run of the same merchant; try again later    exit 75
    ├── UnavailableError    a server does not answer; try again later            exit 75
    ├── StoppedError        a person ended the run; the next one goes on         exit 75
    └── ItemError           one line, document or answer; the rest goes on       parked

An error that a person can mend says what, where, why and the remedy. Nothing here
carries a secret: texts are built from names and places, never from whole contexts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

from .home import HOME

# What stands in any text in place of a secret.
STARS = "***"


class Exit(IntEnum):
    """Exit codes of the command line; stable, listed in ``--help`` and the README."""

    OK = 0
    FAILED = 1
    INVALID = 2
    ATTENTION = 3
    TRY_LATER = 75


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a file that a person edits; line and column count from 1, 0 means unknown.

    ``via`` is where a part that others share is used: its own places hold for each of its users.
    """

    path: str
    line: int = 0
    column: int = 0
    via: Place | None = None

    def near(self) -> str:
        """The file with the folders that tell it from others of its name, and the line."""
        path = Path(self.path)
        own = path.is_relative_to(HOME / "mappings")
        parts = path.relative_to(HOME / "mappings").parts if own else path.parts[-3:]
        spot = f"{'/'.join(parts)}:{self.line}"
        return f"{spot}, used in {self.via.near()}" if self.via else spot

    def __str__(self) -> str:
        spot = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        return f"{spot}, used in {self.via}" if self.via else spot


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong in one place, with the remedy where it is known.

    ``code`` is stable and kebab-case (``unknown-key``); ``severity`` is error or warning. ``at`` is
    the character of the value at ``place`` that it is about, where that is known.
    """

    place: Place
    code: str
    message: str
    remedy: str = ""
    severity: str = "error"
    at: int = field(default=-1, compare=False)

    def __str__(self) -> str:
        text = f"{self.place}: {self.code}: {self.message}"
        return f"{text} {self.remedy}" if self.remedy else text


@dataclass(slots=True)
class QliroFortnoxError(Exception):
    """Base of all: a sentence, and the exit code that the command line ends with."""

    message: str
    remedy: str = ""
    exit_code: Exit = field(default=Exit.FAILED, init=False)

    def __post_init__(self) -> None:
        Exception.__init__(self, self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def __reduce__(self) -> tuple[Any, ...]:
        """With all that it says, for another process."""
        names = [name for one in type(self).__mro__ for name in getattr(one, "__slots__", ())]
        said = {name: getattr(self, name) for name in names if hasattr(self, name)}
        return _said_again, (type(self), said | getattr(self, "__dict__", {}))


def _said_again(kind: type[QliroFortnoxError], said: dict[str, Any]) -> QliroFortnoxError:
    error = kind.__new__(kind)
    for name, value in said.items():
        setattr(error, name, value)
    error.args = (error.message,)
    return error


class FileError(QliroFortnoxError):
    """One or more findings in files that a person edits; raised once, with all of them."""

    __slots__ = ("findings",)

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))
        self.exit_code = Exit.INVALID

    @classmethod
    def at(
        cls, path: str | Path, line: int, column: int, code: str, message: str, remedy: str = ""
    ) -> FileError:
        """The error with a single finding."""
        return cls([Finding(Place(str(path), line, column), code, message, remedy)])


class UsageError(QliroFortnoxError):
    """The command was called in a way that cannot work."""

    def __post_init__(self) -> None:
        QliroFortnoxError.__post_init__(self)
        self.exit_code = Exit.INVALID


class AccessError(QliroFortnoxError):
    """Credentials refused, rights or licences missing; nothing else can succeed either."""


class StalePlanError(QliroFortnoxError):
    """A saved plan no longer fits the world; ``message`` names what moved."""


class NothingYetError(UsageError):
    """No run has left anything to read yet."""


class BusyError(QliroFortnoxError):
    """Another process works on the same merchant."""

    def __post_init__(self) -> None:
        QliroFortnoxError.__post_init__(self)
        self.exit_code = Exit.TRY_LATER


class UnavailableError(QliroFortnoxError):
    """A server does not answer or answers with errors of its own; later may be better."""

    def __post_init__(self) -> None:
        QliroFortnoxError.__post_init__(self)
        self.exit_code = Exit.TRY_LATER


class StoppedError(QliroFortnoxError):
    """The run was told to end before it was through; what was done stands."""

    def __post_init__(self) -> None:
        QliroFortnoxError.__post_init__(self)
        self.exit_code = Exit.TRY_LATER


@dataclass(slots=True)
class ItemError(QliroFortnoxError):
    """One line, document or answer cannot be handled; it is parked and the rest goes on.

    ``what`` is the bare sentence, ``at`` the mapping, the field and the item (``payment,
    document.Amount of line L1``), ``place`` where the value stands, for those who keep books.
    """

    what: str = ""
    place: Place | None = None
    at: str = ""

    def told(self) -> str:
        """What is wrong, first; then of what, and which file and line decide it."""
        if not self.what or self.place is None:
            return str(self)
        return f"{self.what} ({f'{self.at}; ' if self.at else ''}{self.place.near()})"
