"""A dry run's plan, and applying exactly it: what moved since is left, with a line that says so (R3)."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.employee import Employee, EndDate, Person, Status, Tfn, Value
from agent.errors import NotPossible, Stopped, Unreachable
from agent.fields import FIELDS
from agent.plans import Plan, from_text, to_text
from agent.records import Binding
from agent.strangers import Matching
from agent.sync import Line, Report
from tests.history.office import HOME, Office, secrets, whole
from tests.unit.canonical_values import OTHER_NUMBER, THREE, account, membership

Opened = Callable[..., Office]
KINDS = pytest.mark.parametrize(("kind", "source"), [("import", "xero"), ("export", "hra")])
TARGET = {"import": "hra", "export": "xero"}


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """Offices with so many linked people who agree in everything."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    offices: list[Office] = []

    def make(people: int = 3, policy: dict[str, Any] | None = None, **rules: Any) -> Office:
        office = Office(tmp_path / str(len(offices)), rules, policy or {})
        offices.append(office)
        office.linked(people)
        return office

    yield make
    for office in offices:
        office.store.close()


def foretold(office: Office, kind: str, **how: Any) -> Plan:
    """The plan of a dry run, which writes nothing at all."""
    before = (
        office.writes(),
        office.store.links(),
        office.store.attention(),
        office.store.audit_lines(),
    )
    report = office.sync.run(kind, "page:anna", dry_run=True, **how)
    after = (
        office.writes(),
        office.store.links(),
        office.store.attention(),
        office.store.audit_lines(),
    )
    assert after == before
    assert report.plan is not None
    return report.plan


def done(report: Report) -> set[tuple[str, str, tuple[str, ...]]]:
    return {
        (line.hra_id or line.xero_id, line.action, tuple(field.name for field in line.fields))
        for line in report.lines
        if line.action != "hold"
    }


def left(report: Report) -> dict[str, Line]:
    return {line.hra_id or line.xero_id: line for line in report.lines if line.action == "hold"}


# Another value of each field that an import or an export brings to the other side.
OTHER: dict[str, Value] = {
    **{name: row[1] for name, row in THREE.items() if name != "residency"},
    "email": "another@example.com",
    "super_memberships": (membership("STA0100AU", "90210900"),),
}
DETAILS = tuple(name for name in OTHER if FIELDS[name].group == "details")


def changed_much(office: Office, source: str) -> None:
    """Changes in every group."""
    taken = {name: OTHER[name] for name in ("job_title", "bank_accounts", "super_memberships")}
    office.side(source).edit("p0", **taken, leave_loading=False)
    office.side(source).edit("p1", **{name: OTHER[name] for name in DETAILS})
    if source == "xero":
        office.xero.edit("p2", annual_leave=Decimal(3), end_date=EndDate(date(2026, 2, 27)))
    else:
        office.hra.edit("p2", tfn_or_exemption=OTHER_NUMBER)


@KINDS
def test_R3_applying_a_plan_writes_what_the_run_would_have_written(
    opened: Opened, kind: str, source: str
) -> None:
    run, planned = opened(), opened()
    for office in (run, planned):
        changed_much(office, source)
    plan = foretold(planned, kind)
    assert {(item.action, item.hra_id) for item in plan.items} == {
        ("update", f"p{n}") for n in range(3)
    }
    reports = (run.sync.run(kind, "page:anna"), planned.sync.apply(plan, "page:anna"))
    assert run.writes() == planned.writes() != []
    for id in ("p0", "p1", "p2"):
        assert run.hra.people[id].values == planned.hra.people[id].values
        assert run.xero.people[id].values == planned.xero.people[id].values
    assert done(reports[0]) == done(reports[1])
    assert reports[1].run.kind == f"{kind}, as planned"
    for report in reports:
        fields = sum(len(names) for _, _, names in done(report))
        assert report.run.counts[f"to_{TARGET[kind]}"] == fields


@KINDS
def test_R3_a_plan_read_back_from_its_file_is_applied_the_same(
    opened: Opened, kind: str, source: str
) -> None:
    office = opened()
    changed_much(office, source)
    plan = from_text(to_text(foretold(office, kind), lambda data: "seal"), lambda data: "seal")
    office.start()  # another process
    assert left(office.sync.apply(plan, "command")) == {}
    assert {id for id, _ in office.writes()} == {"p0", "p1", "p2"}


