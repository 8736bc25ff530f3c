"""Everybody is read again within a full round, however few people a single run verifies (X2)."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.employee import Person, Status
from agent.records import Link
from agent.side import Listing
from agent.sync.order import Order
from agent.sync.selection import to_read
from tests.history.oracle import SECTION, Choice, Oracle
from tests.history.world import PEOPLE, VALUES, World

Made = Callable[..., World]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SEEN = "2026-03-01T00:00:00Z"
IDS = tuple(f"{number}" for number in range(10))


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    """Worlds of three people who agree in everything, and whose bank accounts move no time."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    worlds: list[World] = []

    def make(**settings: Any) -> World:
        equal: dict[tuple[str, str], Choice] = {(p, name): "a" for p in PEOPLE for name in SECTION}
        world = World(
            tmp_path, Oracle("hra", False, {"hra": equal, "xero": dict(equal)}), **settings
        )
        worlds.append(world)
        world.sync.run("import", "schedule")
        world.hra.timeless = world.xero.timeless = frozenset({"bank"})
        return world

    yield make
    for world in worlds:
        world.store.close()


# --- over the doubles


@pytest.mark.parametrize("hours", [9.0, 24.0, 720.0], ids=["a third", "an eighth", "hardly any"])
def test_X2_in_as_many_runs_as_there_are_people_everybody_was_verified(
    made: Made, hours: float
) -> None:
    world = made(verify_every_hours=hours)
    for person in PEOPLE:
        world.xero.edit(person, bank_accounts=VALUES["bank_accounts"]["c"])
    for _ in PEOPLE:
        world.sync.run("import", "schedule")
    for person in PEOPLE:
        assert world.hra.value(person, "bank_accounts") == VALUES["bank_accounts"]["c"], person


def test_X2_who_was_read_for_another_reason_is_not_due_before_the_others(made: Made) -> None:
    world = made(verify_every_hours=9.0)
    world.hra.edit("p1", mobile=VALUES["mobile"]["b"])
    world.sync.run("export", "schedule")  # p1 moved, p2 (or p1) was due
    world.hra.fetched.clear()
    for _ in range(2):
        world.sync.run("import", "schedule")
    assert {"p2", "p3"} <= {*world.hra.fetched}


# --- the choice itself


def links(**changes: Any) -> list[Link]:
    """Ten people, verified one after another: "0" longest ago."""
    return [
        Link(
            id, f"h{id}", f"x{id}", verified=NOW + timedelta(hours=number),
            hra_seen=SEEN, xero_seen=SEEN, **changes,
        )
        for number, id in enumerate(IDS)
    ]  # fmt: skip


def read(those: list[Link], share: float) -> list[str]:
    """The links that a scheduled import reads while neither side lists anything new."""
    people = {
        side: tuple(
            Person(side, f"{side[0]}{id}", "Ada", "Field", Status.CURRENT, updated=SEEN)
            for id in IDS
        )
        for side in ("hra", "xero")
    }
    hra, xero = (Listing(people[side], SEEN, True) for side in ("hra", "xero"))
    order = Order("import", "schedule")
    return [link.id for link in to_read(those, hra, xero, order, since="", share=share)]


@pytest.mark.parametrize(
    ("share", "due"),
    [(0.0, ""), (0.001, "0"), (0.1, "0"), (0.11, "01"), (0.25, "012"), (1.0, "0123456789")],
)
def test_X2_a_share_is_of_those_verified_longest_ago_and_rounded_up(share: float, due: str) -> None:
    assert "".join(read(links(), share)) == due
    assert "".join(read(links()[::-1], share))[::-1] == due


def test_X2_somebody_never_verified_is_read_beside_the_share() -> None:
    those = links()
    those[7] = replace(those[7], verified=None)
    assert read(those, 0.1) == ["0", "7"]
