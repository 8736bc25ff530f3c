"""What belongs to the data directory, whichever account and organisation are linked.

Which pair is bound, how each side stands, page users, runs, the audit log, and whether schedules and
pushes may run at all: a restored copy starts with them off (L5).
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import TypeVar

from agent.audit import Audit, Line
from agent.files import private_folder
from agent.records import Binding, Connection, Event, Run, Spent, User
from agent.store.disk import Disk
from agent.store.storage import AtomicStorage, Shelf

RUNS_KEPT = 200
LEFT_RUNNING = "The agent was stopped before this run came to its end."
COPY = (
    "This data directory is a copy, or was moved to another machine or folder. Schedules and pushes "
    "stay off until a person says that the old agent is gone."
)
LOST_STATE = (
    "The file state.json was lost, and with it what this agent was linked to and whether it is a copy. Schedules and "
    "pushes stay off until a person says that no other agent works on the same two systems."
)
END_UNKNOWN = "How this run ended could not be stored, for the disk took no writes then."

Record = TypeVar("Record")


@dataclass(frozen=True)
class Text:
    """A stored text."""

    text: str


@dataclass(frozen=True)
class _Until:
    until: datetime
    since: datetime | None = None


def random_id() -> str:
    """12 hexadecimal digits."""
    return secrets.token_hex(6)


class House:
    """The part of the agent's memory that stays when another pair is bound."""

    def __init__(
        self,
        data_dir: Path,
        clock: Callable[[], datetime],
        new_id: Callable[[], str] = random_id,
        audit_key: bytes = b"",
        off: str = "",
    ) -> None:
        """`off`: why a state.json that is made now has schedules and pushes off from its first byte; "" for no reason."""
        private_folder(data_dir)
        self._clock = clock
        self._new_id = new_id
        self._lock = RLock()
        self._data_dir = data_dir
        self._disk = Disk()
        self._state_file = AtomicStorage(data_dir / "state.json", self._lock, self._disk)
        self._runs_file = AtomicStorage(data_dir / "runs.json", self._lock, self._disk)
        self._users_file = AtomicStorage(data_dir / "users.json", self._lock, self._disk)
        self._binding = Shelf(self._state_file, "binding", Binding)
        self._connections = Shelf(self._state_file, "connections", Connection)
        self._parked = Shelf(self._state_file, "parked", _Until)
        self._spent = Shelf(self._state_file, "spent", Spent)
        self._self = Shelf(
            self._state_file, "agent", Text
        )  # instance, home, here, off, audit, files
        self._runs = Shelf(self._runs_file, "runs", Run)
        self._users = Shelf(self._users_file, "users", User)
        self._audit = Audit(data_dir, audit_key, clock, begun=bool(self._said("audit")))
        self._begin(off)

    def close(self) -> None:
        """Give the files back to the system."""
        self._audit.close()

    # --- the disk ---

    def disk_trouble(self) -> str:
        """What the disk refused last, in a sentence; "" while it takes what is written."""
        return self._disk.trouble

    def try_disk(self) -> None:
        """See whether a disk that refused something takes it again. For a clock: nobody else may come by."""
        self._disk.try_again(self._data_dir)

    # --- the bound pair, and how each side stands ---

    def binding(self) -> Binding:
        """The linked account and organisation; empty where none is chosen yet."""
        return self._binding.get("") or Binding()

    def connection(self, side: str) -> Connection:
        """How a side stood when it was last proved."""
        return self._connections.get(side) or Connection(side)

    def set_connection(self, connection: Connection) -> None:
        """Remember how a side stands."""
        self._connections.put(connection.side, connection)

    def parked(self, side: str) -> datetime | None:
        """Until when the side asked to be left alone. Where the clock was set back since, as long as it asked for."""
        found, now = self._parked.get(side), self._clock()
        if found and found.since and now < found.since:
            self.park(side, now + (found.until - found.since))
            return self.parked(side)
        return found.until if found else None

    def park(self, side: str, until: datetime | None) -> None:
        """Remember a pause that the side asked for; None ends it."""
        if until is None:
            self._parked.drop(side)
        else:
            self._parked.put(side, _Until(until, self._clock()))

    def spent(self, side: str) -> Spent | None:
        """What the last process left of the side's limits (X1)."""
        return self._spent.get(side)

    def spend(self, side: str, spent: Spent) -> None:
        """Remember for the next process what this one uses of the side's limits."""
        self._spent.put(side, spent)

    # --- whether schedules and pushes may run ---

    def instance(self) -> str:
        """The random id of this agent, made at its first start."""
        return self._said("instance")

    def standing(self) -> str:
        """Why schedules and pushes are switched off; "" while they may run."""
        return self._said("off")

    def is_copy(self) -> bool:
        """Whether this is a restored copy that no person has taken over yet (L5)."""
        return self.standing() in (COPY, LOST_STATE)

    def switch_off(self, reason: str) -> None:
        """Let no schedule and no push run. `reason` is a sentence, never empty."""
        if not reason:
            raise ValueError("schedules and pushes are switched off for a reason")
        self._self.put("off", Text(reason))

    def switch_on(self) -> None:
        """Let them run again, on a person's word; this machine and folder are now the agent's home."""
        with self._lock:
            here = self._self.get("here")
            self._self.change({"home": here} if here else {}, ["off"])

    def settle_in(self, home: str, former: str = "") -> None:
        """Say at start where the agent runs, as a mark of machine and folder; `former` is the mark
        that an earlier version made of the same place.

        The first one is remembered. Another one than remembered is a restored copy, and switches
        schedules and pushes off.
        """
        with self._lock:
            known = self._said("home")
            said = {"here": Text(home)}
            if not known or known == former:
                said["home"] = Text(home)
            elif known != home:
                said["off"] = Text(COPY)
            self._self.change(said)

    # --- page users ---

    def users(self) -> tuple[User, ...]:
        """Those who may sign in to the page besides admin, in the order they were added."""
        return tuple(self._users.all().values())

    def user(self, name: str) -> User | None:
        """The page user of this name."""
        return self._users.get(name)

    def put_user(self, user: User) -> None:
        """Add a page user, or replace the one of that name."""
        self._users.put(user.name, user)

    def remove_user(self, name: str) -> None:
        """Let this user sign in no more."""
        self._users.drop(name)

    # --- the audit log ---

    def note(self, event: Event) -> None:
        """Add an event to the audit log: on disc when this returns. NotStored: it is not."""
        with self._disk.step():
            self._audit.note(event)

    def audit_lines(self, hra_id: str = "") -> tuple[Line, ...]:
        """The audit log, oldest first: all of it, or one person under whichever HRA id."""
        return self._audit.lines(hra_id)

    def audit_check(self) -> tuple[str, ...]:
        """What was done to the audit log from outside, a sentence each; none: it is whole."""
        return self._audit.check()

    def audit_head(self) -> tuple[int, str]:
        """Number and mac of the audit log's last line."""
        return self._audit.head()

    def audit_differs(self, count: int, mac: str) -> str:
        """Why the log cannot be the one that a backup knows up to this line; "" where it is."""
        return self._audit.differs(count, mac)

    # --- runs ---

    def open_run(self, kind: str, started_by: str) -> Run:
        """A new run row, on disc as running. Runs never overlap (R1): another one still there has lost its end."""
        self._end_left(END_UNKNOWN)
        run = Run(id=self._new_id(), kind=kind, started_by=started_by, started=self._clock())
        self.save_run(run)
        return run

    def save_run(self, run: Run) -> None:
        """Write a run's progress or its end; the oldest beyond RUNS_KEPT are removed."""
        put_and_trim(self._lock, self._runs, run.id, run, RUNS_KEPT)

    def runs(self, limit: int) -> tuple[Run, ...]:
        """The last runs, newest first."""
        return tuple(self._runs.all().values())[::-1][:limit]

    # --- inside ---

    def _said(self, name: str) -> str:
        found = self._self.get(name)
        return found.text if found else ""

    def _begin(self, off: str) -> None:
        if not self._said("instance"):
            begun = {"instance": Text(self._new_id()), "audit": Text("begun")}
            self._self.change(begun | ({"off": Text(off)} if off else {}))
        self._end_left(LEFT_RUNNING)

    def _end_left(self, reason: str) -> None:
        left = {id: run for id, run in self._runs.all().items() if run.outcome == "running"}
        now = self._clock() if left else None
        self._runs.change(
            {
                id: replace(run, outcome="stopped", reason=reason, ended=now)
                for id, run in left.items()
            }
        )


def put_and_trim(lock: RLock, shelf: Shelf[Record], id: str, record: Record, kept: int) -> None:
    """Store a record, and remove the oldest beyond so many, in one step."""
    with lock:
        ids = list(shelf.all() | {id: record})
        shelf.change({id: record}, ids[: max(0, len(ids) - kept)])
