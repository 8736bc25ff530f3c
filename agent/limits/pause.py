"""A pause that a side asked for: stored as a UTC instant, waited out by a clock that never goes back (X4).

Promises: it outlives a restart; the machine's UTC clock may be set forward or back meanwhile without ending it early or
stretching it; none lasts longer than LONGEST_PAUSE, and what is stored beyond that is no pause.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from agent.errors import AgentError
from agent.replies import LONGEST_PAUSE

# The two clocks may drift so far apart before the instant is reckoned anew.
DRIFT = timedelta(minutes=1)

_log = logging.getLogger("agent.limits")


class Pause:
    """The pause of one side. `store` keeps an instant for the next process, None: over."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        steady: Callable[[], float],
        store: Callable[[datetime | None], None],
        until: datetime | None,
    ) -> None:
        self._clock = clock
        self._steady = steady
        self._store = store
        self._until = until
        self._ends = self._deadline(until) if until else 0.0
        if until and until - clock() > LONGEST_PAUSE:
            self._keep(None)  # nobody asked for that: the UTC clock was set back since

    def begin(self, until: datetime) -> None:
        """No call until then."""
        self._ends = self._deadline(until)
        self._keep(until)

    def forget(self) -> None:
        """It was another's: no pause."""
        if self._until is not None:
            self._keep(None)

    def over(self) -> bool:
        """Whether a pause has just come to its end: told once, and forgotten."""
        if self._until is None or self._steady() < self._ends:
            return False
        self._keep(None)
        return True

    def until(self) -> datetime | None:
        """When it ends, by the UTC clock as it is set now; None without a pause."""
        if self._until is None:
            return None
        reckoned = self._clock() + timedelta(seconds=self._ends - self._steady())
        if abs(reckoned - self._until) > DRIFT:
            self._keep(reckoned)
        return self._until

    def _deadline(self, until: datetime) -> float:
        return self._steady() + min(until - self._clock(), LONGEST_PAUSE).total_seconds()

    def _keep(self, until: datetime | None) -> None:
        self._until = until
        keep(lambda: self._store(until))


def keep(write: Callable[[], None]) -> bool:
    """Store for the next process; whether that went well.

    A full disc must not swallow the answer of a call that has just arrived: this process goes on by what it knows, and
    what the next one does not know costs it a 429 at most.
    """
    try:
        write()
    except (OSError, AgentError) as error:
        _log.warning("limits not stored: %s", type(error).__name__)
        return False
    return True
