"""Bytes that look more or less like HTTP, for a real socket: right requests with something wrong in them, and plain noise."""

import random
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass

WAIT = 20.0  # seconds, after which an open connection counts as hanging
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
GLANCE = 0.05  # seconds for an answer, before it is said that nothing more comes
PATHS = (
    "/hooks/ess", "/", "/sign-in", "/healthz", "/links?find=%00", "/attention/1", "/connect/xero/callback?state=a&code=b",
    "/static/page.css", "/static/../../etc/passwd", "/control/status", "/control/hello", "//hooks/ess", "/%2e%2e/", "*",
    "http://[", "http://evil.example/", "/\xff\xfe", "/" + "a" * 3000,
)  # fmt: skip
METHODS = (
    "GET",
    "POST",
    "HEAD",
    "OPTIONS",
    "PUT",
    "DELETE",
    "TRACE",
    "CONNECT",
    "PRI",
    "post",
    "G\x00T",
    "",
)
VERSIONS = ("HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/9.9", "HTTP/1.1 ", "http/1.1", "")
HEADERS = (
    "Content-Length: 5", "Content-Length: -1", "Content-Length: +5", "Content-Length: 5, 5", "Content-Length: 0x5",
    "Content-Length: 99999999999999999999", "Content-Length: " + "9" * 5000, "Content-Length: 70000",
    "Transfer-Encoding: chunked", "Transfer-Encoding: gzip", "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: identity", "transfer-encoding : chunked", "Expect: 100-continue", "Expect: something",
    "Connection: keep-alive", "Connection: close", "Upgrade: websocket", "Host: evil.example", "Host: a, b", "Host:",
    "X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "Cookie: hra_xero_page=.e30.x.y", "Cookie: " + "a=b; " * 900,
    "Authorization: Proof a:b", "Authorization: Proof \xe9:\xff", "webhook-id: msg_1", "webhook-id: \x00",
    "webhook-timestamp: 99999999999999", "webhook-timestamp: now", "webhook-signature: v1,AAAA", "webhook-signature: \xff",
    "Content-Type: application/json", "Content-Type: application/x-www-form-urlencoded", "Content-Type: multipart/form-data",
    "Content-Type: multipart/form-data; boundary=" + "b" * 300, "Content-Type: \xff/;;;charset=\x00", "Range: bytes=9-1,-",
    "If-Modified-Since: yesterday", "Accept: */*;q=\xff", " folded", "no colon here", ": nothing", "A" * 40_000 + ": x",
)  # fmt: skip
BODIES = (
    b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"FFFFFFFF\r\n", b"-1\r\n", b"5;ext=\r\nhello\r\n0\r\n\r\n", b"{" * 2000,
    b"[" * 40_000, b"user=admin&password=" + b"x" * 5000, b"%" * 300, b"\x00" * 500, b"--b\r\nContent-Disposition: x\r\n\r\n",
    b'{"type": "employee.saved", "data": {"accountId": "acc1"}}', b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
)  # fmt: skip


@dataclass(frozen=True)
class Heard:
    """What came back: all bytes, and whether the connection came to its end."""

    answer: bytes
    ended: bool

    @property
    def statuses(self) -> list[int]:
        """Those of every answer, the 100 before a body among them."""
        return [int(found) for found in STATUS.findall(self.answer)]


def request(chance: random.Random, port: int) -> bytes:
    """One try: mostly a request with some faults, now and then noise."""
    if chance.random() < 0.1:
        return chance.randbytes(chance.randint(1, 400)) + chance.choice([b"", b"\r\n\r\n"])
    made = _plain(chance, port)
    for change in chance.choices(CHANGES, k=chance.choice([0, 0, 0, 1, 1, 2, 5])):
        made = change(chance, made)
    return made or b"\r\n"


def heard(port: int, sent: bytes) -> Heard:
    """What the agent says to these bytes. Once it stays silent, it is told that nothing more comes."""
    answer = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as line:
        try:
            line.sendall(sent)
            line.settimeout(GLANCE)
            _read(line, answer)
        except TimeoutError:
            ended = _hung_up(line, answer)
        except OSError:  # refused while it was still being sent
            ended = True
        else:
            ended = True
    return Heard(bytes(answer), ended)


def _hung_up(line: socket.socket, answer: bytearray) -> bool:
    try:
        line.settimeout(WAIT)
        line.shutdown(socket.SHUT_WR)
        _read(line, answer)
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def _read(line: socket.socket, answer: bytearray) -> None:
    while piece := line.recv(65536):
        answer += piece


def _plain(chance: random.Random, port: int) -> bytes:
    usual = chance.random() < 0.7
    method = chance.choice(METHODS[:3] if usual else METHODS)
    version = VERSIONS[0] if usual else chance.choice(VERSIONS)
    host = [f"Host: localhost:{port}"] if chance.random() < 0.95 else []
    headers = host + chance.choices(HEADERS, k=chance.choice([0, 0, 1, 1, 2, 4]))
    body = chance.choice(BODIES)
    if chance.random() < 0.5:
        headers.append(f"Content-Length: {len(body)}")
    lines = [f"{method} {chance.choice(PATHS)} {version}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def _flip(chance: random.Random, made: bytes) -> bytes:
    at = chance.randrange(len(made) + 1)
    return made[:at] + chance.randbytes(chance.randint(1, 3)) + made[at + 1 :]


def _cut(chance: random.Random, made: bytes) -> bytes:
    return made[: chance.randrange(len(made) + 1)]


def _double(chance: random.Random, made: bytes) -> bytes:
    return made + made


def _break_lines(chance: random.Random, made: bytes) -> bytes:
    return made.replace(
        b"\r\n", chance.choice([b"\n", b"\r", b"\r\r\n", b"\r\n "]), chance.randint(1, 3)
    )


def _put_in(chance: random.Random, made: bytes) -> bytes:
    at = chance.randrange(len(made) + 1)
    return made[:at] + chance.choice([b"\x00", b"\r\n", b"\xff" * 9, b" ", b"\r\n\r\n"]) + made[at:]


CHANGES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _flip, _flip, _cut, _double, _break_lines, _put_in,
)  # fmt: skip
