"""The command key, and what the commands say of files and pages that stand too open (S4)."""

import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.cli import main
from agent.cli.exposed import exposures, refuse_open_house
from agent.config import PLACEHOLDERS, Settings, example, parse
from agent.demo.browser import form_values
from agent.errors import Misconfigured
from agent.records import User
from tests.edge.cli_house import Terminal, linked
from tests.edge.service_house import PASSWORD, House

HASH = "scrypt:32768:8:1$c2FsdA$" + "0" * 128


# --- key rotate -----------------------------------------------------------------------------------


def test_S4_a_rotation_ends_sessions_and_keeps_sign_ins_links_and_what_was_agreed(
    house: House, terminal: Terminal, tmp_path: Path
) -> None:
    employee, _ = linked(house, "1001", "1002")
    plan = tmp_path / "monday.plan"
    assert terminal.types("export", "--employee", employee, "--plan", plan) in (0, 1)
    page = form_values(house.browser.get(f"{house.page}/sign-in"))
    signed_in = {**page, "user": "admin", "password": PASSWORD}
    assert "Sign out" in house.browser.submit(f"{house.page}/sign-in", signed_in)
    assert terminal.types("key", "rotate") == 2
    assert "already running" in terminal.err
    house.stop()
    file = house.settings.agent.data_dir / "agent.key"
    old = file.read_text()
    assert terminal.types("key", "rotate") == 0
    new = file.read_text()
    assert new.split()[1] == old.strip() and len(new.split()) == 2
    assert not any(part in terminal.out + terminal.err for part in new.split())
    assert terminal.types("audit", "verify") == 0
    terminal.types("audit", "show")
    assert "The agent's key: changed (by a command on the server)" in terminal.out
    assert terminal.types("apply", plan) == 2, "plans of the old key are refused"
    writes = house.writes()
    house.start()
    assert "Sign in" in house.browser.get(f"{house.page}/")
    assert {side["connected"] for side in terminal.json("status")["sides"]} == {True}
    assert terminal.json("schedules")["on"] is True, "commands still find the agent's door"
    for link in house.service.pair.store.links():
        house.service.pair.push(link.hra_id, ())
    assert house.writes() == writes, "else something was met for the first time"
    house.stop()
    file.write_text(old)
    assert terminal.types("status") == 2
    assert "another key sealed them" in terminal.err
    file.write_text(new)
    house.start()


def test_S4_a_key_of_the_environment_is_made_and_shown_once_and_nothing_is_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "agent.ini"
    config.write_text(example({**PLACEHOLDERS, "agent.data_dir": str(tmp_path / "data")}))
    config.chmod(0o600)
    environ = {"HRA_XERO_KEY": "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="}
    words = ["key", "rotate", "--config", str(config)]
    assert main(words, environ) == 0
    out = capsys.readouterr().out
    fresh = next(line for line in out.splitlines() if line.startswith("key ")).split()[1]
    assert environ["HRA_XERO_KEY"] not in out
    assert not (tmp_path / "data" / "agent.key").exists()
    for given in (f"{fresh} {environ['HRA_XERO_KEY']}", fresh):
        code = main(["audit", "verify", "--config", str(config)], {"HRA_XERO_KEY": given})
        assert code == (1 if given == fresh else 0), "the log is of the first key"


# --- what stands open -----------------------------------------------------------------------------


def settings(tmp_path: Path, **agent: Any) -> Settings:
    made = parse(example(PLACEHOLDERS), {})
    return replace(made, agent=replace(made.agent, data_dir=tmp_path, **agent))


def test_S4_a_page_that_others_reach_without_any_password_is_refused(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.7", "agent.example.com"):
        with pytest.raises(Misconfigured, match=r"\[agent\] host: .* nobody has a password"):
            refuse_open_house(settings(tmp_path, host=host), [User("restored", "")])
        refuse_open_house(settings(tmp_path, host=host), [User("anna", "hash")])
    for host in ("127.0.0.1", "::1", "localhost", "127.0.0.9"):
        refuse_open_house(settings(tmp_path, host=host), [])


def test_S4_the_commands_that_serve_or_look_refuse_such_a_page_with_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    config = tmp_path / "agent.ini"
    data = {"agent.host": "0.0.0.0", "agent.port": port, "agent.data_dir": str(tmp_path / "data")}
    config.write_text(example({**PLACEHOLDERS, **data}))
    for command in (["run"], ["check"], ["connect", "hra"]):
        assert main([*command, "--config", str(config)], {}) == 2, command
        assert "nobody has a password for the page" in capsys.readouterr().err
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", int(port)), 0.2)
    with_password = {**data, "page.password_hash": HASH}
    config.write_text(example({**PLACEHOLDERS, **with_password}))
    assert main(["check", "--config", str(config)], {}) == 3  # neither side is connected
    assert "passwords and pages travel unencrypted" in capsys.readouterr().out


def test_S4_settings_or_a_key_that_others_may_read_are_told_with_the_way_to_mend_it(
    tmp_path: Path,
) -> None:
    config, key = tmp_path / "agent.ini", tmp_path / "agent.key"
    assert list(exposures(settings(tmp_path), config)) == []
    config.write_text("secrets")
    key.write_text("secrets")
    told = {}
    for mode in (0o600, 0o640, 0o604, 0o644, 0o660, 0o602):
        config.chmod(mode)
        key.chmod(0o600)
        told[mode] = len(list(exposures(settings(tmp_path), config)))
    # A group that may read the settings is somebody's intention; one that may write them is not.
    assert told == {0o600: 0, 0o640: 0, 0o604: 1, 0o644: 1, 0o660: 1, 0o602: 1}
    config.chmod(0o644)
    key.chmod(0o640)
    found = list(exposures(settings(tmp_path), config))
    assert len(found) == 2 and all("chmod 600" in one for one in found)


def test_S4_an_unencrypted_page_that_others_reach_is_told(tmp_path: Path) -> None:
    nowhere = tmp_path / "none.ini"
    for url, count in (("http://agent.example.com", 1), ("https://agent.example.com", 0)):
        found = exposures(settings(tmp_path, host="0.0.0.0", public_url=url), nowhere)
        assert len(list(found)) == count
    assert list(exposures(settings(tmp_path, public_url="http://localhost"), nowhere)) == []
