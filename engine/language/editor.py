"""The JSON Schemas that editors read: what the loader checks, and what people need to know.

Reads the schemas of ``schemas/``, the fields of the documents, the filters and the settings; gives
each schema whole, so that a file of it works alone. ``python -m engine.language.editor`` writes
those that the files of this repository name.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..home import HOME
from ..merchant.settings import SCHEMA, merchant_schema, settings_of
from .catalogue import ID_COLUMNS
from .editor_overlay import overlay_schema
from .filters import FILTERS
from .load import targets
from .spec import MappingSet
from .structure import KINDS, schema

FOLDER = HOME / "schemas" / "editor"
MERCHANT = SCHEMA.name
OVERLAY = "overlay.schema.json"
CASE, ANSWERS = "case.schema.json", "answers.json"
_USE = "^use [a-z][a-z0-9_]*$"
# What a mapping says of itself, also one that extends another.
_NAMES = ("version", "mapping", "extends", "flow")
# The marks of the settings' schema that are of no use to an editor begin so.
_OURS = "x-"


def schemas() -> dict[str, str]:
    """The text of each schema by the name of its file."""
    made = {f"{kind}.schema.json": _of_kind(kind) for kind in KINDS}
    made[MERCHANT] = _plain(json.loads(SCHEMA.read_text("utf-8")))
    made[CASE] = _with_answers(json.loads((SCHEMA.parent / CASE).read_text("utf-8")))
    return {
        name: f"{json.dumps(one, indent=1, ensure_ascii=False)}\n" for name, one in made.items()
    }


def overlay_of(mapping_set: MappingSet) -> str:
    """The text of the schema of overlays over a set."""
    made = overlay_schema(mapping_set, {kind: _of_kind(kind) for kind in KINDS if kind != "set"})
    return f"{json.dumps(made, ensure_ascii=False)}\n"


def write(folder: Path, mapping_set: MappingSet | None = None) -> list[Path]:
    """Write the schemas into ``folder``, which is made where it is missing, with that of overlays
    over the set where one is given; the files."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = schemas() | ({OVERLAY: overlay_of(mapping_set)} if mapping_set else {})
    written = []
    for name, text in texts.items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
        written.append(path)
    return written


def _of_kind(kind: str) -> dict[str, Any]:
    made = _alone(copy.deepcopy(schema(kind)))
    if kind == "mapping":
        _complete_mapping(made)
    if kind in ("mapping", "part"):
        for inner in (*made["properties"].values(), *made["$defs"].values()):
            _allow_uses(inner)
    if kind == "mapping":
        made = _or_like_another(made)
    if kind == "table":
        made["properties"]["rows_from"]["enum"] = [
            one.key for one in settings_of(merchant_schema()) if one.is_rows
        ]
    if kind == "policy":
        named = made["$defs"]["targets"]
        told = named["description"]
        aim = _one_of({"description": told}, targets())
        made["$defs"]["targets"] = {
            "description": told,
            "anyOf": [*aim["anyOf"], {"type": "array", "items": aim, "minItems": 1}],
        }
    _tell_words(made)
    return made


def _alone(made: dict[str, Any]) -> dict[str, Any]:
    """A schema with what it takes from those of other kinds beside it."""
    taken: dict[str, Any] = {}

    def walk(node: Any) -> None:
        for one in node.values() if isinstance(node, dict) else node:
            if isinstance(one, dict | list):
                walk(one)
        reference = node.get("$ref") if isinstance(node, dict) else None
        if isinstance(reference, str) and not reference.startswith("#"):
            file, _, name = reference.partition("#/$defs/")
            node["$ref"] = f"#/$defs/{name}"
            taken.update(copy.deepcopy(schema(file.removesuffix(".schema.json"))["$defs"]))

    walk(made)
    return made | ({"$defs": {**taken, **made.get("$defs", {})}} if taken else {})


def _with_answers(made: dict[str, Any]) -> dict[str, Any]:
    """The schema of cases, with the fields of all that the servers may hold in one of flows."""
    given = made["properties"]["cases"]["items"]["properties"]["given"]["properties"]
    for kind, inner in json.loads((SCHEMA.parent / ANSWERS).read_text("utf-8")).items():
        reference = {"$ref": f"#/$defs/{kind}"}
        made["$defs"][kind] = _of_answer(inner)
        given[kind] = {"anyOf": [reference, {"type": "array", "items": reference}]}
    return made


