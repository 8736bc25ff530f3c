"""All people -> the list of actions, before the first one runs; and the guards that distrust what was gathered.

Pure. Import and export are one plan with a direction filter: `way` is `to_hra` for an import, `to_xero` for an
export and an eSS push.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from agent import match
from agent.employee import UNKNOWN, Employee, Person, Status, Tfn, Value, Values
from agent.errors import MissingPage
from agent.fields import FIELDS, problem
from agent.merge import SENDS, Decision, Kind
from agent.records import Attention, Link, Pending

WAYS = {"import": "to_hra", "export": "to_xero", "eSS": "to_xero"}
TARGETS = {"to_hra": "hra", "to_xero": "xero"}

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


@dataclass(frozen=True)
class Create:
    """Create on `target` the person that `source` is on the other side."""

    target: str
    source: Person


@dataclass(frozen=True)
class Join:
    """Link two people who are each other's only partner. `adopt`: the find of a create whose answer was lost."""

    hra_id: str
    xero_id: str
    adopt: bool = False


@dataclass(frozen=True)
class Strangers:
    """What becomes of the people without a link: joins first, then creates; `held` says why others stay as they are."""

    joins: tuple[Join, ...] = ()
    creates: tuple[Create, ...] = ()
    held: tuple[Attention, ...] = ()
    settled: tuple[Pending, ...] = ()


def guard(links: Sequence[Link], listed: Mapping[str, Sequence[Person]]) -> None:
    """D8: a side that lists nobody although people are linked is an error, never "all gone". Raises MissingPage."""
    for side, people in listed.items():
        if links and not people:
            raise MissingPage(side, f"it lists nobody, though {len(links)} people are linked")


def strangers(
    hra: Sequence[Person],
    xero: Sequence[Person],
    links: Sequence[Link],
    pending: Sequence[Pending],
    switch: str,
    way: str,
) -> Strangers:
    """Decide for everybody without a link, from complete listings of both sides (M1, M2, X3)."""
    free = {
        "hra": _unlinked(hra, {link.hra_id for link in links}),
        "xero": _unlinked(xero, {link.xero_id for link in links}),
    }
    adopted, settled, waiting = _lost_creates(free, pending)
    taken = {id for join in adopted for id in (join.hra_id, join.xero_id)} | waiting
    rest = {side: [p for p in people if p.id not in taken] for side, people in free.items()}
    found = match.partners(rest["hra"], rest["xero"], switch)
    joins = (*adopted, *(Join(one, other) for one, other in found.pairs))
    linked = taken | {id for pair in found.pairs for id in pair}
    everybody = {"hra": hra, "xero": xero}
    creates, held = _creates(rest, linked, everybody, way)
    unsure = _unsure(free, waiting)
    return Strangers(joins, tuple(creates), (*held, *unsure), tuple(settled))


def _unlinked(people: Iterable[Person], linked: set[str]) -> list[Person]:
    return [p for p in people if p.id not in linked and p.status is not Status.GONE]


def _lost_creates(
    free: Mapping[str, list[Person]], pending: Sequence[Pending]
) -> tuple[list[Join], list[Pending], set[str]]:
    """Look before creating again: exactly one find is adopted, none means it never happened; several, or one find for two
    lost creates, wait."""
    joins: list[Join] = []
    settled: list[Pending] = []
    waiting: set[str] = set()
    finds = [(item, *_found(free, item)) for item in pending]
    claims = Counter(person.id for _, _, found in finds for person in found)
    for item, source, found in finds:
        if len(found) > 1 or any(claims[person.id] > 1 for person in found):
            waiting.add(item.source_id)
            continue
        settled.append(item)
        if source and found:
            ids = {source.side: source.id, item.side: found[0].id}
            joins.append(Join(ids["hra"], ids["xero"], adopt=True))
    return joins, settled, waiting


def _found(
    free: Mapping[str, list[Person]], item: Pending
) -> tuple[Person | None, tuple[Person, ...]]:
    """The person who was to be created, and everybody without a link who may be the result."""
    other = "hra" if item.side == "xero" else "xero"
    source = next((p for p in free[other] if p.id == item.source_id), None)
    return source, match.same_person(source, free[item.side]) if source else ()


def _creates(
    rest: Mapping[str, list[Person]],
    linked: set[str],
    everybody: Mapping[str, Sequence[Person]],
    way: str,
) -> tuple[list[Create], list[Attention]]:
    target = TARGETS[way]
    source = "hra" if target == "xero" else "xero"
    creates: list[Create] = []
    held: list[Attention] = []
    for person in rest[source]:
        if person.id in linked or person.status is not Status.CURRENT:
            continue
        # Whoever is created before in this very run stands there by then, too.
        close = match.near(person, (*everybody[target], *(create.source for create in creates)))
        if close:
            held.append(_possible_partner(person, close))
        else:
            creates.append(Create(target, person))
    return creates, held


def _possible_partner(person: Person, close: Sequence[Person]) -> Attention:
    where = {"hra": "Xero", "xero": "HRA Cloud"}[person.side]
    found = ", ".join(p.number or p.id for p in close)
    return Attention(
        scope=f"{person.side}:{person.id}",
        kind="possible-partner",
        text=f"Not linked and not created: {where} already has somebody who may be this person ({found}). "
        "Compare the two records and make their names and birth dates equal if they are one person; "
        "matching then links them.",
        hra_id=person.id if person.side == "hra" else None,
        xero_id=person.id if person.side == "xero" else None,
        number=person.number,
    )


def _unsure(free: Mapping[str, list[Person]], waiting: set[str]) -> list[Attention]:
    return [
        Attention(
            scope=f"{side}:{person.id}",
            kind="possible-partner",
            text="A create was sent and its answer lost, and several people now fit. Nothing more is created "
            "for this person until the records are told apart.",
            hra_id=person.id if side == "hra" else None,
            xero_id=person.id if side == "xero" else None,
            number=person.number,
        )
        for side, people in free.items()
        for person in people
        if person.id in waiting
    ]


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
    link: Link, hra: Employee, xero: Employee, decisions: Sequence[Decision], way: str
) -> Write | None:
    """What this run carries out for one linked record, or None. A tax write always carries the number that both
    sides agree on, so that a declaration which replaces the old one never loses it (F4)."""
    target = TARGETS[way]
    changes = {d.name: d.value for d in decisions if SENDS.get(d.kind) == target}
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
