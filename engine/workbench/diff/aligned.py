"""Which items of two lists belong together, where some were replaced, came or went."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence


def aligned(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int | None, int | None]]:
    """Items that were replaced, in pairs; then those that came or went."""
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        both = min(i2 - i1, j2 - j1)
        yield from zip(range(i1, i1 + both), range(j1, j1 + both), strict=True)
        yield from ((i, None) for i in range(i1 + both, i2))
        yield from ((None, j) for j in range(j1 + both, j2))
