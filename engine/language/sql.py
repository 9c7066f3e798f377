"""Stub."""
from __future__ import annotations
from typing import Any
def findings(expression: Any, names: Any) -> list[Any]:
    return []
