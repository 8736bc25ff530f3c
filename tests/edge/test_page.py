"""The page as a visitor without JavaScript meets it: signing in, the buttons, connecting, and what it keeps shut."""

import logging
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from agent.errors import NotConnected, WrongTarget
from agent.page.auth import Throttle
from agent.records import User
from tests.browser.house import PASSWORD, Clock, PlainDesk, Visitor, page_app
from tests.browser.rows import NOW, PROVED, RUNS, shown

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


# --- signing in ---------------------------------------------------------------------------------


def test_a_stranger_is_sent_to_the_sign_in_and_sees_nothing(visitor: Visitor) -> None:
    answer = visitor.client.get("/", base_url=visitor.base)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert "Employee" not in answer.text


@pytest.mark.parametrize(
    "path", ["/run/import", "/run/export", "/run/verify", "/connect/hra", "/connect/xero"]
)
def test_a_stranger_can_press_no_button(visitor: Visitor, desk: PlainDesk, path: str) -> None:
    status, _, leads = visitor.post(path, "/sign-in")
    assert (status, leads, desk.asked) == (303, "/sign-in", [])


def test_the_right_password_opens_the_page(visitor: Visitor) -> None:
    status, _, leads = visitor.sign_in()
    assert (status, leads) == (303, "/")
    status, text = visitor.get("/")
    assert status == 200
    assert "Working. Two things need you." in text


def test_a_wrong_password_is_refused_in_a_sentence(visitor: Visitor) -> None:
    status, text, _ = visitor.sign_in("guess")
    assert (status, "That name or password is not right." in text) == (403, True)
    assert visitor.get("/")[0] == 303


def test_after_five_wrong_passwords_even_the_right_one_must_wait(
    visitor: Visitor, desk: PlainDesk, clock: Clock
) -> None:
    for _ in range(5):
        assert visitor.sign_in("guess")[0] == 403
    asked = len(desk.asked)
    status, text, _ = visitor.sign_in()
    assert (status, "Wait 31 seconds" in text) == (429, True)
    assert len(desk.asked) == asked, "the slow hash is not computed while the address waits"
    clock.now += timedelta(seconds=31)
    assert visitor.sign_in()[0] == 303


def test_the_pause_grows_and_has_a_limit() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    pauses = []
    for _ in range(14):
        while seconds := throttle.wait("admin", "192.0.2.1"):
            pauses.append(seconds - 1)
            clock.now += timedelta(seconds=seconds)
    assert pauses == [30, 60, 120, 240, 480, 900, 900, 900, 900]


def test_another_address_does_not_wait() -> None:
    throttle = Throttle(Clock())
    assert all(throttle.wait("admin", "192.0.2.1") == 0 for _ in range(5))
    assert throttle.wait("admin", "192.0.2.1") > 0
    assert throttle.wait("admin", "192.0.2.2") == 0


def test_S2_ones_own_sign_in_does_not_clear_the_way_to_another_persons(desk: PlainDesk) -> None:
    """Else whoever has an account guesses admin's password four tries at a time, and approves their own request."""
    desk.people = (User("anna", "scrypt:32768:8:1$salt$anna"),)
    visitor = Visitor(page_app(desk, Clock()))
    told = []
    for _ in range(3):
        told += [visitor.sign_in("guess")[0] for _ in range(4)]
        told.append(visitor.sign_in(user="anna")[0])
        visitor.post("/sign-out", "/")
    assert told == [403] * 4 + [303] + [403] + [429] * 3 + [303] + [429] * 4 + [303]


def test_many_names_from_one_address_have_a_limit_too() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    assert [throttle.wait(f"name{n}", "192.0.2.1") for n in range(21)] == [0] * 20 + [31]
    throttle.passed("name1", "192.0.2.1")
    assert throttle.wait("name1", "192.0.2.1") == 0, "a right password was no guess"
    assert throttle.wait("name1", "192.0.2.1") == 31, "and the others still count"
    clock.now += timedelta(hours=1, seconds=1)
    assert throttle.wait("another", "192.0.2.1") == 0


def test_right_passwords_behind_one_address_never_come_to_its_limit() -> None:
    throttle = Throttle(Clock())
    for n in range(60):
        assert throttle.wait(f"name{n}", "192.0.2.1") == 0
        throttle.passed(f"name{n}", "192.0.2.1")


def test_a_session_ends_by_its_age_though_the_page_kept_refreshing(
    inside: Visitor, clock: Clock
) -> None:
    clock.now += timedelta(hours=7, minutes=59)
    assert inside.get("/")[0] == 200
    clock.now += timedelta(minutes=1)
    assert inside.get("/")[0] == 303


def test_signing_out_ends_the_session_for_a_copied_cookie_too(inside: Visitor) -> None:
    kept = inside.client.get_cookie("hra_xero_page")
    assert kept is not None
    assert inside.post("/sign-out", "/")[0] == 303
    inside.client.set_cookie("hra_xero_page", kept.value)
    assert inside.get("/")[0] == 303


