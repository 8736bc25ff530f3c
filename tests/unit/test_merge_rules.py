"""The decisions about super, the TFN, import modes and who may be written to (F3, F4, R2, T1)."""

from decimal import Decimal

import pytest

from agent.employee import (
    Exemption,
    Loans,
    MaskedTfn,
    Status,
    Value,
)
from agent.fields import FIELDS, names
from agent.merge import Base, Kind, Since
from tests.unit.canonical_values import (
    BALANCES,
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
    THREE,
    UNQUOTED,
    XERO_CHANGED,
    hra,
    membership,
    xero,
)
from tests.unit.decisions import BOTH, EACH, decide, decide_all, held

DETAILS = [name for name in THREE if FIELDS[name].group == "details"]
FIVE, SEVEN = Decimal("5.00"), Decimal("7.00")


# --- F3: super


@BOTH
@pytest.mark.parametrize("base", [NEVER, CHANGED, HRA_CHANGED, XERO_CHANGED, SAME])
@pytest.mark.parametrize("side", ["hra", "xero"])
def test_F3_a_self_managed_fund_on_either_side_keeps_super_from_travelling(
    authority: str, base: Base, side: str
) -> None:
    fund = (membership("SMSF", smsf=True),)
    pair = (fund, THREE["super_memberships"][0])
    if side == "xero":
        pair = pair[::-1]
    made = decide("super_memberships", *pair, base, authority, by_person=True, mode="all")
    assert held(made) == "smsf"


def test_F3_a_self_managed_fund_against_nothing_is_not_filled_in() -> None:
    fund = (membership("SMSF", smsf=True),)
    assert held(decide("super_memberships", fund, None, NEVER)) == "smsf"


@BOTH
def test_F3_what_only_the_target_has_stays_in_what_is_sent(authority: str) -> None:
    a, _, c = THREE["super_memberships"]
    made = decide("super_memberships", a, c, CHANGED, authority)
    assert {row.usi for row in made.value} == {"STA0100AU", "HOS0100AU"}


@BOTH
def test_F3_the_winner_s_member_number_counts_in_the_union(authority: str) -> None:
    a, b, c = THREE["super_memberships"]
    made = decide("super_memberships", (*a, *c), b, CHANGED, authority)
    numbers = {row.usi: row.member_number for row in made.value}
    assert numbers == {
        "STA0100AU": "1001" if authority == "hra" else "2002", "HOS0100AU": "1001"
    }  # fmt: skip


def test_F3_a_removed_membership_is_told_and_never_removed() -> None:
    a, _, c = THREE["super_memberships"]
    assert held(decide("super_memberships", a, (*a, *c), HRA_CHANGED)) == "membership_left"
    assert held(decide("super_memberships", (*a, *c), c, XERO_CHANGED)) == "membership_left"


def test_F3_a_kept_removal_is_told_as_one() -> None:
    a, _, c = THREE["super_memberships"]
    kept = Base(Since.SAME, Since.CHANGED, kept=True)
    assert held(decide("super_memberships", (*a, *c), a, kept)) == "membership_left"
    assert held(decide("super_memberships", c, a, kept)) == "kept"


# --- F4: TFN and exemption

