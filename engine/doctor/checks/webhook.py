"""The receiver of Qliro's pushes: declared, with a strong token, and reached at its public address.

Asks the public address by GET, without the token: the receiver refuses that in words of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import FileError, UnavailableError
from ...transport.http import nobody
from ...webhooks.access import accesses
from ...webhooks.push import ORDER_MANAGEMENT
from ..context import Context
from ..result import Result, error, ok, warning

WHY = "Qliro lists no orders: without its pushes an order becomes known when it is paid out."
READ_ON = "`webhooks --help` says how."


def run(context: Context) -> Iterator[Result]:
    url = context.settings["webhooks"]["public_url"]
    if not context.on("orders", "invoices", "refunds", "order_status"):
        yield ok("Payouts alone need no pushes.")
        return
    if not url:
        yield warning(
            "There is no receiver for Qliro's pushes: webhooks.public_url is not set.",
            WHY,
            f"Set the receiver up, name its address, and activate proves it. {READ_ON}",
            context.place("webhooks"),
        )
        return
    place = context.place("webhooks", "public_url")
    try:
        accesses([context.merchant])
    except FileError as wrong:
        for one in wrong.findings:
            yield error(one.message, "The receiver does not start.", one.remedy, one.place)
        return
    if not url.startswith("https:"):
        yield warning(
            "webhooks.public_url is not https.",
            "Whoever is on the way can read the token.",
            "Put a reverse proxy with TLS in front, and name https.",
            place,
        )
    yield _reached(context, url)


def _reached(context: Context, url: str) -> Result:
    place = context.place("webhooks", "public_url")
    path = f"/push/{context.merchant.name}/doctor/{ORDER_MANAGEMENT}"
    with nobody("webhook", url, context.clock, context.transport) as api:
        try:
            answer = api.read("GET", path)
        except UnavailableError as down:
            return warning(
                f"Nobody answers at webhooks.public_url: {down.message}",
                WHY,
                f"Is `webhooks serve` running, and does the name lead to its proxy? {READ_ON}",
                place,
            )
    if answer.status == 405 and '"refused"' in answer.body:
        return ok("The receiver of pushes answers at its public address.")
    return warning(
        f"What answers at webhooks.public_url is not the receiver (status {answer.status}).",
        WHY,
        f"See that the proxy passes /push/ on to `webhooks serve`. {READ_ON}",
        place,
    )
