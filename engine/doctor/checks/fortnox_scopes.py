"""The scopes and licences: Fortnox shows all that the flows read.

Asks Fortnox for one entry of each register and list.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...error_catalogue import look_up, read_error
from ...errors import AccessError
from ...merchant.flows import DOCUMENT_FLOWS
from ..context import Context
from ..result import Result, error, in_fortnox, ok

# Which scope opens which path, and for which flows; bookkeeping and settings for all of them.
EVERY: tuple[str, ...] = ()
NEEDED = (
    ("companyinformation", "/3/companyinformation", EVERY),
    ("bookkeeping", "/3/financialyears", EVERY),
    ("settings", "/3/settings/lockedperiod", EVERY),
    ("currency", "/3/currencies", EVERY),
    ("invoice", "/3/invoices", EVERY),
    ("payment", "/3/invoicepayments", EVERY),
    ("order", "/3/orders", DOCUMENT_FLOWS),
    ("customer", "/3/customers", DOCUMENT_FLOWS),
    ("article", "/3/articles", DOCUMENT_FLOWS),
    ("costcenter", "/3/costcenters", DOCUMENT_FLOWS),
    ("project", "/3/projects", DOCUMENT_FLOWS),
)
SINGLE = ("/3/companyinformation", "/3/settings/lockedperiod")


def run(context: Context) -> Iterator[Result]:
    needed = [(scope, path) for scope, path, flows in NEEDED if not flows or context.on(*flows)]
    refused: dict[str, AccessError] = {}
    for scope, path in needed:
        try:
            context.fortnox(path, *(() if path in SINGLE else (("limit", "1"),)))
        except AccessError as error_:
            refused[scope] = error_
    if len(refused) == len(needed):
        raise next(iter(refused.values()))  # it is the way in, not a scope
    for scope, path in needed:
        if scope in refused:
            yield _told(context, scope, path, refused[scope])
    if not refused:
        yield ok(f"Fortnox opens the scopes {', '.join(scope for scope, _ in needed)}.")


def _told(context: Context, scope: str, path: str, refused: AccessError) -> Result:
    answers = context.store.rows(
        "SELECT status, body FROM raw.answer WHERE path = ? ORDER BY seq DESC LIMIT 1", [path]
    )
    why, remedy = refused.message, refused.remedy
    if answers:
        entry = look_up(read_error("fortnox", answers[0]["status"], answers[0]["body"]))
        why, remedy = f"{entry.means} {entry.cause}", entry.remedy
    return error(
        f"Fortnox refuses the scope {scope} ({path}).",
        f"{why} A sync ends where it is refused.",
        remedy,
        in_fortnox("Administrera användare", "licences")
        + "; the integration in Fortnox's developer portal",
    )
