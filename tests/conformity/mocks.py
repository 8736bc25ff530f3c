"""Prism serving a vendor's own description as a mock server, and a front before it that both clients can speak
to.

Touches child processes and loopback ports, and ends both. Prism checks every request against the description
and answers with the vendor's own example records; what it finds wrong comes in the header `sl-violations`.
The front lays the mocks below the addresses that the vendors use (Prism serves without the base path), keeps
each exchange, and can let a test change an answer. The only slips taken out of a description are those of
`tests.contract.excused`.
"""

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
import yaml  # type: ignore[import-untyped]

from tests.contract.excused import EXCUSED
from tests.contract.openapi import CONTRACTS, FILES, contracts_dir

PRISM = Path(__file__).parent / "node_modules" / ".bin" / "prism"
LOOPBACK = "127.0.0.1"
READY_WITHIN = 60.0
DROPPED = frozenset({"connection", "content-length", "transfer-encoding", "host", "keep-alive"})
# Below which address each mock is found; Prism's own address has no base.
XERO_ROUTES = {"/payroll.xro/1.0/": "xero", "/connections": "xero-identity"}
HRA_ROUTES = {"/": "hra"}

Edit = Callable[[str, str, Any], Any]  # method, path, parsed answer -> the answer to give


def missing() -> str:
    """Why conformity cannot be tried here; empty where it can."""
    if contracts_dir() is None:
        return "the vendors' descriptions are not on this machine"
    if shutil.which("node") is None:
        return "node is not on this machine"
    return "" if PRISM.exists() else "Prism is not installed: make conformity installs it"


@dataclass(frozen=True)
class Exchange:
    """One request as it reached a mock, and what the mock said to it.

    `violations` are the request's; Prism also finds slips in the vendor's own examples, which are answers.
    """

    method: str
    path: str
    status: int
    violations: str
    body: bytes = field(repr=False)


class _NoTimestamps(yaml.SafeLoader):  # type: ignore[misc]
    """Leaves dates in examples as the texts that they are."""


_NoTimestamps.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rows if not tag.endswith(":timestamp")]
    for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def description(vendor: str) -> dict[str, Any]:
    """A vendor's description with its named slips taken out; unlisted faults stay unlisted."""
    text = (CONTRACTS / FILES[vendor]).read_text(encoding="utf-8")
    is_json = text.lstrip().startswith("{")
    described: dict[str, Any] = json.loads(text) if is_json else yaml.load(text, _NoTimestamps)
    for excuse in EXCUSED:
        if excuse.vendor == vendor and "not listed" not in excuse.reason:
            excuse.edit(described)
    return described


@contextmanager
def prism(vendor: str, folder: Path) -> Iterator[str]:
    """A mock of one vendor on a free port: its address. Raises RuntimeError when it does not start."""
    served = folder / f"{vendor}.json"
    served.write_text(json.dumps(description(vendor), default=str), encoding="utf-8")
    with socket.create_server((LOOPBACK, 0)) as found:
        port = found.getsockname()[1]
    log = folder / f"{vendor}.log"
    command = [str(PRISM), "mock", "--host", LOOPBACK, "--port", str(port), str(served)]
    with log.open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as child:
        try:
            _wait_for(port, child, log)
            yield f"http://{LOOPBACK}:{port}"
        finally:
            child.terminate()
            child.wait(10)


def _wait_for(port: int, child: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + READY_WITHIN
    while time.monotonic() < end and child.poll() is None:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("Prism did not start: " + log.read_text(errors="replace")[-500:])


class Front:
    """The address that a client is given. `exchanges`: what passed since `fresh`; `edit` may change answers."""

    def __init__(self, routes: Mapping[str, str], mocks: Mapping[str, str]) -> None:
        self.exchanges: list[Exchange] = []
        self.edit: Edit | None = None
        self._routes = sorted(routes.items(), key=lambda route: -len(route[0]))
        self._mocks = mocks
        self._session = requests.Session()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self) -> None:
                owner._pass_on(self)

            do_GET = do_POST = do_PUT = do_DELETE = pass_on

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: a line would hold names."""

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://{LOOPBACK}:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def fresh(self) -> None:
        """Forget what passed, and change no more answers."""
        self.exchanges.clear()
        self.edit = None

    def violations(self) -> list[str]:
        """Every request that was not as described, or met an address that is not."""
        return [
            f"{e.method} {e.path} -> {e.status} {e.violations or e.body[:200]!r}"
            for e in self.exchanges
            if e.violations or e.status >= 400
        ]

    def sent(self, method: str = "*") -> list[str]:
        """What was asked, in order: method and the last step of the path."""
        return [
            f"{e.method} {e.path.rpartition('/')[2]}"
            for e in self.exchanges
            if method in ("*", e.method)
        ]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._session.close()
        self._thread.join()

    def _pass_on(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        sent = handler.rfile.read(length)
        headers = {k: v for k, v in handler.headers.items() if k.lower() not in DROPPED}
        said = self._session.request(
            handler.command, self._target(handler.path), headers=headers, data=sent,
            timeout=30, allow_redirects=False,
        )  # fmt: skip
        path = handler.path.partition("?")[0]
        flaws = _of_the_request(said.headers.get("sl-violations", "[]"))
        self.exchanges.append(
            Exchange(handler.command, path, said.status_code, flaws, said.content)
        )
        body = said.content
        if self.edit and body:
            body = json.dumps(self.edit(handler.command, path, said.json())).encode()
        _answer(handler, said, body)

    def _target(self, path: str) -> str:
        for prefix, vendor in self._routes:
            if path.startswith(prefix):
                below = path if vendor != "xero" else "/" + path.removeprefix(prefix)
                return self._mocks[vendor] + below
        return next(iter(self._mocks.values())) + path


def _of_the_request(header: str) -> str:
    found = json.loads(header)
    return json.dumps(mine) if (mine := [f for f in found if f["location"][0] == "request"]) else ""


def _answer(handler: BaseHTTPRequestHandler, said: requests.Response, body: bytes) -> None:
    handler.send_response(said.status_code)
    for key, value in said.headers.items():
        if key.lower() not in DROPPED | {"content-encoding"}:
            handler.send_header(key, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
