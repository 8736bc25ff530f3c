"""Leave balances: which types count, in hours only, never guessed (F5)."""

from decimal import Decimal
from typing import Any

import pytest

from agent.employee import UNKNOWN
from agent.xero.mapping_leave import LeaveTypes, leave, leave_types


def kind(id: str, name: str, category: str | None = None, **more: Any) -> dict[str, Any]:
    row = {"LeaveTypeID": id, "Name": name, "TypeOfUnits": "Hours", "CurrentRecord": True, **more}
    return {**row, "LeaveCategoryCode": category} if category else row


def balance(id: str, units: Any, unit: str | None = "Hours") -> dict[str, Any]:
    row = {"LeaveTypeID": id, "LeaveName": "any", "NumberOfUnits": units}
    return {**row, "TypeOfUnits": unit} if unit else row


def annual(types: LeaveTypes | None, *balances: dict[str, Any]) -> Any:
    return leave({"LeaveBalances": list(balances)}, types)["annual_leave"]


def test_F5_a_type_is_found_by_its_category_whatever_its_name() -> None:
    types = leave_types([kind("a", "Holidays", "ANNUALLEAVE"), kind("b", "Annual Leave")], {})
    assert annual(types, balance("A", 3.91501956), balance("b", 100)) == Decimal("3.91501956")


@pytest.mark.parametrize("name", ["Annual Leave", " annual  LEAVE"])
def test_F5_without_a_category_it_is_found_by_its_name(name: str) -> None:
    assert (
        annual(leave_types([kind("a", name)], {"Annual Leave": "personal"}), balance("a", 5)) == 5
    )


def test_F5_with_neither_it_is_found_by_the_users_map() -> None:
    types = leave_types([kind("a", "Sick (old award)")], {"sick (old award)": "personal"})
    assert leave({"LeaveBalances": [balance("a", 5)]}, types)["personal_leave"] == 5


def test_F5_several_current_types_of_one_category_add_up() -> None:
    types = leave_types([kind("a", "A", "ANNUALLEAVE"), kind("b", "B", "ANNUALLEAVE")], {})
    assert annual(types, balance("a", 1.25), balance("b", -0.5)) == Decimal("0.75")


def test_F5_an_archived_type_does_not_count() -> None:
    old = kind("b", "Old", "ANNUALLEAVE", CurrentRecord=False)
    types = leave_types([kind("a", "A", "ANNUALLEAVE"), old], {})
    assert annual(types, balance("a", 1), balance("b", 50)) == 1
    assert annual(types, balance("b", 50)) is UNKNOWN


def test_F5_days_are_not_converted_even_beside_hours() -> None:
    types = leave_types([kind("a", "A", "ANNUALLEAVE"), kind("b", "B", "ANNUALLEAVE")], {})
    assert annual(types, balance("a", 1), balance("b", 2, "Days")) is UNKNOWN


def test_F5_a_balance_without_a_unit_has_that_of_its_type() -> None:
    days = leave_types([kind("a", "A", "ANNUALLEAVE", TypeOfUnits="Days")], {})
    hours = leave_types([kind("a", "A", "ANNUALLEAVE")], {})
    assert annual(days, balance("a", 1, None)) is UNKNOWN
    assert annual(hours, balance("a", 1, None)) == 1


def test_F5_no_such_balance_is_unknown_not_nought() -> None:
    types = leave_types([kind("a", "A", "ANNUALLEAVE")], {})
    assert annual(types) is UNKNOWN
    assert annual(types, balance("a", 0)) == 0
    assert annual(None, balance("a", 5)) is UNKNOWN
