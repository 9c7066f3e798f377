"""Gaps of the OSS table against what was really sold, and references that would share an article.

Reads the newest staged orders' lines with their derived columns, asks no server; gives a warning
for each country, rate, kind and buyer that no row fits, for prices that fit no VAT rate, and for
each article number of two references.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ..errors import Finding, QliroFortnoxError
from ..language.program import NO_BOOKS, Program
from ..merchant.load import Merchant
from ..plan.model import Row
from ..plan.order_rows import Rows
from ..store.database import Store, reading

LINE = "qliro.order_line"
NEWEST = 20_000  # lines that are looked at
# The tables that say where a sale goes and how that is taxed, and what they are asked by.
PLACES = {"countries": ("country",), "regions": ("place", "vat_number", "oss")}
_FLOWS = ("orders", "invoices", "refunds")
_SHOWN = 3  # references that a warning names

# The orders whose lines were bought last.
_ORDERS = """
SELECT DISTINCT OrderId FROM (
    SELECT OrderId FROM qliro.order_line ORDER BY OrderDate DESC, OrderId, position LIMIT ?
)
"""
_IS_THERE = """
SELECT count(*) FROM information_schema.tables
WHERE table_schema = 'qliro' AND table_name = 'order_line'
"""


def never_fitting(merchant: Merchant, program: Program) -> Iterator[Finding]:
    """Rows of the OSS table whose country the mapping set's tables never put into their region.

    Sales within the country itself are told of where the file is read.
    """
    home, oss = merchant.settings["home_country"], merchant.settings["oss"]
    declared = program.mapping_set.tables
    asked = {name: tuple(declared[name].inputs) for name in PLACES if name in declared}
    if asked != PLACES:  # the set tells regions by something else
        return
    for index, row in enumerate(merchant.settings["sales_accounts"]):
        region, named = row.get("region"), row.get("country")
        countries = named if isinstance(named, list) else [named] if named else []
        for country in countries:
            possible = _regions(program, country, oss=oss)
            if region is None or country == home or region in possible:
                continue
            yield Finding(
                merchant.place(("sales_accounts", index)),
                "never-fits",
                f"sales_accounts[{index}] can never fit: its region is {region}, and sales to "
                f"{country} are {' or '.join(sorted(possible))}.",
                "Correct it, or delete the row.",
                "warning",
            )


def _regions(program: Program, country: str, *, oss: bool) -> set[str]:
    """The regions that a sale to another country can have."""
    known = program.tables["countries"].find((country,))
    places = ["eu"] if known.get("eu") else ["world"]
    if known.get("parts"):  # some of its places lie outside the VAT area
        places.append("world")
    regions = program.tables["regions"]
    return {
        str(regions.find((place, number, oss)).get("region"))
        for place in places
        for number in (True, False)
    }


def gaps_of(merchant: Merchant, program: Program) -> list[Finding]:
    """The warnings for a merchant; none where nothing was fetched yet, or another run is at it,
    nor where no flow is on that uses the OSS table."""
    flows = merchant.settings["flows"]
    if not merchant.database.exists() or not any(flows[name] for name in _FLOWS):
        return []
    try:
        with reading(merchant.database.parent, merchant.name) as store:
            return gaps(merchant, program, store)
    except QliroFortnoxError:
        return []


def gaps(merchant: Merchant, program: Program, store: Store) -> list[Finding]:
    """The same of an open database; one of an earlier version has no order lines."""
    lines = newest_lines(program, store)
    return [*_unsold(merchant, lines), *_undecided(merchant, lines), *_shared(merchant, lines)]


def newest_lines(program: Program, store: Store) -> list[Row]:
    """The lines of the orders that were bought last, as far as they can be read; none in a database
    of an earlier version."""
    if LINE not in program.entities or not store.value(_IS_THERE):
        return []
    orders = [str(row["OrderId"]) for row in store.rows(_ORDERS, [NEWEST])]
    return [row for row in Rows(store, program, NO_BOOKS, orders).of(LINE) if not row["problem"]]


def _unsold(merchant: Merchant, lines: Iterable[Row]) -> Iterable[Finding]:
    missing = Counter(
        one["no_account"] for one in lines if one.get("no_account") and one.get("rate") is not None
    )
    for sentence, count in sorted(missing.items()):
        yield Finding(
            merchant.place(("sales_accounts",)),
            "gap",
            f"{sentence}, as in {count} of the newest order lines.",
            "Their documents will stop: add a row, by hand or with oss import.",
            "warning",
        )


def _undecided(merchant: Merchant, lines: Iterable[Row]) -> Iterable[Finding]:
    """Prices that fit no VAT rate, or several, and discounts whose split does not come out."""
    found = sorted(
        f"{one['no_account']} (order {one['OrderId']})"
        for one in lines
        if one.get("no_account") and one.get("rate") is None
    )
    if found:
        yield Finding(
            merchant.place(("sales_accounts",)),
            "no-rate",
            f"{len(found)} of the newest order lines show no VAT rate: {found[0]}.",
            "Book such orders by hand; have the shop send both prices to the öre, and the rate.",
            "warning",
        )


def _shared(merchant: Merchant, lines: Iterable[Row]) -> Iterable[Finding]:
    references: dict[str, set[str]] = {}
    for one in lines:
        if one.get("kind") == "goods" and one.get("article"):
            references.setdefault(one["article"], set()).add(one["MerchantReference"] or "")
    fixed = {row.get("article") for row in merchant.settings["articles"]["fixed"]}
    for article, names in sorted(references.items()):
        if len(names) > 1 and article not in fixed:
            shown = ", ".join(repr(name) for name in sorted(names)[:_SHOWN])
            yield Finding(
                merchant.place(("articles",)),
                "same-article",
                f"{len(names)} references become the article {article}: {shown}.",
                "Rename one in the shop, if they are not the same thing.",
                "warning",
            )
