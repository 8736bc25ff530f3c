"""Runs that somebody started from afar (the page, a command while `run` serves), each in a thread of its own.

Decides nothing. Promises: one such run at a time; its progress can be asked for, its end stays known, and
whatever it raises becomes a sentence.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from agent.errors import AgentError
from agent.plans import Seal
from agent.results import FAULT, failed, finished
from agent.sync import Progress, Report

BUSY = "An import, export or verification is under way already. Wait for its end."
KEPT = 20
GLANCE = 0.1

Work = Callable[[Callable[[Progress], None], Callable[[], bool]], Report]

_log = logging.getLogger("agent.runs")


@dataclass
class Job:
    """One run: how far it is, and its result (`agent.results`) once it has ended."""

    id: str
    progress: Progress | None = None
    result: dict[str, Any] | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None


class Runs:
    """The runs of this process. `new_id` makes random texts; `stopping` says that the process ends; with `seal` the
    result of a dry run carries its plan, ready to be saved.
    """

    def __init__(
        self,
        new_id: Callable[[], str],
        stopping: Callable[[], bool],
        seal: Seal | None = None,
    ) -> None:
        self._new_id = new_id
        self._ending = stopping
        self._seal = seal
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def start(self, work: Work) -> Job | None:
        """Begin; None while another one is under way."""
        with self._lock:
            if any(job.result is None for job in self._jobs.values()):
                return None
            job = Job(self._new_id())
            self._jobs = dict([*self._jobs.items(), (job.id, job)][-KEPT:])
            job.thread = threading.Thread(
                target=self._go, args=(job, work), name="run", daemon=True
            )
            job.thread.start()
            return job

    def get(self, id: str) -> Job | None:
        """The run of this id."""
        with self._lock:
            return self._jobs.get(id)

    def stop(self) -> None:
        """Let every run end soon, and wait for it."""
        with self._lock:
            for job in self._jobs.values():
                job.stopping.set()
        self.wait()

    def wait(self) -> None:
        """Until every run has ended."""
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            if job.thread is not None:
                job.thread.join()

    def _go(self, job: Job, work: Work) -> None:
        def tell(progress: Progress) -> None:
            job.progress = progress

        def stop() -> bool:
            return job.stopping.is_set() or self._ending()

        try:
            job.result = finished(work(tell, stop), self._seal)
        except AgentError as error:
            _log.warning("run ended: %s", type(error).__name__)
            job.result = failed(error)
        except BaseException as error:  # nobody is above: whoever follows must hear of an end
            _log.error("run ended: %s", type(error).__name__)
            job.result = {"exit": 1, "sentence": FAULT}


def followed(
    work: Work,
    tell: Callable[[dict[str, Any]], None],
    hurry: Callable[[], None],
    seal: Seal | None = None,
) -> dict[str, Any]:
    """One run, followed to its result by whoever started it. Interrupted, it ends in good order first;
    `hurry` then lets nobody wait any longer for a place within a side's limits.
    """
    runs = Runs(lambda: "run", lambda: False, seal)
    try:
        job = runs.start(work)
        assert job is not None and job.thread is not None
        while job.result is None:
            job.thread.join(GLANCE)
            if job.progress:
                tell(asdict(job.progress))
            if not job.thread.is_alive():
                break
    except KeyboardInterrupt:
        hurry()
        runs.stop()
        raise
    return job.result or {"exit": 1, "sentence": FAULT}
