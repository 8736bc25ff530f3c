"""Turns that went wrong elsewhere, told one by one over the doubles."""

import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agent.employee import Address, MaskedTfn, Status, Value
from agent.errors import Braked, SideError, Unreachable
from agent.records import Save
from agent.sync.ledger import LATE
from tests.history.oracle import SECTION, Choice, Oracle
from tests.history.world import PEOPLE, VALUES, World

Made = Callable[..., World]
BORN = date(1991, 3, 4)
HOME = Address("1 A St", "", "Newtown", "NSW", "2042", "AUSTRALIA")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    """Worlds of three people who agree in everything."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    worlds: list[World] = []

    def make(authority: str = "hra", **settings: Any) -> World:
        equal: dict[tuple[str, str], Choice] = {(p, name): "a" for p in PEOPLE for name in SECTION}
        oracle = Oracle(authority, False, {"hra": equal, "xero": dict(equal)})
        worlds.append(World(tmp_path / str(len(worlds)), oracle, **settings))
        worlds[-1].sync.run("import", "schedule")
        return worlds[-1]

    yield make
    for world in worlds:
        world.store.close()


def rows(world: World, id: str) -> dict[str, str]:
    """Kind and text of what the page says of this person."""
    return {row.kind: row.text for row in world.store.attention() if row.hra_id == id}


# --- D4: what comes back


def test_D4_what_xero_keeps_in_its_own_form_is_written_once_and_told(made: Made) -> None:
    world = made()
    world.xero.keeps_as = lambda name, value: f"{value}!" if name == "job_title" else value
    world.hra.edit("p1", job_title="Chef")
    for _ in range(3):
        world.sync.run("import", "schedule")
        world.sync.run("export", "schedule")
    assert len(world.xero.writes) == 1 and world.hra.writes == []
    assert (world.hra.value("p1", "job_title"), world.xero.value("p1", "job_title")) == (
        "Chef", "Chef!"
    )  # fmt: skip
    assert "kept" in rows(world, "p1")


def test_D4_a_kept_value_is_sent_again_when_somebody_changes_it(made: Made) -> None:
    world = made()
    world.xero.keeps_as = lambda name, value: f"{value}!" if name == "job_title" else value
    world.hra.edit("p1", job_title="Chef")
    world.sync.run("export", "schedule")
    world.xero.keeps_as = lambda name, value: value
    world.hra.edit("p1", job_title="Baker")
    world.sync.run("export", "schedule")
    assert world.xero.value("p1", "job_title") == "Baker"
    assert rows(world, "p1") == {}


@pytest.mark.parametrize("authority", ["hra", "xero"])
def test_D4_a_revert_on_the_other_side_after_a_write_is_seen(made: Made, authority: str) -> None:
    world = made(authority)
    world.hra.edit("p1", mobile=VALUES["mobile"]["b"])
    world.sync.run("export", "schedule")
    world.xero.edit("p1", mobile=VALUES["mobile"]["a"])
    world.sync.run("import", "schedule")
    assert world.hra.value("p1", "mobile") == VALUES["mobile"]["a"]


@pytest.mark.parametrize("kind", ["import", "export"])
def test_D4_an_own_write_whose_answer_was_lost_is_no_change_of_the_other_side(
    made: Made, kind: str
) -> None:
    """The employee saves again before the next run: the agent's own echo must not win."""
    world = made("xero" if kind == "export" else "hra")
    source, target = (world.hra, world.xero) if kind == "export" else (world.xero, world.hra)
    source.edit("p1", mobile=VALUES["mobile"]["b"])
    target.failing["p1"] = "lost_after"
    world.sync.run(kind, "schedule")
    source.edit("p1", mobile=VALUES["mobile"]["c"])
    world.sync.run("import", "schedule")
    world.sync.run("export", "schedule")
    assert source.value("p1", "mobile") == VALUES["mobile"]["c"]
    assert target.value("p1", "mobile") == VALUES["mobile"]["c"]


# --- D3: what a push may not swallow


def test_D3_a_push_of_one_section_leaves_every_other_change_waiting(made: Made) -> None:
    world = made("xero")
    world.hra.edit("p1", bank_accounts=VALUES["bank_accounts"]["b"])
    world.hra.edit("p1", mobile=VALUES["mobile"]["b"])
    world.xero.edit("p1", job_title="Chef")
    assert world.sync.push("p1", ("bank-accounts",)).outcome == "done"
    assert world.xero.value("p1", "mobile") == VALUES["mobile"]["a"]
    world.sync.run("import", "schedule")
    assert world.hra.value("p1", "job_title") == "Chef"
    world.sync.run("export", "schedule")
    assert world.xero.value("p1", "mobile") == VALUES["mobile"]["b"]


def test_H2_a_push_without_a_difference_says_so_and_writes_nothing(made: Made) -> None:
    world = made()
    assert world.sync.push("p1", ("details",)).outcome == "nothing"
    world.hra.edit("p1", bank_accounts=VALUES["bank_accounts"]["b"])
    assert world.sync.push("p1", ("details",)).outcome == "nothing"
    assert world.xero.writes == []


