"""What the rules leave to a person: of the orders and settlement lines of the last 60 days.

Reads what runs have stored, asks no server. Counts what the next run would park and the last one
did not, and what is posted already and would be parked if it came today: by rule, with an example.
Of what is posted it asks the checks that need nothing but Qliro's data and the settings; what
stands in Fortnox, which documents fit a line, and open days are asked of what is open alone. What
has still to be read or waits is not counted, nor what is parked already. At most 20,000 orders and
50,000 settlement lines are looked at, the newest.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ...stage.staging import is_staged, stage
from ...store import database as stores
from ...store.database import Store
from ..context import Context
from ..parked import DAYS, Count, Left, count
from ..result import Result, ok, warning

# Rules that are told one by one, and how many of what is posted each names.
NAMED, SHOWN = 10, 5
# A copy of a database is made where an earlier version made it, but of none so large.
MB = 1024**2
LARGEST = 2048 * MB
# A copy grows while it is staged anew.
ROOM = 3
VAT = "no_account"
# A check may say different things: they differ in more than numbers, references and countries.
NAMES = re.compile(r"\S*[\dA-ZÅÄÖ]\S*")
REMEDIES = {
    "vat": "If the sale is right, give it its account in sales_accounts, by hand or with oss "
    "import; if not, correct it at Qliro and in the shop.",
    "": "Mend what the sentence names where it can be mended; else decide about each when it is "
    "parked, with resolve. CHANGELOG.md says which rules are new.",
}


def run(context: Context) -> Iterator[Result]:
    if context.state is None:
        yield ok("Nothing is stored yet of which the rules could leave something to a person.")
        return
    if stores.is_current(context.state):
        yield from _told(context, context.state)
        return
    size = context.merchant.database.stat().st_size
    if size > LARGEST or context.free(Path(tempfile.gettempdir())) < ROOM * size:
        yield warning(
            f"The database is of an earlier version, and there is no room for a copy of its "
            f"{size // MB} MB to be looked at." if size <= LARGEST else
            "The database is of an earlier version and too large to be looked at beforehand.",
            "This version may leave to a person what an earlier one posted.",
            f"qliro-fortnox plan {context.merchant.name} shows it, and posts nothing.",
            context.place("state"),
        )  # fmt: skip
        return
    with stores.made_current(context.state) as copy:
        stage(copy)
        yield from _told(context, copy)


def _told(context: Context, store: Store) -> Iterator[Result]:
    if not is_staged(store):
        yield ok("A run was cut off; the next one stages what it has fetched, and tells of it.")
        return
    _, program = context.mappings
    counted = count(context.merchant, program, store, context.today)
    groups: dict[tuple[str, str, str], list[Left]] = {}
    for one in counted.left:
        alike = NAMES.sub("", one.reason)
        groups.setdefault((one.kind, one.rule, alike), []).append(one)
    new = [group for group in groups.values() if any(one.now != "parked" for one in group)]
    new.sort(key=lambda group: -sum(one.now != "parked" for one in group))
    if not new:
        yield ok(_nothing(counted))
        return
    for group in new[:NAMED]:
        yield _warned(context, counted, group)
    if more := new[NAMED:]:
        yield warning(
            f"{len(more)} more rules would leave {sum(len(group) for group in more)} to a person.",
            "Each of them stops fewer than those above.",
            f"qliro-fortnox plan {context.merchant.name} shows what is open, and posts nothing.",
            more[0][0].place,
        )


def _nothing(counted: Count) -> str:
    of = [_many(number, kind) for kind, number in counted.of.items() if number]
    if not of:
        return "Nothing is stored of the last 60 days that the rules could leave to a person."
    parked = len([one for one in counted.left if one.now == "parked"])
    told = f"Of {_listed(of)} {_since(counted)} the rules leave nothing to a person"
    return f"{told} but {parked} that {_are(parked)} parked already." if parked else f"{told}."


def _warned(context: Context, counted: Count, group: Sequence[Left]) -> Result:
    here = Counter(one.now for one in group)
    news = [one for one in group if one.now != "parked"]
    first = next((one for one in news if one.now == "open"), news[0])
    whole = _many(counted.of[first.kind], first.kind)
    told = []
    if here["open"]:
        told.append(f"{here['open']} {_are(here['open'])} open, and the next run parks "
                    f"{_them(here['open'])}")  # fmt: skip
    if number := here["posted"]:
        one = number == 1
        stays, right = ("stays as it is", "it is") if one else ("stay as they are", "they are")
        told.append(
            f"{number} {_are(number)} posted already and {stays} "
            f"({_some(one.name for one in group if one.now == 'posted')}): see that {right} right; "
            f"what comes like {_them(number)} is parked"
        )
    if here["parked"]:
        told.append(f"{here['parked']} more {_are(here['parked'])} parked already")
    reason = first.reason.rstrip(".")
    return warning(
        f"{len(news)} of {whole} {_since(counted)} would be left to a person: "
        f"{first.name}, for example, because {reason}.",
        f"{'; '.join(told)}.",
        REMEDIES["vat" if _about_vat(context, first) else ""],
        first.place,
    )


def _about_vat(context: Context, one: Left) -> bool:
    """Whether its rule asks for the sales account of what was sold at some VAT rate."""
    _, program = context.mappings
    checks = (check for mapping in program.mappings.values() for check in mapping.spec.checks)
    return any(VAT in check.that.text for check in checks if str(check.place) == one.rule)


def _since(counted: Count) -> str:
    if not counted.cut:
        return f"of the last {DAYS} days"
    return f"since {max(counted.orders_from, counted.payouts_from)} (the newest)"


def _many(number: int, kind: str) -> str:
    return f"{number} {kind}{'' if number == 1 else 's'}"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _some(names: Iterable[str]) -> str:
    held = list(names)
    more = len(held) - SHOWN
    return ", ".join(held[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _them(number: int) -> str:
    return "it" if number == 1 else "them"
