"""Databases of earlier builds are brought over once: whole, cut anywhere, the old file kept."""

from __future__ import annotations

import lzma
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engine.errors import UsageError
from engine.store import rewrite
from engine.store.database import in_memory, reading, writing
from engine.store.history import past
from engine.store.statements import sql
from older.scenes import SCENES
from older.test_older_merchants import BUILDS

NAMES = [scene.name for scene in SCENES]
# What is fetched and done: all else is derived of it.
SCHEMAS = ("raw", "ledger")
# Written by each version that opens a database, or when all is staged anew.
OWN = ("raw.made_by", "raw.staged")


def stored(build: Path, name: str, folder: Path) -> Path:
    """The folder with a merchant's database as that build left it."""
    folder.mkdir(exist_ok=True)
    kept = lzma.decompress((build / f"{name}.duckdb.xz").read_bytes())
    (folder / f"{name}.duckdb").write_bytes(kept)
    return folder


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of what was fetched and done, in the order of writing; answers by their place."""
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        tables = connection.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() "
            "WHERE schema_name IN ('raw', 'ledger')"
        ).fetchall()
        found = {
            name: connection.execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall()
            for (name,) in tables
            if name not in OWN and not name.startswith("raw.answer")
        }
        query = "SELECT * FROM raw.answer ORDER BY seq"
        return {**found, "raw.answer": connection.execute(query).fetchall()}


def called_as_now(path: Path, folder: Path) -> Path:
    """A copy in which states are called as this version calls them, and nothing else is changed."""
    copied = Path(shutil.copyfile(path, folder / "called.duckdb"))
    with duckdb.connect(str(copied)) as connection:
        for statement in sql("schema").split(";"):
            if "\nUPDATE ledger." in statement:
                connection.execute(statement)
    return copied


def opened(folder: Path, name: str) -> None:
    with writing(folder, name):
        pass


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.name)
def test_every_row_is_there_in_its_order_and_the_old_file_is_kept(
    build: Path, name: str, tmp_path: Path
) -> None:
    folder = stored(build, name, tmp_path / "state")
    before = contents(called_as_now(folder / f"{name}.duckdb", tmp_path))
    as_it_was = contents(folder / f"{name}.duckdb")
    with writing(folder, name) as store:
        told = store.before
    after = contents(folder / f"{name}.duckdb")
    new = set(after) - set(before)
    assert not any(after[table] for table in new)
    assert {table: after[table] for table in before} == before
    (kept,) = folder.glob(f"{name}.before-*.duckdb")
    assert kept == told
    assert contents(kept) == as_it_was
    assert kept.stat().st_mode & 0o077 == 0
    with writing(folder, name) as store:
        assert store.before is None
    assert [*folder.glob(f"{name}.before-*.duckdb")] == [kept]


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.name)
def test_what_is_counted_on_goes_on_from_where_it_stood(build: Path, tmp_path: Path) -> None:
    folder = stored(build, "payouts", tmp_path / "state")
    with writing(folder, "payouts") as store:
        last = store.value("SELECT max(seq) FROM (SELECT seq FROM raw.answer UNION ALL "
                           "SELECT seq FROM raw.push)")  # fmt: skip
        assert store.value("SELECT nextval('raw.answer_seq')") > last
        last = store.value("SELECT max(seq) FROM ledger.event")
        assert store.value("SELECT nextval('ledger.event_seq')") > last


class Cut(BaseException):
    """The process ends here."""


def cut(at: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
    def ends(*args: Any, **more: Any) -> Any:
        if after:
            at(*args, **more)
        raise Cut

    return ends


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("owner", "step"),
    [(rewrite, "_write"), (rewrite, "_copy"), (rewrite, "finish_making"), (rewrite.os, "fsync"),
     (rewrite, "_keep"), (rewrite.os, "link"), (rewrite, "sync_folder"), (Path, "replace")],
    ids=lambda one: one if isinstance(one, str) else "",
)  # fmt: skip
def test_cut_off_anywhere_it_is_the_one_file_or_the_other_and_goes_on(
    owner: Any, step: str, after: bool, tmp_path: Path
) -> None:
    folder = stored(BUILDS[-1], "payouts", tmp_path / "state")
    path = folder / "payouts.duckdb"
    before = contents(path)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(owner, step, cut(getattr(owner, step), after=after))
        with pytest.raises(Cut):
            opened(folder, "payouts")
    assert {name: rows for name, rows in contents(path).items() if name in before} == before
    opened(folder, "payouts")
    assert {name: rows for name, rows in contents(path).items() if name in before} == before
    (kept,) = folder.glob("payouts.before-*.duckdb")
    assert contents(kept) == before
    assert not [*folder.glob("*.anew*")]


def test_without_room_nothing_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stored(BUILDS[-1], "payouts", tmp_path / "state")
    path = folder / "payouts.duckdb"
    before = path.read_bytes()

    def full(*_args: Any) -> None:
        raise duckdb.IOException("Could not write file: No space left on device")

    monkeypatch.setattr(rewrite, "_copy", full)
    with pytest.raises(UsageError, match=r"can't be written anew .*No space left.* Nothing was"):
        opened(folder, "payouts")
    assert path.read_bytes() == before
    assert not [*folder.glob("*.anew*"), *folder.glob("*.before-*")]


def test_a_row_that_is_not_written_as_it_was_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stored(BUILDS[-1], "payouts", tmp_path / "state")
    before = (folder / "payouts.duckdb").read_bytes()
    whole = rewrite.INSERT
    for wrong in (
        f"{whole} LIMIT 1",
        f"{whole} UNION ALL SELECT {{taken}} {{source}}",
        f"{whole} ORDER BY rowid DESC",
    ):
        monkeypatch.setattr(rewrite, "INSERT", wrong)
        with pytest.raises(UsageError, match=r"could not be written over .* Nothing was changed"):
            opened(folder, "payouts")
        assert (folder / "payouts.duckdb").read_bytes() == before


def test_values_that_changed_places_are_noticed() -> None:
    sums = []
    for rows in ("(1, 'a', 'x'), (2, 'b', 'y')", "(1, 'a', 'y'), (2, 'b', 'x')",
                 "(1, 'b', 'y'), (2, 'a', 'x')", "(1, 'x', 'a'), (2, 'y', 'b')"):  # fmt: skip
        values = f"SELECT * FROM (VALUES {rows}) AS t(place, one, other)"
        with duckdb.connect() as connection:
            asked = rewrite.SUM.format(names="one, other", rows=values)
            sums.append(connection.execute(asked).fetchone())
    assert len(set(sums)) == 4


def test_on_a_disk_without_second_names_the_old_file_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stored(BUILDS[-1], "payouts", tmp_path / "state")
    before = contents(folder / "payouts.duckdb")

    def refused(*_args: Any) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    opened(folder, "payouts")
    (kept,) = folder.glob("payouts.before-*.duckdb")
    assert contents(kept) == before


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.name)
def test_history_is_the_same_before_and_after(build: Path, tmp_path: Path) -> None:
    folder = stored(build, "payouts", tmp_path / "state")
    told = []
    for _ in range(2):
        with reading(folder, "payouts") as store, past(store) as then:
            known = {}
            for count in (10, 1_000_000):
                then.store.execute(f"SET VARIABLE known_answers = {count}")
                query = "SELECT seq, path, query, body FROM raw.answer ORDER BY seq"
                known[count] = then.store.tuples(query)
            told.append(known)
        opened(folder, "payouts")
    assert told[0] == told[1]
    assert len(told[0][1_000_000]) > len(told[0][10]) == 10


def test_a_database_of_this_version_is_left_alone(tmp_path: Path) -> None:
    with writing(tmp_path, "shop"):
        pass
    shutil.copyfile(tmp_path / "shop.duckdb", tmp_path / "before")
    opened(tmp_path, "shop")
    assert (tmp_path / "shop.duckdb").read_bytes() == (tmp_path / "before").read_bytes()
    assert in_memory().value("SELECT count(*) FROM raw.answer") == 0
