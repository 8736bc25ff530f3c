"""What a stopped run's plan would do, as whoever is to let it through reads it: the sums first, then each person.

Pure; a plan holds ids and names of fields, never a value.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agent.errors import SIDE_NAMES
from agent.report import who
from agent.sync.report import Line

ACTIONS = {
    "update": "change in {side}",
    "create": "create in {side}",
    "convert": "convert the candidate in {side}",
    "link": "link",
}


@dataclass(frozen=True)
class Intended:
    """One record of the plan: who, what would be done, and to which fields."""

    who: str
    what: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Intentions:
    """The whole plan. `sums` are (what, how many people), `fields` (field, of how many people), the most first."""

    sums: tuple[tuple[str, int], ...]
    fields: tuple[tuple[str, int], ...]
    people: tuple[Intended, ...]


def intentions(lines: Sequence[Line]) -> Intentions:
    """The lines of a plan in words."""
    people = tuple(_intended(line) for line in lines)
    return Intentions(
        sums=_most(Counter(one.what for one in people)),
        fields=_most(Counter(field for one in people for field in one.fields)),
        people=people,
    )


def _intended(line: Line) -> Intended:
    told = (
        ACTIONS.get(line.action, line.action).format(side=SIDE_NAMES.get(line.target, "")).strip()
    )
    return Intended(
        who(line.number, line.hra_id, line.xero_id), told, tuple(one.label for one in line.fields)
    )


def _most(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0])))
