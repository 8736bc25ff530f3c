"""The decisions about one person: the conflict table, first contact, what may travel (D1 to D8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

import pytest

from agent.employee import (
    UNKNOWN,
    Address,
    Employee,
    Loans,
    Status,
    Value,
)
from agent.fields import FIELDS
from agent.merge import Base, Kind, Since
from tests.unit.canonical_values import (
    BALANCES,
    CHANGED,
    HRA_CHANGED,
    MASK,
    NEVER,
    NUMBER,
    SAME,
    THREE,
    UNFIT,
    XERO_CHANGED,
    account,
    hra,
    membership,
    xero,
)
from tests.unit.decisions import BOTH, EACH, decide, decide_all, held

Pair = tuple[Value, Value]
SYSTEMS: Mapping[str, Kind] = {"hra": Kind.TO_XERO, "xero": Kind.TO_HRA}
MODES = ("authoritative", "changed", "all")
DETAILS = [name for name in THREE if FIELDS[name].group == "details"]
CAREFUL = [name for name in THREE if FIELDS[name].group != "details"]
FIVE, SEVEN = Decimal("5.00"), Decimal("7.00")
OPTIONAL = [name for name in THREE if not FIELDS[name].required]
REQUIRED = [name for name in THREE if FIELDS[name].required]


# --- D1: the table, row by row


@BOTH
@EACH
@pytest.mark.parametrize("conflicts", ["authoritative", "hold"])
def test_D1_same_on_both_sides_is_nothing(name: str, authority: str, conflicts: str) -> None:
    a = THREE[name][0]
    assert decide(name, a, a, SAME, authority, conflicts=conflicts).kind is Kind.NOTHING


@BOTH
@EACH
@pytest.mark.parametrize("conflicts", ["authoritative", "hold"])
def test_D1_a_change_in_hra_alone_goes_to_xero_whoever_is_the_authority(
    name: str, authority: str, conflicts: str
) -> None:
    a, b, _ = THREE[name]
    made = decide(name, b, a, HRA_CHANGED, authority, conflicts=conflicts)
    assert (made.kind, made.value, made.conflict) == (Kind.TO_XERO, b, False)


@BOTH
@EACH
@pytest.mark.parametrize("conflicts", ["authoritative", "hold"])
def test_D1_a_change_in_xero_alone_goes_to_hra_whoever_is_the_authority(
    name: str, authority: str, conflicts: str
) -> None:
    a, b, _ = THREE[name]
    made = decide(name, a, b, XERO_CHANGED, authority, conflicts=conflicts)
    assert (made.kind, made.value, made.conflict) == (Kind.TO_HRA, b, False)


@BOTH
@EACH
@pytest.mark.parametrize("conflicts", ["authoritative", "hold"])
def test_D1_the_same_change_on_both_sides_is_agreed(
    name: str, authority: str, conflicts: str
) -> None:
    b = THREE[name][1]
    made = decide(name, b, b, CHANGED, authority, conflicts=conflicts)
    assert (made.kind, made.conflict) == (Kind.AGREE, False)


@BOTH
@EACH
def test_D1_the_authority_wins_a_conflict(name: str, authority: str) -> None:
    one, other, _ = THREE[name]
    made = decide(name, one, other, CHANGED, authority)
    assert (made.kind, made.conflict) == (SYSTEMS[authority], True)
    assert made.value == (one if authority == "hra" else other)


@BOTH
@EACH
def test_D1_a_conflict_waits_for_a_person_where_conflicts_are_held(
    name: str, authority: str
) -> None:
    one, other, _ = THREE[name]
    made = decide(name, one, other, CHANGED, authority, conflicts="hold")
    assert held(made) == "conflict"
    assert made.conflict and made.value is None


@BOTH
@EACH
def test_D1_equal_at_first_contact_is_agreed(name: str, authority: str) -> None:
    a = THREE[name][0]
    assert decide(name, a, a, NEVER, authority).kind is Kind.AGREE


@BOTH
@EACH
def test_D1_a_difference_that_neither_side_made_is_for_a_person(name: str, authority: str) -> None:
    a, b, _ = THREE[name]
    assert held(decide(name, a, b, SAME, authority, by_person=True)) == "state_wrong"


@BOTH
@EACH
@pytest.mark.parametrize("side", ["hra", "xero"])
@pytest.mark.parametrize("base", [NEVER, SAME, CHANGED, HRA_CHANGED, XERO_CHANGED])
def test_D1_what_cannot_be_read_decides_nothing(
    name: str, authority: str, side: str, base: Base
) -> None:
    a = THREE[name][0]
    pair: Pair = (UNKNOWN, a) if side == "hra" else (a, UNKNOWN)
    assert decide(name, *pair, base, authority).kind is Kind.NOTHING


def test_D1_a_field_that_was_not_read_decides_nothing() -> None:
    one = hra(mobile="0491 570 156")
    other = Employee("xero", "x", Status.CURRENT, {"email": "a@example.com"}, frozenset())
    made = decide_all(one, other, dict.fromkeys(FIELDS, NEVER))
    assert made["email"].kind is Kind.TO_HRA
    rest = [decision.kind for name, decision in made.items() if name != "email"]
    assert set(rest) == {Kind.NOTHING}


@pytest.mark.parametrize("known", [Base(Since.CHANGED, Since.NEVER), Base(Since.NEVER, Since.SAME)])
@EACH
def test_D2_one_digest_lost_is_first_contact(name: str, known: Base) -> None:
    a, b, _ = THREE[name]
    assert held(decide(name, a, b, known)) == "first_contact"


@pytest.mark.parametrize(
    ("setting", "winner"),
    [({"mobile": "xero"}, Kind.TO_HRA), ({"details": "xero"}, Kind.TO_HRA),
     ({"details": "xero", "mobile": "hra"}, Kind.TO_XERO), ({"bank": "xero"}, Kind.TO_XERO)],
)  # fmt: skip
def test_D1_authority_can_be_set_per_field_or_group(setting: dict[str, str], winner: Kind) -> None:
    one, other, _ = THREE["mobile"]
    assert decide("mobile", one, other, CHANGED, "hra", authorities=setting).kind is winner


# --- D1: the tax declaration is one


@BOTH
def test_D1_one_tax_conflict_takes_the_whole_declaration_from_the_winner(authority: str) -> None:
    one = hra(employment_basis="CASUAL", tax_free_threshold=True, leave_loading=False)
    other = xero(employment_basis="PART_TIME", tax_free_threshold=False, leave_loading=True)
    bases = {
        "employment_basis": CHANGED, "tax_free_threshold": HRA_CHANGED,
        "leave_loading": XERO_CHANGED,
    }  # fmt: skip
    made = decide_all(one, other, bases, authority)
    winner = one if authority == "hra" else other
    for name in bases:
        assert made[name].kind is SYSTEMS[authority], name
        assert made[name].value == winner.get(name), name


def test_D1_a_held_tax_conflict_holds_every_other_tax_change() -> None:
    one = hra(employment_basis="CASUAL", leave_loading=False, mobile="0491 570 157")
    other = xero(employment_basis="PART_TIME", leave_loading=True, mobile="0491 570 156")
    bases = {"employment_basis": CHANGED, "leave_loading": HRA_CHANGED, "mobile": HRA_CHANGED}
    made = decide_all(one, other, bases, conflicts="hold")
    assert held(made["employment_basis"]) == "conflict"
    assert held(made["leave_loading"]) == "tax_conflict"
    assert made["mobile"].kind is Kind.TO_XERO


def test_D1_tax_fields_of_different_authorities_in_conflict_hold_the_declaration() -> None:
    one = hra(employment_basis="CASUAL", leave_loading=False)
    other = xero(employment_basis="PART_TIME", leave_loading=True)
    bases = {"employment_basis": CHANGED, "leave_loading": CHANGED}
    made = decide_all(one, other, bases, authorities={"leave_loading": "xero"})
    assert {held(made[name]) for name in bases} == {"tax_conflict"}


@BOTH
def test_D1_a_tax_declaration_of_one_side_never_travels_in_part(authority: str) -> None:
    """What cannot travel of the winner's declaration leaves a mixture if the rest goes."""
    one = hra(residency="WORKING_HOLIDAY_MAKER", employment_basis="CASUAL")
    other = xero(residency="FOREIGN_RESIDENT", employment_basis="PART_TIME")
    made = decide_all(one, other, {"residency": CHANGED, "employment_basis": CHANGED}, authority)
    assert {made["residency"].kind, made["employment_basis"].kind} == {Kind.HOLD}


