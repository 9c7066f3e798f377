"""Databases that an earlier build stored in the middle of things go on under this one.

Each holds what was posted, what waits, what is parked and what was under way when its run was cut
off, see ``scenes``. This build does what was due, and nothing else; a second run does nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.sandbox.world.world import World
from engine.store.database import writing
from older.living import Write, lines, opened, restore, run
from older.scenes import SCENES, Scene

# An early build with most that a merchant has, the last one with mappings of version 1, and the
# last one whose database holds answers as they came.
BUILDS = [Path(__file__).parent / build for build in ("f7b183f", "b11c07a", "e599a73")]


@dataclass(frozen=True, slots=True)
class Lived:
    """What a stored merchant's next two runs wrote, and the states of its lines."""

    told: dict[str, Any]
    world: World
    first: list[Write]
    second: list[Write]
    before: dict[str, str]
    after: dict[str, str]
    documents: tuple[int, int, int]


@pytest.fixture(
    scope="module",
    params=[(build, scene) for build in BUILDS for scene in SCENES],
    ids=lambda both: f"{both[0].name}-{both[1].name}",
)
def lived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Lived:
    stored: Path
    scene: Scene
    stored, scene = request.param
    folder = tmp_path_factory.mktemp("older")
    state, world, told = restore(scene, stored, folder)
    documents = len(world.orders), len(world.invoices), len(world.made_payments)
    with writing(state, scene.name) as store:
        shop = opened(scene, folder, store, world)
        before = lines(shop)
        first, second = run(scene, shop), run(scene, shop)
        return Lived(dict(told), world, first, second, before, lines(shop), documents)


def said(writes: Iterable[Write]) -> list[tuple[str, str, str]]:
    return sorted((one["method"], one["path"], one["body"]) for one in writes)


def test_what_was_due_is_done_to_the_last_byte_and_nothing_else(lived: Lived) -> None:
    assert said(lived.first) == said(lived.told["due"])


def test_a_second_run_writes_nothing(lived: Lived) -> None:
    assert said(lived.second) == []


def test_what_was_cut_off_is_found_and_not_made_again(lived: Lived) -> None:
    orders, invoices, payments = lived.documents
    new = [one for one in lived.first if one["method"] == "POST"]
    made = sum(one["path"] == "/3/invoicepayments" for one in new)
    assert len(lived.world.orders) == orders
    assert len(lived.world.invoices) == invoices
    assert len(lived.world.made_payments) == payments + made


def test_every_line_ends_in_the_state_that_it_had_under_the_earlier_build(lived: Lived) -> None:
    assert lived.after == lived.told["lines"]
    left = {one for one, state in lived.before.items() if state in ("posted", "adopted")}
    assert all(lived.after[one] == lived.before[one] for one in left)
