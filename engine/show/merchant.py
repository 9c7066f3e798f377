"""Shows a merchant as the program sees it: every setting and, with an overlay, what it changes.

Reads the merchant and its mapping set, gives a page and the same as data: key, value, origin.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import json_text
from ..language.spec import MappingSet
from ..merchant.load import Merchant, shown
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
    laid = [
        [one["key"], _cut(one["value"]), one["origin"]] for one in overlaid(mapping_set, overlay)
    ]
    parts: Page = [Text(f"Overlay:  {overlay}"), blank()]
    if not laid:
        return [*parts, Text("The overlay changes nothing.")]
    return [*parts, Table((Column("Changed by the overlay"), *COLUMNS[1:]), laid)]


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
        "overlaid": list(overlaid(mapping_set, merchant.overlay_folder)),
    }


def overlaid(mapping_set: MappingSet, overlay: Path | None) -> Iterator[dict[str, str]]:
    """Each value of the merged mappings that comes from the overlay, the outermost only."""
    if overlay is None:
        return
    home = f"{overlay}/"
    for name, source in sorted(mapping_set.sources.items()):
        told: set[tuple[str | int, ...]] = set()
        for path, place in sorted(
            source.values.items(), key=lambda item: (len(item[0]), str(item))
        ):
            inside = any(path[:length] in told for length in range(len(path)))
            if inside or not place.path.startswith(home):
                continue
            told.add(path)
            yield {
                "key": f"{name}: {'.'.join(map(str, path)) or 'the whole file'}",
                "value": _text(_at(source.value, path)),
                "origin": f"{place.path}:{place.line}",
            }


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json_text.encode(value)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
