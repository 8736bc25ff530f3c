"""A backup, and a new machine that goes on from it: over both sandboxes, with everything that happened in between."""

import json
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.records import User
from agent.sandbox.people import people as invented
from agent.sandbox.people import xero_twin
from tests.edge import service_house
from tests.edge.cli_house import Terminal, edit_in_xero
from tests.edge.service_house import House, quick_times
from tests.history.test_privacy import find, secrets_of, sensitive

MOBILES = ("0491 570 156", "0491 570 157", "0491 570 158", "0491 570 159", "0491 570 737")
NEW = "machine-b"
STAFF = invented(8)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """An agent at work on machine A: everybody in step, and on machine B nothing."""
    monkeypatch.setattr(service_house, "STAFF", STAFF)
    made = House(tmp_path / "a")
    made.connect()
    made.both_runs()
    yield made
    made.close()


@pytest.fixture
def terminal(
    house: House,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Terminal:
    """A terminal on whichever machine the agent is."""
    monkeypatch.setattr("agent.cli.context.load", lambda path, environ: house.settings)
    monkeypatch.setattr("agent.cli.context.real_times", quick_times)
    return Terminal(tmp_path / "agent.ini", capsys, monkeypatch)


def people(house: House) -> tuple[int, int]:
    """How many stand on each side."""
    xero = house.xero.app.config["STORE"].organisation.employees
    return len(house.hra.app.config["STORE"].employees), len(xero)


def mobile_in_hra(house: House, employee: str) -> str:
    page = house.browser.get(f"{house.hra.url}/ess/{employee}")
    return next((one for one in MOBILES if one in page or one.replace(" ", "") in page), "")


def new_machine(house: House, folder: Path) -> None:
    """Machine A is gone; on B stands a data directory that nothing is in yet."""
    house.stop()
    folder.mkdir()
    house.set("agent", data_dir=folder)


def bring_key(old: Path, new: Path) -> None:
    shutil.copy(old / "agent.key", new / "agent.key")


def test_L5_restored_on_another_machine_the_agent_goes_on_without_duplicates_or_lost_saves(
    house: House, terminal: Terminal, tmp_path: Path
) -> None:
    one, two, three = (house.hra_id(number) for number in ("1001", "1002", "1004"))
    old, file = house.settings.agent.data_dir, tmp_path / "monday.backup"
    house.save_in_ess(one, mobile=MOBILES[0])  # still waits when the backup is made
    assert len(house.service.pair.store.waiting()) == 1
    assert terminal.types("backup", file) == 0
    # What the old agent still does after the backup, ...
    house.service.worker.drain()
    edit_in_xero(house, str(house.xero_record(two)["EmployeeID"]), Mobile=MOBILES[1])
    known = {link.hra_id for link in house.service.pair.store.links()}
    house.both_runs()
    house.save_in_ess(three, mobile=MOBILES[2])  # accepted by the old agent, and lost with it
    third = str(house.xero_record(three)["EmployeeID"])
    new_machine(house, tmp_path / "b")
    # ... and what both sides see while no agent is there.
    edit_in_xero(house, third, JobTitle="Night Baker")
    before = people(house)
    bring_key(old, tmp_path / "b")
    assert terminal.types("restore", file) == 0
    assert "Schedules and pushes are off" in terminal.out
    house.start(machine=NEW)
    store = house.service.pair.store
    assert store.is_copy() and {link.hra_id for link in store.links()} == known
    calls = house.calls()
    house.service.cycle()
    house.service.worker.drain()
    assert house.calls() == calls  # it leaves both systems alone until somebody says so
    assert house.service.pair.lines.tokens["xero"].obtained() is None
    house.service.switch_on("page:admin")
    house.connect()
    house.service.worker.drain()
    house.both_runs()
    assert people(house) == before
    # Pushed by the old agent, after the backup: looked at again until it is sure that nothing more comes.
    assert [save.employee_id for save in store.waiting()] == [one]
    for employee, mobile in ((one, MOBILES[0]), (two, MOBILES[1]), (three, MOBILES[2])):
        assert str(house.xero_record(employee)["Mobile"]).replace(" ", "") == mobile.replace(
            " ", ""
        )
        assert mobile_in_hra(house, employee) == mobile
    writes = house.writes()
    house.both_runs()
    assert house.writes() == writes
    assert store.audit_check() == ()


def test_D2_D3_without_the_key_links_are_kept_and_everybody_is_met_for_the_first_time(
    house: House, terminal: Terminal, tmp_path: Path
) -> None:
    one, file = house.hra_id("1001"), tmp_path / "monday.backup"
    assert terminal.types("backup", file) == 0
    links = {(link.hra_id, link.xero_id) for link in house.service.pair.store.links()}
    xero_id = str(house.xero_record(one)["EmployeeID"])
    house.hooks.url = ""
    house.save_in_ess(one, **{"bank-0-number": "918273645"})
    new_machine(house, tmp_path / "b")
    before = people(house)
    assert terminal.types("restore", file) == 1
    assert "is not here" in terminal.out
    house.start(machine=NEW)
    house.service.switch_on("page:admin")
    house.connect()
    writes = house.writes()
    house.service.pair.run("import", "schedule")
    house.service.pair.run("export", "schedule")
    store = house.service.pair.store
    assert {(link.hra_id, link.xero_id) for link in store.links()} == links
    assert (people(house), house.writes()) == (before, writes)
    banks = house.xero.app.config["STORE"].organisation.employees[xero_id]["BankAccounts"]
    assert all(bank["AccountNumber"] != "918273645" for bank in banks)
    assert any("bank_accounts" in row.fields for row in store.attention() if row.hra_id == one)


def test_S4_a_backup_holds_no_secret_and_no_personal_value(
    house: House, terminal: Terminal, tmp_path: Path
) -> None:
    hidden = "scrypt:32768:8:1$salt$" + "ab" * 64
    house.service.pair.store.put_user(User("anna", hidden, "h1"))
    file = tmp_path / "monday.backup"
    assert terminal.types("backup", file) == 0
    data = file.read_bytes()
    values = {v for p in STAFF for twin in (p, xero_twin(p)) for v in sensitive(twin)}
    assert find({"backup": data}, values) == []
    key = (house.settings.agent.data_dir / "agent.key").read_text().strip()
    hashes = {hidden, "ab" * 64, house.settings.page.password_hash}
    assert find({"backup": data}, secrets_of(house) | hashes | {key}) == []
    assert b'"anna"' in data and b'"h1"' in data  # whom she may not approve is kept
    assert len(house.service.pair.store.links()) > 5
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_backup_is_made_through_the_running_agent_and_without_it(
    house: House, terminal: Terminal, tmp_path: Path
) -> None:
    assert terminal.types("backup", tmp_path / "one", "--json") == 0
    told = json.loads(terminal.out)
    assert told["bytes"] == (tmp_path / "one").stat().st_size
    house.stop()
    assert terminal.types("backup", tmp_path / "two") == 0
    heads = [json.loads((tmp_path / name).read_bytes().split(b"\n")[0]) for name in ("one", "two")]
    # A start says in state.json where the agent is.
    sums = [
        {row["name"]: row["sum"] for row in head["files"] if row["name"] != "state.json"}
        for head in heads
    ]
    assert sums[0] == sums[1]
    assert terminal.types("restore", tmp_path / "one") == 2  # the directory is not empty
    house.start()
    assert terminal.types("restore", tmp_path / "one", "--replace") == 2
    assert "already running" in terminal.err


def test_S3_an_older_log_that_was_put_back_is_found_by_the_backup(
    house: House, terminal: Terminal, tmp_path: Path
) -> None:
    folder, file = house.settings.agent.data_dir, tmp_path / "monday.backup"
    names = ("audit.jsonl", "audit-head.json")
    older = {name: (folder / name).read_bytes() for name in names}
    house.service.switch_off("page:admin")
    assert terminal.types("backup", file) == 0
    house.stop()
    assert terminal.types("audit", "verify", "--backup", file) == 0
    for name, data in older.items():
        (folder / name).write_bytes(data)
    assert terminal.types("audit", "verify") == 0  # whole in itself
    assert terminal.types("audit", "verify", "--backup", file) == 1
    assert "an older copy of it" in terminal.out
    house.start()


def test_a_restore_moves_no_settings_aside(
    house: House,
    tmp_path: Path,
    terminal: Terminal,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file, folder = tmp_path / "monday.backup", tmp_path / "b"
    assert terminal.types("backup", file) == 0
    new_machine(house, folder)
    for name in ("agent.ini", "of-somebody"):
        (folder / name).write_text("as it was")
    there = Terminal(folder / "agent.ini", capsys, monkeypatch)
    assert there.types("restore", file, "--replace") == 1  # the key is not there
    assert (folder / "agent.ini").read_text() == "as it was"
    assert [one.name for one in folder.glob("before-restore-*/*")] == ["of-somebody"]
    house.start(machine=NEW)


def test_L1_a_backup_of_another_pair_than_the_settings_name_is_refused(
    house: House, terminal: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "monday.backup"
    assert terminal.types("backup", file) == 0
    new_machine(house, tmp_path / "b")
    house.set("xero", tenant_id="7f0f2f5e-2a63-4b0b-8f3a-0d6c1d2e3f40")
    assert terminal.types("restore", file) == 2
    assert "agent.ini names another one" in terminal.err
    assert [one.name for one in (tmp_path / "b").iterdir()] == []
    house.set("xero", tenant_id="")
    house.start(machine=NEW)
