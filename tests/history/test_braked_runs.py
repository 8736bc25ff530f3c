"""Runs that would do too much stop before their first write, and a person lets exactly that plan through (S1)."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.employee import EndDate, Person, Status
from agent.errors import Braked, NotPossible, Unreachable
from agent.plan import Brake
from agent.records import Attention
from agent.strangers import Matching
from tests.history.office import HOME, Office, secrets, whole

Opened = Callable[..., Office]
TIGHT = Brake(Decimal("0.5"), 1, 1)
FIVE = tuple(f"p{n}" for n in range(5))


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """Offices with a tight brake."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    offices: list[Office] = []

    def make(people: int = 5, brake: Brake = TIGHT, **rules: Any) -> Office:
        office = Office(tmp_path / str(len(offices)), rules, {"brake": brake})
        offices.append(office)
        office.linked(people)
        return office

    yield make
    for office in offices:
        office.store.close()


def everybody_gets_a_job(office: Office, side: str, job: str = "Baker") -> None:
    for id in FIVE:
        office.side(side).edit(id, job_title=job)


def stopped(office: Office, kind: str = "import", by: str = "schedule") -> Attention:
    """A run that is braked; its row."""
    writes, links = office.writes(), len(office.store.links())
    with pytest.raises(Braked) as braked:
        office.sync.run(kind, by)
    assert (office.writes(), len(office.store.links())) == (writes, links)
    (row,) = [row for row in office.store.attention() if row.scope == f"run:{kind}"]
    assert row.plan == braked.value.hash
    return row


KINDS = pytest.mark.parametrize(("kind", "side"), [("import", "xero"), ("export", "hra")])
BY = pytest.mark.parametrize("by", ["schedule", "page:anna", "command"])


@KINDS
@BY
def test_S1_a_run_over_the_share_stops_before_its_first_write_on_both_sides(
    opened: Opened, kind: str, side: str, by: str
) -> None:
    office = opened()
    everybody_gets_a_job(office, side)
    row = stopped(office, kind, by)
    assert (row.kind, row.buttons, row.needs_person) == ("brake", ("approve", "reject"), True)
    assert "5 of 5 linked people" in row.text
    run = office.store.runs(1)[0]
    assert (run.outcome, run.counts.get("to_hra", 0), run.counts.get("to_xero", 0)) == (
        "braked",
        0,
        0,
    )
    assert [event.actor for event in office.events("braked")] == [by]
    assert office.events("written") == []


@KINDS
def test_S1_approving_applies_exactly_that_plan_and_no_more(
    opened: Opened, kind: str, side: str
) -> None:
    office = opened()
    everybody_gets_a_job(office, side)
    row = stopped(office, kind)
    office.side(side).edit("p0", job_title="Chef")  # moved since
    office.side(side).edit("p1", mobile="0491 570 156")  # more than was planned
    told = office.answer("approve", row.id, "page:ben")
    target = office.hra if side == "xero" else office.xero
    assert {id: target.value(id, "job_title") for id in FIVE} == {
        "p0": "Cook", "p1": "Cook", "p2": "Baker", "p3": "Baker", "p4": "Baker"
    }  # fmt: skip
    assert target.value("p1", "mobile") == whole(1)["mobile"]
    assert (told.exit, "2 records" in told.sentence) == (1, True)
    assert [r for r in office.store.attention() if r.scope == row.scope] == []
    assert [event.actor for event in office.events("approved")] == ["page:ben"]
    assert {event.actor for event in office.events("written")} == {"page:ben"}


def test_S1_an_approved_plan_that_nothing_moved_is_written_whole(opened: Opened) -> None:
    office = opened()
    everybody_gets_a_job(office, "xero")
    told = office.answer("approve", stopped(office).id, "page:ben")
    assert (told.exit, len(office.hra.writes), office.xero.writes) == (0, 5, [])
    office.sync.run("import", "schedule")
    assert len(office.hra.writes) == 5


