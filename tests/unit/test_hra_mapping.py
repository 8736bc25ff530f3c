"""HRA's personal details to canonical values and back: tables, properties, and what is kept (F1,
D5).
"""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import canonical
from agent.employee import UNKNOWN, Address, EndDate, Status
from agent.hra import mapping, mapping_details
from agent.hra.accounts import signed_in
from agent.hra.changes import apart, split
from agent.hra.mapping import References
from agent.hra.wire import OddShape
from tests.unit.hra_values import DETAIL, dates, details_values, words

LISTS = References({"mr": "Mr", "mx": "Mx", "dr": "Dr"}, frozenset({"Male", "Female"}))


def as_shown(body: Any) -> dict[str, Any]:
    """What HRA shows of an input, by the contract: the same keys, and the branch as a reference."""
    branch = {"id": body["branchId"], "name": "A branch", "path": "/A branch"}
    return {**body, "id": "e1", "ownerBranch": branch}


# --- reading ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "name", "value"),
    [
        ({"title": "Mr"}, "title", "Mr"),
        ({"firstName": "  Zoë  Ann "}, "first_name", "Zoë Ann"),
        ({"middleName": ""}, "middle_names", None),
        ({"surname": "O'Brien-Smith"}, "last_name", "O'Brien-Smith"),
        ({"dateOfBirth": "1974-05-21"}, "date_of_birth", date(1974, 5, 21)),
        ({"dateOfBirth": "0000-00-00"}, "date_of_birth", UNKNOWN),
        ({"gender": "Non_Binary"}, "gender", "Non_Binary"),
        ({"gender": "Not_Stated"}, "gender", None),
        ({"gender": "Another"}, "gender", UNKNOWN),
        ({"contacts": {"home": {"email": "a@example.com"}}}, "email", "a@example.com"),
        ({"contacts": {"work": {"email": "a@example.com"}}}, "email", None),
        ({"contacts": {"home": {"phone": "02 5550 1234"}}}, "phone", "02 5550 1234"),
        ({"contacts": {"home": {"mobile": None}}}, "mobile", None),
        ({"positionTitle": "Cook"}, "job_title", "Cook"),
        ({"commencementDate": "2020-07-01"}, "start_date", date(2020, 7, 1)),
        ({"ownerBranch": {"id": "b1", "name": "Sydney"}}, "branch", "b1"),
        ({"endDate": "2026-01-31"}, "end_date", EndDate(date(2026, 1, 31))),
        ({"personalAddress": {"country": "Australia"}}, "home_address", None),
        (
            {"personalAddress": {"line1": "1 A St", "suburb": "X", "state": "New South Wales"}},
            "home_address",
            Address("1 A St", "", "X", "NSW", "", "AUSTRALIA"),
        ),
    ],
)
def test_each_detail_is_read_into_its_field(raw: Any, name: str, value: Any) -> None:
    assert mapping.values(raw, "home")[name] == value


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Current", Status.CURRENT),
        ("Terminating", Status.TERMINATING),
        ("Terminated", Status.TERMINATED),
        ("Completed", Status.TERMINATED),
        ("Leave", Status.AWAY),
        ("LeaveWithoutPay", Status.AWAY),
        ("Suspended", Status.AWAY),
        ("Transferred", Status.GONE),
        ("Merged", Status.GONE),
        ("Something new", Status.AWAY),
        (None, Status.AWAY),
    ],
)
def test_T1_each_status_is_told_apart(word: str | None, status: Status) -> None:
    assert mapping.status({"employmentStatus": word}) is status


@pytest.mark.parametrize(
    "odd",
    [
        {"contacts": "none"},
        {"contacts": {"home": []}},
        {"personalAddress": 5},
        {"firstName": {"first": "A"}},
        {"title": True},
    ],
)
def test_an_odd_shape_is_named_without_its_value(odd: dict[str, Any]) -> None:
    with pytest.raises(OddShape) as caught:
        mapping.values(odd, "home")
    assert "none" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "2019-01-08 11:09:45",
        "2019-01-08T11:09:45",
        "2019-01-08T11:09:45Z",
        "2019-01-08T22:09:45.00+11:00",
    ],
)
def test_update_times_compare_as_texts_whatever_their_form(text: str) -> None:
    found = mapping.person({"id": "e1", "dateUpdatedUTC": text}, "home").updated
    assert found == "2019-01-08T11:09:45.000000+00:00"


