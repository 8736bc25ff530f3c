"""HRA's payroll sections to canonical values and back: bank, super, tax, leave."""

from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import fields
from agent.canonical import is_tfn
from agent.employee import (
    UNKNOWN,
    BankAccount,
    Exemption,
    Loans,
    MaskedTfn,
    SuperMembership,
    Tfn,
)
from agent.hra import mapping_bank, mapping_leave, mapping_super, mapping_tax
from agent.hra.wire import OddShape
from agent.sandbox.identifiers import make_tfn
from tests.unit.hra_values import bank_lists, super_lists, tax_values, tfns

BANK, SUPER, IDENTITY = "bank_accounts", "super_memberships", "tfn_or_exemption"
NUMBER = make_tfn(Random(7))


def body_of(draft: Any) -> dict[str, Any]:
    assert draft.body is not None, draft.refused
    return dict(draft.body)


# --- bank accounts ----------------------------------------------------------------------------

ROWS = [
    {
        "id": "r1", "bsb": "012-123", "number": "00 123-456", "name": "José Papas",
        "amountInCents": 12050, "statementText": "Rent", "remainder": False, "accountOrder": 1,
    },
    {
        "id": "r2", "bsb": "032 001", "number": "987654", "name": "J PAPAS", "amountInCents": 0,
        "statementText": None, "remainder": True, "accountOrder": 0,
        "dateCreatedUTC": "2019-01-08 11:09:45",
    },
]  # fmt: skip
FIXED = BankAccount("012123", "00123456", "José Papas", 12050, False, "Rent")
REST = BankAccount("032001", "987654", "J PAPAS", None, True)


def test_F2_rows_are_read_with_the_remainder_last() -> None:
    found = mapping_bank.values({"au": ROWS})[BANK]
    assert found == (FIXED, REST)
    assert [row.id for row in found] == ["r1", "r2"]


@pytest.mark.parametrize("body", [{}, {"au": []}, {"au": None}])
def test_F2_no_rows_are_none(body: Any) -> None:
    assert mapping_bank.values(body) == {BANK: None}


def test_New_Zealand_rows_are_unknown_and_never_overwritten() -> None:
    body = {"nz": [{"id": "n1", "number": "01-0001", "name": "A", "remainder": True}]}
    assert mapping_bank.values(body) == {BANK: UNKNOWN}
    assert mapping_bank.draft(body, {BANK: (REST,)}).body is None


@given(bank_lists())
def test_F2_a_list_written_reads_back_the_same(value: tuple[BankAccount, ...]) -> None:
    body = body_of(mapping_bank.draft({}, {BANK: value}))
    assert mapping_bank.values(body)[BANK] == value
    assert [row["accountOrder"] for row in body["au"]] == list(range(len(value)))
    assert all("amountInCents" not in row for row in body["au"] if row["remainder"])


@given(bank_lists(), bank_lists())
def test_F2_a_list_laid_over_another_is_the_new_list(
    old: tuple[BankAccount, ...], new: tuple[BankAccount, ...]
) -> None:
    rows = body_of(mapping_bank.draft({}, {BANK: old}))["au"]
    present = {"au": [{**row, "id": f"r{place}"} for place, row in enumerate(rows)]}
    body = body_of(mapping_bank.draft(present, {BANK: new}))
    assert fields.same(BANK, mapping_bank.values(body)[BANK], new)
    ids = [row["id"] for row in body["au"] if "id" in row]
    assert len(set(ids)) == len(ids)
    assert sorted(row["accountOrder"] for row in body["au"]) == list(range(len(new)))


def test_D5_equal_rows_keep_HRAs_spelling_ids_and_order() -> None:
    plain = replace(FIXED, name="jose papas", id=None)
    rows = body_of(mapping_bank.draft({"au": ROWS}, {BANK: (REST, plain)}))["au"]
    assert rows == [
        {
            "id": "r2", "bsb": "032 001", "number": "987654", "name": "J PAPAS",
            "amountInCents": 0, "remainder": True, "accountOrder": 0,
        },
        {
            "id": "r1", "bsb": "012-123", "number": "00 123-456", "name": "José Papas",
            "amountInCents": 12050, "statementText": "Rent", "remainder": False, "accountOrder": 1,
        },
    ]  # fmt: skip


