"""The commands users, audit, disconnect and schedules."""

import pytest

from agent.demo.browser import form_values
from agent.records import Event
from tests.edge.cli_house import Terminal, linked
from tests.edge.service_house import PASSWORD, House

BOTH = pytest.mark.parametrize("running", [True, False])


@pytest.fixture
def quiet(house: House) -> House:
    """The house while no agent runs in it."""
    house.stop()
    return house


# --- users (S2) -----------------------------------------------------------------------------------


def test_S2_users_add_prints_a_password_once_that_signs_in(
    quiet: House, terminal: Terminal
) -> None:
    assert terminal.types("users", "add", "anna") == 0
    password = next(x for x in terminal.out.splitlines() if x.startswith("password ")).split()[1]
    assert terminal.types("users", "list") == 0
    assert terminal.out.split() == ["admin", "anna"]
    assert password not in terminal.out
    data = quiet.settings.agent.data_dir
    assert not any(password.encode() in file.read_bytes() for file in data.glob("*.json*"))
    quiet.start()
    assert quiet.service.check_password("anna", password)
    assert not quiet.service.check_password("anna", PASSWORD)
    assert quiet.service.check_password("admin", PASSWORD)


def test_S2_a_removed_user_signs_in_no_longer(quiet: House, terminal: Terminal) -> None:
    password = terminal.json("users", "add", "anna")["password"]
    assert terminal.types("users", "remove", "anna") == 0
    assert terminal.json("users", "list") == [{"name": "admin", "employee": ""}]
    quiet.start()
    assert not quiet.service.check_password("anna", password)


def test_S3_page_users_leave_a_trace_in_the_log(quiet: House, terminal: Terminal) -> None:
    before = len(terminal.json("audit", "show"))
    terminal.types("users", "add", "anna", "--employee", "4711")
    terminal.types("users", "remove", "anna")
    terminal.types("users", "add", "admin")
    terminal.types("users", "remove", "nobody")
    lines = terminal.json("audit", "show")[before:]
    assert [(line["what"], line["why"], line["actor"]) for line in lines] == [
        ("user", "added anna", "command"), ("user", "removed anna", "command"),
    ]  # fmt: skip
    assert terminal.types("audit", "show", "--employee", "4711") == 0
    assert "Page user: added anna (by a command on the server)" in terminal.out
    assert "Page user: removed anna" in terminal.out
    assert terminal.types("audit", "verify") == 0
    quiet.start()


REFUSED = {
    "add admin": "agent.ini", "add Admin": "agent.ini", "remove admin": "agent.ini", "remove carl": "carl",
    "add anna": "already", "add Anna": "already", "add a:b": "letters", "add -x": "usage",
}  # fmt: skip


def test_users_refuses_what_makes_no_second_person(quiet: House, terminal: Terminal) -> None:
    terminal.types("users", "add", "anna")
    for words, told in REFUSED.items():
        assert terminal.types("users", *words.split()) == 2, words
        assert told in terminal.err, words
    assert [row["name"] for row in terminal.json("users", "list")] == ["admin", "anna"]
    quiet.start()


def test_S2_a_tie_to_an_employee_whom_nobody_is_linked_under_is_said(
    quiet: House, terminal: Terminal
) -> None:
    assert terminal.types("users", "add", "anna", "--employee", "0000") == 0
    assert "nobody is linked" in terminal.err
    assert {"name": "anna", "employee": "0000"} in terminal.json("users", "list")
    quiet.start()


def test_beside_a_running_agent_these_commands_say_that_it_is_running(
    house: House, terminal: Terminal
) -> None:
    for words in ("users list", "users add anna", "audit verify", "audit show"):
        assert terminal.types(*words.split()) == 2, words
        assert "already running" in terminal.err
        assert terminal.out == ""


# --- audit (S3) -----------------------------------------------------------------------------------


