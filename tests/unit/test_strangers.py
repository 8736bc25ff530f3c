"""Who is linked, created, converted, and who waits on the match desk: of everybody without a link (M1 to M4, M6, X3)."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from agent.employee import Person, Status
from agent.records import Attention, Link, Pending
from agent.strangers import Convert, Create, Join, Known, Matching, Strangers, decide

BORN, OTHER_BORN = date(1980, 1, 1), date(1990, 1, 1)
NOW = datetime(2026, 3, 2, tzinfo=UTC)
ANNA_H = Person("hra", "h1", "Anna", "Papas", Status.CURRENT, date_of_birth=BORN, number="1001")
ANNA_X = Person("xero", "x1", "Anna", "Papas", Status.CURRENT, date_of_birth=BORN)
BEN_H = Person("hra", "h2", "Ben", "Ng", Status.CURRENT, date_of_birth=BORN)
BEN_X = Person("xero", "x2", "Ben", "Ng", Status.CURRENT, date_of_birth=BORN)
CANDIDATE = replace(ANNA_H, id="c1", number=None, candidate=True)
LINK = Link("l1", "h1", "x1")
LOST = Pending("xero", "h1", NOW)
WAYS = pytest.mark.parametrize("way", ["to_xero", "to_hra"])
SWITCHED = pytest.mark.parametrize("switch", ["off", "date_of_birth", "postcode", "either"])


def decided(
    hra: list[Person],
    xero: list[Person],
    way: str = "to_xero",
    *,
    links: tuple[Link, ...] = (),
    pending: tuple[Pending, ...] = (),
    parted: tuple[tuple[str, str], ...] = (),
    alone: tuple[str, ...] = (),
    **matching: Any,
) -> Strangers:
    known = Known(links, pending, frozenset(parted), frozenset(alone))
    return decide(hra, xero, known, Matching(**matching), way)


def desk(made: Strangers) -> dict[str, tuple[str, ...]]:
    """Who waits, and with which possible partners."""
    return {row.scope: tuple(partner.id for partner in row.partners) for row in made.held}


def the_row(made: Strangers) -> Attention:
    (row,) = made.held
    return row


# --- who is linked


@WAYS
def test_M2_exactly_one_partner_is_linked_and_nobody_created(way: str) -> None:
    assert decided([ANNA_H], [ANNA_X], way) == Strangers((Join("h1", "x1"),))


@WAYS
@pytest.mark.parametrize("switch", ["postcode", "off"])
def test_M1_a_switch_that_does_not_match_them_links_nobody_and_creates_nobody(
    way: str, switch: str
) -> None:
    made = decided([ANNA_H], [ANNA_X], way, employees=switch)
    assert (made.joins, made.creates) == ((), ())
    assert desk(made) == ({"hra:h1": ("x1",)} if way == "to_xero" else {"xero:x1": ("h1",)})


@pytest.mark.parametrize("status", [Status.TERMINATED, Status.TERMINATING, Status.AWAY])
def test_M1_T1_people_who_are_not_current_are_linked_and_never_created(status: Status) -> None:
    ended = replace(ANNA_X, status=status)
    assert decided([ANNA_H], [ended]).joins == (Join("h1", "x1"),)
    assert decided([], [ended], "to_hra") == Strangers()
    assert decided([replace(ANNA_H, status=status)], []) == Strangers()


@WAYS
def test_M5_records_that_were_transferred_away_are_nobody_s_partner_and_never_created(
    way: str,
) -> None:
    gone = replace(ANNA_H, status=Status.GONE)
    assert decided([gone], [], way) == Strangers()
    assert decided([gone], [ANNA_X], "to_hra").creates == (Create("hra", ANNA_X),)


def test_linked_people_are_no_strangers() -> None:
    assert decided([ANNA_H], [ANNA_X], links=(LINK,)) == Strangers()


# --- who is created


def test_M2_a_create_goes_the_way_of_the_run() -> None:
    assert decided([BEN_H], [ANNA_X]).creates == (Create("xero", BEN_H),)
    assert decided([BEN_H], [ANNA_X], "to_hra").creates == (Create("hra", ANNA_X),)


NEAR: dict[str, dict[str, Any]] = {
    "the name": {"date_of_birth": None},
    "the name alone, with another birth date": {"date_of_birth": OTHER_BORN},
    "the surname and the birth date": {"first_name": "Hannah"},
    "the e-mail": {"last_name": "Ng", "email": "ANNA@example.com"},
    "the mobile": {"last_name": "Ng", "mobile": "+61 491 570 156"},
}
CLOSE = pytest.mark.parametrize("shares", NEAR.values(), ids=NEAR.keys())
TWIN = replace(ANNA_H, email="anna@example.com", mobile="0491 570 156")


@CLOSE
@SWITCHED
@pytest.mark.parametrize("linked", [False, True], ids=["unlinked", "linked"])
def test_M2_whoever_shares_something_holds_a_create(
    shares: dict[str, Any], switch: str, linked: bool
) -> None:
    other = replace(ANNA_X, **shares)
    links = (Link("l9", "h9", "x1"),) if linked else ()
    made = decided([TWIN], [other], links=links, employees=switch)
    assert (made.joins, made.creates) == ((), ())
    assert desk(made) == {"hra:h1": ("x1",)}


@CLOSE
@pytest.mark.parametrize("status", [Status.TERMINATED, Status.TERMINATING, Status.AWAY])
def test_M2_whoever_is_not_current_any_more_holds_a_create_too(
    shares: dict[str, Any], status: Status
) -> None:
    made = decided([TWIN], [replace(ANNA_X, status=status, **shares)])
    assert (made.creates, desk(made)) == ((), {"hra:h1": ("x1",)})
    (partner,) = the_row(made).partners
    assert "not a current employee" in partner.why


@CLOSE
@SWITCHED
def test_M2_a_candidate_who_is_near_holds_a_create_in_hra(
    shares: dict[str, Any], switch: str
) -> None:
    near = replace(CANDIDATE, **shares)
    x = replace(ANNA_X, email="anna@example.com", mobile="0491 570 156")
    made = decide([], [x], Known(), Matching("date_of_birth", switch), "to_hra", (near,))
    assert (made.creates, made.converts) == ((), ())
    assert desk(made) == {"xero:x1": ("c1",)}
    assert "a candidate" in the_row(made).partners[0].why


def test_M2_a_candidate_who_is_no_longer_one_holds_nobody() -> None:
    gone = replace(CANDIDATE, status=Status.GONE)
    made = decide([], [ANNA_X], Known(), Matching("either", "either"), "to_hra", (gone,))
    assert made == Strangers(creates=(Create("hra", ANNA_X),))


def test_M2_of_two_records_of_one_person_only_one_is_created() -> None:
    made = decided([BEN_H, replace(BEN_H, id="h9")], [ANNA_X])
    assert made.creates == (Create("xero", BEN_H),)
    assert desk(made) == {"hra:h9": ()}
    (row,) = made.held
    assert "h2, who is created in this very run" in row.text and "link" not in row.buttons


@pytest.mark.parametrize("way", ["to_xero", "to_hra"])
def test_M2_whoever_a_person_said_has_no_partner_is_created_beside_a_namesake(way: str) -> None:
    source, scope = (ANNA_H, "hra:h1") if way == "to_xero" else (ANNA_X, "xero:x1")
    made = decided([ANNA_H], [ANNA_X], way, alone=(scope,), employees="off")
    target = "xero" if way == "to_xero" else "hra"
    assert made == Strangers(creates=(Create(target, source, alone=True),))


def test_M2_that_somebody_has_no_partner_says_nothing_about_their_namesakes() -> None:
    made = decided([BEN_H, replace(BEN_H, id="h9")], [BEN_X], alone=("hra:h2",), employees="off")
    assert [create.source.id for create in made.creates] == ["h2"]
    assert set(desk(made)) == {"hra:h9"}


# --- several


def test_M2_two_hra_people_who_match_one_xero_person_wait_for_a_person() -> None:
    both = [ANNA_H, replace(ANNA_H, id="h9")]
    made = decided(both, [ANNA_X])
    assert (made.joins, made.creates) == ((), ())
    assert desk(made) == {"hra:h1": ("x1",), "hra:h9": ("x1",)}
    back = decided(both, [ANNA_X], "to_hra")
    assert (back.joins, back.creates, desk(back)) == ((), (), {"xero:x1": ("h1", "h9")})


def test_M2_two_xero_people_who_match_one_hra_person_wait_for_a_person() -> None:
    both = [ANNA_X, replace(ANNA_X, id="x9")]
    made = decided([ANNA_H], both)
    assert (made.joins, made.creates, desk(made)) == ((), (), {"hra:h1": ("x1", "x9")})
    back = decided([ANNA_H], both, "to_hra")
    assert (back.joins, back.creates) == ((), ())
    assert desk(back) == {"xero:x1": ("h1",), "xero:x9": ("h1",)}


def test_M2_a_row_says_why_somebody_may_be_the_one_and_what_can_be_answered() -> None:
    row = the_row(decided([ANNA_H], [replace(ANNA_X, number="77")], employees="off"))
    assert (row.kind, row.hra_id, row.xero_id, row.number) == (
        "possible-partner",
        "h1",
        None,
        "1001",
    )
    assert row.partners[0].why == ("same name", "same date of birth")
    assert (row.partners[0].side, row.partners[0].number) == ("xero", "77")
    assert row.buttons == ("link", "create", "ignore")


def test_S4_a_held_row_names_nobody() -> None:
    row = the_row(decided([TWIN], [replace(ANNA_X, email=TWIN.email)], employees="off"))
    told = f"{row} {row.partners}"
    for value in ("Anna", "Papas", "1980", "@", "0491"):
        assert value not in told


# --- candidates (M3)


def converting(
    candidates: tuple[Person, ...],
    xero: list[Person],
    switch: str = "date_of_birth",
    *,
    hra: tuple[Person, ...] = (),
    parted: tuple[tuple[str, str], ...] = (),
) -> Strangers:
    whole = Known(parted=frozenset(parted))
    return decide(list(hra), xero, whole, Matching("date_of_birth", switch), "to_hra", candidates)


@pytest.mark.parametrize(
    ("switch", "by_birth", "by_postcode"),
    [("date_of_birth", True, False), ("postcode", False, True), ("either", True, True),
     ("off", False, False)],
)  # fmt: skip
def test_M1_M3_candidates_have_a_switch_of_their_own(
    switch: str, by_birth: bool, by_postcode: bool
) -> None:
    made = converting((CANDIDATE,), [ANNA_X], switch)
    assert made.converts == ((Convert(CANDIDATE, ANNA_X),) if by_birth else ())
    here = replace(CANDIDATE, date_of_birth=None, postcode="2042")
    there = replace(ANNA_X, postcode="2042")
    made = converting((here,), [there], switch)
    assert made.converts == ((Convert(here, there),) if by_postcode else ())
    assert made.creates == ()


def test_M1_M3_a_different_birth_date_vetoes_a_conversion() -> None:
    son = replace(CANDIDATE, date_of_birth=OTHER_BORN, postcode="2042")
    made = converting((son,), [replace(ANNA_X, postcode="2042")], "either")
    assert made.converts == ()
    assert desk(made) == {"xero:x1": ("c1",)}


def test_M3_a_matched_candidate_is_converted_and_not_created() -> None:
    assert converting((CANDIDATE,), [ANNA_X]) == Strangers(converts=(Convert(CANDIDATE, ANNA_X),))


def test_M3_two_candidates_who_match_wait_for_a_person() -> None:
    made = converting((CANDIDATE, replace(CANDIDATE, id="c2")), [ANNA_X])
    assert (made.converts, made.creates) == ((), ())
    assert desk(made) == {"xero:x1": ("c1", "c2")}


@pytest.mark.parametrize("status", [Status.CURRENT, Status.TERMINATED])
def test_M3_two_xero_people_who_match_one_candidate_wait_for_a_person(status: Status) -> None:
    rival = replace(ANNA_X, id="x9", status=status)
    made = converting((CANDIDATE,), [ANNA_X, rival])
    assert (made.converts, made.creates) == ((), ())
    assert "xero:x1" in desk(made)


def test_M3_somebody_linked_is_no_rival_for_a_candidate() -> None:
    rival, links = replace(ANNA_X, id="x9"), (Link("l9", "h9", "x9"),)
    known, matching = Known(links), Matching("date_of_birth", "date_of_birth")
    made = decide([], [ANNA_X, rival], known, matching, "to_hra", (CANDIDATE,))
    assert made.converts == (Convert(CANDIDATE, ANNA_X),)


def test_M3_an_employee_who_is_near_too_holds_a_conversion() -> None:
    near = replace(ANNA_H, first_name="Hannah", status=Status.TERMINATED)
    made = converting((CANDIDATE,), [ANNA_X], hra=(near,))
    assert (made.converts, made.creates) == ((), ())
    assert set(desk(made)["xero:x1"]) == {"h1", "c1"}


def test_M3_only_current_xero_employees_make_a_candidate_an_employee() -> None:
    ended = replace(ANNA_X, status=Status.TERMINATED)
    assert converting((CANDIDATE,), [ended]) == Strangers()


def test_M3_an_export_converts_nobody() -> None:
    matching = Matching("date_of_birth", "either")
    made = decide([], [ANNA_X], Known(), matching, "to_xero", (CANDIDATE,))
    assert made == Strangers()


# --- branches (M4)


@pytest.mark.parametrize(
    ("here", "there", "across", "joined"),
    [
        ("b1", "b1", False, True),
        ("b1", "b2", False, False),
        ("b1", "b2", True, True),
        ("b1", None, False, True),
        (None, "b2", False, True),
    ],
)
@WAYS
def test_M4_a_match_in_another_branch_follows_the_switch(
    here: str | None, there: str | None, across: bool, joined: bool, way: str
) -> None:
    hra, xero = [replace(ANNA_H, branch=here)], [replace(ANNA_X, branch=there)]
    made = decided(hra, xero, way, branches=True, across=across)
    assert made.joins == ((Join("h1", "x1"),) if joined else ())
    assert made.creates == ()
    if not joined:
        (partner,) = the_row(made).partners
        assert "in another branch" in partner.why


def test_M4_branches_that_nobody_matches_say_nothing() -> None:
    hra, xero = [replace(ANNA_H, branch="b1")], [replace(ANNA_X, branch="b2")]
    assert decided(hra, xero, branches=False).joins == (Join("h1", "x1"),)


@pytest.mark.parametrize("across", [False, True])
def test_M3_M4_a_candidate_in_another_branch_follows_the_switch(across: bool) -> None:
    here, there = replace(CANDIDATE, branch="b1"), replace(ANNA_X, branch="b2")
    matching = Matching("off", "date_of_birth", across, branches=True)
    made = decide([], [there], Known(), matching, "to_hra", (here,))
    assert made.converts == ((Convert(here, there),) if across else ())
    assert made.creates == ()


# --- parted and ignored (M6)


@WAYS
def test_M6_two_whom_a_person_parted_are_never_joined_by_themselves(way: str) -> None:
    made = decided([ANNA_H], [ANNA_X], way, parted=(("h1", "x1"),))
    assert (made.joins, made.creates) == ((), ())
    (partner,) = the_row(made).partners
    assert "the link was broken by a person" in partner.why


def test_M6_a_parted_candidate_is_not_converted() -> None:
    made = converting((CANDIDATE,), [ANNA_X], parted=(("c1", "x1"),))
    assert (made.converts, made.creates) == ((), ())


def test_M6_that_two_are_parted_says_nothing_about_others() -> None:
    made = decided([ANNA_H, BEN_H], [ANNA_X, BEN_X], parted=(("h1", "x2"), ("h2", "x1")))
    assert set(made.joins) == {Join("h1", "x1"), Join("h2", "x2")}


@WAYS
def test_M6_ignored_people_are_left_alone(way: str) -> None:
    """The shell hands in whoever is ignored as if they were linked to nobody."""
    ignored = (Link("", "h1", ""), Link("", "", "x1"))
    assert decided([ANNA_H], [ANNA_X], way, links=ignored) == Strangers()


# --- creates whose answer was lost (X3)


@SWITCHED
@WAYS
def test_X3_the_one_find_of_a_lost_create_is_adopted(switch: str, way: str) -> None:
    made = decided([ANNA_H], [ANNA_X], way, pending=(LOST,), employees=switch)
    assert made == Strangers((Join("h1", "x1", adopt=True),), settled=(LOST,))


def test_X3_a_lost_create_that_never_happened_is_created_again() -> None:
    made = decided([ANNA_H], [], pending=(LOST,))
    assert made == Strangers(creates=(Create("xero", ANNA_H),), settled=(LOST,))


def test_X3_several_finds_of_a_lost_create_wait_for_a_person() -> None:
    made = decided([ANNA_H], [ANNA_X, replace(ANNA_X, id="x9")], pending=(LOST,))
    assert (made.joins, made.creates, made.settled) == ((), (), ())
    assert desk(made) == {"hra:h1": ("x1", "x9")}
    assert "link the right one" in the_row(made).text
    assert the_row(made).buttons == ("link", "create", "ignore")


def test_X3_a_lost_create_in_hra_is_adopted_the_other_way_round() -> None:
    lost = Pending("hra", "x2", NOW)
    made = decided([BEN_H], [BEN_X], "to_hra", pending=(lost,), employees="off")
    assert made.joins == (Join("h2", "x2", adopt=True),)


def test_X3_a_lost_create_of_somebody_linked_meanwhile_is_settled() -> None:
    made = decided([ANNA_H], [ANNA_X], links=(LINK,), pending=(LOST,))
    assert (made.joins, made.creates, made.settled) == ((), (), (LOST,))


def test_X3_two_lost_creates_never_share_a_find() -> None:
    lost = (LOST, Pending("xero", "h3", NOW))
    made = decided([ANNA_H, replace(ANNA_H, id="h3")], [ANNA_X], pending=lost)
    assert (made.joins, made.creates, made.settled) == ((), (), ())
    assert set(desk(made)) == {"hra:h1", "hra:h3"}


def test_X3_a_namesake_of_another_birth_date_is_no_find() -> None:
    other = replace(ANNA_X, date_of_birth=OTHER_BORN)
    made = decided([ANNA_H], [other], pending=(LOST,))
    assert (made.joins, made.creates, made.settled) == ((), (), (LOST,))
    assert desk(made) == {"hra:h1": ("x1",)}


def test_X3_M5_a_record_that_was_transferred_away_is_no_find_of_a_lost_create() -> None:
    lost, gone = Pending("hra", "x1", NOW), replace(ANNA_H, status=Status.GONE)
    made = decided([gone], [ANNA_X], "to_hra", pending=(lost,))
    assert made == Strangers(creates=(Create("hra", ANNA_X),), settled=(lost,))


def test_X3_M2_the_namesake_whom_a_person_ruled_out_is_no_find_of_a_lost_create() -> None:
    """A person said: Anna in HRA has no partner. Her create was lost; the Anna who stood there is still another one."""
    made = decided([ANNA_H], [ANNA_X], pending=(LOST,), alone=("hra:h1",), employees="off")
    assert made.joins == ()


def test_X3_M6_a_lost_create_never_joins_two_whom_a_person_parted() -> None:
    made = decided([ANNA_H], [ANNA_X], pending=(LOST,), parted=(("h1", "x1"),))
    assert made.joins == ()
