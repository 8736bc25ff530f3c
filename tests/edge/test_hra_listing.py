"""What the HRA client makes of lists and answers that cannot be right (D8), told by a made-up
transport.
"""

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import pytest

from agent.errors import (
    ActionFailed,
    MissingPage,
    OutcomeUnknown,
    RepeatedCursor,
    SideError,
    TransferLoop,
    UnreadableAnswer,
    WrongRecord,
)
from agent.hra.accounts import accounts
from agent.hra.client import HraClient
from agent.hra.listing import PAGE
from tests.edge.hra_desk import Puppet, Told, listed

Params = Mapping[str, Any]


def client(answer: Callable[[str, str, Params], Told]) -> HraClient:
    return HraClient(Puppet(answer), "acc", sleep=lambda seconds: None, polls=3)


def pages(*told: Told) -> HraClient:
    """A client whose list gives these pages, again and again from the start."""
    turn = count()
    return client(lambda method, path, params: told[next(turn) % len(told)])


def ids(of: HraClient) -> list[str]:
    return [person.id for person in of.listing().people]


def test_D8_pages_are_followed_by_their_cursor() -> None:
    asked: list[Params] = []

    def answer(method: str, path: str, params: Params) -> Told:
        asked.append(params)
        return listed("b") if "after" in params else listed("a", more=True, cursor="x")

    assert ids(client(answer)) == ["a", "b"]
    assert asked == [{"first": "100"}, {"first": "100", "after": "x"}]


def test_D8_a_cursor_that_comes_again_is_an_error() -> None:
    answers = [listed(f"p{place}", more=True, cursor="same") for place in range(9)]
    with pytest.raises(RepeatedCursor):
        pages(*answers).listing()


def test_D8_a_page_that_comes_again_under_new_cursors_is_an_error() -> None:
    turn = count()
    with pytest.raises(RepeatedCursor):
        client(lambda m, p, q: listed("a", more=True, cursor=f"c{next(turn)}")).listing()


def test_D8_a_list_without_end_is_an_error() -> None:
    turn = count()

    def answer(method: str, path: str, params: Params) -> Told:
        return listed(f"p{next(turn)}", more=True, cursor=f"c{next(turn)}")

    with pytest.raises(RepeatedCursor):
        client(answer).listing()


@pytest.mark.parametrize(
    "last",
    [
        listed(more=True, cursor="y"),
        listed(more=True),
        Told({"data": [], "pageInfo": {"hasNextPage": True}}),
    ],
)
def test_D8_a_page_that_should_follow_and_is_empty_is_an_error(last: Told) -> None:
    with pytest.raises(MissingPage):
        pages(listed("a", more=True, cursor="x"), last).listing()


def test_D8_more_without_any_cursor_is_an_error() -> None:
    rows = [{"node": {"id": "a"}}]
    with pytest.raises(MissingPage):
        pages(Told({"data": rows, "pageInfo": {"hasNextPage": True}})).listing()


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "nobody",
        {},
        {"data": None},
        {"data": {"a": 1}},
        {"data": ["a"]},
        {"data": [{"cursor": "x"}]},
        {"data": [{"node": {}}]},
        {"data": [{"node": {"id": ""}}]},
        {"data": [{"node": {"id": 5}}]},
        {"data": [{"node": {"id": "a", "firstName": {"odd": "Secret"}}}]},
    ],
)
def test_D8_a_list_in_no_known_form_is_an_error_without_values(body: Any) -> None:
    with pytest.raises(UnreadableAnswer) as caught:
        pages(Told(body)).listing()
    assert "Secret" not in str(caught.value)


def test_D8_an_empty_list_is_an_empty_list() -> None:
    found = pages(Told({"data": []})).listing()
    assert found.people == () and found.complete and found.marker == ""


def test_without_a_word_on_pages_a_short_page_is_the_last() -> None:
    assert ids(pages(Told({"data": listed("a").body["data"]}))) == ["a"]


def test_without_a_word_on_pages_a_full_page_is_followed() -> None:
    full = Told({"data": listed(*(f"p{place}" for place in range(PAGE))).body["data"]})
    assert len(ids(pages(full, Told({"data": listed("q").body["data"]})))) == PAGE + 1
    assert len(ids(pages(full, Told({"data": []})))) == PAGE


def test_D8_somebody_seen_twice_makes_the_list_be_read_again() -> None:
    moved = [listed("a", "b", more=True, cursor="x"), listed("b", "c")]
    calm = [listed("b", "a", more=True, cursor="x"), listed("c", "d")]
    assert ids(pages(*moved, *calm)) == ["b", "a", "c", "d"]


def test_D8_a_list_that_always_names_somebody_twice_is_whole() -> None:
    twice = pages(listed("a", "b", more=True, cursor="x"), listed("b", "c"))
    assert ids(twice) == ["a", "b", "c"]


def test_D8_a_list_that_never_comes_to_rest_is_an_error() -> None:
    turn = count()

    def answer(method: str, path: str, params: Params) -> Told:
        return listed("a", "a", f"p{next(turn)}")

    with pytest.raises(MissingPage):
        client(answer).listing()


def test_people_without_an_update_time_always_count_as_changed() -> None:
    found = pages(listed("a")).listing("2026-03-02T01:30:00.000000+00:00")
    assert [person.id for person in found.people] == ["a"]


# --- one record -------------------------------------------------------------------------------