def test_S3_the_log_answers_why_a_field_has_its_value(house: House, terminal: Terminal) -> None:
    employee, other = linked(house, "1001", "1002")
    house.save_in_ess(employee, mobile="0491 570 156")
    house.service.worker.drain()
    house.stop()
    assert terminal.types("audit", "show", "--employee", employee) == 0
    last = [line for line in terminal.out.splitlines() if "written to Xero" in line][-1]
    assert "Mobile" in last and "a save in eSS" in last and employee in last
    assert "0491" not in terminal.out
    assert not [x for x in terminal.out.splitlines() if other in x]
    assert terminal.types("audit", "verify") == 0
    assert "whole" in terminal.out
    house.start()


def test_S3_a_changed_line_is_named_and_makes_exit_code_1(quiet: House, terminal: Terminal) -> None:
    quiet.start()
    for name in ("one", "two", "three"):
        quiet.service.pair.store.note(Event("switched", why=name, actor="command"))
    quiet.stop()
    log = quiet.settings.agent.data_dir / "audit.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"why":"two"', b'"why":"too"'))
    assert terminal.types("audit", "verify") == 1
    assert terminal.out.strip()
    told = terminal.json("audit", "verify")
    assert told["whole"] is False and told["findings"]
    terminal.types("audit", "show")
    assert [x for x in terminal.out.splitlines() if "too" in x and "NOT AS IT WAS WRITTEN" in x]
    quiet.start()


def test_audit_show_prints_no_sign_that_steers_a_terminal(quiet: House, terminal: Terminal) -> None:
    quiet.start()
    quiet.service.pair.store.note(Event("switched", why="\x1b[2Jgone\nforged", actor="command"))
    quiet.stop()
    terminal.types("audit", "show")
    assert "\x1b" not in terminal.out
    assert [line for line in terminal.out.splitlines() if line.startswith("forged")] == []
    quiet.start()


# --- schedules and disconnect (L4, L5) ------------------------------------------------------------


@BOTH
def test_L5_schedules_are_switched_off_and_on_again(
    house: House, terminal: Terminal, running: bool
) -> None:
    if not running:
        house.stop()
    assert terminal.json("schedules")["on"] is True
    assert terminal.types("schedules", "off") == 0
    told = terminal.json("schedules", "status")
    assert told["on"] is False and told["reason"]
    assert terminal.types("schedules") == 0
    assert told["reason"] in terminal.out
    assert terminal.types("schedules", "on") == 0
    assert terminal.json("schedules")["on"] is True
    if not running:
        house.start()


@BOTH
def test_L4_disconnect_forgets_one_sign_in_and_keeps_the_links(
    house: House, terminal: Terminal, running: bool
) -> None:
    linked(house, "1001")
    if not running:
        house.stop()
    assert terminal.types("disconnect", "xero") == 0
    assert "Harbour & Pine Pty Ltd is disconnected" in terminal.out
    sides = {side["side"]: side["connected"] for side in terminal.json("status")["sides"]}
    assert sides == {"hra": True, "xero": False}
    assert terminal.json("schedules")["on"] is False
    assert terminal.types("import") == 3
    if not running:
        house.start()
    house.browser.get(house.service.connect("xero"))
    assert len(house.service.pair.store.links()) == 1


def test_L4_a_disconnect_says_where_hra_clouds_consent_is_withdrawn(
    house: House, terminal: Terminal
) -> None:
    assert terminal.types("disconnect", "hra") == 0
    assert "HRA Cloud" in terminal.out


def test_S2_a_page_user_of_the_command_signs_in_to_the_page(
    quiet: House, terminal: Terminal
) -> None:
    password = terminal.json("users", "add", "anna")["password"]
    quiet.start()
    page = form_values(quiet.browser.get(f"{quiet.page}/sign-in"))
    signed_in = {**page, "user": "anna", "password": password}
    assert "Harbour" in quiet.browser.submit(f"{quiet.page}/sign-in", signed_in)
