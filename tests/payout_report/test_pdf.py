"""The PDF: pages of the same report, the same bytes each time, and a sentence where it can't be."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from shop import OpenShop, Shop

from engine.errors import UsageError
from engine.report.payouts.gather import gather
from engine.show.report import html, pdf, write

PDFTOTEXT = shutil.which("pdftotext") or ""


@pytest.fixture
def some(shop: OpenShop) -> Shop:
    made = shop()
    for name in ("clean_sale", "fee_with_vat", "ambiguous_same_reference"):
        made.trouble(name)
    made.run()
    return made


def printed(shop: Shop, path: Path) -> Path:
    report = gather(shop.store, "shop", shop.merchant.settings, shop.clock.now())
    (written,) = write.write(shop.store, report, "sv", "pdf", path)
    return written


def test_it_has_pages_and_the_same_bytes_each_time(some: Shop, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        ffi = pytest.importorskip("weasyprint.text.ffi", exc_type=OSError)
    if ffi.harfbuzz_subset is None:  # another writes the day into the letters that it embeds
        pytest.skip("libharfbuzz-subset0 is not installed")
    first, again = (printed(some, tmp_path / name).read_bytes() for name in ("a.pdf", "b.pdf"))
    assert first.startswith(b"%PDF-")
    assert first == again


@pytest.mark.skipif(not PDFTOTEXT, reason="pdftotext (poppler-utils) is not installed")
def test_pages_are_numbered_and_named_and_heads_are_repeated(tmp_path: Path) -> None:
    style = (html.TEMPLATES / "style.css").read_text("utf-8")
    rows = "".join(f"<tr><td>row {number}</td></tr>" for number in range(120))
    path = pdf.write(
        tmp_path / "x.pdf",
        f'<html lang="sv"><title>x</title><style>{style}</style><h1>Rapporten</h1><table><thead>'
        f"<tr><th>Belopp</th></tr></thead><tbody>{rows}</tbody><tfoot><tr><td>Summa</td></tr></tfoot></table>",
    )
    told = subprocess.run(  # noqa: S603  our own arguments
        [PDFTOTEXT, "-layout", str(path), "-"], capture_output=True, text=True, check=True
    ).stdout
    pages = [one for one in told.split("\f") if one.strip()]
    assert len(pages) > 2
    assert told.count("Summa") == 1
    for number, page in enumerate(pages, 1):
        assert "Belopp" in page
        assert "Rapporten" in page
        assert re.search(rf"\b{number}\s*/\s*{len(pages)}\b", page)


def test_of_more_lines_than_people_print_it_says_where_they_are(
    some: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(html, "MOST_LINES", 1)
    monkeypatch.setattr(pdf, "write", lambda path, page: told.append(page) or path)
    printed(some, tmp_path / "x.pdf")
    (page,) = told
    assert "för många att skriva ut" in page
    assert "Utbetalningens rader" not in page
    assert "Summor per konto" in page


def test_without_what_prints_it_a_sentence_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(UsageError, match="PDF needs what is not on this machine") as refused:
        pdf.write(tmp_path / "x.pdf", "<p>x</p>")
    assert "HTML works without" in refused.value.remedy
    assert not list(tmp_path.iterdir())
