"""Xero's limits for one organisation: may a call go now, and if not, how long to wait (X1, X4).

Decides, without clock or thread: 5 calls at once, 60 a minute, what is left of the day (the vendor's published limits). A
part of each is kept for pushes and for what a person waits for, and a greater part of the day from verification.

Promises: this agent alone never earns a 429. After a start the first call goes alone; its headers say what earlier
processes used, which counts as used just now. A used-up day makes no call. Of a day no more calls are made than `limit`,
whatever Xero names.
"""

from collections.abc import Mapping

from agent import replies
from agent.limits.ledger import Left
from agent.limits.memory import Use
from agent.limits.places import MINUTE, Places
from agent.transport.urgency import EXPORT, IMPORT, PUSH, VERIFY, Urgency

AT_ONCE = 5
A_MINUTE = 60
A_DAY = 5000  # the most that any tier has; 1,000 on the free one
DAY = 24 * 3600.0

# Kept for pushes. One call at once, so that a push goes beside a run; of the minute what a push needs (read, write, read
# back), which leaves a first import 95 % of every minute; of the day a tenth.
KEPT_AT_ONCE = 1
KEPT_A_MINUTE = 3
KEPT_OF_DAY: Mapping[Urgency, float] = {PUSH: 0.0, EXPORT: 0.1, IMPORT: 0.1, VERIFY: 0.2}
# From so many used places of a minute on, the next process must not begin beside them (see `crowded`).
CROWD = A_MINUTE // 2

Headers = Mapping[str, str]


class Ledger:
    """What was used of the limits. `now` is in seconds of a clock that never goes back, from any start; `limit` is what
    the settings allow a day.
    """

    def __init__(
        self,
        limit: int = A_DAY,
        *,
        at_once: int = AT_ONCE,
        a_minute: int = A_MINUTE,
        minute: float = MINUTE,
        day: float = DAY,
    ) -> None:
        self._places = Places(
            at_once,
            a_minute,
            kept_at_once=KEPT_AT_ONCE,
            kept_a_minute=KEPT_A_MINUTE,
            minute=minute,
        )
        self._day = Day(limit, day)
        self._seeded = False
        self._heard = 0  # how many answers have arrived

    @property
    def crowd(self) -> int:
        """All places of a minute."""
        return self._places.a_minute

    @property
    def day_limit(self) -> int:
        """The calls a day that the settings allow."""
        return self._day.limit

    @property
    def day_left(self) -> int | None:
        """Calls left of the day, those on their way already taken off; None while unknown."""
        return self._day.left

    def ask(self, now: float, urgency: Urgency = PUSH) -> float:
        """0: a call may go now. Else the seconds after which, or after any answer, to ask again."""
        if self._day.turned(now):
            self.pause_over()
        lacking = self._day.lacking(now, urgency)
        return lacking or self._places.ask(now, urgency, alone=not self._seeded)

    def started(self, now: float) -> int:
        """A call goes out. The ticket is to be handed in with its answer."""
        self._places.start()
        self._day.start(now)
        return self._heard

    def answered(self, now: float, headers: Headers, status: int | None, ticket: int) -> None:
        """Its answer arrived, or is given up (status None)."""
        self._places.end(now)
        self._heard += 1
        minute_left = _count(headers, "x-minlimit-remaining")
        day_left = _count(headers, "x-daylimit-remaining")
        named = minute_left is not None or day_left is not None
        if named or (status is not None and 200 <= status < 300):
            self._seeded = True
        if minute_left is not None:
            self._places.match(now, minute_left)
        if day_left is not None:
            # Every call that was under way beside this one may have been counted after it.
            beside = self._places.running + self._heard - ticket - 1
            self._day.match(now, day_left, ticket, self._heard, beside)

    def nothing_sent(self, now: float) -> None:
        """It never went out: its place is free again."""
        self._places.unsent()
        self._day.unsent()

    def pause_over(self) -> None:
        """A pause that Xero asked for is over: as after a start, the next call goes alone and tells."""
        self._day.forget()
        self._seeded = False

    def anew(self) -> None:
        """Another organisation's limits: its day is its own. The minute's use stays, which keeps nobody waiting for long."""
        self._day.anew()
        self._seeded = False

    def left(self, now: float) -> Left:
        """What is left of minute and day."""
        return Left(
            max(0, self._places.a_minute - self._places.taken(now)),
            None if self._day.left is None else max(0, self._day.left),
            self._day.allowed,
            self._day.kept(EXPORT),
            self._day.ends_in(now),
        )

    def crowded(self, now: float) -> bool:
        """Whether a process that knows nothing of this one could earn a 429 by its first calls, if one more goes out.

        It could where two calls may be under way at once, or half of the minute is used.
        """
        beside = self._places.running + self._places.ghosts(now)
        return beside > 0 or self._places.taken(now) >= CROWD

    def use(self, now: float) -> Use:
        """What the next process has to know of."""
        # An earlier process's call that may be under way still is the next one's matter too.
        running = self._places.running + self._places.ghosts(now)
        places = self._places.taken(now)
        return Use(places, running, self._places.free_in(now), self._day.used, self._day.age(now))

    def recall(self, now: float, use: Use) -> None:
        """What an earlier process left."""
        self._places.recall(now, use.places, use.running, use.free_in)
        self._day.recall(now, use.day_used, use.day_age)


