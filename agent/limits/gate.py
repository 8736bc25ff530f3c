"""The gate before one side: every call waits here for its place, the more urgent first (X1, X4).

Threads and clocks meet the ledger here; nothing of what is allowed is decided here. Promises: a call of lower urgency never
takes the place that one of higher urgency waits for, and equals go in the order in which they came; a short wait is waited,
a long one raises Parked; a pause that the side asked for (429 or 503 with Retry-After) is obeyed, over a restart too, and so
is a used-up day. What is only kept from the less urgent parks them alone, and is stored nowhere.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count

from agent import replies
from agent.errors import Parked, Stopped
from agent.limits.ledger import Headers, Ledger, Standing
from agent.limits.memory import Memory
from agent.limits.pause import Pause
from agent.limits.places import UNTIL_ANSWER
from agent.transport.urgency import PUSH, Urgency, urgency

LONGEST_WAIT = 90.0
# Below this a clock may not move at all, and the wait would never end.
SHORTEST_WAIT = 0.001
# A side that says 429 and names no time, or one that is past, is not asked again at once.
SHORTEST_PAUSE = timedelta(seconds=1)
ASK_TO_WAIT = frozenset({429, 503})
KEPT = "what is left of the day is kept for eSS saves"


class Gate:
    """Lets calls through within the ledger, for any number of threads.

    `clock` gives aware UTC, `steady` the seconds of a clock that never goes back, `pause` waits on a condition for some
    seconds at most. `parked_until` is what an earlier process stored; `park` stores an instant (None: over). `memory`:
    what else outlives this process.
    """

    def __init__(
        self,
        side: str,
        ledger: Ledger,
        *,
        clock: Callable[[], datetime],
        steady: Callable[[], float],
        pause: Callable[[threading.Condition, float], object],
        park: Callable[[datetime | None], None],
        parked_until: datetime | None = None,
        memory: Memory | None = None,
        longest_wait: float = LONGEST_WAIT,
    ) -> None:
        self._side = side
        self._ledger = ledger
        self._clock = clock
        self._steady = steady
        self._pause = pause
        self._parked = Pause(clock, steady, park, parked_until)
        self._memory = memory
        self._longest_wait = longest_wait
        self._turn = threading.Condition()
        self._closed = False
        self._waiting: set[tuple[Urgency, int]] = set()
        self._numbers = count()

    @property
    def parked_until(self) -> datetime | None:
        """Until when no call is made; None where calls are."""
        return self.standing().parked_until

    @property
    def day_left(self) -> int | None:
        """Calls left of the day; None while unknown."""
        return self.standing().day_left

    def standing(self) -> Standing:
        """What is left, and until when nothing is."""
        with self._turn:
            left = self._ledger.left(self._steady())
            ends = None if left.day_ends is None else self._after(left.day_ends)
            return Standing(
                left.minute_left,
                left.day_left,
                left.day_limit,
                left.reserve,
                self._still_parked(),
                ends,
            )

    @contextmanager
    def call(self) -> Iterator["Place"]:
        """One place within the limits, after the wait for it, at the urgency of this thread.

        Raises Parked, or Stopped once closed.
        """
        place = Place(self._wait_for_place(urgency()))
        try:
            yield place
        finally:
            self._leave(place)

    def anew(self) -> None:
        """Calls go to another account or organisation from now on, which has limits and pauses of its own."""
        with self._turn:
            self._parked.forget()
            self._ledger.anew()
            self._turn.notify_all()

    def close(self) -> None:
        """Let nobody wait any longer: all who wait get Stopped."""
        with self._turn:
            self._closed = True
            self._remember_end()
            self._turn.notify_all()

    def _wait_for_place(self, level: Urgency) -> int:
        with self._turn:
            mine = (level, next(self._numbers))
            self._waiting.add(mine)
            try:
                while True:
                    wait = self._how_long(level)
                    first = min(self._waiting) == mine
                    if first and wait <= 0:
                        return self._go()
                    wait = wait if first else UNTIL_ANSWER
                    self._pause(self._turn, max(wait, SHORTEST_WAIT))
            finally:
                # Whoever leaves the queue, by whichever way, may have kept the others waiting.
                self._waiting.remove(mine)
                self._turn.notify_all()

    def _how_long(self, level: Urgency) -> float:
        """Seconds to wait. Raises Parked where they are many, Stopped once closed."""
        if self._closed:
            raise Stopped
        if until := self._still_parked():
            raise Parked(self._side, until)
        now = self._steady()
        if self._ledger.ask(now, PUSH) > self._longest_wait:
            self._parked.begin(self._after(self._ledger.ask(now, PUSH)))
            raise Parked(self._side, self._still_parked() or self._clock())
        wait = self._ledger.ask(now, level)
        if wait > self._longest_wait:
            raise Parked(self._side, self._after(wait), KEPT)
        return wait

    def _go(self) -> int:
        if self._memory:
            self._memory.before_call()
        return self._ledger.started(self._steady())

    def _leave(self, place: "Place") -> None:
        with self._turn:
            now = self._steady()
            if place.unsent:
                self._ledger.nothing_sent(now)
            else:
                self._ledger.answered(now, place.headers, place.status, place.ticket)
            self._obey(place)
            if self._closed:
                self._remember_end()
            self._turn.notify_all()

    def _obey(self, place: "Place") -> None:
        """Park when the side asked for it, unless a longer pause is stored already."""
        if place.status not in ASK_TO_WAIT:
            return
        now = self._clock()
        until = replies.retry_after(place.headers, now)
        if until is None:
            return
        until = max(until, now + SHORTEST_PAUSE)
        if until > (self._still_parked() or now):
            self._parked.begin(until)

    def _still_parked(self) -> datetime | None:
        if self._parked.over():
            self._ledger.pause_over()
        return self._parked.until()

    def _remember_end(self) -> None:
        if self._memory:
            self._memory.at_end()

    def _after(self, seconds: float) -> datetime:
        return self._clock() + timedelta(seconds=seconds)


class Place:
    """One call's place; told what came of it. Told nothing, it counts as sent and lost."""

    def __init__(self, ticket: int) -> None:
        self.ticket = ticket
        self.status: int | None = None
        self.headers: Headers = {}
        self.unsent = False

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """An answer arrived."""
        self.status = status
        self.headers = headers

    def nothing_sent(self) -> None:
        """The call never left this machine."""
        self.unsent = True
