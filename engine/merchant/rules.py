"""What a merchant's settings must satisfy together, beyond what a schema can say of each.

Reads the filled settings tree and the file's places, gives findings: what a chosen mode needs,
prefixes and fields, rows that can never decide, accounts, addresses, folders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import Finding, UsageError
from ..validate import dotted
from ..yamlfile import Path_, YamlFile
from . import mapping_sets, tables
from .settings import BY_ENVIRONMENT, Schema, Setting, get, needs, settings_of
from .tables import usable

# The flows that write references into documents.
WRITING_FLOWS = ("orders", "invoices")
ADDRESS = "#/$defs/address"
# The columns of sales_accounts that name an account.
SALES = ("account", "vat_account")

Rule = Callable[[YamlFile, Mapping[str, Any], Schema], Iterator[Finding]]


def findings(
    file: YamlFile, tree: Mapping[str, Any], schema: Schema, told: Set[Path_] = frozenset()
) -> list[Finding]:
    """What is wrong in ``tree`` (filled, without the values that the schema refused).

    ``told`` are the paths that already have a finding: nothing is said of them twice.
    """
    found = [finding for rule in _RULES for finding in rule(file, tree, schema)]
    for need in needs(tree, schema):
        path = need.setting.path
        if not any(path[: len(given)] == given for given in told):
            found.append(_needed(file, need.setting, need.because))
    return found


def _needed(file: YamlFile, setting: Setting, because: tuple[tuple[str, Any], ...]) -> Finding:
    reasons = [
        f"{key}: {value}{'' if _given(file, key) else ' (the default)'}"
        for key, value in because
        if value is not None and not key.startswith("flows.")
    ]
    by = " and ".join(reasons)
    message = f"{setting.key} is missing; {by} needs it." if by else f"{setting.key} is missing."
    return file.finding(
        setting.path, "missing-key", message, setting.schema.get("description", ""), key=True
    )


def _given(file: YamlFile, key: str) -> bool:
    return get(file.value, key) is not None


def _flows(file: YamlFile, tree: Mapping[str, Any], schema: Schema) -> Iterator[Finding]:
    flows = tree["flows"]
    field = tree["payout_reference_field"]
    declared = schema["properties"]["payout_reference_field"]
    writing = [flow for flow in WRITING_FLOWS if flows[flow]]
    if field in declared["x-numbered-by-fortnox"] and writing:
        yield file.finding(
            ("payout_reference_field",),
            "field-not-writable",
            f"{field} can only be searched, so the flow {writing[0]} cannot write a reference"
            " into it.",
            "Choose ExternalInvoiceReference1, or switch the flow off.",
        )
    if flows["invoices"] and not flows["orders"] and tree["invoices"]["from"] == "order":
        yield file.finding(
            ("invoices", "from"),
            "no-orders",
            "invoices.from: order needs the flow orders, which makes them.",
            "Write from: capture, or switch orders on.",
        )
    collective = tree["customers"]["by"] == "collective" and not tree["customers"]["collective"]
    if writing and collective:
        yield file.finding(
            ("customers", "collective"),
            "missing-key",
            "customers.collective is missing; customers.by: collective needs it.",
            key=True,
        )


def _own_methods(file: YamlFile, tree: Mapping[str, Any], schema: Schema) -> Iterator[Finding]:
    """Status goes back only for terms of payment that are Qliro's own: any rule may break that."""
    own = [code for code in tree["qliro_methods"] or () if code is not None]
    given: list[tuple[Path_, str]] = [
        (("payment_methods", index, "terms_of_payment"), row["terms_of_payment"])
        for index, row in usable(tree, "payment_methods")
    ]
    given.append((("default_terms_of_payment",), tree["default_terms_of_payment"]))
    for path, terms in given if tree["flows"]["order_status"] else ():
        if terms and terms not in own:
            yield file.finding(
                path,
                "not-qliros-own",
                f"{dotted(path)}: {terms} is not one of qliro_methods ({', '.join(own)}), so that"
                " what is delivered stays not shipped (Ej skickad) at Qliro.",
                "Give it a code of Qliro's own, or add the code to qliro_methods.",
                severity="warning",
            )


