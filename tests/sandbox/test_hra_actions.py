"""What HRA does not do at once: 202, an address to poll, the effect that comes at the end."""

from typing import Any

import pytest

from tests.sandbox.hra_house import House, at, details

PAST, FUTURE = "2026-02-27", "2026-03-20"


@pytest.fixture
def house() -> House:
    return House()


def begin(house: House, what: str, sent: dict[str, Any], key: str = "p000") -> str:
    """Starts an action on an employee; where to poll."""
    answer = house.post(f"/employees/{house.person(key)}/actions/{what}", sent)
    assert answer.status_code == 202, answer.json
    assert answer.json is not None
    where: str = answer.json["actionStatusURL"]
    assert where.startswith("http://localhost" + at("/action-status/"))
    return where


def poll(house: House, where: str) -> str:
    answer = house.client.get(where, headers=house.headers)
    assert answer.json is not None
    return str(answer.json["actionStatus"])


def finished(house: House, where: str) -> str:
    return [poll(house, where) for _ in range(3)][-1]


def shown(house: House, key: str) -> dict[str, Any]:
    answer = house.get(f"/employees/{key}")
    assert answer.json is not None
    return dict(answer.json)


def end(date: str) -> dict[str, Any]:
    return {"endDate": date, "terminationMethod": "By_Notice", "terminatedBy": "payroll"}


def move(house: House, kind: str = "Move_Everything") -> dict[str, Any]:
    return {"toBranchId": house.branch("Field Crew"), "transferType": kind}


def test_an_action_is_pending_then_in_progress_then_completed(house: House) -> None:
    where = begin(house, "terminate", end(PAST))
    assert [poll(house, where) for _ in range(2)] == ["Pending", "In_Progress"]
    assert shown(house, house.person())["employmentStatus"] == "Current"
    assert [poll(house, where) for _ in range(2)] == ["Completed", "Completed"]
    told = house.client.get(where, headers=house.headers).json
    assert told is not None
    assert (told["type"], told["referenceType"]) == ("Terminate_Employee", "Employee")
    assert told["referenceId"] == house.person()


def test_a_past_end_date_makes_terminated(house: House) -> None:
    assert finished(house, begin(house, "terminate", end(PAST))) == "Completed"
    ended = shown(house, house.person())
    assert (ended["employmentStatus"], ended["endDate"]) == ("Terminated", PAST)


def test_a_future_end_date_makes_terminating_until_it_is_past(house: House) -> None:
    finished(house, begin(house, "terminate", end(FUTURE)))
    assert shown(house, house.person())["employmentStatus"] == "Terminating"
    house.clock.move(days=19)
    house.sign_in()
    assert shown(house, house.person())["employmentStatus"] == "Terminated"


def test_terminating_people_can_be_filtered(house: House) -> None:
    finished(house, begin(house, "terminate", end(FUTURE)))
    found = house.get("/employees", filter="employmentStatus:Terminating").json
    assert found is not None
    assert [row["node"]["id"] for row in found["data"]] == [house.person()]


def test_an_action_that_nobody_polls_completes_by_itself(house: House) -> None:
    begin(house, "terminate", end(PAST))
    house.clock.move(seconds=9)
    assert shown(house, house.person())["employmentStatus"] == "Current"
    house.clock.move(seconds=1)
    assert shown(house, house.person())["employmentStatus"] == "Terminated"


@pytest.mark.parametrize("polls", ["0", "1", "5"])
def test_the_number_of_polls_is_a_switch(polls: str) -> None:
    house = House(switches={"actions_take_polls": polls})
    where = begin(house, "terminate", end(PAST))
    answers = [poll(house, where) for _ in range(int(polls) + 1)]
    assert answers.index("Completed") == int(polls)


@pytest.mark.parametrize(("outcome", "last"), [("Failed", "Failed"), ("never", "In_Progress")])
def test_an_action_that_does_not_complete_has_no_effect(outcome: str, last: str) -> None:
    house = House(switches={"action_outcome": outcome})
    where = begin(house, "transfer", move(house))
    house.clock.move(minutes=2)
    assert finished(house, where) == last
    assert shown(house, house.person())["employmentStatus"] == "Current"
    assert len(house.store.employees) == len(House().store.employees)


@pytest.mark.parametrize("wrong", [
    {"terminationMethod": "By_Notice"}, {"endDate": PAST}, end("2026-02-30"), end("27/02/2026"),
    end(PAST) | {"terminationMethod": "Quit"}, end(PAST) | {"terminatedBy": "x" * 257},
])  # fmt: skip
def test_a_wrong_termination_is_refused(house: House, wrong: dict[str, Any]) -> None:
    assert details(house.post(f"/employees/{house.person()}/actions/terminate", wrong))


def test_who_moves_gets_a_new_id_and_the_records_point_at_each_other(house: House) -> None:
    before = house.record()
    assert finished(house, begin(house, "transfer", move(house))) == "Completed"
    old = shown(house, house.person())
    assert old["employmentStatus"] == "Transferred"
    new = shown(house, old["newEmployeeId"])
    assert new["id"] != old["id"] == new["oldEmployeeId"]
    assert (new["employmentStatus"], new["ownerBranch"]["name"]) == ("Current", "Field Crew")
    assert (new["surname"], new["employeeNumber"]) == (old["surname"], old["employeeNumber"])
    banks = house.get(f"/employees/{new['id']}/bank-accounts").json
    assert banks == {"au": before.banks}


