"""The shell around the decisions: runs, eSS pushes and probes over two sides, a store and a clock.

Promises: a second run over unchanged data writes nothing; an interruption leaves every section untouched or final;
an accepted save is pushed in its latest state; runs never overlap, and a push waits for no more than one record (R1).
"""

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock

from agent import plans, words
from agent.employee import Employee
from agent.errors import AgentError, Braked, NotPossible, SideError, Stopped
from agent.merge import Rules
from agent.plan import Brake
from agent.plans import Plan
from agent.records import Attention, Choice, Connection, Event, Run
from agent.side import HraSide, Side
from agent.store import Store
from agent.strangers import Matching
from agent.sync.answers import Answers
from agent.sync.applying import Applying
from agent.sync.clerk import Clerk
from agent.sync.hands import Hands
from agent.sync.ledger import Digester, Ledger
from agent.sync.locks import Locks
from agent.sync.newcomers import Newcomers
from agent.sync.order import Order
from agent.sync.planning import Planner
from agent.sync.pushing import Pushing
from agent.sync.records import Records
from agent.sync.report import (
    Answer,
    FieldLine,
    Line,
    Opened,
    Progress,
    Pushed,
    Report,
    counted,
)
from agent.sync.round import Round
from agent.sync.tale import Tale

__all__ = [
    "Answer",
    "FieldLine",
    "Line",
    "Opened",
    "Order",
    "Policy",
    "Progress",
    "Pushed",
    "Report",
    "Sync",
]

# What a person can say while a side is away.
QUIET_VERBS = frozenset({"dismiss", "reject", "unlink", "ignore", "unignore"})
NO_PLAN = (
    "There is no stopped run with this plan any more. Start the run again: it is decided anew."
)


@dataclass(frozen=True)
class Policy:
    """The settings that a sync obeys. `branch_for` gives an HRA branch id for somebody from Xero, None where unmapped.

    `matching` switches the automatic linking (M1, M3, M4), `brake` says what a run may do unasked (S1).
    """

    rules: Rules
    branch_for: Callable[[Employee], str | None] = lambda employee: None
    matching: Matching = field(default_factory=Matching)
    every_hours: float = 3.0
    verify_every_hours: float = 24.0
    brake: Brake = field(default_factory=Brake)


