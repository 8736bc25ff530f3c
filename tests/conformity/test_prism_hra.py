"""The HRA client against a mock of HRA Cloud's own description: every call is as described and parses, or is
refused by name.

The mock answers with the description's example records: one person whatever id is asked for, a list that
always says that more follows with the same cursor, an action whose status has another id. Refusing those is
the right result (D8, M5).
"""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from agent.employee import UNKNOWN, Address, BankAccount, Employee, Loans, SuperMembership, Tfn
from agent.errors import (
    AgentError,
    OutcomeUnknown,
    Refused,
    RepeatedCursor,
    TransferLoop,
    WrongRecord,
    WrongTarget,
)
from agent.fields import GROUPS
from agent.hra.accounts import accounts
from agent.hra.client import HraClient
from tests.conformity.conftest import Transports
from tests.conformity.mocks import Front

# The ids of the description's examples.
ACCOUNT = EXAMPLE = "4eb62cb48c9f429c93bc26664c1a5a4d"
ANOTHER = "b48c9f492c93bc26664c1a5a4d1273"
BRANCH = "939983e636e6477a82bad130c33dd12a"

CHANGES: dict[str, dict[str, Any]] = {
    "details": {
        "mobile": "0491 570 156",
        "job_title": "Cook",
        "home_address": Address("1 Side St", "", "Orange", "NSW", "2800", "AUSTRALIA"),
    },
    "bank": {
        "bank_accounts": (
            BankAccount("062000", "12345678", "A Papas", 5000, False),
            BankAccount("062000", "87654321", "A Papas", None, True),
        )
    },
    "super": {
        "super_memberships": (
            SuperMembership("STA0100AU", "65714394898", "AustralianSuper", "1001"),
        )
    },
    "tax": {
        "tfn_or_exemption": Tfn("123456782"),
        "employment_basis": "PART_TIME",
        "loans": Loans(True, frozenset({"help"})),
    },
    "leave": {"annual_leave": Decimal(76), "personal_leave": Decimal(38)},
}
WRITES = {
    "details": f"PUT {EXAMPLE}",
    "bank": "PUT bank-accounts",
    "super": "PUT retirement-savings",
    "tax": "PUT tax-details",
    "leave": "PUT leave-balances",
}


@pytest.fixture
def client(hra: Front, transports: Transports) -> HraClient:
    return HraClient(transports.to("hra", hra), ACCOUNT, sleep=lambda seconds: None, polls=3)


def _one_page(method: str, path: str, answer: Any) -> Any:
    """Lists end after their first page, as real ones do at some time."""
    if isinstance(answer, dict) and "pageInfo" in answer:
        answer["pageInfo"]["hasNextPage"] = False
    return answer


def _as_asked(method: str, path: str, answer: Any) -> Any:
    """The record that was asked for, instead of the same one always."""
    return answer | {"id": path.rpartition("/")[2]} if "id" in answer else answer


def _australian(method: str, path: str, answer: Any) -> Any:
    """People have an Australian or a New Zealand half of a section, the examples both; and a plain fund.

    With an electronic service address nothing is written, for HRA's own input has no place for it.
    """
    if isinstance(answer, dict):
        answer.pop("nz", None)
        if path.endswith("/retirement-savings"):
            answer["au"] = [
                {key: value for key, value in row.items() if key != "esa"} | {"type": "REGULATED"}
                for row in answer["au"]
            ]
    return answer


def _whole(client: HraClient) -> Employee:
    return client.fetch(EXAMPLE)


def test_who_signed_in_and_their_accounts_are_read(hra: Front, transports: Transports) -> None:
    found = accounts(transports.to("hra", hra))
    assert [id for id, _ in found] == [ACCOUNT, ANOTHER]
    assert all(name for _, name in found)


def test_L3_the_probe_names_the_account_and_the_person(client: HraClient) -> None:
    probe = client.probe()
    assert probe.id == ACCOUNT
    assert "360HR" in probe.name


def test_L1_an_account_that_the_sign_in_does_not_see_is_refused(
    hra: Front, transports: Transports
) -> None:
    other = HraClient(transports.to("hra", hra), "0" * 32, sleep=lambda seconds: None)
    with pytest.raises(WrongTarget):
        other.probe()


@pytest.mark.parametrize("call", ["begin", "branches", "listing", "candidates"])
def test_D8_a_list_whose_cursor_never_ends_is_refused(client: HraClient, call: str) -> None:
    with pytest.raises(RepeatedCursor):
        getattr(client, call)()


def test_lists_that_end_are_read(hra: Front, client: HraClient) -> None:
    hra.edit = _one_page
    client.begin()
    assert client.branches()[0].id
    assert client.listing().people[0].last_name
    assert client.candidates()[0].id
    assert {"GET branches", "GET honorifics", "GET genders"} <= set(hra.sent())


def test_a_record_is_read_with_all_its_sections(hra: Front, client: HraClient) -> None:
    employee = _whole(client)
    assert employee.id == EXAMPLE
    assert employee.values["date_of_birth"] == date(1974, 5, 21)
    assert employee.values["tax_free_threshold"] is True
    assert len(hra.sent("GET")) == len(GROUPS)


def test_a_person_is_read(client: HraClient) -> None:
    assert client.person(EXAMPLE).last_name == "Johnson"


