"""The addresses of the Xero sandbox: payroll, the one accounting list it needs, and the connections.

Each function reads its request, asks the organisation, and answers in the envelope. Paths, parameters and keys are the
contract's; the list pages by 100 whether or not `page` was sent (undocumented without it: the first 100).
"""

import copy
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, json, jsonify, request

from agent.sandbox.controls import Switches
from agent.sandbox.oauth import OAuthServer
from agent.sandbox.xero import accounting, answers, records, shape, wire, writes
from agent.sandbox.xero.access import ACCOUNTING, PAYROLL, here
from agent.sandbox.xero.catalogue import accounts, made_id
from agent.sandbox.xero.store import Store
from agent.sandbox.xero.where import BadQuery, names_field, ordered, where

PAGE = 100
PRODUCT_NEEDED = "You must provide an ABN and/or a USI for the superannuation fund product."
FUND_FIELDS = ("SuperFundID", "Name", "Type", "ABN", "USI", "UpdatedDateUTC")
CALENDAR_FIELDS = ("PayrollCalendarID", "Name", "CalendarType", "StartDate", "UpdatedDateUTC")
RUN_FIELDS = ("PayRunID", "PayrollCalendarID", "PayRunStatus", "PaymentDate", "UpdatedDateUTC")
LEAVE_FIELDS = ("LeaveApplicationID", "EmployeeID", "LeaveTypeID", "StartDate", "UpdatedDateUTC")

Record = dict[str, Any]


