"""The Xero client's reads against the sandbox over HTTP: probe, list, one employee, funds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from agent.branches import BranchMap
from agent.employee import UNKNOWN, EndDate, Person, Status
from agent.errors import (
    AccessLost,
    NotFound,
    NotSetUp,
    Parked,
    RepeatedCursor,
    SideError,
    Unreachable,
    UnreadableAnswer,
    WrongRecord,
)
from agent.fields import FIELDS
from agent.sandbox.people import people, xero_twin
from agent.sandbox.xero import TENANT
from agent.xero.client import XeroClient
from agent.xero.connections import connections
from tests.edge.xero_house import MONDAY, STAFF, House, opening

Open = Callable[..., House]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Makes houses and stops each of them at the end."""
    with opening() as make:
        yield make


def terminated(record: dict[str, Any]) -> bool:
    return "TerminationDate" in record


# --- the probe


def test_L3_a_probe_is_one_read_that_names_the_organisation(opened: Open) -> None:
    house = opened()
    found = house.client.probe()
    assert (found.name, found.id, found.missing_scopes) == ("Harbour & Pine Pty Ltd", TENANT, ())
    assert len(house.calls) == 1


def test_L3_without_the_right_to_employees_access_is_lost(opened: Open) -> None:
    house = opened(scopes=frozenset({"payroll.settings"}))
    with pytest.raises(AccessLost, match=r"payroll\.employees"):
        house.client.probe()


def test_L3_without_the_settings_the_rest_is_done_and_the_lack_is_named(opened: Open) -> None:
    house = opened(scopes=frozenset({"payroll.employees"}))
    assert house.client.probe().missing_scopes == ("payroll.settings",)
    house.client.begin()
    found = house.client.fetch(house.find())
    assert found.get("super_memberships") is found.get("annual_leave") is UNKNOWN
    assert found.get("bank_accounts") is not UNKNOWN
    assert all("Employees" in call.path for call in house.calls)


def test_L3_a_token_that_may_not_read_payroll_is_named_in_plain_words(opened: Open) -> None:
    house = opened()
    house.plan("lose_access")
    with pytest.raises(AccessLost, match="payroll administrator"):
        house.client.probe()


def test_the_connect_flow_reads_the_organisations(opened: Open) -> None:
    house = opened()
    (found,) = connections(house.transport)
    assert (found.tenant_id, found.name, found.type) == (
        TENANT,
        "Harbour & Pine Pty Ltd",
        "ORGANISATION",
    )
    assert found.id != found.tenant_id


# --- the list


def test_the_list_holds_active_and_terminated_people(opened: Open) -> None:
    house = opened()
    found = house.client.listing()
    assert {p.id for p in found.people} == set(house.organisation.employees)
    assert {p.status for p in found.people} == {Status.CURRENT, Status.TERMINATED}
    assert found.complete
    gone = house.find(terminated)
    assert {p.id: p.status for p in found.people}[gone] is Status.TERMINATED


@pytest.mark.parametrize("bare", ["yes", "no"])
def test_terminated_people_are_listed_whatever_a_bare_list_shows(opened: Open, bare: str) -> None:
    house = opened(bare_list_shows_terminated=bare)
    assert house.find(terminated) in {p.id for p in house.client.listing().people}


def test_a_row_tells_name_birth_date_email_and_mobile_but_no_postcode(opened: Open) -> None:
    house = opened()
    somebody = STAFF[0]
    found = {p.first_name: p for p in house.client.listing().people}[somebody.first]
    assert (found.last_name, found.date_of_birth) == (somebody.last, somebody.born)
    assert (found.email, found.mobile, found.postcode) == (somebody.email, somebody.mobile, None)
    assert house.client.person(found.id).postcode == somebody.address.postcode


def test_more_than_a_page_of_people_is_read_page_by_page(opened: Open) -> None:
    house = opened([replace(xero_twin(p), ended=None) for p in people(205) if p.born])
    found = house.client.listing()
    assert len(found.people) == len(house.organisation.employees) > 200
    assert len(house.calls) == 4


