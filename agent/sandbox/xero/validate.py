"""The rules of Xero Payroll AU for a posted employee or fund: what the live API refuses, in sentences.

Pure: values and what the organisation knows in, sentences out. Lengths are the vendor's older field tables, which equal the
bank industry's Direct Entry record for bank accounts; required fields, pairings and the sentences in quotes in the tests
were reported from the live API. Rules that nobody confirmed have a switch.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from agent.sandbox.identifiers import is_abn, is_tfn
from agent.sandbox.xero.shape import REGIONS

Record = Mapping[str, Any]

LONGEST = {
    "FirstName": 35, "MiddleNames": 35, "LastName": 35, "Title": 10, "Email": 100, "Mobile": 50,
    "Phone": 50, "JobTitle": 50, "Classification": 100, "TwitterUserName": 50,
}  # fmt: skip
LONGEST_ADDRESS = {"AddressLine1": 50, "AddressLine2": 50, "City": 50, "Country": 50}
LONGEST_BANK = {"StatementText": 18, "AccountName": 32, "AccountNumber": 9}
LONGEST_FUND = {
    "Name": 76, "EmployerNumber": 20, "AccountNumber": 9, "AccountName": 32,
    "ElectronicServiceAddress": 16,
}  # fmt: skip
WORDS = {
    "Gender": {"N", "M", "F", "I"},
    "TerminationReason": {"V", "I", "D", "R", "F", "C", "T"},
    "EmploymentType": {"EMPLOYEE", "CONTRACTOR"},
    "IncomeType": {
        "SALARYANDWAGES", "WORKINGHOLIDAYMAKER", "NONEMPLOYEE", "CLOSELYHELDPAYEES", "LABOURHIRE",
    },
}  # fmt: skip
TAX_WORDS = {
    "EmploymentBasis": {
        "FULLTIME", "PARTTIME", "CASUAL", "LABOURHIRE", "SUPERINCOMESTREAM", "NONEMPLOYEE",
    },
    "TFNExemptionType": {"NOTQUOTED", "PENDING", "PENSIONER", "UNDER18"},
    "ResidencyStatus": {"AUSTRALIANRESIDENT", "FOREIGNRESIDENT", "WORKINGHOLIDAYMAKER"},
    "TaxScaleType": {
        "REGULAR", "ACTORSARTISTSENTERTAINERS", "HORTICULTURISTORSHEARER", "SENIORORPENSIONER",
        "WORKINGHOLIDAYMAKER", "FOREIGN",
    },
    "WorkCondition": {"PROMOTIONAL", "THREELESSPERFORMANCESPERWEEK", "NONE"},
    "SeniorMaritalStatus": {"MEMBEROFCOUPLE", "MEMBEROFILLNESSSEPARATEDCOUPLE", "SINGLE"},
}  # fmt: skip
INCOME_OF = {
    "EMPLOYEE": {"SALARYANDWAGES", "CLOSELYHELDPAYEES", "WORKINGHOLIDAYMAKER"},
    "CONTRACTOR": {"NONEMPLOYEE", "LABOURHIRE"},
}
BECS = re.compile(r"[A-Za-z0-9 .,\-'&/()+:!?*]*")
MOST_ACCOUNTS = 4


@dataclass(frozen=True)
class Known:
    """What the organisation has: ids of funds, rates and calendars, group names; and the switchable rules."""

    funds: Collection[str]
    rates: Collection[str]
    calendars: Collection[str]
    groups: Collection[str]
    groups_checked: bool
    one_remainder: bool


def employee(posted: Record, before: Record | None, after: Record, known: Known) -> list[str]:
    """What is wrong with a posted employee, given the record before and as it would become."""
    return [
        *_names(posted, after),
        *_too_long(posted, LONGEST),
        *_words(posted, WORDS),
        *_pairs(posted, after),
        *_ids(posted, known),
        *_address(posted, after),
        *_accounts(posted.get("BankAccounts"), after, known.one_remainder),
        *_memberships(posted.get("SuperMemberships"), before, known),
        *_tax(posted.get("TaxDeclaration"), after),
        *_template(posted.get("PayTemplate"), after),
    ]


def fund(posted: Record, usis: Collection[str]) -> list[str]:
    """What is wrong with a posted fund. A regulated one needs the USI of a product in the catalogue."""
    if posted.get("Type") not in ("REGULATED", "SMSF"):
        return ["The superannuation fund type is required."]
    problems = list(_too_long(posted, LONGEST_FUND))
    if posted["Type"] == "REGULATED":
        if posted.get("USI", "").strip().upper() not in usis:
            problems.append("The USI is not the USI of a known superannuation fund product.")
        return problems
    for name in ("Name", "ABN", "BSB", "AccountNumber", "AccountName"):
        if not posted.get(name):
            problems.append(f"The {name} is required for a self managed superannuation fund.")
    if posted.get("ABN") and not is_abn(posted["ABN"]):
        problems.append("The ABN is not valid.")
    if posted.get("BSB") and not re.fullmatch(r"\d{6}", posted["BSB"]):
        problems.append("The BSB must be 6 digits.")
    return problems


def _names(posted: Record, after: Record) -> Iterator[str]:
    for key, title in (
        ("FirstName", "First Name"),
        ("LastName", "Last Name"),
        ("DateOfBirth", "Date Of Birth"),
    ):
        if not _held(after.get(key)):
            yield f"The {title} is required."
    if not after.get("HomeAddress"):
        yield "The Home Address is required."
    born = posted.get("DateOfBirth")
    if isinstance(born, date) and born.year < 1900:
        yield "The Date Of Birth is not valid."
    if posted.get("Email") and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", posted["Email"]):
        yield "The Email is not a valid email address."


def _held(value: Any) -> bool:
    return bool(value.strip()) if isinstance(value, str) else value is not None


def _too_long(row: Record, longest: Mapping[str, int]) -> Iterator[str]:
    for key, most in longest.items():
        if len(row.get(key, "")) > most:
            yield f"The {key} must be at most {most} characters."


def _words(row: Record, words: Mapping[str, Collection[str]]) -> Iterator[str]:
    for key, takes in words.items():
        if row.get(key) and row[key] not in takes:
            yield f"The {key} is not one of {', '.join(sorted(takes))}."


def _pairs(posted: Record, after: Record) -> Iterator[str]:
    """Pairings of the vendor's STP phase 2 pages; looked at only when one of the two was posted."""
    if not {"EmploymentType", "IncomeType", "CountryOfResidence"} & posted.keys():
        return
    income, kind = after.get("IncomeType"), after.get("EmploymentType")
    if kind in INCOME_OF and income and income not in INCOME_OF[kind]:
        yield f"The Income Type cannot be used with the Employment Type {kind}."
    if income == "WORKINGHOLIDAYMAKER" and not after.get("CountryOfResidence"):
        yield "The Country Of Residence is required for a working holiday maker."
    if after.get("CountryOfResidence") and not re.fullmatch(
        r"[A-Z]{2}", after["CountryOfResidence"]
    ):
        yield "The Country Of Residence is not a country code."