@KINDS
def test_R3_applied_twice_nothing_is_written_the_second_time(
    opened: Opened, kind: str, source: str
) -> None:
    office = opened()
    changed_much(office, source)
    plan = foretold(office, kind)
    office.sync.apply(plan, "page:anna")
    writes = office.writes()
    again = office.sync.apply(plan, "page:anna")
    assert office.writes() == writes
    assert set(left(again)) == {"p0", "p1", "p2"}
    assert all("moved since" in line.note for line in left(again).values())


def test_R3_a_dry_run_of_one_person_plans_that_person(opened: Opened) -> None:
    office = opened()
    for id in ("p0", "p1"):
        office.hra.edit(id, job_title="Baker")
    plan = foretold(office, "export", employee="p1")
    office.sync.apply(plan, "page:anna")
    assert office.writes() == [("p1", frozenset({"job_title"}))]


def test_R2_R3_a_plan_of_an_import_mode_keeps_its_mode(opened: Opened) -> None:
    office = opened()
    office.differ("job_title", "Chef", "Baker")
    plan = foretold(office, "import", mode="all", employee="p0")
    assert (plan.mode, plan.overrule) == ("all", True)
    office.sync.apply(plan, "page:anna")
    assert office.both("p0", "job_title") == ("Baker", "Baker")


def test_R3_D2_a_plan_that_a_person_made_decides_first_contact_as_it_said(opened: Opened) -> None:
    office = opened(0)
    office.hra.add("p0", **whole(0))
    office.xero.add("x0", **{**whole(0), "job_title": "Baker"})
    plan = foretold(office, "export")
    assert [item.action for item in plan.items] == ["link", "update"]
    office.sync.apply(plan, "page:anna")
    assert office.xero.value("x0", "job_title") == "Cook"


# --- moved since


@KINDS
@pytest.mark.parametrize("mover", ["hra", "xero"])
@pytest.mark.parametrize(
    "name", sorted({*DETAILS, "bank_accounts", "super_memberships", "leave_loading"})
)
def test_R3_a_record_that_moved_since_is_left_and_the_others_are_written(
    opened: Opened, kind: str, source: str, mover: str, name: str
) -> None:
    office = opened(2)
    for id in ("p0", "p1"):
        office.side(source).edit(id, job_title="Baker")
    plan = foretold(office, kind)
    value = (
        "Sous Chef" if name == "job_title" else OTHER[name] if name != "leave_loading" else False
    )
    office.side(mover).edit("p0", **{name: value})
    report = office.sync.apply(plan, "page:anna")
    assert office.writes() == [("p1", frozenset({"job_title"}))]
    assert "moved since" in left(report)["p0"].note
    assert report.run.outcome in ("done", "attention")


@KINDS
def test_R3_a_value_that_moved_back_is_as_planned(opened: Opened, kind: str, source: str) -> None:
    office = opened(1)
    office.side(source).edit("p0", job_title="Baker")
    plan = foretold(office, kind)
    for job in ("Chef", "Baker"):
        office.side(source).edit("p0", job_title=job)
    assert left(office.sync.apply(plan, "page:anna")) == {}
    assert office.both("p0", "job_title") == ("Baker", "Baker")


def test_R3_a_record_that_both_sides_brought_in_step_by_hand_is_left(opened: Opened) -> None:
    office = opened(1)
    office.hra.edit("p0", job_title="Baker")
    plan = foretold(office, "export")
    office.xero.edit("p0", job_title="Baker")
    assert "p0" in left(office.sync.apply(plan, "page:anna"))
    assert office.writes() == []


def test_R3_somebody_who_left_since_is_left(opened: Opened) -> None:
    office = opened(1)
    office.hra.edit("p0", job_title="Baker")
    plan = foretold(office, "export")
    office.hra.people["p0"].status = Status.TERMINATED
    assert "p0" in left(office.sync.apply(plan, "page:anna"))
    assert office.writes() == []


