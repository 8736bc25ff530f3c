"""What a payroll officer does in Xero's own screens: edit an employee, name groups, disconnect the app.

For tests and demonstrations, over loopback only, below `/_sandbox`. A screen takes what the records can hold, by the same
rules as the API (a 400 lists what is wrong, and then nothing changed), but knows none of the API's undocumented variants.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from agent.sandbox.controls import NEAR
from agent.sandbox.xero import records, shape, validate, writes
from agent.sandbox.xero.store import Organisation, Store

# How a screen behaves where the API could be either way: boxes that are not touched stay, emptied ones are emptied.
SCREEN = {
    "posted_bank_accounts": "replace",
    "posted_super_memberships": "replace",
    "home_address": "merge",
    "tax_declaration": "merge",
    "omitted_tfn": "stays",
    "empty_string": "clears",
    "names_kept": "as_sent",
    "payroll_sections_move_updated": "yes",
    "unknown_group": "refuse",
    "one_remainder": "required",
}
LISTS = ("BankAccounts", "SuperMemberships")

Record = dict[str, Any]


def officer(store: Store) -> Blueprint:
    """`POST /_sandbox/employees/<EmployeeID>` with keys of the contract (null empties), `POST /_sandbox/groups`
    `{"add": name}` or `{"rename": name, "to": name}`, `POST /_sandbox/disconnect` `{"tenant": id}` (default: the first).
    """
    desk = Blueprint("xero_officer", __name__, url_prefix="/_sandbox")

    @desk.before_request
    def only_near() -> tuple[Response, int] | None:
        return None if request.remote_addr in NEAR else (jsonify(error="loopback only"), 403)

    @desk.errorhandler(ValueError)
    def wrong(error: ValueError) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400

    @desk.errorhandler(LookupError)
    def nobody(error: LookupError) -> tuple[Response, int]:
        return jsonify(error="not found"), 404

    def answers(path: str, does: Callable[..., None]) -> None:
        def view(**parts: str) -> tuple[str, int]:
            does(**parts, typed=_object())
            return "", 204

        desk.add_url_rule(path, does.__name__, view, methods=["POST"])

    def employee(key: str, typed: Record) -> None:
        edit(store.organisation, key.lower(), typed)

    def groups(typed: Record) -> None:
        _groups(store.organisation, typed)

    def disconnect(typed: Record) -> None:
        store.remove(str(typed.get("tenant", store.organisation.tenant)))

    answers("/employees/<key>", employee)
    answers("/groups", groups)
    answers("/disconnect", disconnect)
    return desk


def edit(organisation: Organisation, employee_id: str, typed: Record) -> None:
    """Lay typed values over a record; UpdatedDateUTC moves. Raises KeyError for nobody, ValueError with the sentences."""
    fixed = [key for key in typed if key == "EmployeeID" or shape.EMPLOYEE.get(key) == shape.READ]
    if fixed:
        raise ValueError(f"no screen changes {', '.join(fixed)}")
    posted, problems = shape.employee({key: _emptied(key, value) for key, value in typed.items()})
    with organisation.lock:
        before = organisation.employees[employee_id]
        after = records.changed(before, posted, SCREEN, organisation.now(), organisation.new_id)
        _empty_boxes(after, typed)
        known = writes.known(organisation, SCREEN)
        problems += validate.employee(posted, before, after, known)
        if problems:
            raise ValueError(" ".join(problems))
        organisation.employees[employee_id] = after


def _groups(organisation: Organisation, typed: Record) -> None:
    if typed.keys() == {"add"}:
        organisation.add_group(str(typed["add"]))
    elif typed.keys() == {"rename", "to"}:
        organisation.rename_group(str(typed["rename"]), str(typed["to"]))
    else:
        raise ValueError('{"add": name} or {"rename": name, "to": name} is needed')


def _emptied(key: str, value: Any) -> Any:
    if value is None:
        return [] if key in LISTS else ""
    return value


def _empty_boxes(after: Record, typed: Record) -> None:
    """Boxes within the address and the declaration: null there is dropped on reading, and here it empties."""
    for section, value in typed.items():
        for key, part in value.items() if isinstance(value, dict) else ():
            if part is None:
                after[section].pop(key, None)


def _object() -> Record:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise ValueError("a JSON object is needed")
    return body
