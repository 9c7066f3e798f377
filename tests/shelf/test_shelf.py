"""A shelf of situations over all flows, as the default set decides them: what comes of them stays.

Each is lived in a shop of its own and compared with what stood here before, byte for byte: action
ids, identities, documents as they are sent, outcomes and sentences. What a change of a mapping
alters shows here; renew with ``pytest tests/shelf --snapshot-update`` and read the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from . import invoices, orders, payouts, refunds, status
from .kit import Live, Stage


class Told(SingleFileSnapshotExtension):
    """One text file for each situation."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


SITUATIONS: dict[str, Live] = {
    f"{module.__name__.rpartition('.')[2]}_{live.__name__}": live
    for module in (payouts, orders, invoices, refunds, status)
    for live in module.SITUATIONS
}
# What a minute of tests has room for; the rest is for `make test-slow`.
QUICK = (
    "payouts_found_by_their_references", "payouts_fees_written_off", "payouts_odd_payouts",
    "payouts_locked", "payouts_series_that_are_not_open", "payouts_without_an_interim_account",
    "payouts_no_rate_at_all", "payouts_euros_that_grew", "payouts_decided_by_a_person",
    "payouts_reference_before_prefix", "payouts_order_id_in_payout_field",
    "payouts_reference_is_ocr", "payouts_signed_amounts", "payouts_modes_of_payment",
    "orders_bought_at_home", "orders_sold_abroad_without_oss", "orders_addresses_and_buyers",
    "orders_collective_customers", "orders_customers_that_are_there", "orders_cancelled_at_qliro",
    "orders_changed_before_their_capture", "invoices_that_do_not_add_up",
    "invoices_chosen_and_set_aside", "refunds_of_invoices_that_others_made",
    "refunds_of_many_kinds", "refunds_decided_by_a_person", "status_delivered_in_two_parts",
    "status_piece_by_piece", "status_rows_that_cannot_be_told_apart",
)  # fmt: skip


def _marked(name: str) -> object:
    return name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)


@pytest.mark.parametrize("name", [_marked(one) for one in SITUATIONS])
def test_what_comes_of_it_is_what_came_of_it_before(
    name: str, tmp_path: Path, read_mappings_once: None, snapshot: SnapshotAssertion
) -> None:
    stage = Stage(tmp_path)
    SITUATIONS[name](stage)
    stage.close()
    assert "\n".join(stage.lines) + "\n" == snapshot(extension_class=Told)
