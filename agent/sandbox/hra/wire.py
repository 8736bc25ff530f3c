"""Stored records as the vendor shows them: pure, one function a shape. Empty values are left out.

The contract types most values as plain strings, so a missing one is an absent key, not a null.
"""

from agent.sandbox.hra.store import Action, Branch, Json, Record, Store
from agent.sandbox.hra.switches import MASKS

IN_EMPLOYEE_LIST = (
    "employeeNumber", "firstName", "surname", "dateOfBirth", "gender", "employmentType",
)  # fmt: skip
IN_CANDIDATE_LIST = (
    "candidateNumber", "firstName", "surname", "dateOfBirth", "gender", "positionTitle",
)  # fmt: skip
CLEAR_TFN = "read:clear-tax-details"


def employee_summary(store: Store, record: Record) -> Json:
    """An employee as the list shows them."""
    named = {key: record.details[key] for key in IN_EMPLOYEE_LIST if key in record.details}
    return {"id": record.id} | named | _employment(store, record)


def employee_detail(store: Store, record: Record) -> Json:
    """An employee by id. `newEmployeeId` and `oldEmployeeId` only after a transfer (contract)."""
    shown = {"id": record.id} | record.details | _employment(store, record)
    ends = store.status(record) in ("Terminated", "Terminating")
    optional = {
        "endDate": record.end_date if ends else None,
        "newEmployeeId": record.new_id,
        "oldEmployeeId": record.old_id,
    }
    return shown | {key: value for key, value in optional.items() if value is not None}


def candidate_summary(store: Store, record: Record) -> Json:
    """A candidate as the list shows them."""
    named = {key: record.details[key] for key in IN_CANDIDATE_LIST if key in record.details}
    return {"id": record.id} | named | _candidacy(store, record)


def candidate_detail(store: Store, record: Record) -> Json:
    """A candidate by id."""
    return {"id": record.id} | record.details | _candidacy(store, record)


def branch_reference(store: Store, branch: str) -> Json:
    """Id, name and path of a branch."""
    found = store.branches[branch]
    return {"id": found.id, "name": found.name, "path": found.path}


def branch_summary(store: Store, branch: Branch) -> Json:
    """A branch as the list shows it, with its parent and children."""
    family: Json = {}
    if branch.parent is not None:
        family["parent"] = branch_reference(store, branch.parent)
    children = [b.id for b in store.branches.values() if b.parent == branch.id]
    family["children"] = [branch_reference(store, child) for child in children]
    return (
        branch_reference(store, branch.id)
        | {"type": branch.kind, "dateCreatedUTC": branch.created, "dateUpdatedUTC": branch.created}
        | family
    )


def branch_detail(store: Store, branch: Branch) -> Json:
    """A branch by id. Nothing here tells its Employee Group: the contract has no such field."""
    return branch_summary(store, branch) | {
        "legalName": f"{branch.name} Pty Ltd",
        "tradingName": branch.name,
        "testingBranch": False,
    }


def tax_details(store: Store, tax: Json, scopes: frozenset[str]) -> Json:
    """Tax details; the TFN is masked for a client without the scope for clear ones."""
    if "tfn" not in tax or CLEAR_TFN in scopes:
        return dict(tax)
    form = store.switches["tfn_mask_form"]
    if form == "absent":
        return {key: value for key, value in tax.items() if key != "tfn"}
    return tax | {"tfn": MASKS[form].format(tax["tfn"][-3:])}


def action_status(action: Action) -> Json:
    """An action as a poll sees it."""
    return {
        "id": action.id,
        "actionStatus": action.status,
        "referenceId": action.reference,
        "referenceType": action.reference_kind,
        "type": action.kind,
        "dateCreatedUTC": action.created,
        "dateUpdatedUTC": action.updated,
    }


def _employment(store: Store, record: Record) -> Json:
    return {
        "ownerBranch": branch_reference(store, record.branch),
        "employmentStatus": store.status(record),
    } | _times(record)


def _candidacy(store: Store, record: Record) -> Json:
    return {
        "ownerBranch": branch_reference(store, record.branch),
        "candidateStatus": record.status,
    } | _times(record)


def _times(record: Record) -> Json:
    return {"dateCreatedUTC": record.created, "dateUpdatedUTC": record.updated}
