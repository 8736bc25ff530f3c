"""The HRA client beside a served HRA sandbox: real HTTP, every request checked against the
contract.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from agent.hra.client import HraClient
from agent.sandbox.hra import create
from agent.sandbox.hra.store import ACCOUNT_ID, Record, Store
from agent.sandbox.people import Person, people
from agent.sandbox.server import Served, serve
from agent.transport import Call, Transport
from tests.contract.openapi import check_request, contracts_dir

ALL_SCOPES = frozenset({
    "read:accounts", "read:accounts:referencedata", "read:employees", "manage:employees",
    "read:employees:payroll", "manage:employees:payroll", "read:candidates", "manage:candidates",
    "read:clear-tax-details",
})  # fmt: skip
STAFF = tuple(person for person in people(24) if person.in_hra)
MONDAY = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


class HraDesk:
    """One sandbox and clients of it. `calls` holds every attempt since it was last cleared.

    `meanwhile` is shown every attempt, once it is answered: what others do between two calls.
    """

    def __init__(self, staff: Iterable[Person] = STAFF, **switches: str) -> None:
        self.now = MONDAY
        self.app = create(tuple(staff), clock=lambda: self.now, switches=switches)
        self.served: Served = serve(self.app)
        self.calls: list[Call] = []
        self.slips: list[str] = []
        self.naps: list[float] = []
        self.meanwhile: Callable[[Call], object] = lambda call: None
        self._open: list[Transport] = []

    @property
    def store(self) -> Store:
        store = self.app.config["STORE"]
        assert isinstance(store, Store)
        return store

    def transport(self, without: Iterable[str] = ()) -> Transport:
        """A transport whose token has every scope but those named."""
        scopes = ALL_SCOPES - set(without)
        token = self.app.config["OAUTH"].issue(scopes)["access_token"]
        made = Transport(
            "hra", self.served.url, lambda force: str(token),
            clock=lambda: datetime.now(UTC), sleep=self.naps.append, jitter=lambda: 0.0,
            listener=self._heard, read_timeout=5.0,
        )  # fmt: skip
        self._open.append(made)
        return made

    def client(self, *without: str, account: str = ACCOUNT_ID, **settings: Any) -> HraClient:
        """A client of this sandbox, without the named scopes."""
        scopes = ALL_SCOPES - set(without)
        transport = self.transport(without)
        return HraClient(transport, account, sleep=self.naps.append, scopes=scopes, **settings)

    def id(self, key: str) -> str:
        """The id of an invented person, or of a branch by its name."""
        kind = "employee" if key.startswith("p0") else "branch"
        return self.store.new_id(f"{kind}/{key}")

    def record(self, key: str) -> Record:
        return self.store.employees[self.id(key)]

    def candidate(self, id: str = "c1", **details: Any) -> Record:
        """Somebody who is not an employee yet."""
        named = {"firstName": "Cam", "surname": "Ng", "dateOfBirth": "1991-02-03"}
        branch, stamp = self.id("Head Office"), self.store.stamp()
        made = Record(id, branch, "Current", named | details, stamp, stamp)
        self.store.candidates[id] = made
        return made

    def employee(self, id: str, created: str = "", **details: Any) -> None:
        """Somebody who turns up in the list of employees, with the candidate's name."""
        named = {"firstName": "Cam", "surname": "Ng", "dateOfBirth": "1991-02-03"}
        stamp = created or self.store.stamp()
        made = Record(id, self.id("Head Office"), "Current", named | details, stamp, stamp)
        self.store.employees[id] = made

    def by_hand(self, action: str, **body: str) -> None:
        """Somebody takes an action in HRA Cloud itself, and it is done at once."""
        http = self.app.test_client()
        token = self.app.config["OAUTH"].issue(ALL_SCOPES)["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        begun = http.post(f"/accounts/{ACCOUNT_ID}/{action}", json=body, headers=headers)
        assert begun.status_code == 202 and begun.json is not None
        for _ in range(3):
            http.get(begun.json["actionStatusURL"], headers=headers)

    def fail(self, kind: str, method: str, path: str = "*", **how: Any) -> None:
        self.app.config["FAULTS"].plan(kind, method=method, path=path, **how)

    def writes(self) -> list[str]:
        """What was written since `calls` was last cleared: method and the last word of the path."""
        return [f"{c.method} {c.path.rpartition('/')[2]}" for c in self.calls if c.method != "GET"]

    def sent(self, last: str) -> Any:
        """The body of the one call whose path ends like this."""
        (call,) = (c for c in self.calls if c.method != "GET" and c.path.endswith(f"/{last}"))
        return json.loads(call.body or b"")

    def close(self) -> None:
        for transport in self._open:
            transport.close()
        self.served.stop()
        assert self.slips == []

    def _heard(self, call: Call) -> None:
        self.calls.append(call)
        self.meanwhile(call)
        if contracts_dir() is None:
            return
        params = {key: str(value) for key, value in call.params.items()}
        headers = {**call.headers, "Authorization": "Bearer of-the-test"}
        try:
            check_request("hra", call.method, call.path, headers, params, call.body)
        except AssertionError as slip:
            self.slips.append(str(slip))


@dataclass
class Told:
    """An answer that a test makes up."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Puppet:
    """A transport of made-up answers: `answer` is given method, path and parameters."""

    answer: Callable[[str, str, Mapping[str, Any]], Told]
    calls: list[tuple[str, str]] = field(default_factory=list)

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Told:
        self.calls.append(("GET", path))
        return self.answer("GET", path, params or {})

    def send(self, method: str, path: str, json: Any, *, repeatable: bool) -> Told:
        self.calls.append((method, path))
        return self.answer(method, path, json)


def listed(*ids: str, more: bool | None = None, cursor: str | None = None) -> Told:
    """A page of a list with those ids."""
    info = {"hasNextPage": more, "endCursor": cursor}
    rows = [
        {"node": {"id": id, "firstName": "A", "surname": "B"}, "cursor": f"c-{id}"} for id in ids
    ]
    return Told({"pageInfo": {k: v for k, v in info.items() if v is not None}, "data": rows})
