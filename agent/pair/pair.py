"""The linked pair in this process: the data directory, the store, the lines to both systems and the Sync.

`Pair` builds every object once and works without page or schedule (the commands use it so). Promises: one
process a data directory; clients and branch map are built anew after a person connected, between two pieces
of work and never under one; a side is let go of between two pieces of work too (L4); a restored copy leaves both
systems alone (L5); `close` gives everything back.
"""

import hmac
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from agent.config import Settings
from agent.connect import NOUNS, Connect, bound_id, bound_name
from agent.errors import SIDE_NAMES, AgentError, NotConnected, NotPossible, SideError
from agent.hra.client import HraClient
from agent.pair.home import COPIED, former_home, home
from agent.pair.leaving import KEPT, OFF, farewell
from agent.pair.tools import Tools
from agent.pair.turns import Turns
from agent.plans import Plan
from agent.records import Attention, Choice, Connection, Event, Save
from agent.rekey import settle
from agent.results import ATTENTION
from agent.side import Side
from agent.store import DataDir, Store
from agent.sync import Answer, Opened, Progress, Pushed, Report, Sync
from agent.transport.urgency import EXPORT, IMPORT, PUSH, VERIFY, working
from agent.vault import AUDIT, DIGESTS, PLANS, Digests, Key, Vault
from agent.wiring import SIDES, Lines, Times

SWITCHED_OFF = (
    "Schedules and pushes were switched off, and stay off until somebody switches them on."
)
URGENCIES = {"import": IMPORT, "export": EXPORT, "verify": VERIFY}
WAITS = "Schedules and pushes are off: the save is tried again once they are switched on."


