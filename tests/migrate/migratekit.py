"""Small sets and overlays of both versions of the language, as texts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.yamlfile import parse

SET: Mapping[str, str] = {
    "set.yaml": "version: 2\nset: hats\nrelease: 2026.12\n",
    "payouts/payment.yaml": """\
version: 2
mapping: payment
source: {line: qliro.settlement_line}
target: fortnox.invoice_payment
let:
  paid: "{{ line.Amount }}"
document:
  InvoiceNumber: 5
  PaymentDate: "{{ line.BatchDate }}"
  ModeOfPaymentAccount: 1580
  Amount: "{{ paid }}"
  WriteOffs:
    - {id: fee, AccountNumber: 6570, Amount: 5}
    - {id: rounding, AccountNumber: 3740, Amount: 1}
then: [bookkeep]
identity:
  ask: {invoicenumber: "{{ document.InvoiceNumber }}"}
  agree: [InvoiceNumber, Amount]
checks:
  - {id: not-zero, that: paid != 0, because: nothing is paid}
  - {id: not-twice, that: line.Status == 'Accepted', because: it is not accepted, essential: true}
  - {id: in-kronor, that: line.CurrencyCode == 'SEK', because: it is in another currency}
""",
    "tables/countries.yaml": """\
version: 2
table: countries
inputs: {country: text}
outputs: {name: text}
hit: unique
rows:
  - {id: SE, when: {country: SE}, then: {name: Sverige}}
  - {id: NO, when: {country: NO}, then: {name: Norge}}
otherwise: {name: ""}
""",
}


def folder_of(texts: Mapping[str, str], folder: Path) -> Path:
    """The texts as files of a folder, byte for byte."""
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder


def merged_by_version_1(base: Any, over: Any) -> Any:
    """How version 1 laid a file over another: key by key, the rest replaced, null removes."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    result = {key: value for key, value in base.items() if key not in over or over[key] is not None}
    for key, value in over.items():
        if value is not None:
            result[key] = merged_by_version_1(base[key], value) if key in base else value
    return result


def bare(value: Any) -> Any:
    """A declaration without what only names its items."""
    if isinstance(value, dict):
        naming = ("id", "version", "essential")
        kept = {key: bare(one) for key, one in value.items() if key not in naming}
        return {key: one for key, one in kept.items() if key not in ("checks", "then") or one}
    return [bare(one) for one in value] if isinstance(value, list) else value


def value(text: str) -> Any:
    return parse(text).value