def test_S1_an_approved_plan_is_applied_once(opened: Opened) -> None:
    office = opened()
    everybody_gets_a_job(office, "xero")
    row = stopped(office)
    office.answer("approve", row.id, "page:ben")
    with pytest.raises(NotPossible):
        office.answer("approve", row.id, "page:ben")
    with pytest.raises(NotPossible):
        office.sync.let_through(row.plan, "page:ben")
    assert len(office.hra.writes) == 5


def test_S1_a_plan_that_met_a_fault_half_way_can_be_approved_again(opened: Opened) -> None:
    office = opened()
    everybody_gets_a_job(office, "xero")
    row = stopped(office)
    office.hra.failing["p2"] = "unreachable"
    with pytest.raises(Unreachable):
        office.answer("approve", row.id, "page:ben")
    office.answer("approve", row.id, "page:ben")
    assert [office.hra.value(id, "job_title") for id in FIVE] == ["Baker"] * 5
    assert len(office.hra.writes) == 5


def test_S1_rejecting_drops_the_plan_and_writes_nothing(opened: Opened) -> None:
    office = opened()
    everybody_gets_a_job(office, "xero")
    row = stopped(office)
    told = office.answer("reject", row.id, "page:ben")
    assert (told.exit, office.writes(), office.store.kept_plan(row.plan)) == (0, [], None)
    assert [r for r in office.store.attention() if r.scope == row.scope] == []
    with pytest.raises(NotPossible):
        office.sync.let_through(row.plan, "page:ben")
    assert [event.actor for event in office.events("rejected")] == ["page:ben"]


def test_S1_the_same_braked_run_again_keeps_one_row_of_the_same_plan(opened: Opened) -> None:
    office = opened()
    everybody_gets_a_job(office, "xero")
    first = stopped(office)
    office.clock()
    office.start()  # after a restart, too
    again = stopped(office)
    assert (again.id, again.plan, again.since) == (first.id, first.plan, first.since)


def test_S1_another_plan_is_another_row_and_the_old_one_cannot_be_approved(opened: Opened) -> None:
    office = opened()
    everybody_gets_a_job(office, "xero")
    first = stopped(office)
    everybody_gets_a_job(office, "xero", "Chef")
    again = stopped(office)
    assert (again.plan != first.plan, again.id != first.id) == (True, True)
    with pytest.raises(NotPossible):
        office.answer("approve", first.id, "page:ben")


def test_S1_the_row_leaves_when_a_run_goes_through(opened: Opened) -> None:
    office = opened()
    everybody_gets_a_job(office, "xero")
    stopped(office)
    everybody_gets_a_job(office, "xero", "Cook")
    office.sync.run("import", "schedule")
    assert office.store.attention() == ()


def test_S1_a_run_of_one_person_leaves_the_row_of_everybody_s_stopped_run(opened: Opened) -> None:
    office = opened()
    everybody_gets_a_job(office, "xero")
    row = stopped(office)
    office.sync.run("import", "page:anna", employee="p0")
    assert [(one.scope, one.plan) for one in office.store.attention()] == [(row.scope, row.plan)]


def test_S1_D2_an_approved_plan_of_a_schedule_decides_no_first_contact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run would have filled a phone and held a mobile; a person's yes to it is no choice of a mobile."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    office = Office(tmp_path / "first", {}, {"brake": TIGHT})
    for n in range(5):
        office.hra.add(f"p{n}", **whole(n))
        office.xero.add(f"p{n}", **{**whole(n), "phone": None, "mobile": "0491 570 999"})
    told = office.answer("approve", stopped_at_first(office).id, "page:ben")
    assert told.exit == 0
    assert {office.xero.value(id, "phone") for id in FIVE} == {whole(0)["phone"]}
    assert {office.xero.value(id, "mobile") for id in FIVE} == {"0491 570 999"}
    office.store.close()


def stopped_at_first(office: Office) -> Attention:
    """A scheduled export that links people, and stops before it writes to one of them."""
    with pytest.raises(Braked):
        office.sync.run("export", "schedule")
    assert office.writes() == []
    (row,) = [row for row in office.store.attention() if row.scope == "run:export"]
    return row


