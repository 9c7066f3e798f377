"""Reads ``merchants/<name>.yaml`` and gives a ``Merchant``: settings with defaults, and secrets.

Whatever is wrong in the file, in the secrets that it refers to or in how its settings fit
together is raised as one ``FileError`` with all findings, before anything is asked of a server.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from .. import validate
from ..errors import FileError, Finding, Place, UsageError
from ..home import HOME
from ..yamlfile import Path_, YamlFile, nearest, parse, read
from . import mapping_sets, rules
from .secrets import Secret, reference_text, resolve
from .settings import (
    BY_ENVIRONMENT,
    SCHEMA,
    Setting,
    default_of,
    filled,
    get,
    merchant_schema,
    settings_of,
)

# The group of secrets that the receiver alone needs, and says when it lacks.
RECEIVER = "webhooks"


@dataclass(frozen=True, slots=True)
class Merchant:
    """One merchant as the file declares it.

    ``name`` is the file's stem and names the database; ``settings["name"]`` is what people call
    it. ``settings`` has every declared key (None where neither file nor default has a value),
    money as ``Decimal``, days as ``date``, and no secrets: those are in ``secrets``, by dotted key.
    ``warnings`` are findings that stop nothing.
    """

    name: str
    path: Path
    settings: Mapping[str, Any]
    secrets: Mapping[str, Secret]
    warnings: tuple[Finding, ...] = ()
    file: YamlFile = field(default_factory=lambda: parse(""), repr=False)

    @property
    def database(self) -> Path:
        """The file of this merchant's database; its folder may not exist yet."""
        return _beside(self.path, self.settings["state"]) / f"{self.name}.duckdb"

    @property
    def inbox(self) -> Path:
        """The folder that pushes are kept in until a sync reads them; it may not exist yet."""
        return self.database.with_suffix(".inbox")

    @property
    def reports_folder(self) -> Path | None:
        """The folder that a run writes payout reports to, if it is to; it may not exist yet."""
        folder = self.settings["reports"]["folder"]
        return _beside(self.path, folder) if folder else None

    @property
    def mapping_folder(self) -> Path:
        """The folder of the mapping set. Raises UsageError where it has gone since."""
        return mapping_sets.folder_of(self.settings["mapping_set"], self.path.parent)

    @property
    def overlay_folder(self) -> Path | None:
        """The folder that is laid over it, where there is one."""
        overlay = self.settings["overlay"]
        return _beside(self.path, overlay) if overlay else None

    def secret(self, key: str) -> Secret:
        """The secret of a dotted key (``qliro.api_secret``).

        Raises FileError with the key's place when the file refers to none, or when the merchant
        was loaded without secrets and it is not there.
        """
        if key in self.secrets:
            return self.secrets[key]
        finding = self.file.finding(
            key.split("."), "missing-secret", f"the secret {key} is not there.", key=True
        )
        raise FileError([finding])

    def place(self, path: Path_) -> Place:
        """Where the value at ``path`` comes from: the merchant file, or the schema's default."""
        if path in self.file.values:
            return self.file.place(path)
        return _place_of_default(path, self.settings["environment"])

    def is_default(self, path: Path_) -> bool:
        """Whether the file leaves this setting to its default."""
        return path not in self.file.values


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting for a reader: dotted key, value and where the value comes from."""

    key: str
    value: str
    origin: str


def load_merchant(
    path: Path, environ: Mapping[str, str], *, needs_secrets: bool = True
) -> Merchant:
    """The merchant of the file at ``path``; ``environ`` is where ``{env: …}`` is looked up.

    ``needs_secrets`` False is for commands that ask no server: a secret that cannot be found is
    then no finding; those of the receiver never are. Raises FileError with all findings of
    severity error at once.
    """
    return of_file(read(path), path, environ, needs_secrets=needs_secrets)


def of_file(
    file: YamlFile, path: Path, environ: Mapping[str, str], *, needs_secrets: bool = True
) -> Merchant:
    """The merchant that ``file`` declares, as if it stood at ``path``; likewise."""
    schema = merchant_schema()
    secret_paths = [s.path for s in settings_of(schema) if s.is_secret]
    faults = validate.faults(
        file, schema, leave=lambda at: any(at[: len(p)] == p for p in secret_paths)
    )
    ours = [path for path in secret_paths if path[0] != RECEIVER]
    secrets, malformed, missing = resolve(file, ours, environ)
    findings = [fault.finding for fault in faults] + malformed
    theirs, malformed, _ = resolve(file, [p for p in secret_paths if p not in ours], environ)
    secrets, findings = secrets | theirs, findings + malformed
    if needs_secrets:
        findings += missing
    sound = validate.prune(file.value, [fault.path for fault in faults])
    environment = get(sound, "environment")
    tree = filled(sound, schema, schema, environment if isinstance(environment, str) else None)
    if isinstance(file.value, dict):
        told = {fault.path for fault in faults}
        findings += rules.findings(file, tree, schema, told)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise FileError(sorted(errors, key=_by_place))
    warnings = [finding for finding in findings if finding.severity != "error"]
    return Merchant(
        name=path.stem,
        path=path.absolute(),
        settings=_without_secrets(tree, secret_paths),
        secrets=secrets,
        warnings=tuple(sorted(warnings, key=_by_place)),
        file=file,
    )


def merchant_files(folder: Path) -> list[Path]:
    """The merchant files of a folder, by name; a secrets file beside them is none."""
    found = folder.glob("*.yaml") if folder.is_dir() else ()
    return sorted(path for path in found if path.is_file() and "secrets" not in path.stem)


def find_merchant(name_or_path: str, folder: Path) -> Path:
    """The file of a merchant: a path to a YAML file, or a name in ``folder``.

    Raises UsageError naming the nearest known merchant.
    """
    if name_or_path.endswith((".yaml", ".yml")) or "/" in name_or_path:
        path = Path(name_or_path)
        if path.is_file():
            return path
        raise UsageError(
            f"There is no merchant file {name_or_path}.", "Write one with: qliro-fortnox init NAME"
        )
    path = folder / f"{name_or_path}.yaml"
    if path.is_file():
        return path
    known = [file.stem for file in merchant_files(folder)]
    remedy = nearest(name_or_path, known) or f"Write one with: qliro-fortnox init {name_or_path}"
    raise UsageError(f"There is no merchant {name_or_path!r} in {folder}.", remedy)


def shown(merchant: Merchant) -> list[Shown]:
    """Every setting with its value and its origin (``file:line``, or ``default``), file order.

    A secret shows where it is looked up and whether it is there.
    """
    lines: list[Shown] = []
    for setting in settings_of(merchant_schema()):
        if setting.is_group:
            continue
        if setting.is_secret:
            lines.append(_shown_secret(merchant, setting))
            continue
        value = get(merchant.settings, setting.path)
        if setting.is_rows and value:
            for index, row in enumerate(value):
                at: Path_ = (*setting.path, index)
                given = {name: item for name, item in row.items() if item is not None}
                text = ", ".join(f"{name}: {_plain(item)}" for name, item in given.items())
                lines.append(Shown(validate.dotted(at), text, _origin(merchant, at)))
            continue
        origin = _origin(merchant, setting.path) if value is not None else "not set"
        lines.append(Shown(setting.key, _plain(value), origin))
    return lines


def _shown_secret(merchant: Merchant, setting: Setting) -> Shown:
    reference = get(merchant.file.value, setting.path)
    if reference is None:
        return Shown(setting.key, "", "not set")
    state = "found" if setting.key in merchant.secrets else "not found"
    return Shown(
        setting.key,
        f"*** ({reference_text(reference)}, {state})",
        _origin(merchant, setting.path),
    )


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return f"[{', '.join(map(_plain, value))}]"
    return validate.shown(value) if isinstance(value, bool) or value == "" else str(value)


def _origin(merchant: Merchant, path: Path_) -> str:
    if merchant.is_default(path):
        return "default"
    place = merchant.file.place(path)
    return f"{place.path}:{place.line}"


def _beside(file: Path, folder: str) -> Path:
    """A folder named from a file. Links are not followed: a mounted file may be one, and moves."""
    return Path(os.path.abspath(file.parent / folder))


def _place_of_default(path: Path_, environment: str) -> Place:
    """The spot in the schema; JSON is YAML, so the same reader knows its lines."""
    schema, texts = merchant_schema(), _schema_as_yaml()
    for setting in settings_of(schema):
        if setting.path == path[: len(setting.path)] and not setting.is_group:
            by_environment = environment in setting.schema.get(BY_ENVIRONMENT, {})
            where = (BY_ENVIRONMENT, environment) if by_environment else ("default",)
            has_one = default_of(setting.schema, environment) is not None
            inside = (*where, *path[len(setting.path) :]) if has_one else ()
            return texts.place((*setting.pointer, *inside))
    return Place(texts.path)


@cache
def _schema_as_yaml() -> YamlFile:
    return parse(SCHEMA.read_text("utf-8"), str(SCHEMA.relative_to(HOME)))


def _without_secrets(tree: Mapping[str, Any], paths: list[tuple[str, ...]]) -> dict[str, Any]:
    hidden = frozenset(paths)

    def copy(value: Any, at: tuple[str, ...]) -> Any:
        if not isinstance(value, dict):
            return value
        return {k: copy(v, (*at, k)) for k, v in value.items() if (*at, k) not in hidden}

    copied: dict[str, Any] = copy(tree, ())
    return copied


def _by_place(finding: Finding) -> tuple[str, int, int]:
    return (finding.place.path, finding.place.line, finding.place.column)
