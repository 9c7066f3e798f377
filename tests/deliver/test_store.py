"""The merchant's database: all or nothing, one writer, readers that stand in nobody's way."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from engine.errors import BusyError, UsageError
from engine.store import database as stores
from engine.store.database import in_memory, reading, writing

ROOT = Path(__file__).parents[2]
COUNT = "SELECT count(*) FROM raw.cursor"
COLUMNS = ("stream", "value", "noted_at")
ROW = ("s", "v", "2026-11-16 09:00:00+01")


def modes(folder: Path) -> dict[str, str]:
    return {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir()}


def elsewhere(text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The text as a Python program of its own."""
    return subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", text, *arguments], cwd=ROOT, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


# -- transactions ---------------------------------------------------------------------------------


def test_a_transaction_is_all_or_nothing() -> None:
    store = in_memory()

    def fail() -> None:
        with store.transaction():
            store.append("raw.cursor", [ROW], COLUMNS)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert store.value(COUNT) == 0
    with store.transaction():
        store.append("raw.cursor", [ROW], COLUMNS)
        with store.transaction():  # joins
            store.append("raw.cursor", [ROW], COLUMNS)
    assert store.value(COUNT) == 2


def test_an_error_of_the_database_is_told_as_it_is_and_the_store_goes_on() -> None:
    store = in_memory()
    with pytest.raises(duckdb.CatalogException), store.transaction():
        store.execute("SELECT * FROM nowhere")

    def spoil() -> None:
        with store.transaction():
            store.execute("ROLLBACK")
            store.execute("SELECT * FROM nowhere")

    with pytest.raises(duckdb.CatalogException):
        spoil()
    store.append("raw.cursor", [ROW], COLUMNS)
    assert store.value(COUNT) == 1


@pytest.mark.parametrize("inside", [True, False])
def test_rows_that_do_not_fit_leave_nothing_behind(inside: bool) -> None:
    store = in_memory()

    def add() -> None:
        rows = [ROW] * 1000 + [(None, "v", ROW[2])]
        if inside:
            with store.transaction():
                store.append("raw.cursor", rows, COLUMNS)
        else:
            store.append("raw.cursor", rows, COLUMNS)

    with pytest.raises(duckdb.ConstraintException):
        add()
    assert store.value(COUNT) == 0
    store.append("raw.cursor", [ROW], COLUMNS)
    assert store.value(COUNT) == 1


def test_a_write_while_rows_are_gone_through_does_not_end_them() -> None:
    store = in_memory()
    store.append("raw.cursor", [ROW] * 3, COLUMNS)
    for _ in store.rows("SELECT * FROM raw.cursor"):
        store.append("raw.cursor", [ROW], COLUMNS)
    assert store.value(COUNT) == 6


# -- one file, one writer -------------------------------------------------------------------------


def test_what_is_written_is_there_after_the_process_was_killed(tmp_path: Path) -> None:
    text = f"""
import os, signal, sys
from pathlib import Path
from engine.store.database import writing
with writing(Path(sys.argv[1]), "m") as store:
    for _ in range(5):
        store.append("raw.cursor", [{ROW!r}], {COLUMNS!r})
    with store.transaction():
        store.append("raw.cursor", [{ROW!r}], {COLUMNS!r})
        os.kill(os.getpid(), signal.SIGKILL)
"""
    assert elsewhere(text, str(tmp_path)).returncode == -signal.SIGKILL
    assert set(modes(tmp_path).values()) == {"0o600"}  # the log of the writes too
    with reading(tmp_path, "m") as store:
        assert store.value(COUNT) == 5
    with writing(tmp_path, "m") as store:  # the kernel has freed the lock
        assert store.value(COUNT) == 5


def test_every_file_is_this_users_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with writing(tmp_path / "state", "m") as store:
            store.append("raw.cursor", [ROW], COLUMNS)
            assert set(modes(tmp_path / "state").values()) == {"0o600"}
            assert "m.duckdb.wal" in modes(tmp_path / "state")
        assert modes(tmp_path / "state") == {
            "m.duckdb": "0o600", "m.last.duckdb": "0o600", "m.lock": "0o600", "cache": "0o700",
        }  # fmt: skip
        assert modes(tmp_path / "state" / "cache") == {"m.copy": "0o600"}
        assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
        (tmp_path / "other").touch()
        assert stat.S_IMODE((tmp_path / "other").stat().st_mode) == 0o644
    finally:
        os.umask(before)


def test_a_second_run_is_told_who_is_at_work_and_changes_nothing(tmp_path: Path) -> None:
    text = """
import sys
from pathlib import Path
from engine.errors import QliroFortnoxError
from engine.store.database import writing
try:
    with writing(Path(sys.argv[1]), "m"):
        print("written")
except QliroFortnoxError as error:
    print(int(error.exit_code), error)
"""
    with writing(tmp_path, "m") as store:
        store.append("raw.cursor", [ROW], COLUMNS)
        told = elsewhere(text, str(tmp_path)).stdout.strip()
    assert told == (
        f"75 Another run of m is under way (process {os.getpid()}); nothing was done. "
        "Try again when it has ended."
    )
    with writing(tmp_path, "m"):
        pass


