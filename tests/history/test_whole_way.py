"""The whole way over both sandboxes and the real clients: import, export, push, dry run, interruption."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from agent.errors import Braked, Stopped
from agent.merge import Rules
from agent.sandbox.people import Person
from agent.sync import Report, Sync
from tests.world import World, world

NEW_MOBILE = "0491 570 158"
OTHER_MOBILE = "0491 570 159"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    """Twenty people on two sandboxes that nobody has linked yet."""
    with world(tmp_path / "data") as found:
        yield found


def both(sync: Sync, started_by: str = "command") -> tuple[Report, Report]:
    """One import, then one export."""
    return sync.run("import", started_by), sync.run("export", started_by)


def plain(here: World) -> Person:
    """Somebody ordinary who stands on both sides alike."""
    return next(
        p
        for p in here.people
        if p.in_hra and p.in_xero and not p.xero_differs and p.hra_status == "Current"
    )


def save_in_ess(here: World, person: Person, **fields: str) -> None:
    """The employee saves through the portal's own form."""
    address = f"{here.hra.url}/ess/{here.hra_id(person)}"
    answer = requests.post(address, data=fields, allow_redirects=False, timeout=10)
    assert answer.status_code == 303, answer.text


def in_xero(here: World, person: Person) -> dict[str, object]:
    """The employee as Xero holds them now."""
    state = here.xero.app.config["STORE"].organisation.employees
    return next(
        row
        for row in state.values()
        if (row["FirstName"], row["LastName"]) == (person.first, person.last)
    )


def in_hra(here: World, person: Person) -> str:
    """The mobile that the portal shows to the employee."""
    return requests.get(f"{here.hra.url}/ess/{here.hra_id(person)}", timeout=10).text


def test_D4_a_second_import_and_export_over_unchanged_data_write_nothing(here: World) -> None:
    sync = here.sync()
    first = both(sync)
    assert first[0].run.counts["created_hra"] > 0 and first[1].run.counts["created_xero"] > 0
    before = here.writes()
    assert before > (0, 0)
    second = both(sync)
    assert here.writes() == before
    assert all(
        report.run.counts.get("to_hra", 0) + report.run.counts.get("to_xero", 0) == 0
        for report in second
    )


def test_D3_in_step_means_equal_on_both_sides_and_most_people_are(here: World) -> None:
    sync = here.sync()
    both(sync)
    assert here.store is not None
    links = here.store.links()
    assert len(links) >= 15
    assert sum(not link.open for link in links) >= len(links) // 2


def test_H2_a_push_carries_one_save_and_leaves_the_rest(here: World) -> None:
    sync = here.sync()
    both(sync)
    person = plain(here)
    save_in_ess(here, person, mobile=NEW_MOBILE)
    pushed = sync.push(here.hra_id(person), ("details",))
    assert (pushed.outcome, pushed.fields) == ("done", ("mobile",))
    assert in_xero(here, person)["Mobile"] == NEW_MOBILE
    assert sync.push(here.hra_id(person), ("details",)).outcome == "nothing"


def test_D3_a_push_of_bank_accounts_swallows_no_phone_change_that_waits_for_the_import(
    here: World,
) -> None:
    sync = here.sync()
    both(sync)
    person = plain(here)
    here.clock.move(minutes=5)
    here.xero.app.config["STORE"].organisation.person_edits(
        in_xero(here, person)["EmployeeID"], Mobile=OTHER_MOBILE
    )
    sync.push(here.hra_id(person), ("bank-accounts",))
    report = sync.run("import", "command")
    assert report.run.counts["to_hra"] == 1
    assert OTHER_MOBILE.replace(" ", "") in in_hra(here, person).replace(" ", "")


