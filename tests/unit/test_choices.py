"""A person's choice of the side whose value is to stand, against every setting and within every rule (D7)."""

from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from agent.employee import UNKNOWN, Status, Value
from agent.fields import FIELDS, names
from agent.merge import SENDS, Kind
from tests.unit.canonical_values import (
    BALANCES,
    BASES,
    CHANGED,
    HRA_CHANGED,
    INVALID,
    MASK,
    NEVER,
    NUMBER,
    OTHER_MASK,
    OTHER_NUMBER,
    PENDING,
    SAME,
    SMSF,
    THREE,
    UNFIT,
    UNQUOTED,
    XERO_CHANGED,
    account,
    hra,
    xero,
)
from tests.unit.decisions import EACH, decide, decide_all, held

Pair = tuple[Value, Value]
SIDES = {"hra": Kind.TO_XERO, "xero": Kind.TO_HRA}
USE = pytest.mark.parametrize("use", SIDES)
SETTINGS: list[dict[str, Any]] = [
    {"authority": authority, "conflicts": conflicts, "by_person": by_person}
    for authority, conflicts, by_person in product(
        SIDES, ("authoritative", "hold"), (True, False)
    )
]  # fmt: skip
DIRECTIONS = ("both", "to_xero", "to_hra", "off")


@EACH
@USE
@pytest.mark.parametrize("base", BASES)
def test_D7_the_chosen_value_stands_whatever_the_settings_say(
    name: str, use: str, base: Any
) -> None:
    one, other, _ = THREE[name]
    for rules, way in product(SETTINGS, DIRECTIONS):
        made = decide(name, one, other, base, **rules, chosen={name: use}, directions={name: way})
        assert (made.kind, made.why) == (SIDES[use], "chosen"), (rules, way)
        assert made.value == (one if use == "hra" else other)


@EACH
@USE
def test_D7_a_choice_between_equal_values_writes_nothing(name: str, use: str) -> None:
    a = THREE[name][0]
    assert decide(name, a, a, CHANGED, chosen={name: use}).kind is Kind.AGREE
    assert decide(name, a, a, SAME, chosen={name: use}).kind is Kind.NOTHING


@EACH
@USE
def test_D7_a_choice_of_what_cannot_be_read_writes_nothing(name: str, use: str) -> None:
    a = THREE[name][0]
    pairs: list[Pair] = [(UNKNOWN, a), (a, UNKNOWN)]
    for pair in pairs:
        assert decide(name, *pair, CHANGED, chosen={name: use}).kind is Kind.NOTHING


@USE
def test_D7_a_choice_decides_its_own_field_only(use: str) -> None:
    one = hra(mobile="0491 570 156", email="a@example.com")
    other = xero(mobile="0491 570 157", email="b@example.com")
    bases = {"mobile": CHANGED, "email": CHANGED}
    made = decide_all(one, other, bases, conflicts="hold", chosen={"mobile": use})
    assert made["mobile"].kind is SIDES[use]
    assert held(made["email"]) == "conflict"


# --- rules that no choice overrides


@pytest.mark.parametrize("name", UNFIT)
def test_D6_a_chosen_value_that_xero_cannot_hold_is_reported(name: str) -> None:
    made = decide(name, UNFIT[name], THREE[name][0], CHANGED, chosen={name: "hra"})
    assert held(made) == "cannot_travel"


def test_D6_a_chosen_value_never_replaces_what_xero_could_not_hold() -> None:
    kept = (account("1234567890"),)
    made = decide(
        "bank_accounts", kept, THREE["bank_accounts"][0], CHANGED, chosen={"bank_accounts": "xero"}
    )
    assert held(made) == "cannot_travel"


@pytest.mark.parametrize("name", [name for name in THREE if FIELDS[name].required])
@USE
def test_D8_nobody_chooses_to_empty_a_required_field(name: str, use: str) -> None:
    a = THREE[name][0]
    pair: Pair = (None, a) if use == "hra" else (a, None)
    assert held(decide(name, *pair, CHANGED, chosen={name: use})) == "emptied"


@EACH
def test_T1_nobody_chooses_to_export_somebody_who_is_not_current(name: str) -> None:
    one, other, _ = THREE[name]
    made = decide_all(
        hra(Status.TERMINATED, **{name: one}), xero(**{name: other}), {name: CHANGED},
        chosen={name: "hra"},
    )  # fmt: skip
    assert held(made[name]) == "not_current"


@pytest.mark.parametrize("name", BALANCES)
def test_F5_nobody_chooses_to_send_a_balance_to_xero(name: str) -> None:
    for base in BASES:
        made = decide(name, Decimal(5), Decimal(7), base, chosen={name: "hra"})
        assert made.kind is not Kind.TO_XERO


@USE
@pytest.mark.parametrize("base", BASES)
def test_F3_no_choice_writes_super_where_there_is_a_self_managed_fund(use: str, base: Any) -> None:
    a = THREE["super_memberships"][0]
    pairs: tuple[Pair, ...] = ((SMSF, a), (a, SMSF))
    for pair in pairs:
        made = decide("super_memberships", *pair, base, chosen={"super_memberships": use})
        assert held(made) == "smsf"


