"""Every value of the documents of all lives explains itself: worked out anew it is what was sent,
and each value in it has a rule, or a place in an answer."""

from __future__ import annotations

from workbench.every_value import INTERNAL, every_kind, said, unexplained

from engine.workbench.seen import UNSEEN

from .kit import Lived


def test_each_value_is_worked_out_as_it_was_sent_and_followed_down(lived: Lived) -> None:
    mappings, wrong = set(), []
    for one in every_kind(lived.shop):
        mappings.add(one.decided.mapping)
        text = said(one)
        if one.doubt or one.anew is not UNSEEN or unexplained(one) or INTERNAL.search(text):
            wrong.append((one.decided.mapping, one.field, one.doubt, one.anew, unexplained(one)))
    assert wrong == []
    assert mappings >= {"article", "customer", "new_order", "invoice"}
