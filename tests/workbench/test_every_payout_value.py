"""Every value of the documents of payouts explains itself, of the demo's month and its troubles."""

from __future__ import annotations

from collections.abc import Callable

from shop import Shop

from engine.sandbox.generator import month
from engine.workbench.seen import UNSEEN

from .every_value import INTERNAL, every_kind, said, unexplained


def test_each_value_is_worked_out_as_it_was_sent_and_followed_down(
    shop: Callable[..., Shop],
) -> None:
    one = shop(month().world)
    one.run(), one.later(days=1), one.run()
    mappings, wrong = set(), []
    for value in every_kind(one):
        mappings.add(value.decided.mapping)
        text = said(value)
        if value.doubt or value.anew is not UNSEEN or unexplained(value) or INTERNAL.search(text):
            wrong.append((value.decided.mapping, value.field, value.doubt, value.anew,
                          unexplained(value)))  # fmt: skip
    assert wrong == []
    assert mappings >= {"payment", "transfer"}