@USE
def test_F3_a_chosen_list_removes_no_membership(use: str) -> None:
    a, _, c = THREE["super_memberships"]
    made = decide("super_memberships", a, c, NEVER, chosen={"super_memberships": use})
    assert {row.usi for row in made.value} == {a[0].usi, c[0].usi}
    more: Pair = ((*a, *c), a) if use == "xero" else (a, (*a, *c))
    shorter = decide("super_memberships", *more, NEVER, chosen={"super_memberships": use})
    assert held(shorter) == "membership_left"


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("other", [MASK, OTHER_MASK, UNQUOTED, PENDING, None])
@pytest.mark.parametrize("one", [NUMBER, OTHER_NUMBER, MASK, INVALID, UNQUOTED, PENDING, None])
def test_F4_no_choice_sends_a_mask_or_puts_an_exemption_over_a_number(
    one: Value, other: Value, base: Any
) -> None:
    for use, way in product(SIDES, DIRECTIONS):
        made = decide(
            "tfn_or_exemption", one, other, base,
            chosen={"tfn_or_exemption": use}, directions={"tax": way},
        )  # fmt: skip
        if made.kind not in SENDS:
            continue
        assert made.kind is SIDES[use]
        assert made.value in (NUMBER, OTHER_NUMBER, UNQUOTED, PENDING)
        target = other if use == "hra" else one
        if made.value in (UNQUOTED, PENDING):
            assert target in (UNQUOTED, PENDING, None)


@pytest.mark.parametrize("base", [NEVER, SAME, CHANGED, HRA_CHANGED, XERO_CHANGED])
@pytest.mark.parametrize("other", [MASK, UNQUOTED])
def test_F4_hra_s_full_number_can_be_chosen(base: Any, other: Value) -> None:
    made = decide("tfn_or_exemption", OTHER_NUMBER, other, base, chosen={"tfn_or_exemption": "hra"})
    assert (made.kind, made.value) == (Kind.TO_XERO, OTHER_NUMBER)


def test_F4_a_chosen_tax_value_still_needs_the_number_of_hra() -> None:
    one, other = hra(tfn_or_exemption=MASK, leave_loading=False), xero(leave_loading=True)
    made = decide_all(one, other, {"leave_loading": CHANGED}, chosen={"leave_loading": "xero"})
    assert held(made["leave_loading"]) == "needs_clear_tfn"


# --- the tax declaration is one


@USE
@pytest.mark.parametrize("rest", [HRA_CHANGED, XERO_CHANGED, CHANGED])
@pytest.mark.parametrize("authority", SIDES)
def test_D1_a_choice_within_the_declaration_never_makes_a_mixture(
    use: str, rest: Any, authority: str
) -> None:
    one = hra(employment_basis="CASUAL", leave_loading=False)
    other = xero(employment_basis="PART_TIME", leave_loading=True)
    bases = {"employment_basis": CHANGED, "leave_loading": rest}
    made = decide_all(one, other, bases, authority, chosen={"employment_basis": use})
    ways = {made[name].kind for name in bases}
    assert ways in ({SIDES[use]}, {Kind.HOLD}), "one declaration, and never against the choice"


@USE
def test_D1_a_declaration_in_conflict_can_be_settled_by_choosing_a_side_for_all_of_it(
    use: str,
) -> None:
    one = hra(tfn_or_exemption=PENDING, employment_basis="CASUAL", leave_loading=False)
    other = xero(tfn_or_exemption=UNQUOTED, employment_basis="PART_TIME", leave_loading=True)
    fields = ("tfn_or_exemption", "employment_basis", "leave_loading")
    made = decide_all(
        one, other, dict.fromkeys(fields, NEVER), chosen=dict.fromkeys(names("tax"), use)
    )
    assert {made[name].kind for name in fields} == {SIDES[use]}


@pytest.mark.parametrize("base", [CHANGED, NEVER])
def test_D1_a_chosen_declaration_of_which_a_part_cannot_travel_waits_as_a_whole(base: Any) -> None:
    """The rest alone would be a mixture that nobody signed."""
    one = hra(residency="WORKING_HOLIDAY_MAKER", employment_basis="CASUAL")
    other = xero(residency="FOREIGN_RESIDENT", employment_basis="PART_TIME")
    bases = {"residency": base, "employment_basis": base}
    made = decide_all(one, other, bases, chosen=dict.fromkeys(bases, "hra"))
    assert {made[name].kind for name in bases} == {Kind.HOLD}


# --- approvals


@USE
def test_S2_a_chosen_bank_account_waits_for_somebody_else_than_who_chose(use: str) -> None:
    made = decide(
        "bank_accounts", *THREE["bank_accounts"][:2], NEVER,
        chosen={"bank_accounts": use}, actor="page:anna", approve=frozenset({"bank"}),
    )  # fmt: skip
    target = "xero" if use == "hra" else "hra"
    assert (held(made), made.detail) == (f"approval_{target}", "asked for by anna")
