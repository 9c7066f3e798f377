"""How many decimals a number has, as people and tests look at amounts."""

from __future__ import annotations

from decimal import Decimal

# Amounts of the APIs have no more; what has is a quotient.
FINEST = 4


def decimals(number: Decimal) -> int:
    """How many decimals a number has, the zeros behind them aside."""
    exponent = number.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0
