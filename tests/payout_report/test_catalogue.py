"""The catalogue has the Swedish of every text of the report, and of nothing else."""

from __future__ import annotations

import ast
import re
from decimal import Decimal
from pathlib import Path

from babel.messages.pofile import read_po
from babel.numbers import format_decimal, get_minus_sign_symbol
from hypothesis import given
from hypothesis import strategies as st

from engine.home import HOME
from engine.show.report import html
from engine.show.report.words import CATALOGUE, LANGUAGES, LOCALES, Language, words

ROOM = HOME / "engine" / "show" / "report"
Told = str | tuple[str, str]
WORDS = {one: words(one) for one in LANGUAGES}


def of_code(path: Path) -> set[Told]:
    """The texts that a module marks; a pair where one is counted."""
    found: set[Told] = set()
    pairs: set[str] = set()

    def text(node: ast.expr) -> str | None:
        marked = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_"
        return ast.literal_eval(node.args[0]) if marked else None  # type: ignore[attr-defined]

    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "count":
            one, several = text(node.args[0]), text(node.args[1]) if len(node.args) > 1 else None
            if one and several:
                found.add((one, several))
                pairs |= {one, several}
        elif isinstance(node, ast.expr) and (one := text(node)):
            found.add(one)
    return found - pairs


def of_template(path: Path) -> set[Told]:
    """The texts of a template."""
    source = path.read_text("utf-8")
    found: set[Told] = {one[1] for one in re.findall(r"\bt\(([\"'])(.*?)\1\)", source)}
    found |= set(re.findall(r'w\.count\("(.*?)", "(.*?)",', source))
    return found


def all_texts() -> set[Told]:
    found: set[Told] = set()
    for path in ROOM.glob("*.py"):
        found |= of_code(path)
    for path in ROOM.glob("templates/*.j2"):
        found |= of_template(path)
    return found


def test_every_text_has_its_swedish_and_no_other_is_there() -> None:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="sv")
    known = {one.id for one in catalogue if one.id and one.context is None}
    assert sorted(map(str, all_texts() - known)) == []
    assert sorted(map(str, known - all_texts())) == []
    for one in catalogue:
        strings = [one.string] if isinstance(one.string, str) else list(one.string)
        assert all(strings) or not one.id, one.id
        assert not one.fuzzy, one.id
        ids = " ".join(one.id) if isinstance(one.id, tuple) else one.id
        for string in strings if one.id else []:
            assert set(re.findall(r"%\(\w+\)s", string)) <= set(re.findall(r"%\(\w+\)s", ids))


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from(LANGUAGES))
def test_amounts_are_written_as_babel_writes_them_with_the_minus_of_the_language(
    value: Decimal, language: Language
) -> None:
    told = WORDS[language].amount(value)
    locale = LOCALES[language]
    expected = format_decimal(value + 0, "#,##0.00", locale)
    assert told == expected.replace("-", get_minus_sign_symbol(locale))


def test_styles_name_no_other_file() -> None:
    style = (html.TEMPLATES / "style.css").read_text("utf-8")
    assert "url(" not in style
    assert "@import" not in style