@pytest.mark.parametrize("groups", [frozenset({"details"}), None])
def test_D8_an_answer_about_another_record_is_an_error(groups: frozenset[str] | None) -> None:
    with pytest.raises(WrongRecord):
        client(lambda m, p, q: Told({"id": "other"})).fetch("e1", groups)


def test_D8_a_person_asked_for_is_the_person_answered() -> None:
    with pytest.raises(WrongRecord):
        client(lambda m, p, q: Told({"id": "other"})).person("e1")


@pytest.mark.parametrize("body", [None, [], {}, {"id": None}, {"id": 7}])
def test_an_employee_without_an_id_is_unreadable(body: Any) -> None:
    with pytest.raises(UnreadableAnswer):
        client(lambda m, p, q: Told(body)).fetch("e1", frozenset({"details"}))


@pytest.mark.parametrize("section", [None, [], "x", {"au": {"not": "rows"}}, {"au": ["row"]}])
def test_a_section_in_no_known_form_is_unreadable(section: Any) -> None:
    def answer(method: str, path: str, params: Params) -> Told:
        return Told(section if path.endswith("bank-accounts") else {"id": "e1"})

    with pytest.raises(UnreadableAnswer):
        client(answer).fetch("e1", frozenset({"bank"}))


def chain(method: str, path: str, params: Params) -> Told:
    """An employee e<n> who was moved to e<n+1>."""
    here = int(path.rpartition("/e")[2])
    return Told(
        {"id": f"e{here}", "newEmployeeId": f"e{here + 1}", "employmentStatus": "Transferred"}
    )


def test_M5_a_chain_that_never_ends_is_refused() -> None:
    with pytest.raises(TransferLoop):
        client(chain).fetch("e1", frozenset({"details"}))


def test_M5_a_record_that_was_moved_to_itself_is_refused() -> None:
    told = Told({"id": "e1", "newEmployeeId": "e1", "employmentStatus": "Transferred"})
    with pytest.raises(TransferLoop):
        client(lambda m, p, q: told).fetch("e1", frozenset({"details"}))


def test_M5_ten_moves_are_followed() -> None:
    def answer(method: str, path: str, params: Params) -> Told:
        return Told({"id": "e11"}) if path.endswith("/e11") else chain(method, path, params)

    found = client(answer).fetch("e1", frozenset({"details"}))
    assert (found.id, found.old_id) == ("e11", "e10")


def test_M5_a_current_record_that_names_a_new_one_is_the_one_in_use() -> None:
    """A copy, or a transfer to come: the person still works here (assumption A14)."""
    told = Told({"id": "e1", "newEmployeeId": "e2", "employmentStatus": "Current"})

    def answer(method: str, path: str, params: Params) -> Told:
        return told if path.endswith("/e1") else Told({"id": "e2", "employmentStatus": "Current"})

    assert client(answer).fetch("e1", frozenset({"details"})).id == "e1"


# --- actions and creates ----------------------------------------------------------------------


def action(*told: Told) -> HraClient:
    turn = iter(told)
    return client(lambda method, path, params: next(turn))


STARTED = Told({"actionStatusURL": "http://elsewhere.example/accounts/x/action-status/s1?a=b"})


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ([Told({})], OutcomeUnknown),
        ([Told(None)], OutcomeUnknown),
        ([Told({"actionStatusURL": "http://elsewhere.example"})], OutcomeUnknown),
        ([STARTED, Told({})], OutcomeUnknown),
        ([STARTED, Told({"id": "s2", "actionStatus": "Completed"})], OutcomeUnknown),
        ([STARTED, Told({"id": "s1", "actionStatus": "Failed"})], ActionFailed),
    ],
)
def test_M3_an_action_that_fails_or_is_not_heard_of_again_is_an_error(
    told: list[Told], error: type[SideError]
) -> None:
    with pytest.raises(error):
        action(*told).actions.transfer("e1", "b2")


@pytest.mark.parametrize(
    ("last", "seen"), [("Completed", True), ("In_Progress", False), ("Odd", False)]
)
def test_M3_an_action_says_whether_it_was_seen_to_end(last: str, seen: bool) -> None:
    told = [Told({"id": "s1", "actionStatus": word}) for word in ("Pending", "In_Progress", last)]
    assert action(STARTED, *told).actions.transfer("e1", "b2") is seen


def test_M3_of_the_status_address_only_the_id_is_used() -> None:
    puppet = Puppet(
        lambda m, p, q: STARTED if m == "POST" else Told({"id": "s1", "actionStatus": "Completed"})
    )
    HraClient(puppet, "acc", sleep=lambda seconds: None).actions.transfer("e1", "b2")
    assert puppet.calls[-1] == ("GET", "/accounts/acc/action-status/s1")


@pytest.mark.parametrize(
    "headers", [{}, {"Location": ""}, {"Location": "http://elsewhere.example"}]
)
def test_X3_a_new_record_without_an_address_is_not_known(headers: dict[str, str]) -> None:
    values = {"first_name": "A", "last_name": "B", "branch": "b1"}
    with pytest.raises(OutcomeUnknown):
        client(lambda m, p, q: Told(None, 201, headers)).create(values)


def test_L1_accounts_without_names_are_asked_for_by_id() -> None:
    def answer(method: str, path: str, params: Params) -> Told:
        if path == "/users/self":
            return Told({"username": "a"})
        if path == "/accounts/self":
            return Told({"accountIds": "a1, a2"})
        assert params["filter"] == "id:a1 OR id:a2"
        return Told({"data": [{"node": {"id": "a2", "tradingName": "Two"}}]})

    assert accounts(Puppet(answer)) == (("a1", ""), ("a2", "Two"))
