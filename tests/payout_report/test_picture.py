"""The README's picture is taken of the demo's report, and left alone where that can't be done."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.manual import picture


def test_without_a_report_or_a_browser_the_picture_stays_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = picture.PICTURE.read_bytes()
    page = tmp_path / "report.html"
    assert "run `make demo` first" in picture.main([str(page)])
    page.write_text("<html><head></head></html>", "utf-8")
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert picture.main([str(page)]).startswith("There is no Chromium")
    assert picture.PICTURE.read_bytes() == before


@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
def test_the_picture_shows_the_page_without_what_is_to_be_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image  # noqa: PLC0415  of the extra

    monkeypatch.setattr(picture, "PICTURE", tmp_path / "report.png")
    monkeypatch.setattr(picture, "HOME", tmp_path)
    page = tmp_path / "report.html"
    page.write_text(
        "<html><head><style>body{margin:0;background:#fff}section{height:1440px;"
        'background:#f00}</style></head><body><section aria-labelledby="decide"></section>'
        "</body></html>", "utf-8",
    )  # fmt: skip
    assert "report.png shows" in picture.main([str(page)])
    with Image.open(picture.PICTURE) as image:
        assert image.size == (picture.WIDTH, picture.HEIGHT)
        assert image.convert("RGB").getpixel((600, 700)) == (255, 255, 255)
