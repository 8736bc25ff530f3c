"""The end date: from Xero to HRA only, and only one that became known since both sides agreed (T2, T3)."""

from datetime import date

from agent.canonical import loose
from agent.employee import UNKNOWN, Employee, EndDate, Value
from agent.fields import same
from agent.merge.decision import Base, Decision, Kind, Rules, Since, hold
from agent.merge.field import conflict

NAME = "end_date"


def ending(hra: Employee, xero: Employee, base: Base, rules: Rules) -> Decision:
    """What becomes of a termination that Xero knows, or that only HRA knows."""
    here, there = hra.get(NAME), xero.get(NAME)
    chosen = rules.choice(NAME)
    if rules.direction_of(NAME) == "off" and not chosen:
        return Decision(NAME, Kind.NOTHING, reason="off")
    if here is UNKNOWN or there is UNKNOWN:
        return Decision(NAME, Kind.NOTHING, reason="unreadable")
    if same(NAME, here, there):
        return Decision(NAME, Kind.NOTHING if base.settled else Kind.AGREE)
    if chosen and there is not None:
        return Decision(NAME, Kind.TO_HRA, there, why="chosen")
    fresh = base.first or base.xero is not Since.SAME
    if there is not None and fresh and is_signed_in(hra, rules.signed_in):
        fight = base.first or base.hra is Since.CHANGED
        return hold(NAME, "own_sign_in", conflict=fight)
    if base.kept:
        return hold(NAME, "kept")
    if there is None:
        return hold(NAME, "end_removed" if base.xero is Since.CHANGED else "end_in_hra")
    return _known_to_xero(hra, there, base, rules)


def _known_to_xero(hra: Employee, there: EndDate, base: Base, rules: Rules) -> Decision:
    here, fight, why = hra.get(NAME), base.hra is Since.CHANGED, "xero_changed"
    if base.first:
        rehired = _for_a_person(hra, here, there, rules) == "rehire"
        return hold(NAME, "rehire" if rehired else "end_first_contact", conflict=True)
    if base.settled:
        return hold(NAME, "state_wrong")
    if base.xero is Since.SAME:
        return hold(NAME, "end_in_hra" if here is not None else "end_taken_back")
    if fight:
        fought = conflict(NAME, here, there, rules)
        if fought.kind is not Kind.TO_HRA:
            return hold(NAME, "end_differs", conflict=True)
        why = fought.why
    obstacle = _for_a_person(hra, here, there, rules)
    if obstacle:
        return hold(NAME, obstacle, conflict=fight)
    return Decision(NAME, Kind.TO_HRA, there, conflict=fight, why=why)


def _for_a_person(hra: Employee, here: Value, there: EndDate, rules: Rules) -> str:
    started = hra.get("start_date")
    if isinstance(started, date) and started > there.day:
        return "rehire"
    if rules.earlier_end == "hold" and closes_early(here, there):
        return "earlier_end"
    return ""


def closes_early(here: Value, there: Value) -> bool:
    """T3: HRA has a later end date, so an earlier one from Xero would close an open off-boarding checklist."""
    return isinstance(here, EndDate) and isinstance(there, EndDate) and there.day < here.day


def is_signed_in(hra: Employee, signed_in: tuple[str, str]) -> bool:
    """Whether this is the record of the person whose sign-in the agent uses: ending it cuts the agent off (T2).

    HRA tells no employee of a sign-in (contract: UserDetail), so it is known by name or e-mail (assumption A19).
    """
    name, email = signed_in
    full = " ".join(str(hra.get(part) or "") for part in ("first_name", "last_name"))
    mine = hra.get("email")
    by_email = bool(email) and isinstance(mine, str) and mine.casefold() == email.casefold()
    return by_email or (bool(name) and loose(full) == loose(name))
