"""The voucher series: each that the file names is in Fortnox and open for manual vouchers.

Reads Fortnox's register of series.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..context import Context
from ..result import Result, error, in_fortnox, ok

MENU = in_fortnox("Inställningar", "Bokföring", "Verifikationsserier")


def run(context: Context) -> Iterator[Result]:
    known = {str(row.get("Code")): row for row in context.listed("/3/voucherseries")}
    named: dict[str, list[str]] = {}
    for kind, code in context.settings["voucher_series"].items():
        named.setdefault(code, []).append(kind)
    well = True
    for code, kinds in named.items():
        row = known.get(code)
        where = f"{MENU}; {context.place('voucher_series', kinds[0])}"
        if row is None:
            well = False
            yield error(
                f"The voucher series {code} ({', '.join(kinds)}) is not in Fortnox.",
                "Its vouchers are refused, so fees, transfers or disputes stay unposted.",
                f"Add the series {code} and tick Manuell kontering, or name another in "
                "voucher_series.",
                where,
            )
        elif row.get("Manual") is not True:
            well = False
            yield error(
                f"The voucher series {code} ({', '.join(kinds)}) is not open for manual vouchers.",
                "Fortnox refuses vouchers of programs in it.",
                f"Tick Manuell kontering on the series {code}, in this and the next financial "
                "year, or name another in voucher_series.",
                where,
            )
    if well:
        yield ok(f"The voucher series {', '.join(named)} are there and open for manual vouchers.")
