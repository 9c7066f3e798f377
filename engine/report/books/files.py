"""Chooses the financial year and gets its SIE file, with those of the years before that matter.

Reads the staged financial years and the company, asks Fortnox or opens files that somebody
exported; nothing of a file is kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path

from ...errors import FileError, UsageError
from ...extract.sie import fetch_sie
from ...sie.file import SieFile
from ...sie.read import read_sie
from ...store.database import Store
from ...transport.http import Api
from .ours import Given

Span = tuple[int, date, date]  # a financial year: Fortnox's id, first and last day


def chosen_year(years: Sequence[Span], named: str | None, today: date) -> Span:
    """The financial year of that name (2026, 2025/2026), or the one that today is in.

    Raises UsageError, with the years that there are, where it is none of them.
    """
    if named is None:
        found = [one for one in years if one[1] <= today <= one[2]] or list(years[-1:])
    else:
        found = [one for one in years if name_of(one) == named]
        found = found or [one for one in years if str(one[2].year) == named]
    if found:
        return found[-1]
    there = ", ".join(name_of(one) for one in years)
    raise UsageError(
        f"Fortnox has no financial year {named or 'of today'}.",
        f"It has {there}." if there else "Fetch what it has first: qliro-fortnox sync MERCHANT.",
    )


def name_of(year: Span) -> str:
    """As people call it: 2026, or 2025/2026 where it is no calendar year."""
    _, first, last = year
    return f"{last.year}" if first.year == last.year else f"{first.year}/{last.year}"


def fetched(api: Api, years: Sequence[Span], asked: Span, since: date) -> list[Given]:
    """The files of the year asked for and of those before it back to the day ``since``.

    Raises what ``fetch_sie`` raises, and UsageError where Fortnox's answer is no SIE file.
    """
    wanted = [one for one in years if since <= one[2] and one[1] <= asked[1]] or [asked]
    given = []
    for year in wanted:
        content, asked_at = fetch_sie(api, year[0])
        try:
            file = read_sie(content)
        except ValueError as error:
            raise UsageError(
                f"Fortnox's answer for {name_of(year)} is no SIE file: {error}.",
                "Export the file in Fortnox (Inställningar, Export) and give it with --from.",
            ) from None
        given.append(Given(file, year[0], "Fortnox", asked_at))
    return given


COMPANY = "SELECT OrganizationNumber, DatabaseNumber FROM fortnox.company"


def exported(store: Store, years: Sequence[Span], paths: Sequence[Path]) -> list[Given]:
    """The files that somebody exported, the oldest year first.

    Raises FileError for one that is no SIE file of type 4, and UsageError for one of another
    company or year than Fortnox has, and for years that do not follow each other.
    """
    given: list[Given] = []
    for path in paths:
        file = _opened(path)
        _refuse_another(store, path, file)
        own = file.year()
        year = next((one for one in years if own and one[1:] == (own.first, own.last)), None)
        if own is None or year is None:
            told = f"{own.first} to {own.last}" if own else "no year (#RAR 0)"
            there = ", ".join(f"{first} to {last}" for _, first, last in years)
            raise UsageError(
                f"{path} is of {told}; Fortnox's financial years are {there or 'not known yet'}.",
                "Export the file of one of these, or sync first if the year is new.",
            )
        given.append(Given(file, year[0], str(path)))
    given.sort(key=lambda one: _first(one.file))
    for before, after in pairwise(given):
        last = before.file.year()
        if last is None or (_first(after.file) - last.last).days != 1:
            raise UsageError(
                f"The years of {before.source} and {after.source} do not follow each other.",
                "Give the files of consecutive years, each once.",
            )
    return given


def _first(file: SieFile) -> date:
    year = file.year()
    return year.first if year else date.min


def _opened(path: Path) -> SieFile:
    try:
        file = read_sie(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.", "Give the file that was exported.") from None
    except ValueError as error:
        raise FileError.at(
            path, 1, 1, "no-sie-file", f"is no SIE file: {error}.",
            "Export it in Fortnox: SIE, type 4.",
        ) from None  # fmt: skip
    if file.type not in ("4", ""):
        raise FileError.at(
            path, 1, 1, "no-vouchers", f"is a SIE file of type {file.type}, which has no vouchers.",
            "Export type 4, which has them.",
        )  # fmt: skip
    return file


def _refuse_another(store: Store, path: Path, file: SieFile) -> None:
    rows = store.rows(COMPANY)
    own = re.sub(r"\D", "", rows[0]["OrganizationNumber"] or "") if rows else ""
    told = re.sub(r"\D", "", file.organisation_number)
    if own and told and own[-10:] != told[-10:]:
        raise UsageError(
            f"{path} is of another company, {file.company or 'without a name'} "
            f"({file.organisation_number}).",
            "Export the file of the merchant's own company.",
        )
