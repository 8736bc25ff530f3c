"""What happens by itself, and when. Touches APScheduler and nothing else.

Promises: work that is late is done once, never skipped; the same work never runs twice at a time; what it
raises is logged by its kind and does not end the schedule.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

from apscheduler.schedulers.background import BackgroundScheduler

# Without None a run more than a second late would silently be left out.
DEFAULTS = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}

_log = logging.getLogger("agent.jobs")


class Jobs:
    """The schedule of one process."""

    def __init__(self, timezone: tzinfo) -> None:
        # Its own log lines name functions and addresses of this process: of no use to a reader.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = BackgroundScheduler(timezone=timezone, job_defaults=DEFAULTS)

    @property
    def running(self) -> bool:
        """Whether the schedule is on."""
        return bool(self._scheduler.running)

    def every(
        self, name: str, interval: timedelta, work: Callable[[], object], first: datetime
    ) -> None:
        """Do the work at `first`, and then once an interval."""
        self._scheduler.add_job(
            _guarded(name, work),
            "interval",
            seconds=interval.total_seconds(),
            next_run_time=first,
            id=name,
        )

    def next(self, name: str) -> datetime | None:
        """When this work comes next; None for work that is not in the schedule."""
        job = self._scheduler.get_job(name)
        return getattr(job, "next_run_time", None)

    def start(self) -> None:
        """Turn the schedule on."""
        self._scheduler.start()

    def stop(self) -> None:
        """Turn it off, after the work in hand."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)


def _guarded(name: str, work: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        try:
            work()
        except Exception as error:  # the next turn comes all the same
            _log.warning("%s: %s", name, type(error).__name__)

    return run
