"""Long lists of an answer, whose rows are decoded one by one as they are read.

The answer about a payout of a hundred thousand lines is 60 MB, and all of its lines decoded take
five times that. Text in, values out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, overload

from msgspec import Raw

from .. import json_text

LONG = 1_000_000  # characters of an answer whose lists are read so


class Rows(Sequence[Any]):
    """A list of JSON values that are decoded each time that they are read."""

    def __init__(self, rows: Sequence[Raw]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Rows: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return Rows(self._rows[index])
        return json_text.decode(bytes(self._rows[index]))

    def __iter__(self) -> Iterator[Any]:
        return (json_text.decode(bytes(row)) for row in self._rows)


def decode(text: str, names: Collection[str]) -> Any:
    """The value of a JSON text; where it is long, its lists of these names are ``Rows``, of which
    each can be decoded. Raises ValueError as ``json_text.decode`` does."""
    if len(text) < LONG:
        return json_text.decode(text)
    try:
        said = json_text.decode_as(text, dict[str, Raw])
        lists = {name: Rows(json_text.decode_as(said.pop(name), list[Raw]))
                 for name in names if name in said}  # fmt: skip
    except ValueError:  # something else, or no JSON: it says so itself
        return json_text.decode(text)
    for rows in lists.values():
        for _ in rows:
            pass
    return {name: json_text.decode(bytes(value)) for name, value in said.items()} | lists
