"""Employee Groups: which ones Xero has, and what becomes of a branch whose group it lacks (B1, B2)."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from agent.branches import BranchMap
from agent.employee import UNKNOWN, Employee, Status
from agent.errors import Refused, Unreachable
from tests.edge.test_xero_reading import client, listed, row
from tests.edge.test_xero_writing import NEWCOMER, ordinary, ready
from tests.edge.xero_house import PAYROLL_ONLY, STAFF, House, opening

Open = Callable[..., House]
HERE = str(ordinary().group)
OTHER = next(p.group for p in STAFF if p.group and p.group != HERE and not p.ended)
MAP = BranchMap(True, None, {HERE: "b1", OTHER: "b2", "No Such Group": "b3"})
TRACKING = "/TrackingCategories"


@pytest.fixture
def opened() -> Iterator[Open]:
    with opening() as make:
        yield make


def somebody_in(house: House, group: str) -> str:
    return house.find(lambda record: record.get("EmployeeGroupName") == group)


# --- where the list of groups may be read


def test_B2_the_groups_are_read_once_at_the_start_of_a_run(opened: Open) -> None:
    house = opened(branches=MAP)
    before = ready(house)
    for branch in ("b2", "b3"):
        house.client.update(before, {"branch": branch, "phone": "02 5550 1111"})
    assert house.made(ending=TRACKING) == []
    house.client.begin()
    assert len(house.made(ending=TRACKING)) == 1


def test_B2_the_groups_are_not_read_where_matching_is_off(opened: Open) -> None:
    house = opened()
    house.client.begin()
    assert house.made(ending=TRACKING) == []


def test_B2_a_push_without_a_run_before_it_reads_the_groups_when_it_needs_them(
    opened: Open,
) -> None:
    house = opened(branches=MAP)
    before = house.client.fetch(house.id_of(ordinary()), frozenset({"details"}))
    house.client.update(before, {"phone": "02 5550 1111"})
    assert house.made(ending=TRACKING) == []
    assert house.client.update(before, {"branch": "b2"}).employee.get("branch") == "b2"
    assert len(house.made(ending=TRACKING)) == 1


def test_B2_a_group_that_xero_lacks_is_refused_before_any_write_and_names_what_to_do(
    opened: Open,
) -> None:
    house = opened(branches=MAP)
    before = ready(house)
    with pytest.raises(Refused) as refused:
        house.client.update(before, {"branch": "b3"})
    assert refused.value.reasons == (
        "Xero does not have the Employee Group 'No Such Group'. Add it in Xero (Settings, Tracking "
        "categories), or correct the section [branch_map]",
    )
    assert house.calls == []
    assert "No Such Group" not in house.organisation.groups


def test_B2_a_new_person_whose_group_xero_lacks_is_held_whole(opened: Open) -> None:
    house = opened(branches=MAP)
    house.client.begin()
    house.calls.clear()
    with pytest.raises(Refused, match="'No Such Group'"):
        house.client.create({**NEWCOMER, "branch": "b3"})
    assert house.calls == []


@pytest.mark.parametrize("name", [f"{OTHER} ", OTHER.upper()], ids=["spaces", "case"])
def test_B1_a_group_is_told_from_one_of_other_spaces_or_case(opened: Open, name: str) -> None:
    house = opened(branches=BranchMap(True, None, {HERE: "b1", name: "b2"}))
    with pytest.raises(Refused, match=f"'{name}'"):
        house.client.update(ready(house), {"branch": "b2"})


def test_B2_a_group_of_another_tracking_category_is_no_employee_group(opened: Open) -> None:
    house = opened(branches=BranchMap(True, None, {HERE: "b1", "North": "b2"}))
    with pytest.raises(Refused, match="does not have the Employee Group 'North'"):
        house.client.update(ready(house), {"branch": "b2"})


def test_B2_an_organisation_without_employee_groups_has_none(opened: Open) -> None:
    house = opened([], branches=MAP)
    with pytest.raises(Refused, match="does not have the Employee Group"):
        house.client.create(NEWCOMER)
    assert house.made("POST") == []


def test_B2_a_group_renamed_in_xero_holds_both_ways_until_the_map_is_corrected(
    opened: Open,
) -> None:
    house = opened(branches=MAP)
    moved = ready(house)
    house.officer("groups", rename=OTHER, to="Renamed")
    house.client.begin()
    with pytest.raises(Refused, match=f"does not have the Employee Group '{OTHER}'"):
        house.client.update(moved, {"branch": "b2"})
    found = house.client.fetch(somebody_in(house, "Renamed"))
    assert found.get("branch") is UNKNOWN
    assert found.unmapped == "Renamed"


def test_B2_a_group_added_in_xero_is_found_a_minute_later_without_a_new_run(opened: Open) -> None:
    house = opened(branches=MAP)
    before = ready(house)
    with pytest.raises(Refused):
        house.client.update(before, {"branch": "b3"})
    house.officer("groups", add="No Such Group")
    house.clock.move(seconds=61)
    assert house.client.update(before, {"branch": "b3"}).employee.get("branch") == "b3"


def test_B2_many_people_of_a_missing_group_do_not_cost_a_call_each(opened: Open) -> None:
    house = opened(branches=MAP)
    before = ready(house)
    for _ in range(5):
        with pytest.raises(Refused):
            house.client.update(before, {"branch": "b3"})
    assert house.calls == []


def test_X3_a_group_that_went_away_meanwhile_is_refused_by_xero_and_the_phone_travels(
    opened: Open,
) -> None:
    house = opened(branches=MAP)
    before = ready(house)
    house.officer("groups", rename=OTHER, to="Renamed")
    written = house.client.update(before, {"branch": "b2", "phone": "02 5550 1111"})
    assert list(written.refused) == ["branch"]
    assert written.employee.get("phone") == "02 5550 1111"
    assert len(house.made("POST")) == 3


@pytest.mark.parametrize("kind", ["lose_access", "refuse"])
def test_B2_a_list_of_groups_that_may_not_be_read_after_all_stops_nothing(
    opened: Open, kind: str
) -> None:
    house = opened(branches=MAP)
    house.client.fetch(somebody_in(house, OTHER), frozenset({"details"}))
    house.plan(kind, path="*TrackingCategories", times=0)
    before = ready(house)
    assert house.client.update(before, {"branch": "b2"}).employee.get("branch") == "b2"
    with pytest.raises(Refused, match="nobody in Xero was seen"):
        house.client.update(before, {"branch": "b3"})


def test_B2_a_list_of_groups_that_cannot_be_reached_is_not_taken_for_an_empty_one(
    opened: Open,
) -> None:
    house = opened(branches=MAP)
    house.plan("503_html", path="*TrackingCategories", times=0)
    with pytest.raises(Unreachable):
        house.client.begin()


# --- where it may not


def test_B2_without_the_permission_a_group_counts_once_it_was_seen_on_somebody(
    opened: Open,
) -> None:
    house = opened(branches=MAP, scopes=PAYROLL_ONLY)
    before = ready(house)
    with pytest.raises(Refused, match=r"accounting\.settings\.read"):
        house.client.update(before, {"branch": "b2"})
    house.client.fetch(somebody_in(house, OTHER), frozenset({"details"}))
    assert house.client.update(before, {"branch": "b2"}).employee.get("branch") == "b2"
    assert house.made(ending=TRACKING) == []


def test_B2_a_group_that_nobody_has_any_more_is_forgotten(opened: Open) -> None:
    house = opened(branches=MAP, scopes=PAYROLL_ONLY)
    before = ready(house)
    id = somebody_in(house, OTHER)
    house.client.fetch(id)
    house.officer(f"employees/{id}", EmployeeGroupName=None)
    house.client.fetch(id)
    with pytest.raises(Refused, match="nobody in Xero was seen"):
        house.client.update(before, {"branch": "b2"})


def test_B2_a_group_in_a_row_of_the_list_counts_as_seen() -> None:
    told = client(lambda path, query: listed(row(1, EmployeeGroupName=OTHER)), branches=MAP)
    employee = employee_in(HERE)
    with pytest.raises(Refused, match="nobody in Xero was seen"):
        told.update(employee, {"branch": "b2"})
    assert [person.branch for person in told.listing().people] == ["b2"]
    with pytest.raises(AssertionError, match="nothing is written here"):
        told.update(employee, {"branch": "b2"})


def test_B2_a_row_of_the_list_without_a_group_takes_nothing_back() -> None:
    rows = [row(1, EmployeeGroupName=OTHER)]
    told = client(lambda path, query: listed(*rows), branches=MAP)
    told.listing()
    rows[:] = [row(1)]
    assert {person.branch for person in told.listing().people} == {None}
    with pytest.raises(AssertionError, match="nothing is written here"):
        told.update(employee_in(HERE), {"branch": "b2"})


def employee_in(group: str) -> Employee:
    raw = row(2, EmployeeGroupName=group)
    return Employee("xero", raw["EmployeeID"], Status.CURRENT, {"branch": "b1"}, raw=raw)


# --- several groups, and whose branch it is


def test_B2_of_several_groups_of_a_branch_the_present_one_stays(opened: Open) -> None:
    both = BranchMap(True, None, {HERE: "b1", OTHER: "b1"})
    house = opened(branches=both)
    assert house.client.update(ready(house), {"branch": "b1"}).refused == {}
    assert house.calls == []


def test_B2_of_several_groups_of_a_branch_none_is_guessed(opened: Open) -> None:
    groups = [name for name in house_groups() if name != HERE][:2]
    house = opened(branches=BranchMap(True, None, {HERE: "b1", **dict.fromkeys(groups, "b2")}))
    with pytest.raises(Refused, match="several Employee Groups"):
        house.client.update(ready(house), {"branch": "b2"})


def house_groups() -> list[str]:
    return list(dict.fromkeys(person.group for person in STAFF if person.group))


def test_M4_a_person_is_told_with_the_branch_of_their_group(opened: Open) -> None:
    house = opened(branches=replace(MAP, default="b0"))
    id = house.id_of(ordinary())
    assert house.client.person(id).branch == "b1"
    # The list is a summary without the group, so it says nothing.
    assert {person.branch for person in house.client.listing().people} == {None}


def test_M4_a_person_of_an_unmapped_group_has_no_known_branch(opened: Open) -> None:
    house = opened(branches=BranchMap(True, "b0", {OTHER: "b2"}))
    assert house.client.person(house.id_of(ordinary())).branch is None


def test_M4_a_person_without_a_group_is_in_the_default_branch(opened: Open) -> None:
    house = opened(branches=BranchMap(True, "b0", {OTHER: "b2"}))
    id = house.id_of(ordinary())
    house.officer(f"employees/{id}", EmployeeGroupName=None)
    assert house.client.person(id).branch == "b0"


def test_M4_with_matching_off_nobody_has_a_branch(opened: Open) -> None:
    house = opened(branches=BranchMap(False, "b0", {HERE: "b1"}))
    assert house.client.person(house.id_of(ordinary())).branch is None
