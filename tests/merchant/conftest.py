"""A merchant file that says only what it must, and the means to change one line of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import FileError
from engine.merchant.load import Merchant, load_merchant

PLAIN = """\
version: 1
name: Hats
environment: test
qliro:
  api_key: {env: KEY}
  api_secret: {env: SECRET}
fortnox:
  client_id: {env: ID}
  client_secret: {env: PASSWORD}
payouts_from: 2026-01-01
interim_accounts:
  - {method: SWISH, currency: SEK, account: 1581}
default_interim_account: 1580
bank_accounts:
  - {currency: SEK, account: 1930}
accounts:
  fee: 6570
  fee_vat: 2641
  rounding: 3740
  dispute: 1589
voucher_series: {fees: Q, transfer: T, dispute: D}
"""
ENVIRON = {"KEY": "k-4711", "SECRET": "s-0815-long", "ID": "id-1", "PASSWORD": "pw-geheim"}

Load = Callable[..., Merchant]
Refused = Callable[..., list[str]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads PLAIN with lines changed: ``load({"old": "new"}, more="a: 1")``."""

    def loader(
        changes: dict[str, str] | None = None,
        more: str = "",
        environ: dict[str, str] | None = None,
        **options: bool,
    ) -> Merchant:
        text = PLAIN
        for old, new in (changes or {}).items():
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in PLAIN"
            text = text.replace(old, new)
        path = tmp_path / "hats.yaml"
        path.write_text(text + more, "utf-8")
        return load_merchant(path, ENVIRON if environ is None else environ, **options)

    return loader


@pytest.fixture
def refused(load: Load, tmp_path: Path) -> Refused:
    """The findings that the same change leads to, each as the user reads it."""

    def findings(*args: object, **options: object) -> list[str]:
        with pytest.raises(FileError) as caught:
            load(*args, **options)
        return [str(f).replace(f"{tmp_path}/", "") for f in caught.value.findings]

    return findings
