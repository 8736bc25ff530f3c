"""POST /hooks/ess: verify, parse, store one row, wake the worker, answer.

Touches nothing but what it is handed. Promises: 202 only after `accept` returned, so the save is
on disk; nothing is stored on any other answer; no answer carries a stack trace or a part of the
body; a log line has the status, the kind of error and its reason.

    202 accepted, or had before    403 another account
    400 malformed                  413 over 64 KiB
    401 signature                  429 too many bad signatures
    503 cannot be stored, or no account is linked yet
"""

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import BinaryIO, cast

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from agent.errors import HookError, HookForeign, HookMalformed, HookRefused, HookTooLarge
from webhooks.payload import HookEvent, parse
from webhooks.signature import verify

PATH = "/hooks/ess"
LARGEST_BODY = 64 * 1024
MOST_BAD = 20
BAD_WITHIN = timedelta(minutes=5)
MOST_ADDRESSES = 1000

_log = logging.getLogger(__name__)


def receiver(
    secrets: Sequence[str],
    account_id: Callable[[], str | None],
    accept: Callable[[str, HookEvent], bool],
    wake: Callable[[], None],
    clock: Callable[[], datetime],
) -> Blueprint:
    """The blueprint. `account_id`: the linked HRA account, None before there is one. `accept`
    stores a save durably and says whether it is new. `clock` gives aware UTC.
    """
    blueprint = Blueprint("hooks", __name__)
    bad = BadSignatures(clock)

    @blueprint.post(PATH)
    def ess() -> Response:
        try:
            id, event = _checked(secrets, clock())
            return _taken(id, event, account_id, accept, wake)
        except HookError as error:
            return _refused(error, bad)

    return blueprint


class BadSignatures:
    """Counts bad signatures by address. Good ones always pass: a proxy may stand before both."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._met: OrderedDict[str, deque[datetime]] = OrderedDict()

    def too_many(self, address: str) -> bool:
        """Count one more; whether this address has sent more than 20 within 5 minutes."""
        now = self._clock()
        with self._lock:
            met = self._met.setdefault(address, deque(maxlen=MOST_BAD + 1))
            self._met.move_to_end(address)
            met.append(now)
            while len(self._met) > MOST_ADDRESSES:
                self._met.popitem(last=False)
            return len(met) > MOST_BAD and now - met[0] <= BAD_WITHIN


def _checked(secrets: Sequence[str], now: datetime) -> tuple[str, HookEvent]:
    body = _body()
    return verify(body, dict(request.headers), secrets, now), parse(body)


def _body() -> bytes:
    """The raw body, never more than a hook can have: its length is looked at before anything
    is read.
    """
    if (request.content_length or 0) > LARGEST_BODY:
        raise HookTooLarge("the body is over 64 KiB")
    try:
        body = _read(cast(BinaryIO, request.stream))
    except (HTTPException, OSError):
        body = None
    if body is None:
        raise HookMalformed("the body broke off")
    return body


def _read(stream: BinaryIO) -> bytes:
    body = b""
    while piece := stream.read(LARGEST_BODY + 1 - len(body)):
        body += piece
        if len(body) > LARGEST_BODY:
            raise HookTooLarge("the body is over 64 KiB")
    return body


def _taken(
    id: str,
    event: HookEvent,
    account_id: Callable[[], str | None],
    accept: Callable[[str, HookEvent], bool],
    wake: Callable[[], None],
) -> Response:
    try:
        linked = account_id()
        new = accept(id, event) if linked == event.account_id else False
    except Exception as error:  # whatever it is, the sender must hear that the save is not stored
        _log.error("hook not stored: %s", type(error).__name__)
        return _answer(503, "cannot be stored")
    if linked is None:
        return _answer(503, "not linked yet")
    if linked != event.account_id:
        raise HookForeign("the hook is about another HRA account")
    _wake(wake)
    return _answer(202, "accepted" if new else "had before")


def _wake(wake: Callable[[], None]) -> None:
    try:
        wake()
    except Exception as error:  # the save is stored: the worker's next round finds it
        _log.error("worker not woken: %s", type(error).__name__)


def _refused(error: HookError, bad: BadSignatures) -> Response:
    _log.warning("hook refused: %d %s: %s", error.status, type(error).__name__, error)
    if isinstance(error, HookRefused) and bad.too_many(request.remote_addr or ""):
        answer = _answer(429, "too many bad signatures")
        answer.headers["Retry-After"] = str(int(BAD_WITHIN.total_seconds()))
        return answer
    return _answer(error.status, str(error))


def _answer(status: int, text: str) -> Response:
    answer = jsonify(status=text)
    answer.status_code = status
    return answer
