"""Connects a merchant to its company in Fortnox: consent, code, company, the way in that is kept.

Reads the merchant's file and what a person brings back from the sign-in; asks Fortnox which company
it is; writes the connection's file. Until a person has confirmed the company it lies beside the
real one, so that a crash loses nothing and an earlier connection goes on.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import msgspec

from .. import json_text
from ..clock import Clock
from ..error_catalogue import look_up, read_error, sentence
from ..errors import AccessError, UsageError
from ..merchant.flows import ORDER_FLOWS, flows_on
from ..merchant.load import Merchant
from .apis import open_fortnox
from .authentication import service_account, sign_in
from .connection import Company, Connection, Kept, begun, client_digest, confirmed_of, kept
from .tokens import RotatingToken

# Rights (scopes) that are asked for: those of payouts, and what flows that write documents add. One
# that the developer portal does not list for the integration makes the whole sign-in fail.
SCOPES = ("companyinformation", "settings", "bookkeeping", "currency", "invoice", "payment")
DOCUMENT_SCOPES = ("order", "customer", "article", "costcenter", "project")


@dataclass(frozen=True, slots=True)
class Consent:
    """What an administrator is asked: the address to open, and what its answer must carry."""

    address: str
    state: str


class _Information(msgspec.Struct, rename="pascal"):
    database_number: int | str
    company_name: str | None = None
    organization_number: str | None = None  # null of a company without one (recorded)


class _Body(msgspec.Struct, rename="pascal"):
    company_information: _Information


def ask_consent(merchant: Merchant, *, service: bool = True) -> Consent:
    """The address of Fortnox's sign-in; ``service`` asks for a service account.

    ``{auth_url}/auth`` with ``access_type=offline`` and ``account_type=service`` (fortnox.se,
    developer pages).
    """
    state = secrets.token_urlsafe(24)
    asked = {
        "client_id": merchant.secret("fortnox.client_id").reveal(),
        "redirect_uri": merchant.settings["fortnox"]["redirect_uri"],
        "scope": " ".join(scopes(merchant)),
        "state": state,
        "access_type": "offline",
        "response_type": "code",
    }
    if service:
        asked["account_type"] = "service"
    return Consent(f"{merchant.settings['fortnox']['auth_url']}/auth?{urlencode(asked)}", state)


def scopes(merchant: Merchant) -> list[str]:
    """The rights that the merchant's flows need."""
    documents = flows_on(merchant) & {*ORDER_FLOWS, "order_status"}
    return [*SCOPES, *(DOCUMENT_SCOPES if documents else ())]


def code_of(answer: str, state: str) -> str:
    """The code in what the sign-in sent back: the whole address, or the code alone.

    Raises AccessError when the sign-in says no, UsageError when this is no answer to our question.
    """
    answer = answer.strip()
    if re.fullmatch(r"[A-Za-z0-9._~+/=-]{8,}", answer) and "://" not in answer:
        return answer
    told = dict(parse_qsl(urlsplit(answer).query))
    if told.get("state") != state:
        raise UsageError(
            "This is not the answer to the sign-in that was just begun (its state is another).",
            "Open the address that connect shows, approve, and bring back where it leads.",
        )
    if "code" in told:
        return told["code"]
    body = msgspec.json.encode(
        {"error": told.get("error", "no code"), "error_description": told.get("error_description")}
    ).decode()
    error = read_error("fortnox", 400, body)
    raise AccessError(sentence(error, look_up(error)))


def left_begun(merchant: Merchant) -> Connection | None:
    """A connection that was begun and not confirmed, for the integration as it is now."""
    found = begun(merchant).settled()
    if found is None or found.tokens is None or found.client != client_digest(merchant):
        return None
    return found if found.environment == merchant.settings["environment"] else None


def exchange(
    merchant: Merchant, code: str, clock: Clock, transport: httpx.BaseTransport | None = None
) -> Company:
    """Which company an authorisation code leads to; the tokens are kept before that is asked.

    Raises AccessError when the code does not work, or for another company than the confirmed one.
    """
    held = begun(merchant)
    with held.locked():
        held.remove()
        held.save(_blank(merchant))
    form = {"code": code, "redirect_uri": merchant.settings["fortnox"]["redirect_uri"]}
    auth = RotatingToken(sign_in(merchant, None), held, clock, form)
    return _asked(merchant, held, auth, clock, transport)


