"""A page over a desk that only remembers what it was asked, with rows as a small company would have them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from flask import Flask
from flask.testing import FlaskClient

from agent import report
from agent.app import create_app
from agent.config import Settings, parse
from agent.page.desk import Option
from agent.records import Agreed, Attention, Binding, Change, Connection, Link, Run, Save
from webhooks.receiver import receiver

NOW = datetime(2026, 11, 23, 1, 40, tzinfo=UTC)  # 12:40 pm in Sydney
PASSWORD = "correct horse battery"
SECRET_KEY = b"k" * 32
HOOK_SECRET = "whsec_c3ludGhldGljLXNlY3JldC1vZi10aGUtdGVzdHM="

INI = f"""
[hra]
client_id = a
client_secret = b
[xero]
client_id = c
client_secret = d
[sync]
authoritative_system = hra
automatic_export = yes
[hooks]
secret = {HOOK_SECRET}
"""


def settings(extra: str = "") -> Settings:
    """Settings as a small agent.ini gives them; `extra` are more lines, with their sections."""
    return parse(INI + extra, {})


def ago(**given: float) -> datetime:
    return NOW - timedelta(**given)


BOUND = Binding("acc", "Harbour & Pine", "ten", "Harbour & Pine Pty Ltd")
PROVED = {
    "hra": Connection(
        "hra", True, "m.tran@harbourpine.example", ago(minutes=2), "", ("read:clear-tax-details",)
    ),
    "xero": Connection("xero", True, "Harbour & Pine Pty Ltd", ago(minutes=2)),
}


def link(number: int, **given: object) -> Link:
    made = Link(f"l{number}", f"h{number}", f"x{number}", str(number), {"email": Agreed("a", "b")})
    return replace(made, **given)  # type: ignore[arg-type]


LINKS = tuple(
    link(number, open={"home_address": "cannot_travel"} if number == 1017 else {})
    for number in range(1001, 1044)
)
ATTENTION = (
    Attention(
        "link:l1017",
        "cannot-travel",
        "Home address lies outside Australia; Xero Payroll takes Australian states only. Everything else of this "
        "record still travels.",
        ("home_address",),
        "h1017",
        "x1017",
        "1017",
        since=ago(days=2),
        id="a1",
    ),
    Attention(
        "link:l1029",
        "conflict",
        "Bank accounts: both sides changed, differently. Make them equal on one side; the agent then goes on.",
        ("bank_accounts",),
        "h1029",
        "x1029",
        "1029",
        since=ago(hours=5),
        id="a2",
    ),
    Attention(
        "org",
        "notice",
        "The tax file numbers of 3 people cannot go to Xero: HRA Cloud shows them masked.",
        needs_person=False,
        since=ago(days=3),
        id="a3",
    ),
)
RUNS = (
    Run(
        "r3", "export", "schedule", ago(minutes=12), ago(minutes=11), "attention", "", 43, 43,
        {"records": 43, "to_xero": 3, "held": 1, "calls_hra": 9, "calls_xero": 12},
    ),
    Run(
        "r2", "import", "page", ago(hours=3, minutes=5), ago(hours=3), "done", "", 43, 43,
        {"records": 43, "to_hra": 18, "agreed": 800, "calls_hra": 18, "calls_xero": 46},
    ),
    Run(
        "r1", "export", "schedule", ago(hours=27), ago(hours=27), "failed",
        "Xero cannot be reached at the moment. The agent tries again by itself; check the network if it lasts.",
    ),
)  # fmt: skip
CHANGES = (
    Change(ago(minutes=8), "h1042", "x1042", "1042", ("mobile",), "to_xero", "eSS"),
    Change(
        ago(minutes=12), "h1003", "x1003", "1003", ("home_address", "phone"), "to_xero", "export"
    ),
    Change(
        ago(hours=3),
        "h1011",
        "x1011",
        "1011",
        ("annual_leave", "personal_leave"),
        "to_hra",
        "import",
    ),
    Change(ago(days=1, hours=4), "h1029", "x1029", "1029", ("job_title",), "to_xero", "eSS"),
)
WAITING = (
    Save(
        "w1", "h1020", ("bank-accounts",), ago(minutes=6), 2, 0, NOW + timedelta(minutes=5),
        "Xero cannot be reached at the moment. The agent tries again by itself.",
    ),
)  # fmt: skip


def shown(**given: object) -> report.Status:
    """The status of the rows above, but for what is given."""
    rows: dict[str, object] = {
        "settings": settings(),
        "binding": BOUND,
        "connections": PROVED,
        "links": LINKS,
        "attention": ATTENTION,
        "runs": RUNS,
        "changes": CHANGES,
        "waiting": WAITING,
        "next_run": NOW + timedelta(hours=2, minutes=20),
        "day_left": 4612,
        "now": NOW,
    }
    return report.status(**(rows | given))  # type: ignore[arg-type]


class PlainDesk:
    """Answers from its attributes; `asked` is what the page wanted. `trouble` is raised by everything."""

    def __init__(self) -> None:
        self.state = shown()
        self.asked: list[tuple[str, ...]] = []
        self.options: tuple[Option, ...] = ()
        self.why_not = ""
        self.well = (True, "ok")
        self.goes_to = "https://login.xero.com/identity/connect/authorize?state=s1"
        self.trouble: Exception | None = None

    def status(self) -> report.Status:
        self._ask("status")
        return self.state

    def start(self, kind: str, mode: str = "authoritative") -> str:
        self._ask("start", kind, mode)
        return self.why_not

    def connect(self, side: str) -> str:
        self._ask("connect", side)
        return self.goes_to

    def connected(self, side: str, state: str, code: str) -> tuple[Option, ...]:
        self._ask("connected", side, state, code)
        return self.options

    def choose(self, side: str, id: str) -> None:
        self._ask("choose", side, id)

    def health(self) -> tuple[bool, str]:
        self._ask("health")
        return self.well

    def check_password(self, user: str, password: str) -> bool:
        self._ask("check", user)
        return (user, password) == ("admin", PASSWORD)

    def _ask(self, *what: str) -> None:
        self.asked.append(what)
        if self.trouble:
            raise self.trouble


class Clock:
    """A clock that goes where a test puts it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def page_app(desk: PlainDesk, clock: Clock, extra: str = "") -> Flask:
    """The application, with the real hook receiver."""
    hooks = receiver([HOOK_SECRET], lambda: "acc", lambda id, event: True, lambda: None, clock)
    return create_app(desk, settings(extra), secret_key=SECRET_KEY, hooks=hooks, clock=clock)


class Visitor:
    """A person with a browser that has no JavaScript. Every form carries the token of the page that it stands on."""

    def __init__(self, app: Flask, base: str = "http://localhost:8710") -> None:
        self.base = base
        self.client: FlaskClient = app.test_client()

    def get(self, path: str) -> tuple[int, str]:
        answer = self.client.get(path, base_url=self.base)
        return answer.status_code, answer.get_data(as_text=True)

    def token(self, path: str) -> str:
        return self.get(path)[1].partition('name="csrf_token" value="')[2].partition('"')[0]

    def post(self, path: str, on: str, **form: str) -> tuple[int, str, str]:
        """Press a button that stands on the page `on`; the status, the text and where it leads."""
        data = {"csrf_token": self.token(on), **form}
        answer = self.client.post(path, base_url=self.base, data=data)
        return answer.status_code, answer.get_data(as_text=True), answer.headers.get("Location", "")

    def sign_in(self, password: str = PASSWORD) -> tuple[int, str, str]:
        return self.post("/sign-in", "/sign-in", user="admin", password=password)
