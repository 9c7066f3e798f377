"""What a plan lacks, or stands on, read from the servers and staged; it decides nothing.

Called between one plan and the next; a plan says itself what it could not see (``Plan.unread``).
"""

# ruff: noqa: PLC0415  a run that finds nothing to do must not wait for what it does not use

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from .extract.raw import Report
from .opened import Session
from .stage.staging import is_staged, stage
from .stage.sync import extractions
from .store.books import CURRENCIES, LOCKED, Books, read_books

if TYPE_CHECKING:
    from .plan.model import Plan

# Read before anything is posted: what was locked since would leave a payment that can't be booked,
# and a way in that leads elsewhere would post into another company's books.
BEFORE_POSTING = (LOCKED, "/3/companyinformation")


def stage_what_came(session: Session, findings: Report) -> None:
    """Stage the answers that are not staged yet; what is odd about them goes to ``findings``."""
    if not is_staged(session.store):
        session.on_progress("stage", 0, None)
        staged = stage(session.store)
        findings.findings += staged.problems
        findings.told += staged.answers


def read_needs(session: Session, made: Plan, books: Books, findings: Report) -> bool:
    """Read what a plan lacks or stands on; whether it is to be made again."""
    from .extract.orders import fetch_orders
    from .plan.lookups import fetch_needs, read_again

    registers = set(books.lacked)
    if any(action.target.startswith("fortnox.") for action in made.actions):
        registers.update(BEFORE_POSTING)
    if _is_foreign(session, made):
        registers.add(CURRENCIES)
    registers -= session.fresh
    if not made.unread and not registers:
        return False
    apis = session.qliro, session.fortnox
    to_qliro, to_fortnox = extractions(
        session.merchant, session.store, apis, session.tell, session.fresh
    )
    orders = sorted({int(need.key) for need in made.unread if need.kind == "order"})
    if orders:
        fetch_orders(to_qliro, orders)
    first = min([session.settings["payouts_from"], *(one.date for one in made.payouts.values())])
    again = read_again(to_fortnox, sorted(registers), made.unread, first, findings)
    if registers:
        stage_what_came(session, findings)
        again = again or CURRENCIES in registers or read_books(session.store) != books
    return fetch_needs(to_fortnox, made.unread) or again or bool(orders)


def read_vouchers(session: Session, after: Plan, findings: Report) -> bool:
    """Read the vouchers beside which one is to be made that could only now be planned; whether
    there are some that were not known."""
    from .plan.lookups import read_again

    apis = session.qliro, session.fortnox
    _, to_fortnox = extractions(session.merchant, session.store, apis, session.tell, session.fresh)
    first: date = session.settings["payouts_from"]
    return read_again(to_fortnox, (), after.unread, first, findings)


def _is_foreign(session: Session, made: Plan) -> bool:
    """Whether something of a payout in another currency than the books' is to be posted, or is
    parked: Fortnox's rate of the day may be what it is worked out by, or what it lacks."""
    own = session.settings["accounting_currency"]
    moving = {action.payout for action in made.actions}
    moving |= {one.payout for one in made.outcomes if one.state == "parked"}
    return any(
        payout.row["CurrencyCode"] != own for key, payout in made.payouts.items() if key in moving
    )
