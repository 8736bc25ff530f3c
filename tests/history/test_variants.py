"""Whole runs over the Xero sandbox, by HTTP, under each undocumented behaviour that touches a write.

Where a behaviour makes a kind of write unsafe, the agent notices, stops that kind and names the
person; everywhere else the two sides end equal and a second run writes nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from agent.employee import MaskedTfn, Status, Tfn, Value
from agent.fields import same
from agent.merge import Rules
from agent.records import Binding
from agent.sandbox.people import Person
from agent.store import Store
from agent.sync import Policy, Report, Sync
from agent.vault import Cost, Digests
from tests.edge.xero_house import STAFF, House
from tests.fakes import FakeSide
from tests.unit.canonical_values import OTHER_NUMBER, account

NEW_BANK = (account("00445566", 25_010, "Jose Papas"), account("998877", None, "Jose Papas"))
ONE_ACCOUNT = (account("998877", None, "Jose Papas"),)


@dataclass
class Stage:
    """HRA in memory, Xero over HTTP; two people who are on both sides and agreed in everything."""

    house: House
    hra: FakeSide
    store: Store
    sync: Sync

    def export(self, started_by: str = "command") -> Report:
        self.house.clock.move(seconds=30)
        return self.sync.run("export", started_by)

    def imports(self, started_by: str = "schedule") -> Report:
        self.house.clock.move(seconds=30)
        return self.sync.run("import", started_by)

    def xero_id(self, id: str) -> str:
        link = self.store.link_of("hra", id)
        assert link is not None
        return link.xero_id

    def in_xero(self, id: str, name: str) -> Value:
        return self.house.client.fetch(self.xero_id(id)).get(name)

    def stopped_for(self, id: str) -> list[str]:
        """What the rows of kind `stopped` say of this person."""
        rows = [row for row in self.store.attention() if row.kind == "stopped" and row.needs_person]
        return [row.text for row in rows if row.hra_id == id]


Open = Callable[..., Stage]


def ordinary(person: Person) -> bool:
    """Active, with a number, an account and one regulated fund, and nothing that cannot travel."""
    tax = person.tax
    return bool(
        not person.ended and tax and tax.tfn and person.banks
        and len(person.supers) == 1 and person.supers[0].type == "REGULATED"
        and tax.residency == "AUSTRALIAN_RESIDENT"
    )  # fmt: skip


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens stages and closes each of them at the end."""
    stages: list[Stage] = []

    def make(masked: bool = False, **switches: Any) -> Stage:
        people = [person for person in STAFF if ordinary(person)][:2]
        house = House(people, **switches)
        house.client.begin()
        hra = FakeSide("hra", masked=masked)
        for number, person in enumerate(people):
            hra.add(f"p{number}", **_as_xero_holds(house, person))
        store = Store(tmp_path / str(len(stages)), house.clock)
        store.bind(Binding("account", "Account", "tenant", "Organisation"))
        digests = Digests(b"k" * 32, Cost(2, 1, 1))
        policy = Policy(Rules("hra"), verify_every_hours=3.0)
        sync = Sync(hra, house.client, store, digests, policy, house.clock)
        stages.append(Stage(house, hra, store, sync))
        stages[-1].export()
        assert len(store.links()) == len(people)
        house.calls.clear()
        return stages[-1]

    yield make
    for stage in stages:
        stage.store.close()
        stage.house.stop()


def _as_xero_holds(house: House, person: Person) -> dict[str, Value]:
    assert person.tax is not None and person.tax.tfn is not None
    found = house.client.fetch(house.id_of(person))
    number = Tfn(person.tax.tfn)
    assert found.get("tfn_or_exemption") in (MaskedTfn(number.last3), None)
    return {**found.values, "tfn_or_exemption": number}


def settled(stage: Stage) -> None:
    """Nobody is held for the write's sake, nothing stopped, and the same run writes nothing."""
    assert stage.store.stopped() == {}
    stage.house.calls.clear()
    stage.export("schedule")
    assert stage.house.bodies() == []


VARIANTS: list[dict[str, str]] = [
    {},
    {"post_answer": "full"},
    {"home_address": "merge"},
    {"payroll_sections_move_updated": "no"},
    {"bare_list_shows_terminated": "yes"},
    {"validation_shape": "envelope"},
    {"validation_shape": "exception"},
    {"one_remainder": "not"},
    {"tfn_mask": "stars"},
    {"omitted_tfn": "goes"},
    {"posted_super_memberships": "merge"},
    {"empty_string": "ignored"},
]


@pytest.mark.parametrize(
    "switches", VARIANTS, ids=lambda given: " ".join(given.values()) or "usual"
)
def test_every_kind_of_write_arrives_and_is_in_step(opened: Open, switches: dict[str, str]) -> None:
    stage = opened(**switches)
    changes: dict[str, Value] = {
        "mobile": "0491 570 999",
        "bank_accounts": NEW_BANK,
        "leave_loading": not stage.hra.value("p0", "leave_loading"),
    }
    stage.hra.edit("p0", **changes)
    report = stage.export()
    assert report.run.counts["to_xero"] == len(changes)
    for name, value in changes.items():
        assert same(name, stage.in_xero("p0", name), value), name
    assert stage.house.held(stage.xero_id("p0"))["TaxDeclaration"]["TaxFileNumber"]
    settled(stage)


