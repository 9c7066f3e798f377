"""``run --all`` and ``status --all``: a process each, none stops another, one summary, one code."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from shopkit import SECRETS, Cli, ended, start

from engine.commands.prepared import Prepared, is_possible
from engine.commands.processes import (
    UNSEEN,
    Ended,
    Job,
    Separate,
    Starter,
    environment,
    exit_code,
    for_each,
)
from engine.home import HOME
from engine.sandbox.server import Running
from engine.store.lock import lock_holder


@pytest.fixture
def shops(shop: Path, running: Running) -> Path:
    """Three merchants: one that works, one whose secret is not there, one whose file is broken."""
    running.world.clock.set(datetime.now(UTC))  # processes have the machine's clock
    text = shop.read_text()
    shop.with_name("anna.yaml").write_text(text.replace("FORTNOX_CLIENT_SECRET", "NOT_THERE"))
    shop.with_name("broken.yaml").write_text("version: 1\nname: [\n")
    return shop.parent


def test_one_that_fails_stops_no_other_and_all_are_summed_up(
    cli: Cli, shops: Path, monkeypatch: pytest.MonkeyPatch, running: Running
) -> None:
    monkeypatch.setenv("QLIRO_FORTNOX_RUN_JOBS", "2")
    told = cli("run", "--all", "--quiet")
    assert told.code == 2
    lines = told.out.splitlines()
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["anna", "invalid"],
        ["broken", "invalid"],
        ["shop", "needs"],
    ]
    assert "the environment variable NOT_THERE is not set" in lines[1]
    assert "not-yaml" in lines[2]
    world = running.world
    posted = len(world.made_payments) + len(world.made_vouchers)
    assert posted
    assert lines[3].split()[4] == str(posted)
    assert lines[-1] == "3 merchants, 0 of them ok."


def test_what_went_wrong_with_a_merchant_is_told_on_stderr_although_it_is_quiet(
    cli: Cli, shops: Path
) -> None:
    told = cli("status", "--all", "--quiet")
    assert told.code == 2
    (line,) = told.err.splitlines()
    assert re.match(r"broken: invalid after \d+ s: merchants/broken\.yaml:3:1: not-yaml: ", line)


def test_in_a_log_of_json_each_line_is_of_its_merchant_and_an_error_is_an_error(
    cli: Cli, shops: Path
) -> None:
    told = [json.loads(line) for line in cli("run", "--all", "--log", "json").err.splitlines()]
    ends = {one["merchant"]: one for one in told if " after " in one["message"]}
    assert {name: one["level"] for name, one in ends.items()} == {
        "anna": "error", "broken": "error", "shop": "info",
    }  # fmt: skip
    assert "the environment variable NOT_THERE is not set" in ends["anna"]["message"]
    assert ends["shop"]["message"].startswith("needs a person after ")


def test_status_of_all_has_a_line_and_a_result_for_each(cli: Cli, shops: Path) -> None:
    (shops / "broken.yaml").unlink()
    (shops / "anna.yaml").unlink()
    assert cli("run", "shop", "--quiet").code == 3
    shutil.copy(shops / "shop.yaml", shops / "new.yaml")
    told = cli("status", "--all", "--json", "--quiet")
    assert told.code == 3
    of = told.json["merchants"]
    assert (told.json["exit_code"], list(of)) == (3, ["new", "shop"])
    assert (of["new"]["exit_code"], of["new"]["result"]["payouts"]) == (0, [])
    assert of["shop"]["exit_code"] == 3
    assert "parked" in {one["state"] for one in of["shop"]["result"]["lines"]}


def test_one_merchant_or_all_of_them(cli: Cli, shops: Path) -> None:
    assert cli("run").err == "Run for whom? Name a merchant, or say --all for all.\n"
    both = cli("status", "shop", "--all")
    assert (both.code, both.err) == (2, "Status for whom? Name a merchant, or --all, not both.\n")
    told = cli("run", "--all", "--order", "7")
    assert told.err == (
        "Payouts and orders are those of one merchant. Name the merchant in place of --all.\n"
    )
    assert cli("run", "--all", "--merchants", "nowhere").err == (
        "There is no merchant in nowhere. Name the folder: --merchants\n"
    )


def test_sigterm_ends_all_of_them_cleanly(shops: Path, running: Running, tmp_path: Path) -> None:
    (shops / "broken.yaml").unlink()
    (shops / "anna.yaml").unlink()
    shutil.copy(shops / "shop.yaml", shops / "zoe.yaml")
    running.world.limits.latency_seconds = 0.3
    process = start(["run", "--all", "--jobs", "1", "--json"], tmp_path)
    end = time.monotonic() + 30
    while not running.world.journal:
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    told = ended(process)
    assert told.code == 75
    of = told.json["merchants"]
    assert "The run was told to end, and ended" in of["shop"]["result"]["error"]["message"]
    assert of["zoe"]["result"]["error"]["message"] == "Not begun: stopped."
    said = [line for line in told.err.splitlines() if "top" in line or "end" in line]
    assert [line.partition(" after")[0] for line in said] == [
        "Stopping", "shop: later", "zoe: later"
    ]  # each once, by the merchant or by what had started it


def test_one_that_is_killed_at_its_work_costs_no_other(
    shops: Path, running: Running, tmp_path: Path
) -> None:
    shutil.copy(shops / "shop.yaml", shops / "zoe.yaml")
    (shops / "anna.yaml").unlink()
    running.world.limits.latency_seconds = 0.3
    process = start(["run", "--all", "--jobs", "1", "--quiet", "--json"], tmp_path)
    end = time.monotonic() + 30
    while not running.world.journal:
        assert time.monotonic() < end
        time.sleep(0.02)
    running.world.limits.latency_seconds = 0
    holder = lock_holder(tmp_path / "state" / "shop.lock")
    assert holder
    os.kill(holder, signal.SIGKILL)
    told = ended(process)
    of = told.json["merchants"]
    assert {name: one["exit_code"] for name, one in of.items()} == {
        "broken": 2,
        "shop": 1,
        "zoe": 3,
    }
    assert of["shop"]["result"]["error"]["message"] == "Killed by signal 9."
    assert of["zoe"]["result"]["posted"]


@pytest.mark.skipif(not is_possible(), reason="Linux")
def test_a_prepared_process_has_one_thread_and_a_quiet_run_loads_nothing_more(
    cli: Cli, shop: Path, running: Running, tmp_path: Path
) -> None:
    cli("run", "shop", "--quiet")
    script = f"""
