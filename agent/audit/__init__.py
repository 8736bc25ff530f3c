"""The audit log: what the agent did to whom, when, why and for whom, in lines that are only added (S3).

The log is the file `audit.jsonl`. Each line carries the mac of the line before and a keyed mac of its
own; the number and mac of the last line (the head) stand sealed in a small file of their own. A
line that was changed, taken away, put in, moved or cut from the end is so found and named. Nobody
without the key can hide it, except by putting back an older copy of both files: compare with a
backup then. A line is on disc when `note` returns; a line torn by a crash is dropped at the next
start, for nobody was told that it stands. Lines whose term is over are removed from the front, and the
head says up to which one (S4): the chain goes on from there.
"""

import json
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import RLock

from agent.audit.check import Head, breaks
from agent.audit.line import ANEW, FIRST, Entry, Line, mac_of, mark_of, read, written
from agent.files import Lines, replace_file
from agent.records import Event

__all__ = ["HEAD_FILE", "LOG_FILE", "Audit", "Line"]

LOG_FILE = "audit.jsonl"
HEAD_FILE = "audit-head.json"
OLDER = "The log ends with line {last}, while the backup knows line {count}: an older copy of it was put in its place."
OTHER = "Line {count} is not the one that the backup knows: this is another log, or it was written anew."
GONE = (
    f"The file {HEAD_FILE}, which says how many lines there are, is missing, changed or of another "
    "key: lines cut from the end would not be noticed."
)
# Records about employees' pay are kept for seven years in Australia (Fair Work Act 2009, s 535).
TERM = timedelta(days=7 * 366)
A_DAY = timedelta(days=1)
TRIMMED = "lines up to {n} are older than seven years and were removed"
_HEAD_PARTS = {"count": int, "mac": str, "size": int, "key": str, "seal": str}
_CUT_PARTS = {"cut": int, "cut_mac": str}


