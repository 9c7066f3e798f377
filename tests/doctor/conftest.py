"""Beside each shop's file lies the token of its receiver."""

from __future__ import annotations

from pathlib import Path

import pytest

from .kit import TOKEN


@pytest.fixture(autouse=True)
def _secrets(tmp_path: Path) -> None:
    """Beside the shop's file: the token of its receiver."""
    path = tmp_path / "secrets.yaml"
    path.write_text(f"push: {TOKEN}\n")
    path.chmod(0o600)
