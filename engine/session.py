"""One merchant's work from beginning to end: sync, plan, deliver, reconcile; it decides nothing.

Opens what the stages are given (store, clock, APIs) and calls them in the order of the way; each is
loaded when there is something for it to do. The command line calls this module; tests call it with
a sandbox and a stopped clock.
"""

# ruff: noqa: PLC0415  a run that finds nothing to do must not wait for what it does not use

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .access.activation import end_with_environment, obstacle, silence_of
from .access.apis import open_apis
from .access.company import booked_company, refuse_another_company
from .checked import is_known_right, mappings_digest, note_right
from .clock import Clock, today
from .errors import UsageError
from .extract.raw import Report
from .garbage import give_freed_memory_back
from .merchant.flows import flows_on
from .merchant.load import Merchant
from .merchant.settings import convention_choices
from .needs import read_needs, read_vouchers, stage_what_came
from .opened import RunReport, Session, silent
from .rest import holds_nothing, is_at_rest, note_rest
from .scope import ALL, Scope
from .stage.staging import staged_to
from .stage.sync import extractions, sync_all
from .store.books import Books, read_books
from .store.database import Store
from .store.freed import give_back, merge_later, merge_seldom, tidy, use_few_threads
from .store.ledger import Action, begun
from .store.undone import note_undone

if TYPE_CHECKING:
    import httpx

    from .deliver.queue import Delivery
    from .language.program import Program
    from .language.spec import MappingSet
    from .plan.model import Plan
    from .suppose.rounds import Followed

__all__ = ["RunReport", "Session", "silent"]

# After so many actions the database is tidied before anything is planned again.
MANY = 2000
# Planning may show that something must be read first; more rounds than this would be a loop.
MOST_ROUNDS = 8


@contextmanager
def open_session(
    merchant: Merchant,
    store: Store,
    clock: Clock,
    transport: httpx.BaseTransport | None = None,
) -> Iterator[Session]:
    """Everything a run needs. Files are checked first: nothing is asked of a server before."""
    give_freed_memory_back()
    use_few_threads(store)
    merge_seldom(store)
    began = clock.now()
    digest, loaded = mappings_digest(merchant), None
    if not is_known_right(merchant, digest):
        loaded = load_mappings(merchant)
        note_right(merchant, digest)
    qliro, fortnox = open_apis(merchant, clock, transport, booked_company(store))
    end_with_environment(store, merchant, clock.now())
    qliro.read_only = fortnox.read_only = obstacle(store, merchant)
    run = f"{began:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
    session = Session(
        merchant, store, clock, digest,
        lambda: loaded or load_mappings(merchant, known_right=True), qliro, fortnox, run, began,
    )  # fmt: skip
    with qliro, fortnox:
        yield session


def load_mappings(merchant: Merchant, *, known_right: bool = False) -> tuple[MappingSet, Program]:
    """The merchant's mappings, compiled, and checked unless they are ``known_right`` already.
    Raises FileError with all findings."""
    from .mappings import load_mappings as load
    from .parsed import trees_of

    if not known_right:
        return load(merchant)
    return load(merchant, known_right=True, trees=partial(trees_of, merchant))


def sync(session: Session, scope: Scope = ALL) -> Report:
    """Fetch what is new from both, and stage it."""
    findings = sync_all(
        session.merchant,
        session.store,
        (session.qliro, session.fortnox),
        session.tell,
        scope.payouts or (),
        scope.orders or (),
        scope.since,
        scope.until,
        session.fresh,
    )
    stage_what_came(session, findings)
    give_back(session.store)
    return findings


def plan(session: Session, findings: Report, scope: Scope = ALL, *, offline: bool = False) -> Plan:
    """The plan; what it needs to know is read from Fortnox first, unless ``offline``."""
    stage_what_came(session, findings)  # nothing, but where a new version has it all staged anew
    books = read_books(session.store)
    _refuse_cash_method(books)
    for _ in range(MOST_ROUNDS):
        session.on_progress("plan", 0, None)
        made = _made(session, session.store, books, scope, again=offline)
        if session.without_plus:
            made.problems.insert(0, session.without_plus)
        if silent_since := silence_of(session.store, session.merchant, session.clock.now()):
            made.problems.insert(0, silent_since)
        if offline or not read_needs(session, made, books, findings):
            return made
        stage_what_came(session, findings)
        books = read_books(session.store)
    return made


