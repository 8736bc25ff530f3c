"""The three stories of docs/recipes.md, run as they stand there: its commands, its settings, from an empty folder to two
systems in step."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from agent.sandbox.hra.seeds import branch_id
from agent.sandbox.people import Person, people, xero_twin
from tests.edge.service_house import quick_times
from tests.history.recipe_office import Office, follow
from tests.world import HRA_SCOPES

STAFF = people(20)


Opened = Callable[[tuple[Person, ...], tuple[Person, ...]], Office]


@pytest.fixture
def opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Opened]:
    """Two systems with these people in them, and an empty folder."""
    made: list[Office] = []
    monkeypatch.setattr("agent.cli.context.real_times", quick_times)
    monkeypatch.setattr("agent.cli.serve.real_times", quick_times)

    def open_one(here: tuple[Person, ...], there: tuple[Person, ...]) -> Office:
        made.append(Office(tmp_path, here, there, monkeypatch, capsys))
        return made[-1]

    yield open_one
    for one in made:
        one.close()


def named(*without: int) -> set[str]:
    """Everybody but these."""
    found = (person for index, person in enumerate(STAFF) if index not in without)
    return {who(person) for person in found}


def who(person: Person) -> str:
    return f"{person.first} {person.last} {person.born}"


# Places in the list of invented people.
ONLY_HRA, ABROAD, ONLY_XERO, OWN_FUND, LONG_NAME, NO_BIRTH_DATE, LEFT_XERO, LEFT_HRA, ON_LEAVE = (
    4, 6, 7, 8, 13, 14, 15, 16, 17,
)  # fmt: skip


def test_recipe_1_hra_cloud_in_use_and_xero_new(opened: Opened) -> None:
    office = opened(tuple(person for person in STAFF if person.in_hra), ())
    follow(office, 1)
    expected = named(ONLY_XERO, ABROAD, LONG_NAME, NO_BIRTH_DATE, LEFT_HRA, ON_LEAVE)
    # Three cannot travel, and payroll has not entered the self-managed fund of the fourth.
    check_the_end(office, expected, {who(STAFF[OWN_FUND]): "super"}, in_step=13, need_you=4)


def test_recipe_2_xero_in_use_and_hra_cloud_new(opened: Opened) -> None:
    there = tuple(xero_twin(person) for person in STAFF if person.in_xero)
    office = opened((), there)
    hire(office, STAFF[0])
    follow(office, 2)
    expected = named(ONLY_HRA, ABROAD, LONG_NAME, NO_BIRTH_DATE, LEFT_XERO)
    check_the_end(
        office,
        expected,
        {who(STAFF[OWN_FUND]): "super", who(STAFF[18]): "basis"},
        in_step=13,
        need_you=0,
    )


def hire(office: Office, person: Person) -> None:
    """HRA Cloud has this person as a candidate."""
    store = office.hra.app.config["STORE"]
    token = office.hra.app.config["OAUTH"].issue(HRA_SCOPES)["access_token"]
    answer = requests.post(
        f"{office.hra.url}/accounts/{store.account_id}/candidates",
        json={
            "branchId": branch_id(store, person.branch),
            "firstName": person.first,
            "surname": person.last,
            "dateOfBirth": str(person.born),
        },
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    )
    assert answer.status_code == 201, answer.text


def test_recipe_3_both_in_use(opened: Opened) -> None:
    daughter = replace(STAFF[ONLY_HRA], mobile=STAFF[0].mobile)
    changed = {ONLY_HRA: daughter, 3: replace(STAFF[3], born=None)}
    here = tuple(changed.get(i, person) for i, person in enumerate(STAFF) if person.in_hra)
    office = opened(here, tuple(xero_twin(person) for person in STAFF if person.in_xero))
    follow(office, 3)
    expected = named(ABROAD, LONG_NAME, NO_BIRTH_DATE)
    left = {who(STAFF[ONLY_XERO]): "tax, basis", who(STAFF[LEFT_HRA]): "end"}
    check_the_end(office, expected, left, in_step=14, need_you=3)


def check_the_end(
    office: Office,
    expected: set[str],
    open_for: Mapping[str, str],
    *,
    in_step: int,
    need_you: int,
) -> None:
    """Everybody expected is linked and alike on both sides, nobody stands twice, and nothing is left to write."""
    links = office.json("links")
    assert {name_in_hra(office, link) for link in links} == expected
    for ids in ({link["hra_id"] for link in links}, {link["xero_id"] for link in links}):
        assert len(ids) == len(links)
    for rows in (people_in_hra(office), people_in_xero(office)):
        assert sorted(rows) == sorted(set(rows))
    unlike = {name_in_hra(office, link): difference(office, link) for link in links}
    assert {who: what for who, what in unlike.items() if what} == dict(open_for)
    before = office.writes()
    for kind in ("import", "export"):
        office.type([kind])
    assert office.writes() == before
    counts = office.json("status")["counts"]
    assert counts["people"] == len(links)
    assert (counts["in_step"], counts["need_you"]) == (in_step, need_you)
    assert counts["waiting_for_xero"] == counts["conflicts"] == 0


def people_in_hra(office: Office) -> list[tuple[str, ...]]:
    return [
        (row.details["firstName"], row.details["surname"], row.details.get("dateOfBirth", ""))
        for row in office.in_hra.values()
    ]


def people_in_xero(office: Office) -> list[tuple[str, ...]]:
    return [
        (row["FirstName"], row["LastName"], str(row["DateOfBirth"]))
        for row in office.in_xero.values()
    ]


def name_in_hra(office: Office, link: Mapping[str, Any]) -> str:
    details = office.in_hra[link["hra_id"]].details
    return f"{details['firstName']} {details['surname']} {details['dateOfBirth']}"


def difference(office: Office, link: Mapping[str, Any]) -> str:
    """What differs, by the systems' own records: names, birth date, mobile, accounts, super, number, branch."""
    here, there = office.in_hra[link["hra_id"]], office.in_xero[link["xero_id"]]
    home = here.details.get("contacts", {}).get("home", {})
    groups = {
        group: branch_id(office.hra.app.config["STORE"], branch)
        for group, branch in office.settings.branch_map.items()
    }
    tax, declared = here.tax or {}, there.get("TaxDeclaration") or {}
    pairs = {
        "name": ((here.details["firstName"], here.details["surname"]), (there["FirstName"], there["LastName"])),
        "birth date": (here.details["dateOfBirth"], str(there["DateOfBirth"])),
        "mobile": (digits(home.get("mobile")), digits(there.get("Mobile"))),
        "job": (here.details.get("positionTitle"), there.get("JobTitle")),
        "bank": ({row["number"] for row in here.banks}, {row["AccountNumber"] for row in there["BankAccounts"]}),
        "super": (
            {row["memberNumber"] for row in here.supers},
            {row["EmployeeNumber"] for row in there.get("SuperMemberships", ())},
        ),
        "tax": (tax.get("tfn"), declared.get("TaxFileNumber")),
        "basis": (basis(tax.get("employmentBasis")), basis(declared.get("EmploymentBasis"))),
        "branch": (here.branch, groups[there["EmployeeGroupName"]]),
        "end": (here.end_date, there.get("TerminationDate") and str(there["TerminationDate"])),
    }  # fmt: skip
    return ", ".join(name for name, (one, other) in pairs.items() if one != other)


def digits(text: str | None) -> str:
    return re.sub(r"\D", "", text or "")


def basis(text: str | None) -> str:
    return (text or "").replace("_", "")
