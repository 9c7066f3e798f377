"""docs/explaining.md quotes what `explain` and `raw` print; this holds it to that."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flows.test_fee_vat import charged
from order_shop import OrderShop
from shop import OpenShop, Shop

from engine.home import HOME
from engine.show import answer as answers
from engine.show import value
from engine.show.output import Output
from engine.workbench.answer import answer
from engine.workbench.explained import explain_field

PAGE = (HOME / "docs" / "explaining.md").read_text("utf-8")
COMMAND = re.compile(r"```text\n\$ qliro-fortnox ([^\n]+)\n(.*?)```", re.DOTALL)
QUOTED: dict[str, str] = dict(COMMAND.findall(PAGE))


def steady(text: str) -> str:
    """Without what changes whenever a mapping is edited: line numbers, and what tells its texts."""
    return re.sub(r"\([0-9a-f]{10}\)", "(…)", re.sub(r"(\.ya?ml):\d+", r"\1:1", text))


def printed(shop: Shop, command: str, out: pytest.CaptureFixture[str]) -> str:
    """What the command prints to a pipe."""
    name, _merchant, *given = command.split()
    if name == "explain":
        Output().page(value.page(explain_field(shop.store, shop.merchant, given[0], given[1])))
    else:
        Output().page(answers.page(answer(shop.store, shop.merchant, int(given[0]), given[1])))
    return out.readouterr().out


@pytest.mark.parametrize("command", [one for one in QUOTED if " 1001 " not in one])
def test_the_page_quotes_what_is_printed_of_a_fee(
    shop: OpenShop, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    one = shop()
    charged(one, "5.00", "4.00")
    assert steady(printed(one, command, capsys)) == steady(QUOTED[command])


@pytest.mark.parametrize("command", [one for one in QUOTED if " 1001 " in one])
def test_the_page_quotes_what_is_printed_of_an_invoice(
    order_shop: Callable[..., OrderShop], capsys: pytest.CaptureFixture[str], command: str
) -> None:
    shop = order_shop()
    shop.life("captured")
    shop.run(), shop.run()
    assert steady(printed(shop, command, capsys)) == steady(QUOTED[command])
