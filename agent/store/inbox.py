"""The hook inbox: saves on disk before the sender hears 202, closed only after their push (H2).

One line is one step: a checksum and a list of rows, each the whole present state of one save, and the
last line that names a save counts. A line torn by a crash was never answered with 202 and is dropped at
start; a last line that lacks only its end is whole, and is kept. A closed save is remembered for
`TERM`, so that its webhook id sent again does nothing; after that it is removed.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import RLock

from agent.errors import NotStored, StateDamaged
from agent.files import Lines, replace_file
from agent.records import Save
from agent.store.disk import Disk
from agent.store.migrate import VERSION, inbox_version, line_of, rows_of
from agent.store.rows import from_row, to_row

TERM = timedelta(days=8)  # the interface promises 7
LARGE = 1_000_000  # bytes; every close and postponement adds a line that supersedes others
HEADER = b'{"version":%d}' % VERSION


@dataclass(frozen=True)
class _Entry:
    """A save, the HRA account it was sent for, and when it was closed."""

    save: Save
    account: str
    closed_at: datetime | None = None


class Inbox:
    """All accepted saves, for any thread. NotStored from a method means that nothing was stored.

    Raises StateDamaged, StateNewer, StateUnreadable.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime], disk: Disk | None = None) -> None:
        self._path = path
        self._clock = clock
        self._disk = disk or Disk()
        self._lock = RLock()
        self._room = LARGE  # bytes, beyond which superseded lines are removed
        if not path.exists():
            replace_file(path, HEADER + b"\n")
        self._lines = Lines(path)
        try:
            version, self._entries, unended = self._read()
            if version < VERSION or unended:
                self._rewrite(self._entries)
            self._lines.cut()
            self.tidy()
        except BaseException:
            self._lines.close()
            raise

    def accept(self, save: Save, account: str) -> bool:
        """Store a save; True once it is on disk, False when its webhook id was already had."""
        with self._lock:
            if save.id in self._entries:
                return False
            self._append([_Entry(save, account)])
            return True

    def waiting(self, account: str) -> tuple[Save, ...]:
        """Open saves of this account, oldest first."""
        with self._lock:
            found = [
                e.save for e in self._entries.values() if e.account == account and not e.save.closed
            ]
        return tuple(sorted(found, key=lambda save: save.received))

    def close_saves(self, ids: Iterable[str], outcome: str) -> None:
        """End the named saves that are open, all in one step. `outcome` is never empty."""
        if not outcome:
            raise ValueError("a save is closed with an outcome")
        with self._lock:
            now = self._clock()
            self._append(
                [_Entry(replace(e.save, closed=outcome), e.account, now) for e in self._open(ids)]
            )

    def postpone(
        self,
        ids: Iterable[str],
        next_try: datetime,
        reason: str,
        *,
        looked: bool,
        counts: bool = True,
    ) -> None:
        """Try the named open saves later. Counts a look or a try; parked time neither (X4)."""
        looks, tries = int(looked and counts), int(not looked and counts)
        with self._lock:
            self._append(
                [
                    replace(e, save=_later(e.save, next_try, reason, looks, tries))
                    for e in self._open(ids)
                ]
            )

    def alter(self, ids: Iterable[str], change: Callable[[Save], Save]) -> None:
        """Store what `change` makes of the named open saves, all in one step."""
        with self._lock:
            before = self._open(ids)
            after = [replace(e, save=change(e.save)) for e in before]
            self._append([e for e, old in zip(after, before, strict=True) if e != old])

    def make_due(self, account: str) -> None:
        """Let every open save of this account be tried now, whatever it waits for."""
        with self._lock:
            waiting = [e for e in self._entries.values() if e.account == account]
            self._append(
                [
                    replace(e, save=replace(e.save, next_try=None))
                    for e in waiting
                    if e.save.next_try and not e.save.closed
                ]
            )

    def tidy(self) -> None:
        """Remove closed saves past their term, and superseded lines of a large file."""
        with self._lock:
            border = self._clock() - TERM
            kept = {
                id: e for id, e in self._entries.items() if not e.closed_at or e.closed_at > border
            }
            if len(kept) < len(self._entries) or self._lines.size > LARGE:
                self._rewrite(kept)
                self._entries = kept

    def rendered(self) -> bytes:
        """The file with nothing in it but the present state of each save."""
        with self._lock:
            return b"".join(line + b"\n" for line in _all(self._entries))

    def close(self) -> None:
        """Give the file back to the system."""
        self._lines.close()

    def _open(self, ids: Iterable[str]) -> list[_Entry]:
        named = [self._entries[id] for id in dict.fromkeys(ids) if id in self._entries]
        return [entry for entry in named if not entry.save.closed]

    def _append(self, entries: list[_Entry]) -> None:
        if entries:
            line = _line(entries)
            with self._disk.step():
                self._lines.append(line)
            self._entries |= _entries(line, VERSION)  # what memory holds is what a new start reads
            if self._lines.size > self._room:
                # All rows are stored: where it cannot be made smaller now, it is another time.
                with suppress(NotStored):
                    self._rewrite(self._entries)
                self._room = max(LARGE, 2 * self._lines.size)

    def _rewrite(self, entries: dict[str, _Entry]) -> None:
        with self._disk.step():
            self._lines.rewrite(_all(entries))

    def _read(self) -> tuple[int, dict[str, _Entry], bool]:
        """The file's version, its saves, and whether its last line lacks nothing but its end."""
        header, *lines = self._lines.read() or [b""]
        version = inbox_version(header)
        found: dict[str, _Entry] = {}
        try:
            for line in lines:
                found |= _entries(line, version)
        except ValueError as error:
            raise StateDamaged(self._path.name) from error
        last = self._unended(version)
        return version, found | last, bool(last)

    def _unended(self, version: int) -> dict[str, _Entry]:
        """The saves of a last line whose end was lost: its checksum tells it from one that was torn."""
        tail = self._lines.tail()
        if version == 1:
            return {}
        for whole in (tail, tail[:-1]):  # one byte may stand where the line's end stood
            try:
                return _entries(whole, version)
            except ValueError:
                continue
        return {}


def _later(save: Save, next_try: datetime, reason: str, looks: int, tries: int) -> Save:
    return replace(
        save, next_try=next_try, reason=reason, looks=save.looks + looks, tries=save.tries + tries
    )


def _all(entries: dict[str, _Entry]) -> list[bytes]:
    return [HEADER, *(_line([entry]) for entry in entries.values())]


def _line(entries: list[_Entry]) -> bytes:
    rows = json.dumps([to_row(entry) for entry in entries], separators=(",", ":"))
    return line_of(rows.encode("ascii"))


def _entries(line: bytes, version: int) -> dict[str, _Entry]:
    rows = rows_of(line, version)
    if not isinstance(rows, list):
        raise ValueError("not a list of rows")
    return {entry.save.id: entry for entry in (from_row(_Entry, row) for row in rows)}
