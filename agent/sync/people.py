"""A person's choices about people: link two, break a link, set somebody aside, say that somebody has no partner (M2, M6)."""

from dataclasses import replace

from agent import match
from agent.employee import Person, Status
from agent.errors import SIDE_NAMES, AccessLost, NotFound, NotPossible
from agent.records import Choice
from agent.strangers import Convert, Create, Join
from agent.sync.clerk import Clerk, about
from agent.sync.newcomers import is_whole, not_created
from agent.sync.report import Answer, holds


class PeopleAnswers(Clerk):
    """Takes choices about people. Every method raises NotPossible, SideError."""

    def link(self, choice: Choice) -> Answer:
        """Link two people, whatever the matching switches say."""
        xero = self._exists("xero", choice.other)
        hra = self._employee_or_candidate(choice.id)
        if Status.GONE in (hra.status, xero.status):
            raise NotPossible("This record was merged or transferred; link its successor.")
        for side, person in (("hra", hra), ("xero", xero)):
            if self.store.link_of(side, person.id):
                raise NotPossible(
                    f"The {SIDE_NAMES[side]} record {person.id} is linked already. Remove that link first."
                )
        if hra.candidate and xero.status is not Status.CURRENT:
            raise NotPossible(
                "This person is not employed in Xero any more, so no employee is made of the candidate."
            )
        rules = replace(self.rules(choice.actor), by_person=True)
        for side, person in (("hra", hra), ("xero", xero)):
            self.store.unignore(side, person.id)
            self.store.clear_pending("xero" if side == "hra" else "hra", person.id)
        if hra.candidate:
            link = self.hands.newcomers.convert(Convert(hra, xero, alone=True), rules)
        else:
            link = self.hands.newcomers.join(Join(hra.id, xero.id), rules, "a person linked them")
        if link is None:
            raise NotPossible("One of the two was linked meanwhile. Look at the links.")
        seen = self.hands.records.examine(link, rules)
        self.store.replace_attention(f"hook:{hra.id}", ())
        told = holds(seen.decisions)
        return Answer(
            f"Linked. What differs goes with the next runs. {told}".strip(), 1 if told else 0
        )

    def unlink(self, choice: Choice) -> Answer:
        """Break a link; these two are never linked again by themselves."""
        link = self.store.link_of("hra", choice.id)
        if link is None:
            raise NotPossible(f"No link has the HRA Cloud record {choice.id}.")
        self.store.part(link.hra_id, link.xero_id)
        self.hands.records.forget(link)
        self.note("unlinked", link, "a person broke the link", choice, ())
        return Answer("The link is broken. The agent does not link these two again by itself.")

    def ignore(self, choice: Choice) -> Answer:
        """Leave a record alone from now on."""
        side, id = _scope(choice.id)
        if self.store.link_of(side, id):
            raise NotPossible("This person is linked. Remove the link first.")
        self._exists(side, id)
        self.store.ignore(side, id)
        self.store.clear_alone(f"{side}:{id}")
        self.store.replace_attention(f"{side}:{id}", ())
        self.store.note(about(side, id, "ignored", "a person set this record aside", choice.actor))
        return Answer(
            "Ignored. The agent leaves this record alone until you link it or look at it again."
        )

    def unignore(self, choice: Choice) -> Answer:
        """Look at an ignored record again."""
        side, id = _scope(choice.id)
        if id not in self.store.ignored(side):
            raise NotPossible("This record is not among the ignored ones.")
        self.store.unignore(side, id)
        self.store.note(
            about(side, id, "unignored", "a person wants it looked at again", choice.actor)
        )
        return Answer("The next run looks at this record again.")

    def create(self, choice: Choice) -> Answer:
        """M2: a person says that somebody has no partner; they are created at once."""
        side, id = _scope(choice.id)
        if self.store.link_of(side, id):
            raise NotPossible("This person is linked already, so nobody is created.")
        person = self._exists(side, id)
        status = person.status
        if side == "hra":
            status = self.hands.hra.fetch(id, frozenset({"details"})).status
        if person.status is Status.GONE:
            raise NotPossible("This record was merged or transferred; look at its successor.")
        if status is not Status.CURRENT:
            raise NotPossible("This person is not a current employee, so nobody is created.")
        self._nobody_new(side, person)
        self.store.unignore(side, id)
        self.store.say_alone(f"{side}:{id}")
        self.store.note(
            about(side, id, "alone", "a person said that nobody there is them", choice.actor)
        )
        create = Create(
            "xero" if side == "hra" else "hra", replace(person, status=status), alone=True
        )
        rules = replace(self.rules(choice.actor), by_person=True)
        created = self.hands.newcomers.create(create, rules, "choice")
        if created.seen is None:
            return Answer(not_created(create, created.reason), 1)
        told = holds(created.seen.decisions)
        return Answer(
            f"Created in {SIDE_NAMES[create.target]} and linked. {told}".strip(), 1 if told else 0
        )

    def _nobody_new(self, side: str, person: Person) -> None:
        """Raises NotPossible where somebody may be this person whom the match desk did not show yet."""
        rows = [row for row in self.store.attention() if row.scope == f"{side}:{person.id}"]
        shown = {partner.id for row in rows for partner in row.partners}
        other = "xero" if side == "hra" else "hra"
        listing = self.hands.sides()[other].listing()
        if not is_whole(listing, self.store.links()):
            raise NotPossible(
                "The other side's list is not whole, so nobody is created now. Try again later."
            )
        close = {one.id for one in match.near(person, listing.people)}
        if shown and close - shown:
            raise NotPossible(
                "Somebody else turned up who may be this person. Run an import or export, then look at the row again.",
                moved=True,
            )

    def _employee_or_candidate(self, id: str) -> Person:
        try:
            return self._exists("hra", id)
        except NotPossible:
            try:
                return self.hands.hra.candidate(id)
            except (NotFound, AccessLost):
                pass
            raise

    def _exists(self, side: str, id: str) -> Person:
        try:
            return self.hands.sides()[side].person(id)
        except NotFound:
            raise NotPossible(f"{SIDE_NAMES[side]} has no record with the id {id}.") from None


def _scope(id: str) -> tuple[str, str]:
    side, sign, rest = id.partition(":")
    return (side, rest) if sign and side in SIDE_NAMES else ("hra", id)
