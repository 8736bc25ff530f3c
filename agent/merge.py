"""Decides one person: what HRA holds, what Xero holds, what was last agreed, who is the authority.

Pure. For every field of the table one Decision comes out, whatever run it is for; a run then carries out those
that go its way and leaves the rest open (D9). The order of the rules is the order of the functions below.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from agent.employee import (
    UNKNOWN,
    Employee,
    Exemption,
    MaskedTfn,
    Status,
    SuperMembership,
    Tfn,
    Value,
)
from agent.fields import FIELD_GROUPS, FIELDS, names, problem, same

# Differences in these groups at first contact always wait for a person (D2).
CAREFUL_GROUPS = frozenset({"bank", "super", "tax"})
# Taking these away, or setting them to nothing, changes what is withheld: a person does that in Xero (F4).
NEVER_TAKEN_AWAY = frozenset({"tax_offset", "upward_variation", "withholding_variation"})


class Since(Enum):
    """How a side's value stands to the digest of what was last agreed for it."""

    NEVER = "never agreed"
    SAME = "same"
    CHANGED = "changed"


class Kind(Enum):
    """What is to happen with one field."""

    NOTHING = "nothing"
    AGREE = "agree"
    TO_XERO = "to_xero"
    TO_HRA = "to_hra"
    HOLD = "hold"


SENDS = {Kind.TO_XERO: "xero", Kind.TO_HRA: "hra"}


@dataclass(frozen=True)
class Base:
    """What the digests say of one field: each side's Since, and whether both stand as a kept pair (D4)."""

    hra: Since = Since.NEVER
    xero: Since = Since.NEVER
    kept: bool = False


@dataclass(frozen=True)
class Rules:
    """The settings that decide. `by_person` says that a person started this run (D2).

    `mode` is R2's import mode: `authoritative`, `changed` or `all`. `stopped` are groups whose writes to Xero stand
    still because one of them did harm. `branches` says whether Employee Groups are matched to branches (B1).
    `overrule` is a person's own yes that Xero wins over what HRA has not exported yet, for this record (R2).
    """

    authority: str
    conflicts: str = "authoritative"
    authorities: Mapping[str, str] = field(default_factory=dict)
    directions: Mapping[str, str] = field(default_factory=dict)
    by_person: bool = False
    mode: str = "authoritative"
    stopped: frozenset[str] = frozenset()
    branches: bool = False
    overrule: bool = False

    def authority_of(self, name: str) -> str:
        """The authoritative system for a field: its own setting, its group's, or the general one."""
        return (
            self.authorities.get(name) or self.authorities.get(FIELD_GROUPS[name]) or self.authority
        )

    def direction_of(self, name: str) -> str:
        """both, to_xero, to_hra or off: what the user set, within what the field may do at all (D7)."""
        chosen = self.directions.get(name) or self.directions.get(FIELD_GROUPS[name]) or "both"
        if FIELDS[name].ways == {"to_hra"}:
            return "to_hra" if chosen in ("both", "to_hra") else "off"
        return chosen


@dataclass(frozen=True)
class Decision:
    """One field's outcome. `value` is what travels. `reason` is a code for `agent.words`; `detail` completes it.

    `conflict`: both sides had moved (or met for the first time) with different values.
    """

    name: str
    kind: Kind
    value: Value = None
    reason: str = ""
    detail: str = ""
    conflict: bool = False


def merge(
    hra: Employee, xero: Employee, bases: Mapping[str, Base], rules: Rules, waiting: bool = False
) -> tuple[Decision, ...]:
    """One Decision for every field of the table. `bases` lacks a field that was never agreed.

    `waiting` says that an eSS save of this person has not reached Xero yet.
    """
    decided = {
        name: _field(name, hra.get(name), xero.get(name), bases.get(name, Base()), rules)
        for name in FIELDS
    }
    decided["tfn_or_exemption"] = _tfn(
        hra.get("tfn_or_exemption"),
        xero.get("tfn_or_exemption"),
        bases.get("tfn_or_exemption", Base()),
        rules,
    )
    for rule in (_whole_declaration, _tax_needs_number, _foreign_threshold, _smsf, _memberships):
        decided |= rule(decided, hra, xero, rules)
    travelling = tuple(_may_travel(decision, hra, xero, rules) for decision in decided.values())
    return _own_yes(_whole_or_none(travelling), hra, bases, rules, waiting)


# --- one field --------------------------------------------------------------------------------------------------


