"""The agent as its own process, started by its commands, and killed at the moment when a side has taken a write."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Response, request
from standardwebhooks import Webhook
from werkzeug.security import generate_password_hash

from agent.demo.browser import Browser, form_values
from tests.crash.sides import WRITING, Sides
from tests.crash.stage import HOOK_SECRET, ROOT, Scenario, Stage

PASSWORD = "correct horse battery"
LONGEST = 300.0  # on a busy machine
LOOK = 0.1  # seconds between two looks of a test at what another process does


class Deadly:
    """A side that kills the agent once: it has taken a write, and the answer never leaves."""

    def __init__(self, sides: Sides) -> None:
        self._armed = threading.Event()
        self.struck = threading.Event()
        self.process: subprocess.Popen[str] | None = None
        for app in sides.apps.values():
            app.after_request(self._strike)

    def arm(self, process: subprocess.Popen[str] | None = None) -> None:
        """The next write of this process is its last."""
        self.process = process
        self.struck.clear()
        self._armed.set()

    def _strike(self, answer: Response) -> Response:
        api = request.path.startswith(("/accounts", "/payroll.xro"))
        if api and request.method in WRITING and self.process and self._armed.is_set():
            self._armed.clear()
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(LONGEST)
            self.struck.set()
        return answer


class Agent:
    """Commands over one agent.ini; each is a process of its own."""

    def __init__(self, stage: Stage, scenario: Scenario, ini: Path) -> None:
        self.port = _free_port()
        page = f"\n[page]\npassword_hash = {generate_password_hash(PASSWORD)}\n"
        text = stage.settings(scenario).replace("8799", str(self.port)) + page
        ini.write_text(text, encoding="utf-8")
        self._ini = ini

    @property
    def page(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self, *command: str) -> subprocess.Popen[str]:
        """A command under way."""
        return subprocess.Popen(
            [sys.executable, "-m", "agent", command[0], "--config", str(self._ini), *command[1:]],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def done(self, *command: str) -> tuple[int, str]:
        """A command to its end: exit code and what it printed."""
        process = self.start(*command)
        said, _ = process.communicate(timeout=LONGEST)
        return process.returncode, said

    def told(self, *command: str) -> Any:
        """What a command prints as JSON."""
        _, said = self.done(*command, "--json", "--quiet")
        return json.loads(said)

    def serving(self) -> subprocess.Popen[str]:
        """`run`, once its page answers."""
        process = self.start("run")
        waited_for(lambda: _status(f"http://127.0.0.1:{self.port}/healthz") == 200)
        return process

    def hook(self, id: str, data: Mapping[str, Any], now: Any) -> int:
        """A save in eSS as its sender posts it; the status of the answer, 0 for none."""
        body = json.dumps({"type": "employee.saved", "timestamp": now.isoformat(), "data": data})
        headers = {
            "content-type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(HOOK_SECRET).sign(id, now, body),
        }
        address = f"http://127.0.0.1:{self.port}/hooks/ess"
        return _status(urllib.request.Request(address, body.encode(), headers, method="POST"))

    def signed_in(self) -> Browser:
        """A person at the page."""
        browser, door = Browser(), f"{self.page}/sign-in"
        values = form_values(browser.get(door))
        browser.submit(door, {**values, "user": "admin", "password": PASSWORD})
        return browser


def end(process: subprocess.Popen[str]) -> None:
    """End it in good order."""
    process.terminate()
    process.communicate(timeout=LONGEST)


def waited_for(seen: Any) -> None:
    """Look until it is so. The wait is for another process; nothing here is timed."""
    turn = threading.Event()
    for _ in range(int(LONGEST / LOOK)):
        if seen():
            return
        turn.wait(LOOK)
    raise AssertionError("it did not come")


def _status(asked: str | urllib.request.Request) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(asked, timeout=LONGEST) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
