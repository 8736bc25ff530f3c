"""The lines of the audit log about one record: what was agreed, held, asked, written and refused, and why (S3). Pure.

Never a value: names of fields, reasons in words, who.
"""

from collections.abc import Iterable, Mapping

from agent import words
from agent.fields import FIELDS
from agent.merge import Decision, Rules
from agent.records import Approval, Event, Link

# Told by the run that writes, or only a pause: no line of their own.
QUIET = frozenset({"waiting_xero", "waiting_hra"})
ARRIVED = "it was sent before, no answer was heard, and now it is there"


def agreed(before: Link, after: Link, written: tuple[str, ...] = ()) -> list[Event]:
    """Fields that were now seen equal and were not, or not so, before. Those `written` in this pass say so themselves; of
    those sent in an earlier one, which did not come to tell of it, it is told now.
    """
    fresh = [
        name
        for name in FIELDS
        if name in after.agreed
        and after.agreed[name] != before.agreed.get(name)
        and name not in written
    ]
    arrived = {
        side: tuple(name for name in fresh if f"{side}:{name}" in before.sent)
        for side in ("hra", "xero")
    }
    told = {name for names in arrived.values() for name in names}
    fields = tuple(name for name in fresh if name not in told)
    events = [
        _event("written", after, names, f"to_{side}", ARRIVED)
        for side, names in arrived.items()
        if names
    ]
    if fields:
        events.append(_event("agreed", after, fields, why="both sides hold the same"))
    return events


def held(before: Link, after: Link, decisions: Iterable[Decision], rules: Rules) -> list[Event]:
    """What waits now and did not, or not for this reason, before."""
    together: dict[str, list[str]] = {}
    for name, reason in after.open.items():
        if reason != before.open.get(name) and words.split(reason)[0] not in QUIET:
            together.setdefault(reason, []).append(name)
    return [
        _event("held", after, names, why=_sentence(reason, names), actor=rules.actor)
        for reason, names in together.items()
    ]


def asked(link: Link, fresh: Mapping[str, Approval]) -> list[Event]:
    """Approvals asked for the first time."""
    return [
        _event("asked", link, (name,), one.way, "a second person has to approve it", one.asked_by)
        for name, one in fresh.items()
    ]


def written(
    link: Link,
    target: str,
    sent: tuple[str, ...],
    refused: Mapping[str, str],
    decisions: Iterable[Decision],
    rules: Rules,
) -> list[Event]:
    """What was written to a side and what it refused, each with its reason."""
    why = {d.name: words.WHYS.get(d.why, "") for d in decisions}
    way, events = f"to_{target}", []
    for what, reasons in (
        ("written", {name: why.get(name, "") for name in sent}),
        ("refused", dict(refused)),
    ):
        for reason in dict.fromkeys(reasons.values()):
            fields = tuple(name for name, one in reasons.items() if one == reason)
            events.append(_event(what, link, fields, way, reason, rules.actor))
    return events


def moved(link: Link, hra_id: str) -> Event:
    """The person has a new id in HRA Cloud: the link follows it (M5)."""
    why = f"transferred in HRA Cloud; the record was {link.hra_id} before"
    return Event("moved", hra_id, link.xero_id, link.number, ("branch",), "", why)


def about(what: str, link: Link, why: str, actor: str) -> Event:
    """A line about a link as a whole: linked, unlinked, created, converted."""
    return _event(what, link, (), why=why, actor=actor)


def _sentence(reason: str, names: Iterable[str]) -> str:
    code, detail = words.split(reason)
    return words.sentence(code, names, detail, count=1)


def _event(
    what: str, link: Link, fields: Iterable[str], way: str = "", why: str = "", actor: str = ""
) -> Event:
    return Event(what, link.hra_id, link.xero_id, link.number, tuple(fields), way, why, actor)
