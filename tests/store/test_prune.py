"""What need not be kept is left out, and nothing else: no row, nothing that is open, no event."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from faults.shop import KINDS, posted
from shop import Shop

from engine.errors import UsageError
from engine.report.explain import explain
from engine.sandbox.history import settle
from engine.sandbox.troubles.by_name import TROUBLES
from engine.show import explanation
from engine.stage.staging import stage
from engine.store.database import reading, writing
from engine.store.history import moments
from engine.store.prune import compact, kept_from, prune
from engine.workbench.answer import answer

KEEP = {"years": 7, "oss_years": 10}
LEDGER = ("ledger.action", "ledger.event", "ledger.resolution", "ledger.proof",
          "ledger.line_state", "ledger.payout_state", "ledger.made_under", "ledger.made_with",
          "ledger.mapping_set", "raw.cursor")  # fmt: skip


@pytest.mark.parametrize(
    ("today", "ended", "kept"),
    [
        # Of a calendar year: to the end of the seventh after it.
        (date(2033, 12, 31), [date(2025, 12, 31), date(2026, 12, 31)], date(2026, 1, 1)),
        (date(2034, 1, 1), [date(2025, 12, 31), date(2026, 12, 31)], date(2027, 1, 1)),
        # Of one from May to April: after the calendar year in which it ended.
        (date(2034, 1, 1), [date(2026, 4, 30), date(2027, 4, 30)], date(2026, 5, 1)),
        (date(2035, 1, 1), [date(2026, 4, 30), date(2027, 4, 30)], date(2027, 5, 1)),
        # Not known: it may have been of eighteen months.
        (date(2034, 1, 1), [], date(2025, 7, 1)),
    ],
)
def test_all_is_kept_to_the_end_of_the_seventh_year_after_the_financial_year_ended(
    today: date, ended: list[date], kept: date
) -> None:
    assert kept_from(today, 7, ended) == kept


@pytest.fixture
def lived(tmp_path: Path) -> Shop:
    """A payout of every kind of line and one that is clean, in a database on disk."""
    shop = Shop(tmp_path)
    batch = settle(shop.world, []).id
    for kind in KINDS:
        TROUBLES[kind](shop.world, into=batch)
    TROUBLES["clean_sale"](shop.world)
    with writing(tmp_path, "shop") as store:
        shop.store = store
        shop.run()
        shop.later(days=1)
        shop.run()
    return shop


def contents(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect(str(folder / "shop.duckdb"), read_only=True) as connection:
        tables = connection.execute(
            "SELECT schema_name || '.\"' || table_name || '\"' FROM duckdb_tables()"
        ).fetchall()
        query = "SELECT * FROM {} ORDER BY ALL"
        return {
            name.replace('"', ""): connection.execute(query.format(name)).fetchall()
            for (name,) in tables
        }


def pruned(folder: Path, shop: Shop, years: int, keep: dict[str, int] = KEEP) -> Any:
    now = shop.clock.now() + timedelta(days=365 * years)
    return prune(folder / "shop.duckdb", "shop", now, now.date(), keep, "SE")


def test_nothing_goes_before_its_time(lived: Shop, tmp_path: Path) -> None:
    before = (tmp_path / "shop.duckdb").read_bytes()
    found, room = pruned(tmp_path, lived, 7)
    assert (found.answers, found.traces) == (0, 0)
    assert room.before == room.after
    assert (tmp_path / "shop.duckdb").read_bytes() == before


def test_bodies_and_traces_of_what_is_closed_go_and_every_row_stays(
    lived: Shop, tmp_path: Path
) -> None:
    before = contents(tmp_path)
    found, _ = pruned(tmp_path, lived, 12)
    after = contents(tmp_path)
    assert found.answers
    assert found.traces
    assert {name: after[name] for name in LEDGER} == {name: before[name] for name in LEDGER}
    assert {name: len(rows) for name, rows in after.items() if name != "ledger.run"} == {
        name: len(rows) for name, rows in before.items() if name != "ledger.run"
    }
    assert all(after[name] == before[name] for name in before if name.startswith(("qliro", "fort")))
    assert len(after["ledger.run"]) == len(before["ledger.run"]) + 1
    again, _ = pruned(tmp_path, lived, 12)
    assert (again.answers, again.traces) == (0, 0)


def test_what_is_open_and_what_the_registers_came_from_stays(lived: Shop, tmp_path: Path) -> None:
    pruned(tmp_path, lived, 12)
    with reading(tmp_path, "shop") as store:
        parked = store.rows("SELECT DISTINCT source FROM ledger.line_state "
                            "WHERE state IN ('parked', 'waiting')")  # fmt: skip
        assert parked
        for row in parked:
            query = "SELECT trace FROM ledger.outcome WHERE source = ?"
            traces = store.rows(query, [row["source"]])
            assert any(len(one["trace"]) > 2 for one in traces)
        for table in ("fortnox.account", "fortnox.company", "fortnox.financial_year"):
            gone = store.value(f"SELECT count(*) FROM {table} AS t JOIN raw.answer AS a "
                               "ON a.seq = t.raw_seq WHERE a.body = ''")  # fmt: skip
            assert gone == 0, table
        left = store.value(
            "SELECT count(*) FROM qliro.settlement_line AS t JOIN raw.answer AS a "
            "ON a.seq = t.raw_seq JOIN ledger.payout_state AS p ON p.payout = t.Id::VARCHAR "
            "WHERE a.body = '' AND NOT p.closed"
        )
        assert left == 0


@pytest.mark.parametrize("gone", [False, True])
def test_runs_go_on_as_if_nothing_had_gone(lived: Shop, tmp_path: Path, gone: bool) -> None:
    if gone:
        pruned(tmp_path, lived, 12)
    before, known = posted(lived.world), {*lived.world.invoices}
    with writing(tmp_path, "shop") as store:
        lived.store = store
        lived.run()
        assert posted(lived.world) == before
        lived.later(days=1)
        TROUBLES["clean_sale"](lived.world)
        (new,) = [one for one in lived.world.invoices if one not in known]
        lived.world.invoices[new] = replace(lived.world.invoices[new], modified=lived.world.now())
        lived.run()
        posted_now = posted(lived.world)
    assert all(posted_now["payments"][one] == 1 for one in before["payments"])
    assert len(posted_now["payments"]) == len(before["payments"]) + 1


def test_staged_anew_what_is_there_stays(lived: Shop, tmp_path: Path) -> None:
    pruned(tmp_path, lived, 12)
    with writing(tmp_path, "shop") as store:
        names = ("qliro.settlement_line", "fortnox.invoice", "fortnox.invoice_payment")
        before = [store.value(f"SELECT count(*) FROM {name}") for name in names]
        store.execute("DELETE FROM raw.staged")
        stage(store)
        assert [store.value(f"SELECT count(*) FROM {name}") for name in names] == before


def test_what_was_sold_abroad_is_kept_for_ten_years(lived: Shop, tmp_path: Path) -> None:
    with writing(tmp_path, "shop") as store:
        store.execute("UPDATE qliro.settlement_line SET CountryCode = 'DK' "
                      "WHERE rowid = (SELECT min(rowid) FROM qliro.settlement_line)")  # fmt: skip
    assert pruned(tmp_path, lived, 9)[0].answers == 0
    assert pruned(tmp_path, lived, 12)[0].answers > 0


def test_explain_diff_and_raw_say_what_was_pruned(lived: Shop, tmp_path: Path) -> None:
    with reading(tmp_path, "shop") as store:
        closed = store.rows("SELECT payout FROM ledger.payout_state WHERE closed")[0]["payout"]
        assert moments(store)
        assert explain(store, closed)["pruned"] is None
    until = pruned(tmp_path, lived, 12)[0].until
    with reading(tmp_path, "shop") as store:
        assert moments(store) == []
        told = explain(store, closed)
        assert told["pruned"] == until
        text = str(explanation.page(told))
        assert f"before {until}" in text
        assert "was pruned (keep_raw)" in text
        gone = store.value("SELECT min(seq) FROM raw.answer WHERE body = '' AND problem IS NULL")
        with pytest.raises(UsageError, match=f"The body of answer {gone} was pruned"):
            answer(store, lived.merchant, gone)


def test_compact_gives_back_what_is_free_and_keeps_all_also_what_it_does_not_know(
    lived: Shop, tmp_path: Path
) -> None:
    with writing(tmp_path, "shop") as store:
        store.execute("CREATE TABLE raw.more AS "
                      "SELECT sha256(i::VARCHAR) AS x FROM range(100000) AS t(i)")  # fmt: skip
    with writing(tmp_path, "shop") as store:
        store.execute("CREATE TABLE raw.last AS SELECT sha256('last') AS x")
        store.execute("CHECKPOINT")
        store.execute("DROP TABLE raw.more")
        store.execute("ALTER TABLE ledger.proof ADD COLUMN more INTEGER DEFAULT 7")
    before = contents(tmp_path)
    room = compact(tmp_path / "shop.duckdb", "shop")
    assert room.after < room.before - 2_000_000
    after = contents(tmp_path)
    assert after == before
    assert after["raw.last"]
    assert after["ledger.proof"][0][-1] == 7
    files = {one.name: one.stat().st_mode & 0o777 for one in tmp_path.glob("shop.*duckdb")}
    assert files == {"shop.duckdb": 0o600, "shop.last.duckdb": 0o600}
