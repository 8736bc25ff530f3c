"""In-memory doubles of both sides on canonical values, with knobs for what the vendors leave open.

They keep what was written, count it, and fail when told to. Nothing here decides anything that the
agent should decide: what a side cannot hold it refuses, as the real ones do.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from agent.branches import BranchMap
from agent.employee import (
    UNKNOWN,
    BankAccount,
    Employee,
    EndDate,
    MaskedTfn,
    Person,
    Status,
    Tfn,
    Value,
    Values,
)
from agent.errors import (
    ActionFailed,
    NotFound,
    OutcomeUnknown,
    Refused,
    TransferLoop,
    Unreachable,
)
from agent.fields import FIELD_GROUPS, FIELDS, GROUPS, problem, same
from agent.side import LeaveMoved, Listing, Probe, Written

ALL_GROUPS = frozenset(GROUPS)
# What HRA changes by an action, in the order in which an update takes them; refused by their names.
ACTIONS = ("end_date", "branch")
NO_GROUP = "no Employee Group is known to be meant by this branch"
STILL_ENDING = "the termination had not finished yet"


@dataclass
class Held:
    """One person as the side holds them. `group` is Xero's Employee Group."""

    values: dict[str, Value]
    status: Status = Status.CURRENT
    updated: str = ""
    number: str | None = None
    group: str | None = None
    new_id: str | None = None
    old_id: str | None = None