def test_M5_a_person_says_which_branch_and_which_record_they_came_from() -> None:
    raw = {"id": "e2", "ownerBranch": {"id": "b1"}, "oldEmployeeId": "e1", "newEmployeeId": "e3"}
    found = mapping.person(raw, "home")
    assert (found.branch, found.old_id, found.new_id) == ("b1", "e1", "e3")
    assert not found.candidate
    assert mapping.person({"id": "e2"}, "home").branch is None


@pytest.mark.parametrize(
    ("word", "status"),
    [("Current", Status.CURRENT), ("NotCurrent", Status.GONE), (None, Status.GONE)],
)
def test_M3_a_candidate_is_told_from_an_employee(word: str | None, status: Status) -> None:
    raw = {"id": "c2", "candidateNumber": "C1", "oldCandidateId": "c1", "newCandidateId": "c3"}
    raw["candidateStatus"] = word  # type: ignore[assignment]
    found = mapping.as_candidate(mapping.person(raw, "home"), raw)
    assert found.candidate and found.status is status and found.number == "C1"
    assert (found.old_id, found.new_id) == ("c1", "c3")


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        (
            {"firstName": "Mo", "lastName": "Tran", "email": "m@x.example"},
            ("Mo Tran", "m@x.example"),
        ),
        ({"username": "hr@x.example"}, ("", "hr@x.example")),
        ({"username": "mo", "firstName": "Mo", "email": None}, ("", "")),
    ],
)
def test_T2_the_probe_tells_name_and_address_of_who_signed_in(
    user: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert signed_in(user) == expected


@pytest.mark.parametrize("text", [None, "", "yesterday", 5])
def test_an_unreadable_update_time_is_none(text: Any) -> None:
    assert mapping.person({"id": "e1", "dateUpdatedUTC": text}, "home").updated == ""


# --- writing ----------------------------------------------------------------------------------


@given(details_values())
def test_details_written_to_a_new_record_read_back_the_same(values: dict[str, Any]) -> None:
    held = {name: value for name, value in values.items() if value is not None}
    draft = mapping_details.new(held, "home", LISTS)
    assert draft.refused == {} and draft.body is not None
    assert mapping.values(as_shown(draft.body), "home") == {**values, "end_date": None}


@given(details_values())
def test_F1_a_change_of_one_field_leaves_every_other_key_as_it_was(values: dict[str, Any]) -> None:
    for name in ("title", "phone", "job_title", "date_of_birth", "home_address", "last_name"):
        wanted = {name: values[name]}
        if wanted[name] is None:
            continue
        body = mapping_details.draft(DETAIL, wanted, "home", LISTS).body
        assert body is not None
        kept = mapping_details.draft(DETAIL, {"phone": "0"}, "home", LISTS).body or {}
        key = {"phone": "contacts", "home_address": "personalAddress"}.get(name)
        key = key or {**mapping.TEXTS, **mapping.DATES}[name]
        assert {k: v for k, v in body.items() if k not in (key, "contacts")} == {
            k: v for k, v in kept.items() if k not in (key, "contacts")
        }
        assert body["contacts"]["work"] == DETAIL["contacts"]["work"]
        assert body["contacts"]["home"]["mobile"] == DETAIL["contacts"]["home"]["mobile"]


def test_F1_what_the_agent_does_not_manage_is_sent_back() -> None:
    """Written out in full: a key that the mapping forgot would be cleared by HRA's PUT."""
    body = mapping_details.draft(DETAIL, {"phone": "02 5550 9999"}, "home", LISTS).body
    assert body == {
        "branchId": "b1", "title": "Mr", "firstName": "José", "middleName": "K",
        "surname": "Papas", "preferredName": "Joe", "nickname": "JP", "gender": "Male",
        "dateOfBirth": "1974-05-21", "positionTitle": "Cook", "employeeNumber": "1017",
        "employmentType": "Casual", "employmentStatus": "Current",
        "commencementDate": "2020-07-01",
        "personalAddress": {
            "line1": "1 A St", "suburb": "Newtown", "state": "New South Wales",
            "postcode": "2042", "country": "Australia",
        },
        "postalAddress": {
            "line1": "PO Box 1", "suburb": "Newtown", "state": "NSW", "postcode": "2042"
        },
        "contacts": {
            "home": {
                "phone": "02 5550 9999", "mobile": "0491 570 156", "email": "jose@example.com"
            },
            "work": {"email": "jose@work.example"},
        },
    }  # fmt: skip


def test_empty_and_null_keys_are_left_out() -> None:
    raw = {**DETAIL, "nickname": None, "middleName": "", "postalAddress": {"country": ""}}
    body = mapping_details.draft(raw, {"phone": None}, "home", LISTS).body or {}
    assert not {"nickname", "middleName", "postalAddress"} & body.keys()
    assert "phone" not in body["contacts"]["home"]


def test_D5_an_address_keeps_the_spelling_of_the_parts_that_are_equal() -> None:
    new = Address("2 B ST", "", "NEWTOWN", "NSW", "2042", "AUSTRALIA")
    body = mapping_details.draft(DETAIL, {"home_address": new}, "home", LISTS).body or {}
    assert body["personalAddress"] == {
        "line1": "2 B ST", "suburb": "Newtown", "state": "New South Wales", "postcode": "2042",
        "country": "Australia",
    }  # fmt: skip


@pytest.mark.parametrize("spelling", ["Mx", "mx", "MX."])
def test_a_title_goes_as_the_account_spells_it(spelling: str) -> None:
    body = mapping_details.draft(DETAIL, {"title": spelling}, "home", LISTS).body or {}
    assert body["title"] == "Mx"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", "Captain"),
        ("gender", "Non_Binary"),
        ("first_name", "x" * 129),
        ("middle_names", "x" * 256),
        ("job_title", "x" * 256),
        ("phone", "1" * 129),
        ("home_address", Address("x" * 129, "", "X", "NSW", "2000", "AUSTRALIA")),
    ],
)
def test_D6_what_HRA_cannot_hold_is_refused_alone(name: str, value: Any) -> None:
    draft = mapping_details.draft(DETAIL, {name: value, "mobile": "0491570006"}, "home", LISTS)
    assert list(draft.refused) == [name]
    assert draft.body is not None and draft.body["contacts"]["home"]["mobile"] == "0491570006"
    assert draft.body["firstName"] == DETAIL["firstName"]
    assert str(value) not in str(draft.refused)


