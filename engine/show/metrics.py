"""Writes what a monitor reads of `run --all` and `status --all`, in Prometheus' text format.

Reads what became of each merchant's process; writes one file, whole or not at all, as the textfile
collector of node_exporter takes it. The names begin with the command, so that a file of each may
lie beside the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ..errors import UsageError
from ..plan.states import CLOSED


class Ended(Protocol):
    """What became of one merchant's process: the JSON that it printed is ``told``."""

    @property
    def name(self) -> str: ...
    @property
    def code(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def told(self) -> Mapping[str, Any]: ...


class Figure(NamedTuple):
    """One value: the metric, what its further labels say, and the value itself."""

    metric: str
    labels: tuple[str, ...]
    value: float


# What each metric tells, and its labels beside the merchant.
METRICS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "exit_code": ("How it ended: 0 well, 1 failed, 2 invalid, 3 needs a person, 75 later.", ()),
    "seconds": ("How long it took.", ()),
    "ended_timestamp_seconds": ("When all of them had ended.", ()),
    "attention": ("Items that need a person.", ()),
    "documents": ("What became of documents in this run.", ("result",)),
    "open_payouts": ("Payouts that are not closed.", ()),
    "lines": ("Lines of payouts that are not closed, by state.", ("state",)),
    "order_documents": ("Documents of orders that are not closed, by state.", ("state",)),
    "oldest_open_line_timestamp_seconds": (
        "The day of the oldest payout with a line that is open; absent where none is.", ()),
    "calls": ("Requests that were sent, those without an answer too.", ("api",)),
    "rate_limited_calls": ("Requests that were answered with 429.", ("api",)),
}  # fmt: skip


def refuse_unwritable(path: Path) -> None:
    """Raises UsageError, before anything is done, where the file can't be, or the official client
    that writes it is not installed."""
    if find_spec("prometheus_client") is None:
        raise UsageError(
            "--metrics needs the package prometheus-client, which is not installed.",
            "pip install 'qliro-fortnox[metrics]'",
        )
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}.", "Make it, or name another file.")


def write(path: Path, command: str, ended: Sequence[Ended], now: datetime) -> None:
    """Write the metrics of these. Raises UsageError where the file can't be written."""
    from prometheus_client import CollectorRegistry, Gauge, write_to_textfile  # noqa: PLC0415

    registry = CollectorRegistry()
    gauges = {
        name: Gauge(f"qliro_fortnox_{command}_{name}", text, ("merchant", *labels),
                    registry=registry)
        for name, (text, labels) in METRICS.items()
    }  # fmt: skip
    for one in ended:
        for figure in figures(one, now):
            gauges[figure.metric].labels(one.name, *figure.labels).set(figure.value)
    try:
        write_to_textfile(str(path), registry)
    except OSError as error:
        raise UsageError(
            f"{path} can't be written ({error.strerror}).", "Name another file: --metrics"
        ) from None


def figures(one: Ended, now: datetime) -> Iterator[Figure]:
    """All values of a merchant; of one that failed only how and when it ended."""
    told = one.told
    yield Figure("exit_code", (), one.code)
    yield Figure("seconds", (), round(one.seconds, 3))
    yield Figure("ended_timestamp_seconds", (), now.timestamp())
    if "attention" not in told:
        return
    yield Figure("attention", (), told["attention"])
    yield from _of_run(told) if "posted" in told else _of_status(told)


def _of_run(told: Mapping[str, Any]) -> Iterator[Figure]:
    for result in ("posted", "adopted", "refused", "undecided", "unknown"):
        yield Figure("documents", (result,), len(told[result]))
    for metric, key in (("lines", "lines"), ("order_documents", "orders")):
        for state, number in told[key].items():
            yield Figure(metric, (state,), number)
    for api, calls in told["calls"].items():
        yield Figure("calls", (api,), calls["sent"])
        yield Figure("rate_limited_calls", (api,), calls["rate_limited"])
    yield from _oldest([told["oldest_open_line"]] if told["oldest_open_line"] else [])


def _of_status(told: Mapping[str, Any]) -> Iterator[Figure]:
    yield Figure("open_payouts", (), sum(not one["closed"] for one in told["payouts"]))
    open_ = [one for one in told["lines"] if one["state"] not in CLOSED]
    for metric, items in (("lines", open_), ("order_documents", told["orders"]["open"])):
        for state, number in sorted(Counter(one["state"] for one in items).items()):
            yield Figure(metric, (state,), number)
    yield from _oldest([one["BatchDate"] for one in open_ if one["BatchDate"]])


def _oldest(days: Sequence[str]) -> Iterator[Figure]:
    if days:
        midnight = datetime.combine(date.fromisoformat(min(days)), time(), UTC)
        yield Figure("oldest_open_line_timestamp_seconds", (), midnight.timestamp())
