"""The SQL of the house: a file for each statement, or for those that belong together."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "sql"


def sql(name: str) -> str:
    """The text of ``engine/store/sql/<name>.sql``."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
