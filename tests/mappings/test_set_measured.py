"""The default set measured: nothing is said twice, nothing is longer than can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sales.kit import mappings

from engine.home import HOME
from engine.manual.documents import opening, page, sentence
from engine.merchant.mapping_sets import DEFAULT, folder_of
from engine.yamlfile import parse

SET = HOME / "mappings" / "qliro-fortnox"
FLOWS = ("payouts", "orders", "invoices", "refunds", "status")
FOLDERS = (*FLOWS, "entities", "shared")
FILES = sorted(file for folder in FOLDERS for file in (SET / folder).glob("*.yaml"))
# Lines that say something: no comment, not empty. They were 2,798, before items had ids.
MOST_LINES = 2_285
LONGEST_FILE, LONGEST_LINE, LONGEST_EXPRESSION, ALIKE = 150, 130, 160, 6
TEXTS = ("because", "name", "description", "takes")
EXPRESSION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


def lines(file: Path) -> list[str]:
    """The lines that say something."""
    found = (line.strip() for line in file.read_text("utf-8").splitlines())
    return [line for line in found if line and not line.startswith("#")]


def name(file: Path) -> str:
    return file.relative_to(SET).as_posix()


def test_every_file_lies_in_the_folder_of_its_flow_and_the_set_says_what_it_is() -> None:
    others = {file for file in SET.rglob("*.yaml")
              if file not in FILES and "tests" not in file.relative_to(SET).parts}  # fmt: skip
    assert {one.parent.name for one in others} == {"qliro-fortnox", "tables"}
    assert [one.name for one in others if one.parent == SET] == ["set.yaml"]
    assert folder_of(DEFAULT, Path()) == SET


def test_the_set_has_no_more_lines_than_it_needs() -> None:
    assert sum(len(lines(file)) for file in FILES) <= MOST_LINES


def test_no_run_of_six_alike_lines_stands_twice() -> None:
    seen: dict[tuple[str, ...], str] = {}
    for file in FILES:
        said = lines(file)
        for place in range(len(said) - ALIKE + 1):
            run = tuple(said[place : place + ALIKE])
            assert run not in seen, f"{name(file)} and {seen[run]} both say {run}"
            seen[run] = name(file)


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_file_fits_on_two_screens_and_its_lines_on_one(file: Path) -> None:
    all_lines = file.read_text("utf-8").splitlines()
    assert len(all_lines) <= LONGEST_FILE
    assert [line for line in all_lines if len(line) > LONGEST_LINE] == []


@pytest.mark.parametrize("file", FILES, ids=name)
def test_no_expression_is_longer_than_a_breath(file: Path) -> None:
    value = parse(file.read_text("utf-8"), name(file)).value
    told = [path for path, one in expressions(value, ()) if len(one) > LONGEST_EXPRESSION]
    assert told == []


def expressions(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each expression, as one line, with the keys that lead to it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from expressions(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from expressions(inner, path)
    elif isinstance(value, str):
        marked = EXPRESSION.findall(value)
        bare = [] if marked or any(key in TEXTS for key in path) else [value]
        for text in (*marked, *bare):
            yield path, " ".join(text.split())


@pytest.mark.parametrize("mapping", mappings().mappings)
def test_a_mapping_opens_with_what_it_makes(mapping: str) -> None:
    assert len(opening(mappings().mappings[mapping])) > 60


@pytest.mark.parametrize("mapping", ["payment", "transfer", "fees", "dispute", "suspense",
                                     "overpayment", "invoice", "new_order", "credit_invoice",
                                     "further_credit_invoice"])  # fmt: skip
def test_what_books_money_shows_it_in_kronor(mapping: str) -> None:
    assert re.search(r"\d+\.\d\d", opening(mappings().mappings[mapping]))


def test_what_a_sentence_fills_in_is_never_told_in_halves_of_an_expression() -> None:
    summed = "VAT of {{ carried | where('account', none) | sum('amount') | round(2) }} more"
    assert sentence(summed, {}) == "VAT of … more"
    either = "it is {{ 'a document of its own' if one.stands else 'none of this program, so far' }}"
    assert sentence(either, {}) == "it is a document of its own, or none of this program, so far"


def test_the_readme_is_in_step() -> None:
    written = (SET / "README.md").read_text("utf-8")
    assert written == page(), "write it again: python -m engine.manual.pages"
