"""The Side contract over both doubles and over both clients on their sandboxes, by HTTP."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from agent.employee import Address, Value
from tests.edge.hra_desk import STAFF as HRA_STAFF
from tests.edge.hra_desk import HraDesk
from tests.edge.xero_house import STAFF as XERO_STAFF
from tests.edge.xero_house import House
from tests.fakes import FakeSide
from tests.side_contract import SideContract, Stage
from tests.unit.canonical_values import NUMBER, THREE

# The checking library finds a word of the contract's out of date.
pytestmark = pytest.mark.filterwarnings("ignore:Use of allowEmptyValue:DeprecationWarning")

TICK = timedelta(minutes=5)
HOME = Address("9 Quay St", "", "Newtown", "NSW", "2042", "AUSTRALIA")
NEWCOMER: dict[str, Value] = {
    "first_name": "Zora", "last_name": "Quill", "date_of_birth": date(1991, 3, 4),
    "home_address": HOME, "mobile": "0491 570 110", "start_date": date(2026, 2, 2),
}  # fmt: skip


def _double(name: str) -> Stage:
    side = FakeSide(name, masked=name == "xero")
    first = {field: values[0] for field, values in THREE.items()}
    side.add("p1", **first, tfn_or_exemption=NUMBER)
    side.add("p2", **{**first, "first_name": "Bea"})
    return Stage(side, "p1", {**NEWCOMER, "branch": "b1"})


class TestHraDouble(SideContract):
    @pytest.fixture
    def stage(self) -> Stage:
        return _double("hra")


class TestXeroDouble(SideContract):
    @pytest.fixture
    def stage(self) -> Stage:
        return _double("xero")


class TestHraClient(SideContract):
    @pytest.fixture
    def stage(self) -> Iterator[Stage]:
        desk = HraDesk()
        client = desk.client()
        client.begin()
        person = next(p for p in HRA_STAFF if p.banks and p.tax and p.tax.tfn and not p.ended)
        branch = desk.id("Head Office")

        def tick() -> None:
            desk.now += TICK

        yield Stage(client, desk.id(person.key), {**NEWCOMER, "branch": branch}, tick=tick)
        desk.close()


class TestXeroClient(SideContract):
    @pytest.fixture
    def stage(self) -> Iterator[Stage]:
        house = House()
        house.client.begin()
        person = next(p for p in XERO_STAFF if p.banks and p.tax and p.tax.tfn and not p.ended)
        yield Stage(
            house.client, house.id_of(person), NEWCOMER, tick=lambda: house.clock.move(minutes=5)
        )
        house.stop()
