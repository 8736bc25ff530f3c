"""Canonical people for the tests of the decisions: three values a field that either side can hold."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from random import Random

from agent.employee import (
    Address,
    BankAccount,
    Employee,
    EndDate,
    Exemption,
    Loans,
    MaskedTfn,
    Status,
    SuperMembership,
    Tfn,
    Value,
)
from agent.fields import FIELDS, GROUPS
from agent.merge import Base, Since
from agent.sandbox.identifiers import make_tfn

NUMBER = Tfn(make_tfn(Random(1)))
OTHER_NUMBER = Tfn(make_tfn(Random(2)))
MASK = MaskedTfn(NUMBER.last3)
OTHER_MASK = MaskedTfn(OTHER_NUMBER.last3)

NEVER, SAME, CHANGED = Base(), Base(Since.SAME, Since.SAME), Base(Since.CHANGED, Since.CHANGED)
HRA_CHANGED, XERO_CHANGED = Base(Since.CHANGED, Since.SAME), Base(Since.SAME, Since.CHANGED)


def account(number: str, cents: int | None = None, name: str = "A Papas") -> BankAccount:
    """One row; without cents it takes the remainder."""
    return BankAccount("062000", number, name, cents, cents is None)


def membership(usi: str, member: str = "1001", *, smsf: bool = False) -> SuperMembership:
    """One membership of a fund known by its USI."""
    return SuperMembership(usi, "30099320583", f"Fund {usi}", member, smsf)


def _home(line: str) -> Address:
    return Address(line, "", "Newtown", "NSW", "2042", "AUSTRALIA")


# None of the numbers, and no two of a row are equal after normalising.
THREE: Mapping[str, tuple[Value, Value, Value]] = {
    "title": ("Mr", "Dr", "Mx"),
    "first_name": ("Anna", "Hanna", "Joanna"),
    "middle_names": ("K", "Lee", "May"),
    "last_name": ("Papas", "Nguyen", "Tran"),
    "date_of_birth": (date(1980, 1, 1), date(1980, 2, 1), date(1981, 1, 1)),
    "gender": ("Male", "Female", "Non_Binary"),
    "home_address": (_home("1 A St"), _home("2 B St"), _home("3 C St")),
    "email": ("a@example.com", "b@example.com", "c@example.com"),
    "phone": ("02 5550 1111", "02 5550 2222", "02 5550 3333"),
    "mobile": ("0491 570 156", "0491 570 157", "0491 570 158"),
    "job_title": ("Cook", "Chef", "Baker"),
    "start_date": (date(2020, 7, 1), date(2020, 8, 1), date(2021, 7, 1)),
    "bank_accounts": (
        (account("111111"),),
        (account("222222"),),
        (account("111111", 5000), account("333333")),
    ),
    "super_memberships": (
        (membership("STA0100AU"),),
        (membership("STA0100AU", "2002"),),
        (membership("HOS0100AU"),),
    ),
    "employment_basis": ("FULL_TIME", "PART_TIME", "CASUAL"),
    "residency": ("AUSTRALIAN_RESIDENT", "FOREIGN_RESIDENT", None),
    "resident_for_tax": (True, False, None),
    "tax_free_threshold": (True, False, None),
    "loans": (Loans(False, frozenset()), Loans(True, frozenset({"help"})), Loans(True, frozenset({"trade"}))),
    "tax_offset": (Decimal(100), Decimal(200), Decimal(300)),
    "upward_variation": (Decimal(10), Decimal(20), Decimal(30)),
    "withholding_variation": (Decimal(11), Decimal(12), Decimal(13)),
    "leave_loading": (True, False, None),
}  # fmt: skip
BALANCES = ("annual_leave", "personal_leave", "long_service_leave")

DAY = EndDate(date(2026, 3, 31))
EARLIER, LATER = EndDate(date(2026, 3, 1)), EndDate(date(2026, 6, 30))
INVALID = MaskedTfn("777", valid=False)
PENDING, UNQUOTED = Exemption("PENDING"), Exemption("UNQUOTED")
SMSF = (membership("", smsf=True),)
LOST = (Base(Since.CHANGED, Since.NEVER), Base(Since.NEVER, Since.SAME))
KEPT = Base(Since.CHANGED, Since.SAME, kept=True)
BASES = (NEVER, *LOST, SAME, CHANGED, HRA_CHANGED, XERO_CHANGED, KEPT)

# For each field, one value that the other side cannot hold.
UNFIT: Mapping[str, Value] = {
    "title": "Grand Duchess",
    "first_name": "A" * 36,
    "job_title": "J" * 51,
    "home_address": Address("1 A St", "", "Auckland", "Otago", "1010", "NEW ZEALAND"),
    "bank_accounts": (account("1234567890"),),
    "withholding_variation": Decimal(0),
    "residency": "WORKING_HOLIDAY_MAKER",
    "employment_basis": "SUPER_INCOME_STREAM",
}


def hra(status: Status = Status.CURRENT, **values: Value) -> Employee:
    """What HRA holds: a full number, these values, nothing else."""
    return _person("hra", status, {"tfn_or_exemption": NUMBER, **values})


def xero(status: Status = Status.CURRENT, **values: Value) -> Employee:
    """What Xero holds: the same number masked, these values, nothing else."""
    return _person("xero", status, {"tfn_or_exemption": MASK, **values})


def _person(side: str, status: Status, values: Mapping[str, Value]) -> Employee:
    return Employee(
        side, f"{side}-1", status, {**dict.fromkeys(FIELDS), **values}, frozenset(GROUPS)
    )