def test_R1_a_run_that_gathered_before_an_ess_save_never_overwrites_it(here: World) -> None:
    """Xero's mobile is on its way to HRA when the employee saves another one: the record is decided again."""
    sync = here.sync(Rules("hra"))
    both(sync)
    person = plain(here)
    here.clock.move(minutes=5)
    here.xero.app.config["STORE"].organisation.person_edits(
        in_xero(here, person)["EmployeeID"], Mobile=OTHER_MOBILE
    )
    saved: list[bool] = []

    def save_between(progress: object) -> None:
        if getattr(progress, "phase", "") == "writing" and not saved:
            saved.append(True)
            save_in_ess(here, person, mobile=NEW_MOBILE)

    sync.run("import", "command", progress=save_between)
    assert saved
    assert NEW_MOBILE.replace(" ", "") in in_hra(here, person).replace(" ", "")
    sync.run("export", "command")
    assert in_xero(here, person)["Mobile"] == NEW_MOBILE


def test_R3_a_dry_run_prints_the_plan_and_writes_to_neither_side(here: World) -> None:
    sync = here.sync()
    report = sync.run("export", "command", dry_run=True)
    assert here.writes() == (0, 0)
    assert here.store is not None and here.store.links() == ()
    actions = {line.action for line in report.lines}
    assert {"link", "create", "update"} <= actions
    told = "".join(field.old + field.new for line in report.lines for field in line.fields)
    assert told
    for person in here.people:
        assert person.tax is None or person.tax.tfn is None or person.tax.tfn not in told
        assert all(bank.number not in told for bank in person.banks)


def test_a_stopped_run_keeps_what_is_finished_and_the_next_goes_on(here: World) -> None:
    sync = here.sync()
    looks = iter(range(1000))
    with pytest.raises(Stopped):
        sync.run("import", "command", stop=lambda: next(looks) > 12)
    assert here.store is not None
    row = here.store.runs(1)[0]
    assert (row.outcome, row.ended is not None) == ("stopped", True)
    both(here.sync())
    before = here.writes()
    both(here.sync())
    assert here.writes() == before


def test_state_survives_a_restart_without_a_write(here: World) -> None:
    both(here.sync())
    before = here.writes()
    both(here.sync())
    assert here.writes() == before


def test_D2_lost_state_is_first_contact_and_overwrites_nothing_by_schedule(
    here: World, tmp_path: Path
) -> None:
    both(here.sync())
    person = plain(here)
    save_in_ess(here, person, mobile=NEW_MOBILE)
    here.data_dir = tmp_path / "another"
    before = here.writes()
    both(here.sync(), started_by="schedule")
    assert here.writes() == before
    assert here.store is not None
    assert any("mobile" in row.fields for row in here.store.attention())


def test_D8_a_side_that_lists_nobody_stops_the_run(here: World) -> None:
    sync = here.sync()
    both(sync)
    here.xero.app.config["STORE"].organisation.employees.clear()
    before = here.writes()
    with pytest.raises(Braked):
        sync.run("import", "command")
    assert here.writes() == before


def test_T1_somebody_who_is_not_current_is_not_exported(here: World) -> None:
    sync = here.sync()
    both(sync)
    away = next(p for p in here.people if p.hra_status == "Leave")
    pushed = sync.push(here.hra_id(away), ("details",))
    assert pushed.outcome == "held"
    assert "not Current" in pushed.reason


def test_R2_import_all_lets_xero_win_but_asks_for_what_hra_has_not_exported(here: World) -> None:
    sync = here.sync()
    both(sync)
    person = plain(here)
    save_in_ess(here, person, mobile=NEW_MOBILE)
    sync.run("import", "command", mode="all")
    assert NEW_MOBILE.replace(" ", "") in in_hra(here, person).replace(" ", "")
    assert here.store is not None
    assert [row.kind for row in here.store.attention() if row.hra_id == here.hra_id(person)] == [
        "own yes"
    ]
    sync.run("import", "command", mode="all", employee=here.hra_id(person))
    assert NEW_MOBILE.replace(" ", "") not in in_hra(here, person).replace(" ", "")