def test_F2_with_a_new_row_the_remainder_account_comes_last() -> None:
    new = BankAccount("062000", "111222", "J Papas", 100, False)
    rows = body_of(mapping_bank.draft({"au": ROWS}, {BANK: (REST, FIXED, new)}))["au"]
    assert [(row.get("id"), row["accountOrder"]) for row in rows] == [
        ("r1", 0),
        (None, 1),
        ("r2", 2),
    ]


def test_D5_a_changed_amount_changes_nothing_else() -> None:
    changed = replace(FIXED, name="Jose Papas", cents=999)
    rows = body_of(mapping_bank.draft({"au": ROWS}, {BANK: (changed, REST)}))["au"]
    assert {**rows[1], "amountInCents": 12050} == {**ROWS[0]}


def test_F2_two_rows_of_one_account_do_not_share_an_id() -> None:
    twice = [ROWS[0], {**ROWS[0], "id": "r3", "amountInCents": 500, "accountOrder": 2}, ROWS[1]]
    value = (replace(FIXED, cents=700), replace(FIXED, cents=800), REST)
    rows = body_of(mapping_bank.draft({"au": twice}, {BANK: value}))["au"]
    assert {row.get("id") for row in rows} == {"r1", "r2", "r3"}


def test_F2_the_equal_row_wins_over_one_of_the_same_account() -> None:
    twice = [ROWS[0], {**ROWS[0], "id": "r3", "amountInCents": 500, "accountOrder": 2}, ROWS[1]]
    value = (replace(FIXED, cents=700), FIXED, REST)
    rows = body_of(mapping_bank.draft({"au": twice}, {BANK: value}))["au"]
    assert next(row["id"] for row in rows if row.get("amountInCents") == 12050) == "r1"
    assert next(row["id"] for row in rows if row.get("amountInCents") == 700) == "r3"


def test_F2_a_fixed_account_that_takes_the_remainder_loses_its_amount() -> None:
    value = (replace(FIXED, cents=None, remainder=True), replace(REST, cents=500, remainder=False))
    rows = {r["id"]: r for r in body_of(mapping_bank.draft({"au": ROWS}, {BANK: value}))["au"]}
    assert "amountInCents" not in rows["r1"] and rows["r1"]["remainder"] is True
    assert rows["r2"]["amountInCents"] == 500 and rows["r2"]["remainder"] is False


def test_D6_a_bank_name_that_HRA_cannot_hold_is_refused_without_its_value() -> None:
    draft = mapping_bank.draft({}, {BANK: (replace(REST, name="x" * 65),)})
    assert draft.body is None and "xxx" not in str(draft.refused)


@pytest.mark.parametrize(
    "row",
    [
        {"bsb": 5.5},
        {"remainder": "yes"},
        {"remainder": False, "amountInCents": 1.5},
        {"remainder": False, "amountInCents": "much"},
        {"accountOrder": True},
    ],
)
def test_an_odd_row_is_an_odd_shape(row: Any) -> None:
    with pytest.raises(OddShape):
        mapping_bank.values({"au": [row]})


def test_a_list_that_came_back_shorter_is_told() -> None:
    assert mapping_bank.vanished({"au": ROWS}, {"au": ROWS[:1]}) == ("bank:rows",)
    assert mapping_bank.vanished({"au": ROWS}, {"au": ROWS}) == ()


# --- super ------------------------------------------------------------------------------------

ABN = "65714394898"
MEMBER = SuperMembership("STA0100AU", ABN, "AustralianSuper", "77001")
SHOWN = {
    "id": "s1", "type": "REGULATED", "name": "Australian Super", "abn": "65 714 394 898",
    "usi": "sta0100au", "memberNumber": "77001", "esa": None,
    "dateUpdatedUTC": "2019-01-08 11:09:45",
}  # fmt: skip
KEPT = {k: v for k, v in SHOWN.items() if k not in ("esa", "dateUpdatedUTC")}


