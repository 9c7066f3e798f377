"""What the tests of `fleet` share: merchants in a folder, and the command called there."""

from __future__ import annotations

import re
import shutil
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from engine.commands import command
from engine.commands.main import commands
from engine.home import HOME

MERCHANT = """\
version: 1
name: {name}
environment: test
qliro: {{api_key: {{env: {upper}_KEY}}, api_secret: {{env: {upper}_SECRET}}}}
fortnox:
  client_id: {{env: FORTNOX_ID}}
  client_secret: {{env: FORTNOX_SECRET}}
payouts_from: 2026-10-01
default_interim_account: 1580
bank_accounts: [{{currency: SEK, account: 1930}}]
accounts: {{fee: 6570, fee_vat: 2641, fees_pending: 1790, fees_owed: 2990, rounding: 3740,
  currency_gain: 3960, currency_loss: 7960, dispute: 1589, suspense: 2999, debt: 2890}}
voucher_series: {{fees: Q, transfer: T, dispute: D}}
"""


def write_merchants(folder: Path, *names: str, more: str = "") -> None:
    (folder / "merchants").mkdir(exist_ok=True)
    for name in names:
        text = MERCHANT.format(name=name, upper=re.sub("[^A-Z0-9]", "_", name.upper()))
        (folder / "merchants" / f"{name}.yaml").write_text(text + more, encoding="utf-8")


def called(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """`fleet …` in ``folder``: exit code and both streams. Files are written into ``out`` there."""
    out, err = StringIO(), StringIO()
    with chdir(folder), redirect_stdout(out), redirect_stderr(err):
        code = command.ended(commands, ["fleet", *arguments, "--out", "out"], "qliro-fortnox")
    return code, out.getvalue(), err.getvalue()


def fleet(folder: Path, *arguments: str) -> str:
    """The same, all well: what it says."""
    code, out, err = called(folder, *arguments)
    assert (code, err) == (0, ""), err
    return out


def tool(name: str, environment: str = "deploy") -> str:
    """The program ``name`` of an environment of its own, else of the machine; skips without."""
    own = HOME / ".venv" / environment / "bin" / name
    found = str(own) if own.exists() else shutil.which(name) if environment == "deploy" else None
    if found is None:
        pytest.skip(f"{name} is not installed: make test-deploy")
    return found
