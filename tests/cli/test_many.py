"""``run --all`` and ``status --all``: a process each, none stops another, one summary, one code."""

from __future__ import annotations

import shutil
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from shopkit import Cli, ended, start

from engine.commands.processes import Ended, Job, environment, exit_code, for_each
from engine.sandbox.server import Running


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
    assert (told.code, told.err) == (2, "")
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
    process = start(["run", "--all", "--jobs", "1", "--quiet", "--json"], tmp_path)
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


def job(name: str, code: str) -> Job:
    return Job(name, [sys.executable, "-S", "-c", code])


def carried_out(*jobs: Job, at_once: int = 2) -> tuple[list[Ended], list[tuple[str, str]]]:
    lines: list[tuple[str, str]] = []
    stop = threading.Event()
    ended = for_each(jobs, at_once, {}, stop, lambda *line: lines.append(line), lambda _: None)
    return ended, lines


def test_a_process_that_crashes_is_told_of() -> None:
    ended, lines = carried_out(
        job("killed", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
        job("mute", "import sys; print('no JSON'); print('a word', file=sys.stderr); sys.exit(9)"),
        job("well", "print('{\"posted\": []}')"),
    )
    assert [(one.name, one.code, one.error) for one in ended] == [
        ("killed", 1, "Killed by signal 9."),
        ("mute", 9, "It ended with code 9 and without a word."),
        ("well", 0, ""),
    ]
    assert lines == [("mute", "a word")]
    assert exit_code(ended) == 1


def test_a_process_that_cannot_be_started_is_told_of_and_stops_no_other() -> None:
    ended, _ = carried_out(
        Job("gone", ["/nowhere/at-all"]), job("well", "print('{\"posted\": []}')"), at_once=1
    )
    assert [(one.name, one.code) for one in ended] == [("gone", 1), ("well", 0)]
    assert ended[0].error == "It could not be started: No such file or directory."


def test_no_more_are_under_way_than_asked_for(tmp_path: Path) -> None:
    code = f"""
import os, time
open(f"{tmp_path}/{{os.getpid()}}", "w").close()
time.sleep(0.15)
print('{{"seen": ' + str(len(os.listdir("{tmp_path}"))) + '}}')
os.unlink(f"{tmp_path}/{{os.getpid()}}")
"""
    ended, _ = carried_out(*(job(str(n), code) for n in range(5)), at_once=2)
    assert max(one.told["seen"] for one in ended) == 2


@pytest.mark.parametrize(
    ("codes", "all_of_them"),
    [([], 0), ([0, 0], 0), ([0, 3], 3), ([3, 75], 75), ([75, 2], 2), ([2, 1, 0], 1), ([0, 9], 1)],
)
def test_the_gravest_code_is_that_of_all(codes: list[int], all_of_them: int) -> None:
    assert exit_code([Ended("x", code, 0.0) for code in codes]) == all_of_them


def test_options_are_not_taken_from_the_environment_twice() -> None:
    given = {"QLIRO_FORTNOX_RUN_ALL": "1", "QLIRO_FORTNOX_JSON": "1", "PATH": "/bin"}
    assert environment(given, "run") == {"QLIRO_FORTNOX_JSON": "1", "PATH": "/bin"}
