"""A ceiling of our own over a side that publishes no limits: so many calls at once and a minute.

Pure. What the side itself asks for (429 and 503 with Retry-After) is the gate's to obey.
"""

from agent.limits.ledger import Headers, Left
from agent.limits.places import Places
from agent.transport.urgency import Urgency


class Ceiling:
    """A ledger of places alone: no day, and no word of the side's about what is left."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def ask(self, now: float, urgency: Urgency) -> float:
        """0, or the seconds to wait."""
        return self._places.ask(now, urgency)

    def started(self, now: float) -> int:
        """A call goes out."""
        self._places.start()
        return 0

    def answered(self, now: float, headers: Headers, status: int | None, ticket: int) -> None:
        """Its answer arrived."""
        self._places.end(now)

    def nothing_sent(self, now: float) -> None:
        """It never went out."""
        self._places.unsent()

    def anew(self) -> None:
        """The ceiling is of our own, whoever is called."""

    def pause_over(self) -> None:
        """A pause changes nothing of what is counted here."""

    def left(self, now: float) -> Left:
        """What is left of the minute."""
        return Left(self._places.a_minute - self._places.taken(now))
