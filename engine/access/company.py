"""The company in Fortnox whose books a database holds, and that no other comes beside it.

Reads what Fortnox told of the company, as it is kept in ``raw.answer``.
"""

from __future__ import annotations

from ..errors import AccessError
from ..store.database import Store
from .connection import Company

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
