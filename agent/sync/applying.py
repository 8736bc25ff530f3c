"""Applies a plan exactly: each record is read again under its lock and written only if it would be written just so (R3, S1)."""

from dataclasses import dataclass, field

from agent import match
from agent.employee import Status
from agent.errors import AgentError, NotPossible, Reach, Stopped
from agent.merge import Rules
from agent.plans import Item, Plan
from agent.records import Link
from agent.strangers import Convert, Create, Join
from agent.sync.hands import Hands
from agent.sync.order import Order
from agent.sync.planning import MOVED
from agent.sync.report import Progress
from agent.sync.tale import Tale

OTHER_PAIR = "This plan was made for another account or organisation than the linked ones, so nothing of it was applied."


@dataclass
class Applying:
    """The course of one plan. `rules` are those that the plan was made by."""

    hands: Hands
    rules: Rules
    order: Order
    plan: Plan
    tale: Tale = field(default_factory=Tale)

    def go(self) -> None:
        """Apply it. Raises NotPossible (another pair), SideError (a side cannot be used), Stopped."""
        binding = self.hands.store.binding()
        if (self.plan.account_id, self.plan.tenant_id) != (binding.account_id, binding.tenant_id):
            raise NotPossible(OTHER_PAIR)
        for side in self.hands.sides().values():
            side.begin()
        total = len(self.plan.items)
        for count, item in enumerate(self.plan.items):
            self.order.progress(Progress("writing", count, total))
            if self.order.stop():
                raise Stopped
            self._one(item)
        self.order.progress(Progress("writing", total, total))
        self.tale.tally["records"] += total

    def _one(self, item: Item) -> None:
        try:
            {
                "link": self._join,
                "update": self._update,
                "convert": self._convert,
                "create": self._create,
            }[item.action](item)
        except NotPossible as moved:
            self._left(item, str(moved))
        except AgentError as error:
            if error.reach is not Reach.ITEM:
                raise
            self._left(item, error.sentence())

    def _join(self, item: Item) -> None:
        joining = Join(item.hra_id, item.xero_id)
        self._check_pair(item)
        if self.hands.newcomers.join(joining, self.rules, "as planned") is None:
            raise NotPossible(MOVED, moved=True)
        self.tale.joined(joining)

    def _update(self, item: Item) -> None:
        link = self.hands.store.link_of("xero", item.xero_id)
        if link is None or not self._is_at(link, item.hra_id):
            raise NotPossible(MOVED, moved=True)
        done = self.hands.records.carry_out(
            link,
            self.rules,
            self.order.way,
            self.order.kind,
            only=frozenset(item.fields),
            check=self.hands.planner.unmoved(item),
        )
        self.tale.done(done, self.order.way)

    def _is_at(self, link: Link, hra_id: str) -> bool:
        """Whether the link is about the planned HRA record, or the one that it was transferred to (M5)."""
        return hra_id == link.hra_id or (
            self.hands.hra.fetch(hra_id, frozenset()).id == link.hra_id
        )

    def _convert(self, item: Item) -> None:
        found = [one for one in self.hands.hra.candidates() if one.id == item.hra_id]
        if not found or found[0].status is Status.GONE:
            raise NotPossible(MOVED, moved=True)
        person = self.hands.xero.person(item.xero_id)
        converting = Convert(self.hands.hra.candidate(item.hra_id), person)
        self.hands.planner.unchanged(converting, item)
        link = self.hands.newcomers.convert(converting, self.rules)
        if link is None:
            raise NotPossible(MOVED, moved=True)
        self.tale.converted(found[0], person, link.hra_id)

    def _create(self, item: Item) -> None:
        side = self.hands.sides()["hra" if item.target == "xero" else "xero"]
        create = Create(item.target, side.person(item.hra_id or item.xero_id), item.alone)
        created = self.hands.newcomers.create(
            create,
            self.rules,
            self.order.kind,
            # Everybody is looked at once more: runs since the plan may have moved the markers.
            None,
            check=lambda draft: self.hands.planner.undrafted(create, item, draft),
        )
        self.tale.created(create, created)

    def _check_pair(self, item: Item) -> None:
        """Raises NotPossible where two people would not be linked any more as they were planned to be."""
        store, sides = self.hands.store, self.hands.sides()
        here, there = sides["hra"].person(item.hra_id), sides["xero"].person(item.xero_id)
        ignored = item.hra_id in store.ignored("hra") or item.xero_id in store.ignored("xero")
        parted = (item.hra_id, item.xero_id) in store.parted()
        gone = Status.GONE in (here.status, there.status)
        if ignored or parted or gone or not match.same_person(here, (there,)):
            raise NotPossible(MOVED, moved=True)

    def _left(self, item: Item, why: str) -> None:
        self.tale.left(Link("", item.hra_id, item.xero_id), why)
