"""What is let go: Python's search for rings of objects, put off while much is made that all lives
on, and memory that goes back to the system as soon as it is freed."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Without that search: it would look at each object again and again. A third of the time of
    loading a set goes into it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


# Of mallopt (malloc.h of glibc): how large a block is that is a mapping of its own, how much of the
# heap's end may lie idle, how many heaps there are. Set, they no longer grow with what is freed.
MMAP_THRESHOLD, TRIM_THRESHOLD, ARENA_MAX = -3, -1, -8
BLOCK = 128 * 1024


def give_freed_memory_back() -> None:
    """Let glibc give back what this process frees: of the answers of a large payout it would keep a
    third. Elsewhere nothing is done."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for name, value in ((MMAP_THRESHOLD, BLOCK), (TRIM_THRESHOLD, BLOCK), (ARENA_MAX, 1)):
            mallopt(name, value)