@pytest.mark.parametrize("call", ["fetch", "person"])
def test_D8_the_record_of_another_id_is_refused(client: HraClient, call: str) -> None:
    with pytest.raises(WrongRecord):
        getattr(client, call)(ANOTHER)


def test_M5_the_record_that_a_transfer_names_is_refused_when_it_is_another(
    hra: Front, client: HraClient
) -> None:
    hra.edit = lambda method, path, answer: answer | {"employmentStatus": "Terminated"}
    with pytest.raises(WrongRecord):
        client.fetch(EXAMPLE)


def test_M5_a_chain_of_transfers_without_an_end_is_refused(hra: Front, client: HraClient) -> None:
    def edit(method: str, path: str, answer: Any) -> Any:
        return _as_asked(method, path, answer) | {"employmentStatus": "Terminated"}

    hra.edit = edit
    with pytest.raises(TransferLoop):
        client.fetch(EXAMPLE)


@pytest.mark.parametrize("group", list(CHANGES))
def test_each_section_is_written_as_described(hra: Front, client: HraClient, group: str) -> None:
    hra.edit = _australian
    written = client.update(_whole(client), CHANGES[group])
    assert written.refused == {}
    assert hra.sent("PUT") == [WRITES[group]]


@pytest.mark.parametrize("group", ["super", "tax", "leave"])
def test_new_zealand_payroll_details_are_never_overwritten(
    hra: Front, client: HraClient, group: str
) -> None:
    with pytest.raises(Refused, match="New Zealand"):
        client.update(_whole(client), CHANGES[group])
    assert hra.sent("PUT") == []


def test_F3_super_with_an_electronic_service_address_is_never_overwritten(
    hra: Front, client: HraClient
) -> None:
    def edit(method: str, path: str, answer: Any) -> Any:
        answer.pop("nz", None)
        return answer

    hra.edit = edit
    with pytest.raises(Refused, match="electronic service address"):
        client.update(_whole(client), CHANGES["super"])
    assert hra.sent("PUT") == []


def test_a_whole_record_goes_back_over_itself_without_a_write(
    hra: Front, client: HraClient
) -> None:
    employee = _whole(client)
    known = {name: value for name, value in employee.values.items() if value is not UNKNOWN}
    client.update(employee, known)
    assert hra.sent("PUT") == []


def test_a_new_record_of_which_another_is_shown_is_not_taken_for_made(
    hra: Front, client: HraClient
) -> None:
    with pytest.raises(OutcomeUnknown):
        client.create(_new())
    assert hra.sent("POST") == ["POST employees"]


def test_a_new_record_is_made_with_all_its_sections(hra: Front, client: HraClient) -> None:
    def edit(method: str, path: str, answer: Any) -> Any:
        one_page = _one_page(method, path, _australian(method, path, answer))
        return _as_asked(method, path, one_page)

    hra.edit = edit
    written = client.create(_new() | {"title": "Mr"})
    assert written.employee.id == "2dccadd0b8504cf98aeb0321e3bcf88e"
    assert sorted(call.split()[1] for call in hra.sent("PUT")) == [
        "bank-accounts", "leave-balances", "retirement-savings", "tax-details",
    ]  # fmt: skip


def _new() -> dict[str, Any]:
    names = {"first_name": "Ann", "last_name": "Papas", "date_of_birth": date(1990, 1, 2)}
    rest = {name: value for group in CHANGES.values() for name, value in group.items()}
    return {**names, "branch": BRANCH, "start_date": date(2026, 1, 5), **rest}


ACTIONS = {
    "terminate": (EXAMPLE, date(2026, 1, 1), "By_Notice"),
    "transfer": (EXAMPLE, BRANCH),
    "convert": (EXAMPLE, date(2026, 1, 1)),
}


@pytest.mark.parametrize("action", list(ACTIONS))
def test_M3_an_action_whose_status_has_another_id_is_refused(
    hra: Front, client: HraClient, action: str
) -> None:
    with pytest.raises(OutcomeUnknown):
        getattr(client.actions, action)(*ACTIONS[action])
    assert hra.sent("POST") == [f"POST {action}"]


@pytest.mark.parametrize("action", list(ACTIONS))
def test_M3_an_action_is_sent_and_its_status_polled(
    hra: Front, client: HraClient, action: str
) -> None:
    def edit(method: str, path: str, answer: Any) -> Any:
        if "actionStatusURL" in answer:
            return answer | {"actionStatusURL": f"/accounts/{ACCOUNT}/action-status/{ANOTHER}"}
        return answer | {"id": ANOTHER, "actionStatus": "Completed"}

    hra.edit = edit
    getattr(client.actions, action)(*ACTIONS[action])
    assert hra.sent() == [f"POST {action}", f"GET {ANOTHER}"]


def test_the_front_tells_of_a_request_that_is_not_described(
    hra: Front, transports: Transports
) -> None:
    transport = transports.to("hra", hra)
    with pytest.raises(AgentError):
        transport.send(
            "PUT", f"/accounts/{ACCOUNT}/employees/{EXAMPLE}", {"surname": 5}, repeatable=True
        )
    assert "surname" in hra.violations()[0]
    hra.fresh()
