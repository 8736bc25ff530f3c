"""Both sandboxes over HTTP with seeded people, and a whole sync over the real clients: for tests of the whole way."""

import itertools
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from agent.branches import BranchMap
from agent.employee import Employee
from agent.hra.accounts import accounts
from agent.hra.client import HraClient
from agent.merge import Rules
from agent.records import Binding
from agent.sandbox import hra as hra_sandbox
from agent.sandbox import xero as xero_sandbox
from agent.sandbox.people import Person, people, xero_twin
from agent.sandbox.server import Served, serve
from agent.store import Store
from agent.sync import Policy, Sync
from agent.transport import Transport
from agent.vault import DIGESTS, Cost, Digests, Key
from agent.xero.client import XeroClient

HRA_SCOPES = frozenset(
    "read:accounts read:accounts:referencedata read:employees manage:employees read:employees:payroll "
    "manage:employees:payroll read:clear-tax-details read:candidates manage:candidates".split()
)
XERO_SCOPES = frozenset(
    "offline_access openid profile email payroll.employees payroll.settings accounting.settings.read".split()
)
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that a test moves."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)


@dataclass
class World:
    """What a test holds: both served sandboxes, the clock, and whatever it needs to build a sync."""

    hra: Served
    xero: Served
    clock: Clock
    data_dir: Path
    people: tuple[Person, ...]
    tokens: dict[str, str] = field(default_factory=dict)
    store: Store | None = None
    client: HraClient | None = None

    def hra_id(self, person: Person) -> str:
        """The HRA id of a seeded person."""
        found: str = self.hra.app.config["STORE"].new_id(f"employee/{person.key}")
        return found

    def writes(self) -> tuple[int, int]:
        """How many writes each sandbox has taken or refused."""
        return self.hra.app.config["CALLS"].writes, self.xero.app.config["CALLS"].writes

    def officer(self, what: str, **typed: object) -> None:
        """The payroll officer does something in Xero's own screens (`agent.sandbox.xero.officer`)."""
        answer = requests.post(f"{self.xero.url}/_sandbox/{what}", json=typed, timeout=10)
        assert answer.status_code == 204, answer.text

    def xero_rows(self) -> list[dict[str, Any]]:
        """Every employee as Xero holds them now."""
        state = requests.get(f"{self.xero.url}/_sandbox/state", timeout=10).json()
        made: list[dict[str, Any]] = next(iter(state["organisations"].values()))["employees"]
        return made

    def xero_row(self, person: Person) -> dict[str, Any]:
        """One seeded person as Xero holds them now."""
        name = (person.first, person.last)
        return next(r for r in self.xero_rows() if (r["FirstName"], r["LastName"]) == name)

    def sync(
        self, rules: Rules | None = None, branches: BranchMap | None = None, **policy: object
    ) -> Sync:
        """A sync over a freshly opened store, as after a start of the agent."""
        if self.store is not None:
            self.store.close()
        tenant = self.xero.app.config["STORE"].organisation.tenant
        hra = self._transport("hra", self.hra.url)
        xero = self._transport("xero", self.xero.url, {"Xero-Tenant-Id": tenant})
        account = accounts(hra)[0][0]
        self.store = Store(self.data_dir, self.clock)
        self.store.bind(Binding(account, "account", tenant, "organisation"))
        key = Key.open(self.data_dir, {})
        self.client = client = HraClient(hra, account, sleep=_no_sleep, scopes=HRA_SCOPES)
        keys = itertools.count()
        other = XeroClient(
            xero,
            leave_map={},
            groups_of=branches or BranchMap(),
            create_super_funds=False,
            new_key=lambda: f"key-{self.clock().timestamp()}-{id(self)}-{next(keys)}",
            scopes=XERO_SCOPES,
            clock=self.clock,
            organisation="organisation",
            tenant_id=tenant,
        )
        root = client.branches()[0].id
        mapped = branches is not None and branches.match

        def branch_for(employee: Employee) -> str | None:
            found = employee.get("branch") if mapped else root
            return found if isinstance(found, str) else None

        wanted = Policy(rules or Rules("hra"), branch_for=branch_for)
        wanted = replace(wanted, **policy)  # type: ignore[arg-type]
        return Sync(
            client,
            other,
            self.store,
            Digests(key.derive(DIGESTS), cost=Cost(n=2, r=1, p=1)),
            wanted,
            self.clock,
        )

    def _transport(
        self, side: str, url: str, headers: Mapping[str, str] | None = None
    ) -> Transport:
        return Transport(
            side,
            url,
            lambda force: self.tokens[side],
            headers=headers,
            clock=self.clock,
            sleep=_no_sleep,
            jitter=lambda: 0.0,
        )


def _no_sleep(seconds: float) -> None:
    """Time does not pass in a test."""


@contextmanager
def world(data_dir: Path, count: int = 20, **switches: Mapping[str, str]) -> Iterator[World]:
    """Sandboxes with `count` seeded people; `hra=` and `xero=` are their switches."""
    clock = Clock()
    seeded = people(count, seed=1)
    hra_app = hra_sandbox.create(
        [p for p in seeded if p.in_hra], clock=clock, switches=switches.get("hra"), sleep=_no_sleep
    )
    xero_app = xero_sandbox.create(
        [xero_twin(p) for p in seeded if p.in_xero], clock=clock, switches=switches.get("xero")
    )
    with serve(hra_app) as hra, serve(xero_app) as xero, ThreadPoolExecutor(2):
        found = World(hra, xero, clock, data_dir, seeded)
        tenant = xero_app.config["STORE"].organisation.tenant
        found.tokens["hra"] = hra_app.config["OAUTH"].issue(HRA_SCOPES)["access_token"]
        found.tokens["xero"] = xero_app.config["OAUTH"].issue(XERO_SCOPES, (tenant,))[
            "access_token"
        ]
        yield found
        if found.store is not None:
            found.store.close()
