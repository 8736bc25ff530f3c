"""A real agent over a folder of its own, bound to an account but signed in nowhere, for requests of every kind; and what no
answer of it may hold.
"""

import base64
import hmac
import re
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash

from agent.config import parse
from agent.records import Attention, Binding, User
from agent.service import Service
from agent.wiring import Times, real_times

PORT = 8710
BASE = f"http://localhost:{PORT}"
PASSWORD = "correct horse battery"
HOOK_KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + base64.b64encode(HOOK_KEY).decode()
CHEAP = "pbkdf2:sha256:1"
ACCOUNT, EMPLOYEE = "acc1", "emp7"
CLIENT_SECRET = "the-secret-of-the-client"
TOKEN = "a-refresh-token-of-xero"
SETTINGS = f"""\
[agent]
port = {PORT}
[hra]
api_url = http://127.0.0.1:9
login_url = http://127.0.0.1:9
client_id = hra-client
client_secret = {CLIENT_SECRET}
[xero]
api_url = http://127.0.0.1:9
login_url = http://127.0.0.1:9
identity_url = http://127.0.0.1:9
client_id = xero-client
client_secret = {CLIENT_SECRET}
[sync]
authoritative_system = hra
[hooks]
secret = {SECRET}
"""
TRACES = re.compile(r'Traceback|File "[^"]*\.py"|site-packages|werkzeug\.|jinja2\.|agent\.errors')


def times() -> Times:
    """Real clocks, and no waiting."""
    return replace(real_times(), sleep=lambda seconds: None, pause=_no_pause)


def _no_pause(turn: threading.Condition, seconds: float) -> None:
    turn.wait(0)


class House:
    """The agent, and its visitors without a network."""

    def __init__(self, folder: Path) -> None:
        made = parse(SETTINGS, {})
        page = replace(made.page, password_hash=generate_password_hash(PASSWORD, CHEAP))
        self.settings = replace(made, agent=replace(made.agent, data_dir=folder), page=page)
        self.service = Service(self.settings, {}, times())
        store = self.service.pair.store
        store.bind(Binding(account_id=ACCOUNT, account_name="Harbour & Pine"))
        store.put_user(User("anna", generate_password_hash(PASSWORD, CHEAP)))
        rows = [
            Attention(f"employee:{n}", "conflict", "Both sides changed.", hra_id=f"emp{n}")
            for n in range(3)
        ]
        for row in rows:
            store.replace_attention(row.scope, (row,))
        self.rows = [row.id for row in store.attention()]
        self.secrets = (
            str(folder), CLIENT_SECRET, TOKEN, SECRET, PASSWORD, HOOK_KEY.decode(),
            self.service.pair.key.text(), self.settings.page.password_hash,
        )  # fmt: skip

    def close(self) -> None:
        """Everything comes to its end."""
        self.service.stop()

    def client(self) -> FlaskClient:
        """A visitor who has not signed in."""
        return self.service.app.test_client()

    def insider(self) -> tuple[FlaskClient, str]:
        """A visitor who is signed in, and the token of the page's forms."""
        client = self.client()
        form = {"csrf_token": token_in(client.get("/sign-in", base_url=BASE).text)}
        form |= {"user": "admin", "password": PASSWORD}
        assert client.post("/sign-in", base_url=BASE, data=form).status_code == 303
        return client, token_in(client.get("/", base_url=BASE).text)

    def told_too_much(self, text: str) -> list[str]:
        """What an answer holds and must not: a trace, a secret, a place on this machine."""
        held = [secret for secret in self.secrets if secret in text]
        return held + [found[0] for found in TRACES.finditer(text)]


def token_in(page: str) -> str:
    """The token of the forms of a page."""
    return page.partition('name="csrf_token" value="')[2].partition('"')[0]


def signed(body: bytes, id: str, now: float) -> Mapping[str, str]:
    """The headers of a hook from whoever has the secret."""
    mark = hmac.digest(HOOK_KEY, f"{id}.{int(now)}.".encode() + body, "sha256")
    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": "v1," + base64.b64encode(mark).decode(),
    }
