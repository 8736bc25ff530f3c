"""The shell around the decisions: runs, eSS pushes and probes over two sides, a store and a clock.

Promises: a second run over unchanged data writes nothing; an interruption leaves every section untouched or final;
an accepted save is pushed in its latest state; runs never overlap, and a push waits for no more than one record (R1).
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime
from threading import Lock

from agent import plans, words
from agent.errors import Braked, NotConnected, NotPossible, SideError, WrongTarget
from agent.merge import Rules
from agent.plans import Plan
from agent.records import Attention, Choice, Connection, Event, Run
from agent.side import HraSide, Side, XeroSide
from agent.store import Store
from agent.sync.allotting import Allotting, Policy
from agent.sync.answers import Answers
from agent.sync.applying import Applying
from agent.sync.book import (
    DRY_RUN,
    PLANNED,
    Book,
    Standing,
    nothing_known,
    outcome_of,
    sentence_of,
)
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
)
from agent.sync.round import Round
from agent.sync.tale import Tale
from agent.sync.verifying import KIND as VERIFY
from agent.sync.verifying import Verifying

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


class Sync:
    """Imports, exports, pushes and a person's choices for one linked pair."""

    def __init__(
        self,
        hra: HraSide,
        xero: XeroSide,
        store: Store,
        digests: Digester,
        policy: Policy,
        clock: Callable[[], datetime],
        *,
        calls: Callable[[], Mapping[str, int]] = dict,
        pool: Executor | None = None,
        standing: Standing = nothing_known,
    ) -> None:
        self._sides: dict[str, Side] = {"hra": hra, "xero": xero}
        self._store = store
        self._policy = policy
        self._clock = clock
        self._book = Book(store, clock, calls, standing)
        self._allotting = Allotting(policy, store, self._book, clock)
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
        fresh: bool = False,
        progress: Callable[[Progress], None] = lambda progress: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        """One import, export or verification. It goes on with a stopped one of its kind, unless `fresh` or for one person
        (R4). Raises SideError when a side cannot be used, Braked, NotPossible for an employee that nobody is, Stopped when
        asked to stop; in each case the run row is closed with its reason."""
        with self._running:
            since = None
            if not (dry_run or fresh or employee is not None):
                since = self._allotting.goes_on_from(kind, mode)
            order = Order(kind, started_by, mode, dry_run, employee, progress, stop, since)
            row = self._book.opened(order, DRY_RUN if dry_run else "")
            order = replace(order, progress=self._book.teller(row, order), at=row.started)
            if kind == VERIFY:
                return self._verify(row, order)
            return self._once(row, order)

    def _once(self, row: Run, order: Order) -> Report:
        turn = self._round(order)

        def go() -> None:
            self._prove()
            turn.rules = replace(turn.rules, signed_in=self._signed_in or ("", ""))
            turn.go()

        try:
            return self._report(row, turn.tale, go, turn)
        except Braked as braked:
            if not order.dry_run:
                self._keep_braked(order.kind, braked, turn)
            raise

    def _verify(self, row: Run, order: Order) -> Report:
        """By the rules of a schedule: what first contact would decide waits for an import or export of a person's (D2)."""
        book = self._book
        rules = replace(self._rules_of(order.started_by), by_person=False)
        turn = Verifying(self._hands, rules, order, book.spare, book.day_ends)

        def prove() -> None:
            self._prove()
            turn.rules = replace(turn.rules, signed_in=self._signed_in or ("", ""))

        return self._report(row, turn.tale, lambda: turn.go(prove), turn)

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
            order = Order(plan.kind, started_by, plan.mode, progress=progress, stop=stop)
            row = self._book.opened(order, PLANNED)
            order = replace(order, progress=self._book.teller(row, order), at=row.started)
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

    def push(self, hra_id: str, sections: tuple[str, ...] = (), wait: bool = True) -> Pushed:
        """Carry one employee's eSS save to Xero. Raises SideError, OwnFault; `try_again` says whether it may pass by itself.
        Without `wait` Busy, where the record is at work elsewhere."""
        try:
            return self._pushing.push(hra_id, sections, wait)
        except SideError as error:
            self._tell_lost(error)
            raise

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
        rules = replace(self._rules_of(order.started_by), mode=order.mode, overrule=order.overrule)
        policy = self._policy
        return Round(
            self._hands, rules, policy.matching, policy.brake, self._allotting.share, order
        )

    def _rules_of(self, actor: str) -> Rules:
        """The rules of whoever acts; schedule and eSS are no persons (D2)."""
        return replace(
            self._policy.rules,
            actor=actor,
            by_person=actor not in ("schedule", "eSS"),
            signed_in=self._signed_in or ("", ""),
        )

    def _report(
        self,
        row: Run,
        tale: Tale,
        go: Callable[[], object],
        turn: Round | Verifying | None = None,
    ) -> Report:
        """Run it, and close its row however it ends."""
        book = self._book
        calls = book.calls()
        try:
            go()
        except BaseException as error:
            book.closed(row, tale.tally, calls, outcome_of(error), sentence_of(error))
            self._tell_lost(error)
            raise
        self._store.replace_attention("org", words.notices(self._store.links()))
        needs = sum(row.needs_person and not row.dismissed for row in self._store.attention())
        paused = turn.paused if isinstance(turn, Verifying) else ""
        outcome = "paused" if paused else "attention" if needs else "done"
        closed = book.closed(row, tale.tally, calls, outcome, paused)
        plan, braked = (turn.plan, turn.braked) if turn else (None, "")
        return Report(closed, tuple(tale.lines), needs, plan, braked, paused)

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

    def _tell_lost(self, error: BaseException) -> None:
        """A sign-in that is lost under way is told at once, not only by the next probe (L3)."""
        if isinstance(error, NotConnected | WrongTarget):
            before = self._store.connection(error.side)
            lost = replace(before, side=error.side, connected=False, reason=error.sentence())
            self._store.set_connection(lost)

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
