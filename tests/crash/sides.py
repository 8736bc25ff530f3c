"""Both sandboxes on loopback, outside the agent's process: put back to a moment before each try, and read after it.

Keeps every write that they took, byte by byte, so that a repeated one is seen. State is compared without what differs
from life to life by nature: ids that a side makes, and times.
"""

import copy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, Response, request

from agent.sandbox import hra as hra_sandbox
from agent.sandbox import xero as xero_sandbox
from agent.sandbox.hra.seeds import as_record
from agent.sandbox.hra.store import Record
from agent.sandbox.people import Person, xero_twin
from agent.sandbox.server import Served, serve

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WRITING = frozenset({"POST", "PUT", "DELETE"})
HRA_MADE = frozenset({"id", "created", "updated", "dateCreatedUTC", "dateUpdatedUTC"})
XERO_MADE = frozenset({"EmployeeID", "UpdatedDateUTC", "SuperMembershipID"})
OAUTH_HELD = ("_codes", "_access", "_refresh", "_events")

MOVED = " (moved)"  # behind the name of the record that somebody was transferred from

Row = dict[str, Any]


class Clock:
    """The clock of both sides."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)


@dataclass(frozen=True)
class Write:
    """One write as a side met it. `key`: its Idempotency-Key. A status of 2xx: taken."""

    side: str
    method: str
    path: str
    key: str
    body: bytes
    status: int

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300


class Sides:
    """Both of them, served, and the clock that they share."""

    def __init__(self, hra: Flask, xero: Flask, clock: Any) -> None:
        self.clock = clock
        self.apps = {"hra": hra, "xero": xero}
        self._lock = threading.Lock()
        self._writes: list[Write] = []
        for name, app in self.apps.items():
            app.config["AUTO_CONSENT"] = True
            # Whether what is said fits the vendors' descriptions is looked at everywhere else, and takes its time.
            app.import_name = "tests.crash"
            app.after_request(self._noting(name))
        self.hra: Served = serve(hra)
        self.xero: Served = serve(xero)

    def stop(self) -> None:
        """Close both ports."""
        self.hra.stop()
        self.xero.stop()

    @property
    def account(self) -> Any:
        """HRA's store."""
        return self.apps["hra"].config["STORE"]

    @property
    def organisation(self) -> Any:
        """Xero's organisation."""
        return self.apps["xero"].config["STORE"].organisation

    # --- what somebody does there

    def hra_record(self, first: str) -> Record:
        """The newest HRA record of somebody."""
        found = [r for r in self.account.employees.values() if r.details.get("firstName") == first]
        record: Record = next(r for r in found if not r.new_id)
        return record

    def xero_record(self, first: str) -> Row:
        """Somebody's record in Xero."""
        found: Row = next(
            r for r in self.organisation.employees.values() if r["FirstName"] == first
        )
        return found

    def edit_hra(self, first: str, **details: Any) -> None:
        """Somebody types into HRA's record."""
        record = self.hra_record(first)
        record.details = {**record.details, **details}
        record.updated = self.account.stamp()

    def edit_xero(self, first: str, **changes: Any) -> None:
        """Somebody types into Xero's screens."""
        self.organisation.person_edits(self.xero_record(first)["EmployeeID"], **changes)

    def payroll_in_hra(self, first: str, **changes: Row) -> None:
        """Values laid over somebody's sections in HRA: `bank` and `super` (their first rows), `tax`."""
        record, stamp = self.hra_record(first), {"dateUpdatedUTC": self.account.stamp()}
        if "bank" in changes:
            record.banks = [{**record.banks[0], **changes["bank"], **stamp}, *record.banks[1:]]
        if "super" in changes:
            record.supers = [{**record.supers[0], **changes["super"], **stamp}, *record.supers[1:]]
        if "tax" in changes:
            record.tax = {**(record.tax or {}), **changes["tax"], **stamp}

    def payroll_in_xero(self, first: str, **changes: Row) -> None:
        """The same in Xero, by the names of its sections."""
        record, made = self.xero_record(first), {}
        for section, change in changes.items():
            before = record[section]
            rows = [{**before[0], **change}, *before[1:]] if isinstance(before, list) else None
            made[section] = rows or {**before, **change}
        self.edit_xero(first, **made)

    def hired(self, side: str, person: Person) -> None:
        """Somebody new, on one side."""
        if side == "hra":
            record = as_record(self.account, person)
            self.account.employees[record.id] = record
        else:
            self.organisation._seed(xero_twin(person), self.organisation.now())

    def applied(self, person: Person) -> None:
        """Somebody becomes a candidate of HRA."""
        record = as_record(self.account, person)
        self.account.candidates[record.id] = replace(
            record, banks=[], supers=[], tax=None, leave=None
        )

    # --- a moment to come back to

    def moment(self) -> Row:
        """All that can change, as it is now. No action may be under way: its end is a closure."""
        assert all(a.status in ("Completed", "Failed") for a in self.account.actions.values())
        held, org = self.account, self.organisation
        xero = self.apps["xero"].config["STORE"]
        return {
            "now": self.clock.now,
            "hra": copy.deepcopy((held.branches, held.employees, held.candidates)),
            "hra ids": held._ids,
            "xero": copy.deepcopy((org.employees, org.funds, org.groups, org.pay_runs)),
            "xero ids": org._made,
            "connections": copy.deepcopy(xero._connections),
            "oauth": {name: self._signed_in(name) for name in self.apps},
        }

    def put_back(self, moment: Row) -> None:
        """As it was then."""
        held, org = self.account, self.organisation
        xero = self.apps["xero"].config["STORE"]
        self.clock.now = moment["now"]
        held.branches, held.employees, held.candidates = copy.deepcopy(moment["hra"])
        held.actions, held._ids = {}, moment["hra ids"]
        org.employees, org.funds, org.groups, org.pay_runs = copy.deepcopy(moment["xero"])
        org._made = moment["xero ids"]
        xero._connections = copy.deepcopy(moment["connections"])
        for name, kept in moment["oauth"].items():
            for part, value in kept.items():
                setattr(self.apps[name].config["OAUTH"], part, copy.deepcopy(value))
        self.take_writes()

    def _signed_in(self, name: str) -> Row:
        oauth = self.apps[name].config["OAUTH"]
        return {part: copy.deepcopy(getattr(oauth, part)) for part in OAUTH_HELD}

    # --- what came of it

    def take_writes(self) -> list[Write]:
        """Every write since the last look."""
        with self._lock:
            found, self._writes = self._writes, []
        return found

    def state(self) -> Row:
        """What both sides hold, people in the order of their names."""
        held, org = self.account, self.organisation
        with held.lock, org.lock:
            return {
                "hra employees": _sorted(self._hra(record) for record in held.employees.values()),
                "hra candidates": _sorted(self._hra(record) for record in held.candidates.values()),
                "xero employees": _sorted(_plain(r, XERO_MADE) for r in org.employees.values()),
                "xero funds": sorted(fund["Name"] for fund in org.funds.values()),
                "connections": len(self.apps["xero"].config["STORE"].connections()),
            }

    def names(self) -> dict[str, str]:
        """Everybody's name by their id, on both sides."""
        found = {
            r.id: f"{r.details['firstName']} {r.details['surname']}{MOVED if r.new_id else ''}"
            for r in (*self.account.employees.values(), *self.account.candidates.values())
        }
        for r in self.organisation.employees.values():
            found[r["EmployeeID"]] = f"{r['FirstName']} {r['LastName']}"
        return found

    def _hra(self, record: Record) -> Row:
        row = asdict(record) | {"new_id": bool(record.new_id), "old_id": bool(record.old_id)}
        row["branch"] = self.account.branches[record.branch].name
        plain: Row = _plain(row, HRA_MADE)
        return plain

    def _noting(self, side: str) -> Any:
        def note(answer: Response) -> Response:
            outside = request.path.startswith(("/_sandbox", "/oauth", "/connect/", "/identity"))
            if request.method in WRITING and not outside:
                key = request.headers.get("Idempotency-Key", "")
                made = Write(
                    side, request.method, request.path, key, request.get_data(), answer.status_code
                )
                with self._lock:
                    self._writes.append(made)
            return answer

        return note


@contextmanager
def sides(
    people: tuple[Person, ...], clock: Callable[[], datetime] | None = None
) -> Iterator[Sides]:
    """Served sides with these people, none of whom is linked; `clock` None: one that stands still until it is moved."""
    clock = clock or Clock()
    hra = hra_sandbox.create([p for p in people if p.in_hra], clock=clock, sleep=_no_sleep)
    xero = xero_sandbox.create([xero_twin(p) for p in people if p.in_xero], clock=clock)
    made = Sides(hra, xero, clock)
    try:
        yield made
    finally:
        made.stop()


def _no_sleep(seconds: float) -> None:
    """Time does not pass in a test."""


def _sorted(rows: Iterator[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True, default=str))


def _plain(value: Any, left_out: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v, left_out) for k, v in value.items() if k not in left_out}
    if isinstance(value, list | tuple):
        return [_plain(one, left_out) for one in value]
    return value if isinstance(value, str | bool | int | None) else str(value)
