"""The voucher series: each that is named is in Fortnox and open for manual vouchers.

Reads Fortnox's register of series.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import Place
from ..context import Context
from ..result import Result, error, in_fortnox, ok

MENU = in_fortnox("Inställningar", "Bokföring", "Verifikationsserier")


def run(context: Context) -> Iterator[Result]:
    known = {str(row.get("Code")): row for row in context.listed("/3/voucherseries")}
    named: dict[str, list[str]] = {}
    places: dict[str, Place] = {}
    for kind, code in context.settings["voucher_series"].items():
        named.setdefault(code, []).append(kind)
        places.setdefault(code, context.place("voucher_series", kind))
    for one in context.literals("voucher_series"):
        named.setdefault(one.value, []).append(f"{one.mapping}: {one.field}")
        places.setdefault(one.value, one.place)
    well = True
    for code, kinds in named.items():
        row = known.get(code)
        where = f"{MENU}; {places[code]}"
        if row is None:
            well = False
            yield error(
                f"The voucher series {code} ({', '.join(kinds)}) is not in Fortnox.",
                "Its vouchers are refused, so fees, transfers or disputes stay unposted.",
                f"Add the series {code} and tick Manuell kontering, or name another.",
                where,
            )
        elif row.get("Manual") is not True:
            well = False
            yield error(
                f"The voucher series {code} ({', '.join(kinds)}) is not open for manual vouchers.",
                "Fortnox refuses vouchers of programs in it.",
                f"Tick Manuell kontering on the series {code}, in this and the next financial "
                "year, or name another.",
                where,
            )
    if well:
        yield ok(f"The voucher series {', '.join(named)} are there and open for manual vouchers.")
