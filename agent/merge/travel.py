"""What may travel at all: obstacles on the way, approvals, and records that need their own yes (D6, S2, R2)."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from agent.employee import UNKNOWN, Employee, Status
from agent.errors import SIDE_NAMES
from agent.fields import FIELD_GROUPS, FIELDS, problem
from agent.merge.decision import SENDS, Base, Decision, Kind, Rules, Since
from agent.records import Approval

# Taking these away, or setting them to nothing, changes what is withheld: a person does that in Xero (F4).
NEVER_TAKEN_AWAY = frozenset({"tax_offset", "upward_variation", "withholding_variation"})
# The word of the setting `approve` for each field that a second person may have to approve (S2).
APPROVED_AS = {"bank_accounts": "bank", "super_memberships": "super", "tfn_or_exemption": "tfn"}
APPROVALS = ("approval_xero", "approval_hra")
PERSONS = ("page", "command")

Asked = Callable[[Decision], Approval | None]
"""What a second person was asked about this very change: this value, this way; None where nobody was asked."""


def may_travel(decision: Decision, hra: Employee, xero: Employee, rules: Rules) -> Decision:
    """The decision, or a hold with what stands in its way."""
    if decision.kind not in SENDS:
        return decision
    reason, detail = _obstacle(decision, hra, xero, rules)
    return replace(decision, kind=Kind.HOLD, reason=reason, detail=detail) if reason else decision


def approvals(decisions: tuple[Decision, ...], rules: Rules, asked: Asked) -> tuple[Decision, ...]:
    """S2: what a second person has to approve waits until one did; a rejected value waits until it changes."""
    return tuple(
        _approval(decision, rules, asked)
        if decision.kind in SENDS and APPROVED_AS.get(decision.name) in rules.approve
        else decision
        for decision in decisions
    )


def _approval(decision: Decision, rules: Rules, asked: Asked) -> Decision:
    found = asked(decision)
    target = SENDS[decision.kind]
    if found is None:
        detail = told_asker(asker(decision.why, target, rules))
        return replace(decision, kind=Kind.HOLD, reason=f"approval_{target}", detail=detail)
    if found.state == "approved":
        return decision
    if found.state == "rejected":
        by = name_of(found.by)
        return replace(decision, kind=Kind.HOLD, reason=f"rejected_{target}", detail=by)
    detail = told_asker(found.asked_by)
    return replace(decision, kind=Kind.HOLD, reason=f"approval_{target}", detail=detail)


def asker(why: str, target: str, rules: Rules) -> str:
    """Who asks for a change of the target: the person whose choice it is, else the system where it was changed."""
    if why in ("chosen", "xero_wins") and rules.actor.partition(":")[0] in PERSONS:
        return rules.actor
    return "hra" if target == "xero" else "xero"


def told_asker(asked_by: str) -> str:
    """The same in words."""
    if asked_by in SIDE_NAMES:
        return f"changed in {SIDE_NAMES[asked_by]}"
    return f"asked for by {name_of(asked_by)}"


def name_of(actor: str) -> str:
    """An actor in words: the page user's name, or the terminal."""
    return actor.partition(":")[2] or "somebody at the terminal"


def whole_or_none(decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
    """A declaration in conflict of which a part cannot travel waits as a whole: the rest alone is a mixture (D1)."""
    disputed = [d for d in decisions if d.conflict and FIELD_GROUPS[d.name] == "tax"]
    held = {(d.reason, d.detail) for d in disputed if d.kind is Kind.HOLD}
    if not held:
        return decisions
    only = held.pop() if len(held) == 1 else ("tax_conflict", "")
    reason, detail = only if only[0] in APPROVALS else ("tax_conflict", "")
    return tuple(
        replace(d, kind=Kind.HOLD, reason=reason, detail=detail)
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
        if rules.grouped is not None and hra.get(name) not in rules.grouped:
            return "unmapped_branch", ""
        if not (rules.transfers or rules.choice(name)):
            return "transfer_off", ""
    if decision.value is None:
        obstacle = _obstacle_to_emptying(name, target)
        return obstacle if obstacle[0] else _irreplaceable(name, hra, xero, target)
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


def own_yes(
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
