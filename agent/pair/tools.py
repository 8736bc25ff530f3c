"""What a piece of work works with: both clients, HRA's branches as the settings name them, and the Sync over them.

Reads HRA's list of branches where the settings name any. Promises: a branch of the settings that is none becomes a row
of the attention list and a finding, never an error (B2).
"""

from concurrent.futures import Executor

from agent import wiring
from agent.branches import BranchMap
from agent.config import Settings
from agent.connect import bound_id
from agent.errors import NotConnected
from agent.hra.client import HraClient
from agent.records import Attention
from agent.side import Side
from agent.store import Store
from agent.sync import Sync
from agent.transport.urgency import Carrying
from agent.vault import Digests
from agent.wiring import SIDES, Lines, Times

SECTIONS_AT_ONCE = 8
RECORDS_AT_ONCE = 4
WRONG_BRANCH = "{what}. Whoever belongs there is held. Correct agent.ini and start the agent again."


class Tools:
    """Makes clients and Sync of what is linked at the moment. `close` ends the threads that read."""

    def __init__(
        self, settings: Settings, times: Times, store: Store, lines: Lines, digests: Digests
    ) -> None:
        self.settings = settings
        self._times = times
        self._store = store
        self._lines = lines
        self._digests = digests
        # Sections of one record are read in one pool, records in the other: neither waits in its own.
        self._sections: Executor = Carrying(SECTIONS_AT_ONCE, "sections")
        self._records: Executor = Carrying(RECORDS_AT_ONCE, "records")
        self.findings: tuple[str, ...] = ()

    def close(self) -> None:
        """End the threads."""
        self._records.shutdown(wait=True, cancel_futures=True)
        self._sections.shutdown(wait=True, cancel_futures=True)

    def make(self) -> tuple[tuple[Sync, HraClient], bool]:
        """Sync and HRA's client; False where a branch was not found, which may be there next time.

        Raises NotConnected, SideError.
        """
        binding = self._store.binding()
        for side in SIDES:
            if not bound_id(binding, side):
                raise NotConnected(side)
        hra = self._hra()
        branches = self._branches(hra)
        sync = Sync(
            hra,
            wiring.xero_client(self._lines, self.settings, binding, self._times, branches),
            self._store,
            self._digests,
            wiring.policy(self.settings, branches),
            self._times.clock,
            calls=self._lines.calls,
            pool=self._records,
            standing=self._lines.gate.standing,
        )
        return (sync, hra), not self.findings

    def client(self, side: str) -> Side:
        """A client for a probe. Raises NotConnected where nothing is linked on that side."""
        binding = self._store.binding()
        if not bound_id(binding, side):
            raise NotConnected(side)
        if side == "hra":
            return self._hra()
        return wiring.xero_client(self._lines, self.settings, binding, self._times, BranchMap())

    def _hra(self) -> HraClient:
        binding = self._store.binding()
        return wiring.hra_client(self._lines, self.settings, binding, self._times, self._sections)

    def _branches(self, hra: HraClient) -> BranchMap:
        if not wiring.names_branches(self.settings):
            self._tell(())
            return BranchMap(self.settings.branches.match_employee_groups)
        hra.begin()
        made, findings = wiring.branch_map(self.settings, hra.branches())
        self._tell(findings)
        return made

    def _tell(self, findings: tuple[str, ...]) -> None:
        """A branch of the settings that is none: its people are held, and the page says why (B2)."""
        self.findings = findings
        rows = [Attention("settings", "notice", WRONG_BRANCH.format(what=one)) for one in findings]
        self._store.replace_attention("settings", rows)
