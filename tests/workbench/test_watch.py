"""`try --watch` after each kind of save: it shows what a `try` begun anew shows, to the letter."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from order_shop import OrderShop

from engine.commands import workbench_try
from engine.language.kept import Kept
from engine.mappings import load_mappings
from engine.show.output import Output
from engine.store.remembered import Remembered
from engine.store.supposed import Supposed
from engine.workbench.trying import Item, item

# What is saved, one after the other: the file, a text in it, another in its place, what is shown.
SAVES = {
    "nothing": ("set/invoices/invoice.yaml", "version: 2", "version: 2", "CustomerName: "),
    "a comment": ("set/invoices/invoice.yaml", "version: 2", "# more\nversion: 2", "yaml:LINE:19"),
    "a field": (
        "set/invoices/invoice.yaml", 'CustomerName: "{{ order.name }}"',
        'CustomerName: "{{ order.name | upper }}"', "TEST TESTSSON",
    ),
    "a part": (
        "set/shared/no_added_fees.yaml", "value: 0", "value: 7", "AdministrationFee: 7.00",
    ),
    "a column": (
        "set/entities/qliro_order.yaml", "\nderive:", "\n# more\nderive:", "CustomerName: ",
    ),
    "a named value of lines": (
        "set/entities/lines.yaml", "priced: \"{{ incl is not none and excl is not none }}\"",
        "priced: \"{{ excl is not none and incl is not none }}\"", "InvoiceRows[2].VAT: 25",
    ),
    "a table": (
        "set/tables/line_kinds.yaml", "'shipping' if type == 'Shipping'",
        "'goods' if type == 'Shipping'", "InvoiceRows[2].AccountNumber: 3001",
    ),
    "a match": (
        "set/orders/new_order.yaml", "reference: order.reference}", "reference: order.name}",
        "CustomerName: ",
    ),
    "the merchant": ("shop.yaml", "language: SV", "language: EN", 'Language: "EN"'),
    "the merchant's accounts": ("shop.yaml", "account: 3001", "account: 3041", "3041"),
    "a place of the merchant": ("shop.yaml", "account: 3041", "account:  3041", "3041"),
    "the overlay": (
        "over/invoice.yaml", "# nothing yet\n",
        'document:\n  YourReference: "{{ order.name | lower }}"\n', '"test testsson"',
    ),
    "the overlay again": ("over/invoice.yaml", "lower", "cut(8)", 'YourReference: "Test ..."'),
    "a slip": (
        "set/invoices/invoice.yaml", "order.name | upper", "order.nam | upper",
        "qliro.order has no 'nam'. Did you mean 'name'?",
    ),
    "another beside it": (
        "over/invoice.yaml", "cut(8)", "cut(", "no 'nam'",
    ),
    "the first mended": ("set/invoices/invoice.yaml", "order.nam |", "order.name |", "YourRef"),
    "both mended": ("over/invoice.yaml", "cut(", "cut(9)", 'YourReference: "Test T..."'),
    "no YAML": ("set/tables/signs.yaml", "version: 2", "version: [2", "signs.yaml"),
    "YAML again": ("set/tables/signs.yaml", "version: [2", "version: 2", "TEST TESTSSON"),
}  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> OrderShop:
    """A shop with a captured order, with a set and an overlay of its own in its folder."""
    folder = tmp_path_factory.mktemp("shop")
    shop = OrderShop(folder)
    shop.life("captured")
    shop.run(), shop.run()
    shutil.copytree(shop.merchant.mapping_folder, folder / "set")
    (folder / "over").mkdir()
    over = "version: 2\nmapping: invoice\n# nothing yet\n"
    (folder / "over" / "invoice.yaml").write_text(over, "utf-8")
    language = {"invoices.language": "SV", "sales_accounts": [{"account": 3001}]}
    shop.settings({"mapping_set": str(folder / "set"), "overlay": str(folder / "over"), **language})
    return shop


def anew(one: Item) -> Item:
    """The same item as if it had just been opened."""
    where = Supposed(one.where.seen, one.where.added, one.where._emptied, remembers=True)
    where.empty()
    then = tuple((moment, Remembered(store._store)) for moment, store in one.then)
    return replace(one, where=where, then=then)


def test_each_save_shows_what_a_try_begun_anew_shows(
    shop: OrderShop, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = Kept()
    with item(shop.store, shop.known[0]) as one:
        for what, (name, before, after, shown) in SAVES.items():
            file = shop.folder / name
            text = file.read_text("utf-8")
            assert before in text, what
            file.write_text(text.replace(before, after), "utf-8")
            workbench_try._again(Output(), shop.merchant, one, kept)
            again = capsys.readouterr().out
            workbench_try._again(Output(), shop.merchant, anew(one), Kept())
            assert again == capsys.readouterr().out, what
            lines = file.read_text("utf-8").splitlines()
            line = next((n for n, one in enumerate(lines, 1) if "  CustomerNumber:" in one), 0)
            assert shown.replace("LINE", str(line)) in again, what


def test_what_a_save_does_not_touch_is_not_compiled_again(shop: OrderShop) -> None:
    folder = shop.folder / "other"
    folder.mkdir()
    shutil.copytree(OrderShop(folder).merchant.mapping_folder, folder / "set")
    mine = OrderShop(folder, changes={"mapping_set": str(folder / "set")})
    kept = Kept()

    def touched(name: str) -> set[str]:
        """What is compiled again after a line is put before all of a file."""
        _, before = load_mappings(mine.merchant, kept)
        file = folder / "set" / name
        file.write_text("# a line\n" + file.read_text("utf-8"), "utf-8")
        _, after = load_mappings(mine.merchant, kept)
        return {
            name for kind in ("mappings", "entities", "tables")
            for name, one in getattr(after, kind).items()
            if getattr(before, kind)[name] is not one
        }  # fmt: skip

    assert touched("invoices/invoice.yaml") == {"invoice"}
    assert touched("shared/rounding.yaml") >= {"invoice", "credit_invoice"}
    assert "payment" not in touched("shared/rounding.yaml")
    of_table = touched("tables/line_kinds.yaml")
    assert {"line_kinds", "qliro.order_line"} <= of_table
    assert not {"payment", "transfer", "interim_accounts"} & of_table


def test_of_each_file_of_the_set_a_changed_line_gives_the_same_program(
    shop: OrderShop, tmp_path: Path
) -> None:
    shutil.copytree(OrderShop(tmp_path).merchant.mapping_folder, tmp_path / "set")
    mine, kept = OrderShop(tmp_path, changes={"mapping_set": str(tmp_path / "set")}), Kept()
    load_mappings(mine.merchant, kept)
    for file in sorted((tmp_path / "set").rglob("*.yaml")):
        if "tests" in file.parts:
            continue
        file.write_text("# a line\n" + file.read_text("utf-8"), "utf-8")
        (set_, program), (fresh_set, fresh) = (
            load_mappings(mine.merchant, kept), load_mappings(mine.merchant),
        )  # fmt: skip
        for name, one in program.mappings.items():
            assert one.spec is set_.mappings[name]
            assert one.source == fresh.mappings[name].source
        for name, table in program.tables.items():
            assert [one.place for one in table.lines] == [
                one.place for one in fresh.tables[name].lines
            ]
        assert {name: one.source for name, one in program.entities.items()} == {
            name: one.source for name, one in fresh.entities.items()
        }
        for kind, source in set_.sources.items():
            assert source.place() == fresh_set.sources[kind].place()
        assert set_.columns == fresh_set.columns
