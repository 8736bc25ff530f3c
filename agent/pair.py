"""The linked pair in this process: the data directory, the store, the lines to both systems and the Sync.

`Pair` builds every object once and works without page or schedule (the commands use it so). Promises: one
process a data directory; clients and branch map are built anew after a person connected, between two pieces
of work and never under one; a side is let go of between two pieces of work too (L4); `close` gives everything back.
"""

import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from agent import wiring
from agent.branches import BranchMap
from agent.config import Settings
from agent.connect import NOUNS, Connect, bound_id, bound_name
from agent.errors import SIDE_NAMES, NotConnected, NotPossible, SideError
from agent.hra.client import HraClient
from agent.plans import Plan
from agent.records import Attention, Choice, Connection, Event
from agent.side import Side
from agent.store import DataDir, Store
from agent.store.house import COPY
from agent.sync import Answer, Opened, Progress, Pushed, Report, Sync
from agent.vault import AUDIT, DIGESTS, PLANS, Digests, Key, Vault
from agent.wiring import SIDES, Lines, Times

SECTIONS_AT_ONCE = 8
RECORDS_AT_ONCE = 4
PATIENCE = 60.0  # seconds for the work in hand to end before a side is let go of
OFF = "{name} was disconnected, so schedules and pushes are off until somebody switches them on."
SWITCHED_OFF = (
    "Schedules and pushes were switched off, and stay off until somebody switches them on."
)
KEPT = (
    "Schedules and pushes are off now. Every other setting and all links are kept: connect the same {noun} again and "
    "switch them on, and the work goes on where it was."
)
LEFT_XERO = "{name} is disconnected: its connection to this agent is deleted there, the sign-in forgotten here."
WITHDRAWN = "{name} is disconnected: its connection to this agent is deleted there, the sign-in withdrawn and forgotten."
UNTOLD = (
    "The sign-in to {name} is forgotten here, but Xero could not be told ({why}). Remove the agent there yourself: "
    "Settings, Connected apps."
)
# assumption A21: where a person withdraws a consent in HRA Cloud is not documented.
LEFT_HRA = (
    "{name} is disconnected: its sign-in is forgotten here. HRA Cloud has no way to withdraw it from here; the person "
    "who signed in can withdraw the consent in their own HRA Cloud profile ({login_url}), or HR Assured does it."
)
WRONG_BRANCH = "{what}. Whoever belongs there is held. Correct agent.ini and start the agent again."
STILL_BUSY = (
    "A run is still at work and did not end within a minute. Nothing was changed; try again."
)


