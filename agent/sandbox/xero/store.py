"""The state of the Xero sandbox: organisations with their employees and payroll settings, and who is connected.

Touches memory only. One lock per organisation; every method that reads or writes takes it, so that a list never shows half
a write. `person_edits`, `post_pay_run` and `set_leave` are what somebody does inside Xero's own screens, for tests.
"""

import copy
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from agent.sandbox.oauth import Grant
from agent.sandbox.people import GROUPS, Person
from agent.sandbox.xero import catalogue, records, seeds
from agent.sandbox.xero.catalogue import made_id
from agent.sandbox.xero.payruns import pay_run

Record = dict[str, Any]
Clock = Callable[[], datetime]

SEEDED_BEFORE = timedelta(days=1)


class Organisation:
    """One organisation's payroll. `employees` and `funds` are by id, in the order they came."""

    def __init__(self, name: str, tenant: str, people: Iterable[Person], clock: Clock) -> None:
        self.name, self.tenant, self._clock = name, tenant, clock
        self.lock = threading.RLock()
        self._made = 0
        then = whole_second(clock()) - SEEDED_BEFORE
        self.started = then
        self.pay_items = catalogue.pay_items(tenant, then)
        self.calendars = catalogue.calendars(tenant, then)
        self.products = list(catalogue.products())
        self.funds: dict[str, Record] = {}
        self.employees: dict[str, Record] = {}
        self.pay_runs: list[Record] = []
        self.leave_applications: list[Record] = []
        self.stp2 = False
        seeded = tuple(people)
        self.groups = _groups(seeded)
        for person in seeded:
            self._seed(person, then)
        if seeded:
            self._seed_leave(then)
            self.post_pay_run(when=then)

    def _seed(self, person: Person, then: datetime) -> None:
        for held in person.supers:
            fund = seeds.fund(self.tenant, held, then)
            self.funds.setdefault(fund["SuperFundID"], fund)
            if held.usi and held.usi not in {product["USI"] for product in self.products}:
                row = {"USI": held.usi, "ABN": held.abn, "ProductName": held.name}
                self.products.append(row)
        calendar = self.calendars[0]["PayrollCalendarID"]
        made = seeds.employee(self.tenant, person, self.pay_items, calendar, then)
        self.employees[made["EmployeeID"]] = made
        self.stp2 = self.stp2 or person.stp2

    def _seed_leave(self, then: datetime) -> None:
        first = next(iter(self.employees))
        self.leave_applications.append(
            {
                "LeaveApplicationID": made_id(self.tenant, "leave-application", "1"),
                "EmployeeID": first,
                "LeaveTypeID": self.pay_items["LeaveTypes"][0]["LeaveTypeID"],
                "LeavePeriods": [
                    {
                        "PayPeriodStartDate": then.date(),
                        "PayPeriodEndDate": then.date() + timedelta(days=6),
                        "LeavePeriodStatus": "SCHEDULED",
                        "NumberOfUnits": Decimal("7.6"),
                    }
                ],
                "Title": "Annual leave",
                "StartDate": then.date(),
                "EndDate": then.date(),
                "UpdatedDateUTC": then,
                "PayOutType": "DEFAULT",
            }
        )

    def new_id(self, kind: str) -> str:
        """An id nobody had before; the same series every time the sandbox starts."""
        with self.lock:
            self._made += 1
            return made_id(self.tenant, kind, "new", str(self._made))

    def now(self) -> datetime:
        """Now, to the second, as records carry it."""
        return whole_second(self._clock())

    # what a person does in Xero's own screens

    def person_edits(self, employee_id: str, **changes: Any) -> None:
        """Somebody types new values into the payroll screens; None takes a value away. Moves UpdatedDateUTC."""
        with self.lock:
            record = self.employees[employee_id]
            for key, value in changes.items():
                record[key] = value
                if value is None:
                    del record[key]
            record["UpdatedDateUTC"] = self.now()

    def add_group(self, name: str) -> None:
        """A new Employee Group. Raises ValueError where there is one of that name."""
        with self.lock:
            if not name.strip() or name in self.groups:
                raise ValueError("an Employee Group needs a name of its own")
            self.groups = (*self.groups, name)

    def rename_group(self, name: str, new: str) -> None:
        """An Employee Group gets another name, for everybody in it; the employees' UpdatedDateUTC stays, since only a
        setting changed (undocumented). Raises ValueError for an unknown or taken name.
        """
        with self.lock:
            if name not in self.groups:
                raise ValueError("no Employee Group has that name")
            self.add_group(new)
            self.groups = tuple(new if one == name else one for one in self.groups[:-1])
            for record in self.employees.values():
                if record.get("EmployeeGroupName") == name:
                    record["EmployeeGroupName"] = new

    def set_leave(self, employee_id: str, name: str, units: Decimal) -> None:
        """A balance moves, as leave approvals make it; UpdatedDateUTC does not."""
        with self.lock:
            for balance in self.employees[employee_id]["LeaveBalances"]:
                if balance["LeaveName"] == name:
                    balance["NumberOfUnits"] = units

    def post_pay_run(self, accrued: Decimal = Decimal(0), when: datetime | None = None) -> str:
        """A pay run is posted: every hourly balance of active employees grows by `accrued`. Gives its id."""
        moment = when or self.now()
        with self.lock:
            number = made_id(self.tenant, "pay-run", str(len(self.pay_runs) + 1))
            active = [e for e in self.employees.values() if records.status(e) == "ACTIVE"]
            for record in active:
                for balance in record.get("LeaveBalances", ()):
                    if balance["TypeOfUnits"] == "Hours":
                        balance["NumberOfUnits"] += accrued
            calendar = self.calendars[0]["PayrollCalendarID"]
            self.pay_runs.append(pay_run(number, calendar, active, moment))
            return number


