"""What one run does with people who have no link: reads what matching needs, decides, joins, and tells the match desk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from agent import strangers
from agent.employee import Person, Status
from agent.errors import SIDE_NAMES, AccessLost, Reach, SideError, Stopped
from agent.merge import Rules
from agent.records import Attention, Link, Pending
from agent.side import HraSide, Listing, Side
from agent.store import Store
from agent.strangers import Known, Matching, Strangers
from agent.sync.newcomers import Newcomers
from agent.sync.order import Order
from agent.sync.tale import Tale

NO_CANDIDATES = Attention(
    "candidates",
    "notice",
    "Candidates are to be matched, and this sign-in may not read them, so nobody was created in HRA Cloud. Connect HRA Cloud "
    "again with the permission read:candidates, or set [matching] candidates = off.",
)


@dataclass
class Matchmaker:
    """The strangers of one run. `would_link` are the joins of a dry run, which stores none."""

    hra: HraSide
    xero: Side
    store: Store
    newcomers: Newcomers
    matching: Matching
    rules: Rules
    order: Order
    tale: Tale
    pending: Sequence[Pending] = ()
    would_link: tuple[Link, ...] = ()

    def decide(self, hra: Listing, xero: Listing) -> Strangers:
        """What this run does with them; joins are done already. Nothing where a listing is not whole (M2)."""
        if not (hra.complete and xero.complete):
            return Strangers()
        links = self._spoken_for(hra.people)
        here, there = self._enriched(hra.people, xero.people, links)
        candidates = self._candidates(there, links)
        known = self.newcomers.known(links, self.pending)
        decided = strangers.decide(
            here, there, known, self.matching, self.order.way, candidates or ()
        )
        if candidates is None:
            decided = replace(decided, creates=(), converts=())
        wanted = self._only_asked(decided)
        for joining in wanted.joins:
            self._join(joining)
        if not self.order.dry_run:
            self._settle(decided, wanted, there, known)
        for row in wanted.held:
            self.tale.waits(row)
        return wanted

    def _spoken_for(self, people: Sequence[Person]) -> list[Link]:
        """A transferred person is the same one under the new id, also where nothing may be stored (M5)."""
        gone = {person.id for person in people if person.status is Status.GONE}
        spoken = self.newcomers.spoken_for()
        return [
            replace(link, hra_id=self._at_present(link.hra_id)) if link.hra_id in gone else link
            for link in spoken
        ]

    def _at_present(self, hra_id: str) -> str:
        """The list does not say where somebody was transferred to (contract: EmployeeSummary); the record does."""
        try:
            return self.hra.fetch(hra_id, frozenset()).id
        except SideError as error:
            if error.reach is not Reach.ITEM:
                raise
            return hra_id

    def _enriched(
        self, hra: Sequence[Person], xero: Sequence[Person], links: Sequence[Link]
    ) -> tuple[list[Person], list[Person]]:
        """What matching needs and a listing lacks: post codes of the unlinked, e-mail and mobile where a create is near."""
        free_hra = {p.id for p in hra} - {link.hra_id for link in links}
        free_xero = {p.id for p in xero if p.status is Status.CURRENT} - {
            link.xero_id for link in links
        }
        switches = (self.matching.employees, self.matching.candidates)
        by_postcode = any(switch in ("postcode", "either") for switch in switches)
        by_postcode = by_postcode and bool(free_xero) and (bool(free_hra) or switches[1] != "off")
        to_hra = self.order.way == "to_hra" and bool(free_xero)
        near_create = self.order.way == "to_xero" and bool(free_hra)
        here = [
            self._whole(self.hra, p)
            if to_hra or (p.id in free_hra and (by_postcode or near_create))
            else p
            for p in hra
        ]
        there = [
            self._whole(self.xero, p)
            if p.id in free_xero and (by_postcode or self._branch_unknown(p))
            else p
            for p in xero
        ]
        return here, there

    def _branch_unknown(self, person: Person) -> bool:
        return self.matching.branches and person.branch is None and not self.matching.across

    def _whole(self, side: Side, person: Person) -> Person:
        if person.status is Status.GONE:
            return person
        self._check_stop()
        known = side.person(person.id)
        branch = known.branch or person.branch
        return replace(known, status=person.status, updated=person.updated, branch=branch)

    def _candidates(
        self, xero: Iterable[Person], links: Sequence[Link]
    ) -> tuple[Person, ...] | None:
        """HRA's candidates where they are matched and somebody might be one; None where they may not be read."""
        linked = {link.xero_id for link in links}
        wanted = any(p.id not in linked and p.status is Status.CURRENT for p in xero)
        if self.matching.candidates == "off" or self.order.way != "to_hra" or not wanted:
            return ()
        try:
            listed = self.hra.candidates()
        except AccessLost as lost:
            if lost.status == 401:
                raise
            if not self.order.dry_run:
                self.store.replace_attention(NO_CANDIDATES.scope, (NO_CANDIDATES,))
            return None
        if not self.order.dry_run:
            self.store.replace_attention(NO_CANDIDATES.scope, ())
        return tuple(
            replace(self.hra.candidate(one.id), status=one.status)
            for one in listed
            if one.status is not Status.GONE
        )

    def _only_asked(self, decided: Strangers) -> Strangers:
        wanted = self.order.employee
        if wanted is None:
            return decided
        return Strangers(
            tuple(j for j in decided.joins if j.hra_id == wanted),
            tuple(c for c in decided.creates if c.source.id == wanted),
            tuple(c for c in decided.converts if c.candidate.id == wanted),
            tuple(row for row in decided.held if row.hra_id == wanted),
            tuple(pending for pending in decided.settled if pending.source_id == wanted),
        )

    def _join(self, joining: strangers.Join) -> None:
        if self.order.dry_run:
            link = Link(f"planned {joining.hra_id}", joining.hra_id, joining.xero_id)
            self.would_link = (*self.would_link, link)
        if self.order.dry_run or self.newcomers.join(joining, self.rules):
            self.tale.joined(joining)

    def _settle(
        self, decided: Strangers, wanted: Strangers, xero: Iterable[Person], known: Known
    ) -> None:
        """Lost creates that are cleared up, and the attention rows of everybody without a link, as they stand now."""
        for pending in wanted.settled:
            self.store.clear_pending(pending.side, pending.source_id)
        source = "hra" if self.order.way == "to_xero" else "xero"
        rows = {row.scope: row for row in decided.held}
        creating = {f"{c.source.side}:{c.source.id}" for c in decided.creates}
        links = self.newcomers.spoken_for()
        linked = {f"hra:{link.hra_id}" for link in links} | {
            f"xero:{link.xero_id}" for link in links
        }
        standing = {row.scope for row in self.store.attention()}
        stale = {scope for scope in standing if scope.startswith(f"{source}:")}
        for scope in ((stale - creating) | (linked & standing)) - rows.keys():
            self.store.replace_attention(scope, ())
        for scope, row in rows.items():
            self.store.replace_attention(scope, (row,))
        waiting = any(p.status is Status.CURRENT and f"xero:{p.id}" not in linked for p in xero)
        self.store.set_marker("strangers", "some" if waiting else "none")

    def _check_stop(self) -> None:
        if self.order.stop():
            raise Stopped


def unknown_employee(id: str) -> str:
    """The sentence for an id that nobody has."""
    return f"{SIDE_NAMES['hra']} has no employee with the id {id}. --employee takes the id in {SIDE_NAMES['hra']}."
