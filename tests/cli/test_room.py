"""``compact`` and ``prune`` as people use them."""

from __future__ import annotations

from pathlib import Path

from shopkit import Cli

from engine.store.lock import locked


def test_a_young_shop_has_nothing_to_prune_and_can_be_compacted(cli: Cli, shop: Path) -> None:
    assert cli("sync", "shop", "--quiet").code == 0
    for more in (["--dry-run"], []):
        told = cli("prune", "shop", *more)
        assert told.code == 0, told.err
        assert "nothing was fetched before 20" in told.out
    told = cli("compact", "shop")
    assert told.code == 0, told.err
    assert "MB before, " in told.out
    assert cli("status", "shop", "--quiet").code == 0


def test_they_wait_for_a_run_and_want_a_database(cli: Cli, shop: Path) -> None:
    for name in ("prune", "compact"):
        told = cli(name, "shop")
        assert told.code == 2
        assert "no database" in told.err
    assert cli("sync", "shop", "--quiet").code == 0
    with locked(shop.parent.parent / "state" / "shop.lock", "shop"):
        for name in ("prune", "compact"):
            told = cli(name, "shop")
            assert told.code == 75
            assert "Another run of shop is under way" in told.err
