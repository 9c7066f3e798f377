"""What is told beside a document: what it covers, how it is found again, what follows it.

Works for the writer of the document's function; each gives the source text of one value of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .catalogue import ID_COLUMNS

if TYPE_CHECKING:  # the writer calls this module
    from .document import Writer


def ids_of(writer: Writer, names: Sequence[str]) -> str:
    """The ids of the rows that the document covers or moves."""
    parts: list[str] = []
    for name in names:
        known = name in writer.spec.lets
        code = writer.emitter.let(name) if known else writer.emitter.names[name]
        if code.known and not code.value:
            continue
        row = code.type.item if code.type.kind == "list" else code.type
        column = ID_COLUMNS.get(row.name if row else "")
        if column and code.type.kind == "record":
            parts.append(f"{code.text}[{column!r}]")
        elif column:
            parts.append(f"*[row[{column!r}] for row in {code.text}]")
        else:
            parts.append(f"*ids({code.text})")
    return f"[{', '.join(parts)}]"


def identity(writer: Writer) -> str:
    """By what the document is found again, and what must agree."""
    optional = {f.name for f in writer.spec.document if f.when}
    ask = ", ".join(
        f"{key!r}: {writer.emitter.emit(e).text}" for key, e in writer.spec.identity.ask.items()
    )
    declared = writer.spec.identity
    agree = _known_fields(writer, declared.agree, optional)
    adopt = "A"
    if declared.adopt != declared.agree:
        adopt = _known_fields(writer, declared.adopt, optional)
    # Asked only where a payment of somebody else stands, and that is rendered with its trace.
    asked = declared.since if writer.emitter.traced else {}
    since = "".join(f"{key!r}: {writer.emitter.emit(e).text}, " for key, e in asked.items())
    since = f", 'since': {{{since}}}" if since else ""
    return f"{{'ask': {{{ask}}}, 'agree': (A := {agree}), 'adopt': {adopt}{since}}}"


def _known_fields(writer: Writer, names: Sequence[str], optional: set[str]) -> str:
    """Fields of the document, those that may be left out where they are there."""
    if optional.isdisjoint(names):
        return "{" + ", ".join(f"{n!r}: v_document[{n!r}]" for n in names) + "}"
    listed = writer.emitter.bind(tuple(names))
    return f"{{n: v_document[n] for n in {listed} if n in v_document}}"


def then(writer: Writer) -> str:
    """The actions that follow it."""
    parts: list[str] = []
    for one in writer.spec.then:
        when = writer.emitter.emit(one.when) if one.when else None
        if when and when.known and not when.value:
            continue
        unsure = when and not when.known
        parts.append(f"*(({one.step!r},) if {when.text} else ())" if unsure and when
                     else repr(one.step))  # fmt: skip
    return f"({''.join(part + ', ' for part in parts)})"


def confirm(writer: Writer) -> str:
    """What is confirmed of it, and by how much it may differ."""
    emit = writer.emitter.emit
    parts = [
        f"{name!r}: [{emit(one.expected).text}, {emit(one.within).text if one.within else '0'}]"
        for name, one in writer.spec.confirm.items()
    ]
    return f"{{{', '.join(parts)}}}" if parts else "None"


def trace(writer: Writer) -> str:
    """The named values that were worked out, for explaining."""
    values = {n: c.text for n, c in writer.emitter.let_codes.items() if c.known}
    values |= {n: f"v_{n}" for n in writer.emitter.started}
    inner = ", ".join(f"{n!r}: {values[n]}" for n in writer.spec.lets if n in values)
    return f"Trace(known({{{inner}}}), H)"


def ids(value: Any) -> list[Any]:
    """The ids of a row or rows whose entity is only known in the run."""
    rows = value if isinstance(value, list) else [value]
    return [next((row[c] for c in ID_COLUMNS.values() if c in row), None) for row in rows]
