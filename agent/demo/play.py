"""The demo: two sandboxes and the agent on this machine, linked, with invented people.

Everything goes over HTTP as it would in life: the OAuth flows through the vendors' pages and our own call-backs,
the eSS save through the employee's page and its signed hook. Touches loopback ports and one folder.
"""

import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from agent.config import Settings
from agent.demo.browser import Browser, form_values
from agent.demo.settings import LOCAL, settings
from agent.errors import AgentError, Misconfigured
from agent.runs import followed
from agent.sandbox import hra as hra_sandbox
from agent.sandbox import xero as xero_sandbox
from agent.sandbox.people import people, xero_twin
from agent.sandbox.server import Served, serve
from agent.service import Server, Service
from agent.sync import Progress, Report
from agent.wiring import SIDES, Times

USUAL_PORT = 8710
# From the numbers that the regulator keeps for invented people.
NEW_MOBILE = "0491 570 159"
LONGEST = 180.0
GLANCE = 0.2

Say = Callable[[str], None]
Tell = Callable[[dict[str, Any]], None]


class DemoFailed(AgentError):
    """The demo did not come to its end."""


@dataclass(frozen=True)
class Wishes:
    """How the demo is to be. `port` None: the usual one, or a free one where that is taken."""

    employees: int
    port: int | None
    folder: Path | None
    latency_ms: int


@dataclass(frozen=True)
class Demo:
    """The parts while they run."""

    hra: Served
    xero: Served
    service: Service
    password: str
    say: Say

    @property
    def page(self) -> str:
        """The address of the status page."""
        return self.service.settings.agent.public_url

    @property
    def employee(self) -> str:
        """HRA's id of the person whose eSS page is shown: Current, and linked without any doubt."""
        linked = {link.hra_id: link for link in self.service.pair.store.links()}
        for id, record in self.hra.app.config["STORE"].employees.items():
            if record.details.get("employeeNumber") == "1001" and id in linked:
                return str(id)
        raise DemoFailed("The first employee is not linked after the first import and export.")


@contextmanager
def playing(wishes: Wishes, times: Times, say: Say) -> Iterator[Demo]:
    """Everything up and connected; all of it stopped, and a folder of its own removed, at the end."""
    with ExitStack() as stack:
        staff = people(wishes.employees)
        on_xero = tuple(xero_twin(person) for person in staff if person.in_xero)
        hra = hra_sandbox.create(tuple(person for person in staff if person.in_hra))
        xero = xero_sandbox.create(on_xero, limits=xero_sandbox.Limits())
        for app in (hra, xero):
            app.config["AUTO_CONSENT"] = True
        hra_at = stack.enter_context(serve(hra, latency_ms=wishes.latency_ms))
        xero_at = stack.enter_context(serve(xero, latency_ms=wishes.latency_ms))
        folder = wishes.folder or Path(stack.enter_context(TemporaryDirectory(prefix="hra-xero-")))
        password = secrets.token_urlsafe(9)
        chosen = settings(_prepared(folder), _port(wishes.port), hra_at, xero_at, password)
        service = Service(chosen, {}, times)
        stack.callback(service.stop)
        server = _served(service, chosen)
        stack.callback(server.stop)
        hooks = hra.config["HOOKS"]
        hooks.url = f"http://{LOCAL}:{chosen.agent.port}/hooks/ess"
        hooks.secret = chosen.hooks.secret[0]
        demo = Demo(hra_at, xero_at, service, password, say)
        _connect(demo)
        yield demo


def first_runs(demo: Demo, bar: Callable[[str], Any]) -> dict[str, dict[str, Any]]:
    """The first import and the first export, as a person would start them; then the schedules go on."""
    results = {}
    for kind in ("import", "export"):
        with bar(kind) as tell:
            results[kind] = _run(demo, kind, tell)
        demo.say(f"First {kind} done: {_counts(results[kind])}.")
    demo.service.start()
    return results


def save_in_ess(demo: Demo, times: Times) -> float:
    """Change a mobile number on the employee's own page; the seconds until Xero shows it."""
    browser, employee = Browser(), demo.employee
    link = demo.service.pair.store.link_of("hra", employee)
    assert link is not None
    shown = f"{demo.xero.url}/payroll/{link.xero_id}"
    if _holds(browser.get(shown), NEW_MOBILE):
        raise DemoFailed("Xero shows the new mobile number before it was saved.")
    form = f"{demo.hra.url}/ess/{employee}"
    values = form_values(browser.get(form)) | {"mobile": NEW_MOBILE}
    started = times.steady()
    answered = browser.submit(form, values)
    if "Saved" not in answered:
        raise DemoFailed("The eSS page did not save the new mobile number.")
    while not _holds(browser.get(shown), NEW_MOBILE):
        if times.steady() - started > LONGEST:
            raise DemoFailed("Xero does not show the new mobile number after three minutes.")
        times.sleep(GLANCE)
    return times.steady() - started


