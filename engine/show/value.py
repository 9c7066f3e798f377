"""Shows why a field of a document has its value: the rule, what went into it, and from where.

Reads what ``engine.workbench.explained`` found, gives a page and plain data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ..errors import Place
from ..personal import known_as
from ..workbench.explained import Explained, Found, shape
from ..workbench.kept import AS_IT_WAS
from ..workbench.near import NearRow, TableRow
from ..workbench.origins import Origin
from ..workbench.seen import UNSEEN
from ..workbench.values import Value
from .history import rules_text, state_text
from .page import Page, Text, blank, count, heading, listed, mapping_name, moment

MOST_STANDS = 3  # places in answers
MOST_NEAR = 3  # rows that nearly held
LONGEST = 200  # of an expression
DEFAULT = "merchant.schema.json"


def page(found: Found, *, whole: bool = False) -> Page:
    """The explanation. ``whole`` cuts nothing short."""
    parts: Page = []
    for i, one in enumerate(found.values):
        parts += [*([blank()] if i else []), *_explained(one, whole=whole)]
    if found.further:
        left = count(found.further, "further value")
        parts += [blank(), Text(f"{left}: ask for one by its path, as InvoiceRows[0].Price.")]
    return parts


def _explained(one: Explained, *, whole: bool) -> Page:
    decided = one.decided
    name = mapping_name(decided.mapping)
    number = f" {decided.number}" if decided.number else ""
    of = f"{name[:1].upper()}{name[1:]}{number} of {known_as(decided.source)}"
    if one.value is None or decided.document is None:
        told = state_text(decided.state, decided.reason)
        none: Page = [
            heading(f"{of} has no {one.field}"),
            Text(f"No document was made: {told}", 2, hang=2),
        ]
        if one.value is not None:
            none += _value(one.value, 1, whole=whole, first=True, begins="it is made where ")
        return none
    value = one.value
    fields = listed([one.field, *one.alike])
    if value.kind == "condition":
        parts: Page = [heading(f"{of}: {fields} was left out")]
    else:
        verb = "are" if one.alike else "is"
        parts = [heading(f"{of}: {fields} {verb} {shown(value.value)}")]
    if decided.sent_at:
        parts.append(_labelled("sent", moment(decided.sent_at)))
    elif decided.state != "planned":
        parts.append(_labelled("state", state_text(decided.state, decided.reason)))
    else:
        parts.append(_labelled("state", "to be posted, nothing was sent yet"))
    if decided.rules or decided.sent_at:
        parts.append(_labelled("under", rules_text(_rules(one))))
    if one.now is not UNSEEN:
        parts.append(_labelled("now", f"the rules of now would give {shown(one.now)}"))
    if one.refused:
        told = "with this field the document was refused, so it was sent again without"
        parts.append(_labelled("refused", told))
    elif one.anew is not UNSEEN:
        told = (
            f"what was sent is {shown(one.sent)}, and worked out anew it is {shown(one.anew)}: the "
            "settings have changed since, or what it was read from"
        )
        parts.append(_labelled("differs", told))
    if one.doubt:
        parts.append(_labelled("doubt", one.doubt))
    return [*parts, *_value(value, 1, whole=whole, first=True)]


def _rules(one: Explained) -> dict[str, Any] | None:
    if one.decided.rules is None:
        return None
    return {**asdict(one.decided.rules), "changed": list(one.changed)}


def _labelled(label: str, text: str) -> Text:
    return Text(f"{label:<9} {text}", indent=2, hang=10)


def _value(value: Value, depth: int, *, whole: bool, first: bool = False, begins: str = "") -> Page:
    """A value and what went into it, each further in than what it is of."""
    indent = 2 * depth
    alias = ""
    if value.kind == "input" and len(value.inputs) == 1:
        (only,) = value.inputs
        if only.name == value.expression and only.kind != "table":  # told once, under both names
            alias, value = f"{value.name} = ", only
    parts: Page = []
    if first:
        word = "it is left out unless " if value.kind == "condition" else "rule  "
        text = (begins or word) + _rule(value, whole=whole)
        parts.append(Text(text, indent=indent, hang=6))
    elif value.table is None:
        parts.append(Text(alias + _line(value, whole=whole), indent=indent, hang=4))
    if value.change is not None and not value.again:
        parts.append(Text(_overlay(value), indent=indent + 2, hang=2))
    if value.table is not None:
        parts += _table(value.table, indent, whole=whole)
    if not value.again:
        again = [one for one in value.inputs if one.again]
        like: dict[str, str] = {}
        for one in value.inputs:
            first_of = like.setdefault(repr(shape(one)), one.name)
            if value.kind == "rows" and first_of != one.name and not whole:
                told = f"{one.name} is {shown(one.value)}, by the same rules as {first_of}"
                parts.append(Text(told, indent=indent + 2))
            elif not one.again:
                parts += _value(one, depth + 1, whole=whole)
        if again:
            told = ", ".join(f"{one.name} {shown(one.value)}" for one in again)
            parts.append(Text(f"and, as told above, {told}", indent=indent + 2, hang=2))
    return parts


def _line(value: Value, *, whole: bool) -> str:
    told = f"{value.name} is {shown(value.value)}"
    if value.kind == "loser":
        return f"not {value.name}: {value.what}"
    if value.kind in ("rows", "match") and isinstance(value.value, list | dict):
        told = value.name
    if value.expression:
        return f"{told}: {_rule(value, whole=whole)}"
    where = f" ({_place(value.place)})" if value.place else ""
    if value.origin is not None and value.value is None and not value.origin.stands:
        return told
    if value.origin is not None:
        return f"{told}{_origin(value.origin, whole=whole)}"
    what = f", {value.what}" if value.what else ""
    kind = {"setting": ", a setting", "books": ", by Fortnox's registers"}.get(value.kind, "")
    return f"{told}{kind}{what}{where}"


def _origin(origin: Origin, *, whole: bool) -> str:
    """Where it stands: in which answer, under which path."""
    if not origin.stands:
        return f", {origin.said}" if origin.said else ", and no answer says so by itself"
    most = len(origin.stands) if whole else MOST_STANDS
    first = origin.stands[0]
    answers = list(dict.fromkeys(one.answer for one in origin.stands[:most]))
    paths = [one.path for one in origin.stands[:most]]
    left = len(origin.stands) - len(paths)
    told = ", ".join(paths) + (f" and {left} more" if left > 0 else "")
    named = f"answer {listed(map(str, answers))}"
    said = f", {origin.said}" if origin.said else ""
    return f"{said}: {first.system}, {named}, {told}"


def _rule(value: Value, *, whole: bool) -> str:
    text = value.expression
    if not whole and len(text) > LONGEST:
        text = f"{text[:LONGEST]}…"
    return f"{text} ({_place(value.place)})" if value.place else text


def _place(place: Place | None) -> str:
    if place is None:
        return ""
    if place.path.endswith(DEFAULT):
        return "the default"
    near = place.near()
    return f"{near.replace(AS_IT_WAS, '')}, as it was" if AS_IT_WAS in near else near


def _overlay(value: Value) -> str:
    change = value.change
    assert change is not None  # noqa: S101 — told apart by the caller
    where = f" ({change.before_place.near()})" if change.before_place else ""
    before = "" if change.before is None else f"; the set says {_plain(change.before)}{where}"
    because = f", because {change.because}" if change.because else ""
    return f"the overlay {change.operation} {change.path or 'the file'}{because}{before}"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(one)}" for name, one in value.items())
    if isinstance(value, list):
        return "; ".join(_plain(one) for one in value)
    return " ".join(str(value).split()) if isinstance(value, str) else shown(value)


def _table(table: TableRow, indent: int, *, whole: bool) -> Page:
    gives = _pairs(table.outputs)
    where = f" ({_place(table.place)})" if table.place else ""
    if table.row == "otherwise":
        text = f"table {table.table}: no row holds, so otherwise{where}: {gives}"
    else:
        wants = ", ".join(f"{name} {_wanted(one)}" for name, one in table.conditions.items())
        text = f"table {table.table}, row {table.row}{where}: {wants or 'whatever comes'} → {gives}"
    parts: Page = [Text(text, indent=indent, hang=2)]
    near = table.near if whole else table.near[:MOST_NEAR]
    parts += [Text(_near(table, one), indent=indent + 2, hang=2) for one in near]
    left = len(table.near) - len(near)
    if left:
        parts.append(Text(f"and {count(left, 'further row')} nearly held", indent=indent + 2))
    return parts


def _near(table: TableRow, near: NearRow) -> str:
    return (
        f"row {near.row} ({_place(near.place)}) nearly held: it wants {near.missed} "
        f"{_wanted(near.wants)}, and it is {shown(table.inputs[near.missed])}; it gives "
        f"{_pairs(near.outputs)}"
    )


def _wanted(condition: Any) -> str:
    if isinstance(condition, list):
        return listed([shown(one) for one in condition], "or")
    if isinstance(condition, dict):
        if "prefix" in condition:
            return f"beginning with {condition['prefix']}"
        ends = (("min", "from"), ("max", "up to"))
        return " ".join(f"{word} {shown(condition[key])}" for key, word in ends if key in condition)
    return shown(condition)


def _pairs(values: Mapping[str, Any]) -> str:
    told = [f"{name} {shown(one)}" for name, one in values.items() if one is not None]
    return ", ".join(told) or "nothing"


def shown(value: Any) -> str:
    """A value in a sentence: an amount with its decimals, yes, nothing, a row's fields."""
    if value is UNSEEN:
        return "nothing"
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return _pairs({name: one for name, one in value.items()
                       if not isinstance(one, list | dict)})  # fmt: skip
    if isinstance(value, list | tuple):
        if any(isinstance(one, Mapping) for one in value):
            return count(len(value), "row")
        return listed([shown(one) for one in value]) or "nothing"
    return str(value)


