"""An older state put back, and a run: what was posted since stands at the servers already.

A life is lived to its end; after every tenth commit its database is copied, as a backup is. Each
copy then goes on beside the servers as the life left them: everything stands there once.
"""

from __future__ import annotations

import copy
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import few_rows
import pytest
from order_shop import OrderShop
from shop import Shop

from engine.sandbox.history import settle
from engine.sandbox.troubles.by_name import TROUBLES
from engine.sandbox.world.world import World
from engine.store.database import Store
from faults.shop import KINDS, posted

EVERY = 10
ORDERS = ("refunded_twice", "several_rows", "company", "captured_in_parts", "discounted")


def opened(path: Path) -> Store:
    """A database of few rows in a file."""
    connection = duckdb.connect(str(path))
    connection.execute("SET TimeZone = 'Europe/Stockholm'")
    return few_rows.plainly(Store(connection, path))


def kept(shop: Shop, folder: Path, every: int) -> list[Path]:
    """Gives the shop a database in a file; the copies that are made of it while it lives."""
    live, copies, commits = folder / "live.duckdb", [], [0]
    few_rows.place(live)
    shop.store = store = opened(live)
    transaction = store.transaction

    @contextmanager
    def counted() -> Iterator[None]:
        outermost = not store._inside
        with transaction():
            yield
        if outermost:
            commits[0] += 1
            if commits[0] % every == 0:
                store.execute("CHECKPOINT")
                copies.append(Path(shutil.copyfile(live, folder / f"{commits[0]}.duckdb")))

    store.transaction = counted  # type: ignore[method-assign]
    return copies


def as_it_is(world: World) -> World:
    """A copy of both servers; their locks are their own."""
    return copy.deepcopy(world, {id(world.lock): threading.RLock()})


def standing(world: World) -> dict[str, Any]:
    """What stands at both servers, counted there."""
    return {
        **posted(world),
        "documents": {
            "orders": len(world.orders), "invoices": len(world.invoices),
            "customers": len(world.customers), "articles": len(world.articles),
        },
        "at Qliro": {
            number: sorted((t.type, str(t.amount), t.status) for t in order.transactions)
            for number, order in world.qliro_orders.items()
        },
    }  # fmt: skip


def goes_on(shop: Shop, path: Path, folder: Path) -> dict[str, Any]:
    """The restored state, beside the servers as they are, after two runs."""
    folder.mkdir()
    again = type(shop)(folder, world=as_it_is(shop.world), changes=shop.changes)
    if isinstance(shop, OrderShop):
        again.known = list(shop.known)  # type: ignore[attr-defined]
    again.store.connection.close()
    again.store = opened(path)
    for _ in range(2):
        again.later(days=1)
        again.run()
    told = standing(again.world)
    again.store.connection.close()
    return told


def test_a_payout_of_every_kind_of_line(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    batch = settle(shop.world, []).id
    for kind in KINDS:
        TROUBLES[kind](shop.world, into=batch)
    copies = kept(shop, tmp_path, every=1)
    shop.run()
    wanted = standing(shop.world)
    assert len(copies) > 5
    for path in copies:
        assert goes_on(shop, path, tmp_path / path.stem) == wanted, path.name


@pytest.mark.parametrize("life", ORDERS)
def test_orders_from_payment_to_refund(tmp_path: Path, life: str) -> None:
    shop = OrderShop(tmp_path, changes={"flows.order_status": True})
    copies = kept(shop, tmp_path, EVERY)
    shop.life(life)
    for _ in range(3):
        shop.run()
        for number in list(shop.world.orders):
            shop.deliver(number)
    wanted = standing(shop.world)
    assert copies
    for path in copies:
        assert goes_on(shop, path, tmp_path / path.stem) == wanted, path.name
