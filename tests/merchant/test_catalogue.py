"""Errors of Fortnox and Qliro become a paragraph that says what, why and what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from engine.error_catalogue import FOLDER, Catalogue, look_up, read_catalogue, read_error, sentence
from engine.errors import FileError
from engine.yamlfile import read

CONTRACTS = Path(__file__).parents[3] / "shared" / "contracts"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return read_catalogue()


@pytest.mark.parametrize(
    ("source", "status", "body", "code", "message"),
    [
        ("fortnox", 400, '{"ErrorInformation":{"error":1,"message":"För sent","code":2001089}}',
         "2001089", "För sent"),
        ("fortnox", 404, '{"ErrorInformation":{"Error":1,"Message":"Finns ej","Code":2000434}}',
         "2000434", "Finns ej"),
        ("fortnox", 400, '{"ErrorInformation":{"Error":"1","Message":"Fel","Code":"2000106"}}',
         "2000106", "Fel"),
        ("fortnox", 401, '{"message":"unauthorized"}', "", "unauthorized"),
        ("fortnox", 400, '{"error":"invalid_grant","error_description":"Invalid refresh token"}',
         "invalid_grant", "Invalid refresh token"),
        ("fortnox", 401, '{"error":"invalid_client"}', "invalid_client", ""),
        ("qliro", 404, '{"ErrorCode":"ORDER_NOT_FOUND","ErrorMessage":"Gone","ErrorReference":"r"}',
         "ORDER_NOT_FOUND", "Gone"),
        ("qliro", 400, '{"ErrorCode":"INVALID_INPUT","DetailedErrorMessage":"Property: X"}',
         "INVALID_INPUT", "Property: X"),
    ],
)  # fmt: skip
def test_every_shape_of_an_error_is_read(
    source: str, status: int, body: str, code: str, message: str
) -> None:
    error = read_error(source, status, body)
    assert (error.code, error.message, error.parsed) == (code, message, True)


@pytest.mark.parametrize(
    "body",
    ["", "  ", "<html>Bad Gateway</html>", '{"Invoice": {}}', "[1]", '"x', "[" * 99_999, "{}"],
)
def test_a_body_that_is_no_error_of_the_api_is_not_taken_for_one(body: str) -> None:
    error = read_error("qliro", 502, body)
    assert not error.parsed
    assert error.code == ""
    assert error.body == body


def test_a_known_error_is_one_paragraph_with_what_why_and_remedy(catalogue: Catalogue) -> None:
    body = '{"ErrorInformation":{"error":1,"message":"Api-licens saknas.","code":2001103}}'
    error = read_error("fortnox", 400, body)
    entry = look_up(error, catalogue)
    assert (entry.fatal, entry.retry, entry.who) == (True, "after_fix", "merchant")
    assert sentence(error, entry) == (
        "The company has no licence for integrations. Fortnox lets programs in only where the"
        " company has the licence Integration. Order the licence Integration in Fortnox."
        " (Fortnox 2001103, HTTP 400: “Api-licens saknas.”)"
    )


def test_an_unknown_error_is_shown_whole(catalogue: Catalogue) -> None:
    body = '{"ErrorInformation":{"error":1,"message":"Något nytt","code":2999999}}'
    error = read_error("fortnox", 400, body)
    entry = look_up(error, catalogue)
    assert not entry.known
    assert not entry.fatal
    assert sentence(error, entry) == (
        "An error that the catalogue does not know. The answer is given here as it came. Look it"
        " up with the API's support. (Fortnox 2999999, HTTP 400: “Något nytt”) The whole answer: "
        + body
    )


def test_a_code_with_two_meanings_is_told_apart_by_its_message(catalogue: Catalogue) -> None:
    def means(message: str) -> str:
        body = json.dumps({"ErrorInformation": {"error": 1, "message": message, "code": 2000637}})
        return look_up(read_error("fortnox", 400, body), catalogue).means

    assert means("Customer name cannot be empty") == "The customer has no name."
    assert means("Kundnummer 1 används redan.") == "The customer number is taken."


def test_a_message_is_enough_where_nobody_knows_the_code(catalogue: Catalogue) -> None:
    def means(message: str) -> str:
        body = json.dumps({"ErrorInformation": {"error": 1, "message": message, "code": 2999000}})
        return look_up(read_error("fortnox", 400, body), catalogue).means

    assert means("Kunde inte hämta/hitta moms") == "The VAT rate is not set up in the company."
    assert means("Kunde inte hämta/hitta valuta") == "The currency is not set up in the company."
    assert means("Verifikationsserien Q är inte öppen för manuell kontering.") == (
        "The voucher series is not open for manual vouchers."
    )
    assert means("Kan inte hitta verifikationsserien Q.") == (
        "Fortnox does not have this voucher series."
    )
    assert means("Det finns inget räkenskapsår för 2031-01-01.") == (
        "Fortnox has no financial year for this date."
    )
    assert means("Currency SEK and Currency EUR does not match") == (
        "The payment's currency is not the invoice's."
    )


@pytest.mark.parametrize(
    ("status", "body", "retry"),
    [
        (400, '{"ErrorCode":"OPERATION_NOT_SUPPORTED","ErrorMessage":"Another transaction is '
         'already in process. Please retry shortly"}', "later"),
        (400, '{"ErrorCode":"OPERATION_NOT_SUPPORTED","ErrorMessage":"Items cannot be updated."}',
         "never"),
        (400, '{"ErrorCode":"PERIOD_NOT_SETTLED"}', "later"),
        (503, "<html>", "later"),
        (500, '{"ErrorCode":"NEVER_SEEN"}', "later"),
        (400, '{"ErrorCode":"NEVER_SEEN"}', "after_fix"),
    ],
)  # fmt: skip
def test_the_catalogue_says_whether_a_retry_helps(status: int, body: str, retry: str) -> None:
    assert look_up(read_error("qliro", status, body)).retry == retry


@pytest.mark.parametrize(
    ("source", "status", "body"),
    [
        ("qliro", 401, ""),
        ("qliro", 403, '{"ErrorCode":"FORBIDDEN"}'),
        ("fortnox", 401, '{"message":"unauthorized"}'),
        ("fortnox", 400, '{"error":"invalid_grant","error_description":"Invalid refresh token"}'),
        ("fortnox", 400, '{"ErrorInformation":{"error":1,"message":"x","code":2000663}}'),
        ("fortnox", 403, '{"ErrorInformation":{"error":1,"message":"x","code":2999999}}'),
    ],
)
def test_lost_credentials_rights_and_licences_end_the_run(
    source: str, status: int, body: str
) -> None:
    assert look_up(read_error(source, status, body)).fatal


def test_a_refused_qliro_pair_is_named_as_a_pair() -> None:
    text = sentence(read_error("qliro", 401, ""))
    assert "The pair qliro.api_key and qliro.api_secret is wrong" in text
    assert text.endswith("(Qliro, HTTP 401, without a word)")


@pytest.mark.skipif(not CONTRACTS.is_dir(), reason="the official documents are not here")
def test_every_documented_code_has_an_entry_in_words_of_its_own(catalogue: Catalogue) -> None:
    codes = {entry.code for entry in catalogue if entry.source == "fortnox"}
    documented = json.loads((CONTRACTS / "fortnox-error-codes.json").read_text("utf-8"))
    assert [one["code"] for one in documented if str(one["code"]) not in codes] == []
    copied = {one["meaning_en"].strip(".").lower() for one in documented}
    assert [e.means for e in catalogue if e.means.strip(".").lower() in copied] == []


@pytest.mark.skipif(not CONTRACTS.is_dir(), reason="the official documents are not here")
def test_every_recorded_error_of_qliro_is_known(catalogue: Catalogue) -> None:
    samples = json.loads(
        (CONTRACTS / "samples" / "qliro-admin-error-bodies.json").read_text("utf-8")
    )
    for sample in samples:
        error = read_error("qliro", sample["_http_status"], json.dumps(sample))
        assert look_up(error, catalogue).known, sample


def test_entries_are_sentences_and_patterns_compile(catalogue: Catalogue) -> None:
    for entry in catalogue:
        re.compile(entry.message)
        assert entry.means[0].isupper(), entry


def test_a_catalogue_is_refused_with_places(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "version: 1\nsource: qliro\nerrors:\n"
        "  - {means: A., cause: B., remedy: C., retry: never, who: qliro}\n"
        "  - {code: X, message: '(', means: A., cause: B., remedy: C., retry: never, who: qliro}\n"
        "  - {code: X, message: '(', means: A., cause: B., remedy: C., retry: never, who: qliro}\n",
        "utf-8",
    )
    with pytest.raises(FileError) as caught:
        read_catalogue(tmp_path)
    assert [str(f).replace(f"{tmp_path}/", "") for f in caught.value.findings] == [
        "mine.yaml:4:5: never-found: an entry needs a code, a message or a status.",
        "mine.yaml:5:24: not-a-pattern: missing ), unterminated subpattern at position 0.",
        "mine.yaml:6:5: duplicate-entry: the entry in line 5 says the same.",
        "mine.yaml:6:24: not-a-pattern: missing ), unterminated subpattern at position 0.",
    ]


def test_an_entry_is_found_by_either_of_what_it_names(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "version: 1\nsource: qliro\nerrors:\n"
        "  - {code: KEY, or: {status: 418}, means: A., cause: B., remedy: C., retry: never,\n"
        "     who: qliro}\n"
        "  - {code: NO, or: {}, means: A., cause: B., remedy: C., retry: never, who: qliro}\n",
        "utf-8",
    )
    with pytest.raises(FileError, match=r"mine.yaml:6:20.*needs a code, a message or a status"):
        read_catalogue(tmp_path)
    text = (tmp_path / "mine.yaml").read_text("utf-8").rsplit("  - ", 1)[0]
    (tmp_path / "mine.yaml").write_text(text, "utf-8")
    mine = read_catalogue(tmp_path)
    by_code = look_up(read_error("qliro", 400, '{"ErrorCode": "KEY"}'), mine)
    by_status = look_up(read_error("qliro", 418, ""), mine)
    assert (by_code.known, by_status.known) == (True, True)
    assert not look_up(read_error("qliro", 400, ""), mine).known


def test_no_meaning_stands_in_the_catalogue_twice() -> None:
    for path in sorted(FOLDER.glob("*.yaml")):
        said = [
            tuple(str(one[key]) for key in ("means", "cause", "remedy"))
            for one in read(path).value["errors"]
        ]
        assert [one for one in said if said.count(one) > 1] == [], path.name