def test_F3_a_membership_is_read_without_spaces_and_case() -> None:
    assert mapping_super.values({"au": [SHOWN]})[SUPER] == (
        replace(MEMBER, fund_name="Australian Super"),
    )


def test_F3_the_ABN_comes_from_a_long_USI_where_none_stands() -> None:
    raw = {**SHOWN, "abn": "", "usi": f"{ABN}001"}
    assert mapping_super.values({"au": [raw]})[SUPER][0].abn == ABN


@given(super_lists())
def test_F3_memberships_written_read_back_the_same(value: tuple[SuperMembership, ...]) -> None:
    body = body_of(mapping_super.draft({}, {SUPER: value}))
    assert mapping_super.values(body)[SUPER] == value


@given(super_lists(), super_lists())
def test_F3_no_membership_is_ever_left_out(
    old: tuple[SuperMembership, ...], new: tuple[SuperMembership, ...]
) -> None:
    rows = body_of(mapping_super.draft({}, {SUPER: old}))["au"]
    present = {"au": [{**row, "id": f"s{place}"} for place, row in enumerate(rows)]}
    draft = mapping_super.draft(present, {SUPER: new})
    if draft.body is None:
        return
    sent = [row.get("id") for row in draft.body["au"]]
    assert sent[: len(old)] == [f"s{place}" for place in range(len(old))]
    held = mapping_super.values(draft.body)[SUPER]
    assert all(any(fields.same(SUPER, (row,), (one,)) for one in held) for row in new)


def test_D5_an_equal_membership_keeps_HRAs_spelling() -> None:
    other = SuperMembership("HOS0100AU", "64971749321", "HOSTPLUS", "5")
    rows = body_of(mapping_super.draft({"au": [SHOWN]}, {SUPER: (MEMBER, other)}))["au"]
    assert rows[0] == KEPT
    assert rows[1] == {
        "type": "REGULATED", "name": "HOSTPLUS", "abn": "64 971 749 321", "usi": "HOS0100AU",
        "memberNumber": "5",
    }  # fmt: skip


def test_F3_a_new_member_number_changes_the_row_of_its_fund() -> None:
    value = (replace(MEMBER, member_number="88"),)
    rows = body_of(mapping_super.draft({"au": [SHOWN]}, {SUPER: value}))["au"]
    assert rows == [{**KEPT, "memberNumber": "88"}]


def test_F3_which_of_two_rows_of_one_fund_changed_is_for_a_person() -> None:
    twice = [SHOWN, {**SHOWN, "id": "s2", "memberNumber": "99"}]
    draft = mapping_super.draft({"au": twice}, {SUPER: (replace(MEMBER, member_number="88"),)})
    assert draft.body is None and draft.refused


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ({**SHOWN, "type": "SMSF"}, MEMBER),
        ({**SHOWN, "esa": "ESUPERFUND"}, MEMBER),
        (SHOWN, replace(MEMBER, smsf=True)),
        ({**SHOWN, "abn": None, "usi": None}, MEMBER),
        (SHOWN, SuperMembership("HOS0100AU", "", "HOSTPLUS", "5")),
        (SHOWN, SuperMembership("HOS0100AU", "64971749321", "", "5")),
        (SHOWN, SuperMembership("HOS0100AU", "64971749321", "HOSTPLUS", "")),
        (SHOWN, SuperMembership("HOS0100AU", "64971749321", "x" * 256, "5")),
    ],
)
def test_F3_what_HRA_would_lose_or_refuse_is_not_sent(raw: Any, value: SuperMembership) -> None:
    draft = mapping_super.draft({"au": [raw]}, {SUPER: (value,)})
    assert draft.body is None and list(draft.refused) == [SUPER]


def test_F3_KiwiSaver_is_unknown_and_never_overwritten() -> None:
    body = {"nz": {"kiwiSaver": True}}
    assert mapping_super.values(body) == {SUPER: UNKNOWN}
    assert mapping_super.draft(body, {SUPER: (MEMBER,)}).body is None


