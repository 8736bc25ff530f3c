"""Employee: the one record that both sides are read into, and the canonical values of its fields.

A value is one of: None (the side holds nothing there), UNKNOWN (the side may hold something, but it
cannot be read), or the canonical form below. Nothing here knows a vendor's form.

text fields            str, stripped, never empty
date fields            datetime.date
end_date               EndDate
home_address           Address
bank_accounts          tuple of BankAccount, never empty
super_memberships      tuple of SuperMembership, never empty
tfn_or_exemption       Tfn | MaskedTfn | Exemption
loans                  Loans
amounts, percentages   Decimal (dollars, percents)
leave balances         Decimal hours
booleans               bool
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Final


class _Unknown(Enum):
    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown.UNKNOWN


class Status(Enum):
    """Where a person stands on one side; Xero has only ACTIVE's and TERMINATED's meaning."""

    CURRENT = "current"
    TERMINATING = "terminating"
    TERMINATED = "terminated"
    AWAY = "away"
    GONE = "gone"


@dataclass(frozen=True)
class Address:
    """A home address; `state` is one of Xero's eight words where it is an Australian state, `country` upper case."""

    line1: str = ""
    line2: str = ""
    suburb: str = ""
    state: str = ""
    postcode: str = ""
    country: str = ""


@dataclass(frozen=True)
class BankAccount:
    """One row of the list. `cents` is None for the remainder account. `id` and `order` are HRA's and are never compared."""

    bsb: str
    number: str
    name: str
    cents: int | None
    remainder: bool
    statement: str = ""
    id: str | None = field(default=None, compare=False)
    order: int = field(default=0, compare=False)


@dataclass(frozen=True)
class SuperMembership:
    """One membership of a fund. `id` and `fund_id` are the side's own (fund_id: Xero's SuperFundID)."""

    usi: str
    abn: str
    fund_name: str
    member_number: str
    smsf: bool = False
    id: str | None = field(default=None, compare=False)
    fund_id: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Tfn:
    """A full tax file number that passes its check digit."""

    number: str

    def __repr__(self) -> str:
        return f"Tfn(******{self.last3})"

    @property
    def last3(self) -> str:
        """The three digits that a mask shows."""
        return self.number[-3:]


@dataclass(frozen=True)
class MaskedTfn:
    """The side holds a number but shows only its end, or one that is no valid number (`valid` False)."""

    last3: str
    valid: bool = True


@dataclass(frozen=True)
class Exemption:
    """A reason for holding no number: UNQUOTED, PENDING, UNDER18 or PENSIONER."""

    code: str


@dataclass(frozen=True)
class EndDate:
    """The day an employment ends. `by_notice`: the person gave notice (Xero's reason V); only Xero tells, never compared."""

    day: date
    by_notice: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Loans:
    """Study and training loans. `kinds` is None where the side only says whether there is any (STP phase 2)."""

    any: bool
    kinds: frozenset[str] | None = None


Value = Any
Values = Mapping[str, Value]


@dataclass(frozen=True)
class Employee:
    """One person as one side holds them now.

    `values` has a key for every field that was read: absent means not asked for, which merge treats as
    UNKNOWN. `groups` are the field groups that were read. `raw` is the vendor's own record by section, for
    writing back what the agent does not manage; only that side's mapping looks into it. `stp2` is Xero's
    IsSTP2Qualified. `unmapped` names a branch or Employee Group that the map does not know. `unfinished` is what
    Xero still needs before this person can be paid; `notes` are reason codes (agent.words) of fields that could not
    be read for a reason worth telling.
    """

    side: str
    id: str
    status: Status
    values: Values
    groups: frozenset[str] = frozenset()
    number: str | None = None
    updated: str = ""
    new_id: str | None = None
    old_id: str | None = None
    stp2: bool = False
    unmapped: str | None = None
    unfinished: tuple[str, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def get(self, name: str) -> Value:
        """The value of a field; UNKNOWN where it was not read."""
        return self.values.get(name, UNKNOWN)

    def with_values(self, changes: Values) -> "Employee":
        """The same record with some values replaced."""
        return replace(self, values={**self.values, **changes})


@dataclass(frozen=True)
class Person:
    """What a listing tells of somebody: enough to find a partner, and to see whether anything changed.

    `branch` is the HRA branch's id (for Xero's people: that of their Employee Group, by the map; None where unknown).
    `candidate`: an HRA candidate, not an employee yet. `old_id`: the record that a transfer came from.
    """

    side: str
    id: str
    first_name: str
    last_name: str
    status: Status
    updated: str = ""
    date_of_birth: date | None = None
    email: str | None = None
    mobile: str | None = None
    postcode: str | None = None
    number: str | None = None
    created: str = ""
    new_id: str | None = None
    old_id: str | None = None
    branch: str | None = None
    candidate: bool = False


def cents_to_dollars(cents: int) -> Decimal:
    """Exact dollars of an amount in cents."""
    return Decimal(cents) / 100


def dollars_to_cents(amount: Decimal) -> int:
    """Cents of an amount in dollars; raises ValueError when it is not a whole number of cents."""
    cents = amount * 100
    if cents != cents.to_integral_value():
        raise ValueError("an amount that is not a whole number of cents")
    return int(cents)
