"""What a merchant file gives, and the exact words in which each fault of one is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from engine.errors import Exit, FileError, UsageError
from engine.merchant.load import find_merchant, load_merchant, shown
from engine.merchant.settings import get, merchant_schema, settings_of

from .conftest import ENVIRON, PLAIN, Load, Refused

REPOSITORY = Path(__file__).parents[2]


def test_what_the_file_leaves_out_has_the_first_value_of_the_decided_behaviour(load: Load) -> None:
    settings = load().settings
    assert settings["payouts"] == {"key": "Id"}
    assert settings["fees"] == {"mode": "write_off", "vat_tolerance": 1}
    assert settings["conventions"] == {
        "amounts": "positive",
        "debit": "sale",
        "fee": "minus",
        "total": "net",
        "total_summary": "all",
    }
    assert settings["rounding"] == {
        "tolerance": Decimal("1.00"),
        "policy": "post",
        "totals": "as_seen",
    }
    assert settings["adopt"] == {"days": 10}
    assert settings["dates"] == {
        "payment": "payout",
        "before_invoice_date": "invoice_date",
        "closed": "park",
    }
    assert settings["part_payment"] == "pay"
    assert settings["overpayment"] == "park"
    assert settings["negative_payout"] == "bank"
    assert settings["chargeback"] == "voucher"
    assert settings["unknown_payment_method"] == "default"
    assert settings["fx"] == {"rate": "qliro", "direction": "multiply"}
    assert settings["payout_reference_field"] == "ExternalInvoiceReference1"
    assert settings["second_reference_field"] == "ExternalInvoiceReference2"
    assert settings["accounting_currency"] == "SEK"
    assert settings["alert_after_days"] == 14
    assert settings["delivery"] == {"settle_delay_seconds": 120, "parallel": 4}
    assert settings["sync"] == {
        "overlap_days": 7,
        "invoice_lookback_days": 180,
        "order_refresh_hours": None,
        "recheck": None,
    }


def test_every_default_that_is_one_of_several_choices_is_the_first_but_for_booleans() -> None:
    for setting in settings_of(merchant_schema()):
        if "enum" in setting.schema and setting.key not in (
            "environment",  # must be chosen
            "second_reference_field",  # the field beside the first
        ):
            assert setting.schema["default"] == setting.schema["enum"][0], setting.key


def test_days_are_dates_and_money_is_decimal(load: Load) -> None:
    settings = load(more="rounding: {tolerance: 2}\n").settings
    assert settings["payouts_from"] == date(2026, 1, 1)
    assert settings["rounding"]["tolerance"] == Decimal(2)
    assert isinstance(settings["rounding"]["tolerance"], Decimal)


@pytest.mark.parametrize(
    ("environment", "qliro"),
    [("test", "https://pago.qit.nu"), ("live", "https://payments.qit.nu")],
)
def test_the_addresses_follow_the_environment(load: Load, environment: str, qliro: str) -> None:
    settings = load({"environment: test": f"environment: {environment}"}).settings
    assert settings["qliro"]["base_url"] == qliro
    assert settings["fortnox"]["base_url"] == "https://api.fortnox.se"
    assert settings["fortnox"]["auth_url"] == "https://apps.fortnox.se/oauth-v1"


def test_the_settings_that_mappings_see_hold_no_secret(load: Load) -> None:
    merchant = load()
    assert merchant.settings["qliro"] == {
        "base_url": "https://pago.qit.nu",
        "plus_for": ["orders"],
    }
    assert merchant.secret("qliro.api_secret").reveal() == "s-0815-long"
    assert not [value for value in ENVIRON.values() if value in repr(merchant)]


def test_a_file_knows_its_database_its_mapping_set_and_its_overlay(
    load: Load, tmp_path: Path
) -> None:
    (tmp_path / "ours").mkdir()
    merchant = load(more="state: db\noverlay: ./ours\n")
    assert merchant.name == "hats"
    assert merchant.database == tmp_path / "db" / "hats.duckdb"
    assert merchant.mapping_folder == REPOSITORY / "mappings" / "qliro-fortnox"
    assert merchant.overlay_folder == tmp_path / "ours"


def test_a_file_that_is_mounted_as_a_link_keeps_its_database(load: Load, tmp_path: Path) -> None:
    real = load().path
    mounted = tmp_path / "mount" / "merchants" / "hats.yaml"
    mounted.parent.mkdir(parents=True)
    mounted.symlink_to(real)
    merchant = load_merchant(mounted, ENVIRON)
    assert merchant.database == tmp_path / "mount" / "state" / "hats.duckdb"


def test_an_access_token_stands_in_for_the_integrations_credentials(load: Load) -> None:
    ids = "  client_id: {env: ID}\n  client_secret: {env: PASSWORD}\n"
    merchant = load({ids: "  access_token: {env: ID}\n"})
    assert list(merchant.secrets) == ["qliro.api_key", "qliro.api_secret", "fortnox.access_token"]


def test_the_demo_merchant_loads() -> None:
    names = ("QLIRO_API_KEY", "QLIRO_API_SECRET", "FORTNOX_CLIENT_ID", "FORTNOX_CLIENT_SECRET")
    path = find_merchant("demo", REPOSITORY / "merchants")
    merchant = load_merchant(path, dict.fromkeys(names, "sandbox"))
    assert merchant.settings["environment"] == "sandbox"
    assert merchant.warnings == ()
    schema = path.read_text("utf-8").splitlines()[0]
    assert schema == "# yaml-language-server: $schema=../schemas/merchant.schema.json"


ACCOUNT = "is no account: Fortnox's accounts have four digits, 1000 to 9999."
FIRST_DAY = (
    "The first BatchDate that this program books. Payouts before it belong to whatever booked"
    " them then. There is no default: choose the day on which this program takes over."
)
BAD = {
    "an unknown key names the nearest": (
        {"voucher_series:": "part_paymant: pay\nvoucher_series:"},
        "",
        ["hats.yaml:21:1: unknown-key: 'part_paymant' is not a key of this file."
         " Did you mean 'part_payment'?"],
    ),
    "an unknown key inside a group": (
        {},
        "fees: {mood: none}\n",
        ["hats.yaml:22:8: unknown-key: 'mood' is not a key of fees. Did you mean 'mode'?"],
    ),
    "an impossible account": (
        {"fee: 6570": "fee: 65700"},
        "",
        [f"hats.yaml:17:8: impossible-account: accounts.fee: 65700 {ACCOUNT}"],
    ),
    "an impossible account in a row": (
        {"account: 1581": "account: 158"},
        "",
        [f"hats.yaml:12:45: impossible-account: interim_accounts[0].account: 158 {ACCOUNT}"],
    ),
    "an account in quotes": (
        {"fee: 6570": 'fee: "6570"'},
        "",
        ["hats.yaml:17:8: wrong-type: accounts.fee: expected a whole number, found text '6570'."
         " Write it without quotes."],
    ),
    "a word that is no choice": (
        {},
        "fees: {mode: writeoff}\n",
        ["hats.yaml:22:14: not-a-choice: fees.mode: 'writeoff' is not one of write_off, voucher,"
         " none. Did you mean 'write_off'?"],
    ),
    "no first day": (
        {"payouts_from: 2026-01-01\n": ""},
        "",
        [f"hats.yaml:1:1: missing-key: payouts_from is missing. {FIRST_DAY}"],
    ),
    "a day left blank": (
        {"payouts_from: 2026-01-01": "payouts_from:"},
        "",
        [f"hats.yaml:10:1: missing-value: payouts_from has no value. {FIRST_DAY}"],
    ),
    "a day that does not exist": (
        {"2026-01-01": "2026-02-30"},
        "",
        ["hats.yaml:10:15: not-a-date: payouts_from: there is no day 2026-02-30."],
    ),
    "a day written the Swedish way": (
        {"2026-01-01": "1/1 2026"},
        "",
        ["hats.yaml:10:15: not-a-date: payouts_from: '1/1 2026' is not a date; write it as"
         " 2026-01-31."],
    ),
    "a prefix that leaves no room for the reference": (
        {},
        "payout_reference_field: YourOrderNumber\npayment_reference_prefix: QLIRO-\n",
        ["hats.yaml:23:27: prefix-too-long: 'QLIRO-' has 6 characters and a reference up to 25,"
         " but YourOrderNumber holds 30. Shorten it to 5 characters, or choose another field."],
    ),
    "a prefix that leaves no room in the second field": (
        {},
        f"second_reference_field: OurReference\npayment_reference_prefix: {'Q' * 26}\n",
        [f"hats.yaml:23:27: prefix-too-long: '{'Q' * 26}' has 26 characters and a reference up to"
         " 25, but OurReference holds 50. Shorten it to 25 characters, or choose another field."],
    ),
    "a prefix with a character that Fortnox refuses": (
        {},
        "payment_reference_prefix: Q|\n",
        ["hats.yaml:22:27: characters-refused: payment_reference_prefix: 'Q|' holds a character"
         " that Fortnox refuses; letters, digits and most signs are allowed, but no \" ' < > {"
         " } [ ] | ~, tabs or emoji."],
    ),
    "one field for both references": (
        {},
        "second_reference_field: ExternalInvoiceReference1\n",
        ["hats.yaml:22:25: same-field: payout_reference_field and second_reference_field are both"
         " ExternalInvoiceReference1. Each carries another identifier: choose two fields."],
    ),
    "a field that a flow could not write": (
        {},
        "payout_reference_field: OCR\nflows: {invoices: true}\norders_from: 2026-01-01\n",
        ["hats.yaml:22:25: field-not-writable: OCR can only be searched, so the flow invoices"
         " cannot write a reference into it. Choose ExternalInvoiceReference1, or switch the flow"
         " off."],
    ),
    "invoices from orders that nobody makes": (
        {},
        "flows: {invoices: true}\ninvoices: {from: order}\norders_from: 2026-01-01\n",
        ["hats.yaml:23:18: no-orders: invoices.from: order needs the flow orders, which makes them."
         " Write from: capture, or switch orders on."],
    ),
    "collective customers of whom none is named": (
        {},
        "flows: {orders: true}\ncustomers: {by: collective}\norders_from: 2026-01-01\n",
        ["hats.yaml:23:1: missing-key: customers.collective is missing; customers.by: collective"
         " needs it."],
    ),
    "a reference of the merchant's own in the field of the payment's": (
        {},
        "second_reference_field: OurReference\ninvoices: {our_reference: Anna}\n",
        ["hats.yaml:23:27: same-field: invoices.our_reference would take OurReference, which"
         " carries the payment's reference. Leave it out, or choose another reference field."],
    ),
    "a sales account that a row above decides": (
        {},
        "sales_accounts: [{country: [DE, FR], account: 3101}, {country: DE, rate: 19,"
        " account: 3102}]\n",
        ["hats.yaml:22:54: duplicate-row: sales_accounts[1]: DE, 19, any kind, any buyer, any"
         " region is decided by the row in line 22. Delete one, or put the narrower first."],
    ),
    "a sales account that is an interim account": (
        {},
        "sales_accounts: [{account: 1581}]\n",
        ["hats.yaml:22:28: interim-account-shared: sales_accounts[0].account: 1581 is also an"
         " interim account. An interim account holds the open lines and nothing else: use another"
         " account."],
    ),
    "a country, a rate and a kind that are none": (
        {},
        "sales_accounts: [{country: Sweden, rate: 250, kind: food, account: 3001}]\n",
        ["hats.yaml:22:28: not-a-country: sales_accounts[0].country: 'Sweden' is no country code;"
         " write two capitals, SE.",
         "hats.yaml:22:42: not-allowed: sales_accounts[0].rate: 250 is no VAT rate: 0 to 50"
         " percent, with at most two decimals.",
         "hats.yaml:22:53: not-allowed: sales_accounts[0].kind: 'food' is no kind of line: goods,"
         " shipping, fee, discount, credit_voucher."],
    ),
    "terms of payment as nobody stores them": (
        {},
        "default_terms_of_payment: fak\n",
        ["hats.yaml:22:27: not-terms-of-payment: default_terms_of_payment: 'fak' is no code of"
         " terms of payment; write it as Fortnox stores it, in capitals and digits, at most 25."],
    ),
    "an article number with a space": (
        {},
        "articles: {fixed: [{kind: shipping, article: MY FREIGHT}]}\n",
        ["hats.yaml:22:46: not-an-article: articles.fixed[0].article: 'MY FREIGHT' is no article"
         " number: letters, digits and _ - / \\ + $, at most 50, no spaces."],
    ),
    "the accounts that the default modes need": (
        {"accounts:\n  fee: 6570\n  fee_vat: 2641\n  rounding: 3740\n  dispute: 1589\n": ""},
        "",
        ["hats.yaml:1:1: missing-key: accounts.fee is missing; fees.mode: write_off (the default)"
         " needs it. Qliro's fees, without VAT.",
         "hats.yaml:1:1: missing-key: accounts.fee_vat is missing; fees.mode: write_off (the"
         " default) needs it. VAT on fees, as Qliro reports it for each fee.",
         "hats.yaml:1:1: missing-key: accounts.rounding is missing; rounding.policy: post (the"
         " default) needs it. Differences within the tolerance.",
         "hats.yaml:1:1: missing-key: accounts.dispute is missing; chargeback: voucher (the"
         " default) needs it. Money that a chargeback took, until the dispute is decided."],
    ),
    "the account that fees by invoice need": (
        {},
        "fees: {mode: none}\n",
        ["hats.yaml:16:1: missing-key: accounts.fees_pending is missing; fees.mode: none and"
         " conventions.total: net (the default) needs it. Fees that Qliro withheld and will"
         " invoice separately, until that invoice comes."],
    ),
    "the account that fees outside the payout need": (
        {},
        "conventions: {total: gross}\n",
        ["hats.yaml:16:1: missing-key: accounts.fees_owed is missing; fees.mode: write_off (the"
         " default) and conventions.total: gross needs it. Fees that were booked but not withheld"
         " from the payout: owed to Qliro."],
    ),
    "the accounts of debt and suspense": (
        {},
        "negative_payout: debt\noverpayment: suspense\n",
        ["hats.yaml:16:1: missing-key: accounts.suspense is missing; overpayment: suspense needs"
         " it. What nobody recognises, when a person resolves a line so.",
         "hats.yaml:16:1: missing-key: accounts.debt is missing; negative_payout: debt needs it."
         " What the merchant owes Qliro after a negative payout."],
    ),
    "the account of unknown payment methods": (
        {"default_interim_account: 1580\n": ""},
        "",
        ["hats.yaml:1:1: missing-key: default_interim_account is missing; unknown_payment_method:"
         " default (the default) needs it. The interim account of payment methods that no row"
         " names; such lines are reported."],
    ),
    "the accounts of gains and losses in another currency": (
        {"  - {currency: SEK, account: 1930}": "  - {currency: SEK, account: 1930}\n"
         "  - {currency: EUR, account: 1935}"},
        "",
        ["hats.yaml:17:1: missing-key: accounts.currency_gain is missing; bank_accounts[1] in EUR"
         " needs it.",
         "hats.yaml:17:1: missing-key: accounts.currency_loss is missing; bank_accounts[1] in EUR"
         " needs it."],
    ),
    "a row that a row above decides": (
        {"account: 1581}": "account: 1581}\n  - {method: [TRUSTLY, SWISH], currency: SEK,"
         " account: 1582}"},
        "",
        ["hats.yaml:13:5: duplicate-row: interim_accounts[1]: SWISH, SEK is decided by the row in"
         " line 12. Delete one, or put the narrower first."],
    ),
    "a row below one that takes all": (
        {"method: SWISH, currency: SEK, account: 1581}": "account: 1581}\n  - {method: SWISH,"
         " account: 1582}"},
        "",
        ["hats.yaml:13:5: duplicate-row: interim_accounts[1]: SWISH, any currency is decided by"
         " the row in line 12. Delete one, or put the narrower first."],
    ),
    "two bank accounts of one currency": (
        {"account: 1930}": "account: 1930}\n  - {currency: SEK, account: 1940}"},
        "",
        ["hats.yaml:16:5: duplicate-row: bank_accounts[1]: SEK is decided by the row in line 15."
         " Delete one, or put the narrower first."],
    ),
    "no bank account": (
        {"bank_accounts:\n  - {currency: SEK, account: 1930}": "bank_accounts: []"},
        "",
        ["hats.yaml:14:16: not-allowed: bank_accounts: must have at least one row."],
    ),
    "an interim account that something else uses": (
        {"account: 1930": "account: 1580", "dispute: 1589": "dispute: 1581"},
        "",
        ["hats.yaml:15:30: interim-account-shared: bank_accounts[0].account: 1580 is also an"
         " interim account. An interim account holds the open lines and nothing else: use another"
         " account.",
         "hats.yaml:20:12: interim-account-shared: accounts.dispute: 1581 is also an interim"
         " account. An interim account holds the open lines and nothing else: use another"
         " account."],
    ),
    "a dimension of nothing": (
        {},
        "dimensions: [{method: SWISH}]\n",
        ["hats.yaml:22:14: empty-row: dimensions[0] names neither cost_center nor project. Give"
         " it one of them, or delete the row."],
    ),
    "a currency that is none": (
        {"currency: SEK, account: 1930": "currency: kr, account: 1930"},
        "",
        ["hats.yaml:15:16: not-a-currency: bank_accounts[0].currency: 'kr' is no currency code;"
         " write three capitals, SEK."],
    ),
    "a missing voucher series": (
        {"transfer: T, ": ""},
        "",
        ["hats.yaml:21:1: missing-key: voucher_series.transfer is missing. Series of transfers"
         " from the interim accounts to the bank."],
    ),
    "a tolerance that is no rounding": (
        {},
        "rounding: {tolerance: 0.005}\n",
        ["hats.yaml:22:23: not-allowed: rounding.tolerance: 0.005 must be 0 to 10, with at most"
         " two decimals."],
    ),
    "the live address in a test": (
        {"qliro:": "qliro:\n  base_url: https://payments.qit.nu"},
        "",
        ["hats.yaml:5:13: wrong-environment: qliro.base_url: payments.qit.nu is the address for"
         " live, but environment is test. Leave the address out, or correct the environment."],
    ),
    "the test address live": (
        {"environment: test": "environment: live", "qliro:": "qliro:\n  base_url:"
         " https://pago.qit.nu/"},
        "",
        ["hats.yaml:5:13: wrong-environment: qliro.base_url: pago.qit.nu is the address for test,"
         " but environment is live. Leave the address out, or correct the environment."],
    ),
    "addresses that lead nowhere": (
        {"qliro:": "qliro:\n  base_url: https://[::1", "fortnox:": "fortnox:\n  redirect_uri:"
         " http://localhost:87671/fortnox"},
        "webhooks: {public_url: https://push..se}\n",
        [f"hats.yaml:{place}: not-an-address: {key}: {address} is no address. Write https://host,"
         " or https://host:port with a port up to 65535."
         for place, key, address in (
             ("5:13", "qliro.base_url", "https://[::1"),
             ("9:17", "fortnox.redirect_uri", "http://localhost:87671/fortnox"),
             ("24:24", "webhooks.public_url", "https://push..se"),
         )],
    ),
    "credentials in the clear": (
        {"qliro:": "qliro:\n  base_url: http://qliro.example"},
        "",
        ["hats.yaml:5:13: not-https: qliro.base_url: credentials must not travel unencrypted to"
         " qliro.example. Write https://, or leave it out for the usual address."],
    ),
    "a sandbox without addresses": (
        {"environment: test": "environment: sandbox"},
        "",
        ["hats.yaml:4:1: missing-key: qliro.base_url is missing; environment: sandbox needs it."
         " Qliro's address.",
         "hats.yaml:7:1: missing-key: fortnox.base_url is missing; environment: sandbox needs it."
         " The address of Fortnox's API.",
         "hats.yaml:7:1: missing-key: fortnox.auth_url is missing; environment: sandbox needs it."
         " The address of Fortnox's sign-in."],
    ),
    "half a pair of plus credentials": (
        {"qliro:": "qliro:\n  plus_api_key: {env: KEY}"},
        "",
        ["hats.yaml:4:1: missing-key: qliro.plus_api_secret is missing; qliro.plus_api_key is of"
         " no use without it."],
    ),
    "a mapping set that is not there": (
        {},
        "mapping_set: qliro-fortnux\n",
        ["hats.yaml:22:14: no-such-mapping-set: there is no mapping set 'qliro-fortnux': with"
         " the program come qliro-fortnox, and installed packages offer none. Did you mean"
         " 'qliro-fortnox'?"],
    ),
    "a flow of orders without a first day": (
        {},
        "flows: {refunds: true}\n",
        ["hats.yaml:1:1: missing-key: orders_from is missing. The first day of orders that this"
         " program handles, with their captures and refunds: the day in Stockholm on which the"
         " buyer paid; with order_status alone also the first day of the orders and invoices in"
         " Fortnox that it looks at (payouts_from, when left out). Earlier orders belong to"
         " whatever booked them then. The flows orders, invoices and refunds need it, and there is"
         " no default: choose the day on which this program takes over."],
    ),
    "a first day of orders that there is not": (
        {},
        "orders_from: 2026-02-30\n",
        ["hats.yaml:22:14: not-a-date: orders_from: there is no day 2026-02-30."],
    ),
    "an overlay that is not there": (
        {},
        "overlay: ./mine\n",
        ["hats.yaml:22:10: no-such-folder: there is no folder mine."],
    ),
    "a group that is no mapping": (
        {"  api_key: {env: KEY}\n  api_secret: {env: SECRET}\n": "", "qliro:": "qliro: s3cret"},
        "",
        ["hats.yaml:4:8: wrong-type: qliro: expected a mapping (key: value), found text."],
    ),
    "a truth that is none": (
        {},
        "use_merchant_reference: yes\n",
        ["hats.yaml:22:25: wrong-type: use_merchant_reference: expected true or false, found text"
         " 'yes'. Write true or false."],
    ),
    "a tenant that YAML reads as a number": (
        {"fortnox:": "fortnox:\n  tenant_id: 1234567"},
        "",
        ["hats.yaml:8:14: wrong-type: fortnox.tenant_id: expected text, found a whole number"
         " 1234567. Put it in quotes."],
    ),
    "a version of the future": (
        {"version: 1": "version: 2"},
        "",
        ["hats.yaml:1:10: not-a-choice: version: 2 is not one of 1."],
    ),
    "a key that stands twice": (
        {},
        "name: Caps\n",
        ["hats.yaml:22:1: duplicate-key: 'name' stands already in line 2."],
    ),
    "YAML that is none": (
        {"name: Hats": "name: [Hats"},
        "",
        ["hats.yaml:3:12: not-yaml: while parsing a flow sequence that begins in line 2 did not"
         " find expected ',' or ']'."],
    ),
    "a day as a number": (
        {"2026-01-01": "20260101"},
        "",
        ["hats.yaml:10:15: not-a-date: payouts_from: 20260101 is not a date; write it as"
         " 2026-01-31."],
    ),
    "a key without its colon": (
        {"name: Hats": "name Hats"},
        "",
        ["hats.yaml:2:1: not-yaml: while scanning a simple key could not find expected ':'. Write"
         " key: value, with a space after the colon."],
    ),
    "a quote that is not closed": (
        {"name: Hats": 'name: "Hats'},
        "",
        ["hats.yaml:2:7: not-yaml: while scanning a quoted scalar found unexpected end of stream."
         " A quote is not closed."],
    ),
    "a key too deep": (
        {"name: Hats": "name: Hats\n  title: Hats"},
        "",
        ["hats.yaml:3:8: not-yaml: mapping values are not allowed in this context. Check the"
         " indentation here and above; a text with ': ' in it stands in quotes."],
    ),
    "an expression without quotes": (
        {"name: Hats": "name: {{ Hats }}"},
        "",
        ["hats.yaml:2:8: key-not-text: a key must be a plain text. An expression stands in quotes:"
         ' "{{ … }}".'],
    ),
    "a control character": (
        {"name: Hats": "name: Hats\0"},
        "",
        ["hats.yaml:2:1: not-yaml: unacceptable character #x0000: control characters are not"
         " allowed."],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_refused_in_these_words(refused: Refused, case: str) -> None:
    changes, more, expected = BAD[case]
    assert refused(changes, more) == expected


def test_everything_wrong_is_said_at_once_with_exit_code_2(load: Load, refused: Refused) -> None:
    changes = {"fee: 6570": "fee: 1", "2026-01-01": "soon", "name: Hats": "nmae: Hats"}
    with pytest.raises(FileError) as caught:
        load(changes, "chargeback: perhaps\nnegative_payout: debt\n", {})
    assert caught.value.exit_code == Exit.INVALID
    assert [text.split(": ")[1] for text in str(caught.value).splitlines()] == [
        "missing-key",  # name
        "unknown-key",
        "missing-secret",
        "missing-secret",
        "missing-secret",
        "missing-secret",
        "not-a-date",
        "missing-key",  # accounts.debt
        "impossible-account",
        "not-a-choice",
    ]


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("", "utf-8")
    with pytest.raises(FileError, match=r"expected a mapping \(key: value\), found nothing"):
        load_merchant(path, {})


def test_a_modes_account_is_not_asked_for_when_another_mode_is_chosen(load: Load) -> None:
    without = {
        "  fee: 6570\n  fee_vat: 2641\n  rounding: 3740\n  dispute: 1589\n": "  debt: 2890\n"
    }
    merchant = load(
        {**without, "default_interim_account: 1580\n": ""},
        "fees: {mode: none}\nconventions: {total: gross}\nrounding: {policy: park}\n"
        "chargeback: park\nunknown_payment_method: park\n",
    )
    assert merchant.settings["accounts"]["fee"] is None


def test_one_series_for_two_kinds_is_only_a_warning(load: Load, tmp_path: Path) -> None:
    merchant = load({"transfer: T": "transfer: Q"})
    assert [str(warning).replace(f"{tmp_path}/", "") for warning in merchant.warnings] == [
        "hats.yaml:21:37: same-series: voucher_series.transfer is Q, like voucher_series.fees. One"
        " series for each kind keeps them apart in Fortnox."
    ]


def test_terms_of_payment_that_are_not_qliros_own_are_told_when_status_goes_back(
    load: Load, tmp_path: Path
) -> None:
    merchant = load(more=(
        "flows: {order_status: true}\n"
        "payment_methods: [{method: SWISH, terms_of_payment: FAK}]\n"
    ))  # fmt: skip
    assert [str(warning).replace(f"{tmp_path}/", "") for warning in merchant.warnings] == [
        "hats.yaml:23:53: not-qliros-own: payment_methods[0].terms_of_payment: FAK is not one of"
        " qliro_methods (QLIRO), so that what is delivered stays not shipped (Ej skickad) at"
        " Qliro. Give it a code of Qliro's own, or add the code to qliro_methods."
    ]


@pytest.mark.parametrize(
    ("row", "because"),
    [
        ("{region: eu, account: 3001}", "its region is eu, and oss is true"),
        ("{region: domestic, country: DE, account: 3001}",
         "its region is domestic, and SE is home_country"),
        ("{region: oss, country: SE, account: 3001}",
         "its region is oss, and sales to SE, home_country, are domestic"),
    ],
)  # fmt: skip
def test_a_sales_account_that_can_never_fit_is_told(load: Load, row: str, because: str) -> None:
    (warning,) = load(more=f"sales_accounts: [{row}]\n").warnings
    assert warning.code == "never-fits"
    assert because in warning.message


def test_a_merchant_is_found_by_name_or_by_path(tmp_path: Path) -> None:
    (tmp_path / "hats.yaml").write_text(PLAIN, "utf-8")
    assert find_merchant("hats", tmp_path) == tmp_path / "hats.yaml"
    assert find_merchant(str(tmp_path / "hats.yaml"), Path("elsewhere")) == tmp_path / "hats.yaml"
    with pytest.raises(UsageError, match="Did you mean 'hats'"):
        find_merchant("hat", tmp_path)
    with pytest.raises(UsageError, match="init"):
        find_merchant("caps.yaml", tmp_path)


def test_show_gives_every_setting_its_value_and_its_origin(load: Load, tmp_path: Path) -> None:
    lines = {line.key: (line.value, line.origin) for line in shown(load())}
    file = f"{tmp_path}/hats.yaml"
    assert lines["fees.mode"] == ("write_off", "default")
    assert lines["accounts.fee"] == ("6570", f"{file}:17")
    assert lines["interim_accounts[0]"] == (
        "method: SWISH, currency: SEK, account: 1581",
        f"{file}:12",
    )
    assert lines["qliro.api_secret"] == ("*** (environment variable SECRET, found)", f"{file}:6")
    assert lines["qliro.plus_api_key"] == ("", "not set")
    assert lines["payment_reference_prefix"] == ("''", "default")
    every = [s.key for s in settings_of(merchant_schema()) if not s.is_group]
    rows = {key.split("[")[0] for key in lines if "[" in key}
    assert [key for key in every if key not in lines] == [key for key in every if key in rows]
    assert {"interim_accounts", "bank_accounts", "sales_accounts"} <= rows


def test_the_place_of_a_default_is_its_line_in_the_schema(load: Load) -> None:
    merchant = load()
    lines = (REPOSITORY / "schemas" / "merchant.schema.json").read_text("utf-8").splitlines()
    for path in (("dates", "closed"), ("rounding", "tolerance"), ("qliro", "base_url")):
        place = merchant.place(path)
        assert place.path == "schemas/merchant.schema.json"
        value = get(merchant.settings, path)
        assert lines[place.line - 1][place.column - 1 :].lstrip('"').startswith(str(value))
    row = merchant.place(("sales_accounts", 1))
    assert lines[row.line - 1].strip().startswith('{"region": "domestic", "rate": 12')


def test_every_key_of_the_schema_is_described_and_closed() -> None:
    for setting in settings_of(merchant_schema()):
        assert setting.schema.get("description", "").endswith((".", "…")), setting.key
        if setting.is_group:
            assert setting.schema["additionalProperties"] is False, setting.key
        if setting.is_rows:
            assert setting.schema["items"]["additionalProperties"] is False, setting.key
