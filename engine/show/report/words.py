"""The report's words in Swedish and English, and how amounts and days are written in each.

Texts are English in the code; ``sv.po`` has the Swedish of each. Symbols of numbers and patterns of
days are Babel's for the language; a test holds the amounts against Babel's own.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from pathlib import Path
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from ...clock import STOCKHOLM
from .reasons import Said, reasons

Language = Literal["sv", "en"]
LANGUAGES: tuple[Language, ...] = ("sv", "en")
# English as it is written of Swedish books: days and weeks as in Europe.
LOCALES: Mapping[Language, str] = {"sv": "sv_SE", "en": "en_GB"}
CATALOGUE = Path(__file__).with_name("sv.po")
OERE = Decimal("0.01")
REASON = "reason"  # the context of what the program says by itself


def _(text: str) -> str:
    """Marks a text for the catalogue; ``Words.of`` says it in a language."""
    return text


@dataclass(frozen=True, slots=True)
class Words:
    """A language: ``of`` says a text in it, ``of_number`` one that depends on a number."""

    language: Language
    locale: Locale
    of: Callable[[str], str]
    of_number: Callable[[str, str, int], str]
    amount: Callable[[Decimal | None], str] = field(repr=False)
    # A reason of the program's own, which is English; None where it is of other sentences.
    said: Said = field(repr=False)

    def say(self, text: str, **given: object) -> str:
        """A text with its parts filled in: ``%(name)s``."""
        return self.of(text) % given

    def count(self, one: str, several: str, number: int) -> str:
        """A text with a number: ``%(number)s lines``."""
        return self.of_number(one, several, number) % {"number": self.whole(number)}

    def whole(self, number: int) -> str:
        """A number without decimals."""
        return f"{number:,}".replace(",", self.locale.number_symbols["latn"]["group"])

    def day(self, value: date | datetime | None) -> str:
        """A day as people of the language read it in a table; empty for None."""
        if isinstance(value, datetime):
            value = value.astimezone(STOCKHOLM).date()
        return format_date(value, "short" if self.language == "sv" else "medium", self.locale) \
            if value else ""  # fmt: skip

    def moment(self, value: datetime | None) -> str:
        """A day with the time in Sweden; empty for None."""
        return format_datetime(value, "medium", STOCKHOLM, self.locale) if value else ""

    def month(self, value: date) -> str:
        """A month by name."""
        return format_date(value, "MMMM y", self.locale)

    def listed(self, items: list[str]) -> str:
        """``a, b and c``."""
        if len(items) < 2:
            return "".join(items)
        return f"{', '.join(items[:-1])} {self.of(_('and'))} {items[-1]}"


def words(language: Language) -> Words:
    """The words of a language."""
    locale = Locale.parse(LOCALES[language])
    amount = _amounts(locale)
    if language == "en":
        none = gettext.NullTranslations()
        return Words(language, locale, none.gettext, none.ngettext, amount, str)
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale=language)
    made = io.BytesIO()
    write_mo(made, catalogue)
    made.seek(0)
    texts = gettext.GNUTranslations(made)
    sentences = [(str(one.id), str(one.string)) for one in catalogue if one.context == REASON]
    said = reasons(sentences, amount, texts.gettext(_("and")))
    return Words(language, locale, texts.gettext, texts.ngettext, amount, said)


def _amounts(locale: Locale) -> Callable[[Decimal | None], str]:
    symbols = locale.number_symbols["latn"]
    signs = {",": symbols["group"], ".": symbols["decimal"], "-": symbols["minusSign"]}
    written = str.maketrans(signs)

    @lru_cache(maxsize=65_536)
    def amount(value: Decimal | None) -> str:
        """An amount with öre; a third decimal that is not zero is shown. Empty for None."""
        if value is None:
            return ""
        short = value.quantize(OERE, ROUND_HALF_UP)
        shown = short if short == value else value.normalize()
        return f"{shown + 0:,f}".translate(written)

    return amount
