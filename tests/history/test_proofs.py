"""What a run's own proof says of a connection: refused is lost, away is not, and only a read makes it good (L3)."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.errors import AccessLost, Unreachable
from agent.side import Probe
from tests.fakes import FakeSide
from tests.history.oracle import SECTION, Choice, Oracle
from tests.history.world import PEOPLE, World

SIDES = pytest.mark.parametrize("name", ["hra", "xero"])


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Three people who agree in everything; both connections are proved."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    equal: dict[tuple[str, str], Choice] = {(p, name): "a" for p in PEOPLE for name in SECTION}
    found = World(tmp_path / "data", Oracle("hra", False, {"hra": equal, "xero": dict(equal)}))
    found.sync.run("import", "schedule")
    yield found
    found.store.close()


def refuses(side: FakeSide) -> None:
    """The next proof of this side finds the sign-in refused."""
    probe = side.probe

    def refused() -> Probe:
        side.probe = probe  # type: ignore[method-assign]
        raise AccessLost(side.name, status=403)

    side.probe = refused  # type: ignore[method-assign]


@SIDES
def test_L3_a_side_that_is_away_for_a_while_is_not_a_lost_connection(
    world: World, name: str
) -> None:
    before = world.store.connection(name)
    world.side(name).unreachable = True
    with pytest.raises(Unreachable):
        world.sync.run("export", "schedule")
    now = world.store.connection(name)
    assert before.connected and now.connected and now.proved == before.proved
    assert now.reason
    world.side(name).unreachable = False
    world.sync.run("export", "schedule")
    assert world.store.connection(name).reason == ""


@SIDES
def test_L3_a_lost_connection_is_good_again_only_when_it_was_read(world: World, name: str) -> None:
    refuses(world.side(name))
    with pytest.raises(AccessLost):
        world.sync.run("export", "schedule")
    assert not world.store.connection(name).connected
    world.side(name).unreachable = True
    with pytest.raises(Unreachable):
        world.sync.run("export", "schedule")
    assert not world.store.connection(name).connected
    world.side(name).unreachable = False
    world.sync.run("export", "schedule")
    assert world.store.connection(name).connected


@SIDES
def test_L3_every_run_proves_both_sides(world: World, name: str) -> None:
    before = world.store.connection(name).proved
    world.sync.run("export", "schedule")
    after = world.store.connection(name).proved
    assert before is not None and after is not None and after > before


@SIDES
def test_L3_permissions_that_the_sign_in_lacks_stay_told_after_a_run(
    world: World, name: str
) -> None:
    known = world.store.connection(name)
    world.store.set_connection(replace(known, missing_scopes=("a:permission",)))
    world.sync.run("export", "schedule")
    assert world.store.connection(name).missing_scopes == ("a:permission",)