def _of_answer(fields: Any) -> dict[str, Any]:
    """The schema of a field of an answer: an object or a list with those within, else the names
    that its value may have."""
    if isinstance(fields, list):
        return {"type": ["array", "null"], "items": _of_answer(fields[0])}
    if not isinstance(fields, dict):
        return {"examples": fields.split("|")} if fields else {}
    inner = {name: _of_answer(one) for name, one in fields.items()}
    like = {"type": "string", "description": "A sample, of which only what stands here differs."}
    return {"type": ["object", "null"], "properties": {"like": like, **inner}}


def _complete_mapping(made: dict[str, Any]) -> None:
    """What depends on the target: the fields of its document, and what may follow its creation."""
    aims = targets()
    properties, named = made["properties"], {"enum": list(ID_COLUMNS)}
    for key in ("related", "match", "document", "then"):
        properties[key] = copy.deepcopy(made["$defs"][key])
    properties["target"] = _one_of(properties["target"], aims)
    properties["source"]["additionalProperties"] |= named
    for key in ("related", "match"):
        properties[key]["additionalProperties"]["properties"]["from"] |= named
    # The fields of a document are told by its target; what stands for all of them would hide that.
    any_field = properties["document"].pop("additionalProperties")
    told = properties["document"].pop("description")
    any_step = properties["then"].pop("items")
    made["allOf"] = [
        {
            "if": {"properties": {"target": _just(name)}, "required": ["target"]},
            "then": {"properties": _by_target(aim, made["$defs"], any_step)},
        }
        for name, aim in sorted(aims.items())
    ]
    made["allOf"].append(
        {
            "if": {"properties": {"target": {"enum": sorted(aims)}}, "required": ["target"]},
            "else": {
                "properties": {"document": {"description": told, "additionalProperties": any_field}}
            },
        }
    )


def _allow_uses(node: Any) -> None:
    """Let the piece of a part stand for keys, wherever keys with values stand."""
    if isinstance(node, list):
        for one in node:
            _allow_uses(one)
    if not isinstance(node, dict):
        return
    for key, one in node.items():
        if key != "items":  # what items need, the language's own schema says
            _allow_uses(one)
    if node.get("type") == "object" and node.get("additionalProperties") is False:
        node.setdefault("patternProperties", {})[_USE] = {"$ref": "#/$defs/use"}
        if "required" in node and "if" not in node:
            node["if"] = {"propertyNames": {"not": {"pattern": _USE}}}
            node["then"] = {"required": node.pop("required")}


def _or_like_another(made: dict[str, Any]) -> dict[str, Any]:
    """The schema of a mapping, or of one that extends another: that says what differs, by keys,
    ids and paths of the other."""
    for key in ("if", "then"):
        made.pop(key)
    made |= made.pop("else")
    beside = ("$schema", "$defs", "title", "type", "description")
    whole = {key: made.pop(key) for key in list(made) if key not in beside}
    told = {
        key: {"description": one.get("description", "")} for key, one in whole["properties"].items()
    }
    what_differs = {
        "required": ["version", "mapping"],
        "properties": {**told, **{key: whole["properties"][key] for key in _NAMES}},
        "patternProperties": {"^[^.]+\\..+$": {}},
        "additionalProperties": False,
    }
    return {**made, "if": {"required": ["extends"]}, "then": what_differs, "else": whole}


def _just(name: str) -> dict[str, str]:
    """That a value is this name. While somebody writes, an editor takes a value that begins as a
    `const` does for it: fortnox.invoice for fortnox.invoice_payment."""
    return {"type": "string", "pattern": f"^{re.escape(name)}$"}


