"""An odd machine: names that are not UTF-8, streams that take nothing, certificates that are not
there, a database, its copy or its lock that something happened to. Each is a sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engine.errors import BusyError, UsageError
from engine.home import HOME
from engine.merchant.secrets import resolve
from engine.show.output import Output, text_as_it_is
from engine.store.database import reading, writing
from engine.store.lock import lock_holder
from engine.transport import http
from engine.yamlfile import parse

COMMAND = [sys.executable, str(HOME / "cli.py")]
FULL = Path("/dev/full")
CAFE = b"caf\xe9"  # as an older system writes café


def told(
    arguments: list[str | bytes], folder: Path, shell: str = "", **environ: str | bytes
) -> tuple[int, str, str]:
    """Exit code and streams of a command; ``shell`` are redirections."""
    kept = {**os.environb, **{k.encode(): os.fsencode(v) for k, v in environ.items()}}
    command: list[Any] = [*COMMAND, *arguments]
    if shell:
        command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
    ended = subprocess.run(command, cwd=folder, env=kept, capture_output=True, check=False)  # noqa: S603
    assert b"Traceback" not in ended.stderr
    assert b"defect of qliro-fortnox" not in ended.stdout + ended.stderr
    return ended.returncode, ended.stdout.decode("latin-1"), ended.stderr.decode("latin-1")


# Names and arguments ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "arguments",
    [["lint", CAFE], ["status", "demo", "--payout", CAFE], [CAFE], ["explain", "demo", CAFE]],
)
def test_an_argument_that_is_not_utf_8_is_told_as_it_is(
    tmp_path: Path, arguments: list[Any]
) -> None:
    code, out, err = told(arguments, tmp_path)
    assert (code, out) == (2, "")
    assert err == (
        "'caf\\xe9' is not UTF-8 text. Write it in UTF-8; a file or folder of such a name has to "
        "be renamed.\n"
    )


def test_so_is_a_variable_that_stands_for_one_and_as_json(tmp_path: Path) -> None:
    code, out, _ = told(["lint", "--all", "--json"], tmp_path, QLIRO_FORTNOX_MERCHANTS=CAFE)
    assert code == 2
    assert json.loads(out)["error"]["message"] == "'caf\\xe9' is not UTF-8 text."


def test_a_folder_whose_name_is_not_utf_8_is_told_before_a_database_is_made_there(
    tmp_path: Path,
) -> None:
    folder = tmp_path / os.fsdecode(CAFE)
    (folder / "merchants").mkdir(parents=True)
    text = (HOME / "merchants" / "demo.yaml").read_text("utf-8")
    (folder / "merchants" / "demo.yaml").write_text(text, "utf-8")
    assert told(["lint", "demo"], folder)[0] == 0
    code, _, err = told(["status", "demo"], folder)
    assert code == 2
    assert "The path of the database is not UTF-8 text: " in err
    assert "caf\\xe9/state/demo.duckdb. Rename the folder" in err
    assert not (folder / "state").exists()


def test_a_secret_that_is_not_utf_8_is_a_finding_that_does_not_show_it() -> None:
    file = parse("a: {env: KEY}\n", "shop.yaml")
    found, _, (missing,) = resolve(file, [("a",)], {"KEY": os.fsdecode(CAFE)})
    assert not found
    assert str(missing) == (
        "shop.yaml:1:4: missing-secret: a: the environment variable KEY is not UTF-8 text. Set it "
        "as UTF-8: export KEY=…"
    )


def test_a_text_is_told_byte_by_byte_only_where_it_is_not_utf_8() -> None:
    assert text_as_it_is("café") is None
    assert text_as_it_is(os.fsdecode(CAFE)) == "caf\\xe9"


# Streams ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("closed", "more"), [(">&-", []), (">&-", ["--json"]), ("2>&-", []), (">&- 2>&- <&-", [])]
)
def test_a_closed_stream_changes_no_exit_code(
    tmp_path: Path, closed: str, more: list[str | bytes]
) -> None:
    assert told(["errors", *more], tmp_path, closed)[0] == 0
    assert told(["lint", "nobody", *more], tmp_path, closed)[0] == 2


@pytest.mark.skipif(not FULL.exists(), reason="the system has no full device")
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_where_an_error_does_not_fit_its_exit_code_is_its_own(
    tmp_path: Path, more: list[str | bytes]
) -> None:
    code, _, err = told(["lint", "nobody", *more], tmp_path, f"> {FULL}")
    assert code == 2
    assert err.startswith("There is no merchant 'nobody' in merchants.")
    assert told(["lint", "nobody", *more], tmp_path, f"> {FULL} 2> {FULL}")[0] == 2
    assert told(["lint", "--nope", *more], tmp_path, f"> {FULL} 2> {FULL}")[0] == 2
    assert told(["errors", *more], tmp_path, f"> {FULL} 2> {FULL}")[0] == 1
    assert told(["--help"], tmp_path, f"> {FULL}")[0] == 1


def test_a_stream_that_is_open_to_read_only_is_told(tmp_path: Path) -> None:
    code, _, err = told(["errors"], tmp_path, "1< /dev/null")
    assert code == 1
    assert err == (
        "What was to be told can't be written (Bad file descriptor). Look at where the output "
        "goes; what is written down is whole.\n"
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_of_another_encoding_gets_what_it_has_and_json_stays_json(
    tmp_path: Path, encoding: str
) -> None:
    code, out, err = told(["lint", "\u0142\u00e5\u2192"], tmp_path, PYTHONIOENCODING=encoding)
    assert (code, out) == (2, "")
    assert err.startswith("There is no merchant '\\u0142")
    arguments: list[str | bytes] = ["lint", "\u0142\u00e5\u2192", "--json"]
    code, out, _ = told(arguments, tmp_path, PYTHONIOENCODING=encoding)
    assert "'\u0142\u00e5\u2192'" in json.loads(out)["error"]["message"]
    assert out.isascii()


def test_a_page_on_such_a_terminal_has_question_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/null").open("w", encoding="ascii") as null:
        monkeypatch.setattr(sys, "stdout", null)
        Output().line('{"name": "Ż \U0001f600"}')
        from engine.show.page import Text  # noqa: PLC0415

        Output().page([Text("Żółw → 5")])


def test_a_folder_that_has_gone_meanwhile_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = ["sh", "-c", f'cd {gone} && rmdir {gone} && exec "$@"', "sh", *COMMAND, "lint", "x"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert (ended.returncode, ended.stderr) == (
        2, "The folder that this was called in is gone. Change to one.\n",
    )  # fmt: skip


# Certificates and proxies -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("holds", "why"),
    [(None, "No such file or directory"), (b"", "it holds none"), (b"no pem", "it holds none")],
)
def test_certificates_that_are_named_and_not_there_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, holds: bytes | None, why: str
) -> None:
    path = tmp_path / "trusted.pem"
    if holds is not None:
        path.write_bytes(holds)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(UsageError) as refused:
        http.trusted.__wrapped__()
    assert str(refused.value) == (
        f"The certificates in {path}, which SSL_CERT_FILE names, can't be read ({why}). Correct "
        "SSL_CERT_FILE, or unset it to trust the usual ones."
    )


@pytest.mark.parametrize("proxy", ["ftp://name:password@x", "http://[::1", "socks5://localhost:1"])
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(UsageError) as refused:
        http.nobody("fortnox", "https://example.invalid", Any)  # type: ignore[arg-type]
    assert str(refused.value) == (
        "HTTPS_PROXY names no proxy that can be used. Write http://host:port, or unset it."
    )


# The database -------------------------------------------------------------------------------------
ROWS = """
INSERT INTO raw.cursor (stream, value, noted_at) SELECT 'x', i, now() FROM range(90000) AS t(i)
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A database with some thousand rows, and its copy for readers."""
    folder = tmp_path / "state"
    with writing(folder, "shop") as store:
        store.execute(ROWS)
    return folder


def spoil(path: Path, at: float = 0.5, size: int = 64) -> None:
    """Write over some bytes in the middle of a file, whose age stays."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    first = int(len(content) * at)
    content[first : first + size] = bytes(255 - one for one in content[first : first + size])
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def all_rows(store: Any) -> int:
    return int(store.value("SELECT sum(hash(value) % 7) FROM raw.cursor"))