@pytest.mark.parametrize(
    "bad",
    [
        {"dateOfBirth": "0000-00-00"},
        {"surname": "x" * 200},
        {"firstName": ""},
        {"ownerBranch": None},
        {"postalAddress": {"line1": "x" * 129}},
    ],
)
def test_a_record_that_HRA_would_refuse_back_is_not_sent(bad: dict[str, Any]) -> None:
    draft = mapping_details.draft({**DETAIL, **bad}, {"mobile": "0491570006"}, "home", LISTS)
    assert draft.body is None and draft.refused["details"]
    assert "xxx" not in str(draft.refused)


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        ({"surname": "x" * 200}, "last name"),
        ({"ownerBranch": None}, "branch"),
        ({"commencementDate": "0001-01-01"}, "start date"),
        ({"postalAddress": {"line1": "x" * 129}}, "postal address"),
        ({"contacts": {"work": {"email": "x" * 129}}}, "work contacts"),
        ({"title": "Captain"}, "titles"),
    ],
)
def test_D6_what_is_wrong_in_HRA_itself_is_told_in_a_payroll_officers_words(
    bad: dict[str, Any], word: str
) -> None:
    draft = mapping_details.draft({**DETAIL, **bad}, {"mobile": "0491570006"}, "home", LISTS)
    (sentence,) = draft.refused["details"]
    assert draft.body is None and word in sentence
    assert not any(key in sentence for key in ("surname", "commencementDate", "line1", "branchId"))


def test_D6_a_new_title_mends_one_that_HRA_lists_no_more() -> None:
    raw = {**DETAIL, "title": "Captain"}
    body = mapping_details.draft(raw, {"title": "dr"}, "home", LISTS).body
    assert body is not None and body["title"] == "Dr"


