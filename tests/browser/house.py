"""A page over a desk that only remembers what it was asked, and a visitor without JavaScript."""

from datetime import datetime

from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache

from agent import report
from agent.app import create_app
from agent.errors import AgentError
from agent.page.desk import Option
from agent.page.views import ADMIN
from agent.records import (
    Choice,
    Link,
    User,
)
from agent.sync.report import Opened
from tests.browser.opened import OPENED
from tests.browser.rows import HOOK_SECRET, LINKS, NOW, settings, shown
from webhooks.receiver import receiver

PASSWORD = "correct horse battery"
SECRET_KEY = b"k" * 32


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
        self.refuses: AgentError | None = None  # by `opened` and `answer` only
        self.people: tuple[User, ...] = ()
        self.alone: tuple[str, ...] = ()
        self.choices: list[Choice] = []
        self.says = "Done."
        self.ended = ("", "")  # the sign-in that came back without success, and its state

    def status(self) -> report.Status:
        self._ask("status")
        return self.state

    def start(
        self, kind: str, mode: str = "authoritative", actor: str = "page", fresh: bool = False
    ) -> str:
        self._ask("start", kind, mode, actor, *(["fresh"] if fresh else []))
        return self.why_not

    def opened(self, attention_id: str) -> Opened:
        self._ask("opened", attention_id)
        if self.refuses:
            raise self.refuses
        return OPENED[attention_id]

    def answer(self, choice: Choice) -> str:
        self._ask("answer", choice.verb, choice.id)
        if self.refuses:
            raise self.refuses
        self.choices.append(choice)
        return self.says

    def links(self) -> tuple[Link, ...]:
        self._ask("links")
        return LINKS

    def ignored(self) -> tuple[str, ...]:
        return self.alone

    def disconnect(self, side: str, actor: str) -> str:
        self._ask("disconnect", side, actor)
        return self.says

    def switch_on(self, actor: str) -> None:
        self._ask("switch_on", actor)

    def users(self) -> tuple[User, ...]:
        return self.people

    def connect(self, side: str, actor: str = "page") -> str:
        self._ask("connect", side, actor)
        return self.goes_to

    def connected(self, side: str, state: str, code: str) -> tuple[Option, ...]:
        self._ask("connected", side, state, code)
        return self.options

    def refused(self, side: str, state: str, told: str) -> None:
        self.ended = (side, state)

    def choose(self, side: str, id: str) -> None:
        self._ask("choose", side, id)

    def health(self) -> tuple[bool, str]:
        self._ask("health")
        return self.well

    def check_password(self, user: str, password: str) -> bool:
        self._ask("check", user)
        known = {ADMIN, *(one.name for one in self.people)}
        return user in known and password == PASSWORD

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


class Compiled(BytecodeCache):
    """The templates of all applications of one test run, compiled once."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


def page_app(desk: PlainDesk, clock: Clock, extra: str = "") -> Flask:
    """The application, with the real hook receiver."""
    hooks = receiver([HOOK_SECRET], lambda: "acc", lambda id, event: True, lambda: None, clock)
    app = create_app(desk, settings(extra), secret_key=SECRET_KEY, hooks=hooks, clock=clock)
    app.jinja_env.bytecode_cache = COMPILED
    return app


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

    def sign_in(self, password: str = PASSWORD, user: str = ADMIN) -> tuple[int, str, str]:
        return self.post("/sign-in", "/sign-in", user=user, password=password)


def inside(desk: PlainDesk, user: str = ADMIN) -> Visitor:
    """Somebody who is signed in."""
    visitor = Visitor(page_app(desk, Clock()))
    assert visitor.sign_in(user=user)[0] == 303
    return visitor
