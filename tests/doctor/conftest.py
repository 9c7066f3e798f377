"""Beside each shop's file lies its tokens."""

from __future__ import annotations

from pathlib import Path

import pytest

from .kit import TOKEN


@pytest.fixture(autouse=True)
def _secrets(tmp_path: Path) -> None:
    """Beside the shop's file: its tokens."""
    path = tmp_path / "secrets.yaml"
    path.write_text(f"push: {TOKEN}\ntoken: {TOKEN}\n")
    path.chmod(0o600)
