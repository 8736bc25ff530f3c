"""One record's write, whom a side can take at all, and the guard against an empty listing."""

from collections.abc import Sequence

import pytest

from agent import plan
from agent.employee import UNKNOWN, Exemption, MaskedTfn, Person, Status, Value
from agent.errors import Braked
from agent.fields import FIELDS
from agent.merge import Decision, Kind
from agent.records import Link
from tests.unit.canonical_values import MASK, NUMBER, THREE, hra, xero

ANNA_H = Person("hra", "h1", "Anna", "Papas", Status.CURRENT)
ANNA_X = Person("xero", "x1", "Anna", "Papas", Status.CURRENT)
WAYS = pytest.mark.parametrize("way", ["to_xero", "to_hra"])
LINK, OTHER_LINK = Link("l1", "h1", "x1"), Link("l2", "h2", "x2")


# --- the guard


@pytest.mark.parametrize(
    ("side", "name"), [("hra", "HRA Cloud lists nobody"), ("xero", "Xero lists nobody")]
)
@pytest.mark.parametrize(
    ("links", "told"), [([LINK], "one person is linked"), ([LINK, OTHER_LINK], "2 people are")]
)
def test_S1_D8_a_side_that_lists_nobody_is_never_all_gone(
    side: str, name: str, links: Sequence[Link], told: str
) -> None:
    listed = {"hra": [ANNA_H], "xero": [ANNA_X], side: []}
    with pytest.raises(Braked, match=name) as braked:
        plan.guard(links, listed)
    assert told in braked.value.why
    assert braked.value.hash == ""


def test_S1_D8_an_empty_side_is_fine_while_nobody_is_linked() -> None:
    plan.guard([], {"hra": [ANNA_H], "xero": []})
    plan.guard([LINK], {"hra": [ANNA_H], "xero": [ANNA_X]})


def test_S1_D8_a_side_of_which_only_the_changes_were_listed_may_be_empty() -> None:
    plan.guard([LINK], {"hra": [ANNA_H]})


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


# Named here once more: what the code asks for must not be all that it is asked about.
NEEDED = ("first_name", "last_name", "date_of_birth", "home_address")


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("value", [None, UNKNOWN])
def test_D6_a_person_whom_xero_cannot_take_is_held_whole(name: str, value: Value) -> None:
    whole = {needed: THREE[needed][0] for needed in NEEDED}
    assert plan.why_not_creatable(hra(**whole), "xero", whole) is None
    missing = {key: there for key, there in whole.items() if key != name}
    told = plan.why_not_creatable(hra(**{**whole, name: value}), "xero", missing)
    assert told == f"{FIELDS[name].label} is missing"


@pytest.mark.parametrize("name", ["first_name", "last_name", "branch"])
def test_D6_a_person_whom_hra_cannot_take_is_held_whole(name: str) -> None:
    whole: dict[str, Value] = {"first_name": "Anna", "last_name": "Papas", "branch": "b1"}
    assert plan.why_not_creatable(xero(**whole), "hra", whole) is None
    missing = {key: there for key, there in whole.items() if key != name}
    told = plan.why_not_creatable(xero(**{**whole, name: None}), "hra", missing)
    assert told == f"{FIELDS[name].label} is missing"


def test_D7_a_needed_field_that_may_not_travel_is_named() -> None:
    whole = {needed: THREE[needed][0] for needed in NEEDED}
    changes = {key: value for key, value in whole.items() if key != "home_address"}
    told = plan.why_not_creatable(hra(**whole), "xero", changes)
    assert told is not None and "[directions]" in told


@WAYS
def test_a_blank_record_holds_nothing_and_was_read_in_full(way: str) -> None:
    blank = plan.blank(plan.TARGETS[way])
    assert set(blank.values) == set(FIELDS) and set(blank.values.values()) == {None}
