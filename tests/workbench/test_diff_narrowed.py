"""A comparison that works out no more than a change can reach finds what one finds that decides all
of history twice: over all lives of the sandbox, for changes of each kind and for random ones."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from order_shop import OrderShop

from engine.home import HOME
from engine.merchant.settings import merchant_schema
from engine.plan.model import Plan
from engine.sandbox.lives import lifecycle
from engine.sandbox.lives.by_name import LIVES
from engine.store.history import moments
from engine.workbench.diff.changes import between
from engine.workbench.diff.compare import Difference, Key, compared
from engine.workbench.diff.history import History
from engine.workbench.diff.named import version
from engine.workbench.diff.narrowed import Narrowing
from engine.workbench.diff.reached import reached_by
from engine.workbench.replay import replay
from engine.workbench.versions import Version, working

SET = HOME / "mappings" / "qliro-fortnox"
ROWS = merchant_schema()["properties"]["sales_accounts"]["default"]
OSS: list[dict[str, Any]] = [
    *ROWS,
    {"region": "oss", "country": "FI", "rate": 25.5, "account": 3105, "vat_code": "FI25"},
    {"region": "oss", "country": "DE", "rate": 19, "account": 3106},
]


@pytest.fixture(scope="module")
def shop(order_shops: Callable[..., OrderShop]) -> OrderShop:
    """All lives, posted in two runs; what was captured and refunded is paid out in between."""
    made = order_shops(sales_accounts=OSS)
    lives = [made.life(name) for name in LIVES]
    made.run()
    lifecycle.pay_out(made.world, [order for life in lives for order in life.orders])
    made.run()
    return made


def settled(shop: OrderShop, folder: Path, **changes: Any) -> Version:
    """The shop's merchant with other settings, by dotted key."""
    data = yaml.safe_load(shop.merchant.path.read_text("utf-8"))
    for key, value in changes.items():
        *groups, name = key.split(".")
        inner = data
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[name] = value
    (folder / "shop.yaml").write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    return version(f"{folder}/", shop.merchant, folder / "scratch")


def written(shop: OrderShop, folder: Path, file: str, before: str, after: str) -> Version:
    """The default set with a text of one of its files replaced, everywhere in it."""
    shutil.copytree(SET, folder / "set")
    text = (folder / "set" / file).read_text("utf-8")
    assert before in text
    (folder / "set" / file).write_text(text.replace(before, after), "utf-8")
    return version(f"{folder / 'set'}/", shop.merchant, folder / "scratch")


@pytest.fixture(scope="module")
def decided(shop: OrderShop) -> Plan:
    """All of the shop's history as it is decided by what the merchant has."""
    return replay(shop.store, working(shop.merchant))


def differences(
    shop: OrderShop, decided: Plan, after: Version
) -> tuple[list[Difference], Narrowing]:
    """What both ways find, once it is known to be the same; and how the quick one went."""
    before = working(shop.merchant)
    changes = between(before, after)
    assert changes
    naive = list(compared(decided, replay(shop.store, after)))
    for traced in (True, False):
        reached = reached_by(changes, before, after)
        narrowing = Narrowing(reached, (before, after), batch=7, traced=traced)
        quick = list(History(shop.store, narrowing).differences())
        assert by_key(quick) == by_key(naive)
    return quick, narrowing


def by_key(found: list[Difference]) -> dict[Key, Difference]:
    told = {(one.mapping, one.source): one for one in found}
    assert len(told) == len(found)
    return told


def with_row(country: str, **outputs: Any) -> list[dict[str, Any]]:
    return [row | (outputs if row.get("country") == country else {}) for row in OSS]


def test_a_row_of_the_oss_table_shows_as_the_documents_that_it_alters(
    shop: OrderShop, decided: Plan, tmp_path: Path
) -> None:
    found, narrowing = differences(
        shop, decided, settled(shop, tmp_path, sales_accounts=with_row("FI", account=3115))
    )
    assert {one.kind for one in found} == {"document"}
    assert narrowing.apart
    assert narrowing.again < narrowing.apart


