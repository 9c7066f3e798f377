"""All seeded troubles by name: pick one, and it adds its oddity to a world.

``TROUBLES[name](world)`` makes it in a payout of its own, ``TROUBLES[name](world, into=batch_id)``
in an existing one where that makes sense; the docstring of each is its documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Protocol

from ..trouble import Trouble
from ..world.world import World
from . import amounts, company, fields, payouts, references


class Maker(Protocol):
    """A trouble: adds one oddity to a world and tells what it made."""

    __name__: str

    def __call__(self, world: World, into: int | None = None) -> Trouble: ...


_ALL: Final[tuple[Maker, ...]] = (
    references.clean_sale,
    references.clean_refund_with_credit_invoice,
    references.refund_beside_its_sale,
    references.second_partial_refund,
    references.refund_without_credit_invoice,
    references.two_captures_one_invoice,
    references.two_captures_two_invoices,
    references.reference_with_prefix,
    references.reference_before_prefix,
    references.order_id_in_second_field,
    references.order_id_in_payout_field,
    references.temporary_reference,
    references.invoice_missing,
    references.invoice_unbooked,
    references.invoice_cancelled,
    references.invoice_other_currency,
    references.ambiguous_same_reference,
    references.same_reference_exact_balance_wins,
    references.equal_twins_pair_oldest_first,
    references.equal_twins_one_line,
    references.similar_reference,
    references.similar_reference_beside_the_right_one,
    references.reference_in_other_case,
    references.empty_reference,
    references.null_reference,
    fields.reference_in_your_order_number,
    fields.reference_in_our_reference,
    fields.reference_in_your_reference,
    fields.reference_in_second_external,
    fields.reference_is_ocr,
    fields.reference_is_document_number,
    fields.reference_is_order_number,
    amounts.fee_with_vat,
    amounts.fee_without_vat,
    amounts.several_fees_on_a_line,
    amounts.fee_on_refund,
    amounts.fee_refund,
    amounts.fee_exceeding_line,
    amounts.fee_of_waiting_line,
    amounts.lump_fee_without_order,
    amounts.fee_of_line_in_other_payout,
    amounts.part_payment,
    amounts.overpayment,
    amounts.rounding_within_tolerance,
    amounts.rounding_at_tolerance,
    amounts.rounding_beyond_tolerance,
    amounts.refund_rounding_within_tolerance,
    amounts.zero_amount_line,
    amounts.duplicate_lines,
    amounts.already_paid_on_interim_account,
    amounts.already_paid_elsewhere,
    amounts.unbooked_foreign_payment,
    amounts.payment_date_before_invoice_date,
    amounts.locked_period,
    amounts.missing_financial_year,
    amounts.invoice_in_closed_year,
    amounts.chargeback,
    amounts.chargeback_won,
    amounts.chargeback_with_fee,
    amounts.foreign_currency_payout,
    amounts.foreign_without_rate,
    payouts.negative_payout,
    payouts.only_refunds_payout,
    payouts.zero_payout,
    payouts.empty_payout,
    payouts.payout_total_disagrees,
    payouts.payout_summary_disagrees,
    payouts.batch_grows_later,
    payouts.batch_shrinks_later,
    payouts.pending_becomes_accepted,
    payouts.batch_relisted_with_new_id,
    payouts.same_batch_id_two_methods,
    payouts.payout_before_start,
    payouts.pending_lines,
    payouts.rejected_lines,
    payouts.unknown_status,
    payouts.unknown_line_type,
    payouts.unknown_action,
    payouts.unknown_payment_method,
    payouts.null_payment_method,
    payouts.many_payment_methods,
    payouts.enums_as_integers,
    payouts.enums_mixed,
    payouts.future_fields,
    payouts.timestamps_with_and_without_zone,
    payouts.signed_amounts,
    payouts.gross_totals,
    payouts.debit_is_refund,
    company.cash_method_company,
    company.interim_account_inactive,
    company.interim_account_missing,
    company.series_not_manual,
    company.series_missing,
    company.currency_missing,
    company.licence_missing,
    company.scope_missing,
    company.qliro_secret_changed,
    company.fortnox_secret_changed,
)

TROUBLES: Final[Mapping[str, Maker]] = MappingProxyType({make.__name__: make for make in _ALL})
