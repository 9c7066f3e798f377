"""The entities of orders: where their rows stand, what names one, and what must have been read.

A fact of the store is declared here once; planning and matching read it from here. Settlement lines
and payouts are not among them: those come by payout (``engine.plan.payout_rows``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..language.catalogue import ID_COLUMNS


@dataclass(frozen=True, slots=True)
class Entity:
    """``relation`` holds its rows, ``id`` names one. Rows belong to the Qliro order in OrderId, or
    to none (``by_order`` False): registers and lists.

    ``stream`` is the cursor of the list that fills it: one that was never read whole is not empty.
    ``need`` is what is to be read of a row whose column ``unread`` is true, ``called`` its name in
    sentences.
    """

    name: str
    relation: str
    by_order: bool = True
    stream: str = ""
    need: str = ""
    called: str = ""

    @property
    def kind(self) -> str:
        """What a row of it is, in sentences: invoice."""
        return self.name.partition(".")[2].replace("_", " ")

    @property
    def id(self) -> str:
        return ID_COLUMNS[self.name]


ENTITIES: Mapping[str, Entity] = {
    one.name: one
    for one in (
        Entity("qliro.order", "qliro.order_view", need="order", called="Qliro's order"),
        Entity("qliro.order_line", "qliro.order_line"),
        Entity("qliro.capture", "qliro.capture_view"),
        Entity("qliro.capture_line", "qliro.capture_line"),
        Entity("qliro.refund", "qliro.refund_view"),
        Entity("qliro.refund_line", "qliro.refund_line"),
        Entity("qliro.reversal", "qliro.reversal"),
        Entity(
            "fortnox.order",
            "fortnox.order_view",
            stream="orders",
            need="order_detail",
            called="Fortnox's order",
        ),
        Entity("fortnox.order_row", "fortnox.order_row_view"),
        Entity("fortnox.sent_row", "fortnox.sent_row"),
        Entity(
            "fortnox.invoice",
            "fortnox.invoice_view",
            by_order=False,
            stream="invoices",
            need="invoice",
            called="Fortnox's invoice",
        ),
        Entity("fortnox.invoice_row", "fortnox.invoice_row", by_order=False),
        Entity(
            "fortnox.customer", "fortnox.customer_view", by_order=False, stream="customers",
            need="customer", called="Fortnox's customer",
        ),
        Entity("fortnox.article", "fortnox.article", by_order=False, stream="articles"),
    )
}
# Lists that a document of each target appears in: what was never read is not known to be empty.
LISTED = {
    "fortnox.customer": "customers",
    "fortnox.article": "articles",
    "fortnox.order": "orders",
    "fortnox.invoice": "invoices",
    "fortnox.credit_invoice": "invoices",
}
