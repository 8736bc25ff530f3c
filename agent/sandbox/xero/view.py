"""The payroll view: how Xero now holds each employee, for a person to look at while values change.

Reads the store, changes nothing, needs no sign-in (a sandbox on loopback). The TFN is shown masked, as the API reads it.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from agent.sandbox.controls import Switches
from agent.sandbox.xero import records
from agent.sandbox.xero.store import Organisation, Store

PERSONAL = (
    ("Title", "Title"), ("FirstName", "First name"), ("MiddleNames", "Middle names"),
    ("LastName", "Last name"), ("DateOfBirth", "Date of birth"), ("Gender", "Gender"),
    ("Email", "Email"), ("Phone", "Phone"), ("Mobile", "Mobile"),
)  # fmt: skip
EMPLOYMENT = (
    ("JobTitle", "Job title"), ("StartDate", "Start date"), ("EmployeeGroupName", "Employee group"),
    ("TerminationDate", "Termination date"), ("TerminationReason", "Termination reason"),
)  # fmt: skip
ADDRESS = ("AddressLine1", "AddressLine2", "City", "Region", "PostalCode", "Country")
GENDERS = {"M": "Male", "F": "Female", "I": "Non-binary", "N": "Not stated"}
TAX = (
    ("TaxFileNumber", "Tax file number"), ("TFNExemptionType", "TFN exemption"),
    ("EmploymentBasis", "Employment basis"), ("ResidencyStatus", "Residency"),
    ("AustralianResidentForTaxPurposes", "Resident for tax"),
    ("TaxFreeThresholdClaimed", "Tax-free threshold claimed"),
    ("HasLoanOrStudentDebt", "Loan or student debt"), ("HasHELPDebt", "HELP debt"),
    ("HasSFSSDebt", "Financial supplement debt"), ("HasTradeSupportLoanDebt", "Trade support loan"),
    ("HasStudentStartupLoan", "Student start-up loan"), ("TaxOffsetEstimatedAmount", "Tax offset"),
    ("UpwardVariationTaxWithholdingAmount", "Extra tax withheld"),
    ("ApprovedWithholdingVariationPercentage", "Withholding variation, %"),
    ("EligibleToReceiveLeaveLoading", "Leave loading"),
)  # fmt: skip


def view(store: Store, switches: Switches) -> Blueprint:
    """`/payroll` lists the employees of the first organisation, `/payroll/<EmployeeID>` shows one."""
    desk = Blueprint("payroll_view", __name__, template_folder="templates")

    @desk.get("/")
    @desk.get("/payroll")
    def everybody() -> ResponseReturnValue:
        held = store.organisation
        with held.lock:
            rows = sorted((_row(e) for e in held.employees.values()), key=lambda row: row["sort"])
        return render_template("payroll_list.html", organisation=held.name, rows=rows)

    @desk.get("/payroll/<key>")
    def somebody(key: str) -> ResponseReturnValue:
        held = store.organisation
        with held.lock:
            record = held.employees.get(key.lower())
            shown = None if record is None else records.detail(record, switches["tfn_mask"])
        if shown is None:
            return render_template("payroll_nobody.html", organisation=held.name), 404
        return render_template(
            "payroll_one.html", organisation=held.name, one=_row(shown), **_cards(shown, held)
        )

    return desk


def _row(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": record["EmployeeID"],
        "name": f"{record['FirstName']} {record['LastName']}",
        "sort": (record["LastName"].casefold(), record["FirstName"].casefold()),
        "job": record.get("JobTitle", ""),
        "group": record.get("EmployeeGroupName", ""),
        "status": records.status(record),
        "updated": record["UpdatedDateUTC"],
    }


def _cards(shown: dict[str, Any], held: Organisation) -> dict[str, Any]:
    home = shown.get("HomeAddress", {})
    return {
        "personal": _pairs(shown, PERSONAL),
        "employment": _pairs(shown, EMPLOYMENT),
        "address": [home[key] for key in ADDRESS if home.get(key)],
        "tax": _pairs(shown.get("TaxDeclaration", {}), TAX),
        "banks": [_bank(row) for row in shown["BankAccounts"]],
        "supers": [_super(row, held) for row in shown["SuperMemberships"]],
        "leave": [
            (b["LeaveName"], f"{b['NumberOfUnits']} {b['TypeOfUnits'].lower()}")
            for b in shown["LeaveBalances"]
        ],
    }


def _pairs(row: dict[str, Any], labels: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    return [(label, _readable(key, row[key])) for key, label in labels if key in row]


def _readable(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date) and not isinstance(value, datetime):
        return f"{value.day} {value:%B %Y}"
    return GENDERS.get(value, value) if key == "Gender" else str(value)


def _bank(row: dict[str, Any]) -> dict[str, str]:
    bsb, amount = row.get("BSB", ""), row.get("Amount")
    share = f"${amount:,.2f}" if isinstance(amount, Decimal) else ""
    return {
        "name": row.get("AccountName", ""),
        "number": f"{bsb[:3]}-{bsb[3:]} {row.get('AccountNumber', '')}",
        "share": "the remainder" if row.get("Remainder") else share,
        "text": row.get("StatementText", ""),
    }


def _super(row: dict[str, Any], held: Organisation) -> dict[str, str]:
    fund = held.funds.get(row["SuperFundID"], {})
    return {
        "fund": fund.get("Name", "unknown fund"),
        "key": fund.get("USI") or fund.get("ABN") or "",
        "member": row.get("EmployeeNumber", ""),
    }
