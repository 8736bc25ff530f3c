"""The shell around the decisions: runs, eSS pushes and probes over two sides, a store and a clock.

Promises: a second run over unchanged data writes nothing; an interruption leaves every section untouched or final;
an accepted save is pushed in its latest state; runs never overlap, and a push waits for no more than one record (R1).
"""

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock

from agent import plan, words
from agent.employee import Employee, Person, Status
from agent.errors import AgentError, Reach, SideError, Stopped
from agent.fields import FIELDS
from agent.merge import Kind, Rules
from agent.records import Connection, Pending, Run
from agent.side import Side
from agent.store import Store
from agent.sync.ledger import Digester, Ledger
from agent.sync.locks import Locks
from agent.sync.newcomers import Newcomers
from agent.sync.records import Done, Records
from agent.sync.report import FieldLine, Line, Progress, Pushed, Report, counted
from agent.sync.round import Order, Round

__all__ = ["FieldLine", "Line", "Order", "Policy", "Progress", "Pushed", "Report", "Sync"]

# The hook's words for sections, and the field groups that they stand for.
SECTIONS = {
    "details": "details",
    "bank-accounts": "bank",
    "retirement-savings": "super",
    "tax-details": "tax",
}


@dataclass(frozen=True)
class Policy:
    """The settings that a sync obeys. `branch_for` gives an HRA branch id for somebody from Xero, None where unmapped."""

    rules: Rules
    branch_for: Callable[[Employee], str | None] = lambda employee: None
    matching: str = "date_of_birth"
    every_hours: float = 3.0
    verify_every_hours: float = 24.0


