"""Every route of the HRA sandbox, request and answer, against the vendor's own description."""

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from agent.sandbox.people import people
from tests.contract.openapi import check_request, check_response, needs_contracts
from tests.sandbox.hra_house import House, at

pytestmark = needs_contracts

EVERYBODY = tuple(people(40))
REFERENCE = ("employment-types", "employment-statuses", "genders", "honorifics")
SECTIONS = ("bank-accounts", "retirement-savings", "tax-details", "leave-balances")
LISTS = ("/employees", "/candidates", "/branches", *(f"/{name}" for name in REFERENCE))
NAMED = {"firstName": "Ada", "surname": "Byron"}
FULL = NAMED | {
    "title": "Dr",
    "middleName": "King",
    "preferredName": "Addie",
    "nickname": "A",
    "personalAddress": {
        "line1": "1 Wattle Street", "line2": "Unit 2", "suburb": "Hobart", "state": "TAS",
        "postcode": "7000", "country": "Australia",
    },
    "postalAddress": {"line1": "PO Box 1", "country": "Australia"},
    "contacts": {
        "home": {"phone": "03 5550 0000", "mobile": "0491 570 156", "email": "ada@example.com"},
        "work": {"email": "ada@harbourpine.example"},
    },
    "gender": "Female",
    "dateOfBirth": "1990-12-10",
    "positionTitle": "Analyst",
}  # fmt: skip
SENT: dict[str, Any] = {
    "bank-accounts": [
        {"bsb": "012-123", "number": "098765432", "name": "Savings", "amountInCents": 100,
         "statementText": "", "remainder": False, "accountOrder": 0},
        {"bsb": "012-123", "number": "1", "name": "Rest", "remainder": True, "accountOrder": 1},
    ],
    "retirement-savings": [
        {"memberNumber": "1", "type": "REGULATED", "name": "AustralianSuper", "usi": "STA0100AU",
         "abn": "65 714 394 898"},
        {"memberNumber": "2", "type": "SMSF", "name": "Own", "usi": None, "abn": "11000000948"},
    ],
    "tax-details": {
        "tfn": "633098123", "employmentBasis": "CASUAL", "residencyStatus": "FOREIGN_RESIDENT",
        "hecsSupported": True, "otherTaxOffsetClaimed": True, "offsetEstimatedAmountInCents": 12345,
        "hasApprovedWithholdingVariation": True, "approvedWithholdingVariationPercentage": "18.5",
    },
    "leave-balances": {"annualLeave": 3.915, "personalLeave": 0, "longServiceLeave": -1},
}  # fmt: skip


class Checked:
    """A sandbox whose every call is checked on its way in and out."""

    def __init__(self, **settings: Any) -> None:
        self.house = House(EVERYBODY, **settings)

    def call(
        self, method: str, path: str, body: Any = None, *, wrong: bool = False
    ) -> TestResponse:
        """One call; with *wrong* the request is meant to break the description."""
        raw = None if body is None else json.dumps(body).encode()
        headers = dict(self.house.headers)
        if raw is not None:
            headers["Content-Type"] = "application/json"
        if not wrong:
            check_request("hra", method, path, headers, body=raw)
        answer = self.house.client.open(path, method=method, data=raw, headers=headers)
        check_response("hra", method, path, answer.status_code, dict(answer.headers), answer.data)
        return answer

    def get(self, path: str) -> TestResponse:
        answer = self.call("GET", path)
        assert answer.status_code == 200, path
        return answer

    def employee(self, key: str = "p000") -> str:
        return at(f"/employees/{self.house.person(key)}")

    def named(self, **more: Any) -> dict[str, Any]:
        return FULL | {"branchId": self.house.branch()} | more


@pytest.fixture
def sandbox() -> Checked:
    return Checked()


@pytest.mark.parametrize("path", [
    "/ping", "/users/self", "/users/payroll.admin@harbourpine.example",
    "/accounts?filter=region:AU",
    "/accounts/self", at("/subscriptions"), *(at(path) for path in LISTS),
])  # fmt: skip
def test_every_list_and_lookup_answers_as_described(sandbox: Checked, path: str) -> None:
    sandbox.get(path)


def test_list_parameters_are_the_described_ones(sandbox: Checked) -> None:
    first = sandbox.get(at("/employees?filter=surname:A*&sort=surname:asc&first=1")).json
    assert first is not None
    cursor = first["pageInfo"]["endCursor"].replace("=", "%3D")
    sandbox.get(at(f"/employees?filter=surname:A*&sort=surname:asc&first=1&after={cursor}"))
    sandbox.get(at("/employees?filter=surname:Nobody"))


@pytest.mark.parametrize("key", [person.key for person in EVERYBODY])
def test_every_seeded_person_reads_as_described(sandbox: Checked, key: str) -> None:
    sandbox.get(sandbox.employee(key))
    for section in SECTIONS:
        sandbox.get(f"{sandbox.employee(key)}/{section}")


def test_every_branch_reads_as_described(sandbox: Checked) -> None:
    for key in sandbox.house.store.branches:
        sandbox.get(at(f"/branches/{key}"))


def test_creating_and_replacing_an_employee(sandbox: Checked) -> None:
    body = sandbox.named(employmentType="Casual", commencementDate="2026-01-05",
                         employmentStatus="Current", employeeNumber="9001")  # fmt: skip
    made = sandbox.call("POST", at("/employees"), body)
    assert made.status_code == 201
    where = made.headers["Location"].removeprefix("http://localhost")
    sandbox.get(where)
    for section in SECTIONS:
        sandbox.get(f"{where}/{section}")
    least = NAMED | {"branchId": sandbox.house.branch()}
    assert sandbox.call("PUT", where, least).status_code == 204
    sandbox.get(where)