@pytest.mark.parametrize("lists", [References(), References({}, frozenset())])
def test_D8_a_list_that_cannot_be_read_or_is_empty_condemns_nobody(lists: References) -> None:
    assert mapping_details.draft(DETAIL, {"mobile": "1"}, "home", lists).body is not None


@pytest.mark.parametrize(
    ("genders", "sent"),
    [(None, "Not_Stated"), (frozenset({"Male", "Not_Stated"}), "Not_Stated"), ({"Male"}, None)],
)
def test_D6_no_gender_goes_as_the_account_has_it(genders: Any, sent: str | None) -> None:
    lists = References({}, genders)
    body = mapping_details.draft(DETAIL, {"gender": None}, "home", lists).body
    assert body is not None and body.get("gender") == sent


def test_a_change_may_mend_a_record_that_HRA_would_refuse_back() -> None:
    raw = {**DETAIL, "dateOfBirth": "0000-00-00"}
    body = mapping_details.draft(raw, {"date_of_birth": date(1980, 1, 2)}, "home", LISTS).body
    assert body is not None and body["dateOfBirth"] == "1980-01-02"


def test_F1_what_vanished_is_named_without_its_value() -> None:
    after = {k: v for k, v in DETAIL.items() if k not in ("preferredName", "postalAddress")}
    after["contacts"] = {"home": DETAIL["contacts"]["home"]}
    assert mapping_details.vanished(DETAIL, after, "home") == (
        "details:preferredName",
        "details:postalAddress",
        "details:contacts.work.email",
    )
    assert mapping_details.vanished(DETAIL, DETAIL, "home") == ()


# --- which changes go at all ------------------------------------------------------------------


def test_D4_a_change_in_form_alone_is_no_change() -> None:
    held = {"mobile": "0491 570 006", "email": "Ann@example.com", "title": "Mr"}
    wanted = {"mobile": "+61 491 570 006", "email": "ann@example.com", "title": "mr."}
    assert split(held, wanted) == ({}, {})


def test_M5_what_takes_an_action_stands_apart_with_the_transfer_last() -> None:
    ends = EndDate(date(2026, 1, 1))
    sections, steps = apart(
        {"details": {"branch": "b2", "phone": "1", "end_date": ends}, "bank": {"bank_accounts": ()}}
    )
    assert sections == {"details": {"phone": "1"}, "bank": {"bank_accounts": ()}}
    assert list(steps.items()) == [("end_date", ends), ("branch", "b2")]
    assert apart({"details": {"branch": "b2"}}) == ({}, {"branch": "b2"})


@pytest.mark.parametrize("value", [None, UNKNOWN])
def test_T2_an_end_date_that_is_gone_or_unknown_ends_nobody(value: Any) -> None:
    held = {"end_date": EndDate(date(2026, 1, 1)), "branch": "b1"}
    assert split(held, {"end_date": value, "branch": value})[0] == {}


def test_T2_the_same_end_date_is_no_change_whoever_gave_notice() -> None:
    held = {"end_date": EndDate(date(2026, 1, 1))}
    assert split(held, {"end_date": EndDate(date(2026, 1, 1), by_notice=True)}) == ({}, {})


def test_unknown_is_never_written_and_a_required_field_never_emptied() -> None:
    groups, refused = split(
        {"first_name": "Ann", "phone": "1"},
        {"first_name": None, "phone": None, "mobile": UNKNOWN, "annual_leave": None},
    )
    assert groups == {"details": {"phone": None}}
    assert list(refused) == ["first_name"]


@given(dates(1800, 2100))
def test_D6_a_date_outside_HRAs_years_is_refused(day: date) -> None:
    groups, refused = split({}, {"date_of_birth": day})
    assert bool(refused) == (not 1900 <= day.year <= 2050)
    assert bool(groups) != bool(refused)


@given(words(), st.sampled_from(["", " ", "  "]))
def test_spaces_never_make_a_difference(text: str, space: str) -> None:
    raw = {"firstName": f"{space}{text}{space}"}
    assert mapping.values(raw, "home")["first_name"] == canonical.text(text)
