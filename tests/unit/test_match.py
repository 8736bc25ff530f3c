"""The partner of somebody without a link (M1), and who stands too near for a create (M2)."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis.strategies import sampled_from

from agent import match
from agent.employee import Person, Status

CALM = settings(deadline=None, derandomize=True, database=None)
BORN, OTHER_BORN = date(1980, 1, 1), date(1990, 1, 1)
SWITCHES = pytest.mark.parametrize("switch", ["date_of_birth", "postcode", "either"])


def hra(id: str = "h1", **more: object) -> Person:
    return replace(Person("hra", id, "Anna", "Papas", Status.CURRENT), **more)  # type: ignore[arg-type]


def xero(id: str = "x1", **more: object) -> Person:
    return replace(Person("xero", id, "Anna", "Papas", Status.CURRENT), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("switch", "born", "postcode"),
    [("date_of_birth", True, False), ("postcode", False, True), ("either", True, True),
     ("off", False, False)],
)  # fmt: skip
def test_M1_each_way_is_a_switch(switch: str, born: bool, postcode: bool) -> None:
    by_birth = match.partners([hra(date_of_birth=BORN)], [xero(date_of_birth=BORN)], switch)
    by_postcode = match.partners([hra(postcode="2042")], [xero(postcode="2042")], switch)
    assert (bool(by_birth.pairs), bool(by_postcode.pairs)) == (born, postcode)


@SWITCHES
@pytest.mark.parametrize(
    ("first", "last"), [("ANNA", "papas"), (" Änna ", "Papas"), ("anna", "P\u00e1pas")]
)
def test_M1_names_are_compared_without_case_accents_and_spaces(
    switch: str, first: str, last: str
) -> None:
    one = hra(first_name=first, last_name=last, date_of_birth=BORN, postcode="2042")
    other = xero(date_of_birth=BORN, postcode="2042")
    assert match.partners([one], [other], switch).pairs == ((one, other),)


@SWITCHES
def test_M1_a_name_alone_is_no_match(switch: str) -> None:
    assert match.partners([hra()], [xero()], switch) == match.Partners((), ())


@SWITCHES
def test_M1_father_and_son_at_one_address_never_match(switch: str) -> None:
    father = hra(date_of_birth=BORN, postcode="2042")
    son = xero(date_of_birth=OTHER_BORN, postcode="2042")
    assert match.partners([father], [son], switch) == match.Partners((), ())
    assert not match.is_match(father, son, switch)


@pytest.mark.parametrize("status", [Status.TERMINATED, Status.TERMINATING, Status.AWAY])
def test_M1_terminated_people_are_looked_at_too(status: Status) -> None:
    one, other = hra(date_of_birth=BORN), xero(date_of_birth=BORN, status=status)
    assert match.partners([one], [other], "date_of_birth").pairs == ((one, other),)
    assert match.partners([replace(one, status=status)], [other], "date_of_birth").pairs


def test_M5_a_record_that_was_transferred_away_is_nobody_s_partner() -> None:
    gone = hra(date_of_birth=BORN, status=Status.GONE)
    assert match.partners([gone], [xero(date_of_birth=BORN)], "either") == match.Partners((), ())


def test_M2_two_possible_partners_link_nobody() -> None:
    twins = [xero("x1", date_of_birth=BORN), xero("x2", date_of_birth=BORN)]
    one = hra(date_of_birth=BORN)
    found = match.partners([one], twins, "date_of_birth")
    assert found.pairs == ()
    assert (one, tuple(twins)) in found.several


def test_M2_two_who_claim_one_partner_link_nobody() -> None:
    twins = [hra("h1", date_of_birth=BORN), hra("h2", date_of_birth=BORN)]
    one = xero(date_of_birth=BORN)
    found = match.partners(twins, [one], "date_of_birth")
    assert found.pairs == ()
    assert (one, tuple(twins)) in found.several
    assert {person.id for person, _ in found.several} == {"h1", "h2", "x1"}


def test_M2_either_does_not_choose_between_a_birth_date_and_a_postcode() -> None:
    one = hra(date_of_birth=BORN, postcode="2042")
    others = [xero("x1", date_of_birth=BORN), xero("x2", postcode="2042")]
    assert match.partners([one], others, "either").pairs == ()


@pytest.mark.parametrize(
    ("one", "other", "close"),
    [
        (hra(), xero(), True),
        (hra(date_of_birth=BORN), xero(date_of_birth=OTHER_BORN), True),
        (hra(first_name="Bea", date_of_birth=BORN), xero(date_of_birth=BORN), True),
        (hra(first_name="Bea"), xero(), False),
        (hra(last_name="Ng", email="A@b.example"), xero(email="a@B.example"), True),
        (hra(last_name="Ng", mobile="+61 491 570 156"), xero(mobile="0491570156"), True),
        (hra(last_name="Ng", mobile="0491 570 157"), xero(mobile="0491570156"), False),
        (hra(last_name="Ng", postcode="2042"), xero(postcode="2042"), False),
        (hra(), xero(status=Status.TERMINATED), True),
        (hra(), xero(status=Status.GONE), False),
    ],
)
def test_M2_who_stands_too_near_for_a_create(one: Person, other: Person, close: bool) -> None:
    assert bool(match.near(one, [other])) is close


def test_X3_the_result_of_a_lost_create_has_the_name_and_no_other_birth_date() -> None:
    others = [
        xero("x1"), xero("x2", date_of_birth=BORN), xero("x3", date_of_birth=OTHER_BORN),
        xero("x4", first_name="Bea", date_of_birth=BORN),
    ]  # fmt: skip
    found = match.same_person(hra(date_of_birth=BORN), others)
    assert [person.id for person in found] == ["x1", "x2"]


# --- what the match desk is told of two people

WHOLE: dict[str, Any] = {
    "date_of_birth": BORN, "postcode": "2042", "email": "a@example.com", "mobile": "0491 570 156"
}  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (
            hra(**WHOLE),
            xero(**WHOLE),
            ("same name", "same date of birth", "same post code", "same e-mail", "same mobile"),
        ),
        (
            hra(first_name="Bea", date_of_birth=BORN),
            xero(date_of_birth=BORN),
            ("same last name", "same date of birth"),
        ),
        (
            hra(date_of_birth=BORN),
            xero(date_of_birth=OTHER_BORN),
            ("same name", "another date of birth"),
        ),
        (
            hra(last_name="Ng", mobile="+61 491 570 156"),
            xero(mobile="0491570156"),
            ("same mobile",),
        ),
        (hra(last_name="Ng"), xero(), ()),
    ],
)
def test_M2_the_match_desk_is_told_what_two_people_share_and_what_speaks_against_it(
    one: Person, other: Person, told: tuple[str, ...]
) -> None:
    assert match.why(one, other) == told
    assert match.why(other, one) == told


@pytest.mark.parametrize("field", ["date_of_birth", "postcode", "email", "mobile"])
def test_M1_two_who_both_lack_something_do_not_share_it(field: str) -> None:
    lacking: dict[str, Any] = {field: None}
    one, other = hra(last_name="Ng", **lacking), xero(**lacking)
    assert match.why(one, other) == ()
    assert match.near(one, [other]) == ()
    assert not match.is_match(hra(**lacking), xero(**lacking), "either")


@CALM
@given(
    first=sampled_from(["Anna", "anna ", "Bea"]),
    born=sampled_from([None, BORN, OTHER_BORN]),
    postcode=sampled_from([None, "2042", "2043"]),
    switch=sampled_from(match.SWITCHES),
)
def test_M1_whoever_matches_shares_the_name_and_no_birth_date_speaks_against_it(
    first: str, born: date | None, postcode: str | None, switch: str
) -> None:
    one = hra(first_name=first, date_of_birth=born, postcode=postcode)
    other = xero(date_of_birth=BORN, postcode="2042")
    expected = (
        first.strip().casefold() == "anna"
        and born != OTHER_BORN
        and (
            (switch in ("date_of_birth", "either") and born == BORN)
            or (switch in ("postcode", "either") and postcode == "2042")
        )
    )
    assert match.is_match(one, other, switch) is expected
    assert match.is_match(other, one, switch) is expected
    assert bool(match.partners([one], [other], switch).pairs) is expected
    if expected:
        assert match.near(one, [other]) == (other,)