TFN_CASES: list[tuple[str, Value, Value, Base, Kind, str]] = [
    ("a number fills nothing", NUMBER, None, NEVER, Kind.TO_XERO, ""),
    ("a new number fills nothing", NUMBER, None, HRA_CHANGED, Kind.TO_XERO, ""),
    ("a number fills what vanished in Xero", NUMBER, None, XERO_CHANGED, Kind.TO_XERO, ""),
    ("number and its mask", NUMBER, MASK, NEVER, Kind.AGREE, ""),
    ("number and its mask again", NUMBER, MASK, SAME, Kind.NOTHING, ""),
    ("mask and the same mask", MASK, MASK, NEVER, Kind.AGREE, ""),
    ("corrected in HRA", OTHER_NUMBER, MASK, HRA_CHANGED, Kind.TO_XERO, ""),
    ("never agreed", OTHER_NUMBER, MASK, NEVER, Kind.HOLD, "tfn_differs"),
    ("changed in Xero", NUMBER, OTHER_MASK, XERO_CHANGED, Kind.HOLD, "tfn_differs"),
    ("wrong state", NUMBER, OTHER_MASK, SAME, Kind.HOLD, "tfn_differs"),
    ("mask against nothing", MASK, None, NEVER, Kind.HOLD, "tfn_masked"),
    ("mask against another", OTHER_MASK, MASK, HRA_CHANGED, Kind.HOLD, "tfn_masked"),
    ("mask against an exemption", MASK, UNQUOTED, XERO_CHANGED, Kind.HOLD, "tfn_masked"),
    ("invalid against nothing", INVALID, None, NEVER, Kind.HOLD, "tfn_invalid"),
    ("invalid against a number", INVALID, MASK, HRA_CHANGED, Kind.HOLD, "tfn_invalid"),
    ("exemption over a number", UNQUOTED, MASK, HRA_CHANGED, Kind.HOLD, "exemption_over_number"),
    ("exemption, first contact", UNQUOTED, MASK, NEVER, Kind.HOLD, "exemption_over_number"),
    ("exemption, both changed", UNQUOTED, MASK, CHANGED, Kind.HOLD, "exemption_over_number"),
    ("exemption fills nothing", UNQUOTED, None, NEVER, Kind.TO_XERO, ""),
    ("exemption changed", PENDING, UNQUOTED, HRA_CHANGED, Kind.TO_XERO, ""),
    ("exemption changed in Xero", PENDING, UNQUOTED, XERO_CHANGED, Kind.TO_HRA, ""),
    ("exemption vanished in Xero", PENDING, None, XERO_CHANGED, Kind.HOLD, "emptied"),
    ("exemptions never agreed", PENDING, UNQUOTED, NEVER, Kind.HOLD, "first_contact"),
    ("number over an exemption", NUMBER, PENDING, HRA_CHANGED, Kind.TO_XERO, ""),
    ("number, exemption, never", NUMBER, PENDING, NEVER, Kind.HOLD, "tfn_differs"),
    ("an exemption never over a number", NUMBER, PENDING, XERO_CHANGED, Kind.HOLD, "tfn_differs"),
    ("nothing against an exemption", None, PENDING, NEVER, Kind.HOLD, "needs_clear_tfn"),
    ("nothing against a mask", None, MASK, NEVER, Kind.NOTHING, "unreadable"),
    ("emptied against a mask", None, MASK, HRA_CHANGED, Kind.NOTHING, "unreadable"),
    ("nothing and nothing", None, None, NEVER, Kind.AGREE, ""),
]


@pytest.mark.parametrize(
    ("one", "other", "base", "kind", "reason"), [case[1:] for case in TFN_CASES],
    ids=[case[0] for case in TFN_CASES],
)  # fmt: skip
def test_F4_number_mask_and_exemption(
    one: Value, other: Value, base: Base, kind: Kind, reason: str
) -> None:
    made = decide("tfn_or_exemption", one, other, base)
    assert (made.kind, made.reason) == (kind, reason)


@BOTH
@pytest.mark.parametrize("one", [NUMBER, MASK, INVALID, UNQUOTED, PENDING, None])
@pytest.mark.parametrize("other", [MASK, OTHER_MASK, UNQUOTED, None])
@pytest.mark.parametrize("base", [NEVER, SAME, CHANGED, HRA_CHANGED, XERO_CHANGED])
@pytest.mark.parametrize("mode", ["authoritative", "changed", "all"])
@pytest.mark.parametrize("direction", ["both", "to_xero", "to_hra"])
def test_F4_never_a_mask_as_data_nor_an_exemption_over_a_number(
    authority: str, one: Value, other: Value, base: Base, mode: str, direction: str
) -> None:
    made = decide(
        "tfn_or_exemption", one, other, base, authority,
        mode=mode, by_person=True, directions={"tax": direction},
    )  # fmt: skip
    sent = made.kind in (Kind.TO_HRA, Kind.TO_XERO)
    if sent:
        assert not isinstance(made.value, MaskedTfn)
        assert made.value is not None
    if sent and isinstance(made.value, Exemption):
        target = other if made.kind is Kind.TO_XERO else one
        assert target is None or isinstance(target, Exemption)


def test_F4_a_number_that_changed_in_xero_alone_is_drift_where_tax_goes_to_xero_only() -> None:
    made = decide(
        "tfn_or_exemption", NUMBER, OTHER_MASK, XERO_CHANGED, directions={"tax": "to_xero"}
    )
    assert held(made) == "drift"


@pytest.mark.parametrize("base", [NEVER, HRA_CHANGED, XERO_CHANGED, CHANGED])
@pytest.mark.parametrize("direction", ["both", "to_xero"])
def test_F4_a_full_number_is_written_where_xero_has_none(base: Base, direction: str) -> None:
    made = decide("tfn_or_exemption", NUMBER, None, base, directions={"tax": direction})
    assert (made.kind, made.value) == (Kind.TO_XERO, NUMBER)


