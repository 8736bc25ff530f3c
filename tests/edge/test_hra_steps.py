"""End dates and branches on the way to the HRA sandbox over HTTP: terminations and transfers, and
what is known when one fails, never ends or is not heard of again.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from agent.employee import UNKNOWN, EndDate, Status
from agent.errors import (
    AccessLost,
    NotFound,
    OutcomeUnknown,
    Refused,
    SideError,
    TransferLoop,
    Unreachable,
)
from agent.fields import GROUPS
from agent.side import HraSide, Written
from agent.transport import Call
from tests.edge.hra_desk import HraDesk

# The checking library finds a word of the contract's out of date.
pytestmark = pytest.mark.filterwarnings("ignore:Use of allowEmptyValue:DeprecationWarning")

DETAILS = frozenset({"details"})
PAST, FUTURE = EndDate(date(2026, 1, 5)), EndDate(date(2026, 9, 1))
PHONE: dict[str, Any] = {"phone": "02 5550 1234"}


@pytest.fixture
def desk() -> Iterator[HraDesk]:
    made = HraDesk()
    yield made
    made.close()


def change(desk: HraDesk, key: str = "p000", polls: int = 4, **changes: Any) -> Written:
    """One update of somebody as just read, by a client that has begun a run."""
    client = desk.client(polls=polls)
    client.begin()
    present = client.fetch(desk.id(key))
    desk.calls.clear()
    return client.update(present, changes)


def elsewhere(desk: HraDesk, key: str = "p000") -> str:
    """The id of another branch than the one that they are in."""
    names = ("Head Office", "Field Crew")
    return next(desk.id(name) for name in names if desk.id(name) != desk.record(key).branch)


def before_step(desk: HraDesk, what: str, **body: str) -> None:
    """Somebody else acts in HRA Cloud after the record was last written, before any action."""
    acted: list[Call] = []

    def act(call: Call) -> None:
        if call.method == "PUT" and not acted:
            acted.append(call)
            desk.by_hand(what, **body)

    desk.meanwhile = act


def test_the_client_is_an_HRA_side(desk: HraDesk) -> None:
    side: HraSide = desk.client()
    assert side.name == "hra"


# --- terminations -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "status"), [(PAST, Status.TERMINATED), (FUTURE, Status.TERMINATING)]
)
def test_T2_an_end_date_ends_the_employment_and_is_read_back(
    desk: HraDesk, end: EndDate, status: Status
) -> None:
    done = change(desk, end_date=end)
    assert done.refused == {} and done.employee.id == desk.id("p000")
    assert done.employee.status is status and done.employee.get("end_date") == end
    assert done.employee.groups == frozenset(GROUPS)
    assert desk.writes() == ["POST terminate"]


@pytest.mark.parametrize(("by_notice", "method"), [(True, "By_Notice"), (False, "By_Other_Means")])
def test_T2_notice_goes_as_notice_and_everything_else_as_other_means(
    desk: HraDesk, by_notice: bool, method: str
) -> None:
    change(desk, end_date=EndDate(PAST.day, by_notice))
    assert desk.sent("terminate") == {"endDate": "2026-01-05", "terminationMethod": method}


def test_T2_the_sections_are_written_before_the_end(desk: HraDesk) -> None:
    done = change(desk, end_date=PAST, annual_leave=Decimal(7), **PHONE)
    assert desk.writes() == [f"PUT {desk.id('p000')}", "PUT leave-balances", "POST terminate"]
    assert done.employee.get("phone") == PHONE["phone"]
    assert done.employee.get("annual_leave") == Decimal(7)
    assert done.employee.get("end_date") == PAST


def test_T2_an_end_date_that_HRA_has_already_is_not_sent(desk: HraDesk) -> None:
    ended = date.fromisoformat(desk.record("p016").end_date or "")
    done = change(desk, "p016", end_date=EndDate(ended))
    assert done.refused == {} and desk.writes() == []


def test_T2_who_was_ended_by_hand_meanwhile_is_not_ended_again(desk: HraDesk) -> None:
    path = f"employees/{desk.id('p000')}/actions/terminate"
    before_step(desk, path, endDate="2026-01-05", terminationMethod="Summarily")
    done = change(desk, end_date=PAST, **PHONE)
    assert desk.writes() == [f"PUT {desk.id('p000')}"]
    assert done.employee.status is Status.TERMINATED and done.refused == {}


def test_T2_a_termination_that_fails_is_told_and_the_rest_is_written() -> None:
    desk = HraDesk(action_outcome="Failed")
    done = change(desk, end_date=PAST, **PHONE)
    assert list(done.refused) == ["end_date"] and "termination" in done.refused["end_date"][0]
    assert done.employee.get("phone") == PHONE["phone"] and done.employee.get("end_date") is None
    with pytest.raises(Refused) as caught:
        change(desk, end_date=PAST)
    assert caught.value.reasons == done.refused["end_date"]
    desk.close()


def test_T2_a_termination_that_never_ends_reads_back_as_it_was() -> None:
    desk = HraDesk(action_outcome="never")
    done = change(desk, end_date=PAST)
    assert done.refused == {} and done.employee.get("end_date") is None
    assert done.employee.status is Status.CURRENT
    assert desk.writes() == ["POST terminate"] and len(desk.naps) == 3
    desk.close()


def test_D6_a_termination_that_HRA_refuses_stops_nothing_else(desk: HraDesk) -> None:
    desk.fail("refuse", "POST", "*/terminate")
    branch = elsewhere(desk)
    done = change(desk, end_date=PAST, branch=branch, **PHONE)
    assert list(done.refused) == ["end_date"] and done.refused["end_date"][0]
    assert done.employee.get("branch") == branch
    assert done.employee.get("phone") == PHONE["phone"]


# --- transfers --------------------------------------------------------------------------------


@pytest.mark.parametrize("pooled", [False, True])
def test_B3_a_branch_is_a_transfer_of_everything_and_the_new_record_is_read(
    desk: HraDesk, pooled: bool
) -> None:
    old, branch = desk.id("p001"), elsewhere(desk, "p001")
    with ThreadPoolExecutor(4) as pool:
        client = desk.client(pool=pool if pooled else None)
        before = client.fetch(old)
        desk.calls.clear()
        done = client.update(before, {"branch": branch})
    found = done.employee
    assert desk.sent("transfer") == {"toBranchId": branch, "transferType": "Move_Everything"}
    assert found.id == desk.record("p001").new_id and found.id != old and found.old_id == old
    assert found.get("branch") == branch and found.status is Status.CURRENT
    assert found.values == {**before.values, "branch": branch}
    assert found.raw["details"]["id"] == found.id and done.gone == ()


def test_M5_what_cannot_be_read_of_the_new_record_is_not_taken_from_the_old(
    desk: HraDesk,
) -> None:
    desk.meanwhile = lambda call: (
        desk.fail("lose_access", "GET", "*/bank-accounts", times=0)
        if call.method == "POST"
        else None
    )
    found = change(desk, branch=elsewhere(desk)).employee
    assert found.get("bank_accounts") is UNKNOWN and "bank" not in found.raw
    assert found.get("super_memberships") is not UNKNOWN


def test_M5_the_transfer_is_the_last_thing_that_is_done(desk: HraDesk) -> None:
    changes: dict[str, Any] = {"branch": elsewhere(desk), "end_date": PAST}
    done = change(desk, **changes, annual_leave=Decimal(7), **PHONE)
    assert desk.writes() == [
        f"PUT {desk.id('p000')}", "PUT leave-balances", "POST terminate", "POST transfer",
    ]  # fmt: skip
    assert done.refused == {} and done.employee.id != desk.id("p000")
    assert done.employee.get("end_date") == PAST and done.employee.get("phone") == PHONE["phone"]
    assert done.employee.get("branch") == changes["branch"]


def test_M5_the_status_address_of_another_host_is_used_for_its_id_only(desk: HraDesk) -> None:
    desk.app.config["BASE_URL"] = "http://elsewhere.example/odd"
    done = change(desk, branch=elsewhere(desk), end_date=PAST)
    assert done.refused == {} and done.employee.id != desk.id("p000")


def test_B3_a_branch_that_HRA_has_not_is_told_before_the_call(desk: HraDesk) -> None:
    done = change(desk, branch="f" * 32, **PHONE)
    assert list(done.refused) == ["branch"] and "branch map" in done.refused["branch"][0]
    assert desk.writes() == [f"PUT {desk.id('p000')}"]
    with pytest.raises(Refused):
        change(desk, branch="f" * 32)
    assert desk.calls == []


def test_B3_who_is_in_the_branch_already_is_not_moved(desk: HraDesk) -> None:
    desk.record("p000").branch = elsewhere(desk)
    done = change(desk, branch=desk.record("p000").branch)
    assert done.refused == {} and desk.calls == []


@pytest.mark.parametrize("name", ["Head Office", "Field Crew"])
def test_B3_who_was_transferred_by_hand_meanwhile_is_left_where_they_are(
    desk: HraDesk, name: str
) -> None:
    path = f"employees/{desk.id('p000')}/actions/transfer"
    before_step(desk, path, toBranchId=desk.id(name), transferType="Move_Everything")
    done = change(desk, branch=desk.id("Field Crew"), end_date=PAST, **PHONE)
    assert desk.writes() == [f"PUT {desk.id('p000')}"]
    assert done.refused == {} and done.employee.id == desk.record("p000").new_id
    assert done.employee.get("branch") == desk.id(name)
    assert done.employee.status is Status.CURRENT


def test_B3_a_transfer_that_fails_is_told_and_the_record_stays() -> None:
    desk = HraDesk(action_outcome="Failed")
    done = change(desk, branch=elsewhere(desk), **PHONE)
    assert list(done.refused) == ["branch"] and "transfer" in done.refused["branch"][0]
    assert done.employee.id == desk.id("p000")
    assert done.employee.get("branch") == desk.record("p000").branch
    desk.close()


def test_B3_a_transfer_that_never_ends_reads_back_as_it_was() -> None:
    desk = HraDesk(action_outcome="never")
    done = change(desk, branch=elsewhere(desk))
    assert done.refused == {} and done.employee.id == desk.id("p000")
    assert done.employee.get("branch") == desk.record("p000").branch
    desk.close()


def test_M5_nobody_is_transferred_while_their_termination_is_under_way() -> None:
    desk = HraDesk(action_outcome="never")
    done = change(desk, branch=elsewhere(desk), end_date=PAST)
    assert desk.writes() == ["POST terminate"]
    assert list(done.refused) == ["branch"] and "termination" in done.refused["branch"][0]
    desk.close()


# --- what is not known ------------------------------------------------------------------------

STEPS = [("end_date", "terminate"), ("branch", "transfer")]


def step(desk: HraDesk, name: str) -> dict[str, Any]:
    return {name: PAST if name == "end_date" else elsewhere(desk)}


@pytest.mark.parametrize(("name", "path"), STEPS)
@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "500", "503_html"])
def test_X3_an_action_whose_answer_is_lost_is_unknown_and_sent_once(
    desk: HraDesk, name: str, path: str, kind: str
) -> None:
    changes = step(desk, name)
    desk.fail(kind, "POST", f"*/{path}", times=0)
    # 503 says that nothing was done; what was lost may have been.
    with pytest.raises(Unreachable if kind == "503_html" else OutcomeUnknown):
        change(desk, **changes)
    done = desk.store.as_plain()["actions"]
    assert len(done) == (kind == "drop_after")
    if kind != "503_html":
        assert desk.writes() == [f"POST {path}"]


@pytest.mark.parametrize(("name", "path"), STEPS)
@pytest.mark.parametrize("kind", ["503_html", "drop_before", "lose_access"])
def test_X3_an_action_whose_status_cannot_be_read_is_unknown_and_sent_once(
    desk: HraDesk, name: str, path: str, kind: str
) -> None:
    desk.fail(kind, "GET", "*/action-status/*", times=0)
    with pytest.raises(OutcomeUnknown):
        change(desk, **step(desk, name))
    assert desk.writes() == [f"POST {path}"]


def test_X3_an_action_that_is_not_reached_after_a_write_is_not_called_unwritten(
    desk: HraDesk,
) -> None:
    desk.fail("503_html", "POST", "*/transfer", times=0)
    with pytest.raises(OutcomeUnknown):
        change(desk, **step(desk, "branch"), **PHONE)


@pytest.mark.parametrize(("name", "path"), STEPS)
def test_L3_an_action_without_the_right_to_it_is_lost_access(
    desk: HraDesk, name: str, path: str
) -> None:
    desk.fail("lose_access", "POST", f"*/{path}", times=0)
    with pytest.raises(AccessLost):
        change(desk, **step(desk, name))


@pytest.mark.parametrize(("name", "path"), STEPS)
def test_X3_a_record_that_cannot_be_read_back_after_an_action_is_unknown(
    desk: HraDesk, name: str, path: str
) -> None:
    desk.meanwhile = lambda call: (
        desk.fail("503_html", "GET", "*/employees/*", times=0) if call.method == "POST" else None
    )
    with pytest.raises(OutcomeUnknown):
        change(desk, **step(desk, name))


def removed(desk: HraDesk) -> None:
    del desk.store.employees[desk.id("p000")]


def looped(desk: HraDesk) -> None:
    one, two = desk.record("p000"), desk.record("p001")
    one.new_id, two.new_id = two.id, one.id
    one.status = two.status = "Transferred"


@pytest.mark.parametrize(("meanwhile", "error"), [(removed, NotFound), (looped, TransferLoop)])
def test_M5_an_action_is_not_sent_for_a_record_that_cannot_be_found_any_more(
    desk: HraDesk, meanwhile: Any, error: type[SideError]
) -> None:
    client = desk.client()
    present = client.fetch(desk.id("p000"))
    branch = elsewhere(desk)
    meanwhile(desk)
    with pytest.raises(error):
        client.update(present, {"branch": branch})
    assert desk.writes() == []
