"""Shows what a change alters for many merchants: one summary, those with differences first.

Reads what each merchant's comparison told as data, Markdown and HTML; gives a page, a comment, a
page of HTML, and data.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .difference import STYLE, body_of, plain, posted_already, rule_lines
from .page import Cell, Column, Page, Table, Text, blank, count, heading

# What a comment may hold on GitHub, less a little; merchants beyond are told by their line alone.
LONGEST_COMMENT = 60_000
NOTHING_STORED = "NothingYetError"
DIFFERS, SAME, LATER = 3, 0, 75


@dataclass(frozen=True, slots=True)
class Compared:
    """What became of one merchant. ``told`` is its data, or has its ``error``; ``markdown`` and
    ``html`` are its own comment and page, empty where it failed."""

    name: str
    code: int
    seconds: float
    told: Mapping[str, Any]
    markdown: str = ""
    html: str = ""

    @property
    def error(self) -> Mapping[str, Any]:
        """What went wrong, where something did."""
        error: Mapping[str, Any] = self.told.get("error") or {}
        return error

    @property
    def has_nothing(self) -> bool:
        """Whether nothing was ever stored of it: then nothing can differ."""
        return self.error.get("kind") == NOTHING_STORED

    @property
    def exit_code(self) -> int:
        """Its part in the exit code of all."""
        return SAME if self.has_nothing else self.code

    @property
    def differing(self) -> int:
        """How many of its documents differ."""
        return int(self.told.get("differing", 0))

    @property
    def result(self) -> Cell:
        """In a word."""
        if self.has_nothing:
            return "nothing stored"
        if self.error:
            return ("later", "yellow") if self.code == LATER else ("failed", "red")
        return ("differs", "yellow") if self.differing else ("same", "green")


def ordered(compared: Iterable[Compared]) -> list[Compared]:
    """Those with differences first, of most first; then what failed; then the rest, by name."""
    return sorted(compared, key=lambda one: (-one.differing, not one.error or one.has_nothing,
                                             one.name))  # fmt: skip


def page(before: str, after: str, compared: Sequence[Compared]) -> Page:
    """The summary, for a terminal."""
    found = ordered(compared)
    parts: Page = [heading(_title(before, after)), Text(sentence(found))]
    parts += [Text(one, style="yellow") for one in _of_posted(found)]
    parts += [blank(), Table(COLUMNS, [_row(one) for one in found])]
    for change, merchants, documents in _rules(found):
        parts += [blank(), *rule_lines(change)]
        parts.append(Text(_reach(merchants, documents), indent=2))
    return parts


COLUMNS = (
    Column("Merchant"), Column("Result"), Column("Documents", right=True),
    Column("Differ", right=True), Column("Posted", right=True), Column("Why"),
)  # fmt: skip


def _title(before: str, after: str) -> str:
    return f"All merchants: {before} → {after}"


def sentence(compared: Sequence[Compared]) -> str:
    """How many differ, in a sentence."""
    differing = [one for one in compared if one.differing]
    without = [one for one in compared if one.error and not one.has_nothing]
    later = sum(one.code == LATER for one in without)
    told = [f"{count(len(compared), 'merchant')}: {len(differing) or 'none'} with differences"]
    if differing:
        told.append(f"{count(sum(one.differing for one in differing), 'document')} in all")
    if failed := len(without) - later:
        told.append(f"{failed} failed")
    if later:
        told.append(f"{later} to be tried again later")
    if nothing := sum(one.has_nothing for one in compared):
        told.append(f"nothing is stored of {nothing}")
    return f"{', '.join(told)}."


def _of_posted(compared: Sequence[Compared]) -> list[str]:
    """How many are posted already, where any is."""
    number = sum(map(_posted, compared))
    return [posted_already(number)] if number else []


def _posted(one: Compared) -> int:
    return int(one.told.get("posted", 0))


def _row(one: Compared) -> list[Cell]:
    if one.error:
        why = "" if one.has_nothing else str(one.error.get("message", "")).partition("\n")[0]
        return [one.name, one.result, "", "", "", why]
    names = [_name(change) for rule in one.told["rules"] for change in rule["changes"]]
    why = ", ".join(dict.fromkeys(names))
    return [one.name, one.result, str(one.told["documents"]), str(one.differing),
            str(_posted(one)), why]  # fmt: skip


def _name(change: Mapping[str, Any]) -> str:
    return f"{change['what']}, {change['where']}" if change["where"] else str(change["what"])


def _rules(compared: Sequence[Compared]) -> list[tuple[Mapping[str, Any], int, int]]:
    """Each rule that alters anything, how many merchants and documents it alters, most first. What
    stands in the merchants' own files is one rule where it reads alike."""
    found: dict[tuple[Any, ...], tuple[Mapping[str, Any], set[str], int]] = {}
    for one in compared:
        for rule in one.told.get("rules", ()):
            for change in rule["changes"]:
                key = change["what"], change["where"], change["before"], change["after"]
                _, names, number = found.get(key, (change, set(), 0))
                names = {*names, one.name}
                found[key] = (found.get(key, (change,))[0], names, number + len(rule["sources"]))
    rules = [(change, len(names), number) for change, names, number in found.values()]
    return sorted(rules, key=lambda rule: (-rule[2], _name(rule[0])))


