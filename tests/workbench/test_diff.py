"""A change of mappings, rows and settings judged on what a shop's history holds."""

from __future__ import annotations

import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from order_shop import OrderShop

from engine.errors import UsageError
from engine.home import HOME
from engine.language.load import stands_alone
from engine.merchant.load import load_merchant
from engine.merchant.settings import merchant_schema
from engine.sandbox.lives.by_name import LIVES
from engine.show import difference
from engine.workbench.diff.judged import diff
from engine.workbench.diff.named import version
from engine.workbench.diff.report import Report
from engine.workbench.replay import replay
from engine.workbench.versions import Version, working

ROWS = merchant_schema()["properties"]["sales_accounts"]["default"]
SET = HOME / "mappings" / "qliro-fortnox"


@pytest.fixture
def shop(tmp_path: Path) -> OrderShop:
    """Two lives of orders, posted."""
    made = OrderShop(tmp_path)
    for name in list(LIVES)[:2]:
        made.life(name)
    made.run()
    return made


def settled(shop: OrderShop, folder: str, **changes: Any) -> Version:
    """The shop's merchant in another folder, with other settings."""
    data = yaml.safe_load(shop.merchant.path.read_text("utf-8")) | changes
    path = shop.folder / folder / "shop.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), "utf-8")
    return version(f"{shop.folder / folder}/", shop.merchant, shop.folder / "scratch")


def with_row(at: int, **outputs: Any) -> list[dict[str, Any]]:
    """The OSS table with one row changed."""
    return [row | (outputs if number == at else {}) for number, row in enumerate(ROWS)]


def domestic(rate: int) -> int:
    return next(n for n, row in enumerate(ROWS) if row.get("rate") == rate)


def text(report: Report) -> str:
    return "\n".join(one.text for one in difference.page(report) if hasattr(one, "text"))


def test_the_same_rules_differ_in_nothing(shop: OrderShop) -> None:
    mine = working(shop.merchant)
    report = diff(shop.store, mine, settled(shop, "same"))
    assert (report.changes, report.differing) == ([], 0)
    assert "nothing can differ" in text(report)


def test_one_row_changed_shows_exactly_the_documents_that_it_alters(shop: OrderShop) -> None:
    mine = working(shop.merchant)
    other = settled(shop, "other", sales_accounts=with_row(domestic(25), account=3011))
    report = diff(shop.store, mine, other)
    naive = {
        key
        for key in {*documents(shop, mine), *documents(shop, other)}
        if documents(shop, mine).get(key) != documents(shop, other).get(key)
    }
    (group,) = report.ordered
    assert naive
    assert set(group.sources) == naive
    assert report.posted == len(naive)
    assert [one.what for one in group.changes] == ["table sales_accounts"]
    assert "3001" in group.changes[0].before
    assert "3011" in group.changes[0].after


def documents(shop: OrderShop, under: Version) -> dict[tuple[str, str], Any]:
    """What the version makes of all that is known, rendered whole."""
    made = replay(shop.store, under)
    of = {one.action: one.document for one in made.actions}
    return {(one.mapping, one.source): of[one.action] for one in made.outcomes if one.action in of}


def test_what_leaves_an_account_comes_to_the_other(shop: OrderShop) -> None:
    other = settled(shop, "other", sales_accounts=with_row(domestic(25), account=3011))
    report = diff(shop.store, working(shop.merchant), other)
    by_account: dict[str, Decimal] = {}
    for (account, *_), amount in report.accounts.items():
        by_account[account] = by_account.get(account, Decimal(0)) + amount
    assert set(by_account) == {"3001", "3011"}
    assert by_account["3001"] == -by_account["3011"] > 0


def test_two_changes_are_told_apart_by_the_fields_that_they_make(shop: OrderShop) -> None:
    other = settled(
        shop, "other", sales_accounts=with_row(domestic(25), account=3011),
        payment_reference_prefix="Q-",
    )  # fmt: skip
    report = diff(shop.store, working(shop.merchant), other)
    fields = {one.changes[0].what: set(one.fields) for one in report.ordered}
    assert all(len(one.changes) == 1 for one in report.ordered)
    assert all("Account" in name for name in fields["table sales_accounts"])
    assert "ExternalInvoiceReference1" in fields["setting payment_reference_prefix"]


def test_what_is_posted_and_would_come_out_otherwise_is_named_as_such(shop: OrderShop) -> None:
    other = settled(shop, "other", sales_accounts=with_row(domestic(25), account=3011))
    report = diff(shop.store, working(shop.merchant), other)
    told = text(report)
    assert "posted already. Nothing is reversed" in told
    assert "AccountNumber: 3001 → 3011" in told


def test_a_rate_without_a_row_parks_what_was_posted(shop: OrderShop) -> None:
    left = [row for row in ROWS if row.get("rate") != 25]
    report = diff(shop.store, working(shop.merchant), settled(shop, "other", sales_accounts=left))
    assert report.kinds["not made"] > 0
    assert any(becomes == "parked" for _, becomes in report.outcomes)


