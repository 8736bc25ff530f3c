"""Which of the wanted changes are to be written at all, group by group. Pure.

A value that HRA already holds in another spelling is no change (D5); one that it cannot hold, or
that must not be emptied, is refused under its own name, so that the rest of its group still goes.
"""

from collections.abc import Mapping

from agent import fields
from agent.employee import UNKNOWN, Value, Values
from agent.fields import FIELDS
from agent.hra.wire import Reasons

SIDE = "hra"


def split(
    held: Values, wanted: Values
) -> tuple[dict[str, dict[str, Value]], dict[str, tuple[str, ...]]]:
    """`held`: what HRA holds now; `wanted`: canonical values. Gives (group -> field -> value, field
    -> reasons).
    """
    groups: dict[str, dict[str, Value]] = {}
    refused: dict[str, tuple[str, ...]] = {}
    for name, value in wanted.items():
        if value is UNKNOWN or fields.same(name, held.get(name, UNKNOWN), value):
            continue
        row = FIELDS[name]
        reason = _reason(row, value)
        if reason:
            refused[name] = (reason,)
        elif value is not None or row.group != "leave":
            groups.setdefault(row.group, {})[name] = value
    return groups, refused


# What HRA does by an action of its own, in the order in which it is asked for: a transfer is a
# record's last action (M5).
STEPS = ("end_date", "branch")


def apart(
    wanted: Mapping[str, Mapping[str, Value]],
) -> tuple[dict[str, dict[str, Value]], dict[str, Value]]:
    """Group -> field -> value without what takes an action, and that: field -> value."""
    sections = {
        group: {name: value for name, value in values.items() if name not in STEPS}
        for group, values in wanted.items()
    }
    details = wanted.get("details", {})
    steps = {name: details[name] for name in STEPS if name in details}
    return {group: values for group, values in sections.items() if values}, steps


def _reason(row: fields.Field, value: Value) -> str:
    if value is None and row.group == "leave":
        return ""
    if value is None and SIDE in row.required:
        return f"The {row.label} is never emptied in HRA Cloud."
    found = fields.problem(row.name, value, SIDE)
    return f"The {row.label} {found}." if found else ""


def sentences(refused: Reasons) -> tuple[str, ...]:
    """All reasons, each once, in order."""
    return tuple(dict.fromkeys(reason for reasons in refused.values() for reason in reasons))
