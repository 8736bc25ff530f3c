"""What an organisation's payroll is set up with: pay items, calendars, accounts, and Xero's own catalogue of super products.

Data and the few functions that shape it. Pay items hold the traps of a real organisation on purpose: an archived leave type
with the same category as a current one, a leave type counted in days, and one without a category.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from agent.sandbox.people import FUNDS

Record = dict[str, Any]

KNOWN_PRODUCTS = (  # (USI, ABN, product): the contract's own examples
    ("OSF0001AU", "24248426878", "Accumulate Plus (Commonwealth Bank Group Super)"),
    ("PTC0133AU", "30099320583", "AMG Super"),
    ("40022701955001", "40022701955", "Statewide Superannuation Trust"),
    ("40022701955002", "40022701955", "Statewide Superannuation Trust - Pension"),
)
ANNUAL, PERSONAL, LONG_SERVICE = "Annual Leave", "Personal/Carer's Leave", "Long Service Leave"
STUDY_DAYS = "Study Leave"
LEAVE_TYPES = (  # name, category, units, current
    (ANNUAL, "ANNUALLEAVE", "Hours", True),
    (PERSONAL, "PERSONALSICKCARERSLEAVE", "Hours", True),
    (LONG_SERVICE, "LONGSERVICELEAVE", "Hours", True),
    ("Annual Leave (before 2020)", "ANNUALLEAVE", "Hours", False),
    (STUDY_DAYS, "STUDYLEAVE", "Days", True),
    ("Birthday Leave", None, "Hours", True),
)
ACCOUNTS = (
    ("BANK", "094", "Business Bank Account"),
    ("WAGESPAYABLELIABILITY", "804", "Wages Payable - Payroll"),
    ("PAYGLIABILITY", "825", "PAYG Withholdings Payable"),
    ("SUPERANNUATIONEXPENSE", "478", "Superannuation"),
    ("SUPERANNUATIONLIABILITY", "826", "Superannuation Payable"),
    ("WAGESEXPENSE", "477", "Wages and Salaries"),
)


def made_id(*parts: str) -> str:
    """The same id for the same thing, whenever the sandbox starts."""
    return str(uuid5(NAMESPACE_URL, "/".join(("xero-sandbox", *parts))))


def products() -> tuple[Record, ...]:
    """Xero's catalogue of regulated super products, as far as the sandbox knows it."""
    known = {usi: (abn, name) for usi, abn, name in KNOWN_PRODUCTS}
    known |= {f.usi: (f.abn, f.product_name) for f in FUNDS if f.type == "REGULATED"}
    return tuple(
        {"USI": usi, "ABN": abn, "ProductName": name} for usi, (abn, name) in known.items()
    )


def pay_items(tenant: str, updated: datetime) -> Record:
    """Earnings rates, deduction, leave and reimbursement types."""
    return {
        "EarningsRates": [
            _earnings(tenant, updated, "Ordinary Hours", "ORDINARYTIMEEARNINGS", False),
            _earnings(
                tenant, updated, "Overtime Hours (exempt from super)", "OVERTIMEEARNINGS", True
            ),
        ],
        "DeductionTypes": [
            {
                "DeductionTypeID": made_id(tenant, "deduction", "union"),
                "DeductionCategory": "UNIONFEES",
                "Name": "Union Fees/Subscriptions",
                "AccountCode": "850",
                "ReducesTax": False,
                "ReducesSuper": False,
                "IsExemptFromW1": False,
                "UpdatedDateUTC": updated,
                "CurrentRecord": True,
            }
        ],
        "ReimbursementTypes": [
            {
                "ReimbursementTypeID": made_id(tenant, "reimbursement", "travel"),
                "Name": "Travel Costs",
                "AccountCode": "850",
                "UpdatedDateUTC": updated,
                "CurrentRecord": True,
            }
        ],
        "LeaveTypes": [
            _leave(tenant, updated, name, category, units, current)
            for name, category, units, current in LEAVE_TYPES
        ],
    }


def calendars(tenant: str, now: datetime) -> list[Record]:
    """Two payroll calendars: weekly and fortnightly."""
    start = (now - timedelta(days=now.weekday())).date()
    return [
        {
            "PayrollCalendarID": made_id(tenant, "calendar", kind),
            "Name": kind.title(),
            "CalendarType": kind,
            "StartDate": start,
            "PaymentDate": start + timedelta(days=days + 2),
            "UpdatedDateUTC": now,
            "ReferenceDate": start,
        }
        for kind, days in (("WEEKLY", 7), ("FORTNIGHTLY", 14))
    ]


def accounts(tenant: str) -> list[Record]:
    """The payroll accounts of Settings."""
    return [
        {"AccountID": made_id(tenant, "account", code), "Type": kind, "Code": code, "Name": name}
        for kind, code, name in ACCOUNTS
    ]


def _earnings(tenant: str, updated: datetime, name: str, kind: str, exempt: bool) -> Record:
    return {
        "EarningsRateID": made_id(tenant, "rate", name),
        "Name": name,
        "EarningsType": kind,
        "RateType": "RATEPERUNIT",
        "AccountCode": "477",
        "TypeOfUnits": "Hours",
        "IsExemptFromTax": False,
        "IsExemptFromSuper": exempt,
        "IsReportableAsW1": False,
        "IsQualifyingEarnings": not exempt,
        "AllowanceContributesToAnnualLeaveRate": False,
        "AllowanceContributesToOvertimeRate": False,
        "UpdatedDateUTC": updated,
        "CurrentRecord": True,
    }


def _leave(
    tenant: str, updated: datetime, name: str, category: str | None, units: str, current: bool
) -> Record:
    return {
        "LeaveTypeID": made_id(tenant, "leave", name),
        "Name": name,
        "TypeOfUnits": units,
        "NormalEntitlement": Decimal(152) if category == "ANNUALLEAVE" else None,
        "IsPaidLeave": True,
        "ShowOnPayslip": True,
        "UpdatedDateUTC": updated,
        "CurrentRecord": current,
        "LeaveCategoryCode": category,
        "SGCExempt": False,
        "IsQualifyingEarnings": True,
    }
