"""Rules over a whole group: the tax declaration is one, super memberships are never removed (D1, F3, F4).

Each takes what was decided field by field and gives what it changes.
"""

from collections.abc import Mapping
from dataclasses import replace

from agent.employee import Employee, Exemption, MaskedTfn, SuperMembership, Tfn, Value
from agent.fields import names, same
from agent.merge.decision import SENDS, Decided, Decision, Kind, Rules, hold


def whole_choice(chosen: Mapping[str, str]) -> Mapping[str, str]:
    """A person's choice about a part of the tax declaration is one about the declaration: else it would be a mixture (D1)."""
    sides = [side for name, side in chosen.items() if name in names("tax")]
    return {**chosen, **dict.fromkeys(names("tax"), sides[-1])} if sides else chosen


def _moving(decided: Decided, group: str) -> list[Decision]:
    return [decided[name] for name in names(group) if decided[name].kind in SENDS]


def whole_declaration(
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
    source, why = (hra if kind is Kind.TO_XERO else xero), conflicts[0].why
    moving = _moving(decided, "tax")
    if _cannot_flip(moving, kind, hra, rules) or _would_blank(moving, kind, source, rules):
        return {
            decision.name: replace(decision, kind=Kind.HOLD, reason="tax_conflict", conflict=True)
            for decision in moving
        }
    return {
        decision.name: replace(
            decision, kind=kind, value=source.get(decision.name), conflict=True, why=why
        )
        for decision in _moving(decided, "tax")
    }


def _cannot_flip(moving: list[Decision], kind: Kind, hra: Employee, rules: Rules) -> bool:
    """Whether a part of the declaration may not go the winner's way: one-way the other way, or a number in HRA."""
    if any(
        rules.direction_of(decision.name) not in ("both", kind.value)
        for decision in moving
        if not rules.choice(decision.name)
    ):
        return True
    number = isinstance(hra.get("tfn_or_exemption"), Tfn | MaskedTfn)
    return kind is Kind.TO_HRA and number and any(d.name == "tfn_or_exemption" for d in moving)


def _would_blank(moving: list[Decision], kind: Kind, source: Employee, rules: Rules) -> bool:
    """Whether following the winner would empty what only the other side has, where an empty value wins nothing (D2, R2)."""
    return any(
        decision.kind is not kind
        and source.get(decision.name) is None
        and (decision.why == "filled" or rules.mode != "authoritative")
        for decision in moving
    )


def tax_needs_number(
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


def foreign_threshold(
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


def smsf(decided: Decided, hra: Employee, xero: Employee, rules: Rules) -> dict[str, Decision]:
    """Where either side has a self-managed fund, that person's super is written on neither side (F3)."""
    name = "super_memberships"
    rows = [row for side in (hra, xero) for row in _rows(side.get(name))]
    if decided[name].reason == "off" or not any(row.smsf for row in rows):
        return {}
    return {name: hold(name, "smsf")}


def memberships(
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
