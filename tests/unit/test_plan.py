"""What becomes of people without a link, the guard against empty listings, one record's write."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from agent import plan
from agent.employee import UNKNOWN, Exemption, MaskedTfn, Person, Status, Value
from agent.errors import MissingPage
from agent.fields import FIELDS
from agent.merge import Decision, Kind
from agent.records import Link, Pending
from tests.unit.canonical_values import MASK, NUMBER, THREE, hra, xero

BORN = date(1980, 1, 1)
NOW = datetime(2026, 3, 2, tzinfo=UTC)
ANNA_H = Person("hra", "h1", "Anna", "Papas", Status.CURRENT, date_of_birth=BORN, number="1001")
ANNA_X = Person("xero", "x1", "Anna", "Papas", Status.CURRENT, date_of_birth=BORN)
BEN_H = Person("hra", "h2", "Ben", "Ng", Status.CURRENT, date_of_birth=BORN)
BEN_X = Person("xero", "x2", "Ben", "Ng", Status.CURRENT, date_of_birth=BORN)
WAYS = pytest.mark.parametrize("way", ["to_xero", "to_hra"])
LINK = Link("l1", "h1", "x1")


def decide(
    hra: list[Person],
    xero: list[Person],
    *,
    links: tuple[Link, ...] = (),
    pending: tuple[Pending, ...] = (),
    switch: str = "date_of_birth",
    way: str = "to_xero",
) -> plan.Strangers:
    return plan.strangers(hra, xero, links, pending, switch, way)


# --- the guard


@pytest.mark.parametrize("side", ["hra", "xero"])
def test_D8_a_side_that_lists_nobody_is_never_all_gone(side: str) -> None:
    listed = {"hra": [ANNA_H], "xero": [ANNA_X], side: []}
    with pytest.raises(MissingPage, match="1 people are linked"):
        plan.guard([LINK], listed)


def test_D8_an_empty_side_is_fine_while_nobody_is_linked() -> None:
    plan.guard([], {"hra": [ANNA_H], "xero": []})
    plan.guard([LINK], {"hra": [ANNA_H], "xero": [ANNA_X]})


# --- strangers


@WAYS
def test_M2_exactly_one_partner_is_linked_and_nobody_created(way: str) -> None:
    assert decide([ANNA_H], [ANNA_X], way=way) == plan.Strangers((plan.Join("h1", "x1"),))


@pytest.mark.parametrize(
    ("way", "created"), [("to_xero", plan.Create("xero", BEN_H)), ("to_hra", None)]
)
def test_M2_a_create_goes_the_way_of_the_run(way: str, created: plan.Create | None) -> None:
    made = decide([ANNA_H, BEN_H], [ANNA_X], way=way)
    assert made.creates == ((created,) if created else ())
    assert decide([ANNA_H], [ANNA_X, BEN_X], way="to_hra").creates == (plan.Create("hra", BEN_X),)


@pytest.mark.parametrize(
    "status", [Status.TERMINATED, Status.TERMINATING, Status.AWAY, Status.GONE]
)
def test_T2_only_current_people_are_created(status: Status) -> None:
    assert decide([replace(BEN_H, status=status)], [ANNA_X]).creates == ()
    made = decide([ANNA_H], [replace(BEN_X, status=status)], way="to_hra")
    assert made.creates == ()


def test_M2_matching_off_still_holds_a_create_that_stands_too_near() -> None:
    made = decide([ANNA_H], [ANNA_X], switch="off")
    assert (made.joins, made.creates) == ((), ())
    (row,) = made.held
    assert (row.kind, row.hra_id, row.scope) == ("possible-partner", "h1", "hra:h1")


def test_M2_a_linked_namesake_holds_a_create_too() -> None:
    made = decide([ANNA_H, replace(ANNA_H, id="h9")], [ANNA_X], links=(LINK,))
    assert (made.joins, made.creates) == ((), ())
    assert [row.hra_id for row in made.held] == ["h9"]


def test_M2_several_possible_partners_are_held_once_each() -> None:
    made = decide([ANNA_H], [ANNA_X, replace(ANNA_X, id="x9")])
    assert (made.joins, made.creates) == ((), ())
    assert [row.scope for row in made.held] == ["hra:h1"]


def test_S4_a_held_row_names_nobody() -> None:
    (row,) = decide([ANNA_H], [ANNA_X], switch="off").held
    assert "Anna" not in row.text and "1980" not in row.text


def test_M2_of_two_records_of_one_person_only_one_is_created() -> None:
    made = decide([BEN_H, replace(BEN_H, id="h9")], [ANNA_X])
    assert made.creates == (plan.Create("xero", BEN_H),)
    assert [(row.kind, row.hra_id) for row in made.held] == [("possible-partner", "h9")]


def test_linked_people_are_no_strangers() -> None:
    assert decide([ANNA_H], [ANNA_X], links=(LINK,)) == plan.Strangers()


# --- creates whose answer was lost

LOST = Pending("xero", "h1", NOW)


@pytest.mark.parametrize("switch", ["off", "date_of_birth"])
def test_X3_the_one_find_of_a_lost_create_is_adopted(switch: str) -> None:
    made = decide([ANNA_H], [ANNA_X], pending=(LOST,), switch=switch)
    assert made == plan.Strangers((plan.Join("h1", "x1", adopt=True),), settled=(LOST,))


def test_X3_a_lost_create_that_never_happened_is_created_again() -> None:
    made = decide([ANNA_H], [], pending=(LOST,))
    assert made == plan.Strangers(creates=(plan.Create("xero", ANNA_H),), settled=(LOST,))


def test_X3_several_finds_of_a_lost_create_wait_for_a_person() -> None:
    made = decide([ANNA_H], [ANNA_X, replace(ANNA_X, id="x9")], pending=(LOST,))
    assert (made.joins, made.creates, made.settled) == ((), (), ())
    assert [row.scope for row in made.held] == ["hra:h1"]


def test_X3_a_lost_create_in_hra_is_adopted_the_other_way_round() -> None:
    lost = Pending("hra", "x2", NOW)
    made = decide([BEN_H], [BEN_X], pending=(lost,), switch="off", way="to_hra")
    assert made.joins == (plan.Join("h2", "x2", adopt=True),)


def test_X3_a_lost_create_of_somebody_linked_meanwhile_is_settled() -> None:
    assert decide([ANNA_H], [ANNA_X], links=(LINK,), pending=(LOST,)).settled == (LOST,)


def test_X3_two_lost_creates_never_share_a_find() -> None:
    twin = replace(ANNA_H, id="h3")
    lost = (LOST, Pending("xero", "h3", NOW))
    made = decide([ANNA_H, twin], [ANNA_X], pending=lost)
    assert (made.joins, made.creates, made.settled) == ((), (), ())
    assert {row.scope for row in made.held} == {"hra:h1", "hra:h3"}


# --- one write


def decisions(**kinds: tuple[Kind, Value]) -> list[Decision]:
    """Every field's decision; those not named do nothing."""
    return [Decision(name, *kinds.get(name, (Kind.NOTHING, None))) for name in FIELDS]


