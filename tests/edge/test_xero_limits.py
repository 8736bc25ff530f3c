"""What Xero cannot hold, limit by limit of the field map: refused before the call, in words, and the
rest of the record travels; what is just within the limit is taken (D6).
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from agent.employee import Address, BankAccount, EndDate, Exemption, MaskedTfn, SuperMembership
from agent.fields import FIELD_GROUPS, same
from tests.edge.test_xero_writing import ordinary, ready
from tests.edge.xero_house import House, opening

Open = Callable[..., House]
HOME = Address("1 Wattle St", "", "Hobart", "TAS", "7000", "AUSTRALIA")
REST = BankAccount("062000", "123456789", "Jo Ng", None, True, order=3)
PART = BankAccount("062000", "00445566", "Jo Ng", 1, False)
PHONE = "02 5550 1111"


@pytest.fixture
def opened() -> Iterator[Open]:
    with opening() as make:
        yield make


def four(*more: BankAccount) -> tuple[BankAccount, ...]:
    fixed = (replace(PART, number=f"44{n}", order=n) for n in range(3))
    return (*fixed, *more, REST)


TOO_MUCH = [
    ("title", "x" * 11, "10 characters"),
    ("first_name", "x" * 36, "35 characters"),
    ("middle_names", "x" * 36, "35 characters"),
    ("last_name", "x" * 36, "35 characters"),
    ("email", f"{'x' * 90}@example.com", "100 characters"),
    ("phone", "1" * 51, "50 characters"),
    ("mobile", "1" * 51, "50 characters"),
    ("job_title", "x" * 51, "50 characters"),
    ("home_address", replace(HOME, line1="x" * 51), "50 characters"),
    ("home_address", replace(HOME, line2="x" * 51), "50 characters"),
    ("home_address", replace(HOME, suburb="x" * 51), "50 characters"),
    ("home_address", replace(HOME, line1=""), "street line"),
    ("home_address", replace(HOME, suburb=""), "suburb"),
    ("home_address", replace(HOME, state="Tasmania"), "Australian state"),
    ("home_address", replace(HOME, state=""), "Australian state"),
    ("home_address", replace(HOME, postcode="700"), "four digits"),
    ("home_address", replace(HOME, postcode="70001"), "four digits"),
    ("home_address", replace(HOME, country="NEW ZEALAND"), "outside Australia"),
    ("end_date", EndDate(date(2026, 3, 1)), "never travels to Xero"),
    ("bank_accounts", four(replace(PART, number="449")), "more than four accounts"),
    ("bank_accounts", (PART,), "exactly one account"),
    ("bank_accounts", (REST, replace(REST, number="2")), "exactly one account"),
    ("bank_accounts", (replace(REST, bsb="62000"),), "six digits"),
    ("bank_accounts", (replace(REST, bsb="0620001"),), "six digits"),
    ("bank_accounts", (replace(REST, number="1234567890"),), "nine digits"),
    ("bank_accounts", (replace(REST, name="x" * 33),), "32 characters"),
    ("bank_accounts", (replace(REST, name="Jo_Ng"),), "characters that banks do not take"),
    ("bank_accounts", (replace(REST, statement="x" * 19),), "18 characters"),
    ("bank_accounts", (replace(REST, statement="a;b"),), "characters that banks do not take"),
    ("bank_accounts", (replace(PART, cents=0), REST), "without an amount"),
    ("bank_accounts", (replace(PART, cents=None), REST), "without an amount"),
    ("bank_accounts", (replace(REST, number=""),), "without a number"),
    ("bank_accounts", (replace(REST, name=""),), "without a number or a name"),
    ("super_memberships", (SuperMembership("PTC0133AU", "", "A", ""),), "member number"),
    ("super_memberships", (SuperMembership("", "", "A", "1"),), "without USI and ABN"),
    ("employment_basis", "SUPER_INCOME_STREAM", "super income stream"),
    ("employment_basis", "NON_EMPLOYEE", "non-employee"),
    ("residency", "WORKING_HOLIDAY_MAKER", "working holiday maker"),
    ("tax_offset", Decimal("10.5"), "whole number of dollars"),
    ("upward_variation", Decimal("0.01"), "whole number of dollars"),
    ("withholding_variation", Decimal("12.5"), "whole percent"),
    ("withholding_variation", Decimal(101), "between 0 and 100"),
    ("withholding_variation", Decimal(0), "no tax is withheld"),
    ("tfn_or_exemption", MaskedTfn("782"), "masked"),
    ("tfn_or_exemption", MaskedTfn("781", valid=False), "not a valid tax file number"),
    ("tfn_or_exemption", Exemption("PENDING"), "never written over a number"),
]


@pytest.mark.parametrize(("name", "value", "word"), TOO_MUCH)
def test_D6_what_xero_cannot_hold_is_told_before_the_call_and_the_rest_travels(
    opened: Open, name: str, value: Any, word: str
) -> None:
    house = opened([ordinary()])
    other = ("mobile", "Mobile") if name == "phone" else ("phone", "Phone")
    written = house.client.update(ready(house), {name: value, other[0]: PHONE})
    assert house.bodies() == [[{other[1]: PHONE}]]
    ((told, reasons),) = written.refused.items()
    assert told in (name, FIELD_GROUPS[name])
    assert word in reasons[0]
    assert written.employee.get(other[0]) == PHONE


JUST_ENOUGH = [
    ("title", "x" * 10),
    ("first_name", "x" * 35),
    ("middle_names", "x" * 35),
    ("last_name", "x" * 35),
    ("email", f"{'x' * 88}@example.com"),
    ("phone", "1" * 50),
    ("mobile", "1" * 50),
    ("job_title", "x" * 50),
    ("home_address", replace(HOME, line1="x" * 50, line2="y" * 50, suburb="z" * 50)),
    ("home_address", replace(HOME, postcode="0800", state="NT")),
    ("bank_accounts", four()),
    ("bank_accounts", (replace(REST, number="000000001"),)),
    ("bank_accounts", (replace(REST, name="x" * 32, statement="y" * 18),)),
    ("bank_accounts", (replace(REST, name="A-Za z0.9,'&/()+", statement="Zoë"),)),
    ("tax_offset", Decimal(1)),
    ("upward_variation", Decimal(1)),
    ("withholding_variation", Decimal(1)),
    ("withholding_variation", Decimal(100)),
    ("employment_basis", "LABOUR_HIRE"),
]


@pytest.mark.parametrize(("name", "value"), JUST_ENOUGH)
def test_D6_what_xero_just_holds_travels_and_reads_back(
    opened: Open, name: str, value: Any
) -> None:
    house = opened([ordinary()])
    written = house.client.update(ready(house), {name: value})
    assert not written.refused
    assert same(name, value, written.employee.get(name))


def test_D6_a_foreign_resident_with_the_threshold_claimed_is_told_before_the_call(
    opened: Open,
) -> None:
    house = opened([ordinary()])
    before = ready(house)
    changes = {"residency": "FOREIGN_RESIDENT", "tax_free_threshold": True, "phone": PHONE}
    written = house.client.update(before, changes)
    assert house.bodies() == [[{"Phone": PHONE}]]
    assert "foreign resident cannot claim" in written.refused["tax"][0]


def test_D6_no_sentence_shows_the_value_that_xero_cannot_hold(opened: Open) -> None:
    house = opened([ordinary()])
    long = "Maximilian-Alexander Featherstonehaugh-Smythe"
    changes = {"last_name": long, "bank_accounts": (replace(REST, number="1234567890"),)}
    written = house.client.update(ready(house), {**changes, "phone": PHONE})
    told = " ".join(reason for reasons in written.refused.values() for reason in reasons)
    assert len(written.refused) == 2
    assert not any(part in told for part in ("Featherstone", "Maximilian", "1234567890"))
