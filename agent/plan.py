"""One record's write, what a person needs to be created, and the guards that stop a run before its first write.

Pure. Import and export are one plan with a direction filter: `way` is `to_hra` for an import, `to_xero` for an
export and an eSS push.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from agent.employee import UNKNOWN, Employee, Person, Status, Tfn, Value, Values
from agent.errors import SIDE_NAMES, Braked
from agent.fields import FIELDS, problem
from agent.merge import SENDS, Decision, Kind
from agent.records import Link

WAYS = {"import": "to_hra", "export": "to_xero", "eSS": "to_xero"}
TARGETS = {"to_hra": "hra", "to_xero": "xero"}
# Below this many changed people the share of the brake says nothing (S1).
FEWEST_BRAKED = 5

# What Xero needs to take a person at all; HRA needs names and a branch (contracts; Xero's published validation).
NEEDED = {
    "xero": ("first_name", "last_name", "date_of_birth", "home_address"),
    "hra": ("first_name", "last_name", "branch"),
}


@dataclass(frozen=True)
class Write:
    """Write `changes` to one linked record. `was` is what the target held, for the dry run."""

    link: Link
    target: str
    changes: Values
    was: Values = field(default_factory=dict)


def guard(links: Sequence[Link], listed: Mapping[str, Sequence[Person]]) -> None:
    """D8, S1: a side that lists nobody although people are linked is never "all gone". Raises Braked, with no plan to
    approve."""
    for side, people in listed.items():
        if links and not people:
            many = "one person is" if len(links) == 1 else f"{len(links)} people are"
            raise Braked(f"{SIDE_NAMES[side]} lists nobody, though {many} linked; check it there")


@dataclass(frozen=True)
class Brake:
    """What a run may do before a person looks (S1); None: as much as it likes. `share` is of the linked people."""

    share: Decimal | None = None
    terminations: int | None = None
    creates: int | None = None


@dataclass(frozen=True)
class Load:
    """What a run is about to do: linked people changed (leave not counted), people terminated, people created."""

    linked: int
    changed: int
    terminated: int
    created: int


def too_much(load: Load, brake: Brake, *, scheduled: bool) -> tuple[str, ...]:
    """Every way in which a run would do more than the brake allows, in words; none when it may go on."""
    told = []
    if (
        brake.share is not None
        and load.changed >= FEWEST_BRAKED
        and load.changed > brake.share * load.linked
        and brake.share < 1
    ):
        told.append(f"it would change {load.changed} of {load.linked} linked people")
    if brake.terminations is not None and load.terminated > brake.terminations:
        told.append(f"it would terminate {load.terminated} people")
    if scheduled and brake.creates is not None and load.created > brake.creates:
        told.append(f"it would create {load.created} people")
    return tuple(told)


def counts(decisions: Sequence[Decision], way: str) -> tuple[bool, bool]:
    """Whether a record counts as changed by this run, and whether its person is terminated."""
    going = [d.name for d in decisions if d.kind is Kind(way)]
    return any(FIELDS[name].group != "leave" for name in going), "end_date" in going


def why_not_creatable(source: Employee, target: str, changes: Values) -> str | None:
    """Why `target` cannot take this person at all (D6), as a stored reason's detail; None when it can."""
    for name in NEEDED[target]:
        if name in changes:
            continue
        value = source.get(name)
        known = value is not None and value is not UNKNOWN
        cannot = problem(name, value, target) if known else "is missing"
        return f"{FIELDS[name].label} {cannot or 'may not travel that way (see [directions])'}"
    return None


def blank(side: str) -> Employee:
    """A record that holds nothing yet: merging against it decides what a create writes, by the same rules."""
    groups = frozenset(row.group for row in FIELDS.values())
    return Employee(side, "", Status.CURRENT, dict.fromkeys(FIELDS), groups)


def writes(
    link: Link,
    hra: Employee,
    xero: Employee,
    decisions: Sequence[Decision],
    way: str,
    only: frozenset[str] | None = None,
) -> Write | None:
    """What this run carries out for one linked record, or None; `only` these fields, None for all. A tax write always
    carries the number that both sides agree on, so that a declaration which replaces the old one never loses it (F4)."""
    target = TARGETS[way]
    changes = {
        d.name: d.value
        for d in decisions
        if SENDS.get(d.kind) == target and (only is None or d.name in only)
    }
    if not changes:
        return None
    was = {name: (hra if target == "hra" else xero).get(name) for name in changes}
    if target == "xero" and any(FIELDS[name].group == "tax" for name in changes):
        changes |= _agreed_number(hra, decisions)
    return Write(link, target, changes, was)


def _agreed_number(hra: Employee, decisions: Sequence[Decision]) -> dict[str, Value]:
    held = hra.get("tfn_or_exemption")
    decision = next(d for d in decisions if d.name == "tfn_or_exemption")
    agreed = decision.kind in (Kind.AGREE, Kind.NOTHING) and not decision.reason
    return {"tfn_or_exemption": held} if isinstance(held, Tfn) and agreed else {}
