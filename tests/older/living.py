"""Lives a scene with the build at hand, and makes a stored one live on.

``record`` is run with a build whose database is to be kept, from a checkout of it: ``python
living.py FOLDER``; it leaves ``<scene>.duckdb.xz`` and ``<scene>.json`` (what that build wrote to
the APIs, and when; what it would write next). ``restore`` gives a shop of this build with that
database and a world in which all of that has happened.
"""

from __future__ import annotations

import json
import lzma
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[:0] = [str(Path.cwd() / "tests"), str(Path.cwd()), str(Path(__file__).parent)]

from order_shop import OrderShop
from shop import Shop

from engine.sandbox.answer import answer
from engine.sandbox.transport import Killed
from engine.sandbox.world.exchange import Request
from engine.sandbox.world.faults import clear
from engine.sandbox.world.world import World
from engine.store.database import Store, writing

if __name__ == "__main__":
    from scenes import SCENES, Scene
else:
    from older.scenes import SCENES, Scene

Write = dict[str, str]


def opened(scene: Scene, folder: Path, store: Store, world: World) -> Shop:
    """A shop over this world and database."""
    kind = OrderShop if scene.orders else Shop
    shop = kind(folder, world=world, changes=dict(scene.settings))
    shop.store = store
    if isinstance(shop, OrderShop):
        shop.known = scene.known(world)
    return shop


def run(scene: Scene, shop: Shop) -> list[Write]:
    """One run; what it wrote to the APIs. One that is cut off ends like any other."""
    before = len(shop.world.journal)
    if isinstance(shop, OrderShop):
        shop.known = scene.known(shop.world)
    else:
        shop.later(seconds=scene.hours * 3600)
    try:
        shop.run()
    except Killed:
        clear(shop.world)
    return writes(shop.world, before)


def writes(world: World, before: int = 0) -> list[Write]:
    """The requests that changed something, from the ``before``-th of the journal on."""
    return [
        {"at": entry.at.isoformat(), "method": entry.method, "path": entry.path,
         "query": entry.query, "body": entry.body}
        for entry in world.journal[before:]
        if entry.effect is not None and not entry.path.startswith("/oauth-v1/")
    ]  # fmt: skip


def record(scene: Scene, folder: Path) -> None:
    """Live the scene and keep its database as the last run, cut off, left it."""
    state = folder / f"{scene.name}.state"
    world = scene.world()
    rounds: list[dict[str, Any]] = []
    with writing(state, scene.name) as store:
        shop = opened(scene, folder, store, world)
        for happens in scene.happens:
            at = world.now().isoformat()
            happens(world)
            rounds.append({"at": at, "writes": run(scene, shop)})
    kept = (state / f"{scene.name}.duckdb").read_bytes()
    (folder / f"{scene.name}.duckdb.xz").write_bytes(lzma.compress(kept, preset=9))
    with writing(state, scene.name) as store:
        shop = opened(scene, folder, store, world)
        due, then = run(scene, shop), run(scene, shop)
        assert not then, f"{scene.name}: a second run writes {then}"
        told = {
            "rounds": rounds, "due": due, "lines": lines(shop), "ends": world.now().isoformat(),
        }  # fmt: skip
    text = json.dumps(told, indent=1, ensure_ascii=False)
    (folder / f"{scene.name}.json").write_text(f"{text}\n", encoding="utf-8")


def lines(shop: Shop) -> dict[str, str]:
    """The state of every settlement line and of every source of a mapping."""
    rows = shop.store.rows("SELECT line, state FROM ledger.line_state ORDER BY line")
    return {row["line"]: row["state"] for row in rows}


def restore(scene: Scene, kept: Path, folder: Path) -> tuple[Path, World, Mapping[str, Any]]:
    """The folder of the stored database, the world as that build left it, and what it told."""
    told = json.loads((kept / f"{scene.name}.json").read_text("utf-8"))
    world = scene.world()
    for happens, lived in zip(scene.happens, told["rounds"], strict=True):
        world.clock.set(datetime.fromisoformat(lived["at"]))
        happens(world)
        clear(world)
        again(world, lived["writes"])
    state = folder / "state"
    state.mkdir()
    stored = lzma.decompress((kept / f"{scene.name}.duckdb.xz").read_bytes())
    (state / f"{scene.name}.duckdb").write_bytes(stored)
    return state, world, told


def again(world: World, written: Iterable[Write]) -> None:
    """Do these writes again, each at its own time."""
    required, limit = world.access.required, world.limits.rate_limit
    world.access.required, world.limits.rate_limit = False, None
    try:
        for one in written:
            world.clock.set(datetime.fromisoformat(one["at"]))
            body = one["body"].encode()
            answer(world, Request(one["method"], one["path"], one["query"], {}, body))
    finally:
        world.access.required, world.limits.rate_limit = required, limit


if __name__ == "__main__":
    where = Path(sys.argv[1]).resolve()
    where.mkdir(parents=True, exist_ok=True)
    for one in SCENES:
        record(one, where)
        print(one.name, (where / f"{one.name}.duckdb.xz").stat().st_size)