def _made(session: Session, store: Store, books: Books, scope: Scope, *, again: bool) -> Plan:
    """The plan of what a database holds."""
    from .error_catalogue import installed
    from .plan.build import make_plan

    return make_plan(
        store,
        session.program,
        session.settings,
        books,
        convention_choices(),
        installed(),
        flows=flows_on(session.merchant) - ({"refunds"} if session.without_plus else set()),
        scope=scope,
        again=again,
        whole=not session.merchant.file.text,
        packed=True,
    )


def plan_ahead(session: Session, findings: Report, scope: Scope = ALL) -> tuple[Plan, Followed]:
    """The plan, and what follows from it once its documents stand; what either needs to know is
    read from Fortnox first. Only the plan is ever carried out."""
    for _ in range(MOST_ROUNDS):
        made = plan(session, findings, scope)
        followed = _followed(session, made)
        needed = replace(made, unread=followed.unread)
        if not read_needs(session, needed, read_books(session.store), findings):
            break
        stage_what_came(session, findings)
    return made, followed


def _followed(session: Session, made: Plan) -> Followed:
    from .store.supposed import supposed
    from .suppose.rounds import Followed, follow

    if not made.actions:
        return Followed()
    same = Scope(tuple(made.payouts), tuple(made.orders))
    with supposed(session.store) as where:
        return follow(
            where, made, session.settings,
            lambda store: _made(session, store, read_books(store), same, again=False),
        )  # fmt: skip


def _refuse_unactivated(session: Session, made: Plan) -> None:
    """Nothing is written to a live Fortnox or Qliro before the merchant has been activated."""
    name, environment = session.merchant.name, session.settings["environment"]
    if made.actions and (why := obstacle(session.store, session.merchant)):
        raise UsageError(
            f"{why}: nothing was posted.",
            f"`plan` shows what would be; to go live: qliro-fortnox activate {name}"
            if environment == "live"
            else "A test beside the live one is a merchant of its own: give it a file of its own, "
            "or another folder as state.",
        )


def _refuse_cash_method(books: Books) -> None:
    if books.accounting_method == "CASH":
        raise UsageError(
            "The company keeps its books by the cash method; payouts settle booked invoices, "
            "which that method does not have.",
            "Change to the invoice method (fakturametoden) in Fortnox, or book payouts by hand.",
        )


def recover(session: Session) -> None:
    """Look for what earlier runs left unknown, and finish what they began; of any payout.

    Comes before a sync, so that what is read afterwards shows it: a plan that did not know what a
    cut-off run had done to an invoice would take its balance for another. What is not there is
    planned anew. A merchant that may not write leaves it as it is. Raises AccessError,
    UnavailableError, and StoppedError when told to end.
    """
    note_undone(session.store, session.began)
    left = begun(session.store)
    if not left or obstacle(session.store, session.merchant):
        return
    delivery = _deliver(session, left, "recover", create=False)
    if delivery.failure is not None:
        raise delivery.failure
    session.tell("recover", len(left), len(left))


def carry_out(session: Session, made: Plan, findings: Report, *, follow: bool = True) -> RunReport:
    """Deliver a plan, then tell the state of every line.

    ``follow`` also delivers what only then can be planned (the rest of an overpayment, once its
    payment stands); a saved plan is carried out as it was approved, and no further.

    Raises AccessError and UnavailableError, after the states have been written down.
    """
    from .plan.record import record_plan
    from .report.reconcile import record_states, spared

    _refuse_unactivated(session, made)
    refuse_another_company(session.store)
    now, is_large = session.clock.now(), len(made.actions) > MANY
    if is_large:
        merge_later(session.store)
    record_plan(session.store, session.run, now, made, session.mapping_set,
                session.merchant.file.text)  # fmt: skip
    same, warnings = Scope(tuple(made.payouts), tuple(made.orders)), made.warnings
    actions, as_made = made.actions, None if made.actions else made
    del made  # what is planned after the delivery would lie beside it in memory
    delivery = _deliver(session, actions, "deliver")
    if is_large:
        tidy(session.store)
    del actions
    after = as_made or plan(session, findings, same, offline=True)
    after = _after(session, after, warnings, delivery)
    for _ in range(MOST_ROUNDS if follow else 0):
        more = _following(after, delivery)
        if not more:
            break
        if not read_vouchers(session, after, findings):
            delivery.add(_deliver(session, more, "deliver"))
            warnings = after.warnings
        after = plan(session, findings, same, offline=True)
        after = _after(session, after, warnings, delivery)
    after = replace(after, warnings=[*after.warnings, *spared(after, delivery)])
    record_states(session.store, session.run, session.clock.now(), after)
    if delivery.failure is not None:
        raise delivery.failure
    return RunReport(after, delivery, findings, attention(session, after), _calls(session))