def _field(name: str, hra: Value, xero: Value, base: Base, rules: Rules) -> Decision:
    direction = rules.direction_of(name)
    if direction == "off" or name == "end_date" or (name == "branch" and not rules.branches):
        return Decision(name, Kind.NOTHING, reason="off")
    if hra is UNKNOWN or xero is UNKNOWN:
        return Decision(name, Kind.NOTHING, reason="unreadable")
    if same(name, hra, xero):
        settled = base.hra is base.xero is Since.SAME
        return Decision(name, Kind.NOTHING if settled else Kind.AGREE)
    if base.kept:
        return Decision(name, Kind.HOLD, reason="kept")
    if direction != "both":
        return _one_way(name, hra, xero, base, direction)
    if rules.mode == "all" and xero is not None and Since.NEVER not in (base.hra, base.xero):
        return Decision(name, Kind.TO_HRA, xero, conflict=base.hra is Since.CHANGED)
    return _three_way(name, hra, xero, base, rules)


def _one_way(name: str, hra: Value, xero: Value, base: Base, direction: str) -> Decision:
    """A one-way field's source always wins; first contact of bank, super and tax still waits, and blanks nothing."""
    first = Since.NEVER in (base.hra, base.xero)
    source, target = (hra, xero) if direction == "to_xero" else (xero, hra)
    if first and source is None:
        return Decision(name, Kind.NOTHING, reason="nothing to send")
    if first and target is not None and FIELD_GROUPS[name] in CAREFUL_GROUPS:
        return Decision(name, Kind.HOLD, reason="first_contact", conflict=True)
    return Decision(name, Kind(direction), source)


def _three_way(name: str, hra: Value, xero: Value, base: Base, rules: Rules) -> Decision:
    if Since.NEVER in (base.hra, base.xero):
        return _first_contact(name, hra, xero, rules)
    if base.hra is base.xero is Since.SAME:
        return Decision(name, Kind.HOLD, reason="state_wrong")
    if base.xero is Since.SAME:
        return Decision(name, Kind.TO_XERO, hra)
    if base.hra is Since.SAME:
        return Decision(name, Kind.TO_HRA, xero)
    return _conflict(name, hra, xero, rules)


def _first_contact(name: str, hra: Value, xero: Value, rules: Rules) -> Decision:
    """D2: an empty one is filled; a difference is decided for personal details, by a person's run only."""
    if hra is None:
        return Decision(name, Kind.TO_HRA, xero)
    if xero is None:
        return Decision(name, Kind.TO_XERO, hra)
    if FIELD_GROUPS[name] in CAREFUL_GROUPS or not rules.by_person:
        return Decision(name, Kind.HOLD, reason="first_contact", conflict=True)
    return _conflict(name, hra, xero, rules)


def _conflict(name: str, hra: Value, xero: Value, rules: Rules) -> Decision:
    winner = rules.authority_of(name)
    if rules.mode in ("changed", "all"):
        if xero is None:
            return Decision(name, Kind.HOLD, reason="conflict", conflict=True)
        winner = "xero"
    elif rules.conflicts == "hold":
        return Decision(name, Kind.HOLD, reason="conflict", conflict=True)
    if winner == "hra":
        return Decision(name, Kind.TO_XERO, hra, conflict=True)
    return Decision(name, Kind.TO_HRA, xero, conflict=True)


# --- the TFN and the exemption are one value (F4) -----------------------------------------------------------------


def _tfn(hra: Value, xero: Value, base: Base, rules: Rules) -> Decision:
    name = "tfn_or_exemption"
    plain = _field(name, hra, xero, base, rules)
    if plain.kind is Kind.NOTHING or plain.kind is Kind.AGREE or plain.reason == "kept":
        return plain
    if isinstance(hra, Tfn):
        return _tfn_from_number(hra, xero, base, plain, rules)
    if isinstance(hra, MaskedTfn):
        return Decision(name, Kind.HOLD, reason="tfn_masked" if hra.valid else "tfn_invalid")
    if isinstance(hra, Exemption):
        return _tfn_from_exemption(xero, plain)
    if isinstance(xero, Exemption):
        return Decision(name, Kind.HOLD, reason="needs_clear_tfn")
    return Decision(name, Kind.NOTHING, reason="unreadable")


def _tfn_from_number(hra: Tfn, xero: Value, base: Base, plain: Decision, rules: Rules) -> Decision:
    """A full valid number in HRA: it fills an empty Xero; against another value it must have changed in HRA."""
    if rules.direction_of(plain.name) == "to_hra":
        return Decision(plain.name, Kind.HOLD, reason="tfn_differs", conflict=True)
    if xero is None:
        return Decision(plain.name, Kind.TO_XERO, hra)
    if base.hra is not Since.CHANGED or base.xero is Since.NEVER:
        return Decision(plain.name, Kind.HOLD, reason="tfn_differs", conflict=True)
    if plain.kind is Kind.TO_XERO:
        return plain
    # Xero's number is never readable, so Xero cannot win this conflict: a person looks.
    return Decision(plain.name, Kind.HOLD, reason="tfn_differs", conflict=True)


