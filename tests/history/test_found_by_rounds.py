"""Stories that the rounds with an oracle found, told one by one in their shortest form."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.errors import NotPossible
from agent.records import Attention, Choice
from tests.history.oracle import SECTION, UNGROUPED, Oracle
from tests.history.oracle import Choice as Word
from tests.history.world import PEOPLE, World, value_of

Made = Callable[..., World]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    """Worlds of three people who agree in everything, with these settings."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    worlds: list[World] = []

    def make(authority: str = "hra", hold: bool = False, **settings: Any) -> World:
        equal: dict[tuple[str, str], Word] = {(p, name): "a" for p in PEOPLE for name in SECTION}
        oracle = Oracle(authority, hold, {"hra": equal, "xero": dict(equal)}, **settings)
        worlds.append(World(tmp_path / str(len(worlds)), oracle))
        worlds[-1].sync.run("import", "schedule")
        return worlds[-1]

    yield make
    for world in worlds:
        world.store.close()


def row(world: World, field: str) -> Attention:
    (found,) = [one for one in world.store.attention() if field in one.fields]
    return found


def choose(world: World, field: str, use: str, actor: str = "page:anna") -> None:
    world.sync.answer(Choice("resolve", row(world, field).id, actor, use=use))


def runs(world: World, *kinds: str) -> None:
    for kind in kinds:
        world.sync.run(kind, "schedule")


def supers(word: str) -> Any:
    return frozenset(value_of("super_memberships", word))


# --- branches


@pytest.mark.parametrize("authority", ["hra", "xero"])
def test_D6_nobody_is_moved_out_of_a_branch_that_xero_cannot_hold(
    made: Made, authority: str
) -> None:
    world = made(authority)
    world.edit("hra", "p1", "branch", UNGROUPED)
    world.edit("xero", "p1", "branch", "b")
    runs(world, "import", "export")
    assert world.hra.value("p1", "branch") == UNGROUPED
    assert world.xero.value("p1", "branch") == "b"
    assert row(world, "branch").needs_person


def test_M5_a_save_of_somebody_just_transferred_by_hand_reaches_xero(made: Made) -> None:
    world = made()
    world.edit("hra", "p1", "branch", "b")
    world.edit("hra", "p1", "mobile", "b")
    told = world.sync.push(world.id("hra", "p1"), ("details",))
    assert told.outcome == "done" and {"mobile", "branch"} <= {*told.fields}
    assert world.xero.value("p1", "mobile") == value_of("mobile", "b")


def test_H2_a_save_of_somebody_transferred_pushes_its_sections_only(made: Made) -> None:
    world = made()
    world.edit("hra", "p1", "branch", "b")
    world.edit("hra", "p1", "bank_accounts", "b")
    world.sync.push(world.id("hra", "p1"), ("details",))
    assert world.xero.value("p1", "bank_accounts") == value_of("bank_accounts", "a")


def test_M5_a_dry_run_knows_a_person_who_was_transferred_by_hand(made: Made) -> None:
    world = made()
    world.edit("hra", "p1", "branch", "b")
    report = world.sync.run("export", "command", dry_run=True)
    assert [(line.xero_id, line.action) for line in report.lines] == [("p1", "update")]


def test_R3_a_plan_of_somebody_transferred_before_it_was_made_is_applied(made: Made) -> None:
    world = made()
    world.edit("hra", "p1", "branch", "b")
    plan = world.sync.run("export", "command", dry_run=True).plan
    assert plan is not None
    world.sync.apply(plan, "command")
    assert world.xero.value("p1", "branch") == "b"


def test_D7_a_push_forgets_nothing_that_a_branch_is_held_for(made: Made) -> None:
    world = made(hold=True)
    world.edit("hra", "p1", "branch", "b")
    world.edit("xero", "p1", "branch", "c")
    runs(world, "import")
    world.sync.push(world.id("hra", "p1"), ("tax-details",))
    choose(world, "branch", "hra")
    assert world.xero.value("p1", "branch") == "b"


