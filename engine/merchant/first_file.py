"""Writes the first merchant file: every setting live with its description, ready to be edited.

Reads the merchant schema and gives the text. Values that have a default are written out, so that
a merchant's books do not change when a later version has another default.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ..yamlfile import parse
from .settings import BY_SETTING, Setting, merchant_schema, needed_text, settings_of

_WIDTH = 92
_HEAD = """\
# yaml-language-server: $schema={schema}
# What becomes of {name}'s payouts.
# An editor that knows YAML schemas completes and explains the keys. Fill in payouts_from. It starts
# against the sandbox: for Qliro's and Fortnox's test or live systems, change environment, delete
# the lines base_url, auth_url and tenant_id, and let `qliro-fortnox connect` find the company.
# Secrets stand elsewhere: {{env: NAME}}, or {{file: secrets.yaml, key: name}} with chmod 600.
"""


def initial_text(name: str, schema: str = "schemas/merchant.schema.json") -> str:
    """The text of a new merchant file for the merchant that people call ``name``.

    It loads once ``payouts_from`` is filled in and the secrets that it names are set. ``schema``
    is the path of the JSON Schema from the file, for editors.
    """
    lines = [_HEAD.format(schema=schema, name=" ".join(name.split()))]
    for setting in settings_of(merchant_schema()):
        if setting.path == ("name",):
            lines += [*_comment(setting), f"name: {flow(name)}", ""]
            continue
        if len(setting.path) == 1 and lines[-1] != "":
            lines.append("")
        lines += _comment(setting)
        lines += _entry(setting)
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def _comment(setting: Setting) -> Iterator[str]:
    indent = "  " * (len(setting.path) - 1)
    title = setting.schema.get("title")
    text = f"{title}. " if title else ""
    text += f"{setting.schema.get('description', '')} {needed_text(setting)}".strip()
    if "enum" in setting.schema:
        text += f" One of: {', '.join(setting.schema['enum'])}."
    if setting.is_rows and not setting.schema.get("x-initial") and "examples" in setting.schema:
        text += f" For example: {flow(setting.schema['examples'][0])}"
    yield from _wrapped(text, f"{indent}# ", f"{indent}# ")


def _wrapped(text: str, first: str, then: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=then,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _entry(setting: Setting) -> Iterator[str]:
    indent, key = "  " * (len(setting.path) - 1), setting.path[-1]
    schema = setting.schema
    if setting.is_group:
        yield f"{indent}{key}:" if _is_live(schema) else f"{indent}#{key}:"
    elif BY_SETTING in schema:  # written down it would not follow the other setting
        yield f"{indent}#{key}: {flow(schema['default'])}"
    elif "x-initial" in schema and setting.is_rows:
        yield f"{indent}{key}:"
        for row in schema["x-initial"]:
            yield from _wrapped(flow(row), f"{indent}  - ", f"{indent}      ")
    elif "x-initial" in schema:
        yield f"{indent}{key}: {flow(schema['x-initial'])}"
    elif "default" in schema:
        yield f"{indent}{key}: {flow(schema['default'])}"
    elif setting.required:
        yield f"{indent}{key}:  # fill in, for example {flow(schema['examples'][0])}"
    else:
        yield f"{indent}#{key}: {flow(schema['examples'][0])}"


def _is_live(group: Mapping[str, Any]) -> bool:
    """Whether a group has a value of its own; without one, YAML would read it as nothing."""
    return bool(group.get("required")) or any(
        "default" in one or "x-initial" in one or ("properties" in one and _is_live(one))
        for one in group["properties"].values()
    )


def flow(value: Any) -> str:
    """A value in YAML's flow style; text is quoted only where YAML would read it as another."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case dict():
            return f"{{{', '.join(f'{key}: {flow(item)}' for key, item in value.items())}}}"
        case list():
            return f"[{', '.join(map(flow, value))}]"
        case int() | Decimal():
            return str(value)
    text = str(value)
    plain = text and text == text.strip() and not set(text) & set("{}[],#&*!|>'\"%@`\n")
    if plain and ": " not in text and parse(text).value == text:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    for sign in "\x85\u2028\u2029":  # ends of lines to YAML, though not to JSON
        quoted = quoted.replace(sign, f"\\u{ord(sign):04x}")
    return quoted