def _references(file: YamlFile, tree: Mapping[str, Any], schema: Schema) -> Iterator[Finding]:
    first, second = tree["payout_reference_field"], tree["second_reference_field"]
    if first == second:
        at = "second_reference_field" if _given(file, "second_reference_field") else None
        yield file.finding(
            (at or "payout_reference_field",),
            "same-field",
            f"payout_reference_field and second_reference_field are both {first}.",
            "Each carries another identifier: choose two fields.",
        )
    prefix = tree["payment_reference_prefix"] or ""
    longest = schema["properties"]["payout_reference_field"]["x-longest"]
    reference = schema["properties"]["payment_reference_prefix"]["x-longest-reference"]
    for field in dict.fromkeys((first, second)):
        limit = longest.get(field)
        if limit is not None and len(prefix) + reference > limit:
            yield file.finding(
                ("payment_reference_prefix",),
                "prefix-too-long",
                f"{prefix!r} has {len(prefix)} characters and a reference up to {reference}, but"
                f" {field} holds {limit}.",
                f"Shorten it to {limit - reference} characters, or choose another field.",
            )
    for name, taken in (("our_reference", "OurReference"), ("your_reference", "YourReference")):
        if tree["invoices"][name] and taken in (first, second):
            yield file.finding(
                ("invoices", name),
                "same-field",
                f"invoices.{name} would take {taken}, which carries the payment's reference.",
                "Leave it out, or choose another reference field.",
            )


def _first_days(file: YamlFile, tree: Mapping[str, Any], schema: Schema) -> Iterator[Finding]:
    for name in ("payouts_from", "orders_from"):
        value = tree[name]
        if value is not None and not isinstance(value, date):
            yield file.finding((name,), "not-a-date", f"{name}: there is no day {value}.")


def _accounts(file: YamlFile, tree: Mapping[str, Any], schema: Schema) -> Iterator[Finding]:
    """Interim accounts hold exactly the open lines, so nothing else may use them."""
    interim = {row.get("account") for _, row in usable(tree, "interim_accounts")}
    interim = (interim | {tree["default_interim_account"]}) - {None}
    others: list[Path_] = [
        (table, index, name)
        for table, names in (("bank_accounts", ("account",)), ("sales_accounts", SALES))
        for index, _ in usable(tree, table)
        for name in names
    ]
    others += [("accounts", name) for name in tree["accounts"]]
    for path in others:
        account = get(tree, path)
        if account in interim:
            yield file.finding(
                path,
                "interim-account-shared",
                f"{dotted(path)}: {account} is also an interim account.",
                "An interim account holds the open lines and nothing else: use another account.",
            )


def _currencies(file: YamlFile, tree: Mapping[str, Any], schema: Schema) -> Iterator[Finding]:
    own = tree["accounting_currency"]
    foreign = [
        (table, index, row["currency"])
        for table in ("interim_accounts", "bank_accounts")
        for index, row in usable(tree, table)
        if row.get("currency") not in (None, own)
    ]
    if foreign and own:
        table, index, currency = foreign[0]
        for name in ("currency_gain", "currency_loss"):
            if tree["accounts"][name] is None and not _given(file, f"accounts.{name}"):
                yield file.finding(
                    ("accounts", name),
                    "missing-key",
                    f"accounts.{name} is missing; {table}[{index}] in {currency} needs it.",
                    key=True,
                )
    banks = {row.get("currency") for _, row in usable(tree, "bank_accounts")}
    if own and banks and own not in banks:
        yield file.finding(
            ("bank_accounts",),
            "no-bank-account",
            f"no bank account is declared for {own}, the currency of the books.",
            key=True,
            severity="warning",
        )


def _series(file: YamlFile, tree: Mapping[str, Any], schema: Schema) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for name, code in tree["voucher_series"].items():
        if code in seen:
            yield file.finding(
                ("voucher_series", name),
                "same-series",
                f"voucher_series.{name} is {code}, like voucher_series.{seen[code]}.",
                "One series for each kind keeps them apart in Fortnox.",
                severity="warning",
            )
        elif code is not None:
            seen[code] = name


