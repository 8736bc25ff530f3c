"""So many calls at once and so many a minute: is there a place, and if not, when (X1).

Pure: neither clock nor thread. A side counts in fixed windows whose start nobody knows, so a place in the minute is free
again 60 seconds after its answer arrived: then no window, whatever its phase, can hold more than the limit. Some places of
both kinds are kept for pushes.
"""

from collections import deque

from agent.transport.urgency import PUSH, Urgency

MINUTE = 60.0
# How long to wait at most for an answer that frees a place; its arrival ends the wait at once.
UNTIL_ANSWER = 1.0


class Places:
    """Who is on the way, and what the last minute has used. `kept_*`: places that only a push may take, as far as that
    leaves one for the rest.
    """

    def __init__(
        self,
        at_once: int,
        a_minute: int,
        *,
        kept_at_once: int = 0,
        kept_a_minute: int = 0,
        minute: float = MINUTE,
    ) -> None:
        self.a_minute = a_minute
        self.minute = minute
        self.running = 0
        self._at_once = at_once
        self._low_at_once = max(1, at_once - kept_at_once)
        self._low_a_minute = max(1, a_minute - kept_a_minute)
        self._used: deque[float] = deque()  # when each answer of the last minute arrived
        self._ghosts, self._gone = 0, 0.0

    def ask(self, now: float, urgency: Urgency, *, alone: bool = False) -> float:
        """0: there is a place. Else the seconds until there may be one. `alone`: not beside any other of ours."""
        push = urgency == PUSH
        at_once = self._at_once if push else self._low_at_once
        if self.running >= (1 if alone else max(1, at_once - self.ghosts(now))):
            return UNTIL_ANSWER
        self._forget(now)
        lacking = self.running + len(self._used) + 1
        lacking -= self.a_minute if push else self._low_a_minute
        if lacking <= 0:
            return 0.0
        if lacking > len(self._used):
            return UNTIL_ANSWER
        return self._used[lacking - 1] + self.minute - now

    def start(self) -> None:
        """One goes out."""
        self.running += 1

    def unsent(self) -> None:
        """It never went out: its place is free again."""
        self.running -= 1

    def end(self, now: float) -> None:
        """Its answer arrived, or is given up."""
        self.running -= 1
        self._used.append(now)

    def match(self, now: float, left: int) -> None:
        """The side names what is left of the minute: what this process does not know of was used by an earlier one, just
        before the start.
        """
        unknown = (self.a_minute - left) - self.taken(now)
        self._used.extend([now] * unknown)

    def recall(self, now: float, places: int, ghosts: int, free_in: float) -> None:
        """An earlier process used so many places, which are free again in so many seconds; until then so many of its
        calls may be under way still.
        """
        if free_in > 0:
            self._used.extend([now + free_in - self.minute] * min(places, self.a_minute))
            self._ghosts, self._gone = ghosts, now + free_in

    def ghosts(self, now: float) -> int:
        """How many calls of an earlier process may be under way still."""
        return self._ghosts if now < self._gone else 0

    def taken(self, now: float) -> int:
        """How many places of the minute are not free."""
        self._forget(now)
        return self.running + len(self._used)

    def free_in(self, now: float) -> float:
        """Seconds until all places are free that answers have taken, and an earlier process's calls have surely ended."""
        answered = self._used[-1] + self.minute - now if self._used else 0.0
        return max(0.0, answered, self._gone - now if self._ghosts else 0.0)

    def _forget(self, now: float) -> None:
        while self._used and self._used[0] + self.minute <= now:
            self._used.popleft()
