"""Xero's employee as a whole: status, persons, groups asked for, what is missing to be paid (D8,
M2, F3).
"""

from datetime import date
from typing import Any

import pytest

from agent.branches import BranchMap
from agent.employee import UNKNOWN, Person, Status
from agent.errors import UnreadableAnswer, WrongRecord
from agent.fields import GROUPS, names
from agent.xero.mapping import (
    ALL_GROUPS,
    Reference,
    checked,
    employee,
    idle_memberships,
    payable,
    person,
    status,
)
from agent.xero.mapping_leave import LeaveTypes

ID = "4ff1e5cc-9835-40d5-bb18-09fdb118db9c"
RAW: dict[str, Any] = {
    "EmployeeID": ID,
    "FirstName": "Jo",
    "LastName": "Ng",
    "Status": "ACTIVE",
    "DateOfBirth": "/Date(321494400000+0000)/",
    "Email": "jo@example.com",
    "Mobile": "0491 570 156",
    "HomeAddress": {"AddressLine1": "1 Wattle St", "PostalCode": "7000"},
    "UpdatedDateUTC": "/Date(1573623306000+0000)/",
    "IsSTP2Qualified": True,
    "LeaveBalances": [{"LeaveTypeID": "a", "NumberOfUnits": 3, "TypeOfUnits": "Days"}],
}
KNOWN = Reference(
    fund_of=lambda id: None, leave_types=LeaveTypes({n: frozenset("a") for n in names("leave")})
)


@pytest.mark.parametrize("group", GROUPS)
def test_fetch_gives_every_field_of_the_groups_asked_for_and_no_other(group: str) -> None:
    found = employee(RAW, frozenset({group}), KNOWN)
    assert set(found.values) == set(names(group))
    assert found.groups == {group}


def test_an_employee_carries_its_own_record_and_xeros_time() -> None:
    found = employee(RAW, ALL_GROUPS, KNOWN)
    assert (found.id, found.side, found.stp2, found.status) == (ID, "xero", True, Status.CURRENT)
    assert found.updated == "2019-11-13T05:35:06.000+00:00"
    assert found.raw is RAW
    assert "raw=" not in repr(found)


def test_without_the_permission_super_and_leave_are_unknown() -> None:
    found = employee(RAW, ALL_GROUPS, Reference())
    assert found.get("super_memberships") is found.get("annual_leave") is UNKNOWN


def test_F5_a_balance_in_days_is_reported() -> None:
    found = employee(RAW, ALL_GROUPS, KNOWN)
    assert found.notes == dict.fromkeys(names("leave"), "leave_unreadable")


def test_a_row_is_a_person() -> None:
    assert person(RAW, BranchMap()) == Person(
        "xero",
        ID,
        "Jo",
        "Ng",
        Status.CURRENT,
        updated="2019-11-13T05:35:06.000+00:00",
        date_of_birth=date(1980, 3, 10),
        email="jo@example.com",
        mobile="0491 570 156",
        postcode="7000",
    )


@pytest.mark.parametrize(
    ("row", "whole", "branch"),
    [
        ({"EmployeeGroupName": "Hobart"}, False, "b1"),
        ({"EmployeeGroupName": "Hobart"}, True, "b1"),
        ({"EmployeeGroupName": "hobart"}, True, None),
        ({"EmployeeGroupName": None}, False, "b0"),
        ({}, False, None),
        ({}, True, "b0"),
    ],
)
def test_M4_a_summary_without_a_group_tells_no_branch_and_a_detail_the_default_one(
    row: dict[str, Any], whole: bool, branch: str | None
) -> None:
    matched = BranchMap(True, "b0", {"Hobart": "b1"})
    assert person({**RAW, **row}, matched, whole=whole).branch == branch
    assert person({**RAW, **row}, BranchMap(False, "b0"), whole=whole).branch is None


@pytest.mark.parametrize("row", [{}, {"EmployeeID": ""}, {"EmployeeID": None}])
def test_D8_a_row_without_an_id_is_an_error_not_a_person(row: dict[str, Any]) -> None:
    with pytest.raises(UnreadableAnswer):
        person(row, BranchMap())


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"Status": "TERMINATED"}, Status.TERMINATED),
        ({"TerminationDate": "/Date(0+0000)/"}, Status.TERMINATED),
        ({}, Status.CURRENT),
    ],
)
def test_the_status_is_told_by_the_word_or_by_the_date(
    row: dict[str, Any], expected: Status
) -> None:
    assert status(row) is expected


def test_D8_an_unknown_status_is_not_taken_for_active() -> None:
    with pytest.raises(UnreadableAnswer):
        status({"Status": "DELETED"})


def test_D8_an_answer_about_another_employee_is_refused() -> None:
    assert checked(RAW, ID.upper()) is RAW
    with pytest.raises(WrongRecord):
        checked(RAW, "4ff1e5cc-9835-40d5-bb18-000000000000")


def test_M2_what_a_new_employee_still_needs_is_named() -> None:
    assert len(payable(RAW)) == 3
    template = {"SuperLines": [{"ContributionType": "SGC", "CalculationType": "STATUTORY"}]}
    ready = {"PayrollCalendarID": "c", "OrdinaryEarningsRateID": "r", "PayTemplate": template}
    assert payable(ready) == ()
    assert payable({**ready, "PayTemplate": {"SuperLines": []}}) == (
        "super line in the pay template",
    )


def test_F3_a_membership_that_no_super_line_uses_is_named_only_where_that_is_known() -> None:
    held = {"SuperMemberships": [{"SuperMembershipID": "m1"}, {"SuperMembershipID": "m2"}]}
    line = {"SuperMembershipID": "M1"}
    assert idle_memberships({**held, "PayTemplate": {"SuperLines": [line]}}) == ("m2",)
    assert idle_memberships({**held, "PayTemplate": {"SuperLines": [line, {}]}}) == ()
    assert idle_memberships(held) == ()
