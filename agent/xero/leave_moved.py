"""Whose leave balances may have moved: the people of pay runs and leave applications changed since (F5, X2).

An employee's UpdatedDateUTC is not known to move with a balance (assumption A44), so these two lists say whom to
read again; whatever they miss is found by verification. Pay runs need the permission payroll.payruns.read, leave
applications that of employees (contract). A list that cannot be read is done without.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from agent.errors import AccessLost, Distrusted, NotFound, Refused
from agent.side import LeaveMoved
from agent.xero import wire
from agent.xero.calls import Calls, Pages
from agent.xero.wire import Json

PAY_RUN_SCOPES = frozenset({"payroll.payruns", "payroll.payruns.read"})
PAY_RUNS = "PayRuns"
# Not the second version of that list: it is reported to answer a changed-since question with a 500.
APPLICATIONS = "LeaveApplications"
# Before the last answer: what was being written while Xero answered may show only later.
OVERLAP = timedelta(minutes=5)
# Not taken off a balance yet (contract: LeavePeriodStatus).
ONLY_ASKED = "REQUESTED"


def leave_moved(calls: Calls, scopes: frozenset[str], since: Mapping[str, str]) -> LeaveMoved:
    """Two list calls at most, and one for each posted pay run. `since`: the marker of each list; a list without one is
    asked for Xero's time only, for its people are not verified yet or will be.

    Ids are in lower case. Raises SideErrors that concern more than one list (Unreachable, Parked, NotConnected).
    """
    people: set[str] = set()
    markers = dict(since)
    for path, ids in ((PAY_RUNS, _paid), (APPLICATIONS, _on_leave)):
        if path == PAY_RUNS and not scopes & PAY_RUN_SCOPES:
            continue
        try:
            found = _changed(calls, path, since.get(path, ""))
            people |= ids(calls, found.rows.values())
        except (AccessLost, NotFound, Refused, Distrusted):
            continue  # its marker stays, so that nothing is left out once it can be read
        markers[path] = found.asked_at or since.get(path, "")
    return LeaveMoved(frozenset(id.casefold() for id in people), markers)


def _changed(calls: Calls, path: str, marker: str) -> Pages:
    if not marker:
        return Pages(asked_at=wire.stamp(calls.get(path, params={"page": 1}).get("DateTimeUTC")))
    since = (datetime.fromisoformat(marker) - OVERLAP).isoformat()
    return calls.listing(path, path, f"{path.removesuffix('s')}ID", since=since)


def _paid(calls: Calls, runs: Iterable[Json]) -> set[str]:
    """Who has a payslip in a posted pay run; a draft moves no balance."""
    posted = [run for run in runs if run.get("PayRunStatus") == "POSTED"]
    return {
        wire.identity(slip, "EmployeeID")
        for run in posted
        for slip in wire.rows(_whole(calls, wire.identity(run, "PayRunID")), "Payslips")
    }


def _whole(calls: Calls, id: str) -> Json:
    return wire.only(calls.get(PAY_RUNS, id), PAY_RUNS)


def _on_leave(calls: Calls, applications: Iterable[Json]) -> set[str]:
    return {wire.identity(row, "EmployeeID") for row in applications if not _only_asked(row)}


def _only_asked(application: Json) -> bool:
    periods = application.get("LeavePeriods") or ()
    return bool(periods) and all(row.get("LeavePeriodStatus") == ONLY_ASKED for row in periods)
