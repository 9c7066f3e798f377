"""Asks Fortnox for the books of a financial year as a SIE 4 file (``GET /3/sie/4``).

Nothing of it is kept: a file holds all of the company's books, and the proof needs a few accounts.
"""

from __future__ import annotations

from datetime import datetime

from ..error_catalogue import read_error, sentence
from ..errors import QliroFortnoxError
from ..transport.http import Api

PATH = "/3/sie/4"


def fetch_sie(api: Api, year_id: int) -> tuple[bytes, datetime]:
    """The file of the financial year with this id, and when it was asked for.

    Raises UnavailableError and AccessError as every read does, and QliroFortnoxError where Fortnox
    gives no such file.
    """
    answer = api.read("GET", PATH, (("financialyear", str(year_id)),))
    if answer.status != 200:
        refusal = sentence(read_error(api.source, answer.status, answer.body))
        raise QliroFortnoxError(f"Fortnox gives no SIE file of the year: {refusal}")
    return answer.raw or answer.body.encode(), answer.sent_at
