"""Each row of the store as the page tells it: a side, a save that waits, a need, a change."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from agent.errors import SIDE_NAMES
from agent.fields import FIELDS
from agent.records import Attention, Binding, Change, Connection, Link, Save
from agent.report.shape import Asked, Need, Plan, SideStatus, WaitingSave, Written
from agent.report.times import Clock
from agent.words import buttons

WAYS = {"to_hra": "Xero to HRA Cloud", "to_xero": "HRA Cloud to Xero"}
ASKED_BY = {
    "page": "{name}, on this page",
    "command": "{name}, by a command",
    "schedule": "the schedule",
    "eSS": "the employee, in eSS",
    "hra": "whoever changed it in HRA Cloud",
    "xero": "whoever changed it in Xero",
}
# How long before its end an unused sign-in is worth a warning: HRA's lives 14 days, Xero's 60 (L2).
WARNED = {"hra": timedelta(days=3), "xero": timedelta(days=10)}
SECTIONS = {
    "details": "personal details",
    "bank-accounts": "bank accounts",
    "retirement-savings": "super",
    "tax-details": "tax details",
}
# What a missing permission costs, in the words of the page; the scopes are those of the product's list.
SCOPES = {
    "read:clear-tax-details": "reading full tax file numbers",
    "read:employees": "reading employees",
    "manage:employees": "changing employees",
    "read:employees:payroll": "reading bank, super and tax details",
    "manage:employees:payroll": "changing bank, super and tax details",
    "read:accounts": "reading the account",
    "read:accounts:referencedata": "reading branches and lists",
    "read:candidates": "reading candidates",
    "manage:candidates": "converting candidates",
    "offline_access": "staying signed in",
    "payroll.employees": "employees",
    "payroll.settings": "payroll settings",
    "payroll.payruns.read": "leave balances after pay runs",
    "accounting.settings.read": "the list of Employee Groups",
}


def side(
    say: Clock, connection: Connection, binding: Binding, plan: Plan, dies: datetime | None
) -> SideStatus:
    """One side as last proved, and when its sign-in dies if nothing renews it."""
    side = connection.side
    hra = side == "hra"
    bound = binding.account_name if hra else binding.tenant_name
    return SideStatus(
        side=side,
        name=SIDE_NAMES[side],
        connected=connection.connected,
        bound=bool(binding.account_id if hra else binding.tenant_id),
        lately=connection.proved is not None
        and say.now - connection.proved <= timedelta(hours=2 * plan.every_hours + 1),
        account=connection.name or bound,
        proved=say.maybe(connection.proved),
        reason=connection.reason,
        missing=tuple(_scope(scope) for scope in connection.missing_scopes),
        expires=say.maybe(dies),
        expiring=connection.connected and dies is not None and dies - say.now < WARNED[side],
    )


def _scope(scope: str) -> str:
    return f"{SCOPES[scope]} ({scope})" if scope in SCOPES else scope


def _asked_by(actor: str) -> str:
    kind, _, name = actor.partition(":")
    return ASKED_BY.get(kind, actor).format(name=name or "Somebody")


def waiting(say: Clock, who: "Names", save: Save) -> WaitingSave:
    """A save in eSS that is not in Xero yet."""
    return WaitingSave(
        who=who.of(None, save.employee_id, None),
        sections=tuple(SECTIONS.get(section, section) for section in save.sections)
        or ("everything",),
        received=say.when(save.received),
        tries=save.tries,
        next_try=say.maybe(save.next_try),
        reason=save.reason or "Not sent yet.",
    )


def need(say: Clock, who: "Names", row: Attention) -> Need:
    """One row of the attention list."""
    return Need(
        id=row.id,
        kind=row.kind.replace("-", " "),
        who="A run" if row.plan else who.of(row.number, row.hra_id, row.xero_id),
        text=row.text,
        needs_person=row.needs_person,
        fields=_words(row.fields),
        hra_id=row.hra_id,
        xero_id=row.xero_id,
        since=say.maybe(row.since),
        buttons=tuple(
            button for button in buttons(row) if not (row.dismissed and button == "dismiss")
        ),
        asked=_asked(say, who.link(row), row),
        plan=row.plan,
        mark=row.mark,
        dismissed=row.dismissed,
    )


def _asked(say: Clock, link: Link | None, row: Attention) -> tuple[Asked, ...]:
    waiting = {
        name: approval
        for name, approval in (link.approvals if link else {}).items()
        if name in row.fields and approval.state == "waiting"
    }
    return tuple(
        Asked(
            field=_words((name,))[0],
            way=WAYS.get(approval.way, approval.way),
            by=_asked_by(approval.asked_by),
            since=say.when(approval.asked),
        )
        for name, approval in waiting.items()
    )


def written(say: Clock, who: "Names", change: Change) -> Written:
    """One change: fields, never values."""
    return Written(
        at=say.when(change.at),
        who=who.of(change.number, change.hra_id, change.xero_id),
        fields=_words(change.fields),
        way=WAYS.get(change.way, change.way),
        cause=change.cause,
    )


def _words(fields: Iterable[str]) -> tuple[str, ...]:
    return tuple(FIELDS[name].label if name in FIELDS else name for name in fields)


class Names:
    """How a person is told: by employee number, else by the id of a record."""

    def __init__(self, links: Iterable[Link]) -> None:
        known = tuple(links)
        self._links = {f"link:{link.id}": link for link in known}
        self._numbers = {id: link.number for link in known for id in (link.hra_id, link.xero_id)}

    def link(self, row: Attention) -> Link | None:
        """The link that this row belongs to."""
        return self._links.get(row.scope)

    def of(self, number: str | None, hra_id: str | None, xero_id: str | None) -> str:
        """The words for this person; "Everyone" where no person is meant."""
        found = number or self._numbers.get(hra_id or "") or self._numbers.get(xero_id or "")
        if found:
            return f"Employee {found}"
        if hra_id:
            return f"HRA Cloud record {_short(hra_id)}"
        return f"Xero record {_short(xero_id)}" if xero_id else "Everyone"


def _short(id: str) -> str:
    """The first part of a long id: enough to find it, and it fits on a phone."""
    return id.split("-")[0][:8] if len(id) > 12 else id
