"""What the agent does by itself: the cycle of import and export, looks for saves, sign-ins kept alive, notices.

Promises: import before export, and neither keeps the other from its try (R1); a cycle without runs proves both
connections (L3); nothing travels while the agent is switched off, and a restored copy leaves both systems alone until a
person says that it is the agent now (L4, L5).
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from agent.errors import AgentError
from agent.jobs import Jobs
from agent.notices import Notices
from agent.pair import Pair
from agent.service.shown import news_of
from agent.store.house import RUNS_KEPT
from agent.watch import Watch

CYCLE, WATCH = "cycle", "watch"
BY_ITSELF = "schedule"
KEEP_ALIVE = timedelta(hours=12)
DAILY = timedelta(days=1)
AFTER_START = timedelta(minutes=1)
NOTICES_EVERY = timedelta(minutes=1)

_log = logging.getLogger("agent.service")


class Schedule:
    """The regular work of one pair. `wake` wakes the worker of eSS saves; `stopping` says that the process ends."""

    def __init__(
        self, pair: Pair, jobs: Jobs, wake: Callable[[], None], stopping: Callable[[], bool]
    ) -> None:
        self._pair = pair
        self._jobs = jobs
        self._wake = wake
        self._stopping = stopping
        self._watch = Watch(pair.store, lambda since: pair.hra().listing(since), pair.times.clock)
        settings = pair.settings
        self.notices = Notices(
            settings.agent.data_dir,
            settings.notify.urls,
            settings.agent.public_url,
            lambda: news_of(pair),
            pair.times.clock,
        )

    def plan(self) -> None:
        """Say what comes when."""
        now, sync = self._pair.times.clock(), self._pair.settings.sync
        every = timedelta(hours=sync.every_hours)
        self._jobs.every(CYCLE, every, self.cycle, self._first_cycle(now, every))
        self._jobs.every("keep-alive", KEEP_ALIVE, self._pair.keep_alive, now + AFTER_START / 6)
        self._jobs.every("tidy", DAILY, self._pair.store.tidy, now + AFTER_START)
        self._jobs.every("disk", NOTICES_EVERY, self._pair.store.try_disk, now + AFTER_START)
        if self.notices.on:
            self._jobs.every("notices", NOTICES_EVERY, self.notices.turn, now + AFTER_START)
        if sync.watch_hra_every is not None:
            first = now + sync.watch_hra_every
            self._jobs.every(WATCH, sync.watch_hra_every, self.watch, first)

    def cycle(self) -> None:
        """One turn: import first, then export, each if switched on (R1); else a probe (L3)."""
        if self._pair.is_copy:
            return
        kinds = self._kinds()
        for kind in kinds:
            if self._halt():
                return
            self._run(kind)
        if not kinds:
            self._pair.probe()

    def watch(self) -> None:
        """Look for saves where nothing sends hooks (H0)."""
        if not self._pair.store.standing() and self._watch.look():
            self._wake()

    def _kinds(self) -> tuple[str, ...]:
        if self._pair.store.standing():
            return ()
        sync = self._pair.settings.sync
        switches = (("import", sync.automatic_import), ("export", sync.automatic_export))
        return tuple(kind for kind, on in switches if on)

    def _run(self, kind: str) -> None:
        # Its run row has the reason, and a braked one its row; the next kind has its own try.
        try:
            self._pair.run(kind, BY_ITSELF, stop=self._halt)
        except AgentError as error:
            _log.warning("%s ended: %s", kind, type(error).__name__)
        except Exception as error:
            _log.error("%s ended: %s", kind, type(error).__name__)

    def _halt(self) -> bool:
        return self._stopping() or bool(self._pair.store.standing())

    def _first_cycle(self, now: datetime, every: timedelta) -> datetime:
        """A restart does not put the schedule off, nor does a person's own run: the next turn comes when it would have come."""
        runs = self._pair.store.runs(RUNS_KEPT)
        last = [run.started for run in runs if run.started_by == BY_ITSELF]
        due = last[0] + every if last else now
        # A run that started in the future says that the clock was set back since: it puts nothing off.
        return min(max(now + AFTER_START, due), now + max(every, AFTER_START))
