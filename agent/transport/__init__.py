"""The one place that speaks HTTP to the two systems: what is sent, what may be tried again.

Promises: a call always ends, in an `Answer` or in one error of the tree. A read is repeated with
growing waits. A write is repeated only where nothing of it was sent, or where the caller says
that the very same body may arrive twice (HRA's PUT; Xero's POST with an Idempotency-Key, kept for
6 minutes by the vendor's published description, X3). A write that may have happened ends in
OutcomeUnknown, whatever follows. Redirects are not followed. Neither a log line nor an error
carries a body, a query, a token or an id (S4).
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from agent.errors import AccessLost, NotConnected, OutcomeUnknown, Parked, Refused, Unreachable
from agent.transport.calls import (
    Again,
    Answer,
    Call,
    Gate,
    Headers,
    NoGate,
    Params,
    Past,
    Reply,
    Request,
    Slot,
)
from agent.transport.judge import judge
from agent.transport.wire import Wire, is_loopback, quiet_loggers

__all__ = [
    "Answer",
    "Call",
    "Gate",
    "Headers",
    "Params",
    "Slot",
    "Transport",
    "is_loopback",
    "quiet_loggers",
]

CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 60.0
TRIES = 3
BUSY_TRIES = 5
FIRST_WAIT = 1.0
FIRST_BUSY_WAIT = 0.25
# One minute less than the vendor keeps the key, so that the last repeat still arrives in time.
REPEAT_WITHIN = timedelta(minutes=5)
TWICE_FAILED = "it answered the same change twice with an internal error"


class Transport:
    """HTTP to one side, for any number of threads.

    `bearer(True)` must give a token fresher than the one that was just refused. `headers`: what
    every call carries besides (the tenant's id), fixed or asked for at each call. `gate`: the
    side's limits. `listener` is shown every attempt. `clock` gives aware UTC; `jitter` numbers
    from 0 up to 1.
    """

    def __init__(
        self,
        side: str,
        base_url: str,
        bearer: Callable[[bool], str],
        *,
        clock: Callable[[], datetime],
        sleep: Callable[[float], object],
        jitter: Callable[[], float],
        headers: Headers | Callable[[], Headers] | None = None,
        gate: Gate | None = None,
        connect_timeout: float = CONNECT_TIMEOUT,
        read_timeout: float = READ_TIMEOUT,
        listener: Callable[[Call], None] | None = None,
        tries: int = TRIES,
    ) -> None:
        self.side = side
        timeouts = (connect_timeout, read_timeout)
        self._wire = Wire(side, base_url, gate or NoGate(), timeouts, clock)
        self._bearer = bearer
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._extra = headers
        self._listener = listener
        self._tries = tries
        self._renewing = threading.Lock()

    def get(
        self, path: str, params: Params | None = None, headers: Headers | None = None
    ) -> Answer:
        """Read `path` (below the base address, ids already quoted). Raises a SideError."""
        return self._settle(Request("GET", path, params or {}, headers or {}, None, True))

    def send(
        self,
        method: str,
        path: str,
        json: Any,
        headers: Headers | None = None,
        *,
        repeatable: bool,
    ) -> Answer:
        """Write `json` to `path`. `repeatable`: the same request may arrive twice without harm.

        Raises OutcomeUnknown where it may have happened and no usable answer says so, Refused
        with the vendor's struck sentences, or another SideError: then nothing was written.
        """
        return self._settle(Request(method, path, {}, headers or {}, json, repeatable))

    def close(self) -> None:
        """Give the connections back."""
        self._wire.close()

    def _settle(self, request: Request) -> Answer:
        past = Past(self._clock())
        try:
            while True:
                answer = self._attempt(request, past)
                if answer is not None:
                    return answer
        except (Unreachable, Parked, AccessLost, NotConnected) as error:
            if not past.unsure:
                raise
            facts = {"status": error.status, "correlation": error.correlation}
        raise OutcomeUnknown(self.side, **facts)  # type: ignore[arg-type]

    def _attempt(self, request: Request, past: Past) -> Answer | None:
        """One attempt; None when another is to follow, after the wait that it needs."""
        past.token = past.token or self._bearer(False)
        extra = self._extra() if callable(self._extra) else self._extra or {}
        headers = {"Accept": "application/json", **extra, **request.headers}
        if request.data is not None:
            headers["Content-Type"] = "application/json"
        try:
            reply = self._exchange(request, headers, past.token)
            return judge(self.side, request, reply, self._clock(), [dict(extra)])
        except Again as found:
            again = found
        past.note(request, again)
        if not self._may_repeat(request, past, again.kind):
            raise self._last_word(request, past, again)
        self._prepare(past, again.kind)
        return None

    def _exchange(self, request: Request, headers: Headers, token: str) -> Reply:
        reply = None
        try:
            reply = self._wire.exchange(request, headers, token)
        except Again as lost:
            fault = lost
        if self._listener:
            self._listener(self._wire.call(request, headers, reply))
        if reply is None:
            raise fault
        return reply

    def _may_repeat(self, request: Request, past: Past, kind: str) -> bool:
        if kind == "token":
            return past.met["token"] == 1
        if kind == "busy":
            return past.met["busy"] < BUSY_TRIES
        if past.attempts >= self._tries:
            return False
        if kind == "unsent" or not request.writes:
            return True
        if kind == "failed" and past.met["failed"] > 1:
            return False
        fresh = self._clock() - past.first < REPEAT_WITHIN
        return past.unsure and request.repeatable and fresh

    def _last_word(self, request: Request, past: Past, again: Again) -> Exception:
        facts = {"status": again.error.status, "correlation": again.error.correlation}
        # Xero answers 500 to some bodies that it dislikes (reported): twice on one body is a
        # refusal.
        if request.writes and past.met["failed"] > 1:
            return Refused(self.side, (TWICE_FAILED,), **facts)  # type: ignore[arg-type]
        if past.unsure:
            return OutcomeUnknown(self.side, **facts)  # type: ignore[arg-type]
        return again.error

    def _prepare(self, past: Past, kind: str) -> None:
        """What has to happen before the next attempt: a fresh token, or a growing, jittered
        wait.
        """
        if kind == "token":
            past.token = self._renewed(past.token)
        elif kind == "busy":
            self._sleep(FIRST_BUSY_WAIT * 2.0 ** (past.met["busy"] - 1) * (1 + self._jitter()))
        else:
            self._sleep(FIRST_WAIT * 2.0 ** (past.attempts - 1) * (1 + self._jitter()))

    def _renewed(self, refused: str) -> str:
        """A fresher token. Of several threads whose token was refused, one renews it for all."""
        with self._renewing:
            current = self._bearer(False)
            return current if current != refused else self._bearer(True)