def test_a_marker_is_xeros_own_time_and_finds_what_changed_since(opened: Open) -> None:
    house = opened()
    marker = house.client.listing().marker
    assert marker == (MONDAY - timedelta(days=1)).isoformat(timespec="milliseconds")
    house.clock.move(minutes=5)
    changed = house.find()
    house.organisation.person_edits(changed, Mobile="0491 570 999")
    found = house.client.listing((MONDAY + timedelta(minutes=1)).isoformat())
    assert [p.id for p in found.people] == [changed]
    assert not found.complete
    assert found.marker == found.people[0].updated
    assert house.calls[-1].headers["If-Modified-Since"] == "2026-03-02T01:31:00+00:00"


def test_D9_a_list_without_changes_has_the_answers_own_time_as_marker(opened: Open) -> None:
    house = opened()
    found = house.client.listing((MONDAY + timedelta(minutes=1)).isoformat())
    assert found.people == ()
    assert found.marker == MONDAY.isoformat(timespec="milliseconds")


# --- one employee


def test_one_employee_is_one_call_once_the_references_are_known(opened: Open) -> None:
    house = opened()
    house.client.begin()
    house.client.fetch(house.find())
    house.calls.clear()
    found = house.client.fetch(house.find())
    assert len(house.calls) == 1
    assert set(found.values) == set(FIELDS)


def test_a_push_reads_only_what_its_sections_need(opened: Open) -> None:
    house = opened()
    house.client.fetch(house.find(), frozenset({"details", "bank", "tax"}))
    assert len(house.calls) == 1


def test_everybody_is_read_as_they_were_typed(opened: Open) -> None:
    house = opened()
    house.client.begin()
    for person in STAFF:
        found = house.client.fetch(house.id_of(person))
        assert found.get("last_name") == person.last
        assert found.get("start_date") == person.started
        assert found.get("end_date") == (EndDate(person.ended) if person.ended else None)
        if person.ended:
            assert found.get("end_date").by_notice is (person.end_reason == "V")
        assert [row.cents for row in found.get("bank_accounts") or ()] == [
            bank.cents for bank in person.banks
        ]
        assert [row.member_number for row in found.get("super_memberships") or ()] == [
            held.member_number for held in person.supers
        ]
        if person.leave:
            assert found.get("annual_leave") == Decimal(person.leave.annual)


def test_B1_a_group_is_its_branch_and_an_unknown_one_is_named(opened: Open) -> None:
    known = STAFF[0]
    other = next(p for p in STAFF if p.group and p.group != known.group)
    house = opened(branches=BranchMap(True, None, {known.group: "b1"}))
    assert house.client.fetch(house.id_of(known)).get("branch") == "b1"
    found = house.client.fetch(house.id_of(other))
    assert found.get("branch") is UNKNOWN
    assert found.unmapped == other.group


def test_an_employee_whom_xero_does_not_know_is_not_found(opened: Open) -> None:
    with pytest.raises(NotFound):
        opened().client.fetch("4ff1e5cc-9835-40d5-bb18-09fdb118db9c")


@pytest.mark.parametrize(
    ("kind", "error", "more"),
    [("503_html", Unreachable, {"times": 3}), ("429", Parked, {"retry_after": 60})],
)
def test_X3_xeros_own_troubles_are_named(
    opened: Open, kind: str, error: type[SideError], more: dict[str, Any]
) -> None:
    house = opened()
    house.plan(kind, **more)
    with pytest.raises(error):
        house.client.fetch(house.find())


# --- funds and leave types


def nine_characters(house: House) -> tuple[str, dict[str, Any]]:
    """An employee whose fund's ABN its USI does not tell, and that fund."""
    for id, record in house.organisation.employees.items():
        for row in record["SuperMemberships"]:
            fund = house.organisation.funds[row["SuperFundID"]]
            if len(fund.get("USI") or "") == 9:
                return id, fund
    raise AssertionError("no such person is seeded")