def test_a_membership_that_vanished_is_told() -> None:
    assert mapping_super.vanished({"au": [SHOWN]}, {"au": []}) == ("super:membership",)
    assert mapping_super.vanished({"au": [SHOWN]}, {"au": [SHOWN]}) == ()


# --- tax --------------------------------------------------------------------------------------


def tax(clear: bool = True, **au: Any) -> dict[str, Any]:
    return mapping_tax.values({"au": au}, clear=clear)


@pytest.mark.parametrize("body", [{}, {"au": None}, {"au": {"tfn": None, "loans": None}}])
def test_F4_no_declaration_is_none_in_every_field(body: Any) -> None:
    assert set(mapping_tax.values(body, clear=False).values()) == {None}


@pytest.mark.parametrize(
    ("au", "name", "value"),
    [
        ({"tfn": NUMBER}, IDENTITY, Tfn(NUMBER)),
        ({"tfn": "*** *** 123"}, IDENTITY, MaskedTfn("123")),
        ({"tfn": "123456789"}, IDENTITY, MaskedTfn("789", valid=False)),
        ({"tfn": "000000000"}, IDENTITY, Exemption("UNQUOTED")),
        ({"exemptType": "UNDER18"}, IDENTITY, Exemption("UNDER18")),
        ({"hecsSupported": True}, IDENTITY, None),
        ({"employmentBasis": "LABOUR_HIRE"}, "employment_basis", "LABOUR_HIRE"),
        ({"employmentBasis": "ODD"}, "employment_basis", UNKNOWN),
        ({"residencyStatus": "FOREIGN_RESIDENT"}, "residency", "FOREIGN_RESIDENT"),
        ({"australianResidentForTaxPurposes": True}, "resident_for_tax", True),
        ({"taxFreeThresholdClaimed": True}, "tax_free_threshold", True),
        ({"eligibleToReceiveLeaveLoading": True}, "leave_loading", True),
        ({"hecsSupported": True}, "leave_loading", None),
        ({"tradeLoanSupport": True}, "loans", Loans(True, frozenset({"trade"}))),
        ({"financialSupplementDebt": True}, "loans", Loans(True, frozenset({"sfss"}))),
        ({"studentStartupLoan": True}, "loans", Loans(True, frozenset({"startup"}))),
        ({"hecsSupported": False}, "loans", Loans(False, frozenset())),
    ],
)
def test_F4_each_tax_key_is_read_into_its_field(au: Any, name: str, value: Any) -> None:
    assert tax(**au)[name] == value


OFFSET = ("otherTaxOffsetClaimed", "offsetEstimatedAmountInCents")
UPWARD = ("upwardVariationRequested", "increasedTaxWithholdingAmountInCents")


@pytest.mark.parametrize(("name", "keys"), [("tax_offset", OFFSET), ("upward_variation", UPWARD)])
@pytest.mark.parametrize(
    ("claimed", "cents", "value"),
    [
        (True, 12345, Decimal("123.45")),
        (True, 0, None),
        (False, 500, None),
        (None, 500, None),
        (True, None, None),
    ],
)
def test_F4_claimed_0_is_not_claimed(
    name: str, keys: tuple[str, str], claimed: Any, cents: Any, value: Any
) -> None:
    assert tax(hecsSupported=True, **{keys[0]: claimed, keys[1]: cents})[name] == value


@pytest.mark.parametrize(
    ("approved", "percent", "value"),
    [
        (True, "18.5", Decimal("18.5")),
        (True, "0", Decimal(0)),
        (True, None, UNKNOWN),
        (False, "5", None),
    ],
)
def test_F4_an_absent_variation_is_never_0(approved: bool, percent: Any, value: Any) -> None:
    found = tax(
        hasApprovedWithholdingVariation=approved, approvedWithholdingVariationPercentage=percent
    )
    assert found["withholding_variation"] == value


def test_F4_a_number_that_is_not_shown_is_unknown_without_the_scope_for_clear_numbers() -> None:
    assert tax(clear=False, hecsSupported=True)[IDENTITY] is UNKNOWN
    assert tax(clear=True, hecsSupported=True)[IDENTITY] is None


