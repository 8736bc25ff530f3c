"""Changes that a second person approves: what waits, what goes on, who is said to have asked (S2)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from agent.employee import Status, Value
from agent.merge import APPROVALS, APPROVED_AS, SENDS, Asked, Base, Decision, Kind, asker
from agent.merge.decision import Rules
from agent.records import Approval
from tests.unit.canonical_values import (
    CHANGED,
    HRA_CHANGED,
    MASK,
    NEVER,
    OTHER_NUMBER,
    PENDING,
    SAME,
    THREE,
    UNFIT,
    UNQUOTED,
    XERO_CHANGED,
    hra,
    xero,
)
from tests.unit.decisions import decide, decide_all, held

NOW = datetime(2026, 3, 1, tzinfo=UTC)
EVERY = frozenset({"bank", "super", "tfn"})
WAYS = {"xero": Kind.TO_XERO, "hra": Kind.TO_HRA}
STATES = (None, "waiting", "approved", "rejected")


def values(name: str, target: str) -> tuple[Value, Value]:
    """What both sides hold of a field that can go to the target."""
    if name != "tfn_or_exemption":
        return THREE[name][0], THREE[name][1]
    return (OTHER_NUMBER, MASK) if target == "xero" else (PENDING, UNQUOTED)


def comes_about(how: str, name: str, target: str) -> tuple[Base, dict[str, Any]]:
    """One way in which a change of a field towards the target comes about."""
    source = "hra" if target == "xero" else "xero"
    if how == "changed":
        return (HRA_CHANGED if target == "xero" else XERO_CHANGED), {"authority": target}
    if how == "conflict":
        return CHANGED, {"authority": source}
    return NEVER, {"authority": target, "chosen": {name: source}, "actor": "page:anna"}


HOWS = ("changed", "conflict", "chosen")


def said(state: str | None, by: str = "page:ben", asked_by: str = "hra") -> Asked:
    """A second person who answered every question alike; None: nobody was asked."""

    def answer(decision: Decision) -> Approval | None:
        assert decision.kind in SENDS
        return Approval(decision.kind.value, "m", NOW, asked_by, state, by) if state else None

    return answer


def never_asked(decision: Decision) -> Approval | None:
    raise AssertionError(f"nobody has to approve {decision.name}")


def test_S2_the_words_of_the_setting_are_the_kinds_that_can_be_approved() -> None:
    assert set(APPROVED_AS.values()) == EVERY


# --- the table: field, way, how the change came about, what the second person said


@pytest.mark.parametrize("name", APPROVED_AS)
@pytest.mark.parametrize("target", ["xero", "hra"])
@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("state", STATES)
def test_S2_a_change_travels_only_after_a_second_person_s_yes(
    name: str, target: str, how: str, state: str | None
) -> None:
    base, rules = comes_about(how, name, target)
    pair = values(name, target)
    made = decide(name, *pair, base, approve=EVERY, asked=said(state), **rules)
    free = decide(name, *pair, base, **rules)
    assert free.kind is WAYS[target]
    if state == "approved":
        assert made == free
        return
    asked = "changed in HRA Cloud"
    if state is None:
        asked = "asked for by anna" if how == "chosen" else f"changed in {SOURCES[target]}"
    expected = (f"rejected_{target}", "ben") if state == "rejected" else (
        f"approval_{target}", asked
    )  # fmt: skip
    assert (held(made), made.detail) == expected
    assert (made.value, made.conflict, made.why) == (free.value, free.conflict, free.why)


SOURCES = {"xero": "HRA Cloud", "hra": "Xero"}


@pytest.mark.parametrize("name", APPROVED_AS)
@pytest.mark.parametrize("how", HOWS)
def test_S2_empty_is_off_and_only_the_kinds_named_are_asked_about(name: str, how: str) -> None:
    others = EVERY - {APPROVED_AS[name]}
    for target, approve in product(WAYS, (frozenset[str](), others)):
        base, rules = comes_about(how, name, target)
        made = decide(
            name, *values(name, target), base, approve=approve, asked=never_asked, **rules
        )
        assert made.kind is WAYS[target]


def test_S2_every_other_field_travels_without_anybody_s_yes() -> None:
    for name in THREE:
        if name in APPROVED_AS:
            continue
        made = decide(name, *THREE[name][:2], HRA_CHANGED, approve=EVERY, asked=never_asked)
        assert made.kind is Kind.TO_XERO


# --- what is asked about


@pytest.mark.parametrize("target", ["xero", "hra"])
def test_S2_the_second_person_is_asked_about_the_list_as_it_would_be_written(target: str) -> None:
    """Memberships that only the target has stay in what is sent: the mark is made of all of it."""
    first, _, other = THREE["super_memberships"]
    asked: list[Decision] = []

    def find(decision: Decision) -> Approval | None:
        asked.append(decision)
        return None

    base, rules = comes_about("changed", "super_memberships", target)
    decide("super_memberships", first, other, base, approve=EVERY, asked=find, **rules)
    (question,) = asked
    assert {row.usi for row in question.value} == {first[0].usi, other[0].usi}
    assert question.kind is WAYS[target]


@pytest.mark.parametrize("name", APPROVED_AS)
@pytest.mark.parametrize("base", [NEVER, SAME, CHANGED])
def test_S2_nobody_is_asked_about_what_does_not_travel_anyway(name: str, base: Base) -> None:
    one, other = values(name, "xero")
    decide(name, one, other, base, conflicts="hold", approve=EVERY, asked=never_asked)
    decide(name, one, one, base, approve=EVERY, asked=never_asked)


BLOCKED: Mapping[str, Callable[[], Decision]] = {
    "not_current": lambda: decide_all(
        hra(Status.AWAY, bank_accounts=THREE["bank_accounts"][0]),
        xero(bank_accounts=THREE["bank_accounts"][1]),
        {"bank_accounts": HRA_CHANGED},
        approve=EVERY, asked=never_asked,
    )["bank_accounts"],
    "cannot_travel": lambda: decide(
        "bank_accounts", UNFIT["bank_accounts"], THREE["bank_accounts"][0], HRA_CHANGED,
        approve=EVERY, asked=never_asked,
    ),
    "emptied": lambda: decide(
        "bank_accounts", None, THREE["bank_accounts"][0], HRA_CHANGED,
        approve=EVERY, asked=never_asked,
    ),
    "stopped": lambda: decide(
        "bank_accounts", *THREE["bank_accounts"][:2], HRA_CHANGED,
        stopped=frozenset({"bank"}), approve=EVERY, asked=never_asked,
    ),
}  # fmt: skip


@pytest.mark.parametrize("reason", BLOCKED)
def test_S2_what_cannot_travel_is_told_as_such_before_anybody_is_asked(reason: str) -> None:
    assert held(BLOCKED[reason]()) == reason


@pytest.mark.parametrize("name", ["bank_accounts", "super_memberships"])
@pytest.mark.parametrize("target", ["xero", "hra"])
def test_S2_what_fills_an_empty_side_at_first_contact_is_asked_about_too(
    name: str, target: str
) -> None:
    full = THREE[name][0]
    pair: tuple[Value, Value] = (full, None) if target == "xero" else (None, full)
    assert held(decide(name, *pair, NEVER, approve=EVERY)) == f"approval_{target}"
    assert decide(name, *pair, NEVER, approve=EVERY, asked=said("approved")).kind is WAYS[target]


@pytest.mark.parametrize("mode", ["changed", "all"])
def test_S2_approvals_stand_in_an_import_where_xero_wins(mode: str) -> None:
    pair = THREE["bank_accounts"][:2]
    rules: dict[str, Any] = {"mode": mode, "overrule": True, "approve": EVERY}
    made = decide("bank_accounts", *pair, CHANGED, actor="page:anna", **rules)
    assert (held(made), made.detail) == ("approval_hra", "asked for by anna")
    scheduled = decide("bank_accounts", *pair, CHANGED, actor="schedule", **rules)
    assert (held(scheduled), scheduled.detail) == ("approval_hra", "changed in Xero")


@pytest.mark.parametrize("mode", ["changed", "all"])
def test_R2_an_approved_change_still_needs_the_record_s_own_yes(mode: str) -> None:
    made = decide(
        "bank_accounts", *THREE["bank_accounts"][:2], CHANGED,
        mode=mode, approve=EVERY, asked=said("approved"),
    )  # fmt: skip
    assert held(made) == "own_yes"


# --- the declaration is one, the record is not


def disputed(state: str | None, **rules: Any) -> dict[str, Decision]:
    """A declaration in conflict that HRA wins, its number among what travels."""
    one = hra(tfn_or_exemption=OTHER_NUMBER, employment_basis="CASUAL", mobile="0491 570 156")
    other = xero(employment_basis="PART_TIME", mobile="0491 570 157")
    bases = {"tfn_or_exemption": HRA_CHANGED, "employment_basis": CHANGED, "mobile": HRA_CHANGED}
    return decide_all(one, other, bases, approve=EVERY, asked=said(state), **rules)


@pytest.mark.parametrize("state", STATES)
def test_S2_a_declaration_in_conflict_waits_as_a_whole_and_the_phone_travels(
    state: str | None,
) -> None:
    made = disputed(state)
    assert made["mobile"].kind is Kind.TO_XERO
    kinds = {made["tfn_or_exemption"].kind, made["employment_basis"].kind}
    assert kinds == ({Kind.TO_XERO} if state == "approved" else {Kind.HOLD})


@pytest.mark.parametrize("state", [None, "waiting"])
def test_S2_the_whole_declaration_is_told_as_waiting_for_the_same_approval(
    state: str | None,
) -> None:
    made = disputed(state)
    number, basis = made["tfn_or_exemption"], made["employment_basis"]
    assert number.reason in APPROVALS
    assert (basis.reason, basis.detail) == (number.reason, number.detail)


@pytest.mark.parametrize("state", [None, "waiting", "rejected"])
def test_S2_a_number_that_waits_holds_back_no_other_tax_change_where_nothing_is_in_conflict(
    state: str | None,
) -> None:
    one = hra(tfn_or_exemption=OTHER_NUMBER, leave_loading=True)
    other = xero(leave_loading=False)
    bases = {"tfn_or_exemption": HRA_CHANGED, "leave_loading": HRA_CHANGED}
    made = decide_all(one, other, bases, approve=EVERY, asked=said(state))
    assert made["tfn_or_exemption"].kind is Kind.HOLD
    assert made["leave_loading"].kind is Kind.TO_XERO


# --- who asks


@pytest.mark.parametrize(
    ("why", "target", "actor", "expected"),
    [
        ("chosen", "xero", "page:anna", "page:anna"),
        ("chosen", "hra", "command", "command"),
        ("chosen", "hra", "command:ben", "command:ben"),
        ("xero_wins", "hra", "page:anna", "page:anna"),
        ("xero_wins", "hra", "schedule", "xero"),
        ("xero_wins", "hra", "", "xero"),
        ("chosen", "xero", "eSS", "hra"),
        ("hra_changed", "xero", "page:anna", "hra"),
        ("xero_changed", "hra", "page:anna", "xero"),
        ("authority", "xero", "page:anna", "hra"),
        ("authority", "hra", "command", "xero"),
        ("one_way", "hra", "page:anna", "xero"),
        ("filled", "xero", "page:anna", "hra"),
    ],
)
def test_S2_who_asks_is_whoever_chose_else_the_system_where_it_changed(
    why: str, target: str, actor: str, expected: str
) -> None:
    assert asker(why, target, Rules("hra", actor=actor)) == expected


@pytest.mark.parametrize(
    ("asked_by", "told"),
    [
        ("hra", "changed in HRA Cloud"),
        ("xero", "changed in Xero"),
        ("page:anna", "asked for by anna"),
        ("command:ben", "asked for by ben"),
        ("command", "asked for by somebody at the terminal"),
    ],
)
def test_S2_a_row_goes_on_naming_who_asked_first(asked_by: str, told: str) -> None:
    made = decide(
        "bank_accounts", *THREE["bank_accounts"][:2], HRA_CHANGED,
        approve=EVERY, asked=said("waiting", asked_by=asked_by), actor="page:zoe",
    )  # fmt: skip
    assert made.detail == told
