"""As what the files of a merchant's set and overlay were parsed before, so that YAML that has not
changed is not read again.

Reads what was kept beside the merchant's state, and parses the texts where nothing is kept of just
these; keeps there the tree of each file, each node with its place: data, below its digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from . import json_text
from .checked import program_digest
from .language.tree import Frame, Node, as_data, of_data, of_file
from .merchant.load import Merchant
from .store import cache as kept
from .yamlfile import parse


def trees_of(
    merchant: Merchant, texts: Mapping[str, str], paths: Mapping[str, str]
) -> dict[str, Node]:
    """The files with these texts as trees, by name; ``paths`` are what findings call them. Raises
    FileError where one is not YAML."""
    state, name = merchant.database.parent, f"{merchant.name}.parsed"
    digest = json_text.digest([program_digest(), sorted(texts.items())])
    found = kept.read(state, name)
    if isinstance(found, dict) and found.get("of") == digest:
        # Whatever else may be odd about it: it is made anew.
        with suppress(ValueError, LookupError, TypeError, ArithmeticError):
            return {one: of_data(found["files"][one], Frame(paths[one])) for one in texts}
    trees = {one: of_file(parse(text, paths[one])) for one, text in texts.items()}
    files = {one: as_data(tree) for one, tree in trees.items()}
    kept.write(state, name, {"of": digest, "files": files})
    return trees
