"""The commands links and attention: what a person sees there, and what comes of what they choose."""

import json

import pytest

from agent.records import Attention, Choice
from tests.edge.cli_house import (
    AWAY,
    HOME,
    Terminal,
    edit_in_xero,
    linked,
    move_on_both_sides,
)
from tests.edge.service_house import House

FIRST = "1001"
UNKNOWN = "00000000-0000-4000-8000-000000000000"  # a Xero id that nobody has
BOTH = pytest.mark.parametrize("running", [True, False])


def digits(number: object) -> str:
    return str(number).replace(" ", "")


# --- links (M6) -----------------------------------------------------------------------------------


@BOTH
def test_M6_links_lists_who_is_linked_with_whom(
    house: House, terminal: Terminal, running: bool
) -> None:
    (first,) = linked(house, FIRST)
    xero_id = house.xero_record(first)["EmployeeID"]
    if not running:
        house.stop()
    rows = terminal.json("links")
    assert terminal.types("links", "list") == 0
    if not running:
        house.start()
    assert {"hra_id": first, "xero_id": xero_id, "number": FIRST}.items() <= next(
        row for row in rows if row["hra_id"] == first
    ).items()
    assert first in terminal.out and xero_id in terminal.out


@BOTH
def test_M6_a_link_is_broken_stays_broken_and_is_made_again(
    house: House, terminal: Terminal, running: bool
) -> None:
    (first,) = linked(house, FIRST)
    xero_id = house.xero_record(first)["EmployeeID"]
    if not running:
        house.stop()
    assert terminal.types("links", "remove", first) == 0
    terminal.types("import", "--employee", first)
    assert first not in [row["hra_id"] for row in terminal.json("links")]
    assert terminal.types("links", "add", first, xero_id) in (0, 1)
    assert (first, xero_id) in [(row["hra_id"], row["xero_id"]) for row in terminal.json("links")]
    if not running:
        house.start()


def test_M6_somebody_ignored_stands_in_the_list_until_looked_at_again(
    house: House, terminal: Terminal
) -> None:
    first = house.hra_id(FIRST)
    assert terminal.types("links", "ignore", first) == 0
    ignored = [row["hra_id"] for row in terminal.json("links") if row["state"] == "ignored"]
    assert ignored == [first]
    terminal.types("import", "--employee", first)
    assert house.service.pair.store.link_of("hra", first) is None
    assert terminal.types("links", "unignore", first) == 0
    terminal.types("import", "--employee", first)
    assert house.service.pair.store.link_of("hra", first) is not None


def test_a_choice_about_nobody_is_wrong_use_and_says_what_was_not_done(
    house: House, terminal: Terminal
) -> None:
    for words in (
        "links remove 0000",
        f"links add 0000 {UNKNOWN}",
        "attention retry 0000",
        "attention show 0000",
    ):
        assert terminal.types(*words.split()) in (1, 2), words
        assert "0000" in terminal.err or "Not done" in terminal.err or "no such" in terminal.err
    house.stop()
    assert terminal.types("links", "remove", "0000") == 2
    assert terminal.err.startswith("Not done: part HRA Cloud employee 0000")
    house.start()


# --- attention ------------------------------------------------------------------------------------


@pytest.fixture
def conflict(house: House, terminal: Terminal) -> str:
    """A mobile number that changed on both sides, and waits for a person; the HRA id."""
    house.set("sync", conflicts="hold")
    house.stop()
    house.start()
    (employee,) = linked(house, FIRST)
    move_on_both_sides(house, employee)
    terminal.types("export", "--employee", employee)
    return employee


