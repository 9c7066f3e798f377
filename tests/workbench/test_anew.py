"""A trace keeps what can't be had again; what was left out comes out as it was, byte for byte."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flows.test_fee_vat import charged
from order_shop import OrderShop
from shop import OpenShop, Shop

from engine import json_text
from engine.home import HOME
from engine.plan import build, record
from engine.plan.kept_traces import WITH, as_kept, kept
from engine.plan.model import Outcome, Plan
from engine.report.explain import explain
from engine.show.explanation import page
from engine.show.page import Text
from engine.workbench.anew import UNREADABLE, Anew, WhenAsked

Open = Callable[..., OrderShop]
Whole = dict[tuple[str, str, str], list[str]]
OUTCOMES = "SELECT * FROM ledger.outcome ORDER BY rowid"


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> Whole:
    """The traces that are written down while a test lasts, as they were before anything of them was
    left out: by mapping, source and state, in their order."""
    found: Whole = {}

    def noted(outcome: Outcome, made_with: str | None) -> Mapping[str, Any]:
        key = outcome.mapping, outcome.source, outcome.state
        found.setdefault(key, []).append(json_text.encode(outcome.trace))
        return kept(outcome, made_with)

    def planned(*given: Any, **named: Any) -> Plan:
        return make_plan(*given, **{**named, "whole": True})

    make_plan = build.make_plan
    monkeypatch.setattr(record, "kept", noted)
    monkeypatch.setattr(build, "make_plan", planned)
    return found


def other_than_told(shop: Shop, whole: Whole) -> tuple[list[str], set[str]]:
    """The traces that come out otherwise than they were made; the mappings of which something was
    left out."""
    anew, wrong, of = Anew(shop.store, shop.merchant), [], set()
    left = {key: list(texts) for key, texts in whole.items()}
    for row in shop.store.rows(OUTCOMES):
        made = left[row["mapping"], row["source"], row["state"]].pop(0)
        if WITH in json_text.decode(row["trace"]):
            of.add(row["mapping"])
            assert len(row["trace"]) < len(made)
        made = json_text.encode(as_kept(json_text.decode(made)))
        told = json_text.encode(anew.trace(row))
        wrong += [f"{made}\n{told}"] if told != made else []
    assert not any(left.values())
    return wrong, of


def test_what_is_worked_out_anew_of_a_payout_is_what_it_was(shop: OpenShop, whole: Whole) -> None:
    one = shop()
    charged(one, "5.00", "4.00")
    wrong, of = other_than_told(one, whole)
    assert wrong == []
    assert of >= {"payment", "transfer"}


def test_so_it_is_of_orders_after_all_that_has_become_of_them(
    order_shop: Open, whole: Whole
) -> None:
    one = order_shop()
    for life in ("captured", "german", "private"):
        one.life(life)
    one.run(), one.run(), one.run()
    wrong, of = other_than_told(one, whole)
    assert wrong == []
    assert of >= {"customer", "new_order", "invoice"}


def test_settings_registers_and_rules_may_all_have_changed_since(
    shop: OpenShop, tmp_path: Path, whole: Whole
) -> None:
    folder = tmp_path / "ours"
    shutil.copytree(HOME / "mappings" / "qliro-fortnox", folder)
    one = shop(mapping_set=str(folder))
    charged(one, "5.00", "4.00")
    one.settings({"voucher_series.transfer": "Q", "voucher_series.fees": "T"})
    one.store.execute("DELETE FROM fortnox.locked_period")
    one.store.append("fortnox.locked_period", [(date(2999, 12, 31), 1)], ("EndDate", "raw_seq"))
    path = folder / "payouts" / "payment.yaml"
    path.write_text(path.read_text("utf-8").replace("ModeOfPaymentAccount:", "ModeOfPayment:", 1))
    wrong, _ = other_than_told(one, whole)
    said = "".join(wrong)
    assert [text for text in wrong if "as it was" not in text] == []  # of places alone
    assert "differs" not in said


def told(one: Shop) -> str:
    """What `explain` tells of the line of 500.00."""
    (line,) = [row for row in one.lines(Type="Transaction") if row["Amount"] == 500]
    found = explain(one.store, line["line"], trace_of=Anew(one.store, one.merchant).trace)
    return "\n".join(part.text for part in page(found) if isinstance(part, Text))


def test_a_document_that_comes_out_otherwise_is_told_with_both_values(shop: OpenShop) -> None:
    one = shop()
    charged(one, "5.00", "4.00")
    assert "differs" not in told(one)
    one.store.execute(
        "UPDATE ledger.action SET document = replace(document, '\"Amount\":495.00', "
        "'\"Amount\":495.01') WHERE mapping = 'payment'"
    )
    said = "worked out anew, its document has other values: Amount 495.00, not 495.01"
    assert f"differs   {said}" in told(one)


def test_rules_that_can_not_be_read_any_more_are_said_and_the_document_stays(
    shop: OpenShop,
) -> None:
    one = shop()
    charged(one, "5.00", "4.00")
    one.store.execute("UPDATE ledger.made_with SET file = 'currency: [of another version'")
    said = told(one)
    assert f"differs   {UNREADABLE}" in " ".join(said.split("\n"))
    assert '"Amount":495.00' in said
    assert "table     " not in said


def test_nothing_is_compiled_before_it_is_asked_for(
    shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = shop()
    charged(one, "5.00", "4.00")
    anew = Anew(one.store, one.merchant)
    rows = [row for row in one.store.rows(OUTCOMES) if WITH in row["trace"]]
    traces = [anew.when_asked(row) for row in rows]
    monkeypatch.setattr(Anew, "whole", lambda *_: pytest.fail("it was worked out"))
    assert all(trace.get("match") or trace["rule"] for trace in traces)
    monkeypatch.undo()
    (first, *_) = [one for one in traces if isinstance(one, WhenAsked)]
    assert dict(first) == anew.trace(rows[traces.index(first)])
    assert first["lets"]