# --- values that the other side kept differently


def test_D4_a_side_that_goes_back_after_a_kept_write_is_followed(made: Made) -> None:
    world = made()
    runs(world, "import")
    for side in ("hra", "xero"):
        world.edit(side, "p1", "super_memberships", "A1 B1")
    runs(world, "import")
    world.edit("hra", "p1", "super_memberships", "B2")
    runs(world, "export")
    assert frozenset(world.xero.value("p1", "super_memberships")) == supers("A1 B2")
    world.edit("hra", "p1", "super_memberships", "A1 B1")
    runs(world, "export")
    assert frozenset(world.xero.value("p1", "super_memberships")) == supers("A1 B1")


def test_D4_a_change_after_a_kept_write_is_no_conflict(made: Made) -> None:
    world = made("hra")
    world.edit("xero", "p1", "super_memberships", "B1")
    runs(world, "import")
    assert frozenset(world.hra.value("p1", "super_memberships")) == supers("A1 B1")
    world.edit("xero", "p1", "super_memberships", "B2")
    runs(world, "import")
    assert frozenset(world.hra.value("p1", "super_memberships")) == supers("A1 B2")


def test_D7_trying_again_never_sends_over_a_value_that_moved_since(made: Made) -> None:
    """A transfer that never ended is told; meanwhile somebody moves the person elsewhere."""
    world = made("xero")
    world.edit("xero", "p1", "branch", "b")
    world.hra.acting["p1"] = "never"
    runs(world, "import")
    told = row(world, "branch")
    assert told.kind == "kept"
    world.edit("hra", "p1", "branch", "c")
    world.sync.answer(Choice("retry", told.id, "page:anna"))
    assert world.hra.value("p1", "branch") == "c"


# --- choices and a second person


def fought_declaration(made: Made) -> World:
    """Loans and number changed on both sides, differently; a number needs a second person."""
    world = made(hold=True, approve=frozenset({"tfn_or_exemption", "bank_accounts"}))
    for side, word in (("hra", "b"), ("xero", "c")):
        for name in ("loans", "tfn_or_exemption"):
            world.edit(side, "p1", name, word)
    runs(world, "import")
    return world


def test_D1_a_chosen_declaration_waits_whole_for_the_approval_of_its_number(made: Made) -> None:
    world = fought_declaration(made)
    choose(world, "loans", "hra")
    assert world.xero.value("p1", "loans") == value_of("loans", "c")
    world.sync.answer(Choice("approve", row(world, "tfn_or_exemption").id, "page:ben"))
    for name in ("loans", "tfn_or_exemption"):
        assert world.xero.value("p1", name) == value_of(name, "b")


def test_D7_a_chosen_declaration_that_moves_before_its_approval_is_asked_anew(made: Made) -> None:
    world = fought_declaration(made)
    choose(world, "loans", "hra")
    approval = row(world, "tfn_or_exemption").id
    world.edit("hra", "p1", "loans", "a")
    with pytest.raises(NotPossible):
        world.sync.answer(Choice("approve", approval, "page:ben"))
    assert world.xero.writes == []
    assert "use_hra" in row(world, "loans").buttons


def test_S2_a_choice_that_came_too_late_asks_nobody_to_approve_it(made: Made) -> None:
    world = made(hold=True, approve=frozenset({"bank_accounts"}))
    world.edit("hra", "p1", "bank_accounts", "b")
    world.edit("xero", "p1", "bank_accounts", "c")
    runs(world, "import")
    shown = row(world, "bank_accounts").id
    world.edit("hra", "p1", "bank_accounts", None)
    with pytest.raises(NotPossible):
        world.sync.answer(Choice("resolve", shown, "page:anna", use="xero"))
    assert row(world, "bank_accounts").kind != "approval"
    assert world.link("p1").approvals == {}
