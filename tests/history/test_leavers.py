"""Only people who are Current in HRA Cloud reach Xero, whenever they left (T1)."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agent.employee import Address, Status
from agent.sync import Progress
from tests.history.office import Office
from tests.history.oracle import SECTION, Choice, Oracle
from tests.history.world import PEOPLE, VALUES, World

NEW: dict[str, Any] = {
    "first_name": "Dora", "last_name": "Evans", "date_of_birth": date(1991, 3, 4),
    "home_address": Address("1 A St", "", "Newtown", "NSW", "2042", "AUSTRALIA"),
}  # fmt: skip
LEFT = pytest.mark.parametrize("status", [one for one in Status if one is not Status.CURRENT])


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Three people who agree in everything."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    equal: dict[tuple[str, str], Choice] = {(p, name): "a" for p in PEOPLE for name in SECTION}
    found = World(tmp_path / "data", Oracle("hra", False, {"hra": equal, "xero": dict(equal)}))
    found.sync.run("import", "schedule")
    yield found
    found.store.close()


@LEFT
def test_T1_somebody_who_leaves_while_a_run_is_under_way_is_not_created(
    world: World, status: Status
) -> None:
    world.hra.add("new", **NEW)

    def leaves(progress: Progress) -> None:
        if progress.phase == "writing":
            world.hra.people["new"].status = status

    world.sync.run("export", "page:anna", progress=leaves)
    assert world.xero.created == [] and world.store.link_of("hra", "new") is None
    (row,) = [row for row in world.store.attention() if row.hra_id == "new"]
    assert "is not a current employee any more" in row.text


def test_T1_somebody_who_ends_in_xero_while_a_run_is_under_way_is_not_created_in_hra(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path / "data")
    office.xero.add("new", **NEW)

    def leaves(progress: Progress) -> None:
        if progress.phase == "writing":
            office.xero.people["new"].status = Status.TERMINATED

    office.sync.run("import", "page:anna", progress=leaves)
    assert office.hra.created == []
    assert "is not a current employee any more" in office.row(id="new", side="xero").text
    office.store.close()


@LEFT
def test_T1_somebody_who_leaves_while_a_run_is_under_way_is_not_written_to(
    world: World, status: Status
) -> None:
    world.hra.edit("p1", mobile=VALUES["mobile"]["b"])

    def leaves(progress: Progress) -> None:
        if progress.phase == "writing":
            world.hra.people["p1"].status = status

    world.sync.run("export", "page:anna", progress=leaves)
    assert world.xero.value("p1", "mobile") == VALUES["mobile"]["a"]


@LEFT
def test_T1_a_save_of_somebody_unlinked_who_is_not_current_says_so(
    world: World, status: Status
) -> None:
    world.hra.add("new", status=status, **NEW)
    told = world.sync.push("new", ("details",))
    assert told.outcome == "held" and "not Current" in told.reason
    assert world.xero.created == [] and world.store.link_of("hra", "new") is None
