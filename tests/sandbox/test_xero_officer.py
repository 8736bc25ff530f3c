"""What a payroll officer does in Xero's own screens, over HTTP: edits, groups, disconnecting the app."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from agent.sandbox.server import Served, serve
from tests.sandbox.xero_desk import VALID_TFN, Caller, Clock, consent, redeem, refresh, sandbox

WAGES = {"BSB": "062000", "AccountNumber": "12345678", "AccountName": "Jo Ng", "Remainder": True}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def served(clock: Clock) -> Iterator[Served]:
    with serve(sandbox(clock)) as running:
        yield running


@pytest.fixture
def caller(served: Served) -> Caller:
    return Caller(served)


@pytest.fixture
def who(caller: Caller) -> str:
    return caller.somebody()


def does(caller: Caller, what: str, typed: Any) -> requests.Response:
    return requests.post(f"{caller.url}/_sandbox/{what}", json=typed, timeout=5)


def edit(caller: Caller, who: str, **typed: Any) -> requests.Response:
    return does(caller, f"employees/{who}", typed)


# employees


def test_an_edit_is_laid_over_the_record_and_moves_its_time(
    caller: Caller, clock: Clock, who: str
) -> None:
    before = caller.detail(who)
    clock.move(minutes=5)
    assert edit(caller, who, Mobile="0491 570 156", JobTitle="Chef").status_code == 204
    after = caller.detail(who)
    assert (after["Mobile"], after["JobTitle"]) == ("0491 570 156", "Chef")
    assert after["UpdatedDateUTC"] > before["UpdatedDateUTC"]
    changed = {"Mobile", "JobTitle", "UpdatedDateUTC"}
    assert {k: v for k, v in after.items() if k not in changed} == {
        k: v for k, v in before.items() if k not in changed
    }


def test_somebody_is_terminated_and_the_termination_undone(caller: Caller, who: str) -> None:
    edit(caller, who, TerminationDate="2026-02-28", TerminationReason="V")
    ended = caller.detail(who)
    assert (ended["Status"], ended["TerminationReason"]) == ("TERMINATED", "V")
    edit(caller, who, TerminationDate=None, TerminationReason=None)
    back = caller.detail(who)
    assert back["Status"] == "ACTIVE"
    assert not {"TerminationDate", "TerminationReason"} & back.keys()


def test_the_bank_accounts_are_typed_anew_or_emptied(caller: Caller, who: str) -> None:
    edit(caller, who, BankAccounts=[WAGES])
    assert caller.detail(who)["BankAccounts"] == [WAGES]
    edit(caller, who, BankAccounts=None)
    assert caller.detail(who)["BankAccounts"] == []


def test_a_box_of_the_address_is_changed_or_emptied_alone(caller: Caller, who: str) -> None:
    before = caller.detail(who)["HomeAddress"]
    edit(caller, who, HomeAddress={"AddressLine2": "Unit 2"})
    assert caller.detail(who)["HomeAddress"] == before | {"AddressLine2": "Unit 2"}
    edit(caller, who, HomeAddress={"AddressLine2": None})
    assert "AddressLine2" not in caller.detail(who)["HomeAddress"]


def test_a_number_typed_takes_the_place_of_an_exemption(caller: Caller, who: str) -> None:
    edit(caller, who, TaxDeclaration={"TFNExemptionType": "PENDING"})
    assert "TaxFileNumber" not in caller.detail(who)["TaxDeclaration"]
    edit(caller, who, TaxDeclaration={"TaxFileNumber": VALID_TFN, "TaxOffsetEstimatedAmount": 5})
    shown = caller.detail(who)["TaxDeclaration"]
    assert shown["TaxFileNumber"] == f"###-###-{VALID_TFN[-3:]}"
    assert "TFNExemptionType" not in shown
    edit(caller, who, TaxDeclaration={"TaxOffsetEstimatedAmount": None})
    assert "TaxOffsetEstimatedAmount" not in caller.detail(who)["TaxDeclaration"]


def test_a_new_membership_gets_an_id(caller: Caller, who: str) -> None:
    fund = caller.get("/Superfunds").json()["SuperFunds"][0]["SuperFundID"]
    edit(caller, who, SuperMemberships=[{"SuperFundID": fund, "EmployeeNumber": "77"}])
    (row,) = caller.detail(who)["SuperMemberships"]
    assert (row["SuperFundID"], row["EmployeeNumber"]) == (fund, "77")
    assert row["SuperMembershipID"]


@pytest.mark.parametrize(
    "typed",
    [
        {"EmployeeGroupName": "Nowhere"},
        {"TerminationReason": "X"},
        {"FirstName": None},
        {"FirstName": "x" * 36},
        {"HomeAddress": None},
        {"HomeAddress": {"PostalCode": None}},
        {"DateOfBirth": "28/10/2000"},
        {"BankAccounts": [WAGES | {"BSB": "1"}]},
        {"BankAccounts": [WAGES, WAGES]},
        {"TaxDeclaration": {"TaxFileNumber": "123456789"}},
        {"Shoe": "44"},
        {"EmployeeID": "4ff1e5cc-9835-40d5-bb18-09fdb118db9c"},
        {"UpdatedDateUTC": "2020-01-01"},
        {"Status": "TERMINATED"},
        {"LeaveBalances": []},
    ],
)
def test_a_screen_takes_nothing_that_xero_cannot_hold(
    caller: Caller, who: str, typed: dict[str, Any]
) -> None:
    before = caller.organisation.employees[who]
    answer = does(caller, f"employees/{who}", {"Mobile": "0491 570 156", **typed})
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert caller.organisation.employees[who] == before


def test_a_screen_knows_no_variants_of_the_api(served: Served, caller: Caller, who: str) -> None:
    served.app.config["SWITCHES"].set("empty_string", "ignored")
    served.app.config["SWITCHES"].set("posted_bank_accounts", "merge")
    edit(caller, who, Mobile="", BankAccounts=[WAGES])
    after = caller.detail(who)
    assert "Mobile" not in after
    assert after["BankAccounts"] == [WAGES]


@pytest.mark.parametrize("body", [[], "x", None])
def test_an_edit_that_is_no_object_is_refused(caller: Caller, who: str, body: Any) -> None:
    assert does(caller, f"employees/{who}", body).status_code == 400


def test_nobody_is_edited_under_an_unknown_id(caller: Caller) -> None:
    assert edit(caller, "nobody", Mobile="1").status_code == 404


def test_the_officer_s_doors_open_from_this_machine_only(served: Served, who: str) -> None:
    away = served.app.test_client()
    for path in (f"employees/{who}", "groups", "disconnect"):
        answer = away.post(f"/_sandbox/{path}", json={}, environ_base={"REMOTE_ADDR": "192.0.2.7"})
        assert answer.status_code == 403


def test_the_officer_s_doings_are_no_calls_of_the_api(
    served: Served, caller: Caller, who: str
) -> None:
    served.app.config["CALLS"].reset()
    edit(caller, who, Mobile="0491 570 156")
    assert served.app.config["CALLS"].counts()["total"] == 0


# groups


def options(caller: Caller) -> list[str]:
    url = f"{caller.url}/api.xro/2.0/TrackingCategories"
    rows = requests.get(url, headers=caller.headers(), timeout=5).json()["TrackingCategories"]
    return [option["Name"] for option in rows[0]["Options"]]


def test_a_renamed_group_is_renamed_for_everybody_in_it(caller: Caller, clock: Clock) -> None:
    who = caller.somebody()
    old = caller.detail(who)["EmployeeGroupName"]
    before, updated = options(caller), caller.detail(who)["UpdatedDateUTC"]
    clock.move(minutes=5)
    assert does(caller, "groups", {"rename": old, "to": "New"}).status_code == 204
    assert options(caller) == ["New" if name == old else name for name in before]
    assert caller.detail(who)["EmployeeGroupName"] == "New"
    assert caller.detail(who)["UpdatedDateUTC"] == updated
    assert caller.update(who, EmployeeGroupName=old).status_code == 400


def test_a_group_is_added_and_can_be_used(caller: Caller, who: str) -> None:
    assert caller.update(who, EmployeeGroupName="Night shift").status_code == 400
    assert does(caller, "groups", {"add": "Night shift"}).status_code == 204
    assert caller.update(who, EmployeeGroupName="Night shift").status_code == 200
    assert options(caller)[-1] == "Night shift"


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"add": " "},
        {"add": "Sydney Office"},
        {"rename": "Sydney Office"},
        {"rename": "Nowhere", "to": "New"},
        {"rename": "Sydney Office", "to": "Sydney Office"},
        {"add": "A", "rename": "Sydney Office", "to": "B"},
    ],
)
def test_groups_stay_as_they_are_when_the_request_makes_no_sense(
    caller: Caller, typed: dict[str, str]
) -> None:
    before = options(caller)
    assert "Sydney Office" in before
    assert does(caller, "groups", typed).status_code == 400
    assert options(caller) == before


# disconnecting the app


def test_an_app_taken_off_inside_xero_gets_403_while_its_sign_in_goes_on(
    served: Served, caller: Caller
) -> None:
    tokens = redeem(served.url, consent(served.url))
    assert does(caller, "disconnect", {}).status_code == 204
    answer = caller.get("/Employees")
    assert (answer.status_code, answer.json()["Detail"]) == (403, "AuthenticationUnsuccessful")
    assert refresh(served.url, tokens["refresh_token"]).status_code == 200
    rows = requests.get(f"{caller.url}/connections", headers=caller.headers(), timeout=5)
    assert rows.json() == []
    assert does(caller, "disconnect", {"tenant": caller.tenant}).status_code == 404
    consent(served.url)
    assert caller.get("/Employees").status_code == 200
