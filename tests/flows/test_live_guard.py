"""Nothing is written to a live company before it was activated."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from shop import Posted, Shop

from engine.errors import UsageError


def test_a_live_merchant_that_was_not_activated_posts_nothing_and_may_plan(
    shop: Callable[..., Shop],
) -> None:
    live = {
        "environment": "live",
        "qliro.base_url": "https://payments.qit.nu",
        "fortnox.base_url": "https://api.fortnox.se",
        "fortnox.auth_url": "https://apps.fortnox.se/oauth-v1",
    }
    opened = shop(**live)
    opened.trouble("clean_sale")
    with pytest.raises(UsageError, match="is live and has not been activated"):
        opened.run()
    assert opened.posted == Posted(0, 0)
    assert opened.plan().actions != []
