"""Both doubles, the agent over them, and the oracle that watches: what rounds are played in."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from agent.employee import Loans, Tfn, Value
from agent.errors import SideError
from agent.merge import Rules
from agent.records import Binding
from agent.sandbox.identifiers import make_tfn
from agent.store import Store
from agent.sync import Policy, Sync
from agent.vault import Cost, Digests
from tests.fakes import FakeSide
from tests.history.oracle import SECTION, Choice, Oracle
from tests.unit.canonical_values import account

PEOPLE = {"p1": ("Anna", "Papas"), "p2": ("Ben", "Nguyen"), "p3": ("Cleo", "Tran")}
VALUES: dict[str, dict[str, Value]] = {
    "mobile": {"a": "0491 570 156", "b": "0491 570 157", "c": "0491 570 158"},
    "job_title": {"a": "Cook", "b": "Chef", "c": "Baker"},
    "bank_accounts": {
        "a": (account("1111"),),
        "b": (account("2222"),),
        "c": (account("1111", 5000), account("3333")),
    },
    "loans": {
        "a": Loans(False, frozenset()),
        "b": Loans(True, frozenset({"help"})),
        "c": Loans(True, frozenset({"trade"})),
    },
    "tfn_or_exemption": {key: Tfn(make_tfn(Random(seed))) for seed, key in enumerate("abc")},
}
TARGETS = {"import": "hra", "export": "xero"}


@dataclass
class World:
    """Both doubles, the agent over them, and the oracle that watches."""

    folder: Path
    oracle: Oracle
    hra: FakeSide = field(default_factory=lambda: FakeSide("hra"))
    xero: FakeSide = field(default_factory=lambda: FakeSide("xero", masked=True))
    now: datetime = datetime(2026, 3, 2, tzinfo=UTC)
    met: Counter[str] = field(default_factory=Counter)
    verify_every_hours: float = 3.0  # at every run, so that none leaves a record unread

    def __post_init__(self) -> None:
        for number, (id, (first, last)) in enumerate(PEOPLE.items()):
            for side in (self.hra, self.xero):
                chosen = {name: self.value(side.name, id, name) for name in SECTION}
                born = date(1980, 1, 1 + number)
                side.add(id, first_name=first, last_name=last, date_of_birth=born, **chosen)
        self.store = Store(self.folder, self.clock)
        self.store.bind(Binding("account", "Account", "tenant", "Organisation"))
        self.start_agent()

    def start_agent(self, matching: str = "date_of_birth") -> None:
        """The agent over both sides and what it remembers, with these settings."""
        conflicts = "hold" if self.oracle.hold else "authoritative"
        rules, hours = Rules(self.oracle.authority, conflicts), self.verify_every_hours
        policy = Policy(rules, matching=matching, verify_every_hours=hours)
        digests = Digests(b"k" * 32, Cost(2, 1, 1))
        self.sync = Sync(self.hra, self.xero, self.store, digests, policy, self.clock)

    def clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def value(self, side: str, person: str, name: str) -> Value:
        chosen = self.oracle.now[side][person, name]
        return None if chosen is None else VALUES[name][chosen]

    def side(self, name: str) -> FakeSide:
        return {"hra": self.hra, "xero": self.xero}[name]

    def edit(self, side: str, person: str, name: str, chosen: Choice) -> None:
        """Somebody edits one field, in the double and in the oracle."""
        self.oracle.edit(side, person, name, chosen)
        self.side(side).edit(person, **{name: self.value(side, person, name)})

    # --- runs

    def run(self, kind: str, started_by: str, late: tuple[str, str, Choice] | None = None) -> None:
        """A run that nothing stops, in the agent and in the oracle. `late`: an edit in HRA after
        the run has gathered that person.
        """
        target, by_person = TARGETS[kind], started_by != "schedule"
        if late:
            self._edits_late(*late)
        gathered = {}
        for person in PEOPLE:
            self.oracle.look(person)
            gathered[person] = self.oracle.goes(person, target, by_person)
        failing = dict(self.side(target).failing)
        self.sync.run(kind, started_by)
        for person, goes in gathered.items():
            if late and late[0] == person:
                self.oracle.edit("hra", *late)
            if goes:
                self._applied(person, target, by_person, failing.get(person, ""))
            elif person in failing:
                self.side(target).failing.pop(person)
        self.check()

    def push(self, person: str, name: str) -> None:
        """A push of the section that this field is in."""
        section = SECTION[name]
        names = tuple(other for other in SECTION if SECTION[other] == section)
        self.oracle.look(person, names)
        goes = self.oracle.goes(person, "xero", False, names)
        told = self.sync.push(person, (section,))
        assert (told.outcome == "done") is bool(goes)
        assert set(told.fields) >= set(goes)
        self.oracle.written(person, "xero", goes)
        self.check()

    def stopped_short(self, kind: str, started_by: str, person: str) -> None:
        """A run that loses the other side at one write, and then a whole one."""
        side = self.side(TARGETS[kind])
        side.failing[person] = "unreachable"
        before = self.held()
        try:
            self.sync.run(kind, started_by)
        except SideError:
            self.met["unreachable"] += 1
            between = self.held()
        else:
            between = self.held()
        side.failing.clear()
        self.run(kind, started_by)
        after = self.held()
        for key, value in between.items():
            assert value in (before[key], after[key]), key

    def dry_run(self, kind: str) -> None:
        """A run that writes nothing, on either side or in the store."""
        before, links = self.held(), self.store.links()
        self.sync.run(kind, "command", dry_run=True)
        assert (self.held(), self.store.links()) == (before, links)

    # --- checks

    def check(self) -> None:
        for side in ("hra", "xero"):
            for (person, name), _ in self.oracle.now[side].items():
                expected = self.value(side, person, name)
                assert self.side(side).value(person, name) == expected, (side, person, name)

    def check_in_step(self) -> None:
        """In step means equal: a link without anything open has no unequal field (D3)."""
        assert len(self.store.links()) == len(PEOPLE)
        for link in self.store.links():
            unequal = [name for name in SECTION if not self._equal(link.hra_id, name)]
            assert unequal == [] or link.open, link
            self.met["in step" if not unequal else "open"] += 1

    def quiet(self, kind: str, started_by: str) -> None:
        """The same run again writes nothing (D4)."""
        before = len(self.writes())
        self.run(kind, started_by)
        assert len(self.writes()) == before
        self.met["nothing to do"] += 1

    def writes(self) -> list[Any]:
        return [*self.hra.writes, *self.xero.writes]

    def held(self) -> dict[tuple[str, str, str], Value]:
        return {
            (side.name, person, name): side.value(person, name)
            for side in (self.hra, self.xero) for person in PEOPLE for name in SECTION
        }  # fmt: skip

    def _equal(self, person: str, name: str) -> bool:
        return bool(self.hra.value(person, name) == self.xero.value(person, name))

    def _applied(self, person: str, target: str, by_person: bool, failure: str) -> None:
        """The record is read and decided again, then written: as the failure lets it."""
        self.oracle.look(person)
        goes = self.oracle.goes(person, target, by_person)
        if not goes:
            self.side(target).failing.pop(person, None)
            return
        self.met[failure or "written"] += 1
        if failure in ("", "lost_after"):
            # An own write whose answer was lost is no change of the other side either (D4).
            self.oracle.written(person, target, goes)

    def _edits_late(self, person: str, name: str, chosen: Choice) -> None:
        def once(id: str) -> None:
            if id == person:
                self.hra.after_fetch = lambda id: None
                self.hra.edit(person, **{name: VALUES[name].get(chosen or "")})
                self.met["late edit"] += 1

        self.hra.after_fetch = once
