"""Both doubles, the agent over them, and the oracle that watches: what rounds are played in."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from shutil import rmtree
from typing import Any, cast

import pytest

from agent.branches import BranchMap
from agent.employee import UNKNOWN, EndDate, Loans, Status, SuperMembership, Tfn, Value
from agent.errors import AgentError, Braked, SideError
from agent.merge import Rules
from agent.plan import Brake
from agent.plans import Plan
from agent.records import Binding, Link, Save
from agent.sandbox.identifiers import make_tfn
from agent.saves import Worker
from agent.side import HraSide, XeroSide
from agent.store import Store
from agent.strangers import Matching
from agent.sync import Policy, Sync
from agent.sync.ledger import LATE
from agent.vault import Cost, Digests
from tests.fakes import FakeSide
from tests.history.oracle import (
    NAMES,
    SECTIONS,
    UNGROUPED,
    UNMAPPED,
    Choice,
    Exactly,
    Oracle,
)
from tests.history.troubles import DISK, Killed, Line, Troubles
from tests.unit.canonical_values import account

PEOPLE = {"p1": ("Anna", "Papas"), "p2": ("Ben", "Nguyen"), "p3": ("Cleo", "Tran")}
STARTED = {"p1": date(2020, 7, 1), "p2": date(2021, 7, 1), "p3": date(2026, 1, 15)}
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
    "branch": {**{key: key for key in ("a", "b", "c", UNGROUPED)}, UNMAPPED: UNKNOWN},
    "end_date": {
        "past": EndDate(date(2025, 12, 31)), "today": EndDate(date(2026, 3, 2)),
        "soon": EndDate(date(2026, 6, 30)), "late": EndDate(date(2026, 12, 31)),
    },
}  # fmt: skip
# Several groups may share a branch; whoever has none is in the default branch; one is in no map.
GROUPS: dict[str, tuple[str | None, ...]] = {
    "a": ("A", None), "b": ("B",), "c": ("C1", "C2"), UNMAPPED: ("Zoo",)
}  # fmt: skip
MAP = BranchMap(True, "a", {"A": "a", "B": "b", "C1": "c", "C2": "c"})
TARGETS = {"import": "hra", "export": "xero"}
ACTIONS = ("end_date", "branch")
USED = ("use_hra", "use_xero")
APPROVED_AS = {"bank_accounts": "bank", "super_memberships": "super", "tfn_or_exemption": "tfn"}


def value_of(name: str, chosen: Choice) -> Value:
    """The canonical value that an oracle's word stands for."""
    if chosen is None:
        return None
    if name != "super_memberships":
        return VALUES[name][chosen]
    return tuple(
        SuperMembership(f"{row[0]}TA0100AU", "30099320583", f"Fund {row[0]}", row[1], row[0] == "S")
        for row in chosen.split()
    )


def as_set(name: str, value: Value) -> Any:
    """A value in which the order of memberships says nothing."""
    return frozenset(value or ()) if name == "super_memberships" else value


