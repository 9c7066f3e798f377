"""Which accounts are proved, and as what: those that must hold exactly what this program says.

Reads the merchant's settings, and in what was booked the interim accounts that they no longer name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .booked import Booked
from .model import Role

OF_SETTINGS: tuple[Role, ...] = ("dispute", "suspense", "fees_pending", "fees_owed", "debt")


def watched(settings: Mapping[str, Any], booked: Booked) -> dict[str, Role]:
    """Account number → its role, in the order in which people look at them."""
    found: dict[str, Role] = {}
    interim = [settings.get("default_interim_account")]
    interim += [row["account"] for row in settings["interim_accounts"]]
    for number in interim:
        if number is not None:
            found.setdefault(str(number), "interim")
    for document in booked.documents:
        if document.invoice:  # a payment's first row is the account that it lands on
            found.setdefault(next(iter(document.rows)), "interim")
    for role in OF_SETTINGS:
        number = settings.get("accounts", {}).get(role)
        if number is not None:
            found.setdefault(str(number), role)
    order = sorted(found, key=lambda number: (found[number] != "interim", number))
    return {number: found[number] for number in order}
