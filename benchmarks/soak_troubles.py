"""What befalls the shop of the soak: kills, lost answers, full disks, lost databases, old backups.

Each function lets one trouble happen around a run of ``life`` and counts it. Every so many days of
each stand in ``EVERY``; chance, by the life's seed, decides how and when within the run.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.errors import BusyError, NothingYetError
from engine.sandbox.world.faults import clear, fault_from, plan
from engine.store.backup import back_up, found_in, restore

if TYPE_CHECKING:
    from .soak import Life

# Of these backups one is restored; those before are deleted, as a shop would.
BACKUPS_KEPT = 3
# Bytes left on a full disk: two to the power of something between these.
LEFT: Final = (10, 23)
WRITTEN = ("orders", "invoices", "invoicepayments", "customers", "vouchers", "bookkeep", "v2")
ENDED: Final = (0, 1, 3, 75)


def killed_by_the_clock(life: Life) -> None:
    """A run that is killed at some moment."""
    process = life.started()
    try:
        process.wait(life.chance.uniform(0.2, max(1.0, life.took)))
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        life.happened["killed"] += 1
    process.communicate()
    life.wait_a_while()


def killed_at_a_request(life: Life) -> None:
    """A run that is killed when its answer is on the way, or its request was not read."""
    kind = life.chance.choice(("kill_before", "kill_after"))
    nth = life.chance.randint(1, max(2, life.orders * 2))
    plan(life.world, fault_from({"kind": kind, "nth": nth, "path": life.chance.choice(WRITTEN)}))
    code, _ = life.run(may_fail=True)
    clear(life.world)
    life.happened["killed"] += code < 0
    life.wait_a_while()


def answers_lost(life: Life) -> None:
    """Writes that are done, or not, and whose answers never come."""
    for kind in ("drop_after", "drop_before", "500_after", "truncated", "timeout_after"):
        path = life.chance.choice(WRITTEN)
        nth, method = life.chance.randint(1, life.orders), life.chance.choice(("POST", "PUT", None))
        fault = {"kind": kind, "path": path, "method": method, "nth": nth, "hold": 0.2}
        plan(life.world, fault_from(fault))
    life.run(may_fail=True)
    life.happened["answers lost"] += sum(one.seen >= one.fault.nth for one in life.world.faults)
    clear(life.world)
    life.wait_a_while()


def told_to_end(life: Life) -> None:
    """A run that is told to end, as by a restart of the machine."""
    process = life.started()
    with suppress(subprocess.TimeoutExpired):
        process.wait(life.chance.uniform(0.2, max(1.0, life.took)))
    process.terminate()
    life.ended(process, may_fail=True)
    life.happened["told to end"] += 1


def disk_full(life: Life) -> None:
    """A run over a disk that has next to nothing left."""
    with full(life.merchant.database.parent, int(2 ** life.chance.uniform(*LEFT))):
        code, _ = life.run(may_fail=True)
    life.happened["disk full"] += code not in (0, 3)
    life.wait_a_while()


def backed_up(life: Life) -> None:
    """A backup, now and then beside a run."""
    to, beside = life.folder / "backups", life.chance.random() < 0.5
    process = life.started() if beside else None
    if process is not None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(life.chance.uniform(0.2, max(1.0, life.took)))
    with suppress(BusyError, NothingYetError):
        back_up(life.merchant.database, "sandbox", to, life.clock.now(), "soak")
        life.happened["backed up"] += 1
    if process is not None:
        life.ended(process)
    for old in _backups(life)[:-BACKUPS_KEPT]:
        shutil.rmtree(old)


def older_restored(life: Life) -> None:
    """One of the last backups in place of the database."""
    if there := _backups(life):
        _restored(life, life.chance.choice(there))
        life.happened["older restored"] += 1


def database_lost(life: Life) -> None:
    """The database and all that lies beside it but the inbox and keys is gone; the newest backup is
    put back."""
    if there := _backups(life):
        for file in life.merchant.database.parent.glob(f"{life.merchant.name}*.duckdb*"):
            file.unlink()
        _restored(life, there[-1])
        life.happened["database lost"] += 1


def lost_without_backup(life: Life) -> None:
    """The database is gone, and no backup is there: all is fetched and found again."""
    for file in life.merchant.database.parent.glob(f"{life.merchant.name}*.duckdb*"):
        file.unlink()
    life.happened["lost without backup"] += 1


def _backups(life: Life) -> list[Path]:
    return sorted((life.folder / "backups" / life.merchant.name).glob("*Z"))


def _restored(life: Life, folder: Path) -> None:
    backup, where = found_in(folder, life.merchant.name)
    aside = restore(life.merchant.database, "sandbox", backup, where, life.clock.now())
    if aside is not None:
        for file in aside.parent.glob(f"{aside.name}*"):
            file.unlink()


EVERY: Final[Mapping[Callable[[Life], None], tuple[int, int]]] = {
    killed_by_the_clock: (9, 1),
    killed_at_a_request: (9, 5),
    answers_lost: (7, 3),
    told_to_end: (13, 6),
    backed_up: (10, 9),
    disk_full: (41, 40),
    older_restored: (61, 58),
    database_lost: (97, 95),
    lost_without_backup: (365, 45),
}


# -- a small file system ------------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A tmpfs at this folder; needs root, or ``unshare -rm`` before the command."""
    folder.mkdir(mode=0o700)
    _mount("-t", "tmpfs", "-o", "size=8g,mode=700", "tmpfs", str(folder))
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607


@contextmanager
def full(folder: Path, left: int) -> Iterator[None]:
    """The tmpfs with so many bytes left."""
    _mount("-o", f"remount,size={shutil.disk_usage(folder).used + left}", str(folder))
    try:
        yield
    finally:
        _mount("-o", "remount,size=8g", str(folder))


def _mount(*arguments: str) -> None:
    done = subprocess.run(  # noqa: S603
        ["mount", *arguments], check=False, capture_output=True, text=True  # noqa: S607
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"mount: {done.stderr.strip()} (root is needed, or `unshare -rm` in front)")
