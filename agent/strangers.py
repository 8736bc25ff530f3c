"""People without a link: who is linked, who is created or converted, and who waits on the match desk (M1 to M4, X3).

Pure. Nobody is ever created while anybody on the other side might be them, unless a person said that they have no partner.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent import match
from agent.employee import Person, Status
from agent.errors import SIDE_NAMES
from agent.records import Attention, Link, Partner, Pending


@dataclass(frozen=True)
class Matching:
    """The switches: how employees and candidates are matched (M1), and whether a match in another branch counts (M4).

    `branches` says whether Employee Groups are matched to branches at all.
    """

    employees: str = "date_of_birth"
    candidates: str = "off"
    across: bool = False
    branches: bool = False


@dataclass(frozen=True)
class Known:
    """What is stored about people: links (ignored people count as linked), lost creates, and what persons said.

    `parted`: pairs (HRA id, Xero id) that a person broke. `alone`: `hra:ID` or `xero:ID` of people who have no partner.
    `going_on`: ids of the people in `pending` whose create or conversion may still happen.
    """

    links: Sequence[Link] = ()
    pending: Sequence[Pending] = ()
    parted: frozenset[tuple[str, str]] = frozenset()
    alone: frozenset[str] = frozenset()
    going_on: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Create:
    """Create on `target` the person that `source` is on the other side. `alone`: a person said that there is no partner."""

    target: str
    source: Person
    alone: bool = False


@dataclass(frozen=True)
class Convert:
    """Make an employee of the HRA candidate who is the only partner of somebody in Xero (M3). `alone`: a person said so."""

    candidate: Person
    source: Person
    alone: bool = False


@dataclass(frozen=True)
class Join:
    """Link two people who are each other's only partner. `adopt`: the find of a create whose answer was lost, on the side
    that `created` names."""

    hra_id: str
    xero_id: str
    adopt: bool = False
    created: str = field(default="", compare=False)


@dataclass(frozen=True)
class Strangers:
    """What becomes of the people without a link: joins first, then the others; `held` says why somebody stays as is."""

    joins: tuple[Join, ...] = ()
    creates: tuple[Create, ...] = ()
    converts: tuple[Convert, ...] = ()
    held: tuple[Attention, ...] = ()
    settled: tuple[Pending, ...] = ()


@dataclass
class _Desk:
    """What is being decided, as it grows."""

    everybody: Mapping[str, Sequence[Person]]
    matching: Matching
    known: Known
    creates: list[Create] = field(default_factory=list)
    converts: list[Convert] = field(default_factory=list)
    held: list[Attention] = field(default_factory=list)


def decide(
    hra: Sequence[Person],
    xero: Sequence[Person],
    known: Known,
    matching: Matching,
    way: str,
    candidates: Sequence[Person] = (),
) -> Strangers:
    """Decide for everybody without a link, from complete listings of both sides. `way` is to_hra for an import."""
    free = {
        "hra": _unlinked(hra, {link.hra_id for link in known.links}),
        "xero": _unlinked(xero, {link.xero_id for link in known.links}),
    }
    adopted, settled, unsure = _lost_creates(free, known)
    taken = {id for join in adopted for id in (join.hra_id, join.xero_id)} | unsure
    rest = {side: [p for p in people if p.id not in taken] for side, people in free.items()}
    pairs = match.partners(rest["hra"], rest["xero"], matching.employees).pairs
    allowed = [pair for pair in pairs if not _why_not(pair, matching, known)]
    joins = (*adopted, *(Join(one.id, other.id) for one, other in allowed))
    linked = taken | {person.id for pair in allowed for person in pair}
    desk = _Desk({"hra": (*hra, *_current(candidates)), "xero": xero}, matching, known)
    source = "hra" if way == "to_xero" else "xero"
    for person in rest[source]:
        if person.id not in linked and person.status is Status.CURRENT:
            _newcomer(desk, person, [p for p in rest["xero"] if p.id not in linked])
    held = (*desk.held, *_unsure(free, unsure))
    return Strangers(joins, tuple(desk.creates), tuple(desk.converts), held, tuple(settled))


def _unlinked(people: Iterable[Person], linked: set[str]) -> list[Person]:
    return [p for p in people if p.id not in linked and p.status is not Status.GONE]


def _current(candidates: Iterable[Person]) -> list[Person]:
    return [one for one in candidates if one.status is not Status.GONE]


def _why_not(pair: tuple[Person, Person], matching: Matching, known: Known) -> str:
    """Why two partners are not linked by themselves: a person parted them, or they sit in different branches (M4, M6)."""
    here, there = pair
    if (here.id, there.id) in known.parted:
        return "the link was broken by a person"
    elsewhere = here.branch and there.branch and here.branch != there.branch
    return "in another branch" if matching.branches and not matching.across and elsewhere else ""


# --- a create whose answer was lost (X3) --------------------------------------------------------------------------


def _lost_creates(
    free: Mapping[str, list[Person]], known: Known
) -> tuple[list[Join], list[Pending], set[str]]:
    """Look before creating again: exactly one find is adopted, none means it never happened; several, or one find for two
    lost creates, wait, and so does a find that a person had ruled out before, or a create whose time is not over."""
    joins: list[Join] = []
    settled: list[Pending] = []
    waiting: set[str] = set()
    finds = [(item, *_found(free, item)) for item in known.pending]
    claims = Counter(person.id for _, _, found in finds for person in found)
    for item, source, found in finds:
        ruled_out = source and any(_ruled_out(source, person, known) for person in found)
        if len(found) > 1 or ruled_out or any(claims[person.id] > 1 for person in found):
            waiting.add(item.source_id)
            continue
        if not found and item.source_id in known.going_on:
            waiting.add(item.source_id)
            continue
        settled.append(item)
        if source and found:
            ids = {source.side: source.id, item.side: found[0].id}
            joins.append(Join(ids["hra"], ids["xero"], adopt=True, created=item.side))
    return joins, settled, waiting


def _ruled_out(source: Person, found: Person, known: Known) -> bool:
    here, there = _pair(source, found)
    return f"{source.side}:{source.id}" in known.alone or (here.id, there.id) in known.parted


def _found(
    free: Mapping[str, list[Person]], item: Pending
) -> tuple[Person | None, tuple[Person, ...]]:
    """The person who was to be created, and everybody without a link who may be the result."""
    other = "hra" if item.side == "xero" else "xero"
    source = next((p for p in free[other] if p.id == item.source_id), None)
    return source, match.same_person(source, free[item.side]) if source else ()


def _unsure(free: Mapping[str, list[Person]], waiting: set[str]) -> list[Attention]:
    text = (
        "A create was sent and its answer lost, and it is not clear yet who came of it. Nothing more is created for this "
        "person: link the right one, or wait for the next run."
    )
    return [
        _row(person, match.same_person(person, free["xero" if side == "hra" else "hra"]), text)
        for side, people in free.items()
        for person in people
        if person.id in waiting
    ]


# --- creates, converts, and the match desk ------------------------------------------------------------------------


def _newcomer(desk: _Desk, person: Person, free_xero: Sequence[Person]) -> None:
    target = "xero" if person.side == "hra" else "hra"
    if f"{person.side}:{person.id}" in desk.known.alone:
        desk.creates.append(Create(target, person, alone=True))
        return
    # Whoever is created before in this very run stands there by then, too.
    created = (create.source for create in desk.creates)
    close = match.near(person, (*desk.everybody[target], *created))
    candidate = _candidate(desk, person, close, free_xero)
    if candidate:
        desk.converts.append(Convert(candidate, person))
    elif close:
        desk.held.append(_possible_partner(desk, person, close))
    else:
        desk.creates.append(Create(target, person))


def _candidate(
    desk: _Desk, person: Person, close: Sequence[Person], free_xero: Sequence[Person]
) -> Person | None:
    """The candidate who is to become this person's employee record: their only partner, with nobody else near (M3)."""
    if len(close) != 1 or not close[0].candidate or person.side != "xero":
        return None
    one, switch = close[0], desk.matching.candidates
    if not match.is_match(one, person, switch) or _why_not(
        (one, person), desk.matching, desk.known
    ):
        return None
    rivals = [other for other in free_xero if match.is_match(one, other, switch)]
    return one if len(rivals) == 1 else None


