"""Reads the links of one run in batches and keeps of each only what was decided: nothing personal outlives its batch (R4).

A `Verdict` is what the brake, the plan and the writing need: ids, whether a record counts as changed or ended, and (once
its batch is over) the digests of its plan item. Records themselves are in memory for one batch at most, and never on disk.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent import plan
from agent.errors import AgentError, Reach, Stopped
from agent.merge import Rules
from agent.plans import Item
from agent.records import Link
from agent.sync.hands import Hands
from agent.sync.order import Order
from agent.sync.records import Seen, will_write
from agent.sync.report import Progress
from agent.sync.selection import Apart, counts, in_turn
from agent.sync.tale import Tale

BATCH = 50  # records in memory at once that are to be written


@dataclass
class Verdict:
    """One record that is to be written. `seen` until its batch is over; `item` its part of the plan, None where nobody
    asked for it yet."""

    link: Link
    changed: bool
    ended: bool
    seen: Seen | None = None
    item: Item | None = None


@dataclass
class Gathering:
    """Reads and decides. `planned`: a plan may be needed, so items are made as long as the values are at hand."""

    hands: Hands
    rules: Rules
    order: Order
    tale: Tale
    planned: bool
    verdicts: list[Verdict] = field(default_factory=list)

    def go(self, chosen: Apart) -> None:
        """Read those to read. Raises SideError that concerns more than one record, Stopped."""
        before = chosen.agreed + len(chosen.waiting)
        total = before + len(chosen.reading)
        if before:
            self.tale.tally["resumed"] = before
        self.verdicts += [self._waits(link) for link in chosen.waiting]
        for count, link in enumerate(in_turn(chosen.reading, self.order.at), before):
            self.order.progress(Progress("reading", count, total))
            check_stop(self.order)
            self._one(link)
        self.order.progress(Progress("reading", total, total))

    def items(self) -> list[Item]:
        """The plan items of all that is to be written, in order; who was decided by a stopped run is read once more."""
        found = []
        for verdict in self.verdicts:
            if verdict.item is None and verdict.seen is None:
                check_stop(self.order)
                verdict.seen = look(self.hands, self.rules, self.order, self.tale, verdict.link)
            self._fold(verdict, planned=True)
            if verdict.item is not None:
                found.append(verdict.item)
        return found

    def _one(self, link: Link) -> None:
        seen = look(self.hands, self.rules, self.order, self.tale, link)
        if seen is None:
            return
        self.tale.tally["records"] += 1
        self.tale.holds(seen)
        if not will_write(seen.decisions, self.order.way):
            return
        if self.order.dry_run:
            self.tale.planned(seen, self.order.way, self.order.target)
        changed, ended = plan.counts(seen.decisions, self.order.way)
        self.verdicts.append(Verdict(named(seen.link), changed, ended, seen))
        if len(self.verdicts) % BATCH == 0:
            for verdict in self.verdicts[-BATCH:]:
                self._fold(verdict, planned=self.planned)

    def _waits(self, link: Link) -> Verdict:
        changed, ended = counts(link, self.order.target)
        return Verdict(named(link), changed, ended)

    def _fold(self, verdict: Verdict, *, planned: bool) -> None:
        """Lets go of the values; digests stay where a plan may need them."""
        if planned and verdict.item is None and verdict.seen is not None:
            verdict.item = self.hands.planner.update(verdict.seen, self.order.target)
        verdict.seen = None


def look(hands: Hands, rules: Rules, order: Order, tale: Tale, link: Link) -> Seen | None:
    """One record read and decided; None where it alone could not be read, which is then told and stored.

    Raises SideError that concerns the side or the run.
    """
    read: Callable[[Link, Rules], Seen] = (
        hands.records.look if order.dry_run else hands.records.examine
    )
    try:
        seen = read(link, rules)
    except AgentError as error:
        failed(hands, order, tale, link, error)
        return None
    tale.seen(seen, link)
    return seen


def failed(hands: Hands, order: Order, tale: Tale, link: Link, error: AgentError) -> None:
    """One record's failure is that record's; what concerns the side or the run ends the run (the error tree)."""
    if error.reach is not Reach.ITEM:
        raise error
    tale.left(link, error.sentence())
    if not order.dry_run:
        hands.records.failed(link, error)


def check_stop(order: Order) -> None:
    """Raises Stopped where somebody asked for an end."""
    if order.stop():
        raise Stopped


def named(link: Link) -> Link:
    """The link by its ids alone."""
    return Link(link.id, link.hra_id, link.xero_id, link.number)


def load(verdicts: Sequence[Verdict], created: int, linked: int) -> plan.Load:
    """What the brake weighs (S1)."""
    return plan.Load(
        linked=linked,
        changed=sum(verdict.changed for verdict in verdicts),
        terminated=sum(verdict.ended for verdict in verdicts),
        created=created,
    )
