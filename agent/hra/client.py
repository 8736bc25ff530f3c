"""HraClient: HRA Cloud as an HraSide, and the calls beside it (branches, one candidate).

Touches HRA Cloud through the transport that it is handed, nothing else. Facts about the vendor are
from its contract; what the contract leaves open is named as an assumption where it is relied on.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from datetime import date

from agent.employee import UNKNOWN, Employee, Person, Values
from agent.errors import (
    OutcomeUnknown,
    Refused,
    SideError,
    UnreadableAnswer,
    WrongTarget,
)
from agent.fields import FIELDS
from agent.hra import accounts, mapping, mapping_details
from agent.hra.actions import POLLS, Actions
from agent.hra.changes import apart, sentences, split
from agent.hra.hiring import Hiring
from agent.hra.listing import account_path
from agent.hra.records import SIDE, Records
from agent.hra.reference import NEEDED_SCOPES, Branch, Reference
from agent.hra.steps import Steps
from agent.hra.wire import Json, OddShape, Transport, last_segment
from agent.hra.writing import Outcome, Writing
from agent.side import Listing, Probe, Written

__all__ = ["Branch", "HraClient"]

NEEDED_TO_CREATE = ("first_name", "last_name", "branch")
NOT_SURE = (
    "HRA Cloud made the new record but did not answer for this part of it; "
    "the next import looks again."
)


class HraClient:
    """One HRA Cloud account. `email`: which address is the employee's (home or work). `scopes`:
    those granted.

    `sleep` takes seconds (between polls of an action), `polls` says how many. `pool` lets the
    sections of a record be read side by side; calls of this client must not themselves run in it.
    May be used by several threads.
    """

    name = SIDE

    def __init__(
        self,
        transport: Transport,
        account_id: str,
        *,
        sleep: Callable[[float], object],
        email: str = "home",
        scopes: frozenset[str] = frozenset(),
        polls: int = POLLS,
        pool: Executor | None = None,
    ) -> None:
        if email not in ("home", "work"):
            raise ValueError("email is home or work")
        self._transport = transport
        self._account_id = account_id
        self._email = email
        self._scopes = scopes
        self._records = Records(transport, account_id, email, scopes, pool)
        self._reference = Reference(transport, account_id, self._records.missing)
        self._writing = Writing(transport, self._records, email, self._reference.lists)
        self.actions = Actions(transport, account_id, sleep, polls)
        self._hiring = Hiring(transport, account_id, email, self.actions)
        self._steps = Steps(self._records, self.actions, self._reference.known_branches)

    # --- what is connected --------------------------------------------------------------------

    @property
    def missing(self) -> tuple[str, ...]:
        """Scopes that were not granted, or whose lack was met."""
        lacking = set(NEEDED_SCOPES) - self._scopes if self._scopes else set()
        return tuple(sorted(lacking | self._records.missing))

    def probe(self) -> Probe:
        """Who signed in, and that the linked account is among theirs. Raises WrongTarget."""
        try:
            user = accounts.user(self._transport)
            mine = accounts.user_accounts(user) or dict(accounts.accounts(self._transport))
            if self._account_id not in mine:
                raise WrongTarget(SIDE)
            who, signed_in = accounts.user_name(user), accounts.signed_in(user)
        except OddShape as odd:
            raise UnreadableAnswer(SIDE, str(odd)) from None
        name = mine[self._account_id]
        shown = f"{name} ({who})" if name and who else name or who
        return Probe(shown, self._account_id, self.missing, signed_in)

    def begin(self) -> None:
        """Read branches, honorifics and genders afresh. Without the scope for them they are simply
        not known.
        """
        self._reference.begin()

    def branches(self) -> tuple[Branch, ...]:
        """The account's branches, as read by the last `begin`; none without the scope for reference
        data.
        """
        return self._reference.branches()

    # --- people -------------------------------------------------------------------------------

    def listing(self, since: str | None = None) -> Listing:
        """Everybody, whatever their status; with `since` only those changed at or after that
        marker.

        HRA has no filter for that (vendor's developer pages), so the whole list is read each time.
        A person without a readable update time counts as changed. assumption A3: the plain list
        shows people of every status.
        """
        people = self._hiring.employees()
        marker = max((person.updated for person in people), default="")
        if not since:
            return Listing(people, marker, complete=True)
        recent = tuple(p for p in people if not p.updated or p.updated >= since)
        return Listing(recent, marker, complete=False)

    def candidates(self) -> tuple[Person, ...]:
        """Every candidate; those no longer current have the status GONE. Needs the scope
        read:candidates.
        """
        return self._hiring.candidates()

    def candidate(self, id: str) -> Person:
        """One candidate with postcode, e-mail and mobile, which the list lacks. Raises NotFound,
        WrongRecord.
        """
        return self._hiring.candidate(id)

    def convert(self, candidate: Person, start: date | None) -> str:
        """Make an employee of a candidate (M3); the new employee's id. `start` None leaves the
        start date to HRA.

        Raises NotFound (no current candidate any more) or Refused where nothing was done,
        ActionFailed, OutcomeUnknown (it may have happened).
        """
        return self._hiring.convert(candidate, start)

    def person(self, id: str) -> Person:
        """Postcode, e-mail and mobile too, from the detail; a transfer is not followed. Raises
        NotFound, WrongRecord.
        """
        try:
            return mapping.person(self._records.detail(id), self._email)
        except OddShape as odd:
            raise UnreadableAnswer(SIDE, str(odd)) from None

    def fetch(self, id: str, groups: frozenset[str] | None = None) -> Employee:
        """One record with the named groups. Raises NotFound, WrongRecord, TransferLoop."""
        return self._records.fetch(id, groups)

    # --- writing ------------------------------------------------------------------------------

    def update(self, employee: Employee, changes: Values) -> Written:
        """Lay the changes over the record as just read, section by section, and read back what was
        written. An end date is a termination, a branch a transfer, after all sections: what is read
        back then is the new record, with its id.

        An action that is refused or fails is refused under the field's name; one that did not end
        in time reads back as it was. Raises Refused where nothing could be written because all of
        it was refused, OutcomeUnknown, or the error that kept the first part from being sent.
        """
        wanted, refused = split(employee.values, changes)
        outcome = self._carried_out(employee, *apart(wanted))
        refused |= outcome.refused
        if refused and outcome.nothing:
            raise Refused(SIDE, sentences(refused))
        return self._written(employee, outcome, refused)

    def create(self, values: Values) -> Written:
        """A new record in the branch of the values: its details first, then its other sections.

        Raises Refused where it was not made, OutcomeUnknown where that is not known.
        """
        held = {n: v for n, v in values.items() if v is not None and v is not UNKNOWN}
        wanted, refused = split({}, held)
        details = wanted.pop("details", {})
        employee = self._made(self._new(details, refused), frozenset(wanted))
        try:
            outcome = self._carried_out(employee, wanted, {})
            return self._written(employee, outcome, {**refused, **outcome.refused})
        except SideError:
            unsure = {group: (NOT_SURE,) for group in wanted}
            return Written(_details_only(employee), {**refused, **unsure})

    def _carried_out(
        self, employee: Employee, sections: Mapping[str, Values], steps: Values
    ) -> Outcome:
        outcome = Outcome()
        try:
            self._writing.apply(employee, sections, outcome)
            self._steps.take(employee.id, steps, outcome)
        except SideError as error:
            if outcome.nothing or isinstance(error, OutcomeUnknown):
                raise
            # Something was written already: saying "nothing was" would be wrong.
            raise OutcomeUnknown(SIDE, error.detail, correlation=error.correlation) from error
        return outcome

    def _new(self, details: Values, refused: dict[str, tuple[str, ...]]) -> Json:
        lacking = [name for name in NEEDED_TO_CREATE if name not in details]
        if lacking:
            known = sentences({name: refused[name] for name in lacking if name in refused})
            raise Refused(
                SIDE, known or ("A new record needs a first name, a last name and a branch.",)
            )
        if reason := self._steps.no_branch(details["branch"]):
            raise Refused(SIDE, (reason,))
        draft = mapping_details.new(details, self._email, self._reference.lists(details))
        refused |= draft.refused
        if draft.body is None:
            raise Refused(SIDE, sentences(draft.refused))
        return draft.body

    def _made(self, body: Json, groups: frozenset[str]) -> Employee:
        """The new record as it stands after the POST; of its address only the id is used."""
        path = account_path(self._account_id, "employees")
        answer = self._transport.send("POST", path, body, repeatable=False)
        id = last_segment(answer.headers.get("Location", ""))
        try:
            if not id:
                raise UnreadableAnswer(SIDE, "a new record without an address")
            return self._records.fetch(id, groups | {"details"})
        except SideError as error:
            raise OutcomeUnknown(SIDE, error.detail, status=error.status) from error

    def _written(
        self, employee: Employee, outcome: Outcome, refused: dict[str, tuple[str, ...]]
    ) -> Written:
        if outcome.nothing:
            return Written(employee, refused)
        after, gone = self._writing.read_back(employee, outcome)
        return Written(after, refused, gone)


def _details_only(employee: Employee) -> Employee:
    """Without the sections whose state is not known: absent is UNKNOWN."""
    known = {n: v for n, v in employee.values.items() if FIELDS[n].group == "details"}
    return replace(employee, values=known, groups=frozenset({"details"}))
