"""The commands init, check and connect, and what they tell of a set-up that is not right."""

import queue
import stat
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.security import check_password_hash

from agent.cli.context import Context
from agent.config import load
from agent.demo.browser import Browser, PageFailed
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


WRONG = {
    "agent.port=0": "port", "agent.port=": "", "hra.api_url=http://hr.example.com": "api_url",
    "sync.conflicts=maybe": "conflicts", "agent.timezone=Nowhere/Land": "timezone", "notify.urls=": "",
}  # fmt: skip


@pytest.mark.parametrize(("given", "key"), WRONG.items())
@pytest.mark.parametrize("flags", [FLAGS, FLAGS[:2]], ids=["complete", "to be filled in"])
def test_init_writes_no_file_that_could_not_be_read_afterwards(
    given: str, key: str, flags: list[str], config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("init", *flags, "--set", given, config=config) == (2 if key else 0)
    told = capsys.readouterr()
    assert config.exists() is (not key)
    assert len(told.err.splitlines()) == bool(key)
    assert key in told.err
    assert not key or f"{config} [" in told.err


def test_init_names_every_wrong_setting_at_once(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("--set", "agent.port=0", "--set", "sync.conflicts=maybe")
    assert run("init", *FLAGS, *given, config=config) == 2
    lines = capsys.readouterr().err.splitlines()
    assert ["port" in lines[0], "conflicts" in lines[1], len(lines)] == [True, True, 2]


def test_init_writes_no_public_url_that_nobody_gave_so_it_follows_the_port(tmp_path: Path) -> None:
    assert run("init", *FLAGS, "--set", "agent.port=8711", config=tmp_path / "a.ini") == 0
    assert load(tmp_path / "a.ini", {}).agent.public_url == "http://localhost:8711"
    url = "https://hr.example.com"
    assert run("init", *FLAGS, "--set", f"agent.public_url={url}", config=tmp_path / "b.ini") == 0
    assert load(tmp_path / "b.ini", {}).agent.public_url == url


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
    assert run("init", *FLAGS, config=config) == 0
    text = config.read_text().replace("port = 8710", "port = 0")
    config.write_text(text.replace("conflicts = authoritative", "conflicts = maybe"))
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


@pytest.mark.parametrize("running", [True, False])
def test_L2_connect_ends_with_exit_code_3_when_the_person_refuses_at_the_vendor(
    house: House, here: Path, monkeypatch: pytest.MonkeyPatch, running: bool
) -> None:
    lines: queue.Queue[str] = queue.Queue()
    monkeypatch.setattr("builtins.print", lambda text, **how: lines.put(text))
    if not running:
        house.stop()
    for _ in range(2):  # the second time not for the fault of the first
        codes: list[int] = []
        command = threading.Thread(
            target=lambda codes=codes: codes.append(run("connect", "xero", config=here)),
            daemon=True,
        )
        command.start()
        address = lines.get(timeout=PATIENCE).splitlines()[1]
        assert lines.empty()
        state = parse_qs(urlsplit(address).query)["state"][0]
        refused = f"/connect/xero/callback?error=access_denied&state={state}"
        with suppress(PageFailed):
            Browser().get(house.page + refused)
        command.join(PATIENCE)
        assert codes == [3]
        assert lines.get(timeout=PATIENCE)
    if not running:
        house.start()


def test_L2_both_sign_ins_stand_after_the_commands(house: House) -> None:
    house.stop()
    pair = Pair(house.settings, {}, quick_times())
    assert all(pair.lines.tokens[side].granted() for side in SIDES)
    pair.close()
    house.start()
