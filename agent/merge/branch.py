"""The branch and the Employee Group are one value, through the user's map (B1, B2)."""

from agent.employee import Employee
from agent.merge.decision import Base, Decision, Kind, Rules, hold
from agent.merge.field import field

NAME = "branch"


def branch(hra: Employee, xero: Employee, base: Base, rules: Rules) -> Decision:
    """What becomes of the branch; an Employee Group that the map does not know is held, never guessed."""
    if not rules.branches:
        return Decision(NAME, Kind.NOTHING, reason="off")
    if NAME not in xero.values:
        return Decision(NAME, Kind.NOTHING, reason="unreadable")
    if xero.unmapped is not None and rules.direction_of(NAME) != "off":
        return hold(NAME, "unmapped_group", xero.unmapped)
    return field(NAME, hra.get(NAME), xero.get(NAME), base, rules)
