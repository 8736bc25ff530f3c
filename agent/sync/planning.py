"""What was decided -> the items of a plan, as keyed digests (R3); and whether a record is still what a plan was made on.

Decides only; `Draft`s and `Seen`s are handed in.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agent.employee import UNKNOWN, Value
from agent.errors import NotPossible
from agent.merge import SENDS
from agent.plans import Item, Mark, Plan
from agent.records import Binding
from agent.strangers import Convert, Create, Join, Strangers
from agent.sync.ledger import Ledger
from agent.sync.newcomers import Draft
from agent.sync.order import Order
from agent.sync.records import Check, Seen

MOVED = "This record moved since the plan was made, so nothing of it was written. Make a new plan, or let the next run decide."


@dataclass(frozen=True)
class Drafted:
    """A create and what it would write."""

    create: Create
    draft: Draft


@dataclass(frozen=True)
class Planner:
    """Makes and checks items. `ledger` digests."""

    ledger: Ledger

    def plan(
        self,
        order: Order,
        binding: Binding,
        updates: Sequence[Item],
        decided: Strangers,
        drafts: Iterable[Drafted],
    ) -> Plan:
        """Everything that a run would do, in its order: joins, writes, converts, creates."""
        items = (
            *(self._join(joining) for joining in decided.joins if order.dry_run),
            *(item for item in updates if item.fields),
            *(self._convert(converting) for converting in decided.converts),
            *(self._create(one) for one in drafts if not one.draft.reason),
        )
        return Plan(
            order.kind,
            order.mode,
            binding.account_id,
            binding.tenant_id,
            items,
            order.overrule,
            order.by_person,
        )

    def unmoved(self, item: Item) -> Check:
        """Raises NotPossible where a record would not be written exactly as the item says."""

        def check(seen: Seen) -> None:
            now = self.update(seen, item.target)
            if dict(now.fields) != dict(item.fields) or now.record != item.record:
                raise NotPossible(MOVED, moved=True)

        return check

    def undrafted(self, create: Create, item: Item, draft: Draft) -> None:
        """Raises NotPossible where a create would not write exactly what the item says."""
        if dict(self._create(Drafted(create, draft)).fields) != dict(item.fields):
            raise NotPossible(MOVED, moved=True)

    def update(self, seen: Seen, target: str) -> Item:
        """What a record would get on this side, as digests."""
        # By Xero's id: HRA's changes with a transfer, which a dry run may not store.
        who = f"xero:{seen.link.xero_id}"
        fields = {
            d.name: self.ledger.plan_mark(
                who, d.name, seen.hra.get(d.name), seen.xero.get(d.name), d.value
            )
            for d in seen.decisions
            if SENDS.get(d.kind) == target
        }
        record = self.ledger.record_mark(who, seen.hra, seen.xero) if fields else ""
        return Item("update", seen.link.hra_id, seen.link.xero_id, target, fields, record=record)

    def _create(self, one: Drafted) -> Item:
        person, draft = one.create.source, one.draft
        who = f"{person.side}:{person.id}"
        held: Mapping[str, Value] = {name: draft.source.get(name) for name in draft.changes}
        fields: dict[str, Mark] = {}
        for name, value in draft.changes.items():
            here, there = (held[name], UNKNOWN) if person.side == "hra" else (UNKNOWN, held[name])
            fields[name] = self.ledger.plan_mark(who, name, here, there, value)
        ids = {"hra": "", "xero": "", person.side: person.id}
        return Item("create", ids["hra"], ids["xero"], one.create.target, fields, one.create.alone)

    def _join(self, joining: Join) -> Item:
        return Item("link", joining.hra_id, joining.xero_id)

    def unchanged(self, converting: Convert, item: Item) -> None:
        """Raises NotPossible where the candidate or the person is not who they were."""
        if self._convert(converting).record != item.record:
            raise NotPossible(MOVED, moved=True)

    def _convert(self, converting: Convert) -> Item:
        here, there = converting.candidate, converting.source
        record = self.ledger.people_mark(f"xero:{there.id}", here, there)
        return Item("convert", here.id, there.id, "hra", record=record)
