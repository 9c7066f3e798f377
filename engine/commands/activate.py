"""The commands ``activate`` and ``deactivate``: a merchant goes live when a person says so.

Shows what the preflight found and what the first run would post, asks, and has it written down who
decided. What is found out is in ``engine.doctor.going_live``.
"""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..clock import SystemClock
from ..errors import BusyError, Exit, UsageError
from ..show.output import Output
from ..show.page import Page, Text, blank, count, heading
from .command import EXIT_CODES, of_merchant, option, somebody_answers, who_decides

if TYPE_CHECKING:
    from ..doctor.going_live import Preflight
    from ..merchant.load import Merchant

by_option = option(
    "--by", metavar="NAME", help="Who decides; kept.  [default: the user of this machine]"
)


@click.command(epilog=EXIT_CODES)
@of_merchant
@by_option
@option("--yes", is_flag=True, help="Go live without a question, when nothing is wrong.")
def activate(out: Output, merchant: str, merchants: Path, by: str | None, yes: bool) -> int:
    """Make a merchant live. Until then nothing is written to its Fortnox or Qliro.

    First the checks of `doctor`, without errors; where a flow feeds on Qliro's pushes, a test push
    to webhooks.public_url that must arrive in the inbox; then a dry run, which is shown. A person
    confirms, and who and when is kept. Only `environment: live` needs it; another company or
    another environment needs it again.
    """
    from ..access.activation import activate as make_live
    from ..access.activation import told
    from ..doctor.going_live import prepare
    from . import opening

    who = who_decides(by)
    found = opening.opened(out, merchant, merchants)
    environment = found.settings["environment"]
    if environment != "live":
        raise UsageError(
            f"{found.name} is {environment}, which needs no activation: it posts already.",
            "environment: live is what can be activated.",
        )
    with opening.session(out, found) as session:
        ready = prepare(session)
        out.page(_page(found, ready))
        if ready.errors:
            out.data(_data(found, ready, live=False))
            out.complain(
                f"{found.name} was not activated: mend {count(ready.errors, 'error')} first."
            )
            return Exit.ATTENTION
        if not (yes or _agreed(found, ready)):
            out.data(_data(found, ready, live=False))
            out.complain(
                f"{found.name} was not activated. To do it: qliro-fortnox activate {merchant} --yes"
            )
            return Exit.ATTENTION
        make_live(session.store, found, who, session.clock.now())
        out.page([Text(told(session.store, found), style="green")])
        out.data(_data(found, ready, live=True))
    return Exit.OK


@click.command(epilog=EXIT_CODES)
@of_merchant
@by_option
@option("--reason", default="", metavar="TEXT", help="Why; kept.")
def deactivate(out: Output, merchant: str, merchants: Path, by: str | None, reason: str) -> None:
    """Stop a live merchant. Nothing is written any more until it is activated again.

    What a run has begun stays as it is; the first run after the next activation finishes it.
    """
    from ..access.activation import deactivate as stop
    from . import opening

    who = who_decides(by)
    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    try:
        with opening.to_write(found) as store:
            was_live = stop(store, found, who, SystemClock().now(), reason)
    except BusyError as busy:
        raise BusyError(
            busy.message,
            "A run may go on posting: end it by SIGTERM, which lets its request in flight be "
            "answered, then deactivate again.",
        ) from None
    if not was_live:
        raise UsageError(f"{found.name} is not active: there is nothing to stop.")
    out.page([Text(f"{found.name} is stopped, by {who}: nothing is posted any more.")])
    out.data({"merchant": found.name, "live": False, "by": who, "reason": reason})


def _agreed(merchant: Merchant, ready: Preflight) -> bool:
    if not somebody_answers():
        return False
    question = f"Make {merchant.name} live? From now on its runs post to {ready.company}"
    return click.confirm(question, err=True)


def _page(merchant: Merchant, ready: Preflight) -> Page:
    from ..show import doctor, planned, synced

    parts = doctor.page(merchant.name, ready.results)
    if ready.errors:
        return parts
    if ready.pushed:
        parts.append(Text("A test push to the public address arrived in the inbox.", style="green"))
    if ready.plan is not None:
        parts += [blank(), heading(f"What the first run would post to {ready.company}:"), blank()]
        parts += synced.problems(ready.findings.findings)
        parts += planned.page(ready.plan, diff=False)
    return parts


def _data(merchant: Merchant, ready: Preflight, *, live: bool) -> dict[str, object]:
    from ..show import doctor

    return {
        **doctor.data(merchant.name, ready.results),
        "pushed": ready.pushed,
        "company": ready.company,
        "documents": len(ready.plan.actions) if ready.plan else None,
        "live": live,
    }
