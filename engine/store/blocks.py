"""Which blocks of a database's file DuckDB may have written since the checkpoint before the last.

Reads headers and free lists, writes nothing. A checkpoint must leave the state before it whole
until its own header is written: it writes to blocks that were free then, to those of metadata,
which have room for more, and behind the last. All of this is DuckDB's own affair, and as it was
found in the versions that are named here: of any other, and of whatever reads otherwise, nothing is
said.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from typing import BinaryIO, NamedTuple

from .driver import duckdb

TRIED = ("2.0.0",)
# Three pages come first: what the file is, and two headers, of which the later counts.
PAGE, PAGES = 4096, 3
FIRST = PAGE * PAGES  # where the first block begins
DUCK = struct.pack("<4sQ", b"DUCK", 999)  # and the version of the format, behind a sum
# Sum, iteration, where the catalogue begins and the free list, how many blocks, their size.
HEADER = struct.Struct("<6Q")
SUM = 8  # bytes of a block's own sum, which come first
# A block of metadata holds so many parts; each begins with where the next of its list is.
PARTS, PLACE = 64, 56
NONE = 2**64 - 1
MOST_PARTS = 100_000  # of a list: more is a circle

Span = tuple[int, int]  # bytes, from and to


class Layout(NamedTuple):
    """``header`` is the one that counts. ``loose`` are the blocks that the next checkpoint may
    write, of ``blocks`` in all."""

    header: bytes
    iteration: int
    size: int
    blocks: int
    loose: frozenset[int]


class _OddError(Exception):
    """The file is not laid out as it is known here."""


def may_differ(source: BinaryIO, to: BinaryIO) -> list[Span] | None:
    """The parts of a database that may be others than those of ``to``, which was the same file one
    checkpoint before; None where that is not so, or can't be told.

    Held against it are the sums of all other blocks: another content with the same sum is rare.
    """
    try:
        before, after = _layout(to), _layout(source)
    except (_OddError, struct.error):
        return None
    if (after.iteration, after.size) != (before.iteration + 1, before.size):
        return None
    if before.header not in _headers(source):  # each checkpoint writes over the one before the last
        return None
    end = os.fstat(source.fileno()).st_size
    spans = [(0, FIRST)]
    for block, start in enumerate(range(FIRST, end, before.size)):
        if block in before.loose or block >= before.blocks:
            spans.append((start, min(start + before.size, end)))
        elif os.pread(source.fileno(), SUM, start) != os.pread(to.fileno(), SUM, start):
            return None
    return spans


def headers(file: BinaryIO) -> bytes:
    """Both headers of a database's file: another after each checkpoint."""
    return os.pread(file.fileno(), FIRST - PAGE, PAGE)


def _headers(file: BinaryIO) -> Sequence[bytes]:
    both = headers(file)
    return both[:PAGE], both[PAGE:]


def _layout(file: BinaryIO) -> Layout:
    """How the file is laid out. Raises _OddError where it is not as it is known here."""
    if duckdb.__version__ not in TRIED or os.pread(file.fileno(), len(DUCK), SUM) != DUCK:
        raise _OddError
    header = max(_headers(file), key=lambda one: HEADER.unpack_from(one)[1])
    _, iteration, catalogue, list_of_free, count, size = HEADER.unpack_from(header)
    if not count or not size or size % PAGE:
        raise _OddError
    content, within = _content(file, list_of_free, count, size)
    free, at = _numbers(content, 0, "<q")
    _, at = _numbers(content, at, "<qI")  # of data that several columns share
    metadata, at = _numbers(content, at, "<qQ")
    of_list = {*within, catalogue % 2**PLACE}
    loose = frozenset(free) | frozenset(metadata)
    if not of_list <= set(metadata) or any(not 0 <= block < count for block in loose):
        raise _OddError
    return Layout(header, iteration, size, count, loose)


def _content(file: BinaryIO, place: int, count: int, size: int) -> tuple[bytes, set[int]]:
    """What a list of parts holds, and in which blocks it lies."""
    part = (size - SUM) // PARTS // 8 * 8
    found: list[bytes] = []
    blocks: set[int] = set()
    while place != NONE:
        block, number = place % 2**PLACE, place >> PLACE
        if block >= count or number >= PARTS or len(found) == MOST_PARTS:
            raise _OddError
        blocks.add(block)
        start = FIRST + block * size + SUM + number * part
        (place,) = struct.unpack("<Q", (read := os.pread(file.fileno(), part, start))[:8])
        found.append(read[8:])
    return b"".join(found), blocks


def _numbers(content: bytes, at: int, form: str) -> tuple[list[int], int]:
    """The first numbers of so many entries of this form, and where they end."""
    (many,) = struct.unpack_from("<Q", content, at)
    at, each = at + 8, struct.Struct(form)
    end = at + many * each.size
    if end > len(content):
        raise _OddError
    return [first for first, *_ in each.iter_unpack(content[at:end])], end
