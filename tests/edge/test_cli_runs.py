"""The commands import, export, apply and status, beside the running agent and without it."""

import json
import stat
from decimal import Decimal
from pathlib import Path

import pytest

from tests.edge.cli_house import ALIKE, HOME, Terminal, edit_everybody_in_xero, edit_in_xero, linked
from tests.edge.service_house import House

FIRST = "1001"


def test_R3_a_dry_run_shows_the_plan_and_writes_nothing(house: House, terminal: Terminal) -> None:
    house.stop()
    assert terminal.types("import", "--dry-run", "--json") == 1
    told = json.loads(terminal.out)
    house.start()
    assert {line["action"] for line in told["lines"]} >= {"link", "create", "hold"}
    assert told["counts"]["linked"] > 0
    assert len(told["plan"]) == 12
    assert house.writes() == 0
    assert house.service.pair.store.links() == ()


def test_import_works_the_same_through_the_running_agent_and_without_it(
    house: House, terminal: Terminal
) -> None:
    through = terminal.types("import", "--dry-run", "--json")
    first = json.loads(terminal.out)
    house.stop()
    alone = terminal.types("import", "--dry-run", "--json")
    second = json.loads(terminal.out)
    house.start()
    assert through == alone == 1
    assert (first["lines"], first["plan"]) == (second["lines"], second["plan"])


def test_an_import_prints_its_counts_and_no_value(house: House, terminal: Terminal) -> None:
    assert terminal.types("import") == 1
    assert "linked" in terminal.out
    assert "created in HRA Cloud" in terminal.out
    tfns = {row.tax["tfn"] for row in house.hra.app.config["STORE"].employees.values()
            if row.tax and row.tax.get("tfn")}  # fmt: skip
    assert tfns
    assert not any(tfn in terminal.out for tfn in tfns)


@pytest.mark.parametrize("running", [True, False])
def test_status_is_the_pages_data(house: House, terminal: Terminal, running: bool) -> None:
    if not running:
        house.stop()
    assert [side["connected"] for side in terminal.json("status")["sides"]] == [True, True]
    assert terminal.types("status") == 0
    assert "HRA Cloud" in terminal.out
    if not running:
        house.start()


def test_status_prints_the_same_in_the_same_order_through_the_agent_and_without_it(
    house: House, terminal: Terminal
) -> None:
    def order(told: object) -> object:
        if isinstance(told, dict):
            return [(name, order(value)) for name, value in told.items()]
        return [order(one) for one in told] if isinstance(told, list) else None

    linked(house, FIRST)
    terminal.types("export", "--employee", house.hra_id(FIRST))
    through = [order(terminal.json(*words)) for words in (["status"], ["attention"], ["links"])]
    house.stop()
    alone = [order(terminal.json(*words)) for words in (["status"], ["attention"], ["links"])]
    house.start()
    assert through == alone


def test_an_employee_whom_nobody_has_is_wrong_use(house: House, terminal: Terminal) -> None:
    assert terminal.types("export", "--employee", "nobody-has-this") == 2
    assert terminal.err.strip()
    assert house.writes() == 0


# --- saved plans (R3) -----------------------------------------------------------------------------


@pytest.mark.parametrize("running", [True, False])
def test_R3_a_saved_plan_is_private_holds_no_value_and_is_applied_exactly(
    house: House, terminal: Terminal, tmp_path: Path, running: bool
) -> None:
    employee, xero_id = _changed_in_xero(house)
    if not running:
        house.stop()
    file = tmp_path / "monday.plan"
    terminal.types("import", "--employee", employee, "--plan", file)
    assert f"apply {file}" in terminal.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert HOME.replace(" ", "") not in file.read_text().replace(" ", "")
    before = house.writes()
    code = terminal.types("apply", file, "--json")
    told = json.loads(terminal.out)
    if not running:
        house.start()
    assert [line["xero_id"] for line in told["lines"] if line["action"] == "update"] == [xero_id]
    assert code == told["exit"]
    assert house.writes() > before


