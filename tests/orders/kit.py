"""What the tests of orders and invoices share: a shop that has lived every life, its OSS table.

The server's side is looked at: what stands in the sandbox's Fortnox after the run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from order_shop import OrderShop

from engine.plan.model import Outcome
from engine.sandbox.lives.lifecycle import Life
from engine.sandbox.world.world import Account, Invoice, InvoiceRow, Order, World
from engine.session import RunReport

FINNISH = Decimal("25.5")
# Country of delivery × rate × kind × buyer; Denmark and Norway are left out, as one forgets them.
OSS: list[dict[str, Any]] = [
    {"kind": "credit_voucher", "account": 2421},
    {"region": "domestic", "kind": "discount", "rate": 25, "account": 3731},
    {"region": "domestic", "kind": ["shipping", "fee"], "rate": 25, "account": 3520},
    {"region": "domestic", "buyer": "company", "rate": 25, "account": 3011},
    {"region": "domestic", "rate": 25, "account": 3001},
    {"region": "domestic", "rate": 12, "account": 3002},
    {"region": "domestic", "rate": 6, "account": 3003},
    {"region": "domestic", "rate": 0, "account": 3004},
    {"country": "FI", "rate": FINNISH, "kind": "shipping", "account": 3522, "vat_code": "FI255"},
    {"country": "FI", "rate": FINNISH, "account": 3106, "vat_code": "FI255"},
    {"country": "DE", "rate": 19, "buyer": "private", "account": 3107},
    {"region": "reverse", "account": 3108},
    {"region": "export", "rate": 0, "account": 3105},
]
ACCOUNTS = (2421, 3011, 3105, 3106, 3107, 3108, 3520, 3522, 3731)
SETTINGS: dict[str, Any] = {
    "flows.refunds": False,
    "payment_reference_prefix": "Q-",
    "sales_accounts": [{**row, "rate": float(row["rate"])} if "rate" in row else row
                       for row in OSS],
    "line_kinds": [
        {"reference": {"prefix": "presentkort"}, "kind": "credit_voucher"},
        {"reference": "rounding", "kind": "rounding"},
    ],
    "articles.fixed": [{"kind": "shipping", "article": "FRAKT"}],
    "payment_methods": [
        {"method": "CREDITCARDS", "terms_of_payment": "K"},
        {"method": "SWISH", "terms_of_payment": "0", "book": False},
        {"method": "QLIROPAYLATER_INVOICE30", "terms_of_payment": "30"},
        {"type": "INVOICE", "terms_of_payment": "QLIRO"},
        {"method": "FREE", "terms_of_payment": "0"},
        {"terms_of_payment": "QLIRO"},
    ],
}  # fmt: skip


def chart(world: World, *numbers: int) -> World:
    """The accounts that the OSS table names, in the company's chart."""
    for number in numbers or ACCOUNTS:
        world.accounts.setdefault(number, Account(number, f"Konto {number}"))
    return world


def bookable(row: InvoiceRow) -> tuple[str, int, Decimal, Decimal, Decimal]:
    """Of a row: article, account, quantity, price of one, VAT in percent."""
    return row.article, row.account, row.ordered or row.quantity, row.price, row.vat


def told(rows: Iterable[InvoiceRow]) -> list[str]:
    """Rows as one reads them: ``2 × 149.00 STRUMPOR-3 on 3001 at 25 %``."""
    return [
        f"{quantity.normalize():f} × {price:.2f} {article} on {account} at {vat.normalize():f} %"
        for article, account, quantity, price, vat in map(bookable, rows)
    ]


@dataclass(frozen=True, slots=True)
class Lived:
    """Every life by name, after a run over all of them, and after another."""

    shop: OrderShop
    lives: dict[str, Life]
    report: RunReport
    again: RunReport

    def order(self, name: str, which: int = 0) -> Order | None:
        """The Fortnox order that carries a life's OrderId."""
        id = str(self.lives[name].orders[which])
        found = [one for one in self.shop.fortnox_orders if one.external2 == id]
        assert len(found) < 2, f"{name} has {len(found)} orders"
        return found[0] if found else None

    def the_order(self, name: str, which: int = 0) -> Order:
        order = self.order(name, which)
        assert order is not None, self.why(name)
        return order

    def rows(self, name: str) -> list[str]:
        return told(self.the_order(name).rows)

    def invoices(self, name: str) -> list[Invoice]:
        """The invoices of a life's captures, by the identity that they carry."""
        ids = {str(id) for id in self.lives[name].orders}
        return [one for one in self.shop.fortnox_invoices if one.external2.split("/")[0] in ids]

    def outcome(self, name: str, mapping: str) -> Outcome | None:
        """What the run told of a life's first source of a mapping."""
        case = f"order {self.lives[name].order}"
        found = [one for one in self.report.plan.outcomes
                 if one.payout == case and one.mapping == mapping]  # fmt: skip
        return found[0] if found else None

    def why(self, name: str, mapping: str = "new_order") -> str:
        outcome = self.outcome(name, mapping)
        return "" if outcome is None else f"{outcome.state}: {outcome.reason}"
