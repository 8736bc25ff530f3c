"""Branches, ends, candidates, brake and approvals over both sandboxes and the real clients, as an office meets them."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from agent.branches import BranchMap
from agent.errors import Braked
from agent.merge import Rules
from agent.plan import Brake
from agent.records import Attention, Choice, User
from agent.sandbox.people import Person
from agent.strangers import Matching
from agent.sync import Sync
from tests.world import HRA_SCOPES, START, World, world

GROUPS = {
    "Head Office": "Head Office",
    "Sydney Office": "Sydney Office",
    "MELBOURNE Store": "Melbourne Store",
    "Brisbane  Workshop": "Brisbane Workshop",
    "#1 Field Crew": "Field Crew",
}
TODAY = START.date()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    """Twenty people on two sandboxes that nobody has linked yet."""
    with world(tmp_path / "data") as found:
        yield found


def branch_id(here: World, name: str) -> str:
    """The id of the branch of this name, as HRA gives it."""
    if here.client is None:
        here.sync()
    assert here.client is not None
    return next(branch.id for branch in here.client.branches() if branch.name == name)


def mapped(here: World) -> BranchMap:
    """Every Employee Group at its branch."""
    return BranchMap(True, None, {g: branch_id(here, name) for g, name in GROUPS.items()})


def in_step(here: World, rules: Rules | None = None, **policy: Any) -> Sync:
    """A sync after one import and one export by a person."""
    sync = here.sync(rules, **policy)
    sync.run("import", "command")
    sync.run("export", "command")
    here.clock.move(minutes=5)
    return sync


def ordinary(here: World, number: int = 0) -> Person:
    """Somebody who stands on both sides alike."""
    same = [
        p
        for p in here.people
        if p.in_hra
        and p.in_xero
        and not p.xero_differs
        and p.hra_status == "Current"
        and not p.ended
    ]
    return same[number]


def ends(here: World, person: Person, day: str | None, reason: str | None = "V") -> None:
    """The payroll officer ends an employment in Xero."""
    here.officer(
        f"employees/{here.xero_row(person)['EmployeeID']}",
        TerminationDate=day,
        TerminationReason=reason,
    )


def hra_record(here: World, id: str) -> dict[str, Any]:
    """One employee as HRA's own list of everything has them."""
    state = requests.get(f"{here.hra.url}/_sandbox/state", timeout=10).json()["employees"]
    rows = state.values() if isinstance(state, dict) else state
    return next(row for row in rows if row["id"] == id)


def rows(here: World, kind: str) -> list[Attention]:
    """The attention rows of this kind."""
    assert here.store is not None
    return [row for row in here.store.attention() if row.kind == kind]


def hra_calls(here: World, method: str, path: str) -> requests.Response:
    """Somebody at HRA Cloud itself: a call of its API with every permission."""
    token = here.hra.app.config["OAUTH"].issue(HRA_SCOPES)["access_token"]
    account = here.hra.app.config["STORE"].account_id
    address = f"{here.hra.url}/accounts/{account}/{path}"
    return requests.request(
        method, address, headers={"Authorization": f"Bearer {token}"}, timeout=10
    )


# --- end dates


@pytest.mark.parametrize(
    ("day", "reason", "status"),
    [("2026-11-01", "V", "Terminated"), ("2027-02-01", "R", "Terminating")],
)
def test_T2_an_end_date_that_became_known_in_xero_ends_the_hra_employee(
    here: World, day: str, reason: str, status: str
) -> None:
    sync = in_step(here)
    person = ordinary(here)
    ends(here, person, day, reason)
    report = sync.run("import", "schedule")
    found = hra_record(here, here.hra_id(person))
    assert (found["end_date"], report.run.counts["terminated"]) == (day, 1)
    shown = requests.get(f"{here.hra.url}/ess/{here.hra_id(person)}", timeout=10)
    assert shown.status_code in (200, 403, 404)
    before = here.writes()
    sync.run("import", "schedule")
    sync.run("export", "schedule")
    assert here.writes() == before


def test_T2_an_end_date_at_first_contact_waits_for_a_person_who_can_let_it_stand(
    here: World,
) -> None:
    person = ordinary(here)
    ends(here, person, "2026-11-01")
    sync = in_step(here)
    assert hra_record(here, here.hra_id(person))["end_date"] is None
    row = next(row for row in rows(here, "conflict") if row.fields == ("end_date",))
    told = sync.answer(Choice("resolve", row.id, "page:anna", use="xero"))
    assert told.exit == 0
    assert hra_record(here, here.hra_id(person))["end_date"] == "2026-11-01"


