"""One import or export: gather, guard, plan, act, record (the way of one scheduled run).

Everything is read and decided before the first write; each write re-reads its record under its lock and decides
again, so a run never overwrites what was saved after it gathered (R1).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from agent import plan
from agent.employee import Person, Status
from agent.errors import Braked, NotPossible, OutcomeUnknown, Reach, SideError, Stopped
from agent.merge import Rules
from agent.plans import Plan
from agent.records import Link, Pending
from agent.side import Listing
from agent.strangers import Convert, Create, Matching, Strangers
from agent.sync.hands import Hands
from agent.sync.matchmaker import Matchmaker, unknown_employee
from agent.sync.newcomers import held
from agent.sync.order import Order
from agent.sync.planning import Drafted
from agent.sync.records import Seen, will_write
from agent.sync.report import Progress
from agent.sync.selection import to_read
from agent.sync.tale import Tale

IMPORT_MARKER = "import"


@dataclass
class Round:
    """The course of one run. `go` does it all; `tale` tells afterwards what was done, `plan` what a dry run would do.

    `share` is the part of all people that is verified in each scheduled run; `braked` says why a dry run's plan would be
    stopped.
    """

    hands: Hands
    rules: Rules
    matching: Matching
    brake: plan.Brake
    share: float
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
        since = hands.store.marker(IMPORT_MARKER) or ""
        seen = self._gather(to_read(links, hra, xero, self.order, since=since, share=self.share))
        for one in seen:
            self.tale.holds(one)
        writing = [one for one in seen if will_write(one.decisions, self.order.way)]
        if self.order.dry_run:
            self._foretell(writing, decided, len(links))
            return
        self._brake(writing, decided)
        markers = {"hra": hra.marker, "xero": xero.marker}
        self._act(writing, decided, markers[self.order.target])
        self._move_markers(hra, xero)

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
        gone = {person.id for person in people if person.status is Status.GONE}
        for link in self.hands.store.links():
            if link.hra_id not in gone or self.order.dry_run:
                continue
            try:
                self.hands.records.follow(link)
            except SideError as error:
                self._failed(link, error)
        if not self.order.dry_run:
            self._follow_said(gone)

    def _follow_said(self, gone: set[str]) -> None:
        """What persons said of records that were transferred (ignored, parted) holds for their successors."""
        store = self.hands.store
        said = store.ignored("hra") | {hra_id for hra_id, _ in store.parted()}
        for old in said & gone:
            try:
                new = self.hands.hra.fetch(old, frozenset()).id
            except SideError as error:
                if error.reach is not Reach.ITEM:
                    raise
                continue
            if new != old:
                self.hands.newcomers.moved(old, new)

    def _gather(self, links: Sequence[Link]) -> list[Seen]:
        seen: list[Seen] = []
        for count, link in enumerate(sorted(links, key=lambda link: link.sending == "")):
            self.order.progress(Progress("reading", count, len(links)))
            self._check_stop()
            found = self._look(link)
            if found is not None:
                seen.append(found)
        self.order.progress(Progress("reading", len(links), len(links)))
        self.tale.tally["records"] += len(seen)
        return seen

    def _look(self, link: Link) -> Seen | None:
        records = self.hands.records
        try:
            look = records.look if self.order.dry_run else records.examine
            seen = look(link, self.rules)
        except SideError as error:
            self._failed(link, error)
            return None
        self.tale.seen(seen, link)
        return seen

    # --- plan ---------------------------------------------------------------------------------------------------

    def _foretell(self, writing: Sequence[Seen], decided: Strangers, linked: int) -> None:
        """A dry run: every line of the plan, the plan itself, and whether the brake would stop it."""
        for seen in writing:
            self.tale.planned(seen, self.order.way, self.order.target)
        for converting in decided.converts:
            self.tale.converted(converting.candidate, converting.source, "")
        drafts = self._drafts(decided.creates)
        for one in drafts:
            self.tale.drafted(one.create, one.draft)
        self.plan = self._planned(writing, decided, drafts)
        created = len(decided.converts) + _possible(drafts)
        self.braked = "; ".join(self._too_much(writing, created, linked))

    def _brake(self, writing: Sequence[Seen], decided: Strangers) -> None:
        """S1: stop before the first write where this would do too much; the plan is kept for a person's yes."""
        linked = len(self.hands.store.links())
        if self._too_much(writing, len(decided.converts) + len(decided.creates), linked):
            drafts = self._drafts(decided.creates)
            why = self._too_much(writing, len(decided.converts) + _possible(drafts), linked)
            if why:
                self.plan = self._planned(writing, decided, drafts)
                raise Braked("; ".join(why), self.plan.hash)
        if self.order.employee is None:
            self._clear_braked(f"run:{self.order.kind}")

    def _clear_braked(self, scope: str) -> None:
        store = self.hands.store
        for row in store.attention():
            if row.scope == scope and row.plan:
                store.drop_plan(row.plan)
        store.replace_attention(scope, ())

    def _too_much(self, writing: Sequence[Seen], created: int, linked: int) -> tuple[str, ...]:
        counted = [plan.counts(seen.decisions, self.order.way) for seen in writing]
        load = plan.Load(
            linked=linked,
            changed=sum(changed for changed, _ in counted),
            terminated=sum(ended for _, ended in counted),
            created=created,
        )
        return plan.too_much(load, self.brake, scheduled=not self.order.by_person)

    def _drafts(self, creates: Iterable[Create]) -> list[Drafted]:
        drafts = []
        for create in creates:
            self._check_stop()
            drafts.append(Drafted(create, self.hands.newcomers.draft(create, self.rules)))
        return drafts

    def _planned(
        self, writing: Sequence[Seen], decided: Strangers, drafts: Sequence[Drafted]
    ) -> Plan:
        binding = self.hands.store.binding()
        return self.hands.planner.plan(self.order, binding, writing, decided, drafts)

    # --- act ----------------------------------------------------------------------------------------------------

    def _act(self, writing: Sequence[Seen], decided: Strangers, since: str) -> None:
        steps: list[Callable[[], None]] = [
            *(lambda seen=seen: self._carry_out(seen.link) for seen in writing),
            *(lambda one=one: self._convert(one, since) for one in decided.converts),
            *(lambda one=one: self._create(one, since) for one in decided.creates),
        ]
        for count, step in enumerate(steps):
            self.order.progress(Progress("writing", count, len(steps)))
            self._check_stop()
            step()
        self.order.progress(Progress("writing", len(steps), len(steps)))

    def _carry_out(self, link: Link) -> None:
        order = self.order
        try:
            done = self.hands.records.carry_out(link, self.rules, order.way, order.kind)
        except SideError as error:
            self._failed(link, error)
            return
        self.tale.done(done, order.way)

    def _convert(self, converting: Convert, since: str) -> None:
        person = converting.source
        try:
            link = self.hands.newcomers.convert(converting, self.rules, since)
        except NotPossible as moved:
            self.tale.stranger(Create("hra", person), str(moved))
            return
        except SideError as error:
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
        except SideError as error:
            if error.reach is not Reach.ITEM:
                raise
            self._left_out(create, "was left out", error)
            return
        self.tale.created(create, created)

    def _left_out(self, create: Create, what: str, error: SideError) -> None:
        scope = f"{create.source.side}:{create.source.id}"
        row = held(create, f"{what}: {error.sentence()}")
        self.hands.store.replace_attention(scope, (row,))
        self.tale.stranger(create, error.sentence())

    def _failed(self, link: Link, error: SideError) -> None:
        """One record's failure is that record's; what concerns the side or the run ends the run (the error tree)."""
        if error.reach is not Reach.ITEM:
            raise error
        self.tale.left(link, error.sentence())
        if not self.order.dry_run:
            self.hands.records.failed(link, error)

    def _check_stop(self) -> None:
        if self.order.stop():
            raise Stopped

    def _move_markers(self, hra: Listing, xero: Listing) -> None:
        """D9: only now is everything that the listings covered in the store. A partial run moves nothing."""
        if self.order.employee is not None:
            return
        store = self.hands.store
        for side, marker in (("hra", hra.marker), ("xero", xero.marker)):
            if marker:
                store.set_marker(side, marker)
        if self.order.kind == "import" and xero.marker:
            store.set_marker(IMPORT_MARKER, xero.marker)


def _possible(drafts: Iterable[Drafted]) -> int:
    return sum(not one.draft.reason for one in drafts)
