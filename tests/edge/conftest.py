"""For the tests of the command line: the settings' file, both sandboxes with an agent, and a terminal beside them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edge.cli_house import Terminal
from tests.edge.service_house import House, quick_times


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "agent.ini"


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
    monkeypatch.setattr("agent.cli.serve.real_times", quick_times)
    return config


@pytest.fixture
def terminal(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    """A terminal on the agent's machine."""
    return Terminal(here, capsys, monkeypatch)
