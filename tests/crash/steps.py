"""What the agent's process does in a try: the steps, over the very objects that `run` and the commands build.

A step is a name and its words. It tells what came of it; an error of the agent ends the step, not the process, as it
ends a command or a turn of the schedule.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from standardwebhooks import Webhook

from agent import backup
from agent.config import Settings
from agent.errors import AgentError
from agent.records import Attention, Choice
from agent.rekey import rotate
from agent.service import Service
from agent.vault import BACKUP
from agent.wiring import Times

Told = Callable[[dict[str, Any]], None]
SOON = timedelta(minutes=2)  # how long a drain waits for the next look at a save


class Clock:
    """The clock of one process: it stands still unless a step waits."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def times(clock: Clock, name: str, machine: str) -> Times:
    """A clock in hand, no waiting, and Xero's minute over in 60 milliseconds. `name` keeps keys of two processes apart."""
    numbers = iter(range(1_000_000))
    return Times(
        clock=clock,
        steady=lambda: time.monotonic() * 1000,
        sleep=lambda seconds: None,
        pause=lambda turn, seconds: turn.wait(seconds / 1000),
        jitter=lambda: 0.5,
        new_key=lambda: f"{name}-{next(numbers)}",
        machine=machine,
    )


class Steps:
    """The steps of one process."""

    def __init__(
        self,
        service: Service,
        settings: Settings,
        clock: Clock,
        written: Callable[[], int],
        tell: Told,
    ) -> None:
        self._service = service
        self._written = written
        self._settings = settings
        self._clock = clock
        self._tell = tell

    def take(self, name: str, words: Mapping[str, Any]) -> None:
        """Do one step and tell how it ended, and how many writes it sent to the sides."""
        before = self._written()
        try:
            told = getattr(self, name)(**words)
        except AgentError as error:
            told = f"{type(error).__name__}: {error.sentence()}"
        self._tell({"step": name, "told": told, "sent": self._written() - before})

    def run(self, kind: str, by: str = "command", mode: str = "authoritative") -> str:
        return self._service.pair.run(kind, by, mode=mode).run.outcome

    def hook(self, id: str, employee: str, sections: list[str]) -> str:
        """A save in eSS, as its sender posts it."""
        data = {"accountId": self._service.pair.store.binding().account_id,
                "employeeId": employee, "sections": sections}  # fmt: skip
        now = self._clock()
        body = json.dumps({"type": "employee.saved", "timestamp": now.isoformat(), "data": data})
        headers = {
            "webhook-id": id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self._settings.hooks.secret[0]).sign(id, now, body),
            "content-type": "application/json",
        }
        answer = self._service.app.test_client().post(
            "/hooks/ess", data=body, headers=headers, base_url=self._settings.agent.public_url
        )
        if answer.status_code == 202:
            self._tell({"taken": id})
        return str(answer.status_code)

    def drain(self) -> str:
        """The worker, until nothing more is due soon."""
        at = self._service.worker.drain()
        while at is not None and at - self._clock.now <= SOON:
            self._clock.now = max(self._clock.now, at)
            at = self._service.worker.drain()
        return str(at)

    def cycle(self) -> None:
        """One turn of the schedule."""
        self._service.cycle()

    def answer(self, verb: str, field: str = "", by: str = "page:beth", **more: str) -> str:
        """A person opens the row that has this button, and answers it; "" where there is none (any more)."""
        row = next((r for r in self._rows() if verb in r.buttons and _about(r, field)), None)
        if row is None:
            return ""
        mark = self._service.pair.opened(row.id).mark if verb == "resolve" else ""
        return self._service.pair.answer(Choice(verb, row.id, by, mark=mark, **more)).sentence

    def resolve(self, field: str, use: str) -> str:
        row = next(
            (r for r in self._rows() if f"use_{use}" in r.buttons and field in r.fields), None
        )
        if row is None:
            return ""
        opened = self._service.pair.opened(row.id)
        choice = Choice("resolve", opened.id, "page:beth", use=use, mark=opened.mark)
        return self._service.pair.answer(choice).sentence

    def say(self, verb: str, id: str, other: str = "") -> str:
        """What a person says of records, on the page of links."""
        return self._service.pair.answer(Choice(verb, id, "page:beth", other=other)).sentence

    def let_through(self) -> str:
        """A person looks at the braked run's plan and lets it through."""
        row = next((row for row in self._rows() if row.plan), None)
        return (
            "" if row is None else self._service.pair.let_through(row.plan, "page:beth").run.outcome
        )

    def connect(self, side: str, always: bool = False) -> str:
        """A person signs in, unless the side is connected already."""
        if self._service.pair.store.connection(side).connected and not always:
            return "connected"
        gone = requests.get(
            self._service.connect(side, "page:beth"), allow_redirects=False, timeout=30
        )
        query = parse_qs(urlsplit(gone.headers["Location"]).query)
        self._service.connected(side, query["state"][0], query["code"][0])
        return self._service.pair.store.connection(side).reason or "connected"

    def disconnect(self, side: str) -> str:
        return self._service.disconnect(side, "page:beth")

    def switch_on(self) -> None:
        self._service.switch_on("page:beth")

    def keep_alive(self) -> None:
        """Both sign-ins renewed, as twice a day."""
        self._service.pair.keep_alive()

    def tidy(self) -> None:
        self._service.pair.store.tidy()

    def backup(self) -> None:
        """A backup beside the state; one that is there already must be whole."""
        path = self._settings.agent.data_dir / "kept.backup"
        if path.exists() and not backup.read(path, [self._service.pair.key.derive(BACKUP)]).proved:
            raise AssertionError("a backup that nobody can use")
        backup.write(path, self._service.backup().encode("ascii"))

    def rotate(self) -> None:
        """Another key."""
        rotate(self._settings.agent.data_dir, self._service.pair.key)

    def wait(self, **by: float) -> None:
        """Time passes in this process."""
        self._clock.now += timedelta(**by)

    def report(self) -> dict[str, Any]:
        """All that the agent remembers, and what it shows."""
        store = self._service.pair.store
        return {
            "audit": list(store.audit_check()),
            "events": [asdict(line.event) for line in store.audit_lines()],
            "links": [_plain(asdict(link)) for link in store.links()],
            "attention": [_plain(asdict(row)) for row in store.attention()],
            "waiting": [save.id for save in store.waiting()],
            "pending": [asdict(replace(one, since=None)) for one in store.pending()],  # type: ignore[arg-type]
            "runs": [(run.kind, run.outcome, run.reason) for run in store.runs(50)],
            "standing": store.standing(),
            "stopped": dict(store.stopped()),
            "connected": {side: store.connection(side).connected for side in ("hra", "xero")},
            "binding": asdict(store.binding()),
            "status": json.loads(json.dumps(self._service.plain_status(), default=str)),
        }

    def _rows(self) -> tuple[Attention, ...]:
        return self._service.pair.store.attention()


def _about(row: Attention, field: str) -> bool:
    return not field or field in row.fields or field == row.kind


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(row, default=str))
    return found
