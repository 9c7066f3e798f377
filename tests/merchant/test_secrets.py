"""Secrets are looked up where the file says, refused with a remedy, and never shown."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import pickle
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import FileError
from engine.merchant.secrets import Secret, exactly, redact, redactor

from .conftest import ENVIRON, Load, Refused

IN_A_FILE = {"api_secret: {env: SECRET}": "api_secret: {file: secrets.yaml, key: qliro_secret}"}


def secrets_file(folder: Path, text: str, mode: int = 0o600) -> None:
    path = folder / "secrets.yaml"
    path.write_text(text, "utf-8")
    path.chmod(mode)


def test_a_secret_is_read_from_a_file_beside_the_merchants(load: Load, tmp_path: Path) -> None:
    secrets_file(tmp_path, "qliro_secret: hush-hush\n")
    secret = load(IN_A_FILE).secret("qliro.api_secret")
    assert secret.reveal() == "hush-hush"
    assert secret.name == "key qliro_secret of secrets.yaml"


def test_a_line_break_at_the_end_of_a_variable_is_no_part_of_the_secret(load: Load) -> None:
    merchant = load(environ={**ENVIRON, "SECRET": "hush-hush\n"})
    assert merchant.secret("qliro.api_secret").reveal() == "hush-hush"


def test_a_variable_that_is_not_set_or_empty(refused: Refused) -> None:
    assert refused({}, "", {"KEY": "", "SECRET": "s", "ID": "i"}) == [
        "hats.yaml:5:12: missing-secret: qliro.api_key: the environment variable KEY is empty."
        " Set it: export KEY=…",
        "hats.yaml:9:18: missing-secret: fortnox.client_secret: the environment variable PASSWORD"
        " is not set. Set it: export PASSWORD=…",
    ]


def test_a_secret_that_stands_in_the_merchant_file_is_refused_and_not_shown(
    refused: Refused,
) -> None:
    findings = refused({"{env: SECRET}": "hush-hush"})
    assert findings == [
        "hats.yaml:6:15: literal-secret: the secret qliro.api_secret must not stand in this file."
        " Write {env: QLIRO_API_SECRET} or {file: secrets.yaml, key: qliro_api_secret}."
    ]


@pytest.mark.parametrize(
    "reference",
    ["{env: SECRET, key: x}", "{file: secrets.yaml}", "{env: 5}", "{env: a-b}", "{}", "{evn: X}"],
)
def test_a_reference_that_is_none(refused: Refused, reference: str) -> None:
    assert refused({"{env: SECRET}": reference}) == [
        "hats.yaml:6:15: not-a-reference: qliro.api_secret does not say where the secret is."
        " Write {env: QLIRO_API_SECRET} or {file: secrets.yaml, key: qliro_api_secret}."
    ]


def test_a_secrets_file_that_is_missing_is_named_once(refused: Refused) -> None:
    both = {**IN_A_FILE, "{env: KEY}": "{file: secrets.yaml, key: qliro_key}"}
    assert refused(both) == [
        "hats.yaml:5:12: missing-secret: qliro.api_key: there is no secrets file secrets.yaml."
        " Make it with one 'key: value' a line, and chmod 600 it."
    ]


def test_a_key_that_the_secrets_file_lacks(refused: Refused, tmp_path: Path) -> None:
    secrets_file(tmp_path, "qliro_sekret: hush-hush\n")
    assert refused(IN_A_FILE) == [
        "hats.yaml:6:15: missing-secret: qliro.api_secret: the secrets file secrets.yaml has no"
        " key 'qliro_secret'. Did you mean 'qliro_sekret'?"
    ]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_secrets_file_that_others_can_read(refused: Refused, tmp_path: Path, mode: int) -> None:
    secrets_file(tmp_path, "qliro_secret: hush-hush\n", mode)
    assert refused(IN_A_FILE) == [
        "hats.yaml:6:15: secrets-file-open: qliro.api_secret: the secrets file secrets.yaml is"
        f" open to others (mode 0{mode:o}). Close it: chmod 600 secrets.yaml"
    ]


def test_a_number_in_the_secrets_file_would_lose_its_zeros(
    refused: Refused, tmp_path: Path
) -> None:
    secrets_file(tmp_path, "qliro_secret: 0815\n")
    assert refused(IN_A_FILE) == [
        "hats.yaml:6:15: missing-secret: qliro.api_secret: the key 'qliro_secret' of secrets.yaml"
        " is not text. Put its value in quotes, so that no digit of it is lost."
    ]


@pytest.mark.parametrize("text", ["qliro_secret: *hush-hush\n", "qliro_secret: [hush-hush\n"])
def test_a_secrets_file_that_is_no_yaml_is_not_quoted(
    refused: Refused, tmp_path: Path, text: str
) -> None:
    secrets_file(tmp_path, text)
    (finding,) = refused(IN_A_FILE)
    assert "secrets-file-unreadable: the secrets file is not plain YAML." in finding
    assert "hush" not in finding


def test_a_secrets_file_that_this_user_may_not_read_says_so(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets_file(tmp_path, "qliro_secret: hush-hush\n")
    opened = Path.open

    def not_mine(path: Path, *rest: Any, **more: Any) -> Any:
        if path.name == "secrets.yaml":
            raise PermissionError
        return opened(path, *rest, **more)

    monkeypatch.setattr(Path, "open", not_mine)
    (finding,) = refused(IN_A_FILE)
    assert finding.endswith("secrets-file-unreadable: the secrets file: this file may not be read.")


def test_a_folder_is_no_secrets_file(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "secrets.yaml").mkdir(mode=0o700)
    (finding,) = refused(IN_A_FILE)
    assert finding.endswith("secrets-file-unreadable: the secrets file: this is a folder.")


def test_commands_that_ask_no_server_need_no_secrets(load: Load) -> None:
    merchant = load(environ={}, needs_secrets=False)
    assert merchant.secrets == {}
    with pytest.raises(FileError, match=r"hats.yaml:6:3: missing-secret: the secret qliro.api"):
        merchant.secret("qliro.api_secret")


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret("environment variable X", "hush-hush")
    for text in (repr(secret), str(secret), f"{secret}", f"{secret:>20}", repr([secret])):
        assert "hush" not in text
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.deepcopy(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)


TRAVELS_AS = {
    "itself": lambda s: s,
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 for addresses": lambda s: base64.urlsafe_b64encode(s.encode()).decode().rstrip("="),
    "part of an address": lambda s: quote(s, safe=""),
    "part of a JSON text": lambda s: json.dumps(s)[1:-1],
    "Qliro's token of a GET": lambda s: base64.b64encode(
        hashlib.sha256(s.encode()).digest()
    ).decode(),
}


@pytest.mark.parametrize("form", TRAVELS_AS)
@settings(deadline=None)
@given(value=st.text(st.characters(codec="utf-8"), min_size=4).filter(str.strip))
def test_no_form_of_a_secret_survives_redaction(form: str, value: str) -> None:
    written = TRAVELS_AS[form](value)
    text = redact(f"before <{written}> after", [Secret("x", value)])
    assert f"<{written}>" not in text


def test_the_basic_pair_of_two_secrets_is_taken_out() -> None:
    pair = base64.b64encode(b"id-1:pw-geheim").decode()
    secrets = [Secret("a", "id-1"), Secret("b", "pw-geheim")]
    assert redact(f"sent {pair}", secrets) == "sent ***"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Qliro f8yx58a2BsWF=\nAccept: x", "Authorization: ***\nAccept: x"),
        ('{"authorization": "Bearer abc.def", "a": 1}', '{"authorization": "***", "a": 1}'),
        ("[(b'Authorization', b'Basic aWQ6cHc=')]", "[(b'Authorization', b'***')]"),
        ('{"access_token":"abc","expires_in":1}', '{"access_token":"***","expires_in":1}'),
        ("refresh_token=abc&grant_type=x", "refresh_token=***&grant_type=x"),
        ("curl -H 'x: Bearer abcdefgh12'", "curl -H 'x: Bearer ***'"),
    ],
)
def test_tokens_that_no_merchant_file_names_are_taken_out_too(text: str, expected: str) -> None:
    assert redact(text, []) == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"Type":"Preauthorization","Amount":746.00,"Currency":"SEK"}',
        '{"Preauthorization": "yes"}',
        "my_access_token_expires=never",
    ],
)
def test_a_word_that_ends_as_a_header_does_is_none(text: str) -> None:
    assert redact(text, []) == text


def test_what_holds_data_loses_the_exact_values_alone() -> None:
    told = '{"authorization":"none","access_token":"t","note":"Bearer abcdefgh12, hush-hush-hush"}'
    assert exactly([Secret("x", "hush-hush-hush")])(told) == told.replace("hush-hush-hush", "***")


def test_a_short_key_that_is_the_shops_name_stays_in_its_references() -> None:
    key = Secret("environment variable QLIRO_API_KEY", "HATS")
    told = "HATS-1001 of MY-HATS: MerchantApiKey=HATS was sent"
    assert redact(told, [key]) == "HATS-1001 of MY-HATS: MerchantApiKey=*** was sent"
    assert exactly([key], short=False)(told) == told


def test_redaction_leaves_everything_else_alone() -> None:
    text = "fortnox.client_secret: the environment variable X is not set; authorization failed, see"
    assert redactor([Secret("x", "hush-hush"), Secret("y", "se")])(text) == text
