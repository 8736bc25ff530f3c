"""The whole agent over HTTP beside both sandboxes, as `run` builds it, with the schedule and the worker in the test's hand."""

import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.config import Settings
from agent.demo.browser import Browser, form_values
from agent.demo.settings import settings
from agent.sandbox import hra as hra_sandbox
from agent.sandbox import xero as xero_sandbox
from agent.sandbox.people import people, xero_twin
from agent.sandbox.server import Served, serve
from agent.service import Server, Service
from agent.wiring import SIDES, Times, real_times

PASSWORD = "correct horse battery"
STAFF = people(20)
LOCAL = "127.0.0.1"
# An organisation that nobody connects unless a test does.
OTHER = ("Other Pty Ltd", "7f0f2f5e-2a63-4b0b-8f3a-0d6c1d2e3f40")


def quick_times() -> Times:
    """Real clocks, but Xero's minute is over in 60 milliseconds (its sandbox here has no limits)."""
    return replace(
        real_times(),
        steady=lambda: time.monotonic() * 1000,
        pause=lambda turn, seconds: turn.wait(seconds / 1000),
    )


class House:
    """Both sandboxes and one agent at a time. `start` again after `stop` is a restart."""

    def __init__(self, folder: Path) -> None:
        self.hra: Served = serve(hra_sandbox.create([p for p in STAFF if p.in_hra]))
        self.xero: Served = serve(
            xero_sandbox.create(
                [xero_twin(p) for p in STAFF if p.in_xero],
                organisations=(xero_sandbox.ORGANISATION, OTHER),
            )
        )
        for served in (self.hra, self.xero):
            served.app.config["AUTO_CONSENT"] = True
        self.settings: Settings = settings(folder, _free_port(), self.hra, self.xero, PASSWORD)
        self.browser = Browser()
        self.service: Service
        self.server: Server
        self.start()
        self.hooks = self.hra.app.config["HOOKS"]
        self.hooks.url = f"http://{LOCAL}:{self.settings.agent.port}/hooks/ess"
        self.hooks.secret = self.settings.hooks.secret[0]

    @property
    def page(self) -> str:
        return f"http://localhost:{self.settings.agent.port}"

    def start(self, machine: str = "") -> None:
        """Begin, or begin again; on another `machine` it is a restored copy."""
        times = replace(quick_times(), machine=machine or quick_times().machine)
        self.service = Service(self.settings, {}, times)
        self.server = Server(self.service.app, LOCAL, self.settings.agent.port)

    def stop(self) -> None:
        self.server.stop()
        self.service.stop()

    def close(self) -> None:
        self.stop()
        self.hra.stop()
        self.xero.stop()

    def set(self, section: str, **values: Any) -> None:
        """Other settings from the next start on."""
        changed = replace(getattr(self.settings, section), **values)
        self.settings = replace(self.settings, **{section: changed})

    def connect(self) -> None:
        """Both sides, as a person would: vendor's page, consent, our call-back."""
        for side in SIDES:
            self.browser.get(self.service.connect(side))

    def both_runs(self) -> None:
        """An import and an export, as a person starts them."""
        for kind in ("import", "export"):
            self.service.pair.run(kind, "command")

    def calls(self) -> int:
        """Calls to both sandboxes so far, tokens among them."""
        counts = [served.app.config["CALLS"].counts() for served in (self.hra, self.xero)]
        return sum(int(count["total"]) + int(count["other"]) for count in counts)

    def connected(self) -> frozenset[str]:
        """The organisations that Xero has a connection to this agent for."""
        return frozenset(row["tenantId"] for row in self.xero.app.config["STORE"].connections())

    def writes(self) -> int:
        """Writes at both sandboxes so far."""
        return sum(int(served.app.config["CALLS"].writes) for served in (self.hra, self.xero))

    def hra_id(self, number: str) -> str:
        employees = self.hra.app.config["STORE"].employees
        found = (id for id, row in employees.items() if row.details.get("employeeNumber") == number)
        return str(next(found))

    def xero_record(self, hra_id: str) -> dict[str, Any]:
        link = self.service.pair.store.link_of("hra", hra_id)
        assert link is not None
        found: dict[str, Any] = self.xero.app.config["STORE"].organisation.employees[link.xero_id]
        return found

    def save_in_ess(self, hra_id: str, **values: str) -> None:
        """The employee's own form; returns once the agent answered the hook."""
        from_form = f"{self.hra.url}/ess/{hra_id}"
        page = self.browser.get(from_form)
        self.browser.submit(from_form, {**form_values(page), **values})
        for delivery in self.hooks.as_plain():
            self.hooks.wait(delivery["id"], 10.0)


def _free_port() -> int:
    with socket.create_server((LOCAL, 0)) as taken:
        return int(taken.getsockname()[1])
