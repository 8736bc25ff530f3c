"""The Xero sandbox's limits, its idempotency keys, and its faults, as a caller meets them."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from agent.sandbox.server import CallLog, Served, serve
from agent.sandbox.xero import Limits
from tests.sandbox.xero_desk import Caller, Clock, sandbox

HOME = {"AddressLine1": "101 Green St", "City": "Orange", "Region": "NSW", "PostalCode": "2800"}
NEW = {
    "FirstName": "Albus",
    "LastName": "Dumbledore",
    "DateOfBirth": "1980-03-10",
    "HomeAddress": HOME,
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def served(clock: Clock) -> Iterator[Served]:
    with serve(sandbox(clock, limits=Limits(concurrent=2, minute=3, day=5))) as running:
        yield running


@pytest.fixture
def free(clock: Clock) -> Iterator[Caller]:
    """A caller whom no limit stops."""
    with serve(sandbox(clock)) as running:
        yield Caller(running)


def _left(answer: requests.Response) -> tuple[str, str]:
    return answer.headers["X-DayLimit-Remaining"], answer.headers["X-MinLimit-Remaining"]


def test_every_answer_says_what_is_left(served: Served) -> None:
    caller = Caller(served)
    answer = caller.get("/Settings")
    assert _left(answer) == ("4", "2")
    assert answer.headers["X-AppMinLimit-Remaining"] == "9999"
    assert _left(caller.get("/Employees/nobody")) == ("3", "1")


def test_X4_the_minute_ends_in_a_429_with_the_seconds_left_of_its_own_window(
    served: Served, clock: Clock
) -> None:
    caller = Caller(served)
    for _ in range(3):
        assert caller.get("/Settings").status_code == 200
        clock.move(seconds=10)
    refused = caller.get("/Settings")
    assert refused.status_code == 429
    assert refused.headers["X-Rate-Limit-Problem"] == "minute"
    assert refused.headers["Retry-After"] == "30"
    assert _left(refused) == ("2", "0")
    clock.move(seconds=30)
    assert caller.get("/Settings").status_code == 200


def test_the_day_ends_in_a_429_that_lasts_hours(served: Served, clock: Clock) -> None:
    caller = Caller(served)
    for number in range(5):
        assert caller.get("/Settings").status_code == 200, number
        clock.move(seconds=30)
    refused = caller.get("/Settings")
    assert refused.headers["X-Rate-Limit-Problem"] == "day"
    assert refused.headers["Retry-After"] == str(24 * 3600 - 150)
    clock.move(days=1)
    assert Caller(served).get("/Settings").status_code == 200


def test_too_many_at_once_is_a_429_without_retry_after(clock: Clock) -> None:
    with serve(sandbox(clock, limits=Limits(concurrent=2, minute=None, day=None))) as running:
        caller = Caller(running)
        faults = running.app.config["FAULTS"]
        faults.plan("hang", times=2, seconds=20)
        answers: list[int] = []
        callers = [
            threading.Thread(target=lambda: answers.append(caller.get("/Settings").status_code))
            for _ in range(2)
        ]
        for one in callers:
            one.start()
        while faults.planned():
            callers[0].join(0.01)
        third = caller.get("/Settings")
        assert (third.status_code, third.headers["X-Rate-Limit-Problem"]) == (429, "concurrent")
        assert "Retry-After" not in third.headers
        faults.release()
        for one in callers:
            one.join(5)
        assert answers == [200, 200]
        assert caller.get("/Settings").status_code == 200
        assert running.app.config["LIMITS"].most_at_once == 2


def test_latency_counts_as_being_inside(clock: Clock) -> None:
    with serve(sandbox(clock), latency_ms=40) as running:
        caller = Caller(running)
        callers = [threading.Thread(target=lambda: caller.get("/Settings")) for _ in range(4)]
        for one in callers:
            one.start()
        for one in callers:
            one.join(5)
        assert running.app.config["LIMITS"].most_at_once > 1


def test_without_limits_a_crowd_gets_in_and_the_headers_still_stand(free: Caller) -> None:
    answers = [free.get("/Settings") for _ in range(70)]
    assert {answer.status_code for answer in answers} == {200}
    assert _left(answers[-1]) == ("5000", "60")


def test_limits_are_counted_for_each_organisation_apart(clock: Clock) -> None:
    two = (
        ("One", "5f7a1e0c-3f0b-4b53-9d0e-0f6a4f0c2a11"),
        ("Two", "0b9d6a52-6b5c-4a55-8c37-1f2f3b4c5d6e"),
    )
    limits = Limits(concurrent=None, minute=1, day=None)
    with serve(sandbox(clock, seeded=(), limits=limits, organisations=two)) as running:
        oauth, store = running.app.config["OAUTH"], running.app.config["STORE"]
        caller = Caller(running)
        tokens = oauth.issue(frozenset({"payroll.settings"}), (two[0][1], two[1][1]))
        caller.tokens = tokens
        seen = [
            caller.get("/Settings", Xero_Tenant_Id=key).status_code
            for _, key in (two[0], two[0], two[1])
        ]
        assert seen == [200, 429, 200]
        assert len(store.connections()) == 2


# idempotency


def test_the_same_key_and_request_replays_the_answer_without_a_second_employee(
    free: Caller,
) -> None:
    count = len(free.organisation.employees)
    first = free.post("/Employees", [NEW], Idempotency_Key="key-1")
    again = free.post("/Employees", [NEW], Idempotency_Key="key-1")
    assert again.content == first.content
    assert len(free.organisation.employees) == count + 1


def test_after_six_minutes_the_key_is_new_and_makes_a_second_employee(
    free: Caller, clock: Clock
) -> None:
    free.post("/Employees", [NEW], Idempotency_Key="key-1")
    clock.move(minutes=6)
    count = len(free.organisation.employees)
    free.post("/Employees", [NEW], Idempotency_Key="key-1")
    assert len(free.organisation.employees) == count + 1


def test_a_key_with_another_request_is_refused_in_the_vendors_words(free: Caller) -> None:
    free.post("/Employees", [NEW], Idempotency_Key="key-1")
    for path, body in (("/Employees", [NEW | {"Title": "Mr"}]), ("/Superfunds", [NEW])):
        answer = free.post(path, body, Idempotency_Key="key-1")
        assert answer.status_code == 400
        assert answer.json()["Message"] == (
            "Idempotency Key key-1 is used with a different request."
        )


def test_errors_are_kept_as_well(free: Caller) -> None:
    bad: list[dict[str, Any]] = [NEW | {"EmployeeGroupName": "Soon there"}]
    assert free.post("/Employees", bad, Idempotency_Key="key-1").status_code == 400
    free.organisation.groups = (*free.organisation.groups, "Soon there")
    assert free.post("/Employees", bad, Idempotency_Key="key-1").status_code == 400
    assert free.post("/Employees", bad, Idempotency_Key="key-2").status_code == 200


@pytest.mark.parametrize("kind", ["500", "refuse"])
def test_a_planned_error_is_kept_by_its_key_too_and_an_outage_is_not(
    free: Caller, kind: str
) -> None:
    free.served.app.config["FAULTS"].plan(kind, method="POST")
    failed = free.post("/Employees", [NEW], Idempotency_Key="key-1")
    again = free.post("/Employees", [NEW], Idempotency_Key="key-1")
    assert (again.status_code, again.content) == (failed.status_code, failed.content)
    assert free.post("/Employees", [NEW], Idempotency_Key="key-2").status_code == 200
    free.served.app.config["FAULTS"].plan("503_html", method="POST")
    assert free.post("/Employees", [NEW], Idempotency_Key="key-3").status_code == 503
    assert free.post("/Employees", [NEW], Idempotency_Key="key-3").status_code == 200


def test_a_key_of_more_than_128_characters_is_refused(free: Caller) -> None:
    assert free.post("/Employees", [NEW], Idempotency_Key="k" * 128).status_code == 200
    assert free.post("/Employees", [NEW], Idempotency_Key="k" * 129).status_code == 400


def test_replays_count_against_the_limits(served: Served) -> None:
    caller = Caller(served)
    left = [caller.post("/Employees", [NEW], Idempotency_Key="k").headers for _ in range(2)]
    assert [headers["X-MinLimit-Remaining"] for headers in left] == ["2", "1"]


def test_a_lost_answer_is_found_again_with_the_same_key(free: Caller) -> None:
    free.served.app.config["FAULTS"].plan("drop_after", method="POST")
    count = len(free.organisation.employees)
    with pytest.raises(requests.ConnectionError):
        free.post("/Employees", [NEW], Idempotency_Key="key-1")
    assert len(free.organisation.employees) == count + 1
    assert free.post("/Employees", [NEW], Idempotency_Key="key-1").status_code == 200
    assert len(free.organisation.employees) == count + 1


def test_a_request_that_never_arrived_leaves_its_key_free(free: Caller) -> None:
    free.served.app.config["FAULTS"].plan("drop_before", method="POST")
    count = len(free.organisation.employees)
    with pytest.raises(requests.ConnectionError):
        free.post("/Employees", [NEW], Idempotency_Key="key-1")
    assert len(free.organisation.employees) == count
    assert free.post("/Employees", [NEW], Idempotency_Key="key-1").status_code == 200


def test_two_posts_with_one_key_at_the_same_time_make_one_employee(free: Caller) -> None:
    count = len(free.organisation.employees)
    answers: list[bytes] = []
    callers = [
        threading.Thread(
            target=lambda: answers.append(
                free.post("/Employees", [NEW], Idempotency_Key="k").content
            )
        )
        for _ in range(4)
    ]
    for one in callers:
        one.start()
    for one in callers:
        one.join(10)
    assert len(set(answers)) == 1
    assert len(free.organisation.employees) == count + 1


# faults in this vendor's words, and counting


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        ("refuse", 400, "ValidationException"),
        ("500", 500, "An error occurred"),
        ("503_html", 503, "Service Unavailable"),
        ("429", 429, "Rate limit"),
    ],
)
def test_planned_faults_speak_like_the_vendor(
    free: Caller, kind: str, status: int, said: str
) -> None:
    free.served.app.config["FAULTS"].plan(kind, path="/Employees*", retry_after=9)
    answer = free.get("/Employees")
    assert (answer.status_code, said in answer.text) == (status, True)
    assert ("Retry-After" in answer.headers) == (kind in ("429", "503_html"))
    assert free.get("/Employees").status_code == 200


def test_calls_are_counted_by_route_as_reads_and_writes(free: Caller) -> None:
    calls: CallLog = free.served.app.config["CALLS"]
    calls.reset()
    who = free.somebody()
    free.detail(who)
    free.update(who, Title="Ms")
    assert (calls.reads, calls.writes) == (2, 1)
    counts = requests.get(f"{free.url}/_sandbox/calls", timeout=5).json()
    assert counts["by_route"] == {
        "GET /Employees": 1,
        "GET /Employees/<key>": 1,
        "POST /Employees/<key>": 1,
    }


def test_the_whole_state_can_be_read_by_tests(free: Caller) -> None:
    state = requests.get(f"{free.url}/_sandbox/state", timeout=5).json()
    (organisation,) = state["organisations"].values()
    assert len(organisation["employees"]) == len(free.organisation.employees)
    assert organisation["employees"][0]["DateOfBirth"].count("-") == 2
