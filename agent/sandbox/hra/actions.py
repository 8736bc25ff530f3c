"""What HRA does not do at once: terminate, transfer, convert and merge.

Each call answers 202 with an address to poll (contract). The effect comes with completion: after as
many polls as the switch says, or by itself a few seconds later, as on a real server.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from agent.sandbox.hra import wire
from agent.sandbox.hra.access import base_url, candidate, employee, operation, sent, shown, store
from agent.sandbox.hra.problems import Problem
from agent.sandbox.hra.store import SETTLES_AFTER, Action, Json, Record, Store
from agent.sandbox.hra.validate import CONVERSION, MERGE, TERMINATION, TRANSFER, checked

GONE = frozenset({"Transferred", "Merged"})
TRANSFER_KINDS = {
    "Move_Everything": "Transfer_Employee_Move_Everything",
    "Create_Copy": "Transfer_Employee_Copy",
    "Move_Everything_No_Trace": "Transfer_Employee_Move_Everything_No_Trace",
}


def add_actions(api: Blueprint) -> None:
    """Registers the action routes and the status to poll."""
    people = "/accounts/<account>/employees/<key>/actions"
    hopefuls = "/accounts/<account>/candidates/<key>/actions"
    operation(api, "POST", f"{people}/terminate", "manage:employees")(terminate_employee)
    operation(api, "POST", f"{people}/transfer", "manage:employees")(transfer_employee)
    operation(api, "POST", f"{hopefuls}/convert", "manage:candidates")(convert_candidate)
    operation(api, "POST", f"{hopefuls}/merge", "manage:candidates")(merge_candidates)
    operation(api, "GET", "/accounts/<account>/action-status/<key>", "read:accounts:referencedata")(
        action_status
    )


def terminate_employee(key: str) -> ResponseReturnValue:
    """Ends employment: Terminated once the end date is past, Terminating until then."""
    record = employee(key)
    body = checked(sent(), TERMINATION)

    def effect() -> None:
        record.status, record.end_date = "Terminating", body["endDate"]
        record.updated = store().stamp()

    return _begin("Terminate_Employee", "Employee", key, effect, lambda: _present(record))


def transfer_employee(key: str) -> ResponseReturnValue:
    """Moves or copies an employee to another branch; who moves gets a new id (contract)."""
    record = employee(key)
    body = checked(sent(), TRANSFER)
    if body["toBranchId"] not in store().branches:
        raise Problem(400, "toBranchId is no branch of this account.")
    effect = _mover(store(), record, body)
    kind = TRANSFER_KINDS[body["transferType"]]
    return _begin(kind, "Employee", key, effect, lambda: _present(record))


def convert_candidate(key: str) -> ResponseReturnValue:
    """Makes an employee of a candidate, who is then no longer a current one."""
    record = candidate(key)
    body = checked(sent(), CONVERSION)

    def effect() -> None:
        _hire(store(), record, body)

    return _begin("Convert_Candidate_To_Employee", "Candidate", key, effect, lambda: _open(record))


def merge_candidates(key: str) -> ResponseReturnValue:
    """Merges the named record into this candidate: what this one lacks is taken from it."""
    record = candidate(key)
    source = store().candidates.get(checked(sent(), MERGE)["recordId"])
    if source is None or source is record:
        raise Problem(400, "recordId is no other candidate of this account.")

    def effect() -> None:
        record.details = source.details | record.details
        record.updated = source.updated = store().stamp()
        source.status = "NotCurrent"

    return _begin("Merge_Candidate", "Candidate", key, effect, lambda: _open(source))


def action_status(key: str) -> ResponseReturnValue:
    """One poll: Pending first, then In_Progress, then how it ended."""
    action = store().actions.get(key)
    if action is None:
        raise Problem(404, "The action status was not found.")
    if action.polls_left == 0:
        store().finish(action)
        return shown(wire.action_status(action))
    answer = shown(wire.action_status(action))
    action.polls_left -= 1
    if action.status == "Pending":
        action.status = "In_Progress"
    return answer


def _begin(
    kind: str, what: str, key: str, effect: Callable[[], None], may_start: Callable[[], bool]
) -> Response:
    held = store()
    polls = int(held.switches["actions_take_polls"])
    stamp = held.stamp()
    action = Action(
        held.new_id(), kind, key, what, effect, may_start, polls, held.now() + SETTLES_AFTER,
        stamp, stamp,
    )  # fmt: skip
    held.actions[action.id] = action
    if polls == 0:
        held.finish(action)
    path = f"{base_url()}/accounts/{held.account_id}/action-status/{action.id}"
    answer = jsonify(actionStatusURL=path)
    answer.status_code = 202
    return answer


def _mover(held: Store, record: Record, body: Json) -> Callable[[], None]:
    def effect() -> None:
        stamp = held.stamp()
        arrived = replace(
            deepcopy(record), id=held.new_id(), branch=body["toBranchId"], created=stamp,
            updated=stamp, old_id=None, new_id=None,
        )  # fmt: skip
        held.employees[arrived.id] = arrived
        if body["transferType"] == "Move_Everything":
            arrived.old_id, record.new_id = record.id, arrived.id
            record.status, record.updated = "Transferred", stamp
        elif body["transferType"] == "Move_Everything_No_Trace":
            del held.employees[record.id]

    return effect


def _hire(held: Store, record: Record, body: Json) -> None:
    stamp = held.stamp()
    dropped = ("candidateNumber", "proposedCommencementDate")
    details = {key: value for key, value in record.details.items() if key not in dropped}
    starts = body.get("commencementDate") or record.details.get("proposedCommencementDate")
    if starts:
        details["commencementDate"] = starts
    hired = Record(held.new_id(), record.branch, "Current", details, stamp, stamp)
    held.employees[hired.id] = hired
    record.status, record.updated = "NotCurrent", stamp


def _present(record: Record) -> bool:
    return record.status not in GONE and record.id in store().employees


def _open(record: Record) -> bool:
    return record.status == "Current"
