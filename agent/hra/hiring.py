"""Candidates of the account: reading them, and making an employee of one (M3).

HRA's answer to a conversion does not name the new employee. It is looked for: the one employee
record that was not there before, of the same name and birth date, made no earlier than the newest
time that HRA had told before (assumption A20: a conversion makes a record with an id and a creation
time of its own). Anything else than exactly one is OutcomeUnknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from agent import fields
from agent.employee import Person, Status
from agent.errors import NotFound, OutcomeUnknown, Refused, SideError, UnreadableAnswer, WrongRecord
from agent.hra import mapping
from agent.hra.actions import SIDE, Actions
from agent.hra.listing import account_path, everything
from agent.hra.wire import Json, OddShape, Transport
from agent.match import same_name

NOT_CURRENT = "the candidate is not a current one any more"
CHANGED = "The candidate's name or date of birth was changed in HRA Cloud meanwhile; look at the match again."


@dataclass(frozen=True)
class Hiring:
    """The candidates of one account. `email` is home or work."""

    transport: Transport
    account_id: str
    email: str
    actions: Actions

    def candidates(self) -> tuple[Person, ...]:
        """Every candidate; those no longer current have the status GONE."""
        listed = everything(self.transport, account_path(self.account_id, "candidates"))
        return tuple(self._candidate(record) for record in listed)

    def candidate(self, id: str) -> Person:
        """Postcode, e-mail and mobile too, from the detail (contract: CandidateDetail). Raises
        NotFound, WrongRecord.
        """
        body = self.transport.get(account_path(self.account_id, "candidates", id)).body
        if not isinstance(body, Mapping) or not isinstance(body.get("id"), str):
            raise UnreadableAnswer(SIDE, "a candidate without an id")
        if body["id"] != id:
            raise WrongRecord(SIDE)
        return self._candidate(body)

    def employees(self) -> tuple[Person, ...]:
        """Every employee, as the list shows them (assumption A3: of every status)."""
        listed = everything(self.transport, account_path(self.account_id, "employees"))
        try:
            return tuple(mapping.person(record, self.email) for record in listed)
        except OddShape as odd:
            raise UnreadableAnswer(SIDE, str(odd)) from None

    def convert(self, candidate: Person, start: date | None) -> str:
        """Make an employee of a candidate; the new employee's id.

        `start` goes as the start date; None leaves it to HRA. Raises NotFound (no current candidate
        any more) and Refused, where nothing was done; ActionFailed; OutcomeUnknown.
        """
        reason = fields.problem("start_date", start, SIDE)
        if reason:
            raise Refused(SIDE, (f"The start date {reason}.",))
        now = self._unchanged(candidate)
        before = self.employees()
        if not self.actions.convert(now.id, start):
            raise OutcomeUnknown(SIDE, "the conversion of a candidate did not end in time")
        return self._hired(now, before)

    def _unchanged(self, candidate: Person) -> Person:
        now = self.candidate(candidate.id)
        if now.status is not Status.CURRENT:
            raise NotFound(SIDE, NOT_CURRENT)
        if not _fits(now, candidate):
            raise Refused(SIDE, (CHANGED,))
        return now

    def _hired(self, candidate: Person, before: tuple[Person, ...]) -> str:
        known = {person.id for person in before}
        newest = max(time for p in (*before, candidate) for time in (p.created, p.updated))
        try:
            after = self.employees()
        except SideError as error:
            raise OutcomeUnknown(
                SIDE, "the new employee could not be looked for", status=error.status
            ) from error
        fresh = [p for p in after if p.id not in known and (not p.created or p.created >= newest)]
        found = [person for person in fresh if _fits(person, candidate)]
        if len(found) != 1:
            raise OutcomeUnknown(SIDE, "which employee a candidate became is not clear")
        return found[0].id

    def _candidate(self, record: Json) -> Person:
        try:
            return mapping.as_candidate(mapping.person(record, self.email), record)
        except OddShape as odd:
            raise UnreadableAnswer(SIDE, str(odd)) from None


def _fits(one: Person, other: Person) -> bool:
    return same_name(one, other) and one.date_of_birth == other.date_of_birth
