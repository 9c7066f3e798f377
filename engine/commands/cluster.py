"""A change judged for many merchants on a cluster of Dask: each merchant a task of its own.

Sends names of files, never their content: merchants' files, mappings and exported histories lie on
storage that the workers share. A worker opens what it reads inside its task, and gives back what it
found, or the error that a person can mend, as a value.
"""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import Exit, QliroFortnoxError, UnavailableError, UsageError
from ..merchant.load import load_merchant
from ..show import difference, failure
from ..show.differences import Compared
from ..workbench.diff.judged import judged
from ..workbench.history import exported_history
from .command import VERSION

# How long a scheduler may take to answer, and how often it is looked what has ended.
PATIENCE_SECONDS, LOOK_SECONDS = 10, 0.1


@dataclass(frozen=True, slots=True)
class Asked:
    """What a task is to compare: paths are absolute, and the same on every worker."""

    name: str
    file: str
    history: str
    before: str
    after: str
    program: str = VERSION


def judge(asked: Asked) -> Compared:
    """The task: one merchant compared, on a worker."""
    begun = time.monotonic()
    try:
        if asked.program != VERSION:
            raise UsageError(
                f"A worker has version {VERSION} of this program, and {asked.program} asked.",
                "Install the same version on all machines.",
            )
        merchant = load_merchant(Path(asked.file), {}, needs_secrets=False)
        with exported_history(Path(asked.history), merchant.name) as store:
            report = judged(store, merchant, asked.before, asked.after)
    except QliroFortnoxError as error:
        told = failure.as_data(error)
        return Compared(asked.name, int(error.exit_code), time.monotonic() - begun, told)
    code = Exit.ATTENTION if report.differing else Exit.OK
    return Compared(
        asked.name, int(code), time.monotonic() - begun, difference.data(report),
        difference.markdown(report), difference.html_page(report),
    )  # fmt: skip


def on_cluster(
    address: str,
    asked: Sequence[Asked],
    stop: threading.Event,
    on_end: Callable[[Compared], None],
    note: Callable[[str], None],
) -> list[Compared]:
    """What became of each task, in their order. Setting ``stop`` cancels what has not ended.

    Raises UsageError where Dask is not installed or the address is none, UnavailableError where no
    scheduler answers.
    """
    with closing(_client(address)) as client:
        if not client.scheduler_info()["workers"]:
            note(f"No worker has joined {address} yet; waiting for one.")
        # pure=False: with the same arguments a task is carried out again, not looked up.
        waiting = {one.name: client.submit(judge, one, pure=False) for one in asked}
        ended: dict[str, Compared] = {}
        while waiting and not stop.is_set() and client.status == "running":
            for name in [name for name, future in waiting.items() if future.done()]:
                ended[name] = _result(name, waiting.pop(name))
                on_end(ended[name])
            stop.wait(LOOK_SECONDS if waiting else 0)
        why = "Not finished: stopped." if stop.is_set() else f"{address} answers no more."
        for name, future in waiting.items():
            future.cancel()
            ended[name] = Compared(name, int(Exit.TRY_LATER), 0, _error(why))
            on_end(ended[name])
    return [ended[one.name] for one in asked]


def _client(address: str) -> Any:
    try:
        distributed = importlib.import_module("distributed")
    except ModuleNotFoundError:
        raise UsageError(
            "--on needs Dask, which is not installed.",
            "Install it: pip install 'qliro-fortnox[cluster]'",
        ) from None
    try:
        return distributed.Client(address, timeout=PATIENCE_SECONDS, set_as_default=False)
    except ValueError as error:
        raise UsageError(
            f"{address} is no address of a Dask scheduler ({error}).", "Write tcp://HOST:8786"
        ) from None
    except OSError:
        raise UnavailableError(
            f"No Dask scheduler answers at {address}.",
            "Start one (dask scheduler), or look at the address and the firewall.",
        ) from None


def _result(name: str, future: Any) -> Compared:
    """What a task gave back; or why it gave nothing back."""
    if future.cancelled():
        return Compared(name, int(Exit.TRY_LATER), 0, _error("It was cancelled at the scheduler."))
    error = future.exception()
    if error is None:
        found: Compared = future.result()
        return found
    if type(error).__name__ == "KilledWorker":
        told = "Each worker that began it died: too little memory, as a rule (--memory-limit)."
    else:
        told = f"{type(error).__name__}: {error}"
    return Compared(name, int(Exit.FAILED), 0, _error(told))


def _error(message: str) -> Mapping[str, Any]:
    return {"error": {"kind": "QliroFortnoxError", "message": message}}