# --- D2: first contact


@EACH
@pytest.mark.parametrize("by_person", [True, False])
def test_D2_an_empty_one_is_filled_from_the_other(name: str, by_person: bool) -> None:
    a = THREE[name][0]
    to_xero = decide(name, a, None, NEVER, "xero", by_person=by_person)
    assert (to_xero.kind, to_xero.value) == (Kind.TO_XERO, a)
    to_hra = decide(name, None, a, NEVER, "hra", by_person=by_person)
    assert (to_hra.kind, to_hra.value) == (Kind.TO_HRA, a)


@BOTH
@pytest.mark.parametrize("name", DETAILS)
def test_D2_a_person_s_run_lets_the_authority_decide_personal_details(
    name: str, authority: str
) -> None:
    one, other, _ = THREE[name]
    made = decide(name, one, other, NEVER, authority, by_person=True)
    assert (made.kind, made.conflict) == (SYSTEMS[authority], True)


@BOTH
@pytest.mark.parametrize("name", DETAILS)
@pytest.mark.parametrize("mode", ["authoritative", "changed", "all"])
def test_D2_a_schedule_holds_different_personal_details(
    name: str, authority: str, mode: str
) -> None:
    one, other, _ = THREE[name]
    assert held(decide(name, one, other, NEVER, authority, mode=mode)) == "first_contact"