def _reach(merchants: int, documents: int) -> str:
    return f"{count(documents, 'document')} of {count(merchants, 'merchant')}"


def data(before: str, after: str, code: int, compared: Sequence[Compared]) -> dict[str, Any]:
    """The same for a program, in the order in which it is shown."""
    found = ordered(compared)
    return {
        "from": before, "to": after, "exit_code": code,
        "merchants": {
            one.name: {"exit_code": one.code, "seconds": round(one.seconds, 1), "result": one.told}
            for one in found
        },
        "rules": [{"change": change, "merchants": merchants, "documents": documents}
                  for change, merchants, documents in _rules(found)],
    }  # fmt: skip


# Markdown and HTML --------------------------------------------------------------------------------
def markdown(before: str, after: str, compared: Sequence[Compared]) -> str:
    """For a comment on a change: the summary, then each merchant that differs, as far as fits."""
    found = ordered(compared)
    told = [one for one in found if one.differing or (one.error and not one.has_nothing)]
    lines = [f"### {plain(_title(before, after))}", "", plain(sentence(found)), ""]
    lines += [f"**{plain(one)}**\n" for one in _of_posted(found)]
    if told:
        lines += ["| Merchant | Result | Documents | Differ | Posted | Why |",
                  "| --- | --- | ---: | ---: | ---: | --- |"]  # fmt: skip
    text = "\n".join([*lines, *_fitting(_table_lines(told), LONGEST_COMMENT // 2)])
    parts = [text, *_rule_parts(found)]
    left = LONGEST_COMMENT - sum(map(len, parts))
    parts += _fitting(_sections(told), left)
    return "\n\n".join(parts).rstrip() + "\n"


def _table_lines(told: Sequence[Compared]) -> Iterator[str]:
    for one in told:
        cells = [cell if isinstance(cell, str) else cell[0] for cell in _row(one)]
        yield f"| {' | '.join(map(plain, cells))} |"


def _rule_parts(found: Sequence[Compared]) -> Iterator[str]:
    for change, merchants, documents in _rules(found)[:MOST_RULES]:
        head, *rest = [one.text for one in rule_lines(change)]
        lines = [f"**{plain(head)}**  ", *(f"- {plain(one)}" for one in rest)]
        yield "\n".join([*lines, f"- {plain(_reach(merchants, documents))}"])


MOST_RULES = 20  # in a comment


def _sections(told: Sequence[Compared]) -> Iterator[str]:
    for one in told:
        if one.markdown:
            summary = html.escape(f"{one.name}: {count(one.differing, 'document')}")
            yield f"<details><summary>{summary}</summary>\n\n{one.markdown}\n</details>"


def _fitting(parts: Iterable[str], room: int) -> list[str]:
    """As many parts as fit, and how many did not."""
    every, kept, used = list(parts), list[str](), 0
    for part in every:
        used += len(part) + 2
        if used > room:
            return [*kept, f"… and {len(every) - len(kept)} more, which the page and JSON have."]
        kept.append(part)
    return kept


def html_page(before: str, after: str, compared: Sequence[Compared]) -> str:
    """A page that needs nothing beside it; each merchant that differs is opened by a click."""
    found, title = ordered(compared), html.escape(_title(before, after))
    titles = "".join(f"<th>{one.title}</th>" for one in COLUMNS)
    body = [f"<h1>{title}</h1>", f"<p>{html.escape(sentence(found))}</p>"]
    body += [f'<p class="posted">{html.escape(one)}</p>' for one in _of_posted(found)]
    body.append(f"<table><tr>{titles}</tr>")
    for one in found:
        cells = [cell if isinstance(cell, str) else cell[0] for cell in _row(one)]
        body.append(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>")
    body.append("</table>")
    for change, merchants, documents in _rules(found):
        head, *rest = [one.text for one in rule_lines(change)]
        body.append(f"<h2>{html.escape(head)}</h2>")
        told = [*rest, _reach(merchants, documents)]
        body += [f"<p>{html.escape(line)}</p>" for line in told]
    body += [
        f"<details><summary>{html.escape(one.name)}</summary>{body_of(one.html)}</details>"
        for one in found if one.differing and one.html
    ]  # fmt: skip
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{title}</title><style>{STYLE}{SUMMARY}</style></head><body>"
        f"{''.join(body)}</body></html>\n"
    )


# The last column is a text here, and stands to the right in a merchant's own tables.
SUMMARY = """
body>table td:last-child{text-align:left}details{margin:1rem 0}summary{font-weight:bold}"""
