"""XeroClient: Xero Payroll AU as one of the two sides (agent.side.Side).

Reads one employee with one call, writes one employee with one call where nothing is refused and the
answer shows what was written, and never deletes. All decisions about values are in the mappings.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from agent.branches import BranchMap
from agent.employee import UNKNOWN, Employee, Person, Status, Values
from agent.errors import AccessLost, Distrusted, Refused, SideError
from agent.fields import FIELD_GROUPS, FIELDS
from agent.side import LeaveMoved, Listing, Probe, Written
from agent.xero import mapping, wire
from agent.xero.calls import Calls, Transport
from agent.xero.connections import named
from agent.xero.leave_moved import leave_moved
from agent.xero.reading import EMPLOYEES, Reader
from agent.xero.sections import Draft, Section, draft
from agent.xero.wire import SIDE, Json
from agent.xero.writes import Outcome, gone, post_sections, proves, shows, unsure

# Xero refuses an employee without these (reported from its live validation, assumption A32).
NEEDED_TO_CREATE = ("first_name", "last_name", "date_of_birth", "home_address")
# A new person whose branch has no Employee Group is held whole (B2).
HELD_WHOLE = frozenset({*NEEDED_TO_CREATE, "branch"})
LATER_GROUPS = frozenset({"bank", "super", "tax"})
WRITTEN_GROUPS = LATER_GROUPS | {"details"}


class XeroClient:
    """One organisation's payroll. Thread-safe as far as its transport is.

    `transport` carries the address, the tenant header and the limits. `groups_of` None is matching
    switched off. `new_key` makes Idempotency-Keys. `scopes` are those granted; empty means not
    told, taken as enough for payroll. `organisation` and `tenant_id` are what the probe reports.
    """

    name = SIDE

    def __init__(
        self,
        transport: Transport,
        *,
        leave_map: Mapping[str, str],
        groups_of: BranchMap | None,
        create_super_funds: bool,
        new_key: Callable[[], str],
        scopes: frozenset[str],
        clock: Callable[[], datetime],
        organisation: str = "",
        tenant_id: str = "",
    ) -> None:
        self._transport = transport
        self._calls = Calls(transport, new_key)
        self._scopes = scopes
        self._branches = groups_of or BranchMap()
        self._organisation = (organisation, tenant_id)
        self._reader = Reader(
            self._calls,
            branches=self._branches,
            leave_map=leave_map,
            create_super_funds=create_super_funds,
            scopes=scopes,
            clock=clock,
        )

    def probe(self) -> Probe:
        """Proves payroll access by one read. Raises NotConnected where the connection was removed
        in Xero, AccessLost, NotSetUp and other SideErrors.
        """
        try:
            return self._reader.probe(*self._organisation)
        except AccessLost as error:
            raise named(error, self._transport, *self._organisation) from None

    def begin(self) -> None:
        """Reads the funds, the leave types and the Employee Groups afresh."""
        self._reader.begin()

    def listing(self, since: str | None = None) -> Listing:
        """Active and terminated people, or those changed since a marker. Raises RepeatedCursor,
        UnreadableAnswer.
        """
        return self._reader.listing(since)

    def leave_moved(self, since: Mapping[str, str]) -> LeaveMoved:
        """Whose leave balances may have moved since these markers (F5)."""
        return leave_moved(self._calls, self._scopes, since)

    def person(self, id: str) -> Person:
        """Somebody's detail as a Person, with the postcode and the branch."""
        return self._reader.person(id)

    def fetch(self, id: str, groups: frozenset[str] | None = None) -> Employee:
        """One record. Raises NotFound, WrongRecord, UnreadableAnswer."""
        wanted = mapping.ALL_GROUPS if groups is None else groups
        return self._reader.employee(self._reader.detail(id), wanted)

    def update(self, employee: Employee, changes: Values) -> Written:
        """Writes the changed sections over the record as just read, and reads them back.

        Raises Refused where nothing could be written for the record's own sake, OutcomeUnknown
        where the answer is lost, or the SideError that came before anything was written.
        """
        planned = self._draft(employee, changes)
        outcome = self._post(employee, changes, planned)
        refused = {**planned.refused, **outcome.refused}
        if not outcome.groups:
            if refused:
                raise Refused(SIDE, _all(refused))
            return Written(employee)
        asked = {name: value for name, value in changes.items() if name not in refused}
        after, lost = self._read_back(employee, asked, outcome)
        return Written(after, refused, lost)

    def create(self, values: Values) -> Written:
        """A new employee: personal details first, then bank, super and tax over the new record.

        Raises Refused where Xero or the branch map does not take the person, OutcomeUnknown where
        the answer is lost. What fails after that is in `refused`, for the new id must not be lost.
        """
        made, refused = self._created(_held(values, frozenset({"details"})))
        rest = _held(values, LATER_GROUPS)
        if not rest:
            return Written(made, refused)
        try:
            written = self.update(made, rest)
        except SideError as error:
            told = error.reasons if isinstance(error, Refused) else ()
            reasons = told or (error.sentence(),)
            groups = {FIELD_GROUPS[name] for name in rest}
            return Written(made, {**refused, **dict.fromkeys(groups, reasons)})
        return replace(written, refused={**refused, **written.refused})

    def _created(self, details: Values) -> tuple[Employee, Mapping[str, tuple[str, ...]]]:
        planned = self._draft_of_new(details)
        body = planned.body()
        try:
            row = wire.only(self._calls.post(EMPLOYEES, row=body), EMPLOYEES)
            id = wire.identity(row, "EmployeeID")
        except Distrusted as error:
            raise unsure(error) from None
        made = self._reader.employee(self._whole(id, row, body), WRITTEN_GROUPS)
        return made, planned.refused

    def _draft_of_new(self, details: Values) -> Draft:
        """What is posted for a new person. Raises Refused where Xero cannot take this person at all
        (D6).
        """
        unwritten = {"end_date"} if self._branches.match else {"end_date", "branch"}
        wanted = {name: value for name, value in details.items() if name not in unwritten}
        planned = self._draft(Employee(SIDE, "", Status.CURRENT, {}), wanted)
        lacking = {
            name: (f"its {FIELDS[name].label} is missing",)
            for name in NEEDED_TO_CREATE
            if name not in wanted
        }
        fatal = {
            name: why for name, why in {**lacking, **planned.refused}.items() if name in HELD_WHOLE
        }
        if fatal:
            raise Refused(SIDE, _all(fatal), status=None)
        return planned

    def _draft(self, employee: Employee, changes: Values) -> Draft:
        lacks, funds = self._reader.groups.lacks, self._reader.funds()
        return draft(employee, changes, self._branches, lacks, funds)

    def _whole(self, id: str, row: Json, body: Json) -> Json:
        """The new record: the answer where it shows what was written and how loans are told, else a
        read.
        """
        if shows(row, body) and "IsSTP2Qualified" in row:
            return row
        try:
            return self._reader.detail(id)
        except SideError:
            return row

    def _post(self, employee: Employee, changes: Values, planned: Draft) -> Outcome:
        def post(body: Mapping[str, Any]) -> Json:
            try:
                answer = self._calls.post(EMPLOYEES, employee.id, row=body)
                return mapping.checked(wire.only(answer, EMPLOYEES), employee.id)
            except Distrusted as error:
                raise unsure(error) from None

        def again(section: Section) -> Section | None:
            return self._afresh(employee, changes, section)

        return post_sections(planned.sections, post, again)

    def _afresh(self, employee: Employee, changes: Values, section: Section) -> Section | None:
        """Super after a refusal of everything: whether a part was taken is undocumented (assumption
        A39), and a membership posted twice would stand twice, so the record is read again.
        """
        if section.group != "super":
            return section
        fresh = self._reader.employee(self._reader.detail(employee.id), frozenset({"super"}))
        wanted = {name: value for name, value in changes.items() if FIELD_GROUPS[name] == "super"}
        made = self._draft(fresh, wanted).sections
        return made[0] if made else None

    def _read_back(
        self, before: Employee, changes: Values, outcome: Outcome
    ) -> tuple[Employee, tuple[str, ...]]:
        """The answer is believed when it shows every change and no loss; anything else is asked for
        again.
        """
        if shows(outcome.answer, outcome.body):
            after = self._merged(before, {**before.raw, **outcome.answer}, outcome)
            lost = gone(before.raw, outcome.body, after.raw)
            if not lost and proves(changes, outcome.groups, after):
                return after, ()
        try:
            after = self._merged(before, self._reader.detail(before.id), outcome)
        except SideError as error:
            raise unsure(error) from None
        return after, gone(before.raw, outcome.body, after.raw)

    def _merged(self, before: Employee, raw: Json, outcome: Outcome) -> Employee:
        after = self._reader.employee(raw, outcome.groups)
        values = {**before.values, **after.values}
        return replace(
            after,
            values=values,
            groups=before.groups | outcome.groups,
            notes={**before.notes, **after.notes},
        )


def _held(values: Values, groups: frozenset[str]) -> Values:
    """The values of some groups that hold anything."""
    return {
        name: value
        for name, value in values.items()
        if FIELD_GROUPS[name] in groups and value is not None and value is not UNKNOWN
    }


def _all(refused: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(reason for reasons in refused.values() for reason in reasons)
