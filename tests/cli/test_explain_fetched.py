"""`explain` of what was only fetched says so, and never that nothing here carries it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from shopkit import Cli

from engine.sandbox.history import pay
from engine.sandbox.world.world import World

pytestmark = pytest.mark.usefixtures("shop")


@pytest.mark.parametrize(
    ("ref", "said"),
    [("70001", "Payout 70001 was fetched from Qliro, and nothing is planned of it."),
     ("4900002", " of payout 70002 was fetched from Qliro, and nothing is planned of it."),
     ("10002", " of payout 70002 was fetched from Qliro, and nothing is planned of it.")],
)  # fmt: skip
def test_what_no_run_has_planned_is_known_and_says_what_to_do(
    cli: Cli, world: World, ref: str, said: str
) -> None:
    cli("sync", "shop", "--quiet")
    told = cli("explain", "shop", ref)
    assert (told.code, told.out) == (2, "")
    assert said in told.err
    assert "`plan` shows what would become of it" in told.err


def test_a_payout_is_known_by_the_batch_id_of_its_lines_too(cli: Cli, world: World) -> None:
    cli("run", "shop", "--quiet")
    told = cli("explain", "shop", "70001", "--json")
    by_batch = cli("explain", "shop", world.batches[70001].batch_id, "--json")
    assert (by_batch.code, by_batch.out) == (0, told.out)


def test_a_payment_that_somebody_else_made_names_the_invoice_that_tells_of_it(
    cli: Cli, world: World
) -> None:
    number = pay(world, world.invoices[1003], Decimal("1.00"), 1930, day=date(2026, 11, 12)).number
    cli("sync", "shop", "--quiet")
    told = cli("explain", "shop", str(number))
    assert told.code == 2
    assert told.err == (
        f"Payment {number} of invoice 1003 is in Fortnox, and nothing here made it. "
        "`explain 1003` tells of that invoice.\n"
    )


def test_blanks_around_a_reference_are_no_part_of_it(cli: Cli, world: World) -> None:
    cli("run", "shop", "--quiet")
    assert cli("explain", "shop", " 10003 ").out == cli("explain", "shop", "10003").out


@pytest.mark.parametrize("ref", ["", "  "])
def test_an_empty_reference_finds_no_invoice_whose_field_is_empty(
    cli: Cli, world: World, ref: str
) -> None:
    cli("run", "shop", "--quiet")
    told = cli("explain", "shop", ref)
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith("There is nothing to look for. Give a payout, line, order,")