def test_H2_a_push_for_somebody_not_current_is_held_with_a_reason(made: Made) -> None:
    world = made()
    world.hra.edit("p1", mobile=VALUES["mobile"]["b"])
    world.hra.people["p1"].status = Status.TERMINATED
    told = world.sync.push("p1", ("details",))
    assert told.outcome == "held" and "Current" in told.reason
    assert world.xero.writes == []


def test_R1_a_save_after_a_run_gathered_is_not_overwritten(made: Made) -> None:
    world = made("xero")
    world.xero.edit("p1", mobile=VALUES["mobile"]["b"], job_title="Chef")

    def save(id: str) -> None:
        if id == "p1":
            world.hra.after_fetch = lambda id: None
            world.hra.edit("p1", bank_accounts=VALUES["bank_accounts"]["c"], email="n@example.com")

    world.hra.after_fetch = save
    world.sync.run("import", "schedule")
    assert world.hra.value("p1", "email") == "n@example.com"
    assert world.hra.value("p1", "bank_accounts") == VALUES["bank_accounts"]["c"]
    assert world.hra.value("p1", "job_title") == "Chef"


# --- D8, D9: distrust


@pytest.mark.parametrize("side", ["hra", "xero"])
def test_D8_an_empty_listing_stops_the_run_before_its_first_write(made: Made, side: str) -> None:
    world = made()
    world.hra.edit("p1", mobile=VALUES["mobile"]["b"])
    world.side(side).lists = "none"
    with pytest.raises(Braked):
        world.sync.run("export", "page:anna")
    assert world.xero.writes == []
    assert world.store.runs(1)[0].outcome == "braked"
    assert [row.kind for row in world.store.attention()] == ["brake"]


def test_D9_a_refused_change_stays_open_and_arrives_when_it_is_taken(made: Made) -> None:
    world = made()
    world.xero.refuses = frozenset({"bank"})
    world.hra.edit("p1", bank_accounts=VALUES["bank_accounts"]["b"], mobile="0491 570 111")
    world.sync.run("export", "schedule")
    assert world.xero.value("p1", "mobile") == "0491 570 111"
    assert "refused" in rows(world, "p1")
    world.xero.refuses = frozenset()
    world.sync.run("export", "schedule")
    assert world.xero.value("p1", "bank_accounts") == VALUES["bank_accounts"]["b"]
    assert rows(world, "p1") == {}


def test_D9_an_open_record_is_gathered_by_every_run(made: Made) -> None:
    world = made(verify_every_hours=9.0)
    world.xero.failing["p3"] = "refused"
    world.hra.edit("p3", mobile=VALUES["mobile"]["b"])
    world.sync.run("export", "schedule")
    world.hra.fetched.clear()
    world.sync.run("export", "schedule")
    assert world.xero.value("p3", "mobile") == VALUES["mobile"]["b"]
    assert "p1" not in world.hra.fetched  # neither open nor due


def test_D9_a_side_that_is_away_loses_nothing(made: Made) -> None:
    world = made()
    world.hra.edit("p1", mobile=VALUES["mobile"]["b"])
    world.xero.unreachable = True
    with pytest.raises(Unreachable):
        world.sync.run("export", "schedule")
    with pytest.raises(SideError):
        world.sync.push("p1", ("details",))
    world.xero.unreachable = False
    world.sync.run("export", "schedule")
    assert world.xero.value("p1", "mobile") == VALUES["mobile"]["b"]


def test_D8_an_emptied_value_that_xero_keeps_is_told(made: Made) -> None:
    world = made()
    world.xero.keeps_empty = True
    world.hra.edit("p1", mobile=None)
    world.sync.run("export", "schedule")
    assert world.xero.value("p1", "mobile") == VALUES["mobile"]["a"]
    assert rows(world, "p1")
    world.sync.run("import", "schedule")
    assert world.hra.value("p1", "mobile") is None


# --- X2, X3


def test_X2_a_change_that_moves_no_time_is_found_within_a_full_round(made: Made) -> None:
    world = made(verify_every_hours=9.0)
    world.xero.timeless = frozenset({"bank"})
    world.xero.edit("p3", bank_accounts=VALUES["bank_accounts"]["c"])
    for _ in range(3):
        world.sync.run("import", "schedule")
    assert world.hra.value("p3", "bank_accounts") == VALUES["bank_accounts"]["c"]


@pytest.mark.parametrize("fault", ["lost_after", "lost_before"])
@pytest.mark.parametrize("matching", ["off", "date_of_birth"])
def test_X3_a_create_whose_answer_was_lost_makes_one_person(
    made: Made, fault: str, matching: str
) -> None:
    world = made()
    world.start_agent(matching=matching)
    newcomer: dict[str, Value] = {
        "first_name": "Dora", "last_name": "Quill", "home_address": HOME,
        "date_of_birth": BORN, "mobile": "0491 570 112", "branch": "a",
    }  # fmt: skip
    world.hra.add("p9", **newcomer)
    world.xero.failing[""] = fault
    world.sync.run("export", "schedule")
    world.now += LATE
    for _ in range(2):
        world.sync.run("export", "schedule")
    assert [h.values["first_name"] for h in world.xero.people.values()].count("Dora") == 1
    link = world.store.link_of("hra", "p9")
    assert link is not None and world.store.pending() == ()
    assert rows(world, "p9") == {}


