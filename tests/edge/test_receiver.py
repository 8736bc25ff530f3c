"""POST /hooks/ess as a sender meets it: every status, what is stored, and when."""

import hmac
import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from standardwebhooks import Webhook
from werkzeug.test import TestResponse

from webhooks.payload import HookEvent
from webhooks.receiver import BadSignatures, receiver

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DATA = {"accountId": "acc1", "employeeId": "emp7", "sections": ["details"]}
HOOK = {"type": "employee.saved", "timestamp": "2026-03-02T09:00:00Z", "data": DATA}


class House:
    """What stands behind the receiver."""

    def __init__(self, secrets: Sequence[str] = (SECRET,)) -> None:
        self.now = NOW
        self.linked: str | None = "acc1"
        self.rows: dict[str, HookEvent] = {}
        self.woken = 0
        self.disk_full = False
        self.worker_gone = False
        app = Flask(__name__)
        app.register_blueprint(
            receiver(secrets, lambda: self.linked, self.accept, self.wake, lambda: self.now)
        )
        self.client: FlaskClient = app.test_client()

    def accept(self, id: str, event: HookEvent) -> bool:
        """One row, unless it was had."""
        if self.disk_full:
            raise OSError("no space left at /home/acc1")
        new = id not in self.rows
        self.rows.setdefault(id, event)
        return new

    def wake(self) -> None:
        """The doorbell."""
        assert self.rows, "woken before anything was stored"
        self.woken += 1
        if self.worker_gone:
            raise RuntimeError("no worker")

    def headers(self, body: bytes, id: str, secret: str) -> dict[str, str]:
        """Those of a hook signed with this secret."""
        return {
            "webhook-id": id,
            "webhook-timestamp": str(int(NOW.timestamp())),
            "webhook-signature": Webhook(secret).sign(id, NOW, body.decode()),
        }

    def post(
        self, hook: Any = HOOK, *, id: str = "msg_1", secret: str = SECRET, **options: Any
    ) -> TestResponse:
        """A signed hook."""
        body = hook if isinstance(hook, bytes) else json.dumps(hook).encode()
        headers = self.headers(body, id, secret)
        return self.client.post("/hooks/ess", **{"data": body, "headers": headers, **options})


@pytest.fixture
def house() -> House:
    """A linked house with an empty inbox."""
    return House()


def test_H2_a_good_hook_is_stored_then_woken_then_202(house: House) -> None:
    answer = house.post()
    assert (answer.status_code, answer.json) == (202, {"status": "accepted"})
    assert house.rows["msg_1"].employee_id == "emp7"
    assert house.woken == 1


def test_H2_the_same_id_again_is_202_and_stored_once(house: House) -> None:
    house.post()
    assert house.post().json == {"status": "had before"}
    assert len(house.rows) == 1


@pytest.mark.parametrize(
    ("hook", "status"),
    [
        (b"no json", 400),
        ({**HOOK, "type": "other"}, 400),
        ({**HOOK, "data": {**DATA, "accountId": "acc2"}}, 403),
    ],
)
def test_a_signed_hook_that_is_malformed_or_foreign_stores_nothing(
    house: House, hook: Any, status: int
) -> None:
    answer = house.post(hook)
    assert answer.status_code == status
    assert answer.is_json
    assert (house.rows, house.woken) == ({}, 0)


def test_an_unsigned_hook_is_401(house: House) -> None:
    assert house.post(headers={}).status_code == 401
    assert not house.rows


def test_a_stale_hook_is_401(house: House) -> None:
    house.now += timedelta(minutes=6)
    assert house.post().status_code == 401


def test_the_signature_is_looked_at_before_the_body(house: House) -> None:
    assert house.post(b"no json", headers={}).status_code == 401


def test_a_body_of_64_kib_is_taken_and_one_byte_more_is_413(house: House) -> None:
    room = 64 * 1024 - len(json.dumps({**HOOK, "pad": ""}))
    assert house.post({**HOOK, "pad": "x" * room}).status_code == 202
    assert house.post({**HOOK, "pad": "x" * (room + 1)}, id="msg_2").status_code == 413
    assert list(house.rows) == ["msg_1"]


