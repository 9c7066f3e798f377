"""Which lines contend for payments that others made: however many, and in whatever order."""

from __future__ import annotations

import random
import time
from datetime import date
from decimal import Decimal
from typing import Any, cast

import pytest

from engine.plan.claims import Claim, Option, allot

DAY = date(2026, 3, 1)


def claim(line: int, *payments: int) -> Claim:
    options = [
        Option({"number": one, "PaymentDate": DAY, "Amount": Decimal(10)}, "7", {}, cast(Any, None))
        for one in sorted(payments)
    ]
    return Claim(f"{line:06}", "p", f"{line:06}", DAY, options)


def contenders(text: str) -> set[str]:
    return {word for word in text.replace("(", " ").split() if word.isdecimal() and len(word) == 6}


def reached(claims: list[Claim], line: str) -> set[str]:
    """The lines that a line shares payments with, if only by way of others; looked for naively."""
    of = {one.line: {option.number for option in one.options} for one in claims}
    found = {line}
    while more := {
        other for other, numbers in of.items()
        if other not in found and any(numbers & of[one] for one in found)
    }:  # fmt: skip
        found |= more
    return found


@pytest.mark.parametrize("seed", range(40))
def test_lines_that_share_payments_by_way_of_others_are_told_together(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  no secret
    claims = [
        claim(line, *chance.sample(range(30), chance.randint(1, 3)))
        for line in range(chance.randint(1, 40))
    ]
    given, refused = allot(claims)
    numbers = [one.number for one in given.values()]
    assert len(numbers) == len(set(numbers))
    assert given.keys() | refused.keys() == {one.line for one in claims}
    for line, why in refused.items():
        together = reached(claims, line)
        assert contenders(why) == together
        assert not together & given.keys()  # all of them get one, or none


def test_a_line_that_joins_two_others_comes_after_both() -> None:
    _, refused = allot([claim(1, 1), claim(2, 2), claim(3, 1, 2)])
    assert refused["000001"] == (
        "payment 1 of 10.00 on 2026-03-01 and payment 2 of 10.00 on 2026-03-01 could be of each of "
        "the lines 000001 (payout p) and 000002 (payout p) and 000003 (payout p), and they are "
        "only 2"
    )


def test_a_shop_whose_database_was_lost_has_its_payments_back_in_no_time() -> None:
    claims = [claim(line, line) for line in range(20_000)]
    began = time.process_time()
    given, refused = allot(claims)
    assert (len(given), refused) == (20_000, {})
    assert time.process_time() - began < 8  # their square took minutes
