"""The countries that the sandbox's Fortnox knows: two letters and the Swedish name.

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
NAMES: Final = frozenset(COUNTRIES.values())
