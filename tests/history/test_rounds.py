"""Rounds with an oracle: two sides, three people, a move per side and person, then a run.

After every run both sides must hold what the oracle says, whatever failed on the way.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.history.oracle import MAY_BE_EMPTY, SECTION, Choice, Oracle
from tests.history.world import PEOPLE, TARGETS, World

SETTINGS = pytest.mark.parametrize(
    ("authority", "conflicts"),
    [("hra", "authoritative"), ("xero", "authoritative"), ("hra", "hold"), ("xero", "hold")],
)


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a crash leaves behind is tested elsewhere; here are thousands of commits."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def start(folder: Path, random: Random, authority: str, conflicts: str) -> World:
    """Two sides that never met: mostly equal, sometimes different or empty."""
    now: dict[str, dict[tuple[str, str], Choice]] = {"hra": {}, "xero": {}}
    for person in PEOPLE:
        for name in SECTION:
            one = random.choice("abc")
            other: Choice = random.choice([one, one, one, random.choice("abc"), None])
            now["hra"][person, name], now["xero"][person, name] = one, other
    world = World(folder, Oracle(authority, conflicts == "hold", now))
    world.run(random.choice(["import", "export"]), "schedule")
    return world


def move(world: World, random: Random, side: str, person: str) -> str:
    """One move of somebody at one side: up to two edits; one field that was edited, or nothing."""
    if random.random() < 0.45:
        return ""
    names = random.choice([random.sample(list(SECTION), 2), ["loans", "tfn_or_exemption"]])
    edited = names[: random.choice([1, 2])]
    for name in edited:
        empties = name in (*MAY_BE_EMPTY, "bank_accounts") and random.random() < 0.3
        world.edit(side, person, name, None if empties else random.choice("abc"))
    return edited[0]


def one_round(world: World, random: Random) -> None:
    for person in PEOPLE:
        edited = move(world, random, "hra", person)
        move(world, random, "xero", person)
        if edited and random.random() < 0.3:
            world.push(person, edited)
            world.met["push"] += 1
    started_by = random.choice(["schedule", "page", "command"])
    for kind in random.choice([["import"], ["export"], ["import", "export"]]):
        what = random.choice(["", "", "fails", "fails", "stops", "late", "dry"])
        person = random.choice(list(PEOPLE))
        if what == "fails":
            faults = random.choices(["refused", "lost_before", "lost_after"], k=len(PEOPLE))
            world.side(TARGETS[kind]).failing.update(zip(PEOPLE, faults, strict=True))
            world.run(kind, started_by)
        elif what == "stops":
            world.stopped_short(kind, started_by, person)
        elif what == "late":
            name = random.choice(["mobile", "bank_accounts"])
            world.run(kind, started_by, (person, name, random.choice("abc")))
        elif what == "dry":
            world.dry_run(kind)
        else:
            world.run(kind, started_by)
            world.check_in_step()
            world.quiet(kind, started_by)


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Any]:
    numbers = iter(range(1000))
    yield lambda: tmp_path / str(next(numbers))


@SETTINGS
def test_every_round_ends_as_the_oracle_says(folders: Any, authority: str, conflicts: str) -> None:
    met: Counter[str] = Counter()
    for seed in range(8):
        random = Random(f"{seed}/{authority}/{conflicts}")
        world = start(folders(), random, authority, conflicts)
        for _ in range(12):
            one_round(world, random)
        met += world.met
        met["conflicts"] += world.oracle.fights
        world.store.close()
    wanted = {
        "written": 50, "refused": 3, "lost_before": 3, "lost_after": 3, "unreachable": 3,
        "conflicts": 30, "nothing to do": 20, "push": 20, "late edit": 5, "in step": 10, "open": 10,
    }  # fmt: skip
    assert {name: met[name] for name, least in wanted.items() if met[name] < least} == {}
