"""Personal details: field by field as the field map says, both ways (F1, D5, D6, B1, B2)."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.branches import BranchMap
from agent.employee import UNKNOWN, Address, EndDate
from agent.fields import same
from agent.xero.mapping_details import details, details_body, group_name, unmapped

OFF = BranchMap()

MAP = BranchMap(True, None, {"Hobart": "b1", "North": "b2", "South": "b2"})
SOUTH = BranchMap(True, None, {"South": "b2"})
HOME = {
    "AddressLine1": "1 Wattle St",
    "AddressLine2": "Unit 2",
    "City": "Hobart",
    "Region": "TAS",
    "PostalCode": "7000",
    "Country": "AUSTRALIA",
}
RAW: dict[str, Any] = {
    "Title": "Mrs.",
    "FirstName": "José",
    "MiddleNames": "Ann",
    "LastName": "O'Brien-Smith",
    "DateOfBirth": "/Date(321494400000+0000)/",
    "Gender": "F",
    "HomeAddress": HOME,
    "Email": "Jo@Example.com",
    "Phone": "03 5550 0000",
    "Mobile": "+61 491 570 156",
    "JobTitle": "Analyst",
    "StartDate": "/Date(1547164800000+0000)/",
    "EmployeeGroupName": "Hobart",
    "TerminationDate": "/Date(1584662400000+0000)/",
}


def has(group: str) -> None:
    """Xero has every Employee Group."""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", "Mrs."),
        ("first_name", "José"),
        ("middle_names", "Ann"),
        ("last_name", "O'Brien-Smith"),
        ("date_of_birth", date(1980, 3, 10)),
        ("gender", "Female"),
        ("home_address", Address("1 Wattle St", "Unit 2", "Hobart", "TAS", "7000", "AUSTRALIA")),
        ("email", "Jo@Example.com"),
        ("phone", "03 5550 0000"),
        ("mobile", "+61 491 570 156"),
        ("job_title", "Analyst"),
        ("start_date", date(2019, 1, 11)),
        ("branch", "b1"),
        ("end_date", EndDate(date(2020, 3, 20))),
    ],
)
def test_every_personal_field_is_read(name: str, value: Any) -> None:
    assert details(RAW, MAP)[name] == value


def test_what_xero_does_not_hold_is_none() -> None:
    assert set(details({}, MAP).values()) == {None}


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        ("M", "Male"),
        ("F", "Female"),
        ("I", "Non_Binary"),
        ("N", None),
        (None, None),
        ("Q", UNKNOWN),
    ],
)
def test_every_gender_is_read(shown: Any, read: Any) -> None:
    assert details({"Gender": shown}, OFF)["gender"] == read


@pytest.mark.parametrize(
    ("change", "posted"),
    [
        ({"title": "Dr"}, {"Title": "Dr"}),
        ({"first_name": "Zoë"}, {"FirstName": "Zoë"}),
        ({"middle_names": "May"}, {"MiddleNames": "May"}),
        ({"last_name": "Ng"}, {"LastName": "Ng"}),
        ({"date_of_birth": date(1969, 12, 31)}, {"DateOfBirth": "1969-12-31"}),
        ({"gender": "Non_Binary"}, {"Gender": "I"}),
        ({"email": "new@example.com"}, {"Email": "new@example.com"}),
        ({"phone": "02 5550 1111"}, {"Phone": "02 5550 1111"}),
        ({"mobile": "0491 570 157"}, {"Mobile": "0491 570 157"}),
        ({"job_title": "Chef"}, {"JobTitle": "Chef"}),
        ({"start_date": date(2020, 1, 2)}, {"StartDate": "2020-01-02"}),
    ],
)
def test_F1_only_the_changed_key_is_posted(change: dict[str, Any], posted: dict[str, Any]) -> None:
    assert details_body(RAW, change, OFF, has) == (posted, {})


@pytest.mark.parametrize(
    "change",
    [
        {"mobile": "0491 570 156"},
        {"email": "jo@example.com"},
        {"title": "mrs"},
        {"home_address": Address("1 WATTLE ST", "unit 2", "HOBART", "TAS", "7000", "AUSTRALIA")},
    ],
)
def test_D5_what_differs_in_form_alone_is_not_posted(change: dict[str, Any]) -> None:
    assert details_body(RAW, change, OFF, has) == ({}, {})


def test_D5_the_address_is_posted_whole_with_xeros_own_spelling_of_what_is_equal() -> None:
    moved = Address("2 Wattle St", "UNIT 2", "hobart", "TAS", "7000", "AUSTRALIA")
    body, _ = details_body(RAW, {"home_address": moved}, OFF, has)
    assert body == {"HomeAddress": {**HOME, "AddressLine1": "2 Wattle St"}}


def test_an_address_line_that_went_away_is_posted_empty() -> None:
    moved = Address("2 Wattle St", "", "Hobart", "TAS", "7000", "AUSTRALIA")
    body, _ = details_body(RAW, {"home_address": moved}, OFF, has)
    assert body["HomeAddress"]["AddressLine2"] == ""


@pytest.mark.parametrize(
    ("name", "posted"),
    [
        ("title", {"Title": ""}),
        ("middle_names", {"MiddleNames": ""}),
        ("email", {"Email": ""}),
        ("phone", {"Phone": ""}),
        ("mobile", {"Mobile": ""}),
        ("job_title", {"JobTitle": ""}),
        ("gender", {"Gender": "N"}),
    ],
)
def test_an_emptied_optional_field_is_posted_as_empty(name: str, posted: dict[str, str]) -> None:
    assert details_body(RAW, {name: None}, OFF, has) == (posted, {})


@pytest.mark.parametrize(
    "name", ["first_name", "last_name", "date_of_birth", "home_address", "start_date", "branch"]
)
def test_D8_an_emptied_required_field_never_travels(name: str) -> None:
    body, refused = details_body(RAW, {name: None, "phone": "02 5550 1111"}, MAP, has)
    assert list(refused) == [name]
    assert body == {"Phone": "02 5550 1111"}


def test_D6_what_xero_cannot_hold_is_refused_alone_and_without_its_value() -> None:
    body, refused = details_body(RAW, {"job_title": "x" * 51, "phone": "02 5550 1111"}, OFF, has)
    assert body == {"Phone": "02 5550 1111"}
    assert "50 characters" in refused["job_title"][0]
    assert "xxx" not in str(refused)


def test_D6_an_overseas_address_is_refused() -> None:
    abroad = Address("1 Queen St", "", "Auckland", "", "1010", "NEW ZEALAND")
    body, refused = details_body(RAW, {"home_address": abroad}, OFF, has)
    assert not body
    assert "outside Australia" in refused["home_address"][0]


def test_T2_an_end_date_never_travels_to_xero() -> None:
    body, refused = details_body({}, {"end_date": date(2026, 1, 1)}, OFF, has)
    assert not body
    assert list(refused) == ["end_date"]


@pytest.mark.parametrize("reason", ["V", "I", "D", "R", "F", "C", "T", None])
def test_T2_only_the_reason_v_is_by_notice(reason: str | None) -> None:
    raw = {**RAW, "TerminationReason": reason}
    assert details(raw, OFF)["end_date"] == EndDate(date(2020, 3, 20))
    assert details(raw, OFF)["end_date"].by_notice is (reason == "V")


@pytest.mark.parametrize("reason", ["v", " V", "VOLUNTARY", 1, True])
def test_T2_a_reason_that_xero_does_not_know_is_not_by_notice(reason: Any) -> None:
    assert details({**RAW, "TerminationReason": reason}, OFF)["end_date"].by_notice is False


def test_T2_a_reason_without_a_date_ends_nothing() -> None:
    assert details({"TerminationReason": "V"}, OFF)["end_date"] is None


def test_T2_a_termination_date_that_is_no_date_ends_nothing_and_agrees_with_nothing() -> None:
    assert (
        details({"TerminationDate": "soon", "TerminationReason": "V"}, OFF)["end_date"] is UNKNOWN
    )


def test_B1_with_matching_off_a_branch_is_neither_read_nor_written() -> None:
    assert details(RAW, OFF)["branch"] is UNKNOWN
    body, refused = details_body(RAW, {"branch": "b2"}, OFF, has)
    assert not body
    assert list(refused) == ["branch"]


def test_B2_a_group_that_the_map_does_not_know_is_named_and_unreadable() -> None:
    raw = {"EmployeeGroupName": "hobart "}
    assert details(raw, MAP)["branch"] is UNKNOWN
    assert unmapped(raw, MAP) == "hobart "
    assert unmapped(RAW, MAP) is None
    assert unmapped(raw, OFF) is None
    assert unmapped({}, MAP) is None


def test_B2_a_branch_with_one_group_is_written_and_its_present_group_is_not_written_again() -> None:
    assert details_body({"EmployeeGroupName": "North"}, {"branch": "b1"}, MAP, has)[0] == {
        "EmployeeGroupName": "Hobart"
    }
    assert details_body({"EmployeeGroupName": "South"}, {"branch": "b2"}, MAP, has) == ({}, {})


@pytest.mark.parametrize(("branch", "word"), [("b2", "several"), ("b9", "no Employee Group")])
def test_B2_a_branch_without_a_clear_group_is_refused_with_its_reason(
    branch: str, word: str
) -> None:
    body, refused = details_body(RAW, {"branch": branch}, MAP, has)
    assert not body
    assert word in refused["branch"][0]


def test_B2_a_group_that_xero_lacks_is_refused_and_the_phone_is_not() -> None:
    def lacks(group: str) -> str:
        return f"no {group}"

    body, refused = details_body(RAW, {"branch": "b2", "phone": "02 5550 1111"}, SOUTH, lacks)
    assert body == {"Phone": "02 5550 1111"}
    assert refused == {"branch": ("no South",)}


def test_B2_the_present_group_is_not_asked_for_since_the_person_is_in_it() -> None:
    def lacks(group: str) -> str:
        raise AssertionError("it was asked for")

    assert details_body(RAW, {"branch": "b1"}, MAP, lacks) == ({}, {})


def test_B1_without_a_group_a_person_is_in_the_default_branch_and_needs_none() -> None:
    default = BranchMap(True, "b0", {"Hobart": "b1"})
    without = {"FirstName": "Jo"}
    assert details(without, default)["branch"] == "b0"
    assert details_body(without, {"branch": "b0"}, default, has) == ({}, {})
    assert details_body({}, {"branch": "b0"}, default, has) == ({}, {})


def test_B1_a_new_person_of_the_default_branch_gets_its_group_where_it_has_one() -> None:
    default = BranchMap(True, "b1", {"Hobart": "b1"})
    assert details_body({}, {"branch": "b1"}, default, has) == ({"EmployeeGroupName": "Hobart"}, {})


def test_B1_somebody_in_a_group_is_not_moved_to_a_default_branch_that_has_no_group() -> None:
    default = BranchMap(True, "b0", {"Hobart": "b1"})
    body, refused = details_body(RAW, {"branch": "b0"}, default, has)
    assert not body
    assert "no Employee Group" in refused["branch"][0]


TEXT = st.text(
    st.characters(categories=["L", "Nd"], include_characters=" -'"), min_size=1, max_size=10
)
WORDS = TEXT.map(lambda text: " ".join(text.split())).filter(bool)
DIGITS = st.from_regex(r"0[23478] [0-9]{4} [0-9]{4}", fullmatch=True)
ADDRESSES = st.builds(
    Address,
    line1=WORDS,
    line2=st.just("") | WORDS,
    suburb=WORDS,
    state=st.sampled_from(["ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA"]),
    postcode=st.from_regex(r"[0-9]{4}", fullmatch=True).filter(str.isascii),
    country=st.just("AUSTRALIA"),
)
DATES = st.dates(date(1900, 1, 1), date(2050, 12, 31))
PEOPLE = st.fixed_dictionaries(
    {
        "title": st.none() | WORDS,
        "first_name": WORDS,
        "middle_names": st.none() | WORDS,
        "last_name": WORDS,
        "date_of_birth": DATES,
        "gender": st.sampled_from([None, "Male", "Female", "Non_Binary"]),
        "home_address": ADDRESSES,
        "email": st.none() | st.emails().filter(lambda text: len(text) <= 100),
        "phone": st.none() | DIGITS,
        "mobile": st.none() | DIGITS,
        "job_title": st.none() | WORDS,
        "start_date": DATES,
        "branch": st.just("b1"),
    }
)


@given(PEOPLE, PEOPLE)
def test_any_person_posted_over_any_other_reads_back_as_that_person(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    first, refused = details_body({}, before, MAP, has)
    assert not refused
    second, refused = details_body(first, after, MAP, has)
    assert not refused
    read = details({**first, **second}, MAP)
    assert all(same(name, after[name], read[name]) for name in after)


@pytest.mark.parametrize("group", [7, True, [], {"Name": "Sydney"}, ""])
def test_B2_what_is_no_name_of_a_group_is_none(group: object) -> None:
    assert group_name({"EmployeeGroupName": group}) is None
    assert unmapped({"EmployeeGroupName": group}, MAP) is None
