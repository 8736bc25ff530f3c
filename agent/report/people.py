"""The people on both sides: each link with its ids, in step or what is open. Pure; never a value."""

from collections.abc import Iterable
from dataclasses import dataclass

from agent.records import Link
from agent.words import REASONS, labels, split


@dataclass(frozen=True)
class Person:
    """One link as a person reads it. `open`: what waits, as (fields, one word for why)."""

    hra_id: str
    xero_id: str
    number: str | None
    in_step: bool
    open: tuple[tuple[str, str], ...]


def people(links: Iterable[Link], wanted: str = "") -> tuple[Person, ...]:
    """Every link in which the text `wanted` occurs in the number or an id: what is open first, then by number."""
    text = wanted.strip().casefold()
    found = [_person(link) for link in links if _fits(link, text)]
    return tuple(sorted(found, key=_order))


def in_step(link: Link) -> bool:
    """Seen equal (D3): a link that was never read is not in step, though nothing is open."""
    return bool(link.agreed) and not link.open


def _fits(link: Link, text: str) -> bool:
    return any(
        text in (known or "").casefold() for known in (link.number, link.hra_id, link.xero_id)
    )


def _person(link: Link) -> Person:
    together: dict[str, list[str]] = {}
    for name, reason in link.open.items():
        together.setdefault(_kind(reason), []).append(name)
    return Person(
        hra_id=link.hra_id,
        xero_id=link.xero_id,
        number=link.number,
        in_step=in_step(link),
        open=tuple((labels(names), kind) for kind, names in together.items()),
    )


def _kind(reason: str) -> str:
    code = split(reason)[0]
    return REASONS[code].kind.replace("-", " ") if code in REASONS else "open"


def _order(person: Person) -> tuple[bool, int, str, str]:
    number = person.number or ""
    return person.in_step, len(number), number, person.hra_id