def test_a_second_move_lengthens_the_chain(house: House) -> None:
    finished(house, begin(house, "transfer", move(house)))
    second = shown(house, house.person())["newEmployeeId"]
    answer = house.post(f"/employees/{second}/actions/transfer", move(house))
    assert answer.json is not None
    finished(house, answer.json["actionStatusURL"])
    middle = shown(house, second)
    assert middle["oldEmployeeId"] == house.person()
    assert shown(house, middle["newEmployeeId"])["oldEmployeeId"] == second


def test_a_copy_makes_a_second_current_employee(house: House) -> None:
    before = set(house.store.employees)
    finished(house, begin(house, "transfer", move(house, "Create_Copy")))
    (copy,) = set(house.store.employees) - before
    for key in (copy, house.person()):
        assert shown(house, key)["employmentStatus"] == "Current"
        assert not shown(house, key).keys() & {"newEmployeeId", "oldEmployeeId"}


def test_a_move_without_trace_leaves_only_the_new_id(house: House) -> None:
    before = set(house.store.employees)
    finished(house, begin(house, "transfer", move(house, "Move_Everything_No_Trace")))
    (moved,) = set(house.store.employees) - before
    assert house.get(f"/employees/{house.person()}").status_code == 404
    assert "oldEmployeeId" not in shown(house, moved)


def test_who_has_moved_cannot_move_again_under_the_old_id(house: House) -> None:
    finished(house, begin(house, "transfer", move(house)))
    assert finished(house, begin(house, "transfer", move(house))) == "Failed"
    assert finished(house, begin(house, "terminate", end(PAST))) == "Failed"


@pytest.mark.parametrize("wrong", [
    {}, {"toBranchId": "nowhere", "transferType": "Move_Everything"},
    {"toBranchId": "", "transferType": "Move_Everything"}, {"transferType": "Create_Copy"},
    {"toBranchId": "b" * 65, "transferType": "Move_Everything"},
])  # fmt: skip
def test_a_wrong_transfer_is_refused(house: House, wrong: dict[str, Any]) -> None:
    assert details(house.post(f"/employees/{house.person()}/actions/transfer", wrong))


@pytest.mark.parametrize("wrong", [
    {"transferType": "Move_Nothing"}, {"transferType": None}, {"effectiveDate": "27/02/2026"},
    {"effectiveDate": "2026-02-30"}, {"toBranchId": None},
])  # fmt: skip
def test_a_transfer_that_is_wrong_in_one_thing_is_refused(
    house: House, wrong: dict[str, Any]
) -> None:
    before = len(house.store.actions)
    assert details(house.post(f"/employees/{house.person()}/actions/transfer", move(house) | wrong))
    assert len(house.store.actions) == before


def candidate(house: House, **more: Any) -> str:
    named = {"branchId": house.branch(), "firstName": "Ada", "surname": "Byron"}
    made = house.post("/candidates", named | more)
    return made.headers["Location"].rpartition("/")[2]


def test_a_converted_candidate_becomes_an_employee(house: House) -> None:
    key = candidate(house, candidateNumber="C1", proposedCommencementDate="2026-03-09")
    answer = house.post(f"/candidates/{key}/actions/convert", {})
    assert answer.status_code == 202
    assert finished(house, answer.json["actionStatusURL"]) == "Completed"  # type: ignore[index]
    (hired,) = house.get("/employees", filter="surname:Byron").json["data"]  # type: ignore[index]
    new = shown(house, hired["node"]["id"])
    assert (new["employmentStatus"], new["commencementDate"]) == ("Current", "2026-03-09")
    assert "candidateNumber" not in new
    assert house.get(f"/candidates/{key}").json["candidateStatus"] == "NotCurrent"  # type: ignore[index]


def test_a_candidate_is_converted_once(house: House) -> None:
    key = candidate(house)
    staff = len(house.store.employees)
    begun = [house.post(f"/candidates/{key}/actions/convert", {}) for _ in range(2)]
    ends = [finished(house, answer.json["actionStatusURL"]) for answer in begun]  # type: ignore[index]
    assert ends == ["Completed", "Failed"]
    assert len(house.store.employees) == staff + 1


@pytest.mark.parametrize("day", ["1899-12-31", "2051-01-01", "2026-02-30", None])
def test_a_wrong_start_date_converts_nobody(house: House, day: str | None) -> None:
    path = f"/candidates/{candidate(house)}/actions/convert"
    assert details(house.post(path, {"commencementDate": day}))
    assert house.store.actions == {}


def test_merging_candidates_fills_what_the_target_lacks(house: House) -> None:
    target = candidate(house, positionTitle="Estimator")
    source = candidate(house, positionTitle="Clerk", dateOfBirth="1990-01-02")
    answer = house.post(f"/candidates/{target}/actions/merge", {"recordId": source})
    finished(house, answer.json["actionStatusURL"])  # type: ignore[index]
    merged = house.get(f"/candidates/{target}").json
    assert merged is not None
    assert (merged["positionTitle"], merged["dateOfBirth"]) == ("Estimator", "1990-01-02")
    assert details(house.post(f"/candidates/{target}/actions/merge", {"recordId": target}))


def test_an_unknown_action_status_is_a_404(house: House) -> None:
    assert house.get("/action-status/none").status_code == 404
