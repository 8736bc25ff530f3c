"""A real HTTP server on loopback that answers as it is told, one scripted reply a request."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Says:
    """An answer to give.

    `drop`: close the connection instead. `hold`: wait for this first. `keep`: keep the
    connection.
    """

    status: int = 200
    body: bytes | str = "{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    keep: bool = False
    hold: threading.Event | None = None


class LocalServer:
    """Gives the scripted answers in turn, the last one for ever; or asks a function."""

    def __init__(self, *script: Says | Callable[[Seen], Says]) -> None:
        self.script = list(script)
        self.seen: list[Seen] = []
        self.connections = 0
        self._lock = threading.Lock()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                owner.connections += 1
                super().setup()

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                seen = Seen(self.command, self.path, dict(self.headers), body)
                owner._answer(self, seen)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

            def log_message(self, format: str, *args: object) -> None:
                """Tests are silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        with self._lock:
            self.seen.append(seen)
            step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        says = step if isinstance(step, Says) else step(seen)
        if says.hold:
            says.hold.wait(5)
        handler.close_connection = not says.keep
        if says.drop:
            return
        body = says.body.encode() if isinstance(says.body, str) else says.body
        handler.send_response(says.status)
        if not says.keep:
            handler.send_header("Connection", "close")
        for name, value in {"Content-Length": str(len(body)), **says.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
