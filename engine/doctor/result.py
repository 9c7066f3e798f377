"""What a check found: what, why it matters, what to do about it, and where.

It reads and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..errors import Exit, Place

Severity = Literal["ok", "warning", "error"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "ok")


@dataclass(frozen=True, slots=True)
class Result:
    """One finding of ``check``. ``error``: work would fail or go wrong; ``warning``: a person
    should look at it; ``ok``: ``what`` says what is well.

    ``where`` is a place in a file, or the menu of Fortnox or Qliro that mends it.
    """

    check: str
    severity: Severity
    what: str
    why: str = ""
    remedy: str = ""
    where: str = ""

    def of(self, check: str) -> Result:
        """The same as found by that check."""
        return replace(self, check=check)


def ok(what: str) -> Result:
    """What is as it should be."""
    return Result("", "ok", what)


def warning(what: str, why: str, remedy: str, where: str | Place = "") -> Result:
    """What a person should look at."""
    return Result("", "warning", what, why, remedy, str(where))


def error(what: str, why: str, remedy: str, where: str | Place = "") -> Result:
    """What stops the work or makes it wrong."""
    return Result("", "error", what, why, remedy, str(where))


def in_fortnox(*menu: str) -> str:
    """A place in Fortnox's menus: ``Fortnox: Inställningar, Bokföring, Verifikationsserier``."""
    return f"Fortnox: {', '.join(menu)}"


def exit_code(results: Iterable[Result]) -> Exit:
    """0 when all is ok, else 3: a person has something to do."""
    return Exit.OK if all(one.severity == "ok" for one in results) else Exit.ATTENTION


def worst_first(results: Iterable[Result]) -> dict[Severity, Sequence[Result]]:
    """The results by severity, errors first, else in their order."""
    held = list(results)
    return {name: [one for one in held if one.severity == name] for name in SEVERITIES}
