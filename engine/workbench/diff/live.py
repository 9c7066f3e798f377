"""What was posted, held against a version: would these rules have made the same documents?

Reads the ledger's intents, outcomes and the texts of the rules that they were made by. What
somebody else made, and was taken over, is none of ours and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ... import json_text
from ...errors import FileError
from ...mappings import present_texts
from ...merchant.load import Merchant
from ...plan.model import Outcome, Plan
from ...store.database import Store
from ...store.history import Moment, moments
from ...store.ledger import Action, read_actions
from ..kept import kept_texts, paths_of
from ..replay import replay
from ..versions import Version, as_kept
from .blame import Blame
from .changes import Change, between
from .compare import Difference, Key, compared
from .report import Report, posted, take

LIVE = "live"


def diff_live(
    store: Store, merchant: Merchant, version: Version, *, is_live_after: bool
) -> Report:
    """What a version makes otherwise than was posted, or the other way round with
    ``is_live_after``. ``merchant`` is as it is now: settings are not kept with what was posted."""
    stands = _posted(store)
    made = replay(store, version)
    made = replace(made, outcomes=list(_of_these(store, made, stands)))
    plans = (made, stands) if is_live_after else (stands, made)
    names = (version.name, LIVE) if is_live_after else (LIVE, version.name)
    report = Report(merchant.name, *names, [], documents=len(stands.actions), live=True)
    by_rules: dict[str | None, list[Difference]] = {}
    digests = {(row["mapping"], row["source"]): row["digest"] for row in store.rows(MADE_BY)}
    for one in compared(*plans):
        key = one.mapping, one.source
        by_rules.setdefault(digests.get(key), []).append(one)
    known = posted(store)
    for digest in dict.fromkeys([*digests.values(), *by_rules]):
        sides, changes = _sides(store, merchant, digest, version, is_live_after=is_live_after)
        report.changes += [one for one in changes if one not in report.changes]
        take(report, Blame(sides, changes), by_rules.get(digest, ()), known)
    return report


def _sides(
    store: Store, merchant: Merchant, digest: str | None, version: Version, *, is_live_after: bool
) -> tuple[tuple[Version, Version], list[Change]]:
    """Both versions and what reads otherwise, where the rules that posted can still be read."""
    texts = kept_texts(store, digest) if digest else None
    if texts is None:
        return (version, version), []
    try:
        paths = paths_of(merchant, texts, present_texts(merchant) or {})
        then = as_kept(merchant, texts, paths, LIVE)
    except FileError:  # of another version of the language, or of settings that are others now
        return (version, version), []
    sides = (version, then) if is_live_after else (then, version)
    return sides, between(*sides)


def _posted(store: Store) -> Plan:
    """What was posted as a plan that tells of nothing else, each document as it was intended."""
    plan = Plan("")
    intents, adopted = read_actions(store), {row["action"] for row in store.rows(ADOPTED)}
    for moment in moments(store):
        told = _told(store, moment)
        for name in moment.actions:
            action = intents[name]
            if name not in adopted:
                plan.actions.append(action)
                plan.outcomes.append(told.get(name) or _untold(action))
    return plan


def _told(store: Store, moment: Moment) -> dict[str, Outcome]:
    """What the run told of the documents that it began."""
    rows = store.rows(TOLD, [list(moment.actions), moment.at])
    return {row["action"]: _outcome(row) for row in rows}


def _outcome(row: dict[str, Any]) -> Outcome:
    return Outcome(
        row["mapping"], row["source"], row["payout"], POSTED, POSTED, row["reason"],
        tuple(row["covers"]), row["action"], json_text.decode(row["trace"]),
    )  # fmt: skip


def _untold(action: Action) -> Outcome:
    return Outcome(action.mapping, action.source, action.payout, POSTED, POSTED, "",
                   action.covers, action.action)  # fmt: skip


def _of_these(store: Store, made: Plan, stands: Plan) -> Iterator[Outcome]:
    """Of what a version makes, what becomes of what was posted; and documents that it makes where
    runs looked and made none."""
    posted_keys = {(one.mapping, one.source) for one in stands.outcomes}
    last: dict[Key, str] = {}
    sources = set()
    for row in store.rows(LAST):
        last[row["mapping"], row["source"]] = row["state"]
        sources.add(row["source"])
    documents = {one.action for one in made.actions}
    for one in made.outcomes:
        key = one.mapping, one.source
        if key in posted_keys:
            yield replace(one, state=POSTED, code=POSTED) if one.action in documents else one
        elif (one.state == "planned" and one.source in sources
              and last.get(key, NEVER) in NO_DOCUMENT):  # fmt: skip
            yield one


POSTED = "posted"  # whatever is made of what was posted is held against it, not waited for
NEVER = ""
# What a run told of a source that got no document, and may get one under other rules.
NO_DOCUMENT = ("parked", "waiting", "ignored", "done", NEVER)
ADOPTED = "SELECT action FROM ledger.step WHERE step = 'create' AND event = 'adopted'"
TOLD = """
SELECT * FROM ledger.outcome
WHERE list_contains(?, action) AND noted_at <= ? AND state <> 'posted'
ORDER BY rowid
"""
LAST = """
SELECT mapping, source, arg_max(state, rowid) AS state FROM ledger.outcome GROUP BY ALL
"""
# Under which texts each source got its last document.
MADE_BY = """
SELECT i.mapping, i.source, arg_max(m.digest, m.noted_at) AS digest
FROM ledger.intent AS i
LEFT JOIN ledger.made_under AS m ON m.run = i.run
GROUP BY i.mapping, i.source
"""