def test_a_new_password_ends_every_session(inside: Visitor, desk: PlainDesk, clock: Clock) -> None:
    kept = inside.client.get_cookie("hra_xero_page")
    assert kept is not None
    changed = Visitor(page_app(desk, clock, "[page]\npassword_hash = scrypt:32768:8:1$aaaa$bbbb\n"))
    changed.client.set_cookie("hra_xero_page", kept.value)
    assert changed.get("/")[0] == 303


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(visitor: Visitor) -> None:
    cookie = visitor.client.get("/sign-in", base_url=visitor.base).headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie


def test_behind_https_the_session_cookie_is_secure(desk: PlainDesk, clock: Clock) -> None:
    far = Visitor(page_app(desk, clock, HTTPS), "https://agent.example.com")
    assert "Secure" in far.client.get("/sign-in", base_url=far.base).headers["Set-Cookie"]
    assert far.sign_in()[0] == 303
    assert far.get("/")[0] == 200


# --- the buttons --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["import", "export"])
def test_R1_a_run_starts_on_demand(inside: Visitor, desk: PlainDesk, kind: str) -> None:
    status, _, leads = inside.post(f"/run/{kind}", "/")
    assert (status, leads) == (303, "/")
    assert ("start", kind, "authoritative", "page:admin") in desk.asked
    assert f"{kind.capitalize()} started." in inside.get("/")[1]


def test_X2_the_button_starts_a_verification(inside: Visitor, desk: PlainDesk) -> None:
    assert "Verify now" in inside.get("/")[1]
    inside.post("/run/verify", "/")
    assert ("start", "verify", "authoritative", "page:admin") in desk.asked
    assert "Verification started." in inside.get("/")[1]


def test_R4_a_stopped_run_can_be_started_over_on_the_page(inside: Visitor, desk: PlainDesk) -> None:
    assert "Read everybody again" not in inside.get("/")[1]
    desk.state = shown(runs=(replace(RUNS[0], kind="import", outcome="stopped"),))
    assert "Read everybody again" in inside.get("/")[1]
    inside.post("/run/import", "/", fresh="yes")
    assert ("start", "import", "authoritative", "page:admin", "fresh") in desk.asked


def test_why_a_run_did_not_start_is_told(inside: Visitor, desk: PlainDesk) -> None:
    desk.why_not = "Another run is under way."
    inside.post("/run/export", "/")
    assert "Another run is under way." in inside.get("/")[1]


@pytest.mark.parametrize(
    "path",
    [
        "/run/import",
        "/run/verify",
        "/connect/xero",
        "/connect/xero/choose",
        "/sign-out",
        "/sign-in",
    ],
)
def test_a_form_of_another_site_is_refused(inside: Visitor, desk: PlainDesk, path: str) -> None:
    desk.asked.clear()
    answer = inside.client.post(path, base_url=inside.base)
    assert (answer.status_code, desk.asked) == (400, [])
    assert "open for too long" in answer.text


@pytest.mark.parametrize("path", ["/run/import", "/connect/hra", "/sign-out"])
def test_a_link_alone_starts_nothing(inside: Visitor, desk: PlainDesk, path: str) -> None:
    desk.asked.clear()
    assert (inside.get(path)[0], desk.asked) == (405, [])


@pytest.mark.parametrize(
    "path", ["/run/everything", "/connect/myob", "/nowhere", "/connect/myob/callback"]
)
def test_what_there_is_not_is_not_found(inside: Visitor, path: str) -> None:
    status, _, _ = inside.post(path, "/")
    assert status == 404


# --- what goes wrong ----------------------------------------------------------------------------


def test_L1_an_error_of_the_agent_is_its_sentence(visitor: Visitor, desk: PlainDesk) -> None:
    desk.trouble = WrongTarget("xero")
    status, text = visitor.get(CALLBACK)
    assert (status, "another account or organisation than the linked one" in text) == (409, True)