def test_S1_fewer_than_five_people_or_half_of_them_go_on(opened: Opened) -> None:
    few = opened(people=4)
    for id in FIVE[:4]:
        few.xero.edit(id, job_title="Baker")
    few.sync.run("import", "schedule")
    assert len(few.hra.writes) == 4
    many = opened(people=10)
    everybody_gets_a_job(many, "xero")
    many.sync.run("import", "schedule")
    assert len(many.hra.writes) == 5


def test_S1_leave_is_not_counted(opened: Opened) -> None:
    office = opened()
    for id in FIVE:
        office.xero.edit(id, annual_leave=Decimal("11.5"))
    office.sync.run("import", "schedule")
    assert len(office.hra.writes) == 5


def test_S1_terminations_have_a_number_of_their_own(opened: Opened) -> None:
    office = opened()
    for id in FIVE[:2]:
        office.xero.edit(id, end_date=EndDate(date(2026, 2, 27)))
    row = stopped(office, by="command")
    assert "terminate 2 people" in row.text
    office.answer("approve", row.id, "page:ben")
    assert [office.hra.value(id, "end_date") for id in FIVE[:2]] == [EndDate(date(2026, 2, 27))] * 2


def newcomers(office: Office, count: int, **lacking: None) -> None:
    for n in range(20, 20 + count):
        born: dict[str, Any] = {"date_of_birth": date(1970, 1, n), "home_address": HOME}
        names = {"first_name": f"Zoe{n}", "last_name": f"Young{n}"}
        office.hra.add(f"n{n}", **{**names, **born, **lacking})


def test_S1_creates_are_braked_on_a_schedule_only(opened: Opened) -> None:
    office = opened()
    newcomers(office, 2)
    assert "create 2 people" in stopped(office, "export").text
    office.sync.run("export", "command")
    assert len(office.xero.created) == 2
    assert office.store.link_of("hra", "n20") is not None


def test_S1_people_who_cannot_be_created_are_not_counted(opened: Opened) -> None:
    office = opened()
    newcomers(office, 3, home_address=None)
    office.sync.run("export", "schedule")
    assert office.xero.created == []
    assert [row.scope for row in office.store.attention()] == ["hra:n20", "hra:n21", "hra:n22"]


def test_S1_the_row_leaves_when_a_run_goes_through_that_could_create_nobody(
    opened: Opened,
) -> None:
    office = opened()
    newcomers(office, 2)
    stopped(office, "export")
    for n in (20, 21):
        office.hra.edit(f"n{n}", home_address=None)
    office.sync.run("export", "schedule")
    assert [row.scope for row in office.store.attention()] == ["hra:n20", "hra:n21"]


def test_S1_approved_creates_are_made_once(opened: Opened) -> None:
    office = opened()
    newcomers(office, 2)
    office.answer("approve", stopped(office, "export").id, "page:ben")
    office.sync.run("export", "schedule")
    assert len(office.xero.created) == 2


def test_S1_M2_an_approved_plan_creates_nobody_who_was_added_by_hand_meanwhile(
    opened: Opened,
) -> None:
    """Also where another run has moved the markers past that hand-made record."""
    office = opened()
    newcomers(office, 2)
    row = stopped(office, "export")
    office.xero.add("by-hand", first_name="Zoe20", last_name="Young20")
    office.xero.edit("p0", job_title="Chef")
    office.sync.run("import", "schedule")
    office.answer("approve", row.id, "page:ben")
    assert len(office.xero.created) == 1
    assert office.store.link_of("hra", "n20") is None


def test_S1_M3_conversions_count_as_creates_and_are_approved_like_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    matching = Matching(candidates="date_of_birth")
    office = Office(tmp_path / "first", {}, {"brake": TIGHT, "matching": matching})
    for n in (1, 2):
        born, first = date(1970, 1, n), f"Zoe{n}"
        person = Person("hra", f"c{n}", first, "Young", Status.CURRENT, date_of_birth=born)
        office.hra.waiting_rooms[person.id] = replace(person, candidate=True)
        office.xero.add(f"x{n}", first_name=first, last_name="Young", date_of_birth=born)
    row = stopped(office)
    assert "create 2 people" in row.text
    office.answer("approve", row.id, "page:ben")
    assert [id for id, _ in office.hra.converted] == ["c1", "c2"]
    assert len(office.store.links()) == 2
    office.store.close()


