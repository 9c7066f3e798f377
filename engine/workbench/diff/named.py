"""Versions by what people call them: a folder, a git revision, a set or a release of it, the
working tree.

Reads files, and of a git repository what it holds at a revision, unpacked into a folder that ends
with the comparison. Asks no server and needs no secret.
"""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

from ...errors import UsageError
from ...language.load import stands_alone
from ...merchant.load import Merchant, load_merchant
from ...merchant.mapping_sets import folder_of
from ...store.database import Store
from ..versions import Version, working
from .releases import release, releases_told

WORKING = "working"


def version(name: str, merchant: Merchant, scratch: Path, store: Store | None = None) -> Version:
    """The version that ``name`` means for a merchant; ``scratch`` is an empty folder of its own.

    A text with a slash, or that begins with a point, is a path where it is there: of a merchant's
    file, of a mapping set, of an overlay, or of a folder that holds the merchant's file. Else it is
    the name of a mapping set, else a release (of which ``store`` keeps those that posted), else a
    git revision. Raises UsageError and FileError.
    """
    if name == WORKING:
        return working(merchant)
    path = Path(name)
    if ("/" in name or name.startswith(".")) and path.exists():
        return _at(path.absolute(), name, merchant)
    try:
        folder = folder_of(name, Path())
    except UsageError:
        found = release(name, merchant, store)
        return found or _revision(name, merchant, scratch, releases_told(merchant, store))
    return working(_with(merchant, folder, None), name)


def _with(merchant: Merchant, mapping_set: Path | None, overlay: Path | None) -> Merchant:
    """The merchant with another set or overlay."""
    settings = dict(merchant.settings)
    if mapping_set is not None:
        settings["mapping_set"] = str(mapping_set)
    if overlay is not None:
        settings["overlay"] = str(overlay)
    return replace(merchant, settings=settings)


def _at(path: Path, name: str, merchant: Merchant) -> Version:
    file = merchant.path.name
    for candidate in (path, path / file, path / merchant.path.parent.name / file):
        if candidate.is_file():
            return working(load_merchant(candidate, {}, needs_secrets=False), name)
    if not any((*path.rglob("*.yaml"), *path.rglob("*.yml"))):
        raise UsageError(
            f"{name} holds no mapping set, no overlay and no {file}.",
            "Name the folder of one of these, or of a checkout that has them.",
        )
    if stands_alone(path):
        return working(_with(merchant, path, None), name)
    return working(_with(merchant, None, path), name)


def _revision(name: str, merchant: Merchant, scratch: Path, releases: str) -> Version:
    """The merchant's file, set and overlay as a git revision has them; what lies in no repository
    that knows the revision stays as it is. ``releases`` are told where nothing knows it."""
    unpacked: dict[Path, Path] = {}

    def at(path: Path) -> Path | None:
        """Where a path lies at the revision, if a repository has it there."""
        top = _top(path if path.is_dir() else path.parent)
        commit = _commit(top, name) if top else None
        if top is None or commit is None:
            return None
        if top not in unpacked:
            unpacked[top] = scratch / str(len(unpacked))
            _unpack(top, name, commit, unpacked[top])
        return unpacked[top] / path.resolve().relative_to(top)

    then, file = merchant, at(merchant.path)
    if file is not None:
        if not file.is_file():
            what = f"The merchant's file {merchant.path.name} is not in the revision {name}."
            raise UsageError(what, "Name a revision that has it.")
        if (own := merchant.overlay_folder) is not None and (overlay := at(own)) is not None:
            overlay.mkdir(parents=True, exist_ok=True)  # git keeps no empty folder
        then = load_merchant(file, {}, needs_secrets=False)
    for whose in (then, merchant):
        try:
            mapping_set = whose.mapping_folder
            break
        except UsageError:
            continue
    overlay = then.overlay_folder
    if not any(mapping_set.is_relative_to(one) for one in unpacked.values()):
        mapping_set = at(mapping_set) or mapping_set
    if overlay is not None and not overlay.is_dir():
        overlay = merchant.overlay_folder
    if overlay is not None and not any(overlay.is_relative_to(one) for one in unpacked.values()):
        overlay = at(overlay) or overlay
    if not unpacked:
        raise UsageError(
            f"{name!r} is no folder, no mapping set and no git revision of the merchant's files."
            f"{releases}",
            "Name a revision (HEAD~1, a branch, a tag), a set, or a path with a slash: ./name.",
        )
    root = next(iter(unpacked.values()))
    return working(_with(then, mapping_set, overlay), name, root)


def _git(
    folder: Path, *arguments: str, given: bytes = b""
) -> subprocess.CompletedProcess[bytes] | None:
    try:
        return subprocess.run(  # noqa: S603  git, with a folder and a revision
            ["git", "-C", str(folder), *arguments], capture_output=True, check=False,  # noqa: S607
            input=given,
        )  # fmt: skip
    except OSError:
        return None


def _top(folder: Path) -> Path | None:
    found = _git(folder, "rev-parse", "--show-toplevel")
    if found is None or found.returncode:
        return None
    return Path(found.stdout.decode().rstrip("\n"))


def _commit(top: Path, name: str) -> str | None:
    """The commit that a revision names; None where the repository has none of that name."""
    asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    found = _git(top, *asked)
    return None if found is None or found.returncode else found.stdout.decode().strip()


def _unpack(top: Path, name: str, commit: str, folder: Path) -> None:
    """The YAML of a revision; nothing else decides. As it was committed, byte for byte: what git
    packs for others leaves out, and rewrites, what its attributes say."""
    listed = _git(top, "ls-tree", "-r", "-z", "--full-tree", commit)
    if listed is None or listed.returncode:
        raise UsageError(f"git can't list the files of {name}: {_said(listed)}.")
    blobs: dict[str, str] = {}
    for entry in listed.stdout.decode("utf-8", "surrogateescape").split("\0"):
        about, _, path = entry.partition("\t")
        if path.endswith((".yaml", ".yml")) and about.startswith("100"):  # a file, and no link
            blobs[path] = about.split()[2]
    folder.mkdir(parents=True)
    asked = "".join(f"{one}\n" for one in blobs.values()).encode()
    given = _git(top, "cat-file", "--batch", given=asked)
    if given is None or given.returncode:
        raise UsageError(f"git can't give the files of {name}: {_said(given)}.")
    content, at = given.stdout, 0
    for path, blob in blobs.items():
        head = content[at : content.index(b"\n", at)]
        at += len(head) + 1
        told = head.split()
        if told[0].decode() != blob or told[1] != b"blob":
            raise UsageError(f"git can't give {path} of {name}: {head.decode(errors='replace')}.")
        to = folder / path
        if not to.resolve().is_relative_to(folder.resolve()):
            raise UsageError(f"{path} of {name} leads out of its repository, and is not read.")
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(content[at : at + int(told[2])])
        at += int(told[2]) + 1


def _said(ended: subprocess.CompletedProcess[bytes] | None) -> str:
    return ended.stderr.decode(errors="replace").strip() if ended else "git is not there"
