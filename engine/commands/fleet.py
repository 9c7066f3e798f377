"""The commands ``fleet …``: the files by which a scheduler runs each merchant of a folder."""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..show.output import Output
from .command import EXIT_CODES, FOLDER, Command, in_folder, option, shared

if TYPE_CHECKING:
    from ..fleet.merchants import Scheduled

HOME = "/srv/qliro-fortnox"


@click.group(epilog=EXIT_CODES)
def fleet() -> None:
    """Files for the scheduler that runs the merchants: systemd, Kubernetes or Airflow.

    Made of the folder of merchants. Write them again when a merchant comes or goes.
    """


def _options(command: Command) -> Command:
    decorated = command
    for one in (
        shared,
        in_folder,
        option("--out", "folder", type=FOLDER, required=True, metavar="FOLDER",
               help="Write the files there; what is there already is replaced."),
        option("--every", type=click.Choice(["5", "10", "15", "20", "30", "60", "1440"]),
               default="15", metavar="MINUTES",
               help="5, 10, 15, 20, 30, 60, or 1440 for each morning."),
    ):  # fmt: skip
        decorated = one(decorated)
    return decorated


_home = option("--home", default=HOME, metavar="PATH", help=(
    "The folder where it runs: with merchants/, .venv/ and a NAME.env for each merchant."
))  # fmt: skip


@fleet.command(epilog=EXIT_CODES)
@_home
@_options
def systemd(out: Output, home: str, every: str, folder: Path, merchants: Path) -> None:
    """A service, a timer for each merchant, and a target that starts them all."""
    from ..fleet import systemd as units
    from ..fleet.merchants import scheduled, states

    found = scheduled(merchants)
    made = units.files(found, int(every), home)
    _written(
        out, found, made, folder,
        f"Make {' and '.join(states(found, home))}, owned by the user qliro-fortnox. Copy the "
        "units into /etc/systemd/system, then:\nsystemctl daemon-reload && "
        f"systemctl enable --now {units.UNIT}.target",
        env=f"{home}/NAME.env",
    )  # fmt: skip


@fleet.command(epilog=EXIT_CODES)
@option("--image", required=True, metavar="NAME:TAG",
        help="The image that is made of the Dockerfile, as the cluster finds it.")  # fmt: skip
@_options
def kubernetes(out: Output, image: str, every: str, folder: Path, merchants: Path) -> None:
    """A CronJob and a volume for each merchant, and the Dockerfile of their image."""
    from ..fleet import kubernetes as manifests
    from ..fleet.merchants import scheduled

    found = scheduled(merchants)
    _written(
        out, found, manifests.files(found, int(every), image), folder,
        "Build the image in the folder that holds the folder merchants and a requirements.txt with "
        f"qliro-fortnox in it, then:\nkubectl apply -k {folder}",
        env="the secret qliro-fortnox-NAME",
    )  # fmt: skip


@fleet.command(epilog=EXIT_CODES)
@_home
@_options
def airflow(out: Output, home: str, every: str, folder: Path, merchants: Path) -> None:
    """A DAG for Airflow 3, with a mapped task for each merchant."""
    from ..fleet import airflow as dags
    from ..fleet.merchants import scheduled

    found = scheduled(merchants)
    _written(
        out, found, dags.files(found, int(every), home), folder,
        "Copy both files into Airflow's folder of DAGs. All workers that may take a task need "
        f"{home} on the same local disk: pin them by a queue.",
        env=f"{home}/NAME.env",
    )  # fmt: skip


def _written(
    out: Output, merchants: Sequence[Scheduled], files: Mapping[str, str], folder: Path,
    remedy: str, env: str,
) -> None:  # fmt: skip
    """Write the files, and tell which and what they need."""
    from ..fleet.written import write
    from ..show.page import Column, Table, Text, blank, count

    left = write(folder, click.get_current_context().info_name or "", files)
    for name in left:
        out.note(
            f"{folder / name} is of a merchant that is no more; delete it there and where it runs."
        )
    rows = [[one.name, ", ".join(one.variables) or "none"] for one in merchants]
    out.page(
        [
            Text(
                f"Wrote {count(len(files), 'file')} for {count(len(merchants), 'merchant')} "
                f"into {folder}."
            ),
            blank(),
            Table([Column("Merchant"), Column(f"Variables that {env} must hold")], rows),
            blank(),
            Text(remedy),
        ]
    )
    out.data(
        {
            "folder": str(folder),
            "files": list(files),
            "left": left,
            "merchants": {one.name: {"variables": list(one.variables)} for one in merchants},
        }
    )
