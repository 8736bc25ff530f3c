"""All that one HRA account holds, in memory: branches, records, actions. One lock for all of it.

Records keep their values as the contract writes them, so that reading is mostly copying. Ids look
like the vendor's (32 hexadecimal digits) and repeat from run to run, times come from the clock.
"""

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from agent.sandbox.controls import Switches

ACCOUNT_ID = "4eb62cb48c9f429c93bc26664c1a5a4d"
HOME_ZONE = ZoneInfo("Australia/Sydney")
SETTLES_AFTER = timedelta(seconds=10)
ENDED = frozenset({"Terminated", "Completed", "Transferred", "Merged"})

Json = dict[str, Any]


@dataclass
class Branch:
    """A branch of the account. *path* runs from the root: `/Root/Name`."""

    id: str
    name: str
    path: str
    kind: str
    parent: str | None
    created: str


@dataclass
class Record:
    """An employee or a candidate. *details* holds the input keys of the contract that have a value.

    *status* is the stored one; `Store.status` knows when a Terminating one has come to its end.
    """

    id: str
    branch: str
    status: str
    details: Json
    created: str
    updated: str
    end_date: str | None = None
    new_id: str | None = None
    old_id: str | None = None
    banks: list[Json] = field(default_factory=list)
    supers: list[Json] = field(default_factory=list)
    tax: Json | None = None
    leave: Json | None = None


@dataclass
class Action:
    """Something asked for and not done at once. *effect* runs when, and if, it completes."""

    id: str
    kind: str
    reference: str
    reference_kind: str
    effect: Callable[[], None]
    may_start: Callable[[], bool]
    polls_left: int
    settles_at: datetime
    created: str
    updated: str
    status: str = "Pending"


class Store:
    """The account's data. Hold `lock` while reading or writing more than one thing."""

    def __init__(
        self, account_id: str, clock: Callable[[], datetime], switches: Switches, seed: int = 1
    ) -> None:
        self.account_id = account_id
        self.switches = switches
        self.lock = threading.RLock()
        self.branches: dict[str, Branch] = {}
        self.employees: dict[str, Record] = {}
        self.candidates: dict[str, Record] = {}
        self.actions: dict[str, Action] = {}
        self._clock = clock
        self._seed = seed
        self._ids = 0

    def now(self) -> datetime:
        """Now, in UTC."""
        return self._clock()

    def stamp(self) -> str:
        """Now as the vendor writes times: `YYYY-MM-DD HH:MM:SS`, UTC (contract)."""
        glue = " " if self.switches["time_form"] == "space" else "T"
        return self.now().strftime(f"%Y-%m-%d{glue}%H:%M:%S")

    def today(self) -> date:
        """Today where the account is."""
        return self.now().astimezone(HOME_ZONE).date()

    def new_id(self, name: str = "") -> str:
        """A fresh id: of *name* when given (the same for the same seed), else the next in line."""
        if not name:
            self._ids += 1
            name = f"made/{self._ids}"
        return uuid5(NAMESPACE_URL, f"hra/{self._seed}/{name}").hex

    def status(self, record: Record) -> str:
        """The employment status of today."""
        if record.status != "Terminating" or record.end_date is None:
            return record.status
        return "Terminated" if date.fromisoformat(record.end_date) < self.today() else "Terminating"

    def section_saved(self, record: Record) -> None:
        """A payroll section was written: whether the record's own time moves is not documented."""
        if self.switches["payroll_moves_employee_updated"] == "yes":
            record.updated = self.stamp()

    def settle(self) -> None:
        """Let actions that nobody polls come to their end in their own time."""
        for action in list(self.actions.values()):
            if action.settles_at <= self.now():
                self.finish(action)

    def finish(self, action: Action) -> None:
        """Give *action* its outcome, once. What can't start any more fails and has no effect."""
        if action.status in ("Completed", "Failed"):
            return
        outcome = self.switches["action_outcome"]
        action.updated = self.stamp()
        if outcome == "never":
            action.status = "In_Progress"
            return
        action.status = outcome if action.may_start() else "Failed"
        if action.status == "Completed":
            action.effect()

    def as_plain(self) -> Json:
        """Everything as plain data, for tests."""
        with self.lock:
            return {
                "accountId": self.account_id,
                "branches": [asdict(branch) for branch in self.branches.values()],
                "employees": [asdict(record) for record in self.employees.values()],
                "candidates": [asdict(record) for record in self.candidates.values()],
                "actions": [
                    {"id": a.id, "type": a.kind, "status": a.status} for a in self.actions.values()
                ],
            }
