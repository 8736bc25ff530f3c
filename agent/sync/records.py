"""One linked person: read both sides, decide, write, read back, record. Everything under that link's lock (R1).

Promises: a pair is recorded only for fields seen equal in this very pass (D3); the link says *sending* on disk before
a write leaves, so that after a crash the record is looked at first; what is not carried out stays open (D9).
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime

from agent import plan, words
from agent.employee import UNKNOWN, Employee
from agent.errors import (
    AgentError,
    NotFound,
    OutcomeUnknown,
    Reach,
    Refused,
    SideError,
    UnreadableAnswer,
    WrongRecord,
)
from agent.fields import FIELD_GROUPS, FIELDS, same
from agent.merge import APPROVALS, Base, Decision, Kind, Rules, closes_early, merge
from agent.records import Approval, Attention, Change, Link
from agent.side import Side, Written
from agent.store import Store
from agent.sync import approving, diary
from agent.sync.ledger import Ledger, opened
from agent.sync.locks import Locks
from agent.sync.own_faults import of_one_record


@dataclass(frozen=True)
class Seen:
    """One record as read in this pass, and what was decided on it."""

    link: Link
    hra: Employee
    xero: Employee
    decisions: tuple[Decision, ...]

    @property
    def conflicts(self) -> int:
        """How many fields both sides had changed, or met first, with different values."""
        return sum(decision.conflict for decision in self.decisions)


@dataclass(frozen=True)
class Done:
    """What came of one record: the state after it, the fields written, and those refused with the reason."""

    seen: Seen
    written: tuple[str, ...] = ()
    refused: Mapping[str, str] | None = None
    target: str = ""
    conflicts: int = 0


HRA_SUPER = "hra:super_memberships"  # as a key of `Link.late`

Check = Callable[[Seen], None]
"""Raises NotPossible when what was read is not what an action was decided on."""


def _no_check(seen: Seen) -> None:
    return None


class Records:
    """Examines and carries out linked records. `pool` reads HRA beside Xero; None reads one after the other."""

    def __init__(
        self,
        sides: Mapping[str, Side],
        store: Store,
        ledger: Ledger,
        clock: Callable[[], datetime],
        locks: Locks,
        pool: Executor | None = None,
    ) -> None:
        self._sides = sides
        self._store = store
        self.ledger = ledger
        self._clock = clock
        self._locks = locks
        self._pool = pool

    def look(self, link: Link, rules: Rules) -> Seen:
        """Read and decide, recording nothing (dry run). Raises SideError."""
        with of_one_record():
            hra, xero = self._read(link, None)
            return Seen(link, hra, xero, self._decide(link, hra, xero, rules))

    def examine(self, link: Link, rules: Rules) -> Seen:
        """Read and decide, and record what both sides agree on. Raises SideError, OwnFault."""
        with self._locks.of(link.id), of_one_record():
            return self._examine(self._stored(link), rules, None)

    def carry_out(
        self,
        link: Link,
        rules: Rules,
        way: str,
        cause: str,
        groups: frozenset[str] | None = None,
        *,
        only: frozenset[str] | None = None,
        check: Check = _no_check,
        wait: bool = True,
    ) -> Done:
        """Read again, decide again, and write what goes this way. `groups` limits a push to its sections, `only` the
        write to some fields; `check` looks at what was read before anything is written.

        Raises SideError, OwnFault, and what `check` raises; the record is then open. Busy where it is at work elsewhere and
        this does not `wait`.
        """
        with self._locks.of(link.id, wait), of_one_record():
            # What is stored is what stands without the person's choice: a choice is for this one time.
            plain = replace(rules, chosen={})
            seen = self._examine(self._stored(link), plain, groups, way)
            check(seen)
            if rules.chosen:
                seen = self._chosen(seen, rules)
            only = self._not_twice(seen.link, way, only)
            write = plan.writes(seen.link, seen.hra, seen.xero, seen.decisions, way, only)
            if write is None:
                return Done(seen, conflicts=seen.conflicts)
            return self._write(seen, write, plain, cause)

    def _not_twice(
        self, link: Link, way: str, only: frozenset[str] | None
    ) -> frozenset[str] | None:
        """HRA Cloud's PUT of super creates the rows that have no id, and nothing takes them away again (contract): it is
        not sent anew while one whose answer was lost may still arrive (X3). The field stays open meanwhile.
        """
        late = link.late.get(HRA_SUPER)
        if way != "to_hra" or late is None or not late.absent or self._clock() >= late.until:
            return only
        return (only or frozenset(FIELDS)) - {"super_memberships"}

    def _chosen(self, seen: Seen, rules: Rules) -> Seen:
        """The record decided with a person's choice; where a second person has to approve it, that is stored."""
        decisions = self._decide(seen.link, seen.hra, seen.xero, rules)
        if any(decision.reason in APPROVALS for decision in decisions):
            return self.record(seen.link, seen.hra, seen.xero, {}, rules)
        return replace(seen, decisions=decisions)

    def change(self, id: str, alter: Callable[[Link], Link]) -> Link | None:
        """Alter a stored link under its lock; the link afterwards, None where there is none any more."""
        with self._locks.of(id):
            link = self._store.link(id)
            if link is None:
                return None
            altered = alter(link)
            if altered != link:
                self._store.save_link(altered)
            return altered

    def forget(self, link: Link) -> None:
        """Break a link, and all that stands about it, under its lock (M6)."""
        with self._locks.of(link.id):
            self._store.remove_link(link.id)
            for scope in (f"link:{link.id}", f"end:{link.id}"):
                self._store.replace_attention(scope, ())

    def follow(self, link: Link) -> None:
        """Point the link at the record that its person was transferred to (M5). Raises SideError, OwnFault."""
        with self._locks.of(link.id), of_one_record():
            link = self._stored(link)
            now = self._sides["hra"].fetch(link.hra_id, frozenset())
            if self._store.link_of("hra", now.id) is None:
                self._store.save_link(self._moved(link, now.id))

    def record(
        self,
        link: Link,
        hra: Employee,
        xero: Employee,
        refused: Mapping[str, str],
        rules: Rules,
        written: tuple[str, ...] = (),
    ) -> Seen:
        """Commit what this pass saw: pairs for equal fields, what is open, and the record's attention rows. `written`: the
        fields that were sent in this pass."""
        before = link
        bases = self.ledger.bases(link, hra, xero)
        agreed = self.ledger.agreed(link, hra, xero, bases, FIELDS, frozenset(written))
        kept = {name: pair for name, pair in link.kept.items() if not _agree(name, hra, xero)}
        sent = self.ledger.echoes(link, hra, xero)
        late = self.ledger.awaited(replace(link, sent=sent), hra, xero, self._clock())
        by = {name: side for name, side in link.kept_by.items() if name in kept}
        link = replace(link, agreed=agreed, kept=kept, kept_by=by, sent=sent, late=late)
        decisions = self._decide(link, hra, xero, rules)
        approvals, asked = self._approvals(link, decisions, rules)
        if link.approvals.keys() - approvals.keys():
            # A choice whose approval has lapsed decides nothing any more: so what stands is decided without it.
            link = replace(link, approvals=approvals)
            decisions = self._decide(link, hra, xero, rules)
            approvals, more = self._approvals(link, decisions, rules)
            asked = {**asked, **more}
        link = replace(link, approvals=approvals)
        link = replace(
            link,
            held=self.ledger.held(link, decisions, hra, xero),
            open=opened(link, hra, xero, decisions, refused),
            number=hra.number or link.number,
        )
        # The log first: a crash between the two steps tells it twice rather than never (S3).
        for event in (
            *diary.agreed(before, link, written),
            *diary.held(before, link, decisions, rules),
            *diary.asked(link, asked),
        ):
            self._store.note(event)
        self._store.save_link(link)
        self._store.replace_attention(f"link:{link.id}", words.rows(link))
        whole = all(name in side.values for side in (hra, xero) for name in FIELDS)
        if not link.open and link.verified is not None and whole:
            self._store.replace_attention(f"hook:{link.hra_id}", ())
        return Seen(link, hra, xero, decisions)

    def failed(self, link: Link, error: AgentError) -> None:
        """Leave the record open because it could not be read or written; the next run comes back to it."""
        with self._locks.of(link.id):
            stored = self._store.link(link.id)
            if stored is None:
                return
            link = stored
            reason = words.join("unreadable_record", error.sentence())
            link = replace(link, open={**link.open, "record": reason})
            self._store.save_link(link)
            self._store.replace_attention(f"link:{link.id}", words.rows(link))

    def _stored(self, link: Link) -> Link:
        """The link as it is stored now. Raises WrongRecord where somebody broke it meanwhile (M6)."""
        found = self._store.link(link.id)
        if found is None:
            raise WrongRecord("hra", "its link was removed meanwhile")
        return found

    def _examine(
        self, link: Link, rules: Rules, groups: frozenset[str] | None, way: str = ""
    ) -> Seen:
        hra, xero = self._read(link, groups, way)
        other = self._store.link_of("hra", hra.id)
        if other is not None and other.id != link.id:
            raise WrongRecord(
                "hra", "the record that it was transferred to is linked to somebody else"
            )
        link = replace(self._moved(link, hra.id), sending="")
        if groups is None:
            link = replace(
                link, verified=self._clock(), hra_seen=hra.updated, xero_seen=xero.updated
            )
        return self.record(link, hra, xero, {}, rules)

    def _read(
        self, link: Link, groups: frozenset[str] | None, way: str = ""
    ) -> tuple[Employee, Employee]:
        try:
            return self._read_both(link, groups, way)
        except UnreadableAnswer as error:
            # One record that cannot be read is that record's trouble, not everybody's.
            raise WrongRecord(
                error.side, error.detail, status=error.status, correlation=error.correlation
            ) from None

    def _read_both(
        self, link: Link, groups: frozenset[str] | None, way: str
    ) -> tuple[Employee, Employee]:
        hra, xero = self._sides["hra"], self._sides["xero"]
        if way == "to_hra":
            # HRA's PUT replaces the whole record, and Xero may make us wait: so HRA is read last, right before it (R1).
            there = xero.fetch(link.xero_id, groups)
            return hra.fetch(link.hra_id, groups), there
        if self._pool is None:
            return hra.fetch(link.hra_id, groups), xero.fetch(link.xero_id, groups)
        reading = self._pool.submit(hra.fetch, link.hra_id, groups)
        try:
            there = xero.fetch(link.xero_id, groups)
        except SideError:
            reading.exception()
            raise
        return reading.result(), there

    def _decide(
        self, link: Link, hra: Employee, xero: Employee, rules: Rules
    ) -> tuple[Decision, ...]:
        waiting = any(save.employee_id == link.hra_id for save in self._store.waiting())
        bases: dict[str, Base] = self.ledger.bases(link, hra, xero)
        chosen = approving.standing(link, hra, xero, self.ledger)
        rules = replace(
            rules,
            stopped=frozenset(self._store.stopped()),
            chosen={**chosen, **rules.chosen},
        )
        return merge(hra, xero, bases, rules, waiting, approving.asked(link, self.ledger))

    def _approvals(
        self, link: Link, decisions: tuple[Decision, ...], rules: Rules
    ) -> tuple[dict[str, Approval], dict[str, Approval]]:
        return approving.approvals(link, decisions, rules, self.ledger, self._clock())

    def _write(self, seen: Seen, write: plan.Write, rules: Rules, cause: str) -> Done:
        before = seen.hra if write.target == "hra" else seen.xero
        sent = self.ledger.sent(seen.link, write.target, write.changes)
        late = self.ledger.may_arrive(seen.link, before, write.changes, self._clock())
        marked = replace(
            seen.link, sent={**seen.link.sent, **sent}, late={**seen.link.late, **late}
        )
        self._store.save_link(replace(marked, sending=write.target))
        try:
            written = self._sides[write.target].update(before, write.changes)
        except Refused as error:
            written = Written(before, dict.fromkeys(_groups(write), error.reasons))
        except OutcomeUnknown:
            self._look_again(replace(seen, link=marked), write.target, rules)
            raise
        except SideError as error:
            if error.reach is not Reach.ITEM or isinstance(error, NotFound):
                self._store.save_link(seen.link)
            raise
        return self._written(seen, write, written, rules, cause)

    def _look_again(self, seen: Seen, target: str, rules: Rules) -> None:
        """After a lost answer: an own write that did arrive is agreed at once, so that it never counts as a change
        of the other side (D4). Where this cannot be read either, the next run knows it by its mark."""
        hra, xero = seen.hra, seen.xero
        try:
            if target == "hra":
                hra = self._sides[target].fetch(hra.id, hra.groups)
            else:
                xero = self._sides[target].fetch(xero.id, xero.groups)
        except SideError:
            return
        self.record(self._at(seen.link, hra), hra, xero, {}, rules)

    def _at(self, link: Link, hra: Employee) -> Link:
        """The link at the record that a transfer of our own made (M5)."""
        free = self._store.link_of("hra", hra.id) is None
        return self._moved(link, hra.id) if free else link

    def _moved(self, link: Link, hra_id: str) -> Link:
        """The link under its person's new HRA id; whoever is tied to that record stays tied to it (S2, M5)."""
        if hra_id == link.hra_id:
            return link
        for user in self._store.users():
            if user.employee == link.hra_id:
                self._store.put_user(replace(user, employee=hra_id))
        waiting = [row for row in self._store.attention() if row.scope == f"hook:{link.hra_id}"]
        if waiting:
            there = [replace(row, scope=f"hook:{hra_id}", hra_id=hra_id) for row in waiting]
            self._store.replace_attention(f"hook:{hra_id}", there)
            self._store.replace_attention(f"hook:{link.hra_id}", ())
        self._store.note(diary.moved(link, hra_id))
        return replace(link, hra_id=hra_id)

    def _written(
        self, seen: Seen, write: plan.Write, written: Written, rules: Rules, cause: str
    ) -> Done:
        hra, xero = seen.hra, seen.xero
        if write.target == "hra":
            hra = written.employee
        else:
            xero = written.employee
        refused = reasons_by_field(write.changes, written.refused)
        sent = tuple(name for name in write.was if name not in refused)
        link = self._after(self._at(seen.link, hra), write, written, hra, xero, sent)
        self._log(link, write, sent, cause)
        for event in diary.written(link, write.target, sent, refused, seen.decisions, rules):
            self._store.note(event)
        self._warn_of_early_end(link, seen, write, sent)
        return Done(
            self.record(link, hra, xero, refused, rules, sent),
            sent,
            refused,
            write.target,
            seen.conflicts,
        )

    def _after(
        self,
        link: Link,
        write: plan.Write,
        written: Written,
        hra: Employee,
        xero: Employee,
        sent: tuple[str, ...],
    ) -> Link:
        """The link with what read back different marked as kept (D4), and with harm told and stopped (F4)."""
        kept, by = dict(link.kept), dict(link.kept_by)
        for name in sent:
            one, other = hra.get(name), xero.get(name)
            if UNKNOWN not in (one, other) and not same(name, one, other):
                kept[name], by[name] = self.ledger.pair(link, name, one, other), write.target
        left = {**link.left, write.target: written.employee.updated}
        link = replace(link, kept=kept, kept_by=by, sending="", left=left)
        if written.gone:
            told = self._stop(written.gone) if write.target == "xero" else _told(written.gone)
            link = replace(link, open={**link.open, **told})
        return link

    def _stop(self, gone: tuple[str, ...]) -> dict[str, str]:
        """Harm in Xero stops that kind of write for everybody, and names the person (F4)."""
        told: dict[str, str] = {}
        for group in {fact.partition(":")[0] for fact in gone} & {"bank", "super", "tax"}:
            facts = ", ".join(fact.partition(":")[2] for fact in gone if fact.startswith(group))
            self._store.stop_writes(group, facts)
            told[f"{group}_harm"] = words.join(f"{group}_write_harm", facts)
        return told

    def _warn_of_early_end(
        self, link: Link, seen: Seen, write: plan.Write, sent: tuple[str, ...]
    ) -> None:
        """T3: an end date that came earlier than HRA's own may have closed an off-boarding checklist."""
        there = write.changes.get("end_date")
        if "end_date" in sent and closes_early(seen.hra.get("end_date"), there):
            mark = self.ledger.mark(link, "hra", "end_date", there)
            row = replace(early_end(link), mark=mark)
            self._store.replace_attention(f"end:{link.id}", (row,))

    def _log(self, link: Link, write: plan.Write, sent: tuple[str, ...], cause: str) -> None:
        if sent:
            way = f"to_{write.target}"
            self._store.add_change(
                Change(self._clock(), link.hra_id, link.xero_id, link.number, sent, way, cause)
            )