def test_T2_an_end_date_before_the_start_in_hra_is_a_rehire_for_a_person(here: World) -> None:
    sync = in_step(here)
    person = ordinary(here)
    started = here.xero_row(person)["StartDate"]
    ends(here, person, "2001-01-31")
    sync.run("import", "schedule")
    assert date.fromisoformat(started) > date(2001, 1, 31)
    assert hra_record(here, here.hra_id(person))["end_date"] is None
    assert any("rehire" in row.text for row in rows(here, "end date"))


def test_T3_an_earlier_end_date_warns_or_waits_by_setting(here: World) -> None:
    for earlier_end, expected in (("hold", "2027-03-01"), ("warn", "2027-01-15")):
        sync = in_step(here, Rules("hra", earlier_end=earlier_end))
        person = ordinary(here, 1)
        if earlier_end == "hold":
            ends(here, person, "2027-03-01")
            sync.run("import", "schedule")
            here.clock.move(minutes=5)
            ends(here, person, "2027-01-15")
        sync.run("import", "schedule")
        assert hra_record(here, here.hra_id(person))["end_date"] == expected
        told = [row.text for row in rows(here, "end date") if row.hra_id == here.hra_id(person)]
        assert any("checklist" in text for text in told)
        here.clock.move(minutes=5)


# --- branches


def test_B3_a_changed_group_transfers_only_where_transfers_are_on(here: World) -> None:
    branches = mapped(here)
    rules = Rules("hra", branches=True)
    sync = in_step(here, rules, branches=branches)
    person = ordinary(here)
    old = here.hra_id(person)
    there = here.xero_row(person)["EmployeeID"]
    here.officer(f"employees/{there}", EmployeeGroupName="Sydney Office")
    sync.run("import", "schedule")
    assert here.store is not None and here.store.link_of("hra", old) is not None
    assert any("transfers are off" in row.text for row in rows(here, "branch"))
    here.clock.move(minutes=5)
    moving = here.sync(Rules("hra", branches=True, transfers=True), branches=branches)
    moving.run("import", "schedule")
    link = here.store.link_of("xero", there)
    assert link is not None and link.hra_id != old
    assert hra_record(here, old)["status"] == "Transferred"
    assert hra_record(here, link.hra_id)["branch"] == branch_id(here, "Sydney Office")
    before = here.writes()
    moving.run("import", "command")
    moving.run("export", "command")
    assert here.writes() == before


def test_B2_a_group_renamed_in_xero_holds_the_branch_with_a_reason(here: World) -> None:
    sync = in_step(here, Rules("hra", branches=True), branches=mapped(here))
    here.officer("groups", rename="Head Office", to="HQ")
    here.clock.move(minutes=5)
    sync.run("import", "command")
    assert any("'HQ'" in row.text and "[branch_map]" in row.text for row in rows(here, "branch"))


