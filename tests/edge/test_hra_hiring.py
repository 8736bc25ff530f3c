"""Candidates of the HRA sandbox over HTTP, and which employee one of them became (M3)."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from agent.employee import Person, Status
from agent.errors import (
    AccessLost,
    ActionFailed,
    NotFound,
    OutcomeUnknown,
    Refused,
    SideError,
    UnreadableAnswer,
    WrongRecord,
)
from agent.hra.client import HraClient
from agent.transport import Call
from tests.edge.hra_desk import HraDesk, Puppet, Told

# The checking library finds a word of the contract's out of date.
pytestmark = pytest.mark.filterwarnings("ignore:Use of allowEmptyValue:DeprecationWarning")

START = date(2026, 4, 1)
CONTACTS = {"home": {"email": "cam@home.example", "mobile": "0491 570 156"}}
CONTACTS["work"] = {"email": "cam@work.example"}


@pytest.fixture
def desk() -> Iterator[HraDesk]:
    made = HraDesk()
    made.candidate()
    yield made
    made.close()


def hire(desk: HraDesk, start: date | None = START, polls: int = 4) -> str:
    """The candidate as listed is converted, and HRA's clock goes on."""
    client = desk.client(polls=polls)
    (found,) = client.candidates()
    desk.calls.clear()
    desk.now += timedelta(seconds=5)
    return client.convert(found, start)


def at_convert(desk: HraDesk, act: Callable[[], object]) -> None:
    """What happens in HRA Cloud once the conversion was asked for."""
    desk.meanwhile = lambda call: act() if call.path.endswith("/convert") else None


# --- reading ----------------------------------------------------------------------------------


def test_M1_candidates_are_people_who_are_not_employees_yet(desk: HraDesk) -> None:
    old = desk.candidate("c2", firstName="Old")
    old.status = "NotCurrent"
    del old.details["dateOfBirth"]
    one, two = sorted(desk.client().candidates(), key=lambda person: person.id)
    assert one.candidate and two.candidate
    assert (one.id, one.first_name, one.last_name) == ("c1", "Cam", "Ng")
    assert one.date_of_birth == date(1991, 2, 3) and two.date_of_birth is None
    assert (one.status, two.status) == (Status.CURRENT, Status.GONE)
    assert one.branch == desk.id("Head Office") and one.created


def test_L3_candidates_need_their_scope(desk: HraDesk) -> None:
    with pytest.raises(AccessLost):
        desk.client("read:candidates").candidates()


@pytest.mark.parametrize("email", ["home", "work"])
def test_M1_a_candidates_detail_has_what_the_list_lacks(desk: HraDesk, email: str) -> None:
    desk.candidate(contacts=CONTACTS, personalAddress={"postcode": "2042"}, candidateNumber="C7")
    client = desk.client(email=email)
    assert client.candidates()[0].postcode is None
    found = client.candidate("c1")
    assert found.candidate and found.status is Status.CURRENT and found.number == "C7"
    assert (found.email, found.mobile) == (f"cam@{email}.example", "0491 570 156")
    assert found.postcode == "2042"


def test_an_unknown_candidate_is_not_found(desk: HraDesk) -> None:
    with pytest.raises(NotFound):
        desk.client().candidate("0" * 32)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"id": "c9"}, WrongRecord),
        ([], UnreadableAnswer),
        ({}, UnreadableAnswer),
        ({"id": "c1", "contacts": "none"}, UnreadableAnswer),
    ],
)
def test_D8_an_answer_about_another_candidate_is_an_error(
    body: Any, error: type[SideError]
) -> None:
    puppet = Puppet(lambda method, path, params: Told(body))
    with pytest.raises(error):
        HraClient(puppet, "acc", sleep=lambda seconds: None).candidate("c1")


# --- converting -------------------------------------------------------------------------------


def test_M3_a_candidate_becomes_the_employee_that_is_found(desk: HraDesk) -> None:
    before = set(desk.store.employees)
    new = hire(desk)
    assert {new} == set(desk.store.employees) - before
    assert desk.sent("convert") == {"commencementDate": "2026-04-01"}
    assert desk.writes() == ["POST convert"]
    found = desk.client().fetch(new)
    assert found.get("start_date") == START and found.status is Status.CURRENT
    assert desk.client().candidates()[0].status is Status.GONE


def test_M3_without_a_start_date_none_is_sent(desk: HraDesk) -> None:
    desk.candidate(proposedCommencementDate="2026-03-09")
    new = hire(desk, None)
    assert desk.sent("convert") == {}
    assert desk.client().fetch(new).get("start_date") == date(2026, 3, 9)


def test_M3_a_candidate_without_a_birth_date_is_found_by_name(desk: HraDesk) -> None:
    del desk.candidate().details["dateOfBirth"]
    desk.meanwhile = lambda call: desk.employee("e-other") if "convert" in call.path else None
    assert hire(desk) != "e-other"