@BOTH
def test_D1_a_conflict_on_hold_is_listed_shown_and_resolved(
    house: House, terminal: Terminal, conflict: str, running: bool
) -> None:
    if not running:
        house.stop()
    row = next(row for row in terminal.attention("conflict") if row["hra_id"] == conflict)
    assert {"use_hra", "use_xero"} <= set(row["buttons"])
    assert terminal.types("attention") == 0
    assert row["id"] in terminal.out
    assert digits(HOME) not in digits(terminal.out)  # values are read when a row is opened

    assert terminal.types("attention", "show", row["id"]) == 0
    assert "ending 156" in terminal.out and "ending 157" in terminal.out  # masked
    assert f"attention resolve {row['id']} --use xero" in terminal.out

    assert terminal.types("attention", "resolve", row["id"], "--use", "xero") == 0
    assert row["id"] not in [one["id"] for one in terminal.attention()]
    if not running:
        house.start()
    assert digits(AWAY) in digits(house.browser.get(f"{house.hra.url}/ess/{conflict}"))


def test_D7_a_choice_holds_only_for_the_values_that_were_shown(
    house: House, terminal: Terminal, conflict: str
) -> None:
    row = next(row for row in terminal.attention("conflict") if row["hra_id"] == conflict)
    edit_in_xero(house, house.xero_record(conflict)["EmployeeID"], Mobile="0491 570 158")
    before = house.writes()
    assert terminal.types("attention", "resolve", row["id"], "--use", "xero") == 1
    assert terminal.err.startswith("Not done: resolve item")
    assert house.writes() == before


@BOTH
def test_D7_an_id_that_was_read_before_a_value_moved_decides_nothing(
    house: House, terminal: Terminal, conflict: str, running: bool
) -> None:
    old = terminal.attention("conflict")[0]["id"]
    edit_in_xero(house, house.xero_record(conflict)["EmployeeID"], Mobile="0491 570 158")
    terminal.types("export", "--employee", conflict)
    before = house.writes()
    if not running:
        house.stop()
    assert terminal.types("attention", "resolve", old, "--use", "xero") == 2
    assert "no such row any more" in terminal.err
    assert house.writes() == before
    new = terminal.attention("conflict")[0]["id"]
    assert new != old
    terminal.types("attention", "show", new)
    assert "ending 158" in terminal.out
    assert terminal.types("attention", "resolve", new, "--use", "xero") == 0
    if not running:
        house.start()


def test_two_values_whose_masks_look_alike_are_said_to_differ(
    house: House, terminal: Terminal
) -> None:
    house.set("sync", conflicts="hold")
    house.stop()
    house.start()
    (employee,) = linked(house, FIRST)
    move_on_both_sides(house, employee, home="0491 570 156", away="0491 571 156")
    terminal.types("export", "--employee", employee)
    row = terminal.attention("conflict")[0]["id"]
    assert terminal.types("attention", "show", row) == 0
    assert terminal.out.count("ending 156") == 2
    assert "differ where they are masked" in terminal.out


def test_attention_dismiss_puts_a_row_away(house: House, terminal: Terminal) -> None:
    read = Attention("org", "notice", "Something to know.", buttons=("dismiss",))
    house.service.pair.store.replace_attention("org", (read,))
    (row,) = terminal.attention()
    assert terminal.types("attention", "dismiss", row["id"]) == 0
    assert terminal.attention() == []
    assert terminal.types("attention") == 0
    assert "Nothing waits" in terminal.out


# --- approvals (S2) -------------------------------------------------------------------------------


@pytest.fixture
def asked(house: House, terminal: Terminal) -> dict[str, object]:
    """A bank account that changed in HRA Cloud and waits for a second person; anna is that employee, bob is not."""
    house.set("safety", approve=("bank",))
    house.stop()
    house.start()
    (employee,) = linked(house, FIRST)
    house.stop()
    passwords = {
        "anna": terminal.json("users", "add", "anna", "--employee", employee)["password"],
        "bob": terminal.json("users", "add", "bob")["password"],
    }
    house.start()
    house.hooks.url = ""
    change_bank(house, employee)
    terminal.types("export", "--employee", employee)
    row = next(row for row in terminal.attention("approval") if row["hra_id"] == employee)
    return {"row": row["id"], "employee": employee, **passwords}


