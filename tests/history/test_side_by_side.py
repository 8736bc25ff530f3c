"""Two things asked of the agent at once: runs never overlap, and a record has one hand on it at a time (R1)."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from agent.employee import Value
from agent.errors import Busy
from tests.history.oracle import SECTION, Choice, Oracle
from tests.history.world import PEOPLE, VALUES, World

MOBILE, BANK = VALUES["mobile"], VALUES["bank_accounts"]
# What may not begin would begin at once: so long is looked whether it does.
GLANCE = 0.15
PATIENCE = 10.0


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Three people who agree in everything."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    equal: dict[tuple[str, str], Choice] = {(p, name): "a" for p in PEOPLE for name in SECTION}
    found = World(tmp_path / "data", Oracle("hra", False, {"hra": equal, "xero": dict(equal)}))
    found.sync.run("import", "schedule")
    yield found
    found.store.close()


class Beside:
    """Something else that is asked for while the first write is under way; `seen` is what it had done by then.

    `wait`: the write goes on after so many seconds, or as soon as the other has ended.
    """

    def __init__(
        self,
        world: World,
        what: Callable[[], object],
        look: Callable[[], int],
        wait: float = GLANCE,
    ) -> None:
        self._look, self._wait = look, wait
        self._world = world
        self._thread = Thread(target=what)
        self.seen: list[int] = []
        world.xero.keeps_as = self._at_the_write

    def _at_the_write(self, name: str, value: Value) -> Value:
        self._world.xero.keeps_as = lambda name, value: value
        before = self._look()
        self._thread.start()
        self._thread.join(self._wait)
        self.seen.append(self._look() - before)
        return value

    def ends(self) -> bool:
        """Whether it came to its end once the first was done."""
        self._thread.join(PATIENCE)
        return not self._thread.is_alive()


def run_rows(world: World) -> Callable[[], int]:
    return lambda: len(world.store.runs(100))


def test_R1_a_run_begins_when_the_one_under_way_has_ended(world: World) -> None:
    world.hra.edit("p1", mobile=MOBILE["b"])
    beside = Beside(world, lambda: world.sync.run("import", "page:anna"), run_rows(world))
    world.sync.run("export", "schedule")
    assert beside.ends() and beside.seen == [0]
    later, earlier = world.store.runs(2)
    assert (later.kind, earlier.kind) == ("import", "export")
    assert earlier.ended is not None and later.started > earlier.ended


def test_R1_a_plan_is_applied_when_the_run_under_way_has_ended(world: World) -> None:
    world.hra.edit("p1", mobile=MOBILE["b"])
    plan = world.sync.run("export", "page:anna", dry_run=True).plan
    assert plan is not None
    beside = Beside(world, lambda: world.sync.apply(plan, "page:anna"), run_rows(world))
    world.sync.run("export", "schedule")
    assert beside.ends() and beside.seen == [0]
    assert len(world.xero.writes) == 1


def test_R1_a_push_of_a_record_waits_for_the_hand_that_is_on_it(world: World) -> None:
    world.hra.edit("p1", mobile=MOBILE["b"])

    def push() -> None:
        world.sync.push("p1", ("bank-accounts",))

    beside = Beside(world, push, lambda: len(world.hra.fetched))
    world.sync.run("export", "schedule")
    assert beside.ends() and beside.seen == [0]
    link = world.link("p1")
    assert (link.sending, link.open) == ("", {})


def test_R1_a_push_that_may_not_wait_finds_the_record_at_work_and_leaves_it(world: World) -> None:
    """HRA Cloud's actions hold a record for up to a minute: the saves of others go on meanwhile."""
    world.hra.edit("p1", mobile=MOBILE["b"])
    found: list[str] = []

    def push() -> None:
        with pytest.raises(Busy):
            world.sync.push("p1", (), wait=False)
        found.append(world.sync.push("p2", (), wait=False).outcome)

    beside = Beside(world, push, lambda: len(found), PATIENCE)
    world.sync.run("export", "schedule", employee="p1")
    assert beside.ends() and beside.seen == [1]
    assert found == ["nothing"]
    assert world.sync.push("p1", (), wait=False).outcome == "nothing"


def test_R1_a_push_of_another_record_does_not_wait_for_it(world: World) -> None:
    world.hra.edit("p1", mobile=MOBILE["b"])
    world.hra.edit("p2", bank_accounts=BANK["b"])

    def push() -> None:
        world.sync.push("p2", ())

    beside = Beside(world, push, lambda: len(world.hra.fetched), PATIENCE)
    world.sync.run("export", "schedule", employee="p1")
    assert beside.ends() and beside.seen == [1]
    assert world.xero.value("p2", "bank_accounts") == BANK["b"]
