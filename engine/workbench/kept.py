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
from ..mappings import load_mappings, present_texts
from ..merchant.load import Merchant
from ..merchant.settings import merchant_schema
from ..store.database import Store
from ..store.statements import sql

OVERLAY = "overlay:"
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
        return digest is None or self._texts(digest) == present_texts(self.merchant)

    def _texts(self, digest: str) -> Mapping[str, str] | None:
        text = self.store.value("SELECT files FROM ledger.mapping_set WHERE digest = ?", [digest])
        files: Mapping[str, str] | None = json_text.decode(text) if text else None
        return files

    def _compiled(self, digest: str) -> Program | None:
        files, now = self._texts(digest), present_texts(self.merchant)
        if files is None:
            return None
        if files == now:
            return self.present()
        paths = {name: self._path(name, text, now or {}) for name, text in files.items()}
        catalogue = catalogue_from_ddl(sql("schema"))
        try:
            found = load_set_from_texts(files, catalogue, merchant_schema(), paths)
            settings = self.merchant.settings
            return compile_set(found, settings, lambda path: self.merchant.place(tuple(path)))
        except FileError:
            return None

    def _path(self, name: str, text: str, now: Mapping[str, str]) -> str:
        """The file on disk where it still reads so; else its name with a word that it did."""
        over = self.merchant.overlay_folder
        folder = over if name.startswith(OVERLAY) and over else self.merchant.mapping_folder
        path = str(folder / name.removeprefix(OVERLAY))
        return path if now.get(name) == text else f"{path}{AS_IT_WAS}"
