"""Which changes reach documents alone, so that the later version only renders again; and which
reach more, so that it has to be planned."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.home import HOME
from engine.merchant.load import load_merchant
from engine.workbench.diff.changes import between
from engine.workbench.diff.reached import Reached, reached_by
from engine.workbench.versions import Version, working

SET = HOME / "mappings" / "qliro-fortnox"


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Version:
    return _version(tmp_path_factory.mktemp("before"))


def _version(folder: Path, text: tuple[str, str, str] | None = None, **changes: Any) -> Version:
    """The demo's merchant, whose orders go to Fortnox, with settings or a text changed."""
    data = yaml.safe_load((HOME / "merchants/demo.yaml").read_text("utf-8"))
    data |= {
        "flows": {"payouts": True, "orders": True, "invoices": True}, "orders_from": "2026-01-01",
        "payouts_from": "2026-01-01", "state": str(folder), **changes,
    }  # fmt: skip
    if text is not None:
        file, was, now = text
        shutil.copytree(SET, folder / "set")
        written = (folder / "set" / file).read_text("utf-8")
        assert was in written
        (folder / "set" / file).write_text(written.replace(was, now), "utf-8")
        data["mapping_set"] = str(folder / "set")
    (folder / "shop.yaml").write_text(yaml.safe_dump(data), "utf-8")
    return working(load_merchant(folder / "shop.yaml", {}, needs_secrets=False))


def rendered(before: Version, after: Version) -> frozenset[str] | None:
    return reached(before, after).rendered


def reached(before: Version, after: Version) -> Reached:
    changes = between(before, after)
    assert changes
    return reached_by(changes, before, after)


def test_a_text_of_a_document_is_rendered_again_by_its_own_mapping_alone(
    before: Version, tmp_path: Path
) -> None:
    text = ("orders/new_order.yaml", "{{ order.name }}", "{{ order.name | upper }}")
    assert rendered(before, _version(tmp_path, text)) == {"new_order"}


def test_an_account_of_a_table_is_rendered_again_by_what_has_rows(
    before: Version, tmp_path: Path
) -> None:
    after = _version(tmp_path, sales_accounts=[{"region": "domestic", "account": 3099}])
    found = rendered(before, after)
    assert found is not None
    assert {"new_order", "invoice"} <= found
    assert "customer" not in found  # a line is read for it, and none of its values


def test_of_a_document_the_fields_alone_are_rendered_that_may_be_otherwise(
    before: Version, tmp_path: Path
) -> None:
    text = ("orders/new_order.yaml", "{{ order.name }}", "{{ order.name | upper }}")
    assert reached(before, _version(tmp_path, text)).fields == {"new_order": {"CustomerName"}}


@pytest.mark.parametrize(
    "text",
    [
        ("{{ customer.number }}", "{{ customer.number ~ '' }}"),
        ("because: Qliro shows no items of it", "because: Qliro shows nothing of it"),
        ("ask: {reference: \"{{ reference }}\"}", "ask: {reference: \"{{ order.reference }}\"}"),
        ("then: [confirm]\nconfirm: {use order_rows: }\n", ""),
        ("  CustomerName: \"{{ order.name }}\"\n", ""),
    ],
    ids=["what must agree", "a check", "what it is found by", "what follows", "a field less"],
)
def test_what_hangs_on_more_than_a_field_is_rendered_whole(
    before: Version, tmp_path: Path, text: tuple[str, str]
) -> None:
    found = reached(before, _version(tmp_path, ("orders/new_order.yaml", *text)))
    assert found.rendered == {"new_order"}
    assert not found.fields


@pytest.mark.parametrize(
    "text",
    [
        ("orders/new_order.yaml", "order.payment == 'secured' or order.payment", "order.payment"),
        ("orders/new_order.yaml", "renews: true", "renews: false"),
        ("orders/new_order.yaml", "card: customer.number", "card: customer.number ~ ''"),
        ("orders/new_order.yaml", "because: it is cancelled}", "because: it was cancelled}"),
        ("orders/customer.yaml", "per: order.buyer", "per: order.reference"),
        ("entities/qliro_order.yaml", "[order.Email | lower]", "[order.Email | upper]"),
    ],
    ids=["who asks", "what follows", "whose card", "what it refers to", "which is one", "a key"],
)
def test_what_is_decided_before_rendering_is_planned_anew(
    before: Version, tmp_path: Path, text: tuple[str, str, str]
) -> None:
    assert rendered(before, _version(tmp_path, text)) is None


def test_a_setting_that_a_match_goes_by_is_planned_anew(before: Version, tmp_path: Path) -> None:
    assert rendered(before, _version(tmp_path, payment_reference_prefix="Q-")) is None
