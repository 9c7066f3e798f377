"""The readers' copy is the database byte for byte, and costs what was changed; what can't have been
changed is not read."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import pytest

from engine.errors import QliroFortnoxError
from engine.store import blocks, database, readers_copy
from engine.store.database import Store, reading, writing
from engine.store.freed import LARGE, MEMORY_LIMIT, OF_LARGE, limit, use_few_threads
from engine.store.opening import BLOCK
from engine.store.readers_copy import different, last_same, renew_copy


def filled(store: Store, at: int = 0) -> None:
    """A few MB of pushes."""
    store.execute(
        "INSERT INTO raw.push SELECT ? + i, now(), 'upsell', i, sha256(i::VARCHAR), "
        "sha256((i + 1)::VARCHAR), i, 'x' FROM range(40000) AS t(i)",
        [at],
    )


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """How many bytes were looked at each time that the copy was brought up; None where all were."""
    found: list[int | None] = []

    def noted(
        source: BinaryIO, to: BinaryIO, spans: Iterable[blocks.Span] | None = None
    ) -> Iterator[blocks.Span]:
        spans = None if spans is None else list(spans)
        found.append(None if spans is None else sum(end - start for start, end in spans))
        yield from different(source, to, spans)

    monkeypatch.setattr(readers_copy, "different", noted)
    return found


def same(folder: Path) -> bool:
    return (folder / "m.duckdb").read_bytes() == (folder / "m.last.duckdb").read_bytes()


def test_what_could_not_be_brought_into_the_file_is_no_copy_and_is_there_at_the_next_opening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def much(led_here: Exception | None = None) -> None:
        with monkeypatch.context() as patched, writing(tmp_path, "m") as store:
            # Too little to unpack anything: what DuckDB had open is of no use after that.
            patched.setattr(database, "limit", lambda _: "SET memory_limit = '1MB'")
            if led_here is not None:
                raise led_here
            store.execute("DELETE FROM raw.push WHERE seq % 2 = 0")
            filled(store, 100_000)

    with writing(tmp_path, "m") as store:
        filled(store)
    before = (tmp_path / "m.last.duckdb").read_bytes()
    with pytest.raises(QliroFortnoxError, match=r"m\.duckdb\.wal, and could not .* Nothing is"):
        much()
    with pytest.raises(ZeroDivisionError):  # what led there is told
        much(ZeroDivisionError())
    assert (tmp_path / "m.last.duckdb").read_bytes() == before
    with reading(tmp_path, "m") as store:
        assert store.value("SELECT count(*) FROM raw.push") == 60_000
    with writing(tmp_path, "m") as store:
        assert store.value("SELECT count(*) FROM raw.push") == 60_000
    assert same(tmp_path)


def test_of_a_large_file_more_is_held(tmp_path: Path) -> None:
    path, log = tmp_path / "m.duckdb", tmp_path / "m.duckdb.wal"
    assert limit(None) == limit(path) == f"SET memory_limit = '{MEMORY_LIMIT}'"
    for file in (path, log):  # the log becomes part of it
        file.touch()
        os.truncate(file, LARGE // 2 + 1)
    assert limit(path) == f"SET memory_limit = '{OF_LARGE}'"
    log.unlink()
    assert limit(path) == f"SET memory_limit = '{MEMORY_LIMIT}'"


def test_one_thread_answers_a_run_of_a_small_database(tmp_path: Path) -> None:
    asked = "SELECT current_setting('threads')"
    with writing(tmp_path, "m") as store:
        store.execute("SET threads = 3")  # as of a machine that has so many
        path = store.path
        store.path = tmp_path / "large"
        store.path.touch()
        os.truncate(store.path, LARGE + 1)
        use_few_threads(store)
        assert store.value(asked) == 3
        store.path = path
        use_few_threads(store)
        assert store.value(asked) == 1


def test_after_each_session_it_is_the_database_byte_for_byte(tmp_path: Path) -> None:
    for change in (
        "SELECT 1",
        "INSERT INTO raw.push SELECT * REPLACE (seq + 100000 AS seq) FROM raw.push",
        "DELETE FROM raw.push WHERE seq % 3 = 0",
        "UPDATE raw.push SET Status = 'changed' WHERE seq % 7 = 0",
        "DELETE FROM raw.push",
        "INSERT INTO raw.staged (seq) VALUES (1)",
        "CREATE TABLE raw.more AS SELECT sha256(i::VARCHAR) AS x FROM range(200000) AS t(i)",
        "DROP TABLE raw.more",
    ):
        with writing(tmp_path, "m") as store:
            if change == "SELECT 1":
                filled(store)
            store.execute(change)
        assert same(tmp_path), change
        assert (tmp_path / "m.last.duckdb").stat().st_mode & 0o777 == 0o600


def test_a_session_that_appends_a_little_copies_a_little(tmp_path: Path) -> None:
    with writing(tmp_path, "m") as store:
        filled(store)
        filled(store, 40_000)
    whole = (tmp_path / "m.duckdb").stat().st_size
    copied: list[int] = []

    def counted(*given: Any) -> Iterator[tuple[int, int]]:
        for start, end in different(*given):
            copied.append(end - start)
            yield start, end

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(readers_copy, "different", counted)
        with writing(tmp_path, "m") as store:
            store.execute("INSERT INTO raw.staged (seq) VALUES (7)")
        assert sum(copied) <= 8 * BLOCK < whole
        copied.clear()
        with writing(tmp_path, "m"):
            pass
    assert same(tmp_path)
    assert sum(copied) <= BLOCK


def test_a_session_that_appends_a_little_looks_at_what_may_have_been_written(
    tmp_path: Path, compared: list[int | None]
) -> None:
    with writing(tmp_path, "m") as store:
        for number in range(8):
            filled(store, number * 40_000)
    whole = (tmp_path / "m.duckdb").stat().st_size
    for number in range(4):
        with writing(tmp_path, "m") as store:
            store.execute("INSERT INTO raw.staged (seq) VALUES (?)", [number])
        assert same(tmp_path)
    assert len(compared) == 4
    assert all(looked is not None and looked < whole / 4 for looked in compared)


CHANGES = (
    "INSERT INTO raw.push SELECT {at} + i, now(), 'upsell', i, sha256(i::VARCHAR), "
    "sha256((i + 1)::VARCHAR), i, 'x' FROM range({many}) AS t(i)",
    "DELETE FROM raw.push WHERE seq % {part} = 0",
    "UPDATE raw.push SET Status = 'changed {at}' WHERE seq % {part} = 0",
    "INSERT INTO raw.staged (seq) VALUES ({at})",
    "CREATE OR REPLACE TABLE raw.more AS SELECT sha256(i::VARCHAR) AS x FROM range({many}) AS t(i)",
    "DROP TABLE IF EXISTS raw.more",
    "CHECKPOINT",
)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_sessions_do_it_is_the_database_byte_for_byte(
    seed: int, tmp_path: Path, compared: list[int | None]
) -> None:
    chosen = random.Random(seed)  # noqa: S311
    for _ in range(20):
        with writing(tmp_path, "m") as store:
            for change in chosen.choices(CHANGES, k=chosen.randrange(4)):
                store.execute(change.format(
                    at=chosen.randrange(10**6), many=chosen.choice((1, 100, 5_000, 150_000)),
                    part=chosen.randrange(2, 30),
                ))  # fmt: skip
            if chosen.random() < 0.2:
                with suppress(ZeroDivisionError), store.transaction():
                    filled(store)
                    raise ZeroDivisionError
        assert same(tmp_path)
    assert any(looked is not None for looked in compared)


def test_after_two_checkpoints_all_is_looked_at(tmp_path: Path, compared: list[int | None]) -> None:
    with writing(tmp_path, "m") as store:
        filled(store)
    with writing(tmp_path, "m") as store:
        for number in range(2):
            store.execute("INSERT INTO raw.staged (seq) VALUES (?)", [number])
            store.execute("CHECKPOINT")
    assert compared == [None]
    assert same(tmp_path)


def test_of_another_duckdb_nothing_is_taken_for_known(
    tmp_path: Path, compared: list[int | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "TRIED", ("1.9.9",))
    for number in range(2):
        with writing(tmp_path, "m") as store:
            filled(store, number)
    assert compared == [None]
    assert same(tmp_path)


def test_how_this_duckdb_lays_out_a_file_was_tried() -> None:
    assert duckdb.__version__ in blocks.TRIED


def test_a_session_that_wrote_nothing_looks_at_nothing(
    tmp_path: Path, compared: list[int | None]
) -> None:
    path = tmp_path / "m.duckdb"
    with writing(tmp_path, "m") as store:
        filled(store)
    found = last_same(path)
    assert found is not None
    path.chmod(0o600)
    renew_copy(path, found)
    assert compared == []
    assert last_same(path) is not None


@pytest.mark.parametrize("touched", ["m.duckdb", "m.last.duckdb"])
def test_what_somebody_else_touched_is_looked_at_whole(
    touched: str, tmp_path: Path, compared: list[int | None]
) -> None:
    with writing(tmp_path, "m") as store:
        filled(store)
    told = (tmp_path / touched).stat()
    with (tmp_path / touched).open("r+b") as file:
        file.seek(told.st_size - 100)
        byte = file.read(1)
        file.seek(told.st_size - 100)
        file.write(byte)
    os.utime(tmp_path / touched, ns=(told.st_atime_ns, told.st_mtime_ns))
    assert last_same(tmp_path / "m.duckdb") is None
    with writing(tmp_path, "m") as store:
        store.execute("INSERT INTO raw.staged (seq) VALUES (7)")
    assert compared == [None]
    assert same(tmp_path)


def test_a_state_that_was_copied_after_a_crash_has_no_older_copy_for_a_new_one(
    tmp_path: Path,
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    with writing(before, "m") as store:
        filled(store)
    with duckdb.connect(str(before / "m.duckdb")) as connection:  # and no copy of it
        connection.execute("UPDATE raw.push SET Status = 'other' WHERE seq % 2 = 0")
    size = (before / "m.duckdb").stat().st_size
    os.truncate(before / "m.last.duckdb", size)
    shutil.copytree(before, after)
    late = (after / "m.duckdb").stat().st_mtime_ns + 1
    os.utime(after / "m.last.duckdb", ns=(late, late))
    assert not same(after)
    renew_copy(after / "m.duckdb", last_same(after / "m.duckdb"))
    assert same(after)


def test_who_writes_while_the_copy_is_brought_up_makes_it_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.duckdb"
    brought_up = readers_copy._brought_up

    def beside(*given: Any, **named: Any) -> bool:
        done = brought_up(*given, **named)
        with duckdb.connect(str(path)) as connection:
            connection.execute("DELETE FROM raw.push")
        return done

    for number in range(2):
        with writing(tmp_path, "m") as store:
            filled(store, number)
            if number:
                monkeypatch.setattr(readers_copy, "_brought_up", beside)
    monkeypatch.undo()
    assert last_same(path) is None
    with writing(tmp_path, "m"):
        pass
    assert same(tmp_path)


def test_who_reads_the_copy_meanwhile_goes_on_reading_what_he_opened(tmp_path: Path) -> None:
    with writing(tmp_path, "m") as store:
        filled(store)
    script = (
        "import duckdb, sys\n"
        f"c = duckdb.connect({str(tmp_path / 'm.last.duckdb')!r}, read_only=True)\n"
        "print('open', flush=True); sys.stdin.readline()\n"
        "print(c.execute('SELECT count(*), max(length(Status)) FROM raw.push').fetchall())\n"
    )
    reader = subprocess.Popen(  # noqa: S603  our own script
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == "open\n"
    with writing(tmp_path, "m") as store:
        store.execute("DELETE FROM raw.push")
        filled(store, 100_000)
        store.execute("DELETE FROM raw.push WHERE seq % 2 = 0")
    assert same(tmp_path)
    told, _ = reader.communicate("\n")
    assert told == "[(40000, 64)]\n"


@pytest.mark.parametrize("at", range(3))
def test_cut_off_while_it_is_brought_up_there_is_none_until_the_next_session(
    at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cut(BaseException):
        pass

    with writing(tmp_path, "m") as store:
        filled(store)
    path = tmp_path / "m.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("DELETE FROM raw.push WHERE seq % 2 = 0")
    written = [0]
    pwrite = os.pwrite

    def cut(*given: Any) -> int:
        written[0] += 1
        if written[0] > at:
            raise Cut
        return pwrite(*given)

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", cut)
        with pytest.raises(Cut):
            renew_copy(path)
    assert not (tmp_path / "m.last.duckdb").exists()
    with reading(tmp_path, "m") as store:  # the database itself
        assert store.value("SELECT count(*) FROM raw.push") == 20_000
    with writing(tmp_path, "m"):
        pass
    assert same(tmp_path)
    assert not (tmp_path / "m.half").exists()


def test_without_room_for_more_the_last_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(tmp_path, "m") as store:
        filled(store)
    before = (tmp_path / "m.last.duckdb").read_bytes()

    def full(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "posix_fallocate", full)
        patched.setattr(readers_copy.shutil, "copyfile", full)
        with writing(tmp_path, "m") as store:
            filled(store, 100_000)
    assert (tmp_path / "m.last.duckdb").read_bytes() == before
