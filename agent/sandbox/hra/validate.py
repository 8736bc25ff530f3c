"""Checks what clients send against the contract's input shapes, and keeps only what it knows.

Rules below are the contract's own: lengths, patterns, enumerations, what is mandatory, what may be
null. `checked` returns the known keys that hold something, or raises a Problem naming every field
that breaks a rule, never its value.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from agent.sandbox.hra.problems import Problem, refuse_all
from agent.sandbox.hra.store import Json

DATE_FORM = re.compile(r"(19\d{2}|20([0-4]\d|50))-(0[1-9]|1[0-2])-(0[1-9]|[1-2][0-9]|3[0-1])")
ANY_YEAR = re.compile(r"\d{4}-\d{2}-\d{2}")
MOST_BANK_ROWS = 4

TYPES = (
    "Unspecified", "Permanent_FullTime", "Permanent_PartTime", "Temporary", "Casual", "Contract",
    "FixedTerm_FullTime", "FixedTerm_PartTime", "LabourHire", "SuperIncomeStream",
)  # fmt: skip
STATUSES = (
    "Current", "Terminated", "Completed", "Suspended", "Leave", "LeaveWithoutPay", "Transferred",
    "Terminating", "Merged",
)  # fmt: skip
GENDERS = ("Male", "Female", "Non_Binary", "Not_Stated")
HONORIFICS = ("Mr", "Mrs", "Ms", "Miss", "Mx", "Dr", "Prof")
METHODS = ("By_Consent", "By_Notice", "Summarily", "By_Other_Means")
TRANSFERS = ("Move_Everything", "Create_Copy", "Move_Everything_No_Trace")
EXEMPTIONS = ("UNQUOTED", "PENDING", "UNDER18", "PENSIONER")
BASES = ("FULL_TIME", "PART_TIME", "CASUAL", "LABOUR_HIRE", "SUPER_INCOME_STREAM")
RESIDENCIES = ("AUSTRALIAN_RESIDENT", "FOREIGN_RESIDENT", "WORKING_HOLIDAY_MAKER")


@dataclass(frozen=True)
class Rule:
    """What one key may hold. *kind*: text, integer, number, boolean, object. Lengths of texts."""

    kind: str
    must: bool = False
    null: bool = False
    shortest: int = 0
    longest: int | None = None
    least: int | None = None
    most: int | None = None
    values: tuple[str, ...] = ()
    form: re.Pattern[str] | None = None
    inside: Mapping[str, "Rule"] = field(default_factory=dict)


def text(longest: int | None = None, shortest: int = 0, **more: Any) -> Rule:
    """A text of *shortest* to *longest* characters."""
    return Rule("text", shortest=shortest, longest=longest, **more)


def one_of(values: tuple[str, ...], **more: Any) -> Rule:
    """One of the contract's enumeration."""
    return Rule("text", values=values, **more)


DATE = Rule("text", form=DATE_FORM)
MAYBE = Rule("boolean", null=True)
CENTS = Rule("integer", null=True)
ADDRESS = Rule("object", inside={
    "line1": text(128), "line2": text(128), "suburb": text(128), "state": text(128),
    "postcode": text(128), "country": text(128, 1),
})  # fmt: skip
CONTACT = text(128, null=True)
CONTACTS = Rule("object", inside={
    "home": Rule("object", inside={"phone": CONTACT, "mobile": CONTACT, "email": CONTACT}),
    "work": Rule("object", inside={"email": CONTACT}),
})  # fmt: skip

PERSON = {
    "branchId": text(64, 1, must=True),
    "title": text(128),
    "firstName": text(128, 1, must=True),
    "middleName": text(255),
    "surname": text(128, 1, must=True),
    "preferredName": text(255),
    "nickname": text(128),
    "personalAddress": ADDRESS,
    "postalAddress": ADDRESS,
    "contacts": CONTACTS,
    "gender": one_of(GENDERS),
    "dateOfBirth": DATE,
    "positionTitle": text(255),
}
EMPLOYEE = PERSON | {
    "employeeNumber": text(64),
    "employmentType": one_of(TYPES),
    "employmentStatus": one_of(STATUSES),
    "commencementDate": DATE,
}
CANDIDATE = PERSON | {
    "candidateNumber": text(64),
    "proposedCommencementDate": DATE,
    "candidateStatusInput": one_of(("Current", "NotCurrent")),
}
BANK_ROW = {
    "id": text(),
    "bsb": text(64, 1, must=True),
    "number": text(64, 1, must=True),
    "name": text(64, 1, must=True),
    "amountInCents": Rule("integer"),
    "statementText": text(64),
    "remainder": Rule("boolean", must=True),
    "accountOrder": Rule("integer", must=True, least=0, most=3),
}
SUPER_ROW = {
    "id": text(64, 1),
    "memberNumber": text(None, 1, must=True),
    "type": one_of(("REGULATED", "SMSF"), must=True),
    "name": text(255, 1, must=True),
    "abn": text(20, 1, must=True),
    "usi": text(64, null=True),
}
TAX = {
    "tfn": text(64, null=True),
    "exemptType": one_of(EXEMPTIONS),
    "employmentBasis": one_of(BASES),
    "residencyStatus": one_of(RESIDENCIES),
    "taxFreeThresholdClaimed": MAYBE,
    "tradeLoanSupport": MAYBE,
    "hecsSupported": MAYBE,
    "studentStartupLoan": MAYBE,
    "financialSupplementDebt": MAYBE,
    "australianResidentForTaxPurposes": MAYBE,
    "eligibleToReceiveLeaveLoading": MAYBE,
    "otherTaxOffsetClaimed": MAYBE,
    "offsetEstimatedAmountInCents": CENTS,
    "upwardVariationRequested": MAYBE,
    "increasedTaxWithholdingAmountInCents": CENTS,
    "hasApprovedWithholdingVariation": MAYBE,
    "approvedWithholdingVariationPercentage": text(null=True),
}
HOURS = Rule("number", must=True)
LEAVE = {"annualLeave": HOURS, "personalLeave": HOURS, "longServiceLeave": HOURS}
TERMINATION = {
    "endDate": Rule("text", must=True, form=DATE_FORM),
    "terminatedBy": text(256),
    "terminationMethod": one_of(METHODS, must=True),
    "terminationComments": text(),
}
TRANSFER = {
    "effectiveDate": Rule("text", form=ANY_YEAR),
    "toBranchId": text(64, 1, must=True),
    "transferType": one_of(TRANSFERS, must=True),
}
CONVERSION = {"commencementDate": DATE}
MERGE = {"recordId": text(64, 1, must=True)}


