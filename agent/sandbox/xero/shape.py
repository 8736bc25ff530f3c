"""Reads a posted body into plain values: which elements exist, and of what type each is.

Pure. A body that is not what the endpoint takes raises Malformed (one sentence, answered as an exception); ids that are no
ids are noted as problems of that record. Elements the vendor only ever reads out are dropped here; `null` is as if left out.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from agent.sandbox.xero.wire import parse_date

Record = dict[str, Any]

REGIONS = frozenset({"ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA"})
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
NO_GUID = "00000000-0000-0000-0000-000000000000"
NUMBER_OF_LIST = "PostDataInvalidException"

TEXT, DATE, FLAG, NUMBER, ID, FREE, READ = "text", "date", "flag", "number", "id", "free", "read"

ADDRESS = dict.fromkeys(
    ("AddressLine1", "AddressLine2", "City", "Region", "PostalCode", "Country"), TEXT
)
TAX = {
    **dict.fromkeys(
        (
            "EmploymentBasis", "TFNExemptionType", "TaxFileNumber", "ABN", "ResidencyStatus",
            "TaxScaleType", "WorkCondition", "SeniorMaritalStatus",
        ),
        TEXT,
    ),
    **dict.fromkeys(
        (
            "AustralianResidentForTaxPurposes", "TaxFreeThresholdClaimed", "HasHELPDebt", "HasSFSSDebt",
            "HasTradeSupportLoanDebt", "HasStudentStartupLoan", "HasLoanOrStudentDebt",
            "EligibleToReceiveLeaveLoading", "IncludeLeaveLoadingInQualifyingEarnings",
        ),
        FLAG,
    ),
    "TaxOffsetEstimatedAmount": NUMBER,
    "UpwardVariationTaxWithholdingAmount": NUMBER,
    "ApprovedWithholdingVariationPercentage": NUMBER,
    "UpdatedDateUTC": READ,
}  # fmt: skip
BANK = {
    "StatementText": TEXT, "AccountName": TEXT, "BSB": TEXT, "AccountNumber": TEXT,
    "Remainder": FLAG, "Amount": NUMBER,
}  # fmt: skip
MEMBERSHIP = {"SuperMembershipID": ID, "SuperFundID": ID, "EmployeeNumber": TEXT}
TEMPLATE = dict.fromkeys(
    ("EarningsLines", "DeductionLines", "SuperLines", "ReimbursementLines", "LeaveLines"), FREE
)
EMPLOYEE: dict[str, Any] = {
    **dict.fromkeys(
        (
            "FirstName", "LastName", "Title", "MiddleNames", "Email", "Gender", "Phone", "Mobile",
            "TwitterUserName", "JobTitle", "Classification", "EmployeeGroupName", "TerminationReason",
            "IncomeType", "EmploymentType", "CountryOfResidence",
        ),
        TEXT,
    ),
    **dict.fromkeys(("DateOfBirth", "StartDate", "TerminationDate"), DATE),
    **dict.fromkeys(("EmployeeID", "OrdinaryEarningsRateID", "PayrollCalendarID"), ID),
    **dict.fromkeys(("IsAuthorisedToApproveLeave", "IsAuthorisedToApproveTimesheets"), FLAG),
    **dict.fromkeys(
        ("LeaveBalances", "IsSTP2Qualified", "UpdatedDateUTC", "ValidationErrors", "Status"), READ
    ),
    "HomeAddress": ADDRESS,
    "TaxDeclaration": TAX,
    "BankAccounts": [BANK],
    "SuperMemberships": [MEMBERSHIP],
    "PayTemplate": TEMPLATE,
    "OpeningBalances": FREE,
}  # fmt: skip
FUND: dict[str, Any] = {
    **dict.fromkeys(
        (
            "Type", "Name", "ABN", "BSB", "AccountNumber", "AccountName", "ElectronicServiceAddress",
            "EmployerNumber", "SPIN", "USI", "usi",
        ),
        TEXT,
    ),
    "SuperFundID": ID,
    **dict.fromkeys(("UpdatedDateUTC", "ValidationErrors"), READ),
}  # fmt: skip


class Malformed(ValueError):
    """The body cannot be read as what the endpoint takes; the text is the sentence of the answer."""


def rows(body: Any, kind: str) -> list[Record]:
    """The records of a posted body: a bare JSON array of objects. Raises Malformed."""
    if not isinstance(body, list) or not body:
        raise Malformed(f"JSON for post data was invalid: an array of {kind} is expected")
    if not all(isinstance(row, dict) for row in body):
        raise Malformed(f"JSON for post data was invalid: each {kind} must be an object")
    return body


def employee(row: Mapping[str, Any]) -> tuple[Record, list[str]]:
    """A posted employee as plain values, and what is wrong with its ids. Raises Malformed."""
    problems: list[str] = []
    return _object(row, EMPLOYEE, "Employee", problems), problems


def fund(row: Mapping[str, Any]) -> tuple[Record, list[str]]:
    """A posted super fund as plain values, and what is wrong with its ids. Raises Malformed."""
    problems: list[str] = []
    read = _object(row, FUND, "SuperFund", problems)
    other_case = read.pop("usi", None)
    return ({"USI": other_case} if other_case else {}) | read, problems


def _object(
    row: Mapping[str, Any], shape: Mapping[str, Any], name: str, problems: list[str]
) -> Record:
    read: Record = {}
    for key, value in row.items():
        if key not in shape:
            raise Malformed(f"{key} is not a valid element in {name}")
        if value is not None and shape[key] != READ:
            read[key] = _value(value, shape[key], key, problems)
    return read


def _value(value: Any, kind: Any, key: str, problems: list[str]) -> Any:
    if isinstance(kind, Mapping):
        if not isinstance(value, dict):
            raise Malformed(f"{key} must be an object")
        return _object(value, kind, key, problems)
    if isinstance(kind, list):
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise Malformed(f"{key} must be an array of objects")
        return [_object(row, kind[0], key.removesuffix("s"), problems) for row in value]
    return _simple(value, kind, key, problems)


def _simple(value: Any, kind: str, key: str, problems: list[str]) -> Any:
    if kind == FREE:
        return value
    if kind == FLAG:
        if not isinstance(value, bool):
            raise Malformed(f"{key} must be true or false")
        return value
    if kind == NUMBER:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Malformed(f"{key} must be a number")
        return Decimal(str(value))
    if not isinstance(value, str):
        raise Malformed(f"{key} must be a string")
    return _text(value, kind, key, problems)


def _text(value: str, kind: str, key: str, problems: list[str]) -> Any:
    if kind == TEXT or value == "":
        return value
    if kind == DATE:
        try:
            return parse_date(value)
        except (ValueError, OverflowError):
            raise Malformed(f"{key} is not a valid date") from None
    if not GUID.fullmatch(value):
        raise Malformed(f"{key} is not a valid id")
    if value == NO_GUID:
        problems.append(f"{key}: invalid id")
    return value.lower()
