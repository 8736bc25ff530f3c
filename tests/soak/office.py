"""A year of an office in memory: employees who save in eSS, hooks that come in by HTTP, and faults at any call.

Real are the receiver, the inbox and all other state on disk, the worker and the Sync; both systems are doubles.
"""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, cast

from flask import Flask
from standardwebhooks import Webhook

from agent.employee import Employee, Value
from agent.errors import AgentError
from agent.merge import Rules
from agent.records import Binding, Save
from agent.saves import Worker
from agent.side import HraSide, XeroSide
from agent.store import Store
from agent.strangers import Matching
from agent.sync import Policy, Sync
from agent.vault import Cost, Digests
from tests.fakes import FakeSide
from tests.history.staff import somebody
from tests.history.troubles import Line, Troubles
from tests.unit.canonical_values import account
from webhooks.payload import HookEvent
from webhooks.receiver import receiver

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
ACCOUNT, BRANCH = "account", "b1"
SECTION = {"mobile": "details", "job_title": "details", "bank_accounts": "bank-accounts"}
YEAR = timedelta(days=360)
STORMS = (0.0, 0.0, 0.02, 0.1)
DAY = timedelta(days=1)


class Office:
    """`saves` are spread over a year. The saved values are drawn by `random`; what HRA holds at the end is right."""

    def __init__(self, folder: Path, people: int, saves: int) -> None:
        self.folder, self.random = folder, Random(people)
        self.now, self._tidied = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC)
        self.pace = YEAR / saves
        self.met: Counter[str] = Counter()
        self.saved = 0
        self.hra, self.xero = FakeSide("hra"), FakeSide("xero", masked=True)
        self.ids = [f"p{n}" for n in range(people)]
        for n, id in enumerate(self.ids):
            for side in (self.hra, self.xero):
                side.add(id, **somebody(n, BRANCH))
        self.troubles = Troubles(self.clock, self.met, deadly=False)
        self.store = Store(folder, self.clock, audit_key=b"a" * 32)
        self.store.bind(Binding(ACCOUNT, "Account", "tenant", "Organisation"))
        self.sync = self._sync()
        self.worker = Worker(
            self.store, self.sync.push, retry_for=timedelta(hours=72), clock=self.clock,
            jitter=self.random.random,
        )  # fmt: skip
        self.hooks = self._hooks()
        self.sync.run("import", "schedule")

    def clock(self) -> datetime:
        """Each look at it is a moment later."""
        self.now += timedelta(milliseconds=1)
        return self.now

    # --- what happens

    def a_save(self) -> None:
        """Somebody saves in eSS, and the hook is accepted."""
        id, name = self.random.choice(self.ids), self.random.choice(list(SECTION))
        self.hra.edit(id, **{name: self._value(name)})
        self.saved += 1
        self.now += self.pace * self.random.random() * 2
        assert self._post(f"msg-{self.saved}", id, SECTION[name]) == 202

    def work(self) -> None:
        """The worker looks, in good weather or bad; once a day what is past its term is removed."""
        self.troubles.begin(self.random, share=self.random.choice(STORMS))
        self.worker.drain()
        self.troubles.end()
        if self.now - self._tidied > DAY:
            self._tidied = self.now
            self.store.tidy()

    def a_run(self, kind: str) -> None:
        """A scheduled run in bad weather."""
        self.troubles.begin(self.random, share=0.02)
        try:
            self.sync.run(kind, "schedule")
        except AgentError as error:
            self.met[f"run ended by {type(error).__name__}"] += 1
        finally:
            self.troubles.end()

    def calm(self) -> None:
        """All is well: what waits goes out, what had failed for good is tried again, and an export goes through."""
        self._drain()
        failed = [row for row in self.store.attention() if row.scope.startswith("hook:")]
        for n, row in enumerate(failed):
            self.worker.again(str(row.hra_id), f"again-{self.saved}-{n}")
        self.met["tried again by a person"] += len(failed)
        self._drain()
        self.sync.run("export", "schedule")

    def forget_what_was_seen(self) -> None:
        """The doubles' own records of what they met would be taken for the agent's memory."""
        for side in (self.hra, self.xero):
            for seen in (side.writes, side.fetched):
                seen.clear()

    def unequal(self) -> list[str]:
        """Who does not have on both sides what was saved last."""
        names = list(SECTION)
        return [
            id
            for id in self.ids
            if [self.hra.value(id, n) for n in names] != [self.xero.value(id, n) for n in names]
        ]

    def writes(self) -> int:
        return len(self.hra.writes) + len(self.xero.writes)

    # --- inside

    def _drain(self) -> None:
        for _ in range(1000):
            again = self.worker.drain()
            if again is None:
                return
            self.now = max(self.now, again)
        raise AssertionError("the inbox is never empty")

    def _sync(self) -> Sync:
        def branch_for(employee: Employee) -> str:
            return BRANCH

        policy = Policy(Rules("hra"), branch_for, Matching())
        return Sync(
            cast(HraSide, Line(self.hra, self.troubles)),
            cast(XeroSide, Line(self.xero, self.troubles)),
            self.store, Digests(b"k" * 32, Cost(2, 1, 1)), policy, self.clock,
        )  # fmt: skip

    def _hooks(self) -> Any:
        app = Flask(__name__)

        def accept(id: str, event: HookEvent) -> bool:
            return self.store.accept(Save(id, event.employee_id, event.sections, self.clock()))

        app.register_blueprint(
            receiver([SECRET], lambda: ACCOUNT, accept, self.worker.wake, self.clock)
        )
        return app.test_client()

    def _post(self, id: str, employee: str, section: str) -> int:
        data = {"accountId": ACCOUNT, "employeeId": employee, "sections": [section]}
        told = {"type": "employee.saved", "timestamp": self.now.isoformat(), "data": data}
        body = json.dumps(told)
        headers = {
            "webhook-id": id,
            "webhook-timestamp": str(int(self.now.timestamp())),
            "webhook-signature": Webhook(SECRET).sign(id, self.now, body),
        }
        status: int = self.hooks.post("/hooks/ess", data=body, headers=headers).status_code
        return status

    def _value(self, name: str) -> Value:
        number = self.random.randrange(10**6)
        if name == "bank_accounts":
            return (account(f"{10_000_000 + number}"),)
        return (
            f"0491 {570 + number // 1000 % 10} {number % 1000:03}"
            if name == "mobile"
            else f"Job {number}"
        )