def test_M3_neither_a_namesake_who_was_there_nor_one_of_another_age_is_taken(
    desk: HraDesk,
) -> None:
    desk.employee("e-before")
    at_convert(desk, lambda: desk.employee("e-son", dateOfBirth="2001-02-03"))
    assert hire(desk) not in ("e-before", "e-son")


def test_M3_a_record_made_long_ago_that_only_now_is_listed_is_not_taken(desk: HraDesk) -> None:
    at_convert(desk, lambda: desk.employee("e-old", created="2019-01-08 11:09:45"))
    assert hire(desk) != "e-old"


def test_M3_with_two_that_fit_it_is_not_known_which_it_became(desk: HraDesk) -> None:
    at_convert(desk, lambda: desk.employee("e-twin"))
    with pytest.raises(OutcomeUnknown):
        hire(desk)
    assert desk.writes() == ["POST convert"]


def test_M3_with_none_that_fits_it_is_not_known_which_it_became(desk: HraDesk) -> None:
    at_convert(desk, lambda: desk.store.candidates["c1"].details.update(surname="Nguyen"))
    with pytest.raises(OutcomeUnknown):
        hire(desk)


@pytest.mark.parametrize("gone", [True, False])
def test_M3_who_is_no_candidate_any_more_is_not_converted(desk: HraDesk, gone: bool) -> None:
    client = desk.client()
    (found,) = client.candidates()
    if gone:
        del desk.store.candidates["c1"]
    else:
        desk.by_hand("candidates/c1/actions/convert")
    staff = set(desk.store.employees)
    with pytest.raises(NotFound):
        client.convert(found, START)
    assert desk.writes() == [] and set(desk.store.employees) == staff


def test_M3_a_candidate_converted_by_hand_in_the_same_moment_is_made_once(desk: HraDesk) -> None:
    acted: list[Call] = []

    def act(call: Call) -> None:
        if call.path.endswith("/candidates/c1") and not acted:
            acted.append(call)
            desk.by_hand("candidates/c1/actions/convert")

    desk.meanwhile = act
    with pytest.raises(ActionFailed):
        hire(desk)
    assert sum(r.details["surname"] == "Ng" for r in desk.store.employees.values()) == 1


@pytest.mark.parametrize("changed", [{"surname": "Nguyen"}, {"dateOfBirth": "1992-02-03"}])
def test_R1_a_candidate_who_is_somebody_else_now_is_not_converted(
    desk: HraDesk, changed: dict[str, str]
) -> None:
    client = desk.client()
    (found,) = client.candidates()
    desk.candidate(**changed)
    with pytest.raises(Refused):
        client.convert(found, START)
    assert desk.writes() == []


def test_D6_a_start_date_that_HRA_does_not_take_is_told_before_the_call(desk: HraDesk) -> None:
    with pytest.raises(Refused) as caught:
        hire(desk, date(2051, 1, 1))
    assert "start date" in str(caught.value) and desk.calls == []


@pytest.mark.parametrize(
    ("outcome", "error"), [("Failed", ActionFailed), ("never", OutcomeUnknown)]
)
def test_M3_a_conversion_that_fails_or_never_ends_names_nobody(
    outcome: str, error: type[SideError]
) -> None:
    desk = HraDesk(action_outcome=outcome)
    desk.candidate()
    with pytest.raises(error):
        hire(desk)
    assert desk.writes() == ["POST convert"]
    desk.close()


def test_M3_a_record_that_appears_before_the_conversion_is_completed_is_not_taken_for_it() -> None:
    desk = HraDesk(action_outcome="never")
    desk.candidate()
    at_convert(desk, lambda: desk.employee("e-somebody"))
    with pytest.raises(OutcomeUnknown):
        hire(desk)
    desk.close()


def test_M3_a_conversion_that_HRA_refuses_is_refused(desk: HraDesk) -> None:
    desk.fail("refuse", "POST", "*/convert")
    with pytest.raises(Refused):
        hire(desk)


@pytest.mark.parametrize(
    ("kind", "method", "path"),
    [
        ("drop_before", "POST", "*/convert"),
        ("drop_after", "POST", "*/convert"),
        ("503_html", "GET", "*/action-status/*"),
        ("lose_access", "GET", "*/action-status/*"),
    ],
)
def test_X3_a_conversion_of_which_nothing_more_is_heard_is_sent_once(
    desk: HraDesk, kind: str, method: str, path: str
) -> None:
    desk.fail(kind, method, path, times=0)
    with pytest.raises(OutcomeUnknown):
        hire(desk)
    assert desk.writes() == ["POST convert"]


def test_X3_a_new_employee_who_cannot_be_looked_for_is_not_known(desk: HraDesk) -> None:
    at_convert(desk, lambda: desk.fail("503_html", "GET", "*/employees", times=0))
    with pytest.raises(OutcomeUnknown):
        hire(desk)


def test_L3_a_conversion_without_the_right_to_it_is_lost_access(desk: HraDesk) -> None:
    client = desk.client("manage:candidates")
    found: Person = client.candidates()[0]
    with pytest.raises(AccessLost):
        client.convert(found, START)