def _possible_partner(desk: _Desk, person: Person, close: Sequence[Person]) -> Attention:
    where = SIDE_NAMES["xero" if person.side == "hra" else "hra"]
    against = {
        other.id: _why_not(_pair(person, other), desk.matching, desk.known) for other in close
    }
    there = [other for other in close if other.side != person.side]
    if not there:
        told = ", ".join(other.number or other.id for other in close)
        text = (
            f"Not created yet: {told}, who is created in this very run, may be the same person. The next run looks again; if "
            "they are two people, say that this one has no partner."
        )
        return replace(_row(person, (), text), buttons=("create", "ignore"))
    text = (
        f"Not linked and not created: {where} already has somebody who may be this person. Compare the records; then link "
        "the two, or say that this person has no partner there."
    )
    return _row(person, there, text, against)


def _pair(person: Person, other: Person) -> tuple[Person, Person]:
    return (person, other) if person.side == "hra" else (other, person)


def _row(
    person: Person, close: Sequence[Person], text: str, against: Mapping[str, str] | None = None
) -> Attention:
    return Attention(
        scope=f"{person.side}:{person.id}",
        kind="possible-partner",
        text=text,
        hra_id=person.id if person.side == "hra" else None,
        xero_id=person.id if person.side == "xero" else None,
        number=person.number,
        partners=tuple(
            _partner(person, other, (against or {}).get(other.id, "")) for other in close
        ),
        buttons=("link", "create", "ignore"),
    )


def _partner(person: Person, other: Person, against: str) -> Partner:
    told = match.why(person, other)
    more = ("a candidate",) if other.candidate else ()
    ended = () if other.status is Status.CURRENT else ("not a current employee",)
    return Partner(
        other.side, other.id, other.number, (*told, *more, *ended, *((against,) if against else ()))
    )
