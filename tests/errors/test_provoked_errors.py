"""Every error that the sandbox can answer with is provoked, and known in the user's words."""

from __future__ import annotations

from functools import cache

import pytest

from engine.error_catalogue import ApiError, look_up, sentence
from errors.fortnox_cases import FORTNOX
from errors.qliro_cases import QLIRO
from errors.refusals import Refusal, numbers, written
from errors.stage import Case

ALL = [("fortnox", one) for one in FORTNOX] + [("qliro", one) for one in QLIRO]


@cache
def played(source: str, case: Case) -> ApiError:
    return case.played(source)


@pytest.mark.parametrize(
    ("source", "case"),
    ALL,
    ids=[f"{n}-{case.code}-{case.means}" for n, (_, case) in enumerate(ALL)],
)
def test_what_the_sandbox_refuses_is_told_in_the_users_words(source: str, case: Case) -> None:
    error = played(source, case)
    entry = look_up(error)
    assert error.code == case.code
    assert entry.known, sentence(error)
    assert case.means in entry.means, (entry.means, error.message)
    assert error.message in sentence(error)


def test_every_refusal_that_the_sandbox_writes_is_provoked() -> None:
    """Whoever gives the sandbox another error gives it a case here, and the catalogue its words."""
    errors = [played(source, case) for source, case in ALL]

    def is_played(refusal: Refusal) -> bool:
        return any(refusal.is_played_by(error.code, error.message) for error in errors)

    assert [refusal for refusal in written() if not is_played(refusal)] == []
    assert sorted(numbers() - {error.code for error in errors}) == []
