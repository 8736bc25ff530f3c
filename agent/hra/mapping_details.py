"""Personal details on the way to HRA: canonical values -> EmployeeInputDetail (F1). Pure.

A write is a full replacement: the record as read, with only the changed fields laid over it. What
the agent does not manage (preferred name, postal address, employee number, the other e-mail, ...)
goes back as it came; null and empty keys are left out, because HRA refuses an empty country and
takes an absent key as nothing (assumption A2: a PUT clears what it leaves out).
Shapes: the contract's EmployeeDetail and EmployeeInputDetail.
"""

import re
from datetime import date
from typing import Any

from agent import fields
from agent.employee import Address, Value, Values
from agent.hra.mapping import (
    ADDRESS_KEYS,
    DATES,
    GENDERS,
    HOME_CONTACTS,
    NOT_STATED,
    TEXTS,
    References,
    address,
    folded_title,
)
from agent.hra.wire import Draft, Json, filled, only, part, words

HOME_KEYS = ("phone", "mobile", "email")
WORK_KEYS = ("email",)
PLAIN_KEYS = (
    "title", "firstName", "middleName", "surname", "preferredName", "nickname", "gender",
    "dateOfBirth", "positionTitle", "employeeNumber", "employmentType", "employmentStatus",
    "commencementDate",
)  # fmt: skip
UNMANAGED = ("preferredName", "nickname", "postalAddress", "employeeNumber", "employmentType")

# The contract's lengths of input; its output may be longer (surname: 255).
LONGEST = {
    "branchId": 64, "title": 128, "firstName": 128, "middleName": 255, "surname": 128,
    "preferredName": 255, "nickname": 128, "positionTitle": 255, "employeeNumber": 64,
}  # fmt: skip
LONGEST_PART = 128
NEEDED = ("branchId", "firstName", "surname")
NAMES = ("first_name", "last_name")
DATE_FORM = re.compile(r"(19\d{2}|20([0-4]\d|50))-(0[1-9]|1[0-2])-(0[1-9]|[1-2][0-9]|3[0-1])")

NO_TITLES = (
    "HRA Cloud's list of titles cannot be read (scope read:accounts:referencedata is missing)."
)
UNKNOWN_TITLE = "The title is not among this HRA Cloud account's titles (honorifics); add it there."
UNLISTED_TITLE = (
    "HRA Cloud holds a title for this person that is not among its own titles (honorifics), and "
    "takes no change of the details until that is mended; add the title there or choose another."
)
LABELS = {
    "branchId": "branch", "title": "title", "firstName": "first name",
    "middleName": "middle names", "surname": "last name", "preferredName": "preferred name",
    "nickname": "nickname", "positionTitle": "job title", "employeeNumber": "employee number",
    "dateOfBirth": "date of birth", "commencementDate": "start date",
}  # fmt: skip
NESTED_LABELS = {
    "personalAddress": "home address", "postalAddress": "postal address",
    "home": "home contacts", "work": "work contacts",
}  # fmt: skip


def draft(detail: Json, wanted: Values, email: str, lists: References) -> Draft:
    """The whole EmployeeInputDetail with `wanted` laid over the record as read.

    A field that HRA cannot hold stays as it is and is refused under its own name. Where the record
    as read would not pass HRA's own rules for input, nothing is sent: leaving the bad part out
    would erase it. `wanted` has neither branch nor end date: those take actions.
    """
    body = _kept(detail)
    refused: dict[str, tuple[str, ...]] = {}
    for name, value in wanted.items():
        fitting, reason = _fit(name, value, lists)
        if reason:
            refused[name] = (reason,)
        else:
            _lay(body, detail, name, fitting, email)
    faults = _faults(filled(body)) + _unlisted(body, lists)
    if faults:
        return Draft(None, {**refused, "details": faults})
    return Draft(filled(body) if len(refused) < len(wanted) else None, refused)


def new(wanted: Values, email: str, lists: References) -> Draft:
    """The EmployeeInputDetail of somebody new. `wanted` has a branch (its id), first and last name.

    assumption A12: a new record is to be Current; the contract has no default, so it is said
    outright.
    """
    branch = wanted.get("branch")
    rest = {name: value for name, value in wanted.items() if name not in ("branch", "end_date")}
    start = {"employmentStatus": "Current", "ownerBranch": {"id": branch}}
    made = draft(start, rest, email, lists)
    # Without a name there is no record: then only what is wrong with the name is worth saying.
    needed = {name: why for name, why in made.refused.items() if name in NAMES}
    return Draft(None, needed) if needed else made


def vanished(before: Json, after: Json, email: str) -> tuple[str, ...]:
    """What the agent does not manage and what a write made disappear (F1): facts, no values."""
    other = "work" if email == "home" else "home"
    gone = [
        key for key in UNMANAGED if filled(only(before, (key,))) and not filled(only(after, (key,)))
    ]
    mine, theirs = (words(part(part(one, "contacts"), other), "email") for one in (before, after))
    if mine and not theirs:
        gone.append(f"contacts.{other}.email")
    return tuple(f"details:{key}" for key in gone)


