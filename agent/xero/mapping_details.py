"""Personal details: the top-level keys of Xero's employee to canonical values and back (F1).

Pure. Only changed keys are posted, for what a posted employee leaves out stays as it is (contract's
example of a partial update). An emptied optional text is posted as "" (assumption A38).
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from agent import canonical
from agent.branches import BranchMap
from agent.employee import UNKNOWN, Address, EndDate, Value, Values
from agent.fields import FIELDS, problem, same
from agent.xero import wire
from agent.xero.wire import Json

TEXTS = {
    "title": "Title",
    "first_name": "FirstName",
    "middle_names": "MiddleNames",
    "last_name": "LastName",
    "email": "Email",
    "phone": "Phone",
    "mobile": "Mobile",
    "job_title": "JobTitle",
}
DATES = {"date_of_birth": "DateOfBirth", "start_date": "StartDate"}
GENDERS = {"M": "Male", "F": "Female", "I": "Non_Binary"}
NOT_STATED = "N"
GROUP = "EmployeeGroupName"
BY_NOTICE = "V"
HOME = "HomeAddress"
ADDRESS = {
    "line1": "AddressLine1",
    "line2": "AddressLine2",
    "suburb": "City",
    "state": "Region",
    "postcode": "PostalCode",
    "country": "Country",
}

NO_GROUP = "no Employee Group is mapped to this branch; add one to [branch_map]"
SEVERAL_GROUPS = "several Employee Groups are mapped to this branch; set one of them in Xero"
EMPTIED = "it is empty in HRA Cloud, and Xero's is never emptied"

Refusals = dict[str, tuple[str, ...]]
Lacks = Callable[[str], str | None]
"""Why Xero cannot take an Employee Group, by its name; None where it can."""


def details(raw: Json, branches: BranchMap) -> dict[str, Value]:
    """Every personal field. A gender that is not stated is None; a date that is none is UNKNOWN."""
    return {
        **{name: wire.text(raw.get(key)) for name, key in TEXTS.items()},
        **{name: wire.day(raw.get(key)) for name, key in DATES.items()},
        "gender": _gender(raw.get("Gender")),
        "home_address": _address(raw.get(HOME)),
        "branch": _branch(raw, branches),
        "end_date": _ended(raw),
    }


def _ended(raw: Json) -> Value:
    found = wire.day(raw.get("TerminationDate"))
    by_notice = raw.get("TerminationReason") == BY_NOTICE
    return EndDate(found, by_notice) if isinstance(found, date) else found


def unmapped(raw: Json, branches: BranchMap) -> str | None:
    """The name of an Employee Group that the map does not know (B2), None where all is well."""
    group = group_name(raw)
    return (
        group
        if branches.match and group is not None and branches.branch_of(group) is None
        else None
    )


def group_name(raw: Json) -> str | None:
    """The Employee Group exactly as Xero has it, spaces included (B1)."""
    found = raw.get(GROUP)
    return found if isinstance(found, str) and found else None


def details_body(
    raw: Json, changes: Values, branches: BranchMap, lacks: Lacks
) -> tuple[dict[str, Any], Refusals]:
    """The keys to post for `changes` ({} for none), and what cannot be written, with reasons.

    What is equal after normalising is not posted, so that Xero keeps its own form (D5). A new
    person (`raw` {}) holds nothing yet, not even the default branch. `lacks` says why Xero cannot
    take an Employee Group.
    """
    present: Values = details(raw, branches) if raw else {}
    found = ((name, _cannot(name, value)) for name, value in changes.items())
    refused: Refusals = {name: (reason,) for name, reason in found if reason}
    if "branch" in changes and "branch" not in refused:
        refused |= _no_group(raw, changes["branch"], branches, lacks)
    body: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in refused and not same(name, value, present.get(name)):
            body |= _written(name, value, raw, branches)
    return body, refused


# --- reading --------------------------------------------------------------------------------------


def _gender(value: Any) -> Value:
    if value in (None, "", NOT_STATED):
        return None
    return GENDERS.get(value, UNKNOWN)


def _address(value: Any) -> Address | None:
    held: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    return canonical.address(*(wire.text(held.get(key)) for key in ADDRESS.values()))


def _branch(raw: Json, branches: BranchMap) -> Value:
    if not branches.match:
        return UNKNOWN
    group = group_name(raw)
    found = branches.branch_of(group)
    # Without a group and without a default Xero simply holds nothing, which HRA's branch may fill.
    return UNKNOWN if found is None and group is not None else found


# --- writing --------------------------------------------------------------------------------------


def _cannot(name: str, value: Value) -> str | None:
    if name == "end_date":
        return "it never travels to Xero"
    if value is UNKNOWN:
        return "it cannot be read in HRA Cloud"
    if value is None:
        return EMPTIED if "xero" in FIELDS[name].required else None
    reason = problem(name, value, "xero")
    return f"it {reason}" if reason else None


def _no_group(raw: Json, branch: Value, branches: BranchMap, lacks: Lacks) -> Refusals:
    if not branches.match:
        return {"branch": ("matching branches with Employee Groups is switched off",)}
    present = group_name(raw)
    group = branches.group_of(branch, present)
    if group is not None:
        reason = None if group == present else lacks(group)
    elif present is None and branch == branches.default:
        reason = None  # nobody's group is the default branch's
    else:
        reason = SEVERAL_GROUPS if branches.choices(branch) else NO_GROUP
    return {"branch": (reason,)} if reason else {}


def _written(name: str, value: Value, raw: Json, branches: BranchMap) -> dict[str, Any]:
    if name in TEXTS:
        return {TEXTS[name]: value or ""}
    if name in DATES:
        return {DATES[name]: wire.written_day(value)}
    if name == "gender":
        return {"Gender": next((x for x, ours in GENDERS.items() if ours == value), NOT_STATED)}
    if name == "branch":
        group = branches.group_of(value, group_name(raw))
        return {GROUP: group} if group else {}
    return {HOME: _written_address(value, raw.get(HOME))}


def _written_address(wanted: Address, present: Any) -> dict[str, str]:
    """The whole address; a part that is equal keeps Xero's spelling, one that is now empty is
    posted as "".
    """
    held: Mapping[str, Any] = present if isinstance(present, Mapping) else {}
    read = _address(held) or Address()
    body: dict[str, str] = {}
    for part, key in ADDRESS.items():
        value, before, own = getattr(wanted, part), getattr(read, part), held.get(key)
        if own and value.casefold() == before.casefold():
            body[key] = str(own)
        elif value or own:
            body[key] = value
    return body | ({} if body.get("Country") else {"Country": canonical.AUSTRALIA})
