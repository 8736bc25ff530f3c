"""What a request may look like before any of our code sees it: its size by its path, its speed, its form.

Works inside waitress, which else keeps a body of a gigabyte on disk before the application may refuse it. Promises: no
more is kept of a body than its path can need, whatever its Content-Length says; a request that drips is let go of;
what is no HTTP is a short 4xx with the page's own headers, and never a 5xx, an echo or a broken connection.
"""

from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError

from agent.app import LARGEST_REQUEST
from agent.page.control import FORWARDED, LARGEST_PLAN
from agent.page.guard import headers
from webhooks.receiver import LARGEST_BODY, PATH

CONTROL = "/control/"
FRAMES = 8
PASSED_ON = tuple(name.upper().replace("-", "_") for name in FORWARDED)  # as waitress names them
REASONS = {400: "Bad Request", 413: "Content Too Large", 431: "Request Header Fields Too Large"}


class Refusal:
    """The answer to what is no request, in the form that waitress asks of an error."""

    def __init__(self, code: int) -> None:
        self.code = code if code in REASONS else 400

    def to_response(self, ident: object = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """Status, headers and body; nothing of the request is repeated."""
        reason = REASONS[self.code]
        kind = ("Content-Type", "text/plain; charset=utf-8")
        return f"{self.code} {reason}", [kind, *headers().items()], f"{reason}\n".encode()


class Parser(HTTPRequestParser):  # type: ignore[misc] # waitress has no types
    """One request as it comes in. `is_near`: its caller is on this machine, and may send a whole plan."""

    adj: Any
    body_rcv: Any
    chunked: bool
    error: Any
    _most = LARGEST_BODY

    def __init__(self, adj: Any, is_near: bool) -> None:
        super().__init__(adj)
        self._all = adj
        self._is_near = is_near

    def received(self, data: bytes) -> int:
        """How many of these bytes belong to this request."""
        taken = int(super().received(data))
        if self.chunked and self.error is None and len(self.body_rcv) > self._most:
            self.error = Refusal(413)
            self.completed = True
        if self.error is not None and not isinstance(self.error, Refusal):
            self.error = Refusal(self.error.code)
            self.expect_continue = False  # nobody is asked to go on with what is refused
        return taken

    def parse_header(self, header_plus: bytes) -> None:
        """The first line and the headers; then it is known how large the body may be."""
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # a bracket that opens no address, a length of 5,000 digits
            raise ParsingError("unreadable") from error
        # A proxy on this machine is near, and whoever it speaks for is not: the door of the commands refuses them too.
        is_near = self._is_near and not any(name in self.headers for name in PASSED_ON)
        self._most = largest(self.path, is_near)
        # waitress counts a chunked body with its frames, six bytes for a chunk of one: what is in it is counted above.
        self.adj = _Room(self._all, FRAMES * self._most if self.chunked else self._most)


class _Room:
    """waitress's settings, but for how large this body may be."""

    def __init__(self, adj: Any, most: int) -> None:
        self._adj = adj
        self.max_request_body_size = (
            most + 1
        )  # waitress refuses what is as large, we what is larger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adj, name)


class Channel(HTTPChannel):  # type: ignore[misc] # waitress has no types
    """One connection. `near` are the addresses that a caller on this machine has."""

    near: frozenset[str] = frozenset()
    last_activity: float
    _begun = 0.0

    def parser_class(self, adj: Any) -> Parser:
        """A parser for the next request."""
        self._begun = 0.0
        where = self.addr[0] if isinstance(self.addr, tuple) else ""
        return Parser(adj, where in self.near)

    def received(self, data: bytes) -> bool:
        """Bytes of the other end. While a request is unfinished its first byte counts as the last sign of life, so that
        one that drips is closed like one that is silent.
        """
        taken = bool(super().received(data))
        if self.request is not None:
            self._begun = self._begun or self.last_activity
            self.last_activity = self._begun
        return taken


def largest(path: str, is_near: bool) -> int:
    """The bytes that a body for this path may have."""
    if path == PATH:
        return LARGEST_BODY
    return LARGEST_PLAN if is_near and path.startswith(CONTROL) else LARGEST_REQUEST
