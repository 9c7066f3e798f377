"""The JSON Schema of an overlay, made for one set: its values, its ids, what may be done to them.

Reads a loaded set and the schemas for editors, gives one schema for every file that an overlay may
have. A file of the set's is completed by what the set says; a file of its own like any of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .spec import MappingSet

KINDS = ("mapping", "entity", "table", "policy")
# Lists of which nothing goes without a reason.
_REASONED = ("checks", "warnings", "require")
# Groups of names of the set's own, of which all that there is to say is what they are.
_NAMED = ("let", "derive")
# What of the set is shown of a value: so many characters.
_SHOWN = 160
# A path further down: keys and ids joined by points.
_PATH = "^[^.]+\\..+$"
# Keys of a schema that say what must be there: an overlay says what differs.
_DEMANDS = ("required", "minProperties", "dependentRequired", "if", "then", "else", "propertyNames")
# Lists at the top of a file whose items are reached by paths, as rows of the document are.
_REACHED = ("checks", "warnings")

Schema = dict[str, Any]


def overlay_schema(mapping_set: MappingSet, kinds: Mapping[str, Schema]) -> Schema:
    """The schema of overlays over this set; ``kinds`` are those of whole files, by kind."""
    made = _Made()
    for kind, schema in kinds.items():
        made.take(kind, schema)
    branches: list[Schema] = []
    for kind in KINDS:
        names = _named(mapping_set, kind)
        for name, value in names.items():
            made.defs[f"over {kind} {name}"] = made.of_file(kind, value)
            branches.append(_where(kind, _just([name]), f"over {kind} {name}"))
        others = {"not": _just(names)} if names else {}
        branches.append(_where(kind, others, kind))
    branches.append(_where("part", {}, "part"))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Overlay",
        "type": "object",
        "description": "What differs from the set: items added, replaced or removed by id.",
        "required": ["version"],
        "properties": {
            "version": {"const": 2, "description": "The version of the language."},
            **{
                kind: {
                    "type": "string",
                    "description": f"Which {kind} this file changes, or the name of its own.",
                    "examples": list(_named(mapping_set, kind)),
                }
                for kind in KINDS
            },
        },
        "allOf": branches,
        "$defs": made.defs,
    }


def _named(mapping_set: MappingSet, kind: str) -> dict[str, Any]:
    """What the set declares of a kind: its values by name."""
    found = {}
    for what, source in mapping_set.sources.items():
        of, _, name = what.partition(" ")
        if of == kind:
            found[name] = source.value
    return found


def _where(kind: str, name: Schema, then: str) -> Schema:
    return {
        "if": {"properties": {kind: name}, "required": [kind]},
        "then": {"$ref": f"#/$defs/{then}"},
    }


def _just(names: Iterable[str]) -> Schema:
    """That a value is one of these; an editor takes a value that begins like a `const` for it."""
    return {"type": "string", "pattern": f"^({'|'.join(map(re.escape, names))})$"}


class _Made:
    """Held open while a schema grows: the definitions of all kinds, under names of their own."""

    def __init__(self) -> None:
        self.defs: dict[str, Schema] = {}
        self.what = ""  # the file that is made at the moment

    def take(self, kind: str, schema: Schema) -> None:
        """A schema of a kind, with what it refers to."""
        for name, one in schema.get("$defs", {}).items():
            self.defs[f"{kind}.{name}"] = _pointed(one, kind)
        whole = {k: v for k, v in schema.items() if k not in ("$defs", "$schema")}
        self.defs[kind] = _pointed(whole, kind)

    def of_file(self, kind: str, value: Mapping[str, Any]) -> Schema:
        """What an overlay may say of a file of the set."""
        self.what = f"{kind} {value[kind]}"
        whole = dict(self._alone(kind))
        properties = dict(whole["properties"])
        properties |= self._of_target(str(value.get("target")))
        laid = self.keys({**whole, "properties": properties}, value, ())
        for key in ("version", kind):  # what the file is stays
            laid["properties"][key] = properties[key]
        for key in _REACHED:
            self._paths(laid, value, (key,))
        document = value.get("document", {})
        for key in document:
            self._paths(laid["properties"]["document"], document, ("document", key))
        return laid

    def _alone(self, kind: str) -> Schema:
        """The schema of a file that stands for itself."""
        found: Schema = self.defs[kind].get("else", self.defs[kind])
        return found

    def _of_target(self, target: str) -> Schema:
        for branch in self._alone("mapping").get("allOf", ()):
            if branch["if"]["properties"]["target"].get("pattern") == f"^{re.escape(target)}$":
                found: Schema = branch["then"]["properties"]
                return found
        return {}

    def laid(self, schema: Schema, base: Any, path: tuple[str, ...]) -> Schema:
        """What may stand over a value of the set."""
        whole = self._resolved(schema)
        if isinstance(base, list):
            return self._operations(whole, base, path)
        if isinstance(base, dict) and whole.get("type", "object") == "object":
            return self.keys(whole, base, path)
        told = whole.get("description", "") if base is None or path[0] not in _NAMED else ""
        if base is not None:
            told = f"{told} The set: {_shown(base)}".strip()
        ways: list[Schema] = [schema, {"type": "null"}]
        if isinstance(base, dict):  # a field with a condition: one of its keys is enough
            inner = whole.get("properties") or whole.get("else", {}).get("properties", {})
            some = {"additionalProperties": False, "properties": inner}
            ways.append(self.keys(some, base, path))
        elif whole.get("type") == "array":
            add = {"type": "array", "items": whole.get("items", {})}
            ways.append({"type": "object", "additionalProperties": False,
                         "properties": {"add": add}})  # fmt: skip
        return {"description": told, "anyOf": ways}

    def keys(self, whole: Schema, base: Mapping[str, Any], path: tuple[str, ...]) -> Schema:
        """Keys with values over keys with values."""
        declared, other = whole.get("properties", {}), whole.get("additionalProperties", {})
        properties = {}
        for key in dict.fromkeys([*base, *declared]):
            schema = declared.get(key, other)
            if isinstance(schema, dict):
                properties[key] = self.laid(schema, base.get(key), (*path, key))
        kept = {k: v for k, v in whole.items() if k not in (*_DEMANDS, "allOf", "title")}
        return {
            **kept,
            "type": ["object", "null"] if path else "object",
            "properties": properties,
            "patternProperties": {**whole.get("patternProperties", {}), _PATH: {}},
        }

    def _operations(self, whole: Schema, base: list[Any], path: tuple[str, ...]) -> Schema:
        """What may be done to a list: added, replaced, removed, and said of one item."""
        items = self._resolved(whole.get("items", {}))
        ids = [_id(one) for one in base]
        named = {_id(one): one for one in base if isinstance(one, dict) and "id" in one}
        beside = {
            "before": {"enum": ids, "description": "The item that it goes before."},
            "after": {"enum": ids, "description": "The item that it goes after."},
        }
        gone: Schema = {"enum": ids}
        if named:
            gone = {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "because"] if path[-1] in _REASONED else ["id"],
                "properties": {
                    "id": _choices(named),
                    "because": {"type": "string", "description": "Why it goes."},
                },
            }
        fresh = (
            {**items, "properties": {**items.get("properties", {}), **beside}} if named else items
        )
        same = items
        if named:
            same = {**items, "properties": {**items.get("properties", {}), "id": _choices(named)}}
        told = whole.get("description", "")
        operations: Schema = {
            "add": {"type": "array", "items": fresh,
                    "description": "Items that the set does not have; before or after one of its."},
            "replace": {"type": "array", "items": same,
                        "description": "Items that stand for the set's of the same id."
                        if named else "The whole list, said anew."},
            "remove": {"type": "array", "items": gone,
                       "description": "Items of the set that go, each by its id, and why."},
        }  # fmt: skip
        if named:
            item = f"{self.what}: {'.'.join(path)}"
            self.defs[item] = self.keys(items, {}, (*path, ""))
            for name, one in named.items():
                told = f"The set: {_shown(one)}"
                operations[name] = {"$ref": f"#/$defs/{item}", "description": told}
        return {
            "type": ["object", "null"],
            "description": f"{told} What is said here is done to the set's list.".strip(),
            "additionalProperties": False,
            "properties": operations,
            "patternProperties": {_PATH: {}},
        }

    def _paths(self, into: Schema, base: Mapping[str, Any], path: tuple[str, ...]) -> None:
        """The fields of each item of a list, as paths: ``InvoiceRows.goods.CostCenter``."""
        items = base.get(path[-1])
        for one in items if isinstance(items, list) else ():
            if not isinstance(one, dict) or "id" not in one:
                continue
            declared = self.defs[f"{self.what}: {'.'.join(path)}"]["properties"]
            for field, schema in declared.items():
                if field not in ("id", "essential", "by_construction"):
                    said = f" The set: {_shown(one[field])}" if field in one else ""
                    told = f"{schema.get('description', '')}{said}".strip()
                    key = f"{path[-1]}.{one['id']}.{field}"
                    into["properties"][key] = {**schema, "description": told}

    def _resolved(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        found = self.defs[reference.removeprefix("#/$defs/")]
        if "defaultSnippets" in found:  # long, and the same everywhere
            return schema
        return {**self._resolved(found), **{k: v for k, v in schema.items() if k != "$ref"}}


def _pointed(node: Any, kind: str) -> Any:
    """A schema whose references name the definitions of its kind."""
    if isinstance(node, list):
        return [_pointed(one, kind) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: value.replace("#/$defs/", f"#/$defs/{kind}.")
        if key == "$ref" and isinstance(value, str)
        else _pointed(value, kind)
        for key, value in node.items()
    }


def _id(item: Any) -> str:
    """What an item is known by."""
    if isinstance(item, dict):
        return str(item.get("id") or item.get("do") or "")
    return str(item)


def _choices(named: Mapping[str, Any]) -> Schema:
    return {"anyOf": list(_told(named)), "description": "An item of the set, by its id."}


def _told(named: Mapping[str, Any]) -> Iterator[Schema]:
    for name, one in named.items():
        yield {"const": name, "description": _shown(one)}


def _shown(value: Any) -> str:
    """A value of the set in one line."""
    text = _flow(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        inner = (f"{key}: {_flow(one)}" for key, one in value.items() if key != "id")
        return f"{{{', '.join(inner)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return " ".join(str(value).split())
