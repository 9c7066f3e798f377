"""`raw MERCHANT ANSWER` shows the answer that `explain` names, and nobody's name."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from order_shop import OrderShop

from engine import json_text
from engine.errors import UsageError
from engine.show.answer import data, page
from engine.show.page import Text
from engine.workbench.answer import answer

Open = Callable[..., OrderShop]


@pytest.fixture
def captured(order_shop: Open) -> OrderShop:
    shop = order_shop()
    shop.life("captured")
    shop.run()
    return shop


def of_order(shop: OrderShop) -> int:
    seq = shop.store.value("SELECT min(seq) FROM raw.answer WHERE endpoint = 'order'")
    return int(seq)


def test_an_answer_shows_its_call_and_its_body_and_names_nobody(captured: OrderShop) -> None:
    one = answer(captured.store, captured.merchant, of_order(captured))
    lines = [part.text for part in page(one) if isinstance(part, Text)]
    text = "\n".join(lines)
    assert lines[0].startswith(f"Answer {of_order(captured)} of Qliro, 2026-11-16")
    assert "GET /checkout/adminapi/v2/orders/4900001: 200" in lines[1]
    for words in ('"OrderId": 4900001', '"VatRate": 25', '"MerchantReference": "TSHIRT-BLA-M"',
                  '"Description": "T-shirt, blå, M"', '"CountryCode": "SE"'):  # fmt: skip
        assert words in text
    for words in ("Testsson", "Storgatan", "example.com", "0700000000", "11122", "pn:"):
        assert words not in text
    assert re.search(r'"LastName": "\*\*\*"', text)
    json_text.encode(data(one))


def test_a_part_of_an_answer(captured: OrderShop) -> None:
    number = of_order(captured)
    one = answer(captured.store, captured.merchant, number, "PaymentTransactions[*].Amount")
    assert len(data(one)["body"]) >= 2
    one = answer(captured.store, captured.merchant, number, "ShippingAddress.CountryCode")
    assert data(one)["body"] == "SE"
    with pytest.raises(UsageError) as error:
        answer(captured.store, captured.merchant, number, "ShippingAdress")
    assert f"Nothing stands at ShippingAdress in answer {number}." in str(error.value)


def test_an_answer_that_is_not_there(captured: OrderShop) -> None:
    with pytest.raises(UsageError) as error:
        answer(captured.store, captured.merchant, 9_999)
    assert str(error.value).startswith("There is no answer 9999. The last one is ")


def test_every_answer_of_a_shop_can_be_shown(captured: OrderShop) -> None:
    for (seq,) in captured.store.tuples("SELECT seq FROM raw.answer"):
        one = answer(captured.store, captured.merchant, int(seq))
        assert page(one)
        for words in ("Testsson", "Storgatan"):
            assert words not in one.body + one.path + one.query