@dataclass
class FakeSide:
    """One of the two systems. `failing` says what the next write of a person (by id; "" for a
    create) meets: `refused`, `unreachable`, `lost_before` or `lost_after`. `acting` says the same of
    the next action in HRA (by the id of the employee or candidate): `failed`, `never` (it does not
    end while it is looked at), `lost_before` or `lost_after`.
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
    today: date = date(2026, 3, 2)
    branches: BranchMap = field(default_factory=BranchMap)  # Xero's Employee Groups, if matched
    signed_in: tuple[str, str] = ("", "")
    failing: dict[str, str] = field(default_factory=dict)
    acting: dict[str, str] = field(default_factory=dict)
    people: dict[str, Held] = field(default_factory=dict)
    hopefuls: dict[str, Person] = field(default_factory=dict)  # HRA's candidates
    writes: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    after_fetch: Callable[[str], None] = lambda id: None
    moment: int = 0
    payslips: list[tuple[str, str]] = field(default_factory=list)

    # --- what somebody at this system does

    def add(self, id: str, *, status: Status = Status.CURRENT, **values: Value) -> None:
        """Somebody who is there."""
        self.people[id] = Held({**dict.fromkeys(FIELDS)}, status, self._moves(), f"N-{id}")
        self._put(self.people[id], values)

    def edit(self, id: str, **values: Value) -> None:
        """A person's own edit there, through no write of the agent's."""
        held = self.people[self.in_use(id)]
        self._put(held, values)
        if {FIELD_GROUPS[name] for name in values} - self.timeless:
            held.updated = self._moves()

    def regroup(self, id: str, group: str | None) -> None:
        """Xero: another Employee Group, or none."""
        self.people[id].group = group
        self.people[id].updated = self._moves()

    def transfer(self, id: str, branch: str) -> str:
        """HRA: the person moves to another branch and gets a new record; its id."""
        old_id = self.in_use(id)
        old = self.people[old_id]
        new_id = f"{old_id.partition('~')[0]}~{len(self.people)}"
        values = {**old.values, "branch": branch}
        self.people[new_id] = replace(old, values=values, updated=self._moves(), old_id=old_id)
        self.people[old_id] = replace(old, status=Status.GONE, updated=self._moves(), new_id=new_id)
        return new_id

    def value(self, id: str, name: str) -> Value:
        """What is really held: a TFN in full, an Employee Group as its branch."""
        return self._values(self.people[self.in_use(id)])[name]

    def in_use(self, id: str) -> str:
        """The id at the end of the chain of transfers. Raises NotFound, TransferLoop."""
        seen = [id]
        while (held := self._held(seen[-1])).new_id and held.status is not Status.CURRENT:
            if held.new_id in seen:
                raise TransferLoop(self.name)
            seen.append(held.new_id)
        return seen[-1]

    # --- Side

    def probe(self) -> Probe:
        self._reach()
        return Probe(f"{self.name} in memory", f"{self.name}-account", signed_in=self.signed_in)

    def begin(self) -> None:
        self._reach()

    def listing(self, since: str | None = None) -> Listing:
        self._reach()
        # A list is a summary: it shows who was transferred, and not where to (HRA's contract).
        found = [
            replace(self._person(id), new_id=None, old_id=None)
            for id, held in self.people.items()
            if held.updated >= (since or "")
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
        now = self.in_use(id)
        held = self.people[now]
        self.fetched.append(now)
        wanted = ALL_GROUPS if groups is None else groups
        every = self._values(held)
        values = {n: self._shown(v) for n, v in every.items() if FIELD_GROUPS[n] in wanted}
        unmapped = held.group if every["branch"] is UNKNOWN else None
        found = Employee(
            self.name, now, held.status, values, wanted, held.number, held.updated, held.new_id,
            held.old_id, unmapped=unmapped,
        )  # fmt: skip
        if wanted:
            self.after_fetch(now)
        return found

    def create(self, values: Values) -> Written:
        self._reach()
        after = self._fails("")
        refused = self._refused(Held({}), values)
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
        steps = {n: changes[n] for n in ACTIONS if n in changes} if self.name == "hra" else {}
        sections = {name: value for name, value in changes.items() if name not in steps}
        refused = dict(self._refused(held, sections))
        taken = self._taken(sections, refused)
        gone = self._merged(held, taken)
        if taken:
            self.writes.append((employee.id, frozenset(taken)))
            self.edit(employee.id, **taken)
        acted = self._act(employee.id, steps, refused)
        if not (taken or acted):
            raise Refused(self.name, tuple(r for reasons in refused.values() for r in reasons))
        if after:
            raise OutcomeUnknown(self.name)
        return Written(self.fetch(employee.id, employee.groups), refused, gone)

    # --- XeroSide

    def pay(self, id: str, **leave: Value) -> None:
        """Xero: a pay run moves leave balances, and not the employee's own time."""
        self._put(self._held(id), leave)
        self.payslips.append((self._moves(), id))

    def leave_moved(self, since: Mapping[str, str]) -> LeaveMoved:
        self._reach()
        known = since.get("PayRuns")
        moved = {id for at, id in self.payslips if known is not None and at > known}
        return LeaveMoved(frozenset(moved), {"PayRuns": f"{self.moment:06}"})

    # --- HraSide

    def candidates(self) -> tuple[Person, ...]:
        self._reach()
        people = self.hopefuls.values()
        return tuple(replace(one, email=None, mobile=None, postcode=None) for one in people)

    def candidate(self, id: str) -> Person:
        self._reach()
        if id not in self.hopefuls:
            raise NotFound(self.name)
        return self.hopefuls[id]

    def convert(self, candidate: Person, start: date | None) -> str:
        now = self.candidate(candidate.id)
        if now.status is not Status.CURRENT:
            raise NotFound(self.name)
        outcome = self.acting.pop(now.id, "")
        if outcome == "failed":
            raise ActionFailed(self.name)
        if outcome in ("never", "lost_before"):
            raise OutcomeUnknown(self.name)
        id = f"{self.name}-new-{len(self.people) + 1}"
        self.add(
            id, first_name=now.first_name, last_name=now.last_name, email=now.email,
            mobile=now.mobile, date_of_birth=now.date_of_birth, start_date=start,
            branch=now.branch,
        )  # fmt: skip
        self.hopefuls[now.id] = replace(now, status=Status.GONE)
        self.created.append(id)
        if outcome == "lost_after":
            raise OutcomeUnknown(self.name)
        return id

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

    def _put(self, held: Held, values: Values) -> None:
        """Lays values over a record; an end date moves the status, a branch Xero's group."""
        held.values.update(values)
        if "end_date" in values:
            held.status = self._status(values["end_date"])
        if self.branches.match and values.get("branch") is not None:
            held.group = self.branches.group_of(values["branch"], held.group)

    def _status(self, end: EndDate | None) -> Status:
        if end is None:
            return Status.CURRENT
        ahead = Status.TERMINATING if self.name == "hra" else Status.CURRENT
        return Status.TERMINATED if end.day <= self.today else ahead

    def _values(self, held: Held) -> Mapping[str, Value]:
        if not self.branches.match:
            return held.values
        found = self.branches.branch_of(held.group)
        unmapped = found is None and held.group is not None
        return {**held.values, "branch": UNKNOWN if unmapped else found}

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

    def _act(self, id: str, steps: Values, refused: dict[str, tuple[str, ...]]) -> bool:
        """HRA's actions after all sections, the transfer last; whether any was taken."""
        acted, ended = False, True
        for name, value in steps.items():
            outcome = self.acting.pop(id, "")
            if not ended or outcome == "failed":
                refused[name] = ("the action failed",) if ended else (STILL_ENDING,)
                continue
            if outcome == "lost_before":
                raise OutcomeUnknown(self.name)
            acted, ended = True, outcome != "never"
            self._step(id, name, value, ended)
            if outcome == "lost_after":
                raise OutcomeUnknown(self.name)
        return acted

    def _step(self, id: str, name: str, value: Value, ended: bool) -> None:
        if same(name, self.value(id, name), value):
            return
        self.writes.append((id, frozenset({name})))
        if ended and name == "branch":
            self.transfer(id, value)
        elif ended:
            self.edit(id, end_date=EndDate(value.day))

    def _refused(self, held: Held, changes: Values) -> Mapping[str, tuple[str, ...]]:
        return {
            name if name in ACTIONS else FIELD_GROUPS[name]: (why,)
            for name, value in changes.items()
            if (why := self._why_not(held, name, value))
        }

    def _why_not(self, held: Held, name: str, value: Value) -> str | None:
        if value is UNKNOWN or isinstance(value, MaskedTfn):
            raise AssertionError(f"{name}: an unreadable value was sent as data")
        if name == "end_date" and self.name == "xero":
            raise AssertionError("an end date was sent to Xero")
        if FIELD_GROUPS[name] in self.refuses:
            return "refused by the vendor"
        if value is None and self.name in FIELDS[name].required:
            return "a required value cannot be emptied"
        if name == "branch" and self.branches.match:
            known = self.branches.group_of(value, held.group)
            nobodys = held.group is None and value == self.branches.default
            return None if known or nobodys else NO_GROUP
        return problem(name, value, self.name)

    def _taken(self, changes: Values, refused: Iterable[str]) -> dict[str, Value]:
        return {
            name: self.keeps_as(name, value)
            for name, value in changes.items()
            if not {name, FIELD_GROUPS[name]} & {*refused}
            and not (value is None and self.keeps_empty)
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
        values: Mapping[str, Any] = self._values(held)
        born: date | None = values["date_of_birth"]
        home, branch = values["home_address"], values["branch"]
        return Person(
            self.name, id, values["first_name"] or "", values["last_name"] or "", held.status,
            held.updated, born, values["email"], values["mobile"],
            home.postcode if home else None, held.number, new_id=held.new_id, old_id=held.old_id,
            branch=None if branch is UNKNOWN else branch,
        )  # fmt: skip
