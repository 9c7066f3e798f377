"""The command ``connect``: leads an administrator through Fortnox's sign-in, confirms the company.

Opens or prints the address, takes the answer on this machine or from what is pasted, shows which
company it is and has it confirmed. What it finds out is kept by ``engine.access.consent``.
"""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from ..clock import SystemClock
from ..errors import AccessError, BusyError, Exit, UnavailableError, UsageError
from ..show.output import Output
from ..show.page import Text
from .command import EXIT_CODES, of_merchant, option, somebody_answers, who_decides

if TYPE_CHECKING:
    from ..access.connection import Company
    from ..access.consent import Consent
    from ..merchant.load import Merchant
    from .listener import Listener

# A code lasts ten minutes, and a person needs about as long to sign in.
PATIENCE_SECONDS = 900.0
HERE = ("localhost", "127.0.0.1", "::1")


@click.command(epilog=EXIT_CODES)
@of_merchant
@option("--confirm", "number", metavar="NUMBER",
        help="Confirms the company of this organisation number (of one that has none, its "
             "DatabaseNumber), without a question.")  # fmt: skip
@option("--by", metavar="NAME", help="Who confirms; kept.  [default: the user of this machine]")
@option("--user", is_flag=True,
        help="Ask for a user's consent instead of a service account's.")  # fmt: skip
@option("--browser/--no-browser", default=True, help="Open the sign-in in a browser.")
def connect(
    out: Output,
    merchant: str,
    merchants: Path,
    number: str | None,
    by: str | None,
    user: bool,
    browser: bool,
) -> int:
    """Connect a merchant to its company in Fortnox. An administrator of the company signs in once.

    The answer of the sign-in is taken on fortnox.redirect_uri where that is an address of this
    machine; else paste the address that the browser was sent to. The company is shown and has to
    be confirmed, once; a token for another one is never used. Kept is a service account, which has
    no token that could be lost, or else a refresh token, in a file beside the database (mode 0600).
    """
    from ..access import consent as connecting
    from ..access.connection import kept
    from ..merchant.secrets import redactor
    from . import opening

    who = who_decides(by)
    found = opening.opened(out, merchant, merchants)
    if "fortnox.access_token" in found.secrets:
        raise UsageError(
            f"{found.name} has a fortnox.access_token, which is used before any connection.",
            "Leave it out to connect.",
        )
    client_id = found.secret("fortnox.client_id")  # it stands in the address
    out.redact = redactor(one for one in found.secrets.values() if one != client_id)
    clock = SystemClock()
    company = _begun(out, found) or (None if user else connecting.by_tenant(found, clock))
    if company is None:
        consent = connecting.ask_consent(found, service=not user)
        answer = _answer(out, consent, found.settings["fortnox"]["redirect_uri"], browser)
        company = connecting.exchange(found, connecting.code_of(answer, consent.state), clock)
    _refuse_other_books(found, company)
    if not _is_right(out, merchant, found, company, number):
        return Exit.ATTENTION
    made = connecting.confirm(found, company, who, clock, service=not user)
    how = (
        "a service account: there is no token that could be lost"
        if made.way == "service"
        else f"a refresh token, which is kept in {kept(found).path}"
    )
    out.page([Text(f"{found.name} is connected to {company}, by {how}.")])
    out.data({"merchant": found.name, "way": made.way, "confirmed_by": made.confirmed_by,
              "company": _company_data(company)})  # fmt: skip
    return Exit.OK


def _begun(out: Output, merchant: Merchant) -> Company | None:
    """The company of a connection that was begun and not confirmed, if it is good for anything."""
    from ..access.consent import go_on, left_begun

    if left_begun(merchant) is None:
        return None
    try:
        company = go_on(merchant, SystemClock())
    except AccessError as error:
        out.note(f"What was begun earlier can't be gone on with: {error.message}")
        return None
    out.note("Going on with the sign-in that was begun earlier.")
    return company


def _refuse_other_books(merchant: Merchant, company: Company) -> None:
    """Raises AccessError when the database holds the books of another company; the sign-in is
    forgotten then."""
    from ..access.company import booked_company, refuse_other
    from ..access.consent import drop
    from ..store.database import reading

    booked = None
    try:
        with reading(merchant.database.parent, merchant.name) as store:
            booked = booked_company(store)
    except (UsageError, BusyError):  # no database yet
        return
    try:
        refuse_other(booked, company.tenant)
    except AccessError:
        drop(merchant)  # else the next attempt would go on with this sign-in
        raise


def _is_right(
    out: Output, name: str, merchant: Merchant, company: Company, number: str | None
) -> bool:
    """Whether the company is the right one: confirmed before, by number, or now by a person."""
    from ..access.consent import confirmed, drop, organisation

    own = confirmed(merchant)
    if own is not None and own.tenant == company.tenant:
        return True
    if number is not None:
        if organisation(number) == organisation(company.confirmed_by) != "":
            return True
        raise UsageError(
            f"This is {company}, and you confirm {number}: nothing is connected.",
            f"Sign in to the right company: qliro-fortnox connect {name}",
        )
    if somebody_answers():
        if click.confirm(f"This is {company}. Is that the company of {merchant.name}?", err=True):
            return True
        drop(merchant)
        raise UsageError(
            "Nothing is connected.",
            f"Sign in to the right company: qliro-fortnox connect {name}",
        )
    how = f"qliro-fortnox connect {name} --confirm '{company.confirmed_by}'"
    out.page([Text(f"This is {company}. Is it the right one? Then confirm it, soon:\n  {how}")])
    out.data({"merchant": merchant.name, "way": None, "company": _company_data(company)})
    return False


def _company_data(company: Company) -> dict[str, str]:
    return {
        "name": company.name,
        "organisation_number": company.organisation_number,
        "tenant": company.tenant,
    }


def _answer(out: Output, consent: Consent, redirect_uri: str, browser: bool) -> str:
    """What the sign-in sends back. Raises UnavailableError when nothing comes."""
    listener = _listening(out, redirect_uri)
    try:
        out.complain(
            f"Let an administrator of the company open this and approve:\n{consent.address}"
        )
        if browser and sys.stderr.isatty():
            import webbrowser

            webbrowser.open(consent.address)
        if somebody_answers() or listener is None:
            out.complain("Then paste the address that the browser was sent to, if need be:")
        return _waited(listener)
    finally:
        if listener is not None:
            listener.server_close()


def _listening(out: Output, redirect_uri: str) -> Listener | None:
    from .listener import Listener

    asked = urlsplit(redirect_uri)
    if asked.scheme != "http" or asked.hostname not in HERE:
        return None
    try:
        return Listener(redirect_uri)
    except OSError as error:
        out.note(f"The answer can't be taken on {redirect_uri}: {error.strerror}.")
        return None


def _waited(listener: Listener | None) -> str:
    import select

    sources: list[Any] = [one for one in (sys.stdin, listener) if one is not None]
    end = time.monotonic() + PATIENCE_SECONDS
    while sources and (rest := end - time.monotonic()) > 0:
        ready, _, _ = select.select(sources, [], [], rest)
        if listener in ready and listener is not None:
            listener.handle_request()
            if listener.answer:
                return listener.answer
        if sys.stdin in ready:
            line = sys.stdin.readline()
            if line.strip():
                return line
            if not line:
                sources.remove(sys.stdin)  # nobody can paste
    raise UnavailableError(
        "No answer of the sign-in came.",
        "Connect again; fortnox.redirect_uri must be what the developer portal lists.",
    )
