"""The running agent: page and hook receiver served, schedules, and the worker that drains the inbox.

Builds every object once, starts them in order and stops them in reverse: no save is cut in two, and what was
finished is recorded. Implements what the page (`agent.page.desk.Desk`) and the commands of this machine
(`agent.page.control.Room`) ask for.
"""

import logging
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from waitress import wasyncore
from waitress.server import create_server
from werkzeug.security import check_password_hash

from agent import report
from agent.app import create_app
from agent.config import Settings
from agent.connect import bound_id
from agent.control import token_of
from agent.errors import AgentError, NotConnected
from agent.jobs import Jobs
from agent.page.control import control
from agent.page.desk import Option
from agent.pair import Pair
from agent.records import Save
from agent.runs import BUSY, Runs
from agent.saves import Worker
from agent.sync import Progress, Report
from agent.transport import quiet_loggers
from agent.vault import SESSION
from agent.watch import Watch
from agent.wiring import SIDES, Times
from webhooks.payload import HookEvent
from webhooks.receiver import receiver

ADMIN = "admin"
KEEP_ALIVE = timedelta(hours=12)
DAILY = timedelta(days=1)
AFTER_START = timedelta(minutes=1)
THREADS = 8
ENDING = 5.0  # seconds for the answers that are under way
CYCLE, WATCH = "cycle", "watch"

Wsgi = Callable[..., Iterable[bytes]]

_log = logging.getLogger("agent.service")


class Service:
    """The agent of one data directory, with its page. Raises what `Pair` raises."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], times: Times) -> None:
        quiet_loggers()
        self.settings = settings
        self.pair = Pair(settings, environ, times)
        self._clock = times.clock
        self._stopping = threading.Event()
        self.runs = Runs(times.new_key, self._stopping.is_set)
        self.worker = Worker(
            self.pair.store,
            self.pair.push,
            retry_for=timedelta(hours=settings.hooks.retry_for_hours),
            clock=times.clock,
            jitter=times.jitter,
        )
        self._watch = Watch(
            self.pair.store, lambda since: self.pair.hra().listing(since), times.clock
        )
        self.jobs = Jobs(settings.agent.timezone)
        self._working = False
        self._sign_in_faults: dict[str, str] = {}
        key = self.pair.key
        session = key.derive(SESSION)
        self.app = create_app(Front(self), settings, secret_key=session, hooks=self._hooks())
        door = control(self, token_of(key))
        self.app.register_blueprint(door)
        self.app.extensions["csrf"].exempt(door)  # it takes no cookie

    def start(self) -> None:
        """Turn on the worker and the schedules."""
        self._working = True
        self.worker.start()
        self._plan_jobs()
        self.jobs.start()

    def stop(self) -> None:
        """Everything comes to an orderly end: runs stop after the record in hand. Twice is fine."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self.pair.lines.gate.close()
        self.jobs.stop()
        self.runs.stop()
        if self._working:
            self.worker.stop()
        self.pair.close()

    # --- what the page asks for -----------------------------------------------------------------

    def status(self) -> report.Status:
        """Everything that the page shows."""
        return status_of(self.pair, self.jobs.next(CYCLE))

    def start_run(self, kind: str, mode: str = "authoritative") -> str:
        """Begin an import or export that a person asked for on the page; "" or why not. Raises NotConnected."""
        for side in SIDES:
            if not bound_id(self.pair.store.binding(), side):
                raise NotConnected(side)
        return "" if self._begin(kind, "page", mode) else BUSY

    def connect(self, side: str) -> str:
        """The address to send the person to."""
        return self.pair.connect.begin(side)

    def connected(self, side: str, state: str, code: str) -> tuple[Option, ...]:
        """The person is back from the vendor; what to choose from, empty when done. Raises AgentError."""
        self._sign_in_faults.pop(side, None)
        try:
            found = self.pair.connect.complete(side, state, code)
        except AgentError as error:
            self._sign_in_faults[side] = error.sentence()
            raise
        return tuple(Option(id, name) for id, name in found)

    def choose(self, side: str, id: str) -> None:
        """The account or organisation that the person chose. Raises AgentError."""
        self.pair.connect.choose(side, id)

    def health(self) -> tuple[bool, str]:
        """Whether all parts are at work, and what is not."""
        if self._working and not self.worker.alive:
            return False, "the worker for eSS saves has stopped"
        if self._working and not self.jobs.running:
            return False, "the schedule has stopped"
        return True, "ok"

    def check_password(self, user: str, password: str) -> bool:
        """Whether this person may sign in to the page. Without a password in agent.ini nobody may."""
        stored = self.settings.page.password_hash
        fits = bool(stored) and check_password_hash(stored, password)
        return fits and user == ADMIN

    # --- what the commands of this machine ask for ----------------------------------------------

    def plain_status(self) -> dict[str, Any]:
        """The page's data as JSON can hold it."""
        return report.as_json(self.status())

    def begin_run(self, kind: str, mode: str, dry_run: bool, employee: str | None) -> str:
        """Begin a run for a command; its id, "" while another one is under way."""
        return self._begin(kind, "command", mode, dry_run, employee)

    def run_state(self, id: str) -> dict[str, Any] | None:
        """How far a run is, and its result once it has ended."""
        job = self.runs.get(id)
        if job is None:
            return None
        now = job.progress
        progress = {"phase": now.phase, "done": now.done, "total": now.total} if now else None
        return {"progress": progress, "result": job.result}

    def stop_run(self, id: str) -> None:
        """Let a run end after the record in hand."""
        job = self.runs.get(id)
        if job is not None:
            job.stopping.set()

    def sign_in(self, side: str) -> dict[str, Any]:
        """How far the sign-in of a side is."""
        obtained = self.pair.lines.tokens[side].obtained()
        chosen = bound_id(self.pair.store.binding(), side)
        waiting = not chosen or bool(self.pair.connect.choices(side))
        now = self.pair.store.connection(side)
        return {
            "obtained": obtained.isoformat() if obtained and not waiting else None,
            "connected": now.connected,
            "name": now.name,
            "reason": self._sign_in_faults.get(side) or now.reason,
            "failed": side in self._sign_in_faults,
        }

    # --- what happens by itself -----------------------------------------------------------------

    def cycle(self) -> None:
        """One turn of the schedule: import first, then export, each if switched on (R1); else a probe (L3)."""
        automatic = self.settings.sync
        kinds = [
            kind
            for kind, on in (
                ("import", automatic.automatic_import),
                ("export", automatic.automatic_export),
            )
            if on
        ]
        for kind in kinds:
            try:
                self.pair.run(kind, "schedule", stop=self._stopping.is_set)
            except AgentError as error:  # its run row has the reason; the export has its own try
                _log.warning("%s ended: %s", kind, type(error).__name__)
        if not kinds:
            self.pair.probe()

    def watch(self) -> None:
        """Look for saves where nothing sends hooks (H0)."""
        if self._watch.look():
            self.worker.wake()

    def _plan_jobs(self) -> None:
        now, sync = self._clock(), self.settings.sync
        every = timedelta(hours=sync.every_hours)
        self.jobs.every(CYCLE, every, self.cycle, self._first_cycle(now, every))
        self.jobs.every("keep-alive", KEEP_ALIVE, self.pair.keep_alive, now + AFTER_START / 6)
        self.jobs.every("tidy", DAILY, self.pair.store.tidy, now + DAILY)
        if sync.watch_hra_every is not None:
            self.jobs.every(WATCH, sync.watch_hra_every, self.watch, now + sync.watch_hra_every)

    def _first_cycle(self, now: datetime, every: timedelta) -> datetime:
        """A restart does not put the schedule off: the next turn comes when it would have come."""
        last = [run.started for run in self.pair.store.runs(50)]
        return max(now + AFTER_START, last[0] + every) if last else now + AFTER_START

    # --- inside ---------------------------------------------------------------------------------

    def _begin(
        self,
        kind: str,
        started_by: str,
        mode: str,
        dry_run: bool = False,
        employee: str | None = None,
    ) -> str:
        def work(tell: Callable[[Progress], None], stop: Callable[[], bool]) -> Report:
            return self.pair.run(
                kind,
                started_by,
                mode=mode,
                dry_run=dry_run,
                employee=employee,
                progress=tell,
                stop=stop,
            )

        job = self.runs.start(work)
        return job.id if job else ""

    def _hooks(self) -> Any:
        return receiver(
            self.settings.hooks.secret,
            lambda: self.pair.store.binding().account_id or None,
            self._accept,
            self.worker.wake,
            self._clock,
        )

    def _accept(self, id: str, event: HookEvent) -> bool:
        save = Save(id, event.employee_id, event.sections, self._clock())
        return self.pair.store.accept(save)