def change_bank(house: House, employee: str) -> None:
    """The employee gives another account in eSS."""
    house.save_in_ess(employee, **{"bank-0-number": "12345670"})


@BOTH
def test_S2_the_employee_never_approves_their_own_bank_account_and_another_person_does(
    house: House, terminal: Terminal, asked: dict[str, object], running: bool
) -> None:
    if not running:
        house.stop()
    approve = ("attention", "approve", asked["row"], "--as")
    before = house.writes()
    assert terminal.types(*approve, "bob", input="guess\n") == 2
    assert "not right" in terminal.err
    assert terminal.types(*approve, "bob") == 2
    assert "a password is needed" in terminal.err
    assert terminal.types(*approve, "anna", input=f"{asked['anna']}\n") == 2
    assert house.writes() == before
    assert terminal.types(*approve, "bob", input=f"{asked['bob']}\n") == 0
    assert house.writes() > before
    house.stop()
    terminal.types("audit", "show", "--employee", asked["employee"])
    told = [line for line in terminal.out.splitlines() if ": approved" in line]
    assert len(told) == 1 and "(by bob at the terminal)" in told[0]
    house.start()


@BOTH
def test_S2_what_a_terminal_asked_for_is_approved_on_the_page_only(
    house: House, terminal: Terminal, running: bool
) -> None:
    house.set("safety", approve=("bank",))
    house.set("sync", conflicts="hold")
    house.stop()
    password = terminal.json("users", "add", "bob")["password"]
    house.start()
    (employee,) = linked(house, FIRST)
    change_bank(house, employee)
    xero_id = house.xero_record(employee)["EmployeeID"]
    account = house.xero_record(employee)["BankAccounts"][0]
    edit_in_xero(house, xero_id, BankAccounts=[{**account, "AccountNumber": "99999921"}])
    terminal.types("export", "--employee", employee)
    row = next(one["id"] for one in terminal.attention() if "use_xero" in one["buttons"])
    terminal.types("attention", "resolve", row, "--use", "xero")
    (waits,) = terminal.attention("approval")
    before = house.writes()
    if not running:
        house.stop()
    approve = ("attention", "approve", waits["id"], "--as", "bob")
    assert terminal.types(*approve, input=f"{password}\n") == 2
    assert "on the page" in terminal.err
    assert house.writes() == before
    if not running:
        house.start()
    answered = house.service.answer(Choice("approve", waits["id"], "page:bob"))
    assert answered.exit == 0 and house.writes() > before


def test_S2_a_terminal_alone_is_no_second_person(
    house: House, terminal: Terminal, asked: dict[str, object]
) -> None:
    before = house.writes()
    for verb in ("approve", "reject"):
        assert terminal.types("attention", verb, asked["row"]) == 2
        assert terminal.err.startswith(f"Not done: {verb} item {asked['row']}")
        assert "--as NAME" in terminal.err
    assert house.writes() == before


def test_S2_a_rejected_change_is_not_asked_again_until_it_changes(
    house: House, terminal: Terminal, asked: dict[str, object]
) -> None:
    reject = ("attention", "reject", asked["row"], "--as", "bob")
    assert terminal.types(*reject, input=f"{asked['bob']}\n") == 0
    employee = str(asked["employee"])
    terminal.types("export", "--employee", employee)
    assert terminal.attention("approval") == []
    house.save_in_ess(employee, **{"bank-0-number": "12345671"})
    terminal.types("export", "--employee", employee)
    assert len(terminal.attention("approval")) == 1


def test_a_choice_prints_json_with_what_was_chosen(house: House, terminal: Terminal) -> None:
    first = house.hra_id(FIRST)
    assert terminal.types("links", "ignore", first, "--json") == 0
    told = json.loads(terminal.out)
    assert told["choice"] == f"leave HRA Cloud employee {first} alone"
    assert told["exit"] == 0 and told["sentence"]
