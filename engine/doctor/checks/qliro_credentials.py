"""The pair of Qliro's credentials: there, and accepted in the environment that the file names.

Asks Qliro for the settlement batches of yesterday.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ...error_catalogue import read_error, sentence
from ...errors import AccessError, FileError, UnavailableError
from ...transport.endpoints import SETTLEMENT_BATCHES
from ..context import Context, missing_secrets
from ..result import Result, error, ok

ASK = "Ask for the pair at integration@qliro.com; test and live have pairs of their own."


def run(context: Context) -> Iterator[Result]:
    place = context.place("qliro", "api_secret")
    day = str(context.today - timedelta(days=1))
    try:
        asked = context.qliro(SETTLEMENT_BATCHES, ("FromBatchDate", day), ("ToBatchDate", day))
    except FileError as missing:
        yield error(
            f"Qliro's credentials are not there: {missing_secrets(missing)}.",
            "Nothing can be fetched from Qliro without them.",
            f"{missing.findings[0].remedy} {ASK}".strip(),
            missing.findings[0].place,
        )
        return
    except AccessError as refused:
        yield error(
            f"Qliro refuses the credentials of environment {context.settings['environment']}.",
            refused.message,
            f"Compare qliro.api_key and qliro.api_secret with what Qliro sent. {ASK}",
            place,
        )
        return
    except UnavailableError as down:
        yield error(
            f"Qliro cannot be reached: {down.message}",
            "Nothing can be fetched from it.",
            "Check qliro.base_url, and this machine's way out (proxy, firewall); else wait.",
            context.place("qliro", "base_url"),
        )
        return
    if asked.status == 404 or (asked.status == 200 and asked.content is None):
        said = sentence(read_error("qliro", asked.status, "")) if asked.status != 200 else (
            asked.problem or "")  # fmt: skip
        yield error(
            "What answers at qliro.base_url is not Qliro's Admin API.",
            f"Asked for settlement batches it said: {said}",
            "Correct qliro.base_url, or leave it out: live and test have their own.",
            context.place("qliro", "base_url"),
        )
        return
    yield ok(
        "Qliro accepts the secret. Reads are signed with it alone: whether the key is right "
        "shows at the first write."
    )