@given(tax_values(), tfns())
def test_F4_a_declaration_written_reads_back_the_same(value: dict[str, Any], number: str) -> None:
    draft = mapping_tax.draft({"au": {"tfn": number}}, value)
    assert draft.refused == {}
    assert mapping_tax.values(body_of(draft), clear=True) == {**value, IDENTITY: Tfn(number)}


@given(tax_values(), tax_values(), tfns(), st.data())
def test_F4_a_change_of_one_tax_field_leaves_the_others(
    old: dict[str, Any], new: dict[str, Any], number: str, data: st.DataObject
) -> None:
    before = body_of(mapping_tax.draft({"au": {"tfn": number}}, old))
    name = data.draw(st.sampled_from(sorted(new)))
    after = body_of(mapping_tax.draft(before, {name: new[name]}))
    read = mapping_tax.values(after, clear=True)
    assert read == {**old, IDENTITY: Tfn(number), name: new[name]}


@given(st.text("0123456789*X•- ", max_size=12), tax_values())
def test_F4_masked_tfn_is_never_written(shown: str, value: dict[str, Any]) -> None:
    draft = mapping_tax.draft({"au": {"tfn": shown, "hecsSupported": True}}, value)
    if draft.body is not None:
        sent = draft.body["au"]
        assert is_tfn(sent["tfn"]) if "tfn" in sent else sent["exemptType"]


def test_F4_a_mask_that_claims_to_be_a_number_is_an_error_of_the_program() -> None:
    with pytest.raises(ValueError, match="masked"):
        mapping_tax._identity_keys(Tfn("******123"))


HELD_NUMBER = {"au": {"tfn": NUMBER, "taxFreeThresholdClaimed": True}}
HELD_MASK = {"au": {"tfn": "*** *** 123", "taxFreeThresholdClaimed": True}}
HELD_EXEMPTION = {"au": {"exemptType": "PENDING", "taxFreeThresholdClaimed": True}}


@pytest.mark.parametrize("held", [HELD_MASK, {}, {"au": {"taxFreeThresholdClaimed": True}}])
@pytest.mark.parametrize("value", [Exemption("PENDING"), MaskedTfn("123"), None])
def test_F4_without_a_full_number_nothing_of_tax_goes(held: Any, value: Any) -> None:
    draft = mapping_tax.draft(held, {IDENTITY: value, "leave_loading": True})
    assert draft.body is None
    assert draft.refused["tax"] == (mapping_tax.NO_FULL_TFN,)


@pytest.mark.parametrize("value", [Exemption("PENDING"), MaskedTfn("123"), None, Tfn("123456789")])
def test_F4_nothing_takes_the_place_of_a_number_and_the_rest_goes(value: Any) -> None:
    draft = mapping_tax.draft(HELD_NUMBER, {IDENTITY: value, "leave_loading": True})
    assert list(draft.refused) == [IDENTITY]
    assert body_of(draft)["au"] == {
        "tfn": NUMBER, "taxFreeThresholdClaimed": True, "eligibleToReceiveLeaveLoading": True,
    }  # fmt: skip


def test_F4_an_exemption_takes_the_place_of_an_exemption() -> None:
    body = body_of(mapping_tax.draft(HELD_EXEMPTION, {IDENTITY: Exemption("PENSIONER")}))
    assert body["au"] == {"exemptType": "PENSIONER", "taxFreeThresholdClaimed": True}


def test_F4_a_full_number_takes_the_place_of_an_exemption_or_a_mask() -> None:
    for held in (HELD_EXEMPTION, HELD_MASK):
        body = body_of(mapping_tax.draft(held, {IDENTITY: Tfn(NUMBER)}))
        assert body["au"] == {"tfn": NUMBER, "taxFreeThresholdClaimed": True}