def _addresses(file: YamlFile, tree: Mapping[str, Any], schema: Schema) -> Iterator[Finding]:
    environment = tree["environment"]
    for setting in settings_of(schema):
        by_environment = setting.schema.get(BY_ENVIRONMENT)
        address = get(tree, setting.path)
        if setting.schema.get("$ref") == ADDRESS and address and not _leads_somewhere(address):
            yield file.finding(
                setting.path,
                "not-an-address",
                f"{setting.key}: {address} is no address.",
                "Write https://host, or https://host:port with a port up to 65535.",
            )
            continue
        if not by_environment or not address or not environment:
            continue
        host = urlsplit(address).hostname
        own = urlsplit(by_environment.get(environment, "")).hostname
        others = {urlsplit(a).hostname: e for e, a in by_environment.items()}
        if host != own and host in others:
            names = [e for e, a in by_environment.items() if urlsplit(a).hostname == host]
            yield file.finding(
                setting.path,
                "wrong-environment",
                f"{setting.key}: {host} is the address for {' and '.join(names)}, but"
                f" environment is {environment}.",
                "Leave the address out, or correct the environment.",
            )
        local = host in ("localhost", "127.0.0.1", "::1")
        # What stays on this machine is not overheard: a sandbox may stand in for the live system.
        if urlsplit(address).scheme == "http" and environment != "sandbox" and not local:
            yield file.finding(
                setting.path,
                "not-https",
                f"{setting.key}: credentials must not travel unencrypted to {host}.",
                "Write https://, or leave it out for the usual address.",
            )


def _leads_somewhere(address: str) -> bool:
    """Whether host and port are such as there can be; the pattern in the schema tells the rest."""
    try:
        parts = urlsplit(address)
        (parts.hostname or "").encode("idna")
        return parts.port is None or parts.port >= 0
    except ValueError:
        return False


def _credentials(file: YamlFile, tree: Mapping[str, Any], schema: Schema) -> Iterator[Finding]:
    pair = ("plus_api_key", "plus_api_secret")
    for name, other in (pair, pair[::-1]):
        if _given(file, f"qliro.{name}") and not _given(file, f"qliro.{other}"):
            yield file.finding(
                ("qliro", other),
                "missing-key",
                f"qliro.{other} is missing; qliro.{name} is of no use without it.",
                key=True,
            )
    if tree["environment"] == "live" and _given(file, "fortnox.access_token"):
        yield file.finding(
            ("fortnox", "access_token"),
            "token-expires",
            "an access token lasts an hour; it is meant for tests.",
            "Use client_id, client_secret and tenant_id.",
            severity="warning",
        )


def _folders(file: YamlFile, tree: Mapping[str, Any], schema: Schema) -> Iterator[Finding]:
    merchant_file = Path(file.path)
    if name := tree["mapping_set"]:
        try:
            mapping_sets.folder_of(name, merchant_file.parent)
        except UsageError as error:
            path, code = ("mapping_set",), "no-such-mapping-set"
            message = f"{error.message[:1].lower()}{error.message[1:]}"
            yield file.finding(path, code, message, error.remedy)
    overlay = tree["overlay"]
    if overlay and not (merchant_file.parent / overlay).is_dir():
        yield file.finding(
            ("overlay",),
            "no-such-folder",
            f"there is no folder {merchant_file.parent / overlay}.",
        )


def _bank_columns(file: YamlFile, tree: Mapping[str, Any], schema: Schema) -> Iterator[Finding]:
    columns = tree["bank"]["csv"]["columns"]
    for name, most in (("day", 1), ("amount", 1), ("currency", 1), ("reference", 1)):
        times = columns.count(name) if columns else most
        if times > most or (not times and name in ("day", "amount")):
            yield file.finding(
                ("bank", "csv", "columns"),
                "bank-columns",
                f"bank.csv.columns names {name} {times} times."
                if times
                else f"bank.csv.columns does not name {name}.",
                "Each entry has one day and one amount; call columns that nobody needs skip.",
            )


_RULES: tuple[Rule, ...] = (
    _flows,
    _own_methods,
    _references,
    _first_days,
    tables.decided_rows,
    tables.country_codes,
    _accounts,
    _currencies,
    _series,
    _addresses,
    _credentials,
    _folders,
    _bank_columns,
)
