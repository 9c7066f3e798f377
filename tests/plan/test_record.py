"""A large plan is written down in portions, and counts for nothing before it is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from faults.shop import Shop, new_world, payout_of, posted

from engine.errors import Exit
from engine.plan import record

LEDGER = """
SELECT 'outcome' AS of, mapping, source, state, action, count(*) FROM ledger.outcome GROUP BY ALL
UNION ALL
SELECT 'action', mapping, source, '', action, count(*) FROM ledger.action GROUP BY ALL
ORDER BY ALL
"""


class Cut(Exception):  # noqa: N818  the process ends here
    """The process ends here."""


def shop(folder: Path) -> Shop:
    world = new_world()
    payout_of(world, "clean_sale", "two_captures_one_invoice", "part_payment")
    return Shop(world, folder, delivery={"parallel": 1})


def test_a_plan_in_portions_is_the_same_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, in_portions = shop(tmp_path), shop(tmp_path)
    whole.run()
    monkeypatch.setattr(record, "AT_ONCE", 2)
    in_portions.run()
    assert in_portions.store.tuples(LEDGER) == whole.store.tuples(LEDGER)
    assert posted(in_portions.world) == posted(whole.world)


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_run_that_ends_between_two_portions_has_sent_nothing_and_the_next_one_posts_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    whole, cut = shop(tmp_path), shop(tmp_path)
    whole.run()
    monkeypatch.setattr(record, "AT_ONCE", 1)
    kept, left = record.record_actions, iter(range(1, 100))

    def cut_off(*arguments: Any) -> None:
        if next(left) == nth:
            raise Cut
        kept(*arguments)

    with monkeypatch.context() as cutting:
        cutting.setattr(record, "record_actions", cut_off)
        with pytest.raises(Cut):
            cut.run()
    assert posted(cut.world)["payments"] == {}
    cut.run()
    assert posted(cut.world) == posted(whole.world)
    assert cut.states() == whole.states()
    assert cut.run().exit_code in (Exit.OK, Exit.ATTENTION)
