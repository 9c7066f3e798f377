"""The settlement conventions: the newest payouts add up by those that the file declares.

Reads Qliro's newest batches with their lines, totals and summaries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ...merchant.settings import convention_choices
from ...plan.proving import prove_payouts
from ..context import Context
from ..result import Result, error, ok, warning


def run(context: Context) -> Iterator[Result]:
    if not context.on("payouts"):
        yield ok("The flow payouts is off.")
        return
    payouts = context.payouts
    if not payouts:
        yield ok("Qliro has no recent payout to hold the conventions against.")
        return
    _, program = context.mappings
    proofs = prove_payouts(context.store, program, context.settings, convention_choices(), payouts)
    wrong = [one for one in proofs.values() if not one.holds]
    place = context.place("conventions")
    if not wrong:
        yield ok(f"The newest payouts ({len(proofs)}) add up by the declared conventions.")
        return
    better = Counter(other for one in wrong for other in one.alternatives)
    best, agreeing = better.most_common(1)[0] if better else ("", 0)
    keys = ", ".join(one.payout for one in wrong)
    if best and 2 * agreeing > len(wrong) and 2 * len(wrong) > len(proofs):
        yield error(
            f"Of the {len(proofs)} newest payouts {len(wrong)} would not add up by the declared "
            f"conventions: {keys}.",
            "A payout that does not add up is parked whole. " + wrong[0].sentence(),
            f"Set conventions to {best}: {agreeing} of them would then add up.",
            place,
        )
    else:
        yield warning(
            f"Of the {len(proofs)} newest payouts {len(wrong)} would not add up: {keys}.",
            "A payout that does not add up is parked whole. " + wrong[0].sentence(),
            "Ask Qliro about it, with these figures; no setting explains it.",
            f"Qliro: Merchant Center; {place}",
        )
