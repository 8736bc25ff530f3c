"""How a command and the running agent prove to each other that both hold the same key, which never travels.

The command says hello with a random number of its own, and sends nothing more before the other end has answered
with a keyed mark over that number: whoever merely listens on the agent's port learns no password. Every request
then carries a keyed mark of its own over the agent's random number, which is good once. Both marks are bound to
the agent's address, so nobody in between can pass them on.
"""

import hmac
import json
import secrets
import socket
import threading
from collections import OrderedDict
from collections.abc import Callable

from agent.config import Settings

SCHEME = "Proof"
NONCE_BYTES = 32
NONCE_LENGTH = 2 * NONCE_BYTES
MOST_OPEN = 1000
LOOPBACK = frozenset({"127.0.0.1", "::1"})
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}

NewNonce = Callable[[], str]


def new_nonce() -> str:
    """A random number that nobody has seen before, in hexadecimal digits."""
    return secrets.token_hex(NONCE_BYTES)


def local_address(settings: Settings) -> str:
    """Where this machine finds the agent: host and port."""
    host = settings.agent.host
    named = EVERYWHERE.get(host, f"[{host}]" if ":" in host else host)
    return f"{named}:{settings.agent.port}"


def near(host: str) -> frozenset[str]:
    """The addresses that a caller from this machine has, of an agent that listens on `host`: a connection to a
    machine's own address comes from that same address.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return LOOPBACK
    return LOOPBACK | {str(address[0]) for *_, address in found}


def agents_proof(token: str, address: str, callers: str, own: str) -> str:
    """What the agent answers to a hello: only whoever has the token can."""
    return _mark(token, "agent", address, callers, own)


def callers_proof(token: str, address: str, agents: str, method: str, path: str) -> str:
    """What a command sends with one request."""
    return _mark(token, "command", address, agents, method, path)


class Proofs:
    """The agent's side: answers hellos, and tells whether a request comes from whoever has the token."""

    def __init__(self, token: str, address: str, nonce: NewNonce = new_nonce) -> None:
        self._token = token
        self._address = address
        self._nonce = nonce
        self._open: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def hello(self, callers: str) -> dict[str, str]:
        """The agent's number for one request, with the mark that proves the agent."""
        own = self._nonce()
        with self._lock:
            self._open[own] = None
            while len(self._open) > MOST_OPEN:
                self._open.popitem(last=False)
        return {"nonce": own, "proof": agents_proof(self._token, self._address, callers, own)}

    def holds(self, header: str, method: str, path: str) -> bool:
        """Whether this Authorization header proves the caller, for this request. A number is good once."""
        scheme, _, given = header.partition(" ")
        own, _, proof = given.partition(":")
        with self._lock:
            fresh = own in self._open
            self._open.pop(own, None)
        wanted = callers_proof(self._token, self._address, own, method, path)
        return fresh and scheme == SCHEME and hmac.compare_digest(proof.encode(), wanted.encode())


def _mark(token: str, *parts: str) -> str:
    """HMAC-SHA256 of the parts as a JSON list, where none run together."""
    return hmac.digest(token.encode(), json.dumps(parts).encode(), "sha256").hex()
