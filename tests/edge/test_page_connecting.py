"""The two ways to a vendor and back, as a visitor without JavaScript meets them."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from agent.page.desk import Option
from tests.browser.house import Clock, PlainDesk, Visitor, page_app
from tests.browser.rows import PROVED, shown

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


def test_L2_connect_leads_the_person_to_the_vendor(inside: Visitor, desk: PlainDesk) -> None:
    status, text, _ = inside.post("/connect/xero", "/")
    led = desk.goes_to.replace("&", "&amp;")
    assert status == 200
    assert f'<meta http-equiv="refresh" content="0; url={led}">' in text
    assert f'href="{led}"' in text, "for a browser that does not go by itself"
    assert ("connect", "xero", "page:admin") in desk.asked


def test_L2_the_way_back_needs_no_session(visitor: Visitor, desk: PlainDesk) -> None:
    status, text = visitor.get(CALLBACK)
    assert (status, "Xero is connected." in text) == (200, True)
    assert desk.asked == [("connected", "xero", "s1", "c1"), ("status",)]


def test_whoever_is_signed_in_is_back_on_the_status_page(inside: Visitor) -> None:
    assert inside.get(CALLBACK)[0] == 303
    assert "Xero is connected." in inside.get("/")[1]


@pytest.mark.parametrize("through", ["at once", "a choice"])
@pytest.mark.parametrize("signed_in", [True, False])
def test_L3_a_sign_in_that_may_not_do_the_work_is_not_called_connected(
    visitor: Visitor, desk: PlainDesk, through: str, signed_in: bool
) -> None:
    barred = replace(PROVED["xero"], connected=False, reason="A permission is missing.")
    desk.state = shown(connections=PROVED | {"xero": barred})
    if signed_in:
        visitor.sign_in()
    if through == "a choice":
        desk.options = (Option("t1", "One"), Option("t2", "Two"))
    text = visitor.get(CALLBACK)[1]
    if through == "a choice":
        token = dict(re.findall(r'name="(csrf_token|token)" value="([^"]+)"', text))
        data = {**token, "id": "t1"}
        text = visitor.client.post(
            "/connect/xero/choose", base_url=visitor.base, data=data
        ).get_data(as_text=True)
    if signed_in:
        text = visitor.get("/")[1]
        assert 'class="flash warn"' in text
    assert (
        "Xero is linked, but it does not work yet." in text and "A permission is missing." in text
    )
    assert "Xero is connected." not in text


def test_the_person_who_says_no_reads_that_nothing_changed(
    visitor: Visitor, desk: PlainDesk
) -> None:
    status, text = visitor.get("/connect/hra/callback?state=s1&error=access_denied")
    assert (status, desk.asked) == (400, [])
    assert "You did not agree to it, so HRA Cloud stays as it was." in text


def test_an_error_of_the_vendor_is_told_without_repeating_it(visitor: Visitor) -> None:
    status, text = visitor.get("/connect/hra/callback?error=<b>oops</b>&error_description=pwned")
    assert (status, "oops" in text, "pwned" in text) == (400, False, False)


def test_L1_several_organisations_are_a_choice_also_without_a_session(
    visitor: Visitor, desk: PlainDesk
) -> None:
    desk.options = (Option("t1", "Harbour & Pine"), Option("t2", "<i>Second</i>"))
    status, text = visitor.get(CALLBACK)
    assert status == 200
    assert "Harbour &amp; Pine" in text and "&lt;i&gt;Second" in text
    answer = chosen(visitor, text, "t2")
    assert answer == 200
    assert ("choose", "xero", "t2") in desk.asked


def test_L1_a_choice_is_made_once(visitor: Visitor, desk: PlainDesk) -> None:
    desk.options = (Option("t1", "One"), Option("t2", "Two"))
    text = visitor.get(CALLBACK)[1]
    assert [chosen(visitor, text, "t1"), chosen(visitor, text, "t2")] == [200, 400]
    assert ("choose", "xero", "t2") not in desk.asked


def test_L1_a_choice_lasts_a_quarter_of_an_hour(
    visitor: Visitor, desk: PlainDesk, clock: Clock
) -> None:
    desk.options = (Option("t1", "One"), Option("t2", "Two"))
    text = visitor.get(CALLBACK)[1]
    clock.now += timedelta(minutes=15)
    assert chosen(visitor, text, "t1") == 400


def test_nobody_chooses_without_the_token_of_the_choice(visitor: Visitor, desk: PlainDesk) -> None:
    status, text, _ = visitor.post("/connect/xero/choose", "/sign-in", token="é", id="t1")
    assert (status, desk.asked) == (400, [])
    assert "Connect again" in text


def chosen(visitor: Visitor, text: str, id: str) -> int:
    """Press the button of a choice page."""
    form = dict(re.findall(r'name="(csrf_token|token)" value="([^"]+)"', text))
    data = {**form, "id": id}
    return visitor.client.post("/connect/xero/choose", base_url=visitor.base, data=data).status_code
