"""The DAG, carried out by Airflow: three merchants against the sandbox, one of which fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fleetkit import fleet, tool
from shopkit import SECRETS, shop_world, write_shop

from engine.home import HOME
from engine.sandbox.server import serve

RUN_DAG = Path(__file__).with_name("run_dag.py")


def home_of(folder: Path) -> None:
    """What the folder of a fleet holds beside its merchants: the program, and variables by name."""
    program = folder / ".venv/bin/qliro-fortnox"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {HOME / "cli.py"} "$@"\n')
    program.chmod(0o755)
    for name in ("attention", "shop", "wrong"):
        lines = [f"{key}='{value}'\n" for key, value in SECRETS.items()]
        (folder / f"{name}.env").write_text("".join(lines if name != "wrong" else lines[1:]))


def carried_out(folder: Path) -> dict[str, Any]:
    python = tool("python", "airflow")
    environ = {key: value for key, value in os.environ.items() if key not in SECRETS} | {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "out"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONWARNINGS": "ignore",
    }
    migrate = [str(Path(python).with_name("airflow")), "db", "migrate"]
    subprocess.run(migrate, env=environ, check=True, capture_output=True)  # noqa: S603
    told = subprocess.run(  # noqa: S603
        [python, str(RUN_DAG), str(folder / "out")],
        env=environ, check=False, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr[-3000:]
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return found


def test_airflow_runs_each_merchant_and_one_that_fails_stops_no_other(tmp_path: Path) -> None:
    tool("python", "airflow")
    well, open_line = shop_world("fee_with_vat"), shop_world("ambiguous_same_reference")
    with serve(well) as running, serve(open_line) as other:
        for world in (well, open_line):
            world.clock.set(datetime.now(UTC))
        shop = write_shop(tmp_path, running.url)
        shop.with_name("wrong.yaml").write_text(shop.read_text())
        there = shop.read_text().replace(running.url, other.url)
        shop.with_name("attention.yaml").write_text(there)
        home_of(tmp_path)
        fleet(tmp_path, "airflow", "--home", str(tmp_path))
        told = carried_out(tmp_path)
    assert told["import_errors"] == {}
    assert told["schedule"] == "*/15 * * * *"
    assert (told["state"], told["tasks"]) == (
        "failed",
        {
            "attention: done, but items need a person": ["success", 1],
            "shop": ["success", 1],
            "wrong": ["failed", 1],
        },
    )
    assert well.made_payments
    assert told["codes"] == {
        "0": "hats",
        "1": "AirflowFailException: hats: failed; exit code 1.",
        "2": "AirflowFailException: hats: a file or an option is wrong; exit code 2.",
        "3": "hats: done, but items need a person",
        "75": "AirflowException: hats: try again later; exit code 75.",
        "139": "AirflowException: hats: ended unexpectedly; exit code 139.",
    }
