"""What the commands of the command line share: options, the merchant argument, exit codes, the end.

Reads arguments and environment through click; gives each command an ``Output``, and turns whatever
it raises into one paragraph (or JSON) and an exit code.
"""

from __future__ import annotations

import errno
import functools
import getpass
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click
from click.shell_completion import CompletionItem

from ..clock import SystemClock
from ..errors import Exit, QliroFortnoxError, StoppedError, UsageError
from ..merchant.mapping_sets import DEFAULT, folder_of
from ..scope import named
from ..show import failure
from ..show.output import FULL, Output, UnwrittenError, text_as_it_is, unwritten
from . import signals

VERSION = "0.2.0"
PREFIX = "QLIRO_FORTNOX"
EXIT_CODES = """\b
Exit codes:
   0  all well
   1  failed
   2  wrong usage, or an invalid file
   3  done, but items need a person
  75  try again later (another run is under way, a server is down, stopped)"""
SETTINGS = {
    "help_option_names": ["-h", "--help"],
    "show_default": True,
    "max_content_width": 100,
}

# What to do where the machine keeps a user from a file.
RIGHTS = "Run it as the user that the file or its folder belongs to, or give this one the right."
FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
Command = Callable[..., Any]
PROMPT = click.core.ParameterSource.COMMANDLINE


