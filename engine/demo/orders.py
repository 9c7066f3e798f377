"""The demo's second act: the whole life of an order in a shop without another connector.

Secured, made in Fortnox, delivered, marked as shipped, captured, invoiced, partly refunded twice,
paid out; between the runs people do what people do. At the end every öre is accounted for.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..errors import QliroFortnoxError
from ..sandbox.world.fortnox import Chart
from ..show.page import Column, Table, Text, amount, blank, count, heading, listed
from ..store.database import reading
from ..store.ledger import Progress, read_progress
from .context import Context

# OrderIds of the sandbox's shop (lives.SHOWN), and what comes back of the first.
FIRST, COUNT = 4900001, 4
ORDERS = tuple(str(FIRST + n) for n in range(COUNT))
PARKED = ORDERS[-1]
RETURNED = ({"STRUMPOR-3": 1}, {"TSHIRT-BLA-M": 1})
FEE = "3.90"
# What the sandbox counts, in words.
NAMES = {
    "MarkItemsAsShipped": ("order marked as shipped", "orders marked as shipped"),
    "invoice": ("invoice", "invoices (one credits the second refund)"),
    "credit": ("invoice credited by Fortnox's action", "invoices credited by Fortnox's action"),
}
CHART = Chart()  # the accounts of the sandbox's company


def life(shop: Context) -> dict[str, Any]:
    """The act; what each command told, with ``--json``."""
    out, merchant = shop.out, shop.merchant
    out.page(
        [
            heading("Two: a shop without another connector; an order from payment to payout"),
            Text(f"Its Qliro and its Fortnox are the sandbox on {shop.url}. Of four orders"),
            Text(f"{ORDERS[0]} is followed to its end; nobody packs {ORDERS[1]}, the payment of"),
            Text(f"{ORDERS[2]} is being assessed, and {ORDERS[3]} goes to Finland."),
        ]
    )
    named = [part for order in ORDERS for part in ("--order", order)]
    told = {"orders": shop.step("What is paid becomes an order in Fortnox:", "run", merchant,
                                *named)}  # fmt: skip
    number = _number(shop, f"new_order-{FIRST}")
    shop.deed(do="deliver", order=number)
    _happens(shop, f"The shop packs its order {number} and registers it as delivered in Fortnox.")
    told["shipped"] = shop.step("Qliro is told, and captures:", "run", merchant)
    told["invoiced"] = shop.step("The capture becomes an invoice, booked:", "run", merchant)
    backs = [shop.deed(do="refund", order=FIRST, items=items)["amount"] for items in RETURNED]
    _happens(
        shop,
        "Socks come back, then the T-shirt: in Qliro's portal "
        f"{amount(Decimal(str(backs[0])))} and {amount(Decimal(str(backs[1])))} are refunded.",
    )
    told["refunded"] = shop.step("Each refund becomes a credit invoice:", "run", merchant)
    shop.deed(do="pay_out", orders=[FIRST], fee=FEE)
    _happens(shop, f"Qliro pays out, less {FEE} for each of the three transactions; the payout is "
                   "yesterday's, for no night passes in a demo.")  # fmt: skip
    told["paid"] = shop.step("The lines find their documents; the rest goes to the bank:", "run",
                             merchant)  # fmt: skip
    counted = shop.ask("effects")
    told["status"] = shop.step("How it stands, what waits and what is parked:", "status", merchant)
    told["again"] = shop.step("The same once more, which must post nothing:", "run", merchant)
    if shop.ask("effects") != counted:
        raise QliroFortnoxError("The last run posted something; that is a defect.")
    told["books"] = books = shop.ask("state")["fortnox"]["balances"]
    _settled(shop, books, counted)
    return told


def _happens(shop: Context, what: str) -> None:
    shop.out.page([blank(), Text(what, style="italic")])


def _number(shop: Context, action: str) -> int:
    """The number that an action's document got in Fortnox."""
    with reading(shop.folder / "state", shop.name) as store:
        number = read_progress(store).get(action, Progress()).number
    if number is None:
        raise QliroFortnoxError(f"{action} was not posted; that is a defect.")
    return int(number)


def _settled(shop: Context, books: dict[str, Any], counted: dict[str, Any]) -> None:
    """Fortnox's own balances: nothing is left where it should not be, or the demo has failed."""
    def held(*accounts: int) -> Decimal:
        return sum((Decimal(str(books.get(str(one), 0))) for one in {*accounts}), Decimal(0))

    sold = held(CHART.sales, *CHART.sales_by_rate.values())
    vat = held(*CHART.vat_by_rate.values())
    bank, fees = held(CHART.bank), held(CHART.fees, CHART.fee_vat)
    interim = held(CHART.interim, *CHART.interim_by_method.values())
    rows = [
        ("sold, less what came back, with VAT", -sold - vat), ("Qliro's fees, with VAT", -fees),
        ("on the bank account", bank),
        ("left on the interim accounts", interim),
        ("left to pay of invoices", held(CHART.receivable)),
    ]  # fmt: skip
    if rows[-2][1] or rows[-1][1] or bank != -sold - vat - fees:
        raise QliroFortnoxError(f"The books do not add up: {books}; that is a defect.")
    made = {kind: sum(of.values()) for kind, of in counted["made"].items()}
    shop.out.page(
        [
            blank(),
            heading("Every öre is accounted for. In Fortnox:"),
            Table([Column(""), Column("", right=True)],
                  [(name, amount(value)) for name, value in rows], 2, titles=False),
            Text("Counted at the sandbox, before the last run and after it: " + listed(
                [*(count(n, *NAMES.get(kind, (kind,))) for kind, n in made.items()),
                 count(counted["payments_created"], "payment"),
                 count(counted["vouchers_created"], "voucher")]) + "."),
        ]
    )  # fmt: skip
