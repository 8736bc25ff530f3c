"""Decides one field by itself: direction, three-way comparison, first contact, conflict (D1, D2, D7)."""

from agent.employee import UNKNOWN, Value
from agent.fields import FIELD_GROUPS, same
from agent.merge.decision import TOWARDS, Base, Decision, Kind, Rules, Since, hold

# Differences in these groups at first contact always wait for a person (D2).
CAREFUL_GROUPS = frozenset({"bank", "super", "tax"})


def field(name: str, hra: Value, xero: Value, base: Base, rules: Rules) -> Decision:
    """What becomes of one field; the rules of its group and what may travel come after this."""
    direction, chosen = rules.direction_of(name), rules.choice(name)
    if direction == "off" and not chosen:
        return Decision(name, Kind.NOTHING, reason="off")
    if hra is UNKNOWN or xero is UNKNOWN:
        return Decision(name, Kind.NOTHING, reason="unreadable")
    if same(name, hra, xero):
        return Decision(name, Kind.NOTHING if base.settled else Kind.AGREE)
    fight = base.hra is base.xero is Since.CHANGED
    if chosen:
        # A chosen declaration goes as a whole or not at all, like one in conflict (D1).
        fight = fight or FIELD_GROUPS[name] == "tax"
        value = hra if chosen == "hra" else xero
        return Decision(name, TOWARDS[chosen], value, conflict=fight, why="chosen")
    if base.kept:
        return hold(name, "kept")
    if direction != "both":
        return _one_way(name, hra, xero, base, rules)
    if rules.mode == "all" and xero is not None and not base.first:
        return Decision(name, Kind.TO_HRA, xero, conflict=fight, why="xero_wins")
    return _three_way(name, hra, xero, base, rules)


def _one_way(name: str, hra: Value, xero: Value, base: Base, rules: Rules) -> Decision:
    """A one-way field's source wins; first contact still waits as everywhere (D2), and blanks nothing.

    Where only the target moved, that is told and left alone: only leave, which nobody may keep in HRA, is overwritten.
    """
    direction = rules.direction_of(name)
    source, target = (hra, xero) if direction == "to_xero" else (xero, hra)
    moved = base.hra if direction == "to_xero" else base.xero
    if base.first and source is None:
        quiet = FIELD_GROUPS[name] == "leave"
        return Decision(name, Kind.NOTHING) if quiet else hold(name, "one_sided")
    careful = FIELD_GROUPS[name] in CAREFUL_GROUPS or not rules.by_person
    if base.first and target is not None and careful and FIELD_GROUPS[name] != "leave":
        return hold(name, "first_contact", conflict=True)
    if not base.first and moved is Since.SAME and FIELD_GROUPS[name] != "leave":
        return hold(name, "state_wrong" if base.settled else "drift")
    return Decision(name, Kind(direction), source, why="one_way")


def _three_way(name: str, hra: Value, xero: Value, base: Base, rules: Rules) -> Decision:
    if base.first:
        return _first_contact(name, hra, xero, rules)
    if base.settled:
        return hold(name, "state_wrong")
    if base.xero is Since.SAME:
        return Decision(name, Kind.TO_XERO, hra, why="hra_changed")
    if base.hra is Since.SAME:
        return Decision(name, Kind.TO_HRA, xero, why="xero_changed")
    return conflict(name, hra, xero, rules)


def _first_contact(name: str, hra: Value, xero: Value, rules: Rules) -> Decision:
    """D2: an empty one is filled; a difference is decided for personal details, by a person's run only."""
    if hra is None:
        return Decision(name, Kind.TO_HRA, xero, why="filled")
    if xero is None:
        return Decision(name, Kind.TO_XERO, hra, why="filled")
    if FIELD_GROUPS[name] in CAREFUL_GROUPS or not rules.by_person:
        return hold(name, "first_contact", conflict=True)
    decided = conflict(name, hra, xero, rules)
    held = decided.kind is Kind.HOLD
    return hold(name, "first_contact", conflict=True) if held else decided


def conflict(name: str, hra: Value, xero: Value, rules: Rules) -> Decision:
    """Both moved, differently: the authority decides, or nobody (D1); in the modes where Xero wins, Xero (R2)."""
    winner, why = rules.authority_of(name), "authority"
    if rules.mode in ("changed", "all"):
        if xero is None:
            return hold(name, "conflict", conflict=True)
        winner, why = "xero", "xero_wins"
    elif rules.conflicts == "hold":
        return hold(name, "conflict", conflict=True)
    value = hra if winner == "hra" else xero
    return Decision(name, TOWARDS[winner], value, conflict=True, why=why)
