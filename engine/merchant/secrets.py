"""Secrets: looked up where the merchant file says, and never shown.

Reads references (``{env: NAME}`` or ``{file: secrets.yaml, key: name}``), the environment and the
secrets files, gives ``Secret`` values that print as ``***``, and what takes every known form of
them out of a text: ``redactor`` for messages and headers, ``exactly`` for what holds data.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import permutations
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, quote_plus

from ..errors import STARS, FileError, Finding
from ..yamlfile import Path_, YamlFile, nearest, read

# What may be wrong with a file before anything in it is looked at (``yamlfile.read_text``).
QUOTING_NOTHING = ("no-such-file", "not-a-file", "not-readable", "not-utf-8", "too-large")


class Secret:
    """A value that shows itself only to who asks for it: ``str``, ``repr``, ``format`` are stars.

    ``name`` says where it came from (``environment variable QLIRO_API_SECRET``) and may be shown.
    """

    __slots__ = ("_value", "name")

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the one place that signs or sends."""
        return self._value

    def __repr__(self) -> str:
        return STARS

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return STARS

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


def resolve(
    file: YamlFile, paths: Iterable[tuple[str, ...]], environ: Mapping[str, str]
) -> tuple[dict[str, Secret], list[Finding], list[Finding]]:
    """The secrets that ``file`` refers to at ``paths``, by dotted key.

    Beside them two lists of findings: references that are not well-formed, and references that
    lead nowhere (variable not set, file missing or open to others, key not in it). Surrounding
    white space of a value is dropped: files and variables often carry a line break.
    """
    secrets: dict[str, Secret] = {}
    malformed: list[Finding] = []
    missing: list[Finding] = []
    opened: dict[str, dict[str, Any] | Finding] = {}
    for path in paths:
        reference = _at(file.value, path)
        if reference is _ABSENT:
            continue
        if finding := _malformed(file, path, reference):
            malformed.append(finding)
            continue
        found: Secret | Finding | None
        if "env" in reference:
            found = _from_environment(file, path, reference["env"], environ)
        else:
            found = _from_file(file, path, reference["file"], reference["key"], opened)
        if isinstance(found, Secret):
            secrets[".".join(path)] = found
        elif found is not None:
            missing.append(found)
    return secrets, malformed, missing


def reference_text(reference: Any) -> str:
    """Where a secret comes from, for people: never its value."""
    if isinstance(reference, dict) and "env" in reference:
        return f"environment variable {reference['env']}"
    if isinstance(reference, dict) and "file" in reference:
        return f"key {reference.get('key')} of {reference['file']}"
    return STARS


_ABSENT = object()


def _at(tree: Any, path: Path_) -> Any:
    for step in path:
        if not isinstance(tree, dict) or step not in tree:
            return _ABSENT
        tree = tree[step]
    return tree


def _malformed(file: YamlFile, path: tuple[str, ...], reference: Any) -> Finding | None:
    key = ".".join(path)
    name = "_".join(path)
    how = f"Write {{env: {name.upper()}}} or {{file: secrets.yaml, key: {name}}}."
    if not isinstance(reference, dict):
        code = "not-a-reference" if reference is None else "literal-secret"
        what = "is empty." if reference is None else "must not stand in this file."
        return file.finding(path, code, f"the secret {key} {what}", how)
    texts = all(isinstance(value, str) and value for value in reference.values())
    env_name = reference.get("env", "X")
    if texts and set(reference) in ({"env"}, {"file", "key"}) and _ENV_NAME.match(env_name):
        return None
    return file.finding(path, "not-a-reference", f"{key} does not say where the secret is.", how)


_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def _from_environment(
    file: YamlFile, path: tuple[str, ...], name: str, environ: Mapping[str, str]
) -> Secret | Finding:
    value = environ.get(name, "").strip()
    is_text = value.isascii() or value.encode(errors="ignore").decode() == value
    if not is_text:
        return file.finding(
            path,
            "missing-secret",
            f"{'.'.join(path)}: the environment variable {name} is not UTF-8 text.",
            f"Set it as UTF-8: export {name}=…",
        )
    if value:
        return Secret(f"environment variable {name}", value)
    what = "is empty" if name in environ else "is not set"
    return file.finding(
        path,
        "missing-secret",
        f"{'.'.join(path)}: the environment variable {name} {what}.",
        f"Set it: export {name}=…",
    )


def _from_file(
    file: YamlFile,
    path: tuple[str, ...],
    name: str,
    key: str,
    opened: dict[str, dict[str, Any] | Finding],
) -> Secret | Finding | None:
    if name not in opened:
        opened[name] = _open(file, path, name)
        first = opened[name]
        if isinstance(first, Finding):
            return first
    content = opened[name]
    if isinstance(content, Finding):
        return None  # said once for the file is enough
    at = f"{'.'.join(path)}:"
    if key not in content:
        message = f"{at} the secrets file {name} has no key {key!r}."
        return file.finding(path, "missing-secret", message, nearest(key, content))
    value = content[key]
    if not isinstance(value, str):
        message = f"{at} the key {key!r} of {name} is not text."
        remedy = "Put its value in quotes, so that no digit of it is lost."
        return file.finding(path, "missing-secret", message, remedy)
    if not value.strip():
        return file.finding(path, "missing-secret", f"{at} the key {key!r} of {name} is empty.")
    return Secret(f"key {key} of {name}", value.strip())


def _open(file: YamlFile, path: tuple[str, ...], name: str) -> dict[str, Any] | Finding:
    where = Path(file.path).parent / name
    at = f"{'.'.join(path)}:"
    try:
        mode = where.stat().st_mode
    except OSError:
        return file.finding(
            path,
            "missing-secret",
            f"{at} there is no secrets file {where}.",
            "Make it with one 'key: value' a line, and chmod 600 it.",
        )
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        return file.finding(
            path,
            "secrets-file-open",
            f"{at} the secrets file {where} is open to others (mode {stat.S_IMODE(mode):04o}).",
            f"Close it: chmod 600 {where}",
        )
    try:
        content = read(where).value
    except FileError as error:  # its text may quote the file: give only the place
        found = error.findings[0]
        told = f": {found.message}" if found.code in QUOTING_NOTHING else " is not plain YAML."
        return Finding(found.place, "secrets-file-unreadable", f"the secrets file{told}")
    if not isinstance(content, dict):
        return file.finding(
            path,
            "secrets-file-unreadable",
            f"{at} the secrets file {where} holds no keys.",
            "Write one 'key: value' a line.",
        )
    return content


_TOKENS = re.compile(
    r"""(\b(?:access_token|refresh_token|id_token|client_secret)(?:=|["']\s*:\s*["']))[^"'&\s]+""",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"""((?<![\w-])(?:proxy-)?authorization(?:["']?\s*[:=]|["']\s*,)\s*b?["']?)[^"'\r\n]+""",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(Bearer )[A-Za-z0-9._~+/=-]{8,}")
# A shorter value may be a word of the shop's own, as its name often is its API key.
SHORT = 8


def redactor(secrets: Iterable[Secret]) -> Callable[[str], str]:
    """A function that takes ``secrets`` out of a message; make it once where many texts pass.

    Taken out are: what ``exactly`` takes out; whatever follows the header ``Authorization``; and
    OAuth tokens by name. For sentences, logs and headers, never for bodies or documents: there a
    word like these may be data.
    """
    known = exactly(secrets)

    def take_out(text: str) -> str:
        text = known(text)
        for pattern in (_HEADER, _TOKENS, _BEARER):
            text = pattern.sub(rf"\g<1>{STARS}", text)
        return text

    return take_out


def exactly(secrets: Iterable[Secret], *, short: bool = True) -> Callable[[str], str]:
    """A function that takes the values of ``secrets`` out of a text, and nothing else.

    Each value goes, also as base64, URL-encoded and inside JSON text; Qliro's token of a GET, which
    is base64(sha256(secret)) and as good as the secret (DOCS authorization); Fortnox's Basic pair
    base64(id:secret). A value under 8 characters goes only where it stands alone, and stays where
    ``short`` is false.
    """
    values = sorted({secret.reveal() for secret in secrets})
    forms: set[str] = set()
    for value in values:
        forms.update(_forms(value))
    for first, second in permutations(values, 2):
        forms.update(_encoded(f"{first}:{second}".encode()))
    taken = (form for form in forms if short or len(form) >= SHORT)
    ordered = sorted(taken, key=lambda form: (-len(form), form))
    if not ordered:
        return _as_it_is
    known = re.compile("|".join(_bounded(form) for form in ordered))
    return lambda text: known.sub(STARS, text)


def _as_it_is(text: str) -> str:
    return text


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """``text`` without ``secrets``, in any form that ``redactor`` knows."""
    return redactor(secrets)(text)


def _forms(value: str) -> Iterator[str]:
    yield value
    yield quote(value, safe="")
    yield quote(value)
    yield quote_plus(value)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield from _encoded(value.encode())
    yield from _encoded(hashlib.sha256(value.encode()).digest())


def _encoded(value: bytes) -> Iterator[str]:
    for form in (base64.b64encode(value), base64.urlsafe_b64encode(value)):
        text = form.decode()
        yield text
        yield text.rstrip("=")
        yield quote(text, safe="")


def _bounded(form: str) -> str:
    """A short value is taken out only where it stands alone: HATS, but not of HATS-1001."""
    return re.escape(form) if len(form) >= SHORT else rf"(?<![\w-]){re.escape(form)}(?![\w-])"
