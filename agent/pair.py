"""The linked pair in this process: the data directory, the store, the lines to both systems and the Sync.

`Pair` builds every object once and works without page or schedule (the commands use it so). Promises: one
process a data directory; clients and branch map are built anew after a person connected, between two pieces
of work and never under one; `close` gives everything back.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from agent import wiring
from agent.branches import BranchMap
from agent.config import Settings
from agent.connect import Connect, bound_id, bound_name
from agent.errors import NotConnected, SideError
from agent.hra.client import HraClient
from agent.records import Connection
from agent.side import Side
from agent.store import DataDir, Store
from agent.sync import Progress, Pushed, Report, Sync
from agent.vault import DIGESTS, Digests, Key, Vault
from agent.wiring import SIDES, Lines, Times

SECTIONS_AT_ONCE = 8
RECORDS_AT_ONCE = 4


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
            self.store = Store(settings.agent.data_dir, times.clock)
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
        """One import or export. Raises AgentError."""
        with self.using() as (sync, _):
            return sync.run(
                kind,
                started_by,
                mode=mode,
                dry_run=dry_run,
                employee=employee,
                progress=progress,
                stop=stop,
            )

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
        before = self.store.connection(side)
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
        self.store.set_connection(now)
        return now

    def keep_alive(self) -> None:
        """Renew both sign-ins, so that no refresh token dies of disuse (L2), then prove them."""
        for side in SIDES:
            try:
                self.lines.tokens[side].keep_alive()
            except SideError:
                continue  # the probe below tells the page
        self.probe()

    def hra(self) -> HraClient:
        """HRA Cloud's client. Raises NotConnected."""
        with self.using() as (_, hra):
            return hra

    @contextmanager
    def using(self) -> Iterator[tuple[Sync, HraClient]]:
        """The Sync and HRA's client, which stay as they are meanwhile. Raises NotConnected, SideError."""
        with self._turn:
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

    def check_branches(self) -> tuple[str, ...]:
        """What is wrong with the branch settings, in words. Raises SideError."""
        with self.using():
            return self.findings

    def _bound(self, side: str) -> None:
        self._stale = True
        self.prove(side)

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
            self.findings = ()
            return BranchMap(self.settings.branches.match_employee_groups)
        made, self.findings = wiring.branch_map(self.settings, hra.branches())
        return made

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
