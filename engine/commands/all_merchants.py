"""What `run` and `status` have in common for many merchants: the option --all, and one summary.

Reads the folder of merchants and what each process told; shows a line for each, and ends with one
exit code.
"""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..clock import SystemClock
from ..errors import Exit, UsageError
from ..show.output import Output
from ..show.page import Cell, Column, Page, Table, Text, blank, count
from .command import FILE, Command, MerchantName, in_folder, option, refuse_idle_jobs, shared

if TYPE_CHECKING:
    from .processes import Ended

RESULTS: Mapping[int, Cell] = {
    0: ("ok", "green"),
    1: ("failed", "red"),
    2: ("invalid", "red"),
    3: ("needs a person", "yellow"),
    75: ("later", "yellow"),
}
Told = Mapping[str, Any]
# The figures of a summary: the title of each, and how it is counted in what a process told.
RUN: Mapping[str, Callable[[Told], int]] = {
    "Posted": lambda told: len(told["posted"]),
    "Adopted": lambda told: len(told["adopted"]),
    "For a person": lambda told: told["attention"],
}
STATUS: Mapping[str, Callable[[Told], int]] = {
    "Open payouts": lambda told: sum(not one["closed"] for one in told["payouts"]),
    "Waiting": lambda told: _in_state(told, "waiting"),
    "Parked": lambda told: _in_state(told, "parked"),
    "For a person": lambda told: told["attention"],
}


def or_all(figures: Mapping[str, Callable[[Told], int]]) -> Callable[[Command], Command]:
    """Gives a command MERCHANT, or --all and --jobs; with these it is called for every merchant of
    the folder, each in a process of its own, and ``figures`` are summed up."""

    def given(command: Command) -> Command:
        @functools.wraps(command)
        def chosen(
            out: Output,
            *,
            merchant: str | None,
            merchants: Path,
            everything: bool,
            jobs: int,
            metrics: Path | None,
            **options: Any,
        ) -> Any:
            name = click.get_current_context().info_name or ""
            if (merchant is None) != everything:
                both = "or --all, not both" if everything else "or say --all for all"
                raise UsageError(f"{name.capitalize()} for whom?", f"Name a merchant, {both}.")
            if merchant is not None:
                if metrics:
                    raise UsageError("--metrics tells of all merchants.", "Say --all with it.")
                refuse_idle_jobs(everything=False)
                return command(out, merchant, merchants, **options)
            return _all(out, name, merchants, jobs, _passed(options), figures, metrics)

        decorated: Command = chosen
        for decorate in (
            shared,
            in_folder,
            option("--jobs", type=click.IntRange(1, 64), default=4, metavar="N",
                   help="With --all: so many merchants at the same time."),
            option("--metrics", type=FILE, metavar="FILE",
                   help="With --all: write what a monitor reads, in Prometheus' text format."),
            option("--all", "everything", is_flag=True,
                   help="Every merchant of the folder, each in a process of its own."),
            click.argument("merchant", type=MerchantName(), required=False, metavar="[MERCHANT]"),
        ):  # fmt: skip
            decorated = decorate(decorated)
        return decorated

    return given


def _passed(options: Mapping[str, Any]) -> list[str]:
    """The options that each merchant's command gets too."""
    if options.get("payouts") or options.get("orders"):
        raise UsageError(
            "Payouts and orders are those of one merchant.", "Name the merchant in place of --all."
        )
    passed = [f"--{name}={options[name]:%Y-%m-%d}" for name in ("since", "until")
              if options.get(name)]  # fmt: skip
    return [*passed, *(["--closed"] if options.get("closed") else [])]