@pytest.mark.parametrize("what", ["unlinked", "linked to another", "not found"])
def test_R3_a_link_that_moved_since_is_left(opened: Opened, what: str) -> None:
    office = opened(2)
    for id in ("p0", "p1"):
        office.hra.edit(id, job_title="Baker")
    plan = foretold(office, "export")
    if what == "not found":
        del office.xero.people["p0"]
    else:
        office.answer("unlink", "p0")
    if what == "linked to another":
        office.xero.add("x9", **whole(0))
        office.answer("link", "p0", other="x9")
    report = office.sync.apply(plan, "page:anna")
    assert office.writes() == [("p1", frozenset({"job_title"}))]
    assert "p0" in left(report)


@pytest.mark.parametrize("authority", ["hra", "xero"])
def test_R3_a_twin_who_took_the_planned_one_s_place_is_left(opened: Opened, authority: str) -> None:
    """The plan was made for the HRA record p0; by now its Xero partner is linked to an equal copy of it."""
    office = opened(1, authority=authority)
    office.xero.edit("p0", job_title="Baker")
    plan = foretold(office, "import")
    office.answer("unlink", "p0")
    office.hra.add("h9", **whole(0))
    office.answer("link", "h9", other="p0")
    assert left(office.sync.apply(plan, "page:anna")) != {}
    assert office.writes() == []


def test_M5_R3_somebody_transferred_since_is_written_under_the_new_id(opened: Opened) -> None:
    office = opened(1)
    office.xero.edit("p0", job_title="Baker")
    plan = foretold(office, "import")
    office.hra.people["p9"] = office.hra.people["p0"]
    fetch = office.hra.fetch

    def transferred(id: str, groups: frozenset[str] | None = None) -> Employee:
        return fetch("p9" if id == "p0" else id, groups)

    office.hra.fetch = transferred  # type: ignore[method-assign]
    office.sync.apply(plan, "page:anna")
    assert office.hra.writes == [("p9", frozenset({"job_title"}))]
    assert office.store.link_of("hra", "p9") is not None


def test_R3_settings_that_changed_since_are_obeyed(opened: Opened) -> None:
    """S2: an approval that is wanted now holds what the plan would have written."""
    office = opened(1)
    office.hra.edit("p0", bank_accounts=OTHER["bank_accounts"])
    plan = foretold(office, "export")
    office.set(approve=frozenset({"bank"}))
    assert "p0" in left(office.sync.apply(plan, "page:anna"))
    assert office.writes() == []


def test_R3_a_plan_of_which_only_a_part_may_still_be_written_is_left_whole(opened: Opened) -> None:
    office = opened(1)
    office.hra.edit("p0", bank_accounts=OTHER["bank_accounts"], job_title="Baker")
    plan = foretold(office, "export")
    office.set(approve=frozenset({"bank"}))
    assert "moved since" in left(office.sync.apply(plan, "page:anna"))["p0"].note
    assert office.writes() == []


# --- strangers in a plan


def newcomer(office: Office, side: str = "hra", **values: Value) -> None:
    office.side(side).add("new", **{
        "first_name": "Zoe", "last_name": "Young", "date_of_birth": date(1970, 1, 2), "home_address": HOME, **values
    })  # fmt: skip


@KINDS
def test_R3_a_planned_create_is_made_once(opened: Opened, kind: str, source: str) -> None:
    office = opened(1)
    newcomer(office, source)
    plan = foretold(office, kind)
    assert [item.action for item in plan.items] == ["create"]
    office.sync.apply(plan, "page:anna")
    assert len(office.side(TARGET[kind]).created) == 1
    again = office.sync.apply(plan, "page:anna")
    assert len(office.side(TARGET[kind]).created) == 1
    assert "new" in left(again)


@KINDS
def test_R3_a_create_whose_person_moved_since_is_left(
    opened: Opened, kind: str, source: str
) -> None:
    office = opened(1)
    newcomer(office, source)
    plan = foretold(office, kind)
    office.side(source).edit("new", job_title="Baker")
    assert "moved since" in left(office.sync.apply(plan, "page:anna"))["new"].note
    assert office.writes() == []


def test_R3_somebody_created_by_a_run_since_is_not_created_again(opened: Opened) -> None:
    office = opened(1)
    newcomer(office)
    plan = foretold(office, "export")
    office.sync.run("export", "schedule")
    office.sync.apply(plan, "page:anna")
    assert len(office.xero.created) == 1