def early_end(link: Link) -> Attention:
    """The row of somebody whose end date in HRA was brought forward."""
    return Attention(
        scope=f"end:{link.id}",
        kind="end date",
        text="Xero's end date is earlier than the one that stood in HRA Cloud and was taken over. If an off-boarding "
        "checklist was open in HRA Cloud, it may have been closed: check it there.",
        fields=("end_date",),
        hra_id=link.hra_id,
        xero_id=link.xero_id,
        number=link.number,
        buttons=("dismiss",),
    )


def _agree(name: str, hra: Employee, xero: Employee) -> bool:
    return same(name, hra.get(name), xero.get(name))


def _told(gone: tuple[str, ...]) -> dict[str, str]:
    """A loss in HRA names the person but stops nothing: somebody may have cleared it there at the same moment."""
    return {"hra_harm": words.join("hra_write_harm", ", ".join(gone))}


def reasons_by_field(
    names: Mapping[str, object], refused: Mapping[str, tuple[str, ...]]
) -> dict[str, str]:
    """The side's refusals, whose keys are groups or fields, as one sentence for each of these fields."""
    told: dict[str, str] = {}
    for name in names:
        reasons = refused.get(name) or refused.get(FIELD_GROUPS[name])
        if reasons is not None:
            told[name] = "; ".join(reasons) or "no reason was given"
    return told


def will_write(decisions: tuple[Decision, ...], way: str) -> bool:
    """Whether a run in this direction has something to write for this record."""
    return any(decision.kind is Kind(way) for decision in decisions)


def _groups(write: plan.Write) -> set[str]:
    return {FIELD_GROUPS[name] for name in write.changes}
