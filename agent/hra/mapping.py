"""Personal details as HRA shows them -> canonical values. Pure.

Shapes: the contract's EmployeeSummary, EmployeeDetail, CandidateSummary and reference lists.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from agent import canonical, fields
from agent.employee import UNKNOWN, Address, EndDate, Person, Status, Value
from agent.hra.wire import Json, day, instant, part, words

# assumption A11: a status outside this list, or none, is treated as AWAY: such a person is neither
# exported nor ended.
STATUSES = {
    "Current": Status.CURRENT,
    "Terminating": Status.TERMINATING,
    "Terminated": Status.TERMINATED,
    "Completed": Status.TERMINATED,
    "Leave": Status.AWAY,
    "LeaveWithoutPay": Status.AWAY,
    "Suspended": Status.AWAY,
    "Transferred": Status.GONE,
    "Merged": Status.GONE,
}
GENDERS = ("Male", "Female", "Non_Binary")
NOT_STATED = "Not_Stated"

TEXTS = {
    "title": "title",
    "first_name": "firstName",
    "middle_names": "middleName",
    "last_name": "surname",
    "job_title": "positionTitle",
}
DATES = {"date_of_birth": "dateOfBirth", "start_date": "commencementDate"}
HOME_CONTACTS = {"phone": "phone", "mobile": "mobile"}
ADDRESS_KEYS = ("line1", "line2", "suburb", "state", "postcode", "country")


@dataclass(frozen=True)
class References:
    """The account's lists: honorifics by folded name, gender keys. None: the list could not be
    read.
    """

    titles: Mapping[str, str] | None = None
    genders: frozenset[str] | None = None


def status(record: Json) -> Status:
    """Where the person stands."""
    return STATUSES.get(str(record.get("employmentStatus")), Status.AWAY)


def person(record: Json, email: str) -> Person:
    """A Person from a row of the list, or from a detail (which also knows e-mail, mobile and
    postcode).
    """
    contacts = part(record, "contacts")
    born = day(record, "dateOfBirth")
    return Person(
        side="hra",
        id=str(record["id"]),
        first_name=words(record, "firstName") or "",
        last_name=words(record, "surname") or "",
        status=status(record),
        updated=instant(record, "dateUpdatedUTC"),
        date_of_birth=None if born is UNKNOWN else born,
        email=words(part(contacts, email), "email"),
        mobile=words(part(contacts, "home"), "mobile"),
        postcode=words(part(record, "personalAddress"), "postcode"),
        number=words(record, "employeeNumber"),
        created=instant(record, "dateCreatedUTC"),
        new_id=words(record, "newEmployeeId"),
        old_id=words(record, "oldEmployeeId"),
        branch=words(part(record, "ownerBranch"), "id"),
    )


def as_candidate(found: Person, record: Json) -> Person:
    """A Person of a candidate's row or detail, where status, number and transfers go by other
    keys.
    """
    current = record.get("candidateStatus") == "Current"
    return replace(
        found,
        status=Status.CURRENT if current else Status.GONE,
        number=words(record, "candidateNumber"),
        new_id=words(record, "newCandidateId"),
        old_id=words(record, "oldCandidateId"),
        candidate=True,
    )


def references(titles: Iterable[Json] | None, genders: Iterable[Json] | None) -> References:
    """The account's lists of honorifics (by name) and genders (by key); None: not readable."""
    named = [words(row, "name") or "" for row in titles or ()]
    keys = frozenset(words(row, "key") or words(row, "name") or "" for row in genders or ())
    return References(
        titles=None if titles is None else {folded_title(name): name for name in named},
        genders=None if genders is None else keys,
    )


def values(detail: Json, email: str) -> dict[str, Value]:
    """Every field of the group `details`. `email` says which address is meant: home or work."""
    contacts = part(detail, "contacts")
    home = part(contacts, "home")
    return {
        **{name: words(detail, key) for name, key in TEXTS.items()},
        **{name: day(detail, key) for name, key in DATES.items()},
        **{name: words(home, key) for name, key in HOME_CONTACTS.items()},
        "gender": _gender(detail),
        "home_address": address(part(detail, "personalAddress")),
        "email": words(part(contacts, email), "email"),
        "branch": words(part(detail, "ownerBranch"), "id"),
        "end_date": _ended(detail),
    }


def _ended(detail: Json) -> Value:
    found = day(detail, "endDate")
    return EndDate(found) if isinstance(found, date) else found


def address(raw: Json) -> Address | None:
    """One of HRA's addresses as the canonical value."""
    return canonical.address(*(words(raw, key) for key in ADDRESS_KEYS))


def _gender(detail: Json) -> Value:
    found = words(detail, "gender")
    if found in (None, NOT_STATED):
        return None
    return found if found in GENDERS else UNKNOWN


def folded_title(value: str) -> str:
    """Two spellings of one title share this ("Mr." and "mr"), as the field table compares them."""
    return fields.FIELDS["title"].tokens(value)["v"]
