"""What the ledger knows of documents that were made of orders, by mapping and source.

Reads actions and their events; writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from ..language.targets import target
from ..store.database import Store
from ..store.ledger import Action, Progress, read_actions, read_actions_of, read_progress
from .model import Row


class Delivered:
    """Actions of the orders at hand and, as far as ``take_in`` was asked, of others."""

    def __init__(self, store: Store, cases: Collection[str]) -> None:
        self.store = store
        self.actions = read_actions(store, cases)
        self.progress = read_progress(store, {one.payout for one in self.actions.values()})
        self.cancelled: dict[str, Row] = {
            row["action"]: row for row in store.rows("SELECT * FROM ledger.cancelled")
        }
        self.by_source: dict[tuple[str, str], list[Action]] = {}
        for action in self.actions.values():
            self._index(action)

    def of(self, name: str, key: str) -> Sequence[Action]:
        """What was begun of a mapping's source, in the order of time."""
        return self.by_source.get((name, key), [])

    def last(self, name: str, key: str) -> dict[str, Any] | None:
        """Facts and number of the last document of a source that is finished."""
        made = [one for one in self.of(name, key) if self.finished(one)]
        if not made:
            return None
        last = made[-1]
        return {
            **last.facts,
            "number": self.progress[last.action].number,
            "customer": last.document.get("CustomerNumber"),
            "vat_included": last.document.get("VATIncluded"),
        }

    def _index(self, action: Action) -> None:
        if self.progress.get(action.action, Progress()).touched:
            self.by_source.setdefault((action.mapping, action.source), []).append(action)

    def take_in(self, name: str, keys: Iterable[str]) -> None:
        """Take in what was made for the same keys by orders that are not in this plan."""
        made = read_actions_of(self.store, name, keys).values()
        others = [action for action in made if action.action not in self.actions]
        self.progress |= read_progress(self.store, {action.payout for action in others})
        for action in others:
            self.actions[action.action] = action
            self._index(action)

    def finished(self, action: Action) -> bool:
        """Whether every step of it is carried out."""
        progress = self.progress.get(action.action, Progress())
        return all(progress.finished(step) for step in action.steps)

    def sent_since(self, known: Sequence[Action], moment: datetime | None) -> bool:
        """Whether the last of them was sent after that; so too where either is not known."""
        if not known:
            return False
        sent = self.progress[known[-1].action].sent_at.get("create")
        return sent is None or moment is None or sent >= moment

    def failed(self, action: Action) -> bool:
        """Whether the target took it, worked on it and did not carry it out."""
        events, aim = self.progress[action.action].events, target(action.target)
        return any(events.get(step) == "refused" and aim.polls(step) for step in action.then
                   if step in aim.calls["then"])  # fmt: skip

    def behind(self, action: Action) -> bool:
        """Whether nothing more comes of it: the target failed, or a person cancelled it."""
        return self.failed(action) or action.action in self.cancelled

    def let_go(self, action: Action) -> bool:
        """Whether a person cancelled its document and said that it is to be made again."""
        return bool(self.cancelled.get(action.action, {}).get("let_go"))

    def replaced(self, source: str, staged: str | None) -> str | None:
        """The number of the document of the same kind that a source had and that was let go."""
        numbers = [row["number"] for row in self.cancelled.values() if row["let_go"]
                   and (row["source"], row["staged"]) == (source, staged)]  # fmt: skip
        return numbers[-1] if numbers else None

    def retried(self, action: Action, decided: Row | None) -> bool:
        """Whether a person has said since it was sent that it is to be tried again."""
        if decided is None or decided["kind"] != "retry":
            return False
        sent = self.progress[action.action].sent_at.get("create")
        return sent is None or bool(decided["noted_at"] > sent)
