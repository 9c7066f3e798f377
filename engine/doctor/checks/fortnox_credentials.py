"""The way into Fortnox: secrets there, a token given, and the company behind it the one meant.

Asks Fortnox for the company's name and number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...access.connection import connection_of
from ...errors import AccessError, FileError, UnavailableError, UsageError
from ..context import Context, missing_secrets
from ..result import Result, error, ok, warning

COMPANY = "/3/companyinformation"
SETTINGS = "/3/settings/company"


def run(context: Context) -> Iterator[Result]:
    if (
        context.settings["environment"] == "live"
        and "fortnox.access_token" in context.merchant.secrets
    ):
        yield warning(
            "A live merchant uses a ready access token.",
            "It lasts an hour; then every run fails.",
            "Leave fortnox.access_token out, and give client_id, client_secret and tenant_id.",
            context.place("fortnox", "access_token"),
        )
    try:
        company = _asked(context)
    except FileError as missing:
        yield error(
            f"There is no way into Fortnox: {missing_secrets(missing)}.",
            "Nothing can be fetched from Fortnox or posted to it without them.",
            missing.findings[0].remedy
            or "Take them from the integration in Fortnox's developer portal.",
            missing.findings[0].place,
        )
        return
    except (AccessError, UsageError) as refused:
        yield error(
            f"Fortnox does not let us in: {refused.message}",
            "Nothing can be fetched from Fortnox or posted to it.",
            refused.remedy
            or "Check fortnox.client_id and fortnox.client_secret, and connect the company again: "
            "a user that was changed or removed, or a consent that was revoked, ends the "
            "connection too.",
            context.place("fortnox"),
        )
        return
    except UnavailableError as down:
        yield error(
            f"Fortnox cannot be reached: {down.message}",
            "Nothing can be fetched from it or posted to it.",
            "Check fortnox.base_url, and this machine's way out (proxy, firewall); else wait.",
            context.place("fortnox", "base_url"),
        )
        return
    yield from _company(context, company)


def _asked(context: Context) -> dict[str, Any]:
    """The company; where one scope is missing the other tells of it too."""
    try:
        return context.fortnox(COMPANY).document() or {}
    except AccessError as refused:
        try:
            told = context.fortnox(SETTINGS).content
        except AccessError:
            raise refused from None
    found = told.get("CompanySettings") if isinstance(told, dict) else None
    return {**found, "CompanyName": found.get("Name")} if isinstance(found, dict) else {}


def _company(context: Context, company: dict[str, object]) -> Iterator[Result]:
    name, number = company.get("CompanyName"), str(company.get("DatabaseNumber") or "")
    tenant = _expected(context)
    if not number:
        yield error(
            "What answers at fortnox.base_url is not Fortnox.",
            "Asked for the company it tells none.",
            "Correct fortnox.base_url, or leave it out: live and test have their own.",
            context.place("fortnox", "base_url"),
        )
    elif tenant and number != tenant:
        yield error(
            f"The connection leads to {name} (DatabaseNumber {number}), and {tenant} is the "
            "one that was meant.",
            "Everything would be posted to another company.",
            "Correct fortnox.tenant_id, or connect again while logged in to the right company.",
            context.place("fortnox", "tenant_id"),
        )
    else:
        yield ok(f"Fortnox lets us in, to {name} (DatabaseNumber {number}).")


def _expected(context: Context) -> str | None:
    """The company that `connect` had confirmed, else the one that the file names."""
    connection = connection_of(context.merchant)
    if connection is not None and connection.company is not None:
        return connection.company.tenant
    named: str | None = context.settings["fortnox"]["tenant_id"]
    return named
