"""People who arrive on one side, on both at once, or as candidates, while any call may meet trouble and the machine
may die: whatever happened, in the end everybody is there once on each side, linked, and the agent has nothing to do.
"""

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from shutil import rmtree
from typing import cast

import pytest

from agent.employee import Employee, Person, Status
from agent.errors import AgentError
from agent.merge import Rules
from agent.records import Binding, Save
from agent.saves import Worker
from agent.side import HraSide, XeroSide
from agent.store import Store
from agent.strangers import Matching
from agent.sync import Policy, Sync
from agent.vault import Cost, Digests
from tests.fakes import FakeSide
from tests.history.staff import born, name_of, somebody
from tests.history.troubles import DISK, Killed, Line, Troubles

LONG = bool(os.environ.get("HRA_XERO_LONG"))
SEEDS = range(int(os.environ.get("HRA_XERO_SEEDS", "300" if LONG else "4")))
ROUNDS = 3
BRANCH = "b1"
KINDS = ("import", "export")
# Where matching is off, only the agent's memory of what it sent tells its own lost create from a stranger.
SWITCHES = pytest.mark.parametrize(
    ("employees", "candidates"),
    [("date_of_birth", "date_of_birth"), ("off", "date_of_birth"), ("off", "off")],
)


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine dies at some of these steps."""
    monkeypatch.setattr(os, "fsync", DISK.sync)


@dataclass
class Arrivals:
    """Both doubles with one linked person, the agent over them, and who has arrived since."""

    folder: Path
    matching: Matching
    now: datetime = datetime(2026, 3, 2, tzinfo=UTC)
    met: Counter[str] = field(default_factory=Counter)
    came: int = 0
    held: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.hra, self.xero = FakeSide("hra"), FakeSide("xero", masked=True)
        self.troubles = Troubles(self.clock, self.met, partial=False)
        self.store = Store(self.folder, self.clock)
        self.store.bind(Binding("account", "Account", "tenant", "Organisation"))
        self.start()
        self.hire(self.hra, self.xero)
        self.store.add_link("hra-0", "xero-0")

    def clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def start(self) -> None:
        """The agent over what it remembers."""

        def branch_for(employee: Employee) -> str:
            return BRANCH

        policy = Policy(Rules("hra"), branch_for, self.matching, verify_every_hours=3.0)
        hra = cast(HraSide, Line(self.hra, self.troubles))
        xero = cast(XeroSide, Line(self.xero, self.troubles))
        self.sync = Sync(
            hra, xero, self.store, Digests(b"k" * 32, Cost(2, 1, 1)), policy, self.clock
        )
        self.worker = Worker(
            self.store, self.sync.push, retry_for=timedelta(hours=72), clock=self.clock,
            jitter=lambda: 0.5,
        )  # fmt: skip

    # --- who comes

    def hire(self, *sides: FakeSide) -> str:
        """Somebody new on these sides, entered there by hand; the HRA id."""
        for side in sides:
            side.add(f"{side.name}-{self.came}", **somebody(self.came, BRANCH))
        self.came += 1
        return f"hra-{self.came - 1}"

    def apply_for_a_job(self) -> None:
        """A candidate in HRA Cloud, whom payroll has entered in Xero already."""
        first, last = name_of(self.came)
        id = f"c-{self.came}"
        self.hra.hopefuls[id] = Person(
            "hra", id, first, last, Status.CURRENT, date_of_birth=born(self.came), branch=BRANCH,
            candidate=True,
        )  # fmt: skip
        self.hire(self.xero)

    def arrive(self, random: Random) -> None:
        """One to three people."""
        for _ in range(random.choice([1, 2, 3])):
            where = random.choice(["hra", "hra", "saved", "xero", "both", "candidate"])
            self.met[f"came {where}"] += 1
            if where == "both" and self.matching.employees == "off":
                self.held.add(self.came)
            if where == "candidate":
                self.apply_for_a_job()
            elif where == "saved":
                save = Save(f"msg-{self.came}", self.hire(self.hra), (), self.clock())
                assert self.store.accept(save)
            else:
                sides = {"hra": (self.hra,), "xero": (self.xero,)}
                self.hire(*sides.get(where, (self.hra, self.xero)))

    # --- what the agent does

    def storm(self, random: Random, act: Callable[[], object]) -> None:
        kept = self.folder.with_name(f"{self.folder.name}+")
        self.troubles.begin(random)
        DISK.arm(self.folder, kept, random.choice([0, 0, 0, random.randrange(1, 80)]))
        try:
            act()
        except AgentError as error:
            self.met[f"ended by {type(error).__name__}"] += 1
        except Killed:
            self.met["killed in all"] += 1
        finally:
            self.troubles.end()
        if DISK.dead:
            DISK.disarm()
            self.store.close()
            rmtree(self.folder)
            self.folder = kept
            self.store = Store(self.folder, self.clock)
            self.start()
        DISK.disarm()

    def calm(self) -> None:
        """Time passes, and all is well: what waits is drained, and both runs go through."""
        self.now += timedelta(hours=1)
        for _ in range(100):
            if self.worker.drain() is None:
                break
            times = [row.next_try for row in self.store.waiting() if row.next_try]
            self.now = max([self.now, *times])
        assert self.store.waiting() == ()
        for kind in (*KINDS, *KINDS):  # a conversion is somebody's last action in a run (M5)
            self.sync.run(kind, "schedule")

    # --- what has to be

    def check(self) -> None:
        """Everybody is there once on each side, linked to themselves (M2, promise 1)."""
        links = {(link.hra_id, link.xero_id) for link in self.store.links()}
        assert len(links) == len(self.store.links())
        for n in range(self.came):
            ids = [self.ids(side, n) for side in (self.hra, self.xero)]
            assert [len(found) for found in ids] == [1, 1], (n, name_of(n), ids)
            if n in self.held:  # nobody is linked or created while somebody there may be them
                continue
            assert (ids[0][0], ids[1][0]) in links, (n, ids)
            for name in ("mobile", "job_title", "bank_accounts"):
                one, other = self.hra.value(ids[0][0], name), self.xero.value(ids[1][0], name)
                assert one == other, (n, name)
        assert self.store.pending() == ()

    def ids(self, side: FakeSide, n: int) -> list[str]:
        names = name_of(n)
        return [
            id
            for id, one in side.people.items()
            if (one.values["first_name"], one.values["last_name"]) == names
        ]

    def quiet(self) -> None:
        """A second run writes nothing (promise 2)."""
        before = self.writes()
        for kind in KINDS:
            self.sync.run(kind, "schedule")
        assert self.writes() == before

    def writes(self) -> int:
        return sum(len(side.writes) + len(side.created) for side in (self.hra, self.xero))


def play(folder: Path, seed: str) -> Counter[str]:
    """One history, told by its seed: `number/employees/candidates`."""
    _, employees, candidates = seed.split("/")
    random, house = Random(seed), Arrivals(folder, Matching(employees, candidates))
    try:
        house.calm()
        for _ in range(ROUNDS):
            house.arrive(random)
            for _ in range(random.choice([2, 4])):
                kind = random.choice([*KINDS, "import", "drain"])
                run = partial(house.sync.run, kind, "schedule")
                house.storm(random, house.worker.drain if kind == "drain" else run)
                house.now += random.choice([timedelta(seconds=5), timedelta(hours=1)])
                house.storm(random, house.worker.drain)
            house.calm()
            house.check()
            house.quiet()
    finally:
        DISK.disarm()
        house.store.close()
        rmtree(house.folder)
    return house.met


WANTED: Mapping[str, int] = {"came hra": 3, "trouble": 3, "killed in all": 1}
OFTEN = (
    *(
        f"{kind} at create"
        for kind in ("killed", "killed after", "lost after", "lost before", "refused")
    ),
    *(f"{kind} at create" for kind in ("parked", "access lost", "unreachable", "not connected")),
    *(f"{kind} at list" for kind in ("killed", "missing page", "repeated cursor", "unreadable")),
)
CAME = ("saved", "xero", "both", "candidate")
IN_THE_LONG_RUN = {**dict.fromkeys(OFTEN, 3), **{f"came {where}": 50 for where in CAME}}


@SWITCHES
def test_M2_X3_nobody_is_created_twice_whatever_happens(
    tmp_path: Path, employees: str, candidates: str
) -> None:
    met: Counter[str] = Counter()
    for number in SEEDS:
        seed = f"{number}/{employees}/{candidates}"
        try:
            met += play(tmp_path / str(number), seed)
        except Exception as error:
            raise AssertionError(f"the history with the seed {seed} failed") from error
    wanted = {**WANTED, **IN_THE_LONG_RUN} if LONG else WANTED
    lacking = {name: met[name] for name, least in wanted.items() if met[name] < least}
    assert lacking == {}
