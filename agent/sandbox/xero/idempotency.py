"""Xero's Idempotency-Key: for six minutes the same key gives the stored answer instead of a second effect.

Decides whether a post is new, a replay, or a misuse of the key. Holds answers in memory only. A second call that arrives
while the first is still at work waits for it. Published behaviour (idempotency guide): errors are kept as well, a key with
another request is a 400, keys have at most 128 characters and belong to the app.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

KEPT_FOR = timedelta(minutes=6)
LONGEST = 128
PATIENCE = 30.0
OTHER_REQUEST = "Idempotency Key {key} is used with a different request."
TOO_LONG = "Idempotency Key must be at most 128 characters."


@dataclass(frozen=True)
class Stored:
    """An answer as it left: status, content type, body."""

    status: int
    content_type: str
    body: bytes


class Misuse(ValueError):
    """The key cannot be used for this request; the text is the vendor's sentence."""


@dataclass
class _Row:
    fingerprint: str
    since: datetime
    done: threading.Event = field(default_factory=threading.Event)
    answer: Stored | None = None


class Keys:
    """The keys of the last six minutes. Thread-safe."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rows: dict[str, _Row] = {}

    def claim(self, key: str, method: str, path: str, body: bytes) -> Stored | None:
        """None: this request is the first, go on and call `settle`. Else the answer to replay. Raises Misuse."""
        if len(key) > LONGEST:
            raise Misuse(TOO_LONG)
        fingerprint = sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()
        with self._lock:
            row = self._rows.get(key)
            if row is not None and self._clock() - row.since >= KEPT_FOR:
                row = None
            if row is None:
                self._rows[key] = _Row(fingerprint, self._clock())
                return None
        if row.fingerprint != fingerprint:
            raise Misuse(OTHER_REQUEST.format(key=key))
        row.done.wait(PATIENCE)
        return row.answer

    def settle(self, key: str, answer: Stored | None) -> None:
        """Keep the answer of the first request; None: it came to nothing, the key is free again."""
        with self._lock:
            row = self._rows.get(key)
            if row is None:
                return
            if answer is None:
                del self._rows[key]
            row.answer = answer
        row.done.set()
