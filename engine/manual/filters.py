"""Writes the table of filters in docs/language.md from the filters' own docstrings.

``python -m engine.manual.filters`` rewrites it; a test fails while the two differ.
"""

from __future__ import annotations

from pathlib import Path

from ..language.filters import FILTERS

MANUAL = Path("docs/language.md")
_BEGIN, _END = "<!-- filters:", "<!-- end of filters -->"


def filters() -> str:
    """The table of filters as Markdown."""
    lines = ["| filter | gives |", "| --- | --- |"]
    for name, declared in sorted(FILTERS.items()):
        least, most = declared.args
        shown = name if not most else f"{name}(…)" if least else f"{name} or {name}(…)"
        lines.append(f"| `{shown}` | {declared.doc} |")
    return "\n".join(lines)


def renewed(manual: str) -> str:
    """The manual with the present table."""
    head, rest = manual.split(_BEGIN, 1)
    mark, rest = rest.split("\n", 1)
    _old, tail = rest.split(_END, 1)
    return f"{head}{_BEGIN}{mark}\n{filters()}\n{_END}{tail}"


if __name__ == "__main__":
    MANUAL.write_text(renewed(MANUAL.read_text("utf-8")), "utf-8")
