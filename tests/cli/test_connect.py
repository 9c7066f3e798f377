"""``connect`` as people call it: the sign-in's answer taken or pasted, the company confirmed."""

from __future__ import annotations

import io
import os
import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from shopkit import Cli, Ended, ended, start, write_shop

from engine.commands import connect as view
from engine.home import HOME
from engine.sandbox.server import Running

ORGANISATION = "556001-1982"


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def lost(running: Running, tmp_path: Path, port: int) -> Path:
    """The file of a shop that is not connected."""
    running.world.access.consented = False
    path = write_shop(tmp_path, running.url)
    back = f"redirect_uri: http://localhost:{port}/back"
    path.write_text(path.read_text().replace('tenant_id: "1234567"', back))
    return path


def approves(address: str) -> str:
    """An administrator opens the address and approves; gives what the browser shows then."""
    with urllib.request.urlopen(address, timeout=10) as page:  # noqa: S310  this machine's
        return str(page.read().decode())


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A browser that shows where it is sent."""

    def redirect_request(self, *_: object) -> None:
        return None


def sent_back(address: str) -> str:
    """An administrator approves in a browser elsewhere: the address that it is sent to."""
    try:
        urllib.request.build_opener(NoRedirect).open(address, timeout=10)
    except urllib.error.HTTPError as answer:
        with answer:
            return str(answer.headers["location"])
    raise AssertionError


@pytest.fixture
def pasting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The administrator's browser is elsewhere: its address is brought back by hand."""

    def waited(listener: view._Listener | None) -> str:
        return sent_back(shown[-1])

    shown: list[str] = []
    asked = view._answer

    def remembered(out: object, consent: object, *rest: object) -> str:
        shown.append(consent.address)  # type: ignore[attr-defined]
        return asked(out, consent, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(view, "_waited", waited)
    monkeypatch.setattr(view, "_answer", remembered)


def test_the_sign_in_is_answered_on_this_machine_and_the_shop_runs(
    cli: Cli, lost: Path, tmp_path: Path
) -> None:
    process = start(["connect", "shop", "--confirm", ORGANISATION, "--by", "Anna"], tmp_path)
    assert process.stderr is not None
    assert process.stderr.readline() == (
        "Let an administrator of the company open this and approve:\n"
    )
    address = process.stderr.readline().strip()
    assert "account_type=service" in address
    assert "You can close this window" in approves(address)
    told = ended(process)
    assert (told.code, told.err) == (0, "")
    assert told.out == (
        "shop is connected to Exempelbutiken AB, 556001-1982 (DatabaseNumber 1234567), by a "
        "service account: there is no token that could be lost.\n"
    )
    assert cli("run", "shop", "--quiet").code == 3


def test_what_a_browser_elsewhere_was_sent_to_is_pasted(lost: Path, tmp_path: Path) -> None:
    text = lost.read_text()
    lost.write_text(re.sub("http://localhost:[0-9]+/back", "https://books.example.se/back", text))
    process = subprocess.Popen(  # noqa: S603  our own command line
        [sys.executable, str(HOME / "cli.py"), "connect", "shop", "--confirm", ORGANISATION],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    process.stderr.readline()
    back = sent_back(process.stderr.readline().strip())
    assert back.startswith("https://books.example.se/back?")
    out, err = process.communicate(f"{back}\n", timeout=60)
    assert process.returncode == 0, err
    assert out.startswith("shop is connected to Exempelbutiken AB")


def test_a_sign_in_that_nobody_can_answer_ends_at_once(lost: Path, tmp_path: Path) -> None:
    text = lost.read_text()
    lost.write_text(re.sub("http://localhost:[0-9]+/back", "https://books.example.se/back", text))
    told = subprocess.run(  # noqa: S603  our own command line
        [sys.executable, str(HOME / "cli.py"), "connect", "shop"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (told.returncode, told.stdout) == (75, "")
    assert told.stderr.endswith(
        "No answer of the sign-in came. Connect again; fortnox.redirect_uri must be what the "
        "developer portal lists.\n"
    )


def test_a_sign_in_without_any_input_ends_at_once_too(
    cli: Cli, lost: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = lost.read_text()
    lost.write_text(re.sub("http://localhost:[0-9]+/back", "https://books.example.se/back", text))
    monkeypatch.setattr("sys.stdin", None)  # as Python has it when it is closed: <&-
    told = cli("connect", "shop")
    assert (told.code, told.out) == (75, "")
    assert "No answer of the sign-in came." in told.err


def test_without_a_connection_a_run_says_how_to_make_one(cli: Cli, lost: Path) -> None:
    told = cli("run", "shop", "--quiet")
    assert (told.code, told.out) == (2, "")
    assert told.err == (
        "merchants/shop.yaml:9:3: no-way-in: shop is not connected to a company in Fortnox. "
        "Connect it: qliro-fortnox connect shop\n1 error.\n"
    )


def test_the_company_is_shown_and_confirmed_once(cli: Cli, lost: Path, pasting: None) -> None:
    told = cli("connect", "shop", "--user")
    assert told.code == 3
    assert told.out == (
        "This is Exempelbutiken AB, 556001-1982 (DatabaseNumber 1234567). Is it the right one? "
        "Then confirm it, soon:\n  qliro-fortnox connect shop --confirm '556001-1982'\n"
    )
    assert cli("run", "shop", "--quiet").code == 2
    wrong = cli("connect", "shop", "--user", "--confirm", "559999-0000", "--quiet")
    assert (wrong.code, wrong.out) == (2, "")
    assert "and you confirm 559999-0000: nothing is connected." in wrong.err
    told = cli("connect", "shop", "--user", "--confirm", "5560011982", "--by", "Anna")
    assert told.code == 0
    assert told.err == "Going on with the sign-in that was begun earlier.\n"
    assert told.out.endswith(
        "by a refresh token, which is kept in state/shop.fortnox-sandbox.json.\n"
    )
    again = cli("connect", "shop", "--json", "--by", "Bo")
    assert again.code == 0
    assert again.json == {
        "merchant": "shop",
        "way": "service",
        "confirmed_by": "Bo",
        "company": {
            "name": "Exempelbutiken AB",
            "organisation_number": "556001-1982",
            "tenant": "1234567",
        },
    }


def test_a_company_without_a_number_is_not_confirmed_by_none(
    cli: Cli, lost: Path, running: Running, pasting: None
) -> None:
    running.world.organisation_number = ""
    told = cli("connect", "shop", "--user", "--confirm", "")
    assert (told.code, "nothing is connected" in told.err) == (2, True)
    told = cli("connect", "shop", "--user")
    assert told.out == (
        "This is Exempelbutiken AB (DatabaseNumber 1234567). Is it the right one? "
        "Then confirm it, soon:\n  qliro-fortnox connect shop --confirm '1234567'\n"
    )
    assert cli("connect", "shop", "--user", "--confirm", "1234567", "--by", "Anna").code == 0


def test_a_person_who_says_no_connects_nothing_and_begins_anew(
    cli: Cli, lost: Path, pasting: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    answers, asked = [False, True], []

    def confirm(question: str, **_: object) -> bool:
        asked.append(question)
        return answers.pop(0)

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(view.click, "confirm", confirm)
    told = cli("connect", "shop", "--user", "--quiet")
    assert told.code == 2
    assert "Nothing is connected." in told.err
    assert not list(Path("state").glob("*fortnox*.json"))
    assert cli("connect", "shop", "--user", "--quiet").code == 0
    assert cli("connect", "shop", "--user", "--quiet").code == 0  # confirmed once
    question = "This is Exempelbutiken AB, 556001-1982 (DatabaseNumber 1234567). Is that the"
    assert [one.startswith(question) for one in asked] == [True, True]


def test_another_company_is_refused(cli: Cli, lost: Path, running: Running, pasting: None) -> None:
    assert cli("connect", "shop", "--user", "--confirm", ORGANISATION).code == 0
    assert cli("sync", "shop", "--quiet").code == 0
    running.world.access.tenant_id, running.world.company_name = "7654321", "Annan AB"
    told = cli("connect", "shop", "--user", "--confirm", ORGANISATION, "--quiet")
    assert (told.code, told.out) == (1, "")
    assert "This is Annan AB, 556001-1982 (DatabaseNumber 7654321)." in told.err
    Path("state/shop.fortnox-sandbox.json").unlink()
    told = cli("connect", "shop", "--confirm", ORGANISATION, "--quiet")
    assert told.code == 1
    assert "The database holds the books of Exempelbutiken AB, 556001-1982" in told.err


def test_a_sign_in_to_other_books_is_not_gone_on_with(
    cli: Cli, lost: Path, running: Running, pasting: None
) -> None:
    assert cli("connect", "shop", "--user", "--confirm", ORGANISATION).code == 0
    assert cli("sync", "shop", "--quiet").code == 0
    Path("state/shop.fortnox-sandbox.json").unlink()
    running.world.access.tenant_id, right = "7654321", running.world.access.tenant_id
    assert cli("connect", "shop", "--user", "--confirm", ORGANISATION).code == 1
    assert not list(Path("state").glob("*fortnox*.json"))
    running.world.access.tenant_id = right
    told = cli("connect", "shop", "--user", "--confirm", ORGANISATION)
    assert (told.code, "Going on with" in told.err) == (0, False)


def test_a_user_is_asked_although_a_service_account_would_do(
    cli: Cli, lost: Path, running: Running, pasting: None
) -> None:
    running.world.access.consented = True
    tenant = f'tenant_id: "{running.world.access.tenant_id}"\n  redirect_uri:'
    lost.write_text(lost.read_text().replace("redirect_uri:", tenant))
    told = cli("connect", "shop", "--user", "--confirm", ORGANISATION)
    assert (told.code, "by a refresh token, which is kept in" in told.out) == (0, True)


def test_no_token_and_no_code_is_in_any_output_or_file_but_the_one_for_it(
    cli: Cli, lost: Path, running: Running, pasting: None, tmp_path: Path
) -> None:
    told: list[Ended] = [cli("connect", "shop", "--user", "--confirm", ORGANISATION, "--verbose")]
    running.world.access.tokens.clear()  # so that the next run renews
    told += [cli("run", "shop", "--verbose"), cli("export", "shop")]
    access = running.world.access
    hidden = [*access.tokens, access.refresh_token, "sandbox-refresh-1", "sandbox-client-secret"]
    hidden += re.findall(
        r"code=(sandbox-code-\d+)", " ".join(e.body for e in running.world.journal)
    )
    assert len(hidden) > 4
    kept = tmp_path / "state" / "shop.fortnox-sandbox.json"
    streams = [text.encode() for one in told for text in (one.out, one.err)]
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path != kept]
    for secret in hidden:
        assert not [one for one in [*streams, *files] if secret.encode() in one], secret
    modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "state").glob("*fortnox*")}
    assert modes == {0}


RENEW = """\
import os, sys
from pathlib import Path
from engine.clock import SystemClock
from engine.merchant.load import load_merchant
from engine.access.apis import open_fortnox
merchant = load_merchant(Path("merchants/shop.yaml"), os.environ)
clock = SystemClock()
with open_fortnox(merchant, clock) as fortnox:
    print("ready", flush=True)
    sys.stdin.readline()
    print(fortnox.read("GET", "/3/currencies").status)
"""


def test_two_processes_that_renew_at_once_lose_nothing(
    cli: Cli, lost: Path, running: Running, pasting: None, tmp_path: Path
) -> None:
    assert cli("connect", "shop", "--user", "--confirm", ORGANISATION).code == 0
    running.world.journal.clear()
    running.world.access.tokens.clear()
    running.world.limits.latency_seconds = 0.2
    processes = [
        subprocess.Popen(  # noqa: S603  our own code
            [sys.executable, "-c", RENEW],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(HOME)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60)[0] for process in processes] == ["200\n", "200\n"]
    renewals = [one for one in running.world.journal if one.path == "/oauth-v1/token"]
    assert len(renewals) == 1
