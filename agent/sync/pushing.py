"""One eSS save on its way to Xero: the linked record's sections, or somebody without a link who is linked or created (H2)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from agent import match, words
from agent.employee import Employee, Person, Status
from agent.errors import AgentError, Busy, OutcomeUnknown, Reach
from agent.fields import FIELDS
from agent.merge import Kind, Rules
from agent.records import Link, Pending
from agent.strangers import Create, Join, Matching, Strangers, decide
from agent.sync.hands import Hands
from agent.sync.newcomers import is_whole, not_created
from agent.sync.records import Done
from agent.sync.report import Answer, Pushed

# The hook's words for sections, and the field groups that they stand for.
SECTIONS = {
    "details": "details",
    "bank-accounts": "bank",
    "retirement-savings": "super",
    "tax-details": "tax",
}
NOT_WHOLE = (
    "A list of people came back incomplete, so nobody was linked or created; the agent looks again."
)
NOT_CURRENT = "This person is not Current in HRA Cloud, so the save stays there."


@dataclass(frozen=True)
class Pushing:
    """Pushes of one pair. `rules` gives the rules of an eSS save."""

    hands: Hands
    matching: Matching
    rules: Callable[[], Rules]

    def push(self, hra_id: str, sections: tuple[str, ...] = (), wait: bool = True) -> Pushed:
        """Carry one employee's eSS save to Xero. Raises SideError and OwnFault; `try_again` says whether it may pass by itself.

        Without `wait` a record that is at work elsewhere is Busy at once: HRA Cloud's actions take up to a minute, and behind
        this save stand those of others (R1).
        """
        link = self.hands.store.link_of("hra", hra_id)
        if link is None:
            return self._push_stranger(hra_id, sections, wait)
        groups = frozenset(SECTIONS[name] for name in sections) or None
        try:
            done = self.hands.records.carry_out(
                link, self.rules(), "to_xero", "eSS", groups, wait=wait
            )
        except Busy:
            raise
        except AgentError as error:
            if error.reach is Reach.ITEM:
                self.hands.records.failed(link, error)
            raise
        self.hands.store.replace_attention("org", words.notices(self.hands.store.links()))
        return _pushed(done, groups)

    def _push_stranger(self, hra_id: str, sections: tuple[str, ...], wait: bool) -> Pushed:
        """A save of somebody without a link: linked or created where that is certain, else said on the page (H2)."""
        source = self.hands.hra.fetch(hra_id, frozenset({"details"}))
        known = self._before_transfer(source)
        if known is not None:
            self.hands.records.follow(known)
            if self.hands.store.link_of("hra", source.id) is not None:
                return self.push(source.id, sections, wait)
        if source.status is not Status.CURRENT:
            return Pushed("held", reason=NOT_CURRENT)
        person = self.hands.hra.person(source.id)
        return self._admit(replace(person, status=source.status), wait)

    def _before_transfer(self, source: Employee) -> Link | None:
        """The link of the record that somebody was transferred from, however often (M5)."""
        seen, id = {source.id}, source.old_id
        while id and id not in seen:
            found = self.hands.store.link_of("hra", id)
            if found is not None:
                return found
            self.hands.newcomers.moved(id, source.id)
            seen.add(id)
            id = self.hands.hra.person(id).old_id
        return self.hands.store.link_of("hra", source.id)

    def _admit(self, person: Person, wait: bool) -> Pushed:
        """Decide for this one among everybody: another HRA record may claim the same partner."""
        known = self.hands.newcomers.known()
        staff, listing = self.hands.hra.listing(), self.hands.xero.listing()
        if not (is_whole(staff, known.links) and is_whole(listing, known.links)):
            return Pushed("held", reason=NOT_WHOLE, certain=False)
        others = [p for p in staff.people if p.id != person.id]
        decided = decide(
            [person, *others],
            [self._whole(person, one) for one in listing.people],
            known,
            self.matching,
            "to_xero",
        )
        waits = [row for row in decided.held if row.hra_id == person.id]
        if waits and person.id in known.going_on:
            self.hands.store.replace_attention(waits[0].scope, waits)
            raise OutcomeUnknown("xero", "a create was sent before; it may still happen")
        return self._admitted(person, decided, listing.marker, wait)

    def _whole(self, person: Person, other: Person) -> Person:
        """The branch of a possible partner, which a list may not tell (M4)."""
        wanted = self.matching.branches and not self.matching.across and other.branch is None
        if not wanted or not match.same_name(person, other):
            return other
        return replace(other, branch=self.hands.xero.person(other.id).branch)

    def _admitted(self, person: Person, decided: Strangers, marker: str, wait: bool) -> Pushed:
        for row in decided.held:
            if row.hra_id == person.id:
                self.hands.store.replace_attention(row.scope, (row,))
                return Pushed("held", reason=row.text)
        for joining in decided.joins:
            if joining.hra_id == person.id:
                return self._push_joined(joining)
        for create in decided.creates:
            if create.source.id == person.id:
                return self._push_created(create, decided.settled, marker, wait)
        return Pushed(
            "held", reason="This person is not linked, and nobody in Xero is certain to be them."
        )

    def _push_joined(self, joining: Join) -> Pushed:
        link = self.hands.newcomers.join(joining, self.rules()) or self.hands.store.link_of(
            "hra", joining.hra_id
        )
        if link is None:
            return Pushed(
                "held",
                reason="This person's partner in Xero was linked to somebody else meanwhile.",
            )
        self.hands.store.clear_pending("xero", joining.hra_id)
        rules = self.rules()
        return _pushed(self.hands.records.carry_out(link, rules, "to_xero", "eSS"), None)

    def _push_created(
        self, create: Create, settled: tuple[Pending, ...], since: str, wait: bool
    ) -> Pushed:
        for pending in settled:
            if pending.source_id == create.source.id:
                self.hands.store.clear_pending(pending.side, pending.source_id)
        created = self.hands.newcomers.create(create, self.rules(), "eSS", since, wait=wait)
        if created.seen is None:
            return Pushed("held", reason=not_created(create, created.reason))
        return Pushed("done", created.fields)

    def again(self, hra_id: str) -> Answer:
        """A person asks for one more try of a push that had failed (H3)."""
        pushed = self.push(hra_id)
        if pushed.outcome == "held":
            return Answer(pushed.reason, 1)
        self.hands.store.replace_attention(f"hook:{hra_id}", ())
        return Answer("Done: what was saved is in Xero.")


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
