"""What was posted, held against a version: would these rules have made the same documents?

Reads the ledger's intents, outcomes and the texts of the rules that they were made by. What
somebody else made, and was taken over, is none of ours and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ...errors import FileError
from ...mappings import present_texts
from ...merchant.load import Merchant
from ...plan.model import Outcome, Plan
from ...store.database import Store
from ...store.history import moments
from ...store.ledger import Action, read_actions
from ..anew import Anew
from ..kept import kept_texts, paths_of
from ..replay import replay
from ..versions import Version, as_kept
from .blame import Blame
from .changes import between
from .compare import Difference, Key, compared
from .report import Report, posted, take

LIVE = "live"


def diff_live(
    store: Store, merchant: Merchant, version: Version, *, is_live_after: bool
) -> Report:
    """What a version makes otherwise than was posted, or the other way round with
    ``is_live_after``. ``merchant`` is as it is now: settings are not kept with what was posted."""
    stands = _posted(store, merchant)
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
        then, problem = _rules(store, merchant, digest)
        then = then or version
        sides = (version, then) if is_live_after else (then, version)
        changes = between(*sides)
        report.changes += [one for one in changes if one not in report.changes]
        differing = by_rules.get(digest, ())
        report.problems += [problem] if problem and differing else []
        take(report, Blame(sides, changes), differing, known)
    return report


def _rules(store: Store, merchant: Merchant, digest: str | None) -> tuple[Version | None, str]:
    """The rules that posted; or why what differs can't be told by rule."""
    texts = kept_texts(store, digest) if digest else None
    if texts is None:
        return None, "Some was posted by a version of this program that kept no rules of it."
    try:
        paths = paths_of(merchant, texts, present_texts(merchant) or {})
        return as_kept(merchant, texts, paths, LIVE), ""
    except FileError as error:
        return None, (
            "Some was posted by rules that don't go with the settings and the language of now: "
            f"{error.findings[0]}"
        )


def _posted(store: Store, merchant: Merchant) -> Plan:
    """What was posted as a plan that tells of nothing else, each document as it was intended."""
    plan = Plan("")
    intents, adopted = read_actions(store), {row["action"] for row in store.rows(ADOPTED)}
    anew = Anew(store, merchant)
    told = {row["action"]: _outcome(row, anew) for row in store.rows(TOLD)}
    for name in (name for moment in moments(store) for name in moment.actions):
        if name not in adopted:
            plan.actions.append(intents[name])
            plan.outcomes.append(told.get(name) or _untold(intents[name]))
    return plan


def _outcome(row: dict[str, Any], anew: Anew) -> Outcome:
    return Outcome(
        row["mapping"], row["source"], row["payout"], POSTED, POSTED, row["reason"],
        tuple(row["covers"]), row["action"], anew.when_asked(row),
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
# What the run that wrote a document down had told of it.
TOLD = """
SELECT o.*
FROM ledger.outcome AS o
JOIN ledger.intent AS i ON i.action = o.action AND o.noted_at <= i.noted_at
WHERE o.state <> 'posted'
QUALIFY row_number() OVER (PARTITION BY o.action ORDER BY o.rowid DESC) = 1
"""
# What was told last of each source under a mapping.
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
