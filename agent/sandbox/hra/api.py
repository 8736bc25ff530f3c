"""Employees and candidates: list, detail, create, full replacement.

A PUT is complete: what is left out becomes empty. A changed branch or status in it is ignored
(contract). A title must be among the account's honorifics.
"""

from collections.abc import Callable

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from agent.sandbox.hra import wire
from agent.sandbox.hra.access import (
    candidate,
    created,
    done,
    employee,
    operation,
    sent,
    shown,
    store,
)
from agent.sandbox.hra.listing import Query, page
from agent.sandbox.hra.problems import refuse_all
from agent.sandbox.hra.store import ENDED, Json, Record
from agent.sandbox.hra.validate import CANDIDATE, EMPLOYEE, HONORIFICS, checked

NOT_DETAILS = ("branchId", "employmentStatus", "candidateStatusInput")
COMMON_FIELDS = frozenset({
    "id", "firstName", "surname", "dateOfBirth", "gender", "ownerBranch", "name", "path",
    "dateCreatedUTC", "dateUpdatedUTC",
})  # fmt: skip
EMPLOYEE_FIELDS = COMMON_FIELDS | {"employeeNumber", "employmentType", "employmentStatus"}
CANDIDATE_FIELDS = COMMON_FIELDS | {"candidateNumber", "positionTitle", "candidateStatus"}


def add_people(api: Blueprint) -> None:
    """Registers employees and candidates."""
    staff, hopefuls = "/accounts/<account>/employees", "/accounts/<account>/candidates"
    operation(api, "GET", staff, "read:employees")(list_employees)
    operation(api, "POST", staff, "manage:employees")(create_employee)
    operation(api, "GET", f"{staff}/<key>", "read:employees")(retrieve_employee)
    operation(api, "PUT", f"{staff}/<key>", "manage:employees")(update_employee)
    operation(api, "GET", hopefuls, "read:candidates")(list_candidates)
    operation(api, "POST", hopefuls, "manage:candidates")(create_candidate)
    operation(api, "GET", f"{hopefuls}/<key>", "read:candidates")(retrieve_candidate)
    operation(api, "PUT", f"{hopefuls}/<key>", "manage:candidates")(update_candidate)


def list_employees() -> ResponseReturnValue:
    """Summaries of all employees, filtered, sorted, paged."""
    held = store()
    hides = held.switches["list_hides_terminated"] == "yes"
    rows = [
        wire.employee_summary(held, record)
        for record in held.employees.values()
        if not (hides and held.status(record) in ENDED)
    ]
    ignored = "" if held.switches["sort_by_updated"] == "works" else "dateUpdatedUTC"
    return _paged(rows, EMPLOYEE_FIELDS, "employees", ignored)


def create_employee() -> ResponseReturnValue:
    """A new employee; Current unless another status is given."""
    body = checked(sent(), EMPLOYEE)
    refuse_all(_against_account(body, None))
    status = body.get("employmentStatus", "Current")
    record = _record(body, status)
    store().employees[record.id] = record
    return created(f"/accounts/{store().account_id}/employees/{record.id}")


def retrieve_employee(key: str) -> ResponseReturnValue:
    """One employee."""
    return shown(wire.employee_detail(store(), employee(key)))


def update_employee(key: str) -> ResponseReturnValue:
    """Replaces an employee's details; status and branch stay as they are."""
    record = employee(key)
    body = checked(sent(), EMPLOYEE)
    refuse_all(_against_account(body, record))
    save_details(record, _details(body))
    return done()


def list_candidates() -> ResponseReturnValue:
    """Summaries of all candidates, filtered, sorted, paged."""
    rows = [wire.candidate_summary(store(), record) for record in store().candidates.values()]
    return _paged(rows, CANDIDATE_FIELDS, "candidates")


def create_candidate() -> ResponseReturnValue:
    """A new candidate."""
    body = checked(sent(), CANDIDATE)
    refuse_all(_against_account(body, None))
    record = _record(body, body.get("candidateStatusInput", "Current"))
    store().candidates[record.id] = record
    return created(f"/accounts/{store().account_id}/candidates/{record.id}")


def retrieve_candidate(key: str) -> ResponseReturnValue:
    """One candidate."""
    return shown(wire.candidate_detail(store(), candidate(key)))


def update_candidate(key: str) -> ResponseReturnValue:
    """Replaces a candidate's details; the branch stays as it is."""
    record = candidate(key)
    body = checked(sent(), CANDIDATE)
    refuse_all(_against_account(body, record))
    record.status = body.get("candidateStatusInput", record.status)
    save_details(record, _details(body))
    return done()


def save_details(record: Record, details: Json) -> None:
    """Stores *details* as the whole of the record's own section."""
    record.details = details
    record.updated = store().stamp()


def list_query() -> Query:
    """The list parameters of this request."""
    asked = request.args
    return Query(
        filter=asked.get("filter"),
        sort=tuple(asked.getlist("sort")),
        first=asked.get("first"),
        after=asked.get("after"),
        last=asked.get("last"),
        before=asked.get("before"),
    )


def with_links(found: Json, address: Callable[[str], str]) -> Json:
    """A page whose rows say where each thing is to be read."""
    for row in found["data"]:
        row["retrieveLink"] = address(row["node"]["id"])
    return found


def _paged(
    rows: list[Json], fields: frozenset[str], place: str, ignored: str = ""
) -> ResponseReturnValue:
    found = page(rows, list_query(), fields, ignored)
    base = f"/accounts/{store().account_id}/{place}"
    return shown(with_links(found, lambda key: f"{base}/{key}"))


def _record(body: Json, status: str) -> Record:
    stamp = store().stamp()
    key = store().new_id()
    return Record(key, body["branchId"], status, _details(body), stamp, stamp)


def _details(body: Json) -> Json:
    return {key: value for key, value in body.items() if key not in NOT_DETAILS}


def _against_account(body: Json, record: Record | None) -> list[str]:
    faults = []
    if "title" in body and body["title"] not in HONORIFICS:
        faults.append("title is not among the account's honorifics.")
    if record is None and body["branchId"] not in store().branches:
        faults.append("branchId is no branch of this account.")
    if _number_taken(body, record):
        faults.append("employeeNumber belongs to another employee.")
    return faults


def _number_taken(body: Json, record: Record | None) -> bool:
    if "employeeNumber" not in body or store().switches["duplicate_employee_number"] == "accepted":
        return False
    return any(
        other.details.get("employeeNumber") == body["employeeNumber"] and other is not record
        for other in store().employees.values()
    )