class Api:
    """The routes of one sandbox."""

    def __init__(
        self, store: Store, oauth: OAuthServer, switches: Switches, clock: Callable[[], datetime]
    ) -> None:
        self._store, self._oauth, self._switches, self._clock = store, oauth, switches, clock
        self._answers = 0

    def blueprint(self) -> Blueprint:
        """All routes, with the errors of lists and posts turned into the vendor's answers."""
        desk = Blueprint("xero_api", __name__)
        one = f"{PAYROLL}/Employees/<key>"
        fund = f"{PAYROLL}/Superfunds/<key>"
        for path, view, method in (
            (f"{PAYROLL}/Employees", self.list_employees, "GET"),
            (f"{PAYROLL}/Employees", self.post_employees, "POST"),
            (one, self.get_employee, "GET"),
            (one, self.post_employee, "POST"),
            (f"{PAYROLL}/Superfunds", self.list_funds, "GET"),
            (f"{PAYROLL}/Superfunds", self.post_funds, "POST"),
            (fund, self.get_fund, "GET"),
            (fund, self.post_fund, "POST"),
            (f"{PAYROLL}/SuperfundProducts", self.list_products, "GET"),
            (f"{PAYROLL}/PayItems", self.list_pay_items, "GET"),
            (f"{PAYROLL}/PayrollCalendars", self.list_calendars, "GET"),
            (f"{PAYROLL}/PayrollCalendars/<key>", self.get_calendar, "GET"),
            (f"{PAYROLL}/Settings", self.get_settings, "GET"),
            (f"{PAYROLL}/PayRuns", self.list_pay_runs, "GET"),
            (f"{PAYROLL}/PayRuns/<key>", self.get_pay_run, "GET"),
            (f"{PAYROLL}/LeaveApplications", self.list_leave, "GET"),
            (f"{PAYROLL}/LeaveApplications/v2", self.list_leave_v2, "GET"),
            (f"{PAYROLL}/LeaveApplications/<key>", self.get_leave, "GET"),
            (f"{ACCOUNTING}/TrackingCategories", self.list_tracking, "GET"),
            ("/connections", self.list_connections, "GET"),
            ("/Connections", self.list_connections, "GET"),
            ("/connections/<key>", self.delete_connection, "DELETE"),
            ("/Connections/<key>", self.delete_connection, "DELETE"),
        ):
            name = f"{view.__name__} {path}".replace(".", " ")
            desk.add_url_rule(path, name, view, methods=[method])
        desk.register_error_handler(writes.Unknown, lambda error: answers.not_found())
        desk.register_error_handler(BadQuery, _bad_query)
        desk.register_error_handler(writes.Rejected, lambda error: _rejected(error))
        desk.register_error_handler(writes.Broken, lambda error: answers.broken())
        return desk

    # employees

    def list_employees(self) -> Response:
        asked = request.args.get("where")
        held = here()
        with held.lock:
            every = [{**e, "Status": records.status(e)} for e in held.employees.values()]
        hides = self._switches["bare_list_shows_terminated"] == "no"
        if hides and not names_field(asked, "Status"):
            every = [e for e in every if e["Status"] == "ACTIVE"]
        found = self._page(every, records.SEARCHABLE, "Employee")
        return self._good("Employees", [records.summary(e) for e in found])

    def get_employee(self, key: str) -> Response:
        held = here()
        with held.lock:
            shown = records.detail(_known(held.employees, key), self._switches["tfn_mask"])
        return self._good("Employees", [shown])

    def post_employees(self) -> Response:
        return self._posted("Employees", lambda: writes.employees(here(), _body(), self._switches))

    def post_employee(self, key: str) -> Response:
        return self._posted(
            "Employees", lambda: writes.employees(here(), _body(), self._switches, key.lower())
        )

    # super

    def list_funds(self) -> Response:
        found = self._page(_values(here().funds), FUND_FIELDS, "SuperFund")
        shown = [_without_abn(f) if f["Type"] == "REGULATED" else f for f in found]
        return self._good("SuperFunds", shown)

    def get_fund(self, key: str) -> Response:
        return self._good("SuperFunds", [_known(here().funds, key)])

    def post_funds(self) -> Response:
        return self._posted("SuperFunds", lambda: writes.funds(here(), _body(), self._switches))

    def post_fund(self, key: str) -> Response:
        return self._posted(
            "SuperFunds", lambda: writes.funds(here(), _body(), self._switches, key.lower())
        )

    def list_products(self) -> Response:
        abn, usi = request.args.get("ABN", ""), request.args.get("USI", "")
        if not abn and not usi:
            return answers.exception(10, "ValidationException", PRODUCT_NEEDED)
        found = [
            product
            for product in here().products
            if (not abn or product["ABN"] == abn.replace(" ", ""))
            and (not usi or product["USI"] == usi.strip().upper())
        ]
        return self._good("SuperFundProducts", found)

    # settings

    def list_pay_items(self) -> Response:
        since = _since()
        items = {
            name: [row for row in rows if since is None or row["UpdatedDateUTC"] >= since]
            for name, rows in here().pay_items.items()
        }
        return self._good("PayItems", items)

    def list_calendars(self) -> Response:
        found = self._page(here().calendars, CALENDAR_FIELDS, "PayrollCalendar")
        return self._good("PayrollCalendars", found)

    def get_calendar(self, key: str) -> Response:
        return self._good("PayrollCalendars", [_one(here().calendars, "PayrollCalendarID", key)])

    def get_settings(self) -> Response:
        held = here()
        categories = {}
        if held.groups:
            categories["EmployeeGroups"] = {
                "TrackingCategoryID": made_id(held.tenant, "tracking"),
                "TrackingCategoryName": accounting.CATEGORY,
            }
        settings = {
            "Accounts": accounts(held.tenant),
            "TrackingCategories": categories,
            "DaysInPayrollYear": 364,
            "EmployeesAreSTP2": held.stp2,
        }
        return self._good("Settings", settings)

    # pay runs and leave

    def list_pay_runs(self) -> Response:
        found = self._page(here().pay_runs, RUN_FIELDS, "PayRun")
        brief = [{k: v for k, v in run.items() if k != "Payslips"} for run in found]
        return self._good("PayRuns", brief)

    def get_pay_run(self, key: str) -> Response:
        return self._good("PayRuns", [_one(here().pay_runs, "PayRunID", key)])

    def list_leave(self) -> Response:
        found = self._page(here().leave_applications, LEAVE_FIELDS, "LeaveApplication")
        return self._good("LeaveApplications", found)

    def list_leave_v2(self) -> Response:
        if "If-Modified-Since" in request.headers:
            return answers.broken()  # as users report of the live API
        return self.list_leave()

    def get_leave(self, key: str) -> Response:
        found = _one(here().leave_applications, "LeaveApplicationID", key)
        return self._good("LeaveApplications", [found])

    # accounting and identity

    def list_tracking(self) -> Response:
        return self._good("TrackingCategories", accounting.tracking_categories(here()))

    def list_connections(self) -> Response:
        refusal = self._stranger()
        if refusal is not None:
            return refusal
        event = request.args.get("authEventId")
        rows = [r for r in self._store.connections() if event in (None, r["authEventId"])]
        return jsonify([accounting.connection(row) for row in rows])

    def delete_connection(self, key: str) -> Response:
        refusal = self._stranger()
        if refusal is not None:
            return refusal
        return Response(status=204) if self._store.disconnect(key) else answers.not_found()

    def _stranger(self) -> Response | None:
        bearer = request.headers.get("Authorization")
        if self._oauth.check(bearer) == "expired":
            return answers.expired(self._oauth.expiry(bearer) or self._clock())
        if isinstance(self._oauth.check(bearer), str):
            return answers.problem(401, "AuthenticationUnsuccessful")
        return None

    # shared

    def _page(self, every: Iterable[Record], fields: Collection[str], kind: str) -> list[Record]:
        """The asked page of what changed since, passes `where`, in `order`."""
        since = _since()
        found = [row for row in every if since is None or row["UpdatedDateUTC"] >= since]
        asked = request.args.get("where")
        if asked:
            test = where(asked, fields, kind)
            found = [row for row in found if test(row)]
        found = ordered(found, request.args.get("order"), fields, kind)
        start = (_page_number() - 1) * PAGE
        return copy.deepcopy(found[start : start + PAGE])

    def _posted(self, name: str, write: Callable[[], list[Record]]) -> Response:
        try:
            return self._good(name, write())
        except writes.Failed as failure:
            return self._good(name, failure.shown, 400)

    def _good(self, name: str, value: Any, status: int = 200) -> Response:
        self._answers += 1
        number = made_id("envelope", str(self._answers))
        return wire.answer(wire.envelope(number, self._clock(), name, value), status)