def test_any_other_error_is_a_plain_page_and_logs_only_its_kind(
    inside: Visitor, desk: PlainDesk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.trouble = ValueError("123 456 782")
    with caplog.at_level(logging.DEBUG):
        status, text = inside.get("/")
    assert status == 500
    assert "Something went wrong" in text
    assert "Traceback" not in text and "123 456 782" not in text + caplog.text
    assert "ValueError" in caplog.text


# --- for machines -------------------------------------------------------------------------------


def test_health_is_told_without_sign_in_and_without_a_person(
    visitor: Visitor, desk: PlainDesk
) -> None:
    answer = visitor.client.get("/healthz", base_url=visitor.base)
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    desk.well = (False, "the schedule has stopped")
    answer = visitor.client.get("/healthz", base_url=visitor.base)
    assert (answer.status_code, answer.json) == (503, {"status": "the schedule has stopped"})


def test_the_status_as_json_is_for_signed_in_people(inside: Visitor, desk: PlainDesk) -> None:
    answer = inside.client.get("/api/status", base_url=inside.base)
    assert answer.json is not None
    assert (answer.status_code, answer.json["hero"]) == (200, "Working. Two things need you.")
    desk.trouble = NotConnected("hra")
    answer = inside.client.get("/api/status", base_url=inside.base)
    assert answer.status_code == 503 and answer.json and "HRA Cloud" in answer.json["error"]


def test_the_status_as_json_is_refused_to_strangers(visitor: Visitor, desk: PlainDesk) -> None:
    answer = visitor.client.get("/api/status", base_url=visitor.base)
    assert (answer.status_code, answer.json, desk.asked) == (401, {"error": "Sign in first."}, [])


def test_the_hook_needs_no_token_of_a_form(visitor: Visitor) -> None:
    answer = visitor.client.post("/hooks/ess", base_url=visitor.base, data=b"{}")
    assert answer.status_code == 401  # its own check, of the signature, and not 400 of the page


# --- the status page ----------------------------------------------------------------------------


def test_the_page_shows_what_waits_and_why_and_what_travelled(inside: Visitor) -> None:
    text = inside.get("/")[1]
    for told in (
        "Home address lies outside Australia",
        "Bank accounts: both sides changed",
        "Employee 1020",
        "Xero cannot be reached at the moment.",
        "annual leave, personal leave",
        "4,612",
        "m.tran@harbourpine.example",
        'title="23 Nov 2026, 12:32:00 pm AEDT">8 minutes ago</time>',
        "HRA Cloud decides",
    ):
        assert told in text


def test_L3_a_side_that_is_not_connected_says_why_and_since_when(
    inside: Visitor, desk: PlainDesk
) -> None:
    lost = replace(PROVED["xero"], connected=False, reason="The sign-in has ended.")
    desk.state = shown(connections=PROVED | {"xero": lost})
    text = inside.get("/")[1]
    assert "Not connected to Xero." in text and "The sign-in has ended." in text
    assert "Worked last" in text


def test_a_run_under_way_shows_how_far_it_is(inside: Visitor, desk: PlainDesk) -> None:
    running = replace(RUNS[0], outcome="running", done=17, ended=None)
    desk.state = shown(runs=(running,))
    text = inside.get("/")[1]
    assert "17 of 43 people" in text and 'value="17" max="43"' in text
    assert 'data-refresh="2"' in text


@pytest.mark.parametrize(
    ("kind", "outcome", "label", "told"),
    [
        ("import, dry run", "attention", "Import, dry run", "would write 6 values to HRA Cloud"),
        ("export, as planned", "done", "Export, as planned", "6 values to HRA Cloud"),
        ("import", "braked", "Import", "Stopped by the brake before the first write: 6 of 17"),
        ("export", "refused", "Export", "Refused. Stopped by the brake before"),
    ],
)
def test_R3_S1_a_run_is_told_as_what_it_was(
    inside: Visitor, desk: PlainDesk, kind: str, outcome: str, label: str, told: str
) -> None:
    run = replace(RUNS[1], kind=kind, outcome=outcome, counts={"records": 17, "to_hra": 6})
    why = "Stopped by the brake before the first write: 6 of 17 people."
    desk.state = shown(runs=(replace(run, reason=why),))
    text = inside.get("/")[1].partition('id="runs"')[2]
    plain = re.sub(r"\s+", " ", re.sub("<.*?>", "", text))
    assert f"{label}from this page" in plain and told in plain


def test_a_dry_run_under_way_refreshes_the_page_and_is_named(
    inside: Visitor, desk: PlainDesk
) -> None:
    desk.state = shown(runs=(replace(RUNS[0], kind="export, dry run", outcome="running"),))
    text = inside.get("/")[1]
    assert 'data-refresh="2"' in text and "Export, dry run under way." in text


def test_the_page_of_an_agent_that_has_done_nothing_yet_stands(
    inside: Visitor, desk: PlainDesk
) -> None:
    desk.state = shown(
        links=(), attention=(), runs=(), changes=(), waiting=(), next_run=None, day_left=None
    )
    status, text = inside.get("/")
    assert (status, "Never run so far." in text, "not known yet" in text) == (200, True, True)


def test_what_a_vendor_named_is_text_and_never_markup(inside: Visitor, desk: PlainDesk) -> None:
    desk.state = shown(
        connections=PROVED | {"hra": replace(PROVED["hra"], name="<script>x</script>")}
    )
    assert "<script>x" not in inside.get("/")[1]


def test_the_page_works_under_any_prefix(desk: PlainDesk, clock: Clock) -> None:
    mounted = DispatcherMiddleware(
        lambda environ, start: [], {"/payroll/agent": page_app(desk, clock)}
    )
    client = Client(mounted)
    base, under = "http://localhost:8710", "/payroll/agent"
    text = client.get(f"{under}/sign-in", base_url=base).text
    assert 'href="/payroll/agent/static/page.css"' in text
    token = text.partition('name="csrf_token" value="')[2].partition('"')[0]
    data = {"csrf_token": token, "user": "admin", "password": PASSWORD}
    answer = client.post(f"{under}/sign-in", base_url=base, data=data)
    assert answer.headers["Location"] == "/payroll/agent/"
    status = client.get(f"{under}/", base_url=base).text
    assert NOW.isoformat()[:10] in status
    led = re.findall(r'(?:href|src|action)="(/[^"]*)"', status)
    assert led and all(address.startswith("/payroll/agent/") for address in led)
