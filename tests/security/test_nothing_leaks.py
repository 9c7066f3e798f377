"""A whole run over people and secrets, and a server that repeats them: nothing of it is kept."""

from __future__ import annotations

import base64
import hashlib
import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

import duckdb
import few_rows
import pytest
from order_shop import OrderShop

from engine.commands import command, opening
from engine.commands import main as command_line
from engine.personal import starred
from engine.sandbox.fortnox import orders, writes
from engine.sandbox.fortnox.fields import RefusedError
from engine.sandbox.lives.lifecycle import pay_out
from engine.sandbox.qliro import api as qliro
from engine.sandbox.server import serve
from engine.sandbox.world.exchange import Request, Response
from engine.sandbox.world.world import World
from engine.store import database as stores

SECRETS = {
    "QLIRO_API_KEY": "hush-qliro-key-51c7",
    "QLIRO_API_SECRET": "hush-qliro/secret+9d",
    "QLIRO_PLUS_API_KEY": "hush-plus-key-77aa",
    "QLIRO_PLUS_API_SECRET": "hush-plus-secret-01",
    "FORTNOX_CLIENT_ID": "hush-client-id-3e",
    "FORTNOX_CLIENT_SECRET": "hush-client-secret-8f",
}
NUMBERS = ("197906255307", "7906255307", "790625-5307")
LIVES = ("private", "refunded_rows")


