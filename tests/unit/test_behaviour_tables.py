"""What docs/behaviour.md says of one value is what the agent decides: its tables are computed anew and compared, row by row."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agent.branches import BranchMap
from agent.hra.actions import METHODS
from agent.merge import Decision, Kind
from agent.words import REASONS
from agent.xero.mapping_details import details
from tests.unit import manual_rows as rows
from tests.unit.canonical_values import THREE, hra, xero
from tests.unit.decisions import decide_all
from tests.unit.manual_rows import Row

ROOT = Path(__file__).parents[2]
SIDES = {Kind.TO_XERO: "Xero", Kind.TO_HRA: "HRA Cloud"}
Columns = tuple[Mapping[str, Any], ...]

WINNERS: Columns = (
    {"authority": "hra"},
    {"authority": "xero"},
    {"authority": "hra", "conflicts": "hold"},
)
MODES: Columns = (
    {"mode": "authoritative"},
    {"mode": "changed"},
    {"mode": "all"},
    {"mode": "all", "overrule": True},
)
TABLES: Mapping[str, tuple[Callable[[], Iterator[Row]], Columns]] = {
    "Agreed before": (rows.agreed_before, WINNERS),
    "Emptied": (rows.never_emptied, WINNERS),
    "Never agreed": (rows.first_contact, WINNERS),
    "One way only": (rows.one_way, WINNERS),
    "Tax declaration": (rows.declarations, WINNERS),
    "TFN or exemption": (rows.numbers, WINNERS),
    "End dates": (rows.ends, WINNERS),
    "Import modes": (rows.modes, MODES),
}


@pytest.mark.parametrize("title", TABLES)
def test_D1_the_manual_says_of_one_value_what_is_decided(title: str) -> None:
    assert written(title) == computed(title)


def test_T2_the_manual_gives_every_reason_of_xero_its_method() -> None:
    assert {row[0]: row[2] for row in written("Reasons")} == {
        f"`{reason}`": f"`{_method(reason)}`" for reason in "VIDRFCT"
    }


def computed(title: str) -> list[list[str]]:
    """The rows as they are decided."""
    made, columns = TABLES[title]
    return [[*row.cells, *(_outcome(row, column) for column in columns)] for row in made()]


def written(title: str) -> list[list[str]]:
    """The rows of the first table under a heading of the manual."""
    text = (ROOT / "docs" / "behaviour.md").read_text(encoding="utf-8")
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, title
    table = re.search(r"(?:^\|.*\n)+", found[1], re.MULTILINE)
    assert table, title
    lines = table[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _outcome(row: Row, column: Mapping[str, Any]) -> str:
    fields = {row.name: (row.one, row.other, row.base), **row.more}
    every = {"start_date": THREE["start_date"][0], **row.record}
    here = hra(**every | {name: one for name, (one, _, _) in fields.items()})
    there = xero(**every | {name: other for name, (_, other, _) in fields.items()})
    bases = {name: base for name, (_, _, base) in fields.items()}
    asked: dict[str, Any] = {"by_person": True, **column, **row.rules}
    found = decide_all(here, there, bases, **asked)
    return " / ".join(_told(found[name]) for name in fields)


def _told(decision: Decision) -> str:
    if decision.kind is Kind.NOTHING:
        return "nothing"
    if decision.kind is Kind.AGREE:
        return "agreed"
    if decision.kind is Kind.HOLD:
        return f"stays; listed as {REASONS[decision.reason].kind}"
    side = SIDES[decision.kind]
    return f"emptied in {side}" if decision.value is None else f"to {side}"


def _method(reason: str) -> str:
    """The method that HRA Cloud is asked for: by notice, or else the last of its own list."""
    raw = {"TerminationDate": "2026-11-20", "TerminationReason": reason}
    ended = details(raw, BranchMap())["end_date"]
    assert ended.day == date(2026, 11, 20)
    return "By_Notice" if ended.by_notice else METHODS[-1]
