"""A saved plan: it holds what would be posted, and says what moved when it no longer fits."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from shop import OpenShop, Shop

from engine.apply import apply as apply_saved
from engine.errors import FileError, StalePlanError
from engine.plan import saved
from engine.sandbox.history import new_sale
from engine.sandbox.trouble import made


def written(one: Shop) -> dict[str, Any]:
    """The plan of now, through a file."""
    path = one.folder / "plan.json"
    saved.write(path, saved.as_data("shop", one.plan(), one.clock.now()))
    return saved.read(path)


def apply(one: Shop, data: dict[str, Any]) -> list[str]:
    """Carry the saved plan out; gives the ids of what was delivered now."""
    with one.session() as session:
        return sorted(apply_saved(session, data).delivery.done)


def test_a_plan_holds_the_documents_that_would_be_posted(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("fee_with_vat")
    data = written(one)
    payment, transfer = data["actions"]
    assert payment["document"]["InvoiceNumber"] == trouble.invoices[0]
    assert payment["document"]["Amount"] == Decimal("95.00")
    assert transfer["target"] == "fortnox.voucher"
    assert data["proofs"]["70001"]["holds"]
    assert one.posted.payments == one.posted.vouchers == 0


def test_a_plan_of_an_unchanged_world_is_carried_out_as_it_stands(shop: OpenShop) -> None:
    one = shop()
    one.trouble("fee_with_vat")
    data = written(one)
    one.later(days=0.1)
    assert apply(one, data) == sorted(action["action"] for action in data["actions"])
    assert one.payments()[0].amount == Decimal("95.00")
    assert one.states() == ["posted", "posted"]


def test_a_plan_is_not_stale_because_of_what_it_has_itself_done(shop: OpenShop) -> None:
    one = shop()
    one.trouble("many_payment_methods")
    data = written(one)
    apply(one, data)
    posted = one.posted
    assert apply(one, data) == []
    assert one.posted == posted


def test_a_plan_that_was_carried_out_in_part_goes_on(shop: OpenShop) -> None:
    one = shop()
    first, second = one.trouble("clean_sale"), one.trouble("chargeback")
    data = written(one)
    one.run(str(first.batches[0]))
    one.later(seconds=1)
    ids = apply(one, data)
    assert len(ids) == 2
    assert one.states(second) == ["posted"]


def test_what_was_paid_meanwhile_makes_the_plan_stale_and_is_named(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("part_payment")
    data = written(one)
    one.later(days=1)
    number = trouble.invoices[0]
    invoice = one.world.invoices[number]
    one.world.invoices[number] = replace(
        invoice, balance=Decimal("399.50"), modified=one.world.now()
    )
    with pytest.raises(StalePlanError) as caught:
        apply(one, data)
    assert "The plan is stale" in caught.value.message
    assert "WriteOffs" in caught.value.message
    assert "invoice.Balance" in caught.value.message
    assert caught.value.remedy == "Plan again."
    assert one.payments() == []


def test_an_invoice_that_was_cancelled_meanwhile_is_named_with_the_new_state(
    shop: OpenShop,
) -> None:
    one = shop()
    trouble = one.trouble("clean_sale")
    data = written(one)
    one.later(days=1)
    number = trouble.invoices[0]
    one.world.invoices[number] = replace(
        one.world.invoices[number], cancelled=True, modified=one.world.now()
    )
    with pytest.raises(StalePlanError, match=r"would not be posted now .waiting: .*is cancelled"):
        apply(one, data)


def test_settings_that_changed_make_the_plan_stale(shop: OpenShop) -> None:
    one = shop()
    one.trouble("clean_sale")
    data = written(one)
    one.settings({"dates.payment": "transaction"})
    with pytest.raises(StalePlanError, match="settings or the mappings have changed") as caught:
        apply(one, data)
    assert 'PaymentDate was "2026-11-13", would be "2026-11-11"' in caught.value.message


def test_a_changed_key_of_payouts_makes_the_plan_stale(shop: OpenShop) -> None:
    one = shop()
    one.trouble("clean_sale")
    data = written(one)
    one.settings({"payouts.key": "AcquirerName + BatchId + CurrencyCode"})
    with pytest.raises(StalePlanError, match="settings or the mappings have changed"):
        apply(one, data)


def test_new_lines_do_not_make_a_plan_stale_and_are_not_in_it(shop: OpenShop) -> None:
    one = shop()
    one.trouble("clean_sale")
    sale = new_sale(one.world)
    data = written(one)
    later = made(one.world, "later", [sale.line])
    assert len(apply(one, data)) == 2
    assert one.states(later) == []
    one.run()
    assert one.states(later) == ["posted"]


def test_a_plan_of_another_merchant_is_refused(shop: OpenShop) -> None:
    one = shop()
    data = written(one)
    with pytest.raises(StalePlanError, match="of shop, not of other"):
        saved.still_good(one.store, data, one.plan(), "other")


def test_a_plan_of_another_merchant_is_refused_before_any_server_is_asked(shop: OpenShop) -> None:
    one = shop()
    one.trouble("clean_sale")
    data = written(one) | {"merchant": "other"}
    asked = len(one.world.journal)
    with pytest.raises(StalePlanError, match="of other, not of shop") as caught:
        apply(one, data)
    assert caught.value.remedy == "Apply it to its own merchant."
    assert len(one.world.journal) == asked


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"version": 99, "actions": []}'])
def test_a_file_that_is_no_plan_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text, "utf-8")
    with pytest.raises(FileError):
        saved.read(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such plan"):
        saved.read(tmp_path / "none.json")