def _tfn_from_exemption(xero: Value, plain: Decision) -> Decision:
    if isinstance(xero, Tfn | MaskedTfn):
        return Decision(plain.name, Kind.HOLD, reason="exemption_over_number", conflict=True)
    if xero is None and plain.kind is Kind.TO_HRA:
        return Decision(plain.name, Kind.HOLD, reason="emptied")
    return plain


# --- rules over a group -------------------------------------------------------------------------------------------

Decided = Mapping[str, Decision]
_GroupRule = Callable[[Decided, Employee, Employee, Rules], dict[str, Decision]]


def _moving(decided: Decided, group: str) -> list[Decision]:
    return [decided[name] for name in names(group) if decided[name].kind in SENDS]


def _whole_declaration(
    decided: Decided, hra: Employee, xero: Employee, rules: Rules
) -> dict[str, Decision]:
    """One conflict inside the tax declaration makes the whole a conflict: a mixture is one that nobody signed (D1)."""
    conflicts = [decided[name] for name in names("tax") if decided[name].conflict]
    if not conflicts:
        return {}
    winners = {decision.kind for decision in conflicts}
    if len(winners) > 1 or Kind.HOLD in winners:
        return {
            decision.name: replace(decision, kind=Kind.HOLD, reason="tax_conflict", conflict=True)
            for decision in _moving(decided, "tax")
        }
    kind = winners.pop()
    if _cannot_flip(_moving(decided, "tax"), kind, hra, rules):
        return {
            decision.name: replace(decision, kind=Kind.HOLD, reason="tax_conflict", conflict=True)
            for decision in _moving(decided, "tax")
        }
    source = hra if kind is Kind.TO_XERO else xero
    return {
        decision.name: replace(decision, kind=kind, value=source.get(decision.name), conflict=True)
        for decision in _moving(decided, "tax")
    }


def _cannot_flip(moving: list[Decision], kind: Kind, hra: Employee, rules: Rules) -> bool:
    """Whether a part of the declaration may not go the winner's way: one-way the other way, or a number in HRA."""
    if any(rules.direction_of(decision.name) not in ("both", kind.value) for decision in moving):
        return True
    number = isinstance(hra.get("tfn_or_exemption"), Tfn | MaskedTfn)
    return kind is Kind.TO_HRA and number and any(d.name == "tfn_or_exemption" for d in moving)


def _tax_needs_number(
    decided: Decided, hra: Employee, xero: Employee, rules: Rules
) -> dict[str, Decision]:
    """HRA wants a number or an exemption in every tax PUT: it must have been read from HRA itself, in full (F4)."""
    held = hra.get("tfn_or_exemption")
    if isinstance(held, Tfn | Exemption):
        return {}
    return {
        decision.name: replace(decision, kind=Kind.HOLD, reason="needs_clear_tfn")
        for decision in _moving(decided, "tax")
        if decision.kind is Kind.TO_HRA
    }


def _foreign_threshold(
    decided: Decided, hra: Employee, xero: Employee, rules: Rules
) -> dict[str, Decision]:
    """A foreign resident cannot claim the threshold; Xero would refuse the declaration."""

    def after(name: str) -> Value:
        decision = decided[name]
        return decision.value if decision.kind is Kind.TO_XERO else xero.get(name)

    if not any(d.kind is Kind.TO_XERO for d in _moving(decided, "tax")):
        return {}
    if after("residency") != "FOREIGN_RESIDENT" or after("tax_free_threshold") is not True:
        return {}
    return {
        decision.name: replace(decision, kind=Kind.HOLD, reason="foreign_threshold")
        for decision in _moving(decided, "tax")
        if decision.kind is Kind.TO_XERO
    }


def _smsf(decided: Decided, hra: Employee, xero: Employee, rules: Rules) -> dict[str, Decision]:
    """Where either side has a self-managed fund, that person's super is written on neither side (F3)."""
    name = "super_memberships"
    rows = [row for side in (hra, xero) for row in _rows(side.get(name))]
    if decided[name].reason == "off" or not any(row.smsf for row in rows):
        return {}
    return {name: Decision(name, Kind.HOLD, reason="smsf")}


