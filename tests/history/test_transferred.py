"""A link follows its person from record to record, at once and however the transfer came about (M5)."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from agent.errors import SideError
from tests.history.oracle import SECTION, Choice, Oracle
from tests.history.world import PEOPLE, VALUES, World

Made = Callable[..., World]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Three people who agree in everything; a new Employee Group moves them in HRA."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    equal: dict[tuple[str, str], Choice] = {(p, name): "a" for p in PEOPLE for name in SECTION}
    equal |= {(p, "branch"): "a" for p in PEOPLE}
    oracle = Oracle("xero", False, {"hra": equal, "xero": dict(equal)}, transfers=True)
    found = World(tmp_path / "data", oracle)
    found.sync.run("import", "schedule")
    yield found
    found.store.close()


@pytest.mark.parametrize("outcome", ["", "lost_after"], ids=["seen to end", "answer lost"])
def test_M5_the_link_is_at_the_new_record_as_soon_as_the_agent_has_moved_somebody(
    world: World, outcome: str
) -> None:
    world.xero.regroup("p1", "B")
    world.fail("hra", "p1", action=outcome)
    with suppress(SideError):
        world.sync.run("import", "schedule")
    now = world.id("hra", "p1")
    assert now != "p1" and world.hra.value("p1", "branch") == "b"
    assert world.link("p1").hra_id == now
    assert world.store.link_of("hra", "p1") is None
    assert [
        line.event.hra_id for line in world.store.audit_lines() if line.event.what == "moved"
    ] == [now]


@pytest.mark.parametrize("branches", ["b", "bc", "bca"], ids=["once", "twice", "three times"])
def test_M5_a_save_of_somebody_transferred_by_hand_finds_the_link_however_often(
    world: World, branches: str
) -> None:
    for branch in branches:
        world.hra.transfer("p1", branch)
    now = world.id("hra", "p1")
    world.hra.edit("p1", mobile=VALUES["mobile"]["b"])
    assert world.sync.push(now, ("details",)).outcome == "done"
    assert world.xero.value("p1", "mobile") == VALUES["mobile"]["b"]
    assert world.link("p1").hra_id == now and len(world.store.links()) == len(PEOPLE)
    assert world.xero.created == []


def test_M5_R3_a_plan_that_names_the_old_record_is_applied_to_the_new_one(world: World) -> None:
    """The plan was made before the link had followed; meanwhile a save has made it follow."""
    world.hra.transfer("p1", "b")
    world.hra.edit("p1", mobile=VALUES["mobile"]["b"])
    plan = world.sync.run("export", "page:anna", dry_run=True).plan
    assert plan is not None
    world.sync.push(world.id("hra", "p1"), ("bank-accounts",))
    assert world.link("p1").hra_id != "p1"
    world.sync.apply(plan, "page:anna")
    assert world.xero.value("p1", "mobile") == VALUES["mobile"]["b"]
