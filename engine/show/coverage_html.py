"""Shows what cases reach of a mapping set as a page that needs nothing beside it.

Reads a coverage and the files that it is of; gives HTML: all files with their figures, and each
with the hits beside its lines, folded where nothing of it is missing.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path

from ..workbench.coverage.coverage import Coverage
from .coverage import by_line, columns, figures, line_hits, notes
from .page import Cell
from .tested import from_here

STYLE = """:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.3rem}table{border-collapse:collapse}td,th{padding:.1rem .8rem;text-align:right}
td:first-child,th:first-child{text-align:left}summary{cursor:pointer;margin:.6rem 0 .2rem}
.files td,.files th{border-bottom:1px solid #8885}.red{color:#c22}.yellow{color:#a60}
.dim{color:#888}
.lines{font:13px/1.45 ui-monospace,monospace}.lines td{padding:0 .6rem;white-space:pre-wrap}
.lines td:first-child{text-align:right;color:#888}.lines td:last-child{text-align:left}
.lines tr.red{background:#d222}"""


def html_page(coverage: Coverage) -> str:
    """The page."""
    title = "Coverage of rules"
    rows = [
        _row([f'<a href="#{at}">{html.escape(from_here(name))}</a>', *_cells(of, coverage)])
        for at, (name, of) in enumerate(coverage.by_file())
    ]
    rows.append(_row(["<b>all</b>", *_cells(coverage, coverage)]))
    heads = "".join(f"<th>{html.escape(one.title)}</th>" for one in columns(coverage))
    files = "".join(_file(at, *one) for at, one in enumerate(coverage.by_file()))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>"
        f'<table class="files"><tr>{heads}</tr>{"".join(rows)}</table>{files}</body></html>\n'
    )


def _cells(of: Coverage, whole: Coverage) -> list[str]:
    return [_span(one) for one in figures(of, whole)]


def _span(cell: Cell) -> str:
    text, style = (cell, "") if isinstance(cell, str) else cell
    return f'<span class="{style}">{html.escape(text)}</span>' if style else html.escape(text)


def _row(cells: list[str]) -> str:
    return f"<tr>{''.join(f'<td>{one}</td>' for one in cells)}</tr>"


def _file(at: int, name: str, of: Coverage) -> str:
    """A file with its lines, open where something of it is missing."""
    state = " open" if of.percent < 100 or of.wrong else ""
    return (
        f'<details id="{at}"{state}><summary>{html.escape(from_here(name))}</summary>'
        f'<table class="lines">{"".join(_lines(name, of))}</table></details>'
    )


def _lines(name: str, of: Coverage) -> Iterator[str]:
    points = by_line(of.all)
    for number, text in enumerate(Path(name).read_text("utf-8").splitlines(), 1):
        here = points.get(number, [])
        hits = str(line_hits(here, of.hits)) if here else ""
        said = dict.fromkeys(notes(here, of))
        style = ' class="red"' if hits == "0" and any(one == "red" for _, one in said) else ""
        told = "".join(f'<div class="{drawn}">^ {html.escape(one)}</div>' for one, drawn in said)
        yield (
            f"<tr{style}><td>{hits}</td><td>{number}</td>"
            f"<td>{html.escape(text)}{told if not style else ''}</td></tr>"
        )