def test_F4_a_number_corrected_in_hra_is_not_called_a_difference_by_an_import_of_all() -> None:
    made = decide("tfn_or_exemption", OTHER_NUMBER, MASK, HRA_CHANGED, mode="all", by_person=True)
    assert (made.kind, made.value) == (Kind.TO_XERO, OTHER_NUMBER)


@pytest.mark.parametrize("one", [MASK, None])
def test_F4_tax_goes_to_hra_only_with_a_number_or_exemption_read_there(one: Value) -> None:
    here, there = hra(tfn_or_exemption=one, leave_loading=False), xero(leave_loading=True)
    made = decide_all(here, there, {"leave_loading": XERO_CHANGED, "tfn_or_exemption": NEVER})
    assert held(made["leave_loading"]) == "needs_clear_tfn"


def test_F4_tax_goes_to_hra_where_hra_holds_an_exemption() -> None:
    here = hra(tfn_or_exemption=PENDING, leave_loading=False)
    there = xero(tfn_or_exemption=PENDING, leave_loading=True)
    assert decide_all(here, there, {"leave_loading": XERO_CHANGED})["leave_loading"].kind is (
        Kind.TO_HRA
    )


@pytest.mark.parametrize(
    ("here", "there", "base"),
    [
        ({"residency": "FOREIGN_RESIDENT"}, {"residency": "AUSTRALIAN_RESIDENT"}, HRA_CHANGED),
        ({"residency": "FOREIGN_RESIDENT"}, {}, NEVER),
    ],
)
def test_F4_a_foreign_resident_with_the_threshold_is_reported(
    here: dict[str, Value], there: dict[str, Value], base: Base
) -> None:
    one, other = hra(tax_free_threshold=True, **here), xero(tax_free_threshold=True, **there)
    assert held(decide_all(one, other, {"residency": base})["residency"]) == "foreign_threshold"


@pytest.mark.parametrize("kind", [frozenset({"help"}), frozenset({"trade", "sfss"})])
def test_an_organisation_that_moves_to_stp_2_is_no_change_of_loans(kind: frozenset[str]) -> None:
    assert decide("loans", Loans(True, kind), Loans(True), SAME).kind is Kind.NOTHING


# --- R2: the import modes


@BOTH
@EACH
@pytest.mark.parametrize("mode", ["changed", "all"])
def test_R2_xero_wins_a_conflict_with_its_own_yes(name: str, authority: str, mode: str) -> None:
    a, b, _ = THREE[name]
    made = decide(name, a, b, CHANGED, authority, mode=mode, overrule=True)
    assert (made.kind, made.value) == (Kind.TO_HRA, b)


@EACH
@pytest.mark.parametrize("mode", ["changed", "all"])
def test_R2_an_hra_change_not_yet_exported_needs_its_own_yes(name: str, mode: str) -> None:
    a, b, _ = THREE[name]
    made = decide(name, a, b, CHANGED, "xero", mode=mode)
    assert (held(made), made.detail) == ("own_yes", "hra-1")


@pytest.mark.parametrize("mode", ["changed", "all"])
def test_R2_a_waiting_save_needs_its_own_yes_too(mode: str) -> None:
    a, b, _ = THREE["mobile"]
    made = decide("mobile", a, b, XERO_CHANGED, mode=mode, waiting=True)
    assert held(made) == "own_yes"


@pytest.mark.parametrize(
    ("name", "base", "directions"),
    [
        ("job_title", Base(Since.CHANGED, Since.SAME, kept=True), {}),
        ("job_title", HRA_CHANGED, {"job_title": "off"}),
        ("job_title", HRA_CHANGED, {"job_title": "to_hra"}),
    ],
    ids=["written and kept", "off", "to HRA only"],
)
@pytest.mark.parametrize("mode", ["changed", "all"])
def test_R2_what_never_goes_to_xero_asks_for_no_yes(
    name: str, base: Base, directions: dict[str, str], mode: str
) -> None:
    one = hra(mobile=THREE["mobile"][0], **{name: THREE[name][0]})
    other = xero(mobile=THREE["mobile"][1], **{name: THREE[name][1]})
    bases = {"mobile": XERO_CHANGED, name: base}
    made = decide_all(one, other, bases, mode=mode, directions=directions)
    assert made["mobile"].kind is Kind.TO_HRA