import os, sys
sys.path.insert(0, {str(HOME)!r})
from engine.commands import prepared
prepared.prepare()
assert len(os.listdir("/proc/self/task")) == 1
before = set(sys.modules)
from engine.commands import command, main
command.ended(main.commands, ["run", "shop", "--json", "--quiet"], "qliro-fortnox")
print(sorted(name for name in set(sys.modules) - before if name.startswith("engine.")))
"""
    command = [sys.executable, "-c", script]
    told = subprocess.run(  # noqa: S603
        command, cwd=tmp_path, env=os.environ | SECRETS, check=True, capture_output=True, text=True
    )
    assert told.stdout.splitlines()[-1] == "[]"


# A program whose one argument is code: prepared, or started anew each time.
PREPARED = f"""
import os, sys
sys.path.insert(0, {str(HOME)!r})
from engine.commands import prepared

def begin(listening):
    try:
        listening()
        exec(sys.argv[1])
    except SystemExit as end:
        os._exit(end.code)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)

prepared.prepare, prepared.begin = lambda: None, begin
prepared.serve(int(sys.argv[2]))
"""


def separate() -> Starter:
    return Separate({}, [sys.executable, "-S", "-c"])


def prepared() -> Starter:
    return Prepared({}, [sys.executable, "-c", PREPARED])


both = pytest.mark.parametrize(
    "starter",
    [separate, pytest.param(prepared, marks=pytest.mark.skipif(not is_possible(), reason="Linux"))],
)


def carried_out(
    starter: Callable[[], Starter], *codes: tuple[str, str], at_once: int = 2
) -> tuple[list[Ended], list[tuple[str, str]]]:
    lines: list[tuple[str, str]] = []
    jobs = [Job(name, [code]) for name, code in codes]
    stop = threading.Event()
    ended = for_each(
        jobs, at_once, starter(), stop, lambda *line: lines.append(line), lambda _: None
    )
    return ended, lines


WELL = "print('{\"posted\": []}')"


@both
def test_a_process_that_crashes_is_told_of(starter: Callable[[], Starter]) -> None:
    ended, lines = carried_out(
        starter,
        ("killed", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
        ("mute", "import sys; print('no JSON'); print('a word', file=sys.stderr); sys.exit(9)"),
        ("well", WELL),
    )
    assert [(one.name, one.code, one.error) for one in ended] == [
        ("killed", 1, "Killed by signal 9."),
        ("mute", 9, "It ended with code 9 and without a word."),
        ("well", 0, ""),
    ]
    assert lines == [("mute", "a word")]
    assert exit_code(ended) == 1


@pytest.mark.parametrize("starter", [Separate, Prepared])
def test_a_process_that_cannot_be_started_is_told_of(
    starter: Callable[[dict[str, str], list[str]], Starter],
) -> None:
    ended, _ = carried_out(lambda: starter({}, ["/nowhere/at-all"]), ("gone", WELL))
    assert [(one.name, one.code) for one in ended] == [("gone", 1)]
    assert ended[0].error == "It could not be started: No such file or directory."


@both
def test_no_more_are_under_way_than_asked_for(
    starter: Callable[[], Starter], tmp_path: Path
) -> None:
    code = f"""
