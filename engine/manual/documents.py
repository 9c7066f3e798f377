"""Writes the README of a mapping set: for each flow its documents in the order of their life.

Reads the set's files, the merchant schema and the schemas of documents; ``python -m
engine.manual.pages`` writes mappings/qliro-fortnox/README.md. What a file says of itself is its
first comment; accounts are named by the settings and tables that they come from, conditions by the
sentences that people read when they do not hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..doctor.lint import whole_set
from ..language.compile import in_order_of_needs
from ..language.load import targets
from ..language.spec import MappingSet, MappingSpec
from ..merchant.mapping_sets import DEFAULT, folder_of
from ..merchant.settings import merchant_schema

_HEAD = """\
# The mapping set qliro-fortnox

<!-- Written by `python -m engine.manual.pages` from the files of this folder. -->

What becomes of Qliro's orders, captures, refunds and payouts in Fortnox, flow by flow, each
document in the order of its life. The folders are the flows; `entities/` says how rows are read,
`tables/` what is decided by table, `shared/` what several files have in common. Settings are
explained in docs/settings.md, the language in docs/language.md. Accounts in the examples are those
of the example merchant.
"""
FLOWS = {
    "orders": "What is bought becomes an order.",
    "invoices": "What is captured becomes an invoice.",
    "order_status": "What happens to orders in Fortnox is told to Qliro.",
    "refunds": "What is given back becomes a credit invoice.",
    "payouts": "What is paid out is booked, and transferred to the bank.",
}
ACCOUNTS = ("Account", "AccountNumber", "ModeOfPaymentAccount", "SalesAccount")
STATES = {"park": "left to a person", "wait": "waits", "done": "nothing to book"}
_SETTING = re.compile(r"\bsettings\.(accounts\.\w+)")
_NAME = re.compile(r"(?<![\w.)'])([a-z]\w*)(?:\.(\w+))?(?![\w(=.])")
_CONDITION = re.compile(r"\bif\b.*?\belse\b", re.DOTALL)
_TABLE = re.compile(r"\btables\.(\w+)\(")
_HOLE = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)
SAID = 12  # letters that are more than the name of a column
_OF_LINES = re.compile(r"values\('(no_\w+)'\) \| max")
_QUOTED = re.compile(r"'([^']*)'")
LONG = 40  # characters of an expression that stands in a sentence


def page() -> str:
    """The text of the README."""
    mapping_set = whole_set(folder_of(DEFAULT, Path()), None)
    called = {name: schema["x-target"]["called"] for name, schema in targets().items()}
    ordered = [spec for _, spec in in_order_of_needs(mapping_set.mappings)]
    parts = [_HEAD]
    for flow, says in FLOWS.items():
        parts.append(f"## {flow}\n\n{says}\n")
        parts += [
            _document(mapping_set, spec, called)
            for spec in ordered
            if next(one for one in FLOWS if one in spec.flows) == flow
        ]
    return "\n".join([*parts, _shared(ordered), _tables(mapping_set)])


def _document(mapping_set: MappingSet, spec: MappingSpec, called: Mapping[str, str]) -> str:
    value = spec.source.value
    then = [one if isinstance(one, str) else one["do"] for one in value.get("then", ())]
    system, _, _ = spec.target.partition(".")
    made = f"*{_words(spec.alias)} → {called[spec.target]} ({system.capitalize()})*"
    if then:
        made += f"; then {', '.join(_words(one) for one in then)}"
    if spec.needs:
        made += f"; after {', '.join(_words(one) for one in spec.needs)}"
    lines = [f"### {_words(spec.name)}", "", opening(spec), "", f"{made}.", ""]
    if rows := list(dict.fromkeys(_accounts(mapping_set, spec))):
        lines += ["| account | of | when |", "| --- | --- | --- |"]
        cells = ([cell.replace("|", "\\|") for cell in row] for row in rows)
        lines += [f"| {' | '.join(row)} |" for row in cells] + [""]
    if said := list(_conditions(spec)):
        lines += ["Not made when:", "", *said, ""]
    return "\n".join(lines)


def opening(spec: MappingSpec) -> str:
    """What the file says of itself: its first comment, as one text."""
    place = Path(spec.source.place(("mapping",)).path)
    found: list[str] = []
    for line in place.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            break
        if "$schema" not in line:
            found.append(line.lstrip("# ").rstrip())
    return " ".join(found)


def _accounts(mapping_set: MappingSet, spec: MappingSpec) -> Iterator[tuple[str, str, str]]:
    for field, value in spec.source.value.get("document", {}).items():
        if field in ACCOUNTS:
            yield _account(mapping_set, spec, value), field, ""
        for row in value if isinstance(value, list) else ():
            for key in ACCOUNTS:
                if key in row:
                    when = f"`{row['when']}`" if "when" in row else ""
                    account = row["group"] if row[key] == "{{ group }}" else row[key]
                    named = _account(mapping_set, spec, account)
                    yield named, f"{field}: {_words(row['id'])}", when


def _account(mapping_set: MappingSet, spec: MappingSpec, value: Any) -> str:
    """Where an account comes from, in words: the settings and tables that its value names."""
    text = str(value.get("value") if isinstance(value, dict) else value)
    name = text.strip("{} ")
    lets = {key: one for key, one in spec.source.value.get("let", {}).items()
            if isinstance(one, str)}  # fmt: skip
    columns: dict[str, str] = {}
    for entity in mapping_set.entities.values():
        columns |= {**entity.source.value.get("let", {}), **entity.source.value.get("derive", {})}
    said = _followed(lets.get(name, text), columns)
    named = [f"by the table `{one}`" for one in dict.fromkeys(_TABLE.findall(said))]
    named += [f"`{one}` ({_describes(one)})" for one in dict.fromkeys(_SETTING.findall(said))]
    return "; ".join(named) or f"`{name}`"


def _followed(text: str, columns: Mapping[str, str], deep: int = 2) -> str:
    """An expression's values, without its conditions, and those of the columns that they name."""
    values = _CONDITION.sub(" ", text)
    found = [values]
    for row, column in _NAME.findall(values) if deep else ():
        name = column if column and row not in columns else row
        if name in columns:
            found.append(_followed(columns[name], columns, deep - 1))
    return " ".join(found)


