"""The command line: each command parses its arguments, calls the engine and prints. No decisions.

What a command shows is made by ``engine.show``; what all commands share, and how errors end them,
is in ``engine.commands.command``. Modules are loaded where they are used: those of a command when
it is asked for, the engine's in the command.
"""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine and its database

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..clock import SystemClock, today
from ..errors import Exit, UsageError
from ..show.output import Output
from . import command
from .all_merchants import RUN, STATUS, or_all
from .command import (
    EXIT_CODES,
    FILE,
    of_merchant,
    option,
    payout_option,
    refuse_idle,
    scoped,
    shared,
)
from .loaded import Loaded

if TYPE_CHECKING:
    from ..opened import RunReport, Session
    from ..scope import Scope

# What is not in this module: the module of each, and what it is called there.
ELSEWHERE = {
    "activate": "activate:activate",
    "backup": "backup:backup",
    "bank": "books:bank",
    "books": "books:books",
    "compact": "room:compact",
    "connect": "connect:connect",
    "deactivate": "activate:deactivate",
    "demo": "sandbox:demo",
    "diff": "workbench_diff:diff",
    "export": "export:export",
    "fleet": "fleet:fleet",
    "init": "files:init",
    "lint": "files:lint",
    "migrate": "sets:migrate",
    "oss": "oss:oss",
    "prune": "room:prune",
    "raw": "workbench_raw:raw",
    "record": "workbench_record:record",
    "report": "report:report",
    "resolve": "resolve:resolve",
    "restore": "backup:restore",
    "sandbox": "sandbox:sandbox",
    "schemas": "sets:schemas",
    "show": "files:show",
    "test": "workbench_test:test",
    "try": "workbench_try:try_",
    "webhooks": "webhooks:webhooks",
}


@click.group(context_settings=command.SETTINGS, epilog=EXIT_CODES, commands=Loaded(ELSEWHERE))
@click.version_option(command.VERSION, message="%(prog)s %(version)s")
def commands() -> None:
    """Qliro payouts into Fortnox: declared in YAML, proved to balance, posted exactly once.

    MERCHANT is the name of a file in the folder of merchants (./merchants), or a path to one.

    Every option is also an environment variable: --json of every command is QLIRO_FORTNOX_JSON=1
    (so are --quiet, --verbose, --log and --merchants), --payout of run is
    QLIRO_FORTNOX_RUN_PAYOUT.
    """


@commands.command(epilog=EXIT_CODES)
@of_merchant
def doctor(out: Output, merchant: str, merchants: Path) -> int:
    """Check all that can be known beforehand. What is wrong, why it matters, what to do, where.

    Files, credentials, Fortnox's registers against what the merchant's tables name, recent
    documents and payouts against the settings, and this machine. Both APIs are read and nothing
    is written to either; a run may be under way meanwhile. With --verbose also what is well.
    """
    from ..doctor.examine import examine
    from ..doctor.result import exit_code
    from ..show import doctor as view
    from ..show.progress import progress
    from . import opening

    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    with progress(out) as on_progress:
        results = examine(found, SystemClock(), on_progress=on_progress)
    out.page(view.page(merchant, results, whole=out.verbose))
    out.data(view.data(found.name, results))
    return exit_code(results)


@commands.command(epilog=EXIT_CODES)
@of_merchant
@option("--from", "file", type=FILE, help="Saved traffic (JSON lines) in place of the network.")
@scoped
def sync(out: Output, merchant: str, merchants: Path, file: Path | None, scope: Scope) -> int:
    """Fetch what is new at Qliro and Fortnox. Nothing is written to either."""
    from ..session import sync as fetch
    from ..show import synced
    from ..show.progress import progress
    from ..stage.traffic import sync_from
    from . import opening

    if file is not None and not scope.is_all:
        raise UsageError("Saved traffic is read whole.", "Leave --from out, or what limits it.")
    found = opening.opened(out, merchant, merchants, needs_secrets=file is None)
    if file is not None:
        with opening.to_write(found) as store, progress(out) as on_progress:
            report = sync_from(found, store, SystemClock(), file, on_progress)
    else:
        with opening.session(out, found) as session:
            report = fetch(session, scope)
    out.page(synced.page(merchant, report))
    out.data(synced.data(report))
    return Exit.ATTENTION if report.findings else Exit.OK


