"""The commands init, check and connect, and what they tell of a set-up that is not right."""

import queue
import stat
import threading
from pathlib import Path

import pytest
from werkzeug.security import check_password_hash

from agent.cli.context import Context
from agent.config import load
from agent.demo.browser import Browser
from agent.pair import Pair
from agent.wiring import SIDES
from tests.edge.cli_house import FLAGS, Terminal, run
from tests.edge.service_house import House, quick_times

PATIENCE = 20.0


def test_init_writes_a_configuration_that_is_complete_and_private(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("init", *FLAGS, config=config) == 0
    out = capsys.readouterr().out
    password = next(line for line in out.splitlines() if line.startswith("password ")).split()[1]
    found = load(config, {})
    assert check_password_hash(found.page.password_hash, password)
    assert found.hooks.secret[0].startswith("whsec_")
    assert (found.sync.authoritative_system, found.xero.client_id) == ("hra", "xero-id")
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert password not in config.read_text()


def test_init_makes_another_secret_and_password_each_time(tmp_path: Path) -> None:
    made = []
    for name in ("one.ini", "two.ini"):
        assert run("init", *FLAGS, config=tmp_path / name) == 0
        found = load(tmp_path / name, {})
        made.append((found.hooks.secret, found.page.password_hash))
    assert made[0] != made[1]


def test_init_never_overwrites(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text("mine")
    assert run("init", *FLAGS, config=config) == 2
    assert config.read_text() == "mine"
    assert "move it away" in capsys.readouterr().err


def test_init_without_a_person_asks_for_the_authoritative_system(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    assert run("init", config=config) == 2
    assert "--authoritative-system" in capsys.readouterr().err
    assert not config.exists()


def test_init_refuses_a_setting_that_there_is_not(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("init", *FLAGS, "--set", "agent.prot=1", config=config) == 2
    assert "agent.prot" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "approve"),
    [("", ("bank",)), ("none", ()), ("bank, tfn", ("bank", "tfn")), ("SUPER", ("super",))],
)
def test_S2_init_asks_a_person_and_recommends_approvals_for_bank_accounts(
    typed: str, approve: tuple[str, ...], config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return typed

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", answer)
    assert run("init", *FLAGS, config=config) == 0
    assert len(asked) == 1 and "[bank]" in asked[0]
    assert load(config, {}).safety.approve == approve


def test_S2_init_decides_approvals_for_nobody_who_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    assert run("init", *FLAGS, config=tmp_path / "off.ini") == 0
    assert load(tmp_path / "off.ini", {}).safety.approve == ()
    assert run("init", *FLAGS, "--approve", "bank,tfn", config=tmp_path / "on.ini") == 0
    assert load(tmp_path / "on.ini", {}).safety.approve == ("bank", "tfn")


def test_S2_init_refuses_approvals_of_what_there_is_not(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("init", *FLAGS, "--approve", "bank,phone", config=config) == 2
    assert "bank, super and tfn" in capsys.readouterr().err
    assert not config.exists()


def test_every_wrong_setting_is_one_line(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("init", *FLAGS, "--set", "agent.port=0", config=config) == 0
    config.write_text(config.read_text().replace("conflicts = authoritative", "conflicts = maybe"))
    capsys.readouterr()
    assert run("check", config=config) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert ["port" in lines[0], "conflicts" in lines[1]] == [True, True]


# --- with both sandboxes ------------------------------------------------------------------------


def test_check_tells_one_line_a_finding(house: House, terminal: Terminal) -> None:
    assert terminal.types("check") == 2
    assert "already running" in terminal.err
    house.stop()
    assert terminal.types("check") == 0
    words = [line.split()[0] for line in terminal.out.splitlines()]
    assert words == ["settings", "key", "hra", "xero", "branches"]
    house.xero.app.config["FAULTS"].plan("lose_access", times=9)
    assert terminal.types("check", "--quiet") == 3
    assert terminal.out.startswith("xero")
    house.start()


def test_L5_check_names_schedules_that_are_switched_off(house: House, terminal: Terminal) -> None:
    assert terminal.types("schedules", "off") == 0
    house.stop()
    assert terminal.types("check", "--quiet") == 1
    assert terminal.out.startswith("schedules")
    assert "schedules on" in terminal.out
    house.start()


def test_B1_check_names_a_branch_of_the_settings_that_there_is_not(
    house: House, terminal: Terminal
) -> None:
    house.stop()
    house.set("branches", default_branch="Nowhere")
    assert terminal.types("check") == 1
    assert [line for line in terminal.out.splitlines() if "Nowhere" in line]
    house.start()


@pytest.mark.parametrize("running", [True, False])
def test_connect_prints_the_address_and_ends_when_the_person_is_back(
    house: House, here: Path, monkeypatch: pytest.MonkeyPatch, running: bool
) -> None:
    lines: queue.Queue[str] = queue.Queue()
    monkeypatch.setattr("builtins.print", lambda text, **how: lines.put(text))
    monkeypatch.setattr(Context, "say", lambda self, text="": lines.put(text))
    if not running:
        house.stop()
    codes: list[int] = []
    command = threading.Thread(
        target=lambda: codes.append(run("connect", "xero", config=here)), daemon=True
    )
    command.start()
    address = lines.get(timeout=PATIENCE).splitlines()[1]
    Browser().get(address)
    command.join(PATIENCE)
    assert codes == [0]
    assert "connected as Harbour & Pine Pty Ltd" in lines.get(timeout=PATIENCE)
    if not running:
        house.start()


def test_L2_both_sign_ins_stand_after_the_commands(house: House) -> None:
    house.stop()
    pair = Pair(house.settings, {}, quick_times())
    assert all(pair.lines.tokens[side].granted() for side in SIDES)
    pair.close()
    house.start()