class Told:
    """Whatever commands told, and what the servers were sent with it."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        self.streams: dict[str, str] = {}

    @property
    def hidden(self) -> list[str]:
        """Secrets and personal numbers, in each form in which they travel."""
        signed = [qliro.authorization(secret) for secret in SECRETS.values()]
        basic = f"{SECRETS['FORTNOX_CLIENT_ID']}:{SECRETS['FORTNOX_CLIENT_SECRET']}"
        hashed = [hashlib.sha256(one.encode()).hexdigest() for one in SECRETS.values()]
        pairs = [base64.b64encode(one.encode()).decode() for one in (basic, *SECRETS.values())]
        tokens = list(self.world.access.tokens)
        return [*SECRETS.values(), *NUMBERS, *tokens, *hashed, *pairs, *[s[6:] for s in signed]]

    def found(self, text: str) -> list[str]:
        return [one for one in self.hidden if one in text]


def gossiping(world: World, request: Request) -> str:
    """What a careless server says: all that it was sent and knows."""
    header = request.headers["authorization"]
    return f"Fel: {header} {' '.join([header[7:], *SECRETS.values(), *NUMBERS])}"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("leaks")
    shop = OrderShop(folder)
    world = shop.world
    world.customers["K1"] = replace(
        world.customers["K1"], fields=world.customers["K1"].fields | {
            "OrganisationNumber": "790625-5307", "Phone1": "070-1234567"},
    )  # fmt: skip
    access = world.access
    access.merchant_api_key, access.merchant_api_secret, access.plus_api_key = (
        SECRETS["QLIRO_API_KEY"], SECRETS["QLIRO_API_SECRET"], SECRETS["QLIRO_PLUS_API_KEY"],
    )  # fmt: skip
    access.plus_api_secret = SECRETS["QLIRO_PLUS_API_SECRET"]
    access.client_id, access.client_secret = (
        SECRETS["FORTNOX_CLIENT_ID"], SECRETS["FORTNOX_CLIENT_SECRET"],
    )  # fmt: skip
    lives = [shop.life(name) for name in LIVES]
    pay_out(world)
    shop.trouble("fee_with_vat")
    made = {"orders": 0, "vouchers": 0}

    def careless(kind: str, real: object) -> object:
        def answer(world: World, request: Request) -> Response:
            made[kind] += 1
            if made[kind] == 1:
                raise RefusedError(2999999, gossiping(world, request))
            return real(world, request)  # type: ignore[operator]

        return answer

    def lost(world: World, request: Request) -> Response:
        if request.path.endswith("/orders/1"):
            text = gossiping(world, request)
            return Response(404, text.encode(), "text/plain")
        return asked(world, request)

    asked = qliro.answer
    out = Told(world, folder)
    with pytest.MonkeyPatch.context() as patch, serve(world) as running:
        for name, value in SECRETS.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        patch.setattr(orders, "create_order", careless("orders", orders.create_order))
        patch.setattr(writes, "create_voucher", careless("vouchers", writes.create_voucher))
        patch.setattr(qliro, "answer", lost)
        patch.setattr(stores, "_configure", few_rows.in_one_thread_and_plainly)
        for module in (command_line, command, opening):
            patch.setattr(module, "SystemClock", lambda: shop.clock)
        shop.settings({
            "qliro.base_url": running.url, "fortnox.base_url": running.url,
            "fortnox.auth_url": f"{running.url}/oauth-v1",
            "fortnox.pace": {"requests": 1000, "seconds": 1},
        })  # fmt: skip
        assert shop.merchant.database.parent == folder / "state"
        number = str(lives[0].order)
        named = [part for life in lives for one in life.orders for part in ("--order", str(one))]
        for arguments in (
            ("run", "shop.yaml", "--verbose", "--order", "1", *named),
            ("run", "shop.yaml", "--json"),
            ("status", "shop.yaml", "--json"),
            ("explain", "shop.yaml", number, "--verbose"),
            ("explain", "shop.yaml", number, "--json"),
            ("plan", "shop.yaml", "--json", "--out", "plan.json", *named),
            ("export", "shop.yaml", "--out", "traffic.jsonl"),
            ("export", "shop.yaml", "--pseudonymise"),
            ("lint", "shop.yaml"),
            ("show", "shop.yaml"),
        ):
            out.streams[" ".join(arguments[:3])] = _ended(arguments)
    assert made["orders"] > 1
    assert made["vouchers"] >= 1
    return out


def _ended(arguments: tuple[str, ...]) -> str:
    stdout, stderr = io.StringIO(), io.StringIO()
    with redirect_stdout(stdout), redirect_stderr(stderr):
        code = command.ended(command_line.commands, arguments, "qliro-fortnox")
    return f"{code}\n{stdout.getvalue()}\n{stderr.getvalue()}"


def test_no_command_tells_a_secret_or_a_personal_number(told: Told) -> None:
    assert [one for one, text in told.streams.items() if "defect" in text or text[0] == "1"] == []
    assert {name: told.found(text) for name, text in told.streams.items() if told.found(text)} == {}


def test_no_table_keeps_a_secret_or_a_personal_number(told: Told) -> None:
    with duckdb.connect(str(told.folder / "state" / "shop.duckdb"), read_only=True) as database:
        tables = database.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal"
        ).fetchall()
        content = {
            f"{schema}.{table}": repr(database.execute(f'FROM "{schema}"."{table}"').fetchall())
            for schema, table in tables
        }
    answers = content["raw.answer_short"] + content["raw.answer_long"]
    assert "Fel: " in answers  # the servers did gossip, and that much is kept
    assert "Fel: " in "".join(text for name, text in content.items() if name.startswith("ledger."))
    assert {name: told.found(text) for name, text in content.items() if told.found(text)} == {}


def test_no_file_holds_a_secret_or_a_personal_number_or_is_open_to_others(told: Told) -> None:
    merchant_file = told.folder / "shop.yaml"
    files = [p for p in told.folder.rglob("*") if p.is_file() and p != merchant_file]
    assert {"shop.duckdb", "plan.json", "traffic.jsonl"} <= {path.name for path in files}
    for path in files:
        assert told.found(path.read_bytes().decode("latin-1")) == [], path
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("number", [*NUMBERS, "19790625-5307", "19790625+5307", "790625 5307"])
def test_a_personal_number_that_a_refusal_quotes_is_starred(number: str) -> None:
    assert starred(f"Ogiltigt nummer {number}.") == "Ogiltigt nummer ***."


@pytest.mark.parametrize(
    ("quoted", "told"),
    [
        ("VATNumber SE790625530701 är ogiltigt", "VATNumber SE*** är ogiltigt"),  # a sole trader's
        ("SE19790625530701", "SE***"),
        ("SE790625-530701", "SE***"),
        ("pnr790625-5307x", "pnr***x"),
        ("Kund_7906255307_finns", "Kund_***_finns"),
        ('{"PersonalNumber":{"Value":"197906255307"}}', '{"PersonalNumber":{"Value":"***"}}'),
        ("Asiakas 030842-921X", "Asiakas ***"),
        ("kunde22034149589.", "kunde***."),
    ],
)
def test_a_personal_number_is_starred_whatever_it_touches(quoted: str, told: str) -> None:
    assert starred(quoted) == told


@pytest.mark.parametrize(
    "text",
    ["2000637", "556001-1982", "20261101-0001", "7906255308", "10066", "SE556001198201",
     "030842-921A", "22034149588"],
)  # fmt: skip
def test_other_numbers_stay(text: str) -> None:
    assert starred(f"Fakturan {text} saknas") == f"Fakturan {text} saknas"
