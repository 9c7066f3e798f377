"""How fast a change is judged on history: one row of the OSS table, and any change.

The orders of ``orders.py``, staged, whose customers are there; nothing of them is posted yet, so
each is decided as of now. Beside it the hand-written single pass over the same answers
(``orders_by_hand.py``), which decodes, maps and encodes each order once.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from benchmarks import orders
from benchmarks.figure import Figure, processor_seconds
from benchmarks.mapping import HOUSE
from engine import json_text
from engine.merchant.load import load_merchant
from engine.stage.staging import stage
from engine.store.database import Store, reading, writing
from engine.store.ledger import Action, Event, record, record_actions
from engine.workbench.diff.judged import diff
from engine.workbench.versions import Version, working

ORDERS, WHOLE = 200_000, 1_000_000
CUSTOMERS = {"SE": "1", "FI": "2"}  # collective ones, by country
# What changes: the account of a row of the OSS table; something in each document.
ROW = {"sales_accounts": [row | ({"account": 3115} if row.get("country") == "FI" else {})
                          for row in orders.NEEDED["sales_accounts"]]}  # fmt: skip
ANYTHING = ("orders/new_order.yaml", "{{ order.name }}", "{{ order.name | upper }}")
MOST_MEMORY = 1536  # MiB
Measured = tuple[float, float, int]  # seconds by the clock and of processors, documents that differ


def version(
    folder: Path, name: str, changes: dict[str, Any], text: tuple[str, str, str] | None = None
) -> Version:
    """The demo's merchant, whose orders go to Fortnox, with some settings changed, or a text of
    the mapping set."""
    data = yaml.safe_load((HOUSE / "merchants/demo.yaml").read_text("utf-8"))
    collective = [{"country": key, "customer": number} for key, number in CUSTOMERS.items()]
    data |= {
        "flows": {"payouts": True, "orders": True}, "orders_from": "2026-01-01",
        "payouts_from": "2026-01-01", "state": str(folder),
        "customers": {"by": "collective", "collective": collective},
        "sales_accounts": orders.NEEDED["sales_accounts"],
        "payment_methods": orders.NEEDED["payment_methods"], **changes,
    }  # fmt: skip
    path = folder / name / "bench.yaml"
    path.parent.mkdir(exist_ok=True)
    if text is not None:
        file, before, after = text
        data["mapping_set"] = str(folder / "set")
        shutil.copytree(HOUSE / "mappings/qliro-fortnox", folder / "set", dirs_exist_ok=True)
        said = (folder / "set" / file).read_text("utf-8")
        (folder / "set" / file).write_text(said.replace(before, after), "utf-8")
    path.write_text(json_text.encode(data), "utf-8")  # which is YAML too
    return working(load_merchant(path, {}, needs_secrets=False), name)


def prepare(folder: Path, number: int) -> None:
    """The orders as they are stored and staged, with the articles and customers of Fortnox."""
    orders.prepare(folder, number)
    with writing(folder, "bench") as store:
        stage(store)
        for article in (*orders.ARTICLES, orders.ABROAD[0]):
            store.execute("INSERT INTO fortnox.article VALUES (?, '', true, 0)", [article])
        _customers(store)


def _customers(store: Store) -> None:
    """The collective customers, as a run took them over."""
    now = datetime.now(UTC)
    for country, number in CUSTOMERS.items():
        source = f"collective {country}"
        action = Action(f"customer-{source}", "customer", "fortnox.customer", source, "order 1", (),
                        {}, {"ask": {}, "agree": {}, "adopt": {}}, adopted=number)  # fmt: skip
        record_actions(store, "bench", now, [action])
        record(store, "bench", now, Event(action.action, "create", "adopted", number=number))
        store.execute(
            "INSERT INTO fortnox.customer (CustomerNumber, VATType, Active, raw_seq, card_seq) "
            "VALUES (?, 'SEVAT', true, 0, 0)", [number],
        )  # fmt: skip


def of_row(folder: Path) -> Measured:
    """Our time for a row of the OSS table."""
    return _diff(folder, version(folder, "row", ROW))


def of_anything(folder: Path) -> Measured:
    """Our time for a change of each document."""
    return _diff(folder, version(folder, "anything", {}, ANYTHING))


def _diff(folder: Path, after: Version) -> Measured:
    before = version(folder, "before", {})
    with reading(folder, "bench") as store:
        began, spent = time.perf_counter(), processor_seconds()
        report = diff(store, before, after)
        return time.perf_counter() - began, processor_seconds() - spent, report.differing


def by_hand(folder: Path) -> Measured:
    """The yardstick's time, and how many documents it made."""
    began, spent = time.perf_counter(), processor_seconds()
    made = sum(1 for _body in orders.by_hand(folder))
    return time.perf_counter() - began, processor_seconds() - spent, made


def run(number: int = ORDERS) -> list[Figure]:
    """Both figures."""
    folder = Path(tempfile.mkdtemp(prefix="qliro-fortnox-bench-"))
    try:
        orders.alone(prepare_in(number), folder)
        row, row_memory = orders.alone(of_row, folder)
        every, memory = orders.alone(of_anything, folder)
        hand, hand_memory = orders.alone(by_hand, folder)
    finally:
        shutil.rmtree(folder)
    abroad = sum(1 for one in range(number) if one % 17 == 8)
    if (row[2], every[2], hand[2]) != (abroad, number, number):
        raise RuntimeError(f"{row[2]} and {every[2]} differ, {hand[2]} by hand, of {number}")
    return [
        _figure(f"diff over {number:,} orders of three rows, a row of the OSS table changed",
                row, row_memory, hand, hand_memory, 0.5),
        _figure(f"diff over {number:,} orders of three rows, each document changed",
                every, memory, hand, hand_memory, 1.5),
    ]  # fmt: skip


class prepare_in:  # noqa: N801  a function that another process is handed
    """``prepare`` of so many orders."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, folder: Path) -> None:
        prepare(folder, self.number)


def _figure(
    name: str, ours: Measured, memory: float, hand: Measured, hand_memory: float, most: float
) -> Figure:
    ratio = ours[0] / hand[0]
    return Figure(
        name,
        f"{ours[0]:.1f} s ({ours[1]:.1f} s of processors, {ours[2]:,} differ, "
        f"peak {memory:,.0f} MiB)",
        f"by hand, once: {hand[0]:.1f} s ({hand[1]:.1f} s of processors, "
        f"peak {hand_memory:,.0f} MiB)",
        ratio, f"at most {most} of the time, under 1.5 GiB", ratio <= most and memory < MOST_MEMORY,
    )  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS)
    for figure in run(parser.parse_args().orders):
        print(f"{figure.name}: {figure.value}, {figure.yardstick}: {figure.ratio:.2f}")
