"""Every life of an order, exported and read by a new merchant, is the same there."""

from __future__ import annotations

from pathlib import Path

from carried import assert_alike, assert_carried

from .kit import Lived


def test_every_life_is_the_same_elsewhere(lived: Lived, tmp_path: Path) -> None:
    assert_carried(lived.shop.store, tmp_path)


def test_orders_that_changed_before_their_capture_are_too(of_orders: Lived, tmp_path: Path) -> None:
    assert_carried(of_orders.shop.store, tmp_path)


def test_pseudonymised_every_life_comes_to_the_same(lived: Lived, tmp_path: Path) -> None:
    assert_alike(lived.shop, tmp_path)


def test_pseudonymised_so_it_does_of_a_merchant_who_has_set_all_otherwise(
    otherwise: Lived, tmp_path: Path
) -> None:
    assert_alike(otherwise.shop, tmp_path)
