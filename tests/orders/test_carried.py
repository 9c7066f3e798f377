"""Every life of an order, exported and read by a new merchant, is the same there."""

from __future__ import annotations

from pathlib import Path

from carried import assert_carried

from .kit import Lived


def test_every_life_is_the_same_elsewhere(lived: Lived, tmp_path: Path) -> None:
    assert_carried(lived.shop.store, tmp_path)


def test_orders_that_changed_before_their_capture_are_too(of_orders: Lived, tmp_path: Path) -> None:
    assert_carried(of_orders.shop.store, tmp_path)
