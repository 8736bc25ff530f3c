"""One line of the audit log: an event as bytes that nobody without the key can make or change (S3).

A line is a JSON object: `n` (1, 2, ...), `at`, the event's fields, `key` (a mark of the key), `prev`
(the `mac` of the line before) and last `mac`, the HMAC-SHA256 over every byte that stands before it.
"""

import hmac
import json
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from agent.records import Event

FIRST = ""  # the `prev` of the very first line
ANEW = "anew"  # the `prev` of a line that had to be written without knowing the one before
MAC_LENGTH = 64
_MAC_KEY = b',"mac":"'
_TAIL = len(_MAC_KEY) + MAC_LENGTH + len(b'"}')
_TEXTS = frozenset(part.name for part in fields(Event)) - {"fields", "number"}


@dataclass(frozen=True)
class Line:
    """One event of the log. `whole`: it is just as it was written, as far as the present key can tell."""

    n: int
    at: datetime
    event: Event
    whole: bool = True


@dataclass(frozen=True)
class Entry:
    """A line with what chains it to the others. `foreign`: it names another key than the present one."""

    line: Line
    prev: str
    mac: str
    foreign: bool

    @property
    def n(self) -> int:
        """The number of the line."""
        return self.line.n

    @property
    def whole(self) -> bool:
        """Whether it is just as it was written."""
        return self.line.whole


def mark_of(key: bytes) -> str:
    """What tells two keys apart and gives neither away."""
    return mac_of(key, b"mark")[:8]


def mac_of(key: bytes, data: bytes) -> str:
    """HMAC-SHA256, in hexadecimal digits."""
    return hmac.digest(key, data, "sha256").hex()


def written(key: bytes, n: int, at: datetime, event: Event, prev: str) -> tuple[bytes, str]:
    """The bytes of a line, without line end, and its mac. `at` is aware."""
    row = {"n": n, "at": at.astimezone(UTC).isoformat(), **asdict(event)}
    row |= {"key": mark_of(key), "prev": prev}
    body = json.dumps(row, separators=(",", ":")).encode("ascii")[:-1]
    mac = mac_of(key, body)
    return body + _MAC_KEY + mac.encode("ascii") + b'"}', mac


def read(key: bytes, data: bytes) -> Entry | None:
    """What stands in a line's bytes, whatever became of them; None where that is no line at all."""
    try:
        row = json.loads(data)
        line = Line(_number(row["n"]), _time(row["at"]), _event(row), _is_whole(key, data))
        prev, mac, mark = (_text(row[name]) for name in ("prev", "mac", "key"))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    return Entry(line, prev, mac, foreign=mark != mark_of(key))


def _is_whole(key: bytes, data: bytes) -> bool:
    body, tail = data[:-_TAIL], data[-_TAIL:]
    return hmac.compare_digest(tail, _MAC_KEY + mac_of(key, body).encode("ascii") + b'"}')


def _event(row: dict[str, Any]) -> Event:
    """Fields that a later version may have added are left out."""
    texts = {name: _text(row[name]) for name in _TEXTS if name in row}
    number = row.get("number")
    return Event(
        **texts,
        number=None if number is None else _text(number),
        fields=tuple(_text(name) for name in row.get("fields", ())),
    )


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError("not a text")
    return value


def _number(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError("not the number of a line")
    return value


def _time(value: Any) -> datetime:
    at = datetime.fromisoformat(_text(value))
    if at.tzinfo is None:
        raise ValueError("a time without zone")
    return at.astimezone(UTC)