@pytest.mark.parametrize("name", BALANCES)
def test_R2_a_balance_changed_in_hra_asks_for_no_yes(name: str) -> None:
    made = decide(name, FIVE, SEVEN, CHANGED, mode="all", by_person=True)
    assert (made.kind, made.value) == (Kind.TO_HRA, SEVEN)


@EACH
@pytest.mark.parametrize("mode", ["changed", "all"])
def test_R2_an_empty_xero_value_wins_nothing(name: str, mode: str) -> None:
    a = THREE[name][0]
    for base in (CHANGED, NEVER, HRA_CHANGED):
        made = decide(name, a, None, base, "xero", mode=mode, by_person=True, overrule=True)
        assert made.kind is not Kind.TO_HRA


@pytest.mark.parametrize("mode", ["changed", "all"])
@pytest.mark.parametrize("name", ["tax_offset", "upward_variation", "withholding_variation"])
def test_R2_an_empty_xero_value_wins_nothing_in_a_declaration_taken_along(
    name: str, mode: str
) -> None:
    one = hra(employment_basis="CASUAL", **{name: THREE[name][0]})
    other = xero(employment_basis="PART_TIME")
    bases = {"employment_basis": CHANGED, name: HRA_CHANGED}
    made = decide_all(one, other, bases, mode=mode, overrule=True)
    assert made[name].kind is not Kind.TO_HRA


@EACH
def test_R2_mode_all_takes_every_xero_value_even_one_that_did_not_move(name: str) -> None:
    a, b, _ = THREE[name]
    made = decide(name, a, b, HRA_CHANGED, "hra", mode="all", overrule=True)
    assert (made.kind, made.value) == (Kind.TO_HRA, b)


@EACH
def test_R2_mode_changed_leaves_a_change_of_hra_alone_alone(name: str) -> None:
    a, b, _ = THREE[name]
    assert decide(name, a, b, HRA_CHANGED, "xero", mode="changed").kind is Kind.TO_XERO


@pytest.mark.parametrize("mode", ["changed", "all"])
@pytest.mark.parametrize("name", DETAILS)
def test_R2_at_first_contact_xero_wins_details_in_a_person_s_run(name: str, mode: str) -> None:
    a, b, _ = THREE[name]
    made = decide(name, a, b, NEVER, "hra", mode=mode, by_person=True)
    assert made.kind is Kind.TO_HRA


@pytest.mark.parametrize("mode", ["changed", "all"])
@pytest.mark.parametrize("name", ["bank_accounts", "super_memberships", "loans"])
def test_R2_at_first_contact_no_mode_decides_bank_super_or_tax(name: str, mode: str) -> None:
    a, b, _ = THREE[name]
    made = decide(name, a, b, NEVER, "xero", mode=mode, by_person=True, overrule=True)
    assert held(made) == "first_contact"


@pytest.mark.parametrize("mode", ["changed", "all"])
def test_R2_at_first_contact_no_mode_decides_in_a_scheduled_run(mode: str) -> None:
    a, b, _ = THREE["mobile"]
    assert held(decide("mobile", a, b, NEVER, "xero", mode=mode)) == "first_contact"


# --- who may be written to


@pytest.mark.parametrize(
    "status", [Status.TERMINATED, Status.TERMINATING, Status.AWAY, Status.GONE]
)
@EACH
def test_T1_only_current_employees_are_exported(name: str, status: Status) -> None:
    a, b, _ = THREE[name]
    one, other = hra(status, **{name: b}), xero(**{name: a})
    assert held(decide_all(one, other, {name: HRA_CHANGED})[name]) == "not_current"


def test_a_merged_hra_record_takes_no_import() -> None:
    one, other = hra(Status.GONE, mobile="0491 570 156"), xero(mobile="0491 570 157")
    assert held(decide_all(one, other, {"mobile": XERO_CHANGED})["mobile"]) == "gone"


@EACH
def test_F4_a_stopped_kind_of_write_waits_while_imports_go_on(name: str) -> None:
    a, b, _ = THREE[name]
    stopped = frozenset({FIELDS[name].group})
    assert held(decide(name, b, a, HRA_CHANGED, stopped=stopped)) == "stopped"
    assert decide(name, a, b, XERO_CHANGED, stopped=stopped).kind is Kind.TO_HRA


def test_every_tax_field_has_a_case_here() -> None:
    covered = {*THREE, *BALANCES, "end_date", "branch", "tfn_or_exemption"}
    assert covered == set(FIELDS)
    assert set(names("tax")) <= covered
