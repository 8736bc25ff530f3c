"""Who is read: everybody within a full round, however few a single run verifies (X2), and by a person's modes (R2)."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.employee import Person, Status
from agent.records import Link
from agent.side import Listing
from agent.sync.order import Order
from agent.sync.round import IMPORT_MARKER
from agent.sync.selection import Share, to_read
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


def listing(side: str, updated: Mapping[str, str]) -> Listing:
    """All ten, who changed long ago but for those named."""
    people = (
        Person(side, f"{side[0]}{id}", "Ada", "Field", Status.CURRENT, updated.get(id, SEEN))
        for id in IDS
    )
    return Listing(tuple(people), SEEN, True)


def read(those: list[Link], share: float) -> list[str]:
    """The links that a scheduled import reads while neither side lists anything new."""
    hra, xero, order = listing("hra", {}), listing("xero", {}), Order("import", "schedule")
    return [link.id for link in to_read(those, hra, xero, order, since="", share=Share(share))]


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


def test_R2_the_mode_changed_reads_who_changed_in_xero_since_the_last_import_and_who_is_open() -> (
    None
):
    those = links()
    those[4] = replace(those[4], open={"mobile": "conflict"})
    those[5] = replace(those[5], sending="hra")
    before, at, after = "2026-03-01T23:59:59Z", "2026-03-02T00:00:00Z", "2026-03-02T00:00:01Z"
    xero = listing("xero", {"1": before, "2": at, "3": after, "6": ""})
    order = Order("import", "page:anna", "changed")
    found = to_read(those, listing("hra", {"8": after}), xero, order, since=at, share=Share(1.0))
    assert [link.id for link in found] == ["2", "3", "4", "5", "6"]


@pytest.mark.parametrize("mode", ["authoritative", "all"])
def test_R2_a_person_s_run_of_another_mode_reads_everybody(mode: str) -> None:
    order = Order("import", "page:anna", mode)
    found = to_read(
        links(), listing("hra", {}), listing("xero", {}), order, since=SEEN, share=Share(0.0)
    )
    assert [link.id for link in found] == [*IDS]


def test_R2_only_an_import_moves_the_time_since_which_xero_is_looked_at(made: Made) -> None:
    world = made()
    before = world.store.marker(IMPORT_MARKER)
    world.xero.edit("p1", job_title="Chef")
    world.sync.run("export", "schedule")
    assert before and world.store.marker(IMPORT_MARKER) == before
    world.sync.run("import", "schedule")
    assert str(world.store.marker(IMPORT_MARKER)) > before
