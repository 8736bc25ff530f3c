"""Side: the small protocol that both clients and both in-memory doubles satisfy.

It has no delete, so the agent cannot delete by mistake. Every method may raise a SideError.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from agent.employee import Employee, Person, Values


@dataclass(frozen=True)
class Probe:
    """What a cheap read proved: who or what is connected (`name`), and the vendor's id of it.

    `signed_in`: full name and e-mail of the person whose sign-in it is, "" where not told; never stored (T2).
    """

    name: str
    id: str
    missing_scopes: tuple[str, ...] = ()
    signed_in: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Listing:
    """People as the side lists them. `complete` says that nobody was left out (`since` was None).

    `marker` is the vendor's own time up to which this listing covers changes ("" where unknown).
    """

    people: tuple[Person, ...]
    marker: str
    complete: bool


@dataclass(frozen=True)
class Written:
    """What came of a write: the record as read back, and the groups that the side refused, with its reasons.

    `gone` names what a write made disappear though nobody asked for it (F4, posted arrays): facts, no values.
    """

    employee: Employee
    refused: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gone: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeaveMoved:
    """Ids of people whose leave balances may have moved, and per list that tells it the marker to ask with next time."""

    people: frozenset[str]
    markers: Mapping[str, str]


class Side(Protocol):
    """One of the two systems. `name` is `hra` or `xero`."""

    name: str

    def probe(self) -> Probe:
        """A cheap read that proves the connection (L3)."""
        ...

    def begin(self) -> None:
        """Read the reference data afresh (branches, funds, leave types): called once at the start of a run."""
        ...

    def listing(self, since: str | None = None) -> Listing:
        """Everybody, or those changed since a marker; active and terminated alike."""
        ...

    def person(self, id: str) -> Person:
        """What a listing cannot tell of one person (postcode, e-mail, mobile)."""
        ...

    def fetch(self, id: str, groups: frozenset[str] | None = None) -> Employee:
        """One record with the named field groups (None: all). Raises NotFound, WrongRecord, TransferLoop."""
        ...

    def create(self, values: Values) -> Written:
        """A new record from canonical values: personal details first, then its other sections."""
        ...

    def update(self, employee: Employee, changes: Values) -> Written:
        """Write the changed fields over the record as it was just read; reads back what it wrote.

        Raises OutcomeUnknown when the answer is lost, Refused when every section was refused.
        """
        ...


class HraSide(Side, Protocol):
    """HRA Cloud, which also has candidates (M3). A change of `branch` is written by a transfer, `end_date` by a termination."""

    def candidates(self) -> tuple[Person, ...]:
        """Every candidate; those no longer current have the status GONE. Raises AccessLost without the scope."""
        ...

    def candidate(self, id: str) -> Person:
        """What the list cannot tell of one candidate (post code, e-mail, mobile)."""
        ...

    def convert(self, candidate: Person, start: date | None) -> str:
        """Make an employee of a candidate; the new employee's id, found by name, birth date and creation time.

        Raises NotFound (no current candidate any more), ActionFailed, OutcomeUnknown (it may have happened).
        """
        ...


class XeroSide(Side, Protocol):
    """Xero, where leave balances move without the employee (F5)."""

    def leave_moved(self, since: Mapping[str, str]) -> LeaveMoved:
        """Whose balances may have moved since these markers (none at first: then nobody, and the markers to ask with)."""
        ...
