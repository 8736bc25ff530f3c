"""The words of a call: what is asked, what came back, what a test may see of it, what its
attempts have met.

Touches nothing. No `repr` here shows a path, a query, a header, a body or a token.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from agent import replies
from agent.errors import SideError

Params = Mapping[str, str | int]
Headers = Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """A 2xx answer: `headers` without regard to case, `body` as parsed JSON, None where there
    was none.
    """

    status: int
    headers: Headers = field(repr=False)
    body: Any = field(repr=False)


@dataclass(frozen=True)
class Call:
    """One attempt as it went over the wire, without the token: for counting, and for checks
    against contracts.

    `status` is None where no answer came. `path` is the whole path of the URL. `body`, `reply`
    are bytes.
    """

    side: str
    method: str
    path: str = field(repr=False)
    params: Params = field(repr=False)
    headers: Headers = field(repr=False)
    body: bytes | None = field(repr=False)
    status: int | None
    reply_headers: Headers = field(repr=False)
    reply: bytes = field(repr=False)


class Slot(Protocol):
    """One call's place within a side's limits; told what came of it."""

    def answered(self, status: int, headers: Headers) -> None:
        """An answer arrived."""
        ...

    def nothing_sent(self) -> None:
        """The call never left this machine."""
        ...


class Gate(Protocol):
    """Keeps a side's limits: waits until a call may go. Raises Parked where the wait would be
    long.
    """

    def call(self) -> AbstractContextManager[Slot]:
        """One place, held while the call is on its way."""
        ...


class NoGate:
    """The gate of a side without published limits."""

    @contextmanager
    def call(self) -> Iterator[Slot]:
        """A place at once."""
        yield self

    def answered(self, status: int, headers: Headers) -> None:
        """Nothing to count."""

    def nothing_sent(self) -> None:
        """Nothing to give back."""


@dataclass(frozen=True)
class Request:
    """What is asked of a side. `repeatable`: the very same request may arrive twice without
    harm.
    """

    method: str
    path: str = field(repr=False)
    params: Params = field(repr=False)
    headers: Headers = field(repr=False)
    json: Any = field(repr=False)
    repeatable: bool
    data: bytes | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Written out once, so that a repeat sends the very same bytes.
        given = self.writes and self.json is not None
        data = json.dumps(self.json, default=_number).encode() if given else None
        object.__setattr__(self, "data", data)

    @property
    def writes(self) -> bool:
        """Whether this may change something."""
        return self.method != "GET"


@dataclass(frozen=True)
class Reply:
    """What came back. `readable` False: a body that is not JSON (XML, a proxy's page)."""

    status: int
    headers: Headers = field(repr=False)
    content: bytes = field(repr=False)
    milliseconds: int = 0
    body: Any = field(init=False, repr=False, default=None)
    readable: bool = field(init=False, default=True)

    def __post_init__(self) -> None:
        if self.empty:
            return
        try:
            body, readable = json.loads(self.content, parse_constant=_no_constant), True
        except (ValueError, RecursionError):
            body, readable = None, False
        object.__setattr__(self, "body", body)
        object.__setattr__(self, "readable", readable)

    @property
    def empty(self) -> bool:
        """Whether there is no body at all."""
        return not self.content.strip()

    @property
    def facts(self) -> dict[str, Any]:
        """What an error may carry of it."""
        return {"status": self.status, "correlation": replies.correlation(self.headers)}

    def says(self, word: str) -> bool:
        """Whether the `Detail` of a problem has this word."""
        return isinstance(self.body, dict) and word in str(self.body.get("Detail", ""))


class Again(Exception):
    """An attempt that may be followed by another, and the error to raise if none follows.

    kind: `token` (refused, not done), `busy` (too many at once, not done), `unsent` (never left),
    `down` (502, 503, 504), `failed` (500), `lost` (sent, no answer). `maybe_done`: a write may
    have happened.
    """

    def __init__(self, kind: str, error: SideError, *, maybe_done: bool = False) -> None:
        super().__init__(kind)
        self.kind = kind
        self.error = error
        self.maybe_done = maybe_done


@dataclass
class Past:
    """What the attempts of one call have met so far. `unsure`: a write of it may have
    happened.
    """

    first: datetime
    token: str = field(default="", repr=False)
    unsure: bool = False
    attempts: int = 0
    met: Counter[str] = field(default_factory=Counter)

    def note(self, request: Request, again: Again) -> None:
        """Add one attempt. A renewed token or a short wait for a place does not count as a
        try.
        """
        self.met[again.kind] += 1
        self.attempts += again.kind not in ("token", "busy")
        self.unsure = self.unsure or (request.writes and again.maybe_done)


def _number(value: object) -> float | int:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} cannot be sent")


def _no_constant(word: str) -> None:
    raise ValueError(word)
