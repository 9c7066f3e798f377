"""The demo: a month of a shop with another connector, and the whole life of an order without one.

Makes its own merchants and state in a folder, starts the sandboxes as processes of their own and
runs the commands that a merchant's working day has, each shown as it would be typed.
"""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import QliroFortnoxError
from ..report.explain import explain
from ..show.output import Output
from ..show.page import Text, blank, heading
from ..store.database import reading
from . import orders as demo_orders
from .context import WINDOW, Context, grounds, prepare
from .serve import serve

# The shops by the names of their merchant files, with what makes their worlds.
SHOPS: dict[str, tuple[str, ...]] = {"demo": (), "demo-orders": ("--orders",)}
ONE_LINE = "SELECT min(reference) FROM ledger.line_state WHERE code = ? AND Type = 'Transaction'"


def demonstrate(out: Output, folder: Path, seed: int) -> None:
    """Run the demo from the beginning; what an earlier one left in ``folder`` is replaced."""
    prepare(folder, seed, SHOPS)
    payouts, orders = grounds(out, folder, SHOPS)
    with ExitStack() as open_:
        for shop in (payouts, orders):
            open_.enter_context(shop.sandbox())
        told = _month(out, payouts)
        out.page([blank(), blank()])
        told["orders"] = demo_orders.life(orders)
    out.page([blank(), blank()])
    told["reports"] = [_report(shop) for shop in (payouts, orders)]
    out.page([blank(), *_next(payouts, orders, folder)])
    out.data(told)


def _report(shop: Context) -> Any:
    """The payout report, as an accountant gets it."""
    target = shop.folder / "reports" / f"{shop.name}.html"
    return shop.step("The payout report, to open in a browser, print and forward:", "report",
                     shop.merchant, "--out", os.path.relpath(target))  # fmt: skip


def _month(out: Output, shop: Context) -> dict[str, Any]:
    """The shop whose orders and invoices another connector makes: a month of its payouts."""
    out.page(
        [
            heading("One: a shop with another connector; a month of payouts, to booked payments"),
            Text(f"Qliro and Fortnox are the sandbox on {shop.url}, its pace ten times Fortnox's."),
            Text("Some lines have a trouble, as they do in life."),
        ]
    )
    first = shop.step("Fetch, plan, post:", "run", shop.merchant)
    counted = shop.ask("effects")
    stands = shop.step("The reconciliation:", "status", shop.merchant)
    again = shop.step("The same once more, which must post nothing:", "run", shop.merchant)
    if shop.ask("effects") != counted:
        raise QliroFortnoxError("The second run posted something; that is a defect.")
    out.page(
        [
            blank(),
            Text(
                f"Counted at the sandbox, after the first run and after the second: "
                f"{counted['payments_created']} payments, {counted['vouchers_created']} vouchers."
            ),
        ]
    )
    return {"run": first, "status": stands, "again": again, "counted": counted}


def serve_again(out: Output, folder: Path) -> None:
    """The sandboxes of the last demo, with all that was posted to them."""
    payouts, *others = grounds(out, folder, SHOPS)
    with ExitStack() as open_:
        for other in others:
            open_.enter_context(other.sandbox())
            out.page([Text(f"The sandbox of {other.merchant} is on {other.url}, the other one:")])
        until = datetime.fromisoformat(payouts.until)
        serve(out, payouts.port, payouts.seed, (), until, WINDOW, payouts.journal)


def _next(payouts: Context, orders: Context, folder: Path) -> list[Text]:
    """Commands that work on what the demo left, with its own references."""
    refs = _examples(folder)
    on_path = shutil.which("qliro-fortnox")
    activate = [] if on_path else [Text(". .venv/bin/activate", 2)]
    again = f"{' ' if folder == Path('.demo') else f' --folder {folder} '}--sandbox-only"
    merchant = payouts.merchant
    told = [
        (f"explain {merchant} {refs.parked}", "why a line is parked, back to its rule"),
        (f"explain {merchant} {refs.posted}", "how one was posted: request and answer"),
        (f"explain {merchant} {refs.payout}", "a payout that does not balance"),
        (f"explain {orders.merchant} {demo_orders.FIRST}", "the whole life of an order"),
        (f"explain {orders.merchant} {demo_orders.PARKED}", "an order without a sales account"),
        (f"plan {merchant}", "what the next run would post"),
        (f"references {merchant}", "which invoice field matches best"),
        (f"books {merchant}", "the books proved, by Fortnox's own SIE file"),
        (f"show {orders.merchant}", "every setting and where it comes from"),
        (f"resolve {merchant} {refs.parked} --invoice {refs.invoice} --by YOU", "decide on it"),
    ]
    width = max(len(command) for command, _ in told)
    return [
        heading("Try next"),
        *activate,
        *(Text(f"qliro-fortnox {command:<{width}}  {why}", 2) for command, why in told),
        Text("run, plan, references and books ask the sandboxes: serve them in a second terminal,"),
        Text("with all that was posted to them:"),
        Text(f"qliro-fortnox demo{again}", 2),
    ]


@dataclass(frozen=True, slots=True)
class _Examples:
    """References of the month that are worth a look."""

    parked: str
    invoice: str
    posted: str
    payout: str


def _examples(folder: Path) -> _Examples:
    """An ambiguous line with its first candidate, a posted line, a payout that disagrees."""
    with reading(folder / "state", "demo") as store:
        parked = store.value(ONE_LINE, ["ambiguous"])
        story = explain(store, parked)["lines"][0]["stories"][0]
        return _Examples(
            parked=parked,
            invoice=story["trace"]["match"]["losers"][0][0],
            posted=store.value(ONE_LINE, ["posted"]),
            payout=store.value("SELECT payout FROM ledger.payout_state WHERE NOT holds"),
        )
