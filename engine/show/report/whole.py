"""Files of the report are written beside their place and put there whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


def written(path: Path, pieces: Iterable[str]) -> Path:
    """Write a text piece by piece."""
    with in_place(path) as half, half.open("w", encoding="utf-8", newline="") as file:
        for piece in pieces:
            file.write(piece)
    return path


@contextmanager
def in_place(path: Path) -> Iterator[Path]:
    """Gives a path to write to; what is there at the end takes the place of ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.half")
    try:
        yield half
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
