"""Shows what a change alters, by the rule behind it: text, Markdown, a page of HTML, data.

Reads a report of ``engine.workbench.diff``; gives pages and texts.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from .. import json_text
from ..personal import called
from ..workbench.diff.changes import LONGEST, Change, spot
from ..workbench.diff.compare import KINDS
from ..workbench.diff.report import Group, Report, Shown, states
from .output import from_here
from .page import Column, Page, Table, Text, amount, blank, count, heading

TOLD = {
    "document": "come out otherwise",
    "made": "would be made and were not",
    "not made": "would not be made any more",
    "outcome": "of which something else becomes",
    "reason": "with another reason",
    "match": "matched with something else",
}
NOTHING_REVERSED = "Nothing is reversed: what stands in Fortnox stays until a person corrects it."
NO_RULE = "No rule of their own: they follow from what becomes of others"
NO_RULE_NOW = "No rule reads otherwise: settings were others then, or they follow from others"
Bucket = tuple[str, str, str, str]


def page(report: Report) -> Page:
    """All of it, for a terminal."""
    parts: Page = [heading(_title(report)), Text(sentence(report))]
    if report.posted:
        parts.append(Text(posted_already(report.posted), style="yellow"))
    parts += [Text(one, style="red") for one in report.problems]
    for group in report.ordered:
        parts += [blank(), *_group(group, report)]
    if report.accounts:
        parts += [blank(), heading("Change by account, cost centre and month"), _accounts(report)]
    if report.outcomes:
        parts += [blank(), heading("What becomes otherwise")]
        parts += [Text(one, indent=2) for one in _outcomes(report)]
    return parts


def _title(report: Report) -> str:
    return f"{report.merchant}: {report.before} → {report.after}"


def sentence(report: Report) -> str:
    """How much differs, in a sentence."""
    if not report.changes and not report.live:
        return "Both decide by the same rules, rows and settings: nothing can differ."
    number = len(report.changes)
    rules = count(number, "rule reads", "rules read") if number else "No rule reads"
    against = "what was posted" if report.live else "each other"
    of = f"{rules} otherwise; {count(report.documents, 'document')} held against {against}"
    if not report.differing:
        return f"{of}: none differs."
    told = [f"{report.kinds[kind]} {TOLD[kind]}" for kind in KINDS if report.kinds[kind]]
    return f"{of}: {', '.join(told)}."


def posted_already(number: int) -> str:
    """How many are posted already, and that nothing is done about it."""
    ones = "1 of them is posted" if number == 1 else f"{number} of them are posted"
    return f"{ones} already. {NOTHING_REVERSED}"


def _group(group: Group, report: Report) -> Iterator[Text]:
    kinds = [f"{group.kinds[kind]} {TOLD[kind]}" for kind in KINDS if group.kinds[kind]]
    if not group.changes:
        yield heading(NO_RULE_NOW if report.live else NO_RULE)
    elif len(group.changes) > 1:
        yield heading("One of these rules, or several together")
    for one in group.changes:
        yield from _change(one, bold=len(group.changes) == 1)
    posted = f", {group.posted} of them posted" if group.posted else ""
    yield Text(f"{', '.join(kinds)}{posted}", indent=2)
    if group.fields:
        told = [f"{name} ({number})" for name, number in group.fields.most_common()]
        yield Text(f"fields: {', '.join(told)}", indent=2)
    shown = list(group.examples)
    if group.largest is not None and group.largest.amount:
        yield Text(f"largest: {_named(group.largest)}, {amount(group.largest.amount)}", indent=2)
        if group.largest not in shown:
            shown.append(group.largest)
    for example in shown:
        yield from _example(example)


def _change(one: Change, *, bold: bool) -> Iterator[Text]:
    return rule_lines(_change_data(one), bold=bold)


def rule_lines(change: Mapping[str, Any], *, bold: bool = True) -> Iterator[Text]:
    """A rule by its data: what and where it is, how it read and how it reads."""
    name = f"{change['what']}, {change['where']}" if change["where"] else change["what"]
    where = change["place"] or change["before_place"]
    yield Text(f"{name}  ({from_here(where)})", style="bold" if bold else "")
    yield Text(f"old  {_cut(change['before'] or 'not there')}", indent=2)
    yield Text(f"new  {_cut(change['after'] or 'not there')}", indent=2)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _named(one: Shown) -> str:
    posted = f", posted as {one.posted}" if one.posted else ""
    return f"{called(one.difference.mapping, one.difference.source)}{posted}"


def _example(one: Shown) -> Iterator[Text]:
    yield Text(_named(one), indent=2)
    for field in one.fields:
        yield Text(f"{field.path}: {value(field.before)} → {value(field.after)}", indent=4)
    if not one.fields:
        before, after = one.difference.before, one.difference.after
        yield Text(f"{states(before)} → {states(after)}", indent=4)
        for side, when in ((before, "before"), (after, "after")):
            if side is not None and side.document is None:
                yield Text(f"{when}: {side.reason}", indent=4)


def value(one: Any) -> str:
    """A value of a document, for people."""
    if one is None:
        return "nothing"
    return str(one) if isinstance(one, str | int | Decimal) else json_text.encode(one)


def _accounts(report: Report) -> Table:
    columns = [Column("Account"), Column("Cost centre"), Column("Month"), Column("Currency"),
               Column("Change", right=True)]  # fmt: skip
    rows = [[*_bucket(key), amount(of)] for key, of in sorted(report.accounts.items())]
    return Table(columns, rows, indent=2)


def _bucket(key: Bucket) -> list[str]:
    account, centre, month, currency = key
    return [account or "the article's", centre or "–", month or "–", currency or "the books'"]


def _outcomes(report: Report) -> list[str]:
    return [f"{was or 'nothing'} → {becomes or 'nothing'}: {number}"
            for (was, becomes), number in report.outcomes.most_common()]  # fmt: skip


# Data -------------------------------------------------------------------------------------------
def data(report: Report) -> dict[str, Any]:
    """The same for a program; ``sources`` has every document that a rule alters."""
    return {
        "merchant": report.merchant, "from": report.before, "to": report.after,
        "changes": [_change_data(one) for one in report.changes],
        "documents": report.documents, "differing": report.differing, "posted": report.posted,
        "kinds": dict(report.kinds),
        "outcomes": [{"from": was or None, "to": becomes or None, "count": number}
                     for (was, becomes), number in report.outcomes.items()],
        "accounts": [
            {"account": key[0], "cost_center": key[1], "month": key[2], "currency": key[3],
             "change": of} for key, of in sorted(report.accounts.items())
        ],
        "rules": [_group_data(one) for one in report.ordered],
        "problems": report.problems,
    }  # fmt: skip


def _change_data(one: Change) -> Mapping[str, Any]:
    return {
        "what": one.what, "where": one.where, "before": one.before or None,
        "after": one.after or None, "before_place": spot(one.before_place) or None,
        "place": spot(one.place) or None,
    }  # fmt: skip


def _group_data(one: Group) -> Mapping[str, Any]:
    return {
        "changes": [_change_data(change) for change in one.changes],
        "kinds": dict(one.kinds), "fields": dict(one.fields), "posted": one.posted,
        "largest": _shown_data(one.largest) if one.largest else None,
        "examples": [_shown_data(example) for example in one.examples],
        "sources": [list(source) for source in one.sources],
    }  # fmt: skip


def _shown_data(one: Shown) -> Mapping[str, Any]:
    before, after = one.difference.before, one.difference.after
    return {
        "mapping": one.difference.mapping, "source": one.difference.source,
        "kind": one.difference.kind, "amount": one.amount, "posted": one.posted or None,
        "fields": [{"field": f.path, "before": f.before, "after": f.after} for f in one.fields],
        "before": {"state": before.state, "reason": before.reason} if before else None,
        "after": {"state": after.state, "reason": after.reason} if after else None,
    }  # fmt: skip


# Markdown and HTML --------------------------------------------------------------------------------
def markdown(report: Report) -> str:
    """For a comment on a change."""
    lines = [f"### {plain(_title(report))}", "", plain(sentence(report))]
    if report.posted:
        lines += ["", f"**{plain(posted_already(report.posted))}**"]
    for part in (one for group in report.ordered for one in [None, *_group(group, report)]):
        if part is None:
            lines.append("")
        elif part.indent == 0:
            lines.append(f"**{plain(part.text)}**  ")
        else:
            lines.append(f"{' ' * (part.indent - 2)}- {plain(part.text)}")
    if report.accounts:
        lines += ["", "| Account | Cost centre | Month | Currency | Change |",
                  "| --- | --- | --- | --- | ---: |"]  # fmt: skip
        lines += [f"| {' | '.join(map(plain, _bucket(key)))} | {amount(of)} |"
                  for key, of in sorted(report.accounts.items())]  # fmt: skip
    lines += ["", *[f"- {one}" for one in _outcomes(report)]] if report.outcomes else []
    return "\n".join(lines) + "\n"


def plain(text: str) -> str:
    """Text that Markdown leaves as it is."""
    for sign in "\\`*_{}[]<>|#":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.3rem}h2{font-size:1rem;margin:1.5rem 0 .2rem}p{margin:.1rem 0}
table{border-collapse:collapse;margin:.5rem 0}td,th{padding:.2rem .8rem;text-align:left;
border-bottom:1px solid #ccc}td:last-child{text-align:right}.posted{color:#8a5a00}"""


