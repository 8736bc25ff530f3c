"""The command line as a person meets it: what is printed where, and the exit codes."""

import json
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.security import check_password_hash

from agent.cli import STOPPED, main
from agent.cli.parser import names, parser
from agent.config import load
from agent.demo.browser import Browser
from agent.pair import Pair
from agent.results import FAULT
from agent.wiring import SIDES
from tests.edge.service_house import House, quick_times

FLAGS = [
    "--authoritative-system", "hra", "--hra-client-id", "hra-id", "--hra-client-secret", "hra-secret",
    "--xero-client-id", "xero-id", "--xero-client-secret", "xero-secret",
]  # fmt: skip


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "agent.ini"


def run(*words: object, config: Path) -> int:
    return main([str(word) for word in words] + ["--config", str(config)], {})


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


@pytest.mark.parametrize("command", ["run", "import", "export", "status", "check"])
def test_without_a_configuration_the_next_command_is_named(
    command: str, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, config=config) == 2
    assert "the command init writes one" in capsys.readouterr().err


def test_every_wrong_setting_is_one_line(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("init", *FLAGS, "--set", "agent.port=0", config=config) == 0
    config.write_text(config.read_text().replace("conflicts = authoritative", "conflicts = maybe"))
    capsys.readouterr()
    assert run("check", config=config) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert ["port" in lines[0], "conflicts" in lines[1]] == [True, True]


@pytest.mark.parametrize("words", [["import"], ["export"], ["connect", "hra"]])
def test_a_port_or_side_that_is_not_there_is_a_sentence_and_never_a_trace(
    words: list[str], config: Path, capsys: pytest.CaptureFixture[str], free: int
) -> None:
    addresses = [f"{name}=http://127.0.0.1:{free}" for name in ("hra.api_url", "xero.api_url")]
    given = [word for one in addresses for word in ("--set", one)]
    run("init", *FLAGS, *given, "--set", f"agent.port={free}", config=config)
    if words[0] == "connect":
        with Taken(free):
            assert run(*words, config=config) == 2
    else:
        assert run(*words, config=config) == 3
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert "not connected" in told or "is it in use" in told


def test_a_fault_of_our_own_is_a_sentence_without_its_text(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    def broken(*given: Any) -> Any:
        raise ValueError("0491 570 006")

    monkeypatch.setattr("agent.cli.context.load", broken)
    assert run("status", config=config) == 1
    told = capsys.readouterr()
    assert FAULT in told.err
    assert "0491" not in told.err + told.out + caplog.text


def test_ctrl_c_says_that_what_was_finished_is_recorded(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*given: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("agent.cli.context.load", interrupted)
    assert run("import", config=config) == 1
    assert STOPPED in capsys.readouterr().err


def test_every_command_has_its_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    commands = names(parser())
    assert set(commands) == {
        "demo", "sandbox", "init", "run", "connect", "import", "export", "status", "check",
    }  # fmt: skip
    for command in commands:
        assert main([command, "--help"]) == 0
        assert f"example: hra-xero-agent {command}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    "words", [[], ["nothing"], ["import", "--mode", "odd"], ["connect", "sap"]]
)
def test_wrong_use_is_exit_code_2(words: list[str]) -> None:
    assert main(words) == 2


# --- with both sandboxes ------------------------------------------------------------------------


class Taken:
    """A port that somebody else listens on."""

    def __init__(self, port: int) -> None:
        self._port = port

    def __enter__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", self._port))

    def __exit__(self, *ended: object) -> None:
        self._socket.close()


@pytest.fixture
def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "data")
    made.connect()
    yield made
    made.close()


@pytest.fixture
def here(house: House, config: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The house's settings as a file, for commands that run beside it or after it."""
    monkeypatch.setattr("agent.cli.context.load", lambda path, environ: house.settings)
    monkeypatch.setattr("agent.cli.context.real_times", quick_times)
    monkeypatch.setattr("agent.cli.setup.real_times", quick_times)
    monkeypatch.setattr("agent.cli.serve.real_times", quick_times)
    return config


def test_R3_a_dry_run_shows_the_plan_and_writes_nothing(
    house: House, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    house.stop()
    assert run("import", "--dry-run", "--json", config=here) == 1
    told = json.loads(capsys.readouterr().out)
    house.start()
    assert {line["action"] for line in told["lines"]} >= {"link", "create", "hold"}
    assert told["counts"]["linked"] > 0
    assert house.writes() == 0
    assert house.service.pair.store.links() == ()


def test_import_works_the_same_through_the_running_agent_and_without_it(
    house: House, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    through = run("import", "--dry-run", "--json", config=here)
    first = json.loads(capsys.readouterr().out)
    house.stop()
    alone = run("import", "--dry-run", "--json", config=here)
    second = json.loads(capsys.readouterr().out)
    house.start()
    assert through == alone == 1
    assert first["lines"] == second["lines"]


def test_an_import_prints_its_counts_and_no_value(
    house: House, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("import", config=here) == 1
    out = capsys.readouterr().out
    assert "linked" in out
    assert "created in HRA Cloud" in out
    tfns = {row.tax["tfn"] for row in house.hra.app.config["STORE"].employees.values()
            if row.tax and row.tax.get("tfn")}  # fmt: skip
    assert tfns
    assert not any(tfn in out for tfn in tfns)


@pytest.mark.parametrize("running", [True, False])
def test_status_is_the_pages_data(
    house: House, here: Path, capsys: pytest.CaptureFixture[str], running: bool
) -> None:
    if not running:
        house.stop()
    assert run("status", "--json", config=here) == 0
    told = json.loads(capsys.readouterr().out)
    assert [side["connected"] for side in told["sides"]] == [True, True]
    assert run("status", config=here) == 0
    assert "HRA Cloud" in capsys.readouterr().out
    if not running:
        house.start()


def test_check_tells_one_line_a_finding(
    house: House, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check", config=here) == 2
    assert "already running" in capsys.readouterr().err
    house.stop()
    assert run("check", config=here) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["settings", "key", "hra", "xero", "branches"]
    house.xero.app.config["FAULTS"].plan("lose_access", times=9)
    assert run("check", "--quiet", config=here) == 3
    assert capsys.readouterr().out.startswith("xero")
    house.start()


@pytest.mark.parametrize("running", [True, False])
def test_connect_prints_the_address_and_ends_when_the_person_is_back(
    house: House, here: Path, capsys: pytest.CaptureFixture[str], running: bool
) -> None:
    if not running:
        house.stop()
    codes: list[int] = []
    command = threading.Thread(target=lambda: codes.append(run("connect", "xero", config=here)))
    command.start()
    address, out = "", ""
    while not address:
        out += capsys.readouterr().out
        address = next((line for line in out.splitlines() if line.startswith("http")), "")
    Browser().get(address)
    command.join()
    assert codes == [0]
    assert "connected as Harbour & Pine Pty Ltd" in capsys.readouterr().out
    if not running:
        house.start()


def test_L2_both_sign_ins_stand_after_the_commands(house: House) -> None:
    house.stop()
    pair = Pair(house.settings, {}, quick_times())
    assert all(pair.lines.tokens[side].granted() for side in SIDES)
    pair.close()
    house.start()
