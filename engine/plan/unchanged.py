"""Which payouts may have changed since all were looked at: of the others nothing has come.

Reads what was staged since; writes one stream of ``raw.cursor``. Whether a closed payout has
changed is told by a digest of all its lines (``payout_rows``), which of years of them takes long to
work out; what it is made of comes with answers about a batch, and with what a person decides.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .. import json_text
from ..extract.raw import cursor, move_cursor
from ..store.database import Store

STREAM = "plan.looked_at"

# How far that is, as it is noted. Tables that another version has made are filled anew.
REACHED = """
SELECT
    (SELECT coalesce(max(seq), 0) FROM raw.staged) AS staged,
    (SELECT count(*) FROM ledger.resolution)       AS resolutions,
    (SELECT count(*) FROM raw.made_by)             AS made_by
"""
# Batches of which something was staged since, or of whose lines a person has decided something.
CHANGED = """
SELECT Id FROM qliro.settlement_batch WHERE raw_seq > $staged
UNION
SELECT Id FROM qliro.settlement_line WHERE raw_seq > $staged
UNION
SELECT TRY_CAST(regexp_extract(query, '(?i)(?:^|&)id=([0-9]+)', 1) AS BIGINT)
FROM raw.answer
WHERE endpoint = 'settlements_by_batch' AND seq > $staged
UNION
SELECT Id FROM qliro.settlement_line
WHERE line IN (SELECT line FROM ledger.resolution WHERE rowid >= $resolutions)
"""


def changed(store: Store, digest: str) -> set[int] | None:
    """The batches that may look otherwise than when all were looked at; None where that was never
    noted, or by mappings, settings or tables other than these (``digest`` is of the plan)."""
    told = cursor(store, STREAM)
    noted: dict[str, Any] = json_text.decode(told) if told else {}
    reached = _reached(store)
    if (noted.get("digest"), noted.get("made_by")) != (digest, reached["made_by"]):
        return None
    if any(noted[name] > reached[name] for name in reached):
        return None
    rows = store.tuples(CHANGED, {name: noted[name] for name in ("staged", "resolutions")})
    return {id_ for (id_,) in rows if id_ is not None}


def note_all_looked_at(store: Store, digest: str, at: datetime) -> None:
    """Note that a plan of all that is open was made of what is staged now, and written down."""
    move_cursor(store, STREAM, json_text.encode({"digest": digest, **_reached(store)}), at)


def _reached(store: Store) -> dict[str, int]:
    (reached,) = store.rows(REACHED)
    return reached
