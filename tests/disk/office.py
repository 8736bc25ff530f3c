"""Two doubles of both sides, four people, and the agent over them, whose disk a test may break."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from agent.employee import Value
from agent.errors import AgentError
from agent.merge import Rules
from agent.records import Binding, Save
from agent.store import Store
from agent.sync import Policy, Sync
from agent.vault import Cost, Digests
from tests.fakes import FakeSide
from tests.unit.canonical_values import THREE, account

NAMES = {"p1": ("Anna", "Papas"), "p2": ("Ben", "Nguyen"), "p3": ("Cleo", "Tran")}
NEWCOMER = ("Dan", "Novak")
COMPARED = ("mobile", "job_title", "bank_accounts", "home_address")
MOBILE, JOB = THREE["mobile"], THREE["job_title"]
BANK: tuple[Value, ...] = ((account("1111"),), (account("2222"),), (account("3333"),))
PAIR = Binding("account", "Account", "tenant", "Organisation")
KEY = b"k" * 32


class Office:
    """Everybody in step; then p1 changes in HRA, p2 in Xero, p3 on both sides, and somebody new is in HRA alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = datetime(2026, 3, 2, tzinfo=UTC)
        self.hra, self.xero = FakeSide("hra"), FakeSide("xero")
        for number, (id, name) in enumerate(NAMES.items()):
            for side in (self.hra, self.xero):
                side.add(id, **_person(name, date(1980, 1, 1 + number)))
        self.open()

    def open(self) -> None:
        """A start of the agent."""
        self.store = Store(self.folder, self.clock, audit_key=KEY)
        self.store.bind(PAIR)
        digests = Digests(KEY, Cost(2, 1, 1))
        policy = Policy(Rules("hra"), verify_every_hours=3.0)
        self.sync = Sync(self.hra, self.xero, self.store, digests, policy, self.clock)

    def close(self) -> None:
        self.store.close()

    def clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def later(self, **by: float) -> None:
        """Time passes."""
        self.now += timedelta(**by)

    def both_runs(self, started_by: str = "schedule") -> None:
        """An import and an export."""
        for kind in ("import", "export"):
            self.sync.run(kind, started_by)

    def people_change(self) -> None:
        """What the next runs have to carry."""
        self.hra.edit("p1", mobile=MOBILE[1], bank_accounts=BANK[1])
        self.xero.edit("p2", mobile=MOBILE[2])
        self.hra.edit("p3", job_title=JOB[1])
        self.xero.edit("p3", job_title=JOB[2])
        newcomer = _person(NEWCOMER, date(1990, 5, 5)) | {"mobile": "0491 570 159"}
        self.hra.add("p4", **newcomer)

    def save(self, id: str) -> Save:
        """A save in eSS, as its hook is stored."""
        return Save(id, "p1", (), self.clock())

    def sides(self) -> dict[str, dict[tuple[object, ...], tuple[Value, ...]]]:
        """What every person holds, by name, on both sides."""
        return {
            side.name: {
                (held.values["first_name"], held.values["last_name"]): tuple(
                    held.values[name] for name in COMPARED
                )
                for held in side.people.values()
            }
            for side in (self.hra, self.xero)
        }

    def counts(self) -> tuple[int, int]:
        """How many people stand on each side."""
        return len(self.hra.people), len(self.xero.people)

    def writes(self) -> int:
        """How often the agent wrote to either side."""
        return sum(len(side.writes) + len(side.created) for side in (self.hra, self.xero))

    def tries(self, work: Callable[[], object]) -> AgentError | None:
        """Do some work; the sentence-bearing error that ended it. Any other error is the test's."""
        try:
            work()
        except AgentError as error:
            return error
        return None


def _person(name: tuple[str, str], born: date) -> dict[str, Value]:
    return {
        "first_name": name[0],
        "last_name": name[1],
        "date_of_birth": born,
        "start_date": date(2020, 7, 1),
        "mobile": MOBILE[0],
        "job_title": JOB[0],
        "bank_accounts": BANK[0],
        "home_address": THREE["home_address"][0],
    }
