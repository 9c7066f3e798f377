"""What is told of a situation on the shelf: all that a run wrote down, in words that can be read.

A situation is lived in a shop of the tests; ``Stage`` tells each of its runs. Of what was decided:
mapping, source, state, sentence, the rows of tables that decided and what was matched. Of each
document: its action, target, identity and what follows it. Of each request: the bytes as they were
sent. Where a rule stands (path:line) is no part of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from order_shop import OrderShop
from shop import Shop

from engine import json_text
from engine.session import RunReport
from engine.store.database import Store
from engine.workbench.anew import Anew

Row = dict[str, Any]
LEDGER = ("outcome", "action", "event")
PLACE = re.compile(r"\((?:[^()]*; )?[\w/-]+\.yaml:\d+(:\d+)?(, [^)]*)?\)")


@dataclass(slots=True)
class Stage:
    """Where a situation is lived; ``lines`` are what was told of its runs so far."""

    folder: Path
    lines: list[str] = field(default_factory=list)
    shop: Any = None
    read: dict[str, int] = field(default_factory=dict)
    store: Store | None = None

    def payouts(self, **changes: Any) -> Shop:
        """A shop of payouts; settings by dotted key."""
        return self._opened(Shop(self._place(), changes=changes))

    def orders(self, world: Any = None, **changes: Any) -> OrderShop:
        """A shop of orders; settings by dotted key."""
        given = {} if world is None else {"world": world}
        return self._opened(OrderShop(self._place(), changes=changes, **given))

    def _place(self) -> Path:
        made = self.folder / str(len(list(self.folder.iterdir())))
        made.mkdir()
        return made

    def _opened(self, shop: Any) -> Any:
        if self.shop is not None:
            self.close()
        self.shop = shop
        key = shop.merchant.database.with_suffix(".key")  # by which buyers are known: always one
        key.parent.mkdir(parents=True, exist_ok=True)
        key.write_bytes(b"the shelf knows its buyers again".ljust(32))
        told = {name: value for name, value in shop.changes.items() if "plus_api" not in name}
        self.lines += ["", f"SHOP {json_text.canonical(told)}"]
        return shop

    def run(self, times: int = 1, *named: str) -> RunReport:
        """Runs, each told; the report of the last."""
        for _ in range(times):
            report: RunReport = self.shop.run(*named)
            if self.store is not self.shop.store:
                self.store, self.read = self.shop.store, dict.fromkeys(LEDGER, -1)
            told = [PLACE.sub("(…)", line) for line in self._told(report)]
            self.lines += ["", "RUN", *told]
        return report

    def close(self) -> None:
        """The shop's database is let go."""
        self.shop.store.connection.close()

    def _told(self, report: RunReport) -> Iterator[str]:
        for told in (*report.plan.problems, *report.plan.warnings):
            yield f"! {told}"
        yield from (f"! {one.message}" for one in report.findings.findings)
        outcomes, actions, events = (self._fresh(name) for name in LEDGER)
        yield from _outcomes(outcomes, Anew(self.shop.store, self.shop.merchant))
        sent = {one["action"] for one in events if one["step"] == "create" and one["body"]}
        yield from _actions(actions, sent)
        yield from _events(events)

    def _fresh(self, table: str) -> list[Row]:
        """The rows of the ledger that this run has written."""
        rows = self.shop.store.rows(
            f"SELECT rowid AS place, * FROM ledger.{table} WHERE rowid > ? ORDER BY rowid",
            [self.read[table]],
        )
        self.read[table] = max([self.read[table], *(one["place"] for one in rows)])
        return rows


Live = Callable[[Stage], None]


def _outcomes(rows: Sequence[Row], anew: Anew) -> Iterator[str]:
    before: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        trace = anew.trace(row)
        yield (
            f"{row['mapping']} {row['source']} of {row['payout']}: {row['state']} "
            f"({row['code']}) {row['reason']}"
        )
        more = []
        if row["action"] or list(row["covers"]) not in ([], [row["source"]]):
            more.append(f"  action {row['action']} covers {', '.join(row['covers'])}")
        hits = sorted({f"{table} {place}" for table, place, _ in trace.get("tables", ())})
        more += [f"  tables {', '.join(hits)}"] if hits else []
        match = trace.get("match")
        more += [f"  match {json_text.encode(match)}"] if match else []
        more += [f"  differs {trace['differs']}"] if "differs" in trace else []
        if before.get((row["mapping"], row["source"])) != more:
            yield from more
        before[row["mapping"], row["source"]] = more


def _actions(rows: Sequence[Row], sent: set[str]) -> Iterator[str]:
    for row in rows:
        yield (
            f"> {row['action']} is a {row['target']} of {row['source']} ({row['payout']}), "
            f"covers {', '.join(row['covers'])}; moves {', '.join(row['moves'])}; "
            f"then {', '.join(row['follow'])}; takes {row['consumed']} of {row['consumed_of']}"
        )
        yield f"  identity {row['identity']}"
        yield f"  facts {row['facts']}"
        if row["action"] not in sent:
            # Not sent as it stands: the order of its keys is nobody's.
            yield f"  document {laid_out(json_text.canonical(json_text.decode(row['document'])))}"


def _events(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        told = [row["action"], row["step"], row["event"], row["method"], row["path"],
                row["number"], row["note"]]  # fmt: skip
        yield " ".join(["=", *(str(one) for one in told if one is not None)])
        if row["body"]:
            yield f"  {laid_out(row['body'])}"


def laid_out(text: str) -> str:
    """A document as it was sent, byte for byte, with each of its rows on a line."""
    return text.replace("[{", "[\n    {").replace("},{", "},\n    {")
