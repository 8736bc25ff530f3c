"""How Xero Payroll writes things down: Microsoft dates, numbers, the envelope, JSON when asked for and XML otherwise.

Pure but for `answer`, which looks at the request's Accept header. Dates: `/Date(ms+0000)/`, a date without a time being
midnight UTC of the calendar date (contract's examples). Everything else in the sandbox holds `date`, `datetime`, `Decimal`.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any
from xml.sax.saxutils import escape

from flask import Response, json, request

PROVIDER = "HRA Xero sandbox"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MS_DATE = re.compile(r"/Date\((-?\d+)([+-]\d{4})?\)/")
SINGULAR = {
    "Employees": "Employee", "SuperFunds": "SuperFund", "SuperFundProducts": "SuperFundProduct",
    "BankAccounts": "BankAccount", "SuperMemberships": "SuperMembership",
    "LeaveBalances": "LeaveBalance", "ValidationErrors": "ValidationError",
    "PayrollCalendars": "PayrollCalendar", "PayRuns": "PayRun", "LeaveTypes": "LeaveType",
    "LeaveApplications": "LeaveApplication", "LeavePeriods": "LeavePeriod",
    "TrackingCategories": "TrackingCategory", "Payslips": "Payslip", "Accounts": "Account",
}  # fmt: skip


def parse_date(text: str) -> date:
    """A posted date: `YYYY-MM-DD`, an ISO date-time, or `/Date(ms)/`; the time of day is dropped, in UTC.

    Raises ValueError for anything else.
    """
    found = MS_DATE.fullmatch(text)
    if found:
        return (EPOCH + timedelta(milliseconds=int(found[1]))).date()
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return date.fromisoformat(text)
    return parse_moment(text).date()


def parse_moment(text: str) -> datetime:
    """A moment as If-Modified-Since may carry it: ISO with an offset, ISO without (UTC), or RFC 1123.

    Raises ValueError for anything else.
    """
    if text[:4].isdigit():
        moment = datetime.fromisoformat(text)
    else:
        moment = parsedate_to_datetime(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def ms_date(moment: datetime, offset: str = "+0000") -> str:
    """`/Date(ms+0000)/` of an aware moment."""
    return f"/Date({(moment - EPOCH) // timedelta(milliseconds=1)}{offset})/"


def plain(value: Any) -> Any:
    """The value as JSON holds it. Keys whose value is None are left out."""
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, datetime):
        return ms_date(value)
    if isinstance(value, date):
        return ms_date(datetime(value.year, value.month, value.day, tzinfo=UTC))
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def envelope(number: str, now: datetime, name: str, value: Any) -> dict[str, Any]:
    """What stands around every good answer: id, status, provider, time, and the one thing asked for."""
    return {
        "Id": number,
        "Status": "OK",
        "ProviderName": PROVIDER,
        "DateTimeUTC": ms_date(now, ""),
        name: plain(value),
    }


def answer(body: Mapping[str, Any], status: int = 200, root: str = "Response") -> Response:
    """The body as JSON when the request's Accept names it, as XML otherwise. Errors too."""
    if "application/json" in request.headers.get("Accept", ""):
        return Response(json.dumps(body), status, content_type="application/json; charset=utf-8")
    text = "".join(_elements(root, body))
    return Response(text, status, content_type="text/xml; charset=utf-8")


def _elements(name: str, value: Any) -> Iterator[str]:
    yield f"<{name}>"
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _elements(key, part)
    elif isinstance(value, list):
        for part in value:
            yield from _elements(SINGULAR.get(name, name.removesuffix("s")), part)
    elif value is not None:
        yield escape(_text(value))
    yield f"</{name}>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    found = MS_DATE.fullmatch(value) if isinstance(value, str) else None
    if found:
        return (EPOCH + timedelta(milliseconds=int(found[1]))).isoformat()[:19]
    return str(value)