def _describes(setting: str) -> str:
    group, _, name = setting.partition(".")
    told: str = merchant_schema()["properties"][group]["properties"][name]["description"]
    return told.partition(".")[0]


def _conditions(spec: MappingSpec) -> Iterator[str]:
    """What stops it; what several are stopped by is told once, below."""
    shared: dict[str, list[str]] = {}
    for i, check in enumerate(spec.source.value.get("checks", ())):
        part = _part_of(spec, i)
        if part:
            shared.setdefault(part, []).append(_words(check["id"]))
        else:
            yield _condition(spec, check)
    for part, ids in shared.items():
        yield f"- {', '.join(ids)}: [{_words(part)}](#{part.replace('_', '-')})"


def _condition(spec: MappingSpec, check: Mapping[str, Any]) -> str:
    state = STATES[check.get("or", "park")]
    said = sentence(check["because"], spec.source.value.get("let", {}))
    return f"- **{_words(check['id'])}** ({state}): {said}"


def _part_of(spec: MappingSpec, i: int) -> str:
    given = spec.source.given(("checks", i))
    return given.part if given else ""


def _shared(specs: Iterable[MappingSpec]) -> str:
    """The conditions of the parts, each once."""
    found: dict[str, dict[str, str]] = {}
    for spec in specs:
        for i, check in enumerate(spec.source.value.get("checks", ())):
            if part := _part_of(spec, i):
                found.setdefault(part, {}).setdefault(check["id"], _condition(spec, check))
    lines = ["## What several documents are stopped by", ""]
    for part, said in sorted(found.items()):
        lines += [f"### {_words(part)}", "", *said.values(), ""]
    return "\n".join(lines)


def sentence(because: str, lets: Mapping[str, Any]) -> str:
    """A sentence with what it fills in shown as the value that it names, or as what it may be."""

    def filled(hole: re.Match[str]) -> str:
        if column := _OF_LINES.search(hole[1]):
            return f"what `{column[1]}` says of a line"
        if len(hole[1]) <= LONG:
            return f"`{hole[1]}`"
        named = [lets[one] for one in re.findall(r"\w+", hole[1]) if isinstance(lets.get(one), str)]
        texts = [sentence(one, {}) for one in named if not one.startswith("{{")]
        said = [text for text in _QUOTED.findall(hole[1]) if len(text) >= SAID]
        return ", or ".join(said or texts) or "…"

    return _HOLE.sub(filled, " ".join(because.split()))


def _words(name: str) -> str:
    return name.replace("_", " ").replace("-", " ")


def _tables(mapping_set: MappingSet) -> str:
    lines = ["## Tables", "", "| table | asked by | gives | rows |", "| --- | --- | --- | --- |"]
    for name, table in sorted(mapping_set.tables.items()):
        rows = f"`{table.rows_from}` of the merchant" if table.rows_from else str(len(table.rows))
        asked, gives = ", ".join(table.inputs), ", ".join(table.outputs)
        lines.append(f"| {_words(name)} | {asked} | {gives} | {rows} |")
    return "\n".join([*lines, ""])
