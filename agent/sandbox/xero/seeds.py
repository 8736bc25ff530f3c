"""Puts invented people into an organisation: each as a payroll employee, with the funds their super needs.

Pure: a person in, a record out. The people are the caller's: those who stand on the Xero side, as they stand there.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from agent.sandbox.people import Bank, Leave, Person, Super, Tax
from agent.sandbox.xero.catalogue import ANNUAL, LONG_SERVICE, PERSONAL, STUDY_DAYS, made_id
from agent.sandbox.xero.shape import REGIONS

Record = dict[str, Any]

GENDERS = {"Male": "M", "Female": "F", "Non_Binary": "I", "Not_Stated": "N"}
EXEMPTIONS = {"UNQUOTED": "NOTQUOTED"}
ODD_BALANCE_EVERY = 5  # every fifth person also has a balance counted in days


def fund_id(tenant: str, held: Super) -> str:
    """The organisation's own fund record for a membership: one per USI, or per ABN of an SMSF."""
    return made_id(tenant, "fund", held.usi or held.abn)


def fund(tenant: str, held: Super, updated: datetime) -> Record:
    """The organisation's fund behind a membership."""
    own = held.type == "SMSF"
    return {
        "SuperFundID": fund_id(tenant, held),
        "Name": held.name,
        "Type": held.type,
        "ABN": held.abn,
        "USI": None if own else held.usi,
        "BSB": (held.bsb or None) if own else None,
        "AccountNumber": (held.number or None) if own else None,
        "AccountName": held.name[:32] if own else None,
        "ElectronicServiceAddress": (held.esa or None) if own else None,
        "UpdatedDateUTC": updated,
    }


def employee(
    tenant: str, person: Person, pay_items: Mapping[str, Any], calendar: str, updated: datetime
) -> Record:
    """The person as a payroll employee: whole record, TFN in full, dates as dates."""
    rate = pay_items["EarningsRates"][0]["EarningsRateID"]
    number = made_id(tenant, "employee", person.key)
    known: Record = {
        "EmployeeID": number,
        "Title": person.title,
        "FirstName": person.first,
        "MiddleNames": person.middle,
        "LastName": person.last,
        "Email": person.email,
        "DateOfBirth": person.born,
        "JobTitle": person.position,
        "Gender": GENDERS[person.gender],
        "HomeAddress": _address(person),
        "Phone": person.phone,
        "Mobile": person.mobile,
        "StartDate": person.started,
        "OrdinaryEarningsRateID": rate,
        "PayrollCalendarID": calendar,
        "UpdatedDateUTC": updated,
        "IsSTP2Qualified": person.stp2,
        "EmployeeGroupName": person.group,
        "IsAuthorisedToApproveLeave": False,
        "IsAuthorisedToApproveTimesheets": False,
        "EmploymentType": "EMPLOYEE" if person.stp2 else None,
        "IncomeType": "SALARYANDWAGES" if person.stp2 else None,
        "TerminationDate": person.ended,
        "TerminationReason": person.end_reason,
        "TaxDeclaration": None if person.tax is None else _tax(person.tax, person.stp2, updated),
        "BankAccounts": [_bank(bank) for bank in person.banks],
        "SuperMemberships": [_membership(tenant, number, held) for held in person.supers],
        "PayTemplate": _template(rate),
        "OpeningBalances": {"OpeningBalanceDate": person.started, "EarningsLines": []},
        "LeaveBalances": _balances(person, pay_items),
    }
    return {key: value for key, value in known.items() if value not in (None, "")}


def _address(person: Person) -> Record:
    home = person.address
    local = home.state in REGIONS
    parts = {
        "AddressLine1": home.line1,
        "AddressLine2": home.line2,
        "City": home.suburb,
        "Region": home.state if local else "",
        "PostalCode": home.postcode if local else "",
        "Country": home.country,
    }
    return {key: value for key, value in parts.items() if value}


def _tax(tax: Tax, stp2: bool, updated: datetime) -> Record:
    loans = (
        {"HasLoanOrStudentDebt": bool(tax.loans)}
        if stp2
        else {
            "HasHELPDebt": "hecs" in tax.loans,
            "HasSFSSDebt": "sfss" in tax.loans,
            "HasTradeSupportLoanDebt": "trade" in tax.loans,
            "HasStudentStartupLoan": "startup" in tax.loans,
        }
    )
    known: Record = {
        "EmploymentBasis": _word(tax.employment_basis),
        "TFNExemptionType": tax.exemption and EXEMPTIONS.get(tax.exemption, tax.exemption),
        "TaxFileNumber": tax.tfn,
        "AustralianResidentForTaxPurposes": tax.resident_for_tax,
        "ResidencyStatus": _word(tax.residency),
        "TaxFreeThresholdClaimed": tax.threshold,
        "TaxOffsetEstimatedAmount": _whole(tax.offset_dollars),
        "UpwardVariationTaxWithholdingAmount": _whole(tax.upward_dollars),
        "EligibleToReceiveLeaveLoading": tax.leave_loading,
        "ApprovedWithholdingVariationPercentage": _whole(tax.variation_percent),
        "UpdatedDateUTC": updated,
    }
    return {key: value for key, value in (known | loans).items() if value is not None}


def _word(text: str) -> str:
    return text.replace("_", "")


def _whole(amount: int | str | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)


def _bank(bank: Bank) -> Record:
    row: Record = {
        "StatementText": bank.statement,
        "AccountName": bank.name,
        "BSB": bank.bsb,
        "AccountNumber": bank.number,
        "Remainder": bank.remainder,
    }
    if bank.cents is not None and not bank.remainder:
        row["Amount"] = Decimal(bank.cents) / 100
    return row


def _membership(tenant: str, employee_id: str, held: Super) -> Record:
    return {
        "SuperMembershipID": made_id(employee_id, "membership", held.usi or held.abn),
        "SuperFundID": fund_id(tenant, held),
        "EmployeeNumber": held.member_number,
    }


def _template(rate: str) -> Record:
    """Super lines read without their membership, as in the contract's sample: a whole record posted back fails on them."""
    return {
        "EarningsLines": [
            {
                "EarningsRateID": rate,
                "CalculationType": "USEEARNINGSRATE",
                "NormalNumberOfUnits": Decimal(38),
            }
        ],
        "DeductionLines": [],
        "SuperLines": [{"ContributionType": "SGC", "CalculationType": "STATUTORY"}],
        "ReimbursementLines": [],
        "LeaveLines": [],
    }


def _balances(person: Person, pay_items: Mapping[str, Any]) -> list[Record]:
    if person.leave is None:
        return []
    leave: Leave = person.leave
    units = {ANNUAL: leave.annual, PERSONAL: leave.personal, LONG_SERVICE: leave.long_service}
    if person.number.isdigit() and int(person.number) % ODD_BALANCE_EVERY == 0:
        units[STUDY_DAYS] = Decimal(3)
    return [
        {
            "LeaveName": kind["Name"],
            "LeaveTypeID": kind["LeaveTypeID"],
            "NumberOfUnits": units[kind["Name"]],
            "TypeOfUnits": kind["TypeOfUnits"],
        }
        for kind in pay_items["LeaveTypes"]
        if kind["Name"] in units
    ]
