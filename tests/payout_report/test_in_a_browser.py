"""The HTML report in a real browser: no violation by axe, and nothing wider than the window.

Skipped without Chromium or axe-core (`npm install --prefix .venv/browser axe-core`).
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from shop import OpenShop, Shop

from engine.home import HOME
from engine.report.payouts.gather import gather
from engine.show.report import write
from engine.show.report.words import LANGUAGES, Language

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
AXE = HOME / ".venv" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and AXE.exists()), reason="Chromium or axe-core is not installed"
)
# What a person sees is asked of the page itself, in a frame of the width of a phone or a desk.
ASKED = """
axe.run(document, {resultTypes: ['violations']}).then(found => {
  const wide = [...document.querySelectorAll('body *')].filter(
    one => one.getBoundingClientRect().right > window.innerWidth + 1 &&
           getComputedStyle(one).position !== 'absolute' && !one.closest('thead'));
  const told = {
    width: window.innerWidth,
    scroll: document.documentElement.scrollWidth,
    wide: wide.slice(0, 5).map(one => one.outerHTML.slice(0, 160)),
    axe: found.violations.map(one => [one.id, one.nodes.length, one.nodes[0].html.slice(0, 200)]),
  };
  parent.document.getElementById('told').textContent = JSON.stringify(told);
}).catch(error => { parent.document.getElementById('told').textContent = String(error); });
"""


def seen(page: str, width: int, folder: Path) -> dict[str, Any]:
    """What a browser says of a page that is so many pixels wide."""
    inner = page.replace(
        "</body>", f"<script>{AXE.read_text('utf-8')}</script><script>{ASKED}</script></body>"
    )
    outer = folder / "frame.html"
    outer.write_text(
        f'<!doctype html><pre id="told"></pre><iframe style="border:0;width:{width}px;'
        f'height:2000px" srcdoc="{html.escape(inner)}"></iframe>', "utf-8",
    )  # fmt: skip
    dumped = subprocess.run(  # noqa: S603  our own arguments
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=60000",
         f"--user-data-dir={folder / 'profile'}", "--dump-dom", outer.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    found = re.search(r'<pre id="told">(.*?)</pre>', dumped, re.S)
    assert found, "the browser says nothing"
    told: dict[str, Any] = json.loads(html.unescape(found[1]))
    return told


@pytest.fixture
def some(shop: OpenShop) -> Shop:
    made = shop()
    for name in ("clean_sale", "fee_with_vat", "invoice_missing", "ambiguous_same_reference",
                 "payout_total_disagrees", "chargeback"):  # fmt: skip
        made.trouble(name)
    made.run()
    return made


@pytest.mark.parametrize("width", [390, 800, 1024, 1110, 1200, 1280])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_browser_shows_it_without_overflow_and_axe_finds_nothing(
    some: Shop, tmp_path: Path, language: Language, width: int
) -> None:
    report = gather(some.store, "shop", some.merchant.settings, some.clock.now())
    (path,) = write.write(some.store, report, language, "html", tmp_path / "report.html")
    told = seen(path.read_text("utf-8"), width, tmp_path)
    assert told["width"] == width
    assert told["axe"] == []
    assert told["scroll"] <= width, told["wide"]
