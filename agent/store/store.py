"""What the agent remembers, on disc in the data directory: links, state, runs and the hook inbox.

Every change is one durable step: whole on disc when the method returns, or not made at all
(OSError). What belongs to the bound pair of account and organisation (links, markers, attention,
stopped writes, pending creates, changes) is seen only while that pair is bound, and stays stored
meanwhile (L1). All methods may be called from any thread. The process that opens a Store holds the
data directory (`DataDir`).
"""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import TypeVar
from urllib.parse import quote

from agent.files import private_folder
from agent.records import Attention, Binding, Change, Connection, Link, Pending, Run, Save
from agent.store.attention import stands
from agent.store.inbox import Inbox
from agent.store.links import Links
from agent.store.storage import AtomicStorage, Shelf

RUNS_KEPT = 200
CHANGES_KEPT = 500
LEFT_RUNNING = "The agent was stopped before this run came to its end."

Record = TypeVar("Record")


@dataclass(frozen=True)
class _Text:
    text: str


@dataclass(frozen=True)
class _Until:
    until: datetime


def _random_id() -> str:
    return secrets.token_hex(6)


class Store:
    """The agent's memory. StateDamaged at start for a file that cannot be read; it stays."""

    def __init__(
        self, data_dir: Path, clock: Callable[[], datetime], new_id: Callable[[], str] = _random_id
    ) -> None:
        private_folder(data_dir)
        self._clock = clock
        self._new_id = new_id
        self._lock = RLock()
        self._links_file = AtomicStorage(data_dir / "links.json", self._lock)
        self._state_file = AtomicStorage(data_dir / "state.json", self._lock)
        runs_file = AtomicStorage(data_dir / "runs.json", self._lock)
        self._binding = Shelf(self._state_file, "binding", Binding)
        self._connections = Shelf(self._state_file, "connections", Connection)
        self._parked = Shelf(self._state_file, "parked", _Until)
        self._runs = Shelf(runs_file, "runs", Run)
        self._open_pair()
        self._inbox = Inbox(data_dir / "inbox.jsonl", clock)
        self._close_runs_left_open()

    def close(self) -> None:
        """Give the files back to the system."""
        self._inbox.close()

    # --- the bound pair, and how each side stands ---

    def binding(self) -> Binding:
        """The linked account and organisation; empty where none is chosen yet."""
        return self._binding.get("") or Binding()

    def bind(self, binding: Binding) -> None:
        """Link this account to this organisation; what another pair left is not seen any more."""
        with self._lock:
            self._binding.put("", binding)
            self._open_pair()

    def connection(self, side: str) -> Connection:
        """How a side stood when it was last proved."""
        return self._connections.get(side) or Connection(side)

    def set_connection(self, connection: Connection) -> None:
        """Remember how a side stands."""
        self._connections.put(connection.side, connection)

    def marker(self, side: str) -> str | None:
        """The vendor's own time up to which changes of this side are in the store (D9)."""
        found = self._markers.get(side)
        return found.text if found else None

    def set_marker(self, side: str, marker: str) -> None:
        """Move the marker: only after everything that it covers is stored."""
        self._markers.put(side, _Text(marker))

    def parked(self, side: str) -> datetime | None:
        """Until when the side asked to be left alone."""
        found = self._parked.get(side)
        return found.until if found else None

    def park(self, side: str, until: datetime | None) -> None:
        """Remember a pause that the side asked for; None ends it."""
        if until is None:
            self._parked.drop(side)
        else:
            self._parked.put(side, _Until(until))

    def stopped(self) -> Mapping[str, str]:
        """Kinds of write that are stopped, each with its reason."""
        return {kind: reason.text for kind, reason in self._stopped.all().items()}

    def stop_writes(self, kind: str, reason: str) -> None:
        """Make no write of this kind any more, until a person allows it."""
        self._stopped.put(kind, _Text(reason))

    def allow_writes(self, kind: str) -> None:
        """Writes of this kind may go on."""
        self._stopped.drop(kind)

    # --- links ---

    def links(self) -> tuple[Link, ...]:
        """All links of the bound pair, the oldest first."""
        return self._links.all()

    def link(self, id: str) -> Link | None:
        """The link of this id, if it belongs to the bound pair."""
        return self._links.get(id)

    def link_of(self, side: str, id: str) -> Link | None:
        """The link that a record of `side` (hra or xero) is in."""
        return self._links.of(side, id)

    def add_link(self, hra_id: str, xero_id: str, number: str | None = None) -> Link:
        """Link two records; ValueError if either is linked already."""
        with self._lock:
            return self._links.add(hra_id, xero_id, number)

    def save_link(self, link: Link) -> None:
        """Commit one link: one durable step. ValueError if it is not of the bound pair."""
        with self._lock:
            self._links.save(link)

    def ignored(self, side: str) -> frozenset[str]:
        """Ids of records that a person told the agent to leave alone."""
        return frozenset(
            entry.text for id, entry in self._ignored.all().items() if id.startswith(f"{side}:")
        )

    def ignore(self, side: str, id: str) -> None:
        """Leave this record alone from now on."""
        self._ignored.put(f"{side}:{id}", _Text(id))

    def pending(self) -> tuple[Pending, ...]:
        """Creates that were sent and are not known to have happened."""
        return tuple(self._pending.all().values())

    def add_pending(self, pending: Pending) -> None:
        """Remember a create before it is sent."""
        self._pending.put(f"{pending.side}:{pending.source_id}", pending)

    def clear_pending(self, side: str, source_id: str) -> None:
        """The create is known to have happened, or not to have."""
        self._pending.drop(f"{side}:{source_id}")

    # --- attention, runs, changes ---

    def attention(self) -> tuple[Attention, ...]:
        """What waits for a person, the oldest first."""
        return tuple(self._attention.all().values())

    def replace_attention(self, scope: str, rows: Sequence[Attention]) -> None:
        """Let exactly these rows stand for the scope; one that stood keeps its id and time."""
        with self._lock:
            present = self._attention.all()
            old = {id: row for id, row in present.items() if row.scope == scope}
            new = stands(present, scope, rows, self._clock())
            if new != old:
                self._attention.change(new, old.keys() - new.keys())

    def open_run(self, kind: str, started_by: str) -> Run:
        """A new run row, on disc as running."""
        run = Run(id=self._new_id(), kind=kind, started_by=started_by, started=self._clock())
        self.save_run(run)
        return run

    def save_run(self, run: Run) -> None:
        """Write a run's progress or its end; the oldest beyond RUNS_KEPT are removed."""
        _put_and_trim(self._lock, self._runs, run.id, run, RUNS_KEPT)

    def runs(self, limit: int) -> tuple[Run, ...]:
        """The last runs, newest first."""
        return tuple(self._runs.all().values())[::-1][:limit]

    def add_change(self, change: Change) -> None:
        """Remember what was written; the oldest beyond CHANGES_KEPT are removed."""
        with self._lock:
            last = max((int(id) for id in self._changes.all()), default=0)
            _put_and_trim(self._lock, self._changes, str(last + 1), change, CHANGES_KEPT)

    def changes(self, limit: int) -> tuple[Change, ...]:
        """The last changes, newest first."""
        return tuple(self._changes.all().values())[::-1][:limit]

    # --- the hook inbox ---

    def accept(self, save: Save) -> bool:
        """Store a hook; True once on disk, False when its webhook id was already had.

        OSError: not stored.
        """
        return self._inbox.accept(save, self.binding().account_id)

    def waiting(self) -> tuple[Save, ...]:
        """Open saves of the bound account, oldest first."""
        return self._inbox.waiting(self.binding().account_id)

    def close_saves(self, ids: Iterable[str], outcome: str) -> None:
        """End these saves, all in one step."""
        self._inbox.close_saves(ids, outcome)

    def postpone(
        self,
        ids: Iterable[str],
        next_try: datetime,
        reason: str,
        *,
        looked: bool,
        counts: bool = True,
    ) -> None:
        """Try these saves later, counting a look or a try; `counts` False (parked, X4): neither."""
        self._inbox.postpone(ids, next_try, reason, looked=looked, counts=counts)

    def tidy(self) -> None:
        """Remove what is past its term. Done at every start; a long-lived process does it daily."""
        self._inbox.tidy()

    # --- inside ---

    def _open_pair(self) -> None:
        def shelf(storage: AtomicStorage, name: str, kind: type[Record]) -> Shelf[Record]:
            pair = self.binding()
            whose = f"{name}/{quote(pair.account_id, safe='')}/{quote(pair.tenant_id, safe='')}"
            return Shelf(storage, whose, kind)

        self._links = Links(shelf(self._links_file, "links", Link), self._new_id)
        self._ignored = shelf(self._links_file, "ignored", _Text)
        self._markers = shelf(self._state_file, "markers", _Text)
        self._stopped = shelf(self._state_file, "stopped", _Text)
        self._pending = shelf(self._state_file, "pending", Pending)
        self._attention = shelf(self._state_file, "attention", Attention)
        self._changes = shelf(self._state_file, "changes", Change)

    def _close_runs_left_open(self) -> None:
        left = {id: run for id, run in self._runs.all().items() if run.outcome == "running"}
        ended = self._clock()
        self._runs.change(
            {
                id: replace(run, outcome="stopped", reason=LEFT_RUNNING, ended=ended)
                for id, run in left.items()
            }
        )


def _put_and_trim(lock: RLock, shelf: Shelf[Record], id: str, record: Record, kept: int) -> None:
    with lock:
        ids = list(shelf.all() | {id: record})
        shelf.change({id: record}, ids[: max(0, len(ids) - kept)])
