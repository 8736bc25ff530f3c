"""Choices and events in words, for a terminal. Pure; no sentence holds a value of an employee."""

from collections.abc import Callable, Mapping
from datetime import tzinfo

from agent.audit import Line
from agent.errors import SIDE_NAMES
from agent.fields import FIELDS
from agent.records import Choice, Event

CHOICES: Mapping[str, Callable[[Choice], str]] = {
    "link": lambda one: f"link {whose(one.id)} with {SIDE_NAMES['xero']} record {one.other}",
    "unlink": lambda one: f"part {whose(one.id)} from its partner",
    "ignore": lambda one: f"leave {whose(one.id)} alone",
    "unignore": lambda one: f"look at {whose(one.id)} again",
    "create": lambda one: f"say that {whose(one.id)} has no partner",
    "retry": lambda one: f"try item {one.id} again",
    "resolve": lambda one: f"resolve item {one.id} with {SIDE_NAMES.get(one.use, one.use)}'s value",
    "approve": lambda one: f"approve item {one.id}",
    "reject": lambda one: f"reject item {one.id}",
    "dismiss": lambda one: f"put item {one.id} away",
}
# {fields}: those of the event, "record" for none; {on}: the same with a colon, or nothing; {to}: " to Xero", " to HRA
# Cloud" or nothing.
EVENTS: Mapping[str, str] = {
    "linked": "linked",
    "unlinked": "link removed",
    "ignored": "left alone from now on",
    "unignored": "looked at again from now on",
    "alone": "said to have no partner",
    "written": "{fields} written{to}",
    "refused": "{fields} refused on the way{to}",
    "created": "created",
    "converted": "candidate converted to an employee",
    "moved": "link follows the record",
    "held": "{fields} held",
    "agreed": "{fields} agreed",
    "asked": "{on}a second person was asked to approve the change{to}",
    "approved": "{on}approved",
    "rejected": "{on}rejected",
    "resolved": "{fields} decided",
    "retried": "{fields} tried again",
    "dismissed": "{on}put away",
    "run": "run",
    "braked": "stopped by the brake",
    "applied": "plan applied",
    "connected": "connected",
    "disconnected": "disconnected",
    "switched": "schedules and pushes switched",
    "restored": "data directory restored",
    "trimmed": "old lines removed",
    "user": "page user",
    "key": "the agent's key",
}
ACTORS = {
    "command": "a command on the server",
    "schedule": "the schedule",
    "eSS": "a save in eSS",
}
PERSONS = {"page": "on the page", "command": "at the terminal"}
CHANGED = " [THIS LINE IS NOT AS IT WAS WRITTEN: see audit verify]"


def said(choice: Choice) -> str:
    """What somebody chose, such as `approve item 1f2e3d4c`."""
    return CHOICES[choice.verb](choice)


def whose(id: str) -> str:
    """A record by the id that a person typed."""
    side, sign, rest = id.partition(":")
    if sign and side in SIDE_NAMES:
        return f"{SIDE_NAMES[side]} record {rest}"
    return f"{SIDE_NAMES['hra']} employee {id}"


def happened(line: Line, zone: tzinfo) -> str:
    """One line of the audit log: when, what, which fields, which way, why, by whom."""
    event = line.event
    parts = [f"{line.at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}", _who(event), _what(event)]
    told = "  ".join(part for part in parts if part)
    why = f": {event.why.rstrip('.')}" if event.why else ""
    by = f" (by {actor(event.actor)})" if event.actor else ""
    return f"{told}{why}{by}{'' if line.whole else CHANGED}"


def actor(name: str) -> str:
    """Who did it, in words."""
    where, sign, who = name.partition(":")
    if where in PERSONS and sign:
        return f"{who} {PERSONS[where]}"
    return ACTORS.get(name, name)


def label(name: str) -> str:
    """A field as a person knows it."""
    return FIELDS[name].label if name in FIELDS else name


def _what(event: Event) -> str:
    fields = ", ".join(label(name) for name in event.fields)
    side = SIDE_NAMES.get(event.way.removeprefix("to_"), "")
    told = EVENTS.get(event.what, event.what).format(
        fields=fields or "record",
        on=f"{fields}: " if fields else "",
        to=f" to {side}" if side else "",
    )
    return told[:1].upper() + told[1:]


def _who(event: Event) -> str:
    ids = {"hra": event.hra_id, "xero": event.xero_id}
    known = [f"{SIDE_NAMES[side]} {id}" for side, id in ids.items() if id]
    if not known:
        return ""
    return f"{event.number} ({', '.join(known)})" if event.number else ", ".join(known)
