"""Whether the rule that a document was made by has changed since: the texts then, the texts now.

Reads ``ledger.mapping_set``, which keeps the texts, and the present ones; writes nothing. Compared
is what they mean: parts put in, overlays laid, expressions as parsed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .. import json_text
from ..errors import FileError, Finding
from ..language import declared
from ..language.same import differences
from ..language.source import Source
from ..language.tree import Node, of_file
from ..store.database import Store
from ..yamlfile import parse

MOST = 6  # places that are named
GONE = "the set has no such mapping any more"
BROKEN = "what stands in the files now can't be read; lint says why"
UNREADABLE = "its texts can't be compared: they are of another version of the language"


@dataclass(slots=True)
class Since:
    """Held open over one explanation: texts by digest, as they were declared, and those of now."""

    store: Store
    files: Mapping[str, str]
    kept: dict[str, Mapping[str, Source] | None] = field(default_factory=dict)

    def changed(self, digest: str, mapping: str) -> list[str]:
        """What of a mapping, and of the entities and tables that it asks, reads otherwise than
        under the texts of ``digest``; empty where nothing does."""
        row = self.store.value("SELECT files FROM ledger.mapping_set WHERE digest = ?", [digest])
        files = json_text.decode(row) if row else None
        if files == dict(self.files):
            return []
        before = self._read(digest, files) if files else None
        now = self._read("", self.files)
        if now is None:
            return [BROKEN]
        if before is None:
            return [UNREADABLE]
        what = f"mapping {mapping}"
        if what not in now:
            return [GONE]
        found = []
        for one in _asked(what, before, now):
            if one not in before or one not in now:
                found.append(one)
                continue
            places = differences(before[one].root, now[one].root)
            found += [f"{one}: {path}" if one != what else path for path in places]
        more = [f"and {len(found) - MOST} more"] if len(found) > MOST else []
        return [*found[:MOST], *more]

    def _read(self, digest: str, files: Mapping[str, str]) -> Mapping[str, Source] | None:
        if digest not in self.kept:
            self.kept[digest] = _declared(files)
        return self.kept[digest]


def _declared(files: Mapping[str, str]) -> Mapping[str, Source] | None:
    """What the texts declare; None where this version of the program can't read them."""
    parsed: dict[str, Node] = {}
    findings: list[Finding] = []
    try:
        for name, text in files.items():
            parsed[name] = of_file(parse(text, name))
        found, _ = declared.read(parsed, findings.append)
    except FileError:
        return None
    if any(one.severity == "error" for one in findings):
        return None
    return found.sources


def _asked(what: str, *sets: Mapping[str, Source]) -> Iterator[str]:
    """A mapping, the entities whose rows it takes, and the tables that they and it ask; in a set
    before or now."""
    told: list[str] = [what]
    for one in told:
        yield one
        for sources in sets:
            text = json.dumps(sources[one].value, default=str) if one in sources else ""
            tables = [f"table {name}" for name in re.findall(r"\btables\.(\w+)\(", text)]
            entities = [f"entity {name}" for name in re.findall(r"\b(?:qliro|fortnox)\.\w+", text)]
            for other in (*entities, *tables):
                if other not in told and any(other in known for known in sets):
                    told.append(other)
