"""Shows a merchant as the program sees it: every setting and, with an overlay, what it changes.

Reads the merchant and its mapping set, gives a page and the same as data: key, value, origin.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import json_text
from ..errors import Place
from ..language.spec import MappingSet
from ..merchant.load import Merchant, shown
from .page import Column, Page, Table, Text, blank, heading

CHANGES = (
    Column("Changed by the overlay"), Column("The set"), Column("The overlay"), Column("From"),
)  # fmt: skip
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
    parts: Page = [Text(f"Overlay:  {overlay}"), blank()]
    if not mapping_set.changes:
        return [*parts, Text("The overlay changes nothing.")]
    laid = [
        [
            f"{one['operation']} {one['key']}",
            _cut(_text(one["before"])),
            _cut(_text(one["after"])),
            one["origin"],
        ]
        for one in overlaid(mapping_set)
    ]
    return [*parts, Table(CHANGES, laid)]


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
        "overlaid": list(overlaid(mapping_set)),
    }


def overlaid(mapping_set: MappingSet) -> Iterator[dict[str, Any]]:
    """Each change of the overlay: what the set has there, and where; what the overlay has."""
    for one in mapping_set.changes:
        yield {
            "operation": one.operation,
            "key": str(one),
            "before": one.before,
            "before_origin": _origin(one.before_place),
            "after": one.after,
            "origin": _origin(one.place),
            "because": one.because,
        }


def _origin(place: Place | None) -> str | None:
    return f"{place.path}:{place.line}" if place else None


def _text(value: Any) -> str:
    if value is None:
        return "—"
    return value if isinstance(value, str) else json_text.encode(value)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
