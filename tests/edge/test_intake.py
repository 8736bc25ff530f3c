"""What waitress lets through to the agent: sizes by path, whatever is said of them, and connections that drip (H1, S4)."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, request
from waitress.adjustments import Adjustments

from agent.page.guard import headers
from agent.service import Server
from agent.service.intake import Channel, Parser, largest
from tests.fuzz.raw import heard

KIB = 1024


@pytest.fixture
def seen() -> list[int]:
    """The sizes of the bodies that reached the application."""
    return []


@pytest.fixture
def server(seen: list[int]) -> Iterator[Server]:
    app = Flask(__name__)

    @app.route("/<path:path>", methods=["GET", "POST"])
    def any_path(path: str) -> str:
        seen.append(len(request.get_data()))
        return f"from {request.remote_addr}"

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    made = Server(app, "127.0.0.1", port)
    yield made
    made.stop()


def port_of(server: Server) -> int:
    return int(server._server.effective_port)


def posted(path: str, size: int, **more: str) -> bytes:
    told = {"Host": "x", "Content-Length": str(size), "Connection": "close"} | more
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {text}" for name, text in told.items()), "", ""]
    return "\r\n".join(lines).encode() + b"x" * size


def chunked(path: str, size: int) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    pieces = [b"1000\r\n" + b"x" * 4096 + b"\r\n"] * (size // 4096)
    rest = size % 4096
    return head.encode() + b"".join(pieces) + b"%x\r\n" % rest + b"x" * rest + b"\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("path", "most"), [("/hooks/ess", 64 * KIB), ("/sign-in", 128 * KIB), ("/other", 128 * KIB)]
)
@pytest.mark.parametrize("form", [posted, chunked])
def test_H1_a_body_is_refused_before_the_application_once_it_is_too_large(
    server: Server, seen: list[int], form: Callable[[str, int], bytes], path: str, most: int
) -> None:
    assert heard(port_of(server), form(path, most)).statuses == [200]
    assert seen == [most]
    # Unread bytes may make the system drop the answer: then there is none, and never another one.
    assert set(heard(port_of(server), form(path, most + 1)).statuses) <= {413}
    assert seen == [most]


def test_H1_a_length_that_is_too_large_is_refused_before_any_of_it_came(
    server: Server, seen: list[int]
) -> None:
    for told in ("65537", "99999999999999", "9" * 4000):
        head = posted("/hooks/ess", 0, **{"Content-Length": told})
        assert heard(port_of(server), head).statuses == [413], told
    assert heard(
        port_of(server), posted("/hooks/ess", 0, **{"Content-Length": "9" * 5000})
    ).statuses == [400]
    assert seen == []


def test_H1_a_length_that_lies_brings_no_more_and_no_less_than_it_says(
    server: Server, seen: list[int]
) -> None:
    short = posted("/hooks/ess", 100, **{"Content-Length": "10"})
    assert heard(port_of(server), short).statuses[0] == 200
    assert seen == [10]
    both = chunked("/hooks/ess", 70 * KIB).replace(b"\r\n", b"\r\nContent-Length: 5\r\n", 1)
    assert set(heard(port_of(server), both).statuses) <= {413}
    assert (
        heard(port_of(server), posted("/hooks/ess", 5, **{"Content-Length": "50"})).statuses == []
    )
    assert seen == [10]


def test_a_saved_plan_may_be_large_on_this_machine_and_nowhere_else() -> None:
    assert largest("/control/apply", is_near=True) == 64 * KIB * KIB
    assert largest("/control/apply", is_near=False) == 128 * KIB
    assert largest("/controls", is_near=True) == 128 * KIB


@pytest.mark.parametrize("name", ["Forwarded", "X-Forwarded-For", "X-Real-Ip"])
def test_a_saved_plan_may_not_be_large_through_a_proxy_on_this_machine(name: str) -> None:
    for header, refused in ((f"{name}: 203.0.113.7\r\n", True), ("", False)):
        parser = Parser(Adjustments(), is_near=True)
        start = f"POST /control/apply HTTP/1.1\r\nHost: x\r\n{header}"
        parser.received(f"{start}Content-Length: {1024 * KIB}\r\n\r\n".encode())
        assert (parser.error is not None) is refused


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400),  # waitress says 501
        (b"GET http://[ HTTP/1.1\r\n\r\n", 400),  # and here nothing, with a trace in its log
        (b"<script>alert(1)</script>\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 33_000 + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nsecret\r\n", 400),
    ],
)
def test_S4_what_is_no_request_is_a_short_4xx_that_repeats_nothing(
    server: Server, caplog: pytest.LogCaptureFixture, sent: bytes, status: int
) -> None:
    told = heard(port_of(server), sent)
    assert told.statuses == [status]
    head, _, body = told.answer.decode().partition("\r\n\r\n")
    assert len(body) < 40 and "script" not in body and "secret" not in body
    for name, value in headers().items():
        assert f"{name}: {value}" in head
    assert "Server:" not in head
    assert [r for r in caplog.records if r.levelname == "ERROR"] == []


def test_who_is_asked_to_go_on_is_not_whoever_was_refused(server: Server) -> None:
    head = posted("/hooks/ess", 0, **{"Content-Length": "65537", "Expect": "100-continue"})
    assert heard(port_of(server), head).statuses == [413]


def test_a_request_that_drips_counts_from_its_first_byte() -> None:
    channel: Any = Channel.__new__(Channel)
    channel.adj = type("Adj", (), {"max_request_header_size": 1000, "url_scheme": "http"})()
    channel.addr, channel.request, channel.requests = ("127.0.0.1", 1), None, []
    channel.requests_lock = __import__("threading").Lock()
    channel.sent_continue = channel.will_close = channel.close_when_flushed = False
    for now, piece in enumerate((b"GET /", b" HT", b"TP/1.1\r\n", b"Host:"), 100):
        channel.last_activity = float(now)  # as waitress does with every byte
        channel.received(piece)
        assert channel.last_activity == 100.0
    assert isinstance(channel.request, Parser)


@pytest.mark.parametrize(
    ("trusted", "address"),
    [("", "127.0.0.1"), ("127.0.0.1", "192.0.2.7"), ("192.0.2.1", "127.0.0.1")],
)
def test_X_Forwarded_For_is_believed_of_the_proxy_of_the_settings_alone(
    server: Server, trusted: str, address: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    made = Server(server._server.application, "127.0.0.1", port, trusted)
    told = {"X-Forwarded-For": "203.0.113.9, 192.0.2.7"}
    answer = heard(port, posted("/any", 0, **told)).answer
    made.stop()
    assert answer.endswith(f"from {address}".encode())
