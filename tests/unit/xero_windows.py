"""Xero's limits as published, without HTTP or clock: fixed windows of unknown phase, and so many calls at once."""

from dataclasses import dataclass, field

MINUTE = 60.0
DAY = 24 * 3600.0


def told(minute: int = 59, day: int = 4999) -> dict[str, str]:
    """The headers of one of Xero's answers."""
    return {"X-MinLimit-Remaining": str(minute), "x-daylimit-remaining": str(day)}


@dataclass
class FixedWindows:
    """Counts a call when it arrives. `refused`: how many it would have had to answer with 429."""

    phase: float
    used_before: int = 0
    day: int = 5000
    day_phase: float = 0.0
    day_lasts: float = DAY
    count: dict[int, int] = field(default_factory=dict)
    days: dict[int, int] = field(default_factory=dict)
    inside: int = 0
    refused: int = 0

    def window(self, now: float) -> int:
        """Which minute this instant belongs to."""
        return int((now + self.phase) // MINUTE)

    def arrive(self, now: float) -> dict[str, str]:
        """Take a call in; its answer's headers."""
        window, day = self.window(now), int((now + self.day_phase) // self.day_lasts)
        self.count[window] = self.count.get(window, 0) + 1
        self.days[day] = self.days.get(day, 0) + 1
        self.inside += 1
        before = self.used_before if window == self.window(0) else 0
        used = self.count[window] + before
        self.refused += used > 60 or self.inside > 5 or self.days[day] > self.day
        return told(60 - used, self.day - self.days[day])

    def leave(self) -> None:
        """A call has been answered."""
        self.inside -= 1
