"""A Xero sandbox on a real port and a signed-in caller, for the tests of the sandbox itself."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from flask import Flask

from agent.sandbox import xero
from agent.sandbox.oauth import OAuthServer
from agent.sandbox.people import Person, people, xero_twin
from agent.sandbox.server import Served
from agent.sandbox.xero.limits import Limits
from agent.sandbox.xero.store import Organisation, Store

PAYROLL = "/payroll.xro/1.0"
CALLBACK = "http://localhost:8710/connect/xero/callback"
CLIENT = ("xero-sandbox", "xero-sandbox-secret")
ALL_SCOPES = (
    "offline_access openid profile email payroll.employees payroll.settings payroll.payruns.read "
    "accounting.settings.read"
)
VALID_TFN = "123456782"


class Clock:
    """A clock that stands still until moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 1, 2, 3, 456000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@cache
def xero_people(count: int = 40) -> tuple[Person, ...]:
    """Those who stand on the Xero side, as they stand there."""
    return tuple(xero_twin(person) for person in people(count) if person.in_xero)


def sandbox(
    clock: Clock,
    *,
    seeded: tuple[Person, ...] | None = None,
    switches: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    granted_scopes: frozenset[str] | None = None,
    organisations: tuple[tuple[str, str], ...] = (xero.ORGANISATION,),
) -> Flask:
    """A sandbox that says yes to every consent."""
    app = xero.create(
        xero_people() if seeded is None else seeded,
        clock=clock,
        switches=switches,
        limits=limits,
        granted_scopes=granted_scopes,
        organisations=organisations,
    )
    app.config["AUTO_CONSENT"] = True
    return app


class Caller:
    """An app signed in to one organisation of the sandbox."""

    def __init__(self, served: Served, scopes: str = ALL_SCOPES) -> None:
        self.served, self.url = served, served.url
        self.tenant = next(iter(served.app.config["STORE"].organisations))
        oauth: OAuthServer = served.app.config["OAUTH"]
        self.tokens = oauth.issue(frozenset(scopes.split()), (self.tenant,))

    @property
    def organisation(self) -> Organisation:
        store: Store = self.served.app.config["STORE"]
        return store.organisations[self.tenant]

    def headers(self, **more: str) -> dict[str, str]:
        fixed = {"Accept": "application/json", "Xero-Tenant-Id": self.tenant}
        return (
            fixed | self._bearer() | {key.replace("_", "-"): value for key, value in more.items()}
        )

    def get(
        self, path: str, params: Mapping[str, str] | None = None, **headers: str
    ) -> requests.Response:
        url = f"{self.url}{PAYROLL}{path}"
        return requests.get(url, params=params, headers=self.headers(**headers), timeout=5)

    def post(self, path: str, body: Any, **headers: str) -> requests.Response:
        url = f"{self.url}{PAYROLL}{path}"
        return requests.post(url, json=body, headers=self.headers(**headers), timeout=5)

    def employees(self, **params: str) -> list[dict[str, Any]]:
        """The list as one page shows it."""
        found: list[dict[str, Any]] = self.get("/Employees", params).json()["Employees"]
        return found

    def detail(self, employee_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/Employees/{employee_id}").json()["Employees"][0]
        return found

    def somebody(self, last: str | None = None) -> str:
        """The id of an employee: the first one, or the one with this last name."""
        rows = self.employees()
        return str(next(r["EmployeeID"] for r in rows if last in (None, r["LastName"])))

    def update(self, employee_id: str, **keys: Any) -> requests.Response:
        return self.post(f"/Employees/{employee_id}", [keys])

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}


def consent(url: str, scopes: str = ALL_SCOPES, **more: str) -> str:
    """Goes to the consent address and comes back with the code."""
    asked = {
        "client_id": CLIENT[0],
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": scopes,
        "state": "s&1 =",
    }
    page = f"{url}/identity/connect/authorize"
    answer = requests.get(page, params=asked | more, allow_redirects=False, timeout=5)
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def token(url: str, client: tuple[str, str] | None = CLIENT, **form: str) -> requests.Response:
    return requests.post(f"{url}/connect/token", data=form, auth=client, timeout=5)


def redeem(url: str, code: str) -> dict[str, Any]:
    answer = token(url, grant_type="authorization_code", code=code, redirect_uri=CALLBACK)
    tokens: dict[str, Any] = answer.json()
    return tokens


def refresh(url: str, refresh_token: str) -> requests.Response:
    return token(url, grant_type="refresh_token", refresh_token=refresh_token)


def messages(answer: requests.Response) -> str:
    """Every validation sentence of a 400, in either shape."""
    body = answer.json()
    if "Message" in body:
        return str(body["Message"])
    return " ".join(
        error["Message"] for row in body["Employees"] for error in row.get("ValidationErrors", ())
    )