class Day:
    """The day's allowance: what Xero names of its own window, and what the settings allow in ours.

    Xero's day is a fixed window of unknown phase: a day after it was first seen it is over. Ours begins with its first
    call, and anew with each of Xero's that is seen to begin.
    """

    def __init__(self, limit: int, length: float) -> None:
        self.limit = limit
        self.allowed = limit  # less where Xero began a day with less
        self.used = 0  # calls of ours in our window
        self._length = length
        self._began: float | None = None
        self._named: int | None = None  # what Xero has left, calls on their way taken off
        self._lowest = 0  # the lowest count that Xero has named in this window of the day
        self._lowest_heard = 0  # which answer named it
        self._first_heard = 0  # which answer showed this window first,
        self._seen = 0.0  # and when

    @property
    def left(self) -> int | None:
        """The lower of both counts; None until Xero has named one."""
        return None if self._named is None else min(self._named, self.limit - self.used)

    def kept(self, urgency: Urgency) -> int:
        """How many calls of the day are not for this urgency."""
        return int(self.allowed * KEPT_OF_DAY[urgency])

    def lacking(self, now: float, urgency: Urgency) -> float:
        """0: the day has a call for this urgency. Else the seconds until it is over."""
        kept, wait = self.kept(urgency), 0.0
        if self._named is not None and self._named <= kept:
            wait = self._seen + self._length - now
        if self._began is not None and self.limit - self.used <= kept:
            wait = max(wait, self._began + self._length - now)
        return wait

    def ends_in(self, now: float) -> float | None:
        """Seconds after which Xero's window is over at the latest; ours where Xero has named none yet."""
        if self._named is not None:
            return max(0.0, self._seen + self._length - now)
        return None if self._began is None else max(0.0, self._began + self._length - now)

    def turned(self, now: float) -> bool:
        """Whether the window that Xero named is over. Ours ends quietly."""
        if self._began is not None and self._began + self._length <= now:
            self._began, self.used = None, 0
        return self._named is not None and self._seen + self._length <= now

    def forget(self) -> None:
        """What Xero named says nothing any more."""
        self._named = None

    def anew(self) -> None:
        """Nothing of this day was used, and nothing is known of it."""
        self.allowed, self.used, self._began, self._named = self.limit, 0, None, None

    def start(self, now: float) -> None:
        """A call goes out."""
        self.used += 1
        self._began = now if self._began is None else self._began
        if self._named is not None:
            self._named -= 1

    def unsent(self) -> None:
        """It never went out."""
        self.used = max(0, self.used - 1)
        if self._named is not None:
            self._named += 1

    def match(self, now: float, left: int, ticket: int, heard: int, beside: int) -> None:
        """Take the lower of own count and Xero's.

        Answers may overtake each other, so only a call that went out after the lowest count was heard can show, by a
        higher one, that a new window has begun.
        """
        if self._named is not None and ticket < self._first_heard:
            return
        rises = left > self._lowest and ticket >= self._lowest_heard
        if self._named is None or rises:
            self._begin(now, left, heard, beside, new=self._named is not None)
        elif left <= self._lowest:
            self._lowest, self._lowest_heard = left, heard
            self._named = min(self._named, left)

    def age(self, now: float) -> float | None:
        """Seconds since our window began."""
        return None if self._began is None else now - self._began

    def recall(self, now: float, used: int, age: float | None) -> None:
        """An earlier process made so many calls in a window that began so many seconds ago."""
        if age is not None:
            self.used, self._began = used, now - age

    def _begin(self, now: float, left: int, heard: int, beside: int, new: bool) -> None:
        self._named = left - beside
        self._lowest, self._lowest_heard = left, heard
        self._first_heard, self._seen = heard, now
        # In a window that has just begun there is this call, and those beside it. In one that was met half-way, no more
        # than any tier allows can have been used.
        most = beside + 1 if new else max(beside + 1, max(A_DAY, self.limit) - left)
        if self.used > most:
            self.used, self._began = most, now
        if new:
            self.allowed = min(self.limit, left + beside + 1)


def _count(headers: Headers, name: str) -> int | None:
    text = replies.header(headers, name) or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
