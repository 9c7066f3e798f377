"""Writes the pages on settings, errors, checks, columns and documents from what they document.

Reads the merchant schema, the error catalogue, the checks of `doctor` and what
``engine.manual.columns`` reads. ``python -m engine.manual.pages`` writes the pages; a test checks
that they are current.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from ..doctor.checks import CHECKS
from ..error_catalogue import NAMES, Catalogue, Entry, read_catalogue
from ..home import HOME
from ..language.rules.explained import OTHERS, RULES
from ..merchant.settings import (
    BY_ENVIRONMENT,
    BY_SETTING,
    Setting,
    merchant_schema,
    needed_text,
    resolved,
    settings_of,
)
from . import columns, documents

_SETTINGS_HEAD = """\
# Settings of a merchant

<!-- Written by `python -m engine.manual.pages` from schemas/merchant.schema.json. -->

A merchant is one file, `merchants/<name>.yaml`. Its first line names the schema, so an editor that
knows YAML schemas completes the keys and explains them. `init` writes a commented file, `show`
prints every value with its origin. Paths are taken from the merchant file's own folder. Whatever is
wrong in the file is said at once, each finding with file, line and column, before any server is
asked (exit status 2).

**Secrets** never stand in the file. `{env: NAME}` names an environment variable;
`{file: secrets.yaml, key: name}` names a key of a YAML file of `key: value` lines, which only its
owner may read (`chmod 600`). Where a request, a log line or an error is shown, secrets are starred
out in every form that they travel in.

"""
_ERRORS_HEAD = """\
# Errors of Fortnox and Qliro

<!-- Written by `python -m engine.manual.pages` from mappings/errors/. -->

What each error means, why it usually happens and what to do. Of several entries that fit, the one
that names most decides: code and message, then code, then message, then HTTP status. **Stops**
marks errors after which nothing else that is asked of that API can succeed. *Again* says whether
sending it again helps: never, later (it is tried by itself), or after somebody has mended the
cause. An error that is not in the list is shown whole.

"""


_CHECKS_HEAD = """\
# What doctor checks

<!-- Written by `python -m engine.manual.pages` from engine/doctor/checks/. -->

`qliro-fortnox doctor SHOP` makes these checks, in this order, and prints what is wrong as a list to
work through: errors first, then warnings, each with why it matters, what to do, and where in
Fortnox, Qliro or a file. It only reads from both, keeps what they answer in memory alone, and may
be called while a run is under way. A check that cannot be made (a server is down, a scope
is missing) is a warning, and the others go on. Exit code 3 when there is anything to do.

| check | looks at | how |
| --- | --- | --- |
"""


_LINT_HEAD = """\
# What lint finds

<!-- Written by `python -m engine.manual.pages` from engine/language/rules/. -->

`qliro-fortnox lint` looks at merchant files, mapping sets and overlays, asks no server, and tells
all findings at once: file, line and column, the line with a caret below the very word, and what to
write. **Errors** stop a run; **warnings** are what may go wrong later, and fail only with
`--strict`. `--format` gives the same as JSON, as annotations of GitHub, or as SARIF 2.1.0, where
the code of a finding is the `ruleId` and stays.

