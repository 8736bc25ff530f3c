"""The field table: how values are compared, what a side cannot hold, what a plan shows."""

import re
from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.employee import UNKNOWN, BankAccount, Exemption, Loans, MaskedTfn, SuperMembership, Value
from agent.fields import FIELD_GROUPS, FIELDS, GROUPS, hours, names, problem, same, shown
from tests.unit.canonical_values import MASK, NUMBER, OTHER_NUMBER, THREE, account, membership
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
    assert problem(name, "1" * longest, "xero") is None
    assert problem(name, "1" * (longest + 1), "xero")
    assert problem(name, "1" * (longest + 1), "hra") is None


LONG_NAME = account("11", name="A" * 33)
BAD_LISTS = [
    (tuple(account(str(n), 100) for n in range(1, 5)) + (account("9"),), "hra"),
    ((account("11", 100),), "xero"),
    ((account("11"), account("22")), "hra"),
    ((account("11", 0), account("22")), "xero"),
    ((account(""),), "hra"),
    ((account("1234567890"),), "xero"),
    ((LONG_NAME,), "xero"),
    ((account("11", name="Anna; Papas"),), "xero"),
    ((type(LONG_NAME)("06200", "11", "A", None, True),), "hra"),
    ((type(LONG_NAME)("062000", "11", "A", None, True, "S" * 19),), "xero"),
]


@pytest.mark.parametrize(("rows", "target"), BAD_LISTS)
def test_D6_lists_of_accounts_that_no_bank_file_takes(rows: Value, target: str) -> None:
    assert problem("bank_accounts", rows, target)


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
