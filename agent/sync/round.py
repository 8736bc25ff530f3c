"""One import or export: gather, guard, plan, act, record (the way of one scheduled run).

Everything is read and decided before the first write; each write re-reads its record under its lock and decides
again, so a run never overwrites what was saved after it gathered (R1).
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from agent import plan
from agent.employee import Person, Status
from agent.errors import OutcomeUnknown, Reach, SideError, Stopped
from agent.fields import shown
from agent.merge import Rules
from agent.records import Link, Pending
from agent.side import Listing, Side
from agent.store import Store
from agent.sync.newcomers import Created, Newcomers, held
from agent.sync.records import Done, Records, Seen, will_write
from agent.sync.report import (
    FieldLine,
    Line,
    Progress,
    done_fields,
    full_name,
    holds,
    planned_fields,
)
from agent.words import is_open

IMPORT_MARKER = "import"


@dataclass(frozen=True)
class Order:
    """What was asked for. `started_by` is page, command or schedule; `employee` an HRA id, None for everybody."""

    kind: str
    started_by: str
    mode: str = "authoritative"
    dry_run: bool = False
    employee: str | None = None
    progress: Callable[[Progress], None] = lambda progress: None
    stop: Callable[[], bool] = lambda: False

    @property
    def by_person(self) -> bool:
        """Whether a person started this, who is there to look at what it decides (D2)."""
        return self.started_by != "schedule"

    @property
    def way(self) -> str:
        """to_hra for an import, to_xero for an export."""
        return plan.WAYS[self.kind]


@dataclass
class Round:
    """The course of one run. `go` does it all; `tally` and `lines` tell afterwards what was done."""

    sides: Mapping[str, Side]
    store: Store
    records: Records
    newcomers: Newcomers
    rules: Rules
    matching: str
    share: float
    order: Order
    tally: Counter[str] = field(default_factory=Counter)
    lines: list[Line] = field(default_factory=list)
    would_link: list[Link] = field(default_factory=list)
    marker_of: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        overrule = self.order.employee is not None and self.order.mode != "authoritative"
        self.rules = replace(
            self.rules, by_person=self.order.by_person, mode=self.order.mode, overrule=overrule
        )

    def go(self) -> None:
        """Run it. Raises SideError (a side cannot be used), Stopped."""
        for side in self.sides.values():
            side.begin()
        hra = self.sides["hra"].listing()
        self._follow(hra.people)
        xero = self._listing_of_xero(hra)
        plan.guard(
            self.store.links(),
            {"hra": hra.people} | ({"xero": xero.people} if xero.complete else {}),
        )
        self.marker_of = {"hra": hra.marker, "xero": xero.marker}
        creates = self._newcomers(hra, xero)
        seen = self._gather(self._to_read(hra, xero))
        self._act(seen, creates)
        self._move_markers(hra, xero)

    # --- gather -------------------------------------------------------------------------------------------------

    def _listing_of_xero(self, hra: Listing) -> Listing:
        """Everybody where somebody may have to be matched or created, or a person asked; else what changed (X2)."""
        marker = self.store.marker("xero")
        linked = {link.hra_id for link in self.store.links()}
        strangers = any(p.id not in linked and p.status is Status.CURRENT for p in hra.people)
        if (
            self.order.by_person
            or marker is None
            or strangers
            or self.store.marker("strangers") != "none"
        ):
            return self.sides["xero"].listing()
        changed = self.sides["xero"].listing(marker)
        known = {link.xero_id for link in self.newcomers.spoken_for()}
        if all(person.id in known for person in changed.people):
            return changed
        return self.sides["xero"].listing()

    def _follow(self, people: Iterable[Person]) -> None:
        """A transferred person has a new HRA id: the link follows it before anything is matched (M5)."""
        gone = {person.id for person in people if person.status is Status.GONE}
        for link in self.store.links():
            if link.hra_id not in gone or self.order.dry_run:
                continue
            try:
                self.records.follow(link)
            except SideError as error:
                self._failed(link, error)

    def _newcomers(self, hra: Listing, xero: Listing) -> tuple[plan.Create, ...]:
        """Link who has exactly one partner; say who is to be created and who is held (M1, M2)."""
        if not (hra.complete and xero.complete):
            return ()
        people = self._enriched(hra.people, xero.people)
        decided = plan.strangers(
            people["hra"],
            people["xero"],
            self.newcomers.spoken_for(),
            self.store.pending(),
            self.matching,
            self.order.way,
        )
        wanted = self._only_asked(decided)
        for joining in wanted.joins:
            self._join(joining)
        if not self.order.dry_run:
            self._settle(decided, wanted.settled, people)
        for row in wanted.held:
            self.lines.append(
                Line(row.hra_id or "", row.xero_id or "", row.number, "", "hold", note=row.text)
            )
            self.tally["held"] += 1
        return wanted.creates

    def _enriched(self, hra: Iterable[Person], xero: Iterable[Person]) -> dict[str, list[Person]]:
        """What matching needs and a listing lacks: post codes of the unlinked, e-mail and mobile where a create is near."""
        links = self.store.links()
        free_hra = {p.id for p in hra} - {link.hra_id for link in links}
        free_xero = {p.id for p in xero if p.status is Status.CURRENT} - {
            link.xero_id for link in links
        }
        by_postcode = self.matching in ("postcode", "either") and bool(free_hra) and bool(free_xero)
        to_hra = self.order.way == "to_hra" and bool(free_xero)
        near_create = self.order.way == "to_xero" and bool(free_hra)
        return {
            "hra": [
                self._whole("hra", p)
                if to_hra or (p.id in free_hra and (by_postcode or near_create))
                else p
                for p in hra
            ],
            "xero": [
                self._whole("xero", p) if by_postcode and p.id in free_xero else p for p in xero
            ],
        }

    def _whole(self, side: str, person: Person) -> Person:
        if person.status is Status.GONE:
            return person
        self._check_stop()
        known = self.sides[side].person(person.id)
        return replace(known, status=person.status, updated=person.updated)

    def _only_asked(self, decided: plan.Strangers) -> plan.Strangers:
        wanted = self.order.employee
        if wanted is None:
            return decided
        return plan.Strangers(
            tuple(j for j in decided.joins if j.hra_id == wanted),
            tuple(c for c in decided.creates if c.source.id == wanted),
            tuple(row for row in decided.held if row.hra_id == wanted),
            tuple(pending for pending in decided.settled if pending.source_id == wanted),
        )

    def _join(self, joining: plan.Join) -> None:
        if self.order.dry_run:
            self.would_link.append(Link("not stored", joining.hra_id, joining.xero_id))
        if self.order.dry_run or self.newcomers.join(joining):
            self.lines.append(Line(joining.hra_id, joining.xero_id, None, "", "link"))
            self.tally["linked"] += 1

    def _settle(
        self,
        decided: plan.Strangers,
        settled: tuple[Pending, ...],
        people: Mapping[str, list[Person]],
    ) -> None:
        """Lost creates that are cleared up, and the attention rows of everybody without a link, as they stand now."""
        for pending in settled:
            self.store.clear_pending(pending.side, pending.source_id)
        source = "hra" if self.order.way == "to_xero" else "xero"
        rows = {row.scope: row for row in decided.held}
        creating = {f"{c.source.side}:{c.source.id}" for c in decided.creates}
        linked = {f"hra:{link.hra_id}" for link in self.store.links()}
        linked |= {f"xero:{link.xero_id}" for link in self.store.links()}
        stale = {row.scope for row in self.store.attention() if row.scope.startswith(f"{source}:")}
        for scope in (stale - creating) | (linked & {row.scope for row in self.store.attention()}):
            if scope not in rows:
                self.store.replace_attention(scope, ())
        for scope, row in rows.items():
            self.store.replace_attention(scope, (row,))
        waiting = any(
            p.status is Status.CURRENT and f"xero:{p.id}" not in linked for p in people["xero"]
        )
        self.store.set_marker("strangers", "some" if waiting else "none")

    def _to_read(self, hra: Listing, xero: Listing) -> list[Link]:
        """Who is read in this run: everybody when a person asked, else what moved, what is open, and a share (X2, D9)."""
        links = (*self.store.links(), *self.would_link)
        if self.order.employee is not None:
            return [link for link in links if link.hra_id == self.order.employee]
        if self.order.by_person and self.order.mode != "changed":
            return list(links)
        there = {person.id: person.updated for person in hra.people}
        moved = {person.id: person.updated for person in xero.people}
        since = self.store.marker(IMPORT_MARKER) or ""
        if self.order.mode == "changed":
            moved = {
                id: updated for id, updated in moved.items() if not updated or updated >= since
            }
            return [
                link for link in links if link.xero_id in moved or is_open(link) or link.sending
            ]
        due = self._due(links)
        return [
            link
            for link in links
            if link.id in due
            or link.sending
            or is_open(link)
            or there.get(link.hra_id, "") != link.hra_seen
            or moved.get(link.xero_id, link.xero_seen) != link.xero_seen
        ]

    def _due(self, links: tuple[Link, ...]) -> set[str]:
        """The share of people that was verified longest ago, and everybody never verified."""
        never = {link.id for link in links if link.verified is None}
        oldest = sorted((link.verified, link.id) for link in links if link.verified is not None)
        return never | {id for _, id in oldest[: math.ceil(len(links) * self.share)]}

    def _gather(self, links: list[Link]) -> list[Seen]:
        seen: list[Seen] = []
        for count, link in enumerate(sorted(links, key=lambda link: link.sending == "")):
            self.order.progress(Progress("reading", count, len(links)))
            self._check_stop()
            found = self._look(link)
            if found is not None:
                seen.append(found)
        self.order.progress(Progress("reading", len(links), len(links)))
        self.tally["records"] += len(seen)
        return seen

    def _look(self, link: Link) -> Seen | None:
        try:
            look = self.records.look if self.order.dry_run else self.records.examine
            seen = look(link, self.rules)
        except SideError as error:
            self._failed(link, error)
            return None
        self.tally["agreed"] += sum(
            pair != link.agreed.get(name) for name, pair in seen.link.agreed.items()
        )
        self.tally["conflicts"] += seen.conflicts
        return seen

    # --- act ----------------------------------------------------------------------------------------------------

    def _act(self, gathered: list[Seen], creates: tuple[plan.Create, ...]) -> None:
        writing = [seen for seen in gathered if will_write(seen.decisions, self.order.way)]
        total = len(writing) + len(creates)
        for seen in gathered:
            self._tell_holds(seen)
        for count, seen in enumerate(writing):
            self.order.progress(Progress("writing", count, total))
            self._check_stop()
            self._carry_out(seen)
        for count, create in enumerate(creates, start=len(writing)):
            self.order.progress(Progress("writing", count, total))
            self._check_stop()
            self._create(create)
        self.order.progress(Progress("writing", total, total))

    def _tell_holds(self, seen: Seen) -> None:
        note = holds(seen.decisions)
        if note:
            self.tally["held"] += 1
            self.lines.append(self._line(seen, "hold", note=note))

    def _carry_out(self, seen: Seen) -> None:
        target = plan.TARGETS[self.order.way]
        if self.order.dry_run:
            was = seen.hra if target == "hra" else seen.xero
            fields = planned_fields(seen.decisions, self.order.way, was)
            self.tally[self.order.way] += len(fields)
            self.lines.append(replace(self._line(seen, "update"), target=target, fields=fields))
            return
        try:
            done = self.records.carry_out(seen.link, self.rules, self.order.way, self.order.kind)
        except SideError as error:
            self._failed(seen.link, error)
            return
        self._tell_done(done)

    def _tell_done(self, done: Done) -> None:
        refused = done.refused or {}
        self.tally["refused"] += len(refused)
        self.tally[self.order.way] += len(done.written)
        if not done.written and not refused:
            return
        note = "; ".join(sorted(set(refused.values())))
        fields = done_fields(done.written)
        self.lines.append(
            replace(self._line(done.seen, "update", note=note), target=done.target, fields=fields)
        )

    def _create(self, create: plan.Create) -> None:
        if self.order.dry_run:
            self._plan_create(create)
            return
        try:
            since = self.marker_of.get(create.target)
            created = self.newcomers.create(create, self.rules, self.order.kind, since)
        except OutcomeUnknown as error:
            self._stranger_line(create, "hold", error.sentence())
            return
        except SideError as error:
            if error.reach is not Reach.ITEM:
                raise
            self.store.replace_attention(
                f"{create.source.side}:{create.source.id}",
                (held(create, f"was left out: {error.sentence()}"),),
            )
            self._stranger_line(create, "hold", error.sentence())
            return
        self._tell_created(create, created)

    def _tell_created(self, create: plan.Create, created: Created) -> None:
        if created.seen is None:
            self._stranger_line(create, "hold", created.reason)
            return
        self.tally[f"created_{create.target}"] += 1
        self.tally["refused"] += len(created.refused or {})
        line = self._line(created.seen, "create", note=holds(created.seen.decisions))
        self.lines.append(replace(line, target=create.target, fields=done_fields(created.fields)))

    def _plan_create(self, create: plan.Create) -> None:
        draft = self.newcomers.draft(create, self.rules)
        if draft.reason:
            self._stranger_line(create, "hold", f"This person's {draft.reason}.")
            return
        self.tally[f"created_{create.target}"] += 1
        fields = tuple(
            replace(line, new=shown(line.name, draft.changes[line.name]))
            for line in done_fields(tuple(draft.changes))
        )
        self._stranger_line(create, "create", "", fields=fields)

    def _stranger_line(
        self, create: plan.Create, action: str, note: str, fields: tuple[FieldLine, ...] = ()
    ) -> None:
        person = create.source
        if action == "hold":
            self.tally["held"] += 1
        ids = {"hra": "", "xero": "", person.side: person.id}
        name = f"{person.first_name} {person.last_name}"
        self.lines.append(
            Line(ids["hra"], ids["xero"], person.number, name, action, create.target, fields, note)
        )

    def _line(self, seen: Seen, action: str, note: str = "") -> Line:
        return Line(
            seen.link.hra_id,
            seen.link.xero_id,
            seen.link.number,
            full_name(seen.hra),
            action,
            note=note,
        )

    def _failed(self, link: Link, error: SideError) -> None:
        """One record's failure is that record's; what concerns the side or the run ends the run (the error tree)."""
        if error.reach is not Reach.ITEM:
            raise error
        self.tally["held"] += 1
        self.lines.append(
            Line(link.hra_id, link.xero_id, link.number, "", "hold", note=error.sentence())
        )
        if not self.order.dry_run:
            self.records.failed(link, error)

    def _check_stop(self) -> None:
        if self.order.stop():
            raise Stopped

    def _move_markers(self, hra: Listing, xero: Listing) -> None:
        """D9: only now is everything that the listings covered in the store. A partial run moves nothing."""
        if self.order.dry_run or self.order.employee is not None:
            return
        for side, marker in (("hra", hra.marker), ("xero", xero.marker)):
            if marker:
                self.store.set_marker(side, marker)
        if self.order.kind == "import" and xero.marker:
            self.store.set_marker(IMPORT_MARKER, xero.marker)
