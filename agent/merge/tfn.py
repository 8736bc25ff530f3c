"""The tax file number and the exemption are one value, with rules of their own (F4)."""

from agent.employee import Exemption, MaskedTfn, Tfn, Value
from agent.merge.decision import Base, Decision, Kind, Rules, Since, hold
from agent.merge.field import field

NAME = "tfn_or_exemption"


def tfn(hra: Value, xero: Value, base: Base, rules: Rules) -> Decision:
    """What becomes of the number or exemption; a number of Xero's is never readable in full."""
    plain = field(NAME, hra, xero, base, rules)
    to_xero = rules.direction_of(NAME) != "to_hra" and rules.choice(NAME) != "xero"
    if plain.kind is Kind.AGREE and corrected(hra, xero, base) and to_xero:
        return Decision(NAME, Kind.TO_XERO, hra, why="hra_changed")
    if plain.kind in (Kind.NOTHING, Kind.AGREE) or plain.reason == "kept":
        return plain
    if plain.reason == "drift" and not (isinstance(hra, Tfn) and xero is None):
        return plain
    if isinstance(hra, Tfn):
        return _from_number(hra, xero, base, plain, rules)
    if isinstance(hra, MaskedTfn):
        return hold(NAME, "tfn_masked" if hra.valid else "tfn_invalid")
    if isinstance(hra, Exemption):
        return _from_exemption(xero, plain)
    if isinstance(xero, Exemption):
        return hold(NAME, "needs_clear_tfn")
    return Decision(NAME, Kind.NOTHING, reason="unreadable")


def corrected(hra: Value, xero: Value, base: Base) -> bool:
    """Whether HRA's number changed to another one of the same end: the mask says equal, and Xero holds the old one."""
    alone = (
        base.hra is Since.CHANGED and base.xero is Since.SAME and not base.kept and not base.arrived
    )
    return isinstance(hra, Tfn) and isinstance(xero, MaskedTfn) and alone


def _from_number(hra: Tfn, xero: Value, base: Base, plain: Decision, rules: Rules) -> Decision:
    """A full valid number in HRA: it fills an empty Xero; against another value it must have changed in HRA, or be chosen."""
    chosen = rules.choice(NAME)
    if chosen == "hra":
        return plain
    if rules.direction_of(NAME) == "to_hra" or chosen == "xero":
        return hold(NAME, "tfn_differs", conflict=True)
    if xero is None:
        return Decision(NAME, Kind.TO_XERO, hra, why="filled")
    if base.hra is not Since.CHANGED or base.xero is Since.NEVER:
        return hold(NAME, "tfn_differs", conflict=True)
    if plain.kind is Kind.TO_XERO:
        return plain
    if base.xero is Since.SAME and not plain.conflict and plain.kind is Kind.TO_HRA:
        # An import in which Xero wins: it cannot win with a number that nobody can read.
        return Decision(NAME, Kind.TO_XERO, hra, why="hra_changed")
    # Xero's number is never readable, so Xero cannot win this conflict: a person looks.
    return hold(NAME, "tfn_differs", conflict=True)


def _from_exemption(xero: Value, plain: Decision) -> Decision:
    if isinstance(xero, Tfn | MaskedTfn):
        return hold(NAME, "exemption_over_number", conflict=True)
    if xero is None and plain.kind is Kind.TO_HRA:
        return hold(NAME, "emptied")
    return plain
