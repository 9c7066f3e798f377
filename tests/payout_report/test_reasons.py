"""The program's own reasons in a Swedish report: each is Swedish, with its amounts and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from shop import OpenShop

from engine.home import HOME
from engine.report.payouts.gather import gather, lines
from engine.show.report import texts, write
from engine.show.report.words import words

SWEDISH = words("sv")
SET = HOME / "mappings" / "qliro-fortnox"
# What other parts are called or told by in the default set's sentences, for one that names them.
GIVEN = {"happens": "is captured", "rows_of": "its rows", "made": "invoice"}
# Said within other sentences alone, or a warning.
ELSEWHERE = ("lies more than", "it is the first", "1 came back for")
# Troubles of payouts that leave something open, in a world where the others go on.
OPEN = (
    "invoice_missing", "invoice_unbooked", "invoice_cancelled", "invoice_other_currency",
    "ambiguous_same_reference", "refund_without_credit_invoice", "similar_reference",
    "fee_exceeding_line", "part_payment", "overpayment", "rounding_beyond_tolerance",
    "duplicate_lines", "already_paid_elsewhere", "unbooked_foreign_payment",
    "payment_date_before_invoice_date", "invoice_in_closed_year", "chargeback",
    "foreign_without_rate", "payout_total_disagrees", "payout_summary_disagrees",
    "batch_relisted_with_new_id", "unknown_line_type", "unknown_action", "unknown_payment_method",
)  # fmt: skip


def sentences(node: Any) -> Iterator[str]:
    """What checks, needs and tables of a mapping file say; warnings are in no report."""
    if isinstance(node, list):
        for one in node:
            yield from sentences(one)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in ("because", "error") and isinstance(value, str):
                yield value
            elif key != "warnings":
                yield from sentences(value)


def filled_in(sentence: str) -> str:
    """A sentence with a fact for each expression: its first literal, or 1."""

    def fact(expression: re.Match[str]) -> str:
        asked = expression[1].strip()
        literal = re.match(r"'([^']+)'", asked)
        return re.sub(r"\s+", " ", literal[1]) if literal else GIVEN.get(asked, "1")

    return re.sub(r"\{\{(.*?)\}\}", fact, sentence, flags=re.DOTALL).strip()


def test_every_sentence_of_the_default_set_is_said_in_swedish() -> None:
    told = [
        filled_in(sentence)
        for path in SET.rglob("*.yaml")
        if "tests" not in path.parts
        for sentence in sentences(yaml.safe_load(path.read_text("utf-8")))
    ]
    assert len(told) > 100
    unsaid = [one for one in told if SWEDISH.said(one) is None]
    assert [one for one in unsaid if one != "1" and not one.startswith(ELSEWHERE)] == []


def test_amounts_and_numbers_of_a_reason_stay_and_are_written_as_in_swedish() -> None:
    told = texts.why(
        SWEDISH, "already-paid",
        "invoice 1001 is already paid: its balance is 0; Fortnox has payment 5 of 1250.50 on "
        "account 1930 on 2026-11-02",
    )  # fmt: skip
    assert told == texts.Why(
        "Faktura 1001 är redan betald: inget av den är obetalt; i Fortnox finns betalning 5 på "
        "1\N{NO-BREAK SPACE}250,50 på konto 1930 den 2026-11-02."
    )


def test_a_sentence_within_another_is_said_too_and_what_is_joined_stays_so() -> None:
    assert SWEDISH.said(
        "no invoice fits (invoice 1001: it is cancelled; invoice 1002: it is in EUR, the line in "
        "SEK)"
    ) == (
        "ingen faktura passar (faktura 1001: den är makulerad; faktura 1002: den är i EUR, raden "
        "i SEK)"
    )


def test_what_a_rule_of_the_merchant_says_is_shown_beside_what_its_code_means() -> None:
    told = texts.why(SWEDISH, "no-gift-cards", "gift cards are booked by Anna")
    assert told == texts.Why("En kontroll i reglerna stoppar den.", "gift cards are booked by Anna")
    assert texts.why(words("en"), "no-gift-cards", "gift cards are booked by Anna").told == (
        "gift cards are booked by Anna"
    )


def test_a_swedish_report_of_open_lines_says_nothing_in_english(
    shop: OpenShop, tmp_path: Path
) -> None:
    made = shop()
    for name in OPEN:
        made.trouble(name)
    made.run()
    report = gather(made.store, "shop", made.merchant.settings, made.clock.now())
    reasons = {one.why for one in report.to_decide}
    reasons |= {one.why for one in lines(made.store, [one.key for one in report.payouts])}
    reasons |= {one.transfer_why or "" for one in report.payouts}
    assert len(reasons) > len(OPEN)
    assert [one for one in sorted(reasons) if one and SWEDISH.said(one) is None] == []
    target = tmp_path / "report.html"
    write.write(made.store, report, "sv", "html", target)
    page = re.sub(
        r"<(code|svg|style)\b.*?</\1>|<[^>]*>", " ", target.read_text("utf-8"), flags=re.DOTALL
    )
    assert "Med programmets egna ord" not in page
    assert re.search(r"\b(invoice|balance|carries|posted|the line)\b", page) is None
