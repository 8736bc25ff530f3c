"""What the tests of the command line share: running a command, and what somebody changes meanwhile on the two systems."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.cli import main
from tests.edge.service_house import House

FLAGS = [
    "--authoritative-system", "hra", "--hra-client-id", "hra-id", "--hra-client-secret", "hra-secret",
    "--xero-client-id", "xero-id", "--xero-client-secret", "xero-secret",
]  # fmt: skip
HOME, AWAY = (
    "0491 570 156",
    "0491 570 157",
)  # mobile numbers that the regulator keeps for invented people


def run(*words: object, config: Path) -> int:
    """The exit code of one command."""
    return main([str(word) for word in words] + ["--config", str(config)], {})


class Terminal:
    """Somebody who types commands and reads what they print."""

    def __init__(
        self, config: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch
    ) -> None:
        self._config = config
        self._capsys = capsys
        self._patch = patch
        self.out = self.err = ""

    def types(self, *words: object, input: str = "") -> int:
        """The exit code; what was printed stands in `out` and `err`."""
        self._patch.setattr("sys.stdin", io.StringIO(input))
        self._capsys.readouterr()
        code = run(*words, config=self._config)
        self.out, self.err = self._capsys.readouterr()
        assert "Traceback" not in self.out + self.err
        return code

    def json(self, *words: object) -> Any:
        """What a command printed as JSON."""
        self.types(*words, "--json")
        return json.loads(self.out)

    def attention(self, kind: str = "") -> list[dict[str, Any]]:
        """What waits, of one kind or all."""
        rows: list[dict[str, Any]] = self.json("attention", "list")
        return [row for row in rows if kind in ("", row["kind"])]


def move_on_both_sides(house: House, number: str) -> str:
    """Somebody's mobile number changes on both sides, differently; their HRA id."""
    employee = house.hra_id(number)
    record = house.xero_record(employee)
    house.hooks.url = ""
    house.save_in_ess(employee, mobile=HOME)
    edit_in_xero(house, str(record["EmployeeID"]), Mobile=AWAY)
    return employee


def edit_in_xero(house: House, xero_id: str, **changes: Any) -> None:
    """Somebody types into Xero."""
    house.xero.app.config["STORE"].organisation.person_edits(xero_id, **changes)


def edit_everybody_in_xero(house: House) -> Sequence[str]:
    """Every linked person's mobile number changes in Xero; their Xero ids."""
    ids = [link.xero_id for link in house.service.pair.store.links()]
    for place, id in enumerate(ids):
        edit_in_xero(house, id, Mobile=f"0491 57{place:04}")
    return ids
