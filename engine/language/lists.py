"""Makes Python source of a named value that is a list of rows, written as a document's rows are.

Works for the emitter, which visits what stands in the rows. Each row becomes a comprehension, so
that such a list can stand wherever a value does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import Finding
from . import kinds
from .code import RESERVED, Code
from .kinds import ANY, Type
from .spec import Field, Row

if TYPE_CHECKING:  # the emitter calls this module
    from .emit import Emitter


def named(emitter: Emitter, name: str, declared: Sequence[Row]) -> Code:
    """The rows of a named list, one after the other; all of them have the same fields."""
    types: dict[str, list[Type]] = {field.name: [] for field in declared[0].fields}
    texts = []
    for row in declared:
        made = {field.name for field in row.fields}
        if made != types.keys():
            differ = ", ".join(sorted(made ^ types.keys()))
            text = f"the rows of {name} have not the same fields: {differ}."
            emitter.report(Finding(row.place, "fields-differ", text))
        texts.append(_row(emitter, row, types))
    record = kinds.record({key: kinds.join(of) for key, of in types.items()}, f"a row of {name}")
    return Code(f"listed({', '.join(texts)})", kinds.rows(record))


def item_of(emitter: Emitter, row: Row) -> Code:
    """The list that a row comes once for each item of; the item has its name from here on."""
    assert row.each is not None  # noqa: S101 — told apart by the caller
    items = emitter.emit(row.each)
    if items.type.kind not in ("list", "any"):
        text = f"each needs a list, not {kinds.a(items.type.kind)}."
        emitter.report(row.each.finding("type", text))
    taken = {*RESERVED, *emitter.lets, *(emitter.names.keys() - emitter.items)}
    if row.alias in taken:
        text = f"{row.alias!r} is taken."
        emitter.report(row.each.finding("twice", text, "Take another name."))
    emitter.names[row.alias] = Code(f"v_{row.alias}", items.type.item or ANY)
    emitter.items.add(row.alias)
    return items


def group_of(emitter: Emitter, row: Row) -> Code:
    """What items are grouped by; in the item's place there are ``group`` and ``rows`` then."""
    assert row.group is not None  # noqa: S101 — likewise
    key = emitter.emit(row.group)
    item = emitter.names.pop(row.alias).type
    emitter.names["group"] = Code("v_group", key.type)
    emitter.names["rows"] = Code("v_rows", kinds.rows(item))
    return key


def _row(emitter: Emitter, row: Row, types: dict[str, list[Type]]) -> str:
    """Source of the list that one declared row makes."""
    before, heads, loop = dict(emitter.names), [], ""
    if row.each is not None:
        items = item_of(emitter, row)
        # A comprehension may not assign where its items come from, and named values do.
        heads.append(f"({(held := emitter.temporary())} := {items.text}), ")
        loop = f" for v_{row.alias} in {held}"
    # For no item nothing of it is evaluated: named values that are met here are not ready after it.
    ready = set(emitter.ready)
    emitter.conditional += 1
    if row.group is not None:
        pair = f"({group_of(emitter, row).text}, v_{row.alias})"
        heads.append(f"({(held := emitter.temporary())} := grouped([{pair}{loop}])), ")
        loop = f" for v_group, v_rows in {held}.items()"
    when = emitter.emit(row.when).text if row.when else ""
    fields = "{" + ", ".join([_field(emitter, one, types) for one in row.fields]) + "}"
    emitter.conditional -= 1
    emitter.ready = ready
    emitter.names.clear()
    emitter.names.update(before)
    if not loop:
        return f"([{fields}] if {when} else [])" if when else f"[{fields}]"
    made = f"[{fields}{loop}{f' if {when}' if when else ''}]"
    return f"({''.join(heads)}{made})[-1]"


def _field(emitter: Emitter, field: Field, types: dict[str, list[Type]]) -> str:
    """A field of a row, null where it is left out."""
    assert field.value is not None  # noqa: S101 — the schema lets no list stand in a row
    when = emitter.emit(field.when).text if field.when else ""
    ready = set(emitter.ready)
    code = emitter.emit(field.value)
    if when:  # where it is left out, named values that are met in it are not ready after it
        emitter.ready = ready
    types.setdefault(field.name, []).append(code.type)
    if code.type.kind == "list":
        emitter.report(field.value.finding("type", "a row holds no lists."))
    text = f"no_list({code.text})" if code.type.kind == "any" else code.text
    return f"{field.name!r}: {f'({text} if {when} else None)' if when else text}"
