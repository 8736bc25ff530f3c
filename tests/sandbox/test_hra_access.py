"""HRA's OAuth and who may call what, as the vendor's pages and the contract say."""

import base64
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import TestResponse

from agent.sandbox.hra import create
from tests.sandbox.hra_house import STAFF, House, at

BACK = "http://localhost:8710/connect/hra/callback"
BASIC = "Basic " + base64.b64encode(b"hra-sandbox:hra-sandbox-secret").decode()


@pytest.fixture
def house() -> House:
    return House(STAFF[:3])


def ask(house: House, scope: str = "read:employees manage:employees", **more: str) -> TestResponse:
    query = {
        "response_type": "code", "client_id": "hra-sandbox", "redirect_uri": BACK,
        "scope": scope, "state": "s&1", "sandbox_auto": "1",
    }  # fmt: skip
    return house.client.get("/oauth/authorize", query_string=query | more)


def token(house: House, form: dict[str, str], basic: str | None = BASIC) -> TestResponse:
    headers = {} if basic is None else {"Authorization": basic}
    return house.client.post("/oauth/token", data=form, headers=headers)


def code(house: House) -> str:
    answer = ask(house)
    sent_back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert sent_back["state"] == ["s&1"]
    return sent_back["code"][0]


def connect(house: House) -> dict[str, Any]:
    form = {"grant_type": "authorization_code", "code": code(house), "redirect_uri": BACK}
    answer = token(house, form)
    assert answer.status_code == 200
    assert answer.json is not None
    return dict(answer.json)


def refresh(house: House, old: str) -> TestResponse:
    return token(house, {"grant_type": "refresh_token", "refresh_token": old})


def read(house: House, access: str) -> int:
    headers = {"Authorization": f"Bearer {access}"}
    return house.client.get(at("/employees"), headers=headers).status_code


def test_a_person_allows_the_agent_and_the_token_reads(house: House) -> None:
    tokens = connect(house)
    assert read(house, tokens["access_token"]) == 200
    assert tokens["expires_in"] == 1800


def test_without_auto_consent_a_page_asks_first(house: House) -> None:
    page = ask(house, sandbox_auto="0")
    assert page.status_code == 200
    assert "manage:employees" in page.text


def test_the_client_is_known_by_basic_only(house: House) -> None:
    form = {"grant_type": "authorization_code", "code": code(house), "redirect_uri": BACK}
    in_form = form | {"client_id": "hra-sandbox", "client_secret": "hra-sandbox-secret"}
    assert token(house, in_form, basic=None).status_code == 401


def test_an_access_token_lives_30_minutes(house: House) -> None:
    access = connect(house)["access_token"]
    house.clock.move(minutes=29, seconds=59)
    assert read(house, access) == 200
    house.clock.move(seconds=1)
    assert read(house, access) == 401


def test_refresh_rotates_and_the_old_one_works_30_more_minutes(house: House) -> None:
    old = connect(house)["refresh_token"]
    first = refresh(house, old)
    assert first.json is not None and first.json["refresh_token"] != old
    house.clock.move(minutes=29)
    assert refresh(house, old).status_code == 200
    house.clock.move(minutes=1)
    assert refresh(house, old).json == {"error": "invalid_grant"}


def test_a_refresh_token_dies_after_14_unused_days(house: House) -> None:
    kept = connect(house)["refresh_token"]
    house.clock.move(days=13, hours=23)
    assert refresh(house, kept).status_code == 200
    unused = connect(house)["refresh_token"]
    house.clock.move(days=14)
    assert refresh(house, unused).status_code == 400


def test_a_user_may_grant_fewer_scopes_than_asked() -> None:
    house = House((), granted_scopes=["read:employees"])
    assert connect(house)["scope"] == "read:employees"


OPERATIONS = [
    ("GET", "/employees", "read:employees"),
    ("POST", "/employees", "manage:employees"),
    ("GET", "/employees/{id}", "read:employees"),
    ("PUT", "/employees/{id}", "manage:employees"),
    ("GET", "/employees/{id}/bank-accounts", "read:employees:payroll"),
    ("PUT", "/employees/{id}/bank-accounts", "manage:employees:payroll"),
    ("GET", "/employees/{id}/retirement-savings", "manage:employees:payroll"),
    ("PUT", "/employees/{id}/retirement-savings", "manage:employees:payroll"),
    ("GET", "/employees/{id}/tax-details", "read:employees:payroll"),
    ("PUT", "/employees/{id}/tax-details", "manage:employees:payroll"),
    ("GET", "/employees/{id}/leave-balances", "read:employees:payroll"),
    ("PUT", "/employees/{id}/leave-balances", "manage:employees:payroll"),
    ("POST", "/employees/{id}/actions/terminate", "manage:employees"),
    ("POST", "/employees/{id}/actions/transfer", "manage:employees"),
    ("GET", "/branches", "read:accounts:referencedata"),
    ("GET", "/branches/b", "read:accounts:referencedata"),
    ("GET", "/honorifics", "read:accounts:referencedata"),
    ("GET", "/action-status/a", "read:accounts:referencedata"),
    ("GET", "/candidates", "read:candidates"),
    ("POST", "/candidates", "manage:candidates"),
    ("POST", "/candidates/c/actions/convert", "manage:candidates"),
    ("POST", "/candidates/c/actions/merge", "manage:candidates"),
    ("GET", "/subscriptions", "read:accounts"),
]


@pytest.mark.parametrize(("method", "path", "scope"), OPERATIONS)
def test_each_operation_needs_the_scope_that_the_contract_names(
    house: House, method: str, path: str, scope: str
) -> None:
    path = at(path.format(id=house.person()))
    house.sign_in(scope)
    without = house.client.open(path, method=method, json={}, headers=house.headers)
    assert without.status_code == 403
    assert isinstance(without.json, dict) and scope in without.json["detail"]
    house.sign_in()
    assert house.client.open(path, method=method, json={}, headers=house.headers).status_code != 403


def test_no_token_is_a_401_in_the_problem_form(house: House) -> None:
    answer = house.client.get(at("/employees"))
    assert answer.status_code == 401
    assert isinstance(answer.json, dict) and answer.json["status"] == 401


def test_ping_needs_no_token_and_the_account_names_itself(house: House) -> None:
    assert house.client.get("/ping").json == {"status": "UP"}
    own = house.client.get("/accounts/self", headers=house.headers)
    assert own.json == {"accountIds": house.store.account_id}


def test_listing_accounts_wants_a_filter(house: House) -> None:
    assert house.client.get("/accounts", headers=house.headers).status_code == 400
    found = house.client.get("/accounts?filter=region:AU", headers=house.headers).json
    assert found is not None
    assert [row["node"]["id"] for row in found["data"]] == [house.store.account_id]


def test_another_account_is_not_found(house: House) -> None:
    answer = house.client.get("/accounts/other/employees", headers=house.headers)
    assert answer.status_code == 404


def test_an_unknown_switch_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="unknown switch"):
        create((), switches={"sort_by_update": "works"})


def test_lost_access_is_a_403_and_too_many_requests_say_when(house: House) -> None:
    house.app.config["FAULTS"].plan("lose_access", path="/accounts/*")
    assert house.get("/employees").status_code == 403
    house.app.config["FAULTS"].plan("429", path="/accounts/*", retry_after=7)
    limited = house.get("/employees")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")
    assert house.get("/employees").status_code == 200
