"""The report as PDF, from the same page; what is printed of many lines is all but the lines.

Raises UsageError with what is missing where WeasyPrint, or a library of the system that it needs,
is not there.
"""

from __future__ import annotations

from pathlib import Path

from ...errors import UsageError
from .whole import in_place

REMEDY = (
    "pip install 'qliro-fortnox[report]', and on Debian or Ubuntu apt install libpango-1.0-0 "
    "libpangoft2-1.0-0 libharfbuzz-subset0. HTML works without."
)


def write(path: Path, page: str) -> Path:
    """Print a page to a file."""
    try:
        from weasyprint import HTML  # noqa: PLC0415  it loads libraries of the system
    except (ImportError, OSError) as error:
        first = str(error).splitlines()[0]
        raise UsageError(f"PDF needs what is not on this machine ({first}).", REMEDY) from None

    def fetch_nothing(url: str) -> None:
        raise ValueError(f"a report asks for no other file, and {url} is one")

    with in_place(path) as half:
        HTML(string=page, url_fetcher=fetch_nothing).write_pdf(half)
    return path
