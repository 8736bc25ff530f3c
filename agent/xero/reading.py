"""Reading Xero Payroll: the probe, the listing, one employee, and what is known of the organisation
meanwhile.

One employee is one call; a fund or the leave types that are not known yet cost one more. Answers
that contradict the question are errors, not data (D8).
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from agent.branches import BranchMap
from agent.employee import Employee, Person
from agent.errors import AccessLost, NotFound, NotSetUp, Refused
from agent.side import Listing, Probe
from agent.xero import mapping, wire
from agent.xero.calls import Calls
from agent.xero.funds import Funds, View
from agent.xero.groups import SCOPES as GROUP_SCOPES
from agent.xero.groups import Groups
from agent.xero.mapping_details import GROUP
from agent.xero.mapping_leave import LeaveTypes, leave_types
from agent.xero.wire import SIDE, Json

EMPLOYEES = "Employees"
# Both asked for by name: whether a bare list shows terminated people is undocumented (assumption
# A30).
STATUS_FILTERS = ('Status=="ACTIVE"', 'Status=="TERMINATED"')
NEEDED_SCOPES = ("payroll.employees", "payroll.settings")
SETTINGS_SCOPES = frozenset({"payroll.settings", "payroll.settings.read"})

NO_PAYROLL = "payroll is not set up in this organisation; finish Payroll settings in Xero"


class Reader:
    """Everything that is read from one organisation. Thread-safe as far as its transport is.

    `scopes` are those granted; empty means not told, taken as enough for payroll. Without
    payroll.settings the funds and leave types cannot be read: super and leave are then UNKNOWN.
    `groups` are the known Employee Groups.
    """

    def __init__(
        self,
        calls: Calls,
        *,
        branches: BranchMap,
        leave_map: Mapping[str, str],
        create_super_funds: bool,
        scopes: frozenset[str],
        clock: Callable[[], datetime],
    ) -> None:
        self._calls = calls
        self._branches = branches
        self._leave_map = leave_map
        self._scopes = scopes
        self._funds = Funds(calls, clock, create_super_funds)
        self._leave_types: LeaveTypes | None = None
        listable = branches.match and bool(scopes & GROUP_SCOPES) and self._may_read_settings()
        self.groups = Groups(calls, clock, listable)

    def probe(self, organisation: str, tenant_id: str) -> Probe:
        """Reads the payroll settings. Raises AccessLost without payroll.employees, NotSetUp without
        payroll.
        """
        if self._scopes and NEEDED_SCOPES[0] not in self._scopes:
            raise AccessLost(SIDE, f"the permission {NEEDED_SCOPES[0]} was not granted")
        if self._may_read_settings():
            self._read_settings()
        else:
            self._calls.get(EMPLOYEES, params={"page": 1})
        missing = tuple(x for x in NEEDED_SCOPES if self._scopes and x not in self._scopes)
        return Probe(organisation, tenant_id, missing)

    def begin(self) -> None:
        """Reads the funds, the leave types and the Employee Groups afresh."""
        self.groups.refresh()
        if self._may_read_settings():
            self._funds.refresh()
            self._leave_types = self._read_leave_types()

    def listing(self, since: str | None) -> Listing:
        """Active and terminated people, or those changed since a marker.

        Somebody who comes twice, because the list moved while it was read, is kept once in the
        later form, and the listing is then not called complete. Raises RepeatedCursor,
        UnreadableAnswer.
        """
        rows: dict[str, Json] = {}
        moved, asked_at = False, ""
        for where in STATUS_FILTERS:
            found = self._calls.listing(EMPLOYEES, EMPLOYEES, "EmployeeID", {"where": where}, since)
            moved = moved or found.moved or not found.rows.keys().isdisjoint(rows)
            asked_at = asked_at or found.asked_at
            rows |= found.rows
        for row in rows.values():
            self._see(row)
        people = tuple(mapping.person(row, self._branches) for row in rows.values())
        marker = wire.latest(person.updated for person in people) or asked_at
        return Listing(people, marker, complete=since is None and not moved)

    def person(self, id: str) -> Person:
        """Somebody's detail as a Person, with the postcode and the branch."""
        return mapping.person(self.detail(id), self._branches, whole=True)

    def detail(self, id: str) -> Json:
        """One employee as Xero has it. Raises WrongRecord, NotFound, UnreadableAnswer."""
        row = mapping.checked(wire.only(self._calls.get(EMPLOYEES, id), EMPLOYEES), id)
        self.groups.see(row)
        return row

    def employee(self, raw: Json, groups: frozenset[str]) -> Employee:
        """A detail as an Employee, reading what of the organisation is needed for these groups."""
        view = self.funds() if "super" in groups else None
        types = self._types() if "leave" in groups else None
        known = mapping.Reference(self._branches, view.fund if view else None, types)
        return mapping.employee(raw, groups, known)

    def funds(self) -> View | None:
        """The funds for one operation; None where they cannot be read."""
        return self._funds.view() if self._may_read_settings() else None

    def _see(self, row: Json) -> None:
        # The list is a summary: a group that it does not carry may be there all the same.
        if GROUP in row:
            self.groups.see(row)

    def _may_read_settings(self) -> bool:
        return not self._scopes or bool(self._scopes & SETTINGS_SCOPES)

    def _types(self) -> LeaveTypes | None:
        if self._leave_types is None and self._may_read_settings():
            self._leave_types = self._read_leave_types()
        return self._leave_types

    def _read_leave_types(self) -> LeaveTypes:
        items = wire.part(self._calls.get("PayItems"), "PayItems")
        return leave_types(
            wire.rows(items, "LeaveTypes") if "LeaveTypes" in items else [], self._leave_map
        )

    def _read_settings(self) -> None:
        # How an organisation without payroll answers is undocumented (assumption A31).
        try:
            body = self._calls.get("Settings")
        except (NotFound, Refused):
            raise NotSetUp(SIDE, NO_PAYROLL) from None
        if not wire.part(body, "Settings"):
            raise NotSetUp(SIDE, NO_PAYROLL)