def _ids(posted: Record, known: Known) -> Iterator[str]:
    if posted.get("OrdinaryEarningsRateID") and posted["OrdinaryEarningsRateID"] not in known.rates:
        yield "The Ordinary Earnings Rate is an invalid id."
    if posted.get("PayrollCalendarID") and posted["PayrollCalendarID"] not in known.calendars:
        yield "The Payroll Calendar is an invalid id."
    group = posted.get("EmployeeGroupName")
    if group and known.groups_checked and group not in known.groups:
        yield "The Employee Group Name is not an Employee Group of this organisation."


def _address(posted: Record, after: Record) -> Iterator[str]:
    if "HomeAddress" not in posted:
        return
    home = after.get("HomeAddress") or {}
    if not _held(home.get("AddressLine1")):
        yield "The Address Line 1 is required."
    yield from _too_long(home, LONGEST_ADDRESS)
    if not home.get("Region"):
        yield "The Region is required."
    elif home["Region"] not in REGIONS:
        yield f"The Region is not one of {', '.join(sorted(REGIONS))}."
    if not home.get("PostalCode"):
        yield "The Postal Code is required."
    elif not re.fullmatch(r"\d{4}", home["PostalCode"]):
        yield "The Postal Code must be 4 digits."


def _accounts(posted: list[Record] | None, after: Record, one_remainder: bool) -> Iterator[str]:
    if posted is None:
        return
    if len(after.get("BankAccounts", ())) > MOST_ACCOUNTS:
        yield "An employee can have at most 4 bank accounts."
    for row in posted:
        yield from _account(row)
    takes_rest = sum(bool(row.get("Remainder")) for row in posted)
    if one_remainder and len(posted) > 1 and takes_rest != 1:
        yield "Exactly one bank account must receive the remainder."