def _all(
    out: Output,
    command: str,
    folder: Path,
    at_once: int,
    options: list[str],
    figures: Mapping[str, Callable[[Told], int]],
    metrics: Path | None,
) -> int:
    from ..show import metrics as view
    from .processes import exit_code

    if metrics:
        view.refuse_unwritable(metrics)
    options += ["--json", *(["--quiet"] if out.quiet else ["--verbose"] if out.verbose else [])]
    options += ["--log", "json"] if out.log else []
    files = files_in(folder)
    jobs = [(one.stem, [command, str(one), *options]) for one in files]
    ended = carried_out(out, command, jobs, at_once)
    code = exit_code(ended)
    out.page(_page(ended, figures))
    out.data(
        {
            "exit_code": int(code),
            "merchants": {
                one.name: {
                    "exit_code": one.code,
                    "seconds": round(one.seconds, 1),
                    "result": one.told,
                }
                for one in ended
            },
        }
    )
    if metrics:
        view.write(metrics, command, ended, SystemClock().now())
    return code


def files_in(folder: Path) -> list[Path]:
    """The merchant files of a folder; raises UsageError where there is none."""
    from ..merchant.load import merchant_files

    files = merchant_files(folder)
    if not files:
        raise UsageError(f"There is no merchant in {folder}.", "Name the folder: --merchants")
    return files


def carried_out(
    out: Output, command: str, jobs: Sequence[tuple[str, Sequence[str]]], at_once: int
) -> list[Ended]:
    """What became of each merchant's process (its name, its arguments), in their order; how they
    come on is noted, what went wrong is told although it is quiet, and a signal ends them all."""
    from .opening import STOPPING, stopping
    from .prepared import Prepared, is_possible
    from .processes import Job, Separate, environment, for_each

    def on_end(one: Ended) -> None:
        text = f"{_result(one, command)} after {one.seconds:.0f} s"
        if one.error and not one.has_nothing:
            out.tell_of(one.name, f"{text}: {one.error} {one.remedy}".rstrip(), wrong=True)
        else:
            out.tell_of(one.name, f"{text}.")

    def on_line(name: str, line: str) -> None:
        if not (stop.is_set() and STOPPING in line):  # it was told once, of all of them
            out.relay(name, line)

    stop, environ = threading.Event(), environment(os.environ, command)
    with stopping(out, stop):
        return for_each(
            [Job(*one) for one in jobs],
            at_once,
            Prepared(environ) if is_possible() else Separate(environ),
            stop,
            on_line,
            on_end,
        )


def _page(ended: list[Ended], figures: Mapping[str, Callable[[Told], int]]) -> Page:
    columns = [
        Column("Merchant"), Column("Result"), *(Column(one, right=True) for one in figures),
        Column("Time", right=True), Column("Why"),
    ]  # fmt: skip
    rows: list[list[Cell]] = []
    for one in ended:
        counted = ["" if one.error else str(of(one.told)) for of in figures.values()]
        why = one.error or next(_why(one.told), "")
        result = RESULTS.get(one.code, ("failed", "red"))
        rows.append([one.name, result, *counted, f"{one.seconds:.0f} s", why.partition("\n")[0]])
    well = sum(one.code == 0 for one in ended)
    return [
        Table(columns, rows),
        blank(),
        Text(f"{count(len(ended), 'merchant')}, {well} of them ok.", style="bold"),
    ]


def _why(told: Told) -> Iterator[str]:
    """What a person should know beside the figures, the most urgent first."""
    if told.get("silence"):
        yield str(told["silence"])
    yield from map(str, told.get("problems", ()))
    yield from (str(one["message"]) for one in told.get("findings", ()))


def _result(one: Ended, command: str) -> str:
    """In words; of ``diff`` a person is to look where something differs."""
    if command == "diff" and one.code == Exit.ATTENTION:
        return "differs"
    if one.has_nothing:
        return "nothing stored"
    result = RESULTS.get(one.code, "failed")
    return result if isinstance(result, str) else result[0]


def _in_state(told: Told, state: str) -> int:
    return sum(one["state"] == state for one in [*told["lines"], *told["orders"]["open"]])