def go_on(
    merchant: Merchant, clock: Clock, transport: httpx.BaseTransport | None = None
) -> Company:
    """Which company the connection leads to that was begun and not confirmed; likewise."""
    held = begun(merchant)
    auth = RotatingToken(sign_in(merchant, None), held, clock)
    return _asked(merchant, held, auth, clock, transport)


def by_tenant(
    merchant: Merchant, clock: Clock, transport: httpx.BaseTransport | None = None
) -> Company | None:
    """The company of ``fortnox.tenant_id``, where its consent is given already; else None."""
    tenant = merchant.settings["fortnox"]["tenant_id"]
    if not tenant:
        return None
    try:
        return _service(merchant, tenant, clock, transport)
    except AccessError:
        return None


def confirmed(merchant: Merchant) -> Company | None:
    """The company that a person has confirmed for this merchant; none other is ever taken."""
    found = confirmed_of(merchant)
    return found.company if found else None


def confirm(
    merchant: Merchant,
    company: Company,
    by: str,
    clock: Clock,
    transport: httpx.BaseTransport | None = None,
    *,
    service: bool = True,
) -> Connection:
    """Keep the connection to ``company``, which ``by`` has confirmed.

    With ``service``, client credentials are tried first, which have nothing that could be lost; the
    refresh token is the other way. Raises AccessError when neither works.
    """
    held, tokens = begun(merchant), None
    way = "service" if service and _serves(merchant, company, clock, transport) else "user"
    with held.locked():
        if way == "user":
            found = held.read()
            tokens = found.tokens if found else None
            if tokens is None or not tokens.refresh_token:
                raise AccessError(
                    f"Fortnox gave neither a service account nor a refresh token for {company}.",
                    f"Connect again: qliro-fortnox connect {merchant.name}",
                )
        real = kept(merchant)
        with real.locked():
            made = held.save(
                msgspec.structs.replace(
                    _blank(merchant), way=way, company=company, tokens=tokens,
                    confirmed_by=by, confirmed_at=clock.now(),
                )
            )  # fmt: skip
            held.become(real)
    return made


def drop(merchant: Merchant) -> None:
    """Forget what was begun: it is the wrong company."""
    held = begun(merchant)
    with held.locked():
        held.remove()


def organisation(number: str) -> str:
    """An organisation number as it is compared: its digits, without the century of a person's."""
    digits = re.sub(r"\D", "", number)
    return digits[2:] if len(digits) == 12 else digits


def _blank(merchant: Merchant) -> Connection:
    return Connection(
        environment=merchant.settings["environment"], client=client_digest(merchant), way="user"
    )


def _asked(
    merchant: Merchant,
    held: Kept,
    auth: httpx.Auth,
    clock: Clock,
    transport: httpx.BaseTransport | None,
) -> Company:
    company = _company(merchant, auth, clock, transport)
    own = confirmed(merchant)
    if own is not None and own.tenant != company.tenant:
        drop(merchant)
        raise AccessError(
            f"This is {company}. {merchant.name} was confirmed to be {own}, and stays connected "
            "to it.",
            "Another company is a merchant of its own: qliro-fortnox init NAME",
        )
    tenant = merchant.settings["fortnox"]["tenant_id"]
    if tenant and tenant != company.tenant:
        raise AccessError(
            f"This is {company}, but fortnox.tenant_id is {tenant}.",
            "Sign in to the right company, or correct it or leave it out.",
        )
    return company


def _serves(
    merchant: Merchant, company: Company, clock: Clock, transport: httpx.BaseTransport | None
) -> bool:
    try:
        return _service(merchant, company.tenant, clock, transport).tenant == company.tenant
    except AccessError:
        return False


def _service(
    merchant: Merchant, tenant: str, clock: Clock, transport: httpx.BaseTransport | None
) -> Company:
    return _company(merchant, service_account(merchant, tenant, clock), clock, transport)


def _company(
    merchant: Merchant, auth: httpx.Auth, clock: Clock, transport: httpx.BaseTransport | None
) -> Company:
    with open_fortnox(merchant, clock, transport, auth) as fortnox:
        answer = fortnox.read("GET", "/3/companyinformation")
    try:
        told = json_text.decode_as(answer.body, _Body).company_information
    except msgspec.MsgspecError:
        error = read_error("fortnox", answer.status, answer.body)
        raise AccessError(f"Fortnox does not say which company it is: {sentence(error)}") from None
    return Company(
        str(told.database_number), told.company_name or "", told.organization_number or ""
    )
