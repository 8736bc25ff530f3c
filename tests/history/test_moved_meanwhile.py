"""What changes between a decision and its write, or where a run does not look: found by a review, told one by one."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agent.employee import Address, Exemption, Status, Tfn
from agent.errors import OutcomeUnknown
from agent.merge import Base, Kind, Rules, Since, merge
from agent.plan import blank
from agent.sync import Progress
from tests.history.oracle import SECTION, Choice, Oracle
from tests.history.world import PEOPLE, World

HOME = Address("1 A St", "", "Newtown", "NSW", "2042", "AUSTRALIA")
NEW: dict[str, Any] = {
    "first_name": "Dora",
    "last_name": "Evans",
    "date_of_birth": date(1991, 3, 4),
    "home_address": HOME,
}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Three people who agree in everything."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    equal: dict[tuple[str, str], Choice] = {(p, name): "a" for p in PEOPLE for name in SECTION}
    found = World(tmp_path / "data", Oracle("hra", False, {"hra": equal, "xero": dict(equal)}))
    found.sync.run("import", "schedule")
    yield found
    found.store.close()


def at_writing(what: Callable[[], None]) -> Callable[[Progress], None]:
    """Does something once everything is read and decided, right before the first write."""
    left = [what]

    def tell(progress: Progress) -> None:
        if progress.phase == "writing" and left:
            left.pop()()

    return tell


def test_X3_a_run_creates_nobody_whose_create_a_push_has_just_lost(world: World) -> None:
    world.hra.add("new", **NEW)

    def push_and_lose() -> None:
        world.xero.failing[""] = "lost_after"
        with pytest.raises(OutcomeUnknown):
            world.sync.push("new", ())

    world.sync.run("export", "command", progress=at_writing(push_and_lose))
    assert len(world.xero.created) == 1
    world.sync.run("export", "command")
    assert len(world.xero.created) == 1
    assert world.store.link_of("hra", "new") is not None


def test_M2_somebody_added_by_hand_after_the_run_gathered_is_not_created_again(
    world: World,
) -> None:
    world.hra.add("new", **NEW)
    add = at_writing(lambda: world.xero.add("by-hand", **NEW))
    world.sync.run("export", "command", progress=add)
    assert world.xero.created == []
    assert any(row.hra_id == "new" for row in world.store.attention())
    world.sync.run("export", "command")
    linked = world.store.link_of("hra", "new")
    assert world.xero.created == [] and linked is not None and linked.xero_id == "by-hand"


def test_D9_a_scheduled_import_sees_a_new_xero_employee(world: World) -> None:
    world.sync.run("import", "schedule")
    world.xero.add("new", **NEW)
    world.sync.run("import", "schedule")
    assert [row.xero_id for row in world.store.attention()] == ["new"]  # held: no branch is set


def test_R1_what_goes_to_hra_is_decided_on_an_hra_read_after_xero(world: World) -> None:
    """An eSS save that comes while Xero is being read is seen before HRA's PUT."""
    world.xero.edit("p1", mobile="0491 570 110")
    order: list[str] = []
    for side in (world.hra, world.xero):
        fetch, name = side.fetch, side.name

        def noted(id: str, groups: Any = None, fetch: Any = fetch, name: str = name) -> Any:
            order.append(name)
            return fetch(id, groups)

        side.fetch = noted  # type: ignore[method-assign]
    world.sync.run("import", "command", employee="p1")
    assert world.hra.value("p1", "mobile") == "0491 570 110"
    assert order[2:4] == ["xero", "hra"]


def test_M5_a_transfer_to_a_record_that_is_linked_already_holds_only_that_person(
    world: World,
) -> None:
    fetch = world.hra.fetch

    def moved(id: str, groups: Any = None) -> Any:
        return replace(fetch(id, groups), id="p2" if id == "p1" else id)

    world.hra.fetch = moved  # type: ignore[method-assign]
    world.xero.edit("p3", mobile="0491 570 110")
    world.sync.run("import", "command")
    assert world.hra.value("p3", "mobile") == "0491 570 110"
    assert any(row.hra_id == "p1" for row in world.store.attention())


def test_M6_an_ignored_person_is_not_created_by_a_push(world: World) -> None:
    world.hra.add("new", **NEW)
    world.store.ignore("hra", "new")
    assert world.sync.push("new", ()).outcome == "held"
    assert world.xero.created == []


def test_D7_F4_a_conflict_in_the_declaration_never_turns_a_one_way_field_or_a_number_round() -> (
    None
):
    tax = {"resident_for_tax": True, "tax_free_threshold": True, "leave_loading": False}
    hra = replace(blank("hra"), id="h", status=Status.CURRENT).with_values(
        {**tax, "residency": "FOREIGN_RESIDENT", "tfn_or_exemption": Tfn("123456782")}
    )
    xero = replace(blank("xero"), id="x", side="xero").with_values(
        {**tax, "residency": "AUSTRALIAN_RESIDENT", "tfn_or_exemption": Exemption("PENDING")}
    )
    moved = Base(Since.CHANGED, Since.CHANGED)
    bases = {"residency": moved, "tfn_or_exemption": Base(Since.CHANGED, Since.SAME)}
    decided = {d.name: d for d in merge(hra, xero, bases, Rules("xero"))}
    assert decided["residency"].kind is Kind.HOLD
    assert decided["tfn_or_exemption"].kind is Kind.HOLD
    one_way = Rules("xero", directions={"residency": "both", "tax_offset": "to_xero"})
    hra = hra.with_values({"tfn_or_exemption": None, "tax_offset": 100})
    xero = xero.with_values({"tfn_or_exemption": None, "tax_offset": 200})
    bases = {"residency": moved, "tax_offset": Base(Since.SAME, Since.CHANGED)}
    decided = {d.name: d for d in merge(hra, xero, bases, one_way)}
    assert decided["tax_offset"].kind is not Kind.TO_HRA


def test_F1_what_vanishes_in_hra_with_a_write_names_the_person(world: World) -> None:
    update = world.hra.update

    def losing(employee: Any, changes: Any) -> Any:
        return replace(update(employee, changes), gone=("details:preferredName",))

    world.hra.update = losing  # type: ignore[method-assign]
    world.xero.edit("p1", mobile="0491 570 110")
    world.sync.run("import", "command")
    told = [row for row in world.store.attention() if row.hra_id == "p1"]
    assert [row.kind for row in told] == ["check"] and "preferredName" in told[0].text
    assert world.store.stopped() == {}
