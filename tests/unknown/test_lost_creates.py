"""A create whose answer is lost, over both sandboxes: one person is made, however late it lands (X3, M2)."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import OutcomeUnknown
from agent.sandbox.people import Person
from agent.sync.ledger import LATE
from tests.unknown.house import Unknown
from tests.world import World, world

CREATES = {"xero": "/Employees", "hra": "/accounts/*/employees"}


@pytest.fixture(params=["xero", "hra"])
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def here(tmp_path: Path, target: str) -> Iterator[World]:
    with world(tmp_path / "data", count={"xero": 5, "hra": 8}[target]) as made:
        yield made


def newcomers(here: World, target: str) -> list[Person]:
    return [p for p in here.people if (p.in_hra, p.in_xero) == (target == "xero", target == "hra")]


def made(here: World, target: str, person: Person) -> int:
    """How many records of this person the target has."""
    if target == "xero":
        names = [(row["FirstName"], row["LastName"]) for row in here.xero_rows()]
    else:
        held = here.hra.app.config["STORE"].employees.values()
        names = [(one.details["firstName"], one.details["surname"]) for one in held]
    return names.count((person.first, person.last))


# All of them in the long profile.
LOST = ("drop_before", "drop_after", "cut", "garbage", "500_after", "late")
KINDS = LOST if os.environ.get("HRA_XERO_LONG") else ("drop_before", "late")


@pytest.mark.parametrize("kind", KINDS)
def test_X3_M2_a_create_whose_answer_is_lost_makes_one_person_however_late_it_lands(
    here: World, target: str, kind: str
) -> None:
    house = Unknown.unlinked(here)
    new = newcomers(here, target)
    house.faults(target).plan(kind, method="POST", path=CREATES[target], times=0)
    house.everybody(target)
    house.over()
    house.later(minutes=5)
    house.everybody(target)  # the agent looks, and must not create again yet
    landed = kind not in ("drop_before", "late")
    assert [made(here, target, person) for person in new] == [int(landed)] * len(new)
    if kind == "late":
        house.faults(target).land()
    house.later(seconds=LATE.total_seconds())
    house.start()
    for _ in range(2):
        house.everybody(target)
    assert [made(here, target, person) for person in new] == [1] * len(new)
    assert here.store is not None and here.store.pending() == ()
    assert {here.hra_id(p) for p in new if p.in_hra} <= {link.hra_id for link in here.store.links()}
    before = here.writes()
    house.everybody(target)
    assert here.writes() == before


def test_X3_H3_a_save_of_somebody_whose_create_may_still_land_is_tried_again_and_not_given_up(
    tmp_path: Path,
) -> None:
    with world(tmp_path / "data", count=5) as here:
        house = Unknown.unlinked(here)
        (new,) = newcomers(here, "xero")
        house.faults("xero").plan("late", method="POST", path=CREATES["xero"], times=0)
        for _ in range(2):  # the second finds nobody, and waits
            with pytest.raises(OutcomeUnknown) as waits:
                house.sync.push(here.hra_id(new))
            house.over()
        assert waits.value.try_again
        house.faults("xero").land()
        assert house.sync.push(here.hra_id(new)).outcome in ("done", "nothing", "held")
        assert made(here, "xero", new) == 1
        assert house.world.store is not None
        assert house.world.store.link_of("hra", here.hra_id(new)) is not None
