"""From a consent to a connection that is kept: which way, which company, and what is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from engine.access import consent as connect
from engine.access.authentication import authentication
from engine.access.company import booked_company, refuse_another_company
from engine.access.connection import begun, connection_of, kept, secrets_of
from engine.errors import AccessError, FileError, UsageError
from engine.merchant.load import Merchant
from engine.store.database import Store, in_memory

from .conftest import Office


def test_a_service_account_is_kept_without_any_token(office: Office) -> None:
    made = office.connect()
    assert made.way == "service"
    assert (made.tokens, made.confirmed_by) == (None, "Anna")
    assert "token" not in office.file.read_text().replace('"tokens":null', "")
    office.world.clock.advance(100 * 86400)
    assert office.ask().status == 200
    assert office.grants() == ["authorization_code", "client_credentials", "client_credentials"]


def test_without_a_service_account_the_refresh_token_is_kept_for_its_owner_alone(
    office: Office,
) -> None:
    made = office.connect(service=False)
    assert made.way == "user"
    assert office.file.stat().st_mode & 0o777 == 0o600
    assert office.held.tokens is not None
    assert office.held.tokens.refresh_token == office.world.access.refresh_token
    assert not begun(office.merchant).path.exists()
    assert office.ask().status == 200
    assert office.grants() == ["authorization_code"]  # the token of the sign-in is still good


def test_a_consent_that_gives_no_service_account_falls_back_to_the_refresh_token(
    office: Office,
) -> None:
    company = office.begin()
    office.world.access.consented = False
    made = connect.confirm(office.merchant, company, "Anna", office.clock, office.transport)
    assert made.way == "user"
    assert office.ask().status == 200


def test_the_company_is_told_and_nothing_is_used_before_it_is_confirmed(office: Office) -> None:
    company = office.begin()
    assert str(company) == "Exempelbutiken AB, 556001-1982 (DatabaseNumber 1234567)"
    assert connection_of(office.merchant) is None
    with pytest.raises(FileError, match="Connect it: qliro-fortnox connect shop"):
        office.ask()


def test_a_crash_before_the_confirmation_costs_no_new_consent(office: Office) -> None:
    office.begin(service=False)
    assert connect.left_begun(office.merchant) is not None
    office.clock.advance(7200)
    company = connect.go_on(office.merchant, office.clock, office.transport)
    connect.confirm(office.merchant, company, "Anna", office.clock, office.transport, service=False)
    office.clock.advance(7200)
    assert office.ask().status == 200


def test_another_company_is_refused_ever_after_and_the_right_one_stays(office: Office) -> None:
    office.connect(service=False)
    office.world.access.tenant_id, office.world.company_name = "7654321", "Annan AB"
    with pytest.raises(AccessError) as raised:
        office.begin(service=False)
    assert str(raised.value).startswith(
        "This is Annan AB, 556001-1982 (DatabaseNumber 7654321). shop was confirmed to be "
        "Exempelbutiken AB, 556001-1982 (DatabaseNumber 1234567), and stays connected to it."
    )
    assert connect.left_begun(office.merchant) is None
    assert office.held.company is not None
    assert office.held.company.tenant == "1234567"


def test_a_renewed_token_for_another_company_is_not_used(office: Office) -> None:
    office.connect(service=False)
    office.world.access.tenant_id = "7654321"
    office.clock.advance(3600)
    with pytest.raises(AccessError, match=r"another company \(DatabaseNumber 7654321\)"):
        office.ask()
    assert not [one for one in office.world.journal if one.path == "/3/currencies"]


@pytest.mark.parametrize(("made_for", "used_in"), [("live", "test"), ("test", "live")])
def test_test_and_live_never_mix(
    office: Office, merchant_of: Callable[..., Merchant], made_for: str, used_in: str
) -> None:
    office.merchant = merchant_of(environment=made_for)
    office.connect(service=False)
    other = merchant_of(environment=used_in)
    assert connection_of(other) is None  # each environment has a file of its own
    shutil.copy(office.file, kept(other).path)
    with pytest.raises(AccessError) as raised:
        office.ask(other)
    assert f"was made for environment {made_for}, and shop is {used_in}" in str(raised.value)
    office.merchant = merchant_of(environment=made_for)
    assert office.ask().status == 200


def test_a_connection_of_another_integration_is_refused(
    office: Office, merchant_of: Callable[..., Merchant]
) -> None:
    office.connect(service=False)
    with pytest.raises(AccessError, match="another integration"):
        office.ask(merchant_of(CLIENT_ID="another"))


def test_connecting_again_replaces_the_connection_of_another_integration(
    office: Office, merchant_of: Callable[..., Merchant]
) -> None:
    office.connect(service=False)
    office.merchant, office.world.access.client_id = merchant_of(CLIENT_ID="another"), "another"
    office.world.access.tenant_id, right = "7654321", office.world.access.tenant_id
    with pytest.raises(AccessError, match="shop was confirmed to be Exempelbutiken AB"):
        office.begin(service=False)
    office.world.access.tenant_id = right
    assert office.connect(service=False).confirmed_by == "Anna"
    assert office.ask().status == 200


def test_a_file_that_others_may_read_is_refused(office: Office) -> None:
    office.connect(service=False)
    office.file.chmod(0o640)
    with pytest.raises(AccessError, match=r"open to others \(mode 0640\). Close it: chmod 600"):
        office.ask()


def test_an_answer_to_another_question_is_no_answer(office: Office) -> None:
    consent = connect.ask_consent(office.merchant)
    with pytest.raises(UsageError, match="its state is another"):
        connect.code_of("http://localhost:8767/fortnox?code=forged-1&state=x", consent.state)
    with pytest.raises(AccessError, match="The person at the sign-in declined"):
        connect.code_of(f"http://x/?error=access_denied&state={consent.state}", consent.state)
    assert connect.code_of("the-code-alone\n", consent.state) == "the-code-alone"


def test_a_code_that_has_expired_says_so(office: Office) -> None:
    code = office.signed_in()
    office.clock.advance(601)
    with pytest.raises(AccessError, match="a code works once and for ten minutes"):
        connect.exchange(office.merchant, code, office.clock, office.transport)


def test_rights_are_asked_for_as_the_flows_need_them(office: Office) -> None:
    assert "order" not in connect.scopes(office.merchant)
    office.merchant.settings["flows"]["orders"] = True
    assert {"payment", "order", "customer", "article"} <= {*connect.scopes(office.merchant)}


def test_tokens_are_known_to_who_must_not_show_them(office: Office) -> None:
    office.connect(service=False)
    tokens = office.held.tokens
    assert tokens is not None
    hidden = {one.reveal() for one in secrets_of(office.merchant)}
    assert hidden == {tokens.access_token, tokens.refresh_token}
    assert tokens.refresh_token not in repr(office.held)


@pytest.fixture
def books() -> Store:
    """A database that once asked which company it is."""
    store = in_memory()
    told(store, "1234567")
    return store


def told(store: Store, tenant: str) -> None:
    store.execute(
        "INSERT INTO raw.answer_short "
        "(noted_at, origin, source, endpoint, method, path, query, status, body, digest) "
        "VALUES (now(), 'network', 'fortnox', 'company', 'GET', "
        "'/3/companyinformation', '', 200, ?, ?)",
        [f'{{"CompanyInformation": {{"CompanyName": "A", "DatabaseNumber": {tenant}}}}}', tenant],
    )


def test_the_books_of_one_company_are_not_gone_on_with_in_another(
    office: Office, books: Store
) -> None:
    office.world.access.tenant_id = "7654321"
    office.connect()
    with pytest.raises(AccessError, match="holds the books of A "):
        authentication(office.merchant, office.clock, booked_company(books))
    refuse_another_company(books)
    told(books, "7654321")
    with pytest.raises(AccessError, match="DatabaseNumber 7654321"):
        refuse_another_company(books)


def test_a_company_without_an_organisation_number_is_connected_like_any(office: Office) -> None:
    """Fortnox answers null for it; a person confirms it by its DatabaseNumber."""
    office.world.organisation_number = ""
    company = office.begin()
    assert str(company) == "Exempelbutiken AB (DatabaseNumber 1234567)"
    assert company.confirmed_by == "1234567"
    made = connect.confirm(
        office.merchant, company, "Anna", office.clock, office.transport, service=False
    )
    assert made.company == company
    assert office.ask().status == 200