def summary(
    demo: Demo, results: Mapping[str, Mapping[str, Any]], seconds: float
) -> dict[str, object]:
    """What the demo came to, in words and numbers."""
    store, calls = demo.service.pair.store, demo.service.pair.lines.calls()
    together: dict[str, int] = {}
    for result in results.values():
        for name, count in result["counts"].items():
            together[name] = together.get(name, 0) + count
    limited = demo.xero.app.config["CALLS"].counts()["by_status"].get("429", 0)
    return {
        "people linked": len(store.links()),
        "created in HRA Cloud": together.get("created_hra", 0),
        "created in Xero": together.get("created_xero", 0),
        "fields written to HRA Cloud": together.get("to_hra", 0),
        "fields written to Xero": together.get("to_xero", 0),
        # The export meets again what the import left to it: the same conflicts, not more of them.
        "conflicts": max(result["counts"].get("conflicts", 0) for result in results.values()),
        "waiting for a person": sum(row.needs_person for row in store.attention()),
        "calls to HRA Cloud": calls["hra"],
        "calls to Xero": calls["xero"],
        "calls that Xero refused for its limits": limited,
        "seconds from the eSS save to Xero": f"{seconds:.1f}",
    }


def addresses(demo: Demo) -> dict[str, str]:
    """Where a person may look."""
    link = demo.service.pair.store.link_of("hra", demo.employee)
    return {
        "Status page": demo.page,
        "its user and password": f"admin  {demo.password}",
        "An employee's eSS page": f"{demo.hra.url}/ess/{demo.employee}",
        "The same person in Xero": f"{demo.xero.url}/payroll/{link.xero_id if link else ''}",
        "Everybody in Xero": f"{demo.xero.url}/payroll",
    }


def _run(demo: Demo, kind: str, tell: Tell) -> dict[str, Any]:
    pair = demo.service.pair

    def work(told: Callable[[Progress], None], stop: Callable[[], bool]) -> Report:
        return pair.run(kind, "command", progress=told, stop=stop)

    result = followed(work, tell, pair.lines.stop_waiting)
    if "lines" not in result:
        raise DemoFailed(f"The first {kind} failed: {result['sentence']}")
    return result


def _connect(demo: Demo) -> None:
    browser = Browser()
    for side in SIDES:
        browser.get(demo.service.connect(side))
        now = demo.service.sign_in(side)
        if not now["connected"]:
            raise DemoFailed(f"Connecting failed: {now['reason']}")
        demo.say(f"Connected to {now['name']}.")


def _counts(result: Mapping[str, Any]) -> str:
    words = {"records": "records", "linked": "linked", "created_hra": "created in HRA Cloud",
             "created_xero": "created in Xero", "to_hra": "fields to HRA Cloud",
             "to_xero": "fields to Xero"}  # fmt: skip
    counts = result["counts"]
    return ", ".join(f"{counts[name]} {word}" for name, word in words.items() if counts.get(name))


def _holds(page: str, number: str) -> bool:
    return number.replace(" ", "") in page.replace(" ", "")


def _prepared(folder: Path) -> Path:
    if folder.exists() and any(folder.iterdir()):
        raise Misconfigured(
            [f"--data-dir {folder}: is not empty; the demo starts in an empty folder"]
        )
    return folder


def _port(wanted: int | None) -> int:
    if wanted is not None:
        return wanted
    for port in (USUAL_PORT, 0):
        try:
            with socket.create_server((LOCAL, port)) as taken:
                return int(taken.getsockname()[1])
        except OSError:
            continue
    raise DemoFailed("No port of this machine is free.")


def _served(service: Service, chosen: Settings) -> Server:
    try:
        return Server(service.app, chosen.agent.host, chosen.agent.port)
    except OSError as error:
        raise Misconfigured([f"--port {chosen.agent.port}: is in use; name another"]) from error


def once(wishes: Wishes, times: Times, say: Say, bar: Callable[[str], Any]) -> dict[str, object]:
    """The whole demo without a person; its summary. Raises AgentError."""
    with playing(wishes, times, say) as demo:
        results = first_runs(demo, bar)
        say("Saving a new mobile number on an employee's eSS page.")
        return summary(demo, results, save_in_ess(demo, times))