# -- data ----------------------------------------------------------------------------------------


def data(found: Found) -> dict[str, Any]:
    """The same for machines."""
    return {
        "ref": found.ref,
        "asked": found.asked,
        "further": found.further,
        "values": [_data(one) for one in found.values],
    }


def _data(one: Explained) -> dict[str, Any]:
    decided = one.decided
    return {
        "mapping": decided.mapping, "source": decided.source, "number": decided.number,
        "called": target_name(decided), "state": decided.state, "reason": decided.reason,
        "field": one.field, "alike": list(one.alike),
        "sent": one.sent, "sent_at": decided.sent_at, "differs": one.anew is not UNSEEN,
        "refused": one.refused,
        "rules": _rules(one), "doubt": one.doubt,
        **({} if one.now is UNSEEN else {"now": one.now}),
        **({} if one.anew is UNSEEN else {"anew": one.anew}),
        "value": value_data(one.value) if one.value else None,
    }  # fmt: skip


def target_name(decided: Any) -> str:
    """A document's kind in the words of reports."""
    return mapping_name(decided.mapping)


def value_data(value: Value) -> dict[str, Any]:
    """A value with all that went into it, as plain data."""
    found: dict[str, Any] = {"name": value.name, "kind": value.kind}
    if value.value is not UNSEEN and not _is_of_rows(value.value):
        found["value"] = value.value
    if value.expression:
        found["expression"] = value.expression
    if value.place:
        found |= {"file": value.place.path, "line": value.place.line}
        if value.place.via:
            found["used_in"] = value.place.via.near()
    if value.what:
        found["what"] = value.what
    if value.origin is not None:
        if value.origin.said:
            found["what"] = value.origin.said
        found["raw"] = [{"answer": one.answer, "system": one.system, "path": one.path}
                        for one in value.origin.stands]  # fmt: skip
    if value.change:
        found["overlay"] = {
            "operation": value.change.operation, "path": value.change.path,
            "before": value.change.before, "because": value.change.because,
        }  # fmt: skip
    if value.table:
        found["table"] = {
            "table": value.table.table, "row": value.table.row,
            "place": _place(value.table.place), "inputs": dict(value.table.inputs),
            "outputs": dict(value.table.outputs),
            "near": [
                {"row": one.row, "place": _place(one.place), "missed": one.missed,
                 "wants": one.wants, "outputs": dict(one.outputs)}
                for one in value.table.near
            ],
        }  # fmt: skip
    if value.again:
        found["again"] = True
    if value.inputs:
        found["inputs"] = [value_data(one) for one in value.inputs]
    return found


def _is_of_rows(value: Any) -> bool:
    """Rows are told by what was taken of them."""
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(one, dict) for one in value)
    )
