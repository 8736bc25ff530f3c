"""The transport over real sockets: what is repeated, what a status means, what never leaves
it.
"""

import json
import logging
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import errors, replies
from agent.transport import Call, Slot, Transport, quiet_loggers
from tests.unit.local_server import LocalServer, Says, Seen

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TFN = "123456782"
QUERY = {"where": 'LastName=="Farnsworth"'}
RECORD = [{"FirstName": "Siobhán", "BankAccounts": [{"BSB": "012-345", "Amount": 1500.5}]}]


class World:
    """The clock, the sleeps, the tokens and the calls of one test."""

    def __init__(self) -> None:
        self.now = NOW
        self.slept: list[float] = []
        self.token = "token-one"
        self.renewals = 0
        self.calls: list[Call] = []

    def sleep(self, seconds: float) -> None:
        """Time passes."""
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def bearer(self, force: bool) -> str:
        """The token; another one when forced."""
        if force:
            self.renewals += 1
            self.token = f"token-renewed-{self.renewals}"
        return self.token

    def transport(self, url: str, side: str = "xero", **options: Any) -> Transport:
        """A transport in this world."""
        given: dict[str, Any] = {
            "clock": lambda: self.now,
            "sleep": self.sleep,
            "jitter": lambda: 0.0,
            "listener": self.calls.append,
            "read_timeout": 0.3,
            **options,
        }
        return Transport(side, url, self.bearer, **given)


@pytest.fixture
def world() -> World:
    """A fresh world."""
    return World()


@contextmanager
def speaking(
    world: World, *script: Says | Callable[[Seen], Says], **options: Any
) -> Iterator[tuple[Transport, LocalServer]]:
    """A transport and the server that it speaks to."""
    with LocalServer(*script) as server:
        transport = world.transport(server.url, **options)
        yield transport, server
        transport.close()


def write(transport: Transport, *, repeatable: bool, method: str = "POST") -> Any:
    """One write of a whole record."""
    return transport.send(method, "/Employees", RECORD, repeatable=repeatable)


