"""What the tests of the command line share: running a command, and what somebody changes meanwhile on the two systems."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from agent.cli import main
from agent.records import Choice
from tests.edge.service_house import STAFF, House

FLAGS = [
    "--authoritative-system", "hra", "--hra-client-id", "hra-id", "--hra-client-secret", "hra-secret",
    "--xero-client-id", "xero-id", "--xero-client-secret", "xero-secret",
]  # fmt: skip
ALIKE = ("1001", "1002", "1004", "1010", "1011", "1012")  # alike on both sides
# Numbers that the regulator keeps for invented people.
MOBILES = (
    "0491 570 156", "0491 570 157", "0491 570 158", "0491 570 159", "0491 570 737", "0491 571 266",
)  # fmt: skip
HOME, AWAY = MOBILES[:2]


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


def linked(house: House, *numbers: str) -> list[str]:
    """People who stand on both sides alike, linked by a person; their HRA ids. Far quicker than a whole run."""
    return [_linked(house, number) for number in numbers]


def _linked(house: House, number: str) -> str:
    person = next(one for one in STAFF if one.number == number)
    rows = house.xero.app.config["STORE"].organisation.employees
    names = (person.first, person.last)
    id = next(id for id, row in rows.items() if (row["FirstName"], row["LastName"]) == names)
    employee = house.hra_id(number)
    house.service.pair.answer(Choice("link", employee, "command", other=id))
    return employee


def move_on_both_sides(house: House, employee: str, *, home: str = HOME, away: str = AWAY) -> None:
    """Somebody's mobile number changes on both sides, differently."""
    record = house.xero_record(employee)
    house.hooks.url = ""
    house.save_in_ess(employee, mobile=home)
    edit_in_xero(house, str(record["EmployeeID"]), Mobile=away)


def edit_in_xero(house: House, xero_id: str, **changes: Any) -> None:
    """Somebody types into Xero."""
    house.xero.app.config["STORE"].organisation.person_edits(xero_id, **changes)


def edit_everybody_in_xero(house: House) -> None:
    """Every linked person's mobile number changes in Xero."""
    for link, mobile in zip(house.service.pair.store.links(), MOBILES, strict=True):
        edit_in_xero(house, link.xero_id, Mobile=mobile)