@dataclass
class World:
    """Both doubles, the agent over them, and the oracle that watches."""

    folder: Path
    oracle: Oracle
    hra: FakeSide = field(default_factory=lambda: FakeSide("hra"))
    xero: FakeSide = field(default_factory=lambda: FakeSide("xero", masked=True, branches=MAP))
    now: datetime = datetime(2026, 3, 2, tzinfo=UTC)
    met: Counter[str] = field(default_factory=Counter)
    verify_every_hours: float = 3.0  # at every run, so that none leaves a record unread
    stopped: dict[str, dict[str, Exactly]] = field(default_factory=dict)
    stopped_by: dict[str, str] = field(default_factory=dict)
    going_on: list[tuple[str, str, Choice]] = field(default_factory=list)
    saves: int = 0

    def __post_init__(self) -> None:
        for number, (id, (first, last)) in enumerate(PEOPLE.items()):
            for side in (self.hra, self.xero):
                chosen = {name: self.value(side.name, id, name) for name in NAMES}
                born = date(1980, 1, 1 + number)
                side.add(
                    id, first_name=first, last_name=last, date_of_birth=born,
                    start_date=STARTED[id], **chosen,
                )  # fmt: skip
            self.xero.regroup(id, GROUPS[str(self.oracle.now["xero"][id, "branch"])][0])
        if self.oracle.signed_in:
            self.hra.signed_in = (" ".join(PEOPLE[self.oracle.signed_in]), "")
        self.troubles = Troubles(self.clock, self.met)
        self.store = Store(self.folder, self.clock)
        self.store.bind(Binding("account", "Account", "tenant", "Organisation"))
        self.start_agent()

    def start_agent(self, matching: str = "date_of_birth") -> None:
        """The agent over both sides and what it remembers, with these settings."""
        oracle = self.oracle
        rules = Rules(
            oracle.authority,
            "hold" if oracle.hold else "authoritative",
            oracle.authorities,
            oracle.ways,
            branches=True,
            grouped=frozenset(MAP.groups.values()),
            transfers=oracle.transfers,
            approve=frozenset(APPROVED_AS[name] for name in oracle.approve),
            earlier_end="hold" if oracle.early_waits else "warn",
        )
        policy = Policy(
            rules,
            matching=Matching(matching),
            verify_every_hours=self.verify_every_hours,
            brake=Brake(terminations=oracle.most_endings),
        )
        digests = Digests(b"k" * 32, Cost(2, 1, 1))
        hra = cast(HraSide, Line(self.hra, self.troubles))
        xero = cast(XeroSide, Line(self.xero, self.troubles))
        self.sync = Sync(hra, xero, self.store, digests, policy, self.clock)
        self.worker = Worker(
            self.store, self.sync.push, retry_for=timedelta(hours=72), clock=self.clock,
            jitter=lambda: 0.5,
        )  # fmt: skip

    def clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def value(self, side: str, person: str, name: str) -> Value:
        return value_of(name, self.oracle.now[side][person, name])

    def side(self, name: str) -> FakeSide:
        return {"hra": self.hra, "xero": self.xero}[name]

    def id(self, side: str, person: str) -> str:
        """The id of a person's present record."""
        return self.side(side).in_use(person)

    def link(self, person: str) -> Link:
        found = [link for link in self.store.links() if link.xero_id == person]
        assert len(found) == 1
        return found[0]

    # --- what people do

    def edit(self, side: str, person: str, name: str, chosen: Choice, group: int = 0) -> None:
        """Somebody edits one field, in the double and in the oracle. A branch moves by a transfer in
        HRA, by the Employee Group in Xero.
        """
        self.oracle.edit(side, person, name, chosen)
        if name != "branch":
            self.side(side).edit(person, **{name: self.value(side, person, name)})
        elif side == "xero":
            groups = GROUPS[str(chosen)]
            self.xero.regroup(person, groups[group % len(groups)])
        elif self.hra.value(person, name) != chosen:
            self.hra.transfer(person, str(chosen))

    def set_away(self, person: str, away: bool) -> None:
        """HRA: suspended or on leave, or back: then no employment has ended."""
        if not away:
            self.edit("hra", person, "end_date", None)
            return
        self.oracle.away.add(person)
        self.hra.people[self.id("hra", person)].status = Status.AWAY
        self.hra.edit(person)

    def actions_end(self) -> None:
        """What HRA had not finished while the agent looked at it, it finishes now."""
        for person, name, chosen in self.going_on:
            self.edit("hra", person, name, chosen)
            self.met["action ended late"] += 1
        self.going_on.clear()

    # --- runs

    def run(self, kind: str, started_by: str, late: tuple[str, str, Choice] | None = None) -> None:
        """A run that nothing stops, in the agent and in the oracle. `late`: an edit in HRA after
        the run has gathered that person.
        """
        target, by_person = TARGETS[kind], started_by != "schedule"
        if late:
            self._edits_late(*late)
        foreseen = {}
        for person in PEOPLE:
            self.oracle.look(person, by_person)
            foreseen[person] = self.oracle.exactly(person, target, by_person)
        gathered = {person: goes for person, (goes, _) in foreseen.items()}
        if self._brakes(gathered):
            with pytest.raises(Braked):
                self.sync.run(kind, started_by)
            self.met["braked"] += 1
            self.stopped[kind], self.stopped_by[kind] = foreseen, started_by
            self.hra.after_fetch = lambda id: None
            self.clear_failures()
            if late:
                self.oracle.edit("hra", *late)
            self.check()
            return
        failing, acting = self._planned_failures(target)
        self.sync.run(kind, started_by)
        for person, goes in gathered.items():
            if late and late[0] == person:
                self.oracle.edit("hra", *late)
            if goes:
                self._applied(person, target, by_person, failing[person], acting[person])
        self.clear_failures()
        self._time_is_over()
        self.check()

    def push(self, person: str, name: str) -> None:
        """A push of the section that this field is in."""
        section = SECTIONS[name]
        names = tuple(other for other in SECTIONS if SECTIONS[other] == section)
        self.oracle.look(person, False, names)
        goes = self.oracle.goes(person, "xero", False, names)
        told = self.sync.push(self.id("hra", person), (section,))
        taken = self.oracle.taken("xero", goes)
        assert (told.outcome == "done") is bool(taken), (told, goes)
        assert set(told.fields) >= set(taken)
        self.oracle.written(person, "xero", goes)
        self.oracle.look(person, False, names)
        self.check()

    def stopped_short(self, kind: str, started_by: str, person: str) -> None:
        """A run that loses the other side at one write, and then a whole one."""
        side = self.side(TARGETS[kind])
        side.failing[self.id(side.name, person)] = "unreachable"
        before = self.held()
        try:
            self.sync.run(kind, started_by)
        except Braked:
            pass
        except SideError:
            self.met["unreachable"] += 1
        between = self.held()
        side.failing.clear()
        self.run(kind, started_by)
        after = self.held()
        for key, value in between.items():
            assert value in (before[key], after[key]), key

    def save(self, person: str, name: str, storms: int, random: Random) -> None:
        """An accepted save of the section that this field is in, drained through so many storms: at the end it reached
        Xero or stands on the page (promise 4)."""
        section = SECTIONS[name]
        names = tuple(other for other in SECTIONS if SECTIONS[other] == section)
        self._accept(person, (section,))
        for _ in range(storms):
            self.storm(random, self.worker.drain)
            self._unanswered(False, names)
            if random.random() < 0.2:
                self.now += timedelta(hours=80)  # longer than a save is tried
                self.storm(random, self.worker.drain, share=0.9)
                self._unanswered(False, names)
            self._until_due()
        self._drain()
        names = NAMES if self._again(person) else names
        self.oracle.look(person, False, names)
        goes = self.oracle.goes(person, "xero", False, names)
        self.oracle.written(person, "xero", goes)
        self.oracle.look(person, False, names)
        self.check()
        self._check_arrived(person, names)

    def stormy(self, kind: str, started_by: str, random: Random, storms: int) -> None:
        """Runs in storms, and then a whole one: every value is untouched or final after each of them (promise 1)."""
        if self._would_brake(kind, started_by):
            storms = 0  # who cannot be read is not counted, so it would not be stopped
        before, seen = self.held(), []
        for _ in range(storms):
            work = random.choice([kind, kind, "verify"])
            self.storm(random, partial(self.sync.run, work, started_by))
            self._unanswered(started_by != "schedule")
            seen.append(self.held())
        self.now += timedelta(hours=1)
        self.run(kind, started_by)
        after = self.held()
        for between in seen:
            for key, value in between.items():
                held = [as_set(key[2], one) for one in (before[key], after[key])]
                assert as_set(key[2], value) in held, key

    def cut_off(
        self, kind: str, started_by: str, random: Random, moves: Callable[[str], object]
    ) -> None:
        """A run whose last write arrives as the machine dies, or as both sides go dark; somebody edits that very record;
        then a whole run. What the agent wrote is no change of that side (D4)."""
        target, by_person = TARGETS[kind], started_by != "schedule"
        stopped = self._would_brake(kind, started_by)
        goes = {person: self.oracle.goes(person, target, by_person) for person in PEOPLE}
        written = [person for person in PEOPLE if goes[person]]
        if not stopped and written:
            victim, before = random.choice(written), self.held()
            cut = (self.id(target, victim), random.choice(["killed after", "cut off"]))
            self.storm(random, lambda: self.sync.run(kind, started_by), cut)
            self._came_through(before, goes, target, victim, by_person)
            moves(victim)
        self.run(kind, started_by)

    def _came_through(
        self,
        before: Mapping[tuple[str, str, str], Value],
        goes: Mapping[str, dict[str, Choice]],
        target: str,
        victim: str,
        by_person: bool,
    ) -> None:
        for person, values in goes.items():
            now = {name: self.side(target).value(person, name) for name in values}
            came = {
                name: value for name, value in values.items()
                if as_set(name, now[name]) != as_set(name, before[target, person, name])
            }  # fmt: skip
            if person == victim:
                self.oracle.arrived(person, target, came)
            elif came:
                self.oracle.written(person, target, came)
                self.oracle.look(person, by_person)

    def verify(self, started_by: str) -> None:
        """Everybody is read again, and nothing is written (X2)."""
        before = len(self.writes())
        self.sync.run("verify", started_by, fresh=True)  # else it goes on with a stopped one (R4)
        assert len(self.writes()) == before
        for person in PEOPLE:
            self.oracle.look(person)  # first contact is decided in an import or export only (D2)
        self.met["verified"] += 1
        self.check()

    def storm(
        self,
        random: Random,
        act: Callable[[], object],
        cut: tuple[str, str] | None = None,
        share: float | None = None,
    ) -> None:
        """Whatever the agent does meets trouble at some of its calls; where the machine dies, a new agent is built from
        what the disk held at that moment."""
        kept = self.folder.with_name(f"{self.folder.name}+")
        self.troubles.begin(random, share=0.0 if cut else share)
        self.troubles.cut = cut or ("", "")
        dies = 0 if cut else random.choice([0, 0, random.randrange(1, 60)])
        DISK.arm(self.folder, kept, dies)
        try:
            act()
        except AgentError as error:
            self.met[f"ended by {type(error).__name__}"] += 1
        except Killed:
            self.met["killed in all"] += 1
        finally:
            self.troubles.end()
        if DISK.dead:
            self._restart(kept)
        DISK.disarm()

    def dry_run(self, kind: str) -> Plan | None:
        """A run that writes nothing, on either side or in the store."""
        before, links = self.held(), self.store.links()
        report = self.sync.run(kind, "command", dry_run=True)
        assert (self.held(), self.store.links()) == (before, links)
        # Everybody is linked, so nobody is a stranger: a transferred person is the same one (M5).
        assert all(line.hra_id and line.xero_id for line in report.lines), report.lines
        return report.plan

    def _time_is_over(self) -> None:
        """A write whose answer was lost may arrive late; here it never does: the agent looks once its time is over (X3)."""
        lost = [link for link in self.store.links() if link.late]
        if lost:
            self.now += LATE
        for link in lost:
            self.sync._records.examine(link, self.sync._rules_of("schedule"))
            self.oracle.look(link.xero_id, False)

    # --- checks

    def check(self) -> None:
        for side in ("hra", "xero"):
            for (person, name), chosen in self.oracle.now[side].items():
                held, expected = self.side(side).value(person, name), value_of(name, chosen)
                assert as_set(name, held) == as_set(name, expected), (side, person, name, chosen)

    def check_in_step(self) -> None:
        """In step means equal: a link without anything open has no unequal field (D3)."""
        assert len(self.store.links()) == len(PEOPLE)
        compared = [name for name in NAMES if self.oracle.ways.get(name) != "off"]
        for link in self.store.links():
            unequal = [name for name in compared if not self._equal(link.xero_id, name)]
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
            for side in (self.hra, self.xero) for person in PEOPLE for name in NAMES
        }  # fmt: skip

    def _equal(self, person: str, name: str) -> bool:
        one, other = self.hra.value(person, name), self.xero.value(person, name)
        return bool(as_set(name, one) == as_set(name, other))

    # --- inside

    def _restart(self, kept: Path) -> None:
        """Nothing is left but what the disk held when the machine died."""
        DISK.disarm()
        self.store.close()
        rmtree(self.folder)
        self.folder = kept
        self.store = Store(self.folder, self.clock)
        self.start_agent()

    def _unanswered(self, by_person: bool, names: tuple[str, ...] = NAMES) -> None:
        """A list of memberships that arrived with others that were there stays unequal. Where its answer was lost, that
        is the agent's own write and no more (D4)."""
        name = "super_memberships"
        for target, id, sent in self.troubles.unanswered:
            person = id.partition("~")[0]
            self.oracle.look(person, by_person, names)
            goes = self.oracle.goes(person, target, by_person, names)
            if name in sent and name in goes:
                self.oracle.written(person, target, {name: goes[name]}, seen=False)
        self.troubles.unanswered.clear()

    def _would_brake(self, kind: str, started_by: str) -> bool:
        by_person = started_by != "schedule"
        for person in PEOPLE:
            self.oracle.look(person, by_person)
        return self._brakes(
            {who: self.oracle.goes(who, TARGETS[kind], by_person) for who in PEOPLE}
        )

    def _accept(self, person: str, sections: tuple[str, ...]) -> None:
        self.saves += 1
        save = Save(f"msg-{self.saves}", self.id("hra", person), sections, self.clock())
        assert self.store.accept(save)

    def _until_due(self) -> None:
        times = [row.next_try for row in self.store.waiting() if row.next_try]
        self.now = max([self.now, *times])

    def _drain(self) -> None:
        """Until the inbox is empty."""
        for _ in range(100):
            if self.worker.drain() is None:
                return
            self._until_due()
        raise AssertionError(self.store.waiting())

    def _again(self, person: str) -> bool:
        """What failed for good stands on the page, and arrives, with all else, once a person has it tried again (H3)."""
        scopes = {f"hook:{id}" for id in self.hra.people if id.partition("~")[0] == person}
        rows = [row for row in self.store.attention() if row.scope in scopes]
        failed = [row for row in rows if "did not reach Xero" in row.text]
        if failed:
            self.met["save failed for good"] += 1
            self.saves += 1
            self.worker.again(self.id("hra", person), f"again-{self.saves}")
            self._drain()
        return bool(failed)

    def _check_arrived(self, person: str, names: tuple[str, ...]) -> None:
        link = self.link(person)
        ways = {**self.oracle.ways, "end_date": "to_hra"}
        travels = [n for n in names if ways.get(n, "both") in ("both", "to_xero")]
        unequal = [name for name in travels if not self._equal(person, name)]
        told = any(row.scope == f"hook:{link.hra_id}" for row in self.store.attention())
        assert told or all(name in link.open for name in unequal), (person, unequal)
        self.met["save on the page" if unequal else "save arrived"] += 1

    def _brakes(self, gathered: Mapping[str, Mapping[str, Choice]]) -> bool:
        endings = sum("end_date" in goes for goes in gathered.values())
        most = self.oracle.most_endings
        return most is not None and endings > most

    def fail(self, side: str, person: str, failure: str = "", action: str = "") -> None:
        """Plan what the next write, or the next action, of this person meets."""
        if failure:
            self.side(side).failing[self.id(side, person)] = failure
        if action:
            self.side(side).acting[self.id(side, person)] = action

    def clear_failures(self) -> None:
        for side in (self.hra, self.xero):
            side.failing.clear()
            side.acting.clear()

    def _planned_failures(self, target: str) -> tuple[dict[str, str], dict[str, str]]:
        side = self.side(target)
        ids = {person: self.id(target, person) for person in PEOPLE}
        return (
            {person: side.failing.get(id, "") for person, id in ids.items()},
            {person: side.acting.get(id, "") for person, id in ids.items()},
        )

    def _applied(
        self, person: str, target: str, by_person: bool, failure: str, action: str
    ) -> None:
        """The record is read and decided again, then written: as the failures let it."""
        self.oracle.look(person, by_person)
        goes = self.oracle.goes(person, target, by_person)
        if goes:
            self._written(person, target, goes, failure, action)
            self.oracle.look(person, by_person)

    def _written(
        self, person: str, target: str, goes: dict[str, Choice], failure: str = "", action: str = ""
    ) -> None:
        steps = [name for name in ACTIONS if name in goes and target == "hra"]
        action = action if steps and failure in ("", "lost_after") else ""
        self.met[failure or "written"] += 1
        if action:
            self.met[f"action {action}"] += 1
        if failure not in ("", "lost_after"):
            return
        done, unseen = self._taken(goes, steps, action)
        answered = failure == "" and not action.startswith("lost")
        # An own write whose answer was lost is no change of the other side either (D4).
        self.oracle.written(person, target, done, seen=answered)
        if unseen:
            self.going_on += [(person, name, goes[name]) for name in unseen]
            if answered:
                self.oracle.unseen(person, target, unseen)
        for name in done:
            self.met[f"{name} to {target}"] += 1

    def _taken(
        self, goes: dict[str, Choice], steps: list[str], action: str
    ) -> tuple[dict[str, Choice], list[str]]:
        """What of an update arrives where its first action ends like this, and what is going on."""
        first = steps[:1] if action else []
        lacking = {
            "": [], "failed": first, "never": steps, "lost_before": steps, "lost_after": steps[1:]
        }[action]  # fmt: skip
        done = {name: value for name, value in goes.items() if name not in lacking}
        return done, first if action == "never" else []

    def _edits_late(self, person: str, name: str, chosen: Choice) -> None:
        def once(id: str) -> None:
            if id.partition("~")[0] == person:
                self.hra.after_fetch = lambda id: None
                self.hra.edit(person, **{name: value_of(name, chosen)})
                self.met["late edit"] += 1

        self.hra.after_fetch = once
