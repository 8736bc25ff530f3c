"""The sign-in of a side over real sockets: state, exchange, refresh, what is stored when, what
never leaks.
"""

import base64
import json
import logging
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from agent import errors
from agent.tokens import Copied, NotBegun, Tokens
from agent.tokens.held import UNUSED_LIFE, consent_of
from agent.transport import quiet_loggers
from tests.unit.local_server import LocalServer, Says, Seen

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SCOPES = ("offline_access", "openid", "payroll.employees", "payroll.settings")
CLIENT_SECRET = "client-secret-of-the-app"


class Vault:
    """A vault in memory that keeps the order of what happened, and can be full."""

    def __init__(self, events: list[str]) -> None:
        self.rows: dict[str, str] = {}
        self.events = events
        self.full = False

    def seal(self, name: str, data: Mapping[str, Any]) -> None:
        """Store."""
        if self.full:
            raise OSError("no space left")
        self.rows[name] = json.dumps(dict(data))
        self.events.append(f"sealed {name}")

    def unseal(self, name: str) -> dict[str, Any] | None:
        """Read."""
        found: dict[str, Any] | None = json.loads(self.rows.get(name, "null"))
        return found

    def forget(self, name: str) -> None:
        """Remove."""
        self.rows.pop(name, None)


class Vendor:
    """A token endpoint with rotating refresh tokens: the previous one works for 30 more
    minutes.
    """

    def __init__(self, world: "World") -> None:
        self.world = world
        self.given = 0
        self.good: dict[str, datetime | None] = {}
        self.next: list[Says] = []
        self.lose: list[bool] = []
        self.scope: str | None = " ".join(SCOPES)
        self.extra: dict[str, Any] = {}

    def __call__(self, seen: Seen) -> Says:
        """Answer one request."""
        form = {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
        self.world.events.append(f"asked {form.get('grant_type', 'revoke')}")
        if self.next:
            return self.next.pop(0)
        if form.get("grant_type") == "refresh_token" and not self._takes(form["refresh_token"]):
            return Says(400, '{"error": "invalid_grant", "error_description": "gone"}')
        answer = self._give(form.get("refresh_token"))
        return Says(drop=True) if self.lose and self.lose.pop(0) else answer

    def _takes(self, token: str) -> bool:
        ends = self.good.get(token, NOW - timedelta(days=1))
        return ends is None or ends >= self.world.now

    def _give(self, used: str | None) -> Says:
        self.given += 1
        if used and self.good.get(used) is None:
            self.good[used] = self.world.now + timedelta(minutes=30)
        self.good[f"refresh-{self.given}"] = None
        body = {
            "access_token": f"access-{self.given}",
            "refresh_token": f"refresh-{self.given}",
            "token_type": "Bearer",
            "expires_in": 1800,
            **({"scope": self.scope} if self.scope is not None else {}),
            **self.extra,
        }
        return Says(200, json.dumps({name: v for name, v in body.items() if v is not None}))


class World:
    """The clock, the vault, the vendor and one sign-in."""

    def __init__(self) -> None:
        self.now = NOW
        self.events: list[str] = []
        self.vault = Vault(self.events)
        self.vendor = Vendor(self)
        self.states = 0
        self.server = LocalServer(self.vendor)

    def tokens(self, **options: Any) -> Tokens:
        """The sign-in, as after a start."""
        url = self.server.url
        given: dict[str, Any] = {
            "authorize_url": f"{url}/identity/connect/authorize",
            "token_url": f"{url}/connect/token",
            "revocation_url": f"{url}/connect/revocation",
            "client_id": "the-app",
            "client_secret": CLIENT_SECRET,
            "redirect_uri": "http://localhost:8710/connect/xero/callback",
            "scopes": SCOPES,
            "vault": self.vault,
            "clock": lambda: self.now,
            "new_state": self.new_state,
            **options,
        }
        return Tokens("xero", **given)

    def new_state(self) -> str:
        """Another state each time."""
        self.states += 1
        return f"state-{self.states}"

    def connected(self) -> Tokens:
        """Somebody has signed in."""
        tokens = self.tokens()
        tokens.begin()
        tokens.complete("state-1", "the-code")
        tokens.accept()
        self.events.clear()
        return tokens


@pytest.fixture
def world() -> Iterator[World]:
    """A fresh world; its vendor serves until the test is over."""
    made = World()
    with made.server:
        yield made


@contextmanager
def later(world: World, **time: float) -> Iterator[None]:
    """The same world some time later."""
    world.now += timedelta(**time)
    yield


def test_L2_a_person_is_sent_to_the_vendor_with_state_and_scopes(world: World) -> None:
    url = urlsplit(world.tokens().begin())
    query = parse_qs(url.query)
    assert f"{url.scheme}://{url.netloc}" == world.server.url
    assert url.path == "/identity/connect/authorize"
    assert query["scope"] == [" ".join(SCOPES)]
    assert query["state"] == ["state-1"]
    assert query["redirect_uri"] == ["http://localhost:8710/connect/xero/callback"]
    assert query["response_type"] == ["code"]
    assert query["client_id"] == ["the-app"]
    assert "code_challenge" not in query


def test_an_https_address_stays_https(world: World) -> None:
    url = world.tokens(authorize_url="https://login.example/authorize").begin()
    assert url.startswith("https://login.example/authorize?")


def test_the_code_is_exchanged_and_stored_before_use(world: World) -> None:
    tokens = world.tokens()
    tokens.begin()
    grant = tokens.complete("state-1", "the-code")
    seen = world.server.seen[0]
    form = parse_qs(seen.body.decode())
    assert form["grant_type"] == ["authorization_code"]
    assert form["code"] == ["the-code"]
    assert form["redirect_uri"] == ["http://localhost:8710/connect/xero/callback"]
    basic = base64.b64encode(f"the-app:{CLIENT_SECRET}".encode()).decode()
    assert seen.headers["Authorization"] == f"Basic {basic}"
    assert CLIENT_SECRET not in seen.body.decode()
    assert (grant.missing, grant.obtained) == ((), NOW)
    assert tokens.offered() == "access-1"
    tokens.accept()
    assert world.events[-1] == "sealed xero"
    assert tokens.bearer() == "access-1"


def test_L1_a_sign_in_on_offer_leaves_the_one_in_use_alone_until_it_is_accepted(
    world: World,
) -> None:
    tokens = world.connected()
    tokens.begin()
    tokens.complete("state-2", "the-code")
    assert (tokens.offered(), tokens.bearer()) == ("access-2", "access-1")
    assert world.tokens().bearer() == "access-1"
    tokens.reject()
    with pytest.raises(errors.NotConnected, match="start it again"):
        tokens.accept()
    assert tokens.bearer(True) == "access-3", "refreshed with refresh-1, which was kept"


def test_L1_an_accepted_sign_in_takes_the_old_ones_place(world: World) -> None:
    tokens = world.connected()
    tokens.begin()
    tokens.complete("state-2", "the-code")
    tokens.accept()
    assert (tokens.bearer(), world.tokens().bearer()) == ("access-2", "access-2")
    with pytest.raises(errors.NotConnected):
        tokens.offered()


def test_a_sign_in_on_offer_is_not_waited_for_beyond_its_access_token(world: World) -> None:
    tokens = world.tokens()
    tokens.begin()
    tokens.complete("state-1", "the-code")
    with later(world, minutes=30), pytest.raises(errors.NotConnected, match="start it again"):
        tokens.offered()


def test_L3_it_is_known_when_a_refresh_token_dies_of_disuse(world: World) -> None:
    assert world.tokens().dies() is None
    tokens = world.connected()
    assert tokens.dies() == NOW + timedelta(days=60)
    with later(world, days=59):
        tokens.keep_alive()
    assert tokens.dies() == NOW + timedelta(days=59 + 60)
    world.vendor.good.clear()
    with pytest.raises(errors.NotConnected):
        tokens.keep_alive()
    assert tokens.dies() is None


def test_L3_hra_clouds_refresh_token_dies_after_14_days() -> None:
    assert UNUSED_LIFE["hra"] == timedelta(days=14)


@pytest.mark.parametrize("state", ["state-2", "", "staté"])
def test_a_state_that_was_not_given_here_is_not_taken(world: World, state: str) -> None:
    tokens = world.tokens()
    tokens.begin()
    with pytest.raises(errors.NotConnected, match="start it again"):
        tokens.complete(state, "the-code")
    assert not world.server.seen


def test_a_state_is_taken_once(world: World) -> None:
    tokens = world.connected()
    with pytest.raises(errors.NotConnected):
        tokens.complete("state-1", "another-code")


def test_a_state_is_used_up_by_a_failed_exchange_too(world: World) -> None:
    tokens = world.tokens()
    tokens.begin()
    world.vendor.next = [Says(400, '{"error": "invalid_grant"}')]
    with pytest.raises(errors.NotConnected, match="start it again"):
        tokens.complete("state-1", "too-late")
    with pytest.raises(errors.NotConnected):
        tokens.complete("state-1", "the-code")


def test_a_state_is_good_for_ten_minutes(world: World) -> None:
    tokens = world.tokens()
    tokens.begin()
    with later(world, minutes=10), pytest.raises(errors.NotConnected):
        tokens.complete("state-1", "the-code")


def test_a_sign_in_begun_before_a_restart_can_be_finished_after_it(world: World) -> None:
    world.tokens().begin()
    tokens = world.tokens()
    tokens.complete("state-1", "the-code")
    tokens.accept()
    assert world.tokens().bearer() == "access-1"


def test_only_the_last_few_sign_ins_are_waited_for(world: World) -> None:
    tokens = world.tokens()
    for _ in range(8):
        world.now += timedelta(seconds=1)
        tokens.begin()
    tokens.complete("state-4", "the-code")
    with pytest.raises(errors.NotConnected):
        tokens.complete("state-3", "the-code")


def test_fewer_scopes_than_asked_are_taken_and_named(world: World) -> None:
    world.vendor.scope = "payroll.employees"
    tokens = world.tokens()
    tokens.begin()
    assert tokens.complete("state-1", "the-code").missing == ("payroll.settings",)
    tokens.accept()
    assert tokens.missing() == ("payroll.settings",)
    assert tokens.granted() == {"payroll.employees"}


def test_an_answer_without_scopes_grants_those_asked_for(world: World) -> None:
    world.vendor.scope = None
    assert world.connected().granted() == set(SCOPES)


def test_a_refresh_that_names_no_scopes_keeps_those_known(world: World) -> None:
    world.vendor.scope = "payroll.employees"
    tokens = world.connected()
    world.vendor.scope = None
    tokens.keep_alive()
    assert tokens.granted() == {"payroll.employees"}


@pytest.mark.parametrize("refresh", [None, "", 7])
def test_a_sign_in_that_does_not_last_is_refused_with_the_reason(
    world: World, refresh: object
) -> None:
    world.vendor.extra = {"refresh_token": refresh}
    tokens = world.tokens()
    tokens.begin()
    with pytest.raises(errors.NotConnected, match="offline_access"):
        tokens.complete("state-1", "the-code")
    assert "xero" not in world.vault.rows


def test_a_token_is_used_until_five_minutes_before_its_end(world: World) -> None:
    tokens = world.connected()
    with later(world, minutes=25):
        assert tokens.bearer() == "access-1"
    with later(world, seconds=1):
        assert tokens.bearer() == "access-2"
    assert world.events == ["asked refresh_token", "sealed xero"]


def test_L2_a_refresh_sends_nothing_but_the_refresh_token(world: World) -> None:
    tokens = world.connected()
    tokens.bearer(True)
    seen = world.server.seen[-1]
    form = parse_qs(seen.body.decode())
    assert form == {"grant_type": ["refresh_token"], "refresh_token": ["refresh-1"]}
    assert seen.headers["Authorization"].startswith("Basic ")


def test_L2_the_new_token_is_on_disk_before_it_is_used(world: World) -> None:
    tokens = world.connected()
    world.vault.full = True
    with pytest.raises(OSError, match="space"):
        tokens.bearer(True)
    world.vault.full = False
    assert tokens.bearer() == "access-1"
    assert world.tokens().bearer(True) == "access-3", "with refresh-1, which still works"


def test_L2_a_new_token_that_the_disk_did_not_take_is_stored_as_soon_as_it_takes_it(
    world: World,
) -> None:
    """The old one is long dead by then; only the process knows the new one."""
    tokens = world.connected()
    world.vault.full = True
    for _ in range(3):
        with pytest.raises(OSError, match="space"):
            tokens.bearer(True)
    assert world.events == ["asked refresh_token"], "no token is used that is not on disk"
    with later(world, hours=2):
        world.vault.full = False
        assert tokens.bearer() == "access-3", "with refresh-2"
    assert world.events[1:] == ["sealed xero", "asked refresh_token", "sealed xero"]
    assert world.tokens().bearer() == "access-3"


def test_L2_a_refresh_whose_answer_was_lost_is_tried_again_with_the_same_token(
    world: World,
) -> None:
    tokens = world.connected()
    world.vendor.lose = [True]
    with pytest.raises(errors.Unreachable):
        tokens.bearer(True)
    with later(world, minutes=29):
        assert tokens.bearer(True) == "access-3"


def test_L2_after_the_grace_the_sign_in_is_dead_and_says_so(world: World) -> None:
    tokens = world.connected()
    world.vendor.lose = [True]
    with pytest.raises(errors.Unreachable):
        tokens.bearer(True)
    with later(world, minutes=31), pytest.raises(errors.NotConnected, match="ended"):
        tokens.bearer()


def test_a_dead_sign_in_is_not_asked_for_again_until_somebody_connects(world: World) -> None:
    tokens = world.connected()
    world.vendor.good.clear()
    world.events.clear()
    for _ in range(3):
        with pytest.raises(errors.NotConnected):
            tokens.bearer(True)
    assert world.events == ["asked refresh_token"]
    tokens.begin()
    tokens.complete("state-2", "the-code")
    tokens.accept()
    assert tokens.bearer(True) == "access-3"


def test_L2_threads_that_need_a_token_together_refresh_once(world: World) -> None:
    tokens = world.connected()
    world.now += timedelta(minutes=28)
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(tokens.bearer())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(got) == {"access-2"}
    assert world.vendor.given == 2


def test_L2_keep_alive_refreshes_though_the_token_is_fresh(world: World) -> None:
    tokens = world.connected()
    with later(world, minutes=1):
        assert tokens.bearer() == "access-1", "fresh: no call needs another one"
        tokens.keep_alive()
    assert (tokens.obtained(), tokens.refreshed()) == (NOW, NOW + timedelta(minutes=1))
    assert world.tokens().bearer() == "access-2"


def test_keep_alive_without_a_sign_in_does_nothing(world: World) -> None:
    world.tokens().keep_alive()
    assert not world.server.seen


def test_a_restart_goes_on_with_what_is_stored(world: World) -> None:
    world.connected().bearer(True)
    after = world.tokens()
    assert (after.bearer(), after.granted(), after.obtained()) == (
        "access-2",
        frozenset(SCOPES),
        NOW,
    )


def test_what_is_stored_is_opened_once_and_then_known(world: World) -> None:
    world.connected()
    after = world.tokens()
    assert after.bearer() == "access-1"
    world.vault.rows.clear()
    assert after.bearer() == "access-1"


def test_nobody_signed_in_is_not_connected(world: World) -> None:
    tokens = world.tokens()
    with pytest.raises(errors.NotConnected):
        tokens.bearer()
    assert (tokens.granted(), tokens.obtained(), tokens.refreshed()) == (frozenset(), None, None)


def test_forget_forgets_on_disk_too(world: World) -> None:
    tokens = world.connected()
    tokens.begin()
    tokens.forget()
    assert world.vault.rows == {}
    with pytest.raises(errors.NotConnected):
        tokens.bearer()


def test_revoke_withdraws_the_refresh_token_and_forgets_it(world: World) -> None:
    tokens = world.connected()
    world.vendor.next = [Says(200, "")]
    tokens.revoke()
    assert world.server.seen[-1].path == "/connect/revocation"
    assert parse_qs(world.server.seen[-1].body.decode()) == {"token": ["refresh-1"]}
    assert "xero" not in world.vault.rows


@pytest.mark.parametrize("status", [500, 503])
def test_a_revocation_that_did_not_reach_the_vendor_forgets_nothing(
    world: World, status: int
) -> None:
    tokens = world.connected()
    world.vendor.next = [Says(status, "<html>")]
    with pytest.raises(errors.Unreachable):
        tokens.revoke()
    assert tokens.bearer() == "access-1"


FAULTS: list[tuple[Says, type[errors.SideError]]] = [
    (Says(400, '{"error": "invalid_client"}'), errors.NotConnected),
    (Says(401, ""), errors.NotConnected),
    (Says(400, '{"error": "unauthorized_client"}'), errors.NotConnected),
    (Says(400, '{"error": "invalid_scope"}'), errors.AccessLost),
    (Says(400, "<html>invalid_grant</html>"), errors.UnreadableAnswer),
    (Says(503, "<html>"), errors.Unreachable),
    (Says(500, "{}"), errors.Unreachable),
    (Says(429, "", {"Retry-After": "9"}), errors.Unreachable),
    (Says(drop=True), errors.Unreachable),
    (Says(200, "<html>"), errors.UnreadableAnswer),
    (Says(200, "[]"), errors.UnreadableAnswer),
    (Says(200, '{"access_token": 7}'), errors.UnreadableAnswer),
    (Says(200, '{"refresh_token": "r"}'), errors.UnreadableAnswer),
    (Says(302, "", {"Location": "/elsewhere"}), errors.UnreadableAnswer),
]


@pytest.mark.parametrize(("says", "kind"), FAULTS)
def test_every_failure_is_one_of_ours_and_keeps_the_stored_sign_in(
    world: World, says: Says, kind: type[errors.SideError]
) -> None:
    tokens = world.connected()
    world.vendor.next = [says]
    with pytest.raises(kind):
        tokens.bearer(True)
    assert len(world.server.seen) == 2, "no redirect was followed, nothing was repeated"
    assert tokens.bearer(True) == "access-2"


def test_wrong_client_credentials_name_the_setting(world: World) -> None:
    tokens = world.connected()
    world.vendor.next = [Says(401, '{"error": "invalid_client"}')]
    with pytest.raises(errors.NotConnected, match=r"client_secret of agent\.ini"):
        tokens.bearer(True)


@pytest.mark.parametrize("lasts", [-1, 0, 10**12, None, True])
def test_an_odd_life_is_taken_for_half_an_hour(world: World, lasts: object) -> None:
    world.vendor.extra = {"expires_in": lasts}
    tokens = world.connected()
    with later(world, minutes=25):
        assert tokens.bearer() == "access-1"
    with later(world, minutes=1):
        assert tokens.bearer() == "access-2"


def test_a_token_of_a_short_life_is_not_renewed_at_every_call(world: World) -> None:
    world.vendor.extra = {"expires_in": 240}
    tokens = world.connected()
    with later(world, seconds=60):
        assert tokens.bearer() == "access-1"
    with later(world, seconds=130):
        assert tokens.bearer() == "access-2"


def test_plain_http_is_only_for_this_machine(world: World) -> None:
    with pytest.raises(errors.Misconfigured):
        world.tokens(token_url="http://identity.example/connect/token")


def test_the_libraries_check_of_https_is_not_switched_off_for_the_process(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OAUTHLIB_INSECURE_TRANSPORT", raising=False)
    assert world.connected().bearer(True) == "access-2"


def _every_error(world: World, tokens: Tokens) -> Iterator[BaseException]:
    calls: list[Callable[[], object]] = [
        lambda: tokens.bearer(True),
        lambda: tokens.complete(tokens.begin()[-7:], "secret-code"),
        tokens.revoke,
    ]
    for call in calls:
        for says, _ in FAULTS:
            world.vendor.next = [says]
            try:
                call()
            except errors.SideError as error:
                yield error


def test_S4_no_token_code_or_secret_stands_in_an_error_a_repr_or_a_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    quiet_loggers()
    with caplog.at_level(logging.DEBUG):
        tokens = world.connected()
        found = list(_every_error(world, tokens))
    shown = [repr(tokens), repr(tokens._held), caplog.text]
    for error in found:
        shown += traceback.format_exception(error)
        shown += [repr(vars(error)), repr(error.__context__), repr(error.__cause__)]
    assert len(found) > len(FAULTS)
    for secret in ("access-", "refresh-", CLIENT_SECRET, "secret-code", "the-code"):
        assert not [text for text in shown if secret in text and "tests/unit" not in text]


def test_L5_in_a_copy_nothing_is_begun_renewed_or_withdrawn(world: World) -> None:
    world.connected()
    copy = world.tokens(is_copy=lambda: True)
    assert copy.bearer() == "access-1"  # as it stands; nobody is asked for it
    with later(world, hours=1):
        for way in (copy.bearer, copy.keep_alive, copy.revoke, copy.begin):
            with pytest.raises(Copied) as told:
                way()
            assert "schedules on" in told.value.sentence()
        with pytest.raises(Copied):
            copy.complete("state-1", "the-code")
    assert [event for event in world.events if event.startswith("asked")] == []
    assert world.tokens().refreshed() == NOW


def test_L2_a_sign_in_that_came_back_without_success_has_used_its_state(world: World) -> None:
    tokens = world.tokens()
    tokens.begin()
    with pytest.raises(NotBegun):
        tokens.refused("forged")
    tokens.refused("state-1")
    with pytest.raises(NotBegun):
        tokens.complete("state-1", "the-code")


@pytest.mark.parametrize(
    ("claims", "event"),
    [
        (b'{"authentication_event_id": "e1"}', "e1"),
        (b'{"authentication_event_id": 7}', ""),
        (b"[]", ""),
        (b"\xff", ""),
    ],
)
def test_L1_the_consent_behind_a_sign_in_on_offer_is_read_from_its_token(
    world: World, claims: bytes, event: str
) -> None:
    middle = base64.urlsafe_b64encode(claims).decode().rstrip("=")
    world.vendor.extra = {"access_token": f"e30.{middle}.x"}
    tokens = world.tokens()
    assert tokens.consent() == ""
    tokens.begin()
    tokens.complete("state-1", "the-code")
    assert tokens.consent() == event
    tokens.reject()
    assert tokens.consent() == ""


def test_L1_a_token_that_is_no_jwt_tells_no_consent() -> None:
    assert consent_of("opaque") == ""