def test_R3_a_record_that_moved_since_the_plan_is_left_alone_and_named(
    house: House, terminal: Terminal, tmp_path: Path
) -> None:
    employee, xero_id = _changed_in_xero(house)
    terminal.types("import", "--employee", employee, "--plan", tmp_path / "old.plan")
    edit_in_xero(house, xero_id, Mobile="0491 570 158")
    before = house.writes()
    assert terminal.types("apply", tmp_path / "old.plan") == 1
    assert xero_id in terminal.out
    assert house.writes() == before


@pytest.mark.parametrize("running", [True, False])
def test_R3_an_edited_plan_is_refused_whole(
    house: House, terminal: Terminal, tmp_path: Path, running: bool
) -> None:
    employee, xero_id = _changed_in_xero(house)
    if not running:
        house.stop()
    file = tmp_path / "a.plan"
    terminal.types("import", "--employee", employee, "--plan", file)
    assert xero_id in file.read_text()
    file.write_text(file.read_text().replace(xero_id, xero_id[::-1]))
    before = house.writes()
    assert terminal.types("apply", file) == 2
    assert "changed after it was made" in terminal.err
    assert house.writes() == before
    if not running:
        house.start()


def test_R3_a_file_that_is_no_plan_is_wrong_use(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "odd.plan"
    for data in (b"", b"not a plan", b"[]", b'{"plan": 1}', b"\x00\xff"):
        file.write_bytes(data)
        assert terminal.types("apply", file) == 2, data
        assert terminal.err.strip()
    assert terminal.types("apply", tmp_path / "nowhere.plan") == 2
    assert "nowhere.plan" in terminal.err


def test_R3_a_plan_never_overwrites_a_file(
    house: House, terminal: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("mine")
    calls = house.service.pair.lines.calls()
    assert terminal.types("export", "--plan", file) == 2
    assert "move it away" in terminal.err
    assert file.read_text() == "mine"
    assert house.service.pair.lines.calls() == calls


# --- the brake (S1) -------------------------------------------------------------------------------


@pytest.fixture
def braked(house: House, terminal: Terminal) -> str:
    """Everybody changed in Xero, and an import that the brake stopped; the hash of its plan."""
    house.stop()
    house.set("safety", max_changed_share=Decimal("0.2"))
    house.start()
    linked(house, *ALIKE)
    edit_everybody_in_xero(house)
    before = house.writes()
    assert terminal.types("import", "--json") == 4
    assert house.writes() == before
    plan = str(json.loads(terminal.out)["plan"])
    assert f"import --yes-to {plan}" in terminal.err
    return plan


@pytest.mark.parametrize("running", [True, False])
def test_S1_yes_to_lets_exactly_the_braked_plan_through(
    house: House, terminal: Terminal, braked: str, running: bool
) -> None:
    before = house.writes()
    if not running:
        house.stop()
        assert terminal.types("import") == 4  # the same without the running agent
    assert terminal.types("import", "--yes-to", "0123456789ab") == 2
    assert house.writes() == before
    assert terminal.types("import", "--yes-to", braked) in (0, 1)
    if not running:
        house.start()
    assert house.writes() >= before + 5


def test_S1_a_braked_run_waits_in_attention_and_is_approved_there(
    house: House, terminal: Terminal, braked: str
) -> None:
    rows = [row for row in terminal.attention() if row["plan"] == braked]
    assert len(rows) == 1
    before = house.writes()
    terminal.types("attention", "show", rows[0]["id"])
    assert all(house.hra_id(number) in terminal.out for number in ALIKE)
    assert "mobile" in terminal.out and "Harbour" not in terminal.out
    assert "0491" not in terminal.out  # a plan holds no values
    assert f"attention approve {rows[0]['id']}\n" in terminal.out
    assert terminal.types("attention", "approve", rows[0]["id"]) in (0, 1)
    assert house.writes() >= before + 5
    assert [row for row in terminal.attention() if row["plan"]] == []


def test_S1_yes_to_is_no_dry_run(terminal: Terminal) -> None:
    assert terminal.types("export", "--yes-to", "0123456789ab", "--dry-run") == 2
    assert "--yes-to" in terminal.err


def _changed_in_xero(house: House) -> tuple[str, str]:
    """Somebody whose mobile number changed in Xero: their HRA id and their Xero id."""
    (employee,) = linked(house, FIRST)
    xero_id = str(house.xero_record(employee)["EmployeeID"])
    edit_in_xero(house, xero_id, Mobile=HOME)
    return employee, xero_id
