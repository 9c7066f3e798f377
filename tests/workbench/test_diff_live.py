"""What was posted, held against versions of the rules: nothing differs until a rule does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from order_shop import OrderShop
from shop import Shop

from engine.errors import UsageError
from engine.home import HOME
from engine.merchant.load import load_merchant
from engine.sandbox.lives.by_name import LIVES
from engine.show import difference
from engine.workbench.diff.judged import judged
from engine.workbench.diff.report import Report

pytestmark = pytest.mark.usefixtures("read_mappings_once")
SET = HOME / "mappings" / "qliro-fortnox"


def posted(tmp_path: Path, *lives: str) -> OrderShop:
    shop = OrderShop(tmp_path)
    for name in lives:
        shop.life(name)
    shop.run()
    return shop


def against(shop: Shop, version: str, before: str = "live") -> Report:
    return judged(shop.store, shop.merchant, before, version)


def with_upper_names(shop: Shop) -> str:
    """The default set with one rule that reads otherwise."""
    folder = shop.folder / "set"
    shutil.copytree(SET, folder)
    file = folder / "orders" / "new_order.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("{{ order.name }}", "{{ order.name | upper }}"), "utf-8")
    return f"{folder}/"


def told(report: Report) -> list[tuple[str, str, object]]:
    return [
        (one.difference.kind, one.difference.mapping, one.fields or one.difference)
        for group in report.ordered
        for one in group.examples
    ]


@pytest.mark.parametrize("lives", [("private", "refunded_rows", "upsold"), tuple(LIVES)],
                         ids=["three lives", "all lives"])  # fmt: skip
def test_what_was_posted_by_the_same_set_differs_in_nothing(
    lives: tuple[str, ...], tmp_path: Path
) -> None:
    shop = posted(tmp_path, *lives)
    shop.run()
    report = against(shop, "working")
    assert told(report) == []
    assert difference.sentence(report) == (
        f"No rule reads otherwise; {report.documents} documents held against what was posted: "
        "none differs."
    )
    assert report.documents >= len(lives)


def test_a_rule_changed_since_is_told_with_the_documents_that_it_would_have_altered(
    tmp_path: Path,
) -> None:
    shop = posted(tmp_path, "private", "discounted")
    report = against(shop, with_upper_names(shop))
    (group,) = report.ordered
    assert [*group.fields] == ["CustomerName"]
    assert [one.where for one in group.changes] == ["document.CustomerName"]
    assert report.posted == report.differing == len(group.sources) == 2
    assert report.documents > 2
    text = "\n".join(one.text for one in difference.page(report) if hasattr(one, "text"))
    assert "held against what was posted" in text
    assert "Nothing is reversed" in text


def test_the_other_way_round_old_and_new_change_places(tmp_path: Path) -> None:
    shop = posted(tmp_path, "private")
    folder = with_upper_names(shop)
    there = against(shop, folder).ordered[0].examples[0].fields[0]
    back = against(shop, "live", folder).ordered[0].examples[0].fields[0]
    assert (there.before, there.after) == (back.after, back.before)


def test_a_setting_that_was_another_then_is_not_blamed_on_a_rule(tmp_path: Path) -> None:
    """Settings are not kept with what was posted: the one of now is no different from itself."""
    shop = posted(tmp_path, "private")
    text = shop.merchant.path.read_text("utf-8")
    shop.merchant.path.write_text(f"{text}\npayment_reference_prefix: Q-\n", "utf-8")
    now = load_merchant(shop.merchant.path, {}, needs_secrets=False)
    report = judged(shop.store, now, "live", "working")
    (group,) = report.ordered
    assert (group.changes, report.changes) == ((), [])
    assert set(group.fields) == {"ExternalInvoiceReference1"}
    assert difference.NO_RULE_NOW in difference.markdown(report).replace("\\", "")


def test_rules_that_cannot_be_read_any_more_are_told_of_as_such(tmp_path: Path) -> None:
    shop = posted(tmp_path, "private")
    folder = with_upper_names(shop)
    files = shop.store.value("SELECT files FROM ledger.mapping_set")
    shop.store.execute(
        "UPDATE ledger.mapping_set SET files = ?", [files.replace("order.name }}", "order.nmae }}")]
    )
    report = against(shop, folder)
    (group,) = report.ordered
    assert ([*group.fields], group.changes) == (["CustomerName"], ())
    (problem,) = report.problems
    assert problem.startswith("Some was posted by rules that don't go with ")
    assert "'nmae'" in problem


def test_what_somebody_else_made_and_was_taken_over_is_not_ours(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    for name in ("already_paid_on_interim_account", "part_payment", "several_fees_on_a_line"):
        shop.trouble(name)
    shop.run()
    adopted = shop.store.value("SELECT count(*) FROM ledger.step WHERE event = 'adopted'")
    intents = shop.store.value("SELECT count(*) FROM ledger.intent")
    report = against(shop, "working")
    assert adopted > 0
    assert told(report) == []
    assert report.differing == 0
    assert report.documents == intents - adopted


def test_live_is_not_held_against_itself(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not held against itself"):
        against(OrderShop(tmp_path), "live")
