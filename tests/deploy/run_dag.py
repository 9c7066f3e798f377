"""Run by Airflow's Python: carries out the DAG of a folder once, and prints what became of it.

Also what the operator raises for each exit code, as Airflow decides by it whether to try again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

from airflow.dag_processing.dagbag import DagBag


class Told(NamedTuple):
    exit_code: int
    output: str = ""


class Hook:
    """Stands for the process."""

    def __init__(self, code: int) -> None:
        self.code = code

    def run_command(self, command: list[str], cwd: str) -> Told:
        return Told(self.code)


def raised(operator_class: Any, code: int) -> str:
    operator = operator_class(task_id=f"run_{code}", merchant="hats")
    operator.hook = Hook(code)
    context: dict[str, Any] = {}
    try:
        return str(operator.execute(context))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def main(folder: Path) -> None:
    bag = DagBag(str(folder))
    dag = bag.dags["qliro_fortnox"]
    task = dag.task_dict["run"]
    told: dict[str, Any] = {
        "import_errors": bag.import_errors,
        "schedule": dag.timetable.summary,
        "codes": {code: raised(task.operator_class, code) for code in (0, 1, 2, 3, 75, 139)},
    }
    run = dag.test()
    told["state"] = str(run.state)
    told["tasks"] = {
        one.rendered_map_index: [str(one.state), one.try_number] for one in run.get_task_instances()
    }
    sys.stdout.write(f"\n{json.dumps(told)}\n")


main(Path(sys.argv[1]))