def test_R3_M2_somebody_added_by_hand_since_is_not_created_again(opened: Opened) -> None:
    office = opened(1)
    newcomer(office)
    plan = foretold(office, "export")
    newcomer(office, "xero")
    assert "new" in left(office.sync.apply(plan, "page:anna"))
    assert office.writes() == []


def test_R3_M6_somebody_set_aside_since_is_not_created(opened: Opened) -> None:
    office = opened(1)
    newcomer(office)
    plan = foretold(office, "export")
    office.answer("ignore", "new")
    assert "new" in left(office.sync.apply(plan, "page:anna"))
    assert office.writes() == []


@pytest.mark.parametrize("what", ["another birth date", "parted", "ignored", "gone"])
def test_R3_M6_a_planned_link_that_would_not_be_made_any_more_is_left(
    opened: Opened, what: str
) -> None:
    office = opened(1)
    newcomer(office)
    newcomer(office, "xero")
    plan = foretold(office, "export")
    assert [item.action for item in plan.items] == ["link"]
    if what == "another birth date":
        office.xero.edit("new", date_of_birth=date(1999, 9, 9))
    if what == "parted":
        office.answer("link", "new", other="new")
        office.answer("unlink", "new")
    if what == "ignored":
        office.answer("ignore", "xero:new")
    if what == "gone":
        del office.xero.people["new"]
    report = office.sync.apply(plan, "page:anna")
    assert office.store.link_of("hra", "new") is None
    assert "new" in left(report)


def candidate(office: Office) -> None:
    waiting = Person("hra", "c1", "Zoe", "Young", Status.CURRENT, date_of_birth=date(1970, 1, 2))
    office.hra.waiting_rooms["c1"] = replace(waiting, candidate=True)


def matched(opened: Opened) -> Office:
    """An office where a candidate matches somebody in Xero, and an import would convert them."""
    office = opened(1, {"matching": Matching(candidates="date_of_birth")})
    candidate(office)
    newcomer(office, "xero", start_date=date(2026, 3, 1))
    return office


def test_M3_R3_a_planned_conversion_is_made_once(opened: Opened) -> None:
    office = matched(opened)
    plan = foretold(office, "import")
    assert [(item.action, item.hra_id, item.xero_id) for item in plan.items] == [
        ("convert", "c1", "new")
    ]
    report = office.sync.apply(plan, "page:anna")
    assert office.hra.converted == [("c1", date(2026, 3, 1))]
    assert [line.action for line in report.lines] == ["convert"]
    assert office.store.link_of("xero", "new") is not None
    assert "c1" in left(office.sync.apply(plan, "page:anna"))
    assert len(office.hra.converted) == 1


@pytest.mark.parametrize(
    "what",
    ["converted by hand", "not current", "fails", "another birth date", "moved in Xero", "linked"],
)
def test_M3_R3_a_conversion_that_moved_since_is_left(opened: Opened, what: str) -> None:
    office = matched(opened)
    plan = foretold(office, "import")
    if what == "converted by hand":
        del office.hra.waiting_rooms["c1"]
    if what == "not current":
        office.hra.waiting_rooms["c1"] = replace(office.hra.waiting_rooms["c1"], status=Status.GONE)
    if what == "fails":
        office.hra.fails.add("c1")
    if what == "another birth date":
        office.hra.waiting_rooms["c1"] = replace(
            office.hra.waiting_rooms["c1"], date_of_birth=date(1999, 9, 9)
        )
    if what == "moved in Xero":
        office.xero.edit("new", first_name="Zara")
    if what == "linked":
        newcomer(office)
        office.answer("link", "new", other="new")
    report = office.sync.apply(plan, "page:anna")
    assert office.hra.converted == []
    assert "c1" in left(report)
    assert office.store.pending() == ()


# --- refused as a whole


@pytest.mark.parametrize("other", [{"account_id": "another"}, {"tenant_id": "another"}])
def test_R3_L1_a_plan_of_another_pair_is_refused_whole(
    opened: Opened, other: dict[str, str]
) -> None:
    office = opened(1)
    office.hra.edit("p0", job_title="Baker")
    plan = foretold(office, "export")
    foreign = replace(plan, **other)  # type: ignore[arg-type]
    with pytest.raises(NotPossible, match="another account or organisation"):
        office.sync.apply(foreign, "page:anna")
    assert office.writes() == []
    run = office.store.runs(1)[0]
    assert (run.outcome, "another account" in run.reason) == ("refused", True)