def status_of(pair: Pair, next_run: datetime | None = None) -> report.Status:
    """Everything that the page shows, from what is stored."""
    store = pair.store
    return report.status(
        settings=pair.settings,
        binding=store.binding(),
        connections={side: store.connection(side) for side in SIDES},
        links=store.links(),
        attention=store.attention(),
        runs=store.runs(50),
        changes=store.changes(50),
        waiting=store.waiting(),
        next_run=next_run,
        day_left=pair.lines.gate.day_left,
        now=pair.times.clock(),
    )


class Front:
    """The service as the page knows it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.status = service.status
        self.start = service.start_run
        self.connect = service.connect
        self.connected = service.connected
        self.choose = service.choose
        self.health = service.health
        self.check_password = service.check_password


class Server:
    """A served application: waitress in a thread. Raises OSError where the port is taken."""

    def __init__(self, app: Wsgi, host: str, port: int) -> None:
        self._sockets: dict[int, Any] = {}
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # Ours, for waitress leaves its own open where the port is taken.
        taken = socket.create_server((host, port), family=family)
        self._server = create_server(
            app, map=self._sockets, sockets=[taken], threads=THREADS, ident=None
        )
        self._thread = threading.Thread(target=self._server.run, name="serve", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer what was asked, take no more requests, and end."""
        self._server.task_dispatcher.shutdown(timeout=ENDING)
        wakers: list[Any] = [getattr(one, "trigger", None) for one in self._sockets.values()]
        for waker in [one for one in wakers if hasattr(one, "pull_trigger")][:1]:
            # Closed by the thread that serves them: browsers keep connections open for long.
            waker.pull_trigger(self._close_all)
        self._thread.join(ENDING)

    def _close_all(self) -> None:
        wasyncore.close_all(self._sockets, ignore_all=True)