def _body() -> Any:
    """The posted JSON. Raises Rejected when it is none, or is not called so."""
    if "json" not in request.headers.get("Content-Type", ""):
        raise writes.Rejected(17, shape.NUMBER_OF_LIST, "The post data is not JSON")
    try:
        return json.loads(request.get_data())
    except ValueError:
        raise writes.Rejected(17, shape.NUMBER_OF_LIST, "JSON for post data was invalid") from None


def _since() -> datetime | None:
    text = request.headers.get("If-Modified-Since")
    if text is None:
        return None
    try:
        return wire.parse_moment(text).replace(microsecond=0)
    except (ValueError, TypeError):
        raise writes.Rejected(
            10, "ValidationException", "If-Modified-Since is not a time"
        ) from None


def _page_number() -> int:
    text = request.args.get("page", "1")
    if not text.isdigit() or int(text) < 1:
        raise writes.Rejected(10, "ValidationException", "The page must be a number from 1")
    return int(text)


def _one(rows: Iterable[Record], key: str, value: str) -> Record:
    for row in rows:
        if row[key] == value.lower():
            return row
    raise writes.Unknown(value)


def _known(table: dict[str, Record], key: str) -> Record:
    if key.lower() not in table:
        raise writes.Unknown(key)
    return table[key.lower()]


def _values(table: dict[str, Record]) -> list[Record]:
    return list(table.values())


def _without_abn(fund: Record) -> Record:
    """A list shows no ABN of regulated funds (contract's example)."""
    return {key: value for key, value in fund.items() if key != "ABN"}


def _bad_query(error: Exception) -> Response:
    return answers.exception(16, "QueryParseException", str(error))


def _rejected(error: Exception) -> Response:
    assert isinstance(error, writes.Rejected)
    return wire.answer(error.body, 400, "ApiException")