class Sync:
    """Imports, exports, pushes and a person's choices for one linked pair."""

    def __init__(
        self,
        hra: HraSide,
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
        self._signed_in: tuple[str, str] | None = None
        locks, ledger = Locks(), Ledger(digests)
        self._records = Records(self._sides, store, ledger, clock, locks, pool)
        self._newcomers = Newcomers(
            hra,
            xero,
            store,
            self._records,
            clock,
            locks,
            policy.branch_for,
            policy.matching.candidates != "off",
        )
        self._hands = Hands(hra, xero, store, self._records, self._newcomers, Planner(ledger))
        self._pushing = Pushing(self._hands, policy.matching, lambda: self._rules_of("eSS"))
        self._answers = Answers(
            Clerk(self._hands, clock, self._rules_of, self._pushing.again, self.let_through)
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
        """One import or export. Raises SideError when a side cannot be used, Braked, NotPossible for an employee that
        nobody is, Stopped when asked to stop; in each case the run row is closed with its reason."""
        with self._running:
            row = self._store.open_run(f"{kind}, dry run" if dry_run else kind, started_by)
            tell = self._teller(row, progress)
            order = Order(kind, started_by, mode, dry_run, employee, tell, stop)
            turn = self._round(order)

            def go() -> None:
                self._prove()
                turn.rules = replace(turn.rules, signed_in=self._signed_in or ("", ""))
                turn.go()

            try:
                return self._report(row, turn.tale, go, turn)
            except Braked as braked:
                if not dry_run:
                    self._keep_braked(kind, braked, turn)
                raise

    def apply(
        self,
        plan: Plan,
        started_by: str,
        *,
        progress: Callable[[Progress], None] = lambda progress: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        """Exactly this plan (R3); a record that moved since is left, with a line that says so.

        Raises NotPossible for a plan of another pair, SideError, Stopped.
        """
        with self._running:
            row = self._store.open_run(f"{plan.kind}, as planned", started_by)
            tell = self._teller(row, progress)
            order = Order(plan.kind, started_by, plan.mode, progress=tell, stop=stop)
            rules = replace(
                self._rules_of(started_by),
                by_person=plan.by_person,
                mode=plan.mode,
                overrule=plan.overrule,
            )
            turn = Applying(self._hands, rules, order, plan)

            def go() -> None:
                self._prove()
                turn.rules = replace(turn.rules, signed_in=self._signed_in or ("", ""))
                turn.go()

            return self._report(row, turn.tale, go)

    def let_through(
        self,
        hash: str,
        started_by: str,
        *,
        progress: Callable[[Progress], None] = lambda progress: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        """A person's yes to a braked run: exactly the plan of this hash (S1). Raises NotPossible, and what `apply` raises."""
        text = self._store.kept_plan(hash)
        if text is None:
            raise NotPossible(NO_PLAN)
        plan = plans.from_kept(text)
        self._store.note(Event("approved", why=f"the stopped {plan.kind} {hash}", actor=started_by))
        report = self.apply(plan, started_by, progress=progress, stop=stop)
        self._store.drop_plan(hash)
        self._store.replace_attention(f"run:{plan.kind}", ())
        return report

    def push(self, hra_id: str, sections: tuple[str, ...] = ()) -> Pushed:
        """Carry one employee's eSS save to Xero. Raises SideError; `try_again` says whether it may pass by itself."""
        return self._pushing.push(hra_id, sections)

    def opened(self, id: str) -> Opened:
        """An attention row with both records as they are now; nothing personal is stored. Raises NotPossible, SideError."""
        return self._answers.opened(id)

    def answer(self, choice: Choice) -> Answer:
        """A person's choice about something that waits, applied at once. Raises NotPossible, Braked, SideError."""
        if self._signed_in is None and choice.verb not in QUIET_VERBS:
            self._prove()
        told = self._answers.answer(choice)
        self._store.replace_attention("org", words.notices(self._store.links()))
        return told

    # --- helpers ------------------------------------------------------------------------------------------------

    def _round(self, order: Order) -> Round:
        share = min(1.0, self._policy.every_hours / self._policy.verify_every_hours)
        rules = replace(self._rules_of(order.started_by), mode=order.mode, overrule=order.overrule)
        policy = self._policy
        return Round(self._hands, rules, policy.matching, policy.brake, share, order)

    def _rules_of(self, actor: str) -> Rules:
        """The rules of whoever acts; schedule and eSS are no persons (D2)."""
        return replace(
            self._policy.rules,
            actor=actor,
            by_person=actor not in ("schedule", "eSS"),
            signed_in=self._signed_in or ("", ""),
        )

    def _report(
        self, row: Run, tale: Tale, go: Callable[[], object], turn: Round | None = None
    ) -> Report:
        """Run it, and close its row however it ends."""
        calls = dict(self._calls())
        try:
            go()
        except BaseException as error:
            self._close(row, tale.tally, calls, _outcome_of(error), _sentence_of(error))
            raise
        self._store.replace_attention("org", words.notices(self._store.links()))
        needs = sum(row.needs_person and not row.dismissed for row in self._store.attention())
        closed = self._close(row, tale.tally, calls, "attention" if needs else "done", "")
        plan, braked = (turn.plan, turn.braked) if turn else (None, "")
        return Report(closed, tuple(tale.lines), needs, plan, braked)

    def _keep_braked(self, kind: str, braked: Braked, turn: Round) -> None:
        """S1: what was stopped waits on the page with its plan's hash; the plan holds digests only."""
        if turn.plan is not None:
            self._store.keep_plan(turn.plan.hash, plans.kept(turn.plan))
        row = Attention(
            scope=f"run:{kind}",
            kind="brake",
            text=f"{kind.capitalize()} stopped before its first write: {braked.why}."
            + (
                " Look at the plan, then let exactly it through, or reject it."
                if braked.hash
                else ""
            ),
            plan=braked.hash,
            buttons=("approve", "reject") if braked.hash else (),
        )
        self._store.replace_attention(row.scope, (row,))
        self._store.note(Event("braked", why=f"{kind}: {braked.why}", actor=turn.order.started_by))

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
        if name == "hra":
            self._signed_in = found.signed_in
        # What the sign-in itself was not granted is known since it was made; the probe may find more.
        missing = tuple(sorted({*before.missing_scopes, *found.missing_scopes}))
        self._store.set_connection(Connection(name, True, found.name, self._clock(), "", missing))
        return None


def _outcome_of(error: BaseException) -> str:
    if isinstance(error, Braked | NotPossible):
        return "braked" if isinstance(error, Braked) else "refused"
    return "stopped" if isinstance(error, Stopped | KeyboardInterrupt | SystemExit) else "failed"


def _sentence_of(error: BaseException) -> str:
    return (
        error.sentence()
        if isinstance(error, AgentError)
        else "The run ended unexpectedly; see the log."
    )