def _account(row: Record) -> Iterator[str]:
    if not re.fullmatch(r"\d{6}", row.get("BSB", "")):
        yield "The BSB must be 6 digits."
    if not re.fullmatch(r"[\d \-]+", row.get("AccountNumber", "")):
        yield "The Account Number is required and has digits only."
    if not _held(row.get("AccountName", "")):
        yield "The Account Name is required."
    yield from _too_long(row, LONGEST_BANK)
    for key in ("AccountName", "StatementText"):
        if not BECS.fullmatch(row.get(key, "")):
            yield f"The {key} has characters that banks do not take."
    amount = row.get("Amount")
    if amount is None:
        return
    if row.get("Remainder") is not True and amount <= 0:
        yield "The Amount must be more than zero."
    if amount != round(amount, 2):
        yield "The Amount has at most two decimals."


def _memberships(posted: list[Record] | None, before: Record | None, known: Known) -> Iterator[str]:
    held = {row["SuperMembershipID"] for row in (before or {}).get("SuperMemberships", ())}
    for row in posted or ():
        if row.get("SuperFundID", "") not in known.funds:
            yield "The superannuation fund is required"
        if not _held(row.get("EmployeeNumber", "")):
            yield "The employee number of the superannuation membership is required."
        if row.get("SuperMembershipID") and row["SuperMembershipID"] not in held:
            yield "The Super Membership is an invalid id."


def _tax(posted: Record | None, after: Record) -> Iterator[str]:
    if posted is None:
        return
    yield from _words(posted, TAX_WORDS)
    if posted.get("TaxFileNumber") and posted.get("TFNExemptionType"):
        yield "A Tax File Number and an exemption cannot both be given."
    if posted.get("TaxFileNumber") and not _whole_tfn(posted["TaxFileNumber"]):
        yield "The Tax File Number is not valid."
    whole: Record = after.get("TaxDeclaration") or {}
    if whole.get("ResidencyStatus") == "FOREIGNRESIDENT" and whole.get("TaxFreeThresholdClaimed"):
        yield "A foreign resident cannot claim the tax free threshold."
    for key in ("TaxOffsetEstimatedAmount", "UpwardVariationTaxWithholdingAmount"):
        if key in posted and not _is_whole(posted[key]):
            yield f"The {key} must be a whole number."
    share = posted.get("ApprovedWithholdingVariationPercentage", Decimal(0))
    if not _is_whole(share) or not 0 <= share <= 100:
        yield "The Approved Withholding Variation Percentage must be a whole number from 0 to 100."
    yield from _abn(whole, after)


def _whole_tfn(text: str) -> bool:
    return bool(re.fullmatch(r"\d{9}", text)) and set(text) != {"0"} and is_tfn(text)


def _is_whole(number: Decimal) -> bool:
    return number == number.to_integral_value()


def _abn(tax: Record, after: Record) -> Iterator[str]:
    """Documented: only applicable, and mandatory, for the income type NONEMPLOYEE."""
    if after.get("IncomeType") == "NONEMPLOYEE" and not tax.get("ABN"):
        yield "The ABN is required for a non-employee."
    if tax.get("ABN") and not is_abn(tax["ABN"]):
        yield "The ABN is not valid."


def _template(posted: Record | None, after: Record) -> Iterator[str]:
    """A super line needs its membership: a whole record read and posted back does not have it."""
    held = {row["SuperMembershipID"] for row in after.get("SuperMemberships", ())}
    for line in _lines(posted, "SuperLines"):
        if line.get("SuperMembershipID") not in held:
            yield "The superannuation fund is required"
        if not line.get("ContributionType") or not line.get("CalculationType"):
            yield "The contribution type and the calculation type are required."
    for line in _lines(posted, "EarningsLines"):
        if not line.get("EarningsRateID"):
            yield "The earnings rate is required."


def _lines(posted: Record | None, name: str) -> Iterable[Record]:
    lines = (posted or {}).get(name) or ()
    return [line for line in lines if isinstance(line, dict)]
