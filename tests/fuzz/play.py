"""Requests that schemathesis makes of docs/openapi.yaml, right ones and wrong ones, each sent by several visitors: strangers,
people who are signed in, senders with and without the hook's secret; and the judgement of every answer.
"""

import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, openapi
from schemathesis.checks import CHECKS, load_all_checks
from werkzeug.test import TestResponse

from agent.records import Binding
from tests.fuzz.house import ACCOUNT, BASE, EMPLOYEE, House, signed
from tests.fuzz.size import LONG
from tests.fuzz.test_described import SPEC

Case = Any  # schemathesis's own is generic over what no test here looks at
load_all_checks()
CONFORMING: Any = CHECKS.get_by_names(
    [
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)
EXAMPLES = 200 if LONG else 12  # of one operation and mode, before it is the next one's turn
HOOK, CALLBACK, SIGN_OUT = "POST /hooks/ess", "GET /connect/{side}/callback", "POST /sign-out"
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "ODD")
OUTSIDE = frozenset(
    {"host", "content-length", "content-type", "cookie", "connection", "accept-encoding"}
)


@dataclass(frozen=True)
class Sent:
    """A request as it goes out."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    kind: str
    described: bool = True  # False: another method than the operation has


@dataclass
class Played:
    """What was sent and answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    by_label: Counter[tuple[str, int]] = field(default_factory=Counter)
    slips: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many requests were answered."""
        return sum(self.statuses.values())


class Game:
    """Plays until so many requests are answered, or something is wrong."""

    def __init__(self, house: House, start: int) -> None:
        self._house = house
        self._random = random.Random(start)
        self._seed = start
        self._insider, self._token = house.insider()
        self.played = Played()

    def play(self, wanted: int) -> Played:
        """Every operation in turn."""
        ways = [
            (found, mode)
            for found in map(_operation, openapi.from_path(SPEC).get_all_operations())
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        ]
        while self.played.count < wanted and not self.played.slips:
            self._seed += 1
            for way in tuple(ways):
                self._house.service.pair.store.bind(Binding(account_id=ACCOUNT))
                try:
                    self._examples(*way)
                except Unsatisfiable:  # nothing that could be sent there is wrong
                    ways.remove(way)
                if LONG:
                    print(f"{self.played.count} requests", flush=True)
                    if self.played.count >= wanted:
                        break
        return self.played

    def _examples(self, operation: Any, mode: GenerationMode) -> None:
        @seed(self._seed)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode))
        def each(case: Case) -> None:
            for client, sent in self._visits(operation.label, case):
                self._judge(case, sent, _answer(client, sent, self._address()))

        each()

    def _visits(self, label: str, case: Case) -> Iterator[tuple[FlaskClient, Sent]]:
        sent = _prepared(case)
        stranger = self._house.client()
        yield stranger, sent
        yield stranger, self._by_another_method(sent)
        if label == HOOK:
            yield stranger, self._signed(sent, case)
            yield stranger, self._signed(_about_us(sent), case)
            yield stranger, self._signed(self._spoilt(sent), case)
            return
        if label == CALLBACK:
            yield stranger, self._with_a_state(sent, case)
        yield self._insider, sent
        if sent.method == "POST":
            yield self._insider, self._with_token(sent)
            if label == SIGN_OUT:
                self._insider, self._token = self._house.insider()

    def _signed(self, sent: Sent, case: Case) -> Sent:
        given_id = str((case.headers or {}).get("webhook-id", ""))
        fits = 0 < len(given_id) < 256 and given_id.isascii() and given_id.isprintable()
        plain = fits and not set(" .") & set(given_id)
        id = given_id if plain else f"msg-{self._random.random()}".replace(".", "-")
        headers = {k: v for k, v in sent.headers.items() if not k.lower().startswith("webhook-")}
        marked = {**headers, **signed(sent.body, id, time.time())}
        return replace(sent, headers=marked)

    def _spoilt(self, sent: Sent) -> Sent:
        """The body with some of its bytes changed, cut or doubled."""
        body = bytearray(_about_us(sent).body or b"{}")
        for _ in range(self._random.randint(1, 4)):
            at = self._random.randrange(len(body)) if body else 0
            tail = bytes(body[at:])
            body[at : at + 1] = self._random.choice([b"", self._random.randbytes(3), tail, b"["])
        return replace(sent, body=bytes(body))

    def _by_another_method(self, sent: Sent) -> Sent:
        others = [method for method in METHODS if method != sent.method]
        return replace(sent, method=self._random.choice(others), described=False)

    def _with_token(self, sent: Sent) -> Sent:
        body = urlencode({"csrf_token": self._token}).encode()
        if "urlencoded" in sent.kind and sent.body:
            body += b"&" + sent.body
        form = "application/x-www-form-urlencoded"
        return replace(sent, body=body, kind=form)

    def _with_a_state(self, sent: Sent, case: Case) -> Sent:
        """As somebody whom the vendor leads back from a sign-in that was begun here."""
        side = str((case.path_parameters or {}).get("side"))
        begun = self._house.service.connect(side if side in ("hra", "xero") else "hra")
        state = begun.partition("state=")[2].partition("&")[0]
        query = f"state={state}&code=c1" + (f"&{sent.query}" if sent.query else "")
        return replace(sent, query=query)

    def _address(self) -> str:
        """Of a caller, so that not everybody has to wait because one guessed."""
        return f"10.0.{self._random.randrange(256)}.{self._random.randrange(256)}"

    def _judge(self, case: Case, sent: Sent, answer: TestResponse) -> None:
        status, text = answer.status_code, answer.get_data(as_text=True)
        self.played.statuses[status] += 1
        self.played.by_label[(case.operation.label, status)] += 1
        wrong = [f"holds {held!r}" for held in self._house.told_too_much(text)]
        if status >= 500 and status != 503:
            wrong.append(f"is a {status}")
        for name in ("Content-Security-Policy", "X-Content-Type-Options", "Cache-Control"):
            if name not in answer.headers:
                wrong.append(f"has no {name}")
        if _elsewhere(answer.headers.get("Location", "")):
            wrong.append("leads to another site")
        if sent.described:
            try:
                case.validate_response(answer, checks=CONFORMING)
            except Exception as failure:  # schemathesis has several kinds, and groups of them
                wrong.append(f"is not as described: {failure}")
        if wrong:
            self.played.slips.append(f"{sent}\nanswer {status} {'; '.join(wrong)}\n{text[:500]}")


def _operation(found: Any) -> Any:
    return found.ok()


def _elsewhere(location: str) -> bool:
    host = urlsplit(location).netloc or ("//" if location.startswith(("//", "/\\")) else "")
    return bool(host) and host != urlsplit(BASE).netloc


def _prepared(case: Case) -> Sent:
    names = ("method", "url", "headers", "data", "json", "params", "cookies", "files")
    given_parts = case.as_transport_kwargs(base_url=BASE)
    made = requests.Request(**{k: v for k, v in given_parts.items() if k in names}).prepare()
    parts = urlsplit(str(made.url))
    body = made.body.encode() if isinstance(made.body, str) else bytes(made.body or b"")
    headers = {str(k): _text(v) for k, v in made.headers.items() if str(k).lower() not in OUTSIDE}
    kind = _text(made.headers.get("Content-Type", ""))
    return Sent(str(made.method), parts.path, parts.query, headers, body, kind)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _answer(client: FlaskClient, sent: Sent, address: str) -> TestResponse:
    return client.open(
        sent.path,
        method=sent.method,
        base_url=BASE,
        query_string=sent.query,
        headers=dict(sent.headers),
        data=sent.body or None,
        content_type=sent.kind or None,
        environ_overrides={"REMOTE_ADDR": address},
    )


def _about_us(sent: Sent) -> Sent:
    """The hook as one about the linked account, as far as it has that form."""
    try:
        told = json.loads(sent.body)
        told["data"] |= {"accountId": ACCOUNT, "employeeId": EMPLOYEE}
        body = json.dumps(told).encode()
    except (ValueError, TypeError, KeyError, RecursionError):
        body = sent.body
    return replace(sent, body=body)
