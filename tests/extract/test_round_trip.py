"""What is exported and read by a new merchant gives it the same tables, value for value: of sandbox
histories, of the APIs' own samples, of answers made at random and staged in any portions. (Every
trouble and every life: tests/flows/test_troubles.py, tests/orders/test_carried.py.)"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import few_rows
import pytest
from carried import KEY, assert_carried, carried, different, read, tables
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from odd.sweep import NOW, answers, entry_shape, good
from shop import OpenShop, Shop

from engine import scope, session
from engine.extract.raw import Call, keep
from engine.extract.readable import IDS, shapes
from engine.sandbox.generator import Shop as Kind
from engine.sandbox.generator import generate
from engine.session import Session
from engine.stage.staging import stage
from engine.store.database import in_memory
from engine.transport.endpoints import ENDPOINTS, by_name
from engine.transport.http import Answer

SAMPLES = Path(__file__).parents[3] / "shared" / "contracts" / "samples"
ABROAD = Kind(
    markets=(("SE", "SEK"), ("FI", "EUR"), ("NO", "NOK")), payouts=3, sales_per_payout=4, refunds=40
)
ODD: list[Any] = [None, "", "0", "many", "12,50", 0, -1, 2.5, True, 10**25, [], [1], {}, {"a": 1}]
TOLD_OTHERWISE = (
    "batch_grows_later", "batch_shrinks_later", "pending_becomes_accepted", "duplicate_lines",
    "batch_relisted_with_new_id", "unknown_status",
)  # fmt: skip


def synced(shop: Shop, *named: str) -> None:
    """A sync, and two days."""
    opened: Session
    with shop.session() as opened:
        session.sync(opened, scope.named(named))
    shop.later(days=2)


def test_of_payouts_in_three_currencies(shop: OpenShop, tmp_path: Path) -> None:
    opened = shop(generate(3, ABROAD))
    synced(opened)
    synced(opened)
    assert_carried(opened.store, tmp_path)


def test_of_payouts_that_are_told_otherwise_day_by_day(shop: OpenShop, tmp_path: Path) -> None:
    opened = shop()
    for name in TOLD_OTHERWISE:
        opened.trouble(name)
    for _ in range(3):
        synced(opened)
    assert_carried(opened.store, tmp_path)


@pytest.mark.skipif(not SAMPLES.exists(), reason=f"the official samples are not at {SAMPLES}")
def test_of_every_sample_of_the_apis(tmp_path: Path) -> None:
    lines = [
        json.dumps({"request": {"method": "GET", "path": path}, "status": 200,
                    "at": NOW.isoformat(), "body": body})
        for sample in sorted(SAMPLES.glob("*.json"))
        for body in _bodies(json.loads(sample.read_text("utf-8")))
        for path in _paths(body)
    ]  # fmt: skip
    assert len(lines) >= 5
    store, _ = read(tmp_path, lines)
    assert_carried(store, tmp_path)


def _bodies(content: Any) -> list[Any]:
    entries = content if isinstance(content, list) else [content]
    return [one.get("body", one) for one in entries if isinstance(one, dict)]


def _paths(body: Any) -> list[str]:
    """Paths of all calls that such a body may answer."""
    calls = [one for one in ENDPOINTS if isinstance(body, dict) and one.key in body]
    home = {"qliro": "/checkout/adminapi"}
    return [
        (home.get(one.source, "") if one.path.startswith("/v2") else "")
        + one.path.partition("{")[0] + ("7" if "{" in one.path else "")
        for one in calls
    ]  # fmt: skip


# Calls that tell of the same things.
KIN = (
    ("order",),
    ("order", "merchant_order"),
    ("settlements_by_batch", "settlement_batches"),
    ("invoices", "invoice", "fortnox_order", "orders"),
    ("customers", "customer", "articles", "article"),
    ("invoice_payments", "invoice_payment", "vouchers", "voucher"),
    ("accounts", "voucher_series", "locked_period", "company"),
    ("financial_years", "currencies", "modes_of_payment", "terms_of_payment", "cost_centers",
     "projects"),
)  # fmt: skip


def drawn(kin: tuple[str, ...]) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """Answers of such calls: about which of two things, in which version, odd where and how, given
    in which hour, and whether they are staged before the next comes."""
    odd = st.tuples(st.integers(0, 300), st.integers(0, len(ODD) - 1))
    versions = 2
    if "merchant_order" in kin:  # which no run asks for: only as it should come
        odd, versions = st.nothing(), 1
    answer = st.tuples(
        st.sampled_from(kin), st.integers(1, 2), st.integers(0, versions), st.none() | odd,
        st.integers(0, 4), st.booleans(),
    )  # fmt: skip
    return st.lists(answer, min_size=3, max_size=7)


@settings(max_examples=15, derandomize=True, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.sampled_from(KIN).flatmap(drawn))
def test_of_answers_made_at_random(given_answers: list[tuple[Any, ...]]) -> None:
    store = few_rows.plainly(in_memory())
    for *told, hour, is_staged_now in given_answers:
        keep(store, answered(*told, hour), origin="network", key=KEY)
        if is_staged_now:
            stage(store)
    stage(store)
    with few_rows.folder() as folder:
        assert different(tables(store), carried(store, Path(folder))) == {}
    store.connection.close()


def answered(
    name: str, number: int, version: int, oddity: tuple[int, int] | None, hour: int
) -> list[tuple[Call, Answer]]:
    """The call with its answer."""
    shape = entry_shape(by_name(name))
    of = "" if shape is shapes()[name] else by_name(name).key or ""
    entry = good(shape, number, of)
    places = list(_places(entry))
    for place, (holder, key) in enumerate(places):
        if key in (*IDS, "OrderId", "PaymentTransactionId", "RowId"):
            continue
        if isinstance(holder[key], float) and place % 3 == version:
            holder[key] += version
        elif version == 2 and place % 7 == 2:
            holder[key] = None
    if oddity:
        holder, key = places[oddity[0] % len(places)]
        holder[key] = ODD[oddity[1]]
    return answers(name, [(number, entry)], hours=hour)


def _places(entry: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in an entry where a value stands: what holds it, and its key there."""
    for key, value in entry.items() if isinstance(entry, dict) else enumerate(entry):
        yield entry, key
        if isinstance(value, dict | list):
            yield from _places(value)
