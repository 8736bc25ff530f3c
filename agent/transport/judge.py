"""What a reply means: an answer, an error of the tree, or another attempt. Pure; the time is
handed in.

The meanings of 401, 403, 429 and 500 are Xero's as publicly known; HRA Cloud's contract names
400, 401, 403, 404 and 500 with problem JSON. 429 and 503 are never "unknown": the call was not
done.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from agent import replies
from agent.errors import (
    AccessLost,
    NotFound,
    OutcomeUnknown,
    Parked,
    Refused,
    SideError,
    Unreachable,
    UnreadableAnswer,
)
from agent.transport.calls import Again, Answer, Reply, Request

PAUSE_WITHOUT_WORD = timedelta(minutes=1)
# 408 and 503 say that the call was not done; a gateway's 502 and 504 leave it open.
NOT_DONE = frozenset({408, 503})
GATEWAY = frozenset({502, 504})


def judge(side: str, request: Request, reply: Reply, now: datetime, also: Iterable[Any]) -> Answer:
    """The answer that a reply is. `also`: what else was sent and must not be shown (tenant,
    path).

    Raises the SideError that the status means, or Again where another attempt may help.
    """
    if 200 <= reply.status < 300:
        return _taken(side, request, reply, also)
    if reply.status in (401, 403):
        raise _not_allowed(side, reply)
    if reply.status == 404:
        raise NotFound(side, **reply.facts)
    if reply.status == 429:
        raise _pause(side, reply, now)
    if reply.status >= 500 or reply.status in NOT_DONE:
        raise _fault(side, reply)
    if reply.status >= 400:
        raise _refusal(side, request, reply, also)
    raise _unreadable(side, request, reply, "a redirect")


def _taken(side: str, request: Request, reply: Reply, also: Iterable[Any]) -> Answer:
    if not reply.readable or (reply.empty and not request.writes):
        raise _unreadable(side, request, reply, "not JSON")
    if request.writes and replies.has_validation_errors(reply.body):
        raise _refusal(side, request, reply, also)
    return Answer(reply.status, reply.headers, reply.body)


def _not_allowed(side: str, reply: Reply) -> Exception:
    if reply.status == 401 and not reply.says("AuthorizationUnsuccessful"):
        detail = "the sign-in was refused though it was just renewed"
        return Again("token", AccessLost(side, detail, **reply.facts))
    detail = "a permission is missing"
    if side == "xero" and reply.status == 403:
        detail = "the organisation is no longer connected, or another one is meant"
    return AccessLost(side, detail, **reply.facts)


def _pause(side: str, reply: Reply, now: datetime) -> Exception:
    """Without Retry-After it is Xero's limit of calls at once (published limits): a short
    wait, then again.
    """
    until = replies.retry_after(reply.headers, now)
    if until:
        return Parked(side, until)
    return Again("busy", Parked(side, now + PAUSE_WITHOUT_WORD))


def _fault(side: str, reply: Reply) -> Again:
    kind = "down" if reply.status in NOT_DONE | GATEWAY else "failed"
    error = Unreachable(side, **reply.facts)
    return Again(kind, error, maybe_done=reply.status not in NOT_DONE)


def _refusal(side: str, request: Request, reply: Reply, also: Iterable[Any]) -> Refused:
    sent = [request.json, request.params, request.headers, replies.ids_in(request.path), *also]
    reasons = replies.struck(replies.sentences(reply.body), sent)
    return Refused(side, reasons, **reply.facts)


def _unreadable(side: str, request: Request, reply: Reply, detail: str) -> SideError:
    # A write answered by, say, a proxy's page may have happened: it is looked at before the next.
    kind = OutcomeUnknown if request.writes else UnreadableAnswer
    return kind(side, detail, **reply.facts)