import os, time
open(f"{tmp_path}/{{os.getpid()}}", "w").close()
time.sleep(0.15)
print('{{"seen": ' + str(len(os.listdir("{tmp_path}"))) + '}}')
os.unlink(f"{tmp_path}/{{os.getpid()}}")
"""
    ended, _ = carried_out(starter, *((str(n), code) for n in range(5)), at_once=2)
    assert max(one.told["seen"] for one in ended) == 2


# What one could leave behind for the next, and how the next would see it.
LEAVES = """
import decimal, fcntl, os, signal, sys, threading, time, warnings
found = {
    "handles": sorted(map(int, os.listdir("/proc/self/fd")))[:-1],  # the last lists them
    "mask": os.umask(0o022), "folder": os.getcwd(), "variable": os.environ.get("LEFT"),
    "digits": decimal.getcontext().prec, "warnings": len(warnings.filters),
    "module": hasattr(sys, "left"), "threads": threading.active_count(),
    "heard": str(signal.getsignal(signal.SIGTERM)), "blocked": len(signal.pthread_sigmask(0, ())),
    "session": os.getsid(0) == os.getpid(),
}
lock = open("PLACE", "w")
fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
os.umask(0), os.chdir("/"), os.environ.update(LEFT="1"), warnings.simplefilter("ignore")
decimal.getcontext().prec, sys.left = 3, True
signal.signal(signal.SIGTERM, signal.SIG_IGN)
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
sys.stdout.write(repr(found).replace("'", '"').replace("None", "null")
                 .replace("False", "false").replace("True", "true"))
"""


@both
def test_nothing_of_one_reaches_the_next(starter: Callable[[], Starter], tmp_path: Path) -> None:
    code = LEAVES.replace("PLACE", str(tmp_path / "lock"))
    ended, lines = carried_out(starter, *((str(n), code) for n in range(3)), at_once=1)
    assert (lines, {one.code for one in ended}) == ([], {0})
    first = ended[0].told
    assert (first["handles"], first["threads"], first["blocked"]) == ([0, 1, 2], 1, 0)
    assert first["session"]
    assert [one.told for one in ended] == [first] * 3


@both
def test_one_that_is_to_end_before_it_listens_is_to_be_tried_again(
    starter: Callable[[], Starter],
) -> None:
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    jobs = [Job("shop", ["import time; time.sleep(60)"]), Job("next", [WELL])]
    ended = for_each(jobs, 1, starter(), stop, lambda *_: None, lambda _: None)
    assert [(one.code, one.error) for one in ended] == [(75, "Not begun: stopped.")] * 2


@pytest.mark.skipif(not is_possible(), reason="Linux")
def test_where_what_starts_them_is_killed_one_is_lost_and_the_rest_goes_on() -> None:
    kill = "import os, signal; os.kill(os.getppid(), signal.SIGKILL); " + WELL
    ended, _ = carried_out(prepared, ("unseen", kill), ("well", WELL), ("more", WELL), at_once=1)
    assert [(one.code, one.error) for one in ended] == [(1, UNSEEN), (0, ""), (0, "")]


@pytest.mark.parametrize(
    ("codes", "all_of_them"),
    [([], 0), ([0, 0], 0), ([0, 3], 3), ([3, 75], 75), ([75, 2], 2), ([2, 1, 0], 1), ([0, 9], 1)],
)
def test_the_gravest_code_is_that_of_all(codes: list[int], all_of_them: int) -> None:
    assert exit_code([Ended("x", code, 0.0) for code in codes]) == all_of_them


def test_options_are_not_taken_from_the_environment_twice() -> None:
    given = {"QLIRO_FORTNOX_RUN_ALL": "1", "QLIRO_FORTNOX_JSON": "1", "PATH": "/bin"}
    assert environment(given, "run") == {"QLIRO_FORTNOX_JSON": "1", "PATH": "/bin"}
