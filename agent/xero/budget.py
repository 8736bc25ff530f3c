"""Xero's limits for one organisation: may a call go now, and if not, how long to wait (X1, X4).

`Ledger` decides, without clock or thread: 5 calls at once, 60 a minute, what is left of the day
(the vendor's published limits). Xero counts in fixed windows whose start nobody knows, so a place
in the minute is free again 60 seconds after its answer arrived: then no window, whatever its
phase, can hold more than 60. `Gate` is the threaded edge: it waits, or raises Parked where the
wait would be long.

Promises: this agent alone never earns a 429. After a start the first call goes alone; its headers
say what earlier processes used, which counts as used just now. A used-up day makes no call.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from agent import replies
from agent.errors import Parked, Stopped

AT_ONCE = 5
A_MINUTE = 60
MINUTE = 60.0
DAY = 24 * 3600.0
LONGEST_WAIT = 90.0
# How long to wait at most for an answer that frees a place; its arrival ends the wait at once.
UNTIL_ANSWER = 1.0
# Below this a clock may not move at all, and the wait would never end.
SHORTEST_WAIT = 0.001

Headers = Mapping[str, str]


class Ledger:
    """What was used of the limits. `now` is in seconds of a clock that never goes back, from
    any start.
    """

    def __init__(
        self,
        at_once: int = AT_ONCE,
        a_minute: int = A_MINUTE,
        minute: float = MINUTE,
        day: float = DAY,
    ) -> None:
        self._day = day
        self._at_once = at_once
        self._a_minute = a_minute
        self._minute = minute
        self._running = 0
        self._used: deque[float] = deque()  # when each answer of the last minute arrived
        self._seeded = False
        self._heard = 0  # how many answers have arrived
        self._day_left: int | None = None
        self._day_lowest = 0  # the lowest count that Xero has named in this window of the day
        self._day_lowest_heard = 0  # which answer named it
        self._day_began = 0  # which answer showed this window first,
        self._day_seen = 0.0  # and when

    @property
    def day_left(self) -> int | None:
        """Calls left of the day, those on their way already taken off; None while unknown."""
        return self._day_left

    def ask(self, now: float) -> float:
        """0: a call may go now. Else the seconds after which, or after any answer, to ask
        again.
        """
        self._forget_old(now)
        if self._day_left is not None and self._day_left <= 0:
            return self._day_seen + self._day - now
        if self._running >= (self._at_once if self._seeded else 1):
            return UNTIL_ANSWER
        if self._running + len(self._used) < self._a_minute:
            return 0.0
        return self._used[0] + self._minute - now if self._used else UNTIL_ANSWER

    def started(self, now: float) -> int:
        """A call goes out. The ticket is to be handed in with its answer."""
        self._running += 1
        if self._day_left is not None:
            self._day_left -= 1
        return self._heard

    def answered(self, now: float, headers: Headers, status: int | None, ticket: int) -> None:
        """Its answer arrived, or is given up (status None)."""
        self._running -= 1
        self._heard += 1
        self._used.append(now)
        minute_left = _count(headers, "x-minlimit-remaining")
        day_left = _count(headers, "x-daylimit-remaining")
        named = minute_left is not None or day_left is not None
        if named or (status is not None and 200 <= status < 300):
            self._seeded = True
        if minute_left is not None:
            self._match_minute(now, minute_left)
        if day_left is not None:
            self._match_day(now, day_left, ticket)

    def nothing_sent(self, now: float) -> None:
        """It never went out: its place is free again."""
        self._running -= 1
        if self._day_left is not None:
            self._day_left += 1

    def pause_over(self) -> None:
        """A pause that Xero asked for is over: as after a start, the next call goes alone and
        tells.
        """
        self._day_left = None
        self._seeded = False

    def _forget_old(self, now: float) -> None:
        while self._used and self._used[0] + self._minute <= now:
            self._used.popleft()
        # Xero's day is a fixed window of unknown phase: a day after it was first seen it is over.
        if self._day_left is not None and self._day_seen + self._day <= now:
            self.pause_over()

    def _match_minute(self, now: float, left: int) -> None:
        # More used than this process knows of: an earlier one, just before the start.
        unknown = (self._a_minute - left) - (self._running + len(self._used))
        self._used.extend([now] * unknown)

    def _match_day(self, now: float, left: int, ticket: int) -> None:
        """Take the lower of own count and Xero's.

        Answers may overtake each other, so only a call that went out after the lowest count was
        heard can show, by a higher one, that a new window has begun.
        """
        if self._day_left is not None and ticket < self._day_began:
            return
        rises = left > self._day_lowest and ticket >= self._day_lowest_heard
        if self._day_left is None or rises:
            self._begin_day(now, left, ticket)
        elif left <= self._day_lowest:
            self._day_lowest, self._day_lowest_heard = left, self._heard
            self._day_left = min(self._day_left, left)

    def _begin_day(self, now: float, left: int, ticket: int) -> None:
        # Every call that was under way beside this one may have been counted after it.
        beside = self._running + self._heard - ticket - 1
        self._day_left = left - beside
        self._day_lowest, self._day_lowest_heard = left, self._heard
        self._day_began, self._day_seen = self._heard, now


class Gate:
    """Lets calls through within the ledger, for any number of threads.

    `clock` gives aware UTC, `steady` the seconds of a clock that never goes back, `pause` waits
    on a condition for some seconds at most. `parked_until` is what an earlier process stored;
    `park` stores an instant (None: over), so that a pause outlives a restart.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        clock: Callable[[], datetime],
        steady: Callable[[], float],
        pause: Callable[[threading.Condition, float], object],
        park: Callable[[datetime | None], None],
        parked_until: datetime | None = None,
        longest_wait: float = LONGEST_WAIT,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._steady = steady
        self._pause = pause
        self._park = park
        self._parked_until = parked_until
        self._longest_wait = longest_wait
        self._turn = threading.Condition()
        self._closed = False

    @property
    def parked_until(self) -> datetime | None:
        """Until when no call is made; None where calls are."""
        with self._turn:
            return self._still_parked()

    @property
    def day_left(self) -> int | None:
        """Calls left of the day; None while unknown."""
        with self._turn:
            return self._ledger.day_left

    @contextmanager
    def call(self) -> Iterator["Place"]:
        """One place within the limits, after the wait for it. Raises Parked, or Stopped once
        closed.
        """
        place = Place(self._wait_for_place())
        try:
            yield place
        finally:
            self._leave(place)

    def close(self) -> None:
        """Let nobody wait any longer: all who wait get Stopped."""
        with self._turn:
            self._closed = True
            self._turn.notify_all()

    def _wait_for_place(self) -> int:
        with self._turn:
            while True:
                if self._closed:
                    raise Stopped
                if until := self._still_parked():
                    raise Parked("xero", until)
                wait = self._ledger.ask(self._steady())
                if wait <= 0:
                    return self._ledger.started(self._steady())
                if wait > self._longest_wait:
                    self._store(self._clock() + timedelta(seconds=wait))
                    continue
                self._pause(self._turn, max(wait, SHORTEST_WAIT))

    def _leave(self, place: "Place") -> None:
        with self._turn:
            if place.unsent:
                self._ledger.nothing_sent(self._steady())
            else:
                now = self._steady()
                self._ledger.answered(now, place.headers, place.status, place.ticket)
            self._obey(place)
            self._turn.notify_all()

    def _obey(self, place: "Place") -> None:
        """Park when Xero asked for it, unless a longer pause is stored already."""
        if place.status != 429:
            return
        now = self._clock()
        until = replies.retry_after(place.headers, now)
        if until and until > max(now, self._still_parked() or now):
            self._store(until)

    def _still_parked(self) -> datetime | None:
        if self._parked_until and self._parked_until <= self._clock():
            self._ledger.pause_over()
            self._store(None)
        return self._parked_until

    def _store(self, until: datetime | None) -> None:
        self._parked_until = until
        self._park(until)


class Place:
    """One call's place; told what came of it. Told nothing, it counts as sent and lost."""

    def __init__(self, ticket: int) -> None:
        self.ticket = ticket
        self.status: int | None = None
        self.headers: Headers = {}
        self.unsent = False

    def answered(self, status: int, headers: Headers) -> None:
        """An answer arrived."""
        self.status = status
        self.headers = headers

    def nothing_sent(self) -> None:
        """The call never left this machine."""
        self.unsent = True


def _count(headers: Headers, name: str) -> int | None:
    text = replies.header(headers, name) or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