class Pair:
    """Everything that the agent needs to work on its two systems. `environ` may hold HRA_XERO_KEY.

    Raises DataDirBusy, KeyMissing, StateDamaged, Misconfigured.
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str], times: Times) -> None:
        self.settings = settings
        self.times = times
        self._folder = DataDir.hold(settings.agent.data_dir)
        try:
            key = Key.open(settings.agent.data_dir, environ)
            self.key = settle(settings.agent.data_dir, key, environ)
            vault = Vault(settings.agent.data_dir, self.key)
            self.store = Store(
                settings.agent.data_dir, times.clock, audit_key=self.key.derive(AUDIT)
            )
            folder = settings.agent.data_dir
            self.store.settle_in(home(folder, times), former_home(folder, times))
            self.lines = Lines(settings, vault, self.store, times)
            self.expiry()  # sign-ins that cannot be opened are told now, and not in the middle of something
        except BaseException:
            self._folder.release()
            raise
        digests = Digests(self.key.derive(DIGESTS))
        self.tools = Tools(settings, times, self.store, self.lines, digests)
        self._turns = Turns(self.tools.make)
        self.connect = Connect(
            self.store,
            self.lines.tokens,
            {"hra": self.lines.accounts, "xero": self.lines.organisations},
            {"hra": settings.hra.account_id, "xero": settings.xero.tenant_id},
            self._bound,
            {"xero": self.lines.take_back},
        )
        self._tell_standing()

    def close(self) -> None:
        """Give back what is held. Work under way ends with Stopped."""
        self.lines.close()
        self.tools.close()
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
        fresh: bool = False,
        progress: Callable[[Progress], None] = lambda progress: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        """One import, export or verification; `fresh` reads everybody, also whom a stopped run has read (R4).

        Raises AgentError, Braked among them.
        """
        with self.using() as (sync, _), working(URGENCIES[kind]):
            return sync.run(
                kind,
                started_by,
                mode=mode,
                dry_run=dry_run,
                employee=employee,
                fresh=fresh,
                progress=progress,
                stop=self._turns.or_leaving(stop),
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
        with self.using() as (sync, _), working(URGENCIES[plan.kind]):
            return sync.apply(
                plan, started_by, progress=progress, stop=self._turns.or_leaving(stop)
            )

    def let_through(
        self,
        hash: str,
        started_by: str,
        *,
        progress: Callable[[Progress], None] = lambda progress: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        """The plan of this hash that the brake stopped (S1). Raises AgentError."""
        with self.using() as (sync, _), working(IMPORT):
            stop = self._turns.or_leaving(stop)
            return sync.let_through(hash, started_by, progress=progress, stop=stop)

    def opened(self, attention_id: str) -> Opened:
        """A row that waits for a person, with both records as they are now. Raises NotPossible, SideError."""
        with self.using() as (sync, _):
            return sync.opened(attention_id)

    def answer(self, choice: Choice) -> Answer:
        """What a person decided (M2, M6, D7, S1, S2, H3). Raises NotPossible, Braked, SideError."""
        if self.store.standing() and (employee := self._failed_save(choice)):
            return self._waits(employee, choice.actor)
        with self.using() as (sync, _):
            return sync.answer(choice)

    def push(self, hra_id: str, sections: tuple[str, ...]) -> Pushed:
        """One employee's eSS saves. Raises AgentError."""
        with self.using() as (sync, _), working(PUSH):
            return sync.push(hra_id, sections, wait=False)

    def probe(self) -> None:
        """Prove what is connected, and remember how each side stands. Never raises SideError (L3)."""
        for side in SIDES:
            self.prove(side)

    def prove(self, side: str) -> Connection:
        """Prove one side by a cheap read, whether or not the other is connected yet."""
        before, bound = self.store.connection(side), bound_id(self.store.binding(), side)
        if self.is_copy:
            return replace(before, connected=False, reason=COPIED)  # stored nowhere: nobody asked
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
            except AgentError:
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
        return self.store.is_copy()

    def at_home(self) -> None:
        """Raises NotPossible in a copy: whatever reads or writes at a system waits for a person's word (L5)."""
        if self.is_copy:
            raise NotPossible(COPIED)

    def disconnect(self, side: str, actor: str) -> str:
        """Let go of one side (L4): what was done and what is left to do, in sentences.

        Works too where the vendor does not answer. Raises NotPossible while a run does not come to its end.
        """
        with self._turns.let_go(side):
            binding = self.store.binding()
            name = bound_name(binding, side)
            if not bound_id(binding, side) and self.lines.tokens[side].obtained() is None:
                return f"{SIDE_NAMES[side]} was not connected."
            copy = self.is_copy
            if not self.store.standing():
                self.store.switch_off(OFF.format(name=SIDE_NAMES[side]))
            told = farewell(self.lines, self.settings, side, name, binding.tenant_id, copy)
            # The page first: a kill in between leaves a side that says so, and can be disconnected once more.
            self.store.set_connection(Connection(side, reason=NotConnected(side).sentence()))
            self.store.note(Event("disconnected", why=SIDE_NAMES[side], actor=actor))
            self.lines.tokens[side].forget()
            self.connect.part(side)
            self._tell_standing()
            return f"{told} {KEPT.format(noun=NOUNS[side])}"

    def switch_on(self, actor: str) -> None:
        """Schedules and pushes may run again, and what waited is due; a copy is now the agent (L4, L5)."""
        self.store.make_due()
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
        """The Sync and HRA's client, which stay as they are meanwhile. Raises NotConnected, SideError, in a copy
        NotPossible.
        """
        self.at_home()
        with self._turns.using() as built:
            yield built

    def check_branches(self) -> tuple[str, ...]:
        """What is wrong with the branch settings, in words. Raises SideError."""
        with self.using():
            return self.tools.findings

    def _failed_save(self, choice: Choice) -> str:
        """Whose save it is that a person wants tried again; "" for any other choice."""
        rows = (row for row in self.store.attention() if row.id == choice.id)
        row = next((one for one in rows if one.scope.startswith("hook:")), None)
        return row.hra_id or "" if row and choice.verb == "retry" else ""

    def _waits(self, employee: str, actor: str) -> Answer:
        """Kept for the time when pushes may run again: a push now would be one of those that are off (L4)."""
        id = f"again-{self.times.new_key()}"
        self.store.accept(Save(id, employee, (), self.times.clock()))
        self.store.note(Event("retried", hra_id=employee, way="to_xero", why=WAITS, actor=actor))
        return Answer(WAITS, ATTENTION)

    def _tell_standing(self) -> None:
        """Why nothing runs by itself, among what waits for a person (L5)."""
        why = self.store.standing()
        row = Attention("standing", "switched-off", why, needs_person=False)
        rows = (row,) if why else ()
        self.store.replace_attention("standing", rows)

    def _bound(self, side: str, actor: str) -> None:
        self._turns.renew()
        self.lines.bound(side, bound_id(self.store.binding(), side))
        self._tell_standing()  # the list of another pair, perhaps
        self.store.make_due()
        self.prove(side)
        why = f"{SIDE_NAMES[side]}: {bound_name(self.store.binding(), side)}"
        self.store.note(Event("connected", why=why, actor=actor))

    def _client(self, side: str) -> Side:
        return self.tools.client(side)