@BOTH
@pytest.mark.parametrize("name", CAREFUL)
@pytest.mark.parametrize("mode", ["authoritative", "changed", "all"])
@pytest.mark.parametrize("direction", ["both", "to_xero", "to_hra"])
def test_D2_bank_super_and_tax_differences_always_wait_for_a_person(
    name: str, authority: str, mode: str, direction: str
) -> None:
    one, other, _ = THREE[name]
    if name == "super_memberships":
        other = THREE[name][2]
    made = decide(
        name, one, other, NEVER, authority, by_person=True, mode=mode, directions={name: direction}
    )
    assert held(made) == "first_contact"


def test_D2_a_person_s_run_still_holds_details_where_conflicts_are_held() -> None:
    made = decide("mobile", *THREE["mobile"][:2], NEVER, by_person=True, conflicts="hold")
    assert held(made) == "first_contact"


@EACH
@pytest.mark.parametrize("direction", ["to_xero", "to_hra"])
@pytest.mark.parametrize("mode", ["authoritative", "changed", "all"])
def test_D2_first_contact_never_blanks_anything(name: str, direction: str, mode: str) -> None:
    a = THREE[name][0]
    pairs: tuple[Pair, ...] = ((None, a), (a, None))
    for pair in pairs:
        made = decide(name, *pair, NEVER, by_person=True, mode=mode, directions={name: direction})
        assert not (made.kind in (Kind.TO_HRA, Kind.TO_XERO) and made.value is None)


@pytest.mark.parametrize("name", ["tax_offset", "upward_variation", "withholding_variation"])
def test_D2_a_declaration_that_the_authority_takes_along_blanks_nothing_at_first_contact(
    name: str,
) -> None:
    """HRA's amount was never agreed, and Xero has none: Xero winning the rest must not take it away."""
    one = hra(employment_basis="CASUAL", **{name: THREE[name][0]})
    other = xero(employment_basis="PART_TIME")
    made = decide_all(one, other, {"employment_basis": CHANGED, name: NEVER}, "xero")
    assert not (made[name].kind is Kind.TO_HRA and made[name].value is None)
    assert made["employment_basis"].kind is made[name].kind


