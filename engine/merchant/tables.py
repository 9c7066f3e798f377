"""What the rows of a merchant's tables must satisfy: each can decide something, of what there is.

Reads the filled settings tree and the file's places, gives findings: rows that a row above always
decides, or that can never fit, and countries that no order goes to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import Finding
from ..validate import dotted
from ..yamlfile import Path_, YamlFile, nearest
from .settings import Schema, get

# What a row of sales_accounts is chosen by, in the order of its columns.
SALES_INPUTS = ("country", "rate", "kind", "buyer", "region")
# Where countries are named.
HOME_COUNTRY: tuple[Path_, ...] = (("home_country",),)
COUNTRY_TABLES: tuple[tuple[str, ...], ...] = (
    ("sales_accounts",), ("customers", "collective"), ("dimensions",),
)  # fmt: skip


def decided_rows(file: YamlFile, tree: Mapping[str, Any], schema: Schema) -> Iterator[Finding]:
    """Rows that a row above always decides, bank accounts named twice, dimensions of nothing."""
    yield from _covered(file, tree, "interim_accounts", ("method", "currency"))
    yield from _covered(file, tree, "dimensions", ("method", "country"))
    yield from _covered(file, tree, "bank_accounts", ("currency",))
    yield from _covered(file, tree, "payment_methods", ("method", "type"))
    yield from _covered(file, tree, "customers.collective", ("country",))
    yield from _covered(file, tree, "articles.fixed", ("kind",))
    yield from sales_rows(file, tree)
    for index, row in usable(tree, "dimensions"):
        if row.get("cost_center") is None and row.get("project") is None:
            yield file.finding(
                ("dimensions", index),
                "empty-row",
                f"dimensions[{index}] names neither cost_center nor project.",
                "Give it one of them, or delete the row.",
            )


def country_codes(file: YamlFile, tree: Mapping[str, Any], schema: Schema) -> Iterator[Finding]:
    """Codes of two capitals that no order has."""
    declared = schema["$defs"]["country"]
    known = {code for line in declared["x-codes"] for code in line.split()}
    for path, code in _named(tree):
        if code in known:
            continue
        instead = declared["x-instead"].get(code)
        yield file.finding(
            path,
            "not-a-country",
            f"{dotted(path)}: no order goes to {code}, which is no code of a country.",
            f"Write {instead}." if instead else nearest(code, known),
        )


def _named(tree: Mapping[str, Any]) -> Iterator[tuple[Path_, str]]:
    """Every country that a setting names, with its path."""
    yield from ((path, code) for path in HOME_COUNTRY if (code := get(tree, path)))
    for table in COUNTRY_TABLES:
        for index, row in usable(tree, ".".join(table)):
            named = row.get("country")
            at: Path_ = (*table, index, "country")
            if isinstance(named, list):
                yield from (((*at, n), code) for n, code in enumerate(named))
            elif named:
                yield at, named


def sales_rows(file: YamlFile, tree: Mapping[str, Any]) -> Iterator[Finding]:
    """Rows of the OSS table that a row above always decides, or that can never fit."""
    yield from _covered(file, tree, "sales_accounts", SALES_INPUTS)
    home, unused = tree["home_country"], "eu" if tree["oss"] else "oss"
    for index, row in usable(tree, "sales_accounts"):
        region, countries = row.get("region"), row.get("country")
        named = set(countries if isinstance(countries, list) else [countries]) - {None}
        if region == unused:
            because = f"oss is {'true' if tree['oss'] else 'false'}"
        elif region == "domestic" and named and home not in named:
            because = f"{home} is home_country"
        elif region not in (None, "domestic") and named == {home}:
            because = f"sales to {home}, home_country, are domestic"
        else:
            continue
        yield file.finding(
            ("sales_accounts", index),
            "never-fits",
            f"sales_accounts[{index}] can never fit: its region is {region}, and {because}.",
            "Correct it, or delete the row.",
            severity="warning",
        )


def _covered(
    file: YamlFile, tree: Mapping[str, Any], table: str, inputs: tuple[str, ...]
) -> Iterator[Finding]:
    """Rows that a row above always decides; of one that decides several, it is told once, there."""
    above: dict[tuple[Any, ...], int] = {}
    at: Path_ = tuple(table.split("."))
    hidden: dict[int, dict[int, str]] = {}
    for index, row in usable(tree, table):
        for case in _cases(row, inputs):
            first = next((line for known, line in above.items() if _covers(known, case)), None)
            if first is None:
                above[case] = index
                continue
            what = _words(inputs, case)
            if first == index:
                message = f"{table}[{index}] names {what} twice."
                yield file.finding((*at, index), "duplicate-row", message, _NARROWER)
            else:
                hidden.setdefault(first, {}).setdefault(index, what)
    for first, rows in hidden.items():
        place = file.place((*at, first))
        if len(rows) == 1:
            ((index, what),) = rows.items()
            message = f"{table}[{index}]: {what} is decided by the row in line {place.line}."
            yield file.finding((*at, index), "duplicate-row", message, _NARROWER)
            continue
        case = next(case for case, index in above.items() if index == first)
        names = ", ".join(f"{table}[{index}]" for index in rows)
        message = f"{table}[{first}] takes {_words(inputs, case)}, so {names} never decide."
        remedy = "Put it last, or delete them."
        yield file.finding((*at, first), "duplicate-row", message, remedy)


_NARROWER = "Delete one, or put the narrower first."


def _words(inputs: tuple[str, ...], case: tuple[Any, ...]) -> str:
    named = zip(inputs, case, strict=True)
    return ", ".join(f"any {n}" if v is None else str(v) for n, v in named)


def usable(tree: Mapping[str, Any], table: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for index, row in enumerate(get(tree, table) or ()):
        if isinstance(row, dict):
            yield index, row


def _cases(row: Mapping[str, Any], inputs: tuple[str, ...]) -> list[tuple[Any, ...]]:
    cases: list[tuple[Any, ...]] = [()]
    for name in inputs:
        value = row.get(name)
        options = value if isinstance(value, list) else [value]
        cases = [(*case, option) for case in cases for option in options]
    return cases


def _covers(known: tuple[Any, ...], case: tuple[Any, ...]) -> bool:
    return all(mine is None or mine == its for mine, its in zip(known, case, strict=True))
