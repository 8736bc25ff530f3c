"""Decides one person: what HRA holds, what Xero holds, what was last agreed, who is the authority.

Pure. For every field of the table one Decision comes out, whatever run it is for; a run then carries out those
that go its way and leaves the rest open (D9). The order of the rules is the order of the calls below.
"""

from collections.abc import Mapping
from dataclasses import replace

from agent.employee import Employee
from agent.fields import FIELDS
from agent.merge.branch import branch
from agent.merge.decision import SENDS, TOWARDS, Base, Decision, Kind, Rules, Since, hold
from agent.merge.ending import closes_early, ending
from agent.merge.field import field
from agent.merge.groups import (
    foreign_threshold,
    memberships,
    smsf,
    tax_needs_number,
    whole_choice,
    whole_declaration,
)
from agent.merge.tfn import corrected, tfn
from agent.merge.travel import (
    APPROVALS,
    APPROVED_AS,
    PERSONS,
    Asked,
    approvals,
    asker,
    may_travel,
    name_of,
    own_yes,
    whole_or_none,
)
from agent.records import Approval

__all__ = [
    "APPROVALS",
    "APPROVED_AS",
    "PERSONS",
    "SENDS",
    "TOWARDS",
    "Asked",
    "Base",
    "Decision",
    "Kind",
    "Rules",
    "Since",
    "asker",
    "closes_early",
    "corrected",
    "merge",
    "name_of",
    "whole_choice",
]

LATE = "late_write"
GROUP_RULES = (whole_declaration, tax_needs_number, foreign_threshold, smsf, memberships)


def _nobody_asked(decision: Decision) -> Approval | None:
    return None


def merge(
    hra: Employee,
    xero: Employee,
    bases: Mapping[str, Base],
    rules: Rules,
    waiting: bool = False,
    asked: Asked = _nobody_asked,
) -> tuple[Decision, ...]:
    """One Decision for every field of the table. `bases` lacks a field that was never agreed.

    `waiting` says that an eSS save of this person has not reached Xero yet; `asked` what a second person said to a change.
    """
    rules = replace(rules, chosen=whole_choice(rules.chosen))
    decided = _by_field(hra, xero, bases, rules)
    decided |= _in_doubt(decided, hra, xero, bases, rules)
    for rule in GROUP_RULES:
        decided |= rule(decided, hra, xero, rules)
    travelling = tuple(may_travel(decision, hra, xero, rules) for decision in decided.values())
    allowed = whole_or_none(approvals(travelling, rules, asked))
    return own_yes(allowed, hra, bases, rules, waiting)


def _by_field(
    hra: Employee, xero: Employee, bases: Mapping[str, Base], rules: Rules
) -> dict[str, Decision]:
    """Every field by itself."""
    decided = {
        name: field(name, hra.get(name), xero.get(name), bases.get(name, Base()), rules)
        for name in FIELDS
    }
    number = bases.get("tfn_or_exemption", Base())
    decided["tfn_or_exemption"] = tfn(
        hra.get("tfn_or_exemption"), xero.get("tfn_or_exemption"), number, rules
    )
    decided["branch"] = branch(hra, xero, bases.get("branch", Base()), rules)
    decided["end_date"] = ending(hra, xero, bases.get("end_date", Base()), rules)
    return decided


def _in_doubt(
    decided: Mapping[str, Decision],
    hra: Employee,
    xero: Employee,
    bases: Mapping[str, Base],
    rules: Rules,
) -> dict[str, Decision]:
    """A value that is either the agent's own write, arrived late, or what somebody typed since: decided both ways, and where
    the two differ it waits for a person, so that neither is lost (X3)."""
    other = {name: base.otherwise for name, base in bases.items() if base.otherwise is not None}
    if not other:
        return {}
    again = _by_field(hra, xero, {**bases, **other}, rules)
    return {
        name: hold(name, LATE, conflict=True)
        for name in other
        if (decided[name].kind, decided[name].value) != (again[name].kind, again[name].value)
    }