def spoiled(path: Path, *, opens: bool) -> None:
    """Spoil a block that is read when the file is opened, or one of the rows: it is looked for."""
    good, before = path.read_bytes(), path.stat()
    for step in range(1, 60):
        path.write_bytes(good)
        spoil(path, step / 60)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        opened = False
        try:
            with duckdb.connect(str(path), read_only=True) as connection:
                opened = True
                connection.execute("SELECT sum(hash(value) % 7) FROM raw.cursor").fetchall()
        except duckdb.Error as error:
            if "Corrupt" in str(error) and opened == opens:
                return
    pytest.fail("no such block was found")


@pytest.mark.parametrize("opens", [True, False])
def test_a_database_that_is_damaged_is_told_and_its_last_good_copy_is_kept(
    state: Path, opens: bool
) -> None:
    path, copy = state / "shop.duckdb", state / "shop.last.duckdb"
    good = copy.read_bytes()
    spoiled(path, opens=opens)
    with pytest.raises(UsageError) as refused, writing(state, "shop") as store:
        all_rows(store)
    assert str(refused.value) == (
        f"{path} is damaged: what is in it is not what was written to it. Restore it from a backup "
        f"({copy} is as the last finished run left it), or move it away and sync again."
    )
    assert copy.read_bytes() == good