def test_R3_L1_a_plan_of_the_pair_that_was_linked_before_is_refused(opened: Opened) -> None:
    office = opened(1)
    office.hra.edit("p0", job_title="Baker")
    plan = foretold(office, "export")
    office.store.bind(Binding("account", "Account", "tenant 2", "Another"))
    with pytest.raises(NotPossible):
        office.sync.apply(plan, "page:anna")
    assert office.writes() == []


def test_R3_a_side_that_is_away_stops_the_plan_and_it_can_be_applied_again(
    opened: Opened,
) -> None:
    office = opened()
    changed_much(office, "hra")
    plan = foretold(office, "export")
    office.xero.failing["p1"] = "unreachable"
    with pytest.raises(Unreachable):
        office.sync.apply(plan, "page:anna")
    again = office.sync.apply(plan, "page:anna")
    assert [id for id, _ in office.xero.writes] == ["p0", "p1", "p2"]
    assert set(left(again)) == {"p0"}


def test_R4_a_plan_can_be_stopped_and_says_how_far_it_is(opened: Opened) -> None:
    office = opened()
    changed_much(office, "hra")
    plan = foretold(office, "export")
    told: list[tuple[str, int, int]] = []
    with pytest.raises(Stopped):
        office.sync.apply(
            plan,
            "page:anna",
            progress=lambda now: told.append((now.phase, now.done, now.total)),
            stop=lambda: len(told) > 1,
        )
    assert told == [("writing", 0, 3), ("writing", 1, 3)]
    assert [id for id, _ in office.writes()] == ["p0"]
    assert office.store.runs(1)[0].outcome == "stopped"


@pytest.mark.parametrize("failure", ["refused", "lost_before", "lost_after"])
def test_R3_one_record_s_failure_is_that_record_s(opened: Opened, failure: str) -> None:
    office = opened()
    changed_much(office, "hra")
    plan = foretold(office, "export")
    office.xero.failing["p0"] = failure
    report = office.sync.apply(plan, "page:anna")
    assert {"p1", "p2"} <= {id for id, _ in office.xero.writes}
    assert any(line.hra_id == "p0" and line.note for line in report.lines)


# --- what a plan tells


@KINDS
def test_S4_a_plan_s_text_holds_no_value(opened: Opened, kind: str, source: str) -> None:
    office = opened()
    changed_much(office, source)
    newcomer(office, source, bank_accounts=(account("998877665"),), tfn_or_exemption=OTHER_NUMBER)
    office.differ("mobile", "0491 570 156", "0491 570 157", "p2")
    text = to_text(foretold(office, kind), lambda data: "seal")
    people = [held.values for side in (office.hra, office.xero) for held in side.people.values()]
    found = secrets(people)
    assert {"0491570156", OTHER_NUMBER.number, "998877665", "1 Alpha St", "1970-01-02"} <= found
    for value in found:
        assert value not in text, value
    assert "ending" not in text and "***" not in text


def test_S4_the_digests_of_a_plan_tell_no_two_people_s_equal_values(opened: Opened) -> None:
    office = opened(2)
    for id in ("p0", "p1"):
        office.hra.edit(id, job_title="Baker", tfn_or_exemption=Tfn(OTHER_NUMBER.number))
    one, other = foretold(office, "export").items
    for name in ("job_title", "tfn_or_exemption"):
        mine, theirs = one.fields[name], other.fields[name]
        assert len({mine.hra, mine.xero, mine.new, theirs.hra, theirs.xero, theirs.new}) == 6


def test_S3_every_write_of_a_plan_is_in_the_audit_log(opened: Opened) -> None:
    office = opened()
    changed_much(office, "hra")
    newcomer(office)
    office.sync.apply(foretold(office, "export"), "page:ben")
    written = office.events("written")
    assert {event.hra_id for event in written} == {"p0", "p1", "p2", "new"}
    assert {(event.actor, event.way) for event in written} == {("page:ben", "to_xero")}
    assert [event.hra_id for event in office.events("created")] == ["new"]
    assert office.store.audit_check() == ()
