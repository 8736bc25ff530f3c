"""A posted pay run as Xero shows it: a payslip for each employee who was paid, and the sums.

Pure. The amounts are invented and the same for everybody.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from agent.sandbox.xero.catalogue import made_id

Record = dict[str, Any]

AMOUNTS = {
    "Wages": Decimal(1500),
    "Deductions": Decimal(0),
    "Tax": Decimal(300),
    "Super": Decimal(180),
    "NetPay": Decimal(1200),
}


def pay_run(number: str, calendar: str, paid: Sequence[Record], moment: datetime) -> Record:
    """The pay run of the week before `moment` for the employees in `paid`."""
    return {
        "PayRunID": number,
        "PayrollCalendarID": calendar,
        "PayRunPeriodStartDate": moment.date() - timedelta(days=7),
        "PayRunPeriodEndDate": moment.date() - timedelta(days=1),
        "PaymentDate": moment.date(),
        **{name: amount * len(paid) for name, amount in AMOUNTS.items()},
        "Reimbursement": Decimal(0),
        "PayRunStatus": "POSTED",
        "UpdatedDateUTC": moment,
        "Payslips": [_payslip(number, record, moment) for record in paid],
    }


def _payslip(number: str, record: Mapping[str, Any], moment: datetime) -> Record:
    return {
        "EmployeeID": record["EmployeeID"],
        "PayslipID": made_id(number, record["EmployeeID"]),
        "FirstName": record["FirstName"],
        "LastName": record["LastName"],
        "EmployeeGroup": record.get("EmployeeGroupName"),
        **AMOUNTS,
        "Reimbursements": Decimal(0),
        "UpdatedDateUTC": moment,
    }
