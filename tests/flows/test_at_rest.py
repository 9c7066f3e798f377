"""A run that finds nothing new makes no plan; whatever tells of a change does."""

from __future__ import annotations

import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from shop import OpenShop, Shop

from engine import checked, rest
from engine import session as sessions
from engine.sandbox.history import new_sale, settle
from engine.store import cache

QUARTER = 900.0
D = Decimal


def sale(one: Shop, amount: str, into: int | None = None) -> None:
    """A sale that is paid out, its invoice new in Fortnox; ``into`` a batch that there is."""
    sold = new_sale(one.world, D(amount))
    assert sold.invoice is not None
    number = sold.invoice.number
    found = one.world.invoices[number]
    one.world.invoices[number] = replace(found, modified=one.world.now())
    settle(one.world, [sold.line], into=into)


def next_run(one: Shop, seconds: float = QUARTER) -> bool:
    """A run a quarter of an hour later; whether it made a plan."""
    one.later(seconds=seconds)
    made: list[Any] = []
    with pytest.MonkeyPatch.context() as patched:
        plan = sessions.plan

        def planned(*args: Any, **options: Any) -> Any:
            made.append(args)
            return plan(*args, **options)

        patched.setattr(sessions, "plan", planned)
        one.run()
    return bool(made)


def at_rest(one: Shop) -> None:
    """A payout of one sale posted, and runs until nothing is planned any more."""
    sale(one, "100.00")
    assert one.run().delivery.done
    assert [next_run(one) for _ in range(2)] == [True, False]


def test_after_a_plan_that_held_nothing_no_other_is_made_until_something_comes(
    shop: OpenShop,
) -> None:
    one = shop()
    at_rest(one)
    assert not next_run(one)
    sale(one, "250.00")
    assert next_run(one, 86_400)
    assert one.run().plan.problems == []
    assert len(one.world.payments) == 2


def test_a_batch_whose_header_changes_is_planned_again(shop: OpenShop) -> None:
    one = shop()
    at_rest(one)
    sale(one, "30.00", into=next(iter(one.world.batches)))
    assert next_run(one)
    assert len(one.world.payments) == 2


def test_another_setting_or_another_program_plans_anew(
    shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = shop()
    at_rest(one)
    one.settings({"alert_after_days": 3})
    assert next_run(one)
    assert not next_run(one)
    monkeypatch.setattr(checked, "program_digest", lambda: "another build")
    assert next_run(one)


def test_what_a_person_decides_plans_anew(shop: OpenShop) -> None:
    one = shop()
    at_rest(one)
    columns = ("noted_at", "who", "line", "kind", "reason")
    decided = (one.clock.now(), "eva", "none", "ignore", "for a test")
    one.store.append("ledger.resolution", [decided], columns)
    assert next_run(one)


def test_a_stage_between_two_runs_counts(shop: OpenShop) -> None:
    one = shop()
    at_rest(one)
    sale(one, "250.00")
    one.later(days=1)
    with one.session() as session:
        sessions.sync(session)
    assert next_run(one)
    assert len(one.world.payments) == 2


def test_a_named_payout_is_planned_whatever_is_at_rest(shop: OpenShop) -> None:
    one = shop()
    at_rest(one)
    batch = next(iter(one.world.batches))
    assert one.run(str(batch)).plan.payouts


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A folder of a state with something kept beside it."""
    cache.write(tmp_path, "shop.checked", {"right": "1"})
    assert cache.read(tmp_path, "shop.checked") == {"right": "1"}
    return tmp_path


def file_of(state: Path) -> Path:
    return state / cache.FOLDER / "shop.checked"


def test_what_was_kept_and_changed_since_is_not_believed(state: Path) -> None:
    file = file_of(state)
    for content in (
        file.read_bytes().replace(b'"1"', b'"2"'), file.read_bytes()[:-1], b"", b"\x80\x04.",
    ):  # fmt: skip
        file.write_bytes(content)
        assert cache.read(state, "shop.checked") is None
    cache.write(state, "shop.checked", {"right": "3"})
    assert cache.read(state, "shop.checked") == {"right": "3"}


def test_a_file_that_others_may_write_or_that_is_no_file_is_not_believed(state: Path) -> None:
    file = file_of(state)
    file.chmod(0o644)
    assert cache.read(state, "shop.checked") is None
    kept = file.rename(state / "elsewhere")
    kept.chmod(0o600)
    file.symlink_to(kept)
    assert cache.read(state, "shop.checked") is None
    file.unlink()
    os.mkfifo(file, 0o600)
    assert cache.read(state, "shop.checked") is None
    file.unlink()
    file.mkdir(mode=0o700)
    assert cache.read(state, "shop.checked") is None
    cache.write(state, "shop.checked", {"right": "2"})
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_a_folder_that_others_may_write_is_neither_read_nor_written(state: Path) -> None:
    (state / cache.FOLDER).chmod(0o770)
    assert cache.read(state, "shop.checked") is None
    before = file_of(state).read_bytes()
    cache.write(state, "shop.checked", {"right": "2"})
    assert file_of(state).read_bytes() == before


def test_a_folder_of_another_user_is_not_believed(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: state.stat().st_uid + 1)
    assert cache.read(state, "shop.checked") is None


def test_a_state_that_cannot_be_written_beside_keeps_nothing(tmp_path: Path) -> None:
    cache.write(tmp_path / "none", "shop.checked", {"right": "1"})
    assert cache.read(tmp_path / "none", "shop.checked") is None


def test_what_stands_in_the_mark_is_all_that_a_plan_is_made_of(shop: OpenShop) -> None:
    one = shop()
    at_rest(one)
    with one.session() as session:
        assert rest.is_at_rest(one.store, session.digest)
        assert not rest.is_at_rest(one.store, "other mappings")