def test_two_runs_in_one_process_do_not_pass_the_lock_either(tmp_path: Path) -> None:
    with writing(tmp_path, "m"), pytest.raises(BusyError), writing(tmp_path, "m"):
        pass


def test_another_merchant_is_not_in_the_way(tmp_path: Path) -> None:
    with writing(tmp_path, "m"), writing(tmp_path, "n") as store:
        assert store.value(COUNT) == 0


def test_a_foreign_program_in_the_database_is_a_sentence(tmp_path: Path) -> None:
    with writing(tmp_path, "m"):
        pass
    text = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""
    program = subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-c", text, str(tmp_path / "m.duckdb")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert program.stdout is not None
        assert program.stdout.readline() == "open\n"
        told = "Another program has the database of m open"
        with pytest.raises(BusyError, match=told), writing(tmp_path, "m"):
            pass
    finally:
        program.communicate("")
    with writing(tmp_path, "m"):
        pass


def test_what_is_no_database_is_a_sentence_for_writers_and_readers(tmp_path: Path) -> None:
    (tmp_path / "m.duckdb").write_bytes(b"something else " * 1000)
    for opened in (writing, reading):
        told = "not a database that this version can read"
        with pytest.raises(UsageError, match=told), opened(tmp_path, "m"):
            pass


@pytest.mark.parametrize("statement", ["BEGIN", "SELECT * FROM nowhere"])
def test_an_error_in_a_run_is_told_as_it_is_and_the_next_run_can_open(
    tmp_path: Path, statement: str
) -> None:
    def fail() -> None:
        with writing(tmp_path, "m") as store:
            store.append("raw.cursor", [ROW], COLUMNS)
            store.connection.execute("BEGIN")
            with suppress(duckdb.Error):
                store.connection.execute(statement)
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fail()
    with writing(tmp_path, "m") as store:
        assert store.value(COUNT) == 1


# -- readers --------------------------------------------------------------------------------------


def test_readers_see_the_last_finished_run_while_another_is_under_way(tmp_path: Path) -> None:
    with writing(tmp_path, "m") as store:
        store.append("raw.cursor", [ROW], COLUMNS)
    text = f"""
import sys
from pathlib import Path
from engine.store.database import reading
with reading(Path(sys.argv[1]), "m") as store:
    print(store.value({COUNT!r}))
"""
    with writing(tmp_path, "m") as store:
        store.append("raw.cursor", [ROW], COLUMNS)
        assert elsewhere(text, str(tmp_path)).stdout.strip() == "1"
    assert elsewhere(text, str(tmp_path)).stdout.strip() == "2"


def test_a_reader_keeps_no_run_from_starting(tmp_path: Path) -> None:
    with writing(tmp_path, "m") as store:
        store.append("raw.cursor", [ROW], COLUMNS)
    text = """
import sys
from pathlib import Path
from engine.store.database import writing
with writing(Path(sys.argv[1]), "m"):
    print("written")
"""
    with reading(tmp_path, "m") as store:
        assert elsewhere(text, str(tmp_path)).stdout.strip() == "written"
        assert store.value(COUNT) == 1


def test_readers_during_the_very_first_run_are_told_to_wait(tmp_path: Path) -> None:
    text = """
import sys
from pathlib import Path
from engine.errors import BusyError
from engine.store.database import reading
try:
    with reading(Path(sys.argv[1]), "m"):
        print("read")
except BusyError as error:
    print(error)
"""
    with writing(tmp_path, "m"):
        told = elsewhere(text, str(tmp_path)).stdout.strip()
    assert told == "The first run of m is under way. Ask again when it has ended."


def test_readers_without_a_database_are_told_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no database"), reading(tmp_path, "m"):
        pass


def test_a_full_disk_does_not_spoil_a_finished_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stores.shutil, "copyfile", full)
    with writing(tmp_path, "m") as store:
        store.append("raw.cursor", [ROW], COLUMNS)
    with reading(tmp_path, "m") as store:
        assert store.value(COUNT) == 1


# -- hardened -------------------------------------------------------------------------------------


def test_no_sql_reaches_a_file_or_an_extension(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a\n1\n")
    with writing(tmp_path, "m") as store:
        pass
    for opened in (writing, reading):
        with opened(tmp_path, "m") as store:
            for statement in (
                f"SELECT * FROM read_csv('{tmp_path / 'x.csv'}')",
                f"COPY (SELECT 1) TO '{tmp_path / 'y.csv'}'",
                f"ATTACH '{tmp_path / 'z.duckdb'}'",
                "SET enable_external_access = true",
                "LOAD httpfs",
                "INSTALL httpfs",
            ):
                with pytest.raises(duckdb.Error):
                    store.execute(statement)
    assert not (tmp_path / "y.csv").exists()


def test_the_zone_is_swedens_whatever_the_machines() -> None:
    store = in_memory()
    assert store.value("SELECT current_setting('TimeZone')") == "Europe/Stockholm"
