"""Orders in portions that other processes are handed: the same rows, the same documents, the same
sentences as where they are staged; one that is odd spoils no other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from engine.errors import ItemError
from engine.language.compile import compile_set
from engine.language.program import Program
from engine.plan import found
from engine.plan.entities import ENTITIES
from engine.plan.found import Portion, asked_by, portions
from engine.plan.order_rows import Rows
from engine.store.books import Books, read_books
from engine.store.database import Store
from engine.workers import Workers

from .kit import Lived

BY_ORDER = [name for name, one in ENTITIES.items() if one.by_order]
STATE = tuple[Program, Books]


def compiled(*of: Any) -> STATE:
    """What each process holds."""
    *recipe, books = of
    return compile_set(*recipe), books


def rows_of(state: STATE, portion: Portion) -> dict[str, list[dict[str, Any]]]:
    """The derived rows of a portion, by entity."""
    rows = Rows(portion, *state, portion.orders)
    return {name: rows.of(name) for name in portion.rows}


def orders_of(state: STATE, portion: Portion) -> dict[int, str]:
    """The Fortnox order of each order of a portion, or why there is none."""
    return documents(state, Rows(portion, *state, portion.orders))


def documents(state: STATE, rows: Rows) -> dict[int, str]:
    """The same of rows, wherever they were found."""
    (program, books), told = state, {}
    mapping = program.mappings["new_order"]
    for order in rows.of("qliro.order"):
        inputs: dict[str, Any] = {
            "order": order, "books": books, "match": {}, "earlier": 0,
            "customer": {"number": "7"}, "card": {"CustomerNumber": "7", "VATType": "SEVAT"},
        }  # fmt: skip
        inputs["lines"] = rows.related(mapping, "lines", inputs)
        try:
            told[order["OrderId"]] = str(mapping.render(inputs)[:7])
        except ItemError as error:
            told[order["OrderId"]] = error.told()
    return told


@contextmanager
def taken_back(store: Store, order: int) -> Iterator[Store]:
    """The store with an order that can't be read, which is taken back at the end."""
    with suppress(TakenBack), store.transaction():
        store.execute("""UPDATE qliro."order" SET problem = 'odd' WHERE OrderId = ?""", [order])
        yield store
        raise TakenBack


class TakenBack(Exception):  # noqa: N818  it is none
    """What was written is to be thrown away."""


def by_order(rows: list[dict[str, Any]]) -> Mapping[int, list[dict[str, Any]]]:
    """The rows of each order, in their order."""
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["OrderId"], []).append(row)
    return found


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Queries that are cut, and portions of few orders."""
    monkeypatch.setattr(found, "AT_A_TIME", 40)
    monkeypatch.setattr(found, "HANDED_ON", 7)


@pytest.mark.parametrize("many", [1, 1_000])
def test_all_lives_in_two_other_processes_say_what_they_say_here(
    lived: Lived, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(found, "MANY", many)  # lines told apart by what they say, and each
    odd = lived.lives["private"].order
    with lived.shop.session() as session, taken_back(session.store, odd) as store:
        program, books = session.program, read_books(store)
        place = replace(session.merchant, secrets={}).place
        ids = [one for (one,) in store.tuples('SELECT OrderId FROM qliro."order"')]
        assert len(ids) > 60
        here = Rows(store, program, books, ids)
        of_all: dict[str, list[dict[str, Any]]] = {name: [] for name in BY_ORDER}
        told: dict[int, str] = {}
        recipe = program.mapping_set, program.settings, place, books
        with Workers(2, compiled, *recipe) as workers:
            for made in workers.each(rows_of, portions(store, program, ids, BY_ORDER)):
                for name, rows in made.items():
                    of_all[name] += rows
            names = asked_by(program, program.mappings["new_order"])
            for orders in workers.each(orders_of, portions(store, program, ids, names)):
                told |= orders
        assert list(told.items()) == list(documents((program, books), here).items())
        for name in BY_ORDER:
            assert by_order(of_all[name]) == by_order(here.of(name)), name
        assert [row["OrderId"] for row in here.of("qliro.order") if row["problem"]] == [odd]
