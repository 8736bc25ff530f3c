"""In-memory doubles of both sides on canonical values, with knobs for what the vendors leave open.

They keep what was written, count it, and fail when told to. Nothing here decides anything that the
agent should decide: what a side cannot hold it refuses, as the real ones do.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from agent.employee import (
    UNKNOWN,
    BankAccount,
    Employee,
    MaskedTfn,
    Person,
    Status,
    Tfn,
    Value,
    Values,
)
from agent.errors import NotFound, OutcomeUnknown, Refused, Unreachable
from agent.fields import FIELD_GROUPS, FIELDS, GROUPS, problem
from agent.side import Listing, Probe, Written

ALL_GROUPS = frozenset(GROUPS)


@dataclass
class Held:
    """One person as the side holds them."""

    values: dict[str, Value]
    status: Status = Status.CURRENT
    updated: str = ""
    number: str | None = None


@dataclass
class FakeSide:
    """One of the two systems. `failing` says what the next write of a person (by id; "" for a
    create) meets: `refused`, `unreachable`, `lost_before` or `lost_after`.
    """

    name: str
    masked: bool = False  # a full TFN is shown by its end only
    refuses: frozenset[str] = frozenset()  # groups that no write gets through to
    unreachable: bool = False
    hides_terminated: bool = False
    lists: str = "all"  # all, none, or part (a complete listing that lacks the last one)
    timeless: frozenset[str] = frozenset()  # groups whose writes do not move the update time
    arrays_merge: bool = False  # posted bank rows are added to those that stand
    keeps_empty: bool = False  # an emptied optional value stays as it was
    keeps_as: Callable[[str, Value], Value] = lambda name, value: value
    failing: dict[str, str] = field(default_factory=dict)
    people: dict[str, Held] = field(default_factory=dict)
    writes: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    after_fetch: Callable[[str], None] = lambda id: None
    moment: int = 0

    # --- what somebody at this system does

    def add(self, id: str, *, status: Status = Status.CURRENT, **values: Value) -> None:
        """Somebody who is there."""
        whole = {**dict.fromkeys(FIELDS), **values}
        self.people[id] = Held(whole, status, self._moves(), f"N-{id}")

    def edit(self, id: str, **values: Value) -> None:
        """A person's own edit there, through no write of the agent's."""
        held = self.people[id]
        held.values.update(values)
        if {FIELD_GROUPS[name] for name in values} - self.timeless:
            held.updated = self._moves()

    def value(self, id: str, name: str) -> Value:
        """What is really held: a TFN in full."""
        return self.people[id].values[name]

    # --- Side

    def probe(self) -> Probe:
        self._reach()
        return Probe(f"{self.name} in memory", f"{self.name}-account")

    def begin(self) -> None:
        self._reach()

    def listing(self, since: str | None = None) -> Listing:
        self._reach()
        found = [
            self._person(id) for id, held in self.people.items() if held.updated >= (since or "")
        ]
        if self.hides_terminated:
            found = [person for person in found if person.status is not Status.TERMINATED]
        found = {"all": found, "none": [], "part": found[:-1]}[self.lists]
        return Listing(tuple(found), f"{self.moment:06}", since is None)

    def person(self, id: str) -> Person:
        self._reach()
        self._held(id)
        return self._person(id)

    def fetch(self, id: str, groups: frozenset[str] | None = None) -> Employee:
        self._reach()
        held = self._held(id)
        self.fetched.append(id)
        wanted = ALL_GROUPS if groups is None else groups
        values = {n: self._shown(v) for n, v in held.values.items() if FIELD_GROUPS[n] in wanted}
        found = Employee(self.name, id, held.status, values, wanted, held.number, held.updated)
        self.after_fetch(id)
        return found

    def create(self, values: Values) -> Written:
        self._reach()
        after = self._fails("")
        refused = self._refused(values)
        if "details" in refused:
            raise Refused(self.name, refused["details"])
        id = f"{self.name}-new-{len(self.people) + 1}"
        self.created.append(id)
        self.add(id, **self._taken(values, refused))
        if after:
            raise OutcomeUnknown(self.name)
        return Written(self.fetch(id), refused)

    def update(self, employee: Employee, changes: Values) -> Written:
        self._reach()
        held = self._held(employee.id)
        after = self._fails(employee.id)
        refused = self._refused(changes)
        taken = self._taken(changes, refused)
        if not taken:
            raise Refused(self.name, tuple(r for reasons in refused.values() for r in reasons))
        gone = self._merged(held, taken)
        self.writes.append((employee.id, frozenset(taken)))
        self.edit(employee.id, **taken)
        if after:
            raise OutcomeUnknown(self.name)
        return Written(self.fetch(employee.id, employee.groups), refused, gone)

    # --- inside

    def _moves(self) -> str:
        self.moment += 1
        return f"{self.moment:06}"

    def _reach(self) -> None:
        if self.unreachable:
            raise Unreachable(self.name)

    def _held(self, id: str) -> Held:
        if id not in self.people:
            raise NotFound(self.name)
        return self.people[id]

    def _fails(self, id: str) -> bool:
        """Plays the next planned failure; True for an answer to be lost after the write."""
        planned = self.failing.pop(id, "")
        if planned == "refused":
            raise Refused(self.name, ("a rule of the vendor",))
        if planned == "unreachable":
            raise Unreachable(self.name)
        if planned == "lost_before":
            raise OutcomeUnknown(self.name)
        return planned == "lost_after"

    def _refused(self, changes: Values) -> Mapping[str, tuple[str, ...]]:
        told = {
            FIELD_GROUPS[name]: (why,)
            for name, value in changes.items()
            if (why := self._why_not(name, value))
        }
        return {group: reasons for group, reasons in told.items() if reasons}

    def _why_not(self, name: str, value: Value) -> str | None:
        if value is UNKNOWN or isinstance(value, MaskedTfn):
            raise AssertionError(f"{name}: an unreadable value was sent as data")
        if FIELD_GROUPS[name] in self.refuses:
            return "refused by the vendor"
        if value is None and self.name in FIELDS[name].required:
            return "a required value cannot be emptied"
        return problem(name, value, self.name)

    def _taken(self, changes: Values, refused: Iterable[str]) -> dict[str, Value]:
        return {
            name: self.keeps_as(name, value)
            for name, value in changes.items()
            if FIELD_GROUPS[name] not in refused and not (value is None and self.keeps_empty)
        }

    def _merged(self, held: Held, taken: dict[str, Value]) -> tuple[str, ...]:
        """Lays posted rows beside those that stand, where this vendor does so; says what stayed."""
        if not self.arrays_merge or "bank_accounts" not in taken:
            return ()
        sent: tuple[BankAccount, ...] = taken["bank_accounts"]
        known = {(row.bsb, row.number) for row in sent}
        stayed = [r for r in held.values["bank_accounts"] or () if (r.bsb, r.number) not in known]
        taken["bank_accounts"] = (*sent, *stayed)
        return ("bank:a removed account stayed",) if stayed else ()

    def _shown(self, value: Value) -> Value:
        return MaskedTfn(value.last3) if self.masked and isinstance(value, Tfn) else value

    def _person(self, id: str) -> Person:
        held = self.people[id]
        values: Mapping[str, Any] = held.values
        born: date | None = values["date_of_birth"]
        home = values["home_address"]
        return Person(
            self.name, id, values["first_name"] or "", values["last_name"] or "", held.status,
            held.updated, born, values["email"], values["mobile"],
            home.postcode if home else None, held.number,
        )  # fmt: skip