def body_of(page: str) -> str:
    """What a page of ``html_page`` shows, to stand in another."""
    return page.partition("<body>")[2].rpartition("</body>")[0]


def html_page(report: Report) -> str:
    """A page that needs nothing beside it."""
    body = [f"<h1>{html.escape(_title(report))}</h1>", f"<p>{html.escape(sentence(report))}</p>"]
    if report.posted:
        body.append(f'<p class="posted">{html.escape(posted_already(report.posted))}</p>')
    for group in report.ordered:
        for part in _group(group, report):
            tag = "p" if part.indent else "h2"
            style = f' style="margin-left:{part.indent - 2}em"' if part.indent > 2 else ""
            body.append(f"<{tag}{style}>{html.escape(part.text)}</{tag}>")
    if report.accounts:
        rows = "".join(
            f"<tr>{''.join(f'<td>{html.escape(one)}</td>' for one in [*_bucket(key), amount(of)])}"
            "</tr>" for key, of in sorted(report.accounts.items())
        )  # fmt: skip
        titles = "".join(f"<th>{one.title}</th>" for one in _accounts(report).columns)
        body.append(f"<h2>Change by account</h2><table><tr>{titles}</tr>{rows}</table>")
    body += [f"<p>{html.escape(one)}</p>" for one in _outcomes(report)]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(_title(report))}</title><style>{STYLE}</style></head><body>"
        f"{''.join(body)}</body></html>\n"
    )