def test_a_row_that_nothing_hits_alters_nothing_and_few_orders_are_planned(
    shop: OrderShop, decided: Plan, tmp_path: Path
) -> None:
    rows = [*OSS, {"region": "oss", "country": "MT", "rate": 18, "account": 3199}]
    found, narrowing = differences(shop, decided, settled(shop, tmp_path, sales_accounts=rows))
    assert not found
    # What a refund gives back is told by its rows, of which it is not known where they were sold.
    refunded = shop.store.value("SELECT count(DISTINCT OrderId) FROM qliro.refund")
    looked_at = narrowing.apart + narrowing.together
    assert looked_at <= refunded * len(moments(shop.store)) + refunded
    assert not narrowing.whole


def test_what_no_rule_reads_alters_nothing_and_nothing_is_planned(
    shop: OrderShop, decided: Plan, tmp_path: Path
) -> None:
    unread = settled(shop, tmp_path, **{"delivery.parallel": 2})
    found, narrowing = differences(shop, decided, unread)
    assert not found
    assert (narrowing.apart, narrowing.together, narrowing.whole) == (0, 0, 0)


SETTINGS: dict[str, dict[str, Any]] = {
    "a domestic row": {
        "sales_accounts": [
            row | ({"account": 3011} if row.get("rate") == 25 else {}) for row in OSS
        ],
    },
    "a row that is gone": {"sales_accounts": [row for row in OSS if row.get("country") != "FI"]},
    "rows in another order": {"sales_accounts": OSS[::-1]},
    "an account": {"accounts.rounding": 3741},
    "the account of fees": {"accounts.fee": 6065},
    "a rule for a payment method": {
        "payment_methods": [{"method": ["CREDITCARDS"], "terms_of_payment": "30"}],
    },
    "a prefix": {"payment_reference_prefix": "Q-"},
    "prices without VAT": {"vat_included": False},
    "when orders are handled from": {"orders_from": "2026-09-20"},
    "a flow": {"flows.refunds": False},
}  # fmt: skip
TEXTS: dict[str, tuple[str, str, str]] = {
    "a text": ("orders/new_order.yaml", "{{ order.name }}", "{{ order.name | upper }}"),
    "a derived column of lines": (
        "entities/lines.yaml",
        "[line.Description, line.MerchantReference", "[line.MerchantReference",
    ),
    "a named value of lines": (
        "entities/lines.yaml", "'discount' and not free", "'discount'",
    ),
    "a derived column of orders": (
        "entities/qliro_order.yaml",
        "'organisation_number' in settings", "'personal_number' in settings",
    ),
    "a check that is new": (
        "orders/new_order.yaml", "checks:\n",
        "checks:\n  - {id: large, that: order.total < 1000, because: it is large}\n",
    ),
    "a reason": ("orders/new_order.yaml", "Qliro shows no payment of it yet", "Not paid yet"),
    "a condition": (
        "orders/customer.yaml", "order.payment == 'secured' and", "order.total > 500 and",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_changed(shop: OrderShop, decided: Plan, tmp_path: Path, name: str) -> None:
    differences(shop, decided, settled(shop, tmp_path, **SETTINGS[name]))


@pytest.mark.parametrize("name", TEXTS)
def test_a_rule_that_changed(shop: OrderShop, decided: Plan, tmp_path: Path, name: str) -> None:
    differences(shop, decided, written(shop, tmp_path, *TEXTS[name]))


def some_row(seed: int) -> list[dict[str, Any]]:
    """The OSS table with one row changed by chance: other outputs, other conditions, gone, new."""
    dice = random.Random(seed)  # noqa: S311
    rows = [dict(row) for row in OSS]
    at = dice.randrange(len(rows))
    match dice.randrange(4):
        case 0:
            rows[at]["account"] = dice.randrange(3200, 3300)
        case 1:
            rows[at]["rate"] = dice.choice([5, 13, 24, 26])
        case 2:
            del rows[at]
        case _:
            row = {"country": dice.choice(["FI", "DE", "NO", "SE"]), "account": 3222}
            rows.insert(at, row | {"rate": dice.choice([0, 19, 24, 25.5])})
    return rows


@pytest.mark.parametrize("seed", range(6))
def test_some_row_of_the_oss_table(
    shop: OrderShop, decided: Plan, tmp_path: Path, seed: int
) -> None:
    rows = some_row(seed)
    if rows != OSS:
        differences(shop, decided, settled(shop, tmp_path, sales_accounts=rows))