def _memberships(
    decided: Decided, hra: Employee, xero: Employee, rules: Rules
) -> dict[str, Decision]:
    """Memberships are added and changed, never removed: what only the target has stays in what is sent (F3)."""
    decision = decided["super_memberships"]
    if decision.reason == "kept" and _one_holds_all(hra, xero):
        return {decision.name: replace(decision, reason="membership_left")}
    if decision.kind not in SENDS or decision.value is None:
        return {}
    target = xero if decision.kind is Kind.TO_XERO else hra
    present = _rows(target.get(decision.name))
    union = (*decision.value, *(row for row in present if not _has_fund(decision.value, row)))
    if same(decision.name, union, present):
        return {decision.name: replace(decision, kind=Kind.HOLD, reason="membership_left")}
    return {decision.name: replace(decision, value=union)}


def _one_holds_all(hra: Employee, xero: Employee) -> bool:
    mine, theirs = _rows(hra.get("super_memberships")), _rows(xero.get("super_memberships"))
    return all(_has_fund(theirs, row) for row in mine) or all(
        _has_fund(mine, row) for row in theirs
    )


def _rows(value: Value) -> tuple[SuperMembership, ...]:
    return value if isinstance(value, tuple) else ()


def _has_fund(rows: tuple[SuperMembership, ...], wanted: SuperMembership) -> bool:
    return any(
        row.usi == wanted.usi if row.usi and wanted.usi else bool(row.abn) and row.abn == wanted.abn
        for row in rows
    )


def _own_yes(
    decisions: tuple[Decision, ...],
    hra: Employee,
    bases: Mapping[str, Base],
    rules: Rules,
    waiting: bool,
) -> tuple[Decision, ...]:
    """R2: in the modes where Xero wins, a record with an HRA change not yet exported needs its own yes."""
    unexported = waiting or any(_unexported(d, bases.get(d.name, Base()), rules) for d in decisions)
    if rules.mode == "authoritative" or rules.overrule or not unexported:
        return decisions
    return tuple(
        replace(d, kind=Kind.HOLD, reason="own_yes", detail=hra.id) if d.kind is Kind.TO_HRA else d
        for d in decisions
    )


def _unexported(decision: Decision, base: Base, rules: Rules) -> bool:
    """Whether HRA holds a change that Xero should still get: not one that was written and kept, nor one that stays."""
    stays = (
        decision.kind in (Kind.NOTHING, Kind.AGREE) or rules.direction_of(decision.name) == "to_hra"
    )
    return base.hra is Since.CHANGED and not base.kept and not stays


# --- may it travel? -----------------------------------------------------------------------------------------------


def _may_travel(decision: Decision, hra: Employee, xero: Employee, rules: Rules) -> Decision:
    if decision.kind not in SENDS:
        return decision
    reason, detail = _obstacle(decision, hra, xero, rules)
    return replace(decision, kind=Kind.HOLD, reason=reason, detail=detail) if reason else decision


def _whole_or_none(decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
    """A declaration in conflict of which a part cannot travel waits as a whole: the rest alone is a mixture (D1)."""
    disputed = [d for d in decisions if d.conflict and FIELD_GROUPS[d.name] == "tax"]
    if not any(d.kind is Kind.HOLD for d in disputed):
        return decisions
    return tuple(
        replace(d, kind=Kind.HOLD, reason="tax_conflict")
        if d in disputed and d.kind in SENDS
        else d
        for d in decisions
    )


def _obstacle(decision: Decision, hra: Employee, xero: Employee, rules: Rules) -> tuple[str, str]:
    name, target = decision.name, SENDS[decision.kind]
    if target == "xero" and hra.status is not Status.CURRENT:
        return "not_current", ""
    if target == "hra" and hra.status is Status.GONE:
        return "gone", ""
    if target == "xero" and FIELD_GROUPS[name] in rules.stopped:
        return "stopped", ""
    if target == "hra" and name == "branch":
        return "transfer_off", ""
    if decision.value is None:
        return _obstacle_to_emptying(name, target)
    cannot = problem(name, decision.value, target)
    if cannot:
        return "cannot_travel", cannot
    return _irreplaceable(name, hra, xero, target)


def _obstacle_to_emptying(name: str, target: str) -> tuple[str, str]:
    if target in FIELDS[name].required:
        return "emptied", ""
    if target == "xero" and name in NEVER_TAKEN_AWAY:
        return "taken_away", ""
    return "", ""


def _irreplaceable(name: str, hra: Employee, xero: Employee, target: str) -> tuple[str, str]:
    """D6: what the other side cannot hold is never overwritten from that other side."""
    standing, source = (xero, "hra") if target == "xero" else (hra, "xero")
    value = standing.get(name)
    if value is None or value is UNKNOWN or name == "tfn_or_exemption":
        return "", ""
    cannot = problem(name, value, source)
    return ("cannot_travel", cannot) if cannot else ("", "")
