"""The vendor's own SDK drives the sandbox: what `xero-python` sends is taken, what the sandbox answers it can read."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from xero_python.api_client import ApiClient  # type: ignore[import-untyped]
from xero_python.api_client.configuration import Configuration  # type: ignore[import-untyped]
from xero_python.api_client.oauth2 import OAuth2Token, TokenApi  # type: ignore[import-untyped]
from xero_python.exceptions import AccountingBadRequestException, HTTPStatusException  # type: ignore[import-untyped]
from xero_python.identity import IdentityApi  # type: ignore[import-untyped]
from xero_python.payrollau import PayrollAuApi  # type: ignore[import-untyped]
from xero_python.payrollau.models import (  # type: ignore[import-untyped]
    BankAccount,
    Employee,
    EmployeeStatus,
    HomeAddress,
    State,
    SuperFund,
    SuperFundType,
    SuperMembership,
    TaxDeclaration,
)

from agent.sandbox.server import Served, serve
from tests.sandbox.xero_desk import (
    ALL_SCOPES,
    CLIENT,
    PAYROLL,
    VALID_TFN,
    Clock,
    consent,
    redeem,
    sandbox,
)


class Sdk:
    """The SDK with its addresses turned to the sandbox and a token from the sandbox's own sign-in."""

    def __init__(self, served: Served) -> None:
        self.token: dict[str, Any] = redeem(served.url, consent(served.url))
        signed = OAuth2Token(client_id=CLIENT[0], client_secret=CLIENT[1])
        self.client = ApiClient(
            Configuration(oauth2_token=signed),
            oauth2_token_getter=lambda: self.token,
            oauth2_token_saver=self._save,
        )
        self.identity = IdentityApi(self.client, base_url=served.url)
        self.payroll = PayrollAuApi(self.client, base_url=served.url + PAYROLL)
        self.tenant = self.identity.get_connections()[0].tenant_id

    def _save(self, token: dict[str, Any]) -> None:
        self.token = token

    def somebody(self) -> Any:
        return self.payroll.get_employees(self.tenant, page=1).employees[0]

    def one(self, employee_id: str) -> Any:
        return self.payroll.get_employee(self.tenant, employee_id).employees[0]


@pytest.fixture
def served() -> Iterator[Served]:
    with serve(sandbox(Clock())) as running:
        yield running


@pytest.fixture
def sdk(served: Served) -> Sdk:
    return Sdk(served)


def test_the_sdk_lists_and_reads_every_employee(sdk: Sdk) -> None:
    rows = sdk.payroll.get_employees(sdk.tenant, page=1, order="LastName ASC").employees
    assert len(rows) > 20
    assert [row.last_name for row in rows] == sorted(row.last_name for row in rows)
    for row in rows:
        one = sdk.one(row.employee_id)
        assert isinstance(one.date_of_birth, date)
        assert one.home_address.address_line1
        assert one.bank_accounts


def test_the_sdk_filters_by_status_and_by_time(sdk: Sdk) -> None:
    ended = sdk.payroll.get_employees(sdk.tenant, where='Status=="TERMINATED"').employees
    assert [row.status for row in ended] == [EmployeeStatus.TERMINATED]
    later = datetime(2026, 3, 2, 1, 2, 4, tzinfo=UTC)
    assert sdk.payroll.get_employees(sdk.tenant, if_modified_since=later).employees == []


def test_the_sdk_creates_an_employee_with_bank_super_and_tax(sdk: Sdk) -> None:
    fund = sdk.payroll.get_superfunds(sdk.tenant).super_funds[0]
    new = Employee(
        first_name="Adam",
        last_name="Adamson",
        date_of_birth=date(2000, 10, 28),
        start_date=date(2026, 1, 5),
        home_address=HomeAddress(
            address_line1="123 Test St", city="Melbourne", region=State.VIC, postal_code="3000"
        ),
        bank_accounts=[
            BankAccount(
                account_name="A Adamson",
                bsb="063000",
                account_number="00123456",
                remainder=True,
                statement_text="PAY",
            )
        ],
        super_memberships=[SuperMembership(super_fund_id=fund.super_fund_id, employee_number="77")],
        tax_declaration=TaxDeclaration(tax_file_number=VALID_TFN, tax_free_threshold_claimed=True),
    )
    made = sdk.payroll.create_employee(sdk.tenant, [new], idempotency_key="sdk-1").employees[0]
    one = sdk.one(made.employee_id)
    assert one.date_of_birth == date(2000, 10, 28)
    assert one.bank_accounts[0].account_number == "00123456"
    assert one.super_memberships[0].super_fund_id == fund.super_fund_id
    assert one.tax_declaration.tax_file_number == "###-###-782"


def test_the_sdk_updates_an_employee(sdk: Sdk) -> None:
    row = sdk.somebody()
    changed = Employee(
        first_name=row.first_name,
        last_name=row.last_name,
        date_of_birth=row.date_of_birth,
        job_title="Boat builder",
    )
    sdk.payroll.update_employee(sdk.tenant, row.employee_id, [changed])
    one = sdk.one(row.employee_id)
    assert (one.job_title, one.date_of_birth) == ("Boat builder", row.date_of_birth)


def test_the_sdk_reads_a_refusal(sdk: Sdk) -> None:
    new = Employee(first_name="Adam", last_name="Adamson", date_of_birth=date(2000, 10, 28))
    with pytest.raises((HTTPStatusException, AccountingBadRequestException)) as refusal:
        sdk.payroll.create_employee(sdk.tenant, [new])
    assert refusal.value.status == 400


def test_the_sdk_reads_funds_and_products_and_makes_a_fund(sdk: Sdk) -> None:
    found = sdk.payroll.get_superfund_products(sdk.tenant, usi="OSF0001AU").super_fund_products
    assert found[0].abn == "24248426878"
    wanted = SuperFund(type=SuperFundType.REGULATED, usi="PTC0133AU")
    made = sdk.payroll.create_superfund(sdk.tenant, [wanted]).super_funds[0]
    assert made.name == "AMG Super"
    read = sdk.payroll.get_superfund(sdk.tenant, made.super_fund_id).super_funds[0]
    assert read.usi == "PTC0133AU"


def test_the_sdk_reads_pay_items_settings_calendars_pay_runs_and_leave(sdk: Sdk) -> None:
    items = sdk.payroll.get_pay_items(sdk.tenant).pay_items
    assert {kind.type_of_units for kind in items.leave_types} == {"Hours", "Days"}
    settings = sdk.payroll.get_settings(sdk.tenant).settings
    assert settings.tracking_categories.employee_groups.tracking_category_name == "Employee Groups"
    assert len(sdk.payroll.get_payroll_calendars(sdk.tenant).payroll_calendars) == 2
    (run,) = sdk.payroll.get_pay_runs(sdk.tenant).pay_runs
    whole = sdk.payroll.get_pay_run(sdk.tenant, run.pay_run_id).pay_runs[0]
    assert whole.payslips[0].net_pay == 1200
    assert len(sdk.payroll.get_leave_applications(sdk.tenant).leave_applications) == 1


def test_the_sdk_refreshes_and_disconnects(
    served: Served, sdk: Sdk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TokenApi, "refresh_token_url", f"{served.url}/connect/token")
    sdk.token = sdk.token | {"scope": ALL_SCOPES.split()}
    before = sdk.token["access_token"]
    sdk.client.refresh_oauth2_token()
    assert sdk.token["access_token"] != before
    connection = sdk.identity.get_connections()[0]
    sdk.identity.delete_connection(connection.id)
    assert sdk.identity.get_connections() == []
