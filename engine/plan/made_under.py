"""By which rules documents were made: the set's name and release, and what its texts come to.

Reads the texts of a mapping set and its overlay; reads and writes ``ledger.made_under``, a row for
each run that wrote down what is to be posted.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import Any

from ..errors import FileError
from ..language.texts import OVERLAY
from ..store.database import Store
from ..yamlfile import parse

TABLE = "ledger.made_under"
_ABOUT = re.compile(r"^set\s*:", re.MULTILINE)  # the set's own file, whatever it is called


@dataclass(frozen=True, slots=True)
class Rules:
    """A mapping set and its overlay. ``release`` is None of a set that says none; the digests are
    of all texts, that of the overlay None where there is none."""

    mapping_set: str | None
    release: str | None
    set_digest: str
    overlay_digest: str | None


def rules_of(files: Mapping[str, str]) -> Rules:
    """The rules of these texts, as a loaded set has them (``overlay:NAME`` for an overlay's)."""
    own = {name: text for name, text in files.items() if not name.startswith(OVERLAY)}
    over = {name: text for name, text in files.items() if name not in own}
    told = _about(next((text for text in own.values() if _ABOUT.search(text)), ""))
    name, release = (str(told[key]) if key in told else None for key in ("set", "release"))
    return Rules(name, release, _digest(own), _digest(over) if over else None)


def _about(text: str) -> dict[str, Any]:
    try:
        value = parse(text).value
    except FileError:
        return {}
    return value if isinstance(value, dict) else {}


def _digest(texts: Mapping[str, str]) -> str:
    content = json.dumps(sorted(texts.items()), ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def record_rules(
    store: Store, run: str, now: datetime, digest: str, files: Mapping[str, str]
) -> None:
    """Note the rules of a run, once; ``digest`` is that under which the texts are kept."""
    if store.value(f"SELECT 1 FROM {TABLE} WHERE run = ? AND digest = ?", [run, digest]):
        return
    names = ("run", "noted_at", "digest", *(one.name for one in fields(Rules)))
    store.append(TABLE, [(run, now, digest, *astuple(rules_of(files)))], names)


def rules_of_action(store: Store, action: str) -> tuple[str, Rules] | None:
    """By which rules the document of an action was made: under which digest their texts are kept,
    and what they were. None of one that an earlier version made, which kept none."""
    run: str | None = store.value(LAST_RUN, [action])
    return None if run is None else rules_of_runs(store, [run]).get(run)


def rules_of_runs(store: Store, runs: Collection[str]) -> dict[str, tuple[str, Rules]]:
    """The same of what was last intended in these runs."""
    if not store.has(TABLE):
        return {}
    names = [one.name for one in fields(Rules)]
    return {
        row["run"]: (row["digest"], Rules(**{name: row[name] for name in names}))
        for row in store.rows(MADE_BY, [sorted(runs)])
    }


LAST_RUN = "SELECT arg_max(run, rowid) FROM ledger.action WHERE action = ?"
MADE_BY = f"""
SELECT * FROM {TABLE}
WHERE run IN (SELECT unnest(?::VARCHAR[]))
ORDER BY noted_at
"""
