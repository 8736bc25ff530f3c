"""What a process leaves of a side's limits for the next one, stored before it could be missed (promise 6).

A process that is killed tells nobody what the last minute has used, nor which of its calls are under way still. So before a
call goes out it is stored by when all of that is surely over; the instant lies ahead, so that one write covers the calls of
the next RENEW seconds. As long as the use is light, what was used is stored, and the next process goes on beside it; a
crowd (`crowded`) is stored as a full minute, which the next process waits out. A process that ends well leaves exactly what
it used. Of the day a few calls more than were made are stored, so that one write covers several calls.

Promises: at most one write in RENEW seconds, and one more where a crowd begins and for every DAY_STEP calls; an instant
that the UTC clock cannot have meant (it was set back since) is waited out no longer than the longest that is ever stored.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from agent.limits.pause import keep
from agent.limits.places import MINUTE
from agent.records import Spent

RENEW = 10.0
DAY_STEP = 20
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Use:
    """What one process leaves to the next: `places` of the minute are free again in `free_in` seconds, `running` calls
    may be under way until then; `day_used` calls were made in a day's window that began `day_age` seconds ago.
    """

    places: int
    running: int
    free_in: float
    day_used: int = 0
    day_age: float | None = None


class Counts(Protocol):
    """A ledger whose use can be told and taken over. `crowd` is all places of a minute."""

    @property
    def crowd(self) -> int: ...

    @property
    def day_limit(self) -> int: ...

    def use(self, now: float) -> Use: ...

    def crowded(self, now: float) -> bool: ...

    def recall(self, now: float, use: Use) -> None: ...


class Memory:
    """What one ledger's use is remembered by. `store` keeps it for the next process; `spent` is what the last one left.

    One thread at a time: the gate's lock is around every call.
    """

    def __init__(
        self,
        ledger: Counts,
        *,
        clock: Callable[[], datetime],
        steady: Callable[[], float],
        store: Callable[[Spent], None],
        spent: Spent | None,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._steady = steady
        self._store = store
        self._step = max(1, min(DAY_STEP, ledger.day_limit // 50))
        self._covered = float("-inf")  # until when calls may begin without another write,
        self._as_crowd = False  # and whether as a crowd;
        self._day_covered = 0  # up to how many calls of the day
        self._any = False  # whether any call was made
        self._last: Use | None = None  # what was told at the end
        if spent:
            ledger.recall(steady(), self._recalled(spent))

    def before_call(self) -> None:
        """One more call is about to go out."""
        now = self._steady()
        use, crowd = self._ledger.use(now), self._ledger.crowded(now)
        self._any = True
        if self._is_covered(now, use, crowd):
            return
        places, running = (self._ledger.crowd, 0) if crowd else (use.places + 1, 1)
        ahead = replace(
            use,
            places=places,
            running=running,
            free_in=RENEW + MINUTE,
            day_used=use.day_used + self._step,
            day_age=use.day_age or 0.0,
        )
        if self._keep(ahead):
            self._covered, self._as_crowd = now + RENEW, crowd
            self._day_covered = ahead.day_used

    def at_end(self) -> None:
        """This process makes no more calls: what it used, exactly. Several under way still are as good as a crowd."""
        now = self._steady()
        use = self._ledger.use(now)
        if not self._any or (self._last and self._last.running == use.running == 0):
            return
        self._last = use
        if use.running > 1:
            use = replace(use, places=self._ledger.crowd, running=0)
        if use.running or use.places == self._ledger.crowd:
            use = replace(use, free_in=max(use.free_in, MINUTE))
        self._keep(use)

    def _is_covered(self, now: float, use: Use, crowd: bool) -> bool:
        in_time = now < self._covered and self._as_crowd >= crowd
        return in_time and self._day_covered - self._step <= use.day_used < self._day_covered

    def _keep(self, use: Use) -> bool:
        now = self._clock()
        began = None if use.day_age is None else now - timedelta(seconds=use.day_age)
        spent = Spent(
            now + timedelta(seconds=use.free_in), use.places, use.running, began, use.day_used
        )
        return keep(lambda: self._store(spent))

    def _recalled(self, spent: Spent) -> Use:
        now = self._clock()
        free_in = min((spent.free - now).total_seconds(), RENEW + MINUTE)
        minute = Use(spent.places, spent.running, free_in)
        if spent.day_began is None or now - spent.day_began >= DAY:
            return minute
        age = max(now - spent.day_began, timedelta()).total_seconds()
        return replace(minute, day_used=spent.day_used, day_age=age)