@commands.command(epilog=EXIT_CODES)
@of_merchant
@scoped
@option("--out", "file", type=FILE, help="Keep the plan in this file, for `apply`.")
@option("--diff/--no-diff", default=True, help="Show each document against what Fortnox has.")
def plan(
    out: Output,
    merchant: str,
    merchants: Path,
    scope: Scope,
    file: Path | None,
    diff: bool,
) -> None:
    """Show what would be posted. It is made from what was last fetched; nothing is posted.

    What follows once that stands (the invoice of an order that is planned, the payment of that
    invoice) is shown too, as if it did, and marked. `apply` posts none of it: it is planned again.
    """
    from ..extract.raw import Report
    from ..plan import saved
    from ..session import plan_ahead
    from ..show import planned
    from ..suppose.told import as_data
    from . import opening

    found = opening.opened(out, merchant, merchants)
    with opening.session(out, found) as session:
        made, followed = plan_ahead(session, Report(), scope)
        data = saved.as_data(found.name, made, session.clock.now())
        data["follows"] = as_data(followed)
        if file is not None:
            saved.write(file, data)
    out.page(planned.page(made, followed, diff=diff))
    if file is not None:
        out.note(f"The plan is in {file}. Carry it out with: qliro-fortnox apply {merchant} {file}")
    out.data(data)


@commands.command(epilog=EXIT_CODES)
@of_merchant
@click.argument("file", type=FILE)
def apply(out: Output, merchant: str, merchants: Path, file: Path) -> int:
    """Carry out a saved plan. It is refused when the world has moved since FILE was made."""
    from ..apply import apply as carry_out
    from ..plan import saved
    from . import opening

    found = opening.opened(out, merchant, merchants)
    wanted = saved.read(file)
    with opening.session(out, found) as session:
        report = carry_out(session, wanted)
        return _told(out, merchant, session, report)


@commands.command(epilog=EXIT_CODES)
@or_all(RUN)
@scoped
def run(out: Output, merchant: str, merchants: Path, scope: Scope) -> int:
    """Sync, plan and post, all at once. What a scheduler calls; nothing is ever posted twice.

    With --all for every merchant of the folder: one that fails stops no other, the summary has a
    line for each, and the exit code is the gravest: 1 before 2, before 75, before 3.
    """
    from ..session import run as run_all
    from . import opening

    found = opening.opened(out, merchant, merchants)
    with opening.session(out, found) as session:
        report = run_all(session, scope)
        if found.reports_folder is not None:
            from .report import after_run

            after_run(out, merchant, found, session.store, session.clock.now())
        return _told(out, merchant, session, report)


@commands.command(epilog=EXIT_CODES)
@or_all(STATUS)
@payout_option
@option("--closed", is_flag=True, help="Closed payouts too, however old.")
def status(
    out: Output, merchant: str, merchants: Path, payouts: tuple[str, ...], closed: bool
) -> int:
    """Show how the payouts stand. What is posted, what waits, what is parked, and why.

    With --all a line for every merchant of the folder, and the gravest exit code.
    """
    from ..access.activation import silence_of
    from ..access.activation import told as told_activation
    from ..report.proved import bank_of, proofs_of
    from ..report.status import status as gather
    from ..show import proved
    from ..show import status as view
    from . import opening

    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    with opening.to_read(out, found, or_empty=True) as store:
        days = int(found.settings["alert_after_days"])
        told = gather(store, today(SystemClock()), days, payouts, all_payouts=closed)
        told["activation"] = told_activation(store, found)
        told["silence"] = silence_of(store, found, SystemClock().now())
        bank_, proofs = bank_of(store, found.settings), proofs_of(store)
    told["attention"] += bool(told["silence"])
    out.page([*view.page(merchant, found.settings["name"], told, bank_),
              *proved.page(merchant, bank_, proofs)])  # fmt: skip
    out.data({"merchant": found.name, **told, **proved.data(bank_, proofs)})
    for_a_person = told["attention"] or (bank_ is not None and bank_.attention)
    return Exit.ATTENTION if for_a_person else Exit.OK


