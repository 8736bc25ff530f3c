"""One Xero sandbox over real HTTP and the client on it, every call checked against the contract."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import requests

from agent.branches import BranchMap
from agent.sandbox.people import Person, people, xero_twin
from agent.sandbox.server import Served, serve
from agent.sandbox.xero import OFF, TENANT, create
from agent.sandbox.xero.store import Organisation
from agent.transport import Call, Transport
from agent.xero.client import XeroClient
from tests.contract.openapi import check_request, check_response, contracts_dir

STAFF = tuple(xero_twin(person) for person in people(20) if person.in_xero)
PAYROLL_ONLY = frozenset({"payroll.employees", "payroll.settings"})
SCOPES = PAYROLL_ONLY | {"accounting.settings.read"}
MONDAY = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
# Faults that no description lists; everything else is checked.
FAULTS = frozenset({401, 403, 404, 429, 500, 503})


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


class House:
    """A sandbox that is being served, a client with the given settings, and the calls it made."""

    def __init__(
        self,
        staff: Iterable[Person] = STAFF,
        *,
        scopes: frozenset[str] = SCOPES,
        branches: BranchMap | None = None,
        create_super_funds: bool = False,
        **switches: str,
    ) -> None:
        self.clock = Clock()
        self.app = create(tuple(staff), clock=self.clock, switches=switches, limits=OFF)
        self.served: Served = serve(self.app)
        self.calls: list[Call] = []
        self.token = ""
        self.sign_in(scopes)
        self.transport = Transport(
            "xero",
            self.served.url,
            lambda force: self.token,
            clock=self.clock,
            sleep=lambda seconds: None,
            jitter=lambda: 0.0,
            headers={"Xero-Tenant-Id": TENANT},
            listener=self._listen,
        )
        keys = count(1)
        self.client = XeroClient(
            self.transport,
            leave_map={},
            groups_of=branches,
            create_super_funds=create_super_funds,
            new_key=lambda: f"key-{next(keys)}",
            scopes=scopes,
            clock=self.clock,
            organisation="Harbour & Pine Pty Ltd",
            tenant_id=TENANT,
        )

    @property
    def organisation(self) -> Organisation:
        found = self.app.config["STORE"].organisation
        assert isinstance(found, Organisation)
        return found

    def sign_in(self, scopes: frozenset[str] = SCOPES) -> None:
        """A fresh access token, good for 30 minutes."""
        issued = self.app.config["OAUTH"].issue(scopes, (TENANT,))
        self.token = str(issued["access_token"])

    def id_of(self, person: Person) -> str:
        """The id of a seeded person."""
        return self.find(lambda record: _is(record, person))

    def officer(self, what: str, **typed: Any) -> None:
        """A payroll officer does something in Xero's own screens."""
        answer = requests.post(f"{self.served.url}/_sandbox/{what}", json=typed, timeout=5)
        assert answer.status_code == 204, answer.text

    def stop(self) -> None:
        self.transport.close()
        self.served.stop()

    def plan(self, kind: str, **how: Any) -> None:
        """Plan a fault of the sandbox."""
        self.app.config["FAULTS"].plan(kind, **how)

    def find(self, test: Callable[[dict[str, Any]], bool] = lambda record: True) -> str:
        """The id of the first employee who passes the test."""
        return next(id for id, record in self.organisation.employees.items() if test(record))

    def held(self, id: str) -> dict[str, Any]:
        """The record as the sandbox holds it, the TFN in full."""
        found: dict[str, Any] = self.organisation.employees[id]
        return found

    def made(self, method: str = "*", ending: str = "") -> list[Call]:
        """The calls made so far, of one method, to paths with this in them."""
        return [c for c in self.calls if method in ("*", c.method) and ending in c.path]

    def bodies(self) -> list[Any]:
        """What was posted, in order."""
        return [json.loads(call.body or b"null") for call in self.made("POST")]

    def _listen(self, call: Call) -> None:
        self.calls.append(call)
        # The accounting API is in none of the contracts at hand.
        if contracts_dir() is None or call.path.startswith("/api.xro/"):
            return
        vendor = "xero-identity" if call.path.startswith("/connections") else "xero"
        sent = {k: v for k, v in call.headers.items() if vendor == "xero" or "Tenant" not in k}
        headers = {**sent, "Authorization": "Bearer checked-by-the-sandbox"}
        query = {key: str(value) for key, value in call.params.items()}
        check_request(vendor, call.method, call.path, headers, query, call.body)
        if call.status and call.status not in FAULTS:
            check_response(
                vendor, call.method, call.path, call.status, call.reply_headers, call.reply
            )


@contextmanager
def opening() -> Iterator[Callable[..., House]]:
    """Makes houses and stops each of them at the end."""
    houses: list[House] = []

    def make(*args: Any, **settings: Any) -> House:
        houses.append(House(*args, **settings))
        return houses[-1]

    try:
        yield make
    finally:
        for house in houses:
            house.stop()


def _is(record: dict[str, Any], person: Person) -> bool:
    return (record["FirstName"], record["DateOfBirth"]) == (person.first, person.born)