# --- D4, D5, D6


@pytest.mark.parametrize("name", [name for name in THREE if name != "super_memberships"])
@pytest.mark.parametrize("mode", ["authoritative", "changed", "all"])
@pytest.mark.parametrize("direction", ["both", "to_xero", "to_hra"])
def test_D4_what_a_side_keeps_in_its_own_form_is_not_sent_again(
    name: str, mode: str, direction: str
) -> None:
    a, b, _ = THREE[name]
    kept = Base(Since.CHANGED, Since.SAME, kept=True)
    assert held(decide(name, b, a, kept, mode=mode, directions={name: direction})) == "kept"


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("title", "Mr.", "mr"),
        ("email", "A@Example.com", "a@example.com"),
        ("phone", "(02) 5550 1111", "02 5550 1111"),
        ("mobile", "+61 491 570 156", "0491570156"),
        ("home_address", Address("1 A St", "", "NEWTOWN", "NSW", "2042", "AUSTRALIA"),
         Address("1 a st", "", "Newtown", "NSW", "2042", "AUSTRALIA")),
        ("bank_accounts", (account("0012", name="José Papas"),),
         (account("0012", name="JOSE PAPAS"),)),
        ("super_memberships", (membership("STA0100AU"),), (membership("sta0100au"),)),
        ("loans", Loans(True, frozenset({"help"})), Loans(True, None)),
        ("tfn_or_exemption", NUMBER, MASK),
    ],
)  # fmt: skip
@pytest.mark.parametrize("base", [NEVER, CHANGED, HRA_CHANGED, XERO_CHANGED])
@pytest.mark.parametrize("mode", ["authoritative", "changed", "all"])
def test_D5_a_difference_of_form_alone_never_travels(
    name: str, one: Value, other: Value, base: Base, mode: str
) -> None:
    made = decide(name, one, other, base, by_person=True, mode=mode)
    if name == "tfn_or_exemption" and base is HRA_CHANGED:
        # No difference of form: another number that ends alike.
        assert (made.kind, made.value) == (Kind.TO_XERO, NUMBER)
    else:
        assert made.kind is Kind.AGREE


def test_F4_a_number_corrected_in_hra_to_one_that_ends_alike_still_goes_to_xero() -> None:
    assert decide("tfn_or_exemption", NUMBER, MASK, HRA_CHANGED).why == "hra_changed"
    for base in (CHANGED, NEVER, SAME):
        assert decide("tfn_or_exemption", NUMBER, MASK, base).kind is not Kind.TO_XERO
    one_way = {"tfn_or_exemption": "to_hra"}
    held_back = decide("tfn_or_exemption", NUMBER, MASK, HRA_CHANGED, directions=one_way)
    assert held_back.kind is Kind.AGREE


def test_D5_an_amount_changed_in_xero_keeps_hra_s_own_spelling_of_the_name() -> None:
    here = (account("0012", 100, "José Papas"), account("0034", name="José Papas"))
    there = (account("0012", 200, "Jose Papas"), account("0034", name="Jose Papas"))
    made = decide("bank_accounts", here, there, XERO_CHANGED)
    assert made.kind is Kind.TO_HRA
    assert [row.cents for row in made.value] == [200, None]


@BOTH
@pytest.mark.parametrize("name", UNFIT)
def test_D6_what_xero_cannot_hold_is_reported_and_the_rest_travels(
    name: str, authority: str
) -> None:
    one = hra(mobile="0491 570 157", **{name: UNFIT[name]})
    other = xero(mobile="0491 570 156", **{name: THREE[name][0]})
    made = decide_all(one, other, {name: HRA_CHANGED, "mobile": HRA_CHANGED}, authority)
    assert held(made[name]) == "cannot_travel"
    assert made[name].detail
    assert made["mobile"].kind is Kind.TO_XERO


