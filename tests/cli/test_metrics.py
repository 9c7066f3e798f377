"""``--metrics`` of ``run --all`` and ``status --all``, read as a monitor reads it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from shopkit import Cli

from engine.sandbox.server import Running

parser = pytest.importorskip("prometheus_client.parser", reason="prometheus-client is missing")


def read(file: Path) -> dict[tuple[str, ...], float]:
    """The values by metric, merchant and what the further labels say."""
    return {
        (one.name, one.labels.pop("merchant"), *one.labels.values()): one.value
        for family in parser.text_string_to_metric_families(file.read_text())
        for one in family.samples
    }


@pytest.fixture
def two(shop: Path, running: Running) -> None:
    """One merchant that works, one whose secret is not there."""
    running.world.clock.set(datetime.now(UTC))
    broken = shop.read_text().replace("FORTNOX_CLIENT_SECRET", "NOT_THERE")
    shop.with_name("broken.yaml").write_text(broken)


@pytest.mark.usefixtures("two")
def test_a_monitor_reads_how_each_ended_what_was_posted_and_what_is_open(
    cli: Cli, tmp_path: Path, running: Running
) -> None:
    file = tmp_path / "run.prom"
    assert cli("run", "--all", "--quiet", "--metrics", str(file)).code == 2
    run = read(file)
    assert run["qliro_fortnox_run_exit_code", "broken"] == 2
    assert run["qliro_fortnox_run_exit_code", "shop"] == 3
    assert ("qliro_fortnox_run_attention", "broken") not in run
    world = running.world
    posted = len(world.made_payments) + len(world.made_vouchers)
    assert run["qliro_fortnox_run_documents", "shop", "posted"] == posted
    asked = sum(not one.path.startswith("/oauth") for one in world.journal)
    calls = [value for key, value in run.items() if key[0] == "qliro_fortnox_run_calls"]
    assert sum(calls) == asked
    assert run["qliro_fortnox_run_rate_limited_calls", "shop", "fortnox"] == 0

    file = tmp_path / "status.prom"
    assert cli("status", "--all", "--quiet", "--metrics", str(file)).code == 3
    status = read(file)
    parked = run["qliro_fortnox_run_lines", "shop", "parked"]
    assert parked
    assert status["qliro_fortnox_status_lines", "shop", "parked"] == parked
    oldest = "oldest_open_line_timestamp_seconds"
    assert (
        status[f"qliro_fortnox_status_{oldest}", "shop"]
        == run[f"qliro_fortnox_run_{oldest}", "shop"]
    )
    assert not any(one.suffix == ".half" or ".tmp" in one.name for one in tmp_path.iterdir())


def test_a_file_that_cannot_be_is_refused_before_anything_is_done(
    cli: Cli, shop: Path, running: Running, tmp_path: Path
) -> None:
    shutil.copy(shop, shop.with_name("other.yaml"))
    refused = cli("run", "--all", "--metrics", str(tmp_path / "nowhere" / "a.prom"))
    assert (refused.code, "There is no folder" in refused.err) == (2, True)
    assert running.world.journal == []
    alone = cli("run", "shop", "--metrics", str(tmp_path / "a.prom"))
    assert (alone.code, "Say --all with it." in alone.err) == (2, True)
