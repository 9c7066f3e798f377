"""A benchmark is honest when both of its sides give the same: here at small sizes."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import few_rows
import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import delivery, diff, idle, lives, mapping, matching, orders, staging, state
from benchmarks.figure import Figure
from engine.home import HOME
from engine.plan import found
from engine.store import database as stores
from engine.store.database import writing


def test_the_payment_is_the_same_document_by_hand_by_jinja_and_by_the_mapping(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mapping, "ROUNDS", 1)
    monkeypatch.setattr(mapping, "SECONDS", 0.001)
    assert [figure.ratio > 0 for figure in mapping.run()] == [True, True]


def test_a_change_alters_as_many_orders_as_it_should() -> None:
    assert [figure.ratio > 0 for figure in diff.run(40)] == [True, True]


def test_the_bare_joins_find_as_many_candidates_and_the_same_best_one() -> None:
    matching.agree(5_000)


def test_a_yardstick_with_a_join_too_few_is_found_out() -> None:
    with pytest.MonkeyPatch.context() as patch:
        whole = matching.contests()
        cut = [matching.Contest(one.name, one.query, one.joins[:3]) for one in whole]
        patch.setattr(matching, "contests", lambda: cut)
        with pytest.raises(RuntimeError, match="come out differently"):
            matching.agree(1_000)


def test_staging_and_read_json_read_the_same_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"ANSWERS": 2, "LINES": 50, "ROUNDS": 1}.items():
        monkeypatch.setattr(staging, name, value)
    staging.prepare(tmp_path)
    staging.staging(tmp_path)
    staging.reading(tmp_path)
    asked = "SELECT count(*), sum(Amount), min(OrderId), max(MerchantOrderReference) FROM "
    with writing(tmp_path, "bench") as store:
        ours = store.connection.execute(asked + "qliro.settlement_line").fetchall()
    with duckdb.connect(str(tmp_path / "yardstick.duckdb")) as connection:
        assert connection.execute(asked + "line").fetchall() == ours


def test_a_clean_payout_over_a_socket_costs_two_calls_a_line_and_few_more() -> None:
    counted = delivery.deliver(30, delivery.SCALED)
    assert (counted.payments, counted.twice) == ((30, 30), 0)
    assert counted.calls - counted.refused < 2 * 30 + 30


def test_an_order_costs_five_calls_from_its_order_four_directly_and_one_more_for_a_new_buyer(
    read_mappings_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "_configure", few_rows.in_one_thread_and_plainly)
    orders = 4
    from_order = lives.live(orders, lives.OF_ORDERS)
    direct = lives.live(orders, lives.DIRECT)
    of_new = lives.live(orders, lives.DIRECT, known=False)
    own = [
        {name: n for name, n in counted.calls.items() if not name.startswith("GET ")}
        for counted in (from_order, direct, of_new)
    ]
    paid = {"POST invoicepayments": orders, "PUT invoicepayments/…/bookkeep": orders}
    booked = {"PUT invoices/…/bookkeep": orders, **paid, "POST vouchers": 1}
    made = {"POST invoices": orders, **booked}
    assert own[0] == {"POST orders": orders, "PUT orders/…/createinvoice": orders, **booked}
    assert own[1:] == [made, {"POST customers": orders, **made}]
    for counted, cards in ((from_order, 1), (direct, 1), (of_new, 0)):
        reads = {name: n for name, n in counted.calls.items() if name[:4] == "GET " and "…" in name}
        assert reads == ({"GET customers/…": cards} if cards else {})  # its card, once


def test_a_figure_that_falls_short_is_shown_and_ends_a_strict_run_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    short = Figure("a thing", "3 s", "bare: 1 s", 3.0, "at most 1.5", holds=False)
    monkeypatch.setattr(mapping, "run", lambda: [short])
    assert benchmarks.main(["mapping"]) == 0
    assert "short" in capsys.readouterr().out
    assert benchmarks.main(["mapping", "--strict", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["figures"][0]["ratio"] == 3.0


@pytest.mark.parametrize("processes", [0, 2])
def test_orders_are_the_same_documents_by_hand_and_by_the_engine(
    tmp_path: Path, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found, "HANDED_ON", 70)
    orders.prepare(tmp_path, 400)
    with writing(tmp_path, "bench") as store:
        made = list(orders.by_engine(store, processes))
    assert len(made) == 400
    assert made == list(orders.by_hand(tmp_path))


def test_an_idle_run_asks_three_times_and_for_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"LINES": 2, "IDLE": 1, "PACE": idle.QUICK}.items():
        monkeypatch.setattr(idle, name, value)
    (found,) = idle.payouts_alone(HOME)
    assert sorted(found["asked"]) == [
        "GET /3/invoicepayments",
        "GET /3/invoices",
        "GET /checkout/adminapi/v2/settlements/GetSettlementBatches",
        "POST /oauth-v1/token",
    ]


def test_the_state_is_counted_for_lines_that_were_posted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "LINES", 3)
    monkeypatch.setattr(state, "BEFORE", "no-such-commit")
    (figure,) = state.run()
    assert figure.yardstick == "no-such-commit is not at hand: no history"
    assert not figure.holds  # three lines bear all that does not grow


def test_without_history_an_idle_run_is_measured_alone() -> None:
    with idle.build("no-such-commit") as found:
        assert found is None
