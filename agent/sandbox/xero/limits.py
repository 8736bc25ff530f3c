"""Xero's limits: so many calls at once, a minute and a day for each organisation, in fixed windows.

Decides whether a call is let in; touches nothing but its own counters. Numbers and header names are the vendor's published
limits; that `X-Rate-Limit-Problem` says "minute", "day" or "concurrent" was seen for "day" and is assumed for the others.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
APP_MINUTE = 10_000
CROWDED = "xero.crowded"
TENANT_KEY = "HTTP_XERO_TENANT_ID"


@dataclass(frozen=True)
class Limits:
    """Calls at once, in a minute and in a day per organisation. None: no limit."""

    concurrent: int | None = 5
    minute: int | None = 60
    day: int | None = 5000


OFF = Limits(None, None, None)


@dataclass(frozen=True)
class Refusal:
    """Why a call is not let in: the word for `X-Rate-Limit-Problem`, and the seconds for `Retry-After`."""

    problem: str
    retry_after: int | None


@dataclass
class _Window:
    length: timedelta
    began: datetime | None = None
    used: int = 0

    def turn(self, now: datetime) -> None:
        """Begin anew when the window has passed; it runs from its first call, not from the clock's minute."""
        if self.began is None or now - self.began >= self.length:
            self.began, self.used = now, 0

    def left(self, now: datetime) -> int:
        assert self.began is not None
        return ceil((self.began + self.length - now).total_seconds())


@dataclass
class _Tenant:
    minute: _Window = field(default_factory=lambda: _Window(MINUTE))
    day: _Window = field(default_factory=lambda: _Window(DAY))
    inside: int = 0


class Gate:
    """Counts the calls of each organisation. Thread-safe."""

    def __init__(self, limits: Limits, clock: Callable[[], datetime]) -> None:
        self.limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._tenants: dict[str, _Tenant] = {}
        self.most_at_once = 0

    def enter(self, tenant: str, crowded: bool) -> Refusal | None:
        """Count one call, or say why it is refused. A refused call is not counted."""
        now = self._clock()
        with self._lock:
            known = self._known(tenant, now)
            if crowded:
                return Refusal("concurrent", None)
            for name, window, limit in (
                ("day", known.day, self.limits.day),
                ("minute", known.minute, self.limits.minute),
            ):
                if limit is not None and window.used >= limit:
                    return Refusal(name, window.left(now))
            known.day.used += 1
            known.minute.used += 1
            return None

    def headers(self, tenant: str) -> dict[str, str]:
        """What is left, as every answer carries it. A limit that is off shows the vendor's full number."""
        now = self._clock()
        with self._lock:
            known = self._known(tenant, now)
            return {
                "X-DayLimit-Remaining": _left(self.limits.day, known.day.used, 5000),
                "X-MinLimit-Remaining": _left(self.limits.minute, known.minute.used, 60),
                "X-AppMinLimit-Remaining": str(
                    APP_MINUTE - sum(t.minute.used for t in self._tenants.values())
                ),
            }

    def wrap(self, inner: "WSGIApplication") -> "WSGIApplication":
        """Around the whole call, its latency included: counts who is inside at once."""

        def counted(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
            tenant = str(environ.get(TENANT_KEY, ""))
            if not tenant:
                return inner(environ, start)
            if not self._come_in(tenant):
                environ[CROWDED] = True
                return inner(environ, start)
            try:
                return inner(environ, start)
            finally:
                self._go_out(tenant)

        return counted

    def _come_in(self, tenant: str) -> bool:
        with self._lock:
            known = self._tenants.setdefault(tenant, _Tenant())
            if self.limits.concurrent is not None and known.inside >= self.limits.concurrent:
                return False
            known.inside += 1
            self.most_at_once = max(self.most_at_once, known.inside)
            return True

    def _go_out(self, tenant: str) -> None:
        with self._lock:
            self._tenants[tenant].inside -= 1

    def _known(self, tenant: str, now: datetime) -> _Tenant:
        known = self._tenants.setdefault(tenant, _Tenant())
        known.minute.turn(now)
        known.day.turn(now)
        return known


def _left(limit: int | None, used: int, full: int) -> str:
    return str(full if limit is None else max(0, limit - used))
