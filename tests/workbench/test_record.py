"""`record` makes a case of what is stored: with all that it needs, nobody's name, and it passes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flows.test_fee_vat import charged
from order_shop import OrderShop
from shop import OpenShop, Shop

from engine.sandbox.lives.lifecycle import pay_out
from engine.workbench.cases.programs import Programs
from engine.workbench.cases.read import read_cases
from engine.workbench.cases.run import run
from engine.workbench.kept import Kept
from engine.workbench.record import record

Open = Callable[..., OrderShop]
LIVED = (
    "captured", "company", "discounted", "export", "finnish", "mixed_rates", "refunded_rows",
)  # fmt: skip
NAMES = ("Testsson", "Storgatan", "example.com", "0700000000")


def recorded(
    shop: Shop, ref: str, mapping: str | None, folder: Path, *, flow: bool = False
) -> str:
    """The text of a case, after it has passed as it is written."""
    made = record(shop.store, shop.merchant, ref, mapping, flow=flow)
    path = folder / "tests" / "recorded.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(made.text, "utf-8")
    programs = Programs(Kept(shop.store, shop.merchant, {}).present().mapping_set)
    for case in read_cases(programs.mapping_set, [folder]):
        verdict = run(case, programs.of(case), servers=programs.servers)
        assert verdict.holds, (ref, mapping, verdict.differences[:3])
    return made.text


def test_every_document_of_many_lives_can_be_recorded_and_passes(
    order_shop: Open, tmp_path: Path
) -> None:
    shop = order_shop()
    for name in LIVED:
        shop.life(name)
    shop.run(), shop.run(), shop.run()
    seen = set()
    for row in shop.store.rows("SELECT mapping, source, state FROM ledger.order_item"):
        text = recorded(shop, row["source"], row["mapping"], tmp_path)
        seen.add((row["mapping"], row["state"]))
        assert not [one for one in NAMES if one in text], row
    assert {mapping for mapping, _ in seen} >= {
        "article", "customer", "new_order", "invoice", "credit_invoice"
    }  # fmt: skip
    assert "parked" in {state for _, state in seen}


def test_payments_and_transfers_can_be_recorded(shop: OpenShop, tmp_path: Path) -> None:
    one = shop()
    charged(one, "5.00", "4.00")
    for row in one.store.rows("SELECT DISTINCT mapping, source FROM ledger.intent"):
        text = recorded(one, row["source"], row["mapping"], tmp_path)
        assert "whole_document:" in text
    payment = recorded(one, one.lines()[0]["line"], "payment", tmp_path)
    assert "AccountNumber: 6570" in payment
    assert 'ExternalInvoiceReference1: "10001"' in payment


@pytest.mark.parametrize("life", ["company", "export", "refunded_rows"])
def test_a_whole_life_is_recorded_with_what_the_servers_held(
    order_shop: Open, tmp_path: Path, life: str
) -> None:
    shop = order_shop()
    (order,) = shop.life(life).orders
    shop.run(), shop.run(), shop.run()
    text = recorded(shop, str(order), None, tmp_path, flow=True)
    assert not [one for one in NAMES if one in text]
    assert "qliro.orders:" in text
    assert "mapping: new_order" in text
    assert ("whole_document:" in text) == (life != "export")  # there is no account for its rows


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        ("ambiguous_same_reference", "outcome: parked"),
        ("payout_total_disagrees", "mapping: house"),
        ("already_paid_on_interim_account", "outcome: adopted"),
        ("two_captures_one_invoice", "mapping: transfer"),
    ],
)
def test_a_payout_is_recorded_with_its_match_and_the_documents_that_stood(
    shop: OpenShop, tmp_path: Path, trouble: str, told: str
) -> None:
    one = shop()
    one.trouble(trouble)
    one.run()
    for payout in one.payouts():
        text = recorded(one, payout["payout"], None, tmp_path, flow=True)
        assert told in text
        assert "qliro.batches:" in text
        assert "fortnox.invoices:" in text


def test_a_second_refund_is_recorded_with_the_credit_invoice_that_was_made_of_the_first(
    order_shop: Open, tmp_path: Path
) -> None:
    shop = order_shop()
    shop.life("refunded_twice")
    shop.run(), shop.run()
    source = shop.store.value(
        "SELECT source FROM ledger.order_item WHERE mapping = 'further_credit_invoice'"
    )
    made = record(shop.store, shop.merchant, source, "further_credit_invoice", flow=True)
    assert made.notes == ()
    assert 'InvoiceNumber: "1001"' in made.text.partition("expect:")[0]
    assert "whole_document:" in made.text


def test_what_only_the_run_decides_is_a_case_of_flows(order_shop: Open, tmp_path: Path) -> None:
    shop = order_shop(sales_accounts=[{"country": "NO", "account": 3105}])
    shop.life("captured")
    shop.run(), shop.run()
    parked = recorded(shop, "4900001", "new_order", tmp_path)
    assert "outcome: parked" in parked
    assert "no row of sales_accounts fits SE with 25 % VAT" in " ".join(parked.split())
    source = shop.store.value(
        "SELECT min(source) FROM ledger.order_item WHERE mapping = 'invoice' AND state = 'waiting'"
    )
    waiting = recorded(shop, str(source), "invoice", tmp_path)
    assert "flow:" in waiting
    assert "its new order is parked" in " ".join(waiting.split())


def test_what_was_made_of_other_payouts_is_no_part_of_an_order_s_case(
    order_shop: Open, tmp_path: Path
) -> None:
    shop = order_shop()
    paid = shop.life("captured")
    shop.run(), shop.run()
    pay_out(shop.world, [paid.order])
    shop.run(), shop.run()
    abroad = shop.life("finnish")
    shop.settings({"sales_accounts": [{"country": "SE", "account": 3001}]})
    shop.run(), shop.run()
    assert shop.store.value("SELECT count(*) FROM ledger.intent WHERE mapping = 'payment'") == 1
    source = shop.store.value(
        "SELECT source FROM ledger.order_item WHERE mapping = 'invoice' AND OrderId = ?",
        [str(abroad.order)],
    )
    text = recorded(shop, str(source), "invoice", tmp_path)
    assert "its new order is parked" in " ".join(text.split())
    assert "mapping: payment" not in text