def test_R1_a_run_carries_out_its_own_direction_only() -> None:
    made = decisions(mobile=(Kind.TO_XERO, "1"), email=(Kind.TO_HRA, "2"), phone=(Kind.HOLD, None))
    there = plan.writes(LINK, hra(email="0"), xero(mobile="9"), made, "to_xero")
    here = plan.writes(LINK, hra(email="0"), xero(mobile="9"), made, "to_hra")
    assert there == plan.Write(LINK, "xero", {"mobile": "1"}, {"mobile": "9"})
    assert here == plan.Write(LINK, "hra", {"email": "2"}, {"email": "0"})


def test_D4_nothing_to_carry_out_is_no_write() -> None:
    assert plan.writes(LINK, hra(), xero(), decisions(), "to_xero") is None


def test_F4_a_tax_write_to_xero_carries_the_number_both_sides_agree_on() -> None:
    made = decisions(leave_loading=(Kind.TO_XERO, True))
    write = plan.writes(LINK, hra(), xero(), made, "to_xero")
    assert write is not None
    assert write.changes == {"leave_loading": True, "tfn_or_exemption": NUMBER}
    assert write.was == {"leave_loading": None}


@pytest.mark.parametrize("held", [MASK, MaskedTfn("1", valid=False), Exemption("PENDING"), None])
def test_F4_a_tax_write_never_carries_anything_but_a_full_number(held: Value) -> None:
    made = decisions(leave_loading=(Kind.TO_XERO, True))
    write = plan.writes(LINK, hra(tfn_or_exemption=held), xero(), made, "to_xero")
    assert write is not None and write.changes == {"leave_loading": True}


def test_F4_a_tax_write_leaves_a_disputed_number_alone() -> None:
    made = decisions(leave_loading=(Kind.TO_XERO, True), tfn_or_exemption=(Kind.HOLD, None))
    write = plan.writes(LINK, hra(), xero(), made, "to_xero")
    assert write is not None and write.changes == {"leave_loading": True}


def test_F4_a_write_without_tax_carries_no_number() -> None:
    write = plan.writes(LINK, hra(), xero(), decisions(mobile=(Kind.TO_XERO, "1")), "to_xero")
    assert write is not None and "tfn_or_exemption" not in write.changes


# --- who can be created at all


@pytest.mark.parametrize("name", plan.NEEDED["xero"])
@pytest.mark.parametrize("value", [None, UNKNOWN])
def test_D6_a_person_whom_xero_cannot_take_is_held_whole(name: str, value: Value) -> None:
    whole = {needed: THREE[needed][0] for needed in plan.NEEDED["xero"]}
    assert plan.why_not_creatable(hra(**whole), "xero", whole) is None
    missing = {key: there for key, there in whole.items() if key != name}
    told = plan.why_not_creatable(hra(**{**whole, name: value}), "xero", missing)
    assert told == f"{FIELDS[name].label} is missing"


def test_D7_a_needed_field_that_may_not_travel_is_named() -> None:
    whole = {needed: THREE[needed][0] for needed in plan.NEEDED["xero"]}
    changes = {key: value for key, value in whole.items() if key != "home_address"}
    told = plan.why_not_creatable(hra(**whole), "xero", changes)
    assert told is not None and "[directions]" in told


@WAYS
def test_a_blank_record_holds_nothing_and_was_read_in_full(way: str) -> None:
    blank = plan.blank(plan.TARGETS[way])
    assert set(blank.values) == set(FIELDS) and set(blank.values.values()) == {None}
