"""The circumstances of a decision: settings and books that differ from those that cases have.

Reads a merchant's settings and books; gives what a case has to say of them, as plain values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from .. import json_text
from ..language.program import Program
from ..merchant.load import Merchant, of_file
from ..store.books import Books
from ..yamlfile import YamlFile
from .cases.programs import usual

Row = dict[str, Any]
_SETTING = re.compile(r"\bsettings\.([a-z_]+(?:\.[a-z_]+)*)")


@dataclass(slots=True)
class Asked:
    """The merchant's books, noting what they are asked."""

    books: Books
    answers: dict[tuple[str, tuple[Any, ...]], Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        ask = getattr(self.books, name)

        def noted(*given: Any) -> Any:
            answer = self.answers[name, given] = ask(*given)
            return answer

        return noted

    def differing(self) -> Row:
        """What of them is not as usual: what was asked for and is not there."""
        lacks: dict[str, list[Any]] = {}
        for asked, word in LACKS.items():
            missing = {given[0] for (name, given), answer in self.answers.items()
                       if name == asked and not answer and given[0] is not None}  # fmt: skip
            if missing:
                lacks[word] = sorted(missing)
        rounds = sorted(given[0] for (name, given), answer in self.answers.items()
                        if name == "rounds" and answer)  # fmt: skip
        locked = self.books.locked_until
        found = {"locked_until": locked and locked.isoformat(), "lacks": lacks, "rounds": rounds}
        return {name: value for name, value in found.items() if value}


# What can lack, by the question that asks for it.
LACKS = {
    "has_account": "accounts", "has_article": "articles", "takes_vouchers": "series",
    "has_currency": "currencies", "has_terms": "terms",
}  # fmt: skip


def settings_of(merchant: Merchant, program: Program) -> Row:
    """The settings that the mappings ask for and that differ from those that cases have."""
    asked = {
        path
        for source in program.mapping_set.sources.values()
        for path in _SETTING.findall(json_text.encode(_texts(source.value)))
    }
    asked |= {one.rows_from for one in program.mapping_set.tables.values() if one.rows_from}
    file = YamlFile("case.yaml", dict(usual()), {}, {})
    base = of_file(file, Path("case.yaml"), {}, needs_secrets=False).settings
    kept: Row = {}
    for path in sorted(asked):
        ours, theirs = (_under_path(one, path) for one in (merchant.settings, base))
        if ours is None or isinstance(ours, dict) or ours == theirs:
            continue
        into, (*groups, last) = kept, path.split(".")
        for group in groups:
            into = into.setdefault(group, {})
        into[last] = plain(ours)
    return kept


def _under_path(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return [_texts(one) for one in value.values()]
    if isinstance(value, list):
        return [_texts(one) for one in value]
    return value if isinstance(value, str) else ""


def plain(value: Any) -> Any:
    """A value as YAML has it."""
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value
