"""People without a partner: linking them, and creating them on the other side once and only once (M2, X3)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from threading import Lock

from agent import match, plan
from agent.employee import Employee, Person, Status, Value
from agent.errors import (
    SIDE_NAMES,
    AccessLost,
    ActionFailed,
    Busy,
    NotConnected,
    NotFound,
    NotPossible,
    OutcomeUnknown,
    Parked,
    Refused,
    Unreachable,
)
from agent.fields import FIELDS
from agent.merge import SENDS, Decision, Rules, merge
from agent.records import Attention, Change, Late, Link, Pending
from agent.side import HraSide, Listing, Side, Written
from agent.store import Store
from agent.strangers import Convert, Create, Join, Known
from agent.sync import diary
from agent.sync.ledger import LATE
from agent.sync.locks import Locks
from agent.sync.own_faults import of_one_record
from agent.sync.records import HRA_SUPER, Records, Seen, reasons_by_field

# For so long nothing is created or converted again of which nothing was heard and nothing is seen: it may still happen
# (X3). A conversion that did not end while it was polled goes on for longer (assumption A18).
CONVERTING = timedelta(minutes=30)
TERMS = {"create": LATE, "convert": CONVERTING}

# Errors that say for certain that a create did not happen.
NOT_DONE = (Refused, Unreachable, Parked, NotConnected, AccessLost)


@dataclass(frozen=True)
class Draft:
    """A create as decided: what it writes, what stays behind, or why it cannot be (`reason`)."""

    source: Employee
    changes: Mapping[str, Value]
    reason: str = ""
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True)
class Created:
    """What came of a create: the linked record, or None with the reason why nobody was created."""

    seen: Seen | None
    fields: tuple[str, ...] = ()
    refused: Mapping[str, str] | None = None
    reason: str = ""


class Newcomers:
    """Links and creates. `branch_for` gives the HRA branch id for somebody who comes from Xero, None where unmapped."""

    def __init__(
        self,
        hra: HraSide,
        xero: Side,
        store: Store,
        records: Records,
        clock: Callable[[], datetime],
        locks: Locks,
        branch_for: Callable[[Employee], str | None],
        candidates: bool = False,
    ) -> None:
        self._hra = hra
        self._sides: dict[str, Side] = {"hra": hra, "xero": xero}
        self._store = store
        self._records = records
        self._clock = clock
        self._locks = locks
        self._branch_for = branch_for
        self._candidates = candidates
        self._creating = Lock()

    def spoken_for(self) -> tuple[Link, ...]:
        """Links, and those whom a person told the agent to ignore, as if they were linked (M6)."""
        ignored = (
            *(Link("", id, "") for id in self._store.ignored("hra")),
            *(Link("", "", id) for id in self._store.ignored("xero")),
        )
        return (*self._store.links(), *ignored)

    def known(
        self, links: Sequence[Link] | None = None, pending: Sequence[Pending] | None = None
    ) -> Known:
        """What is stored about people, as the decision about strangers wants it. `pending`: the lost creates as they stood
        before the lists were read; one that was sent since may be in none of them yet.
        """
        waiting = self._store.pending() if pending is None else pending
        now = self._clock()
        return Known(
            self.spoken_for() if links is None else links,
            waiting,
            self._store.parted(),
            self._store.alone(),
            frozenset(p.source_id for p in waiting if now - p.since < TERMS[p.action]),
        )

    def moved(self, old: str, new: str) -> None:
        """Somebody without a link was transferred: what a person said of the old record holds for the new one (M5, M6)."""
        if old in self._store.ignored("hra"):
            self._store.ignore("hra", new)
            self._store.unignore("hra", old)
        for hra_id, xero_id in self._store.parted():
            if hra_id == old:
                self._store.part(new, xero_id)

    def join(
        self, joining: Join, rules: Rules, why: str = "each other's only partner"
    ) -> Link | None:
        """Link two people; None when either got a link meanwhile."""
        with self._locks.of(f"hra:{joining.hra_id}"), self._locks.of(f"xero:{joining.xero_id}"):
            if self._store.link_of("hra", joining.hra_id) or self._store.link_of(
                "xero", joining.xero_id
            ):
                return None
            # A create in HRA Cloud goes on with its sections: the last of them may be under way still.
            lost = [p.since for p in self._store.pending() if _key(p) == ("hra", joining.xero_id)]
            late = {HRA_SUPER: Late("", lost[0] + LATE)} if lost else {}
            link = self._store.add_link(
                joining.hra_id, joining.xero_id, created=joining.created, late=late
            )
        self._linked(link, "linked", why, rules)
        return link

    def convert(self, converting: Convert, rules: Rules, since: str | None = None) -> Link | None:
        """Make an employee of a candidate and link them; None when that person got a link meanwhile (M3).

        `since` as in `create`. Raises NotPossible where it does not hold any more, NotFound (converted by hand
        meanwhile), ActionFailed, OutcomeUnknown (looked for first next time).
        """
        person, candidate = converting.source, converting.candidate
        with self._creating, self._locks.of(f"xero:{person.id}"), of_one_record():
            if self._store.link_of("xero", person.id):
                return None
            there = self._sides["xero"].fetch(person.id, frozenset({"details"}))
            obstacle = self._moved_since(
                Create("hra", person, alone=converting.alone), since, converting=True
            )
            if there.status is not Status.CURRENT:
                obstacle = "is not a current employee any more"
            if obstacle:
                self._hold(Create("hra", person), obstacle)
                raise NotPossible(not_created(Create("hra", person), obstacle), moved=True)
            self._store.add_pending(Pending("hra", person.id, self._clock(), "convert"))
            try:
                new_id = self._hra.convert(candidate, _start_of(there))
            except (*NOT_DONE, NotFound, ActionFailed):
                self._store.clear_pending("hra", person.id)
                raise
            link = self._store.add_link(new_id, person.id)
            self._store.clear_pending("hra", person.id)
        self._linked(link, "converted", "the candidate is this person's only partner", rules)
        return link

    def _linked(self, link: Link, what: str, why: str, rules: Rules) -> None:
        """Whatever was said about two strangers is settled once they are linked."""
        for side, id in (("hra", link.hra_id), ("xero", link.xero_id)):
            self._store.replace_attention(f"{side}:{id}", ())
            self._store.clear_alone(f"{side}:{id}")
        self._store.unpart(link.hra_id, link.xero_id)
        self._store.note(diary.about(what, link, why, rules.actor))

    def draft(self, create: Create, rules: Rules) -> Draft:
        """Read the person and decide what the new record gets: merging against a blank one, by the same rules."""
        side = self._sides[create.source.side]
        source = side.fetch(create.source.id)
        blank = plan.blank(create.target)
        hra, xero = (blank, source) if create.target == "hra" else (source, blank)
        decisions = merge(hra, xero, {}, replace(rules, stopped=frozenset(self._store.stopped())))
        changes = {d.name: d.value for d in decisions if SENDS.get(d.kind) == create.target}
        if source.status is not Status.CURRENT:
            return Draft(source, {}, "is not a current employee any more")
        if source.id != create.source.id:
            return Draft(source, {}, "was transferred meanwhile; the next run looks again")
        if create.target == "hra":
            branch = self._branch_for(source)
            if branch is None:
                return Draft(source, {}, _no_branch(source))
            changes["branch"] = branch
        reason = plan.why_not_creatable(source, create.target, changes) or ""
        return Draft(source, changes, reason, decisions)

    def create(
        self,
        create: Create,
        rules: Rules,
        cause: str,
        since: str | None = None,
        check: Callable[[Draft], None] = lambda draft: None,
        wait: bool = True,
    ) -> Created:
        """Create the person and link both records. Raises SideError; an unknown outcome is looked for first next time.

        `since` is the marker of the listing that the decision came from: whoever came to the target after it is
        looked at once more, unless a person said that this one has no partner. `check` looks at the draft before it is
        sent. One create at a time, for two records of one person have two locks. Raises Busy where another is under way and
        this does not `wait`.
        """
        person = create.source
        with (
            self._alone(wait),
            self._locks.of(f"{person.side}:{person.id}", wait),
            of_one_record(),
        ):
            obstacle = self._moved_since(create, since)
            if obstacle:
                return Created(None, reason=obstacle)
            draft = self.draft(create, rules)
            if draft.reason:
                self._hold(create, draft.reason)
                return Created(None, reason=draft.reason)
            check(draft)
            return self._create(create, draft, rules, cause)

    @contextmanager
    def _alone(self, wait: bool) -> Iterator[None]:
        if not self._creating.acquire(blocking=wait):
            raise Busy
        try:
            yield
        finally:
            self._creating.release()

    def _moved_since(self, create: Create, since: str | None, converting: bool = False) -> str:
        """Why what the create was decided on does not hold any more (R1, M2, X3); "" when it does."""
        person = create.source
        if self._store.link_of(person.side, person.id):
            return "was linked meanwhile"
        if person.id in self._store.ignored(person.side):
            return "was set aside meanwhile"
        sent = {(pending.side, pending.source_id) for pending in self._store.pending()}
        if (create.target, person.id) in sent:
            self._hold(create, "may have been created already; the next run looks first")
            return "may have been created already"
        listing = self._sides[create.target].listing(since)
        if since is None and not is_whole(listing, self._store.links()):
            return "is left for the next run, because the other side's list is not whole"
        if not create.alone and match.near(person, listing.people):
            self._hold(
                create, "may be somebody who was added there meanwhile; the next run looks again"
            )
            return "may be somebody who was added there meanwhile"
        if (
            create.target == "hra"
            and not (converting or create.alone)
            and self._is_candidate(person)
        ):
            return "may be one of the candidates there; the next run looks again"
        return ""

    def _is_candidate(self, person: Person) -> bool:
        """Whether a candidate may be this person, where candidates are matched (M2)."""
        if not self._candidates:
            return False
        return bool(match.near(person, self._hra.candidates()))

    def _create(self, create: Create, draft: Draft, rules: Rules, cause: str) -> Created:
        person = create.source
        self._store.add_pending(Pending(create.target, person.id, self._clock()))
        try:
            written = self._sides[create.target].create(draft.changes)
        except NOT_DONE as error:
            self._store.clear_pending(create.target, person.id)
            if not isinstance(error, Refused):
                raise
            self._hold(
                create,
                f"was refused: {'; '.join(error.reasons) or 'no reason was given'}",
                "refused",
            )
            return Created(None, reason="was refused")
        except OutcomeUnknown as error:
            self._hold(create, f"may or may not have been created: {error.sentence()}", "failed")
            raise
        return self._link(create, draft, written, rules, cause)

    def _link(
        self, create: Create, draft: Draft, written: Written, rules: Rules, cause: str
    ) -> Created:
        ids = {create.target: written.employee.id, create.source.side: draft.source.id}
        link = self._store.add_link(ids["hra"], ids["xero"], draft.source.number, create.target)
        self._store.clear_pending(create.target, create.source.id)
        whole = {*FIELDS} <= written.employee.values.keys() & draft.source.values.keys()
        left = {side.side: side.updated for side in (written.employee, draft.source)}
        link = replace(link, left=left, verified=self._clock() if whole else None)
        hra, xero = (
            (written.employee, draft.source)
            if create.target == "hra"
            else (draft.source, written.employee)
        )
        refused = reasons_by_field(draft.changes, written.refused)
        sent = tuple(name for name in draft.changes if name not in refused)
        self._store.add_change(
            Change(
                self._clock(),
                link.hra_id,
                link.xero_id,
                link.number,
                sent,
                f"to_{create.target}",
                cause,
            )
        )
        self._linked(link, "created", f"in {SIDE_NAMES[create.target]}", rules)
        for event in diary.written(link, create.target, sent, refused, draft.decisions, rules):
            self._store.note(event)
        with self._locks.of(link.id):
            return Created(self._records.record(link, hra, xero, refused, rules), sent, refused)

    def _hold(self, create: Create, reason: str, kind: str = "cannot-travel") -> None:
        self._store.replace_attention(
            f"{create.source.side}:{create.source.id}", (held(create, reason, kind),)
        )


def _key(pending: Pending) -> tuple[str, str]:
    return pending.side, pending.source_id


def _start_of(employee: Employee) -> date | None:
    found = employee.get("start_date")
    return found if isinstance(found, date) else None


def held(create: Create, reason: str, kind: str = "cannot-travel") -> Attention:
    """The row of somebody who could not be created."""
    person = create.source
    return Attention(
        scope=f"{person.side}:{person.id}",
        kind=kind,
        text=not_created(create, reason),
        hra_id=person.id if person.side == "hra" else None,
        xero_id=person.id if person.side == "xero" else None,
        number=person.number,
        buttons=("create", "ignore") if create.alone else ("ignore",),
    )


def is_whole(listing: Listing, links: Sequence[Link]) -> bool:
    """Whether a list may be trusted to show everybody (D8): complete, and not empty though people are linked."""
    return listing.complete and bool(listing.people or not links)


def not_created(create: Create, reason: str) -> str:
    """Why somebody was not created, in words."""
    who = "this person" if reason.startswith(("is ", "was ", "may ")) else "this person's"
    # A reason may be a sentence of its own.
    return f"Not created in {SIDE_NAMES[create.target]}: {who} {reason.removesuffix('.')}."


def _no_branch(source: Employee) -> str:
    if source.unmapped:
        return f"Employee Group '{source.unmapped}' is mapped to no branch (see [branch_map])"
    return "branch is not known: set default_branch in [branches]"
