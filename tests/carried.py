"""What a merchant knows, carried to a new one in a file: exported, read again, staged, compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import few_rows
from shop import Shop

from engine import session as sessions
from engine.clock import StoppedClock
from engine.extract import pseudonym
from engine.extract.export import export
from engine.extract.raw import Report
from engine.extract.replay import ingest
from engine.session import Session
from engine.stage.staging import stage
from engine.stage.traffic import exported
from engine.store.database import Store, in_memory

KEY = b"key"
CLOCK = StoppedClock(datetime(2026, 11, 29, tzinfo=UTC))
# Numbers of answers are a database's own.
OWN = ("raw_seq", "card_seq")
TABLES = """
SELECT schema_name || '."' || table_name || '"' AS name
FROM duckdb_tables()
WHERE schema_name IN ('qliro', 'fortnox')
ORDER BY ALL
"""

Tables = dict[str, list[tuple[Any, ...]]]


def tables(store: Store) -> Tables:
    """Every row of every staged table, in an order of its own."""
    found: Tables = {}
    for row in store.rows(TABLES):
        columns = [f'"{name}"' for name in store.types(row["name"]) if name not in OWN]
        every = f"SELECT {', '.join(columns)} FROM {row['name']} ORDER BY ALL"
        found[row["name"]] = store.tuples(every)
    return found


def read(folder: Path, lines: Iterable[str]) -> tuple[Store, Report]:
    """A new merchant that has read these lines of saved traffic, and what it told of them."""
    path = folder / "traffic.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    other = few_rows.plainly(in_memory())
    report = ingest(other, path, CLOCK, key=KEY)
    stage(other)
    return other, report


def carried(store: Store, folder: Path) -> Tables:
    """The tables of a new merchant that has read the export of this one."""
    other, _ = read(folder, export(store))
    found = tables(other)
    other.connection.close()
    return found


def assert_carried(store: Store, folder: Path) -> None:
    """A new merchant that has read the export of this one has the same tables."""
    before = tables(store)
    assert any(before.values())
    assert different(before, carried(store, folder)) == {}


def planned(shop: Shop, lines: Iterable[str], folder: Path) -> list[Any]:
    """What a new merchant with the settings of the shop would do who has read these lines, without
    asking: outcomes, matches and amounts, and no word of who somebody is."""
    other, report = read(folder, lines)
    mine, shop.store = shop.store, other
    opened: Session
    try:
        with shop.session() as opened:
            plan = sessions.plan(opened, Report(), offline=True)
    finally:
        shop.store = mine
    other.connection.close()
    # A customer is made for whom its number names.
    outcomes = [
        (one.mapping, "…" if one.mapping == "customer" else (one.source, one.action), one.state,
         one.code, one.covers)
        for one in plan.outcomes
    ]  # fmt: skip
    actions = [(one.mapping, one.covers, _plain(one.document)) for one in plan.actions]
    return [outcomes, actions, [one.code for one in report.findings]]


def _plain(value: Any, key: str = "") -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(one, str(name).lower()) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one, key) for one in value]
    stays = key in pseudonym.HARMLESS or key in pseudonym.REFERENCES
    return value if stays or not isinstance(value, str) else "…"


def assert_alike(shop: Shop, folder: Path) -> None:
    """Pseudonymised, what the shop has read makes the same matches, outcomes and amounts."""
    (mapping_set, _) = sessions.load_mappings(shop.merchant)
    told = [
        list(exported(shop.merchant, shop.store, mapping_set, pseudonymise=hidden))
        for hidden in (False, True)
    ]
    plain, hidden = (planned(shop, lines, folder) for lines in told)
    assert plain[0]
    for one, other in zip(plain, hidden, strict=True):
        assert [row for row in one if row not in other] == []
        assert len(one) == len(other)


def different(one: Tables, other: Tables) -> dict[str, Any]:
    """The rows that only one of two has, by table."""
    return {
        name: ([row for row in rows if row not in other[name]][:3],
               [row for row in other[name] if row not in rows][:3])
        for name, rows in one.items() if rows != other[name]
    }  # fmt: skip
