"""What a gate asks of the ledger behind it, and the plain numbers that go between them.

All times are seconds of a clock that never goes back, from any start, unless they are said to be UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from agent.transport.urgency import Urgency

Headers = Mapping[str, str]


@dataclass(frozen=True)
class Standing:
    """What is left, for the page and for planning. None: not known, or no such limit.

    `day_limit` is the day's whole allowance (0: none known), `reserve` how many calls of it only pushes and people may
    use. `parked_until`: until when no call is made at all; `day_ends`: when the day's window is surely over. Aware UTC.
    """

    minute_left: int
    day_left: int | None = None
    day_limit: int = 0
    reserve: int = 0
    parked_until: datetime | None = None
    day_ends: datetime | None = None


@dataclass(frozen=True)
class Left:
    """The ledger's part of a Standing. `day_ends` is in seconds from now; None where no day has begun."""

    minute_left: int
    day_left: int | None = None
    day_limit: int = 0
    reserve: int = 0
    day_ends: float | None = None


class Ledger(Protocol):
    """Counts what was used of one side's limits. Decides; has neither clock nor thread."""

    def ask(self, now: float, urgency: Urgency) -> float:
        """0: a call of this urgency may go, and then one of a higher urgency might as well. Else the seconds after which,
        or after any answer, to ask again.
        """
        ...

    def started(self, now: float) -> int:
        """A call goes out. The ticket is to be handed in with its answer."""
        ...

    def answered(self, now: float, headers: Headers, status: int | None, ticket: int) -> None:
        """Its answer arrived, or is given up (status None)."""
        ...

    def nothing_sent(self, now: float) -> None:
        """It never went out: its place is free again."""
        ...

    def anew(self) -> None:
        """Another account's or organisation's limits from now on."""
        ...

    def pause_over(self) -> None:
        """A pause that the side asked for is over."""
        ...

    def left(self, now: float) -> Left:
        """What is left."""
        ...