def test_M5_a_person_transferred_by_hand_keeps_the_link_and_is_created_nowhere(here: World) -> None:
    sync = in_step(here)
    person = ordinary(here)
    old, there = here.hra_id(person), here.xero_row(person)["EmployeeID"]
    token = here.hra.app.config["OAUTH"].issue(HRA_SCOPES)["access_token"]
    account = here.hra.app.config["STORE"].account_id
    begun = requests.post(
        f"{here.hra.url}/accounts/{account}/employees/{old}/actions/transfer",
        json={"toBranchId": branch_id(here, "Sydney Office"), "transferType": "Move_Everything"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    )
    assert begun.status_code == 202
    for _ in range(4):
        requests.get(
            begun.json()["actionStatusURL"],
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
        )
    people = len(here.xero_rows())
    planned = sync.run("export", "command", dry_run=True)
    assert all(line.action != "create" for line in planned.lines if line.hra_id != old)
    sync.run("export", "command")
    assert len(here.xero_rows()) == people
    assert here.store is not None
    link = here.store.link_of("xero", there)
    assert link is not None and link.hra_id != old


# --- candidates


def candidate(here: World, person: Person) -> str:
    """HRA has this person as a candidate."""
    token = here.hra.app.config["OAUTH"].issue(HRA_SCOPES)["access_token"]
    account = here.hra.app.config["STORE"].account_id
    made = requests.post(
        f"{here.hra.url}/accounts/{account}/candidates",
        json={
            "branchId": branch_id(here, "Head Office"),
            "firstName": person.first,
            "surname": person.last,
            "dateOfBirth": str(person.born),
        },
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    )
    assert made.status_code == 201, made.text
    return made.headers["Location"].rpartition("/")[2]


def only_in_xero(here: World) -> Person:
    return next(p for p in here.people if p.in_xero and not p.in_hra and not p.ended and p.born)


@pytest.mark.parametrize(("switch", "action"), [("date_of_birth", "convert"), ("off", "create")])
def test_M3_a_matched_candidate_becomes_an_employee_instead_of_a_second_one(
    here: World, switch: str, action: str
) -> None:
    person = only_in_xero(here)
    id = candidate(here, person)
    sync = here.sync(matching=Matching(candidates=switch))
    report = sync.run("import", "command")
    there = here.xero_row(person)["EmployeeID"]
    (line,) = (line for line in report.lines if line.xero_id == there)
    assert line.action == action
    state = requests.get(f"{here.hra.url}/_sandbox/state", timeout=10).json()
    found = (
        state["candidates"].values()
        if isinstance(state["candidates"], dict)
        else state["candidates"]
    )
    status = next(one["status"] for one in found if one["id"] == id)
    assert status == ("NotCurrent" if action == "convert" else "Current")
    assert here.store is not None and here.store.link_of("xero", there) is not None


def test_M3_an_action_that_ends_in_failed_leaves_the_person_with_a_reason(here: World) -> None:
    person = only_in_xero(here)
    candidate(here, person)
    requests.post(
        f"{here.hra.url}/_sandbox/switches", json={"action_outcome": "Failed"}, timeout=10
    )
    sync = here.sync(matching=Matching(candidates="date_of_birth"))
    sync.run("import", "command")
    there = here.xero_row(person)["EmployeeID"]
    assert here.store is not None and here.store.link_of("xero", there) is None
    assert any(
        row.xero_id == there and "not converted" in row.text for row in here.store.attention()
    )


# --- brake and approvals


def change_all(here: World) -> None:
    """Everybody's job title changes in Xero at once."""
    for row in here.xero_rows():
        if not row.get("TerminationDate"):
            here.officer(f"employees/{row['EmployeeID']}", JobTitle="Somebody else")
    here.clock.move(minutes=5)


def test_S1_a_run_that_changes_too_many_stops_and_a_yes_applies_exactly_its_plan(
    here: World,
) -> None:
    sync = in_step(here, brake=Brake(share=Decimal("0.5"), creates=25, terminations=5))
    change_all(here)
    before = here.writes()
    with pytest.raises(Braked) as braked:
        sync.run("import", "schedule")
    assert here.writes() == before
    (row,) = rows(here, "brake")
    assert row.plan == braked.value.hash != ""
    person = ordinary(here)
    here.officer(f"employees/{here.xero_row(person)['EmployeeID']}", JobTitle="Moved since")
    told = sync.answer(Choice("approve", row.id, "page:anna"))
    assert "1 records had moved" in told.sentence and told.exit == 1
    titles = [row["details"].get("positionTitle") for row in all_hra(here)]
    assert titles.count("Somebody else") > 5 and "Moved since" not in titles
    assert rows(here, "brake") == []


def all_hra(here: World) -> list[dict[str, Any]]:
    state = requests.get(f"{here.hra.url}/_sandbox/state", timeout=10).json()["employees"]
    return list(state.values() if isinstance(state, dict) else state)


def save_bank(here: World, person: Person, number: str) -> None:
    """The employee saves one new account in eSS."""
    address = f"{here.hra.url}/ess/{here.hra_id(person)}"
    account = {"bsb": "062-000", "number": number, "name": f"{person.first} {person.last}"}
    form = {f"bank-0-{part}": value for part, value in account.items()} | {"remainder": "0"}
    answer = requests.post(address, data=form, allow_redirects=False, timeout=10)
    assert answer.status_code == 303, answer.text


def approvals(here: World, person: Person) -> list[Attention]:
    return [row for row in rows(here, "approval") if row.hra_id == here.hra_id(person)]


def test_S2_a_bank_account_waits_for_a_second_person_and_the_phone_does_not(here: World) -> None:
    sync = in_step(here, Rules("hra", approve=frozenset({"bank"})))
    assert here.store is not None
    person = ordinary(here)
    here.store.put_user(User("self", "hash", here.hra_id(person)))
    save_bank(here, person, "44556677")
    address = f"{here.hra.url}/ess/{here.hra_id(person)}"
    requests.post(address, data={"mobile": "0491 570 158"}, allow_redirects=False, timeout=10)
    pushed = sync.push(here.hra_id(person))
    assert "mobile" in pushed.fields and "bank_accounts" not in pushed.fields
    (row,) = approvals(here, person)
    assert here.xero_row(person)["BankAccounts"][0]["AccountNumber"] != "44556677"
    for choice, why in (
        (Choice("approve", row.id, "page:self", own=here.hra_id(person)), "your own record"),
        (Choice("approve", row.id, "command"), "own sign-in"),
    ):
        with pytest.raises(Exception, match=why):
            sync.answer(choice)
    assert sync.answer(Choice("approve", row.id, "page:boss")).exit == 0
    assert here.xero_row(person)["BankAccounts"][0]["AccountNumber"] == "44556677"
    assert approvals(here, person) == []
