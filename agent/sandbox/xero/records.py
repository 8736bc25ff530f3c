"""What a posted employee makes of the record that was there, and how a record is shown.

Pure. Every undocumented choice is a switch: whether lists replace or merge, what an omitted TFN means, what an empty string
does, how names are kept, what a post answers with. A TFN never leaves in full.
"""

import copy
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Record = dict[str, Any]

SUMMARY = (
    "EmployeeID", "FirstName", "MiddleNames", "LastName", "Status", "Email", "DateOfBirth", "Gender",
    "Phone", "Mobile", "StartDate", "OrdinaryEarningsRateID", "PayrollCalendarID", "UpdatedDateUTC",
    "IsSTP2Qualified",
)  # fmt: skip
SEARCHABLE = (*SUMMARY, "TerminationDate")
SECTIONS = (
    "TaxDeclaration", "BankAccounts", "SuperMemberships", "PayTemplate", "OpeningBalances",
    "LeaveBalances",
)  # fmt: skip
PAYROLL = frozenset({"TaxDeclaration", "BankAccounts", "SuperMemberships"})
NAMES = ("FirstName", "MiddleNames", "LastName")
FOUR_LOANS = ("HasHELPDebt", "HasSFSSDebt", "HasTradeSupportLoanDebt", "HasStudentStartupLoan")
ANY_LOAN = "HasLoanOrStudentDebt"
MASKS = {"hashes": "###-###-{}", "stars": "***-***-{}"}


def changed(
    before: Record, posted: Record, switches: Any, now: datetime, new_id: Callable[[str], str]
) -> Record:
    """The record after the post: keys left out keep their values, the rest as the switches say."""
    after = copy.deepcopy(before)
    for key, value in _without_empties(posted, switches["empty_string"] == "ignored").items():
        if key == "TaxDeclaration":
            _set(after, key, _tax(before, value, switches, now))
        elif key == "BankAccounts":
            after[key] = _accounts(before.get(key, []), value, switches["posted_bank_accounts"])
        elif key == "SuperMemberships":
            held, way = before.get(key, []), switches["posted_super_memberships"]
            after[key] = _memberships(held, value, way, new_id)
        elif key == "HomeAddress" and switches["home_address"] == "merge":
            _set(after, key, _kept(before.get(key, {}) | value))
        else:
            _set(after, key, _kept(value) if isinstance(value, dict) else value)
    _keep_names(after, posted, switches["names_kept"])
    if posted.keys() - PAYROLL or switches["payroll_sections_move_updated"] == "yes":
        after["UpdatedDateUTC"] = now
    return after


def status(record: Mapping[str, Any]) -> str:
    """ACTIVE, or TERMINATED when there is a termination date (contract)."""
    return "TERMINATED" if record.get("TerminationDate") else "ACTIVE"


def summary(record: Mapping[str, Any]) -> Record:
    """What a list shows of an employee."""
    whole = {**record, "Status": status(record)}
    return {key: whole[key] for key in SUMMARY if key in whole}


def detail(record: Mapping[str, Any], mask: str) -> Record:
    """The whole employee, the TFN masked."""
    shown: Record = {"Status": status(record), **copy.deepcopy(dict(record))}
    for key in ("BankAccounts", "SuperMemberships", "LeaveBalances"):
        shown.setdefault(key, [])
    if "TaxDeclaration" in shown:
        shown["TaxDeclaration"] = masked(shown["TaxDeclaration"], mask)
    return shown


def answered(record: Mapping[str, Any], switches: Any) -> Record:
    """What a post answers with: the employee without the leave, and in short without bank, super and tax."""
    shown = detail(record, switches["tfn_mask"])
    hidden = SECTIONS if switches["post_answer"] == "summary" else ("LeaveBalances",)
    return {key: value for key, value in shown.items() if key not in hidden}


def masked(tax: Mapping[str, Any], mask: str) -> Record:
    """The declaration with its TFN as the last three digits, or without it."""
    shown = dict(tax)
    number = shown.pop("TaxFileNumber", None)
    if number and mask in MASKS:
        shown["TaxFileNumber"] = MASKS[mask].format(str(number)[-3:])
    return shown


def _without_empties(posted: Record, ignored: bool) -> Record:
    return {key: value for key, value in posted.items() if not (ignored and value == "")}


def _set(record: Record, key: str, value: Any) -> None:
    if value == "":
        record.pop(key, None)
    else:
        record[key] = value


def _kept(row: Record) -> Record:
    return {key: value for key, value in row.items() if value != ""}


def _accounts(held: list[Record], posted: list[Record], way: str) -> list[Record]:
    if way == "replace":
        return [_kept(row) for row in posted]
    by_number = {(row.get("BSB"), row.get("AccountNumber")): row for row in held}
    for row in posted:
        by_number[row.get("BSB"), row.get("AccountNumber")] = _kept(row)
    return list(by_number.values())


def _memberships(
    held: list[Record], posted: list[Record], way: str, new_id: Callable[[str], str]
) -> list[Record]:
    rows = {row["SuperMembershipID"]: row for row in held} if way == "merge" else {}
    for row in posted:
        key = row.get("SuperMembershipID") or _same(rows, row) or new_id("membership")
        rows[key] = {"SuperMembershipID": key, **{k: v for k, v in row.items() if v != ""}}
        rows[key]["SuperMembershipID"] = key
    return list(rows.values())


def _same(rows: Mapping[str, Record], row: Record) -> str | None:
    """A merge takes a row without id for the membership of the same fund and number, where there is one."""
    wanted = (row.get("SuperFundID"), row.get("EmployeeNumber"))
    return next(
        (k for k, r in rows.items() if (r["SuperFundID"], r["EmployeeNumber"]) == wanted), None
    )


def _tax(before: Record, posted: Record, switches: Any, now: datetime) -> Record:
    held = before.get("TaxDeclaration", {})
    posted = _without_empties(posted, switches["empty_string"] == "ignored")
    after = (held if switches["tax_declaration"] == "merge" else {}) | posted
    if posted.get("TaxFileNumber"):
        after.pop("TFNExemptionType", None)
    elif posted.get("TFNExemptionType"):
        after.pop("TaxFileNumber", None)
    elif "TaxFileNumber" not in posted:
        after.pop("TaxFileNumber", None)
        if switches["omitted_tfn"] == "stays" and "TaxFileNumber" in held:
            after["TaxFileNumber"] = held["TaxFileNumber"]
    for key in FOUR_LOANS if before.get("IsSTP2Qualified") else (ANY_LOAN,):
        after.pop(key, None)
    return _kept(after) | {"UpdatedDateUTC": now}


def _keep_names(record: Record, posted: Record, how: str) -> None:
    if how != "trimmed_title_case":
        return
    for key in NAMES:
        if key in posted and key in record:
            record[key] = " ".join(record[key].split()).title()
