"""What a request to Fortnox says, read field by field, and how a refusal looks.

It reads a request's body and the world's registers and writes nothing. Every reader refuses, with
the code and words of Fortnox where they are known, what the real API refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from ..world.exchange import Request, Response, answered, decoded
from ..world.world import FinancialYear, World, year_of

OERE: Final = Decimal("0.01")
_TOO_MUCH: Final = Decimal(10) ** 12
# Codes that no source tells; the sandbox numbers them 2999xxx so that nobody takes them for real.
NOT_BOOKED, PAYMENT_STATE, NO_YEAR, WRONG_CURRENCY, UNBALANCED, SERIES, MODE, REQUIRED = range(
    2999001, 2999009
)
NO_VAT, NO_REGISTER, DOCUMENT_STATE, TOO_MANY_ROWS, BAD_NUMBER = range(2999009, 2999014)
_ALLOWED: Final = frozenset("’\\̈̊ –:.`´’,;^¤#%§£$€¢¥©™°&/()=+-*_!?²³®½@\u00a0\n\r0123456789")


class RefusedError(Exception):
    """A request that Fortnox refuses: HTTP 400, a code and a Swedish message."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def refusal(refused: RefusedError) -> Response:
    """A refusal in Fortnox's two spellings: lower case, Pascal case where nothing was found."""
    if refused.status == 404:
        body = {"Error": 1, "Message": refused.message, "Code": refused.code}
    else:
        body = {"error": 1, "message": refused.message, "code": refused.code}
    return answered({"ErrorInformation": body}, refused.status)


def body_of(request: Request, wrapper: str, known: frozenset[str]) -> Mapping[str, Any]:
    """The fields of a request under their wrapper; unknown names are refused."""
    try:
        content = decoded(request.body)
    except ValueError:
        raise RefusedError(2002115, "Error deserializing JSON: JSON_ERROR_SYNTAX") from None
    inner = content.get(wrapper) if isinstance(content, dict) else None
    if not isinstance(inner, dict):
        raise RefusedError(2001392, "Ingen eller felaktig typ av data.")
    only_known(inner, known)
    return inner


def only_known(fields: Mapping[str, Any], known: frozenset[str]) -> None:
    """Refuses (2001399) a name that the document does not have."""
    for name in fields:
        if name not in known:
            raise RefusedError(2001399, f"Felaktigt fältnamn ({name})")


def number_of(value: object, name: str) -> Decimal:
    """A number, also one written as text; refused (2000108) if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise RefusedError(2000108, f"Värdet måste vara numeriskt ({name})")
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= _TOO_MUCH:
        raise RefusedError(2000108, f"Värdet måste vara numeriskt ({name})")
    return number


def list_of(fields: Mapping[str, Any], name: str) -> list[Any]:
    """A list, empty where there is none."""
    value = fields.get(name)
    if value is not None and not isinstance(value, list):
        raise RefusedError(2001392, "Ingen eller felaktig typ av data.")
    return value or []


def money(value: object, name: str) -> Decimal:
    """An amount in two decimals, half up, as Fortnox rounds prices and quantities."""
    return number_of(value, name).quantize(OERE, ROUND_HALF_UP)


def day_of(value: object, name: str) -> date:
    """A date written YYYY-MM-DD."""
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise RefusedError(2000108, f"Ogiltigt datum ({name})") from None


def text_of(fields: Mapping[str, Any], name: str, longest: int, code: int = 2001896) -> str:
    """A text of signs that Fortnox allows (2000359), not too long (``code``)."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RefusedError(2000106, f"Värdet måste vara alfanumeriskt ({name})")
    if len(value) > longest:
        raise RefusedError(code, f"Texten är för lång ({name}), högst {longest} tecken.")
    if not all(sign.isalpha() or sign in _ALLOWED for sign in value):
        raise RefusedError(2000359, f"Värdet innehåller ej tillåtna tecken. ({name})")
    return value


def account_of(world: World, value: object, name: str) -> int:
    """The number of an account that exists and is active."""
    number = int(number_of(value, name))
    account = world.accounts.get(number)
    if account is None:
        raise RefusedError(2001304, f"Kunde inte hitta konto {number}")
    if not account.active:
        raise RefusedError(2000550, f"Kontot {number} är inte aktivt.")
    return number


def open_year(world: World, day: date, locked: int) -> FinancialYear:
    """The financial year of a day that is not locked (code ``locked``)."""
    if world.locked_until is not None and day <= world.locked_until:
        raise RefusedError(
            locked, f"Perioden är låst till och med {world.locked_until.isoformat()}."
        )
    year = year_of(world, day)
    if year is None:
        raise RefusedError(NO_YEAR, f"Det finns inget räkenskapsår för {day.isoformat()}.")
    return year
