"""What the page keeps shut: headers, hosts, scripts and forms."""

import re

import pytest

from agent.page.guard import allowed_hosts, headers
from tests.browser.house import Clock, PlainDesk, Visitor, page_app

HTTPS = "[agent]\npublic_url = https://agent.example.com\n"
CALLBACK = "/connect/xero/callback?state=s1&code=c1"


@pytest.fixture
def desk() -> PlainDesk:
    return PlainDesk()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def visitor(desk: PlainDesk, clock: Clock) -> Visitor:
    """Somebody who has not signed in."""
    return Visitor(page_app(desk, clock))


@pytest.fixture
def inside(visitor: Visitor) -> Visitor:
    """The same, signed in."""
    assert visitor.sign_in()[0] == 303
    return visitor


@pytest.mark.parametrize(
    "path",
    ["/", "/sign-in", "/healthz", "/api/status", "/static/page.css", "/nowhere", "/hooks/ess"],
)
def test_every_answer_is_shut(visitor: Visitor, path: str) -> None:
    with visitor.client.get(path, base_url=visitor.base) as answer:
        found = answer.headers
    policy = found["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert found["X-Content-Type-Options"] == "nosniff"
    assert found["X-Frame-Options"] == "DENY"
    assert found["Referrer-Policy"] == "no-referrer"
    assert found["Cache-Control"] == "no-store"


def test_no_page_has_a_script_or_style_of_its_own(inside: Visitor) -> None:
    for text in (inside.get("/")[1], inside.get("/nowhere")[1]):
        assert "<style" not in text and " style=" not in text and not re.search(r" on[a-z]+=", text)
        assert re.findall(r"<script(?! src=)", text) == []


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8710",
        "localhost",
        "localhost:9999",
        "127.0.0.1.evil.example:8710",
    ],
)
@pytest.mark.parametrize("path", ["/", "/healthz", "/hooks/ess", "/static/page.css"])
def test_a_foreign_host_is_refused(visitor: Visitor, host: str, path: str) -> None:
    answer = visitor.client.get(path, base_url=f"http://{host}")
    assert answer.status_code == 421
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    "host", ["localhost:8710", "LOCALHOST:8710", "127.0.0.1:8710", "[::1]:8710"]
)
def test_this_machines_own_names_are_taken(visitor: Visitor, host: str) -> None:
    assert visitor.client.get("/healthz", base_url=f"http://{host}").status_code == 200


def test_the_public_name_is_taken_without_its_usual_port() -> None:
    assert "agent.example.com" in allowed_hosts("https://agent.example.com:443", "0.0.0.0", 8710)
    assert "agent.example.com:8443" in allowed_hosts("https://agent.example.com:8443", "::", 8710)


def test_a_form_leads_to_this_agent_and_nowhere_else() -> None:
    policy = headers()["Content-Security-Policy"]
    assert policy.partition("form-action ")[2].split(";")[0].split() == ["'self'"]
