"""Puts off what need not be made yet: of a set that was found right before, nothing is compiled
until a run asks for it.

Of any other set all is made at once, for what is wrong with it is found in the making.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TypeVar

from ..errors import FileError, Finding
from ..garbage import without_garbage_collection
from . import counts
from .expressions import Report

Made = TypeVar("Made")


def found_right(finding: Finding) -> None:
    """The report of a set that was found right before. Raises FileError if that is not so."""
    if finding.severity == "error":
        raise FileError([finding])


def when_asked(make: Callable[[], Made], report: Report) -> Callable[[], Made]:
    """Gives what ``make`` makes, once; with the report ``found_right`` it is made when it is first
    asked for, else at once."""
    counted = counts.now()

    @cache
    def made() -> Made:
        with without_garbage_collection(), counts.counting(counted):
            return make()

    if report is not found_right:
        made()
    return made


class Asked(Mapping[str, Made]):
    """Values by name, each made when it is asked for."""

    def __init__(self, making: Mapping[str, Callable[[], Made]]) -> None:
        self._making = making

    def __getitem__(self, name: str) -> Made:
        return self._making[name]()

    def __contains__(self, name: object) -> bool:
        return name in self._making

    def __iter__(self) -> Iterator[str]:
        return iter(self._making)

    def __len__(self) -> int:
        return len(self._making)
