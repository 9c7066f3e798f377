"""The README's picture: figures, proofs and pictures of the report that the demo wrote.

``python -m engine.manual.picture [REPORT.html]``, or ``make picture``, which runs the demo first;
shows the page in Chromium and writes ``docs/report.png``. Without one it says so and leaves the
picture as it is.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..home import HOME

PICTURE = HOME / "docs" / "report.png"
REPORT = HOME / ".demo" / "reports" / "demo.html"
WIDTH, HEIGHT = 1200, 1440
# What is between the proofs and the pictures, and longer than a picture.
LEFT_OUT = '<style>section[aria-labelledby="decide"]{display:none}</style></head>'


def main(given: Sequence[str]) -> str:
    """Takes the picture; what became of it, in a sentence."""
    report = Path(given[0]) if given else REPORT
    if not report.exists():
        return f"{report} is not there: run `make demo` first. The picture is as it was."
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        return "There is no Chromium on this machine. The picture is as it was."
    with tempfile.TemporaryDirectory() as name:
        page, taken = Path(name) / "report.html", Path(name) / "report.png"
        shown = report.read_text("utf-8").replace("</head>", LEFT_OUT, 1)
        page.write_text(shown, "utf-8")
        subprocess.run(  # noqa: S603  our own arguments
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             f"--user-data-dir={name}/profile", f"--window-size={WIDTH},{HEIGHT}",
             f"--screenshot={taken}", page.as_uri()],
            check=True, capture_output=True, timeout=300,
        )  # fmt: skip
        _few_colours(taken)
        shutil.copyfile(taken, PICTURE)
    return f"{PICTURE.relative_to(HOME)} shows {report}."


def _few_colours(path: Path) -> None:
    """A third of its size, and nobody sees it: a page has few colours."""
    from PIL import Image  # noqa: PLC0415  of the extra [report]

    with Image.open(path) as image:
        image.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    print(main(sys.argv[1:]))
