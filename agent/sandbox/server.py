"""Serves a sandbox on loopback in a thread, and keeps count of the calls it got.

Touches one TCP port. It promises several requests at once, a connection that is really closed when a planned fault says
so (which is why it is werkzeug's threaded server and not waitress, whose socket no application can reach), and no log line.
"""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from flask import Flask, Response, request
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from agent.sandbox.faults import DROP_AFTER_FLAG, DROP_FLAG, below

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK = "127.0.0.1"
BACKLOG = 128
WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
DROPPED = 0  # the status noted for a call whose connection was closed without an answer


@dataclass(frozen=True)
class Call:
    """One call as the sandbox met it. `template` is the route (`/Employees/<id>`), without ids; no body, no query."""

    method: str
    path: str
    template: str
    status: int
    in_api: bool
    is_write: bool


class CallLog:
    """What a sandbox was asked, in order. Thread-safe. `app.config["CALLS"]` after `install`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def install(
        self, app: Flask, *, base: str, skip: Iterable[str] = ("/_sandbox", "/static")
    ) -> None:
        """Record every call of `app` but those under `skip`; API calls are those below `base`."""
        app.config["CALLS"] = self
        outside = tuple(skip)

        def note(answer: Response) -> Response:
            if not request.path.startswith("/_sandbox"):
                self.add(_as_call(answer.status_code, base, outside))
            return answer

        app.after_request(note)

    def add(self, call: Call) -> None:
        with self._lock:
            self._calls.append(call)

    def calls(self, method: str = "*", template: str = "*") -> tuple[Call, ...]:
        """API calls so far, of one method or one route where named."""
        with self._lock:
            known = tuple(self._calls)
        return tuple(
            c
            for c in known
            if c.in_api and method in ("*", c.method) and template in ("*", c.template)
        )

    @property
    def reads(self) -> int:
        return sum(not call.is_write for call in self.calls())

    @property
    def writes(self) -> int:
        return sum(call.is_write for call in self.calls())

    def counts(self) -> dict[str, Any]:
        """Counts for `GET /_sandbox/calls`: reads, writes, by route, by status; `other` is tokens and pages."""
        with self._lock:
            other = sum(not call.in_api for call in self._calls)
        api = self.calls()
        return {
            "total": len(api),
            "reads": self.reads,
            "writes": self.writes,
            "other": other,
            "by_route": dict(Counter(f"{c.method} {c.template}" for c in api)),
            "by_status": dict(Counter(str(c.status) for c in api)),
        }

    def reset(self) -> None:
        with self._lock:
            self._calls.clear()


def _as_call(status: int, base: str, outside: tuple[str, ...]) -> Call:
    path, in_api = below(base, request.path, outside)
    rule = request.url_rule.rule if request.url_rule is not None else path
    template = rule[len(base) :] if in_api and rule.startswith(base) else rule
    dropped = request.environ.get(DROP_FLAG) or request.environ.get(DROP_AFTER_FLAG)
    writes = in_api and request.method in WRITING
    return Call(request.method, path, template, DROPPED if dropped else status, in_api, writes)


class Served:
    """A running sandbox: `url`, `app`, `stop()`; as a context manager it stops at the end."""

    def __init__(self, app: Flask, server: BaseWSGIServer, port: int) -> None:
        self.app = app
        self.url = f"http://{LOOPBACK}:{port}"
        self.port = port
        self._server = server
        self._thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Let hanging calls go, take no more calls, close the port. Twice is fine."""
        faults = self.app.config.get("FAULTS")
        if faults is not None:
            faults.clear()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def serve(
    app: Flask,
    port: int = 0,
    latency_ms: int = 0,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Served:
    """Serve `app` on 127.0.0.1. `port` 0 takes a free one. `latency_ms` is spent half before, half after each call.

    Raises OSError when the port is taken.
    """
    inner: WSGIApplication = app.wsgi_app
    if latency_ms > 0:
        inner = _Delayed(inner, latency_ms / 2000, sleep)
    gate = app.config.get("GATE")  # counts who is inside at once, latency included
    if gate is not None:
        inner = gate(inner)
    with socket.create_server((LOOPBACK, port), backlog=BACKLOG) as taken:  # werkzeug would exit
        server = make_server(
            LOOPBACK, port, inner, threaded=True, request_handler=_Quiet, fd=taken.fileno()
        )
        return Served(app, server, taken.getsockname()[1])


class _Delayed:
    """Makes every call as slow as a distant one. The sandbox's own controls answer at once."""

    def __init__(
        self, inner: "WSGIApplication", half: float, sleep: Callable[[float], None]
    ) -> None:
        self._inner, self._half, self._sleep = inner, half, sleep

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        slow = not str(environ.get("PATH_INFO", "")).startswith("/_sandbox")
        if slow:
            self._sleep(self._half)
        body = self._inner(environ, start)
        if slow:
            self._sleep(self._half)
        return body


class _Quiet(WSGIRequestHandler):
    """Says nothing, and sends headers and body without waiting for each other."""

    disable_nagle_algorithm = True

    def connection_dropped(
        self, error: BaseException, environ: "WSGIEnvironment | None" = None
    ) -> None:
        """Close at once: werkzeug alone would wait for a next request on the same connection."""
        self.close_connection = True

    def log(self, type: str, message: str, *args: Any) -> None:
        """Nothing: a request line may carry names."""