@pytest.mark.parametrize("section", SECTIONS)
def test_writing_a_section_and_reading_it_back(sandbox: Checked, section: str) -> None:
    path = f"{sandbox.employee()}/{section}"
    assert sandbox.call("PUT", path, {"au": SENT[section]}).status_code == 204
    sandbox.get(path)


@pytest.mark.parametrize("form", ["stars", "crosses", "bullets", "last_three", "absent"])
def test_a_masked_tfn_still_answers_as_described(form: str) -> None:
    sandbox = Checked(switches={"tfn_mask_form": form})
    sandbox.house.sign_in("read:clear-tax-details")
    sandbox.get(f"{sandbox.employee()}/tax-details")


@pytest.mark.parametrize("kind", ["Move_Everything", "Create_Copy", "Move_Everything_No_Trace"])
def test_a_transfer_its_polls_and_its_outcome(sandbox: Checked, kind: str) -> None:
    before = set(sandbox.house.store.employees)
    body = {"toBranchId": sandbox.house.branch("Field Crew"), "transferType": kind,
            "effectiveDate": "2026-03-02"}  # fmt: skip
    poll_to_the_end(sandbox, f"{sandbox.employee()}/actions/transfer", body)
    for key in set(sandbox.house.store.employees) - before:
        sandbox.get(at(f"/employees/{key}"))


@pytest.mark.parametrize("date", ["2026-02-02", "2026-05-02"])
def test_a_termination_its_polls_and_its_outcome(sandbox: Checked, date: str) -> None:
    body = {"endDate": date, "terminationMethod": "Summarily", "terminationComments": "sandbox"}
    poll_to_the_end(sandbox, f"{sandbox.employee()}/actions/terminate", body)
    sandbox.get(sandbox.employee())
    sandbox.get(at("/employees"))


def test_a_candidate_from_creation_to_employment(sandbox: Checked) -> None:
    body = sandbox.named(candidateNumber="C1", proposedCommencementDate="2026-03-30")
    paths = [
        sandbox.call("POST", at("/candidates"), body).headers["Location"].removeprefix(
            "http://localhost")
        for _ in range(2)
    ]  # fmt: skip
    sandbox.get(at("/candidates?filter=candidateNumber:C1"))
    assert sandbox.call("PUT", paths[0], body).status_code == 204
    other = {"recordId": paths[1].rpartition("/")[2]}
    poll_to_the_end(sandbox, f"{paths[0]}/actions/merge", other)
    poll_to_the_end(sandbox, f"{paths[0]}/actions/convert", {"commencementDate": "2026-04-01"})
    for path in paths:
        sandbox.get(path)


def poll_to_the_end(sandbox: Checked, path: str, body: dict[str, Any]) -> None:
    begun = sandbox.call("POST", path, body)
    assert begun.status_code == 202 and begun.json is not None
    where = begun.json["actionStatusURL"].removeprefix("http://localhost")
    last = [sandbox.get(where).json for _ in range(3)][-1]
    assert last is not None and last["actionStatus"] == "Completed"


WRITES: list[tuple[str, str, Any]] = [
    ("POST", "/employees", {}),
    ("PUT", "/employees/{id}", {}),
    *(("PUT", f"/employees/{{id}}/{section}", {"au": {}}) for section in SECTIONS),
    ("POST", "/employees/{id}/actions/terminate", {}),
    ("POST", "/employees/{id}/actions/transfer", {}),
    ("POST", "/candidates", {}),
]
READS: list[tuple[str, str, Any]] = [("GET", path, None) for path in (
    "/employees", "/employees/{id}", *(f"/employees/{{id}}/{section}" for section in SECTIONS),
    "/candidates", "/candidates/{id}", "/branches", "/branches/{id}", "/honorifics",
    "/action-status/{id}", "/subscriptions",
)]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_a_refused_write_is_an_array_of_problems(
    sandbox: Checked, method: str, path: str, body: Any
) -> None:
    path = at(path.format(id=sandbox.house.person()))
    answer = sandbox.call(method, path, body, wrong=True)
    assert answer.status_code == 400
    assert isinstance(answer.json, list)


@pytest.mark.parametrize(("method", "path", "body"), [*WRITES, *READS])
def test_no_token_no_scope_and_no_such_record_are_one_problem(
    sandbox: Checked, method: str, path: str, body: Any
) -> None:
    unknown = at(path.format(id="0" * 32))
    seen = [sandbox.call(method, unknown, body, wrong=True).status_code]
    sandbox.house.headers = {}
    seen.append(sandbox.call(method, unknown, body, wrong=True).status_code)
    sandbox.house.headers = no_scopes(sandbox.house)
    seen.append(sandbox.call(method, unknown, body, wrong=True).status_code)
    assert seen[1:] == [401, 403]
    assert seen[0] == 404 or "{id}" not in path


def no_scopes(house: House) -> dict[str, str]:
    tokens = house.app.config["OAUTH"].issue(frozenset({"offline"}))
    return {"Authorization": f"Bearer {tokens['access_token']}"}


@pytest.mark.parametrize(
    ("kind", "status"),
    [("refuse", 400), ("429", 429), ("500", 500), ("503_html", 503), ("lose_access", 403)],
)
def test_planned_faults_answer_as_described(sandbox: Checked, kind: str, status: int) -> None:
    sandbox.house.app.config["FAULTS"].plan(kind, method="PUT")
    path = sandbox.employee()
    assert sandbox.call("PUT", path, sandbox.named()).status_code == status
