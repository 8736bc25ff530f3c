"""Actions of HRA Cloud that are not heard of to their end, over its sandbox: not asked for twice, not taken for done (X3)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.employee import EndDate
from tests.unknown.house import Unknown
from tests.world import world

ENDED = "2026-11-20"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Unknown]:
    with world(tmp_path / "data", count=2) as made:
        yield Unknown.in_step(made)


class Forgetful(dict[str, Any]):
    """Actions that HRA Cloud knows nothing of when asked, though it carries them out."""

    def get(self, key: str, default: Any = None) -> Any:
        return default


def ended(house: Unknown) -> bool:
    found = house.held("hra").get("end_date")
    return isinstance(found, EndDate) and found.day.isoformat() == ENDED


def asked(house: Unknown) -> int:
    """How many times the employment was to be ended."""
    return len(
        [c for c in house.world.hra.app.config["CALLS"].calls("POST") if "terminate" in c.path]
    )


def ends_in_xero(house: Unknown) -> None:
    id = house.link().xero_id
    house.world.officer(f"employees/{id}", TerminationDate=ENDED, TerminationReason="V")
    house.world.clock.move(seconds=1)


def test_X3_M3_an_action_that_ends_after_the_polling_gave_up_is_seen_and_not_asked_for_again(
    house: Unknown,
) -> None:
    house.world.hra.app.config["SWITCHES"].set("actions_take_polls", "500")
    ends_in_xero(house)
    house.run("hra")
    assert (ended(house), asked(house)) == (False, 1)
    assert house.link().open["end_date"] == "kept", "told, and not sent again by itself"
    house.later(minutes=2)  # HRA Cloud has ended it by now
    assert ended(house)
    house.both()
    assert (asked(house), "end_date" in house.link().open) == (1, False)


def test_X3_M3_an_action_that_never_ends_is_told_and_asked_for_once(house: Unknown) -> None:
    house.world.hra.app.config["SWITCHES"].set("action_outcome", "never")
    ends_in_xero(house)
    for _ in range(3):
        house.run("hra")
        house.later(minutes=20)
    assert (ended(house), asked(house)) == (False, 1)
    store = house.world.store
    assert store is not None
    (row,) = [row for row in store.attention() if "end_date" in row.fields]
    assert "retry" in row.buttons


def test_X3_M3_an_action_that_fails_is_told_with_the_reason(house: Unknown) -> None:
    house.world.hra.app.config["SWITCHES"].set("action_outcome", "Failed")
    ends_in_xero(house)
    house.run("hra")
    assert not ended(house)
    assert house.link().open["end_date"].startswith("refused|HRA Cloud did not carry out")
    house.world.hra.app.config["SWITCHES"].set("action_outcome", "Completed")
    house.run("hra")
    assert ended(house)


def test_X3_M3_an_action_whose_status_is_gone_is_looked_at_before_it_is_asked_for_again(
    house: Unknown,
) -> None:
    held = house.world.hra.app.config["STORE"]
    held.actions = Forgetful(held.actions)
    ends_in_xero(house)
    house.run("hra")
    house.later(minutes=1)
    house.run("hra")
    assert (ended(house), asked(house)) == (True, 1)
    assert "end_date" not in house.link().open
