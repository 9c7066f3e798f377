"""`try`: an item through the mappings on disk, value by value, without a server."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from order_shop import OrderShop
from shop import Shop

from engine import scope as scopes
from engine import session as sessions
from engine.commands import workbench_try
from engine.errors import UsageError
from engine.language.kept import Kept
from engine.sandbox.lives import lifecycle
from engine.show import tried as view
from engine.show.output import Output
from engine.suppose.rounds import NUMBERS
from engine.workbench.trying import Tried, item, tried
from engine.workbench.versions import working

pytestmark = pytest.mark.usefixtures("read_mappings_once")


def tries(shop: Shop, ref: object) -> dict[str, Tried]:
    with item(shop.store, str(ref)) as one:
        return {made.mapping: made for made in tried(one, working(shop.merchant))}


def test_a_posted_order_is_shown_as_it_was_sent_with_the_rule_of_every_value(
    tmp_path: Path,
) -> None:
    shop = OrderShop(tmp_path)
    order = shop.life("captured").orders[0]
    shop.run()
    made = tries(shop, order)
    assert {"new_order", "invoice"} <= made.keys()
    invoice = made["invoice"]
    assert invoice.posted
    assert invoice.document
    values = {one.field: one for one in invoice.values}
    assert values["InvoiceRows[0].Price"].rule == "{{ row.price }}"
    assert ".yaml:" in values["InvoiceDate"].place
    assert all(one.holds for one in invoice.checks)


def test_what_was_never_posted_is_shown_as_it_would_be_as_if_its_customer_stood(
    tmp_path: Path,
) -> None:
    shop = OrderShop(tmp_path)
    shop.run()
    order = shop.life("private").orders[0]
    with shop.session() as opened:
        sessions.sync(opened, scopes.Scope(None, (str(order),)))
    made = tries(shop, order)
    assert made["customer"].state == "planned"
    assert not made["customer"].posted
    placed = made["new_order"]
    assert placed.state == "planned"
    (customer,) = placed.as_if
    assert placed.document
    assert f"customer {placed.document['CustomerNumber']}" == customer
    assert int(placed.document["CustomerNumber"]) > NUMBERS
    text = "\n".join(getattr(one, "text", "") for one in view.page(str(order), [*made.values()]))
    assert f"To be posted. As if {customer} stood, which this plan makes." in text


def test_all_that_a_new_order_comes_to_is_shown_at_once_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    shop = OrderShop(tmp_path)
    order = shop.life("refunded_twice").orders[0]
    with shop.session() as opened:
        sessions.sync(opened, scopes.Scope(None, (str(order),)))
    made = tries(shop, order)
    assert {name: one.state for name, one in made.items() if one.state != "done"} == dict.fromkeys(
        ["article", "customer", "new_order", "invoice", "credit_invoice", "further_credit_invoice"],
        "planned",
    )
    assert [one.partition(" 99")[0] for one in made["credit_invoice"].as_if] == ["invoice"]
    assert all(one.holds for one in made["credit_invoice"].checks)
    assert shop.store.value("SELECT count(*) FROM ledger.action") == 0
    assert shop.store.value("SELECT count(*) FROM raw.answer WHERE origin = 'supposed'") == 0
    assert shop.world.made == []


def test_a_payout_is_shown_as_if_the_documents_of_its_lines_stood(tmp_path: Path) -> None:
    shop = OrderShop(tmp_path)
    order = shop.life("captured").orders[0]
    lifecycle.pay_out(shop.world, [order])
    shop.later(days=3)
    with shop.session() as opened:
        sessions.sync(opened, scopes.Scope(None, (str(order),)))
    payout = shop.store.value("SELECT Id::VARCHAR FROM qliro.settlement_batch")
    made = tries(shop, payout)
    assert made.keys() == {"payment", "transfer"}
    payment = made["payment"]
    assert (payment.state, payment.target) == ("planned", "fortnox.invoice_payment")
    assert payment.document
    assert payment.as_if == (f"invoice {payment.document['InvoiceNumber']}",)
    assert tries(shop, payment.source)["payment"] == payment


def test_after_a_save_what_follows_is_what_an_item_opened_anew_shows(tmp_path: Path) -> None:
    shop = OrderShop(tmp_path)
    order = shop.life("captured").orders[0]
    folder = tmp_path / "set"
    shutil.copytree(shop.merchant.mapping_folder, folder)
    shop.settings({"mapping_set": str(folder)})
    with shop.session() as opened:
        sessions.sync(opened, scopes.Scope(None, (str(order),)))
    file = folder / "orders" / "customer.yaml"
    texts = [file.read_text("utf-8")]
    texts.append(texts[0].replace('"{{ order.vat_type }}"', '"{{ \'EXPORT\' }}"'))
    shown = []
    with item(shop.store, str(order)) as one:
        for text in (*texts, texts[0]):
            file.write_text(text, "utf-8")
            now = working(shop.merchant, kept=Kept())
            shown.append(tried(one, now))
            with item(shop.store, str(order)) as anew:
                assert tried(anew, now) == shown[-1]
    first, other, again = shown
    assert first == again
    told = next(one for one in other if one.mapping == "new_order")
    assert (told.state, told.document) == ("parked", None)


def test_a_line_of_a_payout_is_shown_with_its_payment(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.trouble("part_payment")
    shop.run()
    line = shop.lines()[0]["line"]
    payment = tries(shop, line)["payment"]
    assert payment.posted
    assert payment.document
    assert {one.field for one in payment.values} >= {"InvoiceNumber", "Amount", "PaymentDate"}


def test_what_nobody_knows_is_said(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with pytest.raises(UsageError, match="Nothing that is stored here is called"):
        tries(shop, "nothing-of-the-kind")


def test_a_broken_file_is_told_and_the_next_save_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = OrderShop(tmp_path)
    order = shop.life("captured").orders[0]
    shop.run()
    folder = tmp_path / "set"
    shutil.copytree(shop.merchant.mapping_folder, folder)
    shop.settings({"mapping_set": str(folder)})
    out = Output(json=False)
    file = folder / "invoices" / "invoice.yaml"
    good, kept = file.read_text("utf-8"), Kept()
    with item(shop.store, str(order)) as one:
        file.write_text(good.replace("{{ order.name }}", "{{ order.nam }}"), "utf-8")
        workbench_try._again(out, shop.merchant, one, kept)
        told = capsys.readouterr().out
        line = 1 + good[: good.index("{{ order.name }}")].count("\n")
        assert f"invoice.yaml:{line}:17" in told
        assert "qliro.order has no 'nam'. Did you mean 'name'?" in told
        file.write_text(good, "utf-8")
        workbench_try._again(out, shop.merchant, one, kept)
        assert "InvoiceRows[0].Price" in capsys.readouterr().out


def test_every_file_that_the_set_is_read_from_is_watched(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    shutil.copytree(OrderShop(tmp_path).merchant.mapping_folder, folder)
    file = (folder / "tables" / "signs.yaml").rename(folder / "tables" / "signs.yml")
    merchant = OrderShop(tmp_path, changes={"mapping_set": str(folder)}).merchant
    assert {file, merchant.path} <= workbench_try._saved(merchant).keys()
