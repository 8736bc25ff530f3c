"""What happens by itself, and when. Touches APScheduler and nothing else.

Promises: work that is late is done once, never skipped; the same work never runs twice at a time; what it
raises is logged by its kind and does not end the schedule; intervals are spans of real time, so daylight saving
neither skips a turn nor adds one, and a clock that is set back does not put the work off: what is left of
each span stays the same.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

from apscheduler.schedulers.background import BackgroundScheduler

# Without None a run more than a second late would silently be left out.
DEFAULTS = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
LOOK = 30.0  # seconds between two looks at the clock
JUMP = timedelta(minutes=1)  # a clock that is only being corrected moves less

_log = logging.getLogger("agent.jobs")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Jobs:
    """The schedule of one process. `clock` gives aware UTC, as APScheduler's own; `steady` seconds that never go back."""

    def __init__(
        self,
        timezone: tzinfo,
        clock: Callable[[], datetime] = _utc_now,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        # Its own log lines name functions and addresses of this process: of no use to a reader.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = BackgroundScheduler(timezone=timezone, job_defaults=DEFAULTS)
        self._clock = clock
        self._steady = steady
        self._seen = (clock(), steady())
        self._ending = threading.Event()
        self._watch = threading.Thread(target=self._look_on, name="clock", daemon=True)

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

    def look(self) -> None:
        """See whether the clock was set meanwhile: set back, every next turn moves with it; set forth (or the machine
        slept), what is due is done now.
        """
        before, now = self._seen, (self._clock(), self._steady())
        self._seen = now
        jump = (now[0] - before[0]) - timedelta(seconds=now[1] - before[1])
        if jump < -JUMP:
            _log.warning("the clock was set back by %s: the schedule follows", -jump)
            for job in self._scheduler.get_jobs():
                job.modify(next_run_time=job.next_run_time + jump)
        elif jump > JUMP and self._scheduler.running:
            self._scheduler.wakeup()

    def start(self) -> None:
        """Turn the schedule on."""
        self._seen = (self._clock(), self._steady())
        self._scheduler.start()
        self._watch.start()

    def stop(self) -> None:
        """Turn it off, after the work in hand."""
        self._ending.set()
        if self._watch.is_alive():
            self._watch.join()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def _look_on(self) -> None:
        while not self._ending.wait(LOOK):
            self.look()


def _guarded(name: str, work: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        try:
            work()
        except Exception as error:  # the next turn comes all the same
            _log.warning("%s: %s", name, type(error).__name__)

    return run
