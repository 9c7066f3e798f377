"""The command ``test``: the cases of a mapping set, an overlay or a merchant."""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine and its database

from __future__ import annotations

from pathlib import Path

import click

from ..errors import Exit, UsageError
from ..show.output import Output
from . import command
from .command import EXIT_CODES, in_folder, of_set, option, shared


@click.command(epilog=EXIT_CODES)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@option("-k", "--name", "name", metavar="NAME", help="Only cases with this in their name.")
@of_set
@option("--merchant", type=command.MerchantName(), metavar="MERCHANT",
        help="The set, the overlay and the settings of this merchant.")  # fmt: skip
@option("--update", "updates", is_flag=True,
        help="Write the snapshots anew, and show what changed.")  # fmt: skip
@in_folder
@shared
def test(
    out: Output, paths: tuple[Path, ...], name: str | None, mapping_set: str | None,
    overlay: Path | None, merchant: str | None, updates: bool, merchants: Path,
) -> int:  # fmt: skip
    """Run the cases of mappings: given this order, expect this invoice. No server is asked.

    PATH is a file or folder of cases; without one all of the overlay are run, or of the set where
    there is none. A case that does not hold is shown with what differs and the rule that made it,
    and ends this with 1.
    """
    from ..doctor.lint import whole_set
    from ..merchant.load import find_merchant, load_merchant
    from ..show import tested
    from ..workbench.cases import snapshots
    from ..workbench.cases.suite import set_of, suite

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
    found = suite(whole_set(*named), *named, of, paths, name)
    verdicts = list(found.verdicts())
    changes = []
    if updates:
        changes = snapshots.update(verdicts, found.kept, whole=found.whole)
        found.kept = snapshots.kept(found.cases)
        verdicts = list(found.verdicts())
    out.page(tested.page(verdicts, changes, updated=updates))
    out.data(tested.data(verdicts, changes))
    return Exit.OK if all(one.holds for one in verdicts) else Exit.FAILED