class Audit:
    """The log of one data directory, for any thread. Whatever became of its files, it opens and goes on."""

    def __init__(
        self, data_dir: Path, key: bytes, clock: Callable[[], datetime], *, begun: bool = False
    ) -> None:
        """`begun`: the data directory is known to have a log, so none there is a loss and no start."""
        self._path, self._head_path = data_dir / LOG_FILE, data_dir / HEAD_FILE
        self._key, self._clock = key, clock
        self._lock = RLock()
        if not (begun or self._head_path.exists() or _has_bytes(self._path)):
            self._write_head(Head())
        if not self._path.exists():
            replace_file(self._path, b"")
        self._lines = Lines(self._path)
        self._lines.cut()
        self._head = self._opened_head()

    def note(self, event: Event) -> None:
        """Add an event: on disc when this returns. OSError: not stored."""
        with self._lock:
            n, prev = (self._head.count + 1, self._head.mac) if self._head else self._afresh()
            line, mac = written(self._key, n, self._clock(), event, prev)
            self._lines.append(line)
            self._head = replace(self._head or Head(), count=n, mac=mac, size=self._lines.size)
            with suppress(OSError):  # the line stands; the next start finds it beyond the head
                self._write_head(self._head)

    def lines(self, hra_id: str = "") -> tuple[Line, ...]:
        """The readable lines, oldest first: all, or those about one person.

        A person is `hra_id` and every Xero id that stands beside it in a line, so what happened
        under the HRA id before a transfer is there too (M5).
        """
        found = [entry.line for entry in self._entries() if entry]
        if not hra_id:
            return tuple(found)
        xero_ids = {line.event.xero_id for line in found if line.event.hra_id == hra_id} - {""}
        return tuple(line for line in found if _is_about(line.event, hra_id, xero_ids))

    def check(self) -> tuple[str, ...]:
        """What is wrong with the log, a sentence each; none for a log just as it was written."""
        with self._lock:
            rows, head = self._entries(), self._head
            _, sealed = self._stored_head()
        lost = () if head and sealed is not False else (GONE,)
        return lost + breaks(rows, head)

    def head(self) -> tuple[int, str]:
        """Number and mac of the last line, as far as they are known; 0 where they are not."""
        with self._lock:
            return (self._head.count, self._head.mac) if self._head else (0, FIRST)

    def differs(self, count: int, mac: str) -> str:
        """Why the log cannot be the one that once ended with this line; "" where it goes on from there."""
        with self._lock:
            entries, head = [one for one in self._entries() if one], self._head or Head()
        last = max([head.cut, *(one.n for one in entries)])
        if not count or count <= head.cut:
            return ""
        if last < count:
            return OLDER.format(last=last, count=count)
        fits = any((one.n, one.mac) == (count, mac) for one in entries)
        return "" if fits else OTHER.format(count=count)

    def tidy(self) -> None:
        """Remove the lines from before TERM, where the head knows what follows them. OSError: they stay."""
        with self._lock:
            past = self._past()
            if self._head is None or not past:
                return
            n, mac = past[-1].n, past[-1].mac
            # The head first: a crash in between leaves lines too many, which count for nothing.
            self._head = replace(self._head, cut=n, cut_mac=mac)
            self._write_head(self._head)
            self._lines.rewrite(self._lines.read()[len(past) :])
            self._head = replace(self._head, size=self._lines.size)
            self.note(Event("trimmed", why=TRIMMED.format(n=n)))

    def snapshot(self) -> dict[str, bytes]:
        """Both files as they are at this one moment, by name, and the head that belongs to the log's last line."""
        with self._lock:
            log = b"".join(line + b"\n" for line in self._lines.read())
            _, sealed = self._stored_head()
            head = self._head_path.read_bytes() if self._head_path.exists() else b""
            if self._head and sealed is not False:
                head = self._sealed(self._head) if sealed else head
            return {LOG_FILE: log, HEAD_FILE: head}

    def close(self) -> None:
        """Give the file back to the system."""
        self._lines.close()

    def _entries(self) -> list[Entry | None]:
        with self._lock:
            data = self._path.read_bytes() if self._path.exists() else b""
        rows = data.split(b"\n")
        return [read(self._key, row) for row in (rows if rows[-1] else rows[:-1])]

    def _past(self) -> list[Entry]:
        """The lines at the front whose term is over; a log that is not whole there is left as it is."""
        found: list[Entry] = []
        before = self._head.cut if self._head else 0
        rows = self._lines.read()
        newest = read(self._key, rows[-1]) if rows else None
        if newest is None or not newest.whole:
            return []
        # Never by the clock alone, nor by the lines of one day: one that is set years ahead for an hour must not empty
        # the log, whatever was noted in that hour.
        entries = (read(self._key, row) for row in reversed(rows))
        times = (entry.line.at for entry in entries if entry and entry.whole)
        witness = next((at for at in times if at < newest.line.at - A_DAY), None)
        if witness is None:
            return []
        border = min(self._clock(), witness) - TERM
        for row in rows:
            entry = read(self._key, row)
            if entry is None or not entry.whole or entry.line.at > border:
                break
            if entry.n > before and entry.n != before + 1:
                break
            before = max(before, entry.n)
            found.append(entry)
        return found

    def _opened_head(self) -> Head | None:
        """The head as this process goes on from it; None where nobody knows it any more."""
        head, sealed = self._stored_head()
        if head and sealed is None:  # another key: as good as the last line that it speaks of
            last = ([None, *self._entries()])[-1]
            fits = last and last.foreign and (last.n, last.mac) == (head.count, head.mac)
            return head if fits else None
        return self._moved_forward(head) if head else None

    def _moved_forward(self, head: Head) -> Head:
        """The head moved over the lines that a crash left beyond it; they follow it, or stay out."""
        if self._lines.size == head.size:
            return head
        moved = head
        for entry in self._entries():
            follows = (
                entry and entry.whole and (entry.n, entry.prev) == (moved.count + 1, moved.mac)
            )
            if entry and follows:
                moved = replace(moved, count=entry.n, mac=entry.mac, size=self._lines.size)
        if moved != head:
            self._write_head(moved)
        return moved

    def _afresh(self) -> tuple[int, str]:
        """Number and `prev` of a line before which nobody knows what stood."""
        entries = self._entries()
        return max([len(entries), *(one.n for one in entries if one and one.whole)]) + 1, ANEW

    def _stored_head(self) -> tuple[Head | None, bool | None]:
        """The head on disc, and whether its seal holds (None: it names another key)."""
        try:
            data = self._head_path.read_bytes()
            row = json.loads(data)
            parts = {name: type(value) for name, value in row.items()}
            if parts not in (_HEAD_PARTS, _HEAD_PARTS | _CUT_PARTS):
                return None, False
        except (OSError, ValueError, AttributeError, RecursionError):
            return None, False
        head = Head(**{part.name: row[part.name] for part in fields(Head) if part.name in row})
        if row["key"] != mark_of(self._key):
            return head, None
        return (head, True) if data == self._sealed(head) else (None, False)

    def _write_head(self, head: Head) -> None:
        replace_file(self._head_path, self._sealed(head))

    def _sealed(self, head: Head) -> bytes:
        row = {
            name: part for name, part in asdict(head).items() if head.cut or name not in _CUT_PARTS
        }
        row["key"] = mark_of(self._key)
        row["seal"] = mac_of(self._key, f"head:{json.dumps(row)}".encode("ascii"))
        return json.dumps(row).encode("ascii") + b"\n"


def _has_bytes(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _is_about(event: Event, hra_id: str, xero_ids: Collection[str]) -> bool:
    return event.hra_id == hra_id or event.xero_id in xero_ids
