"""``diff --all --on``: a real scheduler and two workers, one of which is killed at its work."""

# ruff: noqa: PLC0415  where Dask is not installed, the tests that need it fail and no others

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from shopkit import Cli, ended, start

from engine.commands.cluster import Asked, judge
from engine.home import HOME
from engine.sandbox.server import Running

OVERLAY = (
    "version: 2\nmapping: payment\ndocument:\n"
    '  WriteOffs.fees.AccountNumber: "{{ settings.accounts.dispute }}"\n'
)
MERCHANTS = 6


@pytest.fixture
def asked(cli: Cli, shop: Path, running: Running, tmp_path: Path) -> list[str]:
    """Exported histories of six merchants that posted alike, one of which nothing is stored; and
    what is asked of them."""
    running.world.clock.set(datetime.now(UTC))  # processes have the machine's clock
    cli("run", "shop", "--quiet")
    state = tmp_path / "state"
    for n in range(1, MERCHANTS):
        shutil.copy(shop, shop.with_name(f"shop{n}.yaml"))
        shutil.copy(state / "shop.duckdb", state / f"shop{n}.duckdb")
    shutil.copy(shop, shop.with_name("anew.yaml"))
    histories = tmp_path / "histories"
    assert cli("export", "--all", "--parquet", str(histories), "--quiet").code == 0
    shutil.rmtree(state)
    over = tmp_path / "over"
    over.mkdir()
    (over / "payment.yaml").write_text(OVERLAY)
    return ["diff", "--all", "--merchants", str(shop.parent), "--history", str(histories),
            "--from", "working", "--to", f"{over}/", "--json"]  # fmt: skip


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, dict[str, subprocess.Popen[bytes]]]]:
    """The address of a scheduler, and its workers by their own addresses."""
    from distributed import Client

    known = tmp_path / "scheduler.json"
    environ = {**os.environ, "PYTHONPATH": str(HOME)}
    with ExitStack() as stack:
        def begin(*arguments: str) -> subprocess.Popen[bytes]:
            log = stack.enter_context((tmp_path / "dask.log").open("ab"))
            made = subprocess.Popen(  # noqa: S603  Dask's own command
                [sys.executable, "-m", "dask", *arguments, "--no-dashboard",
                 "--scheduler-file", str(known)],
                env=environ, stdout=log, stderr=log, cwd=tmp_path,
            )  # fmt: skip
            stack.callback(made.wait, 30)
            stack.callback(made.kill)
            return made

        begin("scheduler", "--host", "127.0.0.1", "--port", "0")
        until(lambda: known.exists() and known.read_text().endswith("}"))  # written whole
        address: str = json.loads(known.read_text())["address"]
        workers = [begin("worker", "--nthreads", "1", "--no-nanny", "--name", name)
                   for name in ("one", "two")]  # fmt: skip
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
            of = {info["name"]: where for where, info in client.scheduler_info()["workers"].items()}
        yield address, {of["one"]: workers[0], of["two"]: workers[1]}


def until(holds: Callable[[], Any], patience: float = 60) -> Any:
    """What holds in the end."""
    end = time.monotonic() + patience
    while not (found := holds()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)
    return found


def results(told: Any) -> dict[str, Any]:
    """What each merchant's comparison told, and the exit code of all."""
    return {
        "exit_code": told["exit_code"], "rules": told["rules"],
        **{name: one["result"] for name, one in told["merchants"].items()},
    }  # fmt: skip


def test_a_worker_that_is_killed_at_its_work_changes_nothing_of_the_answer(
    cli: Cli, asked: list[str], cluster: tuple[str, dict[str, subprocess.Popen[bytes]]],
    tmp_path: Path,
) -> None:  # fmt: skip
    from distributed import Client

    here = cli(*asked, "--quiet")
    assert here.code == 3, here.out + here.err
    address, workers = cluster
    running = start([*asked, "--on", address], tmp_path)
    with Client(address, set_as_default=False) as client:
        at_work = until(lambda: next((where for where, tasks in client.processing().items()
                                      if tasks), ""))  # fmt: skip
        workers[at_work].send_signal(signal.SIGKILL)
        until(lambda: at_work not in client.scheduler_info()["workers"])
    there = ended(running)
    assert there.code == 3, there.out + there.err
    assert results(there.json) == results(here.json)
    assert len(there.json["merchants"]) == MERCHANTS + 1
    assert there.json["merchants"]["shop"]["result"]["differing"] > 0
    assert there.json["merchants"]["anew"]["result"]["error"]["kind"] == "NothingYetError"


def test_without_a_scheduler_it_is_to_be_tried_later(cli: Cli, shop: Path, tmp_path: Path) -> None:
    asked = ("diff", "--all", "--from", "working", "--history", str(tmp_path))
    told = cli(*asked, "--on", "tcp://127.0.0.1:9")
    assert (told.code, told.err.partition("\n")[0]) == (75, (
        "No Dask scheduler answers at tcp://127.0.0.1:9. Start one (dask scheduler), or look at "
        "the address and the firewall."
    ))  # fmt: skip
    wrong = cli(*asked, "--on", "gopher://there")
    assert (wrong.code, "is no address of a Dask scheduler" in wrong.err) == (2, True)


def test_without_dask_it_says_what_to_install(
    cli: Cli, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    asked = ("diff", "--all", "--from", "working", "--history", str(tmp_path))
    told = cli(*asked, "--on", "tcp://x:1")
    assert (told.code, told.err) == (2, (
        "--on needs Dask, which is not installed. "
        "Install it: pip install 'qliro-fortnox[cluster]'\n"
    ))  # fmt: skip


def test_a_worker_of_another_version_compares_nothing(shop: Path, tmp_path: Path) -> None:
    told = judge(Asked("shop", str(shop), str(tmp_path), "working", "working", program="0.1"))
    assert told.code == 2
    assert "and 0.1 asked." in told.error["message"]
    assert told.error["remedy"] == "Install the same version on all machines."


def test_a_cluster_is_for_all_merchants_and_exported_histories(cli: Cli, shop: Path) -> None:
    told = cli("diff", "shop", "--from", "working", "--on", "tcp://127.0.0.1:9")
    assert told.err == (
        "A cluster compares exported histories, of all merchants of a folder. "
        "Say --all and --history with --on.\n"
    )
