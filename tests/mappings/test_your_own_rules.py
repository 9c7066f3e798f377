"""docs/your-own-rules.md: each change as it stands there, at most six lines, does what it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from order_shop import OrderShop
from orders.kit import chart
from orders.test_foreseen import EVA
from sales.kit import mappings
from shop import OpenShop

from engine import json_text
from engine.doctor.lint import whole_set
from engine.home import HOME
from engine.merchant.mapping_sets import DEFAULT, folder_of
from engine.sandbox.history import new_sale
from engine.sandbox.lives.lifecycle import capture, lot, secure
from engine.sandbox.trouble import made
from engine.sandbox.world.world import Address

PAGE = (HOME / "docs" / "your-own-rules.md").read_text("utf-8")
COUNTRY, COST_CENTRE, E_MAIL, CHECK = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
OSLO = Address("Eva", "Lind", None, "Storgata 1", None, "0150", "Oslo", "NO")
EXPORT = [{"region": "export", "account": 3105}, {"region": "domestic", "account": 3001}]
Open = Callable[..., OrderShop]


def overlay(folder: Path, text: str) -> Path:
    """A folder with the file of the page."""
    folder.mkdir()
    (folder / "ours.yaml").write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("text", [COUNTRY, COST_CENTRE, E_MAIL, CHECK])
def test_each_is_at_most_six_lines_and_takes_nothing_away(tmp_path: Path, text: str) -> None:
    assert len(text.splitlines()) <= 6
    changed = whole_set(folder_of(DEFAULT, Path()), overlay(tmp_path / "ours", text))
    assert changed.warnings == mappings().warnings
    assert {one.operation for one in changed.changes} <= {"added", "replaced"}
    checks = {name: len(one.checks) for name, one in mappings().mappings.items()}
    assert all(len(one.checks) >= checks[name] for name, one in changed.mappings.items())


def test_a_country_that_is_added_leaves_finland_as_it_was(tmp_path: Path) -> None:
    """An overlay of this table once replaced it whole, and a Finn was exported to."""
    changed = whole_set(folder_of(DEFAULT, Path()), overlay(tmp_path / "ours", COUNTRY))
    before, after = mappings().tables["countries"].rows, changed.tables["countries"].rows
    assert [row.when for row in after] == [*(row.when for row in before), {"country": "NZ"}]


def sold(shop: OrderShop) -> list[dict[str, Any]]:
    """The invoices that are sent of a sale at home and of one to Norway."""
    chart(shop.world, 3105)
    shop.world.cost_centers["NORGE"] = "Norge"
    for rate, more in (("25", {}), ("0", {"billing": OSLO, "shipping": OSLO})):
        order = secure(shop.world, [lot("TSHIRT", "400.00", rate=rate)], buyer=EVA, **more)
        capture(shop.world, order)
        shop.known.append(str(order.id))
    shop.run()
    sent = [one for one in shop.world.journal if (one.method, one.path) == ("POST", "/3/invoices")]
    return [json_text.decode(one.body)["Invoice"] for one in sent]


def test_what_goes_to_norway_has_its_cost_centre_and_nothing_else_has(
    order_shop: Open, tmp_path: Path
) -> None:
    ours = overlay(tmp_path / "ours", COST_CENTRE)
    shop = order_shop(overlay=str(ours), sales_accounts=EXPORT, **{"flows.refunds": False})
    home, norway = sold(shop)
    assert [row.get("CostCenter") for row in home["InvoiceRows"]] == [None]
    assert [row["CostCenter"] for row in norway["InvoiceRows"]] == ["NORGE"]
    assert [row["AccountNumber"] for row in norway["InvoiceRows"]] == [3105]


def test_the_e_mail_stands_in_the_text(order_shop: Open, tmp_path: Path) -> None:
    ours = overlay(tmp_path / "ours", E_MAIL)
    shop = order_shop(overlay=str(ours), sales_accounts=EXPORT, **{"flows.refunds": False})
    assert {one["Remarks"] for one in sold(shop)} == {f"Kvittot går till {EVA.email}"}


def test_a_check_of_ones_own_stops_what_it_is_about_and_the_others_stay(
    shop: OpenShop, tmp_path: Path
) -> None:
    one = shop(overlay=str(overlay(tmp_path / "ours", CHECK)))
    for amount in ("49999.00", "50000.00"):
        made(one.world, amount, [new_sale(one.world, Decimal(amount)).line])
    one.run()
    assert one.reasons(state="parked") == ["50000.00 is booked by hand"]
    assert [str(payment.amount) for payment in one.payments()] == ["49999.00"]
