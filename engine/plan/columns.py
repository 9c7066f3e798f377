"""The columns of a relation as rows have them: how they are fetched, and made of what DuckDB gives.

Reads tables and views; gives tuples and rows. Amounts have two decimals where they have no more; a
third decimal stays and is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from ..clock import STOCKHOLM
from ..store.database import Store

CENT = Decimal("0.01")
EPOCH, FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC), date(1970, 1, 1)
NUMBER = "hash({})"  # the number of what a row holds; it is looked whether two have the same


class Columns:
    """The columns of a relation: those of ``first`` before the others, those of ``own`` last.

    DuckDB gives amounts, days and moments slowly: they come as whole numbers, and each is made
    once.
    ``alike`` is how many columns of ``first`` there are; ``more`` are null in a row of its own.
    """

    def __init__(
        self,
        types: Mapping[str, str],
        relation: str,
        first: Collection[str] = (),
        more: Sequence[str] = (),
        own: Collection[str] = (),
    ) -> None:
        self.names = sorted(types, key=lambda name: (name not in first, name in own))
        self.alike = sum(name in first for name in types)
        self.own = [name for name in self.names[self.alike :] if name in own]
        self.relation = relation
        self.makers: list[tuple[str, Made]] = []
        moments, days, amounts = Made(_moment), Made(_day), {}
        shown = []
        for name in self.names:
            if types[name].startswith("DECIMAL"):
                places = int(types[name].rpartition(",")[2].rstrip(")"))
                if places not in amounts:
                    amounts[places] = Made(partial(_plain, places))
                self.makers.append((name, amounts[places]))
                shown.append(_parts(name, places))
            elif types[name] == "TIMESTAMP WITH TIME ZONE":
                self.makers.append((name, moments))
                shown.append(f'epoch_us("{name}")')
            elif types[name] == "DATE":
                self.makers.append((name, days))
                shown.append(f'"{name}" - DATE \'1970-01-01\'')
            else:
                shown.append(f'"{name}"')
        self.shown = ", ".join(shown)
        self.blank = dict.fromkeys((*self.names, *more))
        of_first = set(self.names[: self.alike])
        self.others = self.names[self.alike :]
        self.makers_of_others = [one for one in self.makers if one[0] not in of_first]
        shared = len(self.names) - len(self.own)
        self.shape, self.shown_of_own = ", ".join(shown[:shared]), ", ".join(shown[shared:])
        self.shared = ", ".join(f'"{name}"' for name in self.names[:shared])
        self.number = NUMBER.format(self.shared)

    def fetched(
        self, store: Store, which: str, parameters: Sequence[Any] = ()
    ) -> list[tuple[Any, ...]]:
        """The rows as they come, for ``row`` and ``fill``."""
        query = f"SELECT {self.shown} FROM {self.relation} {which}"
        return store.tuples(query, parameters)

    def shapes(
        self, store: Store, which: str, parameters: Sequence[Any]
    ) -> dict[int, tuple[Any, ...]] | None:
        """What the rows hold but for their ``own`` columns, once for all that hold the same, by a
        number; None where two of them have got the same number, which next to never happens."""
        found = store.tuples(
            f"SELECT {self.number}, {self.shape} FROM {self.relation} {which} "
            f"GROUP BY {self.shared}",
            parameters,
        )
        shapes = {one[0]: one[1:] for one in found}
        return shapes if len(shapes) == len(found) else None

    def shaped(
        self, store: Store, which: str, parameters: Sequence[Any]
    ) -> list[tuple[Any, ...]]:
        """The ``own`` columns of the rows, and the number of what else they hold (``shapes``)."""
        query = f"SELECT {self.shown_of_own}, {self.number} FROM {self.relation} {which}"
        return store.tuples(query, parameters)

    def row(self, values: tuple[Any, ...]) -> dict[str, Any]:
        """A row of its own."""
        row = self.blank.copy()
        row.update(zip(self.names, values, strict=True))
        for name, made in self.makers:
            row[name] = made[row[name]]
        return row

    def fill(self, row: dict[str, Any], values: tuple[Any, ...]) -> None:
        """The other columns than ``first``, into a row that has those already."""
        row.update(zip(self.others, values[self.alike :], strict=True))
        for name, made in self.makers_of_others:
            row[name] = made[row[name]]


class Made(dict[Any, Any]):
    """What was made of each whole number, so that it is made once; of null, null."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        super().__init__({None: None})
        self.make = make

    def __missing__(self, number: int) -> Any:
        made = self[number] = self.make(number)
        return made


def _parts(name: str, places: int) -> str:
    """SQL of an amount as a whole number of its last decimal: the product has 18 digits, as the
    column has, and only what is too large for that takes the slow way."""
    largest, parts = 10 ** (18 - 2 * places) - 1, 10**places
    return (
        f'CASE WHEN "{name}" BETWEEN -{largest} AND {largest} '
        f'THEN CAST("{name}" * {parts} AS BIGINT) '
        f'ELSE CAST(CAST("{name}" AS DECIMAL(38, {places})) * {parts} AS BIGINT) END'
    )


def _moment(microseconds: int) -> datetime:
    return (EPOCH + timedelta(microseconds=microseconds)).astimezone(STOCKHOLM)


def _day(days: int) -> date:
    return FIRST_DAY + timedelta(days)


def _plain(places: int, parts: int) -> Decimal:
    amount = Decimal(parts).scaleb(-places)
    short = amount.quantize(CENT)
    return short if short == amount else amount
