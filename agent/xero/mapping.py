"""Xero's employee as one Employee, and a row of its list as one Person.

Pure: the sections' own mappings do the work. `raw` of the Employee is Xero's own object, kept
whole, because a write lays its changes over it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.branches import BranchMap
from agent.employee import UNKNOWN, Employee, Person, Status, Value
from agent.errors import UnreadableAnswer, WrongRecord
from agent.fields import GROUPS
from agent.xero import wire
from agent.xero.mapping_bank import bank
from agent.xero.mapping_details import GROUP, details, group_name, unmapped
from agent.xero.mapping_leave import LeaveTypes, leave, unreadable
from agent.xero.mapping_super import FundOf, memberships
from agent.xero.mapping_tax import tax
from agent.xero.wire import SIDE, Json

ALL_GROUPS = frozenset(GROUPS)
STATUSES = {"ACTIVE": Status.CURRENT, "TERMINATED": Status.TERMINATED}


@dataclass(frozen=True)
class Reference:
    """What reading an employee needs to know of the organisation. `fund_of` None: its funds cannot
    be read.
    """

    branches: BranchMap = field(default_factory=BranchMap)
    fund_of: FundOf | None = None
    leave_types: LeaveTypes | None = None


def employee(raw: Json, groups: frozenset[str], known: Reference) -> Employee:
    """One detail answer as an Employee with a value for every field of `groups`. Raises
    UnreadableAnswer.
    """
    stp2 = raw.get("IsSTP2Qualified") is True
    values: dict[str, Value] = {}
    for group in GROUPS:
        if group in groups:
            values |= _group(group, raw, known, stp2)
    return Employee(
        side=SIDE,
        id=wire.identity(raw, "EmployeeID"),
        status=status(raw),
        values=values,
        groups=groups,
        updated=wire.stamp(raw.get("UpdatedDateUTC")),
        stp2=stp2,
        unmapped=unmapped(raw, known.branches) if "details" in groups else None,
        unfinished=payable(raw),
        notes=_notes(raw, values, known),
        raw=raw,
    )


def person(row: Json, branches: BranchMap, *, whole: bool = False) -> Person:
    """A row of the list, or a detail (`whole`), as a Person. Raises UnreadableAnswer for a row
    without id.

    Without its Employee Group a row of the list, which is a summary, says nothing about the branch;
    a detail says that there is no group.
    """
    told = branches.match and (whole or GROUP in row)
    born = wire.day(row.get("DateOfBirth"))
    home = row.get("HomeAddress")
    return Person(
        side=SIDE,
        id=wire.identity(row, "EmployeeID"),
        first_name=wire.text(row.get("FirstName")) or "",
        last_name=wire.text(row.get("LastName")) or "",
        status=status(row),
        updated=wire.stamp(row.get("UpdatedDateUTC")),
        date_of_birth=None if born is UNKNOWN else born,
        email=wire.text(row.get("Email")),
        mobile=wire.text(row.get("Mobile")),
        postcode=wire.text(home.get("PostalCode")) if isinstance(home, Mapping) else None,
        branch=branches.branch_of(group_name(row)) if told else None,
    )


def status(row: Json) -> Status:
    """ACTIVE or TERMINATED; where the word is missing, a termination date tells (contract). Raises
    UnreadableAnswer.
    """
    word = row.get("Status")
    if word is None:
        return Status.TERMINATED if row.get("TerminationDate") else Status.CURRENT
    if word not in STATUSES:
        raise UnreadableAnswer(SIDE, "an employee status that the contract does not know")
    return STATUSES[word]


def checked(row: Json, id: str) -> Json:
    """The same row, if it is about the employee asked for. Raises WrongRecord (D8)."""
    if wire.identity(row, "EmployeeID").casefold() != id.casefold():
        raise WrongRecord(SIDE, "another employee than the one asked for")
    return row


def payable(raw: Json) -> tuple[str, ...]:
    """What Xero still needs before this person can be paid, in words (M2)."""
    missing = {
        "pay calendar": not raw.get("PayrollCalendarID"),
        "ordinary earnings rate": not raw.get("OrdinaryEarningsRateID"),
        "super line in the pay template": not any(
            line.get("ContributionType") == "SGC" for line in _super_lines(raw)
        ),
    }
    return tuple(words for words, lacks in missing.items() if lacks)


def idle_memberships(raw: Json) -> tuple[str, ...]:
    """Ids of memberships that no super line of the pay template uses (F3).

    Nothing is said where the template was not read, or a line does not name its membership
    (contract's example, assumption A41).
    """
    lines = _super_lines(raw)
    if not isinstance(raw.get("PayTemplate"), Mapping) or any(
        not line.get("SuperMembershipID") for line in lines
    ):
        return ()
    used = {str(line["SuperMembershipID"]).casefold() for line in lines}
    held = [str(row.get("SuperMembershipID") or "") for row in raw.get("SuperMemberships") or ()]
    return tuple(id for id in held if id and id.casefold() not in used)


def _super_lines(raw: Json) -> list[Mapping[str, Any]]:
    template = raw.get("PayTemplate")
    lines = template.get("SuperLines") if isinstance(template, Mapping) else None
    return [line for line in lines or () if isinstance(line, Mapping)]


def _group(group: str, raw: Json, known: Reference, stp2: bool) -> dict[str, Value]:
    if group == "details":
        return details(raw, known.branches)
    if group == "bank":
        return bank(raw)
    if group == "super":
        return memberships(raw, known.fund_of) if known.fund_of else {"super_memberships": UNKNOWN}
    if group == "tax":
        return tax(raw, stp2)
    return leave(raw, known.leave_types)


def _notes(raw: Json, values: Mapping[str, Value], known: Reference) -> dict[str, str]:
    """Reason codes for what is worth telling: a balance that is not in hours, a membership that
    nothing is paid to.
    """
    told = unreadable(raw, known.leave_types) if "annual_leave" in values else ()
    notes = dict.fromkeys(told, "leave_unreadable")
    if isinstance(values.get("super_memberships"), tuple) and idle_memberships(raw):
        notes["super_memberships"] = "unused_membership"
    return notes
