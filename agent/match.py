"""Finds the partner of people who are not linked yet (M1), and whoever stands too near for a create (M2).

Pure: people as the listings give them, the switches, and who is linked already.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from agent.canonical import loose, phone_key
from agent.employee import Person, Status

SWITCHES = ("off", "date_of_birth", "postcode", "either")


@dataclass(frozen=True)
class Partners:
    """`pairs`: two people who are each other's only partner, the HRA person first. `several`: somebody -> possible partners."""

    pairs: tuple[tuple[Person, Person], ...]
    several: tuple[tuple[Person, tuple[Person, ...]], ...]


def partners(hra: Iterable[Person], xero: Iterable[Person], switch: str) -> Partners:
    """Match unlinked people of both sides by name and date of birth or post code, as the switch says."""
    if switch == "off":
        return Partners((), ())
    people_hra, people_xero = _listed(hra), _listed(xero)
    by_hra = {p.id: tuple(x for x in people_xero if is_match(p, x, switch)) for p in people_hra}
    by_xero = {x.id: tuple(p for p in people_hra if is_match(p, x, switch)) for x in people_xero}
    pairs = tuple(
        (person, by_hra[person.id][0])
        for person in people_hra
        if len(by_hra[person.id]) == 1 and len(by_xero[by_hra[person.id][0].id]) == 1
    )
    paired = {person.id for pair in pairs for person in pair}
    several = tuple(
        (person, found)
        for people, index in ((people_hra, by_hra), (people_xero, by_xero))
        for person in people
        if (found := index[person.id]) and person.id not in paired
    )
    return Partners(pairs, several)


def _listed(people: Iterable[Person]) -> list[Person]:
    return [person for person in people if person.status is not Status.GONE]


def is_match(one: Person, other: Person, switch: str) -> bool:
    """M1: equal names, and an equal date of birth or post code. Two known, different birth dates veto everything."""
    if not same_name(one, other) or _other_birth_date(one, other):
        return False
    if switch in ("date_of_birth", "either") and _shared(one.date_of_birth, other.date_of_birth):
        return True
    return switch in ("postcode", "either") and _shared(one.postcode, other.postcode)


def same_name(one: Person, other: Person) -> bool:
    """First and last name equal without case, accents and extra spaces."""
    return _name(one) == _name(other)


def near(person: Person, others: Iterable[Person]) -> tuple[Person, ...]:
    """Everybody, linked or not, who might be this person: they hold a create until a person decides (M2)."""
    return tuple(
        other for other in others if other.status is not Status.GONE and _near(person, other)
    )


def same_person(person: Person, others: Iterable[Person]) -> tuple[Person, ...]:
    """Who may be the result of a create whose answer was lost: same name, and no other birth date (X3)."""
    return tuple(o for o in others if same_name(person, o) and not _other_birth_date(person, o))


def why(one: Person, other: Person) -> tuple[str, ...]:
    """What two people share, and what speaks against it, in words for the match desk."""
    told = []
    if same_name(one, other):
        told.append("same name")
    elif loose(one.last_name) == loose(other.last_name):
        told.append("same last name")
    if _shared(one.date_of_birth, other.date_of_birth):
        told.append("same date of birth")
    if _shared(one.postcode, other.postcode):
        told.append("same post code")
    if _same_email(one, other):
        told.append("same e-mail")
    if _same_mobile(one, other):
        told.append("same mobile")
    if _other_birth_date(one, other):
        told.append("another date of birth")
    return tuple(told)


def _near(one: Person, other: Person) -> bool:
    if same_name(one, other):
        return True
    surname = loose(one.last_name) == loose(other.last_name)
    if surname and _shared(one.date_of_birth, other.date_of_birth):
        return True
    return _same_email(one, other) or _same_mobile(one, other)


def _same_email(one: Person, other: Person) -> bool:
    return bool(one.email and other.email and one.email.casefold() == other.email.casefold())


def _same_mobile(one: Person, other: Person) -> bool:
    return bool(one.mobile and other.mobile and phone_key(one.mobile) == phone_key(other.mobile))


def _name(person: Person) -> tuple[str, str]:
    return loose(person.first_name), loose(person.last_name)


def _shared(one: object, other: object) -> bool:
    return one is not None and one == other


def _other_birth_date(one: Person, other: Person) -> bool:
    known = one.date_of_birth is not None and other.date_of_birth is not None
    return known and one.date_of_birth != other.date_of_birth
