"""What somebody tries who wants into the page, or wants a signed-in person to do something for them (S4, S2)."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.security import check_password_hash, generate_password_hash

from agent.page import auth
from agent.page.auth import Throttle
from agent.records import User
from agent.service import Service
from agent.service.passwords import NOBODY, password_fits
from tests.browser.house import Clock, PlainDesk, Visitor, page_app
from tests.fuzz.house import BASE, House, times, token_in

COOKIE = "hra_xero_page"
WORDS = {"kind": "import", "side": "xero", "verb": "ignore", "id": "1", "filename": "page.css"}
DOING = {"start", "answer", "connect", "choose", "disconnect", "switch_on", "check"}


@pytest.fixture
def desk() -> PlainDesk:
    return PlainDesk()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def visitor(desk: PlainDesk, clock: Clock) -> Visitor:
    return Visitor(page_app(desk, clock))


@pytest.fixture
def inside(visitor: Visitor) -> Visitor:
    assert visitor.sign_in()[0] == 303
    return visitor


def paths(visitor: Visitor, method: str) -> list[str]:
    """Every address of the page that takes this method, with some word for each part."""
    rules = visitor.client.application.url_map.iter_rules()
    found = [rule for rule in rules if method in (rule.methods or ()) and rule.rule != "/hooks/ess"]
    return [re.sub(r"<(?:.*?:)?(\w+)>", lambda part: WORDS[part[1]], one.rule) for one in found]


# --- forms of other sites -------------------------------------------------------------------------


def test_S4_no_form_at_all_is_taken_without_the_token_of_this_very_session(
    inside: Visitor, desk: PlainDesk, clock: Clock
) -> None:
    other = Visitor(page_app(desk, clock))
    strange = token_in(other.client.get("/sign-in", base_url=other.base).text)
    desk.asked.clear()
    tried = paths(inside, "POST")
    assert len(tried) >= 9
    for path in tried:
        for data in ({}, {"csrf_token": strange}, {"csrf_token": ""}):
            answer = inside.client.post(path, base_url=inside.base, data=data)
            assert answer.status_code == 400, path
    assert [what for what in desk.asked if what[0] in DOING] == []


def test_S4_nobody_is_signed_in_under_another_persons_name_by_a_form_of_another_site(
    visitor: Visitor, desk: PlainDesk
) -> None:
    data = {"user": "admin", "password": "correct horse battery"}
    answer = visitor.client.post("/sign-in", base_url=visitor.base, data=data)
    assert (answer.status_code, desk.asked) == (400, [])


def test_S4_every_page_but_the_doors_wants_a_sign_in(visitor: Visitor, desk: PlainDesk) -> None:
    told = {}
    for path in paths(visitor, "GET"):
        with visitor.client.get(path, base_url=visitor.base) as answer:
            told[path] = answer.status_code
    open_to_all = {path for path, status in told.items() if status == 200}
    assert open_to_all == {"/sign-in", "/healthz", "/static/page.css"}
    assert {told[path] for path in told.keys() - open_to_all} <= {303, 401, 400}
    assert [what for what in desk.asked if what[0] not in ("health", "users")] == []


# --- sessions -------------------------------------------------------------------------------------


def test_S4_a_session_from_before_the_sign_in_is_not_signed_in_by_it(visitor: Visitor) -> None:
    visitor.client.get("/sign-in", base_url=visitor.base)
    planted = visitor.client.get_cookie(COOKIE)
    assert planted is not None
    visitor.sign_in()
    mine = visitor.client.get_cookie(COOKIE)
    assert mine is not None and mine.value != planted.value
    visitor.client.set_cookie(COOKIE, planted.value)
    assert visitor.get("/")[0] == 303


def test_S4_a_form_of_before_the_sign_in_is_worth_nothing_after_it(visitor: Visitor) -> None:
    before = token_in(visitor.client.get("/sign-in", base_url=visitor.base).text)
    visitor.sign_in()
    data = {"csrf_token": before}
    answer = visitor.client.post("/sign-out", base_url=visitor.base, data=data)
    assert answer.status_code == 400


def test_S4_a_cookie_that_was_changed_or_made_elsewhere_signs_nobody_in(inside: Visitor) -> None:
    cookie = inside.client.get_cookie(COOKIE)
    assert cookie is not None
    payload, _, rest = cookie.value.partition(".")
    for value in (f"{payload}x.{rest}", cookie.value[:-2], f"{payload}.{rest}.{rest}", "e30", ""):
        inside.client.set_cookie(COOKIE, value)
        assert inside.get("/")[0] == 303, value


def test_S2_somebody_who_was_removed_or_got_another_password_is_out_at_once(
    desk: PlainDesk, clock: Clock
) -> None:
    anna = User("anna", "scrypt:32768:8:1$salt$anna")
    desk.people = (anna,)
    visitor = Visitor(page_app(desk, clock))
    assert visitor.sign_in(user="anna")[0] == 303
    assert visitor.get("/")[0] == 200
    for now in ((), (replace(anna, password_hash="scrypt:32768:8:1$salt$other"),)):
        desk.people = now
        assert visitor.get("/")[0] == 303
        desk.people = (anna,)
        assert visitor.get("/")[0] == 200


def test_S4_a_restart_ends_every_session_a_copied_cookie_after_the_sign_out_too(
    tmp_path: Path,
) -> None:
    house = House(tmp_path)
    client, token = house.insider()
    copied = client.get_cookie(COOKIE)
    client.post("/sign-out", base_url=BASE, data={"csrf_token": token})
    house.close()
    again = Service(house.settings, {}, times())
    late = again.app.test_client()
    assert copied is not None
    late.set_cookie(COOKIE, copied.value)
    status = late.get("/", base_url=BASE).status_code
    again.stop()
    assert status == 303


# --- guessing -------------------------------------------------------------------------------------


@pytest.fixture
def agent(tmp_path: Path) -> House:
    made = House(tmp_path)
    made.close()
    return made


def tried(client: FlaskClient, user: str, address: str = "192.0.2.1") -> tuple[int, str]:
    """What somebody is told who guesses."""
    where = {"REMOTE_ADDR": address}
    token = token_in(client.get("/sign-in", base_url=BASE).text)
    data = {"csrf_token": token, "user": user, "password": "guess"}
    answer = client.post("/sign-in", base_url=BASE, data=data, environ_overrides=where)
    return answer.status_code, re.sub(r'value="[^"]*"', "", answer.text)


def test_S4_no_text_tells_a_name_that_there_is_from_one_that_there_is_not(
    visitor: Visitor, desk: PlainDesk
) -> None:
    desk.people = (User("anna", "scrypt:32768:8:1$salt$anna"),)
    told = {}
    for n, name in enumerate(("admin", "anna", "nobody", "Admin")):
        client = visitor.client.application.test_client()
        told[name] = [tried(client, name, f"192.0.2.{n}") for _ in range(7)]
    assert [status for status, _ in told["admin"]] == [403] * 5 + [429] * 2
    for name in ("anna", "nobody", "Admin"):
        assert told[name] == told["admin"]


def test_S4_a_name_that_nobody_has_takes_the_same_hash_as_one_that_somebody_has(
    agent: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def check(stored: str, password: str) -> bool:
        looked.append(stored.split("$")[0])
        return check_password_hash(stored, password)

    monkeypatch.setattr("agent.service.passwords.check_password_hash", check)
    store, usual = agent.service.pair.store, generate_password_hash("x")
    for hash, user in ((usual, "admin"), ("", "admin"), (usual, "nobody"), (usual, "")):
        assert not password_fits(store, hash, user, "guess")
    assert looked == [usual.split("$")[0]] * 4
    assert looked[0] == NOBODY.split("$")[0] and looked[0].startswith("scrypt:")


def test_S4_the_hash_that_stands_for_nobody_fits_no_password(agent: House) -> None:
    store = agent.service.pair.store
    for password in ("", "nobody", "0" * 128):
        assert not password_fits(store, NOBODY, "nobody", password)


def test_S4_a_flood_of_names_or_addresses_does_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(auth, "MOST_TRIED", 50)
    throttle = Throttle(Clock())
    for n in range(300):
        throttle.wait(f"name{n}", f"192.0.{n // 200}.{n % 200}")
    assert len(throttle._by_name._tries) == len(throttle._by_address._tries) == 50


def test_S4_one_machine_with_many_ipv6_addresses_waits_as_one() -> None:
    throttle = Throttle(Clock())
    near = [throttle.wait("admin", f"2001:db8:1:2::{n:x}") for n in range(1, 8)]
    assert near[:5] == [0] * 5 and all(near[5:])
    assert throttle.wait("admin", "2001:db8:1:3::1") == 0
    assert [auth.source(one) for one in ("::ffff:192.0.2.1", "192.0.2.1", "odd", "fe80::1%eth0")] == [
        "192.0.2.1", "192.0.2.1", "odd", "fe80::/64",
    ]  # fmt: skip


def test_S4_the_address_that_a_stranger_gives_himself_does_not_count(visitor: Visitor) -> None:
    """Else everybody guesses for ever, each time as somebody else."""
    told = []
    for n in range(6):
        token = token_in(visitor.client.get("/sign-in", base_url=visitor.base).text)
        answer = visitor.client.post(
            "/sign-in",
            base_url=visitor.base,
            data={"csrf_token": token, "user": "admin", "password": "guess"},
            headers={"X-Forwarded-For": f"10.0.0.{n}", "Forwarded": f"for=10.0.0.{n}"},
        )
        told.append(answer.status_code)
    assert told == [403] * 5 + [429]


def test_the_pause_is_over_when_it_is_over(visitor: Visitor, clock: Clock) -> None:
    for _ in range(5):
        visitor.sign_in("guess")
    assert visitor.sign_in()[0] == 429
    clock.now += timedelta(seconds=31)
    assert visitor.sign_in()[0] == 303


# --- being led elsewhere --------------------------------------------------------------------------


def test_S4_no_redirect_leads_to_another_site(inside: Visitor) -> None:
    evil = "//evil.example"
    for path in (
        f"/sign-in?next={evil}", f"/?next=https:{evil}", evil, f"{evil}/", f"{evil}/links", "//links", "/\\evil.example",
        f"/sign-in/..{evil}", "/links?find=%0d%0aLocation:%20https:%2f%2fevil.example", "/@evil.example",
    ):  # fmt: skip
        answer = inside.client.get(path, base_url=inside.base)
        leads = answer.headers.get("Location", "")
        assert re.fullmatch(r"|(http://localhost:8710)?/([^/\\].*)?", leads), (path, leads)
        assert "evil" not in leads, path


# --- the vendor's way back (L2) --------------------------------------------------------------------


def begun(agent: Service, side: str) -> str:
    return agent.connect(side).partition("state=")[2].partition("&")[0]


def test_L2_a_state_is_good_for_its_own_side_and_agent_once(tmp_path: Path) -> None:
    house, other = House(tmp_path / "one"), House(tmp_path / "two")
    client, state = house.client(), begun(house.service, "hra")

    def back(side: str, state: str) -> str:
        path = f"/connect/{side}/callback?state={state}&code=c1"
        return client.get(path, base_url=BASE).text

    not_begun = "was not started here"
    assert not_begun in back("xero", state)
    assert not_begun in back("hra", begun(other.service, "hra"))
    assert not_begun in back("hra", state[:-1])
    assert not_begun not in back("hra", state)  # taken: HRA Cloud cannot be reached here
    assert not_begun in back("hra", state)
    house.close()
    other.close()
