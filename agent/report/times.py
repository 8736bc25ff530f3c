"""Times in words, seen from one moment in one zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

from agent.report.shape import When

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
UNITS = ((59.5 * 60, 60, "minute"), (23.5 * 3600, 3600, "hour"))


class Clock:
    """Tells times as a person reads them; `now` is aware."""

    def __init__(self, now: datetime, zone: ZoneInfo) -> None:
        self.now = now
        self._zone = zone

    def maybe(self, at: datetime | None) -> When | None:
        """The same for a time that may be missing."""
        return self.when(at) if at else None

    def when(self, at: datetime) -> When:
        """This time, in words and exactly."""
        local = at.astimezone(self._zone)
        hour = local.hour % 12 or 12
        clock = f"{hour}:{local.minute:02} {'am' if local.hour < 12 else 'pm'}"
        day = f"{local.day} {MONTHS[local.month - 1]}"
        today = local.date() == self.now.astimezone(self._zone).date()
        return When(
            at=local,
            ago=_ago((self.now - at).total_seconds()),
            clock=f"at {clock}" if today else f"{day} at {clock}",
            exact=f"{day} {local.year}, {hour}:{local.minute:02}:{local.second:02} {clock[-2:]} {local.tzname()}",
        )


def _ago(seconds: float) -> str:
    size = abs(seconds)
    if size < 45:
        return "just now" if seconds >= 0 else "in a moment"
    told = next(
        (_many(round(size / unit), word) for limit, unit, word in UNITS if size < limit),
        _many(round(size / 86400), "day"),
    )
    return f"{told} ago" if seconds > 0 else f"in {told}"


def _many(count: int, word: str) -> str:
    return f"{max(1, count)} {word}{'' if count <= 1 else 's'}"
