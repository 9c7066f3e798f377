"""A push of our own to the public address: whether what Qliro pushes would reach the inbox.

Reads the merchant's address and token; sends one request and looks into the inbox for what it must
have become. Syncs know it by its status and ask Qliro nothing.
"""

from __future__ import annotations

import json
import secrets

import httpx

from ..clock import Clock
from ..errors import UsageError
from ..merchant.load import Merchant
from ..transport.http import Lost, NotSent, post
from .access import accesses, address, token_of
from .inbox import portions
from .push import ORDER_MANAGEMENT, SELF_TEST, read_line

# How long the inbox is looked into, and how often: the receiver answers when it is written.
LOOKS = 20
PAUSE_SECONDS = 0.25
READ_ON = "`webhooks --help` says how."


def try_push(
    merchant: Merchant, clock: Clock, transport: httpx.BaseTransport | None = None
) -> None:
    """Send a push to the public address and find it in the inbox.

    Raises FileError and UsageError that say what is missing, without the address: it holds the
    token.
    """
    public_url = merchant.settings["webhooks"]["public_url"]
    if not public_url:
        raise UsageError(
            f"{merchant.name} has a flow that feeds on Qliro's pushes, and no webhooks.public_url.",
            f"Set up the receiver and name its address. {READ_ON}",
        )
    accesses([merchant])
    order = secrets.randbelow(2**53 - 1) + 1
    body = json.dumps({"OrderId": order, "Status": SELF_TEST}).encode()
    url = address(public_url, merchant.name, token_of(merchant), ORDER_MANAGEMENT)
    try:
        status = post(url, body, transport)
    except (NotSent, Lost) as error:
        raise UsageError(
            f"A test push to webhooks.public_url ({public_url}) got no answer: {error}.",
            f"Is the receiver running, and does the proxy pass /push/ on? {READ_ON}",
        ) from None
    if status != 200:
        raise UsageError(
            f"A test push to webhooks.public_url ({public_url}) was answered with {status}.",
            f"404 is a wrong token, or a proxy that does not pass /push/ on. {READ_ON}",
        )
    for _ in range(LOOKS):
        if _is_kept(merchant, order):
            return
        clock.sleep(PAUSE_SECONDS)
    raise UsageError(
        f"A test push was answered, but it is not in the inbox {merchant.inbox}.",
        "The receiver must run on the same state folder as this command, with the same file.",
    )


def _is_kept(merchant: Merchant, order: int) -> bool:
    if not merchant.inbox.is_dir():
        return False
    for portion in portions(merchant.inbox, {}):
        for line in portion.lines:
            push = read_line(line)
            if push is not None and (push.order_id, push.status) == (order, SELF_TEST):
                return True
    return False