class Endless(BytesIO):
    """A body without a length that never ends; it counts what was read of it."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        """As much as asked for, up to 1,000 bytes."""
        assert size is not None
        assert size > 0, "an unbounded read"
        self.taken += min(size, 1000)
        return b"x" * min(size, 1000)


def test_an_endless_chunked_body_is_413_and_is_not_read_to_its_end(house: House) -> None:
    body = Endless()
    answer = house.client.post(
        "/hooks/ess",
        environ_overrides={"wsgi.input": body, "wsgi.input_terminated": True},
        headers={"Transfer-Encoding": "chunked"},
    )
    assert answer.status_code == 413
    assert body.taken <= 64 * 1024 + 1


def test_a_length_over_the_limit_is_413_before_anything_is_read(house: House) -> None:
    body = Endless()
    answer = house.client.post(
        "/hooks/ess",
        environ_overrides={"wsgi.input": body, "CONTENT_LENGTH": "65537"},
    )
    assert (answer.status_code, body.taken) == (413, 0)


def test_a_body_that_breaks_off_is_400(house: House) -> None:
    answer = house.client.post(
        "/hooks/ess",
        environ_overrides={"wsgi.input": BytesIO(b"{"), "CONTENT_LENGTH": "50"},
    )
    assert answer.status_code == 400


def test_a_full_disk_is_503_and_tells_nothing_of_it(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.disk_full = True
    answer = house.post()
    assert (answer.status_code, answer.json) == (503, {"status": "cannot be stored"})
    assert "/home" not in answer.text + caplog.text
    house.disk_full = False
    assert house.post().json == {"status": "accepted"}


def test_a_hook_before_an_account_is_linked_is_503_so_that_it_is_sent_again(house: House) -> None:
    house.linked = None
    assert house.post().status_code == 503
    assert not house.rows


def test_a_worker_that_cannot_be_woken_does_not_undo_the_202(house: House) -> None:
    house.worker_gone = True
    assert house.post().status_code == 202


def test_too_many_bad_signatures_from_one_address_are_429(house: House) -> None:
    for _ in range(20):
        assert house.post(headers={}).status_code == 401
    answer = house.post(headers={})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "300")
    other = house.post(headers={}, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert other.status_code == 401


def test_a_good_hook_passes_while_its_address_sends_bad_ones(house: House) -> None:
    for _ in range(30):
        house.post(headers={})
    assert house.post().status_code == 202


def test_bad_signatures_are_forgotten_after_five_minutes(house: House) -> None:
    for _ in range(30):
        house.post(headers={})
    house.now += timedelta(minutes=6)
    assert house.post(headers={}).status_code == 401


def test_many_addresses_do_not_fill_the_memory() -> None:
    bad = BadSignatures(lambda: NOW)
    for number in range(3000):
        assert not bad.too_many(str(number))
    assert len(bad._met) == 1000


def test_S4_nothing_of_a_refused_body_is_logged_or_answered(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = house.post({**HOOK, "data": {**DATA, "employeeId": "Jane Citizen"}})
    assert answer.status_code == 400
    assert "Jane" not in answer.text + caplog.text
    assert "employeeId" in answer.text


def test_only_post_is_served(house: House) -> None:
    assert house.client.get("/hooks/ess").status_code == 405


# --- rotation, replay, and what a stranger learns -------------------------------------------------

OTHER = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU="


def test_H1_while_the_secret_changes_both_are_taken_and_afterwards_the_new_one_only() -> None:
    told = {}
    for secrets in ([SECRET], [OTHER, SECRET], [OTHER]):
        house = House(secrets)
        told[len(secrets), secrets[0]] = [
            house.post(id=f"msg_{n}", secret=secret).status_code
            for n, secret in enumerate((SECRET, OTHER))
        ]
    assert told == {(1, SECRET): [202, 401], (2, OTHER): [202, 202], (1, OTHER): [401, 202]}


def test_H1_every_secret_is_compared_with_every_signature_whichever_fits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else the time of an answer tells which secret is in use, or how near a guess came."""
    compared: list[bool] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(hmac.compare_digest(one, other))
        return compared[-1]

    monkeypatch.setattr(
        "webhooks.signature.hmac", SimpleNamespace(compare_digest=compare, digest=hmac.digest)
    )
    for secret, expected in ((SECRET, [True, False]), (OTHER, [False, True])):
        compared.clear()
        assert House([SECRET, OTHER]).post(secret=secret).status_code == 202
        assert compared == expected


def test_H1_a_hook_that_was_listened_to_brings_nothing_when_it_is_sent_again(house: House) -> None:
    assert house.post().status_code == 202
    rows = dict(house.rows)
    house.now += timedelta(seconds=299)
    assert house.post().json == {"status": "had before"}
    house.now += timedelta(seconds=2)
    assert house.post().status_code == 401
    house.now = NOW
    headers = house.headers(json.dumps(HOOK).encode(), "msg_1", SECRET) | {"webhook-id": "msg_2"}
    assert house.post(headers=headers).status_code == 401, "the id is signed too"
    assert house.rows == rows


def test_H1_an_address_that_a_stranger_gives_himself_does_not_count(house: House) -> None:
    told = [
        house.post(headers={"X-Forwarded-For": f"10.0.0.{n}", "Forwarded": f"for=10.0.0.{n}"})
        for n in range(21)
    ]
    assert [answer.status_code for answer in told] == [401] * 20 + [429]


def test_S4_a_stranger_learns_nothing_of_the_account_or_of_what_was_stored(house: House) -> None:
    def strangers() -> list[tuple[int, bytes]]:
        body = json.dumps(HOOK).encode()
        tries = [{}, house.headers(body, "msg_1", OTHER), house.headers(body, "msg_9", OTHER)]
        return [
            (answer.status_code, answer.data) for answer in (house.post(headers=h) for h in tries)
        ]

    before = strangers()
    assert {status for status, _ in before} == {401}
    house.post()
    assert strangers() == before
    for linked in (None, "acc2"):
        house.linked = linked
        assert strangers() == before
    house.disk_full = True
    assert strangers() == before


HOLDS = {
    "a": "[" * 60_000,
    "b": '{"a":' * 9_000,
    "c": "1" * 5_000,
    "d": '"\\ud800"',
    "e": "NaN",
    "f": "\ufeff{}",
}


@pytest.mark.parametrize("text", HOLDS.values(), ids=HOLDS.keys())
def test_H1_signed_nonsense_is_400_whatever_it_does_to_a_parser(house: House, text: str) -> None:
    for body in (text, f'{{"type": "employee.saved", "timestamp": {text}, "data": {{}}}}'):
        answer = house.post(body.encode("utf-8", "surrogatepass"))
        assert (answer.status_code, house.rows) == (400, {})
