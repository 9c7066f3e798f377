"""Which way a merchant gets into Fortnox, and that it leads to the company whose books are kept.

Reads the merchant's file, its connection and the company that its database knows; nothing is asked
of Fortnox here.
"""

from __future__ import annotations

import httpx

from ..clock import Clock
from ..errors import AccessError, FileError
from ..merchant.load import Merchant
from ..store.database import Store
from .connection import Company, connection_of, kept
from .tokens import ClientCredentials, GivenToken, RotatingToken, SignIn, tenant_of

# What Fortnox told of the company, from first to last. Materialized, so that no body of any other
# answer is looked at: there may be gigabytes of them.
COMPANIES = """
WITH answer AS MATERIALIZED (
    SELECT seq, body
    FROM raw.answer
    WHERE endpoint = 'company' AND source = 'fortnox' AND origin = 'network'
      AND status = 200 AND problem IS NULL
)
SELECT c.DatabaseNumber AS tenant, c.CompanyName AS "name", c.OrganizationNumber AS "number"
FROM (
    SELECT seq, from_json(body, '{"CompanyInformation": {
        "CompanyName": "VARCHAR", "OrganizationNumber": "VARCHAR", "DatabaseNumber": "VARCHAR"
    }}').CompanyInformation AS c
    FROM answer
    WHERE body <> '' AND json_valid(body)
)
WHERE c.DatabaseNumber IS NOT NULL
ORDER BY seq
"""


def booked_company(store: Store) -> Company | None:
    """The company whose books the database holds: the first that was ever asked."""
    rows = store.rows(f"{COMPANIES} LIMIT 1")
    return _company(rows[0]) if rows else None


def refuse_another_company(store: Store) -> None:
    """Raises AccessError when Fortnox has answered for another company than at first."""
    rows = store.rows(COMPANIES)
    for row in rows[1:]:
        if row["tenant"] != rows[0]["tenant"]:
            raise _mixed(_company(rows[0]), f"{_company(row)}")


def authentication(merchant: Merchant, clock: Clock, booked: Company | None = None) -> httpx.Auth:
    """A given token, the connection that `connect` made, or the service account of tenant_id.

    Raises FileError when there is none, AccessError when it leads to another company than
    ``booked``, UsageError when the connection was made for something else.
    """
    if "fortnox.access_token" in merchant.secrets:
        given = merchant.secret("fortnox.access_token")
        refuse_other(booked, tenant_of(given.reveal()))
        return GivenToken(given)
    connection = connection_of(merchant)
    tenant = merchant.settings["fortnox"]["tenant_id"]
    if connection is not None and connection.company is not None:
        tenant = connection.company.tenant
        if connection.way == "user":
            refuse_other(booked, tenant)
            return RotatingToken(sign_in(merchant, tenant), kept(merchant), clock)
    if not tenant:
        finding = merchant.file.finding(
            ("fortnox",),
            "no-way-in",
            f"{merchant.name} is not connected to a company in Fortnox.",
            f"Connect it: qliro-fortnox connect {merchant.name}",
        )
        raise FileError([finding])
    refuse_other(booked, tenant)
    return service_account(merchant, tenant, clock)


def sign_in(merchant: Merchant, tenant: str | None) -> SignIn:
    """Fortnox's sign-in for the merchant's integration."""
    return SignIn(
        merchant.settings["fortnox"]["auth_url"],
        merchant.secret("fortnox.client_id"),
        merchant.secret("fortnox.client_secret"),
        tenant,
    )


def service_account(merchant: Merchant, tenant: str, clock: Clock) -> ClientCredentials:
    """The way of a company that consented to a service account."""
    return ClientCredentials(
        merchant.settings["fortnox"]["auth_url"],
        merchant.secret("fortnox.client_id"),
        merchant.secret("fortnox.client_secret"),
        tenant,
        clock,
    )


def refuse_other(booked: Company | None, tenant: str | None) -> None:
    """Raises AccessError when ``tenant`` is not the company whose books are kept, where known."""
    if booked is not None and tenant is not None and booked.tenant != tenant:
        raise _mixed(booked, f"DatabaseNumber {tenant}")


def _mixed(booked: Company, other: str) -> AccessError:
    return AccessError(
        f"The database holds the books of {booked}; this way in leads to {other}. Nothing is "
        "posted.",
        "Another company, and a test beside the live one, is a merchant of its own: give it a file "
        "of its own, or another folder as state.",
    )


def _company(row: dict[str, str]) -> Company:
    return Company(row["tenant"], row["name"] or "", row["number"] or "")
