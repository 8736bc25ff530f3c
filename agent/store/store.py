"""What the agent remembers, on disc in the data directory: links, state, runs and the hook inbox.

Every change is one durable step: whole on disc when the method returns, or not made at all
(NotStored, an OSError). What belongs to the bound pair of account and organisation (links, what a person said of
them, markers, attention, stopped writes, pending creates, plans, changes) is seen only while that
pair is bound, and stays stored meanwhile (L1); the rest is in `House`. All methods may be called
from any thread. The process that opens a Store holds the data directory (`DataDir`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from agent.records import Attention, Binding, Change, Late, Link, Pending, Save
from agent.store.attention import stands
from agent.store.house import LOST_STATE, House, Record, Text, put_and_trim, random_id
from agent.store.inbox import Inbox
from agent.store.links import Links
from agent.store.lost import SCOPE, lost_row, missing, present
from agent.store.migrate import INBOX_FILE, check
from agent.store.storage import AtomicStorage, Shelf

CHANGES_KEPT = 500
PLANS_KEPT = 5


@dataclass(frozen=True)
class _Parted:
    hra_id: str
    xero_id: str


class Store(House):
    """The agent's memory. At start StateDamaged, StateNewer or StateUnreadable for a file that it cannot use; it stays."""

    def __init__(
        self,
        data_dir: Path,
        clock: Callable[[], datetime],
        new_id: Callable[[], str] = random_id,
        audit_key: bytes = b"",
    ) -> None:
        check(data_dir)
        there = present(data_dir)
        # In one step with the new state.json: cut short after it, the next start would see no loss.
        off = LOST_STATE if "state.json" in missing(there, begun=False) else ""
        super().__init__(data_dir, clock, new_id, audit_key, off)
        self._links_file = AtomicStorage(data_dir / "links.json", self._lock, self._disk)
        self._plans_file = AtomicStorage(data_dir / "plans.json", self._lock, self._disk)
        self._open_pair()
        self._tell_lost(there)  # before the inbox is made anew, for the same reason
        self._inbox = Inbox(data_dir / INBOX_FILE, clock, self._disk)
        try:
            self._settle_files()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the files back to the system. Nothing is written any more: whoever is late hears NotStored."""
        for one in self._table_files():
            one.close()
        self._inbox.close()
        super().close()

    def bind(self, binding: Binding) -> None:
        """Link this account to this organisation; what another pair left is not seen any more."""
        with self._lock:
            self._binding.put("", binding)
            self._open_pair()

    # --- how far each side is known, what must not be written ---

    def marker(self, side: str) -> str | None:
        """The vendor's own time up to which changes of this side are in the store (D9)."""
        found = self._markers.get(side)
        return found.text if found else None

    def set_marker(self, side: str, marker: str) -> None:
        """Move the marker: only after everything that it covers is stored."""
        self._markers.put(side, Text(marker))

    def stopped(self) -> Mapping[str, str]:
        """Kinds of write that are stopped, each with its reason."""
        return {kind: reason.text for kind, reason in self._stopped.all().items()}

    def stop_writes(self, kind: str, reason: str) -> None:
        """Make no write of this kind any more, until a person allows it."""
        self._stopped.put(kind, Text(reason))

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

    def add_link(
        self,
        hra_id: str,
        xero_id: str,
        number: str | None = None,
        created: str = "",
        late: Mapping[str, Late] | None = None,
    ) -> Link:
        """Link two records, in one step with the side where the agent `created` one of them and what of that may still
        arrive `late`; ValueError if either is linked already."""
        with self._lock:
            return self._links.add(hra_id, xero_id, number, created, late)

    def save_link(self, link: Link) -> None:
        """Commit one link: one durable step. ValueError if it is not of the bound pair."""
        with self._lock:
            self._links.save(link)

    def remove_link(self, id: str) -> None:
        """Forget one link: one durable step. ValueError if it is not of the bound pair."""
        with self._lock:
            self._links.remove(id)

    # --- what a person said of records ---

    def part(self, hra_id: str, xero_id: str) -> None:
        """Never join these two again by itself: a person broke their link (M6)."""
        self._parted.put(_pair(hra_id, xero_id), _Parted(hra_id, xero_id))

    def parted(self) -> frozenset[tuple[str, str]]:
        """Pairs of HRA and Xero id that a person broke."""
        return frozenset((pair.hra_id, pair.xero_id) for pair in self._parted.all().values())

    def unpart(self, hra_id: str, xero_id: str) -> None:
        """A person joined these two again."""
        self._parted.drop(_pair(hra_id, xero_id))

    def say_alone(self, scope: str) -> None:
        """The person of this scope (`hra:ID`, `xero:ID`) has no partner, says a person (M2)."""
        self._alone.put(scope, Text(scope))

    def alone(self) -> frozenset[str]:
        """The scopes of people who have no partner, as a person said."""
        return frozenset(self._alone.all())

    def clear_alone(self, scope: str) -> None:
        """Nobody says that any more, or it was acted on."""
        self._alone.drop(scope)

    def ignored(self, side: str) -> frozenset[str]:
        """Ids of records that a person told the agent to leave alone."""
        return frozenset(
            entry.text for id, entry in self._ignored.all().items() if id.startswith(f"{side}:")
        )

    def ignore(self, side: str, id: str) -> None:
        """Leave this record alone from now on."""
        self._ignored.put(f"{side}:{id}", Text(id))

    def unignore(self, side: str, id: str) -> None:
        """Take care of this record again."""
        self._ignored.drop(f"{side}:{id}")

    # --- creates that may have happened ---

    def pending(self) -> tuple[Pending, ...]:
        """Creates that were sent and are not known to have happened."""
        return tuple(self._pending.all().values())

    def add_pending(self, pending: Pending) -> None:
        """Remember a create before it is sent."""
        self._pending.put(f"{pending.side}:{pending.source_id}", pending)

    def clear_pending(self, side: str, source_id: str) -> None:
        """The create is known to have happened, or not to have."""
        self._pending.drop(f"{side}:{source_id}")

    # --- attention, plans, changes ---

    def attention(self) -> tuple[Attention, ...]:
        """What waits for a person, the oldest first; a disk in trouble last."""
        return (*self._attention.all().values(), *self._disk.row(self._clock()))

    def replace_attention(self, scope: str, rows: Sequence[Attention]) -> None:
        """Let exactly these rows stand for the scope; one that stood keeps its id and time."""
        with self._lock:
            present = self._attention.all()
            old = {id: row for id, row in present.items() if row.scope == scope}
            new = stands(present, scope, rows, self._clock())
            if new != old:
                self._attention.change(new, old.keys() - new.keys())

    def dismiss(self, id: str) -> None:
        """A person has read this row: it stays away until its matter changes. ValueError: no such row."""
        with self._lock:
            row = self._attention.get(id)
            if row is None:
                raise ValueError(f"no attention row {id}")
            self._attention.put(id, replace(row, dismissed=True))

    def keep_plan(self, hash: str, text: str) -> None:
        """Keep a braked run's plan (digests only) for a person's yes; the newest PLANS_KEPT stay."""
        with self._lock:
            older = [kept for kept in self._plans.all() if kept != hash]
            gone = older[: max(0, len(older) + 1 - PLANS_KEPT)]
            self._plans.change({hash: Text(text)}, [hash, *gone])  # kept anew: the newest again

    def kept_plan(self, hash: str) -> str | None:
        """The text of a kept plan."""
        found = self._plans.get(hash)
        return found.text if found else None

    def drop_plan(self, hash: str) -> None:
        """The plan was applied or turned down."""
        self._plans.drop(hash)

    def add_change(self, change: Change) -> None:
        """Remember what was written; the oldest beyond CHANGES_KEPT are removed."""
        with self._lock:
            last = max((int(id) for id in self._changes.all()), default=0)
            put_and_trim(self._lock, self._changes, str(last + 1), change, CHANGES_KEPT)

    def changes(self, limit: int) -> tuple[Change, ...]:
        """The last changes, newest first."""
        return tuple(self._changes.all().values())[::-1][:limit]

    # --- the hook inbox ---

    def accept(self, save: Save) -> bool:
        """Store a hook; True once on disk, False when its webhook id was already had.

        NotStored: it is not.
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

    def alter_saves(self, ids: Iterable[str], change: Callable[[Save], Save]) -> None:
        """Store what `change` makes of these open saves, all in one step."""
        self._inbox.alter(ids, change)

    def make_due(self) -> None:
        """Try every open save of the bound account now, whatever it waits for."""
        self._inbox.make_due(self.binding().account_id)

    def tidy(self) -> None:
        """Remove what is past its term. Done at every start; a long-lived process does it daily."""
        self._inbox.tidy()
        self._audit.tidy()

    def snapshot(self) -> dict[str, bytes]:
        """All files as they are at this one moment, by name: what a backup is made of. Page users with their hashes."""
        with self._lock:
            files = {one.path.name: one.rendered() for one in self._table_files()}
            return files | {INBOX_FILE: self._inbox.rendered()} | self._audit.snapshot()

    # --- inside ---

    def _table_files(self) -> tuple[AtomicStorage, ...]:
        return (
            self._state_file, self._links_file, self._plans_file, self._runs_file, self._users_file,
        )  # fmt: skip

    def _tell_lost(self, there: frozenset[str]) -> None:
        """Say so where a file was lost: what it held is met for the first time."""
        lost = missing(there, begun=bool(self._said("files")))
        if "links.json" in lost:
            self._forget_links()
        if lost & {"links.json", INBOX_FILE}:
            self._markers.change({}, self._markers.all())  # everybody is read again
        if lost:
            self.replace_attention(SCOPE, (lost_row(lost),))

    def _settle_files(self) -> None:
        """Bring older files up to this version, and make those that are not there."""
        for one in self._table_files():
            one.write_anew(always=not one.path.exists())
        if not self._said("files"):
            self._self.put("files", Text("begun"))

    def _forget_links(self) -> None:
        """What is told of a link that nobody knows any more would never leave."""
        rows = self._attention.all().items()
        self._attention.change({}, [id for id, row in rows if row.scope.startswith("link:")])

    def _open_pair(self) -> None:
        def shelf(storage: AtomicStorage, name: str, kind: type[Record]) -> Shelf[Record]:
            pair = self.binding()
            whose = f"{name}/{quote(pair.account_id, safe='')}/{quote(pair.tenant_id, safe='')}"
            return Shelf(storage, whose, kind)

        self._links = Links(shelf(self._links_file, "links", Link), self._new_id)
        self._ignored = shelf(self._links_file, "ignored", Text)
        self._parted = shelf(self._links_file, "parted", _Parted)
        self._alone = shelf(self._links_file, "alone", Text)
        self._plans = shelf(self._plans_file, "plans", Text)
        self._markers = shelf(self._state_file, "markers", Text)
        self._stopped = shelf(self._state_file, "stopped", Text)
        self._pending = shelf(self._state_file, "pending", Pending)
        self._attention = shelf(self._state_file, "attention", Attention)
        self._changes = shelf(self._state_file, "changes", Change)
        self._forget_done()

    def _forget_done(self) -> None:
        """A create whose two records are linked is known to have happened: a crash came between the two steps."""
        other = {"hra": "xero", "xero": "hra"}
        self._pending.change(
            {},
            [
                id
                for id, one in self._pending.all().items()
                if self._links.of(other[one.side], one.source_id)
            ],
        )


def _pair(hra_id: str, xero_id: str) -> str:
    return f"{quote(hra_id, safe='')}:{quote(xero_id, safe='')}"
