"""What a push, a run of one person or a lost answer may not make the agent forget of everything else."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from agent.employee import Value
from agent.errors import SideError
from agent.sync.ledger import LATE
from tests.fakes import FakeSide
from tests.history.oracle import SECTION, Choice, Oracle
from tests.history.world import PEOPLE, VALUES, World

Made = Callable[..., World]
MOBILE, BANK = VALUES["mobile"], VALUES["bank_accounts"]
# A round of so many hours makes none of three people due twice in the few runs of a test.
SELDOM = 9.0


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    """Worlds of three people who agree in everything."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    worlds: list[World] = []

    def make(
        authority: str = "hra",
        hold: bool = False,
        approve: frozenset[str] = frozenset(),
        **settings: Any,
    ) -> World:
        equal: dict[tuple[str, str], Choice] = {(p, name): "a" for p in PEOPLE for name in SECTION}
        oracle = Oracle(authority, hold, {"hra": equal, "xero": dict(equal)}, approve=approve)
        worlds.append(World(tmp_path / str(len(worlds)), oracle, **settings))
        worlds[-1].sync.run("import", "schedule")
        return worlds[-1]

    yield make
    for world in worlds:
        world.store.close()


def pushed_bank(world: World) -> None:
    """A save of the bank account that moves no update time, and its push."""
    for side in (world.hra, world.xero):
        side.timeless = frozenset({"bank"})
    world.hra.edit("p1", bank_accounts=BANK["b"])
    assert world.sync.push("p1", ("bank-accounts",)).fields == ("bank_accounts",)


def test_D9_D3_a_push_of_one_section_does_not_close_what_is_open_in_another(made: Made) -> None:
    world = made(verify_every_hours=SELDOM)
    world.xero.refuses = frozenset({"details"})
    world.hra.edit("p1", mobile=MOBILE["b"])
    world.sync.run("export", "schedule")
    world.xero.refuses = frozenset()
    before = world.link("p1").open
    assert set(before) == {"mobile"}
    pushed_bank(world)
    assert world.link("p1").open == before
    assert [row.kind for row in world.store.attention() if row.hra_id == "p1"] == ["refused"]
    world.sync.run("export", "schedule")
    assert world.xero.value("p1", "mobile") == MOBILE["b"]


def test_D9_D3_a_push_of_one_section_leaves_a_conflict_of_another_to_be_answered(
    made: Made,
) -> None:
    world = made(hold=True, verify_every_hours=SELDOM)
    world.hra.edit("p1", mobile=MOBILE["b"])
    world.xero.edit("p1", mobile=MOBILE["c"])
    world.sync.run("export", "schedule")
    before = world.link("p1")
    assert set(before.open) == set(before.held) == {"mobile"}
    pushed_bank(world)
    assert (world.link("p1").open, world.link("p1").held) == (before.open, before.held)


def test_D9_S2_a_push_of_one_section_leaves_what_a_second_person_was_asked_in_another(
    made: Made,
) -> None:
    world = made(approve=frozenset({"bank_accounts"}))
    world.hra.edit("p1", bank_accounts=BANK["b"])
    world.sync.run("export", "schedule")
    before = world.link("p1")
    assert set(before.approvals) == {"bank_accounts"}
    world.hra.edit("p1", mobile=MOBILE["b"])
    assert world.sync.push("p1", ("details",)).fields == ("mobile",)
    after = world.link("p1")
    assert (after.approvals, after.open) == (before.approvals, before.open)
    assert world.xero.value("p1", "bank_accounts") == BANK["a"]


def test_D3_a_push_of_one_section_forgets_nothing_that_was_agreed_in_another(made: Made) -> None:
    world = made("xero")
    agreed = world.link("p1").agreed
    pushed_bank(world)
    after = world.link("p1").agreed
    assert after.keys() == agreed.keys()
    assert {name for name in agreed if after[name] != agreed[name]} == {"bank_accounts"}


def test_D9_D3_a_run_of_one_person_leaves_the_changes_of_everybody_else_to_be_found(
    made: Made,
) -> None:
    world = made(verify_every_hours=SELDOM)
    world.xero.edit("p3", mobile=MOBILE["b"])
    world.xero.edit("p1", mobile=MOBILE["b"])
    world.sync.run("import", "page:anna", employee="p1")
    assert world.hra.value("p1", "mobile") == MOBILE["b"]
    world.sync.run("import", "schedule")  # p2's turn to be verified
    assert world.hra.value("p3", "mobile") == MOBILE["b"]


def _goes_away_at_the_write(side: FakeSide) -> None:
    """The next write arrives, its answer is lost, and nothing answers from then on."""

    def taken(name: str, value: Value) -> Value:
        side.unreachable = True
        return value

    side.failing["p1"], side.keeps_as = "lost_after", taken


def _is_back(side: FakeSide) -> None:
    side.unreachable, side.keeps_as = False, lambda name, value: value


@pytest.mark.parametrize("kind", ["import", "export"])
def test_D4_an_own_write_that_nothing_could_be_read_after_is_no_change_of_the_other_side(
    made: Made, kind: str
) -> None:
    """The employee saves again while the other side, which has the last word, is still away."""
    world = made("xero" if kind == "export" else "hra")
    source, target = (world.hra, world.xero) if kind == "export" else (world.xero, world.hra)
    source.edit("p1", mobile=MOBILE["b"])
    _goes_away_at_the_write(target)
    with suppress(SideError):
        world.sync.run(kind, "schedule")
    _is_back(target)
    assert target.value("p1", "mobile") == MOBILE["b"]
    source.edit("p1", mobile=MOBILE["c"])
    world.sync.run("import", "schedule")
    world.sync.run("export", "schedule")
    assert source.value("p1", "mobile") == MOBILE["c"]
    assert target.value("p1", "mobile") == MOBILE["c"]


def test_D4_a_person_who_enters_what_a_write_failed_to_bring_is_obeyed(made: Made) -> None:
    """The mark of a write that never arrived is done with at the first look after its time: then it is a person's own."""
    world = made("xero")
    world.hra.edit("p1", mobile=MOBILE["b"])
    world.xero.failing["p1"] = "lost_before"
    world.sync.run("export", "schedule")
    assert world.xero.value("p1", "mobile") == MOBILE["a"]
    world.now += LATE
    world.sync.run("import", "schedule")
    world.xero.edit("p1", mobile=MOBILE["b"])
    world.hra.edit("p1", mobile=MOBILE["c"])
    world.sync.run("export", "schedule")
    world.sync.run("import", "schedule")
    assert world.xero.value("p1", "mobile") == MOBILE["b"]
    assert world.hra.value("p1", "mobile") == MOBILE["b"]
