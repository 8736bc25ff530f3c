"""Serves a WSGI application with waitress, in a thread of its own, until it is told to end."""

import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from agent.page.proving import near
from agent.service.intake import Channel

THREADS = 8
MOST_CONNECTIONS = 200
PATIENCE = 60  # seconds for a whole request, and for silence between two
LARGEST_HEADERS = 32 * 1024
ENDING = 5.0  # seconds for the answers that are under way

Wsgi = Callable[..., Iterable[bytes]]


class Server:
    """A served application: waitress in a thread. `trusted_proxy`: the address whose X-Forwarded-For is believed, "" for
    nobody's. Raises OSError where the port is taken.
    """

    def __init__(self, app: Wsgi, host: str, port: int, trusted_proxy: str = "") -> None:
        self._sockets: dict[int, Any] = {}
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # Ours, for waitress leaves its own open where the port is taken.
        taken = socket.create_server((host, port), family=family)
        self._server = create_server(
            app,
            map=self._sockets,
            sockets=[taken],
            threads=THREADS,
            ident=None,
            # Only who called is believed of it, and kept: that one stands between is told by its headers (the door looks).
            trusted_proxy=trusted_proxy or None,
            trusted_proxy_headers={"x-forwarded-for"} if trusted_proxy else set(),
            clear_untrusted_proxy_headers=False,
            connection_limit=MOST_CONNECTIONS,
            channel_timeout=PATIENCE,
            max_request_header_size=LARGEST_HEADERS,
        )
        self._server.channel_class = type("Near", (Channel,), {"near": near(host)})
        self._thread = threading.Thread(target=self._server.run, name="serve", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer what was asked, take no more requests, and end."""
        self._server.task_dispatcher.shutdown(timeout=ENDING)
        wakers: list[Any] = [getattr(one, "trigger", None) for one in self._sockets.values()]
        for waker in [one for one in wakers if hasattr(one, "pull_trigger")][:1]:
            # Closed by the thread that serves them: browsers keep connections open for long.
            waker.pull_trigger(self._close_all)
        self._thread.join(ENDING)

    def _close_all(self) -> None:
        wasyncore.close_all(self._sockets, ignore_all=True)