class Sync:
    """Import, export, push and probe for one linked pair."""

    def __init__(
        self,
        hra: Side,
        xero: Side,
        store: Store,
        digests: Digester,
        policy: Policy,
        clock: Callable[[], datetime],
        *,
        calls: Callable[[], Mapping[str, int]] = dict,
        pool: Executor | None = None,
    ) -> None:
        self._sides: dict[str, Side] = {"hra": hra, "xero": xero}
        self._store = store
        self._policy = policy
        self._clock = clock
        self._calls = calls
        self._running = Lock()
        locks = Locks()
        self._records = Records(self._sides, store, Ledger(digests), clock, locks, pool)
        self._newcomers = Newcomers(
            self._sides, store, self._records, clock, locks, policy.branch_for
        )

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
        """One import or export. Raises SideError when a side cannot be used, Stopped when asked to stop; either way
        the run row is closed with its reason."""
        with self._running:
            row = self._store.open_run(f"{kind}, dry run" if dry_run else kind, started_by)
            calls = dict(self._calls())
            tell = self._teller(row, progress)
            order = Order(kind, started_by, mode, dry_run, employee, tell, stop)
            turn = self._round(order)
            try:
                self._prove()
                turn.go()
            except BaseException as error:
                self._close(row, turn.tally, calls, _outcome_of(error), _sentence_of(error))
                raise
            self._store.replace_attention("org", words.notices(self._store.links()))
            needs = sum(row.needs_person for row in self._store.attention())
            closed = self._close(row, turn.tally, calls, "attention" if needs else "done", "")
            return Report(closed, tuple(turn.lines), needs)

    def push(self, hra_id: str, sections: tuple[str, ...] = ()) -> Pushed:
        """Carry one employee's eSS save to Xero. Raises SideError; `try_again` says whether it may pass by itself."""
        link = self._store.link_of("hra", hra_id)
        if link is None:
            return self._push_stranger(hra_id)
        groups = frozenset(SECTIONS[name] for name in sections) or None
        try:
            done = self._records.carry_out(link, self._policy.rules, "to_xero", "eSS", groups)
        except SideError as error:
            if error.reach is Reach.ITEM:
                self._records.failed(link, error)
            raise
        self._store.replace_attention("org", words.notices(self._store.links()))
        return _pushed(done, groups)

    def probe(self) -> None:
        """Prove both connections, and remember how each stands. Never raises SideError."""
        for name in self._sides:
            self._prove_one(name)

    # --- helpers ------------------------------------------------------------------------------------------------

    def _round(self, order: Order) -> Round:
        share = min(1.0, self._policy.every_hours / self._policy.verify_every_hours)
        return Round(
            self._sides,
            self._store,
            self._records,
            self._newcomers,
            self._policy.rules,
            self._policy.matching,
            share,
            order,
        )

    def _teller(self, row: Run, progress: Callable[[Progress], None]) -> Callable[[Progress], None]:
        """Progress goes to who asked, and every tenth record to the run row, so that the page can show it."""

        def tell(now: Progress) -> None:
            progress(now)
            if now.done % 10 == 0 or now.done == now.total:
                self._store.save_run(replace(row, done=now.done, total=now.total, reason=now.phase))

        return tell

    def _close(
        self, row: Run, tally: Counter[str], calls: Mapping[str, int], outcome: str, reason: str
    ) -> Run:
        counts = counted(tally, self._calls(), calls)
        closed = replace(row, ended=self._clock(), outcome=outcome, reason=reason, counts=counts)
        self._store.save_run(closed)
        return closed

    def _prove(self) -> None:
        """L3: a run starts with a cheap read of each side; a side that fails it stops the run."""
        for name in self._sides:
            error = self._prove_one(name)
            if error is not None:
                raise error

    def _prove_one(self, name: str) -> SideError | None:
        before = self._store.connection(name)
        try:
            found = self._sides[name].probe()
        except SideError as error:
            # A pause or a passing fault says nothing about the sign-in (X4).
            standing = before.connected and error.try_again
            reason = error.sentence()
            self._store.set_connection(
                replace(before, side=name, connected=standing, reason=reason)
            )
            return error
        # What the sign-in itself was not granted is known since it was made; the probe may find more.
        missing = tuple(sorted({*before.missing_scopes, *found.missing_scopes}))
        self._store.set_connection(Connection(name, True, found.name, self._clock(), "", missing))
        return None

    def _push_stranger(self, hra_id: str) -> Pushed:
        """A save of somebody without a link: linked or created where that is certain, else said on the page (H2)."""
        source = self._sides["hra"].fetch(hra_id, frozenset({"details"}))
        known = self._store.link_of("hra", source.id)
        if known is not None:
            self._store.save_link(replace(known, hra_id=source.id))
            return self.push(source.id)
        if source.status is not Status.CURRENT:
            return Pushed(
                "held", reason="This person is not Current in HRA Cloud, so the save stays there."
            )
        person = self._sides["hra"].person(source.id)
        return self._admit(replace(person, status=source.status))

    def _admit(self, person: Person) -> Pushed:
        """Decide for this one among everybody: another HRA record may claim the same partner."""
        others = [p for p in self._sides["hra"].listing().people if p.id != person.id]
        listing = self._sides["xero"].listing()
        decided = plan.strangers(
            [person, *others],
            listing.people,
            self._newcomers.spoken_for(),
            self._store.pending(),
            self._policy.matching,
            "to_xero",
        )
        for row in decided.held:
            if row.hra_id == person.id:
                self._store.replace_attention(row.scope, (row,))
                return Pushed("held", reason=row.text)
        for joining in decided.joins:
            if joining.hra_id == person.id:
                return self._push_joined(joining)
        for create in decided.creates:
            if create.source.id == person.id:
                return self._push_created(create, decided.settled, listing.marker)
        return Pushed(
            "held", reason="This person is not linked, and nobody in Xero is certain to be them."
        )

    def _push_joined(self, joining: plan.Join) -> Pushed:
        link = self._newcomers.join(joining) or self._store.link_of("hra", joining.hra_id)
        if link is None:
            return Pushed(
                "held",
                reason="This person's partner in Xero was linked to somebody else meanwhile.",
            )
        self._store.clear_pending("xero", joining.hra_id)
        return _pushed(self._records.carry_out(link, self._policy.rules, "to_xero", "eSS"), None)

    def _push_created(
        self, create: plan.Create, settled: tuple[Pending, ...], since: str
    ) -> Pushed:
        for pending in settled:
            if pending.source_id == create.source.id:
                self._store.clear_pending(pending.side, pending.source_id)
        created = self._newcomers.create(create, self._policy.rules, "eSS", since)
        if created.seen is None:
            return Pushed("held", reason=f"Not created in Xero: this person's {created.reason}.")
        return Pushed("done", created.fields)


def _pushed(done: Done, groups: frozenset[str] | None) -> Pushed:
    if done.written:
        return Pushed("done", done.written)
    seen = done.seen
    if seen.hra.status is not Status.CURRENT:
        return Pushed(
            "held", reason="This person is not Current in HRA Cloud, so the save stays there."
        )
    waiting = {
        name: reason
        for name, reason in seen.link.open.items()
        if name in FIELDS and (groups is None or FIELDS[name].group in groups)
    }
    held = [d for d in seen.decisions if d.name in waiting and d.kind in (Kind.HOLD, Kind.TO_XERO)]
    if not held:
        return Pushed("nothing")
    code, detail = words.split(waiting[held[0].name])
    names = tuple(d.name for d in held)
    told = (
        "The page has a notice for the whole organisation that says why."
        if code in words.FOR_ALL
        else words.sentence(code, names, detail)
    )
    return Pushed("held", names, told, certain=False)


def _outcome_of(error: BaseException) -> str:
    return "stopped" if isinstance(error, Stopped | KeyboardInterrupt | SystemExit) else "failed"


def _sentence_of(error: BaseException) -> str:
    return (
        error.sentence()
        if isinstance(error, AgentError)
        else "The run ended unexpectedly; see the log."
    )
