"""A release of the set by its number: the installed one, or one that posted and was kept."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from order_shop import OrderShop

from engine.errors import UsageError
from engine.home import HOME
from engine.merchant.load import load_merchant
from engine.workbench.diff.judged import judged
from engine.workbench.diff.report import Report

SET = HOME / "mappings" / "qliro-fortnox"
NOW = str(yaml.safe_load((SET / "set.yaml").read_text("utf-8"))["release"])


@pytest.fixture
def shop(tmp_path: Path) -> OrderShop:
    """A shop that posted under release 3 of a set of its own, which then became release 4: names in
    capitals."""
    ours = tmp_path / "ours"
    shutil.copytree(SET, ours)
    about = ours / "set.yaml"
    text = about.read_text("utf-8").replace("set: qliro-fortnox", "set: ours")
    about.write_text(text.replace(f"release: {NOW}", "release: 3"), "utf-8")
    made = OrderShop(tmp_path, changes={"mapping_set": str(ours)})
    made.life("private")
    made.run()
    about.write_text(about.read_text("utf-8").replace("release: 3", "release: 4"), "utf-8")
    rule = ours / "orders" / "new_order.yaml"
    rule.write_text(
        rule.read_text("utf-8").replace("{{ order.name }}", "{{ order.name | upper }}"), "utf-8"
    )
    return made


def compared(shop: OrderShop, before: str, after: str = "working") -> Report:
    merchant = load_merchant(shop.merchant.path, {}, needs_secrets=False)
    return judged(shop.store, merchant, before, after)


@pytest.mark.parametrize("name", ["3", "ours@3"])
def test_a_release_that_posted_is_had_from_what_was_kept_of_it(shop: OrderShop, name: str) -> None:
    report = compared(shop, name)
    (group,) = report.ordered
    assert [*group.fields] == ["CustomerName"]
    (change,) = report.changes
    assert str(change.before_place).startswith(f"{name}/orders/new_order.yaml:")
    assert report.before == name


def test_what_posted_and_the_release_that_it_posted_under_are_the_same(shop: OrderShop) -> None:
    assert compared(shop, "live", "3").differing == 0
    assert compared(shop, "live", "4").differing == 1


def test_the_release_that_stands_on_disk_is_itself(shop: OrderShop) -> None:
    assert compared(shop, "4").changes == []
    assert compared(shop, "ours@4").changes == []


def test_the_installed_set_of_the_program_by_its_release(shop: OrderShop) -> None:
    report = compared(shop, f"qliro-fortnox@{NOW}")
    assert [*report.ordered[0].fields] == ["CustomerName"]


def test_a_release_that_is_nowhere_is_refused_with_those_that_there_are(shop: OrderShop) -> None:
    with pytest.raises(UsageError) as refused:
        compared(shop, "ours@2")
    assert "Release 2 of ours can't be had." in refused.value.message
    assert "there is 4 here, and posted here was 3." in refused.value.message
    assert "Name a folder that holds it or a git revision of it" in refused.value.remedy
    with pytest.raises(UsageError, match=r"no folder, .* there is 4 here, and posted here was 3"):
        compared(shop, "2")


def test_a_release_that_no_longer_goes_with_the_language_is_told_with_its_line(
    shop: OrderShop,
) -> None:
    files = shop.store.value("SELECT files FROM ledger.mapping_set")
    shop.store.execute(
        "UPDATE ledger.mapping_set SET files = ?", [files.replace("order.name }}", "order.nmae }}")]
    )
    with pytest.raises(UsageError, match=r"3 as it was kept .* 3/orders/\w+\.yaml:\d+"):
        compared(shop, "3")
