"""The voucher of a payout of many lines: its trace names them, its values explain themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from shop import Shop

from engine.plan import long_traces
from engine.plan.long_traces import as_staged, is_short, short
from engine.sandbox.fortnox.company import empty_world
from engine.sandbox.generator import clean
from engine.sandbox.history import fee_line, new_sale, settle
from engine.workbench.anew import Anew
from engine.workbench.seen import UNSEEN

from .every_value import every_kind, unexplained

LINES = 4
TRACES = """
SELECT * FROM ledger.outcome WHERE mapping = 'transfer' AND state = 'planned' ORDER BY rowid
"""


def test_a_long_list_of_lines_is_kept_as_their_ids_and_a_short_one_as_it_is() -> None:
    rows = [{"line": f"{n}", "value": Decimal(n)} for n in range(long_traces.MOST_WHOLE + 1)]
    assert short(rows[:-1]) == rows[:-1]
    assert short(rows) == [{"line": row["line"]} for row in rows]
    assert (is_short(short(rows)), is_short(rows), is_short([])) == (True, False, False)
    amounts = [row["value"] for row in rows]
    assert short(amounts) == amounts


def test_the_voucher_of_many_lines_is_explained_although_its_trace_names_only_which(
    shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_traces, "MOST_WHOLE", LINES - 1)
    one = shop(clean(LINES))
    one.run()
    (kept,) = one.store.rows(TRACES)
    trace = Anew(one.store, one.merchant).trace(kept)
    assert is_short(trace["inputs"]["lines"])
    assert is_short(trace["lets"]["moved"])
    assert len(as_staged(one.store, trace["inputs"]["lines"])) == LINES
    told = [value for value in every_kind(one) if value.decided.mapping == "transfer"]
    assert told
    for value in told:
        assert (value.doubt, value.anew, unexplained(value)) == ("", UNSEEN, []), value.field


def test_few_of_the_many_lines_of_a_voucher_are_told_whole(
    shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_traces, "MOST_WHOLE", LINES - 1)
    world = empty_world()
    sales = [new_sale(world, Decimal(100 + n)) for n in range(LINES - 1)]
    world.conventions = replace(world.conventions, gross_totals=True)
    settle(world, [*(sale.line for sale in sales), fee_line(sales[0].line, Decimal(5))])
    one = shop(world, **{"fees.mode": "none", "conventions.total": "gross"})
    one.run()
    (kept,) = one.store.rows(TRACES)
    trace = Anew(one.store, one.merchant).trace(kept)
    (fee,) = trace["lets"]["fees"]
    (staged,) = as_staged(one.store, [{"line": fee["line"]}])
    assert staged.keys() < fee.keys()
    assert (fee["Type"], fee["Amount"], fee["gross"]) == ("Fee", staged["Amount"], -5)
