"""Every answer of the Xero sandbox is one that the vendor describes; and the checker itself bites."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from agent.sandbox.server import CallLog, serve
from agent.sandbox.xero import SWITCHES
from tests.contract.excused import EXCUSED
from tests.contract.openapi import check_request, check_response, needs_contracts
from tests.sandbox.xero_desk import VALID_TFN, Caller, Clock, sandbox

pytestmark = needs_contracts

HOME = {"AddressLine1": "101 Green St", "City": "Orange", "Region": "NSW", "PostalCode": "2800"}
NEW = {
    "FirstName": "Albus",
    "LastName": "Dumbledore",
    "DateOfBirth": "1980-03-10",
    "HomeAddress": HOME,
}
REST = {"AccountName": "A D", "BSB": "062000", "AccountNumber": "12345678", "Remainder": True}
NOBODY = "7aa04979-ded5-44d9-b09a-793749425844"
SINCE = "2026-03-01T00:00:00+00:00"
JSON = {"Content-Type": "application/json"}
SIGNED = {"Authorization": "Bearer x", "Xero-Tenant-Id": "t", "Accept": "application/json"}


class CheckedCaller(Caller):
    """A caller whose every request and answer is held against the description."""

    def get(
        self, path: str, params: Mapping[str, str] | None = None, **headers: str
    ) -> requests.Response:
        return self._checked(
            super().get(path, params, **headers), params, self.headers(**headers), None
        )

    def post(self, path: str, body: Any, **headers: str) -> requests.Response:
        sent = self.headers(**headers)
        return self._checked(super().post(path, body, **headers), None, sent, json.dumps(body))

    def wrong(self, path: str, body: Any) -> requests.Response:
        """A post that breaks the description on purpose: only the answer is checked."""
        answer = super().post(path, body)
        _check_answer("xero", answer)
        return answer

    def _checked(
        self,
        answer: requests.Response,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        body: str | None,
    ) -> requests.Response:
        request = answer.request
        path = urlsplit(str(request.url)).path
        check_request("xero", str(request.method), path, headers, params or {}, body)
        _check_answer("xero", answer)
        return answer


def _check_answer(vendor: str, answer: requests.Response) -> None:
    path = urlsplit(str(answer.request.url)).path
    method = str(answer.request.method)
    check_response(vendor, method, path, answer.status_code, answer.headers, answer.content)


@pytest.fixture
def caller() -> Iterator[CheckedCaller]:
    with serve(sandbox(Clock())) as running:
        yield CheckedCaller(running)


def test_every_list_and_every_record_is_as_described(caller: CheckedCaller) -> None:
    for path in (
        "/Employees",
        "/Superfunds",
        "/PayItems",
        "/PayrollCalendars",
        "/PayRuns",
        "/LeaveApplications",
    ):
        caller.get(path)
        caller.get(path, {"page": "1"}, If_Modified_Since=SINCE)
    caller.get("/LeaveApplications/v2")
    caller.get("/Settings")
    caller.get("/SuperfundProducts", {"USI": "OSF0001AU"})
    caller.get("/Employees", {"where": 'Status=="TERMINATED"', "order": "LastName ASC"})
    for who in caller.organisation.employees:
        assert caller.get(f"/Employees/{who}").status_code == 200
    for fund in caller.organisation.funds:
        assert caller.get(f"/Superfunds/{fund}").status_code == 200
    calendar, run = caller.organisation.calendars[0], caller.organisation.pay_runs[0]
    leave = caller.organisation.leave_applications[0]["LeaveApplicationID"]
    assert caller.get(f"/PayRuns/{run['PayRunID']}").status_code == 200
    assert caller.get(f"/LeaveApplications/{leave}").status_code == 200
    assert caller.get(f"/PayrollCalendars/{calendar['PayrollCalendarID']}").status_code == 200


@pytest.mark.parametrize("answer", SWITCHES["post_answer"].values)
def test_every_write_is_as_described(caller: CheckedCaller, answer: str) -> None:
    caller.served.app.config["SWITCHES"].set("post_answer", answer)
    made = caller.post("/Employees", [NEW], Idempotency_Key="key-1")
    who = made.json()["Employees"][0]["EmployeeID"]
    caller.post("/Employees", [NEW | {"EmployeeID": who, "Title": "Mr"}])
    fund = caller.post("/Superfunds", [{"Type": "REGULATED", "USI": "PTC0133AU"}])
    number = fund.json()["SuperFunds"][0]["SuperFundID"]
    caller.post(f"/Superfunds/{number}", [{"Type": "REGULATED", "EmployerNumber": "9"}])
    tax = {
        "TaxFileNumber": VALID_TFN,
        "TaxOffsetEstimatedAmount": 600,
        "HasLoanOrStudentDebt": True,
    }
    changed = caller.update(
        who,
        BankAccounts=[REST],
        TaxDeclaration=tax,
        SuperMemberships=[{"SuperFundID": number, "EmployeeNumber": "1"}],
        TerminationDate="2026-02-01",
        TerminationReason="V",
    )
    assert changed.status_code == 200
    caller.get(f"/Employees/{who}")


def test_every_refusal_is_as_described(caller: CheckedCaller) -> None:
    who = caller.somebody()
    assert caller.get("/SuperfundProducts").status_code == 400
    assert caller.get("/Employees", {"where": 'hi=="x"'}).status_code == 400
    assert caller.get(f"/Employees/{NOBODY}").status_code == 404
    assert caller.post(f"/Employees/{who}", [{"FirstName": ""}]).status_code == 400
    assert caller.post(f"/Employees/{NOBODY}", [{"FirstName": "x"}]).status_code == 404
    assert caller.wrong(f"/Employees/{who}", {"FirstName": "x"}).status_code == 400
    assert caller.wrong("/Employees", [{"FirstName": "x"}]).status_code == 400
    assert caller.wrong("/Superfunds", [{"Type": "RETAIL"}]).status_code == 400
    caller.tokens["access_token"] = "another"
    assert caller.get("/Employees").status_code == 401


@pytest.mark.parametrize(
    "kind", ["refuse", "429", "500", "503_html", "lose_access", "expire_tokens"]
)
def test_every_planned_fault_is_a_described_or_excused_answer(
    caller: CheckedCaller, kind: str
) -> None:
    caller.served.app.config["FAULTS"].plan(kind, after=1)
    caller.get("/Employees")
    assert caller.get("/Employees").status_code >= 400


def test_connections_are_as_described(caller: CheckedCaller) -> None:
    headers = caller.headers()
    shown = requests.get(f"{caller.url}/connections", headers=headers, timeout=5)
    _check_answer("xero-identity", shown)
    row = shown.json()[0]["id"]
    for expected in (204, 404):
        gone = requests.delete(f"{caller.url}/connections/{row}", headers=headers, timeout=5)
        assert gone.status_code == expected
        _check_answer("xero-identity", gone)
    _check_answer("xero-identity", requests.get(f"{caller.url}/connections", timeout=5))


def test_every_payroll_route_of_the_sandbox_was_met_here(caller: CheckedCaller) -> None:
    test_every_list_and_every_record_is_as_described(caller)
    test_every_write_is_as_described(caller, "full")
    calls: CallLog = caller.served.app.config["CALLS"]
    met = {(call.method, call.template) for call in calls.calls()}
    routes = {
        (method, rule.rule.removeprefix("/payroll.xro/1.0"))
        for rule in caller.served.app.url_map.iter_rules()
        if rule.rule.startswith("/payroll.xro/1.0/")
        for method in (rule.methods or set()) & {"GET", "POST"}
    }
    assert met == routes


# the checker itself

PERSON = {"EmployeeID": NOBODY, "FirstName": "a", "LastName": "b", "DateOfBirth": "/Date(1)/"}


def _list(row: Mapping[str, Any], **more: Any) -> Callable[[], None]:
    body = json.dumps({"Id": "x", "Status": "OK", "Employees": [row], **more})
    return lambda: check_response("xero", "GET", "/Employees", 200, JSON, body)


def _post(path: str, body: str, **headers: str) -> Callable[[], None]:
    return lambda: check_request("xero", "POST", path, SIGNED | JSON | headers, {}, body)


def _get(headers: Mapping[str, str], **query: str) -> Callable[[], None]:
    return lambda: check_request("xero", "GET", "/Employees", headers, query)


@pytest.mark.parametrize(
    "good",
    [
        _list(PERSON),
        _list(PERSON, ProviderName="x", DateTimeUTC="/Date(1)/"),
        _post(f"/Employees/{NOBODY}", '[{"MiddleNames": "Frank"}]'),
        _get({**SIGNED, "If-Modified-Since": SINCE}, page="1", where='Status=="ACTIVE"'),
        lambda: check_response(
            "xero", "GET", "/Employees", 503, {"Content-Type": "text/html"}, "<h1>"
        ),
        lambda: check_response("xero", "GET", "/Employees", 429, {}, ""),
    ],
)
def test_the_checker_lets_good_calls_and_named_slips_pass(good: Callable[[], None]) -> None:
    good()


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (_list(PERSON, Shoe=1), "Shoe"),
        (_list(PERSON | {"Gender": "Z"}), "Employees/0/Gender"),
        (_list(PERSON | {"Email": 5}), "Employees/0/Email"),
        (_list(PERSON | {"HomeAddress": {"City": "x"}}), "AddressLine1"),
        (_list({"FirstName": "a"}), "LastName"),
        (lambda: check_response("xero", "GET", "/Employees", 418, JSON, "{}"), "418"),
        (lambda: check_response("xero", "GET", "/Nowhere", 200, JSON, "{}"), "no such operation"),
        (
            lambda: check_response(
                "xero", "GET", "/Employees", 200, {"Content-Type": "text/xml"}, "<a/>"
            ),
            "text/xml",
        ),
        (_post("/Employees", '[{"MiddleNames": "Frank"}]'), "FirstName"),
        (_post("/Employees", '{"FirstName": "a"}'), "array"),
        (_post("/Employees", ""), "body"),
        (_post("/Employees/1", "[{}]"), "uuid"),
        (_post(f"/Employees/{NOBODY}", '[{"BankAccounts": [{"Percent": 5}]}]'), "Percent"),
        (_post(f"/Employees/{NOBODY}", '[{"UpdatedDateUTC": "x"}]'), "UpdatedDateUTC"),
        (_post(f"/Employees/{NOBODY}", "[{}]", Shoe="44"), "Shoe"),
        (_get(SIGNED, page="x"), "page"),
        (_get(SIGNED, pages="1"), "pages"),
        (_get({"Authorization": "Bearer x"}), "Xero-Tenant-Id"),
        (_get({"Xero-Tenant-Id": "x"}), "bearer"),
        (_get({**SIGNED, "If-Modified-Since": "2026-03-01T00:00:00"}), "date-time"),
        (lambda: check_request("xero", "GET", "/Settings", SIGNED, {}, "[]"), "no body|a body"),
    ],
)
def test_the_checker_bites(bad: Callable[[], None], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        bad()


def test_every_excuse_has_its_reason() -> None:
    assert all(len(excuse.reason) > 15 for excuse in EXCUSED)
