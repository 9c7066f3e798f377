"""A row of a table for a country that there isn't: no order ever goes there, so it decides nothing.

Inputs called `country`, and those of the type `country`, take codes of ISO 3166-1 and `XK`, as
orders have them.

**Anti-pattern**

    rows:
      - {id: UK, when: {country: UK}, then: {account: 3109}}

**Best practice**

    rows:
      - {id: GB, when: {country: GB}, then: {account: 3109}}

Greece is `GR` (`EL` is for VAT numbers only), the United Kingdom `GB`. The same holds for the
countries of the merchant's file and for comparisons: `line.CountryCode == 'UK'`.
"""

from __future__ import annotations

from .spec import TableSpec
from .words import COUNTRY

CODE, SEVERITY = "not-a-country", "error"


def code(spec: TableSpec, name: str) -> str:
    """The code of what is wrong with a condition on an input."""
    if name not in spec.inputs:
        return "unknown-input"
    return CODE if spec.inputs[name].name == COUNTRY else "wrong-type"
