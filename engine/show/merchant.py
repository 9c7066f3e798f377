"""Shows a merchant as the program sees it: every setting and, with an overlay, what it changes.

Reads the merchant and its mapping set, gives a page and the same as data: key, value, origin.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..language.spec import MappingSet
from ..merchant.load import Merchant, shown
from . import changes
from .page import Column, Page, Table, Text, blank, heading

COLUMNS = (Column("Setting"), Column("Value"), Column("From"))
# A longer value is cut in the table; --json has it whole.
LONGEST = 60


def page(merchant: Merchant, mapping_set: MappingSet) -> Page:
    """The settings, and beneath them what the overlay says otherwise than the set."""
    rows = [[one.key, _cut(one.value), one.origin] for one in shown(merchant)]
    parts: Page = [heading(f"{merchant.settings['name']} ({merchant.path})"), blank()]
    parts.append(Table(COLUMNS, rows))
    parts += [blank(), Text(f"Mappings: {merchant.mapping_folder}")]
    if merchant.overlay_folder is None:
        return parts
    return [*parts, *overlay_page(mapping_set, merchant.overlay_folder)]


def overlay_page(mapping_set: MappingSet, overlay: Path) -> Page:
    """What the overlay says otherwise than the set."""
    told = [Text(line) for line in changes.lines(mapping_set.changes)]
    return [Text(f"Overlay:  {overlay}"), blank(), *told]


def data(merchant: Merchant, mapping_set: MappingSet) -> dict[str, Any]:
    """The same for ``--json``."""
    return {
        "merchant": merchant.name,
        "file": str(merchant.path),
        "settings": [
            {"key": one.key, "value": one.value, "origin": one.origin} for one in shown(merchant)
        ],
        "mapping_folder": str(merchant.mapping_folder),
        "overlay_folder": str(merchant.overlay_folder) if merchant.overlay_folder else None,
        "overlaid": changes.data(mapping_set.changes),
    }


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
