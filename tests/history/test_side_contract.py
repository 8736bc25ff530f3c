"""The Side contract over both doubles and over both clients on their sandboxes, by HTTP."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from agent.branches import BranchMap
from agent.employee import Address, Person, Status, Value
from agent.sandbox.faults import FOREVER
from tests.edge.hra_desk import STAFF as HRA_STAFF
from tests.edge.hra_desk import HraDesk
from tests.edge.xero_house import STAFF as XERO_STAFF
from tests.edge.xero_house import House
from tests.fakes import FakeSide
from tests.side_contract import (
    GroupContract,
    GroupStage,
    HraContract,
    HraStage,
    SideContract,
    Stage,
)
from tests.unit.canonical_values import NUMBER, THREE

# The checking library finds a word of the contract's out of date.
pytestmark = pytest.mark.filterwarnings("ignore:Use of allowEmptyValue:DeprecationWarning")

TICK = timedelta(minutes=5)
HOME = Address("9 Quay St", "", "Newtown", "NSW", "2042", "AUSTRALIA")
NEWCOMER: dict[str, Value] = {
    "first_name": "Zora", "last_name": "Quill", "date_of_birth": date(1991, 3, 4),
    "home_address": HOME, "mobile": "0491 570 110", "start_date": date(2026, 2, 2),
}  # fmt: skip


GROUPS = sorted({str(p.group) for p in XERO_STAFF if p.group and not p.ended})
MAP = BranchMap(True, None, {GROUPS[0]: "b1", GROUPS[1]: "b2"})


def _double(name: str, **settings: Any) -> FakeSide:
    side = FakeSide(name, masked=name == "xero", **settings)
    first = {field: values[0] for field, values in THREE.items()}
    side.add("p1", **first, tfn_or_exemption=NUMBER)
    side.add("p2", **{**first, "first_name": "Bea"})
    return side


def _troubles(side: FakeSide) -> dict[str, Any]:
    """How a double goes away, and loses an answer."""

    def away(now: bool) -> None:
        side.unreachable = now

    def lose_answer(id: str) -> None:
        side.failing[id] = "lost_after"

    return {"away": away, "lose_answer": lose_answer}


def _faults(app: Flask, method: str) -> dict[str, Any]:
    """The same of a sandbox."""
    faults = app.config["FAULTS"]

    def away(now: bool) -> None:
        faults.clear()
        if now:
            faults.plan("503_html", path="/*", times=FOREVER)

    def lose_answer(id: str) -> None:
        faults.plan("drop_after", method=method, path=f"*{id}*")

    return {"away": away, "lose_answer": lose_answer}


class TestHraDouble(HraContract):
    @pytest.fixture
    def stage(self) -> HraStage:
        side = _double("hra")
        side.hopefuls["c1"] = Person(
            "hra", "c1", "Cam", "Ng", Status.CURRENT, date_of_birth=date(1991, 2, 3),
            branch="b1", candidate=True,
        )  # fmt: skip
        side.edit("p1", branch="b1")
        return HraStage(
            side, "p1", {**NEWCOMER, "branch": "b1"}, hra=side, elsewhere="b2",
            hopeful=lambda: "c1", **_troubles(side),
        )  # fmt: skip


class TestXeroDouble(SideContract):
    @pytest.fixture
    def stage(self) -> Stage:
        side = _double("xero")
        return Stage(side, "p1", {**NEWCOMER, "branch": "b1"}, **_troubles(side))


class TestXeroDoubleWithGroups(GroupContract):
    @pytest.fixture
    def stage(self) -> GroupStage:
        side = _double("xero", branches=MAP)
        side.regroup("p1", GROUPS[0])
        side.regroup("p2", GROUPS[2])
        return GroupStage(
            side, "p1", NEWCOMER, branch="b1", elsewhere="b2", nowhere="b9", stranger="p2"
        )


class TestHraClient(HraContract):
    @pytest.fixture
    def stage(self) -> Iterator[HraStage]:
        desk = HraDesk()
        client = desk.client()
        client.begin()
        person = next(p for p in HRA_STAFF if p.banks and p.tax and p.tax.tfn and not p.ended)
        branch = desk.id("Head Office")
        places = (branch, desk.id("Field Crew"))
        elsewhere = next(id for id in places if id != desk.record(person.key).branch)

        def tick() -> None:
            desk.now += TICK

        yield HraStage(
            client, desk.id(person.key), {**NEWCOMER, "branch": branch}, tick=tick, hra=client,
            elsewhere=elsewhere, hopeful=lambda: str(desk.candidate().id),
            **_faults(desk.app, "PUT"),
        )  # fmt: skip
        desk.close()


class TestXeroClient(SideContract):
    @pytest.fixture
    def stage(self) -> Iterator[Stage]:
        house = House()
        house.client.begin()
        person = next(p for p in XERO_STAFF if p.banks and p.tax and p.tax.tfn and not p.ended)
        yield Stage(
            house.client, house.id_of(person), NEWCOMER,
            tick=lambda: house.clock.move(minutes=5), **_faults(house.app, "POST"),
        )  # fmt: skip
        house.stop()


class TestXeroClientWithGroups(GroupContract):
    @pytest.fixture
    def stage(self) -> Iterator[GroupStage]:
        house = House(branches=MAP)
        house.client.begin()
        named = {
            str(held.get("EmployeeGroupName")): id
            for id, held in house.organisation.employees.items()
        }
        ids = [named[group] for group in (GROUPS[0], GROUPS[2])]
        yield GroupStage(
            house.client,
            ids[0],
            NEWCOMER,
            branch="b1",
            elsewhere="b2",
            nowhere="b9",
            stranger=ids[1],
        )
        house.stop()