def test_a_copy_that_is_damaged_is_told_as_that_and_a_run_makes_it_anew(state: Path) -> None:
    path, copy = state / "shop.duckdb", state / "shop.last.duckdb"
    spoiled(copy, opens=True)
    with pytest.raises(UsageError) as refused, reading(state, "shop") as store:
        all_rows(store)
    assert str(refused.value) == (
        f"{copy}, the copy for readers, is damaged; nothing is lost. It was removed: ask again. "
        "The next run makes it anew."
    )
    with reading(state, "shop") as store:
        assert all_rows(store)
    with writing(state, "shop") as store:
        store.execute("DELETE FROM raw.cursor WHERE value = '1'")
    with reading(state, "shop") as store:
        assert all_rows(store)
    assert path.exists()


@pytest.mark.parametrize("content", [b"", b"no database", b"\0" * 5000])
def test_a_copy_that_is_none_is_passed_over(state: Path, content: bytes) -> None:
    copy = state / "shop.last.duckdb"
    copy.write_bytes(content)
    with reading(state, "shop") as store:
        assert all_rows(store)
    with writing(state, "shop"), pytest.raises((BusyError, UsageError)), reading(state, "shop"):
        pass


@pytest.mark.parametrize("content", [b"", b"no database", b"\0" * 5000])
def test_a_file_that_is_no_database_is_told_and_not_begun_anew(state: Path, content: bytes) -> None:
    path = state / "shop.duckdb"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is not a database that this version can read"), writing(
        state, "shop"
    ):
        pass
    assert path.read_bytes() == content
    assert (state / "shop.last.duckdb").stat().st_size > 5000


def test_a_word_that_holds_lock_is_no_lock(state: Path) -> None:
    (state / "shop.duckdb").write_bytes((state / "shop.duckdb").read_bytes()[:20_000])
    with pytest.raises(UsageError), writing(state, "shop") as store:
        all_rows(store)


# The lock -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"-1", b"0", b"1e3", b"9" * 5000, b"99999999999", b"12 34", b"abc\n"],
)
def test_a_lock_that_names_no_process_is_nobodys(state: Path, content: bytes) -> None:
    lock = state / "shop.lock"
    lock.write_bytes(content)
    assert lock_holder(lock) is None
    with writing(state, "shop"):
        assert lock_holder(lock) == os.getpid()
        lock.write_bytes(content)
        with pytest.raises(BusyError, match=r"is under way \(process unknown\)"), writing(
            state, "shop"
        ):
            pass


def test_a_lock_that_is_no_file_is_told(state: Path) -> None:
    lock = state / "shop.lock"
    lock.unlink()
    lock.mkdir()
    assert lock_holder(lock) is None
    with pytest.raises(UsageError) as refused, writing(state, "shop"):
        pass
    assert str(refused.value) == (
        f"{lock} is to be the lock of shop's runs, and is no file. Move it away."
    )
