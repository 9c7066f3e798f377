"""Which mappings were found right before: a run that has nothing to make needs not load them.

Reads the texts of a merchant's set and overlay, its settings, and what was kept beside its state;
keeps there under what digest the mappings were checked and compiled without a finding.
"""

from __future__ import annotations

import os
import sys
from functools import cache

from . import json_text
from .home import HOME
from .language.texts import texts_of
from .merchant.load import Merchant
from .store import cache as kept

# What decides about a set beside its own texts and the settings: this program's own files.
OURS = ("engine", "engine/language", "engine/language/rules", "engine/merchant", "engine/plan",
        "engine/match", "engine/store/sql", "schemas", "schemas/documents")  # fmt: skip


def mappings_digest(merchant: Merchant) -> str:
    """Of all that decides whether the merchant's mappings are right, and what they make: set,
    overlay, settings, program. Raises FileError and UsageError where the texts can't be read."""
    texts = texts_of(merchant.mapping_folder, merchant.overlay_folder)
    return json_text.digest([program_digest(), sorted(texts.items()), dict(merchant.settings)])


@cache
def program_digest() -> str:
    """Of this program as it is installed: a file that was changed has another size or time."""
    found = []
    for folder in OURS:
        with os.scandir(HOME / folder) as entries:
            for one in entries:
                if one.is_file():
                    about = one.stat()
                    found.append([folder, one.name, about.st_size, about.st_mtime_ns])
    return json_text.digest([sys.version, str(HOME), sorted(found)])


def is_known_right(merchant: Merchant, digest: str) -> bool:
    """Whether mappings of this digest were checked and compiled for the merchant before."""
    return bool(kept.read(merchant.database.parent, _name(merchant)) == {"right": digest})


def note_right(merchant: Merchant, digest: str) -> None:
    """Keep that they were, for the runs to come."""
    kept.write(merchant.database.parent, _name(merchant), {"right": digest})


def _name(merchant: Merchant) -> str:
    return f"{merchant.name}.checked"
