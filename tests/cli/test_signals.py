"""SIGTERM at any moment of a command: before its session is open, in it, while it closes, after it
is closed and when all is told. Two of them end it with 75, and nobody sees a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest
from shopkit import Cli

from engine import session as sessions
from engine.commands import signals
from engine.commands.opening import STOPPING, stopping
from engine.commands.processes import Job, Separate, for_each
from engine.errors import Exit
from engine.home import HOME
from engine.opened import RunReport, Session
from engine.sandbox.server import Running
from engine.scope import Scope
from engine.show.output import Output

# A command that is sent signals when it comes to a function of its own.
DRIVER = """
import importlib, os, signal, sys
sys.path.insert(0, {home!r})
from engine.start import main
owner, name = {place!r}.split(":")
owner = importlib.import_module(owner)
kept, many = getattr(owner, name), [{many}]
def sent(*args, **more):
    while many[0]:
        many[0] -= 1
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range({between}):
            pass
    return kept(*args, **more)
setattr(owner, name, sent)
sys.argv = ["qliro-fortnox", *{arguments!r}]
main()
"""
BEFORE = ("engine.commands.opening:load_merchant", "engine.session:load_mappings")
WITHIN = (
    "engine.session:sync_all",
    "engine.plan.build:make_plan",
    "engine.deliver.delivery:deliver",
)
CLOSING = ("engine.store.database:_finish", "engine.store.database:renew_copy")
AFTER = ("engine.commands.signals:leave",)


def sent(
    place: str, many: int, arguments: list[str], folder: Path, between: int = 1000
) -> tuple[int, str]:
    """Exit code and stderr of a command that gets so many signals at a place."""
    driver = DRIVER.format(
        home=str(HOME), place=place, many=many, arguments=arguments, between=between
    )
    ended = subprocess.run(  # noqa: S603  our own command line
        [sys.executable, "-c", driver],
        cwd=folder, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return ended.returncode, ended.stderr.strip()


def test_a_run_that_had_done_all_when_it_was_asked_to_end_tells_the_code_that_it_ends_with(
    cli: Cli, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked_at_last(session: Session, scope: Scope) -> RunReport:
        report = run(session, scope)
        session.stop.set()
        return report

    run = sessions.run
    monkeypatch.setattr(sessions, "run", asked_at_last)
    ran = cli("run", "shop", "--json")
    assert (ran.code, ran.json["exit_code"]) == (75, 75)


@pytest.mark.parametrize("place", [*BEFORE, *WITHIN, *CLOSING, *AFTER])
def test_two_signals_end_a_run_with_75_wherever_it_is(
    shop: Path, tmp_path: Path, running: Running, place: str
) -> None:
    running.world.clock.set(datetime.now(UTC))  # processes have the machine's clock
    code, err = sent(place, 2, ["run", "shop", "--quiet"], tmp_path)
    assert code == 75
    assert "Traceback" not in err
    assert "defect" not in err
    assert "Exception" not in err


def test_one_before_the_session_is_open_ends_it_and_one_within_lets_it_finish_what_it_is_at(
    shop: Path, tmp_path: Path, running: Running
) -> None:
    running.world.clock.set(datetime.now(UTC))
    assert sent(BEFORE[0], 1, ["run", "shop", "--quiet"], tmp_path) == (75, "Stopped.")
    code, err = sent(WITHIN[1], 1, ["run", "shop", "--quiet"], tmp_path)
    assert (code, err.splitlines()[0]) == (75, STOPPING)


# The signal comes while Python tidies a generator away, where nothing that is raised goes further.
TIDIED_AWAY = """
import os, signal, sys, time
sys.path.insert(0, {home!r})
from engine.commands import signals
signals.watch()
def generator():
    try:
        yield
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
one = generator()
next(one)
try:
    del one
    time.sleep(20)
    print("went on")
except KeyboardInterrupt:
    print(round(signal.getitimer(signal.ITIMER_REAL)[0]))
    signals.leave(0)
"""


def test_one_that_comes_while_something_is_tidied_away_ends_it_too() -> None:
    ended = subprocess.run(  # noqa: S603  our own code
        [sys.executable, "-c", TIDIED_AWAY.format(home=str(HOME))],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (75, "")
    assert float(ended.stdout) == signals.GRACE_SECONDS  # and the time for the rest runs anew


# The signal comes while DuckDB's driver begins, which calls Python and takes no exception from it.
LOADING = """
import enum, os, signal, sys, time
sys.path.insert(0, {home!r})
import engine.store
from engine.commands import signals
signals.watch()
kept = enum.EnumMeta.__call__
def sent(*args, **more):
    enum.EnumMeta.__call__ = kept
    os.kill(os.getpid(), signal.SIGTERM)
    return kept(*args, **more)
enum.EnumMeta.__call__ = sent
try:
    import engine.store.driver
    time.sleep(20)
    print("went on")
except KeyboardInterrupt:
    print(round(signal.getitimer(signal.ITIMER_REAL)[0]))
    signals.leave(0)
"""


def test_one_that_comes_while_a_module_is_loaded_ends_it_when_it_is() -> None:
    ended = subprocess.run(  # noqa: S603  our own code
        [sys.executable, "-c", LOADING.format(home=str(HOME))],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (75, "")
    assert float(ended.stdout) == signals.GRACE_SECONDS


@pytest.mark.parametrize("place", ["engine.doctor.lint:lint_merchant", "engine.show.findings:put"])
def test_a_command_without_a_session_is_ended_by_the_first(tmp_path: Path, place: str) -> None:
    folder = tmp_path / "merchants"
    folder.mkdir()
    text = (HOME / "merchants" / "demo.yaml").read_text("utf-8")
    (folder / "demo.yaml").write_text(text, "utf-8")
    assert sent(place, 1, ["lint", "demo"], tmp_path) == (75, "Stopped.")


def test_what_is_interrupted_may_say_so_in_its_own_words(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> NoReturn:
        raise RuntimeError("Query interrupted")  # as DuckDB does

    monkeypatch.setattr("engine.error_catalogue.read_catalogue", interrupted)
    assert cli("errors").code == Exit.FAILED
    monkeypatch.setattr(signals._PROCESS, "ending", True)
    told = cli("errors")
    assert (told.code, told.err) == (75, "Stopped.\n")
    told = cli("errors", "--json")
    assert (told.code, told.json["error"]["message"], told.err) == (75, "Stopped.", "")


def test_a_word_about_a_signal_is_told_even_while_another_is_being_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def busy(_out: Output, _text: str) -> NoReturn:
        raise RuntimeError("reentrant call")

    monkeypatch.setattr(Output, "complain", busy)
    stop = threading.Event()
    with stopping(Output(), stop):
        signal.raise_signal(signal.SIGTERM)
    assert stop.is_set()
    assert capfd.readouterr().err == f"{STOPPING}\n"


def test_a_process_of_many_that_ends_before_it_could_listen_is_to_be_tried_again(
    tmp_path: Path,
) -> None:
    stop = threading.Event()
    job = Job("shop", ["import time; print(flush=True); time.sleep(60)"])
    starter = Separate(os.environ, [sys.executable, "-c"])
    threading.Timer(0.5, stop.set).start()
    (ended,) = for_each([job], 1, starter, stop, lambda *_: None, lambda _: None)
    assert (ended.code, ended.error) == (75, "Not begun: stopped.")