class Store:
    """Everything the sandbox holds, and which organisations are connected to the app."""

    def __init__(
        self,
        people: Sequence[Person],
        organisations: Sequence[tuple[str, str]],
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.organisations = {
            tenant: Organisation(name, tenant, people if place == 0 else (), clock)
            for place, (name, tenant) in enumerate(organisations)
        }
        self._connections: dict[str, Record] = {}

    @property
    def organisation(self) -> Organisation:
        """The first organisation, which holds the seeded people."""
        return next(iter(self.organisations.values()))

    def connect(self, grant: Grant) -> None:
        """A consent: its organisations are connected, or connected anew."""
        moment = self._clock()
        with self._lock:
            for tenant in grant.tenants:
                held = self._connections.get(tenant)
                self._connections[tenant] = {
                    "id": made_id(tenant, "connection") if held is None else held["id"],
                    "authEventId": grant.event,
                    "tenantId": tenant,
                    "tenantType": "ORGANISATION",
                    "tenantName": self.organisations[tenant].name,
                    "createdDateUtc": moment if held is None else held["createdDateUtc"],
                    "updatedDateUtc": moment,
                }

    def connections(self) -> list[Record]:
        with self._lock:
            return copy.deepcopy(list(self._connections.values()))

    def is_connected(self, tenant: str) -> bool:
        with self._lock:
            return tenant in self._connections

    def disconnect(self, connection_id: str) -> bool:
        """Take one connection away, by its own id. False: there was none."""
        with self._lock:
            for tenant, row in self._connections.items():
                if row["id"] == connection_id:
                    del self._connections[tenant]
                    return True
        return False

    def remove(self, tenant: str) -> None:
        """Somebody takes the app off an organisation inside Xero; the sign-in stays. Raises KeyError: it was not on it."""
        with self._lock:
            del self._connections[tenant]

    def disconnect_all(self) -> None:
        with self._lock:
            self._connections.clear()

    def state(self) -> dict[str, Any]:
        """The whole state as plain data, TFNs in full: for tests on loopback only."""
        return {
            "organisations": {
                tenant: _state(organisation) for tenant, organisation in self.organisations.items()
            },
            "connections": [_text(row) for row in self.connections()],
        }


def whole_second(moment: datetime) -> datetime:
    """Records carry whole seconds (contract's examples)."""
    return moment.replace(microsecond=0)


def _groups(people: Iterable[Person]) -> tuple[str, ...]:
    """The options of the Employee Groups category: the usual ones and those in use, letter by letter."""
    in_use = tuple(person.group for person in people if person.group)
    return tuple(dict.fromkeys((*GROUPS, *in_use))) if in_use else ()


def _state(organisation: Organisation) -> dict[str, Any]:
    with organisation.lock:
        return {
            "name": organisation.name,
            "groups": list(organisation.groups),
            "employees": [_text(record) for record in organisation.employees.values()],
            "funds": [_text(record) for record in organisation.funds.values()],
        }


def _text(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _text(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_text(part) for part in value]
    return value if isinstance(value, str | bool | int | None) else str(value)
