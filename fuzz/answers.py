"""Answers during runs: some fields of some answers are odd, to reads and to writes, once or for
ever. A run ends with a report or with one of our own errors; nothing is posted twice, and when the
answers are good again all is as if nothing had been."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import httpx
from order_shop import OrderShop
from shop import Shop

from engine import session as sessions
from engine.errors import QliroFortnoxError
from engine.sandbox.transport import SandboxTransport
from fuzz.values import ODD, spoiled

TROUBLES = ("fee_with_vat", "clean_sale", "clean_refund_with_credit_invoice", "part_payment",
            "two_captures_one_invoice")  # fmt: skip


SHARES = (0.02, 0.1, 0.3)  # of the answers that are odd


class Odd(SandboxTransport):
    """The sandbox, some of whose answers are odd on their way."""

    def __init__(self, world: Any, chance: Random, share: float) -> None:
        super().__init__(world)
        self.chance, self.share, self.told = chance, share, 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, or what is made of it; whoever asks for a token gets it."""
        answer = super().handle_request(request)
        if "oauth" in request.url.path or self.chance.random() >= self.share:
            return answer
        try:
            body = spoiled(self.chance, json.loads(answer.content), odd=ODD)
        except ValueError:
            return answer
        self.told += 1
        text = json.dumps(body)
        if self.chance.random() < 0.1:
            text = text[: self.chance.randrange(len(text) + 1)]
        headers = {"content-type": "application/json", "date": answer.headers.get("date", "")}
        return httpx.Response(answer.status_code, headers=headers, content=text)


def _shop(folder: Path) -> Shop:
    shop = Shop(folder)
    for name in TROUBLES:
        shop.trouble(name)
    return shop


def _made(shop: Shop) -> Counter[Any]:
    """The payments and vouchers that stand in Fortnox, by what they are."""
    world = shop.world
    found: Counter[Any] = Counter()
    for number in world.made_payments:
        one = world.payments[number]
        found["payment", one.invoice, one.amount, one.account] += 1
    for key in world.made_vouchers:
        voucher = world.vouchers[key]
        rows = tuple(sorted((row.account, row.debit, row.credit) for row in voucher.rows))
        found["voucher", voucher.key.series, rows] += 1
    return found


@cache
def undisturbed() -> Counter[Any]:
    """What stands there when all answers are good."""
    shop = _shop(Path(tempfile.mkdtemp()))
    for _ in range(2):
        shop.run()
        shop.later(seconds=600)
    return _made(shop)


def _run(shop: Shop, transport: httpx.BaseTransport) -> None:
    """One run; what is wrong may be one of our own errors, and nothing else."""
    with suppress(QliroFortnoxError), sessions.open_session(
        shop.merchant, shop.store, shop.clock, transport
    ) as session:
        sessions.run(session)


def _payouts(chance: Random, folder: Path) -> str:
    wanted = undisturbed()
    shop, told = _shop(folder), 0
    for _ in range(chance.randint(1, 2)):
        transport = Odd(shop.world, chance, chance.choice(SHARES))
        _run(shop, transport)
        told += transport.told
        shop.later(seconds=7 * 3600)
    for _ in range(3):
        _run(shop, SandboxTransport(shop.world))
        shop.later(days=1)
    made = _made(shop)
    twice = {what: count for what, count in made.items() if count > wanted.get(what, 1)}
    assert not twice, f"made more than once: {twice}"
    assert told or made == wanted, f"without an odd answer: {made}"
    shop.store.connection.close()
    return "nothing odd" if not told else "as without" if made == wanted else "some are parked"


def _orders(chance: Random, folder: Path) -> str:
    shop, told = OrderShop(folder), 0
    for name in ("private", "several_rows"):
        shop.life(name)
    for number in range(3):
        transport = Odd(shop.world, chance, chance.choice(SHARES))
        _run(shop, transport)
        told += transport.told
        shop.later(seconds=7 * 3600)
        if number == 0:
            for order in shop.fortnox_orders[:1]:
                shop.deliver(order.number)
    _run(shop, SandboxTransport(shop.world))
    documents = [*shop.fortnox_orders, *shop.fortnox_invoices]
    made = Counter((type(one).__name__, one.external1, one.external2) for one in documents)
    assert not [one for one, count in made.items() if count > 1], made
    shop.store.connection.close()
    return "orders, odd" if told else "orders, nothing odd"


def play(chance: Random, folder: Path) -> str:
    """A shop with odd answers, then with good ones: one of payouts, now and then one of orders."""
    return _orders(chance, folder) if chance.random() < 0.25 else _payouts(chance, folder)