@BOTH
@pytest.mark.parametrize("name", UNFIT)
@pytest.mark.parametrize("base", [CHANGED, XERO_CHANGED, NEVER])
@pytest.mark.parametrize("mode", ["authoritative", "changed", "all"])
def test_D6_what_xero_cannot_hold_is_never_overwritten_from_xero(
    name: str, authority: str, base: Base, mode: str
) -> None:
    made = decide(name, UNFIT[name], THREE[name][0], base, authority, by_person=True, mode=mode)
    assert made.kind is Kind.HOLD


@pytest.mark.parametrize("base", [XERO_CHANGED, CHANGED])
def test_D6_what_xero_cannot_hold_is_not_emptied_from_xero(base: Base) -> None:
    for name in ("title", "job_title", "withholding_variation"):
        made = decide(name, UNFIT[name], None, base, "xero")
        assert held(made) == "cannot_travel", name


@pytest.mark.parametrize(
    ("name", "value"),
    [("bank_accounts", (account("11"), account("22"))), ("employment_basis", "NON_EMPLOYEE")],
)
def test_D6_what_hra_cannot_hold_is_neither_taken_nor_overwritten(name: str, value: Value) -> None:
    a = THREE[name][0]
    assert held(decide(name, a, value, XERO_CHANGED, "xero")) == "cannot_travel"
    assert held(decide(name, a, value, HRA_CHANGED, "hra")) == "cannot_travel"


# --- D7: directions


@BOTH
@EACH
@pytest.mark.parametrize("base", [NEVER, SAME, CHANGED, HRA_CHANGED, XERO_CHANGED])
def test_D7_a_field_that_is_off_decides_nothing(name: str, authority: str, base: Base) -> None:
    a, b, _ = THREE[name]
    for key in (name, FIELDS[name].group):
        made = decide(name, a, b, base, authority, directions={key: "off"}, by_person=True)
        assert made.kind is Kind.NOTHING


@dataclass(frozen=True)
class OneWay:
    """One row of D7's table: how the two sides stand in a one-way field, and what becomes of it."""

    source: Since
    target: Since
    travels: bool
    reason: str = ""


ONE_WAY = [
    OneWay(Since.CHANGED, Since.SAME, True),
    OneWay(Since.CHANGED, Since.CHANGED, True),
    OneWay(Since.SAME, Since.CHANGED, False, "drift"),
    OneWay(Since.SAME, Since.SAME, False, "state_wrong"),
]


def _base(way: Kind, row: OneWay, *, kept: bool = False) -> Base:
    pair = (row.source, row.target) if way is Kind.TO_XERO else (row.target, row.source)
    return Base(*pair, kept=kept)


@EACH
@pytest.mark.parametrize("row", ONE_WAY, ids=lambda row: f"{row.source.name}-{row.target.name}")
@pytest.mark.parametrize("way", [Kind.TO_XERO, Kind.TO_HRA])
def test_D7_a_one_way_source_wins_and_drift_is_told_and_left_alone(
    name: str, row: OneWay, way: Kind
) -> None:
    a, b, _ = THREE[name]
    for authority, conflicts, mode in product(SYSTEMS, ("authoritative", "hold"), MODES):
        made = decide(
            name, a, b, _base(way, row), authority, conflicts=conflicts, mode=mode,
            directions={FIELDS[name].group: way.value}, overrule=True,
        )  # fmt: skip
        value = a if way is Kind.TO_XERO else b
        expected = (way, value, "") if row.travels else (Kind.HOLD, None, row.reason)
        assert (made.kind, made.value, made.reason) == expected, (authority, conflicts, mode)


@EACH
@pytest.mark.parametrize("way", [Kind.TO_XERO, Kind.TO_HRA])
def test_D7_an_empty_target_of_a_one_way_field_is_filled_at_first_contact_and_no_source_empties(
    name: str, way: Kind
) -> None:
    a = THREE[name][0]
    directions = {name: way.value}
    full: Pair = (a, None) if way is Kind.TO_XERO else (None, a)
    made = decide(name, *full, NEVER, directions=directions)
    assert (made.kind, made.value) == (way, a)
    assert held(decide(name, *full[::-1], NEVER, directions=directions)) == "one_sided"


