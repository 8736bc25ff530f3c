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
from agent.employee import Employee, Person, Status
from agent.errors import AgentError, Braked, NotPossible, Reach, SideError, Stopped
from agent.fields import FIELDS
from agent.merge import Kind, Rules
from agent.plan import Brake
from agent.plans import Plan
from agent.records import Attention, Choice, Connection, Event, Link, Pending, Run
from agent.side import HraSide, Side
from agent.store import Store
from agent.strangers import Create, Join, Matching, Strangers, decide
from agent.sync.answers import Answers
from agent.sync.applying import Applying
from agent.sync.ledger import Digester, Ledger
from agent.sync.locks import Locks
from agent.sync.newcomers import Newcomers, not_created
from agent.sync.order import Order
from agent.sync.planning import Planner
from agent.sync.records import Done, Records
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
from agent.sync.round import Hands, Round
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

# The hook's words for sections, and the field groups that they stand for.
SECTIONS = {
    "details": "details",
    "bank-accounts": "bank",
    "retirement-savings": "super",
    "tax-details": "tax",
}
NOT_CURRENT = "This person is not Current in HRA Cloud, so the save stays there."
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
            hra, xero, store, self._records, clock, locks, policy.branch_for
        )
        self._hands = Hands(hra, xero, store, self._records, self._newcomers, Planner(ledger))
        self._answers = Answers(
            self._hands, clock, self._rules_of, self._push_again, self.let_through
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
        link = self._store.link_of("hra", hra_id)
        if link is None:
            return self._push_stranger(hra_id)
        groups = frozenset(SECTIONS[name] for name in sections) or None
        try:
            done = self._records.carry_out(link, self._rules_of("eSS"), "to_xero", "eSS", groups)
        except SideError as error:
            if error.reach is Reach.ITEM:
                self._records.failed(link, error)
            raise
        self._store.replace_attention("org", words.notices(self._store.links()))
        return _pushed(done, groups)

    def opened(self, id: str) -> Opened:
        """An attention row with both records as they are now; nothing personal is stored. Raises NotPossible, SideError."""
        return self._answers.opened(id)

    def answer(self, choice: Choice) -> Answer:
        """A person's choice about something that waits, applied at once. Raises NotPossible, Braked, SideError."""
        if self._signed_in is None:
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

    def _push_again(self, hra_id: str) -> Answer:
        pushed = self.push(hra_id)
        if pushed.outcome == "held":
            return Answer(pushed.reason, 1)
        self._store.replace_attention(f"hook:{hra_id}", ())
        return Answer("Done: what was saved is in Xero.")

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

    def _push_stranger(self, hra_id: str) -> Pushed:
        """A save of somebody without a link: linked or created where that is certain, else said on the page (H2)."""
        source = self._sides["hra"].fetch(hra_id, frozenset({"details"}))
        known = self._before_transfer(source)
        if known is not None:
            self._records.follow(known)
            if self._store.link_of("hra", source.id) is not None:
                return self.push(source.id)
        if source.status is not Status.CURRENT:
            return Pushed("held", reason=NOT_CURRENT)
        person = self._sides["hra"].person(source.id)
        return self._admit(replace(person, status=source.status))

    def _before_transfer(self, source: Employee) -> Link | None:
        """The link of the record that somebody was transferred from, however often (M5)."""
        seen, id = {source.id}, source.old_id
        while id and id not in seen:
            found = self._store.link_of("hra", id)
            if found is not None:
                return found
            seen.add(id)
            id = self._sides["hra"].person(id).old_id
        return self._store.link_of("hra", source.id)

    def _admit(self, person: Person) -> Pushed:
        """Decide for this one among everybody: another HRA record may claim the same partner."""
        others = [p for p in self._sides["hra"].listing().people if p.id != person.id]
        listing = self._sides["xero"].listing()
        decided = decide(
            [person, *others],
            listing.people,
            self._newcomers.known(),
            self._policy.matching,
            "to_xero",
        )
        return self._admitted(person, decided, listing.marker)

    def _admitted(self, person: Person, decided: Strangers, marker: str) -> Pushed:
        for row in decided.held:
            if row.hra_id == person.id:
                self._store.replace_attention(row.scope, (row,))
                return Pushed("held", reason=row.text)
        for joining in decided.joins:
            if joining.hra_id == person.id:
                return self._push_joined(joining)
        for create in decided.creates:
            if create.source.id == person.id:
                return self._push_created(create, decided.settled, marker)
        return Pushed(
            "held", reason="This person is not linked, and nobody in Xero is certain to be them."
        )

    def _push_joined(self, joining: Join) -> Pushed:
        link = self._newcomers.join(joining, self._rules_of("eSS")) or self._store.link_of(
            "hra", joining.hra_id
        )
        if link is None:
            return Pushed(
                "held",
                reason="This person's partner in Xero was linked to somebody else meanwhile.",
            )
        self._store.clear_pending("xero", joining.hra_id)
        rules = self._rules_of("eSS")
        return _pushed(self._records.carry_out(link, rules, "to_xero", "eSS"), None)

    def _push_created(self, create: Create, settled: tuple[Pending, ...], since: str) -> Pushed:
        for pending in settled:
            if pending.source_id == create.source.id:
                self._store.clear_pending(pending.side, pending.source_id)
        created = self._newcomers.create(create, self._rules_of("eSS"), "eSS", since)
        if created.seen is None:
            return Pushed("held", reason=not_created(create, created.reason))
        return Pushed("done", created.fields)


def _pushed(done: Done, groups: frozenset[str] | None) -> Pushed:
    if done.written:
        return Pushed("done", done.written)
    seen = done.seen
    if seen.hra.status is not Status.CURRENT:
        return Pushed("held", reason=NOT_CURRENT)
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
    if isinstance(error, Braked):
        return "braked"
    return "stopped" if isinstance(error, Stopped | KeyboardInterrupt | SystemExit) else "failed"


def _sentence_of(error: BaseException) -> str:
    return (
        error.sentence()
        if isinstance(error, AgentError)
        else "The run ended unexpectedly; see the log."
    )