"""


def lint_page() -> str:
    """The text of docs/lint.md."""
    parts = [_LINT_HEAD]
    for rule in RULES:
        told = str(rule.__doc__).strip()
        parts.append(f"## {rule.CODE}\n\n*{rule.SEVERITY.capitalize()}.* {told}\n\n")
    for title, codes in OTHERS.items():
        rows = "".join(f"| `{code}` | {told} |\n" for code, told in codes.items())
        parts.append(f"## {title}\n\n| code | finds |\n| --- | --- |\n{rows}\n")
    return "".join(parts).rstrip() + "\n"


def checks_page() -> str:
    """The text of docs/doctor.md."""
    rows = []
    for check in CHECKS:
        looks, _, reads = check.about.partition("\n\n")
        cells = (f"`{check.name}`", _one_line(looks), _one_line(reads))
        rows.append(f"| {' | '.join(cells)} |\n")
    return _CHECKS_HEAD + "".join(rows)


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("``", "`")


def settings_page(schema: Mapping[str, Any] | None = None) -> str:
    """The text of docs/settings.md."""
    schema = schema or merchant_schema()
    parts = [_SETTINGS_HEAD]
    top: list[Setting] = []
    for setting in settings_of(schema):
        if len(setting.path) == 1 and not setting.is_group and not _has_columns(setting):
            top.append(setting)
    parts.append("## At the top of the file\n\n" + _table(top, depth=0))
    settings = list(settings_of(schema))
    for setting in settings:
        if _has_columns(setting):
            items = resolved(setting.schema["items"], schema)
            columns = [
                Setting((name,), resolved(child, schema), name in items.get("required", ()), ())
                for name, child in items["properties"].items()
            ]
            parts.append(_section(setting, columns, depth=0))
        elif setting.is_group and len(setting.path) == 1:
            inside = [s for s in settings if s.path[0] == setting.path[0] and len(s.path) > 1]
            parts.append(_section(setting, [s for s in inside if not s.is_group], depth=1))
    return "\n".join(parts)


def errors_page(catalogue: Catalogue | None = None) -> str:
    """The text of docs/errors.md."""
    entries = catalogue or read_catalogue()
    parts = [_ERRORS_HEAD]
    for source, group in groupby(entries, key=lambda entry: entry.source):
        title = "Any server" if source == "http" else NAMES[source]
        rows = "".join(_error_row(entry) for entry in group)
        parts.append(
            f"## {title}\n\n| error | means | why | what to do | again | who |\n"
            f"| --- | --- | --- | --- | --- | --- |\n{rows}"
        )
    return "\n".join(parts)


def _has_columns(setting: Setting) -> bool:
    return setting.is_rows


def _section(setting: Setting, inside: Iterable[Setting], *, depth: int) -> str:
    rows = " A list of rows with these keys:" if setting.is_rows else ""
    text = setting.schema.get("description", "")
    required = " Required." if setting.required else ""
    return f"## {setting.key}\n\n{text}{required}{rows}\n\n{_table(inside, depth=depth)}"


def _table(settings: Iterable[Setting], *, depth: int) -> str:
    head = "| key | values | default | what it decides |\n| --- | --- | --- | --- |\n"
    return head + "".join(_setting_row(setting, depth) for setting in settings)


def _setting_row(setting: Setting, depth: int) -> str:
    title = setting.schema.get("title")
    words = [f"**{title}.**" if title else "", str(setting.schema.get("description", ""))]
    words.append(needed_text(setting))
    key = ".".join(setting.path[depth:])
    cells = [f"`{key}`", _values(setting), _default(setting), " ".join(filter(None, words))]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _values(setting: Setting) -> str:
    schema = setting.schema
    if setting.is_secret:
        return "a secret's reference"
    if "enum" in schema:
        return " · ".join(f"`{choice}`" for choice in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("format") == "date":
        return "a date"
    if "maximum" in schema:
        return f"{schema.get('minimum', schema.get('exclusiveMinimum'))} to {schema['maximum']}"
    kinds = schema.get("type", "text")
    names = {"string": "text", "boolean": "true · false", "array": "a list", "null": ""}
    listed = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join(filter(None, (names.get(kind, kind) for kind in listed)))


def _default(setting: Setting) -> str:
    schema = setting.schema
    if BY_ENVIRONMENT in schema:
        by: dict[str, list[str]] = {}
        for environment, value in schema[BY_ENVIRONMENT].items():
            by.setdefault(value, []).append(environment)
        return ", ".join(f"{'/'.join(names)}: `{value}`" for value, names in by.items())
    for key, (where_true, otherwise) in schema.get(BY_SETTING, {}).items():
        return f"`{where_true}` with `{key}`, else `{otherwise}`"
    if "default" in schema:
        default = schema["default"]
        if isinstance(default, bool):
            return f"`{str(default).lower()}`"
        if isinstance(default, list) and default:
            return f"`[{', '.join(map(str, default))}]`"
        return "" if default is None else "empty" if default in ("", []) else f"`{default}`"
    return "**required**" if setting.required else ""


def _error_row(entry: Entry) -> str:
    named = [f"`{entry.code}`"] if entry.code else []
    if entry.message:
        named.append(f"message `{entry.message}`")
    if entry.status:
        named.append(f"HTTP {', '.join(map(str, entry.status))}")
    means = f"**Stops.** {entry.means}" if entry.fatal else entry.means
    again = entry.retry.replace("_", " ")
    cells = [", ".join(named), means, entry.cause, entry.remedy, again, entry.who]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _pages() -> Iterator[tuple[Path, str]]:
    yield HOME / "docs" / "settings.md", settings_page()
    yield HOME / "docs" / "errors.md", errors_page()
    yield HOME / "docs" / "doctor.md", checks_page()
    yield HOME / "docs" / "lint.md", lint_page()
    yield HOME / "docs" / "columns.md", columns.page()
    yield HOME / "mappings" / "qliro-fortnox" / "README.md", documents.page()


def main() -> None:
    """Writes the pages."""
    for path, text in _pages():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