def test_F3_the_abn_of_a_nine_character_usi_is_looked_up_once(opened: Open) -> None:
    house = opened()
    id, fund = nine_characters(house)
    for _ in range(2):
        found = house.client.fetch(id, frozenset({"super"}))
        assert fund["ABN"] in {row.abn for row in found.get("super_memberships")}
    assert len(house.made("GET", "SuperfundProducts")) == 1


def test_F3_a_product_that_moved_to_another_fund_is_seen_by_the_next_run(opened: Open) -> None:
    house = opened()
    id, fund = nine_characters(house)
    house.client.begin()
    house.client.fetch(id, frozenset({"super"}))
    product = next(p for p in house.organisation.products if p["USI"] == fund["USI"])
    product["ABN"] = "40022701955"
    house.client.begin()
    found = house.client.fetch(id, frozenset({"super"}))
    assert "40022701955" in {row.abn for row in found.get("super_memberships")}


def test_F3_a_fund_added_since_is_found_by_reading_the_list_again_once(opened: Open) -> None:
    house = opened()
    house.client.begin()
    id, fund = nine_characters(house)
    new = {**fund, "SuperFundID": "9b2f9d6e-0000-4000-8000-000000000001", "Name": "New Fund"}
    house.organisation.funds[new["SuperFundID"]] = new
    row = house.held(id)["SuperMemberships"][0]
    row["SuperFundID"] = new["SuperFundID"]
    found = house.client.fetch(id, frozenset({"super"}))
    assert found.get("super_memberships")[0].fund_name == "New Fund"
    assert len(house.made("GET", "Superfunds")) == 2


def test_F3_a_fund_that_is_nowhere_makes_super_unreadable_and_is_not_asked_for_again(
    opened: Open,
) -> None:
    house = opened()
    id, _ = nine_characters(house)
    house.held(id)["SuperMemberships"][0]["SuperFundID"] = "9b2f9d6e-0000-4000-8000-00000000000f"
    for _ in range(3):
        found = house.client.fetch(id, frozenset({"super"}))
        assert found.get("super_memberships") is UNKNOWN
    assert len(house.made("GET", "Superfunds")) == 2


def test_F3_a_process_that_only_pushes_reads_the_funds_again_after_half_a_day(opened: Open) -> None:
    house = opened()
    id, _ = nine_characters(house)
    house.client.fetch(id, frozenset({"super"}))
    house.clock.move(minutes=20)
    house.client.fetch(id, frozenset({"super"}))
    assert len(house.made("GET", "Superfunds")) == 1
    house.clock.move(hours=13)
    house.sign_in()
    house.client.fetch(id, frozenset({"super"}))
    assert len(house.made("GET", "Superfunds")) == 2


# --- answers that cannot be right


@dataclass
class Said:
    """What the wire answers with."""

    body: Any


class Wire:
    """A transport that answers by a function of path and query."""

    def __init__(self, answer: Callable[[str, dict[str, Any]], Any]) -> None:
        self._answer = answer

    def get(self, path: str, params: Any = None, headers: Any = None) -> Said:
        return Said(self._answer(path, dict(params or {})))

    def send(
        self, method: str, path: str, json: Any, headers: Any = None, *, repeatable: bool
    ) -> Said:
        raise AssertionError("nothing is written here")


def client(
    answer: Callable[[str, dict[str, Any]], Any], branches: BranchMap | None = None
) -> XeroClient:
    return XeroClient(
        Wire(answer),
        leave_map={},
        groups_of=branches,
        create_super_funds=False,
        new_key=lambda: "key",
        scopes=frozenset(),
        clock=lambda: MONDAY,
    )


def row(number: int, **more: Any) -> dict[str, Any]:
    return {
        "EmployeeID": f"00000000-0000-4000-8000-{number:012d}",
        "FirstName": "Jo",
        "LastName": "Ng",
        "Status": "ACTIVE",
        **more,
    }