@pytest.mark.parametrize("name", DETAILS)
@pytest.mark.parametrize("way", [Kind.TO_XERO, Kind.TO_HRA])
def test_D2_a_one_way_detail_at_first_contact_waits_for_a_run_that_a_person_started(
    name: str, way: Kind
) -> None:
    """Lost state is first contact too, and must not let a schedule overwrite."""
    a, b, _ = THREE[name]
    directions = {name: way.value}
    assert held(decide(name, a, b, NEVER, directions=directions)) == "first_contact"
    assert decide(name, a, b, NEVER, directions=directions, by_person=True).kind is way


@pytest.mark.parametrize("name", BALANCES)
@pytest.mark.parametrize("base", [SAME, HRA_CHANGED])
def test_D7_a_balance_that_moved_in_hra_alone_is_overwritten(name: str, base: Base) -> None:
    made = decide(name, FIVE, SEVEN, base)
    assert (made.kind, made.value) == (Kind.TO_HRA, SEVEN)


def test_D7_a_field_s_own_direction_beats_its_group_s() -> None:
    chosen = {"details": "off", "mobile": "to_xero"}
    assert decide("mobile", *THREE["mobile"][:2], HRA_CHANGED, directions=chosen).kind is (
        Kind.TO_XERO
    )


@BOTH
@pytest.mark.parametrize("name", BALANCES)
@pytest.mark.parametrize("base", [NEVER, CHANGED, HRA_CHANGED, XERO_CHANGED])
@pytest.mark.parametrize("chosen", ["both", "to_hra"])
def test_F5_leave_goes_to_hra_only(name: str, authority: str, base: Base, chosen: str) -> None:
    made = decide(name, FIVE, SEVEN, base, authority, directions={"leave": chosen})
    assert (made.kind, made.value) == (Kind.TO_HRA, SEVEN)


@pytest.mark.parametrize("name", BALANCES)
def test_F5_leave_never_goes_to_xero_whatever_the_setting_says(name: str) -> None:
    made = decide(name, FIVE, SEVEN, HRA_CHANGED, directions={name: "to_xero"})
    assert made.kind is not Kind.TO_XERO


# --- D8: emptied values


@BOTH
@pytest.mark.parametrize("name", REQUIRED)
def test_D8_an_emptied_list_or_required_field_never_travels(name: str, authority: str) -> None:
    a, b, _ = THREE[name]
    cases: tuple[tuple[Pair, Base], ...] = (
        ((None, a), HRA_CHANGED), ((a, None), XERO_CHANGED)
    )  # fmt: skip
    for pair, base in cases:
        assert held(decide(name, *pair, base, authority)) == "emptied"
    winner: Pair = (None, b) if authority == "hra" else (b, None)
    assert held(decide(name, *winner, CHANGED, authority)) == "emptied"


@BOTH
@pytest.mark.parametrize("name", OPTIONAL)
def test_D8_an_emptied_optional_field_travels_to_hra(name: str, authority: str) -> None:
    made = decide(name, THREE[name][0], None, XERO_CHANGED, authority)
    assert (made.kind, made.value) == (Kind.TO_HRA, None)


@pytest.mark.parametrize("name", [n for n in OPTIONAL if FIELDS[n].group == "details"])
def test_D8_an_emptied_optional_detail_travels_to_xero(name: str) -> None:
    made = decide(name, None, THREE[name][0], HRA_CHANGED)
    assert (made.kind, made.value) == (Kind.TO_XERO, None)


@pytest.mark.parametrize("name", ["tax_offset", "upward_variation", "withholding_variation"])
def test_F4_taking_an_amount_of_the_declaration_away_is_for_a_person_in_xero(name: str) -> None:
    assert held(decide(name, None, THREE[name][0], HRA_CHANGED)) == "taken_away"
