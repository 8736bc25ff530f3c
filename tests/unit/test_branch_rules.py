"""Branch and Employee Group as one value: what is held, what moves a person (B2, B3)."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from agent.employee import Employee, Status
from agent.merge import Base, Decision, Kind
from tests.unit.canonical_values import (
    BASES,
    CHANGED,
    HRA_CHANGED,
    NEVER,
    SAME,
    XERO_CHANGED,
    hra,
    xero,
)
from tests.unit.decisions import BOTH, decide, decide_all, held

CHOICES: tuple[dict[str, str], ...] = ({}, {"branch": "hra"}, {"branch": "xero"})
MODES = ("authoritative", "changed", "all")


def branch(base: Base, one: Any = "b1", other: Any = "b2", **rules: Any) -> Decision:
    return decide("branch", one, other, base, **{"branches": True, **rules})


def unmapped(base: Base, **rules: Any) -> dict[str, Decision]:
    """A person whose Employee Group the map does not know, and whose phone changed in HRA."""
    one = hra(branch="b1", mobile="0491 570 156")
    other = replace(xero(branch=None, mobile="0491 570 157"), unmapped="Night Crew ")
    bases = {"branch": base, "mobile": HRA_CHANGED}
    return decide_all(one, other, bases, **{"branches": True, **rules})


# --- B2: nothing is guessed


@pytest.mark.parametrize("base", BASES)
def test_B2_a_group_that_maps_to_no_branch_is_held_by_its_exact_name(base: Base) -> None:
    for authority, mode, chosen in product(("hra", "xero"), MODES, CHOICES):
        made = unmapped(base, authority=authority, mode=mode, chosen=chosen, by_person=True,
                        transfers=True, overrule=True)["branch"]  # fmt: skip
        assert (held(made), made.detail) == ("unmapped_group", "Night Crew ")


def test_B2_an_unmapped_group_holds_nothing_else_of_the_record() -> None:
    assert unmapped(SAME)["mobile"].kind is Kind.TO_XERO


def test_D7_an_unmapped_group_is_not_told_where_the_branch_is_off() -> None:
    made = unmapped(XERO_CHANGED, directions={"branch": "off"})["branch"]
    assert (made.kind, made.reason) == (Kind.NOTHING, "off")


@pytest.mark.parametrize("base", BASES)
def test_B1_without_matching_nobody_s_branch_is_compared(base: Base) -> None:
    for authority, mode, chosen in product(("hra", "xero"), MODES, CHOICES):
        rules = {"authority": authority, "mode": mode, "chosen": chosen, "transfers": True}
        assert branch(base, branches=False, **rules).kind is Kind.NOTHING
    assert unmapped(base, branches=False)["branch"].kind is Kind.NOTHING


@pytest.mark.parametrize("base", BASES)
def test_B2_a_listing_that_does_not_tell_the_group_decides_nothing(base: Base) -> None:
    one = hra(branch="b1")
    summary = Employee("xero", "x", Status.CURRENT, {"email": None}, frozenset())
    for mode in MODES:
        made = decide_all(one, summary, {"branch": base}, branches=True, transfers=True, mode=mode)
        assert made["branch"].kind is Kind.NOTHING


@BOTH
@pytest.mark.parametrize("mode", MODES)
def test_B2_nobody_loses_a_branch_or_a_group(authority: str, mode: str) -> None:
    rules = {"authority": authority, "mode": mode, "transfers": True, "by_person": True}
    assert held(branch(XERO_CHANGED, other=None, **rules)) == "emptied"
    waits = "own_yes" if mode == "all" else "emptied"
    assert held(branch(HRA_CHANGED, one=None, **rules)) == waits


# --- B3: a changed group moves the person only where transfers are on


@pytest.mark.parametrize("transfers", [True, False])
@pytest.mark.parametrize(
    ("base", "rules"),
    [
        (XERO_CHANGED, {"authority": "hra"}),
        (CHANGED, {"authority": "xero"}),
        (NEVER, {"authority": "xero", "by_person": True}),
        (CHANGED, {"authority": "hra", "mode": "changed", "overrule": True}),
        (HRA_CHANGED, {"authority": "hra", "mode": "all", "overrule": True}),
        (XERO_CHANGED, {"authority": "hra", "directions": {"branch": "to_hra"}}),
    ],
    ids=["xero changed", "conflict", "first contact", "import of changed", "import of all", "one way"],
)  # fmt: skip
def test_B3_a_branch_that_would_move_somebody_waits_unless_transfers_are_on(
    base: Base, rules: dict[str, Any], transfers: bool
) -> None:
    made = branch(base, **rules, transfers=transfers)
    if transfers:
        assert (made.kind, made.value) == (Kind.TO_HRA, "b2")
    else:
        assert held(made) == "transfer_off"


@pytest.mark.parametrize("transfers", [True, False])
def test_B3_a_branch_changed_in_hra_goes_to_xero_whether_or_not_transfers_are_on(
    transfers: bool,
) -> None:
    made = branch(HRA_CHANGED, transfers=transfers)
    assert (made.kind, made.value) == (Kind.TO_XERO, "b1")


@pytest.mark.parametrize("base", [NEVER, SAME, CHANGED, HRA_CHANGED, XERO_CHANGED])
def test_D7_a_person_s_choice_moves_somebody_or_their_group_with_transfers_off(base: Base) -> None:
    moved = branch(base, chosen={"branch": "xero"}, authority="hra")
    assert (moved.kind, moved.value, moved.why) == (Kind.TO_HRA, "b2", "chosen")
    stayed = branch(base, chosen={"branch": "hra"}, authority="xero")
    assert (stayed.kind, stayed.value, stayed.why) == (Kind.TO_XERO, "b1", "chosen")


def test_B3_a_group_changed_where_the_branch_goes_to_xero_only_is_drift() -> None:
    made = branch(XERO_CHANGED, transfers=True, directions={"branch": "to_xero"})
    assert held(made) == "drift"


@pytest.mark.parametrize("chosen", [{}, {"branch": "xero"}], ids=["a run", "a person's choice"])
def test_B3_nobody_is_moved_out_of_a_branch_that_no_employee_group_stands_for(
    chosen: dict[str, str],
) -> None:
    made = branch(XERO_CHANGED, transfers=True, grouped=frozenset({"b2"}), chosen=chosen)
    assert held(made) == "unmapped_branch"


@BOTH
def test_D2_different_branches_at_first_contact_wait_on_a_schedule(authority: str) -> None:
    made = branch(NEVER, authority=authority, transfers=True)
    assert held(made) == "first_contact"


@pytest.mark.parametrize("status", [one for one in Status if one is not Status.CURRENT])
def test_T1_the_group_of_somebody_who_is_not_current_stays(status: Status) -> None:
    one, other = hra(status, branch="b1"), xero(branch="b2")
    made = decide_all(one, other, {"branch": HRA_CHANGED}, branches=True)["branch"]
    assert held(made) == "not_current"
