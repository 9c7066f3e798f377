"""One shop for all tests that only look: it has lived every life, in one run and once more."""

from __future__ import annotations

import pytest
from order_shop import OrderShop

from engine.sandbox.lives import LIVES

from .kit import SETTINGS, Lived, chart


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """Every life, after a run over all of them."""
    shop = OrderShop(tmp_path_factory.mktemp("lived"), changes=dict(SETTINGS))
    chart(shop.world)
    lives = {name: shop.life(name) for name in LIVES}
    report = shop.run()
    return Lived(shop, lives, report, shop.run())