def _after(session: Session, made: Plan, warned: Sequence[str], delivery: Delivery) -> Plan:
    """What was planned after a delivery, as it stands, written down; it warns too of what was
    ``warned`` of before."""
    from .plan.record import record_plan
    from .report.reconcile import after_delivery

    warnings = list(dict.fromkeys([*warned, *made.warnings]))
    after = replace(after_delivery(made, delivery), warnings=warnings)
    record_plan(session.store, session.run, session.clock.now(), after, session.mapping_set,
                session.merchant.file.text)  # fmt: skip
    return after


def _following(after: Plan, delivery: Delivery) -> list[Action]:
    """Actions that could only be planned once another had been delivered."""
    if delivery.failure is not None or delivery.stopped:
        return []
    tried = {*delivery.done, *delivery.refused, *delivery.undecided, *delivery.unknown,
             *delivery.later}  # fmt: skip
    return [one for one in after.actions if one.action not in tried]


def _deliver(
    session: Session, actions: Sequence[Action], stage_name: str, *, create: bool = True
) -> Delivery:
    from .deliver.delivery import deliver
    from .error_catalogue import installed

    settings = session.settings["delivery"]
    return deliver(
        session.store,
        session.run,
        actions,
        {"fortnox": session.fortnox, "qliro": session.qliro},
        session.clock,
        installed(),
        settle_delay=float(settings["settle_delay_seconds"]),
        parallel=int(settings["parallel"]),
        stop=session.stop,
        on_progress=lambda done, total: session.on_progress(stage_name, done, total),
        create=create,
        locked_at=session.began,
    )


def run(session: Session, scope: Scope = ALL) -> RunReport:
    """Recover, sync, plan, deliver, reconcile. Where a plan held nothing, and nothing came since,
    none is made."""
    rested = scope.is_all and not session.without_plus and is_at_rest(session.store, session.digest)
    if not rested:
        recover(session)
    staged = staged_to(session.store)
    findings = sync(session, scope)
    if rested and not findings.told and not findings.findings:
        return _rested(session, findings)
    _look_for_gone(session, staged)
    from .plan.unchanged import note_all_looked_at

    report = carry_out(session, plan(session, findings, scope), findings)
    if scope.is_all:
        note_all_looked_at(session.store, report.plan.digest, session.clock.now())
    if holds_nothing(report.plan) and not begun(session.store):
        note_rest(session.store, session.digest, session.clock.now())
    return report


def _look_for_gone(session: Session, staged: int) -> None:
    """Payments that somebody took away, by the invoices that were staged since."""
    from .deliver.gone import note_gone

    apis = session.qliro, session.fortnox
    _, to_fortnox = extractions(session.merchant, session.store, apis, session.tell, session.fresh)
    note_gone(to_fortnox, session.run, staged)


def _rested(session: Session, findings: Report) -> RunReport:
    """What a run tells that had nothing to plan."""
    from .deliver.queue import Delivery
    from .plan.model import Plan

    made = Plan("")
    if silent_since := silence_of(session.store, session.merchant, session.clock.now()):
        made.problems.append(silent_since)
    note_rest(session.store, session.digest, session.clock.now())
    return RunReport(made, Delivery(), findings, len(made.problems), _calls(session))


def _calls(session: Session) -> dict[str, dict[str, int]]:
    return {api.source: api.calls() for api in (session.qliro, session.fortnox)}


def attention(session: Session, made: Plan) -> int:
    """How many outcomes need a person: parked, or waiting longer than the merchant allows."""
    days = int(session.settings["alert_after_days"])
    today_ = today(session.clock)
    count = len(made.problems)
    for outcome in made.outcomes:
        since = made.day_of(outcome.payout)
        late = since is not None and (today_ - since).days > days
        count += outcome.state == "parked" or (outcome.state == "waiting" and late)
    return count + int(session.store.value(UNEVEN, [list(made.payouts)]))


# Interim accounts that do not hold what the lines demand.
UNEVEN = """
SELECT count(*)
FROM ledger.interim_state
WHERE held <> must AND payout IN (SELECT unnest(?::VARCHAR[]))
"""


def state_folder(merchant: Merchant) -> Path:
    """Where the merchant's database lies."""
    return merchant.database.parent