# --- an empty side


@pytest.mark.parametrize("side", ["hra", "xero"])
@BY
def test_S1_D8_an_empty_side_stops_a_run_and_leaves_no_plan_to_approve(
    opened: Opened, side: str, by: str
) -> None:
    office = opened()
    everybody_gets_a_job(office, "xero")
    office.side(side).lists = "none"
    office.store.set_marker("strangers", "some")  # a scheduled run lists everybody, too
    row = stopped(office, by=by)
    assert (row.plan, row.buttons) == ("", ())
    assert "lists nobody, though 5 people are linked" in row.text
    assert len(office.store.links()) == 5
    with pytest.raises(NotPossible):
        office.answer("approve", row.id, "page:ben")
    office.side(side).lists = "all"
    everybody_gets_a_job(office, "xero", "Cook")
    office.sync.run("import", "schedule")
    assert office.store.attention() == ()


# --- dry runs


@KINDS
def test_S1_a_dry_run_is_not_braked_and_says_that_the_run_would_be(
    opened: Opened, kind: str, side: str
) -> None:
    office = opened()
    everybody_gets_a_job(office, side)
    report = office.sync.run(kind, "command", dry_run=True)
    assert "5 of 5 linked people" in report.braked
    assert report.plan is not None and len(report.plan.items) == 5
    assert (office.writes(), office.store.attention()) == ([], ())


def test_S1_a_dry_run_that_would_not_be_braked_says_nothing(opened: Opened) -> None:
    office = opened()
    office.xero.edit("p0", job_title="Baker")
    assert office.sync.run("import", "command", dry_run=True).braked == ""


def test_S1_a_dry_run_counts_the_people_whom_the_run_would_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    office = Office(tmp_path / "first", {}, {"brake": Brake(Decimal("0.6"))})
    for n in range(10):
        office.hra.add(f"p{n}", **whole(n))
        office.xero.add(f"p{n}", **{**whole(n), "job_title": "Chef" if n < 5 else "Cook"})
    foretold = office.sync.run("export", "command", dry_run=True)
    report = office.sync.run("export", "command")  # half of the ten are changed: not braked
    assert report.run.counts["to_xero"] == 5
    assert foretold.braked == ""
    office.store.close()


def test_S1_a_dry_run_leaves_the_plan_that_waits_for_a_yes(opened: Opened) -> None:
    office = opened()
    everybody_gets_a_job(office, "xero")
    row = stopped(office)
    office.sync.run("import", "command", dry_run=True)
    office.hra.lists = "none"
    with pytest.raises(Braked):
        office.sync.run("import", "command", dry_run=True)
    office.hra.lists = "all"
    assert office.store.attention() == (row,)


# --- what else


def test_S1_the_brake_is_measured_on_what_this_run_writes(opened: Opened) -> None:
    office = opened()
    everybody_gets_a_job(office, "hra")
    office.xero.edit("p0", mobile="0491 570 156")
    office.sync.run("import", "schedule")
    assert [id for id, _ in office.hra.writes] == ["p0"]


def test_S1_people_who_left_count_only_as_far_as_something_is_written(opened: Opened) -> None:
    office = opened()
    everybody_gets_a_job(office, "hra")
    for id in FIVE:
        office.hra.people[id].status = Status.TERMINATED
    office.sync.run("export", "schedule")
    assert office.xero.writes == []


def test_S4_a_kept_plan_and_its_row_hold_no_value(opened: Opened) -> None:
    office = opened()
    for id in FIVE:
        office.xero.edit(id, job_title="Lighthouse Keeper", mobile="0491 570 156")
    newcomers(office, 2)
    stopped(office)
    stopped(office, "export")
    held = office.kept_on_disc()
    people = [
        *(whole(n) for n in range(5)),
        {"job_title": "Lighthouse Keeper", "mobile": "0491 570 156"},
    ]
    for text in secrets([*people, office.hra.people["n20"].values]):
        assert text not in held, text