@pytest.mark.parametrize(
    ("flags", "value", "expected"),
    [
        ((), Loans(True), {"hecsSupported"}),
        (("tradeLoanSupport",), Loans(True), {"tradeLoanSupport"}),
        (("hecsSupported", "tradeLoanSupport"), Loans(False), set()),
        (("hecsSupported",), Loans(True, frozenset({"sfss"})), {"financialSupplementDebt"}),
    ],
)
def test_F4_any_loan_becomes_HECS_only_where_no_flag_is_set(
    flags: tuple[str, ...], value: Loans, expected: set[str]
) -> None:
    held = {"au": {"tfn": NUMBER, **dict.fromkeys(flags, True)}}
    sent = body_of(mapping_tax.draft(held, {"loans": value}))["au"]
    assert {key for key in mapping_tax.LOANS.values() if sent[key]} == expected
    assert all(isinstance(sent[key], bool) for key in mapping_tax.LOANS.values())


def test_F4_what_is_not_claimed_any_more_has_no_amount() -> None:
    held = {"au": {"tfn": NUMBER, OFFSET[0]: True, OFFSET[1]: 5000}}
    sent = body_of(mapping_tax.draft(held, {"tax_offset": None}))["au"]
    assert sent[OFFSET[0]] is False and OFFSET[1] not in sent


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("employment_basis", "NON_EMPLOYEE"),
        ("residency", "MARTIAN"),
        ("tax_offset", Decimal("0.001")),
    ],
)
def test_D6_a_tax_value_that_HRA_cannot_hold_is_refused_alone(name: str, value: Any) -> None:
    draft = mapping_tax.draft(HELD_NUMBER, {name: value, "leave_loading": True})
    assert list(draft.refused) == [name]
    assert body_of(draft)["au"]["eligibleToReceiveLeaveLoading"] is True


def test_New_Zealand_tax_is_unknown_and_never_overwritten() -> None:
    body = {"nz": {"irdNumber": "1"}}
    assert set(mapping_tax.values(body, clear=True).values()) == {UNKNOWN}
    assert mapping_tax.draft(body, {"leave_loading": True}).body is None


def test_a_number_that_vanished_is_told() -> None:
    assert mapping_tax.vanished(HELD_NUMBER, {"au": {}}) == ("tax:tfn",)
    assert mapping_tax.vanished(HELD_NUMBER, HELD_MASK) == ()


# --- leave ------------------------------------------------------------------------------------


def test_F5_balances_are_exact_whatever_number_they_came_as() -> None:
    body = {"au": {"annualLeave": 2.675, "personalLeave": 3, "longServiceLeave": Decimal("4.10")}}
    assert mapping_leave.values(body) == {
        "annual_leave": Decimal("2.675"),
        "personal_leave": Decimal(3),
        "long_service_leave": Decimal("4.10"),
    }


@given(st.decimals(0, 10_000, places=8))
def test_F5_a_balance_goes_rounded_half_up(hours: Decimal) -> None:
    held = {"au": {"personalLeave": 3}}
    body = body_of(mapping_leave.draft(held, {"annual_leave": hours}))["au"]
    assert body["annualLeave"] == fields.hours(hours)
    assert body["personalLeave"] == 3 and body["longServiceLeave"] == 0


@pytest.mark.parametrize(
    ("hours", "sent"), [("3.91501956", "3.92"), ("3.9956", "4.00"), ("2.675", "2.68")]
)
def test_F5_the_contracts_examples_of_rounding(hours: str, sent: str) -> None:
    body = body_of(mapping_leave.draft({}, {"long_service_leave": Decimal(hours)}))["au"]
    assert body["longServiceLeave"] == Decimal(sent)


def test_F5_New_Zealand_balances_are_unknown_and_never_overwritten() -> None:
    body = {"nz": {"annualLeave": 2}}
    assert set(mapping_leave.values(body).values()) == {UNKNOWN}
    assert mapping_leave.draft(body, {"annual_leave": Decimal(1)}).body is None


@pytest.mark.parametrize("odd", [float("inf"), float("nan"), "many", True, [1]])
def test_an_odd_balance_is_an_odd_shape(odd: Any) -> None:
    with pytest.raises(OddShape):
        mapping_leave.values({"au": {"annualLeave": odd}})