def checked(body: object, rules: Mapping[str, Rule]) -> Json:
    """The keys of *body* that *rules* know and that hold something. Raises Problem(400)."""
    if not isinstance(body, dict):
        raise Problem(400, "The body must be a JSON object.")
    refuse_all(_faults(body, rules, ""))
    return _known(body, rules)


def checked_rows(
    body: object, rules: Mapping[str, Rule], *, least: int, most: int | None
) -> list[Json]:
    """The rows under `au`, each as `checked` would return it. Raises Problem(400)."""
    if not isinstance(body, dict) or not isinstance(body.get("au"), list):
        raise Problem(400, "au must be a list.")
    rows = body["au"]
    if len(rows) < least or (most is not None and len(rows) > most):
        raise Problem(400, f"au must hold {least} to {most or 'any number of'} rows.")
    refuse_all(fault for place, row in enumerate(rows) for fault in _row_faults(row, rules, place))
    return [_known(row, rules) for row in rows]


def checked_part(body: object, rules: Mapping[str, Rule]) -> Json:
    """The object under `au`, as `checked` would return it. Raises Problem(400)."""
    if not isinstance(body, dict) or not isinstance(body.get("au"), dict):
        raise Problem(400, "au must be an object.")
    refuse_all(_faults(body["au"], rules, "au."))
    return _known(body["au"], rules)


def _row_faults(row: object, rules: Mapping[str, Rule], place: int) -> Iterator[str]:
    if not isinstance(row, dict):
        yield f"au[{place}] must be an object."
        return
    yield from _faults(row, rules, f"au[{place}].")


def _faults(body: Json, rules: Mapping[str, Rule], where: str) -> Iterator[str]:
    for key, rule in rules.items():
        if key not in body:
            if rule.must:
                yield f"{where}{key} is mandatory."
        elif body[key] is None:
            if not rule.null:
                yield f"{where}{key} must not be null."
        else:
            yield from _wrong(body[key], rule, f"{where}{key}")


def _wrong(value: object, rule: Rule, name: str) -> Iterator[str]:
    if not _is_a(value, rule.kind):
        yield f"{name} must be of type {rule.kind}."
    elif isinstance(value, dict):
        yield from _faults(value, rule.inside, f"{name}.")
    elif isinstance(value, str):
        yield from _wrong_text(value, rule, name)
    elif isinstance(value, int) and not isinstance(value, bool):
        if rule.least is not None and value < rule.least:
            yield f"{name} must be at least {rule.least}."
        if rule.most is not None and value > rule.most:
            yield f"{name} must be at most {rule.most}."


def _wrong_text(value: str, rule: Rule, name: str) -> Iterator[str]:
    if len(value) < rule.shortest:
        yield f"{name} must have at least {rule.shortest} characters."
    if rule.longest is not None and len(value) > rule.longest:
        yield f"{name} must have at most {rule.longest} characters."
    if rule.values and value not in rule.values:
        yield f"{name} must be one of {', '.join(rule.values)}."
    if rule.form and not (rule.form.fullmatch(value) and _is_day(value)):
        yield f"{name} must be a date, YYYY-MM-DD."


def _is_a(value: object, kind: str) -> bool:
    if kind == "number":
        return isinstance(value, int | Decimal) and not isinstance(value, bool)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    wanted = {"text": str, "boolean": bool, "object": dict}[kind]
    return isinstance(value, wanted)


def _is_day(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _known(body: Json, rules: Mapping[str, Rule]) -> Json:
    kept: Json = {}
    for key, rule in rules.items():
        value = body.get(key)
        if isinstance(value, dict):
            value = _known(value, rule.inside)
        if value not in (None, "", {}):
            kept[key] = value
    return kept