@commands.command(epilog=EXIT_CODES)
@of_merchant
@click.argument("ref")
@click.argument("field", required=False)
@option("--most", type=click.IntRange(1), default=25, metavar="N", help="So many lines at most.")
def explain(
    out: Output, merchant: str, merchants: Path, ref: str, field: str | None, most: int
) -> None:
    """Tell why something became what it is.

    REF is a payout, line, order, transaction, invoice, payment, voucher (T3), article or customer
    number, or a reference. Which rule decided, in which file and line, what it was given, which
    candidates lost and why, which request was sent and what came back. With --verbose nothing is
    left out.

    With FIELD only why that field has its value: InvoiceRows[0].AccountNumber, WriteOffs, a row
    (InvoiceRows[0]), or the number of an account (3001); invoice:DueDate is the invoice's. The
    expression with its file and line, each value that went into it down to where it stands in
    Qliro's or Fortnox's answer, the row of a table that decided and those that nearly did.
    """
    from ..mappings import present_texts
    from ..report.explain import explain as gather
    from ..show import explanation, value
    from ..workbench.anew import Anew
    from ..workbench.explained import explain_field
    from . import opening

    if field is not None:
        refuse_idle("most", "--most is for the lines of REF.", "Leave it out where FIELD is named.")
    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    with opening.to_read(out, found) as store:
        if field is not None:
            told_of = explain_field(store, found, ref, field)
            out.page(value.page(told_of, whole=out.verbose))
            out.data(value.data(told_of))
            return
        told = gather(store, ref, most, present_texts(found), Anew(store, found).trace)
    out.page(explanation.page(told, whole=out.verbose))
    out.data(told)


@commands.command(epilog=EXIT_CODES)
@of_merchant
def references(out: Output, merchant: str, merchants: Path) -> int:
    """Say which invoice field matches best. It warns when payout_reference_field is another."""
    from ..report.references import references as measure
    from ..report.references import warning
    from ..show import shares
    from ..stage.sync import extractions
    from . import opening

    found = opening.opened(out, merchant, merchants)
    with opening.session(out, found) as session:
        apis = session.qliro, session.fortnox
        _, to_fortnox = extractions(found, session.store, apis, session.on_progress)
        rows = measure(session.store, session.settings, to_fortnox)
    out.page(shares.page(merchant, rows, warning(rows)))
    out.data(shares.data(rows, warning(rows)))
    return Exit.ATTENTION if warning(rows) else Exit.OK


@commands.command(epilog=EXIT_CODES)
@click.argument("code", required=False)
@shared
def errors(out: Output, code: str | None) -> None:
    """Look up an error of Fortnox or Qliro. Without CODE all that are known are listed."""
    from ..error_catalogue import read_catalogue
    from ..show import catalogue as view

    entries = read_catalogue()
    found = view.chosen(entries, code) if code else entries
    out.page(view.page(found) if code else view.table(found))
    out.data(view.data(found))


def _told(out: Output, merchant: str, session: Session, report: RunReport) -> int:
    from ..show import ran

    code = Exit.TRY_LATER if session.stop.is_set() else report.exit_code
    out.page(ran.page(merchant, report))
    out.data(ran.data(report) | {"exit_code": int(code)})
    return code


def main() -> int:
    """The console script: carry out the command and give its exit code."""
    return command.ended(commands, sys.argv[1:], "qliro-fortnox")
