"""A long answer about a batch, cut into parts that are staged one after the other.

Of a payout of a hundred thousand lines the answer is 60 MB, and the database takes several times as
much to unfold it at once. Pure: text in, texts out.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Raw

from .. import json_text
from ..extract.lines import LISTS

# Answers of so many bytes are cut, into parts of about so many.
LONG, PART = 8_000_000, 4_000_000


def parts(body: str) -> Iterator[tuple[int, int, str]]:
    """The parts of an answer, each an answer of some of its lines: how many lines stand before it,
    how many it has, and its JSON. The first has all else that the answer says.

    What is no JSON has no parts, and what is no list no lines: so DuckDB reads it.
    """
    try:
        said = json_text.decode_as(body, dict[str, Raw])
    except ValueError:
        return
    lists = [(name, _rows(said.pop(name))) for name in LISTS if name in said]
    beside = [f"{json_text.encode(name)}:{bytes(value).decode()}" for name, value in said.items()]
    before = 0
    for name, rows in lists:
        for piece in _pieces(rows):
            lines = b",".join(piece).decode()
            yield before, len(piece), _object([*beside, f'"{name}":[{lines}]'])
            before, beside = before + len(piece), []
    if beside:
        yield 0, 0, _object(beside)


def _object(members: list[str]) -> str:
    return f"{{{','.join(members)}}}"


def _rows(list_: Raw) -> list[Raw]:
    try:
        return json_text.decode_as(list_, list[Raw])
    except ValueError:
        return []


def _pieces(rows: list[Raw]) -> Iterator[list[bytes]]:
    """The rows a few at a time, as long together as a part may be."""
    piece: list[bytes] = []
    size = 0
    for row in rows:
        piece.append(bytes(row))
        size += len(piece[-1])
        if size >= PART:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece
