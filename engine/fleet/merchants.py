"""What a scheduler has to know of each merchant, and when each runs.

Reads the merchant files of a folder, without secrets; gives them in the order of their names.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from ..errors import FileError, Finding, UsageError
from ..merchant.load import RECEIVER, Merchant, load_merchant, merchant_files
from ..merchant.settings import merchant_schema, settings_of

# Days begin where the merchants are; a daily run comes when Qliro has settled the day before.
ZONE, HOUR = "Europe/Stockholm", 6
DAY = 1440
# What a systemd unit, a shell and an address of Kubernetes all take without quoting.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A merchant as a scheduler sees it.

    ``state`` is the folder of its database, relative to that of the merchants unless absolute;
    ``variables`` are the environment variables that it reads secrets from, ``files`` the secrets
    files; ``folders`` are the mapping sets and overlays that it names, likewise; ``turn`` is a
    number that is the same each time, by which merchants are spread over time.
    """

    name: str
    state: str
    variables: tuple[str, ...]
    files: tuple[str, ...]
    folders: tuple[str, ...]
    turn: int

    def cron(self, every: int) -> str:
        """When it runs, as cron says it: every so many minutes, at minutes of its own."""
        if every == DAY:
            return f"{self.turn % 60} {HOUR} * * *"
        minutes = range(self.turn % every, 60, every)
        return f"{','.join(map(str, minutes))} * * * *"


def scheduled(folder: Path) -> list[Scheduled]:
    """The merchants of ``folder``.

    Raises FileError with what is wrong in all of their files, and UsageError where there are none
    or where a name can't stand in a scheduler's file.
    """
    files = merchant_files(folder)
    if not files:
        raise UsageError(f"There is no merchant in {folder}.", "Name the folder: --merchants")
    found, wrong = [], list[Finding]()
    for file in files:
        try:
            found.append(_scheduled(load_merchant(file, {}, needs_secrets=False)))
        except FileError as error:
            wrong += error.findings
    if wrong:
        raise FileError(wrong)
    for one in found:
        if not NAME.match(one.name):
            raise UsageError(
                f"{one.name!r} can't name a job of a scheduler.",
                "Name the merchant's file with a to z, 0 to 9, - and _.",
            )
    return found


def states(merchants: Iterable[Scheduled], below: str) -> list[str]:
    """The folders of their databases, each once, where the merchants lie in ``below``/merchants."""
    return sorted({placed(one.state, f"{below}/merchants") for one in merchants})


def placed(path: str, beside: str) -> str:
    """A path of a merchant file, absolute, where that file lies in the folder ``beside``."""
    return os.path.normpath(os.path.join(beside, path))


def _scheduled(merchant: Merchant) -> Scheduled:
    references = list(_references(merchant.file.value))
    return Scheduled(
        merchant.name,
        merchant.settings["state"],
        tuple(sorted({one["env"] for one in references if "env" in one})),
        tuple(sorted({one["file"] for one in references if "file" in one})),
        tuple(
            one
            for one in (merchant.settings["mapping_set"], merchant.settings["overlay"])
            if one and "/" in one
        ),
        crc32(merchant.name.encode()),
    )


def _references(tree: Any) -> Iterator[Mapping[str, str]]:
    """Where the file says that the secrets of a run are; those of the receiver are not a run's."""
    for setting in settings_of(merchant_schema()):
        if not setting.is_secret or setting.path[0] == RECEIVER:
            continue
        inner: Any = tree
        for step in setting.path:
            inner = inner.get(step) if isinstance(inner, Mapping) else None
        if isinstance(inner, Mapping):
            yield inner