def _one_of(declared: Mapping[str, Any], aims: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The targets as choices, each with what it is."""
    return {
        "description": declared["description"],
        "anyOf": [
            {"const": name, "description": f"{aim['title']}. {aim['description']}"}
            for name, aim in sorted(aims.items())
        ],
    }


def _by_target(
    aim: Mapping[str, Any], defs: Mapping[str, Any], any_step: Mapping[str, Any]
) -> dict[str, Any]:
    steps = [{"const": "confirm", "description": "Holds the document against `confirm`."}]
    for name, call in aim["x-target"].get("then", {}).items():
        steps.append({"const": name, "description": call["description"]})
    step = copy.deepcopy(dict(any_step))
    step["properties"]["do"] = {"anyOf": steps}
    return {
        "document": {"description": aim["description"], **_fields(aim, defs)},
        "then": {"items": {"anyOf": [*steps, step | {"type": "object"}]}},
    }


def _fields(declared: Mapping[str, Any], defs: Mapping[str, Any], **beside: Any) -> dict[str, Any]:
    """The fields of a document, or of a row of it beside the keys that any row has."""
    needed = declared.get("required", ())
    return {
        "patternProperties": copy.deepcopy(defs["row"]["patternProperties"]),
        "properties": {
            **beside,
            **{
                name: _field(field, defs, needed=name in needed)
                for name, field in declared["properties"].items()
            },
        },
        "additionalProperties": False,
    }


def _field(field: Mapping[str, Any], defs: Mapping[str, Any], *, needed: bool) -> dict[str, Any]:
    told = {"description": f"{field['description']} {_kind(field, needed)}"}
    if "enum" in field:
        told["examples"] = field["enum"]
    if "items" not in field:
        return {"$ref": "#/$defs/plain", **told}
    row = {key: value for key, value in defs["row"].items() if key != "additionalProperties"}
    row |= _fields(field["items"], defs, **row["properties"])
    return {"type": "array", **told, "items": row}


_KINDS = {
    "string": "Text", "integer": "A whole number", "number": "A number", "boolean": "true or false",
    "array": "A list of rows",
}  # fmt: skip
_FORMATS = {"date": "A day, 2026-11-30", "money": "Kronor and öre", "rate": "A rate"}


def _kind(field: Mapping[str, Any], needed: bool) -> str:
    """Type and length in words: ``Text, at most 80 characters. Required.``"""
    text = _FORMATS.get(field.get("format", ""), _KINDS[field["type"]])
    if "enum" in field:
        text = f"One of {', '.join(field['enum'])}"
    least, most = field.get("minLength"), field.get("maxLength")
    if most is not None:
        text += f", {most} characters" if least == most else f", at most {most} characters"
    low, high = field.get("minimum"), field.get("maximum")
    if low is not None and high is not None:
        text += f", {low} to {high}"
    elif low is not None:
        text += f", at least {low}"
    if field.get("exclusiveMinimum") == 0:
        text += ", above 0"
    if "maxItems" in field:
        text += f", at most {field['maxItems']}"
    return f"{text}.{' Required.' if needed else ''}"


def _tell_words(made: dict[str, Any]) -> None:
    """Offer filters and settings wherever the schema says that an expression stands."""
    made["$defs"] = {
        **made.get("$defs", {}),
        _BARE: _words("", ""),
        _BRACED: _words('"{{ ', ' }}"'),
    }

    def walk(node: Any) -> None:
        if isinstance(node, list):
            for one in node:
                walk(one)
        if not isinstance(node, dict):
            return
        for one in list(node.values()):
            walk(one)
        text = node.get("description")
        if isinstance(text, str) and "$ref" not in node and "string" in _types(node):
            if "are expression" in text:  # a bare expression; bare expressions
                node["$ref"] = f"#/$defs/{_BARE}"
            elif "{{ }}" in text:
                node["$ref"] = f"#/$defs/{_BRACED}"

    walk({key: value for key, value in made.items() if key != "description"})


_BARE, _BRACED = "in a bare expression", "in an expression"


def _types(node: Mapping[str, Any]) -> list[str]:
    types = node.get("type", [])
    return [types] if isinstance(types, str) else list(types)


def _words(before: str, after: str) -> dict[str, Any]:
    """What may stand in an expression: each filter and each setting, with what it is."""
    offered = []
    for name, one in sorted(FILTERS.items()):
        shown, written = ("(…)", "(${2})") if one.args[1] else ("", "")
        body = f"{before}${{1:value}} | {name}{written}{after}"
        offered.append({"label": f"| {name}{shown}", "description": one.doc, "body": body})
    for setting in settings_of(merchant_schema()):
        if not (setting.is_secret or setting.is_group):
            name = f"settings.{setting.key}"
            text = setting.schema.get("description", "")
            offered.append({"label": name, "description": text, "body": f"{before}{name}{after}"})
    return {"defaultSnippets": offered}


def _plain(value: Any) -> Any:
    """A schema without the marks that are ours alone."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if not k.startswith(_OURS)}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def main() -> None:
    """Writes the schemas of this repository."""
    write(FOLDER)


if __name__ == "__main__":
    main()
