"""One import or export: gather, guard, plan, act, record (the way of one scheduled run).

Everything is read and decided before the first write; each write re-reads its record under its lock and decides
again, so a run never overwrites what was saved after it gathered (R1).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from agent import plan
from agent.employee import Person, Status
from agent.errors import AgentError, Braked, NotPossible, OutcomeUnknown, Reach
from agent.merge import Rules
from agent.plans import Plan
from agent.records import Link, Pending
from agent.side import LeaveMoved, Listing
from agent.strangers import Convert, Create, Matching, Strangers
from agent.sync.gathering import Gathering, Verdict, check_stop, failed, load
from agent.sync.hands import Hands
from agent.sync.matchmaker import Matchmaker, unknown_employee
from agent.sync.newcomers import held
from agent.sync.order import Order
from agent.sync.planning import Drafted
from agent.sync.report import Progress
from agent.sync.selection import Apart, Share, apart, to_read
from agent.sync.tale import Tale

IMPORT_MARKER = "import"
LEAVE_MARKERS = ("PayRuns", "LeaveApplications")  # of Xero's lists that tell whose leave moved (F5)


@dataclass
class Round:
    """The course of one run. `go` does it all; `tale` tells afterwards what was done, `plan` what a dry run would do.

    `share` says how many people a scheduled run verifies, asked once the lists are read; `braked` says why a dry run's plan
    would be stopped.
    """

    hands: Hands
    rules: Rules
    matching: Matching
    brake: plan.Brake
    share: Callable[[], Share]
    order: Order
    tale: Tale = field(default_factory=Tale)
    plan: Plan | None = None
    braked: str = ""

    def go(self) -> None:
        """Run it. Raises SideError (a side cannot be used), Braked, NotPossible, Stopped."""
        hands = self.hands
        pending = (
            hands.store.pending()
        )  # before the lists: what is sent from now on may be in none of them
        for side in hands.sides().values():
            side.begin()
        hra = hands.hra.listing()
        self._check_employee(hra)
        self._follow(hra.people)
        xero = self._listing_of_xero(hra)
        listed = {"hra": hra.people} | ({"xero": xero.people} if xero.complete else {})
        plan.guard(hands.store.links(), listed)
        maker = self._matchmaker(pending)
        decided = maker.decide(hra, xero)
        links = (*hands.store.links(), *maker.would_link)
        leave = self._leave_moved()
        gathered = self._gathering()
        gathered.go(self._chosen(links, hra, xero, leave.people))
        if self.order.dry_run:
            self._foretell(gathered, decided, len(links))
            return
        self._brake(gathered, decided)
        markers = {"hra": hra.marker, "xero": xero.marker}
        self._act(gathered.verdicts, decided, markers[self.order.target])
        self._move_markers(hra, xero, leave)

    # --- gather -------------------------------------------------------------------------------------------------

    def _matchmaker(self, pending: Sequence[Pending]) -> Matchmaker:
        hands = self.hands
        return Matchmaker(
            hands.hra,
            hands.xero,
            hands.store,
            hands.newcomers,
            self.matching,
            self.rules,
            self.order,
            self.tale,
            pending,
        )

    def _check_employee(self, hra: Listing) -> None:
        wanted = self.order.employee
        known = wanted is None or self.hands.store.link_of("hra", wanted) is not None
        if not known and all(person.id != wanted for person in hra.people):
            raise NotPossible(unknown_employee(str(wanted)))

    def _listing_of_xero(self, hra: Listing) -> Listing:
        """Everybody where somebody may have to be matched or created, or a person asked; else what changed (X2)."""
        store, side = self.hands.store, self.hands.xero
        marker = store.marker("xero")
        linked = {link.hra_id for link in store.links()}
        strangers = any(p.id not in linked and p.status is Status.CURRENT for p in hra.people)
        if (
            self.order.by_person
            or marker is None
            or strangers
            or store.marker("strangers") != "none"
        ):
            return side.listing()
        changed = side.listing(marker)
        known = {link.xero_id for link in self.hands.newcomers.spoken_for()}
        if all(person.id in known for person in changed.people):
            return changed
        return side.listing()

    def _follow(self, people: Iterable[Person]) -> None:
        """A transferred person has a new HRA id: the link follows it before anything is matched (M5)."""
        hands = self.hands
        gone = {person.id for person in people if person.status is Status.GONE}
        for link in hands.store.links():
            if link.hra_id not in gone or self.order.dry_run:
                continue
            try:
                hands.records.follow(link)
            except AgentError as error:
                failed(hands, self.order, self.tale, link, error)
        if not self.order.dry_run:
            self._follow_said(gone)

    def _follow_said(self, gone: set[str]) -> None:
        """What persons said of records that were transferred (ignored, parted) holds for their successors."""
        store = self.hands.store
        said = store.ignored("hra") | {hra_id for hra_id, _ in store.parted()}
        for old in said & gone:
            try:
                new = self.hands.hra.fetch(old, frozenset()).id
            except AgentError as error:
                if error.reach is not Reach.ITEM:
                    raise
                continue
            if new != old:
                self.hands.newcomers.moved(old, new)

    def _leave_moved(self) -> LeaveMoved:
        """Whose leave may have moved since the last import (F5); nobody where no leave travels or one person is asked for."""
        order = self.order
        if order.kind != "import" or order.employee is not None or not self.rules.takes("leave"):
            return LeaveMoved(frozenset(), {})
        known = {name: self.hands.store.marker(name) or "" for name in LEAVE_MARKERS}
        return self.hands.xero.leave_moved({name: at for name, at in known.items() if at})

    def _chosen(
        self, links: Sequence[Link], hra: Listing, xero: Listing, leave: frozenset[str]
    ) -> Apart:
        since = self.hands.store.marker(IMPORT_MARKER) or ""
        share = self.share()
        wanted = to_read(links, hra, xero, self.order, since=since, share=share, leave=leave)
        return apart(wanted, hra, xero, self.order, leave)

    def _gathering(self) -> Gathering:
        brake = self.brake
        limits = (brake.share, brake.terminations, brake.creates)
        planned = self.order.dry_run or any(limit is not None for limit in limits)
        return Gathering(self.hands, self.rules, self.order, self.tale, planned)

    # --- plan ---------------------------------------------------------------------------------------------------

    def _foretell(self, gathered: Gathering, decided: Strangers, linked: int) -> None:
        """A dry run: every line of the plan, the plan itself, and whether the brake would stop it."""
        for converting in decided.converts:
            self.tale.converted(converting.candidate, converting.source, "")
        drafts = self._drafts(decided.creates)
        for one in drafts:
            self.tale.drafted(one.create, one.draft)
        self.plan = self._planned(gathered, decided, drafts)
        created = len(decided.converts) + _possible(drafts)
        self.braked = "; ".join(self._too_much(gathered, created, linked))

    def _brake(self, gathered: Gathering, decided: Strangers) -> None:
        """S1: stop before the first write where this would do too much; the plan is kept for a person's yes."""
        linked = len(self.hands.store.links())
        if self._too_much(gathered, len(decided.converts) + len(decided.creates), linked):
            drafts = self._drafts(decided.creates)
            why = self._too_much(gathered, len(decided.converts) + _possible(drafts), linked)
            if why:
                self.plan = self._planned(gathered, decided, drafts)
                raise Braked("; ".join(why), self.plan.hash)
        if self.order.employee is None:
            self._clear_braked(f"run:{self.order.kind}")

    def _clear_braked(self, scope: str) -> None:
        store = self.hands.store
        for row in store.attention():
            if row.scope == scope and row.plan:
                store.drop_plan(row.plan)
        store.replace_attention(scope, ())

    def _too_much(self, gathered: Gathering, created: int, linked: int) -> tuple[str, ...]:
        weighed = load(gathered.verdicts, created, linked)
        return plan.too_much(weighed, self.brake, scheduled=not self.order.by_person)

    def _drafts(self, creates: Iterable[Create]) -> list[Drafted]:
        drafts = []
        for create in creates:
            check_stop(self.order)
            drafts.append(Drafted(create, self.hands.newcomers.draft(create, self.rules)))
        return drafts

    def _planned(self, gathered: Gathering, decided: Strangers, drafts: Sequence[Drafted]) -> Plan:
        binding = self.hands.store.binding()
        items = gathered.items()
        return self.hands.planner.plan(self.order, binding, items, decided, drafts)

    # --- act ----------------------------------------------------------------------------------------------------

    def _act(self, writing: Sequence[Verdict], decided: Strangers, since: str) -> None:
        steps: list[Callable[[], None]] = [
            *(lambda one=one: self._carry_out(one.link) for one in writing),
            *(lambda one=one: self._convert(one, since) for one in decided.converts),
            *(lambda one=one: self._create(one, since) for one in decided.creates),
        ]
        for count, step in enumerate(steps):
            self.order.progress(Progress("writing", count, len(steps)))
            check_stop(self.order)
            step()
        self.order.progress(Progress("writing", len(steps), len(steps)))

    def _carry_out(self, link: Link) -> None:
        order = self.order
        try:
            done = self.hands.records.carry_out(link, self.rules, order.way, order.kind)
        except AgentError as error:
            failed(self.hands, order, self.tale, link, error)
            return
        self.tale.done(done, order.way)

    def _convert(self, converting: Convert, since: str) -> None:
        person = converting.source
        try:
            link = self.hands.newcomers.convert(converting, self.rules, since)
        except NotPossible as moved:
            self.tale.stranger(Create("hra", person), str(moved))
            return
        except AgentError as error:
            if error.reach is not Reach.ITEM:
                raise
            self._left_out(Create("hra", person), "was not converted", error)
            return
        if link:
            self.tale.converted(converting.candidate, person, link.hra_id)

    def _create(self, create: Create, since: str) -> None:
        try:
            created = self.hands.newcomers.create(create, self.rules, self.order.kind, since)
        except OutcomeUnknown as error:
            self.tale.stranger(create, error.sentence())
            return
        except AgentError as error:
            if error.reach is not Reach.ITEM:
                raise
            self._left_out(create, "was left out", error)
            return
        self.tale.created(create, created)

    def _left_out(self, create: Create, what: str, error: AgentError) -> None:
        scope = f"{create.source.side}:{create.source.id}"
        row = held(create, f"{what}: {error.sentence()}")
        self.hands.store.replace_attention(scope, (row,))
        self.tale.stranger(create, error.sentence())

    def _move_markers(self, hra: Listing, xero: Listing, leave: LeaveMoved) -> None:
        """D9: only now is everything that the listings covered in the store. A partial run moves nothing."""
        if self.order.employee is not None:
            return
        store = self.hands.store
        for side, marker in (("hra", hra.marker), ("xero", xero.marker)):
            if marker:
                store.set_marker(side, marker)
        for name, marker in leave.markers.items():
            store.set_marker(name, marker)
        if self.order.kind == "import" and xero.marker:
            store.set_marker(IMPORT_MARKER, xero.marker)


def _possible(drafts: Iterable[Drafted]) -> int:
    return sum(not one.draft.reason for one in drafts)
