"""What a day in Stockholm is, is one rule: what Python reads, SQL stages as the same day."""

from __future__ import annotations

import random
from datetime import date

import few_rows
import pytest

from engine.extract.dates import stockholm_date
from engine.store.database import Store
from engine.store.statements import sql

WRITTEN = [
    "2021-01-15", "2021/01/15", "2021-01-15T23:30:00", "2021-06-15T22:30:00Z",
    "2021-06-15T00:30:00.123+02:00", "2021-06-15 00:30-0200", "2199-12-31T23:30:00Z", "2024-02-29",
    "0001-01-01T00:00:00", "2021-06-15T23:59:59.9999999Z", "2021-1-5", "2026-03-29T01:30:00+00:00",
]  # fmt: skip
LETTERS = "0123456789-/T :+Zz.,bcBC"


@pytest.fixture(scope="module")
def store() -> Store:
    """A database in which the statements of the stage can be used."""
    made = few_rows.in_memory()
    made.execute("SET VARIABLE staged_to = 0")
    made.execute("SET VARIABLE newest = 0")
    made.execute(sql("stage_begin"))
    return made


def staged(store: Store, texts: list[str]) -> list[date | None]:
    store.execute("CREATE OR REPLACE TEMP TABLE written (place INTEGER, text VARCHAR)")
    store.append("written", list(enumerate(texts)), ["place", "text"])
    rows = store.rows("SELECT stockholm_date(text) AS day FROM written ORDER BY place")
    return [row["day"] for row in rows]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("  2021-01-15", date(2021, 1, 15)),  # the day was lost to the blanks before it
        ("2021-06-15T22:30:00.1234567Z", date(2021, 6, 16)),
        ("2021-06-15T22:30:00+0000", date(2021, 6, 16)),
        ("2021-06-15T22:30:00z", None),
        ("2021-06-150", None),
        ("2021-06-15T24:00:00Z", None),
        ("2021-06-15T22:30:00+24:00", None),
        ("2021-02-29", None),
        ("1899-12-31", None),
        ("2200-01-01", None),
        ("0001-01-01T00:00:00", None),
    ],
)
def test_a_day_is_read_alike_by_the_program_and_its_database(
    store: Store, text: str, day: date | None
) -> None:
    assert stockholm_date(text) == day
    assert staged(store, [text]) == [day]


def test_whatever_is_written_as_a_day_both_read_the_same(store: Store) -> None:
    """Days and moments with some letters added, taken out and changed. Before 1970 the tables of
    zones differ: some give Stockholm the summer times of Berlin."""
    chance = random.Random(20261129)  # noqa: S311  the same in every run
    texts = {_misspelt(chance.choice(WRITTEN), chance) for _ in range(40_000)}
    written = sorted(text for text in texts if not text.lstrip(" 0").startswith("19"))
    assert dict(zip(written, staged(store, written), strict=True)) == {
        text: stockholm_date(text) for text in written
    }


def _misspelt(text: str, chance: random.Random) -> str:
    letters = list(text)
    for _ in range(chance.choice([0, 1, 1, 2, 3])):
        place = chance.randrange(len(letters))
        match chance.randrange(3):
            case 0:
                letters.insert(place, chance.choice(LETTERS))
            case 1:
                letters.pop(place)
            case 2:
                letters[place] = chance.choice(LETTERS)
    return "".join(letters)
