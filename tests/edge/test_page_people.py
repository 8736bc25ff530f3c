"""Several people on one page: whose session ends when, who started what, and switching a side off and on."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from agent.errors import NotConnected
from agent.page.auth import Sessions
from agent.records import User
from tests.browser.house import Clock, PlainDesk, Visitor, inside
from tests.browser.rows import BOUND, NOW, PROVED, RUNS, shown

ANNA = User("anna", "scrypt:32768:8:1$salt$anna", "h1042")
BEN = User("ben", "scrypt:32768:8:1$salt$ben")
MOVED = "This is a copy of an agent that ran elsewhere."


@pytest.fixture
def desk() -> PlainDesk:
    desk = PlainDesk()
    desk.people = (ANNA, BEN)
    return desk


@pytest.fixture
def anna(desk: PlainDesk) -> Visitor:
    return inside(desk, "anna")


# --- who is signed in ---------------------------------------------------------------------------


def test_S2_the_page_says_who_is_signed_in(anna: Visitor) -> None:
    assert "Signed in as </span>anna" in anna.get("/")[1]


@pytest.mark.parametrize(
    "people",
    [(BEN,), (replace(ANNA, password_hash="scrypt:32768:8:1$salt$new"), BEN)],
    ids=["removed", "new password"],
)
def test_S2_a_persons_sessions_end_with_their_password(
    desk: PlainDesk, anna: Visitor, people: tuple[User, ...]
) -> None:
    ben, admin = inside(desk, "ben"), inside(desk)
    desk.people = people
    assert anna.get("/")[0] == 303
    assert (ben.get("/")[0], admin.get("/")[0]) == (200, 200)


def test_S2_nobody_becomes_another_by_taking_the_name_of_a_removed_person(
    desk: PlainDesk, anna: Visitor
) -> None:
    desk.people = (BEN,)
    assert anna.get("/")[0] == 303
    desk.people = (replace(BEN, name="anna"), BEN)
    assert anna.get("/")[0] == 303


def test_S2_nobody_without_a_password_has_a_session() -> None:
    """Somebody who is removed while they sign in."""
    session: dict[str, object] = {}
    sessions = Sessions(b"k" * 32, lambda name: "", 8, Clock())
    sessions.begin(session, "anna")
    assert sessions.user(session) is None


def test_a_user_who_is_called_admin_does_not_open_the_admins_session(desk: PlainDesk) -> None:
    admin = inside(desk)
    desk.people = (User("admin", "scrypt:32768:8:1$salt$false"),)
    assert admin.get("/")[0] == 200  # the password of admin is the one of agent.ini


def test_a_name_typed_with_a_wrong_password_need_not_be_typed_again(desk: PlainDesk) -> None:
    visitor = inside(desk)
    visitor.post("/sign-out", "/")
    assert 'value="admin"' not in visitor.get("/sign-in")[1], "there are several people"
    assert 'value="ben"' in visitor.sign_in("guess", "ben")[1]


def test_R1_a_run_is_started_in_the_name_of_whoever_pressed_the_button(
    anna: Visitor, desk: PlainDesk
) -> None:
    anna.post("/run/export", "/")
    assert desk.asked[-1] == ("start", "export", "authoritative", "page:anna")


@pytest.mark.parametrize("mode", ["changed", "all"])
def test_R2_an_import_may_be_of_another_mode(anna: Visitor, desk: PlainDesk, mode: str) -> None:
    anna.post("/run/import", "/", mode=mode)
    assert desk.asked[-1] == ("start", "import", mode, "page:anna")
    assert f'name="mode" value="{mode}"' in anna.get("/")[1]


def test_R2_an_export_has_one_mode_and_an_import_three(anna: Visitor, desk: PlainDesk) -> None:
    anna.post("/run/export", "/", mode="all")
    assert desk.asked[-1] == ("start", "export", "authoritative", "page:anna")
    desk.asked.clear()
    assert anna.post("/run/import", "/", mode="everything")[0] == 400
    assert ("start", "import", "everything", "page:anna") not in desk.asked


def test_runs_say_who_started_them(anna: Visitor, desk: PlainDesk) -> None:
    desk.state = shown(runs=tuple(replace(run, started_by="page:anna") for run in RUNS))
    assert "from this page by anna" in anna.get("/")[1]


# --- switched off, disconnected, about to end ---------------------------------------------------


def test_L4_disconnecting_asks_first_and_says_what_came_of_it(
    anna: Visitor, desk: PlainDesk
) -> None:
    text = anna.get("/")[1]
    unfolded = text.partition('id="disconnect-hra"')[2].partition("</details>")[0]
    assert "both schedules are switched off" in unfolded
    assert 'action="/connect/hra/disconnect"' in unfolded
    assert text.count('action="/connect/hra/disconnect"') == 1
    desk.says = "HRA Cloud is disconnected. Withdraw the consent in your HRA Cloud account."
    assert anna.post("/connect/hra/disconnect", "/")[0] == 303
    assert ("disconnect", "hra", "page:anna") in desk.asked
    assert "Withdraw the consent" in anna.get("/")[1]


def test_L4_a_side_that_was_never_connected_has_nothing_to_disconnect(
    anna: Visitor, desk: PlainDesk
) -> None:
    never = replace(PROVED["hra"], connected=False, proved=None)
    bound = replace(BOUND, account_id="", account_name="")
    desk.state = shown(connections=PROVED | {"hra": never}, binding=bound)
    text = anna.get("/")[1]
    assert "/connect/hra/disconnect" not in text and "/connect/xero/disconnect" in text


@pytest.mark.parametrize("proved", [None, NOW])
def test_L4_a_linked_side_that_does_not_work_can_be_let_go(
    anna: Visitor, desk: PlainDesk, proved: datetime | None
) -> None:
    """Linked by somebody who may not use payroll there: never proved, and yet to be disconnected."""
    barred = replace(PROVED["xero"], connected=False, proved=proved)
    desk.state = shown(connections=PROVED | {"xero": barred})
    assert "/connect/xero/disconnect" in anna.get("/")[1]


def test_L4_why_a_disconnect_failed_is_told(anna: Visitor, desk: PlainDesk) -> None:
    token = anna.token("/")
    desk.trouble = NotConnected("xero")
    answer = anna.client.post(
        "/connect/xero/disconnect", base_url=anna.base, data={"csrf_token": token}
    )
    assert (answer.status_code, "Xero is not connected" in answer.text) == (409, True)


def test_L5_a_restored_copy_says_why_it_is_switched_off_and_can_be_switched_on(
    anna: Visitor, desk: PlainDesk
) -> None:
    desk.state = shown(standing=MOVED)
    text = anna.get("/")[1]
    assert MOVED in text and "Switched off. Two things need you." in text
    assert "switched off for now" in text, "no next time stands at a schedule that is off"
    assert anna.post("/switch-on", "/")[0] == 303
    assert desk.asked[-1] == ("switch_on", "page:anna")


def test_L5_an_agent_that_is_on_has_no_such_button(anna: Visitor) -> None:
    assert "/switch-on" not in anna.get("/")[1]


@pytest.mark.parametrize("path", ["/switch-on", "/connect/hra/disconnect"])
def test_L5_a_stranger_switches_nothing(anna: Visitor, desk: PlainDesk, path: str) -> None:
    anna.post("/sign-out", "/")
    desk.asked.clear()
    assert anna.post(path, "/sign-in")[2] == "/sign-in"
    assert desk.asked == []


def test_L3_a_sign_in_that_ends_soon_is_warned_of(anna: Visitor, desk: PlainDesk) -> None:
    desk.state = shown(dies={"hra": NOW + timedelta(days=2), "xero": NOW + timedelta(days=40)})
    text = anna.get("/")[1]
    assert "The sign-in to HRA Cloud ends" in text and "in 2 days" in text
    assert "The sign-in to Xero ends" not in text