class MerchantName(click.ParamType[str, str]):
    """The name of a merchant in the folder, or the path of its file; the shell completes names."""

    name = "merchant"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Of a name in a folder that was named too, the path: so what is told to be done next works
        as it stands."""
        if ctx is None or ctx.get_parameter_source("merchants") is not PROMPT or "/" in value:
            return value
        path: Path = ctx.params["merchants"] / f"{value}.yaml"
        return str(path) if path.is_file() else value

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from ..merchant.load import merchant_files  # noqa: PLC0415  only where it is asked for

        folder = Path(
            ctx.params.get("merchants") or os.environ.get(f"{PREFIX}_MERCHANTS", "merchants")
        )
        names = [path.stem for path in merchant_files(folder)]
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


class Option(click.Option):
    """An option whose environment variable is called like itself, whatever the parameter is."""

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """The value; an empty path is none, and would stand for the folder that we are in."""
        if value == "" and isinstance(self.type, click.Path):
            raise UsageError(f"{self.opts[0]} is empty.", "Name a file or a folder.")
        return super().type_cast_value(ctx, value)

    def variable(self, names: Sequence[str]) -> str:
        """Its environment variable in the command of these names."""
        if isinstance(self.envvar, str):
            return self.envvar
        own = max(self.opts, key=len).removeprefix("--")
        return "_".join((PREFIX, *names, own)).upper().replace("-", "_")

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        names: list[str] = []
        here: click.Context | None = ctx
        while here is not None and here.parent is not None:
            names.insert(0, here.info_name or "")
            here = here.parent
        return os.environ.get(self.variable(names)) or None


option = functools.partial(click.option, cls=Option)


class Day(click.ParamType[date]):
    """A day, written as 2026-01-31."""

    name = "date"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> date:
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date; write it as 2026-01-31.", param, ctx)


DAY = Day()
payout_option = option(
    "--payout", "payouts", multiple=True, metavar="KEY",
    help="Only this payout, whatever its date; may be given several times.",
)  # fmt: skip


def refuse_idle(name: str, of: str, needs: str) -> None:
    """Raises UsageError where the option called ``name`` was given at the prompt and would do
    nothing. Its variable may be set for the commands where it does something, and is passed over.
    """
    if click.get_current_context().get_parameter_source(name) is PROMPT:
        raise UsageError(of, needs)


def refuse_idle_jobs(*, everything: bool) -> None:
    """Raises UsageError where --jobs is given for one merchant."""
    if not everything:
        refuse_idle("jobs", "--jobs is for several merchants.", "Say --all with it.")


def scoped(function: Command) -> Command:
    """Gives a command the options that limit it, as ``scope``: all that is open without any."""

    @functools.wraps(function)
    def run(
        *args: Any,
        payouts: tuple[str, ...],
        orders: tuple[str, ...],
        since: date | None,
        until: date | None,
        **options: Any,
    ) -> Any:
        if since and until and since > until:
            what = f"No day is both from {since} on and up to {until}."
            raise UsageError(what, "--since is the earlier one.")
        return function(*args, scope=named(payouts, orders, since, until), **options)

    decorated: Command = run
    for one in (
        option("--until", type=DAY, help="Only orders of this day or before it."),
        option("--since", type=DAY, help="Only orders of this day or after it, however old."),
        option(
            "--order", "orders", multiple=True, metavar="REF",
            help="Only this order, by OrderId or reference; may be given several times.",
        ),
        payout_option,
    ):  # fmt: skip
        decorated = one(decorated)
    return decorated


def shared(command: Command) -> Command:
    """--json, --quiet and --verbose; the command gets an ``Output`` first."""

    @option("--json", "as_json", is_flag=True, envvar=f"{PREFIX}_JSON",
                  help="Print JSON on stdout; logs stay on stderr.")  # fmt: skip
    @option("--quiet", "-q", is_flag=True, envvar=f"{PREFIX}_QUIET",
                  help="No progress and no notes on stderr, only errors.")  # fmt: skip
    @option("--verbose", "-v", is_flag=True, envvar=f"{PREFIX}_VERBOSE",
                  help="More progress on stderr; nothing cut short.")  # fmt: skip
    @option("--log", type=click.Choice(["text", "json"]), default="text", envvar=f"{PREFIX}_LOG",
                  help="Progress, notes and errors on stderr: lines of text or JSON.")  # fmt: skip
    @functools.wraps(command)
    def with_output(
        *args: Any, as_json: bool, quiet: bool, verbose: bool, log: str, **kwargs: Any
    ) -> Any:
        out = click.get_current_context().ensure_object(Output)
        out.json, out.quiet, out.verbose = as_json, quiet, verbose
        out.log = _now if log == "json" else None
        return command(out, *args, **kwargs)

    return with_output


def in_folder(command: Command) -> Command:
    """--merchants, where the merchant files lie."""
    return option(
        "--merchants", type=click.Path(path_type=Path), default=Path("merchants"),
        envvar=f"{PREFIX}_MERCHANTS", metavar="FOLDER", help="The folder of the merchant files.",
        is_eager=True,  # before MERCHANT, which may be a name in it
    )(command)  # fmt: skip


def of_set(command: Command) -> Command:
    """--set and --overlay: mappings without any merchant. The command gets ``mapping_set`` and
    ``overlay``, for ``named_set``."""
    overlay = option("--overlay", type=click.Path(path_type=Path), metavar="FOLDER",
                     help="With this overlay over the set.")  # fmt: skip
    named = option("--set", "mapping_set", metavar="SET",
                   help="A mapping set: its name, a path, or a package that offers one. With "
                        f"--overlay alone: {DEFAULT}.")  # fmt: skip
    return named(overlay(command))


def named_set(
    mapping_set: str | None, overlay: Path | None, *, of_merchants: bool
) -> tuple[Path, Path | None] | None:
    """The folders of the set and the overlay that --set and --overlay name; None without them.

    Raises UsageError where one is not there, and where merchants are named too: those name their
    own.
    """
    if mapping_set is None and overlay is None:
        return None
    if of_merchants:
        raise UsageError(
            "A merchant names its own mapping set and overlay.",
            "Give merchants, or --set and --overlay.",
        )
    if overlay is not None and not overlay.is_dir():
        raise UsageError(f"There is no folder {overlay}.", "--overlay names a folder.")
    return folder_of(mapping_set or DEFAULT, Path()), overlay


def merchant_paths(names: Sequence[str], folder: Path, *, everything: bool) -> list[Path]:
    """The files of the merchants that are named, and with ``everything`` of all others."""
    if not names and not everything:
        return []
    from ..merchant.load import find_merchant, merchant_files  # noqa: PLC0415  as above

    paths = [find_merchant(name, folder) for name in names]
    return paths + [one for one in merchant_files(folder) if everything and one not in paths]


def of_merchant(command: Command) -> Command:
    """The argument MERCHANT, with --merchants and what all commands share."""
    argument = click.argument("merchant", type=MerchantName(), metavar="MERCHANT")
    return argument(in_folder(shared(command)))


def somebody_answers() -> bool:
    """Whether a person can be asked: there is a terminal to answer on. A closed stdin is none."""
    return sys.stdin is not None and sys.stdin.isatty()


def who_decides(given: str | None) -> str:
    """Who decides something that is kept: the name given, else that of the machine's user.

    Raises UsageError when that has none, as in many a container.
    """
    try:
        return given or getpass.getuser()
    except (KeyError, OSError):
        raise UsageError(
            "Who decides? The user of this machine has no name.", "Say it: --by NAME"
        ) from None


def interrupt_on_term() -> None:
    """Make SIGTERM and Ctrl-C end a command that is to be ended so, and has then done all."""

    def asked(number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    for one in signals.BOTH:
        signal.signal(one, asked)


def ended(group: click.Group, arguments: Sequence[str], program: str) -> int:
    """Run a command to its end and give the exit code. Whatever it raises is told here."""
    out = Output()
    try:
        return _carried_out(out, group, arguments, program)
    except UnwrittenError as error:
        out.complain(failure.paragraph(error))
        return int(error.exit_code)


def _carried_out(out: Output, group: click.Group, arguments: Sequence[str], program: str) -> int:
    try:
        out.json = "--json" in arguments or bool(os.environ.get(f"{PREFIX}_JSON"))
        if _asks_for_json_lines(arguments):
            out.log = _now
        _refuse_odd_surroundings(arguments)
        code = group.main(list(arguments), prog_name=program, obj=out, standalone_mode=False)
        sys.stdout.flush()
        return int(code or 0)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        return _wrong_usage(out, error)
    except (KeyboardInterrupt, click.Abort):
        return _stopped(out)
    except BrokenPipeError:  # the reader has seen enough: `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.OK)
    except UnwrittenError:
        raise
    except QliroFortnoxError as error:
        return _mendable(out, error)
    except Exception as error:
        if signals.asked_to_end():  # what it was at says so in its own words: "Query interrupted"
            return _stopped(out)
        if (mendable := _of_the_machine(out, error)) is not None:
            return _mendable(out, mendable)
        told = failure.defect(error, out.state, out.redact, SystemClock().now())
        code = int(Exit.FAILED)
        out.failed(code, {"error": {"kind": "defect", "message": told, "exit_code": code}})
        if not out.json:
            out.complain(told)
        return code


def _asks_for_json_lines(arguments: Sequence[str]) -> bool:
    """Whether errors that come before the options are read are to be JSON too."""
    pairs = pairwise(("", *arguments))
    given = any(one == "--log=json" or (before, one) == ("--log", "json") for before, one in pairs)
    return given or os.environ.get(f"{PREFIX}_LOG") == "json"


def _now() -> datetime:
    return SystemClock().now()


def _stopped(out: Output) -> int:
    if not out.has_told:
        return _mendable(out, StoppedError("Stopped."))
    out.complain("Stopped.")
    return int(Exit.TRY_LATER)


def _refuse_odd_surroundings(arguments: Sequence[str]) -> None:
    """Raises UsageError where an argument, or a variable that stands for one, is not UTF-8 (nothing
    here is called so, and no database takes it), and where the folder that we are in has gone."""
    variables = (value for name, value in os.environ.items() if name.startswith(f"{PREFIX}_"))
    for text in (*arguments, *variables):
        if (odd := text_as_it_is(text)) is not None:
            raise UsageError(
                f"'{odd}' is not UTF-8 text.",
                "Write it in UTF-8; a file or folder of such a name has to be renamed.",
            )
    try:
        os.getcwd()
    except OSError:
        raise UsageError("The folder that this was called in is gone.", "Change to one.") from None


def _of_the_machine(out: Output, error: Exception) -> QliroFortnoxError | None:
    """The sentence for what the machine lacks or refuses; None for any other error."""
    if isinstance(error, FileExistsError) and Path(str(error.filename)).is_file():
        return UsageError(f"{error.filename} is a file, and a folder is to be there.",
                          "Name another.")  # fmt: skip
    if isinstance(error, OSError) and error.filename:  # a folder, a disk: not a defect
        closed = error.errno in (errno.EACCES, errno.EPERM)
        what = f"{_meant(str(error.filename))}: {error.strerror}."
        return QliroFortnoxError(what, RIGHTS if closed else "")
    if isinstance(error, OSError) and error.errno in (*FULL, errno.EIO, errno.EBADF):
        return unwritten(error)
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException":
        return QliroFortnoxError(
            "The machine has too little memory for this.", "Free some and run again."
        )
    if "No space left on device" in str(error):  # DuckDB tells it in an error of its own
        return QliroFortnoxError(
            f"The disk of {out.state or 'the state folder'} is full.",
            "Free space and run again; what is written down is whole.",
        )
    return None


def _meant(path: str) -> str:
    """The file that was to be written, where another name was tried before it gets its own."""
    folder, name = os.path.split(path)
    if not name.endswith(".half"):
        return path
    return os.path.join(folder, name.removesuffix(".half").removeprefix("."))


def _mendable(out: Output, error: QliroFortnoxError) -> int:
    """What a person can mend, in a paragraph or as JSON; where stdout takes nothing, the paragraph
    all the same."""
    told = failure.paragraph(error)
    try:
        out.failed(int(error.exit_code), failure.as_data(error))
        if out.json and not isinstance(error, UnwrittenError):  # stdout may be what took nothing
            return int(error.exit_code)
    except UnwrittenError as lost:
        told = f"{told}\n{failure.paragraph(lost)}"
    out.complain(told)
    return int(error.exit_code)


def _wrong_usage(out: Output, error: click.ClickException) -> int:
    if out.json:
        return _mendable(out, UsageError(error.format_message()))
    if out.log:
        out.complain(error.format_message())
        return int(Exit.INVALID)
    with suppress(OSError):  # stderr may be full, and the exit code says it too
        error.show()
    return int(Exit.INVALID)
