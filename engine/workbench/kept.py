"""The rules that a document was made by, compiled anew from the texts that were kept of them.

Reads ``ledger.mapping_set`` and the merchant's settings as they are now; gives a compiled program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .. import json_text
from ..errors import FileError
from ..language.catalogue import catalogue_from_ddl
from ..language.compile import compile_set
from ..language.load import load_set_from_texts
from ..language.program import Program
from ..language.texts import OVERLAY
from ..mappings import load_mappings, present_texts
from ..merchant.load import Merchant
from ..merchant.settings import merchant_schema
from ..store.database import Store
from ..store.statements import sql

AS_IT_WAS = " (as it was)"  # behind the path of a file that reads otherwise now


@dataclass(slots=True)
class Kept:
    """Held open over one explanation: programs by the digest of their texts."""

    store: Store
    merchant: Merchant
    known: dict[str | None, Program | None]

    def present(self) -> Program:
        """The rules as the files stand now. Raises FileError where they are wrong."""
        if None not in self.known:
            self.known[None] = load_mappings(self.merchant)[1]
        program = self.known[None]
        assert program is not None  # noqa: S101 — load_mappings raises
        return program

    def under(self, digest: str | None) -> Program | None:
        """The rules of that digest; None where they are of another version of the language, or do
        not go with the settings of now."""
        if digest is None:
            return self.present()
        if digest not in self.known:
            self.known[digest] = self._compiled(digest)
        return self.known[digest]

    def is_present(self, digest: str | None) -> bool:
        """Whether the rules of that digest are those of now, word for word."""
        return digest is None or kept_texts(self.store, digest) == present_texts(self.merchant)

    def _compiled(self, digest: str) -> Program | None:
        files, now = kept_texts(self.store, digest), present_texts(self.merchant)
        if files is None:
            return None
        if files == now:
            return self.present()
        paths = paths_of(self.merchant, files, now or {})
        catalogue = catalogue_from_ddl(sql("schema"))
        try:
            found = load_set_from_texts(files, catalogue, merchant_schema(), paths)
            settings = self.merchant.settings
            return compile_set(found, settings, lambda path: self.merchant.place(tuple(path)))
        except FileError:
            return None


def kept_texts(store: Store, digest: str) -> Mapping[str, str] | None:
    """The texts of a set and its overlay that are kept under a digest, by name."""
    text = store.value("SELECT files FROM ledger.mapping_set WHERE digest = ?", [digest])
    files: Mapping[str, str] | None = json_text.decode(text) if text else None
    return files


def paths_of(
    merchant: Merchant, files: Mapping[str, str], now: Mapping[str, str]
) -> dict[str, str]:
    """What the files of texts are called: the file on disk where it still reads so, else its name
    with a word that it did."""
    found = {}
    for name, text in files.items():
        over = merchant.overlay_folder
        folder = over if name.startswith(OVERLAY) and over else merchant.mapping_folder
        path = str(folder / name.removeprefix(OVERLAY))
        found[name] = path if now.get(name) == text else f"{path}{AS_IT_WAS}"
    return found
