"""A column that may be null in a field that needs a value: such an item is parked when it comes.

A field can't be null. Whether a column can is known from the tables, from what Qliro and Fortnox
always send, and from how derived columns are worked out. A `when` of the field or of its row, a
check, a `require` of the match, `default` and an inline `if` all count as an answer.

**Anti-pattern**

    CustomerName: "{{ order.BillingCompanyName }}"

A private buyer has no company, and the order is parked with "order.BillingCompanyName is null".

**Best practice**

    CustomerName: "{{ order.BillingCompanyName | default(order.name) }}"
    YourReference: {when: order.Email is not none, value: "{{ order.Email }}"}

Where a document makes no sense without the value, a check says so in words of your own.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import Finding
from ..lineage import may_be_null
from ..written import written
from .subject import Value

CODE, SEVERITY = "may-be-null", "warning"


def check(value: Value) -> Iterator[Finding]:
    node = value.expression.node
    column = may_be_null(node, value.view)
    if column is None:
        return
    said = written(node)
    text = f"{column} may be null, and this field needs a value."
    remedy = "Write | default(…), or a check that says what is missing."
    if not value.needed:
        short = said if len(said) <= 40 and "(" not in said else "…"
        remedy = f"Write {{when: {short} is not none, value: …}}, | default(…), or a check."
    yield value.expression.finding(CODE, text, remedy, node, SEVERITY)
