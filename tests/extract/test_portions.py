"""Staged in portions, each committed, and cut between them: the same tables and the same words as
staged at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import few_rows
import pytest
from carried import KEY, different, tables
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from odd.sweep import answers, entry_shape, good
from test_round_trip import KIN, answered, drawn

from engine.errors import BusyError
from engine.extract.raw import keep
from engine.stage import staging
from engine.stage.staging import stage, staged_to
from engine.store import database as stores
from engine.store.database import Store, in_memory
from engine.store.prune import compact
from engine.transport.endpoints import by_name


class CutError(Exception):
    """The process ends here."""


@contextmanager
def portions_of(number: int) -> Iterator[None]:
    """About so many answers are staged at a time."""
    before, staging.PORTION = staging.PORTION, 2000 * number
    try:
        yield
    finally:
        staging.PORTION = before


@contextmanager
def cut_after(store: Store, commits: int) -> Iterator[None]:
    """The process ends after so many commits, where that leaves something to be staged."""
    transaction, left = store.transaction, [commits]

    @contextmanager
    def counted() -> Iterator[None]:
        with transaction():
            yield
        left[0] -= 1
        if not left[0] and not staging.is_staged(store):
            raise CutError

    store.transaction = counted  # type: ignore[method-assign]
    try:
        yield
    finally:
        store.transaction = transaction  # type: ignore[method-assign]


def staged_with_cuts(store: Store) -> staging.StageReport:
    """The stage, cut after its first commit, gone on with, cut after two further, and so on."""
    for commits in range(1, 100):
        try:
            with cut_after(store, commits):
                return stage(store)
        except CutError:
            continue
    raise AssertionError


@settings(max_examples=20, derandomize=True, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.sampled_from(KIN).flatmap(drawn), st.integers(1, 3))
def test_answers_made_at_random(given_answers: list[tuple[Any, ...]], portion: int) -> None:
    at_once, in_portions = (few_rows.plainly(in_memory()) for _ in range(2))
    for place, (*told, hour, is_staged_now) in enumerate(given_answers, start=1):
        for store in (at_once, in_portions):
            keep(store, answered(*told, hour), origin="network", key=KEY)
        if is_staged_now or place == len(given_answers):
            whole = stage(at_once)
            with portions_of(portion):
                assert staged_with_cuts(in_portions) == whole
    assert different(tables(at_once), tables(in_portions)) == {}
    for store in (at_once, in_portions):
        store.connection.close()


def told(store: Store, hours: range) -> None:
    """An answer about each of three orders in each of the hours, with another sum each time."""
    shape = entry_shape(by_name("order"))
    for hour in hours:
        for number in (1, 2, 3):
            entry = good(shape, number, "")
            entry["PaymentTransactions"][0]["Amount"] += hour
            keep(store, answers("order", [(number, entry)], hours=hour), origin="network", key=KEY)


@pytest.mark.parametrize("portion", [2, 5])
def test_what_is_told_late_of_much(portion: int) -> None:
    """All that was given since then is looked at again, a portion at a time."""
    at_once, in_portions = (few_rows.plainly(in_memory()) for _ in range(2))
    for store in (at_once, in_portions):
        told(store, range(4, 6))
        stage(store)
        told(store, range(2))
    whole = stage(at_once)
    with portions_of(portion):
        assert staged_with_cuts(in_portions) == whole
    assert different(tables(at_once), tables(in_portions)) == {}
    assert tables(at_once)['qliro."transaction"']


def test_an_upgrade_that_stages_all_anew_is_cut() -> None:
    store = few_rows.plainly(in_memory())
    told(store, range(5))
    whole = stage(store)
    before = tables(store)
    store.execute("DELETE FROM raw.staged")
    with portions_of(2):
        with cut_after(store, 2), pytest.raises(CutError):
            stage(store)
        assert staged_to(store) == 0
        assert different(before, tables(store))  # some orders are as they were once
        assert stage(store) == whole
    assert different(before, tables(store)) == {}
    assert staged_to(store) == whole.answers


def cut_short(folder: Path) -> None:
    """A run that is cut after the first portion of what it fetched."""
    with portions_of(2), stores.writing(folder, "shop") as store, cut_after(store, 1):
        told(store, range(2, 5))
        stage(store)


def test_readers_have_the_state_before_a_stage_that_was_cut(tmp_path: Path) -> None:
    with stores.writing(tmp_path, "shop") as store:
        told(store, range(2))
        stage(store)
    with pytest.raises(CutError):
        cut_short(tmp_path)
    with stores.reading(tmp_path, "shop") as store:
        assert store.value("SELECT count(*) FROM raw.answer") == 6
    database = tmp_path / "shop.duckdb"
    with pytest.raises(BusyError, match="was cut off before all was staged"):
        compact(database, "shop")
    database.with_suffix(".last.duckdb").unlink()
    with (
        pytest.raises(BusyError, match=r"was cut off.*it goes on where it was"),
        stores.reading(tmp_path, "shop"),
    ):
        pass
    with stores.writing(tmp_path, "shop") as store:
        stage(store)
    with stores.reading(tmp_path, "shop") as store:
        assert store.value("SELECT count(*) FROM raw.answer") == 15
