"""Qliro to Fortnox: a task for each merchant, by what the exit code of its run means.

0 is done. 3 is done too, and the task's label says that items need a person. 75 (another run is
under way, a server is down) is tried again. 1 and 2 fail at once: trying again would change
nothing.

Written by `qliro-fortnox fleet airflow` for Airflow 3; the merchants are in the file beside it.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pendulum
from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from airflow.timetables.trigger import CronTriggerTimetable

FLEET = json.loads(Path(__file__).with_name("qliro_fortnox.json").read_text("utf-8"))
DONE, FAILED, INVALID, ATTENTION, LATER = 0, 1, 2, 3, 75
WHY = {FAILED: "failed", INVALID: "a file or an option is wrong", LATER: "try again later"}
# The merchant's name is an argument of the shell, never part of what it reads.
COMMAND = (
    'set -a; [ ! -e "$1.env" ] || . "./$1.env"; set +a; '
    'exec .venv/bin/qliro-fortnox run "$1" --merchants merchants'
)


class RunMerchant(BaseOperator):
    """A run of one merchant; SIGTERM ends it after its request in flight."""

    def __init__(self, *, merchant: str, **options: Any) -> None:
        super().__init__(**options)
        self.merchant = merchant
        self.hook = SubprocessHook()

    def execute(self, context: Any) -> str:
        context["told"] = self.merchant
        command = ["/bin/sh", "-c", COMMAND, "run", self.merchant]
        code = self.hook.run_command(command, cwd=FLEET["home"]).exit_code
        if code == ATTENTION:
            context["told"] = f"{self.merchant}: done, but items need a person"
            self.log.warning("%s. What, and how to decide it: the lines above.", context["told"])
        elif code in (FAILED, INVALID):
            raise AirflowFailException(f"{self.merchant}: {WHY[code]}; exit code {code}.")
        elif code != DONE:
            raise AirflowException(
                f"{self.merchant}: {WHY.get(code, 'ended unexpectedly')}; exit code {code}."
            )
        return str(context["told"])

    def on_kill(self) -> None:
        self.hook.send_sigterm()


with DAG(
    "qliro_fortnox",
    schedule=CronTriggerTimetable(FLEET["schedule"], timezone=FLEET["timezone"]),
    start_date=pendulum.datetime(2026, 1, 1, tz=FLEET["timezone"]),
    catchup=False,
    max_active_runs=1,
):
    RunMerchant.partial(
        task_id="run",
        map_index_template="{{ told }}",
        retries=3,
        retry_delay=timedelta(minutes=2),
        max_active_tis_per_dag=4,
    ).expand(merchant=FLEET["merchants"])