def listed(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"Employees": list(rows), "DateTimeUTC": "/Date(1573621523465)/"}


def active(query: dict[str, Any]) -> bool:
    return "ACTIVE" in query["where"]


def test_D8_a_page_that_had_come_before_is_refused() -> None:
    asked: list[int] = []

    def answer(path: str, query: dict[str, Any]) -> Any:
        asked.append(query["page"])
        return listed(*(row(n) for n in range(100)))

    with pytest.raises(RepeatedCursor):
        client(answer).listing()
    assert asked == [1, 2]


def test_D8_a_list_without_an_end_is_refused() -> None:
    def answer(path: str, query: dict[str, Any]) -> Any:
        return listed(*(row(query["page"] * 1000 + n) for n in range(100)))

    with pytest.raises(RepeatedCursor):
        client(answer).listing()


def test_D8_a_row_without_an_id_is_refused() -> None:
    with pytest.raises(UnreadableAnswer):
        client(lambda path, query: listed({"FirstName": "Jo"})).listing()


@pytest.mark.parametrize("body", [None, {}, [], {"Employees": None}])
def test_D8_an_answer_without_a_list_is_not_read_as_an_empty_side(body: Any) -> None:
    with pytest.raises(UnreadableAnswer):
        client(lambda path, query: body).listing()


def test_D8_a_list_that_moved_while_it_was_read_is_not_called_complete() -> None:
    def answer(path: str, query: dict[str, Any]) -> Any:
        if query["where"] != 'Status=="ACTIVE"':
            return listed()
        first = query["page"] == 1
        return listed(*(row(n) for n in (range(100) if first else range(99, 120))))

    found = client(answer).listing()
    assert len(found.people) == 120
    assert not found.complete


def test_D8_somebody_terminated_while_the_list_was_read_is_kept_once_as_terminated() -> None:
    def answer(path: str, query: dict[str, Any]) -> Any:
        word = query["where"].split('"')[1]
        return listed(row(1, Status=word))

    found = client(answer).listing()
    assert [p.status for p in found.people] == [Status.TERMINATED]
    assert not found.complete


def test_D8_an_answer_about_another_employee_is_refused() -> None:
    reader = client(lambda path, query: listed(row(2)))
    for read in (reader.fetch, reader.person):
        with pytest.raises(WrongRecord):
            read(row(1)["EmployeeID"])


@pytest.mark.parametrize("body", [{"Settings": None}, {"Settings": {}}])
def test_L3_payroll_that_is_not_set_up_is_named_with_the_remedy(body: Any) -> None:
    with pytest.raises(NotSetUp, match="finish Payroll settings in Xero"):
        client(lambda path, query: body).probe()


def test_an_organisation_without_leave_types_still_begins() -> None:
    answers = {
        "Superfunds": {"SuperFunds": []},
        "PayItems": {"PayItems": None},
        row(1)["EmployeeID"]: listed(row(1)),
    }
    reader = client(lambda path, query: answers[path.rsplit("/", 1)[1]])
    reader.begin()
    assert reader.fetch(row(1)["EmployeeID"]).get("annual_leave") is UNKNOWN


def test_only_organisations_are_offered_to_connect() -> None:
    shown = [
        {"id": "c1", "tenantId": "t1", "tenantName": "A", "tenantType": "ORGANISATION"},
        {"id": "c2", "tenantId": "t2", "tenantName": "B", "tenantType": "PRACTICE"},
    ]
    assert [c.id for c in connections(Wire(lambda path, query: shown))] == ["c1"]
    with pytest.raises(UnreadableAnswer):
        connections(Wire(lambda path, query: {"error": "none"}))


def test_a_person_is_a_plain_row() -> None:
    found = client(lambda path, query: listed(row(1)) if active(query) else listed()).listing()
    assert found.people == (Person("xero", row(1)["EmployeeID"], "Jo", "Ng", Status.CURRENT),)
    assert found.marker == "2019-11-13T05:05:23.465+00:00"
