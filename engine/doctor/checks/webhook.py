"""The receiver of Qliro's pushes: declared, with a strong token, and reached at its public address.

Asks the public address by GET, without the token: the receiver refuses that in words of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.doctor.ground import Ground
from engine.doctor.result import Result, error, ok, warning
from engine.errors import FileError, UnavailableError
from engine.transport.http import nobody
from engine.webhooks.doors import doors
from engine.webhooks.push import ORDER_MANAGEMENT

WHY = "Qliro lists no orders: without its pushes an order becomes known when it is paid out."
READ_ON = "`webhooks --help` says how."


def run(ground: Ground) -> Iterator[Result]:
    url = ground.settings["webhooks"]["public_url"]
    if not ground.on("orders", "invoices", "refunds", "order_status"):
        yield ok("Payouts alone need no pushes.")
        return
    if not url:
        yield warning(
            "There is no receiver for Qliro's pushes: webhooks.public_url is not set.",
            WHY,
            f"Set the receiver up, name its address, and activate proves it. {READ_ON}",
            ground.place("webhooks"),
        )
        return
    place = ground.place("webhooks", "public_url")
    try:
        doors([ground.merchant])
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
    yield _reached(ground, url)


def _reached(ground: Ground, url: str) -> Result:
    place = ground.place("webhooks", "public_url")
    path = f"/push/{ground.merchant.name}/doctor/{ORDER_MANAGEMENT}"
    with nobody("webhook", url, ground.clock, ground.transport) as api:
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
