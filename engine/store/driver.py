"""DuckDB, without what its Python package loads beside it.

``duckdb`` adds relations, expressions, data frames and functions in Python to its driver, which
nobody here uses and every process would load: four fifths of what ``import duckdb`` costs. A
DuckDB whose driver is called otherwise is taken as a whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
else:
    try:
        import _duckdb as duckdb
    except ImportError:
        import duckdb

__all__ = ["duckdb"]