class Pair:
    """Everything that the agent needs to work on its two systems. `environ` may hold HRA_XERO_KEY.

    Raises DataDirBusy, KeyMissing, StateDamaged, Misconfigured.
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str], times: Times) -> None:
        self.settings = settings
        self.times = times
        self._folder = DataDir.hold(settings.agent.data_dir)
        try:
            self.key = Key.open(settings.agent.data_dir, environ)
            vault = Vault(settings.agent.data_dir, self.key)
            self.store = Store(
                settings.agent.data_dir, times.clock, audit_key=self.key.derive(AUDIT)
            )
            self.store.settle_in(_home(settings, times))
            self.lines = Lines(settings, vault, self.store, times)
        except BaseException:
            self._folder.release()
            raise
        self._digests = Digests(self.key.derive(DIGESTS))
        # Sections of one record are read in one pool, records in the other: neither waits in its own.
        self._sections = ThreadPoolExecutor(SECTIONS_AT_ONCE, "sections")
        self._records = ThreadPoolExecutor(RECORDS_AT_ONCE, "records")
        self._turn = threading.Condition()
        self._busy = 0
        self._leaving = ""
        self._built: tuple[Sync, HraClient] | None = None
        self._stale = True
        self.findings: tuple[str, ...] = ()
        self.connect = Connect(
            self.store,
            self.lines.tokens,
            {"hra": self.lines.accounts, "xero": self.lines.organisations},
            {"hra": settings.hra.account_id, "xero": settings.xero.tenant_id},
            self._bound,
        )
        self._tell_standing()

    def close(self) -> None:
        """Give back what is held. Work under way ends with Stopped."""
        self.lines.close()
        self._records.shutdown(wait=True, cancel_futures=True)
        self._sections.shutdown(wait=True, cancel_futures=True)
        self.store.close()
        self._folder.release()

    def run(
        self,
        kind: str,
        started_by: str,
        *,
        mode: str = "authoritative",
        dry_run: bool = False,
        employee: str | None = None,
        progress: Callable[[Progress], None] = lambda progress: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        """One import or export. Raises AgentError, Braked among them."""
        with self.using() as (sync, _):
            return sync.run(
                kind,
                started_by,
                mode=mode,
                dry_run=dry_run,
                employee=employee,
                progress=progress,
                stop=self._or_leaving(stop),
            )

    def apply(
        self,
        plan: Plan,
        started_by: str,
        *,
        progress: Callable[[Progress], None] = lambda progress: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        """Exactly this plan (R3). Raises AgentError."""
        with self.using() as (sync, _):
            return sync.apply(plan, started_by, progress=progress, stop=self._or_leaving(stop))

    def let_through(
        self,
        hash: str,
        started_by: str,
        *,
        progress: Callable[[Progress], None] = lambda progress: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        """The plan of this hash that the brake stopped (S1). Raises AgentError."""
        with self.using() as (sync, _):
            stop = self._or_leaving(stop)
            return sync.let_through(hash, started_by, progress=progress, stop=stop)

    def opened(self, attention_id: str) -> Opened:
        """A row that waits for a person, with both records as they are now. Raises NotPossible, SideError."""
        with self.using() as (sync, _):
            return sync.opened(attention_id)

    def answer(self, choice: Choice) -> Answer:
        """What a person decided (M2, M6, D7, S1, S2, H3). Raises NotPossible, Braked, SideError."""
        with self.using() as (sync, _):
            return sync.answer(choice)

    def push(self, hra_id: str, sections: tuple[str, ...]) -> Pushed:
        """One employee's eSS saves. Raises AgentError."""
        with self.using() as (sync, _):
            return sync.push(hra_id, sections)

    def probe(self) -> None:
        """Prove what is connected, and remember how each side stands. Never raises SideError (L3)."""
        for side in SIDES:
            self.prove(side)

    def prove(self, side: str) -> Connection:
        """Prove one side by a cheap read, whether or not the other is connected yet."""
        before, bound = self.store.connection(side), bound_id(self.store.binding(), side)
        try:
            found = self._client(side).probe()
        except SideError as error:
            # A pause or a passing fault says nothing about the sign-in (X4).
            standing = before.connected and error.try_again
            now = replace(before, connected=standing, reason=error.sentence())
        else:
            missing = tuple(
                dict.fromkeys((*self.lines.tokens[side].missing(), *found.missing_scopes))
            )
            name = found.name or bound_name(self.store.binding(), side)
            now = Connection(side, True, name, self.times.clock(), "", missing)
        if bound_id(self.store.binding(), side) != bound:
            return self.store.connection(side)  # somebody disconnected it meanwhile
        self.store.set_connection(now)
        return now

    def keep_alive(self) -> None:
        """Renew both sign-ins, so that no refresh token dies of disuse (L2), then prove them; not from a copy."""
        if self.is_copy:
            return
        for side in SIDES:
            try:
                self.lines.tokens[side].keep_alive()
            except SideError:
                continue  # the probe below tells the page
        self.probe()

    def expiry(self) -> dict[str, datetime | None]:
        """Per side, when its sign-in dies if nothing renews it (L3); None where nobody is signed in."""
        return {side: self.lines.tokens[side].dies() for side in SIDES}

    @property
    def is_copy(self) -> bool:
        """Whether this is a restored copy that no person has taken over yet: it must not use up the old one's
        refresh tokens (L5).
        """
        return self.store.standing() == COPY

    def disconnect(self, side: str, actor: str) -> str:
        """Let go of one side (L4): what was done and what is left to do, in sentences.

        Works too where the vendor does not answer. Raises NotPossible while a run does not come to its end.
        """
        with self._let_go(side):
            binding = self.store.binding()
            name = bound_name(binding, side)
            if not bound_id(binding, side) and self.lines.tokens[side].obtained() is None:
                return f"{SIDE_NAMES[side]} was not connected."
            if not self.store.standing():
                self.store.switch_off(OFF.format(name=SIDE_NAMES[side]))
            told = self._farewell(side, name)
            self.lines.tokens[side].forget()
            self.connect.part(side)
            self.store.set_connection(Connection(side, reason=NotConnected(side).sentence()))
            self._built, self._stale = None, True
            self._tell_standing()
            self.store.note(Event("disconnected", why=SIDE_NAMES[side], actor=actor))
            return f"{told} {KEPT.format(noun=NOUNS[side])}"

    def switch_on(self, actor: str) -> None:
        """Schedules and pushes may run again; a copy is now the agent (L4, L5)."""
        self.store.switch_on()
        self._tell_standing()
        self.store.note(Event("switched", why="on", actor=actor))

    def switch_off(self, actor: str) -> None:
        """Let no schedule and no push run until somebody switches them on."""
        if not self.store.standing():
            self.store.switch_off(SWITCHED_OFF)
        self._tell_standing()
        self.store.note(Event("switched", why="off", actor=actor))

    def seal(self, data: bytes) -> str:
        """A keyed mark of a plan file, so that an edited or foreign one is known (R3)."""
        return hmac.digest(self.key.derive(PLANS), data, "sha256").hex()

    def hra(self) -> HraClient:
        """HRA Cloud's client. Raises NotConnected."""
        with self.using() as (_, hra):
            return hra

    @contextmanager
    def using(self) -> Iterator[tuple[Sync, HraClient]]:
        """The Sync and HRA's client, which stay as they are meanwhile. Raises NotConnected, SideError."""
        with self._turn:
            if self._leaving:
                raise NotConnected(self._leaving)
            if self._busy == 0 and (self._stale or self._built is None):
                self._built = self._build()
                self._stale = bool(self.findings)  # a branch that is missing may be there next time
            if self._built is None:
                raise NotConnected("hra")
            built = self._built
            self._busy += 1
        try:
            yield built
        finally:
            with self._turn:
                self._busy -= 1
                self._turn.notify_all()

    def check_branches(self) -> tuple[str, ...]:
        """What is wrong with the branch settings, in words. Raises SideError."""
        with self.using():
            return self.findings

    @contextmanager
    def _let_go(self, side: str) -> Iterator[None]:
        """Nothing begins meanwhile, and what was under way has come to its end."""
        with self._turn:
            if self._leaving:
                raise NotPossible(f"{SIDE_NAMES[self._leaving]} is being disconnected already.")
            self._leaving = side
        try:
            with self._turn:
                if not self._turn.wait_for(lambda: self._busy == 0, PATIENCE):
                    raise NotPossible(STILL_BUSY)
            yield
        finally:
            with self._turn:
                self._leaving = ""

    def _or_leaving(self, stop: Callable[[], bool]) -> Callable[[], bool]:
        return lambda: bool(self._leaving) or stop()

    def _farewell(self, side: str, name: str) -> str:
        if side == "hra":
            return LEFT_HRA.format(name=name, login_url=self.settings.hra.login_url)
        try:
            withdrawn = self.lines.leave_xero(self.store.binding().tenant_id)
        except SideError as error:
            return UNTOLD.format(name=name, why=f"{SIDE_NAMES[side]} {error.what}")
        return (WITHDRAWN if withdrawn else LEFT_XERO).format(name=name)

    def _tell_standing(self) -> None:
        """Why nothing runs by itself, among what waits for a person (L5)."""
        why = self.store.standing()
        row = Attention("standing", "switched-off", why, needs_person=False)
        rows = (row,) if why else ()
        self.store.replace_attention("standing", rows)

    def _bound(self, side: str, actor: str) -> None:
        self._stale = True
        self._tell_standing()  # the list of another pair, perhaps
        self.prove(side)
        why = f"{SIDE_NAMES[side]}: {bound_name(self.store.binding(), side)}"
        self.store.note(Event("connected", why=why, actor=actor))

    def _build(self) -> tuple[Sync, HraClient]:
        binding = self.store.binding()
        for side in SIDES:
            if not bound_id(binding, side):
                raise NotConnected(side)
        hra = self._hra_client()
        branches = self._branches(hra)
        xero = wiring.xero_client(self.lines, self.settings, binding, self.times, branches)
        policy = wiring.policy(self.settings, branches)
        sync = Sync(
            hra,
            xero,
            self.store,
            self._digests,
            policy,
            self.times.clock,
            calls=self.lines.calls,
            pool=self._records,
        )
        return sync, hra

    def _branches(self, hra: HraClient) -> BranchMap:
        if not wiring.names_branches(self.settings):
            self._tell_findings(())
            return BranchMap(self.settings.branches.match_employee_groups)
        hra.begin()
        made, findings = wiring.branch_map(self.settings, hra.branches())
        self._tell_findings(findings)
        return made

    def _tell_findings(self, findings: tuple[str, ...]) -> None:
        """A branch of the settings that is none: its people are held, and the page says why (B2)."""
        self.findings = findings
        rows = [Attention("settings", "notice", WRONG_BRANCH.format(what=one)) for one in findings]
        self.store.replace_attention("settings", rows)

    def _client(self, side: str) -> Side:
        """A client for a probe. Raises NotConnected where nothing is linked on that side."""
        binding = self.store.binding()
        if not bound_id(binding, side):
            raise NotConnected(side)
        if side == "hra":
            return self._hra_client()
        return wiring.xero_client(self.lines, self.settings, binding, self.times, BranchMap())

    def _hra_client(self) -> HraClient:
        binding = self.store.binding()
        return wiring.hra_client(self.lines, self.settings, binding, self.times, self._sections)


def _home(settings: Settings, times: Times) -> str:
    """A mark of this machine and folder: a copy of the folder on another machine, or in another place, has another."""
    where = f"{times.machine}:{settings.agent.data_dir.resolve()}"
    return hashlib.sha256(where.encode()).hexdigest()[:16]
