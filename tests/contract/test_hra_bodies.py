"""Whatever the canonical values are, what is sent to HRA Cloud is valid by its contract."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.hra import mapping_bank, mapping_details, mapping_leave, mapping_super, mapping_tax
from agent.hra.mapping import References
from agent.hra.wire import Draft
from tests.contract.openapi import check_request, needs_contracts
from tests.unit.hra_values import DETAIL, bank_lists, details_values, super_lists, tax_values, tfns

# The checking library finds a word of the contract's out of date.
pytestmark = [
    needs_contracts,
    pytest.mark.filterwarnings("ignore:Use of allowEmptyValue:DeprecationWarning"),
]

LISTS = References({"mr": "Mr", "mx": "Mx", "dr": "Dr"}, frozenset({"Male", "Female"}))
EMPLOYEE = "/accounts/a1/employees/e1"
SOME = settings(max_examples=40, deadline=None)


def check(draft: Draft, part: str = "", method: str = "PUT", path: str = EMPLOYEE) -> None:
    assert draft.body is not None, draft.refused
    body = json.dumps(draft.body, default=float)
    headers = {"Authorization": "Bearer of-the-test", "Content-Type": "application/json"}
    check_request("hra", method, path + part, headers, (), body)


@SOME
@given(details_values())
def test_new_and_changed_details_are_valid(values: dict[str, Any]) -> None:
    held = {name: value for name, value in values.items() if value is not None}
    check(mapping_details.new(held, "home", LISTS), method="POST", path="/accounts/a1/employees")
    del values["branch"], values["end_date"]
    check(mapping_details.draft(DETAIL, values, "home", LISTS))


@SOME
@given(bank_lists(), bank_lists())
def test_bank_lists_are_valid(old: Any, new: Any) -> None:
    first = mapping_bank.draft({}, {"bank_accounts": old})
    check(first, "/bank-accounts")
    check(mapping_bank.draft(first.body or {}, {"bank_accounts": new}), "/bank-accounts")


@SOME
@given(super_lists())
def test_super_memberships_are_valid(value: Any) -> None:
    check(mapping_super.draft({}, {"super_memberships": value}), "/retirement-savings")


@SOME
@given(tax_values(), tax_values(), tfns())
def test_tax_details_are_valid(old: Any, new: Any, number: str) -> None:
    first = mapping_tax.draft({"au": {"tfn": number}}, old)
    check(first, "/tax-details")
    check(mapping_tax.draft(first.body or {}, new), "/tax-details")


@SOME
@given(st.decimals(0, 10_000, places=6))
def test_leave_balances_are_valid(hours: Decimal) -> None:
    check(mapping_leave.draft({}, {"annual_leave": hours}), "/leave-balances")
