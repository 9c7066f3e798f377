"""When a server refuses us altogether: one paragraph that says what was refused and the remedy.

Reads the status and body of an answer. Such a refusal ends the run: nothing else can succeed.
"""

from __future__ import annotations

import msgspec

from engine.errors import AccessError

# Codes that Fortnox sends with status 400 or 403 when rights or licences are missing
# (shared/contracts/fortnox-error-codes.json and the errors page of fortnox.se/developer).
FORTNOX_CODES = {
    2000310: "the sign-in was refused",
    2000311: "the sign-in was refused",
    2000663: "the integration has no right to this kind of data (scope)",
    2001101: "the company has no active licence for this kind of data",
    2001103: "the company has no licence for integrations",
    2001538: "the user of the integration lacks a licence or permission",
}
REMEDIES = {
    2000663: "Add the scope to the integration and let the company approve it again.",
    2001101: "Ask the company to activate the licence in Fortnox.",
    2001103: "Ask the company to order the licence Integration in Fortnox.",
    2001538: "Check the licences and permissions of the service account in Fortnox.",
}


def access_error(source: str, status: int, body: str) -> AccessError | None:
    """The refusal that an answer means, or None when it is an answer like any other."""
    if source == "qliro":
        if status in (401, 403):
            return AccessError(
                f"Qliro refused the credentials (status {status}).",
                "Check qliro.api_secret: it belongs to one environment, test or live, and to one "
                "merchant account.",
            )
        return None
    code = fortnox_code(body) if status in (400, 401, 403) else None
    if code in FORTNOX_CODES:
        return AccessError(
            f"Fortnox refused the request: {FORTNOX_CODES[code]} (code {code}, status {status}).",
            REMEDIES.get(code, "Check the credentials of the integration, then sign in again."),
        )
    if status in (401, 403):
        return AccessError(
            f"Fortnox refused the access token (status {status}).",
            "Check the credentials under fortnox, and that the company's consent still stands.",
        )
    return None


def token_refused(status: int, body: str) -> AccessError:
    """Fortnox's sign-in gave no token: ``{"error": …, "error_description": …}``."""
    try:
        error = msgspec.json.decode(body, type=dict[str, object])
    except msgspec.MsgspecError:
        error = {}
    kind = str(error.get("error", f"status {status}"))
    remedy = {
        "invalid_client": "Check fortnox.client_id and fortnox.client_secret.",
        "invalid_grant": "Check fortnox.tenant_id, and that the company has consented to a "
        "service account of this integration.",
    }.get(kind, "Check the credentials under fortnox.")
    return AccessError(f"Fortnox gave no access token ({kind}).", remedy)


def fortnox_code(body: str) -> int | None:
    """The code in ``ErrorInformation``, whose keys come in lower or Pascal case (recorded)."""
    try:
        information = msgspec.json.decode(body, type=dict[str, dict[str, object]])
    except msgspec.MsgspecError:
        return None
    error = information.get("ErrorInformation", {})
    code = error.get("code", error.get("Code"))
    return int(code) if isinstance(code, int | str) and str(code).isdecimal() else None
