"""Posts to employees and funds: read, check, apply, answer. All of an organisation's writes pass here, under its lock.

Decides between the two shapes of a 400 that the vendor is known to answer with, and between a batch that fails whole and
one that fails in part (both switches). A refused record changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.sandbox.xero import records, shape, validate
from agent.sandbox.xero.store import Organisation

Record = dict[str, Any]


class Rejected(Exception):
    """A 400 in the exception shape: number, type and sentence."""

    def __init__(self, number: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.body = {"ErrorNumber": number, "Type": kind, "Message": message}


class Failed(Exception):
    """A 400 in the envelope: the posted records, each with its ValidationErrors."""

    def __init__(self, shown: list[Record]) -> None:
        super().__init__("validation")
        self.shown = shown


class Unknown(LookupError):
    """A 404: no record has this id."""


class Broken(Exception):
    """A 500: the vendor's own error, played by a switch."""


@dataclass(frozen=True)
class _Outcome:
    posted: Record
    problems: list[str]
    after: Record | None


def employees(
    organisation: Organisation, body: Any, switches: Any, only: str | None = None
) -> list[Record]:
    """Create or update employees from a bare array; `only` is the id in the address. Gives what the answer shows.

    Raises Rejected, Failed or Broken; Unknown when `only` names nobody.
    """
    with organisation.lock:
        if only is not None and only not in organisation.employees:
            raise Unknown(only)
        rows = _rows(body, "Employee")
        if only is not None and len(rows) != 1:
            raise Rejected(17, shape.NUMBER_OF_LIST, "An array of one Employee is expected")
        outcomes = [_employee(organisation, row, switches, only) for row in rows]
        _refuse_bad(outcomes, switches)
        for outcome in outcomes:
            if outcome.after is not None:
                organisation.employees[outcome.after["EmployeeID"]] = outcome.after
        return [_shown(outcome, switches) for outcome in outcomes]


def funds(
    organisation: Organisation, body: Any, switches: Any, only: str | None = None
) -> list[Record]:
    """Create or update super funds from a bare array. Raises Rejected or Failed; Unknown for an unknown `only`."""
    with organisation.lock:
        if only is not None and only not in organisation.funds:
            raise Unknown(only)
        outcomes = [_fund(organisation, row, switches, only) for row in _rows(body, "SuperFund")]
        _refuse_bad(outcomes, switches)
        for outcome in outcomes:
            if outcome.after is not None:
                organisation.funds[outcome.after["SuperFundID"]] = outcome.after
        return [outcome.after or _echo(outcome) for outcome in outcomes]


def _rows(body: Any, kind: str) -> list[Record]:
    try:
        return shape.rows(body, kind)
    except shape.Malformed as error:
        raise Rejected(17, shape.NUMBER_OF_LIST, str(error)) from None


def _employee(
    organisation: Organisation, row: Mapping[str, Any], switches: Any, only: str | None
) -> _Outcome:
    try:
        posted, problems = shape.employee(row)
    except shape.Malformed as error:
        return _malformed(row, str(error), switches)
    number = posted.pop("EmployeeID", None)
    if problems or (only and number and number != only.lower()):
        return _Outcome(dict(row), problems or ["EmployeeID: invalid id"], None)
    number = only or number
    if number is not None and number not in organisation.employees:
        return _Outcome(dict(row), ["EmployeeID: invalid id"], None)
    before = organisation.employees.get(number or "")
    both = posted.get("BankAccounts") and posted.get("SuperMemberships")
    if before is None and both and switches["create_with_bank_and_super"] == "fails":
        raise Broken
    start = before if before is not None else _blank(organisation)
    after = records.changed(start, posted, switches, organisation.now(), organisation.new_id)
    problems = validate.employee(posted, before, after, known(organisation, switches))
    return _Outcome(dict(row), problems, None if problems else after)


def _malformed(row: Mapping[str, Any], sentence: str, switches: Any) -> _Outcome:
    """A record that cannot be read: an exception, unless the switch wants every refusal in the envelope."""
    if switches["validation_shape"] == "envelope":
        return _Outcome(dict(row), [sentence], None)
    raise Rejected(10, "ValidationException", sentence)


def _blank(organisation: Organisation) -> Record:
    """A new employee has an id and whether the organisation reports by STP phase 2; no calendar, no rate."""
    return {
        "EmployeeID": organisation.new_id("employee"),
        "IsSTP2Qualified": organisation.stp2,
        "PayTemplate": {
            name: []
            for name in (
                "EarningsLines",
                "DeductionLines",
                "SuperLines",
                "ReimbursementLines",
                "LeaveLines",
            )
        },
    }


def known(organisation: Organisation, switches: Any) -> validate.Known:
    """What a posted employee is checked against in this organisation."""
    return validate.Known(
        funds=organisation.funds.keys(),
        rates={rate["EarningsRateID"] for rate in organisation.pay_items["EarningsRates"]},
        calendars={calendar["PayrollCalendarID"] for calendar in organisation.calendars},
        groups=organisation.groups,
        groups_checked=switches["unknown_group"] == "refuse",
        one_remainder=switches["one_remainder"] == "required",
    )


def _fund(
    organisation: Organisation, row: Mapping[str, Any], switches: Any, only: str | None
) -> _Outcome:
    try:
        posted, problems = shape.fund(row)
    except shape.Malformed as error:
        return _malformed(row, str(error), switches)
    number = only or posted.pop("SuperFundID", None)
    before = organisation.funds.get(number or "", {})
    after = before | {key: value for key, value in posted.items() if value != ""}
    products = {product["USI"]: product for product in organisation.products}
    problems = problems or validate.fund(after, products.keys())
    if number is not None and not before:
        problems = [*problems, "SuperFundID: invalid id"]
    if problems:
        return _Outcome(dict(row), problems, None)
    if after["Type"] == "REGULATED":
        product = products[after["USI"].strip().upper()]
        after |= {"USI": product["USI"], "ABN": product["ABN"], "Name": product["ProductName"]}
    after = {"SuperFundID": number or organisation.new_id("fund"), **after}
    return _Outcome(dict(row), [], after | {"UpdatedDateUTC": organisation.now()})


def _refuse_bad(outcomes: list[_Outcome], switches: Any) -> None:
    bad = [outcome for outcome in outcomes if outcome.problems]
    if not bad or (switches["mixed_batch"] == "partial" and len(bad) < len(outcomes)):
        return
    if switches["validation_shape"] == "exception":
        sentences = [sentence for outcome in bad for sentence in outcome.problems]
        raise Rejected(10, "ValidationException", " ".join(sentences))
    raise Failed([_echo(outcome) for outcome in outcomes])


def _shown(outcome: _Outcome, switches: Any) -> Record:
    return _echo(outcome) if outcome.after is None else records.answered(outcome.after, switches)


def _echo(outcome: _Outcome) -> Record:
    """The record as posted, its TFN masked, with what is wrong; the vendor shows people what they sent."""
    echo = dict(outcome.posted)
    if isinstance(echo.get("TaxDeclaration"), dict):
        echo["TaxDeclaration"] = records.masked(echo["TaxDeclaration"], "hashes")
    if outcome.problems:
        echo["ValidationErrors"] = [{"Message": problem} for problem in outcome.problems]
    return echo
