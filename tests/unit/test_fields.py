"""The field table: how values are compared, what a side cannot hold, what a plan shows."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import canonical
from agent.employee import (
    UNKNOWN,
    Address,
    BankAccount,
    EndDate,
    Exemption,
    Loans,
    MaskedTfn,
    SuperMembership,
    Value,
)
from agent.fields import FIELD_GROUPS, FIELDS, GROUPS, hours, names, problem, same, shown
from tests.unit.canonical_values import (
    BALANCES,
    MASK,
    NUMBER,
    OTHER_NUMBER,
    THREE,
    UNFIT,
    account,
    membership,
)
from tests.unit.hra_values import bank_lists, details_values, super_lists, tax_values

EACH = pytest.mark.parametrize("name", THREE)
RECORDS = st.builds(
    lambda details, tax, bank, funds: {
        **{name: value for name, value in details.items() if name in FIELDS},
        **tax,
        "bank_accounts": bank,
        "super_memberships": funds,
    },
    details_values(),
    tax_values(),
    bank_lists(),
    super_lists(),
)


def test_every_field_has_a_group_and_every_group_has_fields() -> None:
    assert set(FIELD_GROUPS.values()) == set(GROUPS)
    assert [name for group in GROUPS for name in names(group)] == list(FIELDS)


@given(RECORDS, RECORDS)
def test_D5_comparison_is_symmetric_and_reflexive(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    for name in one:
        assert same(name, one[name], one[name]), name
        assert same(name, one[name], other[name]) is same(name, other[name], one[name]), name


@EACH
def test_D5_different_values_are_different(name: str) -> None:
    for one, other in product((*THREE[name], None), repeat=2):
        assert same(name, one, other) is (one == other)


@EACH
def test_D3_what_cannot_be_read_equals_nothing(name: str) -> None:
    for value in (*THREE[name], None, UNKNOWN):
        assert not same(name, value, UNKNOWN)
        assert not same(name, UNKNOWN, value)


def test_F4_a_number_and_its_mask_are_one_value_and_the_full_numbers_count_where_known() -> None:
    assert same("tfn_or_exemption", NUMBER, MASK)
    twin = type(NUMBER)("1" + NUMBER.number[1:])
    assert not same("tfn_or_exemption", NUMBER, twin)
    assert not same("tfn_or_exemption", NUMBER, OTHER_NUMBER)


@pytest.mark.parametrize("code", ["UNQUOTED", "PENDING", "UNDER18", "PENSIONER"])
def test_F4_an_exemption_is_never_equal_to_a_number_or_nothing(code: str) -> None:
    for other in (NUMBER, MASK, None, Exemption("OTHER")):
        assert not same("tfn_or_exemption", Exemption(code), other)


def test_F2_the_order_of_the_fixed_rows_is_no_change() -> None:
    one, other, rest = account("11", 500), account("22", 700), account("33")
    assert same("bank_accounts", (one, other, rest), (other, one, rest))


def test_F2_amounts_and_the_remainder_count() -> None:
    one, rest = account("11", 500), account("33")
    assert not same("bank_accounts", (one, rest), (account("11", 501), rest))
    assert not same("bank_accounts", (one, rest), (account("33", 500), account("11")))


def test_F2_leading_zeros_of_an_account_number_count() -> None:
    assert not same("bank_accounts", (account("0012"),), (account("12"),))


def test_F3_funds_known_by_different_keys_share_the_abn() -> None:
    usi = SuperMembership("STA0100AU", "30099320583", "One", "7")
    abn = SuperMembership("", "30099320583", "Other", "7")
    assert same("super_memberships", (usi,), (abn,))
    assert not same("super_memberships", (usi,), (SuperMembership("", "", "One", "7"),))


def test_F3_order_and_case_of_memberships_is_no_change() -> None:
    a, b = membership("STA0100AU", "ab1"), membership("HOS0100AU", "2")
    assert same("super_memberships", (a, b), (b, membership("sta0100au", "AB1")))


def test_loans_are_compared_as_precisely_as_both_sides_tell() -> None:
    kinds = Loans(True, frozenset({"help"}))
    assert same("loans", kinds, Loans(True))
    assert not same("loans", kinds, Loans(False))
    assert not same("loans", kinds, Loans(True, frozenset({"trade"})))


@pytest.mark.parametrize(
    ("given_hours", "rounded"),
    [("3.91501956", "3.92"), ("3.915", "3.92"), ("3.914", "3.91"), ("-1.005", "-1.01"), ("0", "0")],
)
def test_F5_balances_are_rounded_half_up(given_hours: str, rounded: str) -> None:
    assert hours(Decimal(given_hours)) == Decimal(rounded)
    assert same("annual_leave", Decimal(given_hours), Decimal(rounded))


def test_amounts_of_another_scale_are_equal() -> None:
    assert same("tax_offset", Decimal("100"), Decimal("100.00"))
    assert not same("tax_offset", Decimal("100"), Decimal("100.01"))


# --- D6: what a side cannot hold


@EACH
@pytest.mark.parametrize("target", ["hra", "xero"])
def test_D6_ordinary_values_fit_both_sides(name: str, target: str) -> None:
    assert [problem(name, value, target) for value in (*THREE[name], None)] == [None] * 4


@pytest.mark.parametrize(
    ("name", "longest"),
    [("title", 10), ("first_name", 35), ("middle_names", 35), ("last_name", 35), ("email", 100),
     ("phone", 50), ("mobile", 50), ("job_title", 50)],
)  # fmt: skip
def test_D6_the_longest_text_that_xero_takes(name: str, longest: int) -> None:
    ending = "@example.com" if name == "email" else ""
    fitting = "1" * (longest - len(ending)) + ending
    assert problem(name, fitting, "xero") is None
    assert problem(name, "1" + fitting, "xero")
    assert problem(name, "1" + fitting, "hra") is None


@pytest.mark.parametrize(
    ("email", "fits"),
    [
        ("anna@example.com", True),
        ("a.b+c@mail.example.com.au", True),
        ("anna", False),
        ("anna@example", False),
        ("anna@@example.com", False),
        ("anna papas@example.com", False),
    ],
)
def test_D6_what_is_no_email_address_stays_out_of_xero(email: str, fits: bool) -> None:
    assert (problem("email", email, "xero") is None) is fits
    assert problem("email", email, "hra") is None


def home(**parts: str) -> Address:
    """An address that Xero takes, with some parts replaced."""
    return replace(Address("1 A St", "", "Newtown", "NSW", "2042", "AUSTRALIA"), **parts)


ADDRESSES: list[tuple[str, Address, bool]] = [
    *(
        (f"state {state}", home(state=state), True)
        for state in sorted(set(canonical.STATES.values()))
    ),
    ("no country", home(country=""), True),
    ("line of 50", home(line1="1" * 50, line2="2" * 50, suburb="S" * 50), True),
    ("another country", home(country="NEW ZEALAND"), False),
    ("a state that is not Australian", home(state="Otago"), False),
    ("a state in full is brought to its short form before", home(state="New South Wales"), False),
    ("no state", home(state=""), False),
    ("no street line", home(line1=""), False),
    ("no suburb", home(suburb=""), False),
    ("postcode of three digits", home(postcode="800"), False),
    ("postcode of five digits", home(postcode="20420"), False),
    ("postcode with a letter", home(postcode="204A"), False),
    ("no postcode", home(postcode=""), False),
    ("first line of 51", home(line1="1" * 51), False),
    ("second line of 51", home(line2="2" * 51), False),
    ("suburb of 51", home(suburb="S" * 51), False),
]


@pytest.mark.parametrize(
    ("value", "fits"), [case[1:] for case in ADDRESSES], ids=[case[0] for case in ADDRESSES]
)
def test_D6_an_address_that_xero_takes_is_australian_and_whole(value: Address, fits: bool) -> None:
    assert (problem("home_address", value, "xero") is None) is fits
    assert problem("home_address", value, "hra") is None


@pytest.mark.parametrize("name", ["date_of_birth", "start_date", "end_date"])
@pytest.mark.parametrize(
    ("day", "fits"),
    [
        (date(1899, 12, 31), False),
        (date(1900, 1, 1), True),
        (date(2050, 12, 31), True),
        (date(2051, 1, 1), False),
    ],
)
def test_D6_hra_takes_dates_from_1900_to_2050(name: str, day: date, fits: bool) -> None:
    value = EndDate(day) if name == "end_date" else day
    assert (problem(name, value, "hra") is None) is fits
    assert problem(name, value, "xero") is None


ONE = account("11")
FIXED = account("11", 1)
BOTH_SIDES, XERO_ONLY = ("hra", "xero"), ("xero",)
# What a list of bank accounts may be: what is wrong with it, the list, which sides do not take it.
ACCOUNTS: list[tuple[str, Value, tuple[str, ...]]] = [
    ("four accounts", (*(account(str(n), 100) for n in range(1, 4)), ONE), ()),
    ("five accounts", (*(account(str(n), 100) for n in range(1, 5)), ONE), BOTH_SIDES),
    ("no remainder", (account("11", 100),), BOTH_SIDES),
    ("two remainders", (ONE, account("22")), BOTH_SIDES),
    ("an amount of one cent", (FIXED, account("22")), ()),
    ("an amount of nothing", (replace(FIXED, cents=0), account("22")), BOTH_SIDES),
    ("a negative amount", (replace(FIXED, cents=-1), account("22")), BOTH_SIDES),
    ("a fixed account without an amount", (replace(FIXED, cents=None), account("22")), BOTH_SIDES),
    ("no number", (replace(ONE, number=""),), BOTH_SIDES),
    ("no name", (replace(ONE, name=""),), BOTH_SIDES),
    ("a number of nine digits", (replace(ONE, number="012345678"),), ()),
    ("a number of ten digits", (replace(ONE, number="0123456789"),), XERO_ONLY),
    ("a number with a letter", (replace(ONE, number="12A4"),), XERO_ONLY),
    ("a BSB of five digits", (replace(ONE, bsb="06200"),), BOTH_SIDES),
    ("a BSB of seven digits", (replace(ONE, bsb="0620001"),), BOTH_SIDES),
    ("a name of 32", (replace(ONE, name="A" * 32),), ()),
    ("a name of 33", (replace(ONE, name="A" * 33),), XERO_ONLY),
    ("a name of 32 that grows without its accent", (replace(ONE, name="A" * 31 + "ß"),), XERO_ONLY),
    ("a name with an accent", (replace(ONE, name="José Ñandú"),), ()),
    ("a name that banks do not take", (replace(ONE, name="Anna; Papas"),), XERO_ONLY),
    ("every character that banks take", (replace(ONE, name="Aa0 .,-'&/()+"),), ()),
    ("a statement of 18", (replace(ONE, statement="S" * 18),), ()),
    ("a statement of 19", (replace(ONE, statement="S" * 19),), XERO_ONLY),
    ("a statement that banks do not take", (replace(ONE, statement="pay_roll"),), XERO_ONLY),
]


@pytest.mark.parametrize(
    ("rows", "refused"), [case[1:] for case in ACCOUNTS], ids=[case[0] for case in ACCOUNTS]
)
def test_D6_lists_of_accounts_that_a_side_does_not_take(
    rows: Value, refused: tuple[str, ...]
) -> None:
    assert tuple(side for side in BOTH_SIDES if problem("bank_accounts", rows, side)) == refused


FUND = membership("STA0100AU")
MEMBERSHIPS: list[tuple[str, SuperMembership, tuple[str, ...]]] = [
    ("USI and ABN", FUND, ()),
    ("an ABN alone", replace(FUND, usi=""), ()),
    ("a USI alone", replace(FUND, abn=""), ("hra",)),
    ("neither", replace(FUND, usi="", abn=""), BOTH_SIDES),
    ("no member number", replace(FUND, member_number=""), BOTH_SIDES),
]


@pytest.mark.parametrize(
    ("row", "refused"), [case[1:] for case in MEMBERSHIPS], ids=[case[0] for case in MEMBERSHIPS]
)
def test_F3_memberships_that_a_side_does_not_take(
    row: SuperMembership, refused: tuple[str, ...]
) -> None:
    rows = (membership("HOS0100AU"), row)
    assert tuple(side for side in BOTH_SIDES if problem("super_memberships", rows, side)) == refused


@pytest.mark.parametrize(
    ("name", "value", "refused"),
    [
        ("employment_basis", "NON_EMPLOYEE", BOTH_SIDES),
        ("employment_basis", "SUPER_INCOME_STREAM", XERO_ONLY),
        ("residency", "WORKING_HOLIDAY_MAKER", BOTH_SIDES),
        *(("employment_basis", known, ()) for known in "FULL_TIME PART_TIME CASUAL LABOUR_HIRE".split()),
        *(("residency", known, ()) for known in ("AUSTRALIAN_RESIDENT", "FOREIGN_RESIDENT")),
        ("withholding_variation", Decimal(100), ()),
        ("withholding_variation", Decimal(1), ()),
        ("withholding_variation", Decimal("100.5"), BOTH_SIDES),
        ("tax_offset", Decimal("1500.00"), ()),
    ],
)  # fmt: skip
def test_F4_tax_values_that_a_side_does_not_take(
    name: str, value: Value, refused: tuple[str, ...]
) -> None:
    assert tuple(side for side in BOTH_SIDES if problem(name, value, side)) == refused


@pytest.mark.parametrize("name", FIELDS)
def test_D6_nothing_is_no_problem_and_every_problem_continues_its_field_s_name(name: str) -> None:
    assert [problem(name, None, side) for side in BOTH_SIDES] == [None, None]
    unfit: dict[str, Value] = {**UNFIT, "end_date": EndDate(date(2051, 1, 1))}
    for side in BOTH_SIDES:
        told = problem(name, unfit.get(name), side)
        assert told is None or (told[0].islower() and not told.endswith("."))


# Xero's limits by field, and who else checks what this table does not: the clients, before any call.
LIMITED = {*UNFIT, "middle_names", "last_name", "email", "phone", "mobile", "date_of_birth",
           "start_date", "end_date", "super_memberships", "tfn_or_exemption", "tax_offset",
           "upward_variation"}  # fmt: skip
BY_A_CLIENT = {
    "gender": "HRA's own list: tests/unit/test_hra_mapping.py",
    "branch": "the map and Xero's groups: tests/unit/test_xero_details.py",
}
WITHOUT_A_LIMIT = {"resident_for_tax", "tax_free_threshold", "loans", "leave_loading", *BALANCES}


def test_D6_every_field_has_a_limit_here_or_at_a_client_or_none() -> None:
    assert LIMITED | BY_A_CLIENT.keys() | WITHOUT_A_LIMIT == set(FIELDS)
    for name in WITHOUT_A_LIMIT | BY_A_CLIENT.keys():
        assert problem(name, "9" * 500, "xero") is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("tax_offset", Decimal("10.50")), ("upward_variation", Decimal("0.01")),
     ("withholding_variation", Decimal("12.5"))],
)  # fmt: skip
def test_F4_a_fraction_is_reported_to_xero_and_fits_hra(name: str, value: Decimal) -> None:
    assert problem(name, value, "xero")
    assert problem(name, value, "hra") is None


@pytest.mark.parametrize("target", ["hra", "xero"])
@pytest.mark.parametrize("value", [Decimal(0), Decimal("0.00"), Decimal(-1), Decimal(101)])
def test_F4_a_variation_of_nothing_is_never_written(value: Decimal, target: str) -> None:
    assert problem("withholding_variation", value, target)


@pytest.mark.parametrize("target", ["hra", "xero"])
@pytest.mark.parametrize("value", [MASK, MaskedTfn("777", valid=False)])
def test_F4_a_mask_fits_nowhere(value: Value, target: str) -> None:
    assert problem("tfn_or_exemption", value, target)
    assert problem("tfn_or_exemption", NUMBER, target) is None


# --- S4: what a plan shows


@given(bank_lists(), super_lists())
def test_S4_no_account_or_member_number_shows_in_a_plan(
    accounts: tuple[BankAccount, ...], funds: tuple[SuperMembership, ...]
) -> None:
    assert not re.search("[0-9]{4}", shown("bank_accounts", accounts))
    told = shown("super_memberships", tuple(replace(row, fund_name="Fund") for row in funds))
    assert not re.search("[0-9]{3}", told)


@given(details_values(), tax_values())
def test_S4_sensitive_values_are_hidden_in_a_plan(
    details: dict[str, Any], tax: dict[str, Any]
) -> None:
    for name, value in {**details, **tax}.items():
        if name in FIELDS and FIELDS[name].sensitive and value is not None:
            assert shown(name, value) == "(hidden)", name


@pytest.mark.parametrize("name", FIELDS)
def test_S4_nothing_and_unreadable_have_words(name: str) -> None:
    assert shown(name, None) == "(empty)"
    assert shown(name, UNKNOWN) == "(not readable)"


def test_S4_a_tfn_shows_its_end_only() -> None:
    assert shown("tfn_or_exemption", NUMBER) == f"*** *** {NUMBER.last3}"
    assert "PENDING" not in shown("tfn_or_exemption", Exemption("PENDING"))


@EACH
def test_S4_no_reason_for_not_travelling_holds_the_value(name: str) -> None:
    told = problem(name, "9" * 200, "xero") if isinstance(THREE[name][0], str) else None
    assert told is None or "999" not in told


# --- end dates


def test_D5_an_end_date_is_its_day_whoever_gave_notice() -> None:
    one, other = EndDate(date(2026, 3, 31)), EndDate(date(2026, 3, 31), by_notice=True)
    assert same("end_date", one, other)
    assert not same("end_date", one, EndDate(date(2026, 4, 1)))
    assert not same("end_date", one, None)
    assert same("end_date", None, None)


def test_S4_an_end_date_is_hidden_in_a_plan() -> None:
    assert shown("end_date", EndDate(date(2026, 3, 31))) == "(hidden)"
