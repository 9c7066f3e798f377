"""Which of its flows a merchant has on, and which of them need what.

Reads the loaded merchant alone.
"""

from __future__ import annotations

from .load import Merchant

# The flows that begin with an order of Qliro's, and those that need one and what stands in Fortnox.
ORDER_FLOWS = ("orders", "invoices", "refunds")
DOCUMENT_FLOWS = (*ORDER_FLOWS, "order_status")
# The second pair of credentials.
PLUS = ("qliro.plus_api_key", "qliro.plus_api_secret")


def flows_on(merchant: Merchant) -> set[str]:
    """The flows that are on; refunds only with the credentials that they need."""
    on = {name for name, is_on in merchant.settings["flows"].items() if is_on}
    return on - {"refunds"} if lacks_plus(merchant) else on


def lacks_plus(merchant: Merchant) -> bool:
    """Whether refunds are on and the credentials that they need are not there."""
    return merchant.settings["flows"]["refunds"] and not set(PLUS) <= set(merchant.secrets)
