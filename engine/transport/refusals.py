"""When a server refuses us altogether: one paragraph that says what was refused and the remedy.

Reads the status and body of an answer and the error catalogue, whose entries say which errors are
fatal. Such a refusal ends the run: nothing else that is asked of this API can succeed.
"""

from __future__ import annotations

from ..error_catalogue import look_up, read_error, sentence
from ..errors import AccessError


def access_error(source: str, status: int, body: str) -> AccessError | None:
    """The refusal that an answer means, or None when it is an answer like any other.

    Licences and rights that are missing come from Fortnox with status 400 and a code.
    """
    if not 400 <= status < 500 or status == 429:
        return None
    error = read_error(source, status, body)
    entry = look_up(error)
    return AccessError(sentence(error, entry)) if entry.fatal else None


def pair_refused(status: int, body: str) -> AccessError:
    """Qliro refused what was signed with the API Plus credentials."""
    words = sentence(read_error("qliro", status, body)).rpartition("(")[2].rstrip(")")
    return AccessError(
        "Qliro does not accept the API Plus credentials, the pair qliro.plus_api_key and "
        f"qliro.plus_api_secret ({words}), so no refund is handled.",
        "Compare the pair with what your Qliro account manager sent, and environment with where it "
        "is valid; qliro.plus_for says what is read with it. With the flow refunds off it is not "
        "used.",
    )


def token_refused(status: int, body: str, *, renewal: bool = False) -> AccessError:
    """Fortnox's sign-in gave no token: ``{"error", "error_description"}``.

    ``renewal`` is whether a refresh token or a code was refused, else a service account.
    """
    error = read_error("fortnox", status, body)
    if error.code == "invalid_grant" and not renewal:
        return AccessError(
            f"Fortnox gave no access token for the company: {error.message or error.code}.",
            "Check fortnox.tenant_id, and that the company has consented to a service account of "
            "this integration.",
        )
    return AccessError(sentence(error))


def connection_lost(merchant: str, why: str) -> AccessError:
    """The connection can't be renewed any more."""
    return AccessError(
        f"The connection of {merchant} to Fortnox is lost: {why}.",
        f"Connect again: qliro-fortnox connect {merchant}. A service account has no token that "
        "can be lost.",
    )


def another_company(own: str, told: str) -> AccessError:
    """A token that leads into a company which is not the merchant's."""
    return AccessError(
        f"Fortnox gave a token for another company (DatabaseNumber {told}) than the merchant's "
        f"({own}): it is not used.",
        "Another company is a merchant of its own, with a file and a database of its own.",
    )
