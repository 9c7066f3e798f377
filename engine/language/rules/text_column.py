"""A text where the field takes a number or a date: Fortnox's and Qliro's texts are rarely either.

Document numbers of Fortnox are texts of digits and fit a whole number; other texts do not.

**Anti-pattern**

    AccountNumber: "{{ line.MerchantReference }}"
    InvoiceDate: "{{ order.MerchantReference }}"

**Best practice**

    AccountNumber: "{{ tables.accounts(article=line.MerchantReference).account }}"
    InvoiceDate: "{{ order.OrderDate }}"

A table turns words into numbers; a column of the right type needs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import Finding
from .. import known
from ..kinds import shown
from ..lineage import Column, sources
from .subject import Value

CODE, SEVERITY = "text-column", "error"
_TAKES = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}


def check(value: Value) -> Iterator[Finding]:
    is_date = value.schema.get("format") == "date"
    takes = "a date" if is_date else _TAKES.get(str(value.schema.get("type")))
    if takes is None or value.type.kind not in ("text", "any"):
        return
    for one in sources(value.expression.node, value.expression, value.view):
        if isinstance(one, Column):
            number = not is_date and one.name in known.NUMBERS
            if one.type.kind == "text" and not number:
                text = f"{one} is a text, and the field takes {takes}."
                yield value.expression.finding(CODE, text, "", value.expression.node, SEVERITY)
                return
        elif isinstance(one.value, str) and not is_date and not one.value.isdigit():
            text = f"it may be {shown(one.value)}, and the field takes {takes}."
            yield one.expression.finding(CODE, text, "", one.node, SEVERITY)
            return