# --- F2, F4


def test_F2_rows_that_stay_though_removed_stop_bank_writes(made: Made) -> None:
    world = made()
    world.xero.arrays_merge = True
    world.hra.edit("p1", bank_accounts=VALUES["bank_accounts"]["b"])
    world.hra.edit("p2", bank_accounts=VALUES["bank_accounts"]["b"])
    world.sync.run("export", "schedule")
    assert list(world.store.stopped()) == ["bank"]
    assert len(world.xero.writes) == 1
    assert "stopped" in rows(world, world.xero.writes[0][0])
    world.sync.run("import", "schedule")
    assert world.hra.writes == []


def test_F4_masks_on_both_sides_move_no_number(made: Made) -> None:
    world = made("xero")
    world.hra.masked = True
    world.xero.edit("p1", tfn_or_exemption=VALUES["tfn_or_exemption"]["b"], leave_loading=True)
    world.hra.edit("p2", tfn_or_exemption=VALUES["tfn_or_exemption"]["c"])
    for kind in ("import", "export"):
        world.sync.run(kind, "schedule")
    assert world.writes() == []
    link = world.store.link_of("hra", "p1")
    assert link is not None and link.open["leave_loading"] == "needs_clear_tfn"
    assert isinstance(world.xero.fetch("p1").get("tfn_or_exemption"), MaskedTfn)


def test_R2_xero_wins_but_a_waiting_save_needs_its_own_yes(made: Made) -> None:
    world = made("hra")
    for id in ("p1", "p2"):
        world.hra.edit(id, mobile=VALUES["mobile"]["b"])
        world.xero.edit(id, mobile=VALUES["mobile"]["c"])
    world.store.accept(Save("hook", "p3", ("details",), world.clock()))
    world.xero.edit("p3", job_title="Chef")
    world.sync.run("import", "page:anna", mode="all")
    assert world.hra.writes == []
    world.sync.run("import", "page:anna", mode="all", employee="p1")
    assert world.hra.value("p1", "mobile") == VALUES["mobile"]["c"]
    assert world.hra.value("p2", "mobile") == VALUES["mobile"]["b"]


# --- promises


def test_a_lost_state_file_overwrites_nothing(made: Made, tmp_path: Path) -> None:
    world = made("xero")
    random = Random(5)
    for person in PEOPLE:
        for name in SECTION:
            world.hra.edit(person, **{name: VALUES[name][random.choice("abc")]})
    before: dict[Any, Value] = world.held()
    again = World(tmp_path / "fresh", world.oracle, world.hra, world.xero)
    world.hra.people, world.xero.people = _as_held(world, before)
    for kind in ("import", "export"):
        again.sync.run(kind, "schedule")
    assert again.held() == before and again.writes() == []
    again.store.close()


def _as_held(world: World, before: dict[Any, Value]) -> tuple[Any, Any]:
    """The people as they were before the second world put its own in their place."""
    for (side, person, name), value in before.items():
        world.side(side).people[person].values[name] = value
    return world.hra.people, world.xero.people


# --- who a listing shows


@pytest.mark.parametrize("matching", ["off", "date_of_birth"])
def test_M2_somebody_whom_xero_shows_is_linked_or_held_and_never_created(
    made: Made, matching: str
) -> None:
    world = made()
    world.start_agent(matching=matching)
    for side in (world.hra, world.xero):
        side.add("p9", first_name="Dora", last_name="Quill", date_of_birth=BORN)
    world.xero.people["p9"].status = Status.TERMINATED
    world.sync.run("export", "schedule")
    assert world.xero.created == []
    linked = world.store.link_of("hra", "p9") is not None
    assert linked is (matching == "date_of_birth")
    assert linked or "possible-partner" in rows(world, "p9")


def test_D8_a_linked_person_whom_a_listing_leaves_out_is_untouched(made: Made) -> None:
    world = made()
    before, links = world.held(), len(world.store.links())
    world.hra.lists = world.xero.lists = "part"
    for kind in ("import", "export"):
        world.sync.run(kind, "page:anna")
    assert (world.held(), len(world.store.links())) == (before, links)
    assert world.writes() == [] and world.xero.created == world.hra.created == []


@pytest.mark.parametrize("side", ["hra", "xero"])
def test_T1_a_terminated_person_whom_xero_hides_is_no_reason_for_anything(
    made: Made, side: str
) -> None:
    world = made()
    world.side(side).people["p1"].status = Status.TERMINATED
    world.side(side).hides_terminated = True
    for kind in ("import", "export"):
        world.sync.run(kind, "schedule")
    assert world.writes() == [] and world.xero.created == world.hra.created == []