def closed_port() -> str:
    """An address where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_an_answer_has_its_json_and_its_headers_in_any_case(world: World) -> None:
    says = Says(200, '{"Employees": [{"Amount": 1500.5}]}', {"X-DayLimit-Remaining": "4999"})
    with speaking(world, says) as (transport, server):
        answer = transport.get("/Employees", {"where": 'Status=="ACTIVE"', "page": 2})
    assert answer.body == {"Employees": [{"Amount": 1500.5}]}
    assert answer.headers["x-daylimit-remaining"] == "4999"
    assert server.seen[0].path == "/Employees?where=Status%3D%3D%22ACTIVE%22&page=2"
    assert server.seen[0].headers["Accept"] == "application/json"
    assert server.seen[0].headers["Authorization"] == "Bearer token-one"


def test_every_call_carries_the_extra_headers_as_they_are_now(world: World) -> None:
    tenant = {"Xero-Tenant-Id": "one"}
    with speaking(world, Says(), headers=lambda: tenant) as (transport, server):
        transport.get("/Employees")
        tenant["Xero-Tenant-Id"] = "two"
        transport.get("/Employees", headers={"If-Modified-Since": "2026-01-01T00:00:00+00:00"})
    assert [seen.headers["Xero-Tenant-Id"] for seen in server.seen] == ["one", "two"]
    assert server.seen[1].headers["If-Modified-Since"] == "2026-01-01T00:00:00+00:00"


def test_exact_amounts_are_sent_as_json_numbers(world: World) -> None:
    with speaking(world, Says()) as (transport, server):
        body = {"Amount": Decimal("123.45"), "Offset": Decimal("300")}
        transport.send("POST", "/x", body, repeatable=False)
    assert server.seen[0].body == b'{"Amount": 123.45, "Offset": 300}'
    assert server.seen[0].headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("status", [201, 202, 204])
def test_a_write_may_be_answered_without_a_body(world: World, status: int) -> None:
    with speaking(world, Says(status, "", {"Location": "/x/1"})) as (transport, _):
        answer = write(transport, repeatable=False)
    assert (answer.status, answer.body, answer.headers["location"]) == (status, None, "/x/1")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_read_is_repeated_with_growing_waits_until_it_is_answered(
    world: World, status: int
) -> None:
    bad = Says(status, "<html>maintenance</html>")
    with speaking(world, bad, bad, Says(200, "[]")) as (transport, _):
        assert transport.get("/x").body == []
    assert world.slept == [1.0, 2.0]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_read_that_is_never_answered_says_that_the_side_cannot_be_reached(
    world: World, status: int
) -> None:
    with (
        speaking(world, Says(status, "<html>")) as (transport, server),
        pytest.raises(errors.Unreachable) as caught,
    ):
        transport.get("/x")
    assert caught.value.status == status
    assert len(server.seen) == 3


def test_jitter_lengthens_the_waits(world: World) -> None:
    with speaking(world, Says(503), Says()) as (transport, _):
        transport._jitter = lambda: 0.5
        transport.get("/x")
    assert world.slept == [1.5]


def test_a_read_whose_connection_drops_is_repeated(world: World) -> None:
    with speaking(world, Says(drop=True), Says(200, "[1]")) as (transport, _):
        assert transport.get("/x").body == [1]


def test_a_read_without_any_network_is_unreachable(world: World) -> None:
    transport = world.transport(closed_port())
    with pytest.raises(errors.Unreachable, match="no connection"):
        transport.get("/x")
    transport.close()
    assert len(world.slept) == 2


def test_a_read_that_hangs_ends_in_time(world: World) -> None:
    hold = threading.Event()
    with speaking(world, Says(hold=hold), tries=1) as (transport, _):
        with pytest.raises(errors.Unreachable, match="no answer in time"):
            transport.get("/x")
        hold.set()


def test_a_write_that_never_left_is_tried_again_and_is_not_unknown(world: World) -> None:
    transport = world.transport(closed_port())
    with pytest.raises(errors.Unreachable):
        write(transport, repeatable=False)
    transport.close()
    assert len(world.slept) == 2


@pytest.mark.parametrize("lost", [Says(drop=True), Says(502, "<html>"), Says(504), Says(500)])
def test_a_write_whose_answer_was_lost_is_not_sent_again_and_is_unknown(
    world: World, lost: Says
) -> None:
    with speaking(world, lost) as (transport, server), pytest.raises(errors.OutcomeUnknown):
        write(transport, repeatable=False)
    assert len(server.seen) == 1


def test_a_write_that_hangs_is_unknown(world: World) -> None:
    hold = threading.Event()
    with speaking(world, Says(hold=hold)) as (transport, server):
        with pytest.raises(errors.OutcomeUnknown):
            write(transport, repeatable=False)
        hold.set()
    assert len(server.seen) == 1


def test_X3_a_repeatable_write_is_sent_again_with_the_same_bytes_and_key(world: World) -> None:
    key = {"Idempotency-Key": "k-1"}
    with speaking(world, Says(drop=True), Says(504), Says(200, "[]")) as (transport, server):
        transport.send("POST", "/Employees", RECORD, key, repeatable=True)
    assert len({seen.body for seen in server.seen}) == 1
    assert [seen.headers["Idempotency-Key"] for seen in server.seen] == ["k-1"] * 3


def test_X3_after_six_minutes_the_same_key_is_not_used_again(world: World) -> None:
    def slow(seen: Seen) -> Says:
        world.now += timedelta(minutes=6)
        return Says(drop=True)

    with speaking(world, slow, Says()) as (transport, server), pytest.raises(errors.OutcomeUnknown):
        write(transport, repeatable=True)
    assert len(server.seen) == 1


def test_a_repeatable_write_that_is_never_answered_is_unknown(world: World) -> None:
    with (
        speaking(world, Says(drop=True)) as (transport, server),
        pytest.raises(errors.OutcomeUnknown),
    ):
        write(transport, repeatable=True)
    assert len(server.seen) == 3


def test_a_write_that_meets_maintenance_was_not_done(world: World) -> None:
    with (
        speaking(world, Says(503, "<html>back soon</html>")) as (transport, server),
        pytest.raises(errors.Unreachable) as caught,
    ):
        write(transport, repeatable=True)
    assert caught.value.status == 503
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "then",
    [
        Says(503, "<html>"),
        Says(429, headers={"Retry-After": "30"}),
        Says(403, '{"Detail": "AuthenticationUnsuccessful"}'),
    ],
)
def test_a_write_that_may_have_happened_stays_unknown_whatever_follows(
    world: World, then: Says
) -> None:
    with (
        speaking(world, Says(drop=True), then) as (transport, _),
        pytest.raises(errors.OutcomeUnknown),
    ):
        write(transport, repeatable=True)


def test_a_body_that_gets_500_twice_is_refused_and_not_sent_a_third_time(world: World) -> None:
    problem = (
        '{"Title": "An error occurred", "Detail": "An error occurred in Xero.", "Status": 500}'
    )
    with (
        speaking(world, Says(500, problem)) as (transport, server),
        pytest.raises(errors.Refused) as caught,
    ):
        write(transport, repeatable=True)
    assert caught.value.status == 500
    assert "twice" in caught.value.sentence()
    assert len(server.seen) == 2


def test_a_500_that_was_an_accident_is_forgotten(world: World) -> None:
    with speaking(world, Says(500), Says(200, "[]")) as (transport, _):
        assert write(transport, repeatable=True).body == []


EXPIRED = Says(
    401, '{"Title": "Unauthorized", "Status": 401, "Detail": "TokenExpired: token expired"}'
)


def test_an_expired_token_is_renewed_once_and_the_call_repeated(world: World) -> None:
    with speaking(world, EXPIRED, Says(200, "[]")) as (transport, server):
        assert write(transport, repeatable=False).body == []
    assert server.seen[1].headers["Authorization"] == "Bearer token-renewed-1"
    assert world.renewals == 1


def test_a_second_401_is_lost_access(world: World) -> None:
    with speaking(world, EXPIRED) as (transport, server), pytest.raises(errors.AccessLost):
        transport.get("/x")
    assert (len(server.seen), world.renewals) == (2, 1)


def test_a_missing_permission_is_named_at_once_without_a_renewal(world: World) -> None:
    says = Says(
        401, '{"Title": "Unauthorized", "Status": 401, "Detail": "AuthorizationUnsuccessful"}'
    )
    with (
        speaking(world, says) as (transport, server),
        pytest.raises(errors.AccessLost, match="permission"),
    ):
        transport.get("/x")
    assert (len(server.seen), world.renewals) == (1, 0)


@pytest.mark.parametrize("side", ["hra", "xero"])
def test_403_is_lost_access(world: World, side: str) -> None:
    with (
        speaking(world, Says(403, '{"title": "Forbidden"}'), side=side) as (transport, _),
        pytest.raises(errors.AccessLost),
    ):
        transport.get("/x")


def test_threads_whose_token_died_together_renew_it_once(world: World) -> None:
    def by_token(seen: Seen) -> Says:
        return EXPIRED if seen.headers["Authorization"] == "Bearer token-one" else Says(200, "[]")

    with speaking(world, by_token) as (transport, _):
        threads = [threading.Thread(target=transport.get, args=("/x",)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert world.renewals == 1


def test_404_is_not_found(world: World) -> None:
    with speaking(world, Says(404, "<html>")) as (transport, _), pytest.raises(errors.NotFound):
        transport.get("/Employees/1")


def test_X4_a_pause_in_seconds_parks_until_then(world: World) -> None:
    with (
        speaking(world, Says(429, "", {"retry-after": "3600"})) as (transport, server),
        pytest.raises(errors.Parked) as caught,
    ):
        write(transport, repeatable=False)
    assert caught.value.until == NOW + timedelta(hours=1)
    assert (len(server.seen), world.slept) == (1, [])


def test_X4_a_pause_until_a_date_parks_until_then(world: World) -> None:
    until = NOW + timedelta(minutes=7)
    says = Says(429, headers={"Retry-After": format_datetime(until, usegmt=True)})
    with speaking(world, says) as (transport, _), pytest.raises(errors.Parked) as caught:
        transport.get("/x")
    assert caught.value.until == until


def test_too_many_at_once_waits_shortly_and_goes_on(world: World) -> None:
    busy = Says(429, headers={"X-Rate-Limit-Problem": "concurrent"})
    with speaking(world, busy, busy, Says(200, "[]")) as (transport, _):
        assert write(transport, repeatable=False).body == []
    assert world.slept == [0.25, 0.5]


def test_too_many_at_once_for_ever_is_parked_and_never_unknown(world: World) -> None:
    with (
        speaking(world, Says(429, headers={"Retry-After": "soon"})) as (transport, server),
        pytest.raises(errors.Parked),
    ):
        write(transport, repeatable=False)
    assert len(server.seen) == 5


ENVELOPE = {
    "Id": "1", "Status": "OK",
    "Employees": [{"Title": "Ms", "ValidationErrors": [{"Message": "The BSB is invalid."}],
                   "BankAccounts": [{"ValidationErrors": [{"Message": "Name is required"}]}]}],
}  # fmt: skip
REFUSALS: list[tuple[Any, tuple[str, ...]]] = [
    (ENVELOPE, ("The BSB is invalid.", "Name is required")),
    ({"ErrorNumber": 16, "Type": "QueryParse", "Message": "No property"}, ("No property",)),
    ([{"title": "Bad value", "detail": "title is not known", "status": 400},
      {"title": "Too long", "status": 400}], ("Bad value: title is not known", "Too long")),
    ("<Error><Message>secret</Message></Error>", ()),
    ("<html>secret</html>", ()),
]  # fmt: skip


@pytest.mark.parametrize(("body", "reasons"), REFUSALS)
def test_a_refusal_carries_the_vendors_sentences(
    world: World, body: Any, reasons: tuple[str, ...]
) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    with (
        speaking(world, Says(400, text)) as (transport, _),
        pytest.raises(errors.Refused) as caught,
    ):
        write(transport, repeatable=True)
    assert set(caught.value.reasons) == set(reasons)


def test_a_200_with_validation_errors_is_a_refusal_of_a_write(world: World) -> None:
    with speaking(world, Says(200, json.dumps(ENVELOPE))) as (transport, _):
        with pytest.raises(errors.Refused, match="BSB is invalid"):
            write(transport, repeatable=True)
        assert transport.get("/x").status == 200


LEAKS = [
    ("The TFN 123456782 is taken", ["123456782"]),
    ("The TFN 123 456 782 is taken", ["123 456 782", "782"]),
    ("Account 12-345-678 of José O&#39;Brien-Smith", ["345", "José", "Brien", "Smith"]),
    ("JOSE lives at 12 Banksia St", ["JOSE", "Banksia"]),
    ("1,500.50 is too much, 1500.5 too", ["500"]),
    ("Born 10/03/1980 or 1980-03-10 or 10 March 1980 or March 10, 1980", ["1980", "March", "10"]),
    ("Mail someone@else.example, id 0f2c1d3e-1111-2222-3333-444455556666", ["someone", "0f2c"]),
    ("Another account 987 654 321 exists", ["987", "654"]),
    ("No employee 5b1f at this address", ["5b1f"]),
    ("Mr is not a title", ["Mr"]),
    ("Number 43 217 is taken", ["43", "217"]),
]


@pytest.mark.parametrize(("sentence", "secrets"), LEAKS)
def test_S4_no_value_of_the_request_stands_in_a_refusal(
    world: World, sentence: str, secrets: list[str]
) -> None:
    body = [{
        "Title": "Mr", "FirstName": "José", "LastName": "O'Brien-Smith", "TFN": TFN,
        "Amount": 1500.5,
        "EmployeeNumber": "4-3217",
        "DateOfBirth": "1980-03-10", "HomeAddress": {"AddressLine1": "12 Banksia St"},
        "BankAccounts": [{"AccountNumber": "12345678"}],
    }]  # fmt: skip
    says = Says(400, json.dumps({"ErrorNumber": 10, "Type": "V", "Message": sentence}))
    with speaking(world, says) as (transport, _), pytest.raises(errors.Refused) as caught:
        transport.send("POST", "/Employees/5b1f", body, repeatable=True)
    for secret in secrets:
        assert secret not in caught.value.sentence()


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=3) | st.integers(min_value=100) | st.decimals(allow_nan=False, places=2))
def test_S4_whatever_was_sent_is_struck_out(value: Any) -> None:
    shown = replies.struck([f"The value '{value}' is wrong"], [[{"Key": [value]}]])
    said = " ".join(str(value).split())
    assert said in ("", "…") or len(said) < 3 or said not in shown[0].removeprefix("The value '")


def test_what_a_person_needs_of_a_refusal_stays(world: World) -> None:
    message = "The BSB '012345' is not valid for BankAccounts"
    says = Says(400, json.dumps({"ErrorNumber": 10, "Type": "V", "Message": message}))
    with speaking(world, says) as (transport, _), pytest.raises(errors.Refused) as caught:
        write(transport, repeatable=True)
    assert caught.value.reasons == ("The BSB '…' is not valid for BankAccounts",)


@pytest.mark.parametrize("body", ["<Response/>", "", "{", "[NaN]", "[" * 100_000])
def test_a_read_answered_with_no_json_is_unreadable(world: World, body: str) -> None:
    with speaking(world, Says(200, body)) as (transport, _), pytest.raises(errors.UnreadableAnswer):
        transport.get("/x")


def test_a_write_answered_with_a_page_of_html_may_have_happened(world: World) -> None:
    with (
        speaking(world, Says(200, "<html>Sign in to the network</html>")) as (transport, _),
        pytest.raises(errors.OutcomeUnknown),
    ):
        write(transport, repeatable=False)


def test_redirects_are_not_followed(world: World) -> None:
    with (
        speaking(world, Says(302, headers={"Location": "/elsewhere"})) as (transport, server),
        pytest.raises(errors.UnreadableAnswer),
    ):
        transport.get("/x")
    assert [seen.path for seen in server.seen] == ["/x"]


def test_a_connection_is_used_again_at_once_but_not_after_a_rest(world: World) -> None:
    with speaking(world, Says(200, "[]", keep=True)) as (transport, server):
        transport.get("/x")
        transport.get("/x")
        assert server.connections == 1
        world.now += timedelta(minutes=1)
        transport.get("/x")
    assert server.connections == 2


def test_cookies_are_not_kept(world: World) -> None:
    says = Says(200, "[]", {"Set-Cookie": "a=b; Path=/"})
    with speaking(world, says) as (transport, server):
        transport.get("/x")
        transport.get("/x")
    assert all("Cookie" not in seen.headers for seen in server.seen)


@pytest.mark.parametrize("path", ["/a/../b", "//../x", "a", "/a?b=c", "/a#b", "/a b", "/a\\b"])
def test_an_id_cannot_lead_to_another_address(world: World, path: str) -> None:
    with speaking(world, Says()) as (transport, server), pytest.raises(errors.UnreadableAnswer):
        transport.get(path)
    assert not server.seen


def test_the_machines_netrc_does_not_take_the_tokens_place(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with speaking(world, Says()) as (transport, server):
        transport._wire._session.trust_env = True
        transport.get("/x")
    assert server.seen[0].headers["Authorization"] == "Bearer token-one"


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", closed_port())
    with speaking(world, Says(200, "[]")) as (transport, _):
        assert transport.get("/x").body == []


def test_a_dead_proxy_means_that_nothing_was_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", closed_port())
    transport = world.transport("http://payroll.example")
    with pytest.raises(errors.Unreachable):
        write(transport, repeatable=False)
    transport.close()


class Places:
    """A gate that remembers what it was told."""

    def __init__(self, parked: bool = False) -> None:
        self.told: list[object] = []
        self.parked = parked
        self.held = 0

    @contextmanager
    def call(self) -> Iterator[Slot]:
        """A place, or Parked."""
        if self.parked:
            raise errors.Parked("xero", NOW)
        self.held += 1
        yield self
        self.held -= 1

    def answered(self, status: int, headers: Any) -> None:
        """Remember."""
        self.told.append(status)

    def nothing_sent(self) -> None:
        """Remember."""
        self.told.append("nothing sent")


def test_X1_every_attempt_takes_its_own_place_and_gives_it_back(world: World) -> None:
    gate = Places()
    script = (Says(503), Says(drop=True), Says(200, "[]"))
    with speaking(world, *script, gate=gate) as (transport, _):
        transport.get("/x")
    assert (gate.told, gate.held) == ([503, 200], 0)


def test_X1_a_call_that_never_left_is_not_counted(world: World) -> None:
    gate = Places()
    transport = world.transport(closed_port(), gate=gate, tries=1)
    with pytest.raises(errors.Unreachable):
        transport.get("/x")
    transport.close()
    assert gate.told == ["nothing sent"]


def test_X1_a_parked_side_is_not_called(world: World) -> None:
    with (
        speaking(world, Says(), gate=Places(parked=True)) as (transport, server),
        pytest.raises(errors.Parked),
    ):
        transport.get("/x")
    assert not server.seen


def test_a_listener_sees_every_attempt_without_the_token(world: World) -> None:
    with speaking(world, Says(drop=True), Says(200, "[]")) as (transport, _):
        transport.send("PUT", "/Employees/7", {"a": 1}, repeatable=True)
    assert [(call.method, call.path, call.status) for call in world.calls] == [
        ("PUT", "/Employees/7", None),
        ("PUT", "/Employees/7", 200),
    ]
    assert (world.calls[1].body, world.calls[1].reply) == (b'{"a": 1}', b"[]")
    assert "token-one" not in str([call.headers for call in world.calls])
    assert "Employees" not in repr(world.calls)


def test_S4_a_log_line_names_the_call_but_no_id_query_body_or_token(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    quiet_loggers()
    says = Says(400, json.dumps(ENVELOPE), {"xero-correlation-id": "corr-1"})
    with caplog.at_level(logging.DEBUG), speaking(world, says) as (transport, _):
        with pytest.raises(errors.Refused):
            transport.send("POST", "/payroll.xro/1.0/Employees/4eb62cb4", RECORD, repeatable=True)
        with pytest.raises(errors.Refused):
            transport.get("/Employees", QUERY)
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0].startswith("xero POST /payroll.xro/1.0/Employees/{id} 400 corr-1 ")
    for secret in ("4eb62cb4", "Farnsworth", "Siobh", "012", "token-one", "where", "BSB"):
        assert secret not in "\n".join(lines)


def test_S4_an_error_and_its_causes_carry_no_address_query_or_token(world: World) -> None:
    transport = world.transport(closed_port())
    with pytest.raises(errors.Unreachable) as caught:
        transport.get("/Employees", QUERY)
    transport.close()
    shown = "".join(traceback.format_exception(caught.value))
    for secret in ("Farnsworth", "token-one", "127.0.0.1"):
        assert secret not in shown