def test_a_set_of_another_folder_is_judged_by_the_rule_that_reads_otherwise(
    shop: OrderShop,
) -> None:
    folder = shop.folder / "set"
    shutil.copytree(SET, folder)
    file = folder / "orders" / "new_order.yaml"
    before = file.read_text("utf-8")
    file.write_text(before.replace("{{ order.name }}", "{{ order.name | upper }}"), "utf-8")
    report = diff(shop.store, working(shop.merchant),
                  version(f"{folder}/", shop.merchant, shop.folder / "scratch"))
    (group,) = report.ordered
    assert [*group.fields] == ["CustomerName"]
    assert "new_order.yaml" in str(group.changes[0].place)


OVERLAY_OF_ORDERS = """\
version: 2
mapping: new_order
document: {CustomerName: "{{ order.name | upper }}"}
"""


def test_a_git_revision_is_the_merchants_file_as_it_was(shop: OrderShop) -> None:
    def git(*arguments: str) -> None:
        named = ("-c", "user.name=Eva", "-c", "user.email=eva@example.com")
        subprocess.run(  # noqa: S603  a repository of the test's own
            ["git", "-C", str(shop.folder), *named, *arguments], check=True,  # noqa: S607
            capture_output=True,
        )  # fmt: skip

    mine = working(shop.merchant)
    git("init", "-q")
    # What a repository leaves out of the packages that it gives to others decides all the same.
    (shop.folder / ".gitattributes").write_text("shop.yaml export-ignore\n")
    git("add", ".gitattributes", "shop.yaml")
    git("commit", "-qm", "before")
    data = yaml.safe_load(shop.merchant.path.read_text("utf-8"))
    data["sales_accounts"] = with_row(domestic(25), account=3011)
    shop.merchant.path.write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    git("commit", "-qam", "after")
    folder = shop.folder / "scratch"
    old = version("HEAD~1", mine.merchant, folder / "0")
    new = version("HEAD", mine.merchant, folder / "1")
    report = diff(shop.store, old, new)
    (group,) = report.ordered
    assert "3011" in group.changes[0].after
    assert str(group.changes[0].place).startswith("shop.yaml:")


def test_an_overlay_that_a_git_revision_has_nothing_of_is_empty_then(shop: OrderShop) -> None:
    def git(*arguments: str) -> None:
        named = ("-c", "user.name=Eva", "-c", "user.email=eva@example.com")
        subprocess.run(  # noqa: S603  a repository of the test's own
            ["git", "-C", str(shop.folder), *named, *arguments], check=True,  # noqa: S607
            capture_output=True,
        )  # fmt: skip

    (shop.folder / "ours").mkdir()
    data = yaml.safe_load(shop.merchant.path.read_text("utf-8")) | {"overlay": "ours"}
    shop.merchant.path.write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    git("init", "-q")
    git("add", "shop.yaml")
    git("commit", "-qm", "git keeps no empty folder")
    (shop.folder / "ours" / "new_order.yaml").write_text(OVERLAY_OF_ORDERS, "utf-8")
    mine = working(load_merchant(shop.merchant.path, {}, needs_secrets=False))
    old = version("HEAD", mine.merchant, shop.folder / "scratch")
    (group,) = diff(shop.store, old, mine).ordered
    assert [*group.fields] == ["CustomerName"]


def test_what_is_no_version_is_told_with_what_would_be_one(shop: OrderShop) -> None:
    with pytest.raises(UsageError, match="is no folder, no mapping set and no git revision"):
        version("nowhere", shop.merchant, shop.folder / "scratch")


def test_markdown_and_html_tell_the_same(shop: OrderShop) -> None:
    other = settled(shop, "other", sales_accounts=with_row(domestic(25), account=3011))
    report = diff(shop.store, working(shop.merchant), other)
    for told in (difference.markdown(report), difference.html_page(report)):
        assert "3011" in told
        assert "Nothing is reversed" in told
    assert "<script" not in difference.html_page(report)
    assert difference.data(report)["rules"][0]["sources"]


def test_a_folder_is_an_overlay_unless_it_stands_for_itself(tmp_path: Path) -> None:
    """Taken for a set, an overlay would be all that there is: nothing would be made any more."""
    (tmp_path / "payment.yaml").write_text(
        'version: 2\nmapping: payment\ndocument: {Amount: "{{ line.value }}"}\n'
    )
    assert not stands_alone(tmp_path)
    (tmp_path / "more.yaml").write_text("version: 2\nmapping: more\nextends: payment\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "set.yaml").write_text("set: none\n")
    assert not stands_alone(tmp_path)
    assert stands_alone(HOME / "mappings" / "qliro-fortnox")
    (tmp_path / "set.yaml").write_text("version: 2\nset: ours\nrelease: '1'\n")
    assert stands_alone(tmp_path)
