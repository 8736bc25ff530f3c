"""The Xero client against mocks of Xero's own descriptions (payroll, identity): each call is as described, and
parses or is refused by name.

The mock answers with the description's example records: one employee whatever id is asked for, and a text
(that holds JSON) where a list of connections is described. Refusing those is the right result (D8).
"""

import json
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pytest

from agent.branches import BranchMap
from agent.employee import Address, BankAccount, Loans, SuperMembership, Tfn
from agent.errors import AgentError, OutcomeUnknown, Refused, UnreadableAnswer, WrongRecord
from agent.xero.client import XeroClient
from agent.xero.connections import connections
from tests.conformity.conftest import Transports
from tests.conformity.mocks import Front

# The ids of the description's examples.
EXAMPLE = "cdfb8371-0b21-4b8a-8903-1024df6c391e"
ANOTHER = "5e493b2e-c3ed-4172-95b2-593438101f76"
TENANT = {"Xero-Tenant-Id": "5538eeaf-d1a9-45c0-8c3c-4c3b4a1a6d9b"}

CHANGES: dict[str, dict[str, Any]] = {
    "details": {
        "mobile": "0491 570 156",
        "job_title": "Cook",
        "home_address": Address("1 Side St", "", "Orange", "NSW", "2800", "AUSTRALIA"),
    },
    "bank": {
        "bank_accounts": (
            BankAccount("062000", "12345678", "A Papas", 5000, False, "Wages"),
            BankAccount("062000", "87654321", "A Papas", None, True, "Wages"),
        )
    },
    "tax": {
        "tfn_or_exemption": Tfn("123456782"),
        "employment_basis": "PART_TIME",
        "loans": Loans(True, frozenset({"help"})),
    },
}
NEW = {
    "first_name": "Ann",
    "last_name": "Papas",
    "date_of_birth": date(1990, 1, 2),
    "start_date": date(2026, 1, 5),
    "gender": "Female",
}


@pytest.fixture
def client(xero: Front, transports: Transports) -> XeroClient:
    keys = count(1)
    return XeroClient(
        transports.to("xero", xero, TENANT),
        leave_map={},
        groups_of=BranchMap(),
        create_super_funds=True,
        new_key=lambda: f"key-{next(keys)}",
        scopes=frozenset(),
        clock=lambda: datetime.now(UTC),
        organisation="Example Pty Ltd",
        tenant_id=TENANT["Xero-Tenant-Id"],
    )


def test_L3_the_probe_reads_the_payroll_settings(xero: Front, client: XeroClient) -> None:
    assert client.probe().name == "Example Pty Ltd"
    assert xero.sent() == ["GET Settings"]


def test_funds_and_leave_types_are_read(xero: Front, client: XeroClient) -> None:
    client.begin()
    assert xero.sent() == ["GET Superfunds", "GET PayItems"]


@pytest.mark.parametrize("since", [None, "2026-03-02T01:30:00+00:00"])
def test_the_list_is_read_for_both_statuses(
    xero: Front, client: XeroClient, since: str | None
) -> None:
    found = client.listing(since)
    assert any(person.last_name == "Sparrow" for person in found.people)
    assert xero.sent() == ["GET Employees"] * 2


def test_a_record_is_read(client: XeroClient) -> None:
    employee = client.fetch(EXAMPLE)
    assert employee.values["last_name"] == "Dumbledore"
    assert employee.values["resident_for_tax"] is True
    assert client.person(EXAMPLE).last_name == "Dumbledore"


@pytest.mark.parametrize("call", ["fetch", "person"])
def test_D8_the_record_of_another_id_is_refused(client: XeroClient, call: str) -> None:
    with pytest.raises(WrongRecord):
        getattr(client, call)(ANOTHER)


@pytest.mark.parametrize("group", list(CHANGES))
def test_each_section_is_posted_as_described(xero: Front, client: XeroClient, group: str) -> None:
    written = client.update(client.fetch(EXAMPLE), CHANGES[group])
    assert written.refused == {}
    assert xero.sent("POST") == [f"POST {EXAMPLE}"]


def test_a_super_membership_is_posted_as_described(xero: Front, client: XeroClient) -> None:
    """To the fund of the example, which has no USI and is found by its ABN."""
    wanted = SuperMembership("PTC0133AU", "40022701955", "PTC", "1001")
    written = client.update(client.fetch(EXAMPLE), {"super_memberships": (wanted,)})
    assert written.refused == {}
    assert xero.sent("POST")[-1] == f"POST {EXAMPLE}"


def test_F3_a_fund_that_xeros_catalogue_does_not_have_is_not_made_up(
    xero: Front, client: XeroClient
) -> None:
    wanted = SuperMembership("ZZZ0001AU", "65714394898", "No such fund", "1001")
    with pytest.raises(Refused):
        client.update(client.fetch(EXAMPLE), {"super_memberships": (wanted,)})
    assert "GET SuperfundProducts" in xero.sent()
    assert xero.sent("POST") == []


def test_the_records_own_values_are_no_loss_to_post_again(xero: Front, client: XeroClient) -> None:
    employee = client.fetch(EXAMPLE)
    written = client.update(employee, {"mobile": employee.values["mobile"]})
    assert written.employee.id == EXAMPLE


def test_a_new_employee_is_posted_with_all_sections(xero: Front, client: XeroClient) -> None:
    rest = {name: value for group in CHANGES.values() for name, value in group.items()}
    written = client.create({**NEW, **rest})
    assert written.employee.id == EXAMPLE
    assert xero.sent("POST") == ["POST Employees", f"POST {EXAMPLE}"]


def test_D8_an_update_that_answers_with_another_employee_is_not_taken_for_done(
    xero: Front, client: XeroClient
) -> None:
    employee = client.fetch(EXAMPLE)

    def edit(method: str, path: str, answer: Any) -> Any:
        answer["Employees"][0]["EmployeeID"] = ANOTHER
        return answer

    xero.edit = edit
    with pytest.raises(OutcomeUnknown):
        client.update(employee, CHANGES["details"])


def test_connections_in_another_shape_than_described_are_refused(
    xero: Front, transports: Transports
) -> None:
    with pytest.raises(UnreadableAnswer):
        connections(transports.to("xero", xero))


def test_L1_the_connections_are_read(xero: Front, transports: Transports) -> None:
    xero.edit = lambda method, path, answer: json.loads(answer)
    found = connections(transports.to("xero", xero))
    assert len(found) == 1
    assert found[0].tenant_id


def test_the_front_tells_of_a_request_that_is_not_described(
    xero: Front, transports: Transports
) -> None:
    transport = transports.to("xero", xero, TENANT)
    with pytest.raises(AgentError):
        transport.send("POST", "/payroll.xro/1.0/Employees", {"FirstName": 5}, repeatable=False)
    assert "request" in xero.violations()[0]
    xero.fresh()
