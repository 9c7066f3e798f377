"""Which way a merchant gets into Fortnox, and that it leads to the company whose books are kept.

Reads the merchant's file and its connection; nothing is asked of Fortnox here.
"""

from __future__ import annotations

import httpx

from ..clock import Clock
from ..errors import FileError
from ..merchant.load import Merchant
from .company import refuse_other
from .connection import Company, connection_of, kept
from .tokens import ClientCredentials, GivenToken, RotatingToken, SignIn, tenant_of


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