def _kept(detail: Json) -> dict[str, Any]:
    contacts = part(detail, "contacts")
    return {
        "branchId": part(detail, "ownerBranch").get("id"),
        **{key: detail.get(key) for key in PLAIN_KEYS},
        "personalAddress": only(part(detail, "personalAddress"), ADDRESS_KEYS),
        "postalAddress": only(part(detail, "postalAddress"), ADDRESS_KEYS),
        "contacts": {
            "home": only(part(contacts, "home"), HOME_KEYS),
            "work": only(part(contacts, "work"), WORK_KEYS),
        },
    }


def _fit(name: str, value: Value, lists: References) -> tuple[Value, str]:
    """The value as HRA would hold it, or the reason why it can't."""
    label = fields.FIELDS[name].label
    if name == "title" and value is not None:
        return _title(value, lists)
    if name == "gender":
        return _gender(value, lists.genders or frozenset((*GENDERS, NOT_STATED)))
    longest = _longest(name)
    if longest and max(map(len, _texts(value)), default=0) > longest:
        return None, f"The {label} is longer than the {longest} characters that HRA Cloud takes."
    return value, ""


def _title(value: str, lists: References) -> tuple[Value, str]:
    if lists.titles is None:
        return None, NO_TITLES
    own = lists.titles.get(folded_title(value))
    return (None, UNKNOWN_TITLE) if own is None else (own, "")


def _gender(value: str | None, known: frozenset[str]) -> tuple[Value, str]:
    """None goes as Not_Stated where the account has that, else as an absent key."""
    if value is None:
        return (NOT_STATED if NOT_STATED in known else None), ""
    if value not in known:
        return None, "The gender is not among the genders of this HRA Cloud account."
    return value, ""


def _longest(name: str) -> int | None:
    if name in TEXTS:
        return LONGEST[TEXTS[name]]
    return LONGEST_PART if name in ("email", "phone", "mobile", "home_address") else None


def _texts(value: Value) -> tuple[str, ...]:
    if isinstance(value, Address):
        return (value.line1, value.line2, value.suburb, value.state, value.postcode, value.country)
    return (value,) if isinstance(value, str) else ()


def _lay(body: dict[str, Any], detail: Json, name: str, value: Value, email: str) -> None:
    if name in TEXTS:
        body[TEXTS[name]] = value
    elif name in DATES:
        body[DATES[name]] = value.isoformat() if isinstance(value, date) else None
    elif name == "gender":
        body["gender"] = value
    elif name == "home_address":
        body["personalAddress"] = _own_address(part(detail, "personalAddress"), value)
    elif name == "email":
        body["contacts"][email]["email"] = value
    else:
        body["contacts"]["home"][HOME_CONTACTS[name]] = value


def _own_address(raw: Json, value: Address | None) -> dict[str, Any]:
    """The new address; parts that are equal after normalising keep HRA's own spelling (D5)."""
    if value is None:
        return {}
    present = address(raw) or Address()
    parts: dict[str, Any] = {}
    for key in ADDRESS_KEYS:
        mine, theirs = getattr(value, key), getattr(present, key)
        kept = raw.get(key) if mine.casefold() == theirs.casefold() else None
        parts[key] = kept or (mine.title() if key == "country" else mine)
    return filled(parts)


def _faults(body: Json) -> tuple[str, ...]:
    """Why HRA's own rules for input would not take the body: names of fields, never values."""
    missing = [LABELS[key] for key in NEEDED if not body.get(key)]
    long = [LABELS[key] for key, most in LONGEST.items() if len(str(body.get(key, ""))) > most]
    nested = {**body, **part(body, "contacts")}
    long += [
        label
        for key, label in NESTED_LABELS.items()
        if any(len(str(text)) > LONGEST_PART for text in part(nested, key).values())
    ]
    dates = [LABELS[key] for key in DATES.values() if key in body and not _is_date(body[key])]
    return (
        *(f"The {one} is empty in HRA Cloud, which takes no record without it." for one in missing),
        *(f"HRA Cloud holds {one} longer than it takes back; shorten it there." for one in long),
        *(
            f"HRA Cloud holds a {one} that it does not take back (no date of 1900 to 2050); "
            "correct it there."
            for one in dates
        ),
    )


def _unlisted(body: Json, lists: References) -> tuple[str, ...]:
    """A title that HRA would send the whole record back for; an empty list proves nothing."""
    title = body.get("title")
    unlisted = title and lists.titles and folded_title(str(title)) not in lists.titles
    return (UNLISTED_TITLE,) if unlisted else ()


def _is_date(value: Any) -> bool:
    return DATE_FORM.fullmatch(str(value)) is not None
