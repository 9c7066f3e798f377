"""Airflow: a DAG with a mapped task for each merchant, and what it reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from .merchants import DAY, HOUR, ZONE, Scheduled

DAG, FLEET = "qliro_fortnox.py", "qliro_fortnox.json"


def files(merchants: Sequence[Scheduled], every: int, home: str) -> Mapping[str, str]:
    """The files for Airflow's folder of DAGs. ``home`` has merchants/ and .venv/ where tasks run,
    and a NAME.env for each merchant."""
    schedule = (
        f"0 {HOUR} * * *" if every == DAY else "0 * * * *" if every == 60 else f"*/{every} * * * *"
    )
    told = {
        "schedule": schedule,
        "timezone": ZONE,
        "home": home,
        "merchants": [one.name for one in merchants],
    }
    dag = Path(__file__).with_name("dag.py").read_text("utf-8")
    return {DAG: dag, FLEET: f"{json.dumps(told, indent=2)}\n"}