@pytest.mark.parametrize("mask", ["hashes", "stars", "absent"])
def test_F4_a_corrected_number_arrives_however_xero_masks_it(opened: Open, mask: str) -> None:
    stage = opened()
    stage.house.app.config["SWITCHES"].set("tfn_mask", mask)
    stage.hra.edit("p0", tfn_or_exemption=OTHER_NUMBER)
    stage.export()
    held = stage.house.held(stage.xero_id("p0"))["TaxDeclaration"]["TaxFileNumber"]
    assert held == OTHER_NUMBER.number
    stage.house.calls.clear()
    stage.export("schedule")
    assert stage.house.bodies() == []


# --- where a write does harm


def test_F2_where_posted_accounts_are_added_bank_writes_stop_and_name_the_person(
    opened: Open,
) -> None:
    stage = opened(posted_bank_accounts="merge")
    stage.hra.edit("p0", bank_accounts=ONE_ACCOUNT)
    stage.export()
    assert set(stage.store.stopped()) == {"bank"}
    assert any("bank account" in text for text in stage.stopped_for("p0"))
    assert stage.stopped_for("p1") == []
    still(stage, "p1", bank_accounts=ONE_ACCOUNT)


def test_F4_where_a_declaration_is_replaced_tax_writes_stop_and_name_the_person(
    opened: Open,
) -> None:
    stage = opened(tax_declaration="replace")
    declaration = stage.house.held(stage.xero_id("p0"))["TaxDeclaration"]
    declaration["TaxScaleType"] = "REGULAR"
    stage.hra.edit("p0", leave_loading=not stage.hra.value("p0", "leave_loading"))
    stage.export()
    assert set(stage.store.stopped()) == {"tax"}
    assert any("TaxScaleType" in text for text in stage.stopped_for("p0"))
    still(stage, "p1", leave_loading=not stage.hra.value("p1", "leave_loading"))


def test_F4_where_an_omitted_number_goes_and_hra_shows_masks_tax_writes_stop(opened: Open) -> None:
    stage = opened(masked=True, omitted_tfn="goes")
    stage.hra.edit("p0", leave_loading=not stage.hra.value("p0", "leave_loading"))
    stage.export()
    assert set(stage.store.stopped()) == {"tax"}
    assert any("TaxFileNumber" in text for text in stage.stopped_for("p0"))
    still(stage, "p1", leave_loading=not stage.hra.value("p1", "leave_loading"))


def test_F4_a_stopped_kind_goes_on_when_a_person_allows_it(opened: Open) -> None:
    stage = opened(posted_bank_accounts="merge")
    stage.hra.edit("p0", bank_accounts=ONE_ACCOUNT)
    stage.export()
    stage.house.app.config["SWITCHES"].set("posted_bank_accounts", "replace")
    stage.hra.edit("p1", bank_accounts=ONE_ACCOUNT)
    stage.store.allow_writes("bank")
    stage.export()
    assert same("bank_accounts", stage.in_xero("p1", "bank_accounts"), ONE_ACCOUNT)


def test_F3_where_posted_memberships_replace_those_that_stand_are_posted_too(
    opened: Open,
) -> None:
    stage = opened(posted_super_memberships="replace")
    before = stage.hra.value("p0", "super_memberships")
    stage.hra.edit("p0", super_memberships=(replace(before[0], member_number="90210"),))
    stage.export()
    shown = stage.in_xero("p0", "super_memberships")
    assert [row.member_number for row in shown] == ["90210"]
    settled(stage)


# --- what a listing shows


def test_X2_payroll_changes_that_move_no_time_are_found_by_verification(opened: Open) -> None:
    stage = opened(payroll_sections_move_updated="no")
    other = stage.house.client
    before = other.fetch(stage.xero_id("p1"))
    other.update(before, {"bank_accounts": NEW_BANK})
    stage.imports()
    assert same("bank_accounts", stage.hra.value("p1", "bank_accounts"), NEW_BANK)
    assert stage.imports().run.counts.get("to_hra", 0) == 0


@pytest.mark.parametrize("shows", ["no", "yes"])
def test_M2_a_terminated_namesake_is_never_created_again(opened: Open, shows: str) -> None:
    stage = opened(bare_list_shows_terminated=shows)
    held = stage.house.held(stage.xero_id("p0"))
    held["Status"] = "TERMINATED"
    stage.hra.add("p9", **dict(stage.hra.people["p0"].values))
    report = stage.export()
    assert report.run.counts.get("created_xero", 0) == 0
    assert any(
        row.kind == "possible-partner" and row.hra_id == "p9" for row in stage.store.attention()
    )
    assert stage.hra.people["p9"].status is Status.CURRENT


def still(stage: Stage, id: str, **changes: Any) -> None:
    """The kind of write that is stopped reaches nobody any more; another kind still does."""
    (name,) = changes
    before = stage.in_xero(id, name)
    stage.hra.edit(id, mobile="0491 570 111", **changes)
    stage.house.calls.clear()
    stage.export()
    assert stage.in_xero(id, name) == before
    assert stage.in_xero(id, "mobile") == "0491 570 111"
    assert stage.house.bodies() == [[{"Mobile": "0491 570 111"}]]
    assert any(row.kind == "stopped" and row.scope == "org" for row in stage.store.attention())
