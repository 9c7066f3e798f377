"""The commands ``init``, ``show`` and ``lint``: the files that people write, without any server."""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine and its database

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import Exit, UsageError
from ..merchant.mapping_sets import DEFAULT, folder_of
from ..show.output import Output
from . import command
from .command import EXIT_CODES, in_folder, of_set, option, shared

if TYPE_CHECKING:
    from ..language.laid import Change

SCHEMAS = "schemas"  # the folder of JSON Schemas beside the merchant files


@click.command(epilog=EXIT_CODES)
@click.argument("name")
@option("--title", help="What people call the merchant.  [default: NAME]")
@in_folder
@shared
def init(out: Output, name: str, title: str | None, merchants: Path) -> None:
    """Write a commented merchant file. NAME names the file, the database and the merchant.

    Beside it, in the folder schemas, are the JSON Schemas by which an editor completes and explains
    its keys: keep them with the file, so that they are there for others too.
    """
    from ..doctor.lint import whole_set
    from ..language import editor
    from ..merchant.first_file import initial_text
    from ..show.page import Text

    if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
        raise UsageError(
            f"{name!r} can't name a file and a database.", "Use a to z, 0 to 9, - and _."
        )
    if "secrets" in name:
        raise UsageError(
            f"{name!r} would be taken for a file of secrets, and `run --all` would leave it out.",
            "Choose another name.",
        )
    path = merchants / f"{name}.yaml"
    if path.exists():
        raise UsageError(f"{path} is there already; it is left as it is.", "Choose another name.")
    merchants.mkdir(parents=True, exist_ok=True)
    editor.write(merchants / SCHEMAS, whole_set(folder_of(DEFAULT, merchants), None))
    path.write_text(initial_text(title or name, f"{SCHEMAS}/{editor.MERCHANT}"), encoding="utf-8")
    hint = "Fill in payouts_from, the first day that this program is to book, and set the\nsecrets"
    out.page([Text(f"Wrote {path}.\n{hint} that it names. Then: qliro-fortnox lint {name}")])
    out.data({"file": str(path)})


@click.command(epilog=EXIT_CODES)
@click.argument("merchant", required=False, type=command.MerchantName(), metavar="[MERCHANT]")
@of_set
@in_folder
@shared
def show(
    out: Output, merchant: str | None, mapping_set: str | None, overlay: Path | None,
    merchants: Path,
) -> None:  # fmt: skip
    """Show every setting and its origin. Secrets are shown by name, never by value.

    With --set or --overlay in place of MERCHANT: the mappings of a set, and what the overlay
    changes of them.
    """
    from ..doctor.lint import whole_set
    from ..mappings import load_mappings
    from ..show import mapping_set as of_no_merchant
    from ..show import merchant as view
    from . import opening

    if (named := command.named_set(mapping_set, overlay, of_merchants=bool(merchant))) is not None:
        whole = whole_set(*named)
        out.page(of_no_merchant.page(whole, *named))
        out.data(of_no_merchant.data(whole, *named))
        return
    if merchant is None:
        raise UsageError("Show what?", "Name a merchant, or a mapping set with --set.")
    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    loaded, _ = load_mappings(found)
    out.page(view.page(found, loaded))
    out.data(view.data(found, loaded))


@click.command(epilog=EXIT_CODES)
@click.argument("merchant_names", nargs=-1, type=command.MerchantName(), metavar="[MERCHANT]...")
@option("--all", "everything", is_flag=True,
              help="All merchants of the folder, and all that comes with the program.")  # fmt: skip
@of_set
@option("--format", "form", default="text",
              type=click.Choice(["text", "json", "github", "sarif"]),
              help="For people, or for programs: JSON, GitHub's annotations, SARIF.")  # fmt: skip
@option("--strict", is_flag=True, help="Warnings fail as errors do.")
@option("--explain", "code", metavar="CODE", help="Only tell what findings of a code mean.")
@in_folder
@shared
def lint(
    out: Output, merchant_names: tuple[str, ...], everything: bool, mapping_set: str | None,
    overlay: Path | None, form: str, strict: bool, code: str | None, merchants: Path,
) -> int:  # fmt: skip
    """Check merchant files and mappings. All findings come at once, and no server is asked.

    With --set or --overlay a mapping set and what is laid over it, without any merchant. Errors
    stop a run and end this with 2; warnings are what may go wrong. What one means is told by
    --explain and its code, `lint --explain may-be-null` for instance.
    """
    if code is not None:
        return _explain(out, code)
    from ..doctor.lint import lint_installed, lint_merchant, lint_set, quotable, without_repeats
    from ..show import findings as view

    of_merchants = bool(merchant_names) or everything
    named = command.named_set(mapping_set, overlay, of_merchants=of_merchants)
    if named is None and not of_merchants:
        raise UsageError("Lint what?", "Name merchants, say --all, or name a set with --set.")
    paths = command.merchant_paths(merchant_names, merchants, everything=everything)
    laid: dict[str, Change] = {}  # each once: merchants may share an overlay

    def changed(change: Change) -> None:
        laid[f"{change} {change.place}"] = change

    findings = [one for path in paths for one in lint_merchant(path, os.environ, changed)]
    findings += lint_set(*named, changed) if named is not None else []
    findings = without_repeats([*findings, *(lint_installed() if everything else [])])
    wrong = any(strict or one.severity == "error" for one in findings)
    told = view.shown(findings, quotable(paths))
    view.put(out, form, told, list(laid.values()), ok=not wrong, version=command.VERSION)
    return Exit.INVALID if wrong else Exit.OK


def _explain(out: Output, code: str) -> int:
    """Tells what findings of a code mean."""
    from ..language.rules.explained import explained
    from ..show.page import Text, heading
    from ..yamlfile import nearest

    known = explained()
    if code not in known:
        raise UsageError(f"Lint has no finding {code!r}.", nearest(code, known))
    out.page([heading(code), *(Text(one) for one in known[code].split("\n"))])
    out.data({"code": code, "means": known[code]})
    return Exit.OK
