"""The running agent: page and hook receiver served, schedules, and the worker that drains the inbox.

Builds every object once, starts them in order and stops them in reverse: no save is cut in two, and what was
finished is recorded. Implements what the page (`agent.page.desk.Desk`) and the commands of this machine
(`agent.page.control.Room`) ask for.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from agent import report
from agent.app import create_app
from agent.backup import made
from agent.config import Settings
from agent.connect import bound_id
from agent.control import token_of
from agent.errors import AgentError, NotConnected, NotPossible, SideError
from agent.jobs import Jobs
from agent.page.control import control
from agent.page.desk import Option
from agent.pair import Pair
from agent.plans import from_text
from agent.records import Attention, Choice, Event, Link, Save, User
from agent.results import ATTENTION, COMMAND, DONE
from agent.runs import BUSY, Runs, Work
from agent.saves import Worker
from agent.service.passwords import password_fits
from agent.service.schedule import CYCLE, Schedule
from agent.service.shown import status_of
from agent.sync import Answer, Opened, Progress, Report
from agent.tokens import NotBegun
from agent.transport import quiet_loggers
from agent.vault import BACKUP, SESSION
from agent.wiring import SIDES, Times
from webhooks.payload import HookEvent
from webhooks.receiver import receiver

# A person who approves a braked run sees its end where it ends within these seconds; browsers wait longer.
GLANCE = 20.0
NOT_COMPLETED = "The sign-in could not be completed. The agent's log names the kind of error."
APPLYING = "The plan is being applied. Its row leaves the list when that is done."
APPLIED = "Applied exactly that plan."
LEFT = " Records that had moved since and were left as they are: {n}."
AGAIN = "{why} The save is tried again by itself with growing waits."


class Service:
    """The agent of one data directory, with its page. Raises what `Pair` raises."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], times: Times) -> None:
        quiet_loggers()
        self.settings = settings
        self.pair = Pair(settings, environ, times)
        self._clock = times.clock
        self._stopping = threading.Event()
        self.runs = Runs(times.new_key, self._stopping.is_set, self.pair.seal)
        self.worker = Worker(
            self.pair.store,
            self.pair.push,
            retry_for=timedelta(hours=settings.hooks.retry_for_hours),
            clock=times.clock,
            jitter=times.jitter,
            paused=lambda: bool(self.pair.store.standing()),
        )
        self.jobs = Jobs(settings.agent.timezone)
        self.schedule = Schedule(self.pair, self.jobs, self.worker.wake, self._stopping.is_set)
        self.cycle = self.schedule.cycle
        self._working = False
        self._sign_in_faults: dict[str, str] = {}
        self._signing_in: set[str] = set()
        key = self.pair.key
        # With a part of this start alone: a cookie that was copied before a sign-out does not come back with a restart.
        session = key.derive(f"{SESSION}:{times.new_key()}")
        self.app = create_app(Front(self), settings, secret_key=session, hooks=self._hooks())
        door = control(self, token_of(key))
        self.app.register_blueprint(door)
        self.app.extensions["csrf"].exempt(door)  # it takes no cookie

    def start(self) -> None:
        """Turn on the worker and the schedules."""
        self._working = True
        self.worker.start()
        self.schedule.plan()
        self.jobs.start()

    def stop(self) -> None:
        """Everything comes to an orderly end: runs stop after the record in hand. Twice is fine."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self.pair.lines.stop_waiting()
        self.jobs.stop()
        self.runs.stop()
        if self._working:
            self.worker.stop()
        self.pair.close()

    # --- what the page asks for -----------------------------------------------------------------

    def status(self) -> report.Status:
        """Everything that the page shows."""
        return status_of(self.pair, self.jobs.next(CYCLE))

    def start_run(
        self, kind: str, mode: str = "authoritative", actor: str = "page", fresh: bool = False
    ) -> str:
        """Begin a run that a person asked for on the page; "" or why not. Raises NotConnected, NotPossible."""
        self.pair.at_home()
        self._linked()
        return "" if self._begin(kind, actor, mode, fresh=fresh) else BUSY

    def opened(self, attention_id: str) -> Opened:
        """A row that waits for a person, with both records as they are now. Raises AgentError."""
        return self.pair.opened(attention_id)

    def answer(self, choice: Choice) -> Answer:
        """Do what a person decided. What takes long goes on in the background. Raises AgentError."""
        row = next((one for one in self.pair.store.attention() if one.id == choice.id), None)
        if row and row.plan and choice.verb == "approve" and choice.verb in row.buttons:
            return self._approved(row.plan, choice.actor)
        if row and row.scope.startswith("hook:") and choice.verb == "retry":
            return self._retried(row, choice)
        return self.pair.answer(choice)

    def links(self) -> tuple[Link, ...]:
        """Every link of the bound pair."""
        return self.pair.store.links()

    def ignored(self) -> tuple[str, ...]:
        """Who is left alone because a person said so, as `hra:ID` or `xero:ID`."""
        store = self.pair.store
        return tuple(f"{side}:{id}" for side in SIDES for id in sorted(store.ignored(side)))

    def connect(self, side: str, actor: str = COMMAND) -> str:
        """The address to send the person to. Raises NotConnected in a copy (L5)."""
        address = self.pair.connect.begin(side, actor)
        self._sign_in_faults.pop(side, None)  # an earlier sign-in's fault is not this one's
        return address

    def connected(self, side: str, state: str, code: str) -> tuple[Option, ...]:
        """The person is back from the vendor; what to choose from, empty when done. Raises AgentError."""
        self._signing_in.add(side)
        try:
            found = self.pair.connect.complete(side, state, code)
        except NotBegun:
            raise  # a stranger at the call back: no fault of the side, and nobody's sign-in ends
        except AgentError as error:
            self._sign_in_faults[side] = error.sentence()
            raise
        except Exception:
            self._sign_in_faults[side] = NOT_COMPLETED
            raise
        finally:
            self._signing_in.discard(side)
        self._sign_in_faults.pop(side, None)
        self.worker.wake()
        return tuple(Option(id, name) for id, name in found)

    def refused(self, side: str, state: str, told: str) -> None:
        """The person is back without a sign-in, which `told` says in a sentence; of a strange state nothing comes."""
        try:
            self.pair.connect.refused(side, state)
        except NotBegun:
            return
        self._sign_in_faults[side] = told

    def choose(self, side: str, id: str) -> None:
        """The account or organisation that the person chose. Raises AgentError."""
        self._signing_in.add(side)
        try:
            self.pair.connect.choose(side, id)
        finally:
            self._signing_in.discard(side)
        self._sign_in_faults.pop(side, None)
        self.worker.wake()

    def disconnect(self, side: str, actor: str) -> str:
        """Let go of one side (L4); what was done and what is left to do. Raises NotPossible."""
        self._sign_in_faults.pop(side, None)
        return self.pair.disconnect(side, actor)

    def switch_on(self, actor: str) -> None:
        """Schedules and pushes may run again; what waited goes out now (L4, L5)."""
        self.pair.switch_on(actor)
        self.worker.wake()

    def switch_off(self, actor: str) -> None:
        """Let no schedule and no push run until somebody switches them on."""
        self.pair.switch_off(actor)

    def health(self) -> tuple[bool, str]:
        """Whether all parts are at work, and what is not."""
        if self._working and not self.worker.alive:
            return False, "the worker for eSS saves has stopped"
        if self._working and not self.jobs.running:
            return False, "the schedule has stopped"
        if self.pair.store.disk_trouble():
            return False, "the disk of the data directory takes no writes"
        return True, "ok"

    def check_password(self, user: str, password: str) -> bool:
        """Whether this person may sign in to the page. Without a password in agent.ini admin may not."""
        return password_fits(self.pair.store, self.settings.page.password_hash, user, password)

    def users(self) -> tuple[User, ...]:
        """The people who may sign in besides admin."""
        return self.pair.store.users()

    # --- what the commands of this machine ask for ----------------------------------------------

    def plain_status(self) -> dict[str, Any]:
        """The page's data as JSON can hold it."""
        return report.as_json(self.status())

    def begin_run(
        self, kind: str, mode: str, dry_run: bool, employee: str | None, fresh: bool = False
    ) -> str:
        """Begin a run for a command; its id, "" while another one is under way."""
        return self._begin(kind, COMMAND, mode, dry_run, employee, fresh)

    def apply(self, plan_text: str, actor: str) -> str:
        """Begin to apply a saved plan; the run's id, "" while another is under way. Raises NotPossible."""
        plan = from_text(plan_text, self.pair.seal)
        return self._job(lambda tell, stop: self.pair.apply(plan, actor, progress=tell, stop=stop))

    def let_through(self, hash: str, actor: str) -> str:
        """Begin to apply the plan of this hash, which the brake stopped; the run's id as in `apply`."""
        return self._job(
            lambda tell, stop: self.pair.let_through(hash, actor, progress=tell, stop=stop)
        )

    def run_state(self, id: str) -> dict[str, Any] | None:
        """How far a run is, and its result once it has ended."""
        job = self.runs.get(id)
        if job is None:
            return None
        progress = asdict(job.progress) if job.progress else None
        return {"progress": progress, "result": job.result}

    def backup(self) -> str:
        """What the agent remembers at this moment, as the text of a backup."""
        pair = self.pair
        return made(pair.store, pair.key.derive(BACKUP), self._clock()).decode("ascii")

    def stop_run(self, id: str) -> None:
        """Let a run end after the record in hand."""
        job = self.runs.get(id)
        if job is not None:
            job.stopping.set()

    def sign_in(self, side: str) -> dict[str, Any]:
        """How far the sign-in of a side is."""
        obtained = self.pair.lines.tokens[side].obtained()
        chosen = bound_id(self.pair.store.binding(), side)
        choosing = side in self._signing_in or bool(self.pair.connect.choices(side))
        waiting = not chosen or choosing
        now = self.pair.store.connection(side)
        return {
            "obtained": obtained.isoformat() if obtained and not waiting else None,
            "connected": now.connected,
            "name": now.name,
            "reason": self._sign_in_faults.get(side) or now.reason,
            "failed": side in self._sign_in_faults,
        }

    # --- inside ---------------------------------------------------------------------------------

    def _begin(
        self,
        kind: str,
        started_by: str,
        mode: str,
        dry_run: bool = False,
        employee: str | None = None,
        fresh: bool = False,
    ) -> str:
        def work(tell: Callable[[Progress], None], stop: Callable[[], bool]) -> Report:
            return self.pair.run(
                kind,
                started_by,
                mode=mode,
                dry_run=dry_run,
                employee=employee,
                fresh=fresh,
                progress=tell,
                stop=stop,
            )

        return self._job(work)

    def _job(self, work: Work) -> str:
        job = self.runs.start(work)
        return job.id if job else ""

    def _linked(self) -> None:
        """Raises NotConnected where a side is linked to nothing."""
        for side in SIDES:
            if not bound_id(self.pair.store.binding(), side):
                raise NotConnected(side)

    def _retried(self, row: Attention, choice: Choice) -> Answer:
        """A failed save once more: now, or in the worker's own time where that cannot be (H3)."""
        try:
            return self.pair.answer(choice)
        except SideError as error:
            if not error.try_again:
                raise
            told = AGAIN.format(why=error.sentence())
        employee = row.hra_id or ""
        self.worker.again(employee, f"again-{self.pair.times.new_key()}")
        self.pair.store.note(
            Event("retried", hra_id=employee, way="to_xero", why=told, actor=choice.actor)
        )
        return Answer(told, ATTENTION)

    def _approved(self, plan: str, actor: str) -> Answer:
        """Apply it as a run that the page can show and stop, and tell its end if that comes soon."""
        id = self.let_through(plan, actor)
        job = self.runs.get(id) if id else None
        if job is None or job.thread is None:
            raise NotPossible(BUSY)
        job.thread.join(GLANCE)
        if job.result is None:
            return Answer(APPLYING)
        if job.result["sentence"]:
            return Answer(job.result["sentence"], job.result["exit"])
        left = sum(line["action"] == "hold" for line in job.result["lines"])
        return Answer(APPLIED + (LEFT.format(n=left) if left else ""), ATTENTION if left else DONE)

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


class Front:
    """The service as the page knows it (`agent.page.desk.Desk`)."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.status = service.status
        self.start = service.start_run
        self.opened = service.opened
        self.links = service.links
        self.ignored = service.ignored
        self.connect = service.connect
        self.connected = service.connected
        self.refused = service.refused
        self.choose = service.choose
        self.disconnect = service.disconnect
        self.switch_on = service.switch_on
        self.health = service.health
        self.check_password = service.check_password
        self.users = service.users

    def answer(self, choice: Choice) -> str:
        """Do what a person decided; what came of it, in a sentence."""
        return self._service.answer(choice).sentence
