"""The command line as a person meets it: help, wrong use, faults, and what every command says where it cannot work."""

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.cli import STOPPED, main
from agent.cli.parser import names, parser
from agent.results import FAULT
from tests.edge.cli_house import FLAGS, run

COMMANDS = {
    "demo", "sandbox", "init", "run", "connect", "disconnect", "schedules", "import", "export", "apply",
    "status", "check", "links", "attention", "users", "audit", "verify", "key", "backup", "restore",
}  # fmt: skip
ORDERS = [
    ["run"], ["import"], ["export"], ["status"], ["check"], ["links"], ["attention"], ["users", "list"],
    ["audit", "verify"], ["audit", "show"], ["disconnect", "hra"], ["schedules"], ["connect", "xero"],
]  # fmt: skip


@pytest.mark.parametrize("words", ORDERS, ids=" ".join)
def test_without_a_configuration_the_next_command_is_named(
    words: list[str], config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words, config=config) == 2
    assert "the command init writes one" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["import"], ["export"], ["connect", "hra"]])
def test_a_port_or_side_that_is_not_there_is_a_sentence_and_never_a_trace(
    words: list[str], config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        addresses = [f"{name}=http://127.0.0.1:{port}" for name in ("hra.api_url", "xero.api_url")]
        given = [word for one in addresses for word in ("--set", one)]
        run("init", *FLAGS, *given, "--set", f"agent.port={port}", config=config)
        assert run(*words, config=config) == (2 if words[0] == "connect" else 3)
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


@pytest.mark.parametrize("words", [["import"], ["apply", "a.plan"], ["attention", "show", "1"]])
def test_ctrl_c_says_that_what_was_finished_is_recorded(
    words: list[str], config: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    def interrupted(*given: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    Path("a.plan").write_text("{}")
    monkeypatch.setattr("agent.cli.context.load", interrupted)
    assert run(*words, config=config) == 1
    assert STOPPED in capsys.readouterr().err


INTERRUPTED = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path, target=None):
        if name == "agent.errors":
            os.kill(os.getpid(), signal.SIGINT)

# A shell that starts the tests in the background has its children ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Finder())
from agent.cli import main
sys.exit(main(["status", "--config", sys.argv[1]]))
"""


def test_ctrl_c_while_the_commands_are_still_being_loaded_is_no_trace(config: Path) -> None:
    words = [sys.executable, "-c", INTERRUPTED, str(config)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == STOPPED + "\n"


def test_every_command_has_its_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(names(parser())) == COMMANDS
    for command in COMMANDS:
        assert main([command, "--help"]) == 0
        assert f"example: hra-xero-agent {command}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    "text",
    [
        "", "nothing", "import --mode odd", "connect sap", "apply", "links join 1 2", "links add 1", "links remove",
        "attention show", "attention resolve 1", "attention resolve 1 --use both", "attention approve", "users",
        "users add", "audit", "audit mend", "disconnect", "disconnect sap", "schedules maybe", "export --mode all",
    ],
)  # fmt: skip
def test_wrong_use_is_exit_code_2(text: str) -> None:
    assert main(text.split()) == 2


@pytest.mark.parametrize("words", ["import", "export", "audit show", "users add anna"])
@pytest.mark.parametrize("id", ["", " ", "4711 "])
def test_an_empty_id_is_wrong_use_and_never_everybody(words: str, id: str) -> None:
    assert main([*words.split(), "--employee", id]) == 2


@pytest.mark.parametrize("words", [[], ["show"], ["approve"], ["reject"], ["resolve"]])
def test_D7_the_help_says_that_an_id_stands_for_the_values_shown(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["attention", *words, "--help"]) == 0
    assert "stands for the very values" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("command", ["links", "attention", "schedules"])
def test_a_command_with_verbs_says_what_it_shows_when_none_is_named(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--help"]) == 0
    assert "without a verb: the same" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("words", ["links --json list", "links list --json", "links --json"])
def test_an_option_may_stand_before_the_verb_or_after_it(words: str) -> None:
    asked = parser().parse_args(words.split())
    assert (asked.verb, asked.json, asked.config) == ("list", True, "agent.ini")
