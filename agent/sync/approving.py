"""What a second person was asked about one record, and whether that still stands (S2). Decides, touches nothing.

Only a keyed digest of the value is kept: a value that changed meanwhile is another change, and asks anew.
"""

from dataclasses import replace
from datetime import datetime

from agent.employee import UNKNOWN, Employee
from agent.errors import NotPossible
from agent.fields import FIELD_GROUPS, names, same
from agent.merge import (
    APPROVALS,
    APPROVED_AS,
    PERSONS,
    SENDS,
    Asked,
    Decision,
    Rules,
    asker,
    name_of,
    whole_choice,
)
from agent.records import Approval, Choice, Link
from agent.sync.ledger import Ledger

OWN_RECORD = "This is your own record. Somebody else has to approve a change of it."
OWN_REQUEST = "You asked for this change yourself. Somebody else has to approve it."
AT_TERMINAL = "This was asked for at the terminal, by nobody in particular. Somebody else has to approve it on the page."
NO_NAME = "An approval needs a page user's own sign-in: approve on the page, or with --as NAME and that user's password."


def asked(link: Link, ledger: Ledger) -> Asked:
    """What was asked about exactly this value and way; None for any other."""

    def find(decision: Decision) -> Approval | None:
        target = _target(decision)
        found = link.approvals.get(decision.name)
        if found is None or found.way != f"to_{target}":
            return None
        mark = ledger.mark(link, target, decision.name, decision.value)
        return found if found.mark == mark else None

    return find


def standing(link: Link, hra: Employee, xero: Employee, ledger: Ledger) -> dict[str, str]:
    """A person's choices that wait for their approval, as long as both values are those that the choice was made for."""

    def stands(name: str) -> bool:
        pair = link.held.get(name)
        return pair is not None and ledger.stands(pair, link, name, hra, xero)

    def declared(name: str) -> bool:
        """A choice within the tax declaration was one about all of it, as it stood."""
        return FIELD_GROUPS[name] != "tax" or all(
            stands(other) for other in names("tax") if differ(other, hra, xero)
        )

    return {
        name: "hra" if approval.way == "to_xero" else "xero"
        for name, approval in link.approvals.items()
        if approval.chosen and approval.state != "rejected" and stands(name) and declared(name)
    }


def approvals(
    link: Link, decisions: tuple[Decision, ...], rules: Rules, ledger: Ledger, now: datetime
) -> tuple[dict[str, Approval], dict[str, Approval]]:
    """What stands asked about this record after these decisions, and the part of it that is asked for the first time.

    Fields that were not read in this pass keep what they had.
    """
    find = asked(link, ledger)
    unread = {d.name for d in decisions if d.reason == "unreadable"}
    found = {name: one for name, one in link.approvals.items() if name in unread}
    fresh: dict[str, Approval] = {}
    taken_up = whole_choice(rules.chosen)
    for decision in decisions:
        target = _target(decision)
        if not target or APPROVED_AS.get(decision.name) not in rules.approve:
            continue
        known = find(decision)
        if known is not None and known.state == "waiting" and decision.name in taken_up:
            # A person took the change up in this very pass: it is theirs now, and somebody else's to approve.
            found[decision.name] = replace(known, chosen=True, asked_by=rules.actor)
        elif known is not None:
            found[decision.name] = known
        elif decision.reason in APPROVALS:
            fresh[decision.name] = Approval(
                f"to_{target}",
                ledger.mark(link, target, decision.name, decision.value),
                now,
                asker(decision.why, target, rules),
                chosen=decision.why in ("chosen", "xero_wins"),
            )
    return {**found, **fresh}, fresh


def judged(link: Link, fields: tuple[str, ...], choice: Choice, now: datetime) -> Link:
    """The link with a second person's yes or no. Raises NotPossible for whoever may not judge this."""
    kind, _, user = choice.actor.partition(":")
    if kind not in PERSONS or not user:
        raise NotPossible(NO_NAME)
    if choice.own and choice.own == link.hra_id:
        raise NotPossible(OWN_RECORD)
    waiting = {name: link.approvals[name] for name in fields if name in link.approvals}
    askers = {one.asked_by for one in waiting.values()}
    if any(name_of(asker) == user for asker in askers if ":" in asker):
        raise NotPossible(OWN_REQUEST)
    if kind == "command" and "command" in askers:
        raise NotPossible(AT_TERMINAL)
    state = "approved" if choice.verb == "approve" else "rejected"
    done = {
        name: replace(one, state=state, by=choice.actor, at=now) for name, one in waiting.items()
    }
    return replace(link, approvals={**link.approvals, **done})


def differ(name: str, hra: Employee, xero: Employee) -> bool:
    """Whether both sides can be read in a field and hold different values."""
    one, other = hra.get(name), xero.get(name)
    return UNKNOWN not in (one, other) and not same(name, one, other)


def _target(decision: Decision) -> str:
    """The side that a decision writes, or would write once approved; "" for none."""
    if decision.kind in SENDS:
        return SENDS[decision.kind]
    word, _, target = decision.reason.partition("_")
    return target if word in ("approval", "rejected") else ""
