"""One HRA sandbox under test: a clock to move, a client with a token, short ways to routes."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from agent.sandbox.hra import create
from agent.sandbox.hra.store import ACCOUNT_ID, Record, Store
from agent.sandbox.people import Person, people

ALL_SCOPES = frozenset({
    "read:accounts", "read:accounts:referencedata", "read:employees", "manage:employees",
    "read:employees:payroll", "manage:employees:payroll", "read:candidates", "manage:candidates",
    "read:clear-tax-details",
})  # fmt: skip
STAFF = tuple(person for person in people(40) if person.in_hra)
MONDAY = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


class House:
    """A sandbox with invented staff. `get`, `put` and `post` take paths below the account."""

    def __init__(self, staff: tuple[Person, ...] = STAFF, **settings: Any) -> None:
        self.clock = Clock()
        self.app: Flask = create(staff, clock=self.clock, **settings)
        self.client = self.app.test_client()
        self.headers: Mapping[str, str] = {}
        self.sign_in()

    @property
    def store(self) -> Store:
        store = self.app.config["STORE"]
        assert isinstance(store, Store)
        return store

    def sign_in(self, *without: str) -> None:
        """A fresh token with every scope but those named."""
        tokens = self.app.config["OAUTH"].issue(ALL_SCOPES - set(without))
        self.headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.client.get(at(path), query_string=query, headers=self.headers)

    def put(self, path: str, body: Any) -> TestResponse:
        return self.client.put(at(path), json=body, headers=self.headers)

    def post(self, path: str, body: Any) -> TestResponse:
        return self.client.post(at(path), json=body, headers=self.headers)

    def person(self, key: str = "p000") -> str:
        """The id of an invented person."""
        return self.store.new_id(f"employee/{key}")

    def record(self, key: str = "p000") -> Record:
        return self.store.employees[self.person(key)]

    def branch(self, name: str = "Head Office") -> str:
        return self.store.new_id(f"branch/{name}")


def at(path: str) -> str:
    """The whole path of one below the account."""
    return f"/accounts/{ACCOUNT_ID}{path}"


def details(answer: TestResponse) -> str:
    """The sentences of a 400, in one line."""
    assert answer.status_code == 400, answer.status_code
    return " ".join(problem["detail"] for problem in answer.json or [])
