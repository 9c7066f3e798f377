"""The command ``test``: the cases of a mapping set, an overlay or a merchant."""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine and its database

from __future__ import annotations

import gc
from pathlib import Path

import click

from ..errors import Exit, UsageError
from ..show.output import Output
from . import command
from .command import EXIT_CODES, in_folder, of_set, option, shared

HTML_FILE = "coverage.html"
# What is read and compiled lives as long as the command: the search for rings may be rare.
RARE = (100_000, 50, 100)


@click.command(epilog=EXIT_CODES)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@option("-k", "--name", "name", metavar="NAME", help="Only cases with this in their name.")
@of_set
@option("--merchant", type=command.MerchantName(), metavar="MERCHANT",
        help="The set, the overlay and the settings of this merchant.")  # fmt: skip
@option("--update", "updates", is_flag=True,
        help="Write the snapshots anew, and show what changed.")  # fmt: skip
@option("--coverage", "coverage", is_flag=False, flag_value="terminal", metavar="[FORM]",
        type=click.Choice(["terminal", "json", "html"]),
        help="Show also what the cases reach of the rules: terminal, json, or html, which is "
             f"written to {HTML_FILE} in this folder.")  # fmt: skip
@option("--mutation", "mutating", is_flag=True,
        help="Show also what the cases assert on: it is changed, and one must fail.")  # fmt: skip
@option("--fail-under", "least", type=click.FloatRange(0, 100), metavar="PERCENT",
        help="End with 1 where the cases reach less of the rules, or with --mutation assert "
             "on less.")  # fmt: skip
@in_folder
@shared
def test(
    out: Output, paths: tuple[Path, ...], name: str | None, mapping_set: str | None,
    overlay: Path | None, merchant: str | None, updates: bool, coverage: str | None,
    mutating: bool, least: float | None, merchants: Path,
) -> int:  # fmt: skip
    """Run the cases of mappings: given this order, expect this invoice. No server is asked.

    PATH is a file or folder of cases; without one all of the overlay are run, or of the set where
    there is none. A case that does not hold is shown with what differs and the rule that made it,
    and ends this with 1. What the cases reach is told of the files of the overlay, or of the set
    where there is none; with a PATH or a NAME only of those files that they reach at all.
    """
    from ..doctor.lint import whole_set
    from ..merchant.load import find_merchant, load_merchant
    from ..show import coverage as shown
    from ..show import tested
    from ..show.coverage_html import html_page
    from ..workbench.cases import snapshots
    from ..workbench.cases.answered import Answered, cache_file
    from ..workbench.cases.suite import set_of, suite
    from ..workbench.coverage.coverage import covered

    named = command.named_set(mapping_set, overlay, of_merchants=merchant is not None)
    of = None
    if merchant is not None:
        of = load_merchant(find_merchant(merchant, merchants), {}, needs_secrets=False)
        named = of.mapping_folder, of.overlay_folder
    if named is None:
        folder = set_of(paths) if paths else None
        if folder is None:
            remedy = "Name a set with --set, an overlay with --overlay, or a --merchant."
            raise UsageError("Test what?" if not paths else "Cases of which set?", remedy)
        named = folder, None
    gc.set_threshold(*RARE)
    found = suite(whole_set(*named), *named, of, paths, name)
    known = found.programs.answered = Answered(cache_file([*named, of.path if of else None]))
    of_rules = None
    if mutating:
        out.note("Each rule that the cases reach is changed, one at a time …")
    if coverage is not None or mutating or least is not None:
        narrowed, folder = bool(paths) or name is not None, named[1] or named[0]
        verdicts, of_rules = covered(found, folder, narrowed=narrowed, mutating=mutating)
    else:
        verdicts = list(found.verdicts())
    if not mutating:  # what was asked with a rule changed is asked once
        known.save(whole=not paths and name is None)
    changes = []
    if updates:
        changes = snapshots.update(verdicts, found.kept, whole=found.whole)
        found.kept = snapshots.kept(found.cases)
        verdicts = list(found.verdicts())
    out.json = out.json or coverage == "json"
    if of_rules is not None and coverage == "html":
        Path(HTML_FILE).write_text(html_page(of_rules), "utf-8")
        out.note(f"Written: {HTML_FILE}")
    elif of_rules is not None:
        out.page(shown.page(of_rules, whole=out.verbose))
    out.page(tested.page(verdicts, changes, updated=updates))
    reached = {"coverage": shown.data(of_rules)} if of_rules else {}
    out.data({**tested.data(verdicts, changes), **reached})
    enough = of_rules is None or (not of_rules.wrong and of_rules.percent >= (least or 0))
    return Exit.OK if enough and all(one.holds for one in verdicts) else Exit.FAILED
