"""The countries that the sandbox's Fortnox knows: two letters, the Swedish and the English name.

It reads and writes nothing.
"""

from __future__ import annotations

from typing import Final

COUNTRIES: Final = {
    "SE": "Sverige",
    "NO": "Norge",
    "FI": "Finland",
    "DK": "Danmark",
    "DE": "Tyskland",
    "NL": "Nederländerna",
    "FR": "Frankrike",
    "BE": "Belgien",
    "AT": "Österrike",
    "ES": "Spanien",
    "IT": "Italien",
    "PL": "Polen",
    "IE": "Irland",
    "PT": "Portugal",
    "EE": "Estland",
    "LV": "Lettland",
    "LT": "Litauen",
    "IS": "Island",
    "GB": "Storbritannien",
    "CH": "Schweiz",
    "US": "USA",
    "CA": "Kanada",
    "AU": "Australien",
    "AX": "Åland",
}
# Taken in documents and answered as sent (recorded, 2023: Norway, United Kingdom and others).
ENGLISH: Final = frozenset(
    {
        "Sweden", "Norway", "Finland", "Denmark", "Germany", "Netherlands", "France", "Belgium",
        "Austria", "Spain", "Italy", "Poland", "Ireland", "Portugal", "Estonia", "Latvia",
        "Lithuania", "Iceland", "United Kingdom", "Switzerland", "United States", "Canada",
        "Australia", "Åland Islands", "Virgin Islands, U.S.",
    }
)  # fmt: skip
NAMES: Final = frozenset(COUNTRIES.values())
