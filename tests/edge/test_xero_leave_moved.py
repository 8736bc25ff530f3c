"""Who is read again because a pay run was posted or leave was approved, over the Xero sandbox."""

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from agent.xero.leave_moved import APPLICATIONS, PAY_RUNS
from tests.edge.xero_house import PAYROLL_ONLY, House, opening

Open = Callable[..., House]
ALL = PAYROLL_ONLY | {"payroll.payruns.read"}


@pytest.fixture
def opened() -> Iterator[Open]:
    with opening() as make:
        yield make


def later(house: House, scopes: frozenset[str] = ALL) -> None:
    """Three hours on, with the sign-in renewed."""
    house.clock.move(hours=3)
    house.sign_in(scopes)


def paths(house: House) -> list[str]:
    return [call.path.rpartition("1.0/")[2] for call in house.calls]


def apply_for_leave(house: House, employee: str, status: str) -> None:
    held = house.organisation
    seeded = held.leave_applications[0]
    held.leave_applications.append(
        {
            **seeded,
            "LeaveApplicationID": held.new_id("leave-application"),
            "EmployeeID": employee,
            "LeavePeriods": [{**seeded["LeavePeriods"][0], "LeavePeriodStatus": status}],
            "UpdatedDateUTC": held.now(),
        }
    )


def test_F5_X2_a_posted_pay_run_names_those_who_were_paid_and_nobody_twice(opened: Open) -> None:
    house = opened(scopes=ALL)
    first = house.client.leave_moved({})
    assert not first.people
    later(house)
    house.organisation.post_pay_run(accrued=Decimal("3.08"))
    active = {
        id for id, record in house.organisation.employees.items() if "TerminationDate" not in record
    }
    later(house)
    second = house.client.leave_moved(first.markers)
    assert second.people == active
    later(house)
    assert not house.client.leave_moved(second.markers).people


def test_F5_X2_without_pay_runs_or_leave_it_costs_one_call_a_list(opened: Open) -> None:
    house = opened(scopes=ALL)
    first = house.client.leave_moved({})
    later(house)
    house.calls.clear()
    assert not house.client.leave_moved(first.markers).people
    assert paths(house) == [PAY_RUNS, APPLICATIONS]


@pytest.mark.parametrize(
    ("status", "named"),
    [("SCHEDULED", True), ("PROCESSED", True), ("REJECTED", True), ("REQUESTED", False)],
)
def test_F5_X2_leave_that_was_approved_or_taken_back_names_the_person(
    opened: Open, status: str, named: bool
) -> None:
    house = opened(scopes=ALL)
    first = house.client.leave_moved({})
    later(house)
    who = list(house.organisation.employees)[2]
    apply_for_leave(house, who, status)
    assert house.client.leave_moved(first.markers).people == ({who} if named else set())


def test_F5_X2_without_the_permission_pay_runs_are_not_asked_for(opened: Open) -> None:
    house = opened(scopes=PAYROLL_ONLY)
    first = house.client.leave_moved({})
    later(house, PAYROLL_ONLY)
    house.organisation.post_pay_run(accrued=Decimal(1))
    assert not house.client.leave_moved(first.markers).people
    assert set(paths(house)) == {APPLICATIONS}


def test_F5_X2_D9_a_list_that_cannot_be_read_keeps_its_marker(opened: Open) -> None:
    house = opened(scopes=ALL)
    first = house.client.leave_moved({})
    later(house)
    house.organisation.post_pay_run(accrued=Decimal(1))
    house.sign_in(PAYROLL_ONLY)  # less than the client was told: Xero says so
    refused = house.client.leave_moved(first.markers)
    assert refused.markers[PAY_RUNS] == first.markers[PAY_RUNS] and not refused.people
    house.sign_in(ALL)
    assert house.client.leave_moved(refused.markers).people


def test_F5_X2_D9_what_was_written_while_xero_answered_is_found_the_next_time(opened: Open) -> None:
    house = opened(scopes=ALL)
    before = house.client.leave_moved({})
    house.organisation.post_pay_run(accrued=Decimal(1))  # within the very second of the answer
    later(house)
    assert house.client.leave_moved(before.markers).people
