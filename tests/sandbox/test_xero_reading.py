"""What the Xero sandbox shows: who gets in, lists, detail, formats, settings, pay runs, the payroll view."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree import ElementTree

import pytest
import requests

from agent.sandbox.people import Person
from agent.sandbox.server import Served, serve
from agent.sandbox.xero.where import BadQuery, where
from agent.sandbox.xero.wire import parse_date, parse_moment
from tests.sandbox.xero_desk import (
    PAYROLL,
    Caller,
    Clock,
    sandbox,
    xero_people,
)

SUMMARY_ONLY = {
    "HomeAddress", "TaxDeclaration", "BankAccounts", "SuperMemberships", "LeaveBalances", "JobTitle",
    "PayTemplate", "EmployeeGroupName", "TerminationDate",
}  # fmt: skip


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def served(clock: Clock) -> Iterator[Served]:
    with serve(sandbox(clock)) as running:
        yield running


@pytest.fixture
def caller(served: Served) -> Caller:
    return Caller(served)


def _turn(served: Served, name: str, value: str) -> None:
    served.app.config["SWITCHES"].set(name, value)


# who gets in


def test_without_a_token_nothing_is_shown(served: Served) -> None:
    answer = requests.get(f"{served.url}{PAYROLL}/Employees", timeout=5)
    assert answer.status_code == 401


def test_an_expired_token_is_named_so_in_the_401(caller: Caller, clock: Clock) -> None:
    clock.move(minutes=31)
    answer = caller.get("/Employees")
    assert answer.status_code == 401
    assert answer.json()["Title"] == "Unauthorized"
    assert answer.json()["Detail"] == "TokenExpired: token expired at 03/02/2026 01:32:03"


@pytest.mark.parametrize("tenant", ["", "0b9d6a52-6b5c-4a55-8c37-1f2f3b4c5d6e"])
def test_a_missing_or_foreign_tenant_is_a_403(caller: Caller, tenant: str) -> None:
    answer = caller.get("/Employees", Xero_Tenant_Id=tenant)
    assert answer.status_code == 403
    assert answer.json()["Detail"] == "AuthenticationUnsuccessful"


@pytest.mark.parametrize(
    ("path", "scopes"),
    [
        ("/Employees", "payroll.settings"),
        ("/Superfunds", "payroll.employees"),
        ("/PayItems", "payroll.employees"),
        ("/PayRuns", "payroll.employees payroll.settings"),
    ],
)
def test_a_missing_scope_is_a_401_that_no_refresh_mends(
    served: Served, path: str, scopes: str
) -> None:
    answer = Caller(served, f"offline_access {scopes}").get(path)
    assert answer.status_code == 401
    assert answer.json()["Detail"] == "AuthorizationUnsuccessful"


def test_a_read_scope_reads_and_does_not_write(served: Served) -> None:
    reader = Caller(served, "payroll.employees.read")
    assert reader.get("/Employees").status_code == 200
    answer = reader.post("/Employees", [{}])
    assert answer.json()["Detail"] == "AuthorizationUnsuccessful"


def test_disconnecting_takes_the_connection_id_and_then_every_call_is_a_403(caller: Caller) -> None:
    headers = caller.headers()
    (row,) = requests.get(f"{caller.url}/connections", headers=headers, timeout=5).json()
    wrong = requests.delete(
        f"{caller.url}/connections/{row['tenantId']}", headers=headers, timeout=5
    )
    assert wrong.status_code == 404
    gone = requests.delete(f"{caller.url}/connections/{row['id']}", headers=headers, timeout=5)
    assert gone.status_code == 204
    assert caller.get("/Employees").json()["Detail"] == "AuthenticationUnsuccessful"
    assert requests.get(f"{caller.url}/connections", headers=headers, timeout=5).json() == []


def test_connections_can_be_asked_for_one_consent(caller: Caller) -> None:
    url, headers = f"{caller.url}/connections", caller.headers()
    (row,) = requests.get(url, headers=headers, timeout=5).json()
    assert row["createdDateUtc"] == "2026-03-02T01:02:03.4560000"
    same = requests.get(url, params={"authEventId": row["authEventId"]}, headers=headers, timeout=5)
    other = requests.get(url, params={"authEventId": row["id"]}, headers=headers, timeout=5)
    assert (len(same.json()), other.json()) == (1, [])
    assert requests.get(url, timeout=5).status_code == 401


def test_an_expired_token_shows_no_connections(caller: Caller, clock: Clock) -> None:
    clock.move(minutes=30)
    url = f"{caller.url}/connections"
    answer = requests.get(url, headers=caller.headers(), timeout=5)
    assert (answer.status_code, "TokenExpired" in answer.json()["Detail"]) == (401, True)
    row = requests.delete(f"{url}/x", headers=caller.headers(), timeout=5)
    assert row.status_code == 401


def test_lost_access_answers_like_a_missing_payroll_role(served: Served, caller: Caller) -> None:
    served.app.config["FAULTS"].plan("lose_access", times=0)
    answer = caller.get("/Employees")
    assert (answer.status_code, answer.json()["Detail"]) == (401, "AuthorizationUnsuccessful")


# formats


def test_json_only_when_accept_asks_for_it_and_xml_otherwise(caller: Caller) -> None:
    assert caller.get("/Employees").headers["Content-Type"].startswith("application/json")
    xml = caller.get("/Employees", Accept="*/*")
    assert xml.headers["Content-Type"].startswith("text/xml")
    root = ElementTree.fromstring(xml.text)
    assert root.findtext("Status") == "OK"
    assert len(root.findall("Employees/Employee")) == len(caller.employees())


def test_errors_come_as_xml_too(caller: Caller) -> None:
    answer = caller.get("/SuperfundProducts", Accept="text/html")
    root = ElementTree.fromstring(answer.text)
    assert answer.status_code == 400
    assert "ABN and/or a USI" in str(root.findtext("Message"))


def test_every_good_answer_has_the_envelope_and_a_correlation_id(caller: Caller) -> None:
    first, second = caller.get("/Employees"), caller.get("/Settings")
    assert list(first.json()) == ["Id", "Status", "ProviderName", "DateTimeUTC", "Employees"]
    assert first.json()["DateTimeUTC"] == "/Date(1772413323456)/"
    assert first.headers["xero-correlation-id"] != second.headers["xero-correlation-id"]


def test_a_birth_date_is_midnight_utc_of_the_calendar_date(caller: Caller) -> None:
    who = caller.somebody()
    caller.organisation.person_edits(who, DateOfBirth=date(1980, 3, 10))
    assert caller.detail(who)["DateOfBirth"] == "/Date(321494400000+0000)/"
    caller.organisation.person_edits(who, DateOfBirth=date(1961, 4, 9))
    assert caller.detail(who)["DateOfBirth"] == "/Date(-275529600000+0000)/"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2000-10-28", date(2000, 10, 28)),
        ("/Date(321523200000+0000)/", date(1980, 3, 10)),
        ("/Date(-275529600000)/", date(1961, 4, 9)),
        ("2000-10-28T00:00:00", date(2000, 10, 28)),
    ],
)
def test_posted_dates_are_read_in_every_known_form(text: str, read: date) -> None:
    assert parse_date(text) == read


@pytest.mark.parametrize("text", ["28/10/2000", "2000-13-01", "soon", "/Date(x)/"])
def test_other_dates_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_date(text)


# lists


def test_the_list_is_a_summary(caller: Caller) -> None:
    rows = caller.employees()
    assert {
        "EmployeeID",
        "FirstName",
        "LastName",
        "Status",
        "DateOfBirth",
        "UpdatedDateUTC",
    } <= rows[0].keys()
    assert not SUMMARY_ONLY & {key for row in rows for key in row}


def test_terminated_people_are_missing_from_the_bare_list_and_found_by_status(
    served: Served, caller: Caller
) -> None:
    ended = caller.employees(where='Status=="TERMINATED"')
    assert len(ended) == 1
    bare = {row["EmployeeID"] for row in caller.employees()}
    assert ended[0]["EmployeeID"] not in bare
    _turn(served, "bare_list_shows_terminated", "yes")
    assert ended[0]["EmployeeID"] in {row["EmployeeID"] for row in caller.employees()}


def test_a_page_holds_a_hundred_and_the_last_one_the_rest(clock: Clock) -> None:
    crowd = tuple(p for p in xero_people(260) if p.ended is None)
    with serve(sandbox(clock, seeded=crowd)) as running:
        caller = Caller(running)
        pages = [caller.employees(page=str(number)) for number in (1, 2, 3, 4)]
        assert caller.employees() == pages[0]
    assert [len(page) for page in pages] == [100, 100, len(crowd) - 200, 0]
    assert len({row["EmployeeID"] for page in pages for row in page}) == len(crowd)


@pytest.mark.parametrize("page", ["0", "-1", "two"])
def test_a_page_that_is_no_number_is_a_400(caller: Caller, page: str) -> None:
    assert caller.get("/Employees", {"page": page}).status_code == 400


@pytest.mark.parametrize(
    "since",
    [
        "2026-03-02T02:00:00", "2026-03-02T02:00:00Z", "2026-03-01T18:00:00.202-08:00",
        "Mon, 02 Mar 2026 02:00:00 GMT",
    ],
)  # fmt: skip
def test_if_modified_since_takes_its_three_forms(caller: Caller, clock: Clock, since: str) -> None:
    who = caller.somebody()
    assert caller.get("/Employees", If_Modified_Since=since).json()["Employees"] == []
    clock.move(hours=1)
    clock.now = clock.now.replace(hour=2, minute=0, second=0)
    caller = Caller(caller.served)
    caller.update(who, MiddleNames="Kim")
    found = caller.get("/Employees", If_Modified_Since=since).json()["Employees"]
    assert [row["EmployeeID"] for row in found] == [who]


def test_a_since_that_is_no_time_is_a_400(caller: Caller) -> None:
    assert caller.get("/Employees", If_Modified_Since="yesterday").status_code == 400


def test_moments_without_a_zone_are_utc() -> None:
    assert parse_moment("2026-03-02T02:00:00") == datetime(2026, 3, 2, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "query",
    [
        'LastName=="Abbott"',
        'LastName == "Abbott" && Status == "ACTIVE"',
        '(LastName=="Nobody" || LastName=="Abbott") AND Gender=="F"',
        'DateOfBirth==DateTime({born}) && Email!="x"',
        'LastName=="Abbott" && TerminationDate==null && IsSTP2Qualified==false',
        'EmployeeID==Guid("{id}")',
    ],
)
def test_where_finds_one_person(caller: Caller, query: str) -> None:
    who = caller.somebody("Abbott")
    born = caller.organisation.employees[who]["DateOfBirth"]
    asked = query.replace("{born}", f"{born.year},{born.month},{born.day}").replace(
        "{id}", who.upper()
    )
    assert [row["EmployeeID"] for row in caller.employees(where=asked)] == [who]


def test_dates_compare_with_less_and_greater(caller: Caller) -> None:
    old = caller.employees(where="DateOfBirth<DateTime(1980,1,1)")
    young = caller.employees(where="DateOfBirth >= DateTime(1980,1,1)")
    assert len(old) + len(young) == len(caller.employees())
    assert old
    assert young


def test_a_bad_field_is_the_vendors_query_exception(caller: Caller) -> None:
    answer = caller.get("/Employees", {"where": 'hi=="x"'})
    assert answer.status_code == 400
    assert answer.json() == {
        "ErrorNumber": 16,
        "Type": "QueryParseException",
        "Message": "No property or field 'hi' exists in type 'Employee' (at index 0)",
    }


@pytest.mark.parametrize(
    "query",
    ['Status="ACTIVE"', 'Status=="ACTIVE', "Status==", '(Status=="A"', 'Status=="A" "B"', "LastName<3",
     "DateOfBirth==DateTime(1,2)", "DateOfBirth==DateTime(x)", "Status==Guid(", '"a" && "b"', "&&"],
)  # fmt: skip
def test_a_broken_where_is_refused(caller: Caller, query: str) -> None:
    answer = caller.get("/Employees", {"where": query})
    assert (answer.status_code, answer.json()["Type"]) == (400, "QueryParseException")


def test_a_where_without_a_bad_token_still_needs_an_operator() -> None:
    with pytest.raises(BadQuery):
        where("LastName", ("LastName",), "Employee")


def test_order_sorts_both_ways_and_refuses_unknown_fields(caller: Caller) -> None:
    up = [row["LastName"] for row in caller.employees(order="LastName ASC")]
    down = [row["LastName"] for row in caller.employees(order="LastName DESC")]
    assert up == sorted(up)
    assert down == sorted(down, reverse=True)
    assert caller.get("/Employees", {"order": "Shoe ASC"}).json()["ErrorNumber"] == 16
    assert caller.get("/Employees", {"order": "LastName UP"}).status_code == 400


# detail


def test_the_detail_holds_every_section_and_unknown_ids_are_404(caller: Caller) -> None:
    one = caller.detail(caller.somebody())
    assert {
        "HomeAddress",
        "TaxDeclaration",
        "BankAccounts",
        "SuperMemberships",
        "LeaveBalances",
    } <= one.keys()
    assert caller.get("/Employees/7aa04979-ded5-44d9-b09a-793749425844").status_code == 404
    assert caller.get("/Employees/nobody").status_code == 404


def test_F4_a_tfn_is_always_masked_on_read(served: Served, caller: Caller) -> None:
    who = caller.somebody()
    whole = caller.organisation.employees[who]["TaxDeclaration"]["TaxFileNumber"]
    answer = caller.get(f"/Employees/{who}")
    assert whole not in answer.text
    assert caller.detail(who)["TaxDeclaration"]["TaxFileNumber"] == f"###-###-{whole[-3:]}"
    _turn(served, "tfn_mask", "stars")
    assert caller.detail(who)["TaxDeclaration"]["TaxFileNumber"] == f"***-***-{whole[-3:]}"
    _turn(served, "tfn_mask", "absent")
    assert "TaxFileNumber" not in caller.detail(who)["TaxDeclaration"]


def test_stp2_people_have_one_loan_flag_and_others_four(caller: Caller) -> None:
    shown = [caller.detail(row["EmployeeID"]) for row in caller.employees()]
    for one in shown:
        tax = one.get("TaxDeclaration", {})
        assert ("HasLoanOrStudentDebt" in tax) == (one["IsSTP2Qualified"] and bool(tax))
        assert ("HasHELPDebt" in tax) == (not one["IsSTP2Qualified"] and bool(tax))
    assert {one["IsSTP2Qualified"] for one in shown} == {True, False}


def test_leave_balances_move_without_moving_the_employee(caller: Caller, clock: Clock) -> None:
    who = caller.somebody()
    before = caller.detail(who)
    clock.move(minutes=1)
    caller.organisation.set_leave(who, "Annual Leave", Decimal("3.9150"))
    caller.organisation.post_pay_run(accrued=Decimal("0.0001"))
    after = caller.detail(who)
    assert after["LeaveBalances"][0]["NumberOfUnits"] == 3.9151
    assert after["UpdatedDateUTC"] == before["UpdatedDateUTC"]


# settings and the rest


def test_funds_are_listed_without_the_abn_of_regulated_ones(caller: Caller) -> None:
    funds = caller.get("/Superfunds", {"page": "1"}).json()["SuperFunds"]
    kinds = {fund["Type"] for fund in funds}
    assert kinds == {"REGULATED", "SMSF"}
    for fund in funds:
        assert ("ABN" in fund) == (fund["Type"] == "SMSF")
        one = caller.get(f"/Superfunds/{fund['SuperFundID']}").json()["SuperFunds"][0]
        assert len(one["ABN"]) == 11
    assert caller.get("/Superfunds/nothing").status_code == 404


def test_products_are_found_by_abn_or_usi_and_by_nothing_else(caller: Caller) -> None:
    path = "/SuperfundProducts"
    by_usi = caller.get(path, {"USI": "osf0001au"}).json()["SuperFundProducts"]
    assert [row["ABN"] for row in by_usi] == ["24248426878"]
    assert len(caller.get(path, {"ABN": "40022701955"}).json()["SuperFundProducts"]) == 2
    assert caller.get(path, {"USI": "XXX0000AU"}).json()["SuperFundProducts"] == []
    answer = caller.get(path)
    assert answer.status_code == 400
    assert answer.json()["Message"] == (
        "You must provide an ABN and/or a USI for the superannuation fund product."
    )


def test_leave_types_hold_an_archived_one_one_in_days_and_one_without_category(
    caller: Caller,
) -> None:
    kinds = caller.get("/PayItems").json()["PayItems"]["LeaveTypes"]
    assert {kind.get("LeaveCategoryCode") for kind in kinds} > {
        "ANNUALLEAVE", "PERSONALSICKCARERSLEAVE", "LONGSERVICELEAVE", None,
    }  # fmt: skip
    assert [k["LeaveCategoryCode"] for k in kinds if not k["CurrentRecord"]] == ["ANNUALLEAVE"]
    assert "Days" in {kind["TypeOfUnits"] for kind in kinds}
    later = caller.get("/PayItems", If_Modified_Since="2026-03-02T00:00:00").json()["PayItems"]
    assert later["LeaveTypes"] == []


def test_settings_name_the_group_category_and_its_options_come_from_tracking(
    caller: Caller,
) -> None:
    settings = caller.get("/Settings").json()["Settings"]
    chosen = settings["TrackingCategories"]["EmployeeGroups"]["TrackingCategoryID"]
    assert settings["EmployeesAreSTP2"] is True
    url = f"{caller.url}/api.xro/2.0/TrackingCategories"
    rows = requests.get(url, headers=caller.headers(), timeout=5).json()["TrackingCategories"]
    (category,) = [row for row in rows if row["TrackingCategoryID"] == chosen]
    assert "Brisbane  Workshop" in [option["Name"] for option in category["Options"]]


def test_groups_cannot_be_read_without_the_accounting_scope(served: Served) -> None:
    caller = Caller(served, "payroll.settings")
    url = f"{caller.url}/api.xro/2.0/TrackingCategories"
    answer = requests.get(url, headers=caller.headers(), timeout=5)
    assert answer.json()["Detail"] == "AuthorizationUnsuccessful"


def test_pay_runs_calendars_and_leave_applications_are_read(caller: Caller, clock: Clock) -> None:
    (calendar, _) = caller.get("/PayrollCalendars").json()["PayrollCalendars"]
    one = caller.get(f"/PayrollCalendars/{calendar['PayrollCalendarID']}")
    assert one.json()["PayrollCalendars"] == [calendar]
    (run,) = caller.get("/PayRuns").json()["PayRuns"]
    whole = caller.get(f"/PayRuns/{run['PayRunID']}").json()["PayRuns"][0]
    assert "Payslips" not in run
    assert len(whole["Payslips"]) == len(caller.employees())
    caller.organisation.post_pay_run()
    since = caller.get("/PayRuns", If_Modified_Since="2026-03-02T01:00:00").json()["PayRuns"]
    assert len(since) == 1
    (leave,) = caller.get("/LeaveApplications").json()["LeaveApplications"]
    path = f"/LeaveApplications/{leave['LeaveApplicationID']}"
    assert caller.get(path).json()["LeaveApplications"] == [leave]
    assert caller.get("/LeaveApplications/v2").status_code == 200
    known_fault = caller.get("/LeaveApplications/v2", If_Modified_Since="2026-03-02T01:00:00")
    assert known_fault.status_code == 500


# the payroll view


def test_the_payroll_view_lists_everybody_and_shows_a_change(
    served: Served, caller: Caller
) -> None:
    who = caller.somebody("Abbott")
    page = requests.get(f"{served.url}/payroll", timeout=5).text
    assert "Alice Abbott" in page
    assert "terminated" in page
    caller.update(who, Mobile="0491 570 156")
    one = requests.get(f"{served.url}/payroll/{who}", timeout=5)
    assert one.status_code == 200
    assert "0491 570 156" in one.text


def test_the_payroll_view_masks_tfns_and_escapes_what_people_typed(
    served: Served, caller: Caller
) -> None:
    who = caller.somebody()
    whole = caller.organisation.employees[who]["TaxDeclaration"]["TaxFileNumber"]
    caller.organisation.person_edits(who, JobTitle="<script>alert(1)</script>")
    page = requests.get(f"{served.url}/payroll/{who}", timeout=5).text
    assert whole not in page
    assert f"###-###-{whole[-3:]}" in page
    assert "<script>" not in page


def test_the_payroll_view_shows_every_seeded_person_and_no_other(
    served: Served, caller: Caller
) -> None:
    for who in caller.organisation.employees:
        assert requests.get(f"{served.url}/payroll/{who}", timeout=5).status_code == 200
    assert requests.get(f"{served.url}/payroll/nobody", timeout=5).status_code == 404


def test_an_empty_organisation_works(clock: Clock) -> None:
    nobody: tuple[Person, ...] = ()
    with serve(sandbox(clock, seeded=nobody)) as running:
        caller = Caller(running)
        assert caller.employees() == []
        assert caller.get("/Settings").json()["Settings"]["TrackingCategories"] == {}
        assert "No employees" in requests.get(f"{running.url}/payroll", timeout=5).text
